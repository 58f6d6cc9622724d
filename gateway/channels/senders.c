#include "gateway/channels/senders.h"

#include "gateway/http/call.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/log.h"
#include "queues/loop.h"
#include "queues/redis.h"
#include "rules/base/arena.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A call that waits for the next reading; in its arena. */
struct waiting {
    struct waiting *next;
    struct senders *senders;
    struct call *call;
    void (*then)(struct call *c);
};

/* When a sender has paid for all it posted (GCRA's theoretical arrival time). */
struct share {
    struct ulid sender;
    int64_t due_ms;
};

struct senders {
    const struct keyring *keys;
    const char *folder;
    pthread_rwlock_t table; /* guards now */
    struct webhooks *now;   /* in locked memory */

    pthread_mutex_t reading; /* one refresh at a time; guards read, said, unreadable */
    struct webhooks *read;   /* where the next one is read into */
    bool said;               /* that the file cannot be written */
    bool unreadable;         /* the record in Redis is, and that was said */

    pthread_mutex_t lock; /* guards the rest */
    struct share shares[WEBHOOKS_MAX];
    struct waiting *waiting;
    size_t waiting_count;
    bool coming;      /* somebody will read */
    int64_t began_ms; /* steady: the last reading */
    struct workers *workers;

    atomic_uint_fast64_t found, unknown, limited, read_again;
};

struct senders *senders_open(const struct keyring *keys, const char *folder)
{
    struct senders *s = calloc(1, sizeof *s);
    enum err e;

    if (s == NULL)
        abort();
    s->keys = keys;
    s->folder = folder;
    s->now = secret_memory(sizeof *s->now);
    s->read = secret_memory(sizeof *s->read);
    s->began_ms = clock_steady_ms() - SENDERS_GAP_MS;
    (void)pthread_rwlock_init(&s->table, NULL);
    (void)pthread_mutex_init(&s->reading, NULL);
    (void)pthread_mutex_init(&s->lock, NULL);
    e = webhooks_load(s->now, keys, folder);
    if (e != ERR_OK && e != ERR_ABSENT)
        log_warn("webhooks_unread", "why=%s what=%s", err_name(e), "known again once Redis answers");
    return s;
}

