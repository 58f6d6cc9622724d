#include "gateway/hooks/teller.h"

#include "gateway/app.h"
#include "gateway/hooks/post.h"
#include "queues/clock.h"
#include "queues/hook.h"
#include "queues/lease.h"
#include "queues/log.h"
#include "queues/redis.h"
#include "rules/base/arena.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { REDIS_MS = 3000, ARENA_BYTES = 64 * 1024, LOOK = 2 * TELLER_LANE };

/* One event on its way. */
struct transfer {
    struct hook_post post;
    struct ulid event;
    int tries;
    bool busy;
};

struct lane {
    struct ulid receiver;
    char name[HOOK_NAME_MAX + 1];
    bool failed; /* its last try */
    struct transfer transfer[TELLER_LANE];
};

struct teller {
    struct app *app;
    struct redis *redis;
    const char *holder;
    pthread_t thread;
    atomic_bool stop, news;
    CURLM *multi;
    struct hook_receivers *receivers; /* secret memory */
    struct lane lane[HOOK_RECEIVERS_MAX];
    int64_t looked_ms;    /* steady */
    pthread_mutex_t lock; /* over state alone */
    struct teller_state state;
};

static void count(struct teller *t, uint64_t *which)
{
    (void)pthread_mutex_lock(&t->lock);
    ++*which;
    (void)pthread_mutex_unlock(&t->lock);
}

/* ---- how one try ended ---- */

/* 0: never again. */
static int64_t again_at(const struct transfer *x, const struct hook_outcome *o, int64_t now_ms)
{
    uint16_t dice;
    int64_t wait;

    random_bytes(&dice, sizeof dice);
    wait = hook_again_ms(x->tries + 1, dice % 1000);
    if (wait < o->wait_ms)
        wait = o->wait_ms;
    return o->gone || now_ms + wait > ulid_time_ms(x->event) + HOOK_GIVE_UP_MS ? 0 : now_ms + wait;
}

static void was_told(struct teller *t, struct arena *a, struct lane *l, const struct transfer *x, int64_t now_ms)
{
    count(t, &t->state.told);
    l->failed = false;
    log_info("hook_told", "hook=%s event=%s tries=%d", id_print(ID_HOOK, l->receiver).at,
             id_print(ID_EVENT, x->event).at, x->tries + 1);
    (void)hook_told(t->redis, a, l->receiver, x->event, now_ms); /* not stored: told again (L1) */
}

static void was_not(struct teller *t, struct arena *a, struct lane *l, const struct transfer *x,
                    const struct hook_outcome *o, int64_t now_ms)
{
    int64_t again = again_at(x, o, now_ms);

    count(t, again == 0 ? &t->state.given_up : &t->state.failed);
    l->failed = true;
    log_warn(again == 0 ? "hook_given_up" : "hook_failed", "hook=%s event=%s tries=%d retry_ms=%jd why=%s",
             id_print(ID_HOOK, l->receiver).at, id_print(ID_EVENT, x->event).at, x->tries + 1,
             (intmax_t)(again == 0 ? 0 : again - now_ms), o->why);
    (void)hook_failed(t->redis, a, l->receiver, x->event, now_ms, again, o->why);
    if (o->gone)
        (void)hook_receiver_off(t->redis, t->app->keys, a, str_of(l->name), now_ms, "system");
}

static void transfer_ended(struct teller *t, struct arena *a, CURL *easy, CURLcode rc)
{
    for (int i = 0; i < HOOK_RECEIVERS_MAX; i++)
        for (int j = 0; j < TELLER_LANE; j++) {
            struct transfer *x = &t->lane[i].transfer[j];
            struct hook_outcome o;

            if (!x->busy || x->post.easy != easy)
                continue;
            (void)curl_multi_remove_handle(t->multi, easy);
            hook_post_end(&x->post, rc, &o);
            x->busy = false;
            if (o.told)
                was_told(t, a, &t->lane[i], x, clock_now_ms());
            else
                was_not(t, a, &t->lane[i], x, &o, clock_now_ms());
            return;
        }
}

