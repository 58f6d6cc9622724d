/* ticket_state.h - the life of a ticket, as one table.
 *
 *   filed --> open <----> waiting-us <----> waiting-customer     staff: each to each
 *              |              |                  |
 *              +------- staff: solved -----------+    customer writes:
 *                             v                       waiting-customer -> waiting-us
 *                          solved --- customer writes, staff: open ---> open
 *                             |   --- staff: waiting-us --------------> waiting-us
 *        staff: closed        v
 *        (from any state)  closed --- customer writes ---> linked work
 *
 * S1  what is not in the table is refused with ERR_CONFLICT and changes nothing;
 * S2  setting the state a ticket has already is allowed and changes nothing, so
 *     that a request whose answer was lost can be sent again;
 * S3  a reply of staff says something and moves nothing: who waits for whom is
 *     what staff say it is, or the clocks would stand still by accident;
 * S4  closed is the end: words of the customer open new work that is linked to it;
 * S5  what a robot sends in a customer's name (out of office) is kept where it belongs and moves nothing: it reopens
 *     nothing, and whoever was waited for still is. */
#ifndef RULES_TICKET_STATE_H
#define RULES_TICKET_STATE_H

#include "rules/base/err.h"
#include "rules/base/text.h"

/* Words of the outside interface; X(name, word). */
#define TICKET_STATE_LIST(X)                \
    X(OPEN, "open")                         \
    X(WAITING_CUSTOMER, "waiting-customer") \
    X(WAITING_US, "waiting-us")             \
    X(SOLVED, "solved")                     \
    X(CLOSED, "closed")

enum ticket_state {
#define X(name, word) TICKET_##name,
    TICKET_STATE_LIST(X)
#undef X
        TICKET_STATES
};

/* The first TICKET_STATES events are staff setting that state. */
enum ticket_event { TICKET_STAFF_REPLY = TICKET_STATES, TICKET_CUSTOMER_WRITES, TICKET_ROBOT_WRITES, TICKET_EVENTS };

/* What to add to the ticket's history for its clocks (sla.h). */
enum ticket_clock {
    TICKET_CLOCK_KEEP,
    TICKET_CLOCK_PAUSE,  /* SLA_PAUSED */
    TICKET_CLOCK_RESUME, /* SLA_RESUMED */
    TICKET_CLOCK_REPLY,  /* SLA_REPLIED */
    TICKET_CLOCK_STOP,   /* SLA_SOLVED */
    TICKET_CLOCK_REOPEN, /* SLA_REOPENED */
};

struct ticket_step {
    enum ticket_state next;
    enum ticket_clock clock;
    bool opens_linked; /* S4: this ticket stays as it is */
};

/* Pure. Writes *out on ERR_OK only; otherwise ERR_CONFLICT. */
enum err ticket_step(struct ticket_step *out, enum ticket_state from, enum ticket_event event);
/* Staff set this state. */
enum ticket_event ticket_staff_sets(enum ticket_state s);

const char *ticket_state_name(enum ticket_state s);
bool ticket_state_parse(struct str s, enum ticket_state *out);

#endif
