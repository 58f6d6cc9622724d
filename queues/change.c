#include "queues/change.h"

#include "rules/base/arena.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

struct change *change_begin(struct arena *a)
{
    struct change *c = arena_new(a, struct change);

    c->arena = a;
    return c;
}

void change_add(struct change *c, size_t n, const struct str words[])
{
    assert(c->n + n + 1 <= CHANGE_WORDS_MAX);
    c->last = c->n;
    c->words[c->n++] = str_int(c->arena, (int64_t)n);
    memcpy(c->words + c->n, words, n * sizeof *words);
    c->n += n;
}

void change_hset(struct change *c, struct str key, const char *field, struct str value)
{
    const struct str *last = c->words + c->last;

    if (c->n == 0 || !str_is(last[1], "HSET") || !str_equal(last[2], key)) {
        change_add(c, 4, (struct str[]){STR("HSET"), key, str_of(field), value});
        return;
    }
    assert(c->n + 2 <= CHANGE_WORDS_MAX);
    c->words[c->n++] = str_of(field);
    c->words[c->n++] = value;
    c->words[c->last] = str_int(c->arena, (int64_t)(c->n - c->last - 1));
}

void change_hset_int(struct change *c, struct str key, const char *field, int64_t value)
{
    change_hset(c, key, field, str_int(c->arena, value));
}

void change_zadd(struct change *c, struct str key, int64_t score, struct str member)
{
    change_add(c, 4, (struct str[]){STR("ZADD"), key, str_int(c->arena, score), member});
}

void change_zrem(struct change *c, struct str key, struct str member)
{
    change_add(c, 3, (struct str[]){STR("ZREM"), key, member});
}

void change_holds(struct change *c, struct str key, const char *field, struct str value)
{
    change_add(c, 4, (struct str[]){STR("HOLDS"), key, str_of(field), value});
}

void change_xadd(struct change *c, struct str key, struct str json)
{
    change_add(c, 5, (struct str[]){STR("XADD"), key, STR("*"), STR("j"), json});
}

void change_queue(struct redis *r, const struct change *c, struct str once, struct str versioned, struct str version)
{
    struct str *argv = arena_array(c->arena, struct str, c->n + 4);
    struct str slot = once.len > 0 ? once : versioned;

    assert(c->n > 0);
    if (slot.len == 0)
        slot = c->words[2]; /* the first command's key: enough to find the slot */
    argv[0] = slot;
    argv[1] = versioned.len > 0 ? versioned : slot;
    argv[2] = once.len > 0 ? STR("once") : STR("");
    argv[3] = versioned.len > 0 ? version : STR("");
    memcpy(argv + 4, c->words, c->n * sizeof *argv);
    redis_add_script(r, SCRIPT_CHANGE, 2, c->n + 4, argv);
}

enum err change_outcome(struct redis *r, const struct redis_value *v, bool *before)
{
    enum err e = redis_value_err(r, v);

    if (e != ERR_OK)
        return e;
    if (str_is(v->text, "stale"))
        return ERR_CONFLICT;
    if (before != NULL)
        *before = str_is(v->text, "before");
    return ERR_OK;
}

enum err change_run(struct redis *r, struct arena *a, const struct change *c, struct str once, struct str versioned,
                    struct str version, bool *before)
{
    struct redis_value *replies;
    size_t n;

    change_queue(r, c, once, versioned, version);

    enum err e = redis_flush(r, a, &replies, &n);

    return e != ERR_OK ? e : change_outcome(r, &replies[0], before);
}
