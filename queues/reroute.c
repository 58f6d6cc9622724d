#include "queues/reroute.h"

#include "queues/edit.h"
#include "queues/job.h"
#include "queues/open_work.h"
#include "queues/placing.h"
#include "queues/selection.h"
#include "rules/base/arena.h"
#include "rules/facts.h"
#include "rules/route.h"

#include <stdlib.h>
#include <string.h>

/* What ticket_facts() reads, then what is compared with what was decided. */
enum field {
    CHANNELS,
    IMPACT,
    FOLLOWERS,
    EXECUTIVE,
    CLASS,
    KNOWN,
    LANGUAGE,
    TIER,
    REGION,
    INCIDENT,
    AFFECTED,
    FACT_FIELDS, /* all before are facts */
    QUEUE = FACT_FIELDS,
    PRIORITY,
    HAND,
    FIELDS
};

static const char *const field_names[FIELDS] = {
    [CHANNELS] = "channels", [IMPACT] = "impact",     [FOLLOWERS] = "followers", [EXECUTIVE] = "executive",
    [CLASS] = "class",       [KNOWN] = "known",       [LANGUAGE] = "language",   [TIER] = "tier",
    [REGION] = "region",     [INCIDENT] = "incident", [AFFECTED] = "affected",   [QUEUE] = "queue",
    [PRIORITY] = "priority", [HAND] = REROUTE_HAND};

enum { LEVELS = 5, MEMO = 8192 /* a power of two; sets of facts beyond are decided each time */, PER_PAIR = 5 };

struct decided {
    struct str key;
    const struct rules_queue *queue;
    int priority;
    bool settled; /* the same at every level */
};

struct plan {
    struct redis *redis;
    const struct keyring *keys;
    const struct rules *rules;
    struct arena *arena; /* of the answer */
    struct arena *turn;  /* of one decision */
    int64_t now_ms;
    const struct ulid *selection;
    struct reroute *out;
    struct decided *memo;
    size_t memo_count;
    struct ulid look[OPEN_WORK_AT_ONCE], chosen[OPEN_WORK_AT_ONCE];
    size_t look_count, chosen_count;
    size_t pair_examples[REROUTE_PAIRS_MAX];
};

/* ---- sets of facts ---- */

static uint64_t hash(struct str s)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (uint8_t)s.at[i]) * UINT64_C(1099511628211);
    return h ^ h >> 32;
}

static struct str join(struct arena *a, const struct redis_value *v)
{
    size_t n = 0;
    char *key;

    for (int f = 0; f < FACT_FIELDS; f++)
        n += v[f].text.len + 1;
    key = arena_take(a, n);
    n = 0;
    for (int f = 0; f < FACT_FIELDS; f++) {
        if (v[f].text.len > 0)
            memcpy(key + n, v[f].text.at, v[f].text.len);
        n += v[f].text.len;
        key[n++] = '\n';
    }
    return (struct str){key, n};
}

/* The same facts by name, as a whole ticket has them. */
static struct ticket with_fields(struct arena *a, const struct redis_value *v)
{
    struct redis_value *pairs = arena_array(a, struct redis_value, 2 * FACT_FIELDS);
    struct redis_value *list = arena_new(a, struct redis_value);

    for (int f = 0; f < FACT_FIELDS; f++) {
        pairs[2 * f] = (struct redis_value){.kind = REDIS_TEXT, .text = str_of(field_names[f])};
        pairs[2 * f + 1] = v[f];
    }
    *list = (struct redis_value){.kind = REDIS_LIST, .count = 2 * FACT_FIELDS, .items = pairs};
    return (struct ticket){
        .fields = list, .channels = v[CHANNELS].text, .impact = v[IMPACT].text, .language = v[LANGUAGE].text};
}

static struct decided decide(struct plan *p, const struct redis_value *v)
{
    struct ticket t = with_fields(p->turn, v);
    struct decided out = {.settled = true};

