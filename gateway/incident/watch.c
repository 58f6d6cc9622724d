#include "gateway/incident/watch.h"

#include "gateway/app.h"
#include "gateway/hooks/teller.h"
#include "queues/clock.h"
#include "queues/filer.h"
#include "queues/incident/suspicion.h"
#include "queues/keys.h"
#include "queues/log.h"
#include "queues/redis.h"
#include "rules/base/arena.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { REDIS_MS = 5000, ARENA_BYTES = 64 * 1024 };

struct watch {
    struct app *app;
    struct redis *redis;
    const char *holder;
    pthread_t thread;
    atomic_bool stop;
    bool down;

    pthread_mutex_t lock;
    pthread_cond_t call;
    struct watch_state state;
};

static bool take_lease(struct watch *w, struct arena *a)
{
    struct redis_value v;
    struct str argv[] = {key_at(a, "lease", "watch"), str_of(w->holder), str_int(a, WATCH_LEASE_MS)};

    return redis_run(w->redis, a, &v, SCRIPT_LEASE, 1, 3, argv) == ERR_OK && v.integer == 1;
}

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

static void turn(struct watch *w, struct arena *a)
{
    struct suspicion_turned t = {0};
    char usual[32];
    enum err e;
    struct filer_state filer;

    /* A Redis that is not fit is not written to (L5 of filer.h). */
    filer_state(w->app->filer, &filer);
    if (!filer.ready || !take_lease(w, a)) {
        publish(w, &t, 0);
        return;
    }
    e = suspicion_turn(w->redis, w->app->keys, a, clock_now_ms(), &t);
    if (e != ERR_OK && !w->down)
        log_warn("watch_failed", "err=%s why=%s", err_name(e), redis_why(w->redis));
    w->down = e != ERR_OK;
    if (e != ERR_OK)
        return;
    if (t.raised) {
        (void)snprintf(usual, sizeof usual, "%.3f", (double)t.now.usual_milli / 1000);
        log_warn("incident_suspected", "suspicion=%s accounts=%jd minutes=%jd usual=%s",
                 id_print(ID_SUSPICION, t.now.id).at, (intmax_t)t.now.accounts, (intmax_t)t.now.minutes, usual);
        teller_wake(w->app->teller);
    }
    publish(w, &t, open_accounts(w, a));
}

static void wait_a_turn(struct watch *w)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += WATCH_EVERY_MS / 1000;
    (void)pthread_mutex_lock(&w->lock);
    while (!atomic_load(&w->stop) && pthread_cond_timedwait(&w->call, &w->lock, &until) == 0)
        ;
    (void)pthread_mutex_unlock(&w->lock);
}

static void *run(void *arg)
{
    struct watch *w = arg;
    struct arena *a = arena_open(ARENA_BYTES);

    (void)pthread_setname_np(pthread_self(), "watch");
    while (!atomic_load(&w->stop)) {
        turn(w, a);
        arena_reset(a);
        wait_a_turn(w);
    }
    arena_close(a);
    return NULL;
}

struct watch *watch_open(struct app *app, const struct redis_target *redis, const char *holder)
{
    struct watch *w = calloc(1, sizeof *w);
    pthread_condattr_t steady;

    if (w == NULL)
        abort();
    w->app = app;
    w->holder = holder;
    w->redis = redis_open(redis, REDIS_MS);
    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_condattr_init(&steady);
    (void)pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&w->call, &steady);
    (void)pthread_condattr_destroy(&steady);
    if (pthread_create(&w->thread, NULL, run, w) != 0)
        abort();
    return w;
}

void watch_close(struct watch *w)
{
    if (w == NULL)
        return;
    (void)pthread_mutex_lock(&w->lock);
    atomic_store(&w->stop, true);
    (void)pthread_cond_signal(&w->call);
    (void)pthread_mutex_unlock(&w->lock);
    (void)pthread_join(w->thread, NULL);
    redis_close(w->redis);
    (void)pthread_cond_destroy(&w->call);
    (void)pthread_mutex_destroy(&w->lock);
    free(w);
}

void watch_state(struct watch *w, struct watch_state *out)
{
    (void)pthread_mutex_lock(&w->lock);
    *out = w->state;
    (void)pthread_mutex_unlock(&w->lock);
}
