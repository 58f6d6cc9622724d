#include "gateway/incident/board.h"

#include "gateway/app.h"
#include "gateway/http/asset.h"
#include "gateway/incident/show.h"
#include "gateway/pages.h"
#include "queues/clock.h"
#include "queues/incident/incident.h"
#include "queues/log.h"
#include "queues/ruleset.h"
#include "rules/base/arena.h"
#include "rules/pack.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REDIS_MS = 1000, PAUSE_US = BOARD_EVERY_MS * 1000 };

struct view {
    struct board_view seen;
    struct arena *arena;
    struct assets *assets;
    struct view *of; /* that its incidents lie in, where it is an older one's; NULL */
    int references;  /* under the lock */
};

struct board {
    struct app *app;
    struct redis *redis;
    struct update_languages languages;
    pthread_t thread;
    _Atomic bool stop;

    struct str set, told;           /* versions that the view was made of; owned */
    int64_t read_ms;                /* steady, when all was read; 0 never */
    int64_t flips_ms;               /* when the next promise passes; 0 none will */
    _Atomic int64_t asked_ms, late; /* steady */

    pthread_mutex_t lock;
    struct view *view;
};

void board_languages(const struct pages *p, struct update_languages *out)
{
    const char *code;

    out->n = 0;
    for (size_t i = 0; i < UPDATE_LANGUAGES_MAX && (code = pages_language_at(p, i)) != NULL; i++)
        out->code[out->n++] = code;
}

/* ---- views ---- */

static void drop(struct board *b, struct view *v)
{
    (void)pthread_mutex_lock(&b->lock);

    bool last = v != NULL && --v->references == 0;

    (void)pthread_mutex_unlock(&b->lock);
    if (!last)
        return;
    if (v->of != NULL)
        drop(b, v->of);
    assets_close(v->assets);
    arena_close(v->arena);
    free(v);
}

static struct view *hold(struct board *b)
{
    (void)pthread_mutex_lock(&b->lock);

    struct view *v = b->view;

    v->references++;
    (void)pthread_mutex_unlock(&b->lock);
    return v;
}

const struct board_view *board_take(struct board *b)
{
    return &hold(b)->seen; /* the first member */
}

void board_release(struct board *b, const struct board_view *v)
{
    drop(b, (struct view *)(uintptr_t)v);
}

const struct board_incident *board_find(const struct board_view *v, struct str slug)
{
    for (size_t i = 0; i < v->n; i++)
        if (str_equal(v->incidents[i].slug, slug))
            return &v->incidents[i];
    return NULL;
}

static struct view *view_open(void)
{
    struct view *v = calloc(1, sizeof *v);

    if (v == NULL)
        abort();
    v->arena = arena_open(64 * 1024);
    v->references = 1;
    return v;
}

static void show(struct board *b, struct view *v)
{
    struct view *before;

    v->assets = assets_open();
    assets_hurry(v->assets);
    show_all(b->app->pages, &b->languages, &v->seen, v->assets);
    (void)pthread_mutex_lock(&b->lock);
    before = b->view;
    b->view = v;
    (void)pthread_mutex_unlock(&b->lock);
    if (before != NULL)
        drop(b, before);
}

/* ---- reading ---- */

static void remember(struct str *where, const struct redis_value *v)
{
    free((char *)(uintptr_t)where->at);
    *where = (struct str){strndup(v->text.at == NULL ? "" : v->text.at, v->text.len), v->text.len};
    if (where->at == NULL)
        abort();
}

/* Those that were ever approved, in the order that they are. */
static void keep_approved(struct board_incident *i, const struct updates *all, struct arena *a)
{
    struct update_record *list = arena_array(a, struct update_record, all->n + 1);

    for (size_t k = 0; k < all->n && i->n < BOARD_EARLIER_MAX; k++)
        if (all->list[k].approved_ms > 0)
            list[i->n++] = all->list[k];
    i->updates = list;
    i->standing = updates_standing(&(struct updates){.list = list, .n = i->n});
}

static void judge(struct board_incident *i, int64_t now_ms, int64_t every_ms)
{
    const struct update_record *u = i->standing;

    i->shown = i->n > 0;
    i->promised_ms = u == NULL ? 0 : update_promised_ms(&u->update);
    i->due_ms = update_due_ms(u == NULL ? NULL : &u->update, u == NULL ? 0 : u->approved_ms, i->declared_ms, every_ms);
    i->late = i->declared && i->promised_ms > 0 && i->promised_ms < now_ms;
}

int64_t board_every_ms(struct app *app, struct str slug)
{
    const struct rules *rules = ruleset_take(app->rules);
    const struct pack *pack = rules_pack(rules, slug);
    int64_t ms = pack == NULL ? 0 : pack->update_ms;

    ruleset_release(app->rules, rules);
    return ms;
}

static struct update_desk desk(struct board *b, struct arena *a, struct str slug)
{
    return (struct update_desk){.redis = b->redis,
                                .keys = b->app->keys,
                                .arena = a,
                                .languages = &b->languages,
                                .slug = slug,
                                .by = STR("system"),
                                .now_ms = clock_now_ms()};
}

static enum err read_incidents(struct board *b, struct view *v)
{
    struct incident *all;
    struct board_incident *list;
    size_t n, count = 0;
    enum err e = incident_list(b->redis, b->app->keys, v->arena, &all, &n);

    if (e != ERR_OK)
        return e;
    list = arena_array(v->arena, struct board_incident, n + 1);
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        struct update_desk d = desk(b, v->arena, all[i].slug);
        struct board_incident *to = &list[count];
        struct updates u;

