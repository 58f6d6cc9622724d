/* look.h - a request as its own requester may see it.
 *
 * L1  only with a token (token.h); whether the reference exists is never told without one;
 * L2  own words, what was said to this person, and what was said to the whole account;
 *     never another person's words, never a note;
 * L3  before a mailbox on record was proven, what is promised is what a stranger would
 *     be promised: how soon we mean to answer must not tell whose site or number is on
 *     record. A stale record is believed only with a second evidence. */
#ifndef GATEWAY_VERIFY_LOOK_H
#define GATEWAY_VERIFY_LOOK_H

#include "gateway/verify/token.h"
#include "queues/filing.h"
#include "queues/flow.h"
#include "queues/ticket.h"

struct app;
struct redis;

struct look {
    uint64_t reference;
    bool written; /* in the journal only: nothing below is known yet */
    struct pointer pointer;
    struct ticket ticket;
    struct participant me;
    struct message *messages; /* L2, oldest first */
    size_t message_count;
    int64_t next_reply_ms; /* L3; 0: nothing is promised now */
    bool has_flow;         /* a code was asked for */
    struct flow flow;      /* the newest of this requester's first flow */
};

/* kind and id as token_of_call() gave them.
 *   ERR_UNKNOWN_CALLER  no token, or its code was not passed yet
 *   ERR_STORE           Redis is away */
enum err look_read(struct app *app, struct redis *r, struct arena *a, uint64_t reference, enum token_kind kind,
                   struct ulid id, struct look *out);
/* ERR_OK where that flow of this reference was passed; ERR_UNKNOWN_CALLER, ERR_STORE. */
enum err look_flow_passed(struct redis *r, const struct keyring *k, struct arena *a, struct ulid flow,
                          uint64_t reference);
/* Where a flow that was asked for without a token lies. found: the pointer of its reference, NULL where there is none. */
unsigned look_flow_partition(struct ulid flow, const struct pointer *found);

#endif
