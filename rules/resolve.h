/* resolve.h - whose is this? From evidence to one account, with reasons.
 *
 * V1  evidence on record outweighs what strangers claimed before;
 * V2  two strong identifiers on record that disagree never link: the item stays
 *     with an account of its own, for staff to judge;
 * V3  where nothing points anywhere, the asker gets the account that the strongest
 *     claim leads to: an earlier one of the same mailbox, or a new one;
 * V4  every decision gives its reasons in words.
 *
 * Pure. Which evidence there is was read by the caller (keys b:{…}). */
#ifndef RULES_RESOLVE_H
#define RULES_RESOLVE_H

#include "rules/base/id.h"
#include "rules/base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;

enum evidence_kind { EVIDENCE_EMAIL, EVIDENCE_SITE, EVIDENCE_INVOICE, EVIDENCE_PHONE, EVIDENCE_KINDS };

enum authorised { AUTHORISED_SITE = 1, AUTHORISED_BILLING = 2, AUTHORISED_SECURITY = 4, AUTHORISED_ALL = 7 };

/* One owner of one piece of evidence: a contact on record, or a stranger's claim. */
struct evidence {
    enum evidence_kind kind;
    struct ulid account;
    bool record; /* from an import; false: a claim */
    struct str source, contact, role, tier, region, language;
    unsigned authorised;     /* bits of enum authorised */
    int64_t as_of_days;      /* since 1970: last proven, else of the snapshot */
    int confidence_permille; /* 0..1000 */
    bool gone, bounced;
    bool shared; /* several contacts of that source have it: it names none of them */
};

/* field "<account ULID>:<source>" and its JSON, as they stand in b:{…}. False where they cannot be read. */
bool evidence_parse(enum evidence_kind kind, struct str field, struct str json, struct arena *a, struct evidence *out);

struct resolution {
    struct ulid account;
    bool fresh;   /* account is `own`: to be made */
    bool known;   /* a customer on record */
    bool repoint; /* the e-mail's claim should lead to account from now on */
    int score;    /* 0..100 */
    struct str tier, region, language;
    struct str reasons; /* JSON array of strings */
};

/* own: the account that is made where none is found. */
void resolve(const struct evidence *e, size_t n, struct ulid own, struct arena *a, struct resolution *out);

/* What a person whose mailbox was just proven may be called. */
struct standing {
    int level;  /* 1: reached; 2: that mailbox is on record and has not bounced */
    bool stale; /* level 2 of an old, uncertain or gone record (confidence.h), or of another account's */
    unsigned authorised;
};
/* e: the evidence of that mailbox. account: of the work. */
struct standing mailbox_standing(const struct evidence *e, size_t n, struct ulid account, int64_t today_days);

#endif
