#include "gateway/jobs.h"

#include "gateway/app.h"
#include "gateway/incident/replace.h"
#include "gateway/incident/site_tickets.h"
#include "queues/bulk.h"
#include "queues/clock.h"
#include "queues/incident/active.h"
#include "queues/incident/affected.h"
#include "queues/incident/suspicion.h"
#include "queues/job.h"
#include "queues/log.h"
#include "queues/ruleset.h"
#include "rules/base/arena.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { REDIS_MS = 10000, ARENA_BYTES = 256 * 1024 };

/* Every kind of job. */
static const struct job_kind kinds[] = {
    {"belong", suspicion_belong_step}, {"bulk", bulk_step}, {REPLACE_JOB, replace_step}, {"reroute", reroute_step},
    {AFFECTED_JOB, site_tickets_step}, {"undo", undo_step},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

struct jobs {
    struct app *app;
    struct redis *redis;
    const char *holder;
    pthread_t thread;
    atomic_bool stop;
    bool down; /* the last step has to be tried again: said once */

    pthread_mutex_t lock;
    pthread_cond_t call;
    bool called;
    struct jobs_state state;
};

/* ---- waiting ---- */

/* Until ms have passed, or, where a call ends it, somebody called. */
static void wait_ms(struct jobs *j, int64_t ms, bool call_ends_it)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_mutex_lock(&j->lock);
    while (!(j->called && call_ends_it) && !atomic_load(&j->stop) &&
           pthread_cond_timedwait(&j->call, &j->lock, &until) == 0)
        ;
    if (call_ends_it)
        j->called = false;
    (void)pthread_mutex_unlock(&j->lock);
}

/* ---- turns ---- */

static void count(struct jobs *j, enum err e, int64_t took_ms)
{
    (void)pthread_mutex_lock(&j->lock);
    j->state.steps++;
    j->state.failed += e != ERR_OK;
    j->state.busy_ms += took_ms;
    (void)pthread_mutex_unlock(&j->lock);
}

static enum err step(struct jobs *j, struct arena *a, struct ulid id)
{
    int64_t began = clock_steady_ms(), pause = 1000 / JOBS_STEPS_A_SECOND, took;
    struct job_turn t = {.redis = j->redis, .keys = j->app->keys, .arena = a, .now_ms = clock_now_ms(), .app = j->app};

    /* What a step places is placed by what is declared now, though nobody has filed anything since. */
    (void)active_follow(j->app->active, j->redis, j->app->keys, a);
    t.rules = ruleset_take(j->app->rules);

    enum err e = job_run(&t, kinds, KINDS, id);

    ruleset_release(j->app->rules, t.rules);
    if (e == ERR_ABSENT)
        return e;
    took = clock_steady_ms() - began;
    count(j, e, took);
    if (e != ERR_OK && !j->down)
        log_warn("job_step_again", "job=%s why=%s redis=%s", id_print(ID_JOB, id).at, err_name(e), redis_why(j->redis));
    j->down = e != ERR_OK;
    wait_ms(j, e != ERR_OK ? JOBS_AGAIN_MS : took > pause ? took : pause, false);
    return e;
}

/* A step of each job that runs. True where there may be more to do at once. */
static bool turn(struct jobs *j, struct arena *a)
{
    struct ulid ids[JOBS_RUNNING_MAX];
    size_t n = 0, did = 0;

    if (job_running(j->redis, a, ids, &n) != ERR_OK)
        return false;
    for (size_t i = 0; i < n && !atomic_load(&j->stop); i++) {
        struct arena *one = arena_open(ARENA_BYTES);

        if (job_lease(j->redis, one, str_of(j->holder)) != ERR_OK)
            n = 0;
        else
            did += step(j, one, ids[i]) == ERR_OK;
        arena_close(one);
    }
    (void)pthread_mutex_lock(&j->lock);
    j->state.running = n;
    (void)pthread_mutex_unlock(&j->lock);
    return did > 0;
}

static void *run(void *arg)
{
    struct jobs *j = arg;
    struct arena *a = arena_open(16 * 1024);

    (void)pthread_setname_np(pthread_self(), "jobs");
    while (!atomic_load(&j->stop)) {
        bool more = turn(j, a);

        arena_reset(a);
        if (!more)
            wait_ms(j, JOBS_EVERY_MS, true);
    }
    arena_close(a);
    return NULL;
}

/* ---- open, close ---- */

struct jobs *jobs_open(struct app *app, const struct redis_target *redis, const char *holder)
{
    struct jobs *j = calloc(1, sizeof *j);
    pthread_condattr_t steady;

    if (j == NULL)
        abort();
    j->app = app;
    j->holder = holder;
    j->redis = redis_open(redis, REDIS_MS);
    (void)pthread_mutex_init(&j->lock, NULL);
    (void)pthread_condattr_init(&steady);
    (void)pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&j->call, &steady);
    (void)pthread_condattr_destroy(&steady);
    if (pthread_create(&j->thread, NULL, run, j) != 0)
        abort();
    return j;
}

void jobs_wake(struct jobs *j)
{
    (void)pthread_mutex_lock(&j->lock);
    j->called = true;
    (void)pthread_cond_signal(&j->call);
    (void)pthread_mutex_unlock(&j->lock);
}

void jobs_close(struct jobs *j)
{
    if (j == NULL)
        return;
    atomic_store(&j->stop, true);
    jobs_wake(j);
    (void)pthread_join(j->thread, NULL);
    redis_close(j->redis);
    (void)pthread_cond_destroy(&j->call);
    (void)pthread_mutex_destroy(&j->lock);
    free(j);
}

void jobs_state(struct jobs *j, struct jobs_state *out)
{
    (void)pthread_mutex_lock(&j->lock);
    *out = j->state;
    (void)pthread_mutex_unlock(&j->lock);
}
