#include "gateway/files/scanner.h"

#include "gateway/app.h"
#include "gateway/conf.h"
#include "gateway/files/clamd.h"
#include "queues/blob.h"
#include "queues/change.h"
#include "queues/clock.h"
#include "queues/file.h"
#include "queues/keys.h"
#include "queues/log.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { REDIS_MS = 3000, ARENA_BYTES = 64 * 1024 };

struct scanner {
    struct app *app;
    struct redis *redis;
    const char *holder;
    pthread_t thread;
    atomic_bool stop;

    pthread_mutex_t lock;
    pthread_cond_t call;
    bool called;
    struct scanner_state state;
};

/* ---- one file ---- */

static int64_t again_ms(int tries)
{
    int64_t wait = (int64_t)SCANNER_AGAIN_MS << (tries < 12 ? tries : 12);

    return wait < SCANNER_AGAIN_MAX_MS ? wait : SCANNER_AGAIN_MAX_MS;
}

static void count(struct scanner *s, enum file_state state)
{
    (void)pthread_mutex_lock(&s->lock);
    s->state.clean += state == FILE_STATE_CLEAN;
    s->state.infected += state == FILE_STATE_INFECTED;
    s->state.failed += state == FILE_STATE_HELD;
    s->state.unscanned += state == FILE_STATE_UNSCANNED;
    (void)pthread_mutex_unlock(&s->lock);
}

/* Consoles that show its ticket read it again; what was found stands in the audit, too. */
static void tell(struct scanner *s, struct arena *a, const struct file *f, enum file_state state, const char *why)
{
    struct change *c = change_begin(a);
    struct ticket t;

    if (ticket_read(s->redis, s->app->keys, a, f->ticket, &t) != ERR_OK)
        return; /* a hint is lost */
    change_live(c, "file", t.id, t.reference, t.queue, t.state, t.owner_name);
    if (state == FILE_STATE_INFECTED)
        change_audit(c, s->app->keys, t.partition, clock_now_ms(), STR("system"), "file.infected",
                     arena_strdup(a, id_print(ID_FILE, f->id).at), str_of(why));
    (void)change_run(s->redis, a, c, STR(""), STR(""), STR(""), NULL);
}

static enum err settle(struct scanner *s, struct arena *a, const struct file *f, enum file_state state, const char *why)
{
    int64_t again = clock_now_ms() + again_ms(f->tries);
    enum err e = file_judged(s->redis, a, f, state, str_of(why), again);

    if (e != ERR_OK)
        return e;
    if (state == FILE_STATE_HELD || state == FILE_STATE_INFECTED)
        log_warn("file_not_released", "file=%s state=%s why=%s tries=%d", id_print(ID_FILE, f->id).at,
                 file_state_name(state), why, f->tries + 1);
    count(s, state);
    tell(s, a, f, state, why);
    return ERR_OK;
}

/* S4. What was held for another reason than a scanner that was away stays held: somebody has to look. */
static enum err let_go(struct scanner *s, struct arena *a, const struct file *f)
{
    if (f->state == FILE_STATE_HELD && !str_is(f->why, "scanner-away"))
        return file_unqueue(s->redis, a, f->id);
    return settle(s, a, f, FILE_STATE_UNSCANNED, "");
}

static enum err scan(struct scanner *s, struct arena *a, const struct file *f)
{
    struct clamd_answer answer;
    struct str bytes;

    if (s->app->conf->clamd[0] == '\0')
        return let_go(s, a, f);
    if (blob_read(s->app->blobs, a, f->id, &bytes) != ERR_OK)
        return settle(s, a, f, FILE_STATE_HELD, "unreadable");
    clamd_scan(s->app->conf->clamd, bytes, 0, &s->stop, &answer);
    if (atomic_load(&s->stop))
        return ERR_BUSY;
    switch (answer.verdict) {
    case CLAMD_CLEAN:
        return settle(s, a, f, FILE_STATE_CLEAN, "");
    case CLAMD_FOUND:
        return settle(s, a, f, FILE_STATE_INFECTED, answer.why);
    case CLAMD_FAILED:
        break;
    }
    return settle(s, a, f, FILE_STATE_HELD, answer.why);
}

