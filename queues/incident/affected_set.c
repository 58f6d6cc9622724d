#include "queues/incident/affected_set.h"

#include "queues/incident/affected_parts.h"
#include "rules/base/arena.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys are keyed hashes: any of their bits are as good as others. */
struct entry {
    uint8_t key[16];
    uint32_t lists; /* a bit each; 0: free */
};

struct affected_set {
    _Atomic unsigned users;
    char version[24];
    size_t slugs;
    char slug[INCIDENTS_DECLARED_MAX][INCIDENT_SLUG_MAX + 1];
    size_t n, room; /* room: a power of two, or 0 */
    struct entry *at;
};

struct affected_sets {
    pthread_mutex_t lock;
    struct affected_set *now;
};

/* ---- one set ---- */

static struct affected_set *set_open(size_t keys)
{
    struct affected_set *s = calloc(1, sizeof *s);

    if (s == NULL)
        abort();
    s->users = 1;
    if (keys == 0)
        return s;
    for (s->room = 64; s->room < keys * 2;)
        s->room *= 2;
    s->at = calloc(s->room, sizeof *s->at);
    if (s->at == NULL)
        abort();
    return s;
}

void affected_set_release(struct affected_set *set)
{
    if (set == NULL || atomic_fetch_sub(&set->users, 1) > 1)
        return;
    free(set->at);
    free(set);
}

static struct entry *entry_of(const struct affected_set *s, const uint8_t key[16])
{
    size_t i;

    memcpy(&i, key + 8, sizeof i); /* the first half of a ULID may be a time */
    for (i &= s->room - 1; s->at[i].lists != 0 && memcmp(s->at[i].key, key, 16) != 0;)
        i = (i + 1) & (s->room - 1);
    return &s->at[i];
}

static void set_add(struct affected_set *s, const uint8_t key[16], uint32_t list)
{
    struct entry *e = entry_of(s, key);

    s->n += e->lists == 0;
    memcpy(e->key, key, 16);
    e->lists |= list;
}

static uint32_t lists_of(const struct affected_set *s, const uint8_t key[16])
{
    return s->room == 0 ? 0 : entry_of(s, key)->lists;
}

struct str affected_set_newest(const struct affected_set *set)
{
    return set == NULL || set->slugs == 0 ? STR("") : str_of(set->slug[0]);
}

size_t affected_set_size(const struct affected_set *set)
{
    return set->n;
}

/* ---- M1 ---- */

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The index in "b:{…}". */
static bool key_read(struct str site_key, uint8_t out[16])
{
    if (site_key.len != 3 + 32 + 1)
        return false;
    for (size_t i = 0; i < 16; i++) {
        int high = digit(site_key.at[3 + 2 * i]), low = digit(site_key.at[4 + 2 * i]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

struct str affected_set_find(const struct affected_set *set, const struct keyring *k, const struct affected_claim *c,
                             struct arena *a)
{
    struct buf b = {0};
    struct str all = STR("");
    uint8_t key[16];
    uint32_t lists = 0;

    if (set == NULL || set->n == 0)
        return all;
    if (key_read(c->site_key, key))
        lists |= lists_of(set, key);
    if (c->domain.len > 0) {
        blind_bytes(k, INDEX_DOMAIN, c->domain, key);
        lists |= lists_of(set, key);
    }
    for (size_t i = 0; i < c->account_count; i++)
        lists |= lists_of(set, c->accounts[i].bytes);
    for (size_t i = 0; i < set->slugs; i++)
        if ((lists >> i & 1) != 0)
            buf_printf(&b, "%s%s", b.len > 0 ? " " : "", set->slug[i]);
    if (b.len > 0)
        all = str_of(str_copy(a, buf_view(&b)));
    buf_free(&b);
    return all;
}

/* ---- the one in force ---- */

struct affected_sets *affected_sets_open(void)
{
    struct affected_sets *s = calloc(1, sizeof *s);

    if (s == NULL)
        abort();
    (void)pthread_mutex_init(&s->lock, NULL);
    s->now = set_open(0);
    s->now->version[0] = '0'; /* of no incident at all */
    return s;
}

void affected_sets_close(struct affected_sets *s)
{
    if (s == NULL)
        return;
    affected_set_release(s->now);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

struct affected_set *affected_set_take(struct affected_sets *s)
{
    if (s == NULL)
        return NULL;
    (void)pthread_mutex_lock(&s->lock);

    struct affected_set *set = s->now;

    atomic_fetch_add(&set->users, 1);
    (void)pthread_mutex_unlock(&s->lock);
    return set;
}

bool affected_sets_stale(struct affected_sets *s, struct str version)
{
    (void)pthread_mutex_lock(&s->lock);

    bool same = str_is(version, s->now->version);

    (void)pthread_mutex_unlock(&s->lock);
    return !same;
}

static void swap(struct affected_sets *s, struct affected_set *set)
{
    (void)pthread_mutex_lock(&s->lock);

    struct affected_set *old = s->now;

    s->now = set;
    (void)pthread_mutex_unlock(&s->lock);
    affected_set_release(old);
}

/* Keys of the lists of n incidents: an HGETALL each, an empty one where an incident has no list. */
static enum err read_keys(struct redis *r, struct arena *a, const struct incident *i, size_t n,
                          struct redis_value **out, size_t *keys)
{
    size_t count = 0, all = 0;
    enum err e = ERR_OK;

    for (size_t x = 0; x < n; x++) {
        struct str data = redis_field(i[x].fields, "list_data");

        redis_add(r, 2, (struct str[]){STR("HGETALL"), affected_routes_key(a, i[x].slug, data)});
    }
    if (n > 0)
        e = redis_flush(r, a, out, &count);
    for (size_t x = 0; e == ERR_OK && x < count; x++) {
        e = redis_value_err(r, &(*out)[x]);
        for (size_t f = 0; e == ERR_OK && f + 1 < (*out)[x].count; f += 2)
            all += (*out)[x].items[f + 1].text.len / 16;
    }
    *keys = all;
    return e;
}

enum err affected_sets_renew(struct affected_sets *s, struct redis *r, const struct keyring *k, struct arena *a)
{
    struct incident *declared;
    struct redis_value *v = NULL;
    struct str version;
    size_t n, keys = 0;
    enum err e = incidents_declared(r, k, a, &declared, &n, &version);

    if (e == ERR_OK)
        e = read_keys(r, a, declared, n, &v, &keys);
    if (e != ERR_OK)
        return e;

    struct affected_set *set = set_open(keys);

    (void)snprintf(set->version, sizeof set->version, "%.*s", (int)version.len, version.at);
    for (size_t x = 0; x < n && x < INCIDENTS_DECLARED_MAX; x++) {
        (void)snprintf(set->slug[x], sizeof set->slug[x], "%.*s", (int)declared[x].slug.len, declared[x].slug.at);
        set->slugs = x + 1;
        for (size_t f = 0; f + 1 < v[x].count; f += 2)
            for (size_t at = 0; at + 16 <= v[x].items[f + 1].text.len; at += 16)
                set_add(set, (const uint8_t *)v[x].items[f + 1].text.at + at, UINT32_C(1) << x);
    }
    swap(s, set);
    return ERR_OK;
}
