/* act.h - one act of staff on one ticket: read, decide, change against what was read, again where
 * somebody was faster.
 *
 * A1  what an act changes, its place in the history, its audit entry and its live update are one
 *     change of Redis;
 * A2  nothing is answered before Redis has it. */
#ifndef GATEWAY_STAFF_ACT_H
#define GATEWAY_STAFF_ACT_H

#include "gateway/staff/gate.h"
#include "queues/ticket.h"
#include "rules/ticket_state.h"

struct act {
    struct call *call;
    struct redis *redis;
    struct staff_session who;
    int64_t now_ms;
    struct ticket ticket; /* as it was read for this try */
    struct happening *history;
    size_t history_count;
    struct str state, owner; /* of the ticket after the act */
    struct str owner_name;
    bool spam;  /* put aside: in no queue, and no mail goes out */
    void *more; /* the act's own */
};

/* Decides on act->ticket and puts what follows into the change; nothing put: nothing is to be done. Anything but
 * ERR_OK ends the act: told by its code, unless the step has answered by itself. */
typedef enum err act_step(struct act *act, struct change *c);

/* Passes the gate, runs the step. True where it is done and the answer is still to be given. */
bool act_run(struct act *act, struct call *call, enum staff_act kind, act_step *step);

/* Puts down what happened, sets the clock by it, moves the ticket to where it belongs now. clock: a name of
 * sla.h, or "". */
void act_happened(struct act *act, struct change *c, const char *kind, struct str detail, const char *clock);
/* The same word for the clock that a step of ticket_state.h means. */
const char *act_clock(enum ticket_clock clock);
/* The message of that id among all of them, NULL where there is none. */
const struct message *act_message(const struct message *all, size_t n, struct ulid id);
/* {"ticket","state","owner"}; yours. */
struct doc *act_doc(const struct act *act);
struct str act_staff_id(const struct act *act);

#endif