void senders_close(struct senders *s)
{
    if (s == NULL)
        return;
    secret_memory_free(s->now);
    secret_memory_free(s->read);
    (void)pthread_rwlock_destroy(&s->table);
    (void)pthread_mutex_destroy(&s->reading);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

/* ---- the table ---- */

/* Under `reading`. */
static void keep(struct senders *s)
{
    (void)pthread_rwlock_wrlock(&s->table);
    memcpy(s->now, s->read, sizeof *s->now);
    (void)pthread_rwlock_unlock(&s->table);

    enum err e = webhooks_save(s->read, s->keys, s->folder);

    if (e != ERR_OK && !s->said)
        log_error("webhooks_not_saved", "why=%s", err_name(e));
    s->said = e != ERR_OK;
}

/* Under `reading`: nobody else writes the table, so it may be read without its lock. */
static void give_back(struct senders *s, struct arena *a, struct redis *r)
{
    if (s->now->version == 0)
        return;

    enum err e = webhooks_put_back(r, s->keys, a, s->now);

    if (e == ERR_OK)
        log_warn("webhooks_put_back", "senders=%zu", s->now->n);
}

void senders_refresh(struct senders *s, struct redis *r)
{
    struct arena *a = arena_open(16 * 1024);

    (void)pthread_mutex_lock(&s->reading);

    enum err e = webhooks_read(r, s->keys, a, s->read);

    if (e == ERR_OK && s->read->mark != s->now->mark)
        keep(s);
    else if (e == ERR_ABSENT)
        give_back(s, a, r);
    else if (e != ERR_OK && e != ERR_STORE && !s->unreadable)
        log_error("webhooks_unreadable", "why=%s", err_name(e));
    s->unreadable = e != ERR_OK && e != ERR_STORE && e != ERR_ABSENT;
    (void)pthread_mutex_unlock(&s->reading);
    arena_close(a);
}

/* No early end, over secrets or senders. */
bool senders_find(struct senders *s, enum webhook_kind kind, const struct signature *sig, struct str body,
                  int64_t now_ms, struct ulid *sender)
{
    bool found = false;

    (void)pthread_rwlock_rdlock(&s->table);
    for (size_t i = 0; i < s->now->n; i++) {
        const struct webhook *w = &s->now->at[i];

        for (size_t n = 0; w->kind == kind && !w->disabled && n < w->secrets; n++)
            if (webhook_secret_lives(&w->secret[n], now_ms) && signature_fits(sig, body, w->secret[n].key)) {
                *sender = w->id;
                found = true;
            }
    }
    (void)pthread_rwlock_unlock(&s->table);
    atomic_fetch_add_explicit(found ? &s->found : &s->unknown, 1, memory_order_relaxed);
    return found;
}

/* ---- N4 ---- */

/* The share of that sender; else the one that has been paid for longest. Under the lock. */
static struct share *share_of(struct senders *s, struct ulid sender)
{
    struct share *free_one = &s->shares[0];

    for (size_t i = 0; i < WEBHOOKS_MAX; i++) {
        if (ulid_equal(s->shares[i].sender, sender))
            return &s->shares[i];
        if (s->shares[i].due_ms < free_one->due_ms)
            free_one = &s->shares[i];
    }
    *free_one = (struct share){sender, 0};
    return free_one;
}

int64_t senders_wait_ms(struct senders *s, struct ulid sender, int64_t now_ms)
{
    (void)pthread_mutex_lock(&s->lock);

    struct share *share = share_of(s, sender);
    int64_t due = share->due_ms > now_ms ? share->due_ms : now_ms;
    int64_t wait = due - (int64_t)WEBHOOK_GAP_MS * (WEBHOOK_BURST - 1) - now_ms;

    if (wait <= 0)
        share->due_ms = due + WEBHOOK_GAP_MS;
    (void)pthread_mutex_unlock(&s->lock);
    if (wait > 0)
        atomic_fetch_add_explicit(&s->limited, 1, memory_order_relaxed);
    return wait > 0 ? wait : 0;
}

void senders_counts(struct senders *s, struct senders_counts *out)
{
    *out = (struct senders_counts){.found = atomic_load(&s->found),
                                   .unknown = atomic_load(&s->unknown),
                                   .limited = atomic_load(&s->limited),
                                   .read_again = atomic_load(&s->read_again)};
}

/* ---- N2 ---- */

static void on_read(void *arg)
{
    struct waiting *w = arg;

    w->then(w->call);
}

/* Whoever waits by now is answered by what is read from now on. */
static struct waiting *take_waiting(struct senders *s)
{
    (void)pthread_mutex_lock(&s->lock);

    struct waiting *list = s->waiting;

    s->waiting = NULL;
    s->waiting_count = 0;
    s->coming = false;
    s->began_ms = clock_steady_ms();
    (void)pthread_mutex_unlock(&s->lock);
    return list;
}

static void wake(struct waiting *list)
{
    while (list != NULL) {
        struct waiting *next = list->next; /* it goes with its call */

        loop_post(call_loop(list->call), on_read, list);
        list = next;
    }
}

static void read_again(struct redis *redis, void *arg)
{
    struct senders *s = arg;
    struct waiting *list = take_waiting(s);

    atomic_fetch_add_explicit(&s->read_again, 1, memory_order_relaxed);
    if (redis != NULL)
        senders_refresh(s, redis);
    wake(list);
}

static void on_turn(void *arg)
{
    struct senders *s = ((struct waiting *)arg)->senders;

    if (work_submit(s->workers, read_again, s) != ERR_OK)
        wake(take_waiting(s)); /* too much to do: they are judged by what is known */
}

bool senders_again(struct senders *s, struct workers *workers, struct call *c, void (*then)(struct call *c))
{
    struct waiting *w = arena_new(c->arena, struct waiting);
    bool room, first = false;
    int64_t gap = 0;

    *w = (struct waiting){.senders = s, .call = c, .then = then};
    (void)pthread_mutex_lock(&s->lock);
    room = s->waiting_count < SENDERS_WAITING_MAX;
    if (room) {
        first = !s->coming;
        gap = s->began_ms + SENDERS_GAP_MS - clock_steady_ms();
        w->next = s->waiting;
        s->waiting = w;
        s->waiting_count++;
        s->coming = true;
        s->workers = workers;
    }
    (void)pthread_mutex_unlock(&s->lock);
    if (!room)
        return false;
    call_hold(c);
    if (first)
        call_after(c, gap > 0 ? (int)gap : 0, on_turn, w);
    return true;
}
