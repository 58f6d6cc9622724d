/* handover.c - hand-overs from one watch to the next (duty.h, O2 to O4). */
#include "queues/duty.h"
#include "queues/hook.h"
#include "queues/keys.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"

#include <string.h>

enum { SLOT = 0, AGAIN_MAX = 20 };

static struct str book_key(struct arena *a)
{
    return key_in(a, SLOT, "ho", "");
}

static struct str order_key(struct arena *a)
{
    return key_in(a, SLOT, "hs", "");
}

static struct str name_of(struct arena *a, struct ulid id)
{
    return str_of(arena_strdup(a, id_print(ID_HANDOVER, id).at));
}

static struct str copied(struct arena *a, struct str s)
{
    return (struct str){str_copy(a, s), s.len};
}

/* ---- as a record ---- */

static struct str print(const struct handover *h, struct arena *a)
{
    struct doc *d = doc_object();
    struct str s;

    doc_set_text(d, "from", h->from);
    doc_set_text(d, "to", h->to);
    doc_set_text(d, "leaves", h->leaves);
    doc_set_text(d, "takes", h->takes);
    doc_set_text(d, "deputy", h->deputy);
    doc_set_int(d, "due", h->due_ms);
    doc_set_int(d, "begins", h->begins_ms);
    doc_set_int(d, "made", h->made_ms);
    doc_set_int(d, "steps", h->steps);
    doc_set_text(d, "note", h->note);
    doc_set_text(d, "note_by", h->note_by);
    doc_set_int(d, "accepted", h->accepted_ms);
    doc_set_text(d, "accepted_by", h->accepted_by);
    doc_set_text(d, "contents", h->contents);
    s = doc_print(d, a);
    doc_close(d);
    return s;
}

static enum err load(const struct keyring *k, struct arena *a, struct str id, struct str sealed, struct handover *out)
{
    struct handover h = {0};
    struct str json;
    struct doc *d;

    if (!id_parse(ID_HANDOVER, id, &h.id) || unseal(k, a, sealed, id, &json) != ERR_OK ||
        doc_parse(&d, json, NULL, 0) != ERR_OK)
        return ERR_CORRUPT;
    h.from = copied(a, doc_get_text(d, "from"));
    h.to = copied(a, doc_get_text(d, "to"));
    h.leaves = copied(a, doc_get_text(d, "leaves"));
    h.takes = copied(a, doc_get_text(d, "takes"));
    h.deputy = copied(a, doc_get_text(d, "deputy"));
    h.due_ms = doc_get_int(d, "due", 0);
    h.begins_ms = doc_get_int(d, "begins", 0);
    h.made_ms = doc_get_int(d, "made", 0);
    h.steps = (int)doc_get_int(d, "steps", 0);
    h.note = copied(a, doc_get_text(d, "note"));
    h.note_by = copied(a, doc_get_text(d, "note_by"));
    h.accepted_ms = doc_get_int(d, "accepted", 0);
    h.accepted_by = copied(a, doc_get_text(d, "accepted_by"));
    h.contents = copied(a, doc_get_text(d, "contents"));
    doc_close(d);
    *out = h;
    return ERR_OK;
}

static enum err read_sealed(struct redis *r, struct arena *a, struct str id, struct str *out)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 3, (struct str[]){STR("HGET"), book_key(a), id});

    if (e == ERR_OK && v.kind != REDIS_TEXT)
        e = ERR_ABSENT;
    if (e == ERR_OK)
        *out = v.text;
    return e;
}

enum err handover_read(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, struct handover *out)
{
    struct str name = name_of(a, id), sealed;
    enum err e = read_sealed(r, a, name, &sealed);

    return e != ERR_OK ? e : load(k, a, name, sealed, out);
}

enum err handovers_read(struct redis *r, const struct keyring *k, struct arena *a, struct handover **out, size_t *n)
{
    struct redis_value ids, v;
    struct str *argv;
    enum err e = redis_do(r, a, &ids, 4,
                          (struct str[]){STR("ZREVRANGE"), order_key(a), STR("0"), str_int(a, HANDOVERS_KEPT - 1)});

    *out = arena_array(a, struct handover, ids.count + 1);
    *n = 0;
    if (e != ERR_OK || ids.count == 0)
        return e;
    argv = arena_array(a, struct str, ids.count + 2);
    argv[0] = STR("HMGET");
    argv[1] = book_key(a);
    for (size_t i = 0; i < ids.count; i++)
        argv[i + 2] = ids.items[i].text;
    e = redis_do(r, a, &v, ids.count + 2, argv);
    for (size_t i = 0; e == ERR_OK && i < v.count; i++)
        if (v.items[i].kind == REDIS_TEXT && load(k, a, argv[i + 2], v.items[i].text, &(*out)[*n]) == ERR_OK)
            ++*n;
    return e;
}

/* ---- changes ---- */

static struct str live(struct arena *a, struct str id, const char *kind)
{
    return str_of(arena_printf(a, "{\"type\":\"handover\",\"handover\":\"%s\",\"kind\":\"%s\"}", id.at, kind));
}