    for (int level = 0; level < LEVELS; level++) {
        struct facts f = ticket_facts(p->rules, &t, level);
        struct decision d;

        rules_route(p->rules, &f, p->turn, &d);
        if (level > 0 && (d.queue != out.queue || d.priority != out.priority))
            out.settled = false;
        out.queue = d.queue;
        out.priority = d.priority;
    }
    return out;
}

static struct decided decided(struct plan *p, const struct redis_value *v)
{
    struct str key = join(p->turn, v);
    size_t at = hash(key) & (MEMO - 1);
    struct decided d;

    for (; p->memo[at].key.at != NULL; at = (at + 1) & (MEMO - 1))
        if (str_equal(p->memo[at].key, key))
            return p->memo[at];
    d = decide(p, v);
    if (p->memo_count < MEMO / 2) {
        d.key = (struct str){arena_copy(p->arena, key.at, key.len), key.len};
        p->memo[at] = d;
        p->memo_count++;
    }
    return d;
}

/* ---- one ticket by its few fields ---- */

static struct reroute_pair *pair_of(struct plan *p, struct str from, struct str to)
{
    struct reroute *o = p->out;

    for (size_t i = 0; i < o->pair_count; i++)
        if (str_equal(o->pairs[i].from, from) && str_equal(o->pairs[i].to, to))
            return &o->pairs[i];
    if (o->pair_count == REROUTE_PAIRS_MAX)
        return NULL;
    o->pairs[o->pair_count] =
        (struct reroute_pair){.from = str_of(str_copy(p->arena, from)), .to = str_of(str_copy(p->arena, to))};
    return &o->pairs[o->pair_count++];
}

static void count(struct plan *p, struct ulid ticket, struct str from, int was, struct str to, int is)
{
    struct reroute_pair *pair = pair_of(p, from, to);

    p->out->changed++;
    p->out->queue_changed += !str_equal(from, to);
    p->out->priority_up += is > was;
    p->out->priority_down += is < was;
    if (pair != NULL)
        pair->tickets++;
    p->chosen[p->chosen_count++] = ticket;
}

static bool visit(void *arg, struct ulid ticket, const struct redis_value *v)
{
    struct plan *p = arg;
    bool several = memchr(v[CHANNELS].text.at == NULL ? "" : v[CHANNELS].text.at, ' ', v[CHANNELS].text.len) != NULL;
    int64_t priority = 0;
    struct decided d;

    p->out->looked_at++;
    if (v[HAND].text.len > 0) {
        p->out->by_hand++;
        return true;
    }
    d = decided(p, v);
    (void)str_number(v[PRIORITY].text, &priority);
    if (several || !d.settled) {
        p->look[p->look_count++] = ticket;
    } else if (!str_is(v[QUEUE].text, d.queue->name) || priority != d.priority) {
        if (p->out->due_known + (int64_t)p->look_count < REROUTE_DUE_MAX)
            p->look[p->look_count++] = ticket;
        else
            count(p, ticket, v[QUEUE].text, (int)priority, str_of(d.queue->name), d.priority);
    }
    return true;
}

/* ---- whole tickets ---- */

static struct reroute_place kept(struct arena *a, struct str queue, struct str rule, int priority, int64_t due_ms)
{
    return (struct reroute_place){str_of(str_copy(a, queue)), str_of(str_copy(a, rule)), priority, due_ms};
}

static void add_example(struct plan *p, const struct ticket *t, const struct placing *to)
{
    struct reroute *o = p->out;
    const struct reroute_pair *pair = pair_of(p, t->queue, to->queue);

    if (pair == NULL || o->example_count == REROUTE_EXAMPLES || p->pair_examples[pair - o->pairs]++ >= PER_PAIR)
        return;
    o->examples[o->example_count++] =
        (struct reroute_example){t->id, t->reference, kept(p->arena, t->queue, t->rule, t->priority, t->due_ms),
                                 kept(p->arena, to->queue, to->rule, to->priority, to->due_ms)};
}

