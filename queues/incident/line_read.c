/* line_read.c - the line as it is shown: sites, their history, the board, pages, what is parked. */
#include "queues/incident/incident.h"
#include "queues/incident/line_parts.h"
#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <stdlib.h>
#include <string.h>

static enum err read_at(struct redis *r, const struct keyring *k, struct arena *a, struct str slug, struct ulid account,
                        struct ulid site, struct line_site *out)
{
    struct redis_value *v = arena_new(a, struct redis_value);
    enum err e = redis_do(r, a, v, 2, (struct str[]){STR("HGETALL"), line_key(a, slug, account, site)});

    if (e == ERR_OK && v->count == 0)
        return ERR_ABSENT;
    return e == ERR_OK ? line_load(k, a, slug, account, site, v, out) : e;
}

enum err line_known(struct redis *r, struct arena *a, struct str slug)
{
    struct redis_value v;
    enum err e = incident_slug_valid(slug)
                     ? redis_do(r, a, &v, 3, (struct str[]){STR("HGET"), incident_set_key(a), slug})
                     : ERR_ABSENT;

    return e == ERR_OK && v.text.len == 0 ? ERR_ABSENT : e;
}

enum err line_read(struct redis *r, const struct keyring *k, struct arena *a, struct str slug, struct ulid site,
                   struct line_site *out)
{
    struct redis_value v;
    struct ulid account;
    enum err e = redis_do(r, a, &v, 3, (struct str[]){STR("HGET"), line_where_key(a, slug), line_id(a, ID_SITE, site)});

    if (e != ERR_OK)
        return e;
    return id_parse(ID_ACCOUNT, v.text, &account) ? read_at(r, k, a, slug, account, site, out) : ERR_ABSENT;
}

static int by_moment(const void *x, const void *y)
{
    const struct line_happening *a = x, *b = y;

    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    return memcmp(a->id.bytes, b->id.bytes, sizeof a->id.bytes);
}

enum err line_history(struct redis *r, const struct keyring *k, struct arena *a, const struct line_site *s,
                      struct line_happening **out, size_t *n)
{
    struct redis_value v;
    enum err e =
        redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), line_history_key(a, s->slug, s->account, s->site)});
    size_t count = e == ERR_OK ? v.count / 2 : 0;
    struct line_happening *all = arena_array(a, struct line_happening, count + 1);

    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        struct doc *d;

        if (!id_parse(ID_EVENT, v.items[2 * i].text, &all[i].id) ||
            unseal(k, a, v.items[2 * i + 1].text, v.items[2 * i].text, &all[i].json) != ERR_OK ||
            doc_parse(&d, all[i].json, NULL, 0) != ERR_OK)
            return ERR_CORRUPT;
        all[i].at_ms = doc_get_int(d, "at", 0);
        doc_close(d);
    }
    if (e != ERR_OK)
        return e;
    if (count > 1)
        qsort(all, count, sizeof *all, by_moment);
    *out = all;
    *n = count;
    return ERR_OK;
}

enum err line_steps(const struct keyring *k, struct arena *a, const struct line_site *s, struct checklist *list,
                    struct str done[CHECKLIST_STEPS_MAX])
{
    checklist_shipped(list);
    for (size_t i = 0; i < list->n; i++) {
        const char *field = arena_printf(a, "d:%lld:%s", (long long)s->round, str_copy(a, list->step[i].key));
        struct str sealed = redis_field(s->fields, field);

        done[i] = (struct str){NULL, 0};
        if (sealed.len > 0 && unseal(k, a, sealed, str_of(field), &done[i]) != ERR_OK)
            return ERR_CORRUPT;
    }
    return ERR_OK;
}

/* ---- the board ---- */

static int by_name(const void *x, const void *y)
{
    return strcmp(((const struct line_batch *)x)->name.at, ((const struct line_batch *)y)->name.at);
}

static struct line_batch *batch_of(struct line_batch *all, size_t n, struct str name)
{
    for (size_t i = 0; i + 1 < n; i++)
        if (str_equal(all[i].name, name))
            return &all[i];
    return &all[n - 1];
}

