/* sla.h - the clocks of a ticket, computed from its history and never from counters.
 *
 * L1  a clock shows the working time of its queue's calendar in which the ticket
 *     waited for us; due is the moment at which that time has reached the promise;
 * L2  first-reply runs from opening to the first reply of staff; update begins
 *     again with each reply; restore ends when the ticket is solved;
 * L3  while the customer is waited for those clocks stand of which the queue says
 *     `pause … when waiting-customer`; while the ticket is solved every clock
 *     stands, and a reopened one runs on from where it stood;
 * L4  the same history gives the same answer, whenever it is asked for: only
 *     running and breached depend on now;
 * L5  a step is the moment at which so much of the promise is left, in working
 *     time: a clock that stands brings it no nearer, and one that was kept before
 *     never comes to it. */
#ifndef RULES_SLA_H
#define RULES_SLA_H

#include "rules/base/err.h"
#include "rules/calendar.h"

struct arena;

/* Word in rules files and answers; X(name, word). */
#define SLA_CLOCK_LIST(X)         \
    X(FIRST_REPLY, "first-reply") \
    X(UPDATE, "update")           \
    X(RESTORE, "restore")

enum sla_clock {
#define X(name, word) SLA_##name,
    SLA_CLOCK_LIST(X)
#undef X
        SLA_CLOCKS
};

#define SLA_EVENT_LIST(X)                                   \
    X(OPENED, "opened")                                     \
    X(PAUSED, "paused")   /* the customer is waited for */  \
    X(RESUMED, "resumed") /* and no more */                 \
    X(REPLIED, "replied") /* staff wrote to the customer */ \
    X(SOLVED, "solved")   /* or closed */                   \
    X(REOPENED, "reopened")

enum sla_event_kind {
#define X(name, word) SLA_##name,
    SLA_EVENT_LIST(X)
#undef X
        SLA_EVENTS
};

enum sla_state {
    SLA_NONE,    /* the queue makes no such promise */
    SLA_RUNNING, /* due_ms is when it will be broken */
    SLA_STANDS,  /* paused or solved; due_ms is SLA_NEVER, left_ms what is left */
    SLA_MET,     /* kept, at met_ms */
    SLA_BREACHED /* due_ms has passed; met_ms is when it was kept too late, if it was */
};

#define SLA_NEVER INT64_MAX

/* Years 0 to 9999: a moment outside counts as the nearest one inside. */
#define SLA_MS_MIN INT64_C(-62167219200000)
#define SLA_MS_MAX INT64_C(253402300799999)

struct sla_event {
    enum sla_event_kind kind;
    int64_t at_ms;
};

/* Whose a clock becomes before it is broken: roles of staff; X(name, word). */
#define SLA_ROLE_LIST(X) \
    X(AGENT, "agent")    \
    X(LEAD, "lead")      \
    X(MANAGER, "manager")

enum sla_role {
#define X(name, word) SLA_##name,
    SLA_ROLE_LIST(X)
#undef X
        SLA_ROLES
};

enum { SLA_STEPS_MAX = 12 }; /* a queue */

struct sla_step {
    enum sla_clock clock;
    int64_t before_ms; /* working time left; 0: at breach */
    enum sla_role to;
    int line; /* of the rules file */
};

/* What a queue promises. */
struct sla_policy {
    const struct calendar *calendar;
    int64_t promise_ms[SLA_CLOCKS]; /* working time; 0: no promise */
    bool pauses[SLA_CLOCKS];        /* stands while the customer is waited for */
    size_t step_count;              /* by clock, then in the order in which they come */
    const struct sla_step *steps;
};

struct sla_verdict {
    enum sla_state state;
    int64_t promise_ms;
    int64_t due_ms;  /* SLA_NEVER: stands, met before it was known, or beyond C3 */
    int64_t met_ms;  /* SLA_NEVER: not yet */
    int64_t left_ms; /* working time left of the promise, 0 once used up */
    size_t spans;    /* every interval counted, ascending; those after now are what is still to come */
    const struct span *counted;
};

/* events: in order of time; one that is earlier than the one before counts as at
 * the same moment. The first must be OPENED: otherwise ERR_INPUT. counted lives in a. */
enum err sla_judge(struct sla_verdict *out, enum sla_clock clock, const struct sla_policy *p,
                   const struct sla_event *events, size_t n, int64_t now_ms, struct arena *a);

/* When it comes to a step of its clock (L5), past or to come; SLA_NEVER: not as far as can be seen. */
int64_t sla_step_ms(const struct sla_verdict *v, const struct sla_step *s);

/* "first-reply", "opened", "running", "lead": static text. */
const char *sla_clock_name(enum sla_clock c);
const char *sla_role_name(enum sla_role r);
const char *sla_event_name(enum sla_event_kind k);
const char *sla_state_name(enum sla_state s);

#endif
