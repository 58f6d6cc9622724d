/* explain.h - a whole decision in words a person can check.
 *
 * Facts, every route that was passed and why, the one that decided, the queue, and
 * each clock with the intervals that were counted. The same text stands on a
 * ticket and comes from `postern rules explain`. */
#ifndef RULES_EXPLAIN_H
#define RULES_EXPLAIN_H

#include "rules/route.h"

struct arena;
struct doc;

enum { EXPLAIN_EVENTS_MAX = 4096, EXPLAIN_SPANS_SHOWN = 40 };

struct explain_case {
    struct facts facts;
    const struct sla_event *history; /* begins with SLA_OPENED */
    size_t events;
    int64_t now_ms;
};

/* Reads an example: the facts of facts_parse() and, where they are given,
 *   "now":"2026-11-24T09:00:00Z"                              default: now_ms
 *   "history":[{"event":"opened","at":"2026-11-24T08:00:00Z"}, …]   default: opened now
 * ERR_INPUT with a line in why for each fault. Texts borrow from object; the rest
 * lives in a. */
enum err explain_parse(struct explain_case *out, const struct doc *object, int64_t now_ms, struct arena *a,
                       struct buf *why);

/* The history of c must be in order (sla.h). */
void explain_print(const struct rules *r, const struct explain_case *c, struct arena *a, struct buf *out);

/* One step of a decision, without a line end: "default.rules:84: passed: route when impact down …  (impact is degraded)". */
void explain_step(const struct decision *d, size_t i, const struct facts *f, struct buf *out);

#endif