/* True where something ended. */
static bool reap(struct teller *t, struct arena *a)
{
    int running, left;
    bool ended = false;
    CURLMsg *m;

    (void)curl_multi_perform(t->multi, &running);
    while ((m = curl_multi_info_read(t->multi, &left)) != NULL)
        if (m->msg == CURLMSG_DONE) {
            transfer_ended(t, a, m->easy_handle, m->data.result);
            ended = true;
        }
    return ended;
}

/* ---- how one begins ---- */

static struct transfer *idle(struct lane *l)
{
    int busy = 0;
    struct transfer *free_one = NULL;

    for (int i = 0; i < TELLER_LANE; i++)
        if (l->transfer[i].busy)
            busy++;
        else
            free_one = &l->transfer[i];
    return l->failed && busy > 0 ? NULL : free_one; /* L3 */
}

static bool under_way(const struct lane *l, struct ulid event)
{
    for (int i = 0; i < TELLER_LANE; i++)
        if (l->transfer[i].busy && ulid_equal(l->transfer[i].event, event))
            return true;
    return false;
}

static void begin(struct teller *t, struct arena *a, struct lane *l, const struct hook_receiver *to,
                  const struct hook_due *due)
{
    struct transfer *x = idle(l);
    int64_t now = clock_now_ms();
    struct str body;
    enum err e = hook_body(t->redis, t->app->keys, a, due->event, &body);

    if (e == ERR_STORE)
        return;
    x->event = due->event;
    x->tries = due->tries;
    if (e != ERR_OK || !hook_post_begin(&x->post, to, due->event, body, now, NULL)) {
        log_error("hook_unreadable", "event=%s err=%s", id_print(ID_EVENT, due->event).at, err_name(e));
        (void)hook_failed(t->redis, a, l->receiver, due->event, now, 0, "cannot be read");
        return;
    }
    x->busy = true;
    (void)curl_multi_add_handle(t->multi, x->post.easy);
}

static bool fill(struct teller *t, struct arena *a, struct lane *l, const struct hook_receiver *to, int64_t *waiting)
{
    struct hook_due due[LOOK];
    int64_t now = clock_now_ms(), more = 0;
    size_t n;

    if (hooks_due(t->redis, a, l->receiver, LOOK, due, &n, &more) != ERR_OK)
        return false;
    *waiting += more;
    for (size_t i = 0; i < n && due[i].at_ms <= now && idle(l) != NULL; i++)
        if (!under_way(l, due[i].event))
            begin(t, a, l, to, &due[i]);
    return true;
}

/* The lane of a receiver: its own, or a fresh one; NULL while all others are still busy with receivers that went. */
static struct lane *lane_of(struct teller *t, const struct hook_receiver *h)
{
    struct lane *spare = NULL;

    for (int i = 0; i < HOOK_RECEIVERS_MAX; i++) {
        struct lane *l = &t->lane[i];
        bool busy = false;

        if (ulid_equal(l->receiver, h->id))
            return l;
        for (size_t k = 0; k < t->receivers->n; k++)
            busy |= ulid_equal(l->receiver, t->receivers->at[k].id);
        for (int k = 0; k < TELLER_LANE; k++)
            busy |= l->transfer[k].busy;
        if (!busy)
            spare = l;
    }
    if (spare != NULL) {
        spare->receiver = h->id;
        spare->failed = false;
        memcpy(spare->name, h->name, sizeof spare->name);
    }
    return spare;
}

static void publish(struct teller *t, int64_t waiting, int64_t failing)
{
    (void)pthread_mutex_lock(&t->lock);
    t->state.waiting = waiting;
    t->state.failing = failing;
    (void)pthread_mutex_unlock(&t->lock);
}

