#include "gateway/incident/watch.h"

#include "gateway/app.h"
#include "gateway/hooks/teller.h"
#include "gateway/turns.h"
#include "queues/clock.h"
#include "queues/filer.h"
#include "queues/incident/suspicion.h"
#include "queues/lease.h"
#include "queues/log.h"
#include "queues/redis.h"
#include "rules/base/arena.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { REDIS_MS = 5000, ARENA_BYTES = 64 * 1024 };

struct watch {
    struct app *app;
    struct redis *redis;
    const char *holder;
    struct turns *turns;
    bool down;

    pthread_mutex_t lock;
    struct watch_state state;
};

static void publish(struct watch *w, const struct suspicion_turned *t, int64_t suspected)
{
    (void)pthread_mutex_lock(&w->lock);
    w->state.raised += t->raised;
    w->state.suspected = suspected;
    w->state.heard = t->heard;
    w->state.usual = t->usual;
    (void)pthread_mutex_unlock(&w->lock);
}

static int64_t open_accounts(struct watch *w, struct arena *a)
{
    struct suspicion last;
    size_t n = 0;

    if (suspicion_list(w->redis, w->app->keys, a, 1, &last, &n) != ERR_OK || n == 0)
        return 0;
    return str_is(last.state, SUSPICION_OPEN) ? last.accounts : 0;
}

/* There is never more to do at once. */
static bool turn(void *arg, struct arena *a)
{
    struct watch *w = arg;
    struct suspicion_turned t = {0};
    char usual[32];
    enum err e;
    struct filer_state filer;

    /* A Redis that is not fit is not written to (L5 of filer.h). */
    filer_state(w->app->filer, &filer);
    if (!filer.ready || lease_take(w->redis, a, "watch", str_of(w->holder), WATCH_LEASE_MS) != ERR_OK) {
        publish(w, &t, 0);
        return false;
    }
    e = suspicion_turn(w->redis, w->app->keys, a, clock_now_ms(), &t);
    if (e != ERR_OK && !w->down)
        log_warn("watch_failed", "err=%s why=%s", err_name(e), redis_why(w->redis));
    w->down = e != ERR_OK;
    if (e != ERR_OK)
        return false;
    if (t.raised) {
        (void)snprintf(usual, sizeof usual, "%.3f", (double)t.now.usual_milli / 1000);
        log_warn("incident_suspected", "suspicion=%s accounts=%jd minutes=%jd usual=%s",
                 id_print(ID_SUSPICION, t.now.id).at, (intmax_t)t.now.accounts, (intmax_t)t.now.minutes, usual);
        teller_wake(w->app->teller);
    }
    publish(w, &t, open_accounts(w, a));
    return false;
}

struct watch *watch_open(struct app *app, const struct redis_target *redis, const char *holder)
{
    struct watch *w = calloc(1, sizeof *w);

    if (w == NULL)
        abort();
    w->app = app;
    w->holder = holder;
    w->redis = redis_open(redis, REDIS_MS);
    (void)pthread_mutex_init(&w->lock, NULL);
    turns_open(&w->turns, &(struct turns_options){"watch", WATCH_EVERY_MS, ARENA_BYTES, turn, w});
    return w;
}

void watch_close(struct watch *w)
{
    if (w == NULL)
        return;
    turns_close(w->turns);
    redis_close(w->redis);
    (void)pthread_mutex_destroy(&w->lock);
    free(w);
}

void watch_state(struct watch *w, struct watch_state *out)
{
    (void)pthread_mutex_lock(&w->lock);
    *out = w->state;
    (void)pthread_mutex_unlock(&w->lock);
}
