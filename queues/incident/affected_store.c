/* affected_store.c - where lists lie: staged, put in force, read. */
#include "queues/incident/affected_parts.h"

#include "queues/job.h"
#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SLOT = 0, PIECE = 500, KEYS_A_FIELD = 4096, INDEX_CHARS = sizeof(struct blind) - 1 };

static struct str key_of(struct arena *a, const char *room, struct str slug, struct str data)
{
    return key_in(a, SLOT, room, arena_printf(a, "%s:%s", str_copy(a, slug), str_copy(a, data)));
}

struct str affected_data_key(struct arena *a, struct str slug, struct str data)
{
    return key_of(a, "ld", slug, data);
}

struct str affected_routes_key(struct arena *a, struct str slug, struct str data)
{
    return key_of(a, "lr", slug, data);
}

static struct str versions_key(struct arena *a, struct str slug)
{
    return key_in(a, SLOT, "lv", str_copy(a, slug));
}

/* ---- one site ---- */

static struct str bound_of(struct arena *a, struct str slug, const char *index)
{
    return str_of(arena_printf(a, "affected %s %s", str_copy(a, slug), index));
}

static struct str site_print(const struct affected_site *s, struct arena *a)
{
    struct buf d = {0}, names = {0};

    for (size_t i = 1; i < s->names; i++)
        buf_printf(&names, "%s%s", i > 1 ? " " : "", s->name[i].at);
    doc_flat_text(&d, "site", s->typed);
    doc_flat_text(&d, "acc", str_of(id_print(ID_ACCOUNT, s->account).at));
    doc_flat_bool(&d, "own", s->own);
    doc_flat_bool(&d, "known", s->known);
    doc_flat_text(&d, "products", s->products);
    doc_flat_text(&d, "names", buf_view(&names));

    struct str text = doc_flat_print(&d, a);

    buf_free(&d);
    buf_free(&names);
    return text;
}

static struct str keep(struct arena *a, struct str s)
{
    return (struct str){str_copy(a, s), s.len};
}

static bool index_read(struct str s, struct blind *out)
{
    if (s.len != INDEX_CHARS)
        return false;
    memcpy(out->at, s.at, s.len);
    out->at[s.len] = '\0';
    return true;
}

static enum err site_load(const struct keyring *k, struct arena *a, struct str slug, struct str index,
                          struct str sealed, struct affected_site *out)
{
    struct affected_site s = {.names = 1};
    struct str plain, names;
    struct doc *d;

    if (!index_read(index, &s.name[0]) || unseal(k, a, sealed, bound_of(a, slug, s.name[0].at), &plain) != ERR_OK ||
        doc_parse(&d, plain, NULL, 0) != ERR_OK)
        return ERR_CORRUPT;

    bool good = id_parse(ID_ACCOUNT, doc_get_text(d, "acc"), &s.account);

    s.typed = keep(a, doc_get_text(d, "site"));
    s.products = keep(a, doc_get_text(d, "products"));
    s.own = doc_get_bool(d, "own", false);
    s.known = doc_get_bool(d, "known", false);
    names = doc_get_text(d, "names");
    while (names.len > 0 && s.names < AFFECTED_NAMES_MAX)
        if (index_read(str_cut(&names, ' '), &s.name[s.names]))
            s.names++;
    doc_close(d);
    if (good)
        *out = s;
    return good ? ERR_OK : ERR_CORRUPT;
}

/* ---- staging ---- */

void affected_name(struct affected_work *w)
{
    struct buf b = {0};

    buf_printf(&b, "%s\n", str_copy(w->a, w->o->slug));
    for (size_t i = 0; i < w->list.n; i++) {
        const struct affected_site *s = &w->list.site[i];

        buf_printf(&b, "%s %s %d %d ", s->name[0].at, id_print(ID_ACCOUNT, s->account).at, s->own, s->known);
        buf_str(&b, s->products);
        for (size_t m = 1; m < s->names; m++)
            buf_printf(&b, " %s", s->name[m].at);
        buf_char(&b, '\n');
    }
    buf_add(&b, w->keys, w->key_count * 16);
    w->list.data = str_of(arena_strdup(w->a, blind_index(w->k, INDEX_BODY, buf_view(&b)).at));
    buf_free(&b);
}

