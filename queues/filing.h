/* filing.h - from an item in the journal to an account, a ticket and a queue.
 *
 *   request:  resolve -> open                     message:  find -> read -> join
 *                     -> read -> join   (the same words of the same mailbox, again)
 *                     -> alias          (the same Idempotency-Key, elsewhere)
 *                                                         -> inherit -> open  (it was closed)
 *
 * One struct filing is one item on its way. It does no waiting itself: each round it
 * queues the commands it wants (filing_ask), and reads their answers (filing_hear), so
 * that many items share one exchange and a test can play Redis.
 *
 * F1  filing the same item again changes nothing and has the same outcome: ids are made
 *     of the item's ULID, and one key tells that it was filed;
 * F2  an item that was answered is never refused here: what cannot be matched is opened;
 * F3  the public reference leads to the ticket before the outcome is told. */
#ifndef QUEUES_FILING_H
#define QUEUES_FILING_H

#include "queues/redis.h"
#include "queues/seal.h"
#include "queues/ticket.h"
#include "rules/address.h"
#include "rules/item.h"
#include "rules/resolve.h"
#include "rules/ticket_state.h"

struct rules;

enum filing_outcome {
    FILING_UNDER_WAY,
    FILING_FILED,  /* opened, or joined open work */
    FILING_FOLDED, /* key and body were filed before, as `original`; a request's reference is an alias of that one's */
    FILING_KEY_REUSED, /* key was filed before with another body; nothing was written. filing_keep() files it all the same */
    FILING_EARLY,      /* a message to a reference that is not filed yet */
};

struct filing {
    /* given */
    const struct keyring *keys;
    const struct rules *rules;
    struct arena *arena; /* lives as long as the filing */
    const char *region;  /* for phone numbers without a country code; NULL none */
    struct item item;
    int64_t now_ms;
    bool silent; /* no mail leaves: invented items */

    /* told */
    enum filing_outcome outcome;
    struct ulid ticket, account, participant;
    struct ulid original; /* FOLDED: the first item of this key */
    uint64_t reference;   /* FOLDED: its reference; otherwise the item's */
    bool mailed;          /* a mail was queued */
    bool before;          /* it had been filed already */
    bool ignore_key;      /* after filing_keep(): its key is another one\'s */

    /* private */
    int step;
    size_t asked;
    int rounds;
    bool aliased;      /* target was found by an alias */
    struct str target; /* r:{…} of a message */
    struct resolution whose;
    struct ticket at;
    struct happening *history;
    size_t history_count;
    struct ticket_step join_step;
    struct ulid linked;      /* closed ticket that new work is linked to */
    struct participant heir; /* whoever wrote on it, with the level reached there */
    bool mailbox;            /* the item's address is one, read as `email` */
    struct email email;
    struct str evidence[EVIDENCE_KINDS]; /* b:{…} of a request; empty where it holds none of that kind */
};

enum { FILING_ROUNDS_MAX = 16, FILING_ASK_MAX = 8 };

/* The first group is filled in; the rest zero. */
void filing_begin(struct filing *f);
/* Queues at most FILING_ASK_MAX commands on r. False where the outcome is known. */
bool filing_ask(struct filing *f, struct redis *r);
/* The answers of the commands of the last filing_ask(), in order.
 *   ERR_STORE  Redis could not: ask again from the start later (filing_begin)
 *   ERR_CORRUPT, ERR_BUSY  a reason of its own: count a failure */
enum err filing_hear(struct filing *f, struct redis *r, const struct redis_value *replies);
/* How many commands the last filing_ask() queued. */
size_t filing_asked(const struct filing *f);
/* After FILING_KEY_REUSED: file it without its key. */
void filing_keep(struct filing *f);

/* r:{reference}: "<item> <account> <ticket> <participant>", ULIDs, or "=<number>" for an alias. The participant of a
 * request has its item's ULID, wherever the work goes later. */
struct pointer {
    struct ulid item, account, ticket, participant;
    bool alias;
    uint64_t to;
};
struct str pointer_key(struct arena *a, uint64_t reference);
bool pointer_parse(struct str s, struct pointer *out);
/* Follows aliases (at most 4); out->alias tells that there was one. ERR_ABSENT. */
enum err pointer_read(struct redis *r, struct arena *a, uint64_t reference, struct pointer *out);
/* Does it lead to the work of that request? Two requests can only have one reference where a counter was lost: then the
 * later one must not see the earlier one's. */
bool pointer_is_of(const struct pointer *p, struct ulid item);

#endif
