#include "gateway/jobs.h"

#include "gateway/app.h"
#include "gateway/incident/replace.h"
#include "gateway/incident/site_tickets.h"
#include "gateway/turns.h"
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
    struct turns *turns;
    bool down; /* the last step has to be tried again: said once */

    pthread_mutex_t lock;
    struct jobs_state state;
};

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
    turns_pause(j->turns, e != ERR_OK ? JOBS_AGAIN_MS : took > pause ? took : pause);
    return e;
}

/* A step of each job that runs. True where there may be more to do at once. */
static bool turn(void *arg, struct arena *a)
{
    struct jobs *j = arg;
    struct ulid ids[JOBS_RUNNING_MAX];
    size_t n = 0, did = 0;

    if (job_running(j->redis, a, ids, &n) != ERR_OK)
        return false;
    for (size_t i = 0; i < n && !atomic_load(turns_stopping(j->turns)); i++) {
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

/* ---- open, close ---- */

struct jobs *jobs_open(struct app *app, const struct redis_target *redis, const char *holder)
{
    struct jobs *j = calloc(1, sizeof *j);

    if (j == NULL)
        abort();
    j->app = app;
    j->holder = holder;
    j->redis = redis_open(redis, REDIS_MS);
    (void)pthread_mutex_init(&j->lock, NULL);
    turns_open(&j->turns, &(struct turns_options){"jobs", JOBS_EVERY_MS, 16 * 1024, turn, j});
    return j;
}

void jobs_wake(struct jobs *j)
{
    turns_wake(j->turns);
}

void jobs_close(struct jobs *j)
{
    if (j == NULL)
        return;
    turns_close(j->turns);
    redis_close(j->redis);
    (void)pthread_mutex_destroy(&j->lock);
    free(j);
}

void jobs_state(struct jobs *j, struct jobs_state *out)
{
    (void)pthread_mutex_lock(&j->lock);
    *out = j->state;
    (void)pthread_mutex_unlock(&j->lock);
}
