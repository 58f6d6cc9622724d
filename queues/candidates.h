/* candidates.h - which accounts an item may be of, and what is known of them.
 *
 * Gathered from the owners of its evidence and of its blocks (evidence.h), the likeliest first; then only those records
 * are read that led there: the contact whose address or name it is, the site, the words of an earlier stranger.
 *
 * D1  work is bounded whatever is on record: MATCH_CANDIDATES_MAX candidates, CANDIDATE_REFS records of each;
 * D2  at least one account is read, if need be the one that the item would make: whoever it is, the same is asked;
 * D3  words that were moved since are those of the account that they are at home in now. */
#ifndef QUEUES_CANDIDATES_H
#define QUEUES_CANDIDATES_H

#include "queues/evidence.h"

enum {
    CANDIDATE_REFS = 6,
    CANDIDATES_ASK_MAX = MATCH_CANDIDATES_MAX * (1 + 2 * CANDIDATE_REFS),
};

struct candidates {
    const struct keyring *keys;
    struct arena *arena;
    const struct evidence_held *held;
    struct ulid own;
    bool shared[EVIDENCE_KINDS]; /* several accounts have the very same on record */

    size_t leads, room;
    struct candidate_lead *lead;
    size_t n;
    struct candidate *at;
};

/* room: how many owners of evidence and blocks will be added at most. */
void candidates_begin(struct candidates *c, const struct keyring *k, struct arena *a, const struct evidence_held *h,
                      struct ulid own, size_t room);
/* What the evidence leads to. */
void candidates_add_evidence(struct candidates *c, const struct evidence *e, size_t n);
/* The answer to block_queue_read(). */
void candidates_add_block(struct candidates *c, enum match_block_kind kind, const struct redis_value *v);
/* Who is worth a look; queues the reads. Returns how many commands. */
size_t candidates_queue_read(struct candidates *c, struct redis *r);
/* Their answers, as many. ERR_STORE. Records that cannot be read are left out. */
enum err candidates_hear(struct candidates *c, struct redis *r, const struct redis_value *v,
                         struct resolve_candidate **out, size_t *n);

#endif