static void judge(struct plan *p, const struct edit *e)
{
    const struct ticket *t = &e->ticket;
    struct facts f = ticket_facts(p->rules, t, t->level);
    struct placing to;

    place(p->rules, &f, e->history, e->history_count, p->now_ms, p->turn, &to);
    if (str_equal(to.queue, t->queue) && to.priority == t->priority)
        return;
    count(p, t->id, t->queue, t->priority, to.queue, to.priority);
    p->out->due_known++;
    p->out->due_sooner += due_or_never(to.due_ms) < due_or_never(t->due_ms);
    p->out->due_later += due_or_never(to.due_ms) > due_or_never(t->due_ms);
    add_example(p, t, &to);
}

static enum err look_closer(struct plan *p)
{
    struct edit e = {.redis = p->redis, .keys = p->keys, .rules = p->rules, .arena = p->turn, .now_ms = p->now_ms};
    struct redis_value *v = NULL;
    size_t n = 0;

    for (size_t i = 0; i < p->look_count; i++)
        edit_queue_reads(&e, p->look[i]);

    enum err bad = redis_flush(p->redis, p->turn, &v, &n);

    for (size_t i = 0; bad == ERR_OK && i < p->look_count; i++)
        if (edit_load(&e, p->look[i], v + EDIT_READS * i) == ERR_OK)
            judge(p, &e);
    p->look_count = 0;
    return bad;
}

static enum err after_each(void *arg, struct arena *a)
{
    struct plan *p = arg;
    enum err e = p->look_count > 0 ? look_closer(p) : ERR_OK;

    if (e == ERR_OK && p->selection != NULL && p->chosen_count > 0)
        e = selection_add(p->redis, a, *p->selection, p->chosen, p->chosen_count);
    p->chosen_count = 0;
    arena_reset(p->turn);
    return e;
}

static int most_first(const void *x, const void *y)
{
    const struct reroute_pair *a = x, *b = y;

    return a->tickets == b->tickets ? 0 : a->tickets > b->tickets ? -1 : 1;
}

enum err reroute_plan(struct redis *r, const struct keyring *k, const struct rules *rules, struct arena *a,
                      int64_t now_ms, const struct ulid *selection, struct reroute *out)
{
    struct arena *own = arena_open(1024 * 1024);
    struct plan *p = arena_new(own, struct plan);

    *out = (struct reroute){0};
    *p = (struct plan){.redis = r,
                       .keys = k,
                       .rules = rules,
                       .arena = a,
                       .turn = arena_open(1024 * 1024),
                       .now_ms = now_ms,
                       .selection = selection,
                       .out = out,
                       .memo = arena_array(own, struct decided, MEMO)};

    struct open_work w = {
        .redis = r, .fields = field_names, .field_count = FIELDS, .arg = p, .visit = visit, .pause = after_each};
    enum err e = open_work_visit(&w);

    arena_close(p->turn);
    arena_close(own);
    if (e == ERR_OK && out->pair_count > 1)
        qsort(out->pairs, out->pair_count, sizeof *out->pairs, most_first);
    return e;
}

enum err reroute_begin(struct redis *r, const struct keyring *k, struct arena *a, struct ulid selection, struct str by,
                       int64_t now_ms, struct ulid *job)
{
    struct job_new n = {.kind = "reroute", .by = by, .at_ms = now_ms};
    enum err e = selection_close(r, a, selection, by, STR("{\"reroute\":true}"), now_ms);

    n.args = str_of(arena_printf(a, "{\"selection\":\"%s\"}", id_print(ID_SELECTION, selection).at));
    if (e == ERR_OK)
        e = selection_keep(r, a, selection, 2 * JOB_KEEP_MS);
    if (e == ERR_OK)
        e = job_start(r, k, a, &n);
    if (e == ERR_OK)
        *job = n.id;
    return e;
}
