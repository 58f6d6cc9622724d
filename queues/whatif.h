/* whatif.h - what other rules would make of the open tickets, before anybody applies them.
 *
 * H1  nothing is written;
 * H2  each open ticket is routed and its clocks are computed from its history as place() does when it is routed anew; it
 *     is compared with what stands on it. A ticket that changes its place meanwhile may be counted as it was or as it is;
 * H3  memory does not grow with their number: WHATIF_PAGE tickets are held at a time;
 * H4  examples are the most telling ones: newly broken promises before moves, moves before other times. */
#ifndef QUEUES_WHATIF_H
#define QUEUES_WHATIF_H

#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/base/text.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct doc;
struct redis;
struct rules;

enum { WHATIF_PAGE = 256, WHATIF_EXAMPLES_MAX = 200, WHATIF_MOVES_MAX = 512 /* pairs of queues */ };

struct whatif_move {
    struct str from, to;
    int64_t tickets;
};

struct whatif_example {
    int rank; /* H4; more is more telling */
    struct ulid ticket;
    uint64_t reference;
    struct str queue_was, queue_is, rule, clock_was, clock_is;
    int64_t due_was_ms, due_is_ms; /* 0: none */
    bool newly_breached;
};

struct whatif {
    int64_t tickets, unreadable;
    int64_t by_hand;                  /* of them: put where they are by staff, and so left there */
    int64_t moved;                    /* to another queue */
    int64_t earlier, later;           /* due at another time */
    int64_t clock_gained, clock_lost; /* one is due that had no time, and the other way */
    int64_t breached_was, breached_is, newly_breached, no_longer_breached;
    size_t move_count, example_count;
    struct whatif_move move[WHATIF_MOVES_MAX]; /* most tickets first */
    struct whatif_example example[WHATIF_EXAMPLES_MAX];
};

/* candidate: rules that are in force nowhere. examples: at most that many. stop: given up with ERR_BUSY where it becomes
 * true; may be NULL. What *out points to is in a. */
enum err whatif_run(struct redis *r, struct arena *a, const struct rules *candidate, int64_t now_ms, size_t examples,
                    const atomic_bool *stop, struct whatif *out);

/* {"tickets":…,"moved":…,"moves":[…],…,"examples":[…]}; yours. */
struct doc *whatif_doc(const struct whatif *w);

#endif
