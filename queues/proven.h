/* proven.h - what follows for the account when somebody's mailbox was confirmed.
 *
 * P1  the mailbox leads to the account of its holder's work from now on, whoever claimed it before without proof;
 * P2  the question whose it is is asked again with that evidence (inquiry.h). Work of a stranger that leads to a customer
 *     now is suspected to be theirs; it is not moved, because others may have written on that account, too;
 * P3  it bears repetition, and comes after the level was raised: cut off in between, nothing is disclosed or lost. */
#ifndef QUEUES_PROVEN_H
#define QUEUES_PROVEN_H

#include "queues/redis.h"
#include "queues/seal.h"

struct rules;

/* ERR_ABSENT where there is no such ticket or participant. */
enum err mailbox_proven(struct redis *r, const struct keyring *k, const struct rules *rules, struct arena *a,
                        struct ulid ticket, struct ulid participant, const char *region, int64_t now_ms);

#endif
