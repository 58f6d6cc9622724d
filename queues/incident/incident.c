#include "queues/incident/incident.h"

#include "queues/hook.h"
#include "queues/keys.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <stdlib.h>
#include <string.h>

enum { SLOT = 0, AGAIN_MAX = 20 };

/* ---- names ---- */

static bool word_of(struct str s, size_t most)
{
    if (s.len == 0 || s.len > most || s.at[0] == '-')
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-')
            return false;
    }
    return true;
}

bool incident_slug_valid(struct str s)
{
    return word_of(s, INCIDENT_SLUG_MAX) && !str_is(s, "v"); /* that is the set's own field */
}

bool incident_word_valid(struct str s)
{
    return word_of(s, INCIDENT_WORD_MAX);
}

bool incident_is_declared(const struct incident *i)
{
    return str_is(i->state, INCIDENT_DECLARED);
}

static struct str room_key(struct arena *a, const char *room, struct str slug)
{
    return key_in(a, SLOT, room, str_copy(a, slug));
}

struct str incident_key(struct arena *a, struct str slug)
{
    return room_key(a, "in", slug);
}

struct str incident_set_key(struct arena *a)
{
    return key_in(a, SLOT, "inc", "");
}

static struct str history_key(struct arena *a, struct str slug)
{
    return room_key(a, "ih", slug);
}

/* ---- reading ---- */

static int64_t number(const struct redis_value *v, const char *name)
{
    int64_t n = 0;

    (void)str_number(redis_field(v, name), &n);
    return n;
}

static struct str title_bound(struct arena *a, struct str slug)
{
    return str_of(arena_printf(a, "incident %s title", str_copy(a, slug)));
}

static enum err load(const struct keyring *k, struct arena *a, struct str slug, const struct redis_value *v,
                     struct incident *out)
{
    struct incident i = {.slug = {str_copy(a, slug), slug.len},
                         .version = redis_field(v, "v"),
                         .state = redis_field(v, "state"),
                         .pack = redis_field(v, "pack"),
                         .rules = redis_field(v, "rules"),
                         .severity = redis_field(v, "severity"),
                         .by = redis_field(v, "by"),
                         .declared_ms = number(v, "declared_ms"),
                         .heard_ms = number(v, "heard_ms"),
                         .closed_ms = number(v, "closed_ms"),
                         .list = number(v, "list"),
                         .fields = v};

    if (v->count == 0)
        return ERR_ABSENT;
    if (!id_parse(ID_INCIDENT, redis_field(v, "id"), &i.id) ||
        unseal(k, a, redis_field(v, "title"), title_bound(a, slug), &i.title) != ERR_OK)
        return ERR_CORRUPT;
    *out = i;
    return ERR_OK;
}

enum err incident_read(struct redis *r, const struct keyring *k, struct arena *a, struct str slug, struct incident *out)
{
    struct redis_value *v = arena_new(a, struct redis_value);

    if (!incident_slug_valid(slug))
        return ERR_ABSENT;

    enum err e = redis_do(r, a, v, 2, (struct str[]){STR("HGETALL"), incident_key(a, slug)});

    return e != ERR_OK ? e : load(k, a, slug, v, out);
}

static bool is_declared(struct str entry)
{
    (void)str_cut(&entry, ' ');
    return str_is(entry, INCIDENT_DECLARED);
}

static int newest_first(const void *x, const void *y)
{
    const struct incident *a = x, *b = y;

    if (a->declared_ms != b->declared_ms)
        return a->declared_ms < b->declared_ms ? 1 : -1;
    return memcmp(b->id.bytes, a->id.bytes, sizeof a->id.bytes);
}

