#include "queues/incident/active.h"

#include "queues/incident/freeze.h"
#include "queues/incident/incident.h"
#include "queues/log.h"
#include "queues/redis.h"
#include "queues/ruleset.h"
#include "rules/base/arena.h"
#include "rules/route.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { NEVER_ASKED = -1, ARENA_BYTES = 16 * 1024 };

/* The packs of one making. */
struct edition {
    struct arena *arena;
    struct active_pack pack[INCIDENTS_DECLARED_MAX];
    size_t n;
};

struct active {
    struct ruleset *rules;
    active_compose *compose;
    void *arg;
    pthread_mutex_t making; /* held while rules are made: one at a time */
    pthread_mutex_t lock;   /* of state */
    struct active_state state;
    struct edition in_force; /* under making */
};

struct active *active_open(struct ruleset *rules, active_compose *compose, void *arg)
{
    struct active *s = calloc(1, sizeof *s);

    if (s == NULL)
        abort();
    s->rules = rules;
    s->compose = compose;
    s->arg = arg;
    s->state.version = NEVER_ASKED;
    (void)pthread_mutex_init(&s->making, NULL);
    (void)pthread_mutex_init(&s->lock, NULL);
    return s;
}

void active_close(struct active *s)
{
    if (s == NULL)
        return;
    arena_close(s->in_force.arena);
    (void)pthread_mutex_destroy(&s->making);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

void active_state(struct active *s, struct active_state *out)
{
    (void)pthread_mutex_lock(&s->lock);
    *out = s->state;
    (void)pthread_mutex_unlock(&s->lock);
}

static void set_state(struct active *s, const struct active_state *now)
{
    (void)pthread_mutex_lock(&s->lock);
    s->state = *now;
    (void)pthread_mutex_unlock(&s->lock);
}

/* ---- is it of what is declared? ---- */

void active_ask(struct redis *r, struct arena *a)
{
    redis_add(r, 3, (struct str[]){STR("HGET"), incident_set_key(a), STR("v")});
}

enum err active_hear(struct active *s, struct redis *r, const struct redis_value *answer, bool *stale)
{
    struct active_state now;
    int64_t version = 0;
    enum err e = redis_value_err(r, answer);

    if (e != ERR_OK)
        return e;
    if (answer->kind == REDIS_TEXT && !str_number(answer->text, &version))
        return ERR_CORRUPT;
    active_state(s, &now);
    *stale = now.version != version;
    return ERR_OK;
}

/* ---- making ---- */

static struct str copy(struct arena *a, struct str s)
{
    return (struct str){str_copy(a, s), s.len};
}

static void add_pack(struct edition *e, struct str slug, struct str pack, struct str text)
{
    e->pack[e->n++] = (struct active_pack){copy(e->arena, slug), copy(e->arena, pack), copy(e->arena, text)};
}

static bool same(const struct edition *e, const struct incident *declared, size_t n)
{
    if (e->n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!str_equal(e->pack[i].slug, declared[i].slug) || !str_equal(e->pack[i].text, declared[i].rules))
            return false;
    return true;
}

static void say_left_out(const struct active_pack *p, struct buf *faults)
{
    log_error("incident_rules_refused", "incident=%s pack=%s why=%s kept=%s", p->slug.at, p->pack.at,
              buf_view(faults).at, "the rules in force, without this incident's");
}

/* V2: as many as load, the oldest first, each in its place. Rules of them all in *out; NULL: not even the rules of the
 * house load any more. */
static void gather(struct active *s, const struct incident *declared, size_t n, struct edition *e, struct rules **out)
{
    *out = NULL;
    for (size_t i = n; i-- > 0;) {
        struct edition tried = {.arena = e->arena};
        struct buf faults = {0};
        struct rules *rules;

        add_pack(&tried, declared[i].slug, declared[i].pack, declared[i].rules);
        for (size_t k = 0; k < e->n; k++)
            tried.pack[tried.n++] = e->pack[k];
        if (s->compose(s->arg, tried.pack, tried.n, &rules, &faults) == ERR_OK) {
            rules_close(*out);
            *out = rules;
            *e = tried;
        } else {
            say_left_out(&tried.pack[0], &faults);
        }
        buf_free(&faults);
    }
    if (*out == NULL) {
        struct buf faults = {0};

        (void)s->compose(s->arg, NULL, 0, out, &faults);
        buf_free(&faults);
    }
}

static void put_in_force(struct active *s, struct edition *e, struct rules *rules)
{
    ruleset_swap(s->rules, rules);
    arena_close(s->in_force.arena);
    s->in_force = *e;
}

static void make(struct active *s, const struct incident *declared, size_t n, struct active_state *now)
{
    struct edition e = {.arena = arena_open(ARENA_BYTES)};
    struct buf faults = {0};
    struct rules *rules = NULL;

    if (n > INCIDENTS_DECLARED_MAX)
        n = INCIDENTS_DECLARED_MAX; /* only the newest: more are never declared */
    for (size_t i = 0; i < n; i++)
        add_pack(&e, declared[i].slug, declared[i].pack, declared[i].rules);
    if (s->compose(s->arg, e.pack, e.n, &rules, &faults) != ERR_OK) {
        e.n = 0;
        gather(s, declared, n, &e, &rules);
    }
    buf_free(&faults);
    if (rules == NULL) {
        log_error("rules_refused", "why=%s kept=%s", "the rules of the house load no more", "the rules before");
        arena_close(e.arena);
        now->packs = s->in_force.n;
        now->left_out = n;
        return;
    }
    put_in_force(s, &e, rules);
    now->packs = e.n;
    now->left_out = n - e.n;
    log_info("rules_in_force", "incidents=%zu left_out=%zu version=%" PRId64, now->packs, now->left_out, now->version);
}

enum err active_renew(struct active *s, struct redis *r, const struct keyring *k, struct arena *a)
{
    struct active_state now = {0};
    struct incident *declared;
    struct str version;
    size_t n;

    (void)pthread_mutex_lock(&s->making);

    enum err e = incidents_declared(r, k, a, &declared, &n, &version);

    if (e == ERR_OK && !str_number(version, &now.version))
        e = ERR_CORRUPT;
    if (e == ERR_OK) {
        const struct incident *freezer = freeze_by(declared, n, FREEZE_RULES);

        if (freezer != NULL)
            memcpy(now.frozen, freezer->slug.at, freezer->slug.len);
        now.packs = n;
        if (!same(&s->in_force, declared, n))
            make(s, declared, n, &now);
        set_state(s, &now);
    }
    (void)pthread_mutex_unlock(&s->making);
    return e;
}

enum err active_follow(struct active *s, struct redis *r, const struct keyring *k, struct arena *a)
{
    struct redis_value *v;
    bool stale = false;
    size_t n;
    enum err e;

    active_ask(r, a);
    e = redis_flush(r, a, &v, &n);
    if (e == ERR_OK)
        e = active_hear(s, r, &v[0], &stale);
    return e == ERR_OK && stale ? active_renew(s, r, k, a) : e;
}

enum err active_reload(struct active *s, void *arg, struct buf *faults)
{
    struct rules *rules;

    (void)pthread_mutex_lock(&s->making);

    enum err e = s->compose(arg, s->in_force.pack, s->in_force.n, &rules, faults);

    if (e == ERR_OK) {
        ruleset_swap(s->rules, rules);
        s->arg = arg;
        (void)pthread_mutex_lock(&s->lock);
        if (s->state.left_out > 0)
            s->state.version = NEVER_ASKED;
        (void)pthread_mutex_unlock(&s->lock);
    }
    (void)pthread_mutex_unlock(&s->making);
    return e;
}

enum err active_try(struct active *s, const struct active_pack *pack, struct rules **out, struct buf *faults)
{
    struct active_pack all[INCIDENTS_DECLARED_MAX + 1] = {*pack};

    (void)pthread_mutex_lock(&s->making);
    memcpy(all + 1, s->in_force.pack, s->in_force.n * sizeof *all);

    enum err e = s->compose(s->arg, all, s->in_force.n + 1, out, faults);

    (void)pthread_mutex_unlock(&s->making);
    return e;
}
