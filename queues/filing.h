/* filing.h - from an item in the journal to an account, a ticket and a queue.
 *
 *   request:  resolve -> weigh -> follow -> attach -> open                       message:  find -> read -> join
 *                            or -> read -> join  (their open work)           -> inherit -> open  (it was closed)
 *             resolve -> find   -> read -> join  (the same words of the same mailbox, again)
 *             resolve or attach -> alias         (the same Idempotency-Key, or the same thing of its channel)
 *             resolve -> before                  (filed already)
 *
 * attach looks at the account and at what it stands for, one after the other (attach.h). Where it stands for another,
 * claim comes before open, and kin makes sure that a ticket of a third account belongs to the same customer.
 *
 * One struct filing is one item on its way. It does no waiting itself: each round it
 * queues the commands it wants (filing_ask), and reads their answers (filing_hear), so
 * that many items share one exchange and a test can play Redis.
 *
 * F1  filing the same item again changes nothing and has the same outcome: ids are made
 *     of the item's ULID, and one key tells that it was filed;
 * F2  an item that was answered is never refused here: what cannot be matched is opened;
 * F3  the public reference leads to the ticket before the outcome is told;
 * F4  what a channel calls by one name (item.external) is filed once, whatever the key or the webhook-id. */
#ifndef QUEUES_FILING_H
#define QUEUES_FILING_H

#include "queues/attach.h"
#include "queues/candidates.h"
#include "queues/outbox.h"
#include "queues/redis.h"
#include "queues/seal.h"
#include "queues/ticket.h"
#include "rules/address.h"
#include "rules/attachment.h"
#include "rules/item.h"
#include "rules/resolve.h"
#include "rules/ticket_state.h"

struct affected_set;
struct inquiry;
struct line_flow;
struct rules;

enum filing_outcome {
    FILING_UNDER_WAY,
    FILING_FILED,  /* opened, or joined open work */
    FILING_FOLDED, /* it was filed before, as `original`, by the same key or external name; a request's reference is an
                      alias of that one's */
    FILING_KEY_REUSED, /* key was filed before with another body; nothing was written. filing_keep() files it all the same */
    FILING_EARLY,      /* a message to a reference that is not filed yet */
};

enum {
    FILING_ROUNDS_MAX = 48,
    FILING_ASK_MAX = 64 + CANDIDATES_ASK_MAX + ATTACHMENTS_MAX,
    FILING_CHAIN_MAX = 17,
    FILING_WORKS_MAX = 4
};

/* An account whose open work is looked at. */
struct filing_place {
    struct ulid account;
    struct str held[PERSON_IDENTITIES_MAX]; /* where each identity leads there */
};

struct filing {
    /* given */
    const struct keyring *keys;
    const struct rules *rules;
    struct arena *arena; /* lives as long as the filing */
    const char *region;  /* for phone numbers without a country code; NULL none */
    struct item item;
    int64_t now_ms;
    bool silent;                      /* no mail leaves: invented items */
    const struct affected_set *lists; /* of declared incidents; NULL none */
    struct str incident;              /* slug of the declared incident that it belongs to; empty none */
    struct str affected;              /* slugs of those on whose lists its claims are, space separated */

    /* told */
    enum filing_outcome outcome;
    struct ulid ticket, account, participant; /* account: in which the ticket lies */
    struct ulid home;                         /* the account that its own evidence leads to */
    struct ulid original;                     /* FOLDED: the first item of this key or name */
    uint64_t reference;                       /* FOLDED: its reference; otherwise the item's */
    bool mailed;                              /* a mail was queued */
    bool before;                              /* it had been filed already */
    bool ignore_key;                          /* after filing_keep(): its key is another one\'s */

    /* private */
    int step;
    size_t asked, change_at; /* change_at: which of the asked is the change */
    int rounds;
    bool aliased;        /* target was found by an alias */
    struct str target;   /* r:{…} of a message */
    struct ulid pointed; /* the ticket that r:{…} of this item may lead to already */
    struct person person;
    struct filing_place chain[FILING_CHAIN_MAX]; /* home, what it stands for, …, the root */
    size_t chain_count;
    struct ulid works[FILING_WORKS_MAX]; /* tickets that the person is known on */
    size_t work_count, work_at;
    bool listed;        /* incident was not given: it is by its claims */
    struct str cluster; /* of a bystander's post: what it is about; empty: no bystander */
    struct ulid kin;    /* on the way from a ticket's account to its root */
    bool repeat;        /* `ticket` was found by the same words */
    uint64_t answered;  /* an answer: the reference it goes to */
    bool joins, tells;
    size_t hints;
    struct ticket elsewhere; /* what it answers */
    struct ulid returned;    /* a bounce: the mail */
    struct outbox_about about;
    struct resolution whose;
    struct ticket at;
    struct happening *history;
    size_t history_count;
    struct ticket_step join_step;
    struct ulid linked;      /* closed ticket that new work is linked to */
    struct participant heir; /* whoever wrote on it, with the level reached there */
    bool mailbox;            /* the item's address is one, read as `email` */
    struct email email;
    struct inquiry *inquiry; /* of a request: filing_resolve.c */
    size_t reads;            /* commands of its second exchange */
    struct line_flow *line;  /* of what is told of a site: filing_line.c */
};

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
/* Would both change the same in the next round, so that only one of them could? Then f lets `first` go ahead until it
 * is done: of n reports of one person each is read and written once, not n times. */
bool filing_waits_for(const struct filing *f, const struct filing *first);
/* After FILING_KEY_REUSED: file it without its key. */
void filing_keep(struct filing *f);

/* r:{reference}: "<item> <account> <ticket> <participant> <ticket>…", ULIDs, or "=<number>" for an alias. The
 * participant of a request has its item's ULID, wherever the work goes later; the tickets behind hold further words of
 * theirs. Written by point.lua. */
enum { POINTER_MORE_MAX = 16 };
struct pointer {
    struct ulid item, account, ticket, participant;
    struct ulid more[POINTER_MORE_MAX];
    size_t more_count;
    bool alias;
    uint64_t to;
};
struct str pointer_key(struct arena *a, uint64_t reference);
bool pointer_parse(struct str s, struct pointer *out);
/* The reference leads its person to `ticket`, and no more to `leaves` (zero: to all that it led to, too). */
struct point {
    struct ulid item, account, ticket, participant, leaves;
};
void pointer_queue_lead(struct redis *r, struct arena *a, struct str key, const struct point *p);
/* Follows aliases (at most 4); out->alias tells that there was one. ERR_ABSENT. */
enum err pointer_read(struct redis *r, struct arena *a, uint64_t reference, struct pointer *out);
/* Does it lead to the work of that request? Two requests can only have one reference where a counter was lost: then the
 * later one must not see the earlier one's. */
bool pointer_is_of(const struct pointer *p, struct ulid item);

#endif