/* Those that the set names. */
static enum err read_named(struct redis *r, const struct keyring *k, struct arena *a, const struct redis_value *set,
                           bool declared_only, struct incident **out, size_t *n)
{
    struct str *slug = arena_array(a, struct str, set->count / 2 + 1);
    struct redis_value *v;
    size_t count = 0, replies;

    for (size_t i = 0; i + 1 < set->count; i += 2) {
        if (str_is(set->items[i].text, "v") || (declared_only && !is_declared(set->items[i + 1].text)))
            continue;
        slug[count++] = set->items[i].text;
        redis_add(r, 2, (struct str[]){STR("HGETALL"), incident_key(a, set->items[i].text)});
    }

    struct incident *all = arena_array(a, struct incident, count + 1);
    enum err e = count == 0 ? ERR_OK : redis_flush(r, a, &v, &replies);

    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        e = redis_value_err(r, &v[i]);
        if (e == ERR_OK)
            e = load(k, a, slug[i], &v[i], &all[i]);
    }
    if (e != ERR_OK)
        return e == ERR_ABSENT ? ERR_CORRUPT : e;
    if (count > 1)
        qsort(all, count, sizeof *all, newest_first);
    *out = all;
    *n = count;
    return ERR_OK;
}

static enum err read_set(struct redis *r, struct arena *a, struct redis_value *set)
{
    return redis_do(r, a, set, 2, (struct str[]){STR("HGETALL"), incident_set_key(a)});
}

enum err incident_list(struct redis *r, const struct keyring *k, struct arena *a, struct incident **out, size_t *n)
{
    struct redis_value set;
    enum err e = read_set(r, a, &set);

    return e != ERR_OK ? e : read_named(r, k, a, &set, false, out, n);
}

static struct str version_of(const struct redis_value *set)
{
    struct str v = redis_field(set, "v");

    return v.len == 0 ? STR("0") : v;
}

enum err incidents_declared(struct redis *r, const struct keyring *k, struct arena *a, struct incident **out, size_t *n,
                            struct str *version)
{
    struct redis_value set;
    enum err e = read_set(r, a, &set);

    if (e == ERR_OK)
        e = read_named(r, k, a, &set, true, out, n);
    if (e == ERR_OK)
        *version = version_of(&set);
    return e;
}

static int by_time(const void *x, const void *y)
{
    const struct incident_happening *a = x, *b = y;

    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    return memcmp(a->id.bytes, b->id.bytes, sizeof a->id.bytes);
}

static struct str keep(struct arena *a, const struct doc *d, const char *name)
{
    struct str s = doc_get_text(d, name);

    return (struct str){str_copy(a, s), s.len};
}

static enum err load_happening(const struct keyring *k, struct arena *a, struct str id, struct str sealed,
                               struct incident_happening *h)
{
    struct doc *d;
    struct str plain;

    if (!id_parse(ID_EVENT, id, &h->id) || unseal(k, a, sealed, id, &plain) != ERR_OK ||
        doc_parse(&d, plain, NULL, 0) != ERR_OK)
        return ERR_CORRUPT;
    h->at_ms = doc_get_int(d, "at", 0);
    h->kind = keep(a, d, "kind");
    h->by = keep(a, d, "by");
    h->detail = keep(a, d, "detail");
    doc_close(d);
    return ERR_OK;
}

enum err incident_history(struct redis *r, const struct keyring *k, struct arena *a, struct str slug,
                          struct incident_happening **out, size_t *n)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), history_key(a, slug)});
    size_t count = e == ERR_OK ? v.count / 2 : 0;
    struct incident_happening *all = arena_array(a, struct incident_happening, count + 1);

    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = load_happening(k, a, v.items[2 * i].text, v.items[2 * i + 1].text, &all[i]);
    if (e != ERR_OK)
        return e;
    if (count > 1)
        qsort(all, count, sizeof *all, by_time);
    *out = all;
    *n = count;
    return ERR_OK;
}

/* ---- parts of changes ---- */

/* G5: made of what happened, so that it is the same when it is written again. */
static struct str happening_id(const struct keyring *k, struct arena *a, struct str slug, int64_t at_ms, struct str all)
{
    uint8_t mark[16];

    blind_bytes(k, INDEX_AUDIT, str_of(arena_printf(a, "%s %s", str_copy(a, slug), str_copy(a, all))), mark);
    return str_of(arena_strdup(a, id_print(ID_EVENT, ulid_make(at_ms, mark)).at));
}

