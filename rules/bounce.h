/* bounce.h - a mail of ours came back: what does the report say of the mailbox? (RFC 3464, RFC 3463)
 *
 * U1  a report of delay, or of success, says nothing yet: only Action "failed" is an end;
 * U2  a mailbox is dead where its server will not take mail for it ever: no such mailbox or domain, disabled, moved. It
 *     is not where only this mail was not wanted (full, too large, content, policy) or could not be brought in time;
 * U3  without an enhanced status the first three digits of the diagnosis decide, and without those it is no more than
 *     a mail that did not arrive.
 *
 * Pure. Whether the report is about a mail of ours at all is shown elsewhere, by a MAC. */
#ifndef RULES_BOUNCE_H
#define RULES_BOUNCE_H

#include "rules/base/text.h"

/* X(name, word): what is kept. In the order of how bad they are. */
#define BOUNCE_LIST(X)                                                  \
    X(NOTHING, "")          /* nothing final */                         \
    X(RETURNED, "returned") /* this mail did not arrive; another may */ \
    X(DEAD, "dead")         /* nor will any other */

enum bounce {
#define X(name, word) BOUNCE_##name,
    BOUNCE_LIST(X)
#undef X
        BOUNCES
};

const char *bounce_word(enum bounce b);
/* NOTHING for what is none of the words. */
enum bounce bounce_parse(struct str word);

/* action, status ("5.1.1"), why (diagnosis without its type): of one recipient; empty where the report lacks them. */
enum bounce bounce_judge(struct str action, struct str status, struct str why);

#endif
