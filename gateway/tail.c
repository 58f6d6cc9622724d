#include "gateway/tail.h"

#include "gateway/app.h"
#include "gateway/http/server.h"
#include "queues/clock.h"
#include "queues/journal.h"
#include "queues/keys.h"
#include "queues/redis.h"
#include "rules/base/arena.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    REDIS_MS = 3000,
    AWAY_US = 200 * 1000,
    GATHER_US = 25 * 1000,   /* after news: what comes meanwhile is read and sent together */
    PIECE_BYTES = 16 * 1024, /* sent at once: well under what may wait for a slow stream */
};

struct tail {
    struct app *app;
    size_t listener;
    struct redis *redis;
    pthread_t thread;
    _Atomic bool stop;
    int64_t epoch;
    struct str last[PARTITIONS]; /* newest stream id seen, owned */
    size_t parked;               /* rows, as last told */

    pthread_mutex_t lock;
    int64_t count;         /* events so far */
    char *kept[TAIL_KEPT]; /* the JSON of event n at n % TAIL_KEPT */
};

static void set_last(struct tail *t, unsigned p, struct str id)
{
    char *copy = malloc(id.len + 1);

    if (copy == NULL)
        abort();
    for (size_t i = 0; i < id.len; i++)
        copy[i] = id.at[i];
    copy[id.len] = '\0';
    free((char *)(uintptr_t)t->last[p].at);
    t->last[p] = (struct str){copy, id.len};
}

static void wire(struct buf *b, int64_t epoch, int64_t n, const char *json)
{
    buf_printf(b, "id: %" PRId64 "-%" PRId64 "\ndata: %s\n\n", epoch, n, json);
}

/* Keeps an event and appends it to what all streams are about to get. */
static void tell(struct tail *t, struct str json, struct buf *out)
{
    char *copy = malloc(json.len + 1);

    if (copy == NULL)
        abort();
    for (size_t i = 0; i < json.len; i++)
        copy[i] = json.at[i];
    copy[json.len] = '\0';
    (void)pthread_mutex_lock(&t->lock);

    int64_t n = ++t->count;

    free(t->kept[n % TAIL_KEPT]);
    t->kept[n % TAIL_KEPT] = copy;
    wire(out, t->epoch, n, copy);
    (void)pthread_mutex_unlock(&t->lock);
}

static void send_out(struct tail *t, struct buf *news)
{
    if (news->len > 0)
        stream_send_all(t->app->server, t->listener, buf_view(news));
    news->len = 0;
}

/* The partition of "{p17}:ev". */
static unsigned partition_of_key(struct str key)
{
    return (unsigned)strtoul(key.at + 2, NULL, 10) % PARTITIONS;
}

/* One stream's part of XREAD's answer: [key, [[id, [field, value]], …]]. */
static void hear_stream(struct tail *t, const struct redis_value *stream, struct buf *out)
{
    const struct redis_value *entries = &stream->items[1];

    for (size_t i = 0; i < entries->count; i++) {
        const struct redis_value *entry = &entries->items[i];

        set_last(t, partition_of_key(stream->items[0].text), entry->items[0].text);
        if (entry->count == 2 && entry->items[1].count >= 2)
            tell(t, entry->items[1].items[1].text, out);
        if (out->len > PIECE_BYTES)
            send_out(t, out);
    }
}

/* A blocking XREAD costs Redis a place in 64 lists: under load it is asked a few times a second, not after each
 * event, and the loops are woken as often. */
static enum err read_once(struct tail *t, struct arena *a)
{
    struct str argv[6 + 2 * PARTITIONS] = {STR("XREAD"), STR("COUNT"), STR("256"),
                                           STR("BLOCK"), STR("500"),   STR("STREAMS")};
    struct redis_value v;
    struct buf news = {0};

    for (unsigned p = 0; p < PARTITIONS; p++) {
        argv[6 + p] = key_in(a, p, "ev", "");
        argv[6 + PARTITIONS + p] = t->last[p].at == NULL ? STR("$") : t->last[p];
    }

    enum err e = redis_do(t->redis, a, &v, sizeof argv / sizeof argv[0], argv);