static void queue_for_a_day(struct affected_work *w, struct arena *turn, struct str key)
{
    redis_add(w->r, 3, (struct str[]){STR("EXPIRE"), key, str_int(turn, AFFECTED_STAGED_S)});
}

static enum err flush_all(struct affected_work *w, struct arena *turn)
{
    struct redis_value *v;
    size_t n;
    enum err e = redis_flush(w->r, turn, &v, &n);

    for (size_t i = 0; e == ERR_OK && i < n; i++)
        e = redis_value_err(w->r, &v[i]);
    return e;
}

static void queue_sites(struct affected_work *w, struct arena *turn, size_t from, size_t n)
{
    struct str *words = arena_array(turn, struct str, 2 + 2 * n);

    words[0] = STR("HSET");
    words[1] = affected_data_key(turn, w->o->slug, w->list.data);
    for (size_t i = 0; i < n; i++) {
        const struct affected_site *s = &w->list.site[from + i];

        words[2 + 2 * i] = str_of(s->name[0].at);
        words[3 + 2 * i] = seal(w->k, turn, site_print(s, turn), bound_of(turn, w->o->slug, s->name[0].at));
    }
    redis_add(w->r, 2 + 2 * n, words);
    queue_for_a_day(w, turn, words[1]);
}

/* The order of the list, a piece a field, for whoever goes through it. */
static void queue_order(struct affected_work *w, struct arena *turn)
{
    struct str key = affected_data_key(turn, w->o->slug, w->list.data);

    for (size_t i = 0; i < w->list.n; i += AFFECTED_PIECE) {
        struct buf b = {0};

        for (size_t k = i; k < w->list.n && k < i + AFFECTED_PIECE; k++)
            buf_text(&b, w->list.site[k].name[0].at);
        redis_add(
            w->r, 4,
            (struct str[]){STR("HSET"), key, str_of(arena_printf(turn, "p%zu", i / AFFECTED_PIECE)), buf_view(&b)});
        buf_free(&b);
    }
}

static void queue_keys(struct affected_work *w, struct arena *turn)
{
    struct str key = affected_routes_key(turn, w->o->slug, w->list.data);

    for (size_t i = 0; i < w->key_count; i += KEYS_A_FIELD) {
        size_t n = w->key_count - i < KEYS_A_FIELD ? w->key_count - i : KEYS_A_FIELD;
        struct str raw = {(const char *)w->keys[i], n * 16};

        redis_add(w->r, 4, (struct str[]){STR("HSET"), key, str_int(turn, (int64_t)(i / KEYS_A_FIELD)), raw});
    }
    queue_for_a_day(w, turn, key);
}

enum err affected_stage(struct affected_work *w)
{
    struct arena *turn = arena_open(1 << 20);
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < w->list.n; i += PIECE) {
        arena_reset(turn);
        queue_sites(w, turn, i, w->list.n - i < PIECE ? w->list.n - i : PIECE);
        e = flush_all(w, turn);
    }
    if (e == ERR_OK) {
        queue_order(w, turn);
        queue_keys(w, turn);
        e = flush_all(w, turn);
    }
    if (e == ERR_OK) { /* the last word: all of it is there */
        struct str key = affected_data_key(turn, w->o->slug, w->list.data);

        redis_add(w->r, 4, (struct str[]){STR("HSET"), key, STR("n"), str_int(turn, (int64_t)w->list.n)});
        queue_for_a_day(w, turn, key);
        e = flush_all(w, turn);
    }
    arena_close(turn);
    return e;
}

/* ---- in force ---- */

static struct str version_print(const struct affected_work *w, int64_t back)
{
    const struct affected_counts *c = &w->report->counts;
    struct buf d = {0};