static void turn(struct teller *t, struct arena *a)
{
    int64_t waiting = 0, failing = 0;
    size_t fresh = HOOK_HAND_OUT_MAX;

    t->looked_ms = clock_steady_ms();
    if (lease_take(t->redis, a, "hooks", str_of(t->holder), TELLER_LEASE_MS) != ERR_OK ||
        hook_receivers_read(t->redis, t->app->keys, a, t->receivers) != ERR_OK) {
        publish(t, 0, 0);
        return;
    }
    while (fresh == HOOK_HAND_OUT_MAX && !atomic_load(&t->stop))
        if (hooks_hand_out(t->redis, a, t->receivers, clock_now_ms(), &fresh) != ERR_OK)
            return;
    for (size_t i = 0; i < t->receivers->n && !atomic_load(&t->stop); i++) {
        const struct hook_receiver *h = &t->receivers->at[i];
        struct lane *l = h->off ? NULL : lane_of(t, h);

        if (l != NULL && !fill(t, a, l, h, &waiting))
            return;
        failing += h->off || (l != NULL && l->failed);
    }
    publish(t, waiting, failing);
}

/* ---- the thread ---- */

static void wind_down(struct teller *t, struct arena *a)
{
    int64_t end = clock_steady_ms() + TELLER_FINISH_MS;
    int running = 1;

    while (running > 0 && clock_steady_ms() < end) {
        (void)reap(t, a);
        (void)curl_multi_perform(t->multi, &running);
        if (running > 0)
            (void)curl_multi_poll(t->multi, NULL, 0, 50, NULL);
    }
    (void)reap(t, a);
}

static void *run(void *arg)
{
    struct teller *t = arg;
    struct arena *a = arena_open(ARENA_BYTES);

    (void)pthread_setname_np(pthread_self(), "hooks");
    while (!atomic_load(&t->stop)) {
        bool ended = reap(t, a), news = atomic_exchange(&t->news, false);

        if (ended || news || clock_steady_ms() - t->looked_ms >= TELLER_EVERY_MS)
            turn(t, a);
        arena_reset(a);
        (void)curl_multi_poll(t->multi, NULL, 0, TELLER_EVERY_MS, NULL);
    }
    wind_down(t, a);
    arena_close(a);
    return NULL;
}

struct teller *teller_open(struct app *app, const struct redis_target *redis, const char *holder)
{
    struct teller *t = calloc(1, sizeof *t);

    if (t == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || (t->multi = curl_multi_init()) == NULL)
        abort();
    t->app = app;
    t->holder = holder;
    t->redis = redis_open(redis, REDIS_MS);
    t->receivers = secret_memory(sizeof *t->receivers);
    t->looked_ms = -TELLER_EVERY_MS;
    (void)pthread_mutex_init(&t->lock, NULL);
    if (pthread_create(&t->thread, NULL, run, t) != 0)
        abort();
    return t;
}

void teller_wake(struct teller *t)
{
    atomic_store(&t->news, true);
    (void)curl_multi_wakeup(t->multi);
}

static void free_lanes(struct teller *t)
{
    for (int i = 0; i < HOOK_RECEIVERS_MAX; i++)
        for (int j = 0; j < TELLER_LANE; j++) {
            struct transfer *x = &t->lane[i].transfer[j];
            struct hook_outcome o;

            if (x->busy) {
                (void)curl_multi_remove_handle(t->multi, x->post.easy);
                hook_post_end(&x->post, CURLE_ABORTED_BY_CALLBACK, &o);
            }
            curl_easy_cleanup(x->post.easy);
        }
}

void teller_close(struct teller *t)
{
    if (t == NULL)
        return;
    atomic_store(&t->stop, true);
    (void)curl_multi_wakeup(t->multi);
    (void)pthread_join(t->thread, NULL);
    free_lanes(t);
    (void)curl_multi_cleanup(t->multi);
    curl_global_cleanup();
    redis_close(t->redis);
    secret_memory_free(t->receivers);
    (void)pthread_mutex_destroy(&t->lock);
    free(t);
}

void teller_state(struct teller *t, struct teller_state *out)
{
    (void)pthread_mutex_lock(&t->lock);
    *out = t->state;
    (void)pthread_mutex_unlock(&t->lock);
}
