/* message.h - a mail in the form that goes over the wire (RFC 5322, MIME).
 *
 * B1  a value with any byte below 0x20 or with 0x7F refuses the whole message:
 *     no header and no SMTP command can be smuggled in through a name, an address
 *     or a subject (libcurl 7.88 does not check);
 * B2  the message has no bare CR or LF, no line above 998 bytes, and only ASCII,
 *     but for an address whose local part is not: that one needs SMTPUTF8;
 * B3  the same mail gives the same bytes: nothing asks for time or chance. */
#ifndef GATEWAY_MAIL_MESSAGE_H
#define GATEWAY_MAIL_MESSAGE_H

#include "gateway/mail/mail.h"
#include "rules/base/err.h"

struct arena;

enum {
    MESSAGE_NAME_BYTES_MAX = 512,
    MESSAGE_SUBJECT_BYTES_MAX = 2000,
    MESSAGE_ID_BYTES_MAX = 250,
    MESSAGE_REFERENCES_MAX = 20,
    MESSAGE_BODY_BYTES_MAX = 1024 * 1024, /* each of text and html */
    MESSAGE_ADDRESS_BYTES_MAX = 254,
};

struct wire_message {
    struct str bytes;
    bool smtputf8; /* RFC 6531: only a relay that offers it may be given this */
};

/* ERR_INPUT where the mail cannot be sent as it is; *why then names the field,
 * static text without what it held. bytes live in a. */
enum err message_build(struct wire_message *out, const struct mail *m, struct arena *a, const char **why);

/* What may reach SMTP: one '@', bytes 0x21..0x7E without quotes, brackets,
 * comments and separators, local part up to 64 bytes, domain of letters, digits
 * and inner hyphens; no address literals. UTF-8 is let through in the local part
 * only, and then *utf8 says so (it is written in any case). */
bool message_address(struct str address, bool *utf8);

/* "<left@right>" in printable ASCII: for whoever copies a Message-ID out of a
 * mail of a stranger and had better leave a bad one out. */
bool message_id_valid(struct str id);

#endif
