/* queue.h - the lists of open tickets, read over all partitions at once.
 *
 * U1  every open ticket is in exactly one queue, by due time, those without a clock last;
 *     who shares a moment is in the order of ids;
 * U2  a page goes on behind a place (due time and id), not behind a count: what comes and goes
 *     meanwhile makes nothing appear twice or be left out. */
#ifndef QUEUES_QUEUE_H
#define QUEUES_QUEUE_H

#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/base/text.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct redis;

struct queue_count {
    struct str name;
    int64_t open, unclaimed, due_soon, breached; /* due_soon: within soon_ms, not breached yet */
};

/* Names of queues that ever held a ticket, in order, each once; some may be empty now. */
enum err queue_names(struct redis *r, struct arena *a, struct str **out, size_t *n);
/* counts[i].name is given. */
enum err queue_counts(struct redis *r, struct arena *a, struct queue_count *counts, size_t n, int64_t now_ms,
                      int64_t soon_ms);

struct queue_place {
    int64_t due_ms; /* as it is sorted: ticket.h, due_or_never() */
    struct ulid ticket;
};

/* The next max tickets behind a place; after NULL: from the start. */
enum err queue_page(struct redis *r, struct arena *a, struct str queue, const struct queue_place *after, size_t max,
                    struct queue_place *out, size_t *n);
/* The same of another index that is spread over the partitions, {pN}:<room>:<suffix>, of ids of that kind. */
enum err queue_page_of(struct redis *r, struct arena *a, const char *room, const char *suffix, enum id_kind kind,
                       const struct queue_place *after, size_t max, struct queue_place *out, size_t *n);

/* Best first: tickets of these queues that nobody has, by priority, then by due time. depth: 0 for the first
 * QUEUE_BEST_EACH of each list, 1 for those behind them, and so on. */
enum { QUEUE_BEST_EACH = 8, QUEUE_BEST_QUEUES_MAX = 32, QUEUE_BEST_MAX = QUEUE_BEST_EACH * QUEUE_BEST_QUEUES_MAX * 64 };
enum err queue_best(struct redis *r, struct arena *a, const struct str *queues, size_t n, size_t depth,
                    struct ulid *out, size_t *count);

#endif