    doc_flat_text(&d, "data", w->list.data);
    doc_flat_int(&d, "at", w->o->now_ms);
    doc_flat_text(&d, "by", w->o->by);
    doc_flat_int(&d, "back", back);
    doc_flat_int(&d, "sites", (int64_t)c->sites);
    doc_flat_int(&d, "own", (int64_t)c->own);
    doc_flat_int(&d, "accounts", (int64_t)c->accounts);
    doc_flat_int(&d, "unknown", (int64_t)c->unknown);
    doc_flat_int(&d, "added", (int64_t)c->added);
    doc_flat_int(&d, "gone", (int64_t)c->gone);
    doc_flat_int(&d, "changed", (int64_t)c->changed);

    struct str text = doc_flat_print(&d, w->a);

    buf_free(&d);
    return text;
}

static struct str told(const struct affected_work *w, int64_t version, int64_t back)
{
    const struct affected_counts *c = &w->report->counts;
    const char *again = back == 0 ? "" : arena_printf(w->a, ", that of version %" PRId64, back);

    return str_of(arena_printf(w->a,
                               "version %" PRId64 "%s: %zu sites of %zu customers, %zu new, %zu gone, %zu changed",
                               version, again, c->sites, c->accounts, c->added, c->gone, c->changed));
}

enum err affected_put_in_force(struct affected_work *w, int64_t back)
{
    struct arena *a = w->a;
    struct str key = incident_key(a, w->o->slug), data = affected_data_key(a, w->o->slug, w->list.data);
    int64_t version = w->incident.list + 1;
    struct str args =
        str_of(arena_printf(a, "{\"incident\":\"%s\",\"version\":%" PRId64 "}", str_copy(a, w->o->slug), version));
    struct job_new job = {
        .kind = AFFECTED_JOB, .args = args, .by = w->o->by, .at_ms = w->o->now_ms, .total = (int64_t)w->list.n};
    struct change *c = change_begin(a);

    change_holds(c, data, "n", str_int(a, (int64_t)w->list.n));
    change_hset_int(c, key, "list", version);
    change_hset(c, key, "list_data", w->list.data);
    change_hset(c, versions_key(a, w->o->slug), str_int(a, version).at, version_print(w, back));
    change_add(c, 2, (struct str[]){STR("PERSIST"), data});
    change_add(c, 2, (struct str[]){STR("PERSIST"), affected_routes_key(a, w->o->slug, w->list.data)});
    change_incidents_moved(c);
    change_incident_happened(c, w->k, w->o->slug, w->o->now_ms, w->o->by, "list", told(w, version, back));
    change_job(c, w->k, &job);
    change_hset(c, key, "list_job", str_of(arena_strdup(a, id_print(ID_JOB, job.id).at)));

    enum err e = change_run(w->r, a, c, STR(""), key, w->incident.version, NULL);

    if (e != ERR_OK)
        return e;
    w->report->version = version;
    w->report->job = job.id;
    return ERR_OK;
}

/* ---- reading ---- */

static int64_t count_of(const struct doc *d, const char *name)
{
    int64_t n = doc_get_int(d, name, 0);

    return n > 0 ? n : 0;
}

static enum err version_load(struct arena *a, struct str field, struct str json, struct affected_version *out)
{
    struct affected_version v = {0};
    struct doc *d;

    if (!str_number(field, &v.version) || doc_parse(&d, json, NULL, 0) != ERR_OK)
        return ERR_CORRUPT;
    v.at_ms = count_of(d, "at");
    v.back = count_of(d, "back");
    v.by = keep(a, doc_get_text(d, "by"));
    v.data = keep(a, doc_get_text(d, "data"));
    v.counts = (struct affected_counts){.sites = (size_t)count_of(d, "sites"),
                                        .own = (size_t)count_of(d, "own"),
                                        .accounts = (size_t)count_of(d, "accounts"),
                                        .unknown = (size_t)count_of(d, "unknown"),
                                        .added = (size_t)count_of(d, "added"),
                                        .gone = (size_t)count_of(d, "gone"),
                                        .changed = (size_t)count_of(d, "changed")};
    doc_close(d);
    *out = v;
    return ERR_OK;
}

