/* attach.h - which open work a person's next report joins.
 *
 * {pN}:o:<acc>, a hash beside the account:
 *   p:<identity>   "<tkt_…> <ms>": this person's work, and when they were heard there last
 *   pruned         ms of the last time what is old was dropped
 *
 * An identity is a blind index with its kind before it: "e" mailbox, "t" phone number, "h" author of posts; or "c" and
 * the contact on record that one of them leads to, so that a call from the number on record and a mail from the address
 * on record of one contact are one person. A number that several contacts share names nobody. While an incident is
 * declared, "s" with the incident and the site (or none) stands for everybody of the account who reports it.
 *
 * A post of somebody who is not known and says nothing that leads anywhere is a bystander's. It is gathered ("k") with
 * what others post about the same: the organisation or site that they name, else their platform and day. Such a cluster
 * has the place of an account in Redis (field cluster, on its tickets, too) and is none: nothing leads to it, it stands
 * for nobody, and its posts become an account's when somebody gives them to one (move.h).
 *
 * N1  a report joins the open ticket of its person that was heard within ATTACH_MS, else it opens one; what "s" leads to
 *     is joined for as long as the incident lasts, however long nobody was heard there, and is not pruned;
 * N2  what is opened is opened only while every identity of its person leads where it led when it was looked up, so of
 *     any number at the same moment, on any gateways, one opens and the others join it;
 * N3  where the account stands for another one (merge.h), the open work of all it stands for counts, and who opens puts
 *     it down at the root first;
 * N4  each report keeps a reference, a token and a participant of its own, whatever it joins: nobody reads another's
 *     words by looking like them.
 *
 * A ticket keeps for each participant id:<par> (their identities) and, where their evidence leads to another account
 * than the one the ticket lies in, hm:<par> (that account, their home). */
#ifndef QUEUES_ATTACH_H
#define QUEUES_ATTACH_H

#include "queues/change.h"
#include "queues/redis.h"
#include "queues/ticket.h"
#include "rules/base/id.h"

#include <stdint.h>

enum { PERSON_IDENTITIES_MAX = 12 };

#define ATTACH_MS (INT64_C(72) * 3600 * 1000)

/* What a person is recognised by; the best first. */
struct person {
    size_t n;
    struct str is[PERSON_IDENTITIES_MAX];
};

/* Adds one, once. kind: 's', 'c', 'e', 't' or 'h'. Copies value into a. */
void person_add(struct person *p, struct arena *a, char kind, struct str value);
/* Kind 's': whoever reports that site (key of its evidence; empty: none named) in that incident. */
void person_add_site(struct person *p, struct arena *a, struct str incident, struct str site_key);
/* "e… c…", as a ticket keeps it, and back. */
struct str person_print(const struct person *p, struct arena *a);
void person_parse(struct str s, struct arena *a, struct person *out);

/* Key of {pN}:o:<acc>. */
struct str open_work_key(struct arena *a, struct ulid account);
/* Queues HMGET of all identities of p (at least one). */
void open_work_queue_read(struct redis *r, struct arena *a, struct ulid account, const struct person *p);
/* The value of one identity: false where it leads nowhere, or was not heard within ATTACH_MS of at_ms (N1). */
bool open_work_parse(struct str identity, struct str value, int64_t at_ms, struct ulid *ticket);

/* The ticket of such a value, whenever it was heard. */
bool open_work_ticket(struct str value, struct ulid *ticket);

/* N2: every identity of p still leads to held[i] (at NULL: nowhere). */
void change_open_work_holds(struct change *c, struct ulid account, const struct person *p, const struct str *held);
/* From now on they lead to this ticket, heard at at_ms; what is old at now_ms may go. */
void change_open_work_set(struct change *c, struct ulid account, const struct person *p, struct ulid ticket,
                          int64_t at_ms, int64_t now_ms);
/* Those of them that lead nowhere. */
void change_open_work_set_new(struct change *c, struct ulid account, const struct person *p, struct ulid ticket,
                              int64_t at_ms);
/* id:<par> and hm:<par> of a ticket that lies in `account`, which then knows that it holds words of another. */
void change_participant_home(struct change *c, struct ulid ticket, struct ulid account, struct ulid participant,
                             const struct person *p, struct ulid home);
/* Who is that participant of t? `account` of t where nothing else is said. */
struct ulid ticket_home(const struct ticket *t, struct arena *a, struct ulid participant);
void ticket_person(const struct ticket *t, struct arena *a, struct ulid participant, struct person *out);
/* Does the participant have words on t (lv:<par>)? */
bool ticket_has(const struct ticket *t, struct arena *a, struct ulid participant);
/* t holds posts of bystanders: its account is none. */
bool ticket_is_cluster(const struct ticket *t);
/* t was put aside as spam. */
bool ticket_is_spam(const struct ticket *t);
/* Is it in a queue: neither solved nor closed nor spam? */
bool ticket_is_open(const struct ticket *t);

#endif
