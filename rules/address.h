/* address.h - one normal form for each thing by which somebody may be known:
 * mail address, site, invoice. Phone numbers: phone.h.
 *
 * D1  what is typed is judged by form only: whether it exists, the mail tells;
 * D2  mail goes to what was typed, never to a form that was folded: the local part
 *     keeps every byte, the domain becomes A-labels (IDNA2008, non-transitional);
 * D3  nothing that only looks like an ASCII address ever equals one. No compatibility
 *     folding (NFKC) touches a local part, and a domain with a code point that IDNA
 *     mapping would turn into ASCII, or into nothing, is refused;
 * D4  the canonical form exists for blind indexes alone: equal forms are one address,
 *     and neither dots nor +tags are dropped, since not every server ignores them.
 *
 * Results live in the given arena; out is written only where the answer is true. */
#ifndef RULES_ADDRESS_H
#define RULES_ADDRESS_H

#include "rules/base/text.h"

struct arena;

enum {
    EMAIL_LOCAL_BYTES_MAX = 64, /* RFC 5321 4.5.3.1.1 */
    EMAIL_BYTES_MAX = 254,      /* RFC 5321 4.5.3.1.3 less the angle brackets */
    EVIDENCE_ID_CHARS_MIN = 3,  /* shorter ids are met by chance */
    EVIDENCE_ID_CHARS_MAX = 64,
    SITE_BYTES_MAX = 2048, /* of a pasted URL; only its host is used */
};

struct email {
    struct str spelled;   /* what mail is sent to: local part as typed, domain as A-labels */
    struct str canonical; /* lower case; at == NULL where the local part is not ASCII: never matched */
    struct str domain;    /* lower case A-labels, no dot at the end */
    bool ascii;           /* the local part is; otherwise the relay must offer SMTPUTF8 */
    bool free_mail;       /* anybody may have one there: the domain says nothing about a company */
    bool role;            /* info@, admin@: a desk, not a person */
};

/* RFC 5321 dot-string (RFC 6531 where not ASCII), white space around it dropped. Refused:
 * quoted local parts, comments, IP literals, domains of one label (nobody writes to us from
 * there; "me@gmail" is a slip) or with digits only in the last one. */
bool email_parse(struct arena *a, struct str typed, struct email *out);

/* "m•••@e•••.org": one character of each part and the last label. The number of dots is
 * always three, so that the mask does not tell lengths. spelled: as email_parse() made it. */
struct str email_mask(struct arena *a, struct str spelled);

/* A domain as lower-case A-labels; false where IDNA2008 or D3 refuses it. */
bool domain_parse(struct arena *a, struct str typed, struct str *out);

enum site_form { SITE_HOST, SITE_ID };

struct site {
    enum site_form form;
    /* A host in lower-case A-labels without "www.", which always holds a dot; or letters and
     * digits of an id in upper case, which never does: so both share one index. */
    struct str canonical;
};

/* What a locked-out person remembers of a site: a URL with or without scheme, port, path and
 * user, a host, or an id ("ACME-1234", "acme 1234": separators do not count). */
bool site_parse(struct arena *a, struct str typed, struct site *out);

/* Letters and digits in upper case; "INV 2026/0042", "inv-2026-0042" and "#INV20260042" are one. */
bool invoice_parse(struct arena *a, struct str typed, struct str *out);

#endif
