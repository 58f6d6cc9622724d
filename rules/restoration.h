/* restoration.h - how one site comes back, as one table.
 *
 *   waiting --> restoring --> automatic-check --> our-validation --> customer-validation --> handed-back
 *                 ^  |               |    `-- where the batch asks for no validation of ours --^      |
 *                 |  `- each step may be passed over: what tells of a later one has seen the earlier  | marked
 *                 |                                                                                   v
 *                 +---- failed, sent back, refused by the customer                reopened <------- audit
 *                 +------------------------------------------------------------------'   cleared: handed-back
 *
 * R1  what is not in the table is refused with ERR_CONFLICT and changes nothing;
 * R2  nobody but the customer hands a site back, and no machine takes it past our validation where its batch asks for
 *     one: such an event leads to our validation itself;
 * R3  a failure, whoever finds it, returns the site to restoring; where it was handed back, it goes into the audit first,
 *     because people decide whether it is taken from its customer again;
 * R4  the same event again is allowed wherever it leads to the same state. */
#ifndef RULES_RESTORATION_H
#define RULES_RESTORATION_H

#include "rules/base/err.h"
#include "rules/base/text.h"

/* Words of the outside interface; X(name, word). */
#define RESTORATION_STATE_LIST(X)                 \
    X(WAITING, "waiting")                         \
    X(RESTORING, "restoring")                     \
    X(AUTOMATIC_CHECK, "automatic-check")         \
    X(OUR_VALIDATION, "our-validation")           \
    X(CUSTOMER_VALIDATION, "customer-validation") \
    X(HANDED_BACK, "handed-back")                 \
    X(AUDIT, "audit")                             \
    X(REOPENED, "reopened")

enum restoration_state {
#define X(name, word) RESTORATION_##name,
    RESTORATION_STATE_LIST(X)
#undef X
        RESTORATION_STATES
};

/* The first RESTORATION_TOLD are told by whoever restores, under the words of the states they report; X(name, word). */
#define RESTORATION_EVENT_LIST(X)     \
    X(QUEUED, "waiting")              \
    X(BEGUN, "restoring")             \
    X(CHECKED, "automatic-check")     \
    X(PASSED_TO_US, "our-validation") \
    X(PASSED, "customer-validation")  \
    X(FAILED, "failed")               \
    X(SIGNED_OFF, "signed-off")       \
    X(SENT_BACK, "sent-back")         \
    X(ACCEPTED, "accepted")           \
    X(REFUSED, "refused")             \
    X(MARKED, "marked")               \
    X(CLEARED, "cleared")             \
    X(TAKEN_AGAIN, "taken-again")

enum restoration_event {
#define X(name, word) RESTORATION_##name,
    RESTORATION_EVENT_LIST(X)
#undef X
        RESTORATION_EVENTS
};
enum { RESTORATION_TOLD = RESTORATION_FAILED + 1 };

/* Pure. ours: its batch asks for our validation. Writes *out on ERR_OK only; otherwise ERR_CONFLICT. */
enum err restoration_step(enum restoration_state from, enum restoration_event event, bool ours,
                          enum restoration_state *out);
/* Does this step begin the work anew, so that what was checked before counts no more? */
bool restoration_begins_anew(enum restoration_state from, enum restoration_state to);

const char *restoration_state_name(enum restoration_state s);
bool restoration_state_parse(struct str s, enum restoration_state *out);
const char *restoration_event_name(enum restoration_event e);
/* Of those that are told from outside only. */
bool restoration_told_parse(struct str s, enum restoration_event *out);
bool restoration_event_parse(struct str s, enum restoration_event *out);

#endif
