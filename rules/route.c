#include "rules/route.h"

#include "rules/address.h"
#include "rules/base/arena.h"
#include "rules/check.h"
#include "rules/language.h"
#include "rules/parser.h"
#include "rules/tree.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { ARENA_BYTES = 256 * 1024 };

/* Fowler, Noll, Vo: 64 bits, variant 1a. It tells files apart; it proves nothing. */
void rules_mix(struct rules *r, struct str bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        r->hash = (r->hash ^ (unsigned char)bytes.at[i]) * 0x100000001B3u;
}

static struct rules *begin(const char *name)
{
    struct arena *a = arena_open(ARENA_BYTES);
    struct rules *r = arena_new(a, struct rules);

    *r = (struct rules){
        .arena = a,
        .file = arena_strdup(a, name),
        .hash = 0xCBF29CE484222325u,
        .senders = arena_array(a, struct tree_class, RULES_CLASSES_MAX),
        .queue = arena_array(a, struct tree_queue, RULES_QUEUES_MAX),
        .calendar = arena_array(a, struct tree_calendar, RULES_CALENDARS_MAX),
        .route = arena_array(a, struct tree_route, RULES_ROUTES_MAX),
        .example = arena_array(a, struct tree_example, RULES_EXAMPLES_MAX),
        .clock_example = arena_array(a, struct tree_clock_example, RULES_EXAMPLES_MAX),
        .match = arena_array(a, struct match_rule, RULES_MATCHES_MAX),
        .match_example = arena_array(a, struct match_example, RULES_EXAMPLES_MAX),
    };
    return r;
}

static void read_all(struct rules *r, struct str text, const struct rules_sources *from, struct faults *f)
{
    if (text.len > RULES_BYTES_MAX) {
        faults_add(f, 1, "larger than %d bytes", RULES_BYTES_MAX);
        return;
    }
    rules_mix(r, text);
    language_parse(r, text, from, f);
    parse_match_shipped(r, f);
    check_names(r, f);
    check_classes(r, f);
    check_match_names(r, f);
    check_reach(r, f);
    if (f->n > 0)
        return;
    check_examples(r, f);
    check_clock_examples(r, f);
    check_match_examples(r, f);
}

enum err rules_load_from(struct rules **out, const char *name, struct str text, const struct rules_sources *from,
                         struct buf *faults)
{
    struct rules *r = begin(name);
    struct faults *f = arena_new(r->arena, struct faults);

    f->a = r->arena;
    read_all(r, text, from, f);
    if (f->n > 0) {
        faults_print(f, name, faults);
        rules_close(r);
        return ERR_CONF;
    }
    (void)snprintf(r->version, sizeof r->version, "%016" PRIx64, r->hash);
    *out = r;
    return ERR_OK;
}

enum err rules_load(struct rules **out, const char *name, struct str text, zone_bytes *zones, void *arg,
                    struct buf *faults)
{
    const struct rules_sources from = {.zones = zones, .zones_arg = arg};

    return rules_load_from(out, name, text, &from, faults);
}

void rules_close(struct rules *r)
{
    if (r != NULL)
        arena_close(r->arena);
}

const char *rules_version(const struct rules *r)
{
    return r->version;
}

const char *rules_file(const struct rules *r)
{
    return r->file;
}

size_t rules_queue_count(const struct rules *r)
{
    return r->queues;
}

const struct rules_queue *rules_queue_at(const struct rules *r, size_t i)
{
    assert(i < r->queues);
    return &r->queue[i].q;
}

const struct rules_queue *rules_queue(const struct rules *r, struct str name)
{
    for (size_t i = 0; i < r->queues; i++)
        if (str_is(name, r->queue[i].q.name))
            return &r->queue[i].q;
    return NULL;
}

static bool holds(const struct str *list, size_t n, struct str s)
{
    for (size_t i = 0; i < n; i++)
        if (str_equal(list[i], s))
            return true;
    return false;
}

const char *rules_class(const struct rules *r, const struct email *e)
{
    for (size_t i = 0; e->canonical.len > 0 && i < r->classes; i++)
        if (holds(r->senders[i].address, r->senders[i].addresses, e->canonical))
            return r->senders[i].name;
    for (size_t i = 0; i < r->classes; i++)
        if (holds(r->senders[i].domain, r->senders[i].domains, e->domain))
            return r->senders[i].name;
    return NULL;
}

/* The first condition that does not hold, NULL where all do. */
static const struct condition *fails(const struct tree_route *t, const struct facts *f)
{
    for (size_t i = 0; i < t->n; i++)
        if (!condition_holds(&t->when[i], f))
            return &t->when[i];
    return NULL;
}

bool rules_heat_rises(const struct rules *r, const struct facts *before, const struct facts *after)
{
    for (size_t i = 0; i < r->routes; i++)
        for (size_t k = 0; k < r->route[i].n; k++) {
            const struct condition *c = &r->route[i].when[k];

            if (c->fact == FACT_HEAT && condition_holds(c, after) && !condition_holds(c, before))
                return true;
        }
    return false;
}

void rules_route(const struct rules *r, const struct facts *f, struct arena *a, struct decision *out)
{
    struct decision_step *step = arena_array(a, struct decision_step, r->routes);

    for (size_t i = 0;; i++) {
        assert(i < r->routes); /* R2: the last one holds */

        const struct tree_route *t = &r->route[i];
        const struct condition *c = fails(t, f);

        step[i] = (struct decision_step){t->line, t->text, c == NULL ? NULL : c->text, c == NULL ? FACTS : c->fact};
        if (c == NULL) {
            *out = (struct decision){t->queue, t->priority, r->file, t->line, i + 1, step};
            return;
        }
    }
}
