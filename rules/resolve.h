/* resolve.h - whose is this? From evidence to one account, with reasons.
 *
 * V1  records outweigh what strangers claimed: the candidates on record are weighed first (match.h, `match customer`);
 * V2  two strong identifiers on record that disagree never link: the item stays with an account of its own, and both
 *     are suspected to be the same customer, for staff to judge;
 * V3  where no record links, the strongest claim leads: to the account of whoever made it first, and with it whoever
 *     comes later with the same evidence. Only an item whose strongest evidence nobody claimed is weighed against what
 *     strangers said before (`match stranger`);
 * V4  every decision gives its reasons in words, with file, line and version of the statement; they hold no personal
 *     data;
 * V5  what may be the same and does not link by itself is a suspect: of another account than the item's, each account
 *     once, the likeliest first.
 *
 * Pure. Which evidence there is was read by the caller (queues/evidence.h). */
#ifndef RULES_RESOLVE_H
#define RULES_RESOLVE_H

#include "rules/base/id.h"
#include "rules/base/text.h"
#include "rules/match.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct item;
struct rules;

enum evidence_kind { EVIDENCE_EMAIL, EVIDENCE_SITE, EVIDENCE_INVOICE, EVIDENCE_PHONE, EVIDENCE_HANDLE, EVIDENCE_KINDS };

/* The kinds that somebody can be known by who is on no record, the strongest first. */
enum { EVIDENCE_CLAIMED = 3 };
extern const enum evidence_kind evidence_claimed[EVIDENCE_CLAIMED];

enum authorised { AUTHORISED_SITE = 1, AUTHORISED_BILLING = 2, AUTHORISED_SECURITY = 4, AUTHORISED_ALL = 7 };

/* One owner of one piece of evidence: a contact on record, or a stranger's claim. */
struct evidence {
    enum evidence_kind kind;
    struct ulid account;
    bool record; /* from an import; false: a claim */
    struct str source, contact, site, role, tier, region, language;
    struct ulid ticket, participant; /* of a claim: who made it; zero where it does not say */
    unsigned authorised;             /* bits of enum authorised */
    int64_t as_of_days;              /* since 1970: last proven, else of the snapshot */
    int confidence_permille;         /* 0..1000 */
    bool gone, bounced;
    bool shared; /* several contacts of that source have it: it names none of them */
};

/* field "<account ULID>:<source>" and its JSON, as they stand in b:{…}. False where they cannot be read. */
bool evidence_parse(enum evidence_kind kind, struct str field, struct str json, struct arena *a, struct evidence *out);

/* Something that is known of an account, or was said. */
struct resolve_value {
    enum match_kind kind;
    struct str platform, text; /* platform: of a handle, where the text does not begin with it ("mastodon:a@b") */
    unsigned flags;            /* match.h */
};

struct resolve_candidate {
    struct ulid account;
    bool record; /* its values are on record; false: somebody said so. An account may be here as both */
    bool known;  /* the account is a customer on record */
    struct str tier, region, language;
    const struct resolve_value *value;
    size_t values;
};

struct resolve_question {
    const struct rules *rules;
    const struct item *item; /* as it speaks of its customer */
    bool proven;             /* its mailbox was confirmed */
    struct ulid own;         /* the account that is made where none is found */
    const struct evidence *e;
    size_t n;
    const struct resolve_candidate *candidate; /* at most MATCH_CANDIDATES_MAX */
    size_t candidates;
};

enum { RESOLVE_SUSPECTS_MAX = 3 };

struct suspect {
    struct ulid account;
    int score;
    struct str rule, reasons; /* "file:line"; JSON array of strings */
};

struct resolution {
    struct ulid account;
    bool fresh;      /* account is `own`: to be made */
    bool linked;     /* by a record, and not by a claim */
    bool known;      /* a customer on record */
    int score;       /* 0..100 of what led there; 0 where nothing did */
    struct str rule; /* "file:line" of the statement that decided; empty where none did */
    struct str tier, region, language;
    struct str reasons; /* JSON array of strings */
    size_t suspects;
    struct suspect suspect[RESOLVE_SUSPECTS_MAX];
};

void resolve(const struct resolve_question *q, struct arena *a, struct resolution *out);

/* What a person whose mailbox was just proven may be called. */
struct standing {
    int level;  /* 1: reached; 2: that mailbox is on record and has not bounced */
    bool stale; /* level 2 of an old, uncertain or gone record (confidence.h), or of another account's */
    unsigned authorised;
};
/* e: the evidence of that mailbox. account: of the work. */
struct standing mailbox_standing(const struct evidence *e, size_t n, struct ulid account, int64_t today_days);

#endif