    for (size_t i = 0; e == ERR_OK && i < v.count; i++)
        if (v.items[i].count == 2)
            hear_stream(t, &v.items[i], &news);
    send_out(t, &news);
    if (e == ERR_OK && v.count > 0)
        (void)usleep(GATHER_US);
    buf_free(&news);
    return e;
}

/* Where each stream ends now; "$" alone would lose what comes between two reads. */
static enum err find_ends(struct tail *t, struct arena *a)
{
    struct redis_value *v;
    size_t n;

    for (unsigned p = 0; p < PARTITIONS; p++)
        redis_add(t->redis, 6,
                  (struct str[]){STR("XREVRANGE"), key_in(a, p, "ev", ""), STR("+"), STR("-"), STR("COUNT"), STR("1")});

    enum err e = redis_flush(t->redis, a, &v, &n);

    for (unsigned p = 0; e == ERR_OK && p < n; p++)
        set_last(t, p, v[p].count == 1 && v[p].items[0].count == 2 ? v[p].items[0].items[0].text : STR("0-0"));
    return e;
}

/* What is parked stands in this gateway's journal and not in Redis. */
static void tell_parked(struct tail *t)
{
    struct journal_state j;
    struct buf news = {0};

    journal_state(t->app->journal, &j);
    if (j.parked == t->parked)
        return;
    t->parked = j.parked;
    tell(t, STR("{\"type\":\"parked\"}"), &news);
    send_out(t, &news);
    buf_free(&news);
}

static void *run(void *arg)
{
    struct tail *t = arg;
    struct arena *a = arena_open(64 * 1024);
    bool found = false;

    (void)pthread_setname_np(pthread_self(), "tail");
    while (!atomic_load(&t->stop)) {
        enum err e = found ? read_once(t, a) : find_ends(t, a);

        found = found || e == ERR_OK;
        tell_parked(t);
        if (e != ERR_OK)
            (void)usleep(AWAY_US);
        arena_reset(a);
    }
    arena_close(a);
    return NULL;
}

struct tail *tail_open(struct app *app, const struct redis_target *redis, size_t listener)
{
    struct tail *t = calloc(1, sizeof *t);

    if (t == NULL)
        abort();
    t->app = app;
    t->listener = listener;
    t->redis = redis_open(redis, REDIS_MS);
    t->epoch = clock_now_ms();
    (void)pthread_mutex_init(&t->lock, NULL);
    if (pthread_create(&t->thread, NULL, run, t) != 0)
        abort();
    return t;
}

void tail_stop(struct tail *t)
{
    if (t == NULL)
        return;
    atomic_store(&t->stop, true);
    (void)pthread_join(t->thread, NULL);
}

void tail_close(struct tail *t)
{
    if (t == NULL)
        return;
    redis_close(t->redis);
    for (size_t i = 0; i < TAIL_KEPT; i++)
        free(t->kept[i]);
    for (size_t p = 0; p < PARTITIONS; p++)
        free((char *)(uintptr_t)t->last[p].at);
    (void)pthread_mutex_destroy(&t->lock);
    free(t);
}

struct str tail_since(struct tail *t, struct arena *a, struct str last)
{
    struct buf b = {0};
    struct str epoch = str_cut(&last, '-');
    int64_t started, n;

    buf_text(&b, ": ok\nretry: 3000\n\n");
    (void)pthread_mutex_lock(&t->lock);
    if (str_number(epoch, &started) && str_number(last, &n)) {
        bool known = started == t->epoch && n <= t->count && t->count - n <= TAIL_KEPT;

        if (!known)
            wire(&b, t->epoch, t->count, "{\"type\":\"reload\"}");
        for (int64_t i = n + 1; known && i <= t->count; i++)
            wire(&b, t->epoch, i, t->kept[i % TAIL_KEPT]);
    } else {
        /* An empty event that gives the console an id to come back with. */
        wire(&b, t->epoch, t->count, "{\"type\":\"hello\"}");
    }
    (void)pthread_mutex_unlock(&t->lock);

    struct str all = buf_view(&b);
    struct str copy = {str_copy(a, all), all.len};

    buf_free(&b);
    return copy;
}
