/* reroute.h - what the rules in force would change for the tickets that are there, and which.
 *
 * A ticket is looked at by the few fields that routes ask for. Those fields are the same for thousands of tickets, so
 * each such set is decided once, for every level. Only where that does not settle it (the level matters, somebody was
 * heard on several channels), or where something changes, the whole ticket and its history are read.
 *
 * V1  what it says of a ticket is what place() says of it, on everything that is stored;
 * V2  a ticket whose queue or priority staff set by hand is left alone, and counted;
 * V3  due times are worked out for the first REROUTE_DUE_MAX that change; beyond that they are not known. */
#ifndef QUEUES_REROUTE_H
#define QUEUES_REROUTE_H

#include "queues/redis.h"
#include "rules/base/id.h"

#include <stdbool.h>

struct keyring;
struct rules;

enum { REROUTE_EXAMPLES = 50, REROUTE_DUE_MAX = 10000, REROUTE_PAIRS_MAX = 400 };

struct reroute_pair {
    struct str from, to; /* queues; the same where only the priority changes */
    int64_t tickets;
};

struct reroute_place {
    struct str queue, rule;
    int priority;
    int64_t due_ms;
};

struct reroute_example {
    struct ulid ticket;
    uint64_t reference;
    struct reroute_place from, to;
};

struct reroute {
    int64_t looked_at, by_hand, changed;
    int64_t queue_changed, priority_up, priority_down; /* of the changed ones */
    int64_t due_known, due_sooner, due_later;          /* V3 */
    struct reroute_pair pairs[REROUTE_PAIRS_MAX];      /* those beyond are in `changed` only */
    size_t pair_count;
    struct reroute_example examples[REROUTE_EXAMPLES]; /* the first few of each pair */
    size_t example_count;
};

/* selection: the changed ones are added to it (selection.h; the caller closes it); NULL: nobody wants them. Texts are in
 * a. */
enum err reroute_plan(struct redis *r, const struct keyring *k, const struct rules *rules, struct arena *a,
                      int64_t now_ms, const struct ulid *selection, struct reroute *out);

/* The tickets that were added to selection are placed so by a job "reroute", which can be undone; its id in *job. Closes
 * the selection. */
enum err reroute_begin(struct redis *r, const struct keyring *k, struct arena *a, struct ulid selection, struct str by,
                       int64_t now_ms, struct ulid *job);

/* V2: field `hand` of a ticket says what staff set: "queue", "priority" or both. */
#define REROUTE_HAND "hand"

#endif
