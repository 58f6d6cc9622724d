#include "rules/ticket_state.h"

#include <assert.h>

/* Columns: staff set open, waiting-customer, waiting-us, solved, closed; staff reply; customer writes; a robot writes. */
static const struct {
    bool allowed;
    struct ticket_step step;
} table[TICKET_STATES][TICKET_EVENTS] = {
#define GO(state, effect)                                          \
    {                                                              \
        true,                                                      \
        {                                                          \
            .next = TICKET_##state, .clock = TICKET_CLOCK_##effect \
        }                                                          \
    }
#define LINKED                                                                      \
    {                                                                               \
        true,                                                                       \
        {                                                                           \
            .next = TICKET_CLOSED, .clock = TICKET_CLOCK_KEEP, .opens_linked = true \
        }                                                                           \
    }
#define NO     \
    {          \
        false, \
        {      \
            0  \
        }      \
    }
    /* clang-format off */
    [TICKET_OPEN] = {
        GO(OPEN, KEEP), GO(WAITING_CUSTOMER, PAUSE), GO(WAITING_US, KEEP), GO(SOLVED, STOP), GO(CLOSED, STOP),
        GO(OPEN, REPLY), GO(OPEN, KEEP), GO(OPEN, KEEP)},
    [TICKET_WAITING_CUSTOMER] = {
        GO(OPEN, RESUME), GO(WAITING_CUSTOMER, KEEP), GO(WAITING_US, RESUME), GO(SOLVED, STOP), GO(CLOSED, STOP),
        GO(WAITING_CUSTOMER, REPLY), GO(WAITING_US, RESUME), GO(WAITING_CUSTOMER, KEEP)},
    [TICKET_WAITING_US] = {
        GO(OPEN, KEEP), GO(WAITING_CUSTOMER, PAUSE), GO(WAITING_US, KEEP), GO(SOLVED, STOP), GO(CLOSED, STOP),
        GO(WAITING_US, REPLY), GO(WAITING_US, KEEP), GO(WAITING_US, KEEP)},
    [TICKET_SOLVED] = {
        GO(OPEN, REOPEN), NO, GO(WAITING_US, REOPEN), GO(SOLVED, KEEP), GO(CLOSED, KEEP),
        GO(SOLVED, REPLY), GO(OPEN, REOPEN), GO(SOLVED, KEEP)},
    [TICKET_CLOSED] = {
        NO, NO, NO, NO, GO(CLOSED, KEEP),
        NO, LINKED, GO(CLOSED, KEEP)},
/* clang-format on */
#undef GO
#undef LINKED
#undef NO
};

enum err ticket_step(struct ticket_step *out, enum ticket_state from, enum ticket_event event)
{
    assert((unsigned)from < TICKET_STATES);
    assert((unsigned)event < TICKET_EVENTS);

    if (!table[from][event].allowed)
        return ERR_CONFLICT;
    *out = table[from][event].step;
    return ERR_OK;
}

enum ticket_event ticket_staff_sets(enum ticket_state s)
{
    assert((unsigned)s < TICKET_STATES);
    return (enum ticket_event)s;
}

static const char *const names[] = {
#define X(name, word) [TICKET_##name] = word,
    TICKET_STATE_LIST(X)
#undef X
};

const char *ticket_state_name(enum ticket_state s)
{
    assert((unsigned)s < TICKET_STATES);
    return names[s];
}

bool ticket_state_parse(struct str s, enum ticket_state *out)
{
    for (int i = 0; i < TICKET_STATES; i++)
        if (str_is(s, names[i])) {
            *out = (enum ticket_state)i;
            return true;
        }
    return false;
}
