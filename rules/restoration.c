#include "rules/restoration.h"

#include <assert.h>

/* Columns: waiting, restoring, automatic-check, our-validation, customer-validation, failed | signed off, sent back |
 * accepted, refused | marked, cleared, taken again. A cell is the next state plus one; 0 is refused. */
static const signed char table[RESTORATION_STATES][RESTORATION_EVENTS] = {
#define W  (RESTORATION_WAITING + 1)
#define R  (RESTORATION_RESTORING + 1)
#define A  (RESTORATION_AUTOMATIC_CHECK + 1)
#define O  (RESTORATION_OUR_VALIDATION + 1)
#define C  (RESTORATION_CUSTOMER_VALIDATION + 1)
#define H  (RESTORATION_HANDED_BACK + 1)
#define U  (RESTORATION_AUDIT + 1)
#define P  (RESTORATION_REOPENED + 1)
#define NO 0
    /* clang-format off */
    [RESTORATION_WAITING]             = {W,  R,  A,  O,  C,  R,   NO, NO,  NO, NO,  NO, NO, NO},
    [RESTORATION_RESTORING]           = {W,  R,  A,  O,  C,  R,   NO, NO,  NO, NO,  NO, NO, NO},
    [RESTORATION_AUTOMATIC_CHECK]     = {W,  R,  A,  O,  C,  R,   NO, R,   NO, NO,  NO, NO, NO},
    [RESTORATION_OUR_VALIDATION]      = {NO, R,  A,  O,  NO, R,   C,  R,   NO, NO,  NO, NO, NO},
    [RESTORATION_CUSTOMER_VALIDATION] = {NO, R,  A,  O,  C,  R,   NO, R,   H,  R,   NO, NO, NO},
    [RESTORATION_HANDED_BACK]         = {NO, NO, NO, NO, NO, U,   NO, NO,  H,  U,   U,  NO, NO},
    [RESTORATION_AUDIT]               = {NO, NO, NO, NO, NO, U,   NO, NO,  NO, U,   U,  H,  P},
    [RESTORATION_REOPENED]            = {P,  R,  A,  O,  C,  R,   NO, NO,  NO, NO,  NO, NO, P},
/* clang-format on */
#undef W
#undef R
#undef A
#undef O
#undef C
#undef H
#undef U
#undef P
#undef NO
};

enum err restoration_step(enum restoration_state from, enum restoration_event event, bool ours,
                          enum restoration_state *out)
{
    assert((unsigned)from < RESTORATION_STATES);
    assert((unsigned)event < RESTORATION_EVENTS);

    /* R2; where the customer is asked already, our validation has been. */
    if (event == RESTORATION_PASSED && ours && from != RESTORATION_CUSTOMER_VALIDATION)
        event = RESTORATION_PASSED_TO_US;
    if (table[from][event] == 0)
        return ERR_CONFLICT;
    *out = (enum restoration_state)(table[from][event] - 1);
    return ERR_OK;
}

bool restoration_begins_anew(enum restoration_state from, enum restoration_state to)
{
    return to == RESTORATION_REOPENED ||
           (to < RESTORATION_OUR_VALIDATION && from >= RESTORATION_OUR_VALIDATION && from != RESTORATION_REOPENED);
}

static const char *const states[] = {
#define X(name, word) [RESTORATION_##name] = word,
    RESTORATION_STATE_LIST(X)
#undef X
};
static const char *const events[] = {
#define X(name, word) [RESTORATION_##name] = word,
    RESTORATION_EVENT_LIST(X)
#undef X
};

const char *restoration_state_name(enum restoration_state s)
{
    assert((unsigned)s < RESTORATION_STATES);
    return states[s];
}

bool restoration_state_parse(struct str s, enum restoration_state *out)
{
    for (int i = 0; i < RESTORATION_STATES; i++)
        if (str_is(s, states[i])) {
            *out = (enum restoration_state)i;
            return true;
        }
    return false;
}

const char *restoration_event_name(enum restoration_event e)
{
    assert((unsigned)e < RESTORATION_EVENTS);
    return events[e];
}

static bool parse_event(struct str s, int n, enum restoration_event *out)
{
    for (int i = 0; i < n; i++)
        if (str_is(s, events[i])) {
            *out = (enum restoration_event)i;
            return true;
        }
    return false;
}

bool restoration_told_parse(struct str s, enum restoration_event *out)
{
    return parse_event(s, RESTORATION_TOLD, out);
}

bool restoration_event_parse(struct str s, enum restoration_event *out)
{
    return parse_event(s, RESTORATION_EVENTS, out);
}
