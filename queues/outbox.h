/* outbox.h - mails that must go out, kept with what caused them.
 *
 * O1  a mail is queued by the same change that makes it necessary;
 * O2  what is kept is what the mail is about, sealed; words and layout are made when
 *     it is sent, in the reader's language;
 * O3  codes go ahead of every other mail (ob0 before ob1); a mail is tried until it
 *     was taken, was refused for good, or has ended;
 * O5  whom it went to and what it was about outlives its words, for the day it comes back.
 *
 * {pN}:d:<eml> fields: state ("queued", "sent", "failed", "bounced"), sealed, tries, at (ms of the last step),
 * ends (ms, 0 never), about (sealed, once it was sent). */
#ifndef QUEUES_OUTBOX_H
#define QUEUES_OUTBOX_H

#include "queues/change.h"
#include "queues/seal.h"
#include "rules/base/id.h"

struct doc;

enum outbox_kind {
    OUTBOX_CODE,
    OUTBOX_REPLY, /* what a person of staff wrote */
    OUTBOX_VOUCH, /* to a contact on record: do you know this person? */
    OUTBOX_VETO,  /* to a contact on record: this person may do much from now on; do you object? */
    OUTBOX_ACK,   /* to who wrote by mail: the reference. One a day and three in seven days go to one mailbox */
};

/* One mail as it is kept. */
struct outbox_mail {
    struct ulid id;
    enum outbox_kind kind;
    bool silent; /* O4: the same work as a real one, for somebody who must not notice; never sent */
    struct str to, language;
    uint64_t reference;
    struct ulid ticket, participant;
    int64_t asked_ms, ends_ms; /* ends: not worth sending after; 0 never */
    struct str code, flow;     /* CODE, VOUCH, VETO: 8 digits; key of the flow */
    int generation;            /* of that flow */
    struct str text, author;   /* REPLY; text: of VOUCH and VETO the address of the person whom it is about */
    struct ulid message;       /* REPLY */
    /* What it answers, so that mail clients show both together: "<left@right>", the nearest last in references; the
     * subject of the mail it answers. Each may be empty. */
    struct str in_reply_to, references, subject;
    int tries;
};

void change_mail(struct change *c, const struct keyring *k, const struct outbox_mail *m);

/* The next mails due, codes first, the longest waiting first, at most max, of those partitions that have their bit set;
 * wait_ms: until the next known one of them is due, -1 none. */
enum err outbox_due(struct redis *r, const struct keyring *k, struct arena *a, uint64_t partitions, int64_t now_ms,
                    size_t max, struct outbox_mail *mails, size_t *n, int64_t *wait_ms);
/* A relay took it at at_ms: the mail leaves the queue; a code's life runs from now: until at_ms + 10 min, at most
 * until it would have ended anyway. */
enum err outbox_sent(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, int64_t at_ms);
/* CODE: the mail goes out now, so its code may be right from here on (flow.h, F6). ERR_GONE: the flow has no such
 * living code any more, and nobody wants this mail. */
enum err outbox_release(struct redis *r, struct arena *a, const struct outbox_mail *m);
/* A limit holds it back until at_ms; that is no try. */
enum err outbox_put_off(struct redis *r, struct arena *a, const struct outbox_mail *m, int64_t at_ms);
/* Not now: again at retry_ms; or, where final, never. */
enum err outbox_failed(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, bool final,
                       int64_t at_ms, int64_t retry_ms);
/* "queued", "sent", "failed", "bounced"; empty where there is no such mail. */
enum err outbox_state(struct redis *r, struct arena *a, struct ulid id, struct str *state);
/* May an acknowledgement go to that mailbox (INDEX_RATE)? At most one in a day and three in seven days may; asking for the
 * same mail again changes nothing. */
enum err outbox_ack_may_go(struct redis *r, struct arena *a, struct blind mailbox, struct ulid id, int64_t now_ms,
                           bool *may);

/* A mail that went out and came back. The two halves of a question about it, for a pipeline: ERR_ABSENT where it is not
 * known (any more). */
struct outbox_about {
    enum outbox_kind kind;
    struct str to, state;
    struct ulid ticket, participant, message;
};
void outbox_queue_about(struct redis *r, struct arena *a, struct ulid id);
enum err outbox_about_load(const struct keyring *k, struct arena *a, struct ulid id, const struct redis_value *v,
                           struct outbox_about *out);
/* It came back: it waits for nothing any more, and its state says so. */
void change_mail_bounced(struct change *c, struct ulid id, int64_t at_ms);

/* Mails waiting, of both kinds. */
enum err outbox_waiting(struct redis *r, struct arena *a, int64_t *codes, int64_t *others);

#endif
