/* proof.h - what one person has shown of himself, and what it makes of him on one piece of work.
 *
 *   0 claimed   1 mailbox reached   2 mailbox on record, or somebody on record vouches
 *   3 two independent evidences     4 approved by two members of staff
 *
 * P1  a level is made of evidence alone, anew each time: nothing adds up but what is in the list;
 * P2  two evidences are independent where neither could have made the other: of different ways (mail, voice), or of two
 *     contacts of two sources that were reached in two mailboxes. One forged source, or one stolen mailbox that several
 *     sources know, never gives level 3;
 * P3  one of two independent evidences may be stale, not both: a former employee keeps his mailbox, too;
 * P4  level 4 takes two people, the second a lead or a manager, a written reason, two evidences of whatever age (a
 *     mailbox and its own records are one), and PROOF_WAIT_MS during which everybody on record may object;
 * P5  an objection (veto) takes levels above 1 from everybody of the account for PROOF_FREEZE_MS, whatever was shown;
 * P6  what one may is what the records of one's own mailbox say, all sources together, and no more than any voucher or
 *     contact called has himself; an approval says itself what it grants.
 *
 * Pure: told the time. The evidence is kept in queues/proof.h. */
#ifndef RULES_PROOF_H
#define RULES_PROOF_H

#include "rules/base/id.h"
#include "rules/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROOF_MAX = 32 };

#define PROOF_WAIT_MS   (INT64_C(24) * 3600 * 1000)
#define PROOF_FREEZE_MS (INT64_C(72) * 3600 * 1000)

enum proof_kind {
    PROOF_MAILBOX,   /* a code came through the mailbox the person gave */
    PROOF_RECORD,    /* that mailbox is a contact on record, and has not bounced */
    PROOF_VOUCH,     /* a contact on record said yes, by a code in his own mailbox */
    PROOF_CALL_BACK, /* staff called a number on record and spoke to the person */
    PROOF_SEEN,      /* staff saw something else: counts for an approval only */
    PROOF_KINDS
};

/* "mailbox", "record", "vouch", "call-back", "seen". */
const char *proof_kind_name(enum proof_kind kind);
bool proof_kind_parse(struct str s, enum proof_kind *out);

struct proof {
    enum proof_kind kind;
    struct ulid contact; /* whose record it rests on; zero for MAILBOX and SEEN */
    struct str source;   /* of that record; empty: none of this customer's, and so never a second evidence */
    bool stale;          /* of an old, uncertain or gone record (confidence.h) */
    unsigned authorised; /* bits of enum authorised that this record's holder has */
    struct str mailbox;  /* blind index of the one that the code went to; empty for CALL_BACK and SEEN */
};

struct proof_approval {
    struct ulid by, second; /* staff; second zero: not decided yet */
    bool second_leads;      /* the second is a lead or a manager */
    bool reasoned;          /* a reason was written down */
    bool refused;           /* by the second */
    int64_t decided_ms;     /* when the second agreed */
    unsigned authorised;    /* what both grant */
};

struct proof_case {
    const struct proof *proof;
    size_t n;
    const struct proof_approval *approval;
    size_t approvals;
    int64_t now_ms;
    int64_t frozen_until_ms; /* of the account; 0 never was */
};

struct proof_standing {
    int level;
    bool stale;             /* level 2 on stale evidence alone: nothing may be disclosed on it */
    bool frozen;            /* level would be higher */
    unsigned authorised;    /* bits of enum authorised (resolve.h) */
    int64_t waits_until_ms; /* an approval that will count then; 0 none */
    const char *why;        /* a sentence for staff; static */
};

void proof_judge(const struct proof_case *c, struct proof_standing *out);
/* P2. */
bool proof_independent(const struct proof *a, const struct proof *b);

/* What a level allows, asked in one place. */
enum proof_act {
    PROOF_READ_OWN, /* own words and answers to them: whoever holds the token */
    PROOF_TALK,     /* dialogue by mail, attachments: 1 */
    PROOF_DISCLOSE, /* what staff may say of the customer's affairs: 2, not stale */
    PROOF_ACCEPT,   /* accept a restore: 2, not stale, authorised for the site */
    PROOF_CHANGE,   /* new contacts, new ids: 3 */
    PROOF_ACTS
};
bool proof_allows(const struct proof_standing *s, enum proof_act act);
/* "read-own", "talk", "disclose", "accept", "change". */
const char *proof_act_name(enum proof_act act);

#endif
