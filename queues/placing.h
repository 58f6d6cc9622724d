/* placing.h - which queue a ticket stands in, and which clock runs: the rules, asked. */
#ifndef QUEUES_PLACING_H
#define QUEUES_PLACING_H

#include "queues/ticket.h"
#include "rules/facts.h"

struct rules;
struct sla_event;

struct placing {
    struct str queue, rule; /* rule: "file:line" */
    int priority;
    struct str clock; /* "first-reply" …: the running clock that ends first; empty: none */
    int64_t due_ms;   /* 0: none */
};

/* history: as history_read() gives it; the heat of f comes from it. Strings are in a. */
void place(const struct rules *rules, const struct facts *f, const struct happening *history, size_t n, int64_t now_ms,
           struct arena *a, struct placing *out);
/* The clock alone, of a ticket that stays in its queue. */
void place_clock(const struct rules *rules, struct str queue, const struct happening *history, size_t n, int64_t now_ms,
                 struct arena *a, struct placing *out);
/* A promise to call somebody back is a happening PLACING_PROMISED, whose detail is by when; it stands until a later
 * PLACING_CALLED, whatever the queue, and is due as a clock of its own: "call-back". */
#define PLACING_PROMISED "call-back"
#define PLACING_CALLED   "called"
/* The promise that stands, by when; 0: none. */
int64_t placing_call_back_ms(const struct happening *history, size_t n);
/* On how many channels its people were heard, within how much time (facts.h, A3). */
void placing_heat(struct facts *f, const struct happening *history, size_t n, struct arena *a);
/* What the rules may know of a stored ticket, had it reached that level; its heat is in its history. */
struct facts ticket_facts(const struct ticket *t, int level);
/* The happenings that mean something to clocks, in a. */
struct sla_event *placing_events(const struct happening *history, size_t n, struct arena *a, size_t *count);

#endif
