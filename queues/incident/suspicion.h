/* suspicion.h - a suspected incident: raised when more accounts say that they are down than usually do, settled by staff.
 *
 * C1  at most one is open. It grows while more are heard, and says what its reports have in common, beside what reports
 *     of the day before it had;
 * C2  staff confirm it (its reports belong to an incident from then on) or dismiss it, with a reason. What was heard
 *     before either raises nothing again; nor does anything while the incident is declared that the last one became;
 * C3  it is raised in one change with its audit entry, its hook (incident.suspected) and its live event;
 * C4  the reports of a confirmed one are tickets of the incident: a job (suspicion_belong_step) writes the field
 *     `incident` into each and has the rules place it again, its clocks running on from when it was heard.
 *
 *   {p0}:su          zset  all of them, by when they were raised
 *   {p0}:su:<sus>    hash  v, state ("open", "confirmed", "dismissed"), first_ms, last_ms, raised_ms, minutes, accounts,
 *                          usual (thousandths), common (sealed JSON), settled_ms, by, why (sealed), incident
 *   us:{hours}       hash  what is usual: <hour of the week> -> "<millionths of accounts a minute> <weeks>"; "learnt":
 *                          the last hour that was */
#ifndef QUEUES_INCIDENT_SUSPICION_H
#define QUEUES_INCIDENT_SUSPICION_H

#include "queues/change.h"
#include "queues/job.h"
#include "queues/seal.h"
#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/suspicion.h"

enum {
    SUSPICION_WHY_MAX = 500, /* code points */
    SUSPICION_SHOWN_MINUTES = 5,
    SUSPICION_SAMPLE_MAX = 2000,   /* reports that are compared */
    SUSPICION_GROWS_MINUTES = 180, /* how far back an open one is counted; what is older is remembered as a number */
};

#define SUSPICION_OPEN      "open"
#define SUSPICION_CONFIRMED "confirmed"
#define SUSPICION_DISMISSED "dismissed"

struct suspicion {
    struct ulid id;
    struct str version, state, incident, by;
    struct str common; /* JSON: [{"what","value","reports","share","usual"}], shares in hundredths, usual null */
    struct str why;
    int64_t first_ms, last_ms, raised_ms, settled_ms; /* first: when the first of its reports was received */
    int64_t minutes, accounts, usual_milli;
};

/* ERR_ABSENT. */
enum err suspicion_read(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id,
                        struct suspicion *out);
/* The newest first. */
enum err suspicion_list(struct redis *r, const struct keyring *k, struct arena *a, size_t max, struct suspicion *out,
                        size_t *n);

/* What a turn has done. */
struct suspicion_turned {
    bool raised, grown;
    struct suspicion now; /* where raised or grown */
    int64_t heard;        /* accounts of the last SUSPICION_SHOWN_MINUTES */
    double usual;         /* and how many are usual in as many, at this hour */
};
/* Looks at what was heard, raises or grows, learns what is usual. One gateway at a time; each call bears repetition. */
enum err suspicion_turn(struct redis *r, const struct keyring *k, struct arena *a, int64_t now_ms,
                        struct suspicion_turned *out);

/* ERR_CONFLICT: it is settled. by: "stf_… NAME". */
enum err suspicion_dismiss(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, struct str by,
                           struct str why, int64_t now_ms);
/* Part of a change of {p0}, by which the incident of that slug is declared or which runs alone: ERR_CONFLICT then where
 * it is settled. Begins the job, too. */
void change_suspicion_confirmed(struct change *c, const struct keyring *k, const struct suspicion *s, struct str slug,
                                struct str by, int64_t now_ms);
/* To an incident that is declared already. ERR_ABSENT: there is none; ERR_CONFLICT. */
enum err suspicion_join(struct redis *r, const struct keyring *k, struct arena *a, const struct suspicion *s,
                        struct str slug, struct str by, int64_t now_ms);

/* C4: the job "belong", {"incident","since","from","to"}. */
enum err suspicion_belong_step(struct job_turn *t);

#endif
