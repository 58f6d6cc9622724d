/* mail.h - from a mail, as the mail server gave it and as it was read, to the item that is filed.
 *
 *   LMTP ─> journal (op "mail") ─> read (mime.h) ─> mail_to_item() ─> filed like any other item
 *
 * Q1  pure: the same envelope, mail and keys give the same item. A mail that is read again, after a kill or for a new
 *     Redis, is filed as what it was filed as before;
 * Q2  every mail gives an item. Of one that could not be read the item says so, in a sentence, beside what its header
 *     tells; the original stays behind it;
 * Q3  nothing in it is believed. From is a claim; `proven` is set by our own mail server's word alone (authres.h),
 *     `answers` by a mark of our own (postmark.h), and the envelope is what the mail server says;
 * Q4  `external` is its Message-ID, or its bytes where it has none. Filing folds what has the same one only where sender
 *     and words are the same, too: nobody can swallow a mail by sending its Message-ID first. */
#ifndef GATEWAY_INTAKE_MAIL_H
#define GATEWAY_INTAKE_MAIL_H

#include "rules/item.h"

struct arena;
struct keyring;
struct mime_mail;

/* Who we are. Borrowed. */
struct mail_house {
    const struct keyring *keys;
    const char *address;     /* of mail-from, as configured */
    const char *authserv_id; /* of the one whose Authentication-Results are believed; "" nobody's */
    int authserv_below;      /* and below how many Received fields: rules/authres.h, X2 */
    const char *language;    /* where the words do not tell */
    const char *unreadable;  /* the sentence of Q2 */
};

/* envelope: op ITEM_MAIL with ulid, received_ms, reference, sender, recipients (an LF behind each), raw or raw_blob.
 * raw: the mail's bytes, wherever they were. m: as it was read; NULL where it must not be (its reader died of it).
 * Everything of out is in a or borrowed from what is given: op ITEM_REQUEST or ITEM_BOUNCE (thread.h), same ulid,
 * reference and original. */
void mail_to_item(const struct mail_house *h, const struct item *envelope, struct str raw, const struct mime_mail *m,
                  struct arena *a, struct item *out);

#endif