static void live(struct change *c, struct str slug, const char *kind)
{
    struct buf d = {0};

    doc_flat_text(&d, "type", STR("incident"));
    doc_flat_text(&d, "incident", slug);
    doc_flat_text(&d, "kind", str_of(kind));
    change_xadd(c, key_in(c->arena, SLOT, "ev", ""), doc_flat_print(&d, c->arena));
    buf_free(&d);
}

void change_incident_happened(struct change *c, const struct keyring *k, struct str slug, int64_t at_ms, struct str by,
                              const char *kind, struct str detail)
{
    struct buf d = {0};
    struct str who = by, plain, id;

    doc_flat_int(&d, "at", at_ms);
    doc_flat_text(&d, "kind", str_of(kind));
    doc_flat_text(&d, "by", by);
    doc_flat_text(&d, "detail", detail);
    plain = doc_flat_print(&d, c->arena);
    buf_free(&d);
    id = happening_id(k, c->arena, slug, at_ms, plain);
    change_add(c, 4, (struct str[]){STR("HSET"), history_key(c->arena, slug), id, seal(k, c->arena, plain, id)});
    change_audit(c, k, SLOT, at_ms, str_cut(&who, ' '), arena_printf(c->arena, "incident-%s", kind),
                 str_copy(c->arena, slug), id);
    live(c, slug, kind);
}

static void raise(struct change *c, struct str key)
{
    change_add(c, 4, (struct str[]){STR("HINCRBY"), key, STR("v"), STR("1")});
}

void change_incidents_moved(struct change *c)
{
    raise(c, incident_set_key(c->arena));
}

void change_incident_touched(struct change *c, struct str slug)
{
    raise(c, incident_key(c->arena, slug));
}

/* ---- declaring and closing ---- */

static void tell_hooks(struct change *c, const struct keyring *k, enum hook_kind kind, struct ulid id, struct str slug,
                       struct str pack, struct str severity)
{
    struct buf d = {0};

    doc_flat_text(&d, "id", str_of(id_print(ID_INCIDENT, id).at));
    doc_flat_text(&d, "incident", slug);
    doc_flat_text(&d, "pack", pack);
    doc_flat_text(&d, "severity", severity);
    change_hook(c, k, kind, doc_flat_print(&d, c->arena));
    buf_free(&d);
}

static struct change *begin_with(struct arena *a, const struct change *with)
{
    struct change *c = change_begin(a);

    if (with != NULL && with->n > 0)
        *c = *with;
    return c;
}

static void set_entry(struct change *c, struct str slug, struct ulid id, const char *state)
{
    change_hset(c, incident_set_key(c->arena), str_copy(c->arena, slug),
                str_of(arena_printf(c->arena, "%s %s", id_print(ID_INCIDENT, id).at, state)));
}

static void add_declaration(struct change *c, const struct keyring *k, const struct incident_declaration *d,
                            struct ulid id)
{
    struct str key = incident_key(c->arena, d->slug);

    set_entry(c, d->slug, id, INCIDENT_DECLARED);
    change_hset_int(c, key, "v", 1);
    change_hset(c, key, "id", str_of(arena_strdup(c->arena, id_print(ID_INCIDENT, id).at)));
    change_hset(c, key, "title", seal(k, c->arena, d->title, title_bound(c->arena, d->slug)));
    change_hset(c, key, "state", STR(INCIDENT_DECLARED));
    change_hset(c, key, "pack", d->pack);
    change_hset(c, key, "rules", d->rules);
    change_hset(c, key, "severity", d->severity);
    change_hset(c, key, "by", d->by);
    change_hset_int(c, key, "declared_ms", d->at_ms);
    change_hset_int(c, key, "heard_ms", d->heard_ms);
    change_hset_int(c, key, "closed_ms", 0);
    change_hset_int(c, key, "list", 0);
    change_incident_happened(
        c, k, d->slug, d->at_ms, d->by, INCIDENT_DECLARED,
        str_of(arena_printf(c->arena, "pack %s%s%s", str_copy(c->arena, d->pack),
                            d->severity.len > 0 ? ", severity " : "", str_copy(c->arena, d->severity))));
    tell_hooks(c, k, HOOK_INCIDENT_DECLARED, id, d->slug, d->pack, d->severity);
}

