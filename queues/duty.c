#include "queues/duty.h"

#include "queues/keys.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <inttypes.h>
#include <stdlib.h>

enum { SLOT = 0, AGAIN_MAX = 20 };

static struct str roster_key(struct arena *a)
{
    return key_in(a, SLOT, "ro", "");
}

static struct str away_key(struct arena *a)
{
    return key_in(a, SLOT, "ra", "");
}

static struct str copied(struct arena *a, struct str s)
{
    return (struct str){str_copy(a, s), s.len};
}

static int64_t number(const struct redis_value *v, const char *name)
{
    int64_t n = 0;

    (void)str_number(redis_field(v, name), &n);
    return n;
}

/* ---- the roster ---- */

static enum err load_roster(const struct keyring *k, struct arena *a, const struct redis_value *v, zone_bytes *zones,
                            void *zones_arg, struct duty *out)
{
    struct buf faults = {0};
    enum err e;

    *out = (struct duty){.version = number(v, "v"), .at_ms = number(v, "at"), .by = redis_field(v, "by")};
    if (out->version == 0)
        return ERR_OK;
    e = unseal(k, a, redis_field(v, "csv"), STR("roster"), &out->csv);
    if (e == ERR_OK && roster_parse(&out->roster, a, out->csv, zones, zones_arg, &faults) != ERR_OK)
        e = ERR_CORRUPT;
    buf_free(&faults);
    return e;
}

static bool load_away(const struct keyring *k, struct arena *a, struct str id, struct str sealed, struct duty_away *out)
{
    struct str json;
    struct doc *d;

    *out = (struct duty_away){0};
    if (!id_parse(ID_ABSENCE, id, &out->id) || unseal(k, a, sealed, id, &json) != ERR_OK ||
        doc_parse(&d, json, NULL, 0) != ERR_OK)
        return false;
    out->is = (struct roster_absence){.person = copied(a, doc_get_text(d, "person")),
                                      .stand_in = copied(a, doc_get_text(d, "stand_in")),
                                      .from_ms = doc_get_int(d, "from", 0),
                                      .to_ms = doc_get_int(d, "to", 0)};
    out->why = copied(a, doc_get_text(d, "why"));
    out->by = copied(a, doc_get_text(d, "by"));
    out->at_ms = doc_get_int(d, "at", 0);
    doc_close(d);
    return true;
}

static int by_beginning(const void *x, const void *y)
{
    const struct duty_away *a = x, *b = y;

    if (a->is.from_ms != b->is.from_ms)
        return a->is.from_ms < b->is.from_ms ? -1 : 1;
    return (a->at_ms > b->at_ms) - (a->at_ms < b->at_ms);
}

static void load_absences(const struct keyring *k, struct arena *a, const struct redis_value *v, struct duty *out)
{
    out->away = arena_array(a, struct duty_away, v->count / 2 + 1);
    out->absences = arena_array(a, struct roster_absence, v->count / 2 + 1);
    for (size_t i = 0; i + 1 < v->count; i += 2)
        if (load_away(k, a, v->items[i].text, v->items[i + 1].text, &out->away[out->away_count]))
            out->away_count++;
    if (out->away_count > 1)
        qsort(out->away, out->away_count, sizeof *out->away, by_beginning);
    for (size_t i = 0; i < out->away_count; i++)
        out->absences[i] = out->away[i].is;
}

enum err duty_read(struct redis *r, const struct keyring *k, struct arena *a, zone_bytes *zones, void *zones_arg,
                   struct duty *out)
{
    struct redis_value *v;
    struct duty d;
    size_t n;

    redis_add(r, 2, (struct str[]){STR("HGETALL"), roster_key(a)});
    redis_add(r, 2, (struct str[]){STR("HGETALL"), away_key(a)});

    enum err e = redis_flush(r, a, &v, &n);

    for (size_t i = 0; e == ERR_OK && i < n; i++)
        e = redis_value_err(r, &v[i]);
    if (e == ERR_OK)
        e = load_roster(k, a, &v[0], zones, zones_arg, &d);
    if (e != ERR_OK)
        return e;
    load_absences(k, a, &v[1], &d);
    *out = d;
    return ERR_OK;
}

static enum err read_version(struct redis *r, struct arena *a, int64_t *out)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 3, (struct str[]){STR("HGET"), roster_key(a), STR("v")});

    *out = 0;
    if (e == ERR_OK && v.kind == REDIS_TEXT)
        (void)str_number(v.text, out);
    return e;
}

