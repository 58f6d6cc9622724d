#include "gateway/turns.h"

#include "rules/base/arena.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct turns {
    struct turns_options o;
    pthread_t thread;
    atomic_bool stop;

    pthread_mutex_t lock;
    pthread_cond_t call;
    bool called;
};

static struct timespec moment_in(int64_t ms)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += ms % 1000 * 1000000;
    t.tv_sec += ms / 1000 + t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

/* Until ms have passed, the end comes, or, where a call ends it, somebody called. */
static void wait_ms(struct turns *t, int64_t ms, bool call_ends_it)
{
    struct timespec until = moment_in(ms);

    (void)pthread_mutex_lock(&t->lock);
    while (!(t->called && call_ends_it) && !atomic_load(&t->stop) &&
           pthread_cond_timedwait(&t->call, &t->lock, &until) == 0)
        ;
    if (call_ends_it)
        t->called = false;
    (void)pthread_mutex_unlock(&t->lock);
}

static void *run(void *arg)
{
    struct turns *t = arg;
    struct arena *a = arena_open(t->o.arena_bytes);

    (void)pthread_setname_np(pthread_self(), t->o.name);
    while (!atomic_load(&t->stop)) {
        bool more = t->o.turn(t->o.arg, a);

        arena_reset(a);
        if (!more)
            wait_ms(t, t->o.every_ms, true);
    }
    arena_close(a);
    return NULL;
}

void turns_open(struct turns **out, const struct turns_options *o)
{
    struct turns *t = calloc(1, sizeof *t);
    pthread_condattr_t steady;

    if (t == NULL)
        abort();
    t->o = *o;
    (void)pthread_mutex_init(&t->lock, NULL);
    (void)pthread_condattr_init(&steady);
    (void)pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&t->call, &steady);
    (void)pthread_condattr_destroy(&steady);
    *out = t;
    if (pthread_create(&t->thread, NULL, run, t) != 0)
        abort();
}

void turns_wake(struct turns *t)
{
    (void)pthread_mutex_lock(&t->lock);
    t->called = true;
    (void)pthread_cond_signal(&t->call);
    (void)pthread_mutex_unlock(&t->lock);
}

void turns_pause(struct turns *t, int64_t ms)
{
    wait_ms(t, ms, false);
}

atomic_bool *turns_stopping(struct turns *t)
{
    return &t->stop;
}

void turns_close(struct turns *t)
{
    if (t == NULL)
        return;
    atomic_store(&t->stop, true);
    turns_wake(t);
    (void)pthread_join(t->thread, NULL);
    (void)pthread_cond_destroy(&t->call);
    (void)pthread_mutex_destroy(&t->lock);
    free(t);
}
