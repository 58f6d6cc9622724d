#include "gateway/work.h"

#include "queues/redis.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct job {
    work_fn *fn;
    void *arg;
};

struct workers {
    pthread_mutex_t lock; /* guards all below but threads */
    pthread_cond_t more;
    struct job ring[WORK_WAITING_MAX];
    unsigned first, waiting;
    bool closing;

    struct redis_target target;
    bool has_target;
    int count;
    pthread_t threads[];
};

static _Thread_local struct redis *own_redis;

/* False when there is nothing left to do, ever. */
static bool next_job(struct workers *w, struct job *out)
{
    pthread_mutex_lock(&w->lock);
    while (w->waiting == 0 && !w->closing)
        pthread_cond_wait(&w->more, &w->lock);

    bool any = w->waiting > 0;

    if (any) {
        *out = w->ring[w->first];
        w->first = (w->first + 1) % WORK_WAITING_MAX;
        w->waiting--;
    }
    pthread_mutex_unlock(&w->lock);
    return any;
}

static void *work(void *arg)
{
    struct workers *w = arg;
    struct job job;

    (void)pthread_setname_np(pthread_self(), "work");
    own_redis = w->has_target ? redis_open(&w->target, WORK_REDIS_MS) : NULL;
    while (next_job(w, &job))
        job.fn(own_redis, job.arg);
    if (own_redis != NULL)
        redis_close(own_redis);
    own_redis = NULL;
    return NULL;
}

struct workers *workers_open(int threads, const struct redis_target *t)
{
    assert(threads > 0);

    struct workers *w = calloc(1, sizeof *w + (size_t)threads * sizeof w->threads[0]);

    if (w == NULL)
        abort();
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->more, NULL);
    if (t != NULL) {
        w->target = *t;
        w->has_target = true;
    }
    for (; w->count < threads; w->count++)
        if (pthread_create(&w->threads[w->count], NULL, work, w) != 0)
            abort();
    return w;
}

void workers_stop(struct workers *w)
{
    if (w == NULL)
        return;
    pthread_mutex_lock(&w->lock);
    w->closing = true;
    pthread_cond_broadcast(&w->more);
    pthread_mutex_unlock(&w->lock);
    for (; w->count > 0; w->count--)
        pthread_join(w->threads[w->count - 1], NULL);
}

void workers_close(struct workers *w)
{
    if (w == NULL)
        return;
    workers_stop(w);
    pthread_cond_destroy(&w->more);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

enum err work_submit(struct workers *w, work_fn *fn, void *arg)
{
    pthread_mutex_lock(&w->lock);

    bool room = w->waiting < WORK_WAITING_MAX && !w->closing;

    if (room) {
        w->ring[(w->first + w->waiting) % WORK_WAITING_MAX] = (struct job){fn, arg};
        w->waiting++;
        pthread_cond_signal(&w->more);
    }
    pthread_mutex_unlock(&w->lock);
    return room ? ERR_OK : ERR_BUSY;
}

struct redis *work_redis(void)
{
    return own_redis;
}

unsigned work_waiting(struct workers *w)
{
    pthread_mutex_lock(&w->lock);

    unsigned n = w->waiting;

    pthread_mutex_unlock(&w->lock);
    return n;
}
