/* ticket.h - a ticket as it stands in Redis, and the changes that are made to it.
 *
 * {pN}:t:<tkt> fields: v version, acc, ref (number of its first reference), state, queue, priority, rule
 * ("file:line"), rules (the version of the rules that said so last), due (ms, 0 none), clock, escalated ("<role> <clock>
 * <ms>"), step (ms, 0 none; all three: placing.h), opened, updated, heard, replied (ms, 0 never), language, impact,
 * channels ("web mail"), subject (sealed), owner (stf_… or ""), owner_name, last (msg_… newest), claims (sealed
 * JSON), score, reasons (JSON), spam ("1"), followers, executive ("1") and class (what the rules knew when it opened),
 * incident (slug of the one it belongs to), affected (slugs of those on whose lists it is, space separated),
 * call_back_to (sealed; placing.h), and for each participant lv:<par> ("level,stale,authorised"), id:<par> and hm:<par>
 * (attach.h). Beside them, for staff to see and for no decision: sg:<itm> "<reference> <why>", what a mail of this
 * ticket speaks of without joining it; sr:<itm> "<reference> <why>", under which a mail that answers this ticket was
 * filed instead (why: rules/joining.h); bc:<par>, ms, when the last mail to that participant came back; vo:<par>, ms, when
 * they last had contacts asked to vouch (appeal.h).
 *
 * T1  a message keeps its origin for ever: channel, item, the identity it came through, its home;
 * T2  a level belongs to a participant; the ticket's is the highest, for display and rules;
 * T3  every change but the first is made against the version that was read;
 * T4  what moves a clock names the version of the rules by which the clocks were computed then. */
#ifndef QUEUES_TICKET_H
#define QUEUES_TICKET_H

#include "queues/change.h"
#include "queues/redis.h"
#include "queues/seal.h"
#include "rules/base/err.h"
#include "rules/base/id.h"

#include <stdint.h>

struct doc;

struct ticket {
    struct ulid id, account;
    unsigned partition;
    struct str version;
    uint64_t reference;
    struct str state, queue, rule, clock, language, impact, channels;
    struct str subject;           /* unsealed */
    struct str owner, owner_name; /* empty: nobody */
    struct str last;              /* id of the newest message */
    int priority, score, level;
    int64_t due_ms, opened_ms, updated_ms, heard_ms, replied_ms;
    struct str reasons;               /* JSON array */
    struct doc *claims;               /* object; close with doc_close(); NULL unless asked for */
    const struct redis_value *fields; /* all of the hash */
};

enum message_who { MESSAGE_YOU, MESSAGE_SUPPORT, MESSAGE_SYSTEM, MESSAGE_NOTE };

struct message {
    struct ulid id;
    int64_t at_ms;
    enum message_who who;    /* YOU: a participant wrote it; NOTE: staff only */
    struct str channel;      /* "web" … */
    struct ulid item;        /* origin; zero for staff */
    struct ulid participant; /* who wrote it, or whom it is for; zero: the whole account */
    struct ulid home;        /* YOU: the account that its own evidence led to; zero: the one it lies in */
    struct str text;
    struct str author; /* staff: name */
    struct ulid mail;  /* the mail that carries it; zero none */
    /* Of a mail that came in, for whoever answers it; else empty. The id is fit for a header. */
    struct str message_id, subject;
    bool automatic;   /* a robot wrote it */
    struct str files; /* that came with it: "fil_… fil_…", see file.h */
};

struct participant {
    struct ulid id;
    struct str channel;
    struct str email, phone, name; /* unsealed; empty where none */
    struct str handle;             /* of a post's author */
    struct str speaks_for;         /* whom they say to speak for, in their words; empty: for themselves */
    struct blind email_index;
    uint64_t reference;
    struct ulid item;
    struct str language;
    int64_t since_ms;
    int level;
    bool stale;
    unsigned authorised;
};

/* "you", "support", "system", "note". */
const char *message_who_name(enum message_who who);

/* Queues HGETALL of a ticket; ticket_load() reads the answer. */
void ticket_queue_read(struct redis *r, struct arena *a, struct ulid id);
/* ERR_ABSENT where there is none. with_claims: unseal them too. k NULL: what is sealed is left, subject is empty. */
enum err ticket_load(const struct keyring *k, struct arena *a, struct ulid id, const struct redis_value *v,
                     bool with_claims, struct ticket *out);
enum err ticket_read(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, struct ticket *out);

/* By time, oldest first. */
enum err messages_read(struct redis *r, const struct keyring *k, struct arena *a, struct ulid ticket,
                       struct message **out, size_t *n);
enum err participants_read(struct redis *r, const struct keyring *k, struct arena *a, const struct ticket *t,
                           struct participant **out, size_t *n);
void participants_queue_read(struct redis *r, struct arena *a, struct ulid ticket);
enum err participants_load(const struct keyring *k, struct arena *a, const struct ticket *t,
                           const struct redis_value *v, struct participant **out, size_t *n);

/* What happened to a ticket: kind "opened", "heard", "joined", "confirmed", "claimed", "released", "replied", "noted",
 * "state", "routed", "escalated", "moved-in", "moved-out", "spam", "not-spam", "level", "shown", "approval", "vouch", "veto".
 * by: stf_…, par_… or "system". detail: short plain word(s), never personal. clock: what it means to
 * the ticket's clocks, a name of rules/sla.h ("opened", "paused" …), or empty. */
struct happening {
    struct ulid id;
    int64_t at_ms;
    struct str kind, by, detail, clock;
    struct str rules; /* T4; empty: it moved no clock */
};
/* By time, oldest first. */
enum err history_read(struct redis *r, struct arena *a, struct ulid ticket, struct happening **out, size_t *n);
/* The two halves of it, for a pipeline. */
void history_queue_read(struct redis *r, struct arena *a, struct ulid ticket);
enum err history_load(struct arena *a, const struct redis_value *v, struct happening **out, size_t *n);

/* ---- parts of changes ---- */

void change_message(struct change *c, const struct keyring *k, struct ulid ticket, const struct message *m);
void change_participant(struct change *c, const struct keyring *k, struct ulid ticket, const struct participant *p);
void change_happening(struct change *c, struct ulid ticket, const struct happening *h);
/* lv:<par> */
void change_level(struct change *c, struct ulid ticket, struct ulid participant, int level, bool stale,
                  unsigned authorised);
/* Tells everybody who looks: {"type","ticket","reference","queue","state","owner"}. */
void change_live(struct change *c, const char *type, struct ulid ticket, uint64_t reference, struct str queue,
                 struct str state, struct str owner);
/* One entry of the audit chain of the ticket's partition. */
void change_audit(struct change *c, const struct keyring *k, unsigned partition, int64_t at_ms, struct str who,
                  const char *action, const char *object, struct str detail);
/* Puts the ticket where state, queue, due time and owner say; takes it out of the queue it was in (from, may be
 * empty). A solved or closed ticket is in no queue. What was decided anew is written by change_placed() of placing.h,
 * which calls this. */
void change_queue_place(struct change *c, struct ulid ticket, struct str from, struct str to, int64_t due_ms, bool open,
                        bool claimed);

/* Key of the ticket's hash, in a. */
struct str ticket_key(struct arena *a, struct ulid id);
/* A due time for sorting where no clock runs: after everything that has one. */
int64_t due_or_never(int64_t due_ms);

#endif
