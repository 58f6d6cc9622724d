#include "gateway/alarm.h"

#include "gateway/app.h"
#include "gateway/turns.h"
#include "queues/clock.h"
#include "queues/escalation.h"
#include "queues/incident/active.h"
#include "queues/lease.h"
#include "queues/log.h"
#include "queues/redis.h"
#include "queues/ruleset.h"
#include "queues/silent.h"
#include "rules/base/arena.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

enum { REDIS_MS = 3000, ARENA_BYTES = 256 * 1024 };

struct alarm {
    struct app *app;
    struct redis *redis;
    const char *holder;
    struct turns *turns;
    pthread_mutex_t lock;
    struct alarm_state state;
};

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
static bool turn(void *arg, struct arena *a)
{
    struct alarm *s = arg;
    struct escalation done;
    size_t marks = 0;

    /* A queue of an incident that was declared a moment ago must not look like one that is no more. */
    if (lease_take(s->redis, a, "clocks", str_of(s->holder), ALARM_LEASE_MS) != ERR_OK ||
        active_follow(s->app->active, s->redis, s->app->keys, a) != ERR_OK)
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

struct alarm *alarm_open(struct app *app, const struct redis_target *redis, const char *holder)
{
    struct alarm *s = calloc(1, sizeof *s);

    if (s == NULL)
        abort();
    s->app = app;
    s->holder = holder;
    s->redis = redis_open(redis, REDIS_MS);
    (void)pthread_mutex_init(&s->lock, NULL);
    turns_open(&s->turns, &(struct turns_options){"clocks", ALARM_EVERY_MS, ARENA_BYTES, turn, s});
    return s;
}

void alarm_close(struct alarm *s)
{
    if (s == NULL)
        return;
    turns_close(s->turns);
    redis_close(s->redis);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

void alarm_state(struct alarm *s, struct alarm_state *out)
{
    (void)pthread_mutex_lock(&s->lock);
    *out = s->state;
    (void)pthread_mutex_unlock(&s->lock);
}
