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

static const char base_slug[] = "";

static void begin_file(struct rules *r, struct tree_file *file, const char *name, const char *slug, uint32_t incidents)
{
    *file = (struct tree_file){.name = arena_strdup(r->arena, name),
                               .slug = arena_strdup(r->arena, slug),
                               .incidents = incidents,
                               .faults = arena_new(r->arena, struct faults)};
    file->faults->a = r->arena;
}

static struct rules *begin(const char *name, const struct rules_overlay *overlays, size_t n)
{
    struct arena *a = arena_open(ARENA_BYTES);
    struct rules *r = arena_new(a, struct rules);
    size_t files = n + 1;

    *r = (struct rules){
        .arena = a,
        .overlays = n,
        .hash = 0xCBF29CE484222325u,
        .senders = arena_array(a, struct tree_class, RULES_CLASSES_MAX),
        .queue = arena_array(a, struct tree_queue, files * RULES_QUEUES_MAX),
        .calendar = arena_array(a, struct tree_calendar, files * RULES_CALENDARS_MAX),
        .route = arena_array(a, struct tree_route, files * RULES_ROUTES_MAX),
        .example = arena_array(a, struct tree_example, files * RULES_EXAMPLES_MAX),
        .clock_example = arena_array(a, struct tree_clock_example, files * RULES_EXAMPLES_MAX),
        .match = arena_array(a, struct match_rule, RULES_MATCHES_MAX),
        .match_example = arena_array(a, struct match_example, RULES_EXAMPLES_MAX),
    };
    for (size_t i = 0; i < n; i++)
        begin_file(r, &r->file[i], overlays[i].file, overlays[i].slug, UINT32_C(1) << i);
    begin_file(r, &r->file[n], name, base_slug, FACT_ANY_INCIDENT);
    return r;
}

/* False: there is nothing to check. */
static bool read_file(struct rules *r, struct tree_file *file, struct str text, const struct rules_sources *from)
{
    if (text.len > RULES_BYTES_MAX) {
        faults_add(file->faults, 1, "larger than %d bytes", RULES_BYTES_MAX);
        return false;
    }
    rules_mix(r, str_of(file->slug));
    rules_mix(r, text);
    language_parse(r, file, text, from);
    return true;
}

static bool is_faulty(const struct rules *r)
{
    for (size_t i = 0; i <= r->overlays; i++)
        if (r->file[i].faults->n > 0)
            return true;
    return false;
}

static void check(struct rules *r)
{
    struct faults *f = tree_base(r)->faults;

    parse_match_shipped(r, f);
    check_names(r);
    check_classes(r);
    check_match_names(r, f);
    check_reach(r);
    check_packs(r);
    if (is_faulty(r))
        return;
    check_examples(r);
    check_clock_examples(r);
    check_match_examples(r, f);
}

static void print_faults(const struct rules *r, struct buf *out)
{
    faults_print(tree_base(r)->faults, tree_base(r)->name, out);
    for (size_t i = 0; i < r->overlays; i++)
        faults_print(r->file[i].faults, r->file[i].name, out);
}

enum err rules_load_over(struct rules **out, const char *name, struct str text, const struct rules_overlay *overlays,
                         size_t n, const struct rules_sources *from, struct buf *faults)
{
    assert(n <= RULES_OVERLAYS_MAX);

    struct rules *r = begin(name, overlays, n);
    bool whole = true;

    for (size_t i = 0; i < n; i++)
        whole = read_file(r, &r->file[i], overlays[i].text, from) && whole;
    whole = read_file(r, &r->file[n], text, from) && whole;
    if (whole)
        check(r);
    if (is_faulty(r)) {
        print_faults(r, faults);
        rules_close(r);
        return ERR_CONF;
    }
    (void)snprintf(r->version, sizeof r->version, "%016" PRIx64, r->hash);
    *out = r;
    return ERR_OK;
}

enum err rules_load_from(struct rules **out, const char *name, struct str text, const struct rules_sources *from,
                         struct buf *faults)
{
    return rules_load_over(out, name, text, NULL, 0, from, faults);
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

const struct tree_file *tree_base(const struct rules *r)
{
    return &r->file[r->overlays];
}

const char *rules_file(const struct rules *r)
{
    return tree_base(r)->name;
}

size_t rules_overlay_count(const struct rules *r)
{
    return r->overlays;
}

const char *rules_overlay_slug(const struct rules *r, size_t i)
{
    assert(i < r->overlays);
    return r->file[i].slug;
}

uint32_t rules_overlay_bit(const struct rules *r, struct str slug)
{
    for (size_t i = 0; i < r->overlays; i++)
        if (str_is(slug, r->file[i].slug))
            return r->file[i].incidents;
    return 0;
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

static const struct rules_queue *queue_in(const struct rules *r, struct tree_range range, struct str word)
{
    for (size_t i = range.from; i < range.to; i++)
        if (str_is(word, r->queue[i].word))
            return &r->queue[i].q;
    return NULL;
}

const struct rules_queue *tree_queue_of(const struct rules *r, const struct tree_file *file, struct str name)
{
    const struct rules_queue *own = queue_in(r, file->queues, name);

    return own != NULL ? own : queue_in(r, tree_base(r)->queues, name);
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

/* Asks the routes of the range, after those that were asked before; true: one decided. */
static bool decide(const struct rules *r, struct tree_range range, const struct facts *f, struct decision_step *step,
                   struct decision *out)
{
    for (size_t i = range.from; i < range.to; i++) {
        const struct tree_route *t = &r->route[i];
        const struct condition *c = fails(t, f);

        step[out->steps++] = (struct decision_step){.file = t->file->name,
                                                    .line = t->line,
                                                    .route = t->text,
                                                    .unless = c == NULL ? NULL : c->text,
                                                    .fact = c == NULL ? FACTS : c->fact,
                                                    .incidents = t->file->incidents};
        if (c == NULL) {
            *out = (struct decision){t->queue, t->priority, t->file->name, t->line, out->steps, step};
            return true;
        }
    }
    return false;
}

void rules_route(const struct rules *r, const struct facts *f, struct arena *a, struct decision *out)
{
    bool decided;

    *out = (struct decision){.steps = 0};
    decided = decide(r, (struct tree_range){0, r->routes}, f, arena_array(a, struct decision_step, r->routes), out);
    assert(decided); /* R2: the last one holds */
}

void tree_route_of(const struct rules *r, const struct tree_file *file, const struct facts *f, struct arena *a,
                   struct decision *out)
{
    struct decision_step *step = arena_array(a, struct decision_step, r->routes);
    bool decided;

    *out = (struct decision){.steps = 0};
    decided = (file != tree_base(r) && decide(r, file->routes, f, step, out)) ||
              decide(r, tree_base(r)->routes, f, step, out);
    assert(decided);
}
