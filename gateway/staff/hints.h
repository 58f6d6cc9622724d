/* hints.h - what staff are told and nobody acts on by itself: mails that may belong together, and whom to write to where
 * a mail came back. */
#ifndef GATEWAY_STAFF_HINTS_H
#define GATEWAY_STAFF_HINTS_H

#include "queues/contact.h"
#include "queues/ticket.h"

struct app;
struct arena;
struct doc;

/* "suggestions" of a ticket, at most HINTS_MAX: {"item","direction","reference","ticket","why"}. direction: "answers" (a
 * mail of this ticket speaks of that reference) or "answered-by" (a mail that answers this ticket was filed there). What
 * has come together meanwhile is left out. Yours. */
enum { HINTS_MAX = 20 };
enum err hints_read(struct redis *r, struct arena *a, const struct ticket *t, struct doc **out);

/* Contacts on record of an account and of all that are one customer with it (merge.h), at most of HINTS_ACCOUNTS_MAX. */
enum { HINTS_ACCOUNTS_MAX = 32 };
enum err hints_contacts(struct redis *r, const struct keyring *k, struct arena *a, struct ulid account,
                        struct contact **out, size_t *n);
/* The next best one of all contacts of an account (rules/next_contact.h) instead of not_email, or in any case where
 * that is empty: {"contact","name","email","role","confidence","reason"}, masked, or null. Yours. */
struct doc *hints_next(struct arena *a, const struct contact *all, size_t n, struct str not_email);
/* The same for a ticket: null unless a mail to one of its people came back. */
enum err hints_next_of_ticket(struct redis *r, const struct keyring *k, struct arena *a, const struct ticket *t,
                              const struct participant *people, size_t n, struct doc **out);

#endif
