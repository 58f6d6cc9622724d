#include "queues/choosing.h"

#include "queues/open_work.h"
#include "queues/selection.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"

#include <string.h>

enum field { STATE, OWNER, OPENED, LANGUAGE, TIER, CHANNELS, FIELDS };

static const char *const field_names[FIELDS] = {[STATE] = "state",       [OWNER] = "owner", [OPENED] = "opened",
                                                [LANGUAGE] = "language", [TIER] = "tier",   [CHANNELS] = "channels"};

struct run {
    struct redis *redis;
    const struct keyring *keys;
    const struct choosing *c;
    struct chosen *out;
    struct ulid ids[OPEN_WORK_AT_ONCE];
    size_t n;
};

static bool holds_word(struct str words, struct str word)
{
    while (words.len > 0)
        if (str_equal(str_cut(&words, ' '), word))
            return true;
    return false;
}

static bool fits(const struct choosing *c, const struct redis_value *v)
{
    struct str owner = v[OWNER].text;
    int64_t opened = 0;

    (void)str_number(v[OPENED].text, &opened);
    if (c->states.len > 0 && !holds_word(c->states, v[STATE].text))
        return false;
    if (c->owner.len > 0 && !(str_is(c->owner, "none") ? owner.len == 0 : str_equal(owner, c->owner)))
        return false;
    if (c->opened_before_ms > 0 && opened >= c->opened_before_ms)
        return false;
    if (c->language.len > 0 && !str_equal(c->language, v[LANGUAGE].text))
        return false;
    if (c->tier.len > 0 && !str_equal(c->tier, v[TIER].text))
        return false;
    return c->channel.len == 0 || holds_word(v[CHANNELS].text, c->channel);
}

static bool visit(void *arg, struct ulid ticket, const struct redis_value *v)
{
    struct run *run = arg;

    if (fits(run->c, v))
        run->ids[run->n++] = ticket;
    return true;
}

static bool asks_level(const struct choosing *c)
{
    return c->level_min > 0 || c->level_max >= 0;
}

/* The level stands in fields of its own, one for each participant. */
static enum err keep_levels(struct run *run, struct arena *a)
{
    struct redis_value *v = NULL;
    size_t replies = 0, kept = 0;

    if (!asks_level(run->c) || run->n == 0)
        return ERR_OK;
    for (size_t i = 0; i < run->n; i++)
        ticket_queue_read(run->redis, a, run->ids[i]);

    enum err e = redis_flush(run->redis, a, &v, &replies);

    for (size_t i = 0; e == ERR_OK && i < run->n; i++) {
        struct ticket t;

        if (ticket_load(run->keys, a, run->ids[i], &v[i], false, &t) == ERR_OK && t.level >= run->c->level_min &&
            (run->c->level_max < 0 || t.level <= run->c->level_max))
            run->ids[kept++] = run->ids[i];
    }
    run->n = kept;
    return e;
}

static enum err after_each(void *arg, struct arena *a)
{
    struct run *run = arg;
    struct chosen *o = run->out;
    enum err e = keep_levels(run, a);

    if (e != ERR_OK || run->n == 0)
        return e;
    for (size_t i = 0; i < run->n && o->example_count < CHOOSING_EXAMPLES; i++)
        o->examples[o->example_count++] = run->ids[i];
    o->n += (int64_t)run->n;
    if (o->n > SELECTION_MAX)
        return ERR_LIMIT;
    e = selection_add(run->redis, a, o->id, run->ids, run->n);
    run->n = 0;
    return e;
}

enum err choose(struct redis *r, const struct keyring *k, struct arena *a, const struct choosing *c, struct str by,
                struct str what, int64_t now_ms, struct chosen *out)
{
    struct run *run = arena_new(a, struct run);
    struct open_work w = {.redis = r,
                          .fields = field_names,
                          .field_count = FIELDS,
                          .queue = c->queue,
                          .arg = run,
                          .visit = visit,
                          .pause = after_each};

    *out = (struct chosen){.id = selection_id()};
    *run = (struct run){.redis = r, .keys = k, .c = c, .out = out};

    enum err e = open_work_visit(&w);

    return e == ERR_OK ? selection_close(r, a, out->id, by, what, now_ms) : e;
}
