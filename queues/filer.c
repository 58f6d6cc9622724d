#include "queues/filer_core.h"

#include "queues/clock.h"
#include "rules/base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    TICK_MS = 1000,
    AWAY_MS = 100, /* between two looks whether Redis is back */
    LOOK_MS = 50,  /* for retries that become due */
};

struct filer_job *filer_job_make(const struct item *i, struct str payload)
{
    struct filer_job *job = malloc(sizeof *job + payload.len + 1);

    if (job == NULL)
        abort();
    *job = (struct filer_job){.received_ms = i->received_ms,
                              .ulid = i->ulid,
                              .op = i->op,
                              .reference = i->reference,
                              .payload = {(char *)(job + 1), payload.len}};
    memcpy(job + 1, payload.at, payload.len);
    return job;
}

void filer_job_free(struct filer_job *job)
{
    if (job->gone != NULL)
        job->gone(job->gone_arg, job->seq);
    free(job);
}

void filer_submit(struct filer *f, struct filer_job *job)
{
    (void)pthread_mutex_lock(&f->lock);
    if (f->waiting >= FILER_WAITING_MAX && job->gone == NULL) {
        f->catch_up_to = job->seq;
        filer_job_free(job);
    } else {
        job->next = NULL;
        *f->last = job;
        f->last = &job->next;
        f->waiting++;
    }
    (void)pthread_cond_signal(&f->wake);
    (void)pthread_mutex_unlock(&f->lock);
}

/* ---- the thread ---- */

static bool stopping(struct filer *f)
{
    (void)pthread_mutex_lock(&f->lock);

    bool stop = f->stop;

    (void)pthread_mutex_unlock(&f->lock);
    return stop;
}

static void pause_ms(struct filer *f, int ms, bool for_work)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_mutex_lock(&f->lock);
    while (!f->stop && (!for_work || f->first == NULL))
        if (pthread_cond_timedwait(&f->wake, &f->lock, &until) != 0)
            break;
    (void)pthread_mutex_unlock(&f->lock);
}

/* False where Redis went while there was nothing to do. */
static bool tick(struct filer *f)
{
    int64_t now = clock_steady_ms();

    if (now - f->ticked_ms < TICK_MS)
        return true;
    f->ticked_ms = now;
    filer_vouch(f);
    f->o.tick(f->o.arg, f->redis);
    if (filer_look(f) == ERR_OK)
        return true;
    filer_redis_failed(f);
    return false;
}

static void turn(struct filer *f)
{
    struct batch b;

    arena_reset(f->arena);
    if (!f->checked && !filer_check_redis(f)) {
        pause_ms(f, AWAY_MS, false);
        return;
    }
    if (!tick(f))
        return;
    filer_take(f, &b);
    if (b.n == 0) {
        pause_ms(f, f->retry != NULL || filer_behind(f) ? LOOK_MS : TICK_MS, true);
        return;
    }
    if (filer_file(f, &b) != ERR_OK) {
        filer_redis_failed(f);
        pause_ms(f, AWAY_MS, false);
    }
}

static void *run(void *arg)
{
    struct filer *f = arg;

    (void)pthread_setname_np(pthread_self(), "filer");
    while (!stopping(f))
        turn(f);
    return NULL;
}

struct filer *filer_open(const struct filer_options *o)
{
    struct filer *f = calloc(1, sizeof *f);
    pthread_condattr_t attr;
    struct journal_state s;

    if (f == NULL)
        abort();
    f->o = *o;
    f->last = &f->first;
    f->redis = redis_open(o->redis, FILER_REDIS_MS);
    f->arena = arena_open(256 * 1024);
    f->lists = affected_sets_open();
    (void)journal_unpark(o->journal);
    journal_state(o->journal, &s);
    f->catch_up_to = s.last_seq;
    vouch_open(&f->vouch, o->identity_file, o->grace_ms);
    (void)snprintf(f->state.why, sizeof f->state.why, "not connected yet");
    (void)pthread_mutex_init(&f->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&f->wake, &attr);
    (void)pthread_condattr_destroy(&attr);
    if (pthread_create(&f->thread, NULL, run, f) != 0)
        abort();
    return f;
}

static void free_jobs(struct filer_job *job)
{
    while (job != NULL) {
        struct filer_job *next = job->next;

        filer_job_free(job);
        job = next;
    }
}

void filer_close(struct filer *f)
{
    if (f == NULL)
        return;
    (void)pthread_mutex_lock(&f->lock);
    f->stop = true;
    (void)pthread_cond_broadcast(&f->wake);
    (void)pthread_mutex_unlock(&f->lock);
    (void)pthread_join(f->thread, NULL);
    free_jobs(f->first);
    free_jobs(f->retry);
    redis_close(f->redis);
    arena_close(f->arena);
    affected_sets_close(f->lists);
    (void)pthread_cond_destroy(&f->wake);
    (void)pthread_mutex_destroy(&f->lock);
    free(f);
}

void filer_state(struct filer *f, struct filer_state *out)
{
    (void)pthread_mutex_lock(&f->lock);
    *out = f->state;
    out->waiting = f->waiting;
    (void)pthread_mutex_unlock(&f->lock);
}
