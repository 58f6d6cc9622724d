#include "queues/incident/touch.h"

#include "queues/keys.h"
#include "queues/redis.h"
#include "rules/base/arena.h"

static const char *const names[] = {[TOUCH_SILENT] = "silent",
                                    [TOUCH_IN_TOUCH] = "in-touch",
                                    [TOUCH_UNLISTED] = "unlisted",
                                    [TOUCH_UNRESOLVED] = "unresolved"};

#define ROOM "is"

const char *touch_set_name(enum touch_set s)
{
    return names[s];
}

bool touch_set_parse(struct str word, enum touch_set *out)
{
    for (int s = 0; s < TOUCH_SETS; s++)
        if (str_is(word, names[s])) {
            *out = (enum touch_set)s;
            return true;
        }
    return false;
}

static const char *suffix(struct arena *a, struct str slug, enum touch_set s)
{
    return arena_printf(a, "%s:%s", str_copy(a, slug), names[s]);
}

void change_touch(struct change *c, struct str slug, struct ulid ticket, enum touch_set set, int64_t at_ms)
{
    struct arena *a = c->arena;
    unsigned p = ulid_partition(ticket);
    struct str id = str_of(arena_strdup(a, id_print(ID_TICKET, ticket).at));

    for (int s = 0; s < TOUCH_SETS; s++) {
        struct str key = key_in(a, p, ROOM, suffix(a, slug, (enum touch_set)s));

        if (s == (int)set)
            change_add(c, 5, (struct str[]){STR("ZADD"), key, STR("NX"), str_int(a, at_ms), id});
        else
            change_zrem(c, key, id);
    }
}

enum err touch_counts(struct redis *r, struct arena *a, struct str slug, int64_t out[TOUCH_SETS])
{
    struct redis_value *v;
    int64_t n[TOUCH_SETS] = {0};
    size_t count;

    for (unsigned p = 0; p < PARTITIONS; p++)
        for (int s = 0; s < TOUCH_SETS; s++)
            redis_add(r, 2, (struct str[]){STR("ZCARD"), key_in(a, p, ROOM, suffix(a, slug, (enum touch_set)s))});

    enum err e = redis_flush(r, a, &v, &count);

    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        e = redis_value_err(r, &v[i]);
        n[i % TOUCH_SETS] += v[i].integer;
    }
    for (int s = 0; e == ERR_OK && s < TOUCH_SETS; s++)
        out[s] = n[s];
    return e;
}

enum err touch_page(struct redis *r, struct arena *a, struct str slug, enum touch_set set,
                    const struct queue_place *after, size_t max, struct queue_place *out, size_t *n)
{
    return queue_page_of(r, a, ROOM, suffix(a, slug, set), ID_TICKET, after, max, out, n);
}