/* "<batch> <state>": neither holds a blank. */
static void add_count(struct line_batch *all, size_t n, struct str field, int64_t many, int64_t *total)
{
    struct str name = str_cut(&field, ' ');
    enum restoration_state state;

    if (!restoration_state_parse(field, &state))
        return;
    batch_of(all, n, name)->count[state] += many;
    if (total != NULL)
        total[state] += many;
}

enum err line_board(struct redis *r, struct arena *a, struct str slug, struct line_batch **out, size_t *n,
                    int64_t total[RESTORATION_STATES])
{
    struct redis_value *v;
    size_t replies, count;

    redis_add(r, 2, (struct str[]){STR("HGETALL"), line_batches_key(a, slug)});
    for (unsigned p = 0; p < PARTITIONS; p++)
        redis_add(r, 2, (struct str[]){STR("HGETALL"), line_counts_key(a, p, slug)});

    enum err e = redis_flush(r, a, &v, &replies);

    for (size_t i = 0; e == ERR_OK && i < replies; i++)
        e = redis_value_err(r, &v[i]);
    if (e != ERR_OK)
        return e;
    count = v[0].count / 2;

    struct line_batch *all = arena_array(a, struct line_batch, count + 1);

    for (size_t i = 0; i < count; i++) {
        all[i].name = v[0].items[2 * i].text;
        line_batch_load(v[0].items[2 * i + 1].text, a, &all[i]);
    }
    if (count > 1)
        qsort(all, count, sizeof *all, by_name);
    all[count] = (struct line_batch){.name = STR(""), .method = STR(""), .ours = true};
    if (total != NULL)
        memset(total, 0, RESTORATION_STATES * sizeof *total);
    for (size_t p = 1; p < replies; p++)
        for (size_t i = 0; i + 1 < v[p].count; i += 2)
            add_count(all, count + 1, v[p].items[i].text, strtoll(v[p].items[i + 1].text.at, NULL, 10), total);
    *out = all;
    *n = count + 1;
    return ERR_OK;
}

enum err line_set_batch(struct redis *r, const struct keyring *k, struct arena *a, struct str slug,
                        const struct line_batch *b, struct str by, int64_t now_ms)
{
    struct str key = line_batches_key(a, slug);
    struct ulid id = line_event_id(k, str_of(arena_printf(a, "batch %s %s", str_copy(a, slug), str_copy(a, b->name))));
    struct redis_value v[1];
    struct buf d = {0};
    enum err e = redis_do(r, a, v, 2, (struct str[]){STR("HLEN"), key});

    if (e != ERR_OK)
        return e;
    if (v->integer >= LINE_BATCHES_MAX)
        return ERR_LIMIT;
    doc_flat_text(&d, "id", line_id(a, ID_BATCH, id));
    doc_flat_text(&d, "method", b->method);
    doc_flat_bool(&d, "ours", b->ours);
    doc_flat_int(&d, "hours", b->hours);
    doc_flat_int(&d, "at", now_ms);
    doc_flat_text(&d, "by", by);
    e = redis_do(r, a, NULL, 4, (struct str[]){STR("HSET"), key, b->name, doc_flat_print(&d, a)});
    buf_free(&d);
    return e;
}

/* ---- pages ---- */

static int by_place(const void *x, const void *y)
{
    const struct line_place *a = x, *b = y;

    if (a->score != b->score)
        return a->score < b->score ? -1 : 1;
    return memcmp(a->site.bytes, b->site.bytes, sizeof a->site.bytes);
}

/* From a place on, that place and those that share its moment with it; they are left out below. */
static void ask_page(struct redis *r, struct arena *a, struct str key, int64_t from, int64_t to, size_t max)
{
    redis_add(r, 8,
              (struct str[]){STR("ZRANGEBYSCORE"), key, str_int(a, from), str_int(a, to), STR("WITHSCORES"),
                             STR("LIMIT"), STR("0"), str_int(a, (int64_t)max)});
}