/* was: the sealed record that was read; empty: there was none. */
static struct change *change_of(const struct keyring *k, struct arena *a, const struct handover *h, struct str was,
                                struct str by, const char *kind, int64_t now_ms)
{
    struct change *c = change_begin(a);
    struct str id = name_of(a, h->id);

    change_hset(c, book_key(a), id.at, seal(k, a, print(h, a), id));
    change_holds(c, book_key(a), id.at, was);
    change_zadd(c, order_key(a), h->due_ms, id);
    change_audit(c, k, SLOT, now_ms, by, arena_printf(a, "handover.%s", kind), id.at, STR(""));
    change_xadd(c, key_in(a, SLOT, "ev", ""), live(a, id, kind));
    return c;
}

static enum err run(struct redis *r, struct arena *a, const struct change *c)
{
    return change_run(r, a, c, STR(""), STR(""), STR(""), NULL);
}

/* Reads, lets `alter` decide, writes against what was read. */
struct edit {
    struct str text, by, contents;
    int64_t now_ms;
};

static enum err edit(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, const char *kind,
                     enum err (*alter)(struct handover *h, const struct edit *with), const struct edit *with)
{
    enum err e = ERR_CONFLICT;

    for (int i = 0; e == ERR_CONFLICT && i < AGAIN_MAX; i++) {
        struct str name = name_of(a, id), was;
        struct handover h;
        bool done;

        e = read_sealed(r, a, name, &was);
        if (e == ERR_OK)
            e = load(k, a, name, was, &h);
        if (e != ERR_OK)
            return e;
        done = h.accepted_ms > 0;
        e = alter(&h, with);
        if (e != ERR_OK || done)
            return e;
        e = run(r, a, change_of(k, a, &h, was, with->by, kind, with->now_ms));
    }
    return e;
}

static enum err put_note(struct handover *h, const struct edit *with)
{
    if (h->accepted_ms > 0)
        return ERR_CONFLICT;
    h->note = with->text;
    h->note_by = with->by;
    return ERR_OK;
}

enum err handover_write_note(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, struct str note,
                             struct str by, int64_t now_ms)
{
    return edit(r, k, a, id, "noted", put_note, &(struct edit){.text = note, .by = by, .now_ms = now_ms});
}

static enum err put_acceptance(struct handover *h, const struct edit *with)
{
    if (h->accepted_ms > 0)
        return str_equal(h->accepted_by, with->by) ? ERR_OK : ERR_CONFLICT;
    h->accepted_ms = with->now_ms;
    h->accepted_by = with->by;
    h->contents = with->contents;
    return ERR_OK;
}

enum err handover_accept(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, struct str by,
                         struct str contents, int64_t now_ms)
{
    return edit(r, k, a, id, "accepted", put_acceptance,
                &(struct edit){.by = by, .contents = contents, .now_ms = now_ms});
}

bool handover_is_for(const struct handover *h, struct str name)
{
    return (h->takes.len > 0 && str_equal_nocase(h->takes, name)) ||
           (h->deputy.len > 0 && str_equal_nocase(h->deputy, name));
}

/* ---- a turn ---- */

/* "watch|region|shift": the moment and this make the id, whoever makes it. */
struct ulid handover_id(const struct roster_watch *w)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    uint8_t mix[10] = {0};
    const struct str parts[] = {w->shift->region, STR("/"), w->shift->name};

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        for (size_t j = 0; j < parts[i].len; j++)
            h = (h ^ (uint8_t)parts[i].at[j]) * UINT64_C(1099511628211);
    memcpy(mix + 1, &h, sizeof h);
    return ulid_in(ulid_make(w->to_ms, mix), SLOT);
}

static struct str label(struct arena *a, const struct roster_shift *s)
{
    return str_of(arena_printf(a, "%s/%s", s->region.at, s->name.at));
}

static struct str deputy_of(const struct roster_watch *w, const struct duty *d, int64_t at_ms, struct arena *a)
{
    struct roster_duty_holder *on;
    size_t n = roster_on_duty(w, d->absences, d->away_count, at_ms, a, &on);

    for (size_t i = 0; i < n; i++)
        if (on[i].duty == ROSTER_DEPUTY && !on[i].leads)
            return on[i].name;
    return STR("");
}

static struct handover made_of(const struct duty *d, const struct roster_watch *w, int64_t now_ms, struct arena *a)
{
    struct roster_watch next;
    struct handover h = {.id = handover_id(w),
                         .from = label(a, w->shift),
                         .leaves = roster_leader(w, d->absences, d->away_count, w->to_ms - 1),
                         .due_ms = w->to_ms,
                         .made_ms = now_ms};

    if (roster_successor(d->roster, w, a, &next)) {
        int64_t at_ms = next.from_ms > w->to_ms ? next.from_ms : w->to_ms;

        h.to = label(a, next.shift);
        h.begins_ms = next.from_ms;
        h.takes = roster_leader(&next, d->absences, d->away_count, at_ms);
        h.deputy = deputy_of(&next, d, at_ms, a);
    }
    return h;
}

