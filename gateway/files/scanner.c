#include "gateway/files/scanner.h"

#include "gateway/app.h"
#include "gateway/conf.h"
#include "gateway/files/clamd.h"
#include "gateway/turns.h"
#include "queues/blob.h"
#include "queues/change.h"
#include "queues/clock.h"
#include "queues/file.h"
#include "queues/lease.h"
#include "queues/log.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

enum { REDIS_MS = 3000, ARENA_BYTES = 64 * 1024 };

struct scanner {
    struct app *app;
    struct redis *redis;
    const char *holder;
    struct turns *turns;

    pthread_mutex_t lock;
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
    clamd_scan(s->app->conf->clamd, bytes, 0, turns_stopping(s->turns), &answer);
    if (atomic_load(turns_stopping(s->turns)))
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

/* True where there may be more. */
static bool turn(void *arg, struct arena *a)
{
    struct scanner *s = arg;
    struct ulid due[SCANNER_TURN];
    int64_t waiting = 0;
    size_t n = 0, done = 0;

    if (lease_take(s->redis, a, "scan", str_of(s->holder), SCANNER_LEASE_MS) != ERR_OK ||
        files_due(s->redis, a, clock_now_ms(), SCANNER_TURN, due, &n) != ERR_OK)
        return false;
    for (; done < n && !atomic_load(turns_stopping(s->turns)); done++) {
        struct arena *one = arena_open(ARENA_BYTES);
        bool good = lease_take(s->redis, one, "scan", str_of(s->holder), SCANNER_LEASE_MS) == ERR_OK &&
                    look_at(s, one, due[done]) == ERR_OK;

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

/* ---- open, close ---- */

struct scanner *scanner_open(struct app *app, const struct redis_target *redis, const char *holder)
{
    struct scanner *s = calloc(1, sizeof *s);

    if (s == NULL)
        abort();
    s->app = app;
    s->holder = holder;
    s->redis = redis_open(redis, REDIS_MS);
    (void)pthread_mutex_init(&s->lock, NULL);
    turns_open(&s->turns, &(struct turns_options){"scanner", SCANNER_EVERY_MS, ARENA_BYTES, turn, s});
    return s;
}

void scanner_wake(struct scanner *s)
{
    turns_wake(s->turns);
}

void scanner_close(struct scanner *s)
{
    if (s == NULL)
        return;
    turns_close(s->turns);
    redis_close(s->redis);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

void scanner_state(struct scanner *s, struct scanner_state *out)
{
    (void)pthread_mutex_lock(&s->lock);
    *out = s->state;
    (void)pthread_mutex_unlock(&s->lock);
}