/* What has no readable record is never handed out: it needs no place in the queue. */
static enum err look_at(struct scanner *s, struct arena *a, struct ulid id)
{
    struct file f;
    enum err e = file_read(s->redis, s->app->keys, a, id, &f);

    if (e == ERR_CORRUPT || e == ERR_ABSENT)
        log_error("file_unreadable", "file=%s err=%s", id_print(ID_FILE, id).at, err_name(e));
    if (e == ERR_STORE)
        return e;
    if (e != ERR_OK || (f.state != FILE_STATE_WAITING && f.state != FILE_STATE_HELD))
        return file_unqueue(s->redis, a, id);
    return scan(s, a, &f);
}

/* ---- turns ---- */

static bool take_lease(struct scanner *s, struct arena *a)
{
    struct redis_value v;
    struct str argv[] = {key_at(a, "lease", "scan"), str_of(s->holder), str_int(a, SCANNER_LEASE_MS)};

    return redis_run(s->redis, a, &v, SCRIPT_LEASE, 1, 3, argv) == ERR_OK && v.integer == 1;
}

/* True where there may be more. */
static bool turn(struct scanner *s, struct arena *a)
{
    struct ulid due[SCANNER_TURN];
    int64_t waiting = 0;
    size_t n = 0, done = 0;

    if (!take_lease(s, a) || files_due(s->redis, a, clock_now_ms(), SCANNER_TURN, due, &n) != ERR_OK)
        return false;
    for (; done < n && !atomic_load(&s->stop); done++) {
        struct arena *one = arena_open(ARENA_BYTES);
        bool good = take_lease(s, one) && look_at(s, one, due[done]) == ERR_OK;

        arena_close(one);
        if (!good)
            return false;
    }
    if (files_waiting(s->redis, a, &waiting) == ERR_OK) {
        (void)pthread_mutex_lock(&s->lock);
        s->state.waiting = waiting;
        (void)pthread_mutex_unlock(&s->lock);
    }
    return n == SCANNER_TURN;
}

static void wait_for_call(struct scanner *s)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += SCANNER_EVERY_MS / 1000;
    (void)pthread_mutex_lock(&s->lock);
    while (!s->called && !atomic_load(&s->stop) && pthread_cond_timedwait(&s->call, &s->lock, &until) == 0)
        ;
    s->called = false;
    (void)pthread_mutex_unlock(&s->lock);
}

static void *run(void *arg)
{
    struct scanner *s = arg;
    struct arena *a = arena_open(ARENA_BYTES);

    (void)pthread_setname_np(pthread_self(), "scanner");
    while (!atomic_load(&s->stop)) {
        bool more = turn(s, a);

        arena_reset(a);
        if (!more)
            wait_for_call(s);
    }
    arena_close(a);
    return NULL;
}

/* ---- open, close ---- */

struct scanner *scanner_open(struct app *app, const struct redis_target *redis, const char *holder)
{
    struct scanner *s = calloc(1, sizeof *s);
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

void scanner_wake(struct scanner *s)
{
    (void)pthread_mutex_lock(&s->lock);
    s->called = true;
    (void)pthread_cond_signal(&s->call);
    (void)pthread_mutex_unlock(&s->lock);
}

void scanner_close(struct scanner *s)
{
    if (s == NULL)
        return;
    atomic_store(&s->stop, true);
    scanner_wake(s);
    (void)pthread_join(s->thread, NULL);
    redis_close(s->redis);
    (void)pthread_cond_destroy(&s->call);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

void scanner_state(struct scanner *s, struct scanner_state *out)
{
    (void)pthread_mutex_lock(&s->lock);
    *out = s->state;
    (void)pthread_mutex_unlock(&s->lock);
}
