#include "gateway/alarm.h"

#include "gateway/app.h"
#include "queues/clock.h"
#include "queues/escalation.h"
#include "queues/incident/active.h"
#include "queues/keys.h"
#include "queues/log.h"
#include "queues/redis.h"
#include "queues/ruleset.h"
#include "queues/silent.h"
#include "rules/base/arena.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { REDIS_MS = 3000, ARENA_BYTES = 256 * 1024 };

struct alarm {
    struct app *app;
    struct redis *redis;
    const char *holder;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t call;
    bool stop;
    struct alarm_state state;
};

static bool take_lease(struct alarm *s, struct arena *a)
{
    struct redis_value v;
    struct str argv[] = {key_at(a, "lease", "clocks"), str_of(s->holder), str_int(a, ALARM_LEASE_MS)};

    return redis_run(s->redis, a, &v, SCRIPT_LEASE, 1, 3, argv) == ERR_OK && v.integer == 1;
}

static void count(struct alarm *s, const struct escalation *e)
{
    if (e->taken == 0)
        return;
    log_info("clocks_escalated", "steps=%zu tickets=%zu late_ms=%" PRId64, e->taken, e->looked, e->latest_ms);
    (void)pthread_mutex_lock(&s->lock);
    s->state.taken += e->taken;
    s->state.latest_ms = e->latest_ms;
    (void)pthread_mutex_unlock(&s->lock);
}

/* True where there may be more. */
static bool turn(struct alarm *s, struct arena *a)
{
    struct escalation done;
    size_t marks = 0;

    /* A queue of an incident that was declared a moment ago must not look like one that is no more. */
    if (!take_lease(s, a) || active_follow(s->app->active, s->redis, s->app->keys, a) != ERR_OK)
        return false;

    const struct rules *rules = ruleset_take(s->app->rules);
    enum err e = escalation_turn(s->redis, s->app->keys, rules, a, clock_now_ms(), &done);

    if (e == ERR_OK) {
        count(s, &done);
        e = silent_turn(s->redis, s->app->keys, rules, a, clock_now_ms(), &marks);
    }
    ruleset_release(s->app->rules, rules);
    return e == ERR_OK && ((done.looked == ESCALATION_TURN && done.taken > 0) || marks == SILENT_TURN);
}

static struct timespec moment_in(int64_t ms)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += (ms % 1000) * 1000000;
    t.tv_sec += ms / 1000 + t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

/* Until the next turn, or the end. */
static bool wait_a_turn(struct alarm *s, bool more)
{
    struct timespec until = moment_in(more ? 0 : ALARM_EVERY_MS);
    bool stop;

    (void)pthread_mutex_lock(&s->lock);
    while (!s->stop && pthread_cond_timedwait(&s->call, &s->lock, &until) == 0)
        ;
    stop = s->stop;
    (void)pthread_mutex_unlock(&s->lock);
    return !stop;
}

static void *run(void *arg)
{
    struct alarm *s = arg;
    struct arena *a = arena_open(ARENA_BYTES);
    bool more = false;

    (void)pthread_setname_np(pthread_self(), "clocks");
    while (wait_a_turn(s, more)) {
        more = turn(s, a);
        arena_reset(a);
    }
    arena_close(a);
    return NULL;
}

struct alarm *alarm_open(struct app *app, const struct redis_target *redis, const char *holder)
{
    struct alarm *s = calloc(1, sizeof *s);
    pthread_condattr_t steady;

    if (s == NULL)
        abort();
    s->app = app;
    s->holder = holder;
    s->redis = redis_open(redis, REDIS_MS);
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_condattr_init(&steady);
    (void)pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&s->call, &steady);
    (void)pthread_condattr_destroy(&steady);
    if (pthread_create(&s->thread, NULL, run, s) != 0)
        abort();
    return s;
}

void alarm_close(struct alarm *s)
{
    if (s == NULL)
        return;
    (void)pthread_mutex_lock(&s->lock);
    s->stop = true;
    (void)pthread_cond_signal(&s->call);
    (void)pthread_mutex_unlock(&s->lock);
    (void)pthread_join(s->thread, NULL);
    redis_close(s->redis);
    (void)pthread_cond_destroy(&s->call);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

void alarm_state(struct alarm *s, struct alarm_state *out)
{
    (void)pthread_mutex_lock(&s->lock);
    *out = s->state;
    (void)pthread_mutex_unlock(&s->lock);
}
