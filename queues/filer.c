#include "queues/filer.h"

#include "queues/clock.h"
#include "queues/log.h"
#include "queues/ruleset.h"
#include "rules/base/arena.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    TICK_MS = 1000,
    AWAY_NEWS_MS = 1000,
    AWAY_MS = 100,     /* between two looks whether Redis is back */
    RETRY_MS = 200,    /* before an item that failed is tried again */
    CATCH_UP_MIN = 16, /* places in a batch kept for what the journal holds */
    RETRY_MAX = 1024,
};

struct filer {
    struct filer_options o;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;

    /* under the lock */
    struct filer_job *first, **last;
    size_t waiting;
    uint64_t catch_up_to; /* the journal holds unfiled rows up to here */
    struct filer_state state;

    /* the thread's own */
    struct redis *redis;
    struct arena *arena;
    uint64_t cursor; /* of catching up */
    struct filer_job *retry;
    size_t retries;
    bool checked;       /* identity and fitness, since the last loss of the connection */
    char identity[256]; /* of Redis, to be kept once all was filed again; "" none */
    bool rescan;        /* a retry was dropped: read the journal again from the start */
    int64_t ticked_ms;
    int64_t away_since_ms; /* steady; 0: Redis is there */
    char away_said[200];   /* the reason that was logged last */
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
    free(job);
}

void filer_submit(struct filer *f, struct filer_job *job)
{
    (void)pthread_mutex_lock(&f->lock);
    if (f->waiting >= FILER_WAITING_MAX) {
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

/* ---- the next batch ---- */

struct batch {
    size_t n;
    struct filer_job *job[FILER_BATCH];
    struct filing *filing[FILER_BATCH];
    enum err error[FILER_BATCH];
};

static bool work_in(const struct batch *b, uint64_t reference)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->job[i]->reference == reference)
            return true;
    return false;
}

static void keep_for_later(struct filer *f, struct filer_job *job, int wait_ms)
{
    if (f->retries >= RETRY_MAX) {
        f->rescan = true;
        filer_job_free(job);
        return;
    }

    struct filer_job **at = &f->retry;

    job->not_before_ms = wait_ms == 0 ? 0 : clock_steady_ms() + wait_ms;
    while (*at != NULL && (*at)->seq < job->seq)
        at = &(*at)->next;
    job->next = *at;
    *at = job;
    f->retries++;
}

static void take_retries(struct filer *f, struct batch *b)
{
    int64_t now = clock_steady_ms();

    for (struct filer_job **at = &f->retry; *at != NULL && b->n < FILER_BATCH;) {
        struct filer_job *job = *at;

        if (job->not_before_ms > now || work_in(b, job->reference)) {
            at = &job->next;
            continue;
        }
        *at = job->next;
        f->retries--;
        b->job[b->n++] = job;
    }
}

/* A later row of a work must not overtake one that waits. */
static bool work_waits(const struct filer *f, uint64_t reference)
{
    for (const struct filer_job *job = f->retry; job != NULL; job = job->next)
        if (job->reference == reference)
            return true;
    return false;
}

static void add(struct filer *f, struct batch *b, struct filer_job *job)
{
    if (work_in(b, job->reference) || work_waits(f, job->reference))
        keep_for_later(f, job, 0);
    else
        b->job[b->n++] = job;
}

static void take_live(struct filer *f, struct batch *b, size_t max)
{
    (void)pthread_mutex_lock(&f->lock);
    while (f->first != NULL && b->n < max) {
        struct filer_job *job = f->first;

        f->first = job->next;
        if (f->first == NULL)
            f->last = &f->first;
        f->waiting--;
        add(f, b, job);
    }
    (void)pthread_mutex_unlock(&f->lock);
}

static struct filer_job *job_of_row(const struct journal_row *row, struct arena *a)
{
    struct item i;

    if (item_parse(str_of(row->op), row->payload, a, &i) != ERR_OK)
        return NULL;
    i.ulid = row->ulid;
    i.received_ms = row->received_ms;

    struct filer_job *job = filer_job_make(&i, row->payload);

    job->seq = row->seq;
    job->failures = (int)row->failures;
    return job;
}

static uint64_t goal(struct filer *f)
{
    (void)pthread_mutex_lock(&f->lock);

    uint64_t to = f->catch_up_to;

    (void)pthread_mutex_unlock(&f->lock);
    return to;
}