static const struct handover *known(const struct handover *all, size_t n, struct ulid id)
{
    for (size_t i = 0; i < n; i++)
        if (ulid_equal(all[i].id, id))
            return &all[i];
    return NULL;
}

/* Somebody was faster, or the record changed: the next turn sees it. */
static enum err settle(enum err e, size_t *n)
{
    *n += e == ERR_OK;
    return e == ERR_CONFLICT ? ERR_OK : e;
}

static enum err make_due(struct redis *r, const struct keyring *k, struct arena *a, const struct duty *d,
                         const struct handover *all, size_t count, int64_t now_ms, size_t *n)
{
    struct roster_watch *w;
    size_t watches = roster_watches(d->roster, now_ms - HANDOVER_MISSED_MS, now_ms + HANDOVER_BEFORE_MS, a, &w);
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < watches; i++) {
        struct handover h;

        /* What ended before there was this roster is over. */
        if (w[i].to_ms > now_ms + HANDOVER_BEFORE_MS || w[i].to_ms < d->at_ms ||
            known(all, count, handover_id(&w[i])) != NULL)
            continue;
        h = made_of(d, &w[i], now_ms, a);
        e = settle(run(r, a, change_of(k, a, &h, STR(""), STR("system"), "made", now_ms)), n);
    }
    return e;
}

static struct str hook_words(struct arena *a, const struct handover *h)
{
    struct doc *d = doc_object();
    struct str s;

    doc_set_text(d, "handover", name_of(a, h->id));
    doc_set_text(d, "from", h->from);
    doc_set_text(d, "to", h->to);
    doc_set_text(d, "due_at", str_of(stamp_print(h->due_ms).at));
    doc_set_text(d, "asked", h->steps == 1 ? STR("deputy") : STR("manager"));
    s = doc_print(d, a);
    doc_close(d);
    return s;
}

/* When the waiting begins: nobody can accept before there is somebody. */
static int64_t waits_from(const struct handover *h)
{
    return h->begins_ms > h->due_ms ? h->begins_ms : h->due_ms;
}

static int steps_at(const struct handover *h, int64_t now_ms)
{
    int64_t waited = now_ms - waits_from(h);

    /* Without a lead, or without a next watch, there is nobody to wait for. */
    if (h->takes.len == 0 && now_ms >= h->due_ms)
        return 2;
    return waited >= HANDOVER_MANAGERS_MS ? 2 : waited >= HANDOVER_DEPUTY_MS ? 1 : 0;
}

static enum err tell_late(struct redis *r, const struct keyring *k, struct arena *a, struct handover h, int64_t now_ms,
                          size_t *n)
{
    struct str was;
    enum err e = read_sealed(r, a, name_of(a, h.id), &was);
    struct change *c;

    if (e == ERR_OK)
        e = load(k, a, name_of(a, h.id), was, &h);
    if (e != ERR_OK || h.accepted_ms > 0 || steps_at(&h, now_ms) <= h.steps)
        return e;
    h.steps = steps_at(&h, now_ms);
    c = change_of(k, a, &h, was, STR("system"), "unaccepted", now_ms);
    change_hook(c, k, HOOK_HANDOVER_UNACCEPTED, hook_words(a, &h));
    return settle(run(r, a, c), n);
}

enum err handovers_turn(struct redis *r, const struct keyring *k, struct arena *a, const struct duty *d, int64_t now_ms,
                        size_t *n)
{
    struct handover *all;
    size_t count;
    enum err e = d->roster == NULL ? ERR_ABSENT : handovers_read(r, k, a, &all, &count);

    *n = 0;
    if (e == ERR_ABSENT)
        return ERR_OK;
    if (e == ERR_OK)
        e = make_due(r, k, a, d, all, count, now_ms, n);
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        if (all[i].accepted_ms == 0 && steps_at(&all[i], now_ms) > all[i].steps)
            e = tell_late(r, k, a, all[i], now_ms, n);
    return e;
}

/* ---- who answers ---- */

size_t duty_answers(const struct duty *d, const struct handover *all, size_t n, int64_t now_ms, struct arena *a,
                    struct duty_answers **out)
{
    struct roster_watch *w;
    size_t watches = d->roster == NULL ? 0 : roster_watches(d->roster, now_ms, now_ms + 1, a, &w), count = 0;

    *out = arena_array(a, struct duty_answers, watches + n + 1);
    for (size_t i = 0; i < watches; i++) {
        struct str name = roster_leader(&w[i], d->absences, d->away_count, now_ms);

        if (name.len > 0)
            (*out)[count++] = (struct duty_answers){.name = name, .watch = label(a, w[i].shift)};
    }
    for (size_t i = 0; i < n; i++)
        if (all[i].accepted_ms == 0 && all[i].due_ms <= now_ms && all[i].leaves.len > 0)
            (*out)[count++] = (struct duty_answers){.name = all[i].leaves, .watch = all[i].from, .over = true};
    return count;
}
