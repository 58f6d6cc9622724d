#include "queues/open_work.h"

#include "queues/keys.h"
#include "queues/queue.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"

enum { ARENA_BYTES = 4 * 1024 * 1024 };

/* Ids of one exchange, gathered over partitions and queues. */
struct gathering {
    const struct open_work *w;
    struct arena *arena; /* of the exchange */
    struct ulid ids[OPEN_WORK_AT_ONCE];
    size_t n;
    bool enough;
};

static enum err ask(struct gathering *g)
{
    const struct open_work *w = g->w;
    struct str *words = arena_array(g->arena, struct str, w->field_count + 2);
    struct redis_value *v = NULL;
    size_t replies = 0;

    words[0] = STR("HMGET");
    for (size_t f = 0; f < w->field_count; f++)
        words[f + 2] = str_of(w->fields[f]);
    for (size_t i = 0; i < g->n; i++) {
        words[1] = ticket_key(g->arena, g->ids[i]);
        redis_add(w->redis, w->field_count + 2, words);
    }

    enum err e = redis_flush(w->redis, g->arena, &v, &replies);

    for (size_t i = 0; e == ERR_OK && i < g->n && !g->enough; i++) {
        e = redis_value_err(w->redis, &v[i]);
        if (e == ERR_OK)
            g->enough = !w->visit(w->arg, g->ids[i], v[i].items);
    }
    g->n = 0;
    if (e == ERR_OK && w->pause != NULL)
        e = w->pause(w->arg, g->arena);
    arena_reset(g->arena);
    return e;
}

static enum err add_ids(struct gathering *g, const struct redis_value *list)
{
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < list->count && !g->enough; i++) {
        g->n += id_parse(ID_TICKET, list->items[i].text, &g->ids[g->n]);
        if (g->n == OPEN_WORK_AT_ONCE)
            e = ask(g);
    }
    return e;
}

static enum err visit_queue(struct gathering *g, struct arena *a, struct str queue)
{
    const char *name = str_copy(a, queue);
    struct redis_value *v;
    size_t replies;

    for (unsigned p = 0; p < PARTITIONS; p++)
        redis_add(g->w->redis, 4, (struct str[]){STR("ZRANGE"), key_in(a, p, "q", name), STR("0"), STR("-1")});

    enum err e = redis_flush(g->w->redis, a, &v, &replies);

    for (size_t p = 0; e == ERR_OK && p < replies && !g->enough; p++) {
        e = redis_value_err(g->w->redis, &v[p]);
        if (e == ERR_OK)
            e = add_ids(g, &v[p]);
    }
    return e;
}

enum err open_work_visit(const struct open_work *w)
{
    struct arena *a = arena_open(ARENA_BYTES);
    struct gathering *g = arena_new(a, struct gathering);
    struct str *names = arena_new(a, struct str);
    size_t n = 1;
    enum err e = ERR_OK;

    g->w = w;
    g->arena = arena_open(ARENA_BYTES);
    names[0] = w->queue;
    if (w->queue.len == 0)
        e = queue_names(w->redis, a, &names, &n);
    for (size_t i = 0; e == ERR_OK && i < n && !g->enough; i++)
        e = visit_queue(g, a, names[i]);
    if (e == ERR_OK && g->n > 0 && !g->enough)
        e = ask(g);
    arena_close(g->arena);
    arena_close(a);
    return e;
}