bool incident_declaration_fits(const struct incident_declaration *d)
{
    return incident_slug_valid(d->slug) && incident_word_valid(d->pack) && d->title.len > 0 &&
           text_utf8_valid(d->title) && text_code_points(d->title) <= INCIDENT_TITLE_MAX &&
           memchr(d->title.at, '\n', d->title.len) == NULL && memchr(d->title.at, '\0', d->title.len) == NULL &&
           (d->severity.len == 0 || incident_word_valid(d->severity));
}

static size_t count_declared(const struct redis_value *set)
{
    size_t n = 0;

    for (size_t i = 0; i + 1 < set->count; i += 2)
        n += is_declared(set->items[i + 1].text);
    return n;
}

/* It is there already: is it what is declared now? */
static enum err judge_given(struct redis *r, const struct keyring *k, struct arena *a,
                            const struct incident_declaration *d, struct incident *out)
{
    struct incident given;
    enum err e = incident_read(r, k, a, d->slug, &given);

    if (e != ERR_OK)
        return e;
    if (!incident_is_declared(&given) || !str_equal(given.pack, d->pack) || !str_equal(given.title, d->title))
        return ERR_CONFLICT;
    *out = given;
    return ERR_OK;
}

enum err incident_declare(struct redis *r, const struct keyring *k, struct arena *a,
                          const struct incident_declaration *d, struct incident *out, bool *before)
{
    struct ulid id = ulid_in(ulid_fresh(), SLOT);
    enum err e = incident_declaration_fits(d) ? ERR_CONFLICT : ERR_INPUT;
    bool given = false;

    for (int i = 0; e == ERR_CONFLICT && i < AGAIN_MAX; i++) {
        struct change *c = begin_with(a, d->with);
        struct redis_value set;

        e = read_set(r, a, &set);
        if (e != ERR_OK)
            return e;
        if (redis_field(&set, str_copy(a, d->slug)).at != NULL) {
            given = true;
            e = judge_given(r, k, a, d, out);
            break;
        }
        if (count_declared(&set) >= INCIDENTS_DECLARED_MAX)
            return ERR_LIMIT;
        add_declaration(c, k, d, id);
        e = change_run(r, a, c, STR(""), incident_set_key(a), version_of(&set), NULL);
    }
    if (before != NULL)
        *before = given;
    return e != ERR_OK || given ? e : incident_read(r, k, a, d->slug, out);
}

static void add_close(struct change *c, const struct keyring *k, const struct incident *i, struct str by, int64_t at_ms)
{
    struct str key = incident_key(c->arena, i->slug);

    set_entry(c, i->slug, i->id, INCIDENT_CLOSED);
    change_hset(c, key, "state", STR(INCIDENT_CLOSED));
    change_hset_int(c, key, "closed_ms", at_ms);
    change_incidents_moved(c);
    change_incident_happened(c, k, i->slug, at_ms, by, INCIDENT_CLOSED, STR(""));
    tell_hooks(c, k, HOOK_INCIDENT_CLOSED, i->id, i->slug, i->pack, i->severity);
}

enum err incident_close(struct redis *r, const struct keyring *k, struct arena *a, struct str slug, struct str by,
                        int64_t at_ms, const struct change *with, struct incident *out, bool *before)
{
    struct incident was;
    enum err e = ERR_CONFLICT;
    bool closed = false;

    for (int i = 0; e == ERR_CONFLICT && i < AGAIN_MAX; i++) {
        struct change *c = begin_with(a, with);

        e = incident_read(r, k, a, slug, &was);
        if (e != ERR_OK)
            return e;
        closed = !incident_is_declared(&was);
        if (closed)
            break;
        add_close(c, k, &was, by, at_ms);
        e = change_run(r, a, c, STR(""), incident_key(a, slug), was.version, NULL);
    }
    if (before != NULL)
        *before = closed;
    if (closed)
        *out = was;
    return e != ERR_OK || closed ? e : incident_read(r, k, a, slug, out);
}