static int newest_first(const void *x, const void *y)
{
    const struct affected_version *a = x, *b = y;

    return (a->version < b->version) - (a->version > b->version);
}

enum err affected_versions(struct redis *r, struct arena *a, struct str slug, struct affected_version **out, size_t *n)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), versions_key(a, slug)});
    size_t count = e == ERR_OK ? v.count / 2 : 0;
    struct affected_version *all = arena_array(a, struct affected_version, count + 1);

    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = version_load(a, v.items[2 * i].text, v.items[2 * i + 1].text, &all[i]);
    if (e != ERR_OK)
        return e;
    if (count > 1)
        qsort(all, count, sizeof *all, newest_first);
    *out = all;
    *n = count;
    return ERR_OK;
}

static enum err read_data(struct redis *r, const struct keyring *k, struct arena *a, struct str slug,
                          struct affected_list *l)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), affected_data_key(a, slug, l->data)});
    size_t n = 0;

    if (e != ERR_OK)
        return e;
    l->site = arena_array(a, struct affected_site, v.count / 2 + 1);
    for (size_t i = 0; e == ERR_OK && i + 1 < v.count; i += 2)
        if (v.items[i].text.len == INDEX_CHARS)
            e = site_load(k, a, slug, v.items[i].text, v.items[i + 1].text, &l->site[n++]);
    l->n = n;
    if (e == ERR_OK)
        affected_sort(l->site, n);
    return e;
}

enum err affected_read(struct redis *r, const struct keyring *k, struct arena *a, struct str slug, int64_t version,
                       struct affected_list *out)
{
    struct affected_list l = {.version = version, .data = STR("")};
    struct redis_value v;
    enum err e;

    if (!incident_slug_valid(slug))
        return ERR_ABSENT;
    if (version == 0) {
        e = redis_do(r, a, &v, 4, (struct str[]){STR("HMGET"), incident_key(a, slug), STR("list"), STR("list_data")});
        if (e == ERR_OK && (v.count != 2 || v.items[1].text.len == 0 || !str_number(v.items[0].text, &l.version))) {
            *out = (struct affected_list){0};
            return ERR_OK;
        }
        l.data = e == ERR_OK ? v.items[1].text : l.data;
    } else {
        struct affected_version x;

        e = redis_do(r, a, &v, 3, (struct str[]){STR("HGET"), versions_key(a, slug), str_int(a, version)});
        if (e == ERR_OK && v.kind != REDIS_TEXT)
            return ERR_ABSENT;
        if (e == ERR_OK)
            e = version_load(a, str_int(a, version), v.text, &x);
        if (e == ERR_OK)
            l.data = x.data;
    }
    if (e == ERR_OK)
        e = read_data(r, k, a, slug, &l);
    if (e == ERR_OK)
        *out = l;
    return e;
}

enum err affected_piece(struct redis *r, const struct keyring *k, struct arena *a, struct str slug, struct str data,
                        size_t piece, struct affected_site *out, size_t *n)
{
    struct str key = affected_data_key(a, slug, data), words[2 + AFFECTED_PIECE] = {STR("HMGET"), key};
    struct redis_value order, v;
    enum err e = redis_do(r, a, &order, 3, (struct str[]){STR("HGET"), key, str_of(arena_printf(a, "p%zu", piece))});
    size_t count = e == ERR_OK ? order.text.len / INDEX_CHARS : 0;

    *n = 0;
    if (e != ERR_OK || count == 0)
        return e;
    if (count > AFFECTED_PIECE)
        return ERR_CORRUPT;
    for (size_t i = 0; i < count; i++)
        words[2 + i] = (struct str){order.text.at + i * INDEX_CHARS, INDEX_CHARS};
    e = redis_do(r, a, &v, 2 + count, words);
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = site_load(k, a, slug, words[2 + i], v.items[i].text, &out[i]);
    *n = e == ERR_OK ? count : 0;
    return e;
}
