/* chain.h - what a mail to a person has to name so that their mail client shows it with what it answers.
 *
 * N1  References holds their mails and ours to them in the order they came, the newest last, at most CHAIN_MAX
 *     (RFC 5322 3.6.4); In-Reply-To the newest of theirs. Never those of another person on the same ticket;
 * N2  the subject is that of the mail that is answered, without what stands for "answer", fit for a header. */
#ifndef GATEWAY_STAFF_CHAIN_H
#define GATEWAY_STAFF_CHAIN_H

#include "queues/ticket.h"

struct arena;

enum { CHAIN_MAX = 20, CHAIN_SUBJECT_MAX = 200 /* code points */ };

struct chain {
    struct str in_reply_to, references, subject; /* empty where they wrote no mail; in the arena */
};

/* all: messages of the ticket, oldest first. domain: of our own addresses. */
struct chain chain_to(const struct keyring *k, struct arena *a, struct str domain, const struct message *all, size_t n,
                      const struct participant *to);
/* N2 alone. */
struct str chain_subject(struct arena *a, struct str subject);

#endif