static void take_journaled(struct filer *f, struct batch *b)
{
    struct journal_row rows[FILER_BATCH];
    uint64_t to = goal(f);
    size_t n = 0;

    if (f->rescan && f->retry == NULL) {
        f->rescan = false;
        f->cursor = 0;
    }
    if (f->cursor >= to || b->n == FILER_BATCH)
        return;
    if (journal_read(f->o.journal, f->arena, f->cursor, FILER_BATCH - b->n, rows, &n) != ERR_OK)
        return;
    if (n == 0)
        f->cursor = to;
    for (size_t i = 0; i < n; i++) {
        f->cursor = rows[i].seq;
        if (rows[i].seq > to) { /* a live one, which is in memory */
            f->cursor = to;
            break;
        }

        struct filer_job *job = job_of_row(&rows[i], f->arena);

        if (job == NULL) {
            log_error("item_unreadable", "item=%s", id_print(ID_ITEM, rows[i].ulid).at);
            journal_mark(f->o.journal, rows[i].seq, JOURNAL_PARKED);
        } else {
            add(f, b, job);
        }
    }
}

static bool behind(struct filer *f)
{
    return f->cursor < goal(f) || f->rescan;
}

static void take_batch(struct filer *f, struct batch *b)
{
    bool late = behind(f);

    b->n = 0;
    take_retries(f, b);
    take_live(f, b, late ? FILER_BATCH - CATCH_UP_MIN : FILER_BATCH);
    if (late)
        take_journaled(f, b);
}

/* ---- file it ---- */

static void begin(struct filer *f, struct batch *b, const struct rules *rules)
{
    int64_t now = clock_now_ms();

    for (size_t i = 0; i < b->n; i++) {
        struct filing *g = arena_new(f->arena, struct filing);
        struct filer_job *job = b->job[i];

        g->keys = f->o.keys;
        g->rules = rules;
        g->arena = f->arena;
        g->region = f->o.region;
        g->now_ms = now;
        b->filing[i] = g;
        b->error[i] = item_parse(str_of(item_op_name(job->op)), job->payload, f->arena, &g->item);
        g->item.ulid = job->ulid;
        g->item.received_ms = job->received_ms;
        filing_begin(g);
    }
}

/* One exchange for all that are under way. False when none is; ERR_STORE in *e ends the batch. */
static bool exchange(struct filer *f, struct batch *b, enum err *e)
{
    struct redis_value *replies;
    bool asked[FILER_BATCH] = {false}, any = false;
    size_t n, at = 0;

    for (size_t i = 0; i < b->n; i++)
        if (b->error[i] == ERR_OK && (asked[i] = filing_ask(b->filing[i], f->redis)))
            any = true;
    if (!any)
        return false;
    *e = redis_flush(f->redis, f->arena, &replies, &n);
    if (*e != ERR_OK)
        return false;
    for (size_t i = 0; i < b->n; i++) {
        if (!asked[i])
            continue;
        b->error[i] = filing_hear(b->filing[i], f->redis, replies + at);
        at += filing_asked(b->filing[i]);
        if (b->error[i] == ERR_STORE)
            *e = ERR_STORE;
    }
    assert(at == n);
    f->state.rounds++;
    return *e == ERR_OK;
}

static void fail(struct filer *f, struct filer_job *job, enum err e)
{
    journal_mark(f->o.journal, job->seq, JOURNAL_FAILED);
    if (++job->failures < FILER_FAILURES) {
        keep_for_later(f, job, RETRY_MS);
        return;
    }
    log_error("item_parked", "item=%s why=%s redis=%s", id_print(ID_ITEM, job->ulid).at, err_name(e),
              redis_why(f->redis));
    journal_mark(f->o.journal, job->seq, JOURNAL_PARKED);
    (void)pthread_mutex_lock(&f->lock);
    f->state.parked++;
    (void)pthread_mutex_unlock(&f->lock);
    filer_job_free(job);
}

static void settle(struct filer *f, struct filer_job *job, struct filing *g)
{
    journal_mark(f->o.journal, job->seq, JOURNAL_FILED);
    (void)pthread_mutex_lock(&f->lock);
    f->state.filed++;
    f->state.again += g->before;
    (void)pthread_mutex_unlock(&f->lock);
    f->o.filed(f->o.arg, g);
    filer_job_free(job);
}

/* After the exchanges: who is done, who failed, whose key was used for something else. True where some go on. */
static bool sort_out(struct filer *f, struct batch *b)
{
    size_t kept = 0;

    for (size_t i = 0; i < b->n; i++) {
        struct filer_job *job = b->job[i];
        struct filing *g = b->filing[i];

        if (b->error[i] != ERR_OK)
            fail(f, job, b->error[i]);
        else if (g->outcome == FILING_EARLY)
            fail(f, job, ERR_ABSENT);
        else if (g->outcome != FILING_KEY_REUSED || f->o.refuse(f->o.arg, g))
            settle(f, job, g);
        else { /* it was promised already: file it without its key */
            filing_keep(g);
            b->job[kept] = job;
            b->filing[kept] = g;
            b->error[kept++] = ERR_OK;
        }
    }
    b->n = kept;
    return kept > 0;
}

