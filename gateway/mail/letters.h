/* letters.h - the outbox as the sender's source: what is due, put into words.
 *
 * W1  one gateway at a time sends (lease `mail`); the others wait for it to end;
 * W2  a mail is rendered when it goes out, in its reader's language;
 * W3  where limits are on, one mailbox gets at most 3 codes at once, then one in 10
 *     minutes, and 10 in 24 hours: what is too much waits, is counted again then, and is
 *     dropped at its end. Only a code whose mail goes out can be right (flow.h, F6);
 * W4  with limits or without, one mailbox gets at most one acknowledgement in 24 hours and three in
 *     seven days, and we never acknowledge ourselves: what is too much is dropped (RFC 3834 §2);
 * W5  where a mail comes back to is its own address (postmark.h); whoever answers one that is about a
 *     ticket answers for the person it was sent to. A code says nothing that could be answered;
 * W6  where limits are on, one mailbox is asked to vouch for somebody at most 3 times at once, then once
 *     in 8 hours: what is too much waits as in W3, and counts against no code of its own. */
#ifndef GATEWAY_MAIL_LETTERS_H
#define GATEWAY_MAIL_LETTERS_H

#include "gateway/mail/sender.h"

struct app;
struct letters;
struct redis_target;

/* holder: of the lease; borrowed. */
struct letters *letters_open(struct app *app, const struct redis_target *redis, const char *holder);
/* After the sender was closed. NULL is allowed. */
void letters_close(struct letters *l);
struct mail_source letters_source(struct letters *l);
/* There may be something new in those partitions, a bit each: they are looked at within 100 ms, all others once a
 * second. Any thread. */
void letters_wake(struct app *app, uint64_t partitions);

#endif
