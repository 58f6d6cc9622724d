/* job.h - long work in the background, carried on wherever it was left.
 *
 * A job is a record that says what is to be done, how far that is, and how it went. Whoever holds the lease of all jobs
 * calls its kind's step again and again until there is no more; gateway/jobs.h is the thread that does.
 *
 *   {p0}:jb:<job>  hash  v, kind, args (JSON, nothing personal), place, state, total (-1 not known), done, skipped, failed,
 *                        by (stf_… or "system"), at, ended (ms), stop ("1": asked to), why (of a failed one)
 *   {p0}:ji:<job>  zset  what went otherwise than meant: "<item> <outcome> <why>" by its ordinal
 *   {p0}:js        zset  all jobs by the time they began;  {p0}:jr  zset  those that run
 *
 * How a kind of job is added: write a step in your own module and declare it in its header,
 *
 *     enum err mine_step(struct job_turn *t);
 *
 * give it its row in the table of gateway/jobs.c (the include and the row: {"mine", mine_step}), and begin one with
 *
 *     change_job(c, keys, &(struct job_new){.kind = "mine", .args = json, .by = by, .at_ms = now});    in a change of {p0}
 *     job_start(redis, keys, arena, &new);                                                       alone
 *
 * then jobs_wake(app->jobs), or it begins within JOBS_EVERY_MS.
 *
 * B1  a step does a bounded piece of work from t->place on (JOB_STEP_ITEMS items, or what takes some 50 ms), sets
 *     t->place to where the next one begins, and t->ended where there is none. What it did to each item it says by
 *     job_done(), job_skipped() or job_failed();
 * B2  a step bears repetition: it may be killed before what it says of itself is saved, and is then run again from the
 *     same place, perhaps by another gateway. So each item is changed by one struct change that finds, when it is done
 *     again, that it was done, and counts it as done then, too;
 * B3  place, counts and outcomes are saved together against the version that was read: two that run one job by mistake
 *     count nothing twice;
 * B4  one gateway runs jobs at a time, by lease; one that died is followed within JOB_LEASE_MS;
 * B5  a step that answers ERR_STORE, ERR_BUSY or ERR_CONFLICT is tried again, forever; any other error ends the job as
 *     failed, with what is done left done. What is wrong with one item is job_failed(), and the job goes on;
 * B6  who stops a job stops it between two steps. */
#ifndef QUEUES_JOB_H
#define QUEUES_JOB_H

#include "queues/change.h"
#include "rules/base/err.h"
#include "rules/base/id.h"

#include <stdbool.h>
#include <stdint.h>

struct doc;
struct keyring;
struct redis;
struct rules;

enum {
    JOB_ARGS_MAX = 64 * 1024,
    JOB_STEP_ITEMS = 50,      /* a good size for one step */
    JOB_STEP_ITEMS_MAX = 250, /* of which a step may say how they went */
    JOB_ITEMS_KEPT = 100000,  /* outcomes of one job; more are counted and not kept */
    JOBS_RUNNING_MAX = 100,   /* at once; each gets a step in turn */
    JOB_LEASE_MS = 10 * 1000,
    JOB_LIVE_MS = 1000, /* between two live updates of one job */
};

#define JOB_KEEP_MS (INT64_C(30) * 86400000) /* after its end */

enum job_state { JOB_RUNNING, JOB_DONE, JOB_STOPPED, JOB_FAILED, JOB_STATES };

const char *job_state_name(enum job_state s);

struct job {
    struct ulid id;
    struct str kind, args, place; /* place: empty at the start */
    enum job_state state;
    bool stopping;                        /* asked to stop, between two steps */
    int64_t total, done, skipped, failed; /* total: -1 not known (yet) */
    struct str by, why;
    int64_t at_ms, ended_ms; /* ended: 0 not yet */
    int64_t told_ms;         /* of the last live update */
    struct str version;
};

/* ---- the kinds ---- */

struct job_outcome {
    struct str item; /* an id, or a line's number; no blanks */
    enum { JOB_OUTCOME_SKIPPED, JOB_OUTCOME_FAILED } outcome;
    struct str why; /* plain words, nothing personal */
};

struct job_turn {
    struct redis *redis;
    const struct keyring *keys;
    const struct rules *rules; /* in force now; NULL where the runner has none */
    struct arena *arena;       /* of this step */
    int64_t now_ms;
    void *app;             /* struct app, for kinds of gateway/ */
    const struct job *job; /* as it was read */
    const struct doc *args;

    struct str place; /* job->place at first; in arena */
    int64_t total;
    bool ended;
    int64_t done;
    struct job_outcome *outcomes;
    size_t outcome_count;
};

typedef enum err job_step(struct job_turn *t);

struct job_kind {
    const char *name; /* [a-z-]{1,32} */
    job_step *step;
};

void job_done(struct job_turn *t, int64_t items);
void job_skipped(struct job_turn *t, struct str item, const char *why);
void job_failed(struct job_turn *t, struct str item, const char *why);

/* ---- the records ---- */

struct job_new {
    struct ulid id; /* one of job_id(); zero: a fresh one, put here */
    const char *kind;
    struct str args;  /* a JSON object; empty: {} */
    struct str place; /* where to begin */
    struct str by;
    int64_t at_ms;
    int64_t total; /* 0: not known */
};

struct ulid job_id(void);
/* Part of a change of slot {p0}; done again with the same id it changes nothing but the audit. */
void change_job(struct change *c, const struct keyring *k, struct job_new *n);
/* Alone and once: ERR_OK where a job of that id is there already, too. ERR_LIMIT: JOBS_RUNNING_MAX are. */
enum err job_start(struct redis *r, const struct keyring *k, struct arena *a, struct job_new *n);
/* ERR_ABSENT. */
enum err job_read(struct redis *r, struct arena *a, struct ulid id, struct job *out);
/* The newest first, behind `after` (NULL: from the start). */
enum err job_list(struct redis *r, struct arena *a, const struct ulid *after, size_t max, struct job *out, size_t *n);
/* Outcomes from ordinal `from` on. */
enum err job_outcomes(struct redis *r, struct arena *a, struct ulid id, int64_t from, size_t max,
                      struct job_outcome *out, size_t *n);
/* B6. ERR_CONFLICT where it has ended. */
enum err job_stop(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, struct str by,
                  int64_t now_ms);

/* ---- running them ---- */

/* B4. ERR_ABSENT: another has it. */
enum err job_lease(struct redis *r, struct arena *a, struct str holder);
/* Those that run, the longest running first. */
enum err job_running(struct redis *r, struct arena *a, struct ulid out[JOBS_RUNNING_MAX], size_t *n);
/* One step of one job, and what follows from it. with: redis, keys, rules, arena, now_ms, app. ERR_ABSENT: none of
 * these kinds, or it does not run any more: nothing was done. Other errors: B5, to be tried again. */
enum err job_run(const struct job_turn *with, const struct job_kind *kinds, size_t n, struct ulid id);

#endif
