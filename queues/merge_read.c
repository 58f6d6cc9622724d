/* Who stands for whom: the reading half of merge.h. */
#include "queues/merge_parts.h"

#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <stdlib.h>
#include <string.h>

void merge_queue_alias(struct redis *r, struct arena *a, struct ulid account)
{
    redis_add(r, 3, (struct str[]){STR("HGET"), merge_account_key(a, account), STR("alias")});
}

bool merge_alias_parse(const struct redis_value *v, struct ulid *into)
{
    return v->kind == REDIS_TEXT && id_parse(ID_ACCOUNT, v->text, into);
}

struct str merge_account_key(struct arena *a, struct ulid account)
{
    return key_in(a, partition_of(account), "a", id_print(ID_ACCOUNT, account).at);
}

struct str merge_edges_key(struct arena *a, struct ulid account)
{
    return key_in(a, partition_of(account), "al", id_print(ID_ACCOUNT, account).at);
}

enum err merge_root(struct redis *r, struct arena *a, struct ulid account, struct ulid *root)
{
    for (int hop = 0; hop <= 2 * MERGE_DEPTH_MAX; hop++) {
        struct redis_value *v;
        size_t n;

        merge_queue_alias(r, a, account);

        enum err e = redis_flush(r, a, &v, &n);

        if (e == ERR_OK)
            e = redis_value_err(r, &v[0]);
        if (e != ERR_OK)
            return e;
        if (!merge_alias_parse(&v[0], &account)) {
            *root = account;
            return ERR_OK;
        }
    }
    return ERR_CORRUPT;
}

enum err merge_roots(struct redis *r, struct arena *a, const struct ulid *accounts, size_t n, struct ulid *roots)
{
    bool *done = arena_array(a, bool, n + 1), going = n > 0;

    memset(done, 0, n * sizeof *done);
    if (n > 0)
        memcpy(roots, accounts, n * sizeof *roots);
    for (int hop = 0; going && hop <= 2 * MERGE_DEPTH_MAX; hop++) {
        struct redis_value *v;
        size_t replies, at = 0;

        for (size_t i = 0; i < n; i++)
            if (!done[i])
                merge_queue_alias(r, a, roots[i]);

        enum err e = redis_flush(r, a, &v, &replies);

        going = false;
        for (size_t i = 0; e == ERR_OK && i < n; i++) {
            if (done[i])
                continue;
            e = redis_value_err(r, &v[at]);
            done[i] = !merge_alias_parse(&v[at++], &roots[i]);
            going = going || !done[i];
        }
        if (e != ERR_OK)
            return e;
    }
    return going ? ERR_CORRUPT : ERR_OK;
}

/* ---- edges ---- */

struct str edge_print(const struct keyring *k, struct arena *a, const struct edge *e)
{
    struct str bound = str_of(arena_strdup(a, id_print(ID_EDGE, e->id).at));
    struct buf d = {0};

    doc_flat_text(&d, "from", str_of(id_print(ID_ACCOUNT, e->from).at));
    doc_flat_text(&d, "into", str_of(id_print(ID_ACCOUNT, e->into).at));
    doc_flat_text(&d, "why", e->why);
    doc_flat_text(&d, "by", e->by);
    doc_flat_text(&d, "by_name", e->by_name);
    doc_flat_int(&d, "at", e->at_ms);
    doc_flat_bool(&d, "duplicate", e->duplicate);

    struct str plain = doc_flat_print(&d, a);

    buf_free(&d);
    return seal(k, a, plain, bound);
}

static struct str keep(struct arena *a, const struct doc *d, const char *name)
{
    struct str s = doc_get_text(d, name);

    return (struct str){str_copy(a, s), s.len};
}

enum err edge_load(const struct keyring *k, struct arena *a, struct ulid id, struct str sealed, struct edge *out)
{
    struct str bound = str_of(arena_strdup(a, id_print(ID_EDGE, id).at)), plain;
    struct edge e = {.id = id};
    struct doc *d;

    if (unseal(k, a, sealed, bound, &plain) != ERR_OK || doc_parse(&d, plain, NULL, 0) != ERR_OK)
        return ERR_CORRUPT;
    e.why = keep(a, d, "why");
    e.by = keep(a, d, "by");
    e.by_name = keep(a, d, "by_name");
    e.at_ms = doc_get_int(d, "at", 0);
    e.duplicate = doc_get_bool(d, "duplicate", false);

    bool good = id_parse(ID_ACCOUNT, doc_get_text(d, "from"), &e.from) &&
                id_parse(ID_ACCOUNT, doc_get_text(d, "into"), &e.into);

    doc_close(d);
    *out = e;
    return good ? ERR_OK : ERR_CORRUPT;
}

/* ---- a family ---- */

bool family_has(const struct family *f, struct ulid account)
{
    for (size_t i = 0; i < f->n; i++)
        if (ulid_equal(f->accounts[i], account))
            return true;
    return false;
}

static int by_name(const void *x, const void *y)
{
    const struct redis_value *a = x, *b = y;

    return strcmp(a->text.at, b->text.at);
}

/* The older ones first. */
static enum err add_edges(const struct keyring *k, struct arena *a, const struct redis_value *v, struct family *f)
{
    if (v->count > 0)
        qsort(v->items, v->count / 2, 2 * sizeof *v->items, by_name);
    for (size_t i = 0; i + 1 < v->count; i += 2) {
        struct edge e;
        struct ulid id;

        if (!id_parse(ID_EDGE, v->items[i].text, &id) || edge_load(k, a, id, v->items[i + 1].text, &e) != ERR_OK)
            return ERR_CORRUPT;
        if (f->n == MERGE_FAMILY_MAX)
            return ERR_LIMIT;
        if (family_has(f, e.from))
            continue;
        f->edges[f->edge_count++] = e;
        f->accounts[f->n++] = e.from;
    }
    return ERR_OK;
}

void family_below(const struct family *f, struct arena *a, struct ulid account, struct family *out)
{
    struct family below = {.accounts = arena_array(a, struct ulid, f->n + 1),
                           .edges = arena_array(a, struct edge, f->edge_count + 1)};

    below.accounts[below.n++] = account;
    for (size_t i = 0; i < f->edge_count; i++) /* nearer ones come first */
        if (family_has(&below, f->edges[i].into)) {
            below.edges[below.edge_count++] = f->edges[i];
            below.accounts[below.n++] = f->edges[i].from;
        }
    *out = below;
}

/* One level of the tree after the other, each in one exchange. */
enum err merge_family(struct redis *r, const struct keyring *k, struct arena *a, struct ulid account,
                      struct family *out)
{
    struct family f = {.accounts = arena_array(a, struct ulid, MERGE_FAMILY_MAX),
                       .edges = arena_array(a, struct edge, MERGE_FAMILY_MAX)};
    enum err e = merge_root(r, a, account, &f.accounts[0]);
    size_t level = 0;

    if (e != ERR_OK)
        return e;
    f.n = 1;
    for (f.depth = -1; e == ERR_OK && level < f.n; f.depth++) {
        struct redis_value *v;
        size_t end = f.n, n;

        for (size_t i = level; i < end; i++)
            redis_add(r, 2, (struct str[]){STR("HGETALL"), merge_edges_key(a, f.accounts[i])});
        e = redis_flush(r, a, &v, &n);
        for (size_t i = 0; e == ERR_OK && i < n; i++) {
            e = redis_value_err(r, &v[i]);
            if (e == ERR_OK)
                e = add_edges(k, a, &v[i], &f);
        }
        level = end;
    }
    if (e == ERR_OK)
        *out = f;
    return e;
}
