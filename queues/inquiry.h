/* inquiry.h - the question whose an item is: asked in two exchanges, decided by rules/resolve.h.
 *
 *   look   who owns its evidence, who shares its blocks     read   the records that led there
 *
 * Q1  the same is asked whoever it is, known or not; how much is bounded (evidence.h, candidates.h);
 * Q2  what is asked about is the item as it speaks of its customer: of whom its sender speaks for, where it does;
 * Q3  nothing is written but a claim of the strongest evidence, where the caller gives one. */
#ifndef QUEUES_INQUIRY_H
#define QUEUES_INQUIRY_H

#include "queues/candidates.h"
#include "queues/change.h"
#include "rules/item.h"

struct inquiry {
    const struct keyring *keys;
    const struct rules *rules;
    struct arena *arena;
    struct ulid own;   /* the account that would be made */
    struct item about; /* Q2 */
    bool proven;       /* the mailbox of about */
    struct evidence_held held;
    bool knowable;                /* there is something that it can be known by, */
    enum evidence_kind strongest; /* above all this, */
    bool claimed;                 /* and nobody was known by it before */
    struct match_side *side;

    size_t blocks, owners;
    struct match_block block[MATCH_BLOCKS_MAX];
    const struct redis_value *sharers; /* of each block, as it was looked at */
    struct evidence *owner;
    struct candidates candidates;
    size_t known_count;
    struct resolve_candidate *known; /* room for EVIDENCE_CLAIMED more than were read */
};

/* Lives in a. region: for phone numbers without a country code; NULL none. proven: a code said so. */
struct inquiry *inquiry_begin(const struct keyring *k, const struct rules *rules, struct arena *a,
                              const struct item *about, const char *region, bool proven, struct ulid own);
/* claim: JSON for the strongest evidence where nobody owns it; empty: only a look. How many commands. */
size_t inquiry_queue_look(struct inquiry *q, struct redis *r, struct str claim);
void inquiry_hear_look(struct inquiry *q, const struct redis_value *v);
size_t inquiry_queue_read(struct inquiry *q, struct redis *r);
enum err inquiry_hear_read(struct inquiry *q, struct redis *r, const struct redis_value *v);
/* Nobody has this weaker evidence yet, and nobody had the strongest. */
bool inquiry_goes_along(const struct inquiry *q, enum evidence_kind kind);
/* Somebody claimed this weaker evidence in between: of them this value alone is known. */
void inquiry_add_rival(struct inquiry *q, enum evidence_kind kind, struct ulid account);
void inquiry_decide(const struct inquiry *q, struct resolution *out);

/* Queues: its account is found by what is nearly the same from now on. How many commands. After inquiry_hear_look(), whose
 * answers must still be there: what was seen to be too long is left alone, what was short is added to without a script. */
size_t inquiry_queue_share(const struct inquiry *q, struct redis *r, struct ulid account, struct ulid ticket,
                           struct ulid participant);

/* Accounts that staff said are not this one; drops them from the suspects of w. */
void rejected_queue_read(struct redis *r, struct arena *a, struct ulid account);
void rejected_drop(struct resolution *w, const struct redis_value *v);
/* {pN}:du of the change's partition: whom the account may be the same as, each pair once. */
void change_suspects(struct change *c, const struct keyring *k, unsigned partition, struct ulid account,
                     const struct resolution *w, int64_t at_ms);

#endif
