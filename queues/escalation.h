/* escalation.h - what happens when a clock comes to a step: whose the work becomes, and who is told.
 *
 * {pN}:st  zset  open tickets by the time of their next step (placing.h, P1)
 *
 * X1  a step is taken once: happening, role, index, audit, live update and hook are one change against the ticket's
 *     version, so that whoever comes second, on any gateway or after a kill, finds it taken;
 * X2  it is dated at the moment at which it came (placing.h, P2); that somebody was late shows in the audit alone;
 * X3  what was met, solved, closed or put aside before its turn came is not escalated: the history is asked again. */
#ifndef QUEUES_ESCALATION_H
#define QUEUES_ESCALATION_H

#include "rules/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct keyring;
struct redis;
struct rules;

enum { ESCALATION_TURN = 64 /* tickets read and changed at once */ };

struct escalation {
    size_t looked, taken; /* tickets; steps */
    int64_t latest_ms;    /* how long ago the oldest of those steps came */
};

/* The first ESCALATION_TURN tickets whose step has come. ERR_STORE: what was not done is done by a later turn. */
enum err escalation_turn(struct redis *r, const struct keyring *k, const struct rules *rules, struct arena *a,
                         int64_t now_ms, struct escalation *out);

#endif
