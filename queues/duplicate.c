#include "queues/duplicate.h"

#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <stdlib.h>
#include <string.h>

static struct str id_of(struct arena *a, enum id_kind kind, struct ulid u)
{
    return str_of(arena_strdup(a, id_print(kind, u).at));
}

static struct str questions_key(struct arena *a, unsigned partition)
{
    return key_in(a, partition, "du", "");
}

static struct str refused_key(struct arena *a, struct ulid account)
{
    return key_in(a, partition_of(account), "no", id_print(ID_ACCOUNT, account).at);
}

static bool parse(struct arena *a, struct str name, struct str json, struct duplicate *out)
{
    struct duplicate q = {0};
    struct doc *d;

    if (!id_parse(ID_DUPLICATE, name, &q.id) || doc_parse(&d, json, NULL, 0) != ERR_OK)
        return false;

    struct str rule = doc_get_text(d, "rule");
    const struct doc *reasons = doc_get(d, "reasons");
    bool good = id_parse(ID_ACCOUNT, doc_get_text(d, "a"), &q.a) && id_parse(ID_ACCOUNT, doc_get_text(d, "b"), &q.b);

    q.score = (int)doc_get_int(d, "score", 0);
    q.at_ms = doc_get_int(d, "at", 0);
    q.rule = (struct str){str_copy(a, rule), rule.len};
    q.reasons = doc_kind(reasons) == DOC_ARRAY ? doc_print(reasons, a) : STR("[]");
    doc_close(d);
    *out = q;
    return good;
}

/* ---- which of them are still open ---- */

static enum err find_roots(struct redis *r, struct arena *a, struct duplicate *all, size_t n)
{
    struct ulid *accounts = arena_array(a, struct ulid, 2 * n + 1), *roots = arena_array(a, struct ulid, 2 * n + 1);

    for (size_t i = 0; i < n; i++) {
        accounts[2 * i] = all[i].a;
        accounts[2 * i + 1] = all[i].b;
    }

    enum err e = merge_roots(r, a, accounts, 2 * n, roots);

    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        all[i].root_a = roots[2 * i];
        all[i].root_b = roots[2 * i + 1];
    }
    return e;
}

static enum err drop_decided(struct redis *r, struct arena *a, struct duplicate *all, size_t *n)
{
    struct redis_value *v;
    size_t count, kept = 0;

    for (size_t i = 0; i < *n; i++)
        redis_add(r, 3, (struct str[]){STR("SISMEMBER"), refused_key(a, all[i].a), id_of(a, ID_ACCOUNT, all[i].b)});
    if (*n == 0)
        return ERR_OK;

    enum err e = redis_flush(r, a, &v, &count);

    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        e = redis_value_err(r, &v[i]);
        if (v[i].integer == 0 && !ulid_equal(all[i].root_a, all[i].root_b))
            all[kept++] = all[i];
    }
    *n = kept;
    return e;
}

static int likelier(const void *x, const void *y)
{
    const struct duplicate *a = x, *b = y;

    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    return memcmp(a->id.bytes, b->id.bytes, sizeof a->id.bytes);
}

static bool same_pair(const struct duplicate *x, const struct duplicate *y)
{
    return (ulid_equal(x->root_a, y->root_a) && ulid_equal(x->root_b, y->root_b)) ||
           (ulid_equal(x->root_a, y->root_b) && ulid_equal(x->root_b, y->root_a));
}

static size_t each_pair_once(struct duplicate *all, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        size_t k = 0;

        while (k < kept && !same_pair(&all[k], &all[i]))
            k++;
        if (k == kept)
            all[kept++] = all[i];
    }
    return kept;
}

static enum err keep_open(struct redis *r, struct arena *a, struct duplicate *all, size_t *n)
{
    enum err e = find_roots(r, a, all, *n);

    if (e == ERR_OK)
        e = drop_decided(r, a, all, n);
    if (e == ERR_OK && *n > 1)
        qsort(all, *n, sizeof *all, likelier);
    if (e == ERR_OK)
        *n = each_pair_once(all, *n);
    return e;
}

enum err duplicates_read(struct redis *r, struct arena *a, struct duplicate **out, size_t *n)
{
    struct redis_value *v;
    size_t count, room = 0;

    for (unsigned p = 0; p < PARTITIONS; p++)
        redis_add(r, 2, (struct str[]){STR("HGETALL"), questions_key(a, p)});

    enum err e = redis_flush(r, a, &v, &count);

    for (size_t p = 0; e == ERR_OK && p < count; p++) {
        e = redis_value_err(r, &v[p]);
        room += v[p].count / 2;
    }
    if (e != ERR_OK)
        return e;
    *out = arena_array(a, struct duplicate, room + 1);
    *n = 0;
    for (size_t p = 0; p < count; p++)
        for (size_t i = 0; i + 1 < v[p].count; i += 2)
            *n += parse(a, v[p].items[i].text, v[p].items[i + 1].text, &(*out)[*n]);
    return keep_open(r, a, *out, n);
}

enum err duplicate_read(struct redis *r, struct arena *a, struct ulid id, struct duplicate *out)
{
    struct str name = id_of(a, ID_DUPLICATE, id);
    struct redis_value v;
    size_t n = 1;
    enum err e = redis_do(r, a, &v, 3, (struct str[]){STR("HGET"), questions_key(a, ulid_partition(id)), name});

    if (e != ERR_OK)
        return e;
    if (v.kind != REDIS_TEXT)
        return ERR_ABSENT;
    if (!parse(a, name, v.text, out))
        return ERR_CORRUPT;
    e = keep_open(r, a, out, &n);
    return e == ERR_OK && n == 0 ? ERR_ABSENT : e;
}

size_t duplicates_about(const struct duplicate *all, size_t n, struct ulid root)
{
    size_t about = 0;

    for (size_t i = 0; i < n; i++)
        about += ulid_equal(all[i].root_a, root) || ulid_equal(all[i].root_b, root);
    return about;
}

/* ---- deciding ---- */

static enum err forget(struct mover *m, const struct duplicate *d)
{
    return redis_do(m->redis, m->arena, NULL, 3,
                    (struct str[]){STR("HDEL"), questions_key(m->arena, ulid_partition(d->id)),
                                   id_of(m->arena, ID_DUPLICATE, d->id)});
}

static enum err remember_no(struct mover *m, const struct duplicate *d, struct ulid here, struct ulid there,
                            struct str by)
{
    struct arena *a = m->arena;
    struct change *c = change_begin(a);

    change_add(c, 3, (struct str[]){STR("SADD"), refused_key(a, here), id_of(a, ID_ACCOUNT, there)});
    change_audit(c, m->keys, partition_of(here), m->now_ms, by, "duplicate.refused", id_of(a, ID_ACCOUNT, here).at,
                 id_of(a, ID_DUPLICATE, d->id));
    return change_run(m->redis, a, c, STR(""), STR(""), STR(""), NULL);
}

enum err duplicate_refuse(struct mover *m, const struct duplicate *d, struct str by)
{
    enum err e = remember_no(m, d, d->a, d->b, by);

    if (e == ERR_OK)
        e = remember_no(m, d, d->b, d->a, by);
    return e == ERR_OK ? forget(m, d) : e;
}

enum err duplicate_link(struct mover *m, const struct duplicate *d, struct edge *e)
{
    e->from = d->a;
    e->into = d->b;
    e->duplicate = true;

    enum err bad = merge_link(m, e);

    return bad == ERR_OK ? forget(m, d) : bad;
}
