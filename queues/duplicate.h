/* duplicate.h - accounts that may be one customer, for somebody to decide.
 *
 * {pN}:du: dup_… -> {"a","b","score","reasons","rule","at"}, written with the work that raised the question.
 * {pN}:no:<acc>: the accounts that it is not, on both sides.
 *
 * E1  a pair that is one customer by now, or that somebody has said is not, is no question any more, whoever asks it
 *     again;
 * E2  yes is an edge of merge.h that says so, and can be taken back; no is remembered on both sides before the question
 *     goes. */
#ifndef QUEUES_DUPLICATE_H
#define QUEUES_DUPLICATE_H

#include "queues/merge.h"

struct duplicate {
    struct ulid id, a, b;       /* as it was asked */
    struct ulid root_a, root_b; /* the customers they are now */
    int score;
    struct str reasons; /* JSON array */
    struct str rule;    /* "file:line" */
    int64_t at_ms;
};

/* All open questions, the likeliest first; each pair of customers once. */
enum err duplicates_read(struct redis *r, struct arena *a, struct duplicate **out, size_t *n);
/* One of them. ERR_ABSENT also where it is no question any more. */
enum err duplicate_read(struct redis *r, struct arena *a, struct ulid id, struct duplicate *out);
/* How many of them are about that customer (its root). */
size_t duplicates_about(const struct duplicate *all, size_t n, struct ulid root);
/* E2: they are not the same. */
enum err duplicate_refuse(struct mover *m, const struct duplicate *d, struct str by);
/* E2: they are; e as merge_link() wants and fills it, all but from, into and duplicate. */
enum err duplicate_link(struct mover *m, const struct duplicate *d, struct edge *e);

#endif