static void put_back(struct filer *f, struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        keep_for_later(f, b->job[i], 0);
    b->n = 0;
}

static enum err file_batch(struct filer *f, struct batch *b)
{
    const struct rules *rules = ruleset_take(f->o.rules);
    enum err e = ERR_OK;

    begin(f, b, rules);
    do {
        while (exchange(f, b, &e))
            ;
    } while (e == ERR_OK && sort_out(f, b));
    ruleset_release(f->o.rules, rules);
    if (e != ERR_OK)
        put_back(f, b);
    return e;
}

/* ---- is Redis there, the same, and fit? ---- */

/* A moment without Redis is no news: at a start, or while it is started again, nobody has to do anything. */
static void log_away(struct filer *f, const char *why)
{
    int64_t now = clock_steady_ms();

    if (f->away_since_ms == 0)
        f->away_since_ms = now;
    if (now - f->away_since_ms < AWAY_NEWS_MS || strcmp(f->away_said, why) == 0)
        return;
    (void)snprintf(f->away_said, sizeof f->away_said, "%s", why);
    log_warn("redis_away", "why=%s", why);
}

static void say_ready(struct filer *f, bool ready, const char *why)
{
    (void)pthread_mutex_lock(&f->lock);
    f->state.ready = ready;
    (void)snprintf(f->state.why, sizeof f->state.why, "%s", why);
    (void)pthread_mutex_unlock(&f->lock);
    if (!ready) {
        log_away(f, why);
        return;
    }
    log_info("redis_ready");
    f->away_since_ms = 0;
    f->away_said[0] = '\0';
}

static void read_identity(const struct filer *f, char *out, size_t bytes)
{
    FILE *file = fopen(f->o.identity_file, "re");

    out[0] = '\0';
    if (file == NULL)
        return;
    if (fgets(out, (int)bytes, file) == NULL)
        out[0] = '\0';
    (void)fclose(file);
}

/* Losing this file costs one more filing of the grace time, so it is written plainly. */
static void write_identity(const struct filer *f, const char *identity)
{
    FILE *file = fopen(f->o.identity_file, "we");

    if (file == NULL)
        return;
    (void)fputs(identity, file);
    (void)fclose(file);
}

static void file_again(struct filer *f)
{
    size_t n = journal_rewind(f->o.journal, clock_now_ms() - f->o.grace_ms);
    struct journal_state s;

    journal_state(f->o.journal, &s);
    (void)pthread_mutex_lock(&f->lock);
    f->catch_up_to = s.last_seq;
    (void)pthread_mutex_unlock(&f->lock);
    f->cursor = 0;
    log_info("file_again", "rows=%zu reason=%s", n, "redis_changed");
}

static bool check_redis(struct filer *f)
{
    struct str identity;
    char why[200], last[256];
    enum err e = redis_identity(f->redis, f->arena, &identity);

    if (e == ERR_OK)
        e = redis_fitness(f->redis, f->arena, why, sizeof why);
    if (e != ERR_OK) {
        say_ready(f, false, e == ERR_CONF ? why : redis_why(f->redis));
        return false;
    }
    read_identity(f, last, sizeof last);
    if (!str_is(identity, last)) {
        file_again(f);
        (void)snprintf(f->identity, sizeof f->identity, "%s", identity.at);
    }
    say_ready(f, true, "");
    f->checked = true;
    return true;
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

static void tick(struct filer *f)
{
    int64_t now = clock_steady_ms();

    if (now - f->ticked_ms < TICK_MS)
        return;
    f->ticked_ms = now;
    f->o.tick(f->o.arg, f->redis);
}

/* The new identity is kept only when everything has been filed again: a crash before that begins anew. */
static void keep_identity(struct filer *f)
{
    if (f->identity[0] == '\0' || behind(f) || f->retry != NULL)
        return;
    write_identity(f, f->identity);
    f->identity[0] = '\0';
}

static void turn(struct filer *f)
{
    struct batch b;

    arena_reset(f->arena);
    if (!f->checked && !check_redis(f)) {
        pause_ms(f, AWAY_MS, false);
        return;
    }
    tick(f);
    take_batch(f, &b);
    if (b.n == 0) {
        keep_identity(f);
        pause_ms(f, f->retry != NULL || behind(f) ? RETRY_MS / 4 : TICK_MS, true);
        return;
    }
    if (file_batch(f, &b) != ERR_OK) {
        say_ready(f, false, redis_why(f->redis));
        f->checked = false;
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
    journal_state(o->journal, &s);
    f->catch_up_to = s.last_seq;
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
