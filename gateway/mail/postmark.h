/* postmark.h - our own marks on the mails we send: where an answer goes, where a bounce goes, and Message-IDs.
 *
 *   r+<reference>.<participant>.<mac>@domain              Reply-To: who answers there answers for that person
 *   b+<mail>.<mac>@domain                                 envelope sender: what comes back there is about that mail
 *   <m.<mail>.<participant>.<reference>.<mac>@domain>     Message-ID of that mail, found again in References
 *
 * P1  each carries an 80-bit MAC over its kind and all that it says (INDEX_REPLY): nobody makes one who was not sent it,
 *     and no part of one fits into another;
 * P2  what stands left of the @ is lower-case Crockford base32, at most 64 bytes in an address, and is read in any case:
 *     some servers fold it. Nothing else is forgiven: no look-alike letters, no missing or further character;
 * P3  a mark tells to whom a mail was. Whether whoever sends it back may speak is another question (rules/joining.h).
 *
 * Pure but for the key. */
#ifndef GATEWAY_MAIL_POSTMARK_H
#define GATEWAY_MAIL_POSTMARK_H

#include "queues/seal.h"
#include "rules/base/id.h"
#include "rules/base/text.h"

struct arena;

/* domain: of mail-from, A-labels. Results are NUL-terminated in a. */
struct str postmark_reply_address(const struct keyring *k, struct arena *a, uint64_t reference, struct ulid participant,
                                  struct str domain);
struct str postmark_bounce_address(const struct keyring *k, struct arena *a, struct ulid mail, struct str domain);
/* With < and >. */
struct str postmark_message_id(const struct keyring *k, struct arena *a, struct ulid mail, uint64_t reference,
                               struct ulid participant, struct str domain);

enum postmark_kind {
    POSTMARK_NONE,       /* not of our making: another domain, or not of that form */
    POSTMARK_FORGED,     /* begins like one of ours and is none */
    POSTMARK_REPLY,      /* reference, participant */
    POSTMARK_BOUNCE,     /* mail */
    POSTMARK_MESSAGE_ID, /* mail, participant, reference */
};

struct postmark {
    uint64_t reference;
    struct ulid participant, mail;
};

/* address: local@domain, whatever it is. out is written unless NONE or FORGED is answered. */
enum postmark_kind postmark_of_address(const struct keyring *k, struct str address, struct str domain,
                                       struct postmark *out);
/* id: a Message-ID with or without < and >. */
enum postmark_kind postmark_of_id(const struct keyring *k, struct str id, struct str domain, struct postmark *out);

/* What stands behind the last @, empty where there is none. */
struct str postmark_domain(struct str address);

#endif
