/* placing.h - which queue a ticket stands in, which clock runs, and whose it is: the rules, asked.
 *
 * P1  whatever asks the rules about a ticket anew writes the answer by change_placed(): queue, due time, version of the
 *     rules, whose the clock is, and the index of the next step never differ from one another;
 * P2  a step that was taken stands in the history as PLACING_ESCALATED, dated at the moment at which it came, and is not
 *     taken again; what it says is forgotten when its clock begins again (a reply, for update);
 * P3  a clock belongs to the highest of the roles to which steps gave it, until it is met. */
#ifndef QUEUES_PLACING_H
#define QUEUES_PLACING_H

#include "queues/ticket.h"
#include "rules/facts.h"
#include "rules/sla.h"

struct rules;

struct placing {
    struct str queue, rule; /* rule: "file:line" */
    int priority;
    struct str clock; /* "first-reply" …: the running clock that ends first; empty: none */
    int64_t due_ms;   /* 0: none */
    struct str rules; /* their version */
    struct str
        escalated; /* "<role> <clock> <ms>": whose the work has become, by which clock, since when; empty: nobody's yet */
    int64_t step_ms; /* of the next step; 0: none comes */
};

/* A happening: its detail is placing_step_text(), its time that of the step. */
#define PLACING_ESCALATED "escalated"

/* history: as history_read() gives it; the heat of f comes from it. Strings are in a. */
void place(const struct rules *rules, const struct facts *f, const struct happening *history, size_t n, int64_t now_ms,
           struct arena *a, struct placing *out);
/* The clock alone, of a ticket that stays in its queue. */
void place_clock(const struct rules *rules, struct str queue, const struct happening *history, size_t n, int64_t now_ms,
                 struct arena *a, struct placing *out);
/* Writes where a ticket stands: fields clock, due, rules, escalated and step, and the lists. Not queue, rule and
 * priority: see change_routed(). from: the queue it was in, may be empty. */
void change_placed(struct change *c, struct ulid ticket, struct str from, const struct placing *p, bool open,
                   bool claimed);
/* Where place() chose the queue: fields queue, rule and priority, and all of change_placed(). */
void change_routed(struct change *c, struct ulid ticket, struct str from, const struct placing *p, bool open,
                   bool claimed);

/* A step of a clock that nothing has stopped, and the moment at which it comes. */
struct placing_step {
    enum sla_clock clock;
    int64_t at_ms, due_ms; /* due_ms: of its clock; 0: it stands */
    const struct sla_step *step;
};
/* The steps of a queue that have come and were not taken, in order of time. */
size_t placing_steps(const struct rules *rules, struct str queue, const struct happening *history, size_t n,
                     int64_t now_ms, struct arena *a, struct placing_step out[SLA_STEPS_MAX]);
/* "first-reply lead 15m before", "first-reply manager at breach". */
struct str placing_step_text(struct arena *a, const struct sla_step *s);

/* A promise to call somebody back is a happening PLACING_PROMISED, whose detail is by when; it stands until a later
 * PLACING_CALLED, whatever the queue, and is due as a clock of its own: "call-back". */
#define PLACING_PROMISED "call-back"
#define PLACING_CALLED   "called"
/* The promise that stands, by when; 0: none. */
int64_t placing_call_back_ms(const struct happening *history, size_t n);
/* On how many channels its people were heard, within how much time (facts.h, A3). */
void placing_heat(struct facts *f, const struct happening *history, size_t n, struct arena *a);
/* What the rules may know of a stored ticket, had it reached that level; its heat is in its history. */
struct facts ticket_facts(const struct rules *rules, const struct ticket *t, int level);
/* The slugs of incidents as the rules in force know them: what is not declared there is no fact. incident: the one that
 * the ticket belongs to, or empty; affected: those whose lists it is on, space separated. */
void placing_incidents(const struct rules *rules, struct facts *f, struct str incident, struct str affected);
/* The happenings that mean something to clocks, in a. */
struct sla_event *placing_events(const struct happening *history, size_t n, struct arena *a, size_t *count);

#endif
