/* evidence.h - what leads to an account: b:{<index>} for evidence, n:{<index>} for blocks (match.h).
 *
 *   b:{<index>}  "<acc ULID>:<source>" -> JSON of contact.h, a record
 *                "<acc ULID>:-"        -> {"claim":true,"tkt":"tkt_…","par":"par_…","used","proven"}: what somebody said
 *   n:{<index>}  "<acc ULID>:<source>" -> "con_…", "site_…" or "acc" (its name); of claims "tkt_… par_…"
 *
 * B1  records decide, claims follow. Evidence has one claim at most;
 * B2  whoever comes first with its strongest evidence claims it, in the evidence's own slot; everybody after finds that
 *     claim. So of any number at the same moment, on any gateways, one makes the account and the others find it;
 * B3  a claim that nobody built on moves when its own item turns out to be of another account; one that was told to
 *     somebody else stays, but for records: what was told is never taken back from under others;
 * B4  a proven mailbox takes the claim of an unproven one: who claims an address first keeps nothing from its holder;
 * B5  a claim steers what staff see and nothing else: it discloses nothing to anybody (levels do, filing.h);
 * B6  what many share (EVIDENCE_OWNERS_MAX records, MATCH_BLOCK_OWNERS_MAX of a block) says nothing and costs nothing:
 *     the list is not read. */
#ifndef QUEUES_EVIDENCE_H
#define QUEUES_EVIDENCE_H

#include "queues/redis.h"
#include "queues/seal.h"
#include "rules/match.h"
#include "rules/resolve.h"

struct item;

enum { EVIDENCE_OWNERS_MAX = 64 };

/* The evidence of one item about one customer, in normal form; empty where it holds none of a kind. */
struct evidence_held {
    struct str text[EVIDENCE_KINDS];
    struct str key[EVIDENCE_KINDS]; /* b:{…} */
};
/* region: for phone numbers without a country code; NULL none. */
void evidence_hold(struct evidence_held *h, const struct keyring *k, struct arena *a, const struct item *i,
                   const char *region);

/* Queues a look at its owners. claim: and its claim for `own` where nobody owns it; empty: only a look. */
void evidence_queue_look(struct redis *r, struct arena *a, struct str key, struct ulid own, struct str claim);
/* Owners out of the answer, or of an HGETALL of b:{…}: how many, at most max. None where they are too many (B6); what
 * cannot be read is left out. */
size_t evidence_load(enum evidence_kind kind, const struct redis_value *v, struct arena *a, struct evidence *out,
                     size_t max);
/* JSON of a claim. */
struct str evidence_claim(struct arena *a, struct ulid ticket, struct ulid participant, bool proven);

/* account is on record; the mailbox is proven. */
enum { FOLLOW_RECORD = 1, FOLLOW_PROVEN = 2 };
/* Queues: its claim follows to account. own: that the item would have made. why: bits. */
void evidence_queue_follow(struct redis *r, struct arena *a, struct str key, struct ulid account, struct str claim,
                           struct ulid own, unsigned why);
/* Whom it leads to now; false where nobody claims it. *left: others found `own` by it before. */
bool evidence_followed(const struct redis_value *v, struct ulid *account, bool *left);

/* The blocks of a side that are not evidence by themselves. Returns how many. */
size_t evidence_blocks(const struct match_side *s, enum match_purpose purpose, struct arena *a,
                       struct match_block out[MATCH_BLOCKS_MAX]);
struct blind block_index(const struct keyring *k, const struct match_block *b);
/* Queues: the account is to be found under it. source: "-" of a claim; made_of: "" removes. seen: a moment ago, or NULL;
 * a list that says nothing is left alone, and a short one cannot have become too long. How many commands: 0 or 1. */
size_t block_queue_share(struct redis *r, struct arena *a, struct blind index, struct ulid account, struct str source,
                         struct str made_of, const struct redis_value *seen);
void block_queue_read(struct redis *r, struct arena *a, struct blind index);

#endif
