#include "queues/selection.h"

#include "queues/keys.h"
#include "queues/redis.h"
#include "queues/seal.h"
#include "rules/base/arena.h"

#include <stdlib.h>

enum { ADD_AT_ONCE = 1000 };

struct ulid selection_id(void)
{
    return ulid_in(ulid_fresh(), 0);
}

static struct str key_of(struct arena *a, const char *room, struct ulid sel)
{
    return key_in(a, 0, room, id_print(ID_SELECTION, sel).at);
}

static enum err flush(struct redis *r, struct arena *a)
{
    struct redis_value *v;
    size_t n;
    enum err e = redis_flush(r, a, &v, &n);

    for (size_t i = 0; e == ERR_OK && i < n; i++)
        e = redis_value_err(r, &v[i]);
    return e;
}

static void queue_keep(struct redis *r, struct arena *a, struct ulid sel, int64_t for_ms)
{
    static const char *const rooms[] = {"se", "sl"};

    for (int i = 0; i < 2; i++)
        redis_add(r, 3, (struct str[]){STR("PEXPIRE"), key_of(a, rooms[i], sel), str_int(a, for_ms)});
}

enum err selection_add(struct redis *r, struct arena *a, struct ulid sel, const struct ulid *tickets, size_t n)
{
    struct str *words = arena_array(a, struct str, ADD_AT_ONCE + 2);

    words[0] = STR("RPUSH");
    words[1] = key_of(a, "sl", sel);
    for (size_t i = 0; i < n; i += ADD_AT_ONCE) {
        size_t k = 0;

        for (; k < ADD_AT_ONCE && i + k < n; k++)
            words[k + 2] = str_of(arena_strdup(a, id_print(ID_TICKET, tickets[i + k]).at));
        redis_add(r, k + 2, words);
    }
    queue_keep(r, a, sel, SELECTION_KEEP_MS);
    return flush(r, a);
}

enum err selection_close(struct redis *r, struct arena *a, struct ulid sel, struct str by, struct str what,
                         int64_t now_ms)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("LLEN"), key_of(a, "sl", sel)});

    if (e != ERR_OK)
        return e;
    redis_add(r, 10,
              (struct str[]){STR("HSET"), key_of(a, "se", sel), STR("n"), str_int(a, v.integer), STR("at"),
                             str_int(a, now_ms), STR("by"), by, STR("what"), what});
    queue_keep(r, a, sel, SELECTION_KEEP_MS);
    return flush(r, a);
}

enum err selection_read(struct redis *r, struct arena *a, struct ulid sel, struct selection *out)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), key_of(a, "se", sel)});

    if (e == ERR_OK && v.count == 0)
        return ERR_ABSENT;
    if (e != ERR_OK)
        return e;
    *out = (struct selection){.by = redis_field(&v, "by"), .what = redis_field(&v, "what")};
    return str_number(redis_field(&v, "n"), &out->n) && str_number(redis_field(&v, "at"), &out->at_ms) ? ERR_OK
                                                                                                       : ERR_CORRUPT;
}

enum err selection_keep(struct redis *r, struct arena *a, struct ulid sel, int64_t for_ms)
{
    queue_keep(r, a, sel, for_ms);
    return flush(r, a);
}

enum err selection_set_note(struct redis *r, const struct keyring *k, struct arena *a, struct ulid sel, struct str text)
{
    struct str name = str_of(arena_strdup(a, id_print(ID_SELECTION, sel).at));

    return redis_do(r, a, NULL, 4,
                    (struct str[]){STR("HSET"), key_of(a, "se", sel), STR("note"), seal(k, a, text, name)});
}

enum err selection_note(struct redis *r, const struct keyring *k, struct arena *a, struct ulid sel, struct str *out)
{
    struct str name = str_of(arena_strdup(a, id_print(ID_SELECTION, sel).at));
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 3, (struct str[]){STR("HGET"), key_of(a, "se", sel), STR("note")});

    if (e == ERR_OK && v.kind != REDIS_TEXT)
        return ERR_ABSENT;
    return e == ERR_OK ? unseal(k, a, v.text, name, out) : e;
}

enum err selection_tickets(struct redis *r, struct arena *a, struct ulid sel, int64_t from, size_t max,
                           struct ulid *out, size_t *n)
{
    struct redis_value v;
    enum err e = redis_do(
        r, a, &v, 4,
        (struct str[]){STR("LRANGE"), key_of(a, "sl", sel), str_int(a, from), str_int(a, from + (int64_t)max - 1)});

    *n = 0;
    for (size_t i = 0; e == ERR_OK && i < v.count; i++) {
        if (!id_parse(ID_TICKET, v.items[i].text, &out[*n]))
            return ERR_CORRUPT;
        (*n)++;
    }
    return e;
}
