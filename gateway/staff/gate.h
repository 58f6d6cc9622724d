/* gate.h - who may do what at the staff listener.
 *
 * Z1  nothing without a living session but signing in; what a role may do is one table, and what
 *     is not in it nobody may do;
 * Z2  what changes anything needs Sec-Fetch-Site: same-origin or, where a browser sends none, an
 *     Origin that is the console's; neither, or one of them twice, is refused (W3C Fetch Metadata);
 * Z3  Z2 is judged before anything is looked up, and the role after the session. */
#ifndef GATEWAY_STAFF_GATE_H
#define GATEWAY_STAFF_GATE_H

#include "queues/staff.h"

struct call;

#define STAFF_COOKIE "__Host-staff"

enum staff_act {
    ACT_READ,
    ACT_CLAIM,
    ACT_RELEASE,
    ACT_RELEASE_OTHERS,
    ACT_REPLY,
    ACT_NOTE,
    ACT_DRAFT,   /* write an update of an incident */
    ACT_PUBLISH, /* approve one, withdraw one */
    ACT_STATE,
    ACT_CALL,
    ACT_RETRY,
    ACT_MOVE,   /* move, split, put aside as spam */
    ACT_DECIDE, /* on suspected duplicates, and take that back */
    ACT_MERGE,
    ACT_PROVE,     /* write down what somebody has shown, ask that they be approved */
    ACT_APPROVE,   /* be the second person */
    ACT_THAW,      /* lift what an objection froze */
    ACT_STOP_JOB,  /* of somebody else */
    ACT_RULES,     /* try other rules */
    ACT_AWAY,      /* say who is away, and who stands in */
    ACT_ROSTER,    /* replace the roster */
    ACT_DECLARE,   /* declare and close incidents, lift what they freeze */
    ACT_SUSPICION, /* settle a suspected incident */
    ACT_BULK,      /* act on many tickets at once */
    ACT_REROUTE,   /* all open ones, by the rules in force */
    ACT_AFFECTED,  /* say which sites an incident hit */
    ACTS
};

bool gate_allows(enum staff_role role, enum staff_act act);
/* Z2 for the method of the call. */
bool gate_origin_fits(const struct call *c);
/* Pure: Z3 whole. session: NULL where there is none. ERR_DENIED, ERR_UNKNOWN_CALLER. */
enum err gate_judge(const struct call *c, const struct staff_session *session, enum staff_act act);

/* Reads the session of the call with r, judges, and answers where the answer is no: then false. */
bool gate_pass(struct call *c, struct redis *r, enum staff_act act, struct staff_session *out);

#endif