enum err line_page(struct redis *r, struct arena *a, struct str slug, enum restoration_state state, struct str batch,
                   const struct line_place *after, size_t max, struct line_place *out, size_t *n)
{
    bool any = state == RESTORATION_STATES;
    int64_t from = line_score(any ? RESTORATION_WAITING : state, 0);
    int64_t to = line_score(any ? RESTORATION_STATES : state + 1, 0) - 1;
    size_t each = max + 64, found = 0, replies;
    struct redis_value *v;

    for (unsigned p = 0; p < PARTITIONS; p++)
        ask_page(r, a, line_list_key(a, p, slug, batch), after != NULL && after->score > from ? after->score : from, to,
                 each);

    enum err e = redis_flush(r, a, &v, &replies);
    struct line_place *all = arena_array(a, struct line_place, PARTITIONS * each + 1);

    for (size_t p = 0; e == ERR_OK && p < replies; p++) {
        e = redis_value_err(r, &v[p]);
        for (size_t i = 0; i + 1 < v[p].count; i += 2) {
            all[found].score = strtoll(v[p].items[i + 1].text.at, NULL, 10);
            found += id_parse(ID_SITE, v[p].items[i].text, &all[found].site) &&
                     (after == NULL || by_place(&all[found], after) > 0);
        }
    }
    if (e != ERR_OK)
        return e;
    if (found > 1)
        qsort(all, found, sizeof *all, by_place);
    *n = found < max ? found : max;
    if (*n > 0)
        memcpy(out, all, *n * sizeof *out);
    return ERR_OK;
}

/* ---- of one customer ---- */

enum err line_of_account(struct redis *r, const struct keyring *k, struct arena *a, struct ulid account,
                         struct line_site **out, size_t *n)
{
    struct str key = key_in(a, ulid_partition(account), "ra", id_print(ID_ACCOUNT, account).at);
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HKEYS"), key});
    struct line_site *all = arena_array(a, struct line_site, e == ERR_OK ? v.count + 1 : 1);
    size_t found = 0;

    for (size_t i = 0; e == ERR_OK && i < v.count; i++) {
        struct str name = v.items[i].text, slug = str_cut(&name, ' ');
        struct ulid site;

        if (!id_parse(ID_SITE, name, &site))
            return ERR_CORRUPT;
        e = read_at(r, k, a, slug, account, site, &all[found]);
        found += e == ERR_OK;
        e = e == ERR_ABSENT ? ERR_OK : e;
    }
    if (e != ERR_OK)
        return e;
    *out = all;
    *n = found;
    return ERR_OK;
}

/* ---- what is parked ---- */

static int by_id(const void *x, const void *y)
{
    const struct line_parked *a = x, *b = y;

    return memcmp(a->id.bytes, b->id.bytes, sizeof a->id.bytes);
}

enum err line_parked(struct redis *r, const struct keyring *k, struct arena *a, struct line_parked **out, size_t *n)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), line_parked_key(a)});
    size_t count = e == ERR_OK ? v.count / 2 : 0;
    struct line_parked *all = arena_array(a, struct line_parked, count + 1);

    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = line_parked_load(k, a, v.items[2 * i].text, v.items[2 * i + 1].text, &all[i]);
    if (e != ERR_OK)
        return e;
    if (count > 1)
        qsort(all, count, sizeof *all, by_id);
    *out = all;
    *n = count;
    return ERR_OK;
}

enum err line_unpark(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, int64_t now_ms,
                     enum line_outcome *outcome)
{
    struct str name = line_id(a, ID_EVENT, id);
    struct line_parked p;
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 3, (struct str[]){STR("HGET"), line_parked_key(a), name});

    if (e == ERR_OK && v.text.len == 0)
        return ERR_ABSENT;
    if (e == ERR_OK)
        e = line_parked_load(k, a, name, v.text, &p);
    if (e != ERR_OK)
        return e;

    struct line_flow f = {.keys = k, .arena = a, .report = p.report, .id = id, .by = p.by, .now_ms = now_ms};

    e = line_run(&f, r);
    if (e != ERR_OK)
        return e;
    *outcome = f.outcome;
    if (f.outcome == LINE_PARKED)
        return ERR_OK;
    return redis_do(r, a, NULL, 3, (struct str[]){STR("HDEL"), line_parked_key(a), name});
}