        if (count >= BOARD_SHOWN_MAX && !incident_is_declared(&all[i]))
            continue;
        count++;
        *to = (struct board_incident){.slug = all[i].slug,
                                      .title = all[i].title,
                                      .declared = incident_is_declared(&all[i]),
                                      .declared_ms = all[i].declared_ms,
                                      .closed_ms = all[i].closed_ms};
        e = updates_read(&d, &u);
        if (e == ERR_OK) {
            keep_approved(to, &u, v->arena);
            judge(to, d.now_ms, board_every_ms(b->app, all[i].slug));
        }
    }
    v->seen = (struct board_view){.incidents = list, .n = count, .known = true};
    return e;
}

/* How many are late, and when the next one will be. */
static void count_late(struct board *b, const struct board_view *v)
{
    int64_t now = clock_now_ms(), next = 0, late = 0;

    for (size_t i = 0; i < v->n; i++) {
        const struct board_incident *one = &v->incidents[i];

        late += one->late;
        if (!one->late && one->declared && one->promised_ms >= now && (next == 0 || one->promised_ms < next))
            next = one->promised_ms;
    }
    b->flips_ms = next;
    atomic_store(&b->late, late);
}

/* D4 */
static void tell_late(struct board *b, const struct board_view *v)
{
    struct arena *a = arena_open(16 * 1024);

    for (size_t i = 0; i < v->n; i++) {
        struct update_desk d = desk(b, a, v->incidents[i].slug);
        bool first = false;

        if (v->incidents[i].late && update_late(&d, v->incidents[i].promised_ms, &first) == ERR_OK && first)
            log_warn("update_late", "incident=%s", str_copy(a, d.slug));
    }
    arena_close(a);
}

static void renew(struct board *b)
{
    struct view *v = view_open();
    enum err e = read_incidents(b, v);

    if (e != ERR_OK) {
        if (e != ERR_STORE)
            log_error("board_not_read", "why=%s", err_name(e));
        drop(b, v);
        return;
    }
    b->read_ms = clock_steady_ms();
    count_late(b, &v->seen);
    show(b, v);
    tell_late(b, &v->seen); /* nobody else replaces the view, so it is still there */
}

/* The same as before, but for the moment since which nothing newer is known. */
static void mark_stale(struct board *b)
{
    struct view *was = hold(b), *v;

    if (!was->seen.known || was->seen.stale_ms != 0) {
        drop(b, was);
        return;
    }
    v = view_open();
    v->of = was;
    v->seen = was->seen;
    v->seen.stale_ms = clock_now_ms() - (clock_steady_ms() - atomic_load(&b->asked_ms));
    show(b, v);
    b->read_ms = 0; /* whatever is read next is shown */
}

static void look(struct board *b, struct arena *a)
{
    struct redis_value *v;
    size_t n;

    redis_add(b->redis, 3, (struct str[]){STR("HGET"), incident_set_key(a), STR("v")});
    update_version_queue(b->redis, a);
    if (redis_flush(b->redis, a, &v, &n) != ERR_OK || v[0].kind == REDIS_ERROR || v[1].kind == REDIS_ERROR) {
        if (clock_steady_ms() - atomic_load(&b->asked_ms) > BOARD_AWAY_MS)
            mark_stale(b);
        return;
    }
    atomic_store(&b->asked_ms, clock_steady_ms());

    bool same = b->read_ms != 0 && str_equal(b->set, v[0].text) && str_equal(b->told, v[1].text);
    bool flips = b->flips_ms != 0 && b->flips_ms < clock_now_ms();

    if (same && !flips && clock_steady_ms() - b->read_ms < BOARD_AGAIN_MS)
        return;
    remember(&b->set, &v[0]);
    remember(&b->told, &v[1]);
    b->read_ms = 0;
    renew(b);
}

static void *run(void *arg)
{
    struct board *b = arg;
    struct arena *a = arena_open(4096);

    (void)pthread_setname_np(pthread_self(), "board");
    while (!atomic_load(&b->stop)) {
        look(b, a);
        arena_reset(a);
        (void)usleep(PAUSE_US);
    }
    arena_close(a);
    return NULL;
}

/* ---- open and close ---- */

struct board *board_open(struct app *app, const struct redis_target *redis)
{
    struct board *b = calloc(1, sizeof *b);

    if (b == NULL)
        abort();
    b->app = app;
    b->redis = redis_open(redis, REDIS_MS);
    board_languages(app->pages, &b->languages);
    (void)pthread_mutex_init(&b->lock, NULL);
    show(b, view_open());
    if (pthread_create(&b->thread, NULL, run, b) != 0)
        abort();
    return b;
}

void board_stop(struct board *b)
{
    if (b == NULL)
        return;
    atomic_store(&b->stop, true);
    (void)pthread_join(b->thread, NULL);
}

void board_close(struct board *b)
{
    if (b == NULL)
        return;
    drop(b, b->view);
    redis_close(b->redis);
    free((char *)(uintptr_t)b->set.at);
    free((char *)(uintptr_t)b->told.at);
    (void)pthread_mutex_destroy(&b->lock);
    free(b);
}

/* ---- answering ---- */

int64_t board_age_s(struct board *b)
{
    int64_t asked = atomic_load(&b->asked_ms);

    return asked == 0 ? -1 : (clock_steady_ms() - asked) / 1000;
}

size_t board_late(struct board *b)
{
    return (size_t)atomic_load(&b->late);
}

bool board_answer(struct board *b, struct call *c, const char *path)
{
    struct view *v = hold(b);
    const struct asset *asset = assets_find(v->assets, str_of(path));

    if (asset != NULL)
        asset_answer(asset, c); /* holds the set */
    drop(b, v);
    return asset != NULL;
}
