/* mover.h - a member of staff who moves words or links accounts: the session and what moving works with. */
#ifndef GATEWAY_STAFF_MOVER_H
#define GATEWAY_STAFF_MOVER_H

#include "gateway/staff/gate.h"
#include "queues/move.h"

struct staff_mover {
    struct call *call;
    struct staff_session who;
    struct str by; /* stf_… */
    struct mover m;
};

/* Passes the gate; false where it was answered. End it with staff_mover_end(). */
bool staff_mover_begin(struct staff_mover *s, struct call *c, enum staff_act act);
void staff_mover_end(struct staff_mover *s);

#endif