/* The version that is replaced by the next one keeps its text. */
static struct change *write_roster(const struct keyring *k, struct arena *a, struct str csv, int64_t version,
                                   struct str by, int64_t now_ms)
{
    struct change *c = change_begin(a);
    struct str key = roster_key(a), sealed = seal(k, a, csv, STR("roster"));
    const char *suffix = arena_printf(a, "@%" PRId64, version);

    change_hset(c, key, "csv", sealed);
    change_hset(c, key, "by", by);
    change_hset_int(c, key, "at", now_ms);
    change_hset(c, key, arena_printf(a, "csv%s", suffix), sealed);
    change_hset(c, key, arena_printf(a, "by%s", suffix), by);
    change_hset_int(c, key, arena_printf(a, "at%s", suffix), now_ms);
    change_audit(c, k, SLOT, now_ms, by, "roster.replaced", "roster", str_int(a, version));
    return c;
}

enum err duty_write(struct redis *r, const struct keyring *k, struct arena *a, struct str csv, int64_t expected,
                    struct str by, int64_t now_ms, int64_t *version)
{
    enum err e = ERR_CONFLICT;

    for (int i = 0; e == ERR_CONFLICT && i < AGAIN_MAX; i++) {
        int64_t now;

        e = read_version(r, a, &now);
        if (e == ERR_OK && expected >= 0 && now != expected)
            return ERR_CONFLICT;
        if (e == ERR_OK)
            e = change_run(r, a, write_roster(k, a, csv, now + 1, by, now_ms), STR(""), roster_key(a), str_int(a, now),
                           NULL);
        if (e == ERR_OK)
            *version = now + 1;
    }
    return e;
}

/* ---- who is away ---- */

static struct str print_away(const struct duty_away *w, struct arena *a)
{
    struct doc *d = doc_object();
    struct str s;

    doc_set_text(d, "person", w->is.person);
    doc_set_text(d, "stand_in", w->is.stand_in);
    doc_set_int(d, "from", w->is.from_ms);
    doc_set_int(d, "to", w->is.to_ms);
    doc_set_text(d, "why", w->why);
    doc_set_text(d, "by", w->by);
    doc_set_int(d, "at", w->at_ms);
    s = doc_print(d, a);
    doc_close(d);
    return s;
}

/* Those that are over go when a new one comes. */
static enum err drop_ended(struct redis *r, const struct keyring *k, struct arena *a, struct change *c, int64_t now_ms,
                           size_t *left)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), away_key(a)});

    *left = 0;
    for (size_t i = 0; e == ERR_OK && i + 1 < v.count; i += 2) {
        struct duty_away w;

        if (load_away(k, a, v.items[i].text, v.items[i + 1].text, &w) && w.is.to_ms < now_ms)
            change_add(c, 3, (struct str[]){STR("HDEL"), away_key(a), v.items[i].text});
        else
            ++*left;
    }
    return e;
}

enum err duty_away_add(struct redis *r, const struct keyring *k, struct arena *a, struct duty_away *w)
{
    struct change *c = change_begin(a);
    struct str id;
    size_t left;
    enum err e = drop_ended(r, k, a, c, w->at_ms, &left);

    if (e == ERR_OK && left >= DUTY_AWAY_MAX)
        e = ERR_LIMIT;
    if (e != ERR_OK)
        return e;
    w->id = ulid_fresh();
    id = str_of(arena_strdup(a, id_print(ID_ABSENCE, w->id).at));
    change_hset(c, away_key(a), id.at, seal(k, a, print_away(w, a), id));
    change_audit(c, k, SLOT, w->at_ms, w->by, "roster.away", id.at, STR(""));
    return change_run(r, a, c, STR(""), STR(""), STR(""), NULL);
}

enum err duty_away_end(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, struct str by,
                       int64_t now_ms)
{
    struct str name = str_of(arena_strdup(a, id_print(ID_ABSENCE, id).at));
    struct change *c = change_begin(a);
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 3, (struct str[]){STR("HEXISTS"), away_key(a), name});

    if (e != ERR_OK)
        return e;
    if (v.integer == 0)
        return ERR_ABSENT;
    change_add(c, 3, (struct str[]){STR("HDEL"), away_key(a), name});
    change_audit(c, k, SLOT, now_ms, by, "roster.back", name.at, STR(""));
    return change_run(r, a, c, STR(""), STR(""), STR(""), NULL);
}
