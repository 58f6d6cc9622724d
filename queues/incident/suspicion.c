#include "queues/incident/suspicion.h"

#include "queues/hook.h"
#include "queues/incident/common.h"
#include "queues/incident/heard.h"
#include "queues/incident/incident.h"
#include "queues/keys.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS INT64_C(3600000)

enum { SLOT = 0, MILLION = 1000000 };

/* ---- records ---- */

static const char *name_of(struct arena *a, struct ulid id)
{
    return arena_strdup(a, id_print(ID_SUSPICION, id).at);
}

static struct str record_key(struct arena *a, struct ulid id)
{
    return key_in(a, SLOT, "su", name_of(a, id));
}

static int64_t number(const struct redis_value *v, const char *field)
{
    struct str s = redis_field(v, field);

    return s.at == NULL ? 0 : strtoll(s.at, NULL, 10);
}

static struct str opened(const struct keyring *k, struct arena *a, const struct redis_value *v, const char *field,
                         struct ulid id)
{
    struct str plain, sealed = redis_field(v, field);

    return sealed.len > 0 && unseal(k, a, sealed, str_of(name_of(a, id)), &plain) == ERR_OK ? plain : STR("");
}

static enum err load(const struct keyring *k, struct arena *a, struct ulid id, const struct redis_value *v,
                     struct suspicion *out)
{
    if (v->count == 0)
        return ERR_ABSENT;
    *out = (struct suspicion){.id = id,
                              .version = redis_field(v, "v"),
                              .state = redis_field(v, "state"),
                              .incident = redis_field(v, "incident"),
                              .by = redis_field(v, "by"),
                              .common = opened(k, a, v, "common", id),
                              .why = opened(k, a, v, "why", id),
                              .first_ms = number(v, "first_ms"),
                              .last_ms = number(v, "last_ms"),
                              .raised_ms = number(v, "raised_ms"),
                              .settled_ms = number(v, "settled_ms"),
                              .minutes = number(v, "minutes"),
                              .accounts = number(v, "accounts"),
                              .usual_milli = number(v, "usual")};
    return ERR_OK;
}

enum err suspicion_read(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id,
                        struct suspicion *out)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), record_key(a, id)});

    return e == ERR_OK ? load(k, a, id, &v, out) : e;
}

enum err suspicion_list(struct redis *r, const struct keyring *k, struct arena *a, size_t max, struct suspicion *out,
                        size_t *n)
{
    struct redis_value v;
    enum err e = redis_do(
        r, a, &v, 5,
        (struct str[]){STR("ZRANGE"), key_in(a, SLOT, "su", ""), STR("0"), str_int(a, (int64_t)max - 1), STR("REV")});

    *n = 0;
    for (size_t i = 0; e == ERR_OK && i < v.count; i++) {
        struct ulid id;

        if (!id_parse(ID_SUSPICION, v.items[i].text, &id))
            continue;
        e = suspicion_read(r, k, a, id, &out[*n]);
        *n += e == ERR_OK;
        if (e == ERR_ABSENT)
            e = ERR_OK;
    }
    return e;
}

static void live(struct change *c, struct ulid id, struct str state, int64_t accounts)
{
    struct buf d = {0};

    doc_flat_text(&d, "type", STR("suspicion"));
    doc_flat_text(&d, "suspicion", str_of(name_of(c->arena, id)));
    doc_flat_text(&d, "state", state);
    doc_flat_int(&d, "accounts", accounts);
    change_xadd(c, key_in(c->arena, SLOT, "ev", ""), doc_flat_print(&d, c->arena));
    buf_free(&d);
}

/* ---- what is usual ---- */

struct usual {
    struct suspicion_hour hours[SUSPICION_HOURS];
    int64_t learnt; /* hours since 1970; 0 never */
};

static enum err usual_read(struct redis *r, struct arena *a, struct usual *out)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), key_at(a, "us", "hours")});

    *out = (struct usual){0};
    for (size_t i = 0; e == ERR_OK && i + 1 < v.count; i += 2) {
        struct str rest = v.items[i + 1].text, rate = str_cut(&rest, ' ');
        int64_t hour, millionths, weeks;

        if (str_is(v.items[i].text, "learnt")) {
            (void)str_number(rate, &out->learnt);
        } else if (str_number(v.items[i].text, &hour) && hour < SUSPICION_HOURS && str_number(rate, &millionths) &&
                   str_number(rest, &weeks)) {
            out->hours[hour] = (struct suspicion_hour){(double)millionths / MILLION, (int)weeks};
        }
    }
    return e;
}

static enum err usual_write(struct redis *r, struct arena *a, int64_t hour, const struct suspicion_hour *h)
{
    return redis_do(
        r, a, NULL, 6,
        (struct str[]){STR("HSET"), key_at(a, "us", "hours"), str_int(a, hour % SUSPICION_HOURS),
                       str_of(arena_printf(a, "%" PRId64 " %d", (int64_t)(h->per_minute * MILLION), h->weeks)),
                       STR("learnt"), str_int(a, hour)});
}

/* ---- a turn ---- */

struct turn {
    struct redis *redis;
    const struct keyring *keys;
    struct arena *arena;
    int64_t now_ms, minute;
    struct usual usual;
    struct suspicion last; /* the newest; id zero: there never was one */
    bool has_last;
    struct heard_first *first;
    size_t first_count, beyond;
    int64_t since_ms;   /* C2: only what was heard later counts */
    struct heard *edge; /* all of the minute in which that lies */
    size_t edge_count;
};

static int64_t weight(const struct heard_first *h)
{
    return h->bystander ? SUSPICION_BYSTANDER : SUSPICION_ONE;
}

/* C2. An account that was first heard in the minute in which it was settled: before, or after that? */
static bool is_new(const struct turn *t, const struct heard_first *h)
{
    if (h->minute != t->since_ms / MINUTE_MS)
        return h->minute > t->since_ms / MINUTE_MS;
    for (size_t i = 0; i < t->edge_count; i++)
        if (ulid_equal(t->edge[i].account, h->account))
            return t->edge[i].at_ms > t->since_ms;
    return false;
}

static void count(const struct turn *t, struct suspicion_counts *c)
{
    *c = (struct suspicion_counts){.usual = suspicion_expect(t->usual.hours, suspicion_hour_of(t->now_ms))};
    for (size_t i = 0; i < t->first_count; i++) {
        int64_t ago = t->minute - t->first[i].minute;

        if (ago >= 0 && ago < SUSPICION_MINUTES && is_new(t, &t->first[i]))
            c->fresh[ago] += weight(&t->first[i]);
    }
    c->fresh[0] += (int64_t)t->beyond * SUSPICION_ONE;
}

static enum err read_all(struct turn *t)
{
    int64_t from = t->minute - SUSPICION_MINUTES + 1;
    size_t n;
    enum err e = usual_read(t->redis, t->arena, &t->usual);

    if (e == ERR_OK)
        e = suspicion_list(t->redis, t->keys, t->arena, 1, &t->last, &n);
    if (e != ERR_OK)
        return e;
    t->has_last = n > 0;
    if (t->has_last)
        t->since_ms = str_is(t->last.state, SUSPICION_OPEN) ? t->last.first_ms - 1 : t->last.settled_ms;
    if (t->has_last && str_is(t->last.state, SUSPICION_OPEN) && t->last.first_ms / MINUTE_MS < from) {
        from = t->last.first_ms / MINUTE_MS;
        if (from < t->minute - SUSPICION_GROWS_MINUTES)
            from = t->minute - SUSPICION_GROWS_MINUTES;
    }
    e = heard_first_read(t->redis, t->arena, from, t->minute, &t->first, &t->first_count, &t->beyond);
    if (e != ERR_OK || t->since_ms / MINUTE_MS < from)
        return e;
    t->edge = arena_array(t->arena, struct heard, HEARD_READ_MAX);
    return heard_read(t->redis, t->keys, t->arena, t->since_ms / MINUTE_MS, t->since_ms / MINUTE_MS, HEARD_READ_MAX,
                      t->edge, &t->edge_count);
}

/* What they have in common, and when the first of them was received. */
static enum err compare(const struct turn *t, int64_t from, struct str *common, int64_t *first_ms)
{
    struct heard *now = arena_array(t->arena, struct heard, SUSPICION_SAMPLE_MAX);
    struct heard *before = arena_array(t->arena, struct heard, SUSPICION_SAMPLE_MAX);
    size_t n = 0, m = 0;
    enum err e = heard_read(t->redis, t->keys, t->arena, from, t->minute, SUSPICION_SAMPLE_MAX, now, &n);

    if (e == ERR_OK)
        e = heard_read(t->redis, t->keys, t->arena, from - 24 * 60, from - 1, SUSPICION_SAMPLE_MAX, before, &m);
    if (e != ERR_OK)
        return e;
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (now[i].at_ms > t->since_ms)
            now[kept++] = now[i];
    n = kept;
    for (size_t i = 0; i < n; i++)
        if (now[i].at_ms < *first_ms)
            *first_ms = now[i].at_ms;
    *common = common_print(t->arena, now, n, before, m);
    return ERR_OK;
}

/* Numbers only (H4 of hook.h). */
static struct str hook_data(struct arena *a, const struct suspicion *s)
{
    struct buf d = {0};

    doc_flat_text(&d, "suspicion", str_of(name_of(a, s->id)));
    doc_flat_text(&d, "first_at", str_of(stamp_print(s->first_ms).at));
    doc_flat_int(&d, "accounts", s->accounts);
    doc_flat_int(&d, "minutes", s->minutes);
    doc_flat_int(&d, "usual_thousandths", s->usual_milli);

    struct str out = doc_flat_print(&d, a);

    buf_free(&d);
    return out;
}

static void change_numbers(struct change *c, const struct keyring *k, const struct suspicion *s)
{
    struct str key = record_key(c->arena, s->id), bound = str_of(name_of(c->arena, s->id));

    change_hset_int(c, key, "last_ms", s->last_ms);
    change_hset_int(c, key, "first_ms", s->first_ms);
    change_hset_int(c, key, "accounts", s->accounts);
    change_hset(c, key, "common", seal(k, c->arena, s->common, bound));
}

static enum err raise(const struct turn *t, const struct suspicion_counts *counted, const struct suspicion_verdict *v,
                      struct suspicion *s)
{
    struct change *c = change_begin(t->arena);
    struct str key, name;
    int64_t from = t->minute - suspicion_began(counted, v->minutes) + 1;
    enum err e;

    *s = (struct suspicion){.id = ulid_fresh(), .state = STR(SUSPICION_OPEN), .first_ms = t->now_ms};
    s->raised_ms = s->last_ms = t->now_ms;
    s->minutes = v->minutes;
    s->usual_milli = (int64_t)(v->usual * 1000);
    s->accounts = (int64_t)t->beyond;
    if (from < t->since_ms / MINUTE_MS)
        from = t->since_ms / MINUTE_MS;
    for (size_t i = 0; i < t->first_count; i++)
        s->accounts += t->first[i].minute >= from && is_new(t, &t->first[i]);
    e = compare(t, from, &s->common, &s->first_ms);
    if (e != ERR_OK)
        return e;
    key = record_key(t->arena, s->id);
    name = str_of(name_of(t->arena, s->id));
    change_hset(c, key, "state", s->state);
    change_hset_int(c, key, "raised_ms", s->raised_ms);
    change_hset_int(c, key, "minutes", s->minutes);
    change_hset_int(c, key, "usual", s->usual_milli);
    change_numbers(c, t->keys, s);
    change_zadd(c, key_in(t->arena, SLOT, "su", ""), s->raised_ms, name);
    change_audit(c, t->keys, SLOT, t->now_ms, STR("system"), "incident.suspected", name.at, STR(""));
    change_hook(c, t->keys, HOOK_INCIDENT_SUSPECTED, hook_data(t->arena, s));
    live(c, s->id, s->state, s->accounts);
    return change_run(t->redis, t->arena, c, STR(""), key, STR("0"), NULL);
}

/* C1 */
static enum err grow(const struct turn *t, struct suspicion_turned *out)
{
    struct suspicion s = t->last;
    struct change *c = change_begin(t->arena);
    int64_t from = s.first_ms / MINUTE_MS, accounts = (int64_t)t->beyond;
    enum err e;

    for (size_t i = 0; i < t->first_count; i++)
        accounts += t->first[i].minute >= from && is_new(t, &t->first[i]);
    if (accounts <= s.accounts)
        return ERR_OK;
    s.accounts = accounts;
    s.last_ms = t->now_ms;
    if (from < t->minute - SUSPICION_GROWS_MINUTES)
        from = t->minute - SUSPICION_GROWS_MINUTES;
    e = compare(t, from, &s.common, &s.first_ms);
    if (e != ERR_OK)
        return e;
    change_numbers(c, t->keys, &s);
    live(c, s.id, s.state, s.accounts);
    e = change_run(t->redis, t->arena, c, STR(""), record_key(t->arena, s.id), s.version, NULL);
    if (e == ERR_CONFLICT)
        return ERR_OK; /* it was settled meanwhile */
    out->grown = e == ERR_OK;
    out->now = s;
    return e;
}

/* S4: the hour that is over, once, where nothing was suspected in it. */
static enum err learn(const struct turn *t, const struct suspicion_counts *c)
{
    int64_t hour = t->now_ms / HOUR_MS - 1, sum = 0;
    struct suspicion_hour learnt;

    if (t->usual.learnt >= hour)
        return ERR_OK;
    if (t->has_last && (str_is(t->last.state, SUSPICION_OPEN) || t->last.settled_ms >= hour * HOUR_MS))
        return ERR_OK;
    for (int i = 0; i < SUSPICION_MINUTES; i++)
        if ((t->minute - i) / 60 == hour)
            sum += c->fresh[i];
    learnt = suspicion_learn(t->usual.hours[hour % SUSPICION_HOURS], (double)sum / SUSPICION_ONE / SUSPICION_MINUTES);
    return usual_write(t->redis, t->arena, hour, &learnt);
}

/* C2 */
static enum err last_became_declared(const struct turn *t, bool *declared)
{
    struct incident i;
    enum err e;

    *declared = false;
    if (!t->has_last || !str_is(t->last.state, SUSPICION_CONFIRMED))
        return ERR_OK;
    e = incident_read(t->redis, t->keys, t->arena, t->last.incident, &i);
    *declared = e == ERR_OK && incident_is_declared(&i);
    return e == ERR_ABSENT ? ERR_OK : e;
}

enum err suspicion_turn(struct redis *r, const struct keyring *k, struct arena *a, int64_t now_ms,
                        struct suspicion_turned *out)
{
    struct turn t = {.redis = r, .keys = k, .arena = a, .now_ms = now_ms, .minute = now_ms / MINUTE_MS};
    struct suspicion_counts counts;
    struct suspicion_verdict verdict;
    bool declared = false;
    enum err e = read_all(&t);

    *out = (struct suspicion_turned){0};
    if (e != ERR_OK)
        return e;
    count(&t, &counts);
    for (int i = 0; i < SUSPICION_SHOWN_MINUTES; i++)
        out->heard += counts.fresh[i];
    out->heard /= SUSPICION_ONE;
    out->usual = counts.usual * SUSPICION_SHOWN_MINUTES;
    e = learn(&t, &counts);
    if (e == ERR_OK && t.has_last && str_is(t.last.state, SUSPICION_OPEN))
        return grow(&t, out);
    if (e == ERR_OK)
        e = last_became_declared(&t, &declared);
    if (e != ERR_OK || declared)
        return e;
    suspicion_judge(&counts, &verdict);
    if (!verdict.suspected)
        return ERR_OK;
    e = raise(&t, &counts, &verdict, &out->now);
    out->raised = e == ERR_OK;
    return e;
}

/* ---- settling ---- */

static void change_settled(struct change *c, const struct suspicion *s, const char *state, struct str by,
                           int64_t now_ms)
{
    struct str key = record_key(c->arena, s->id);

    change_holds(c, key, "state", STR(SUSPICION_OPEN));
    change_hset(c, key, "state", str_of(state));
    change_hset(c, key, "by", by);
    change_hset_int(c, key, "settled_ms", now_ms);
    change_add(c, 4, (struct str[]){STR("HINCRBY"), key, STR("v"), STR("1")});
}

enum err suspicion_dismiss(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, struct str by,
                           struct str why, int64_t now_ms)
{
    struct change *c = change_begin(a);
    struct suspicion s;
    struct str name = str_of(name_of(a, id)), who = by;
    enum err e = suspicion_read(r, k, a, id, &s);

    if (e != ERR_OK)
        return e;
    change_settled(c, &s, SUSPICION_DISMISSED, by, now_ms);
    change_hset(c, record_key(a, id), "why", seal(k, a, why, name));
    change_audit(c, k, SLOT, now_ms, str_cut(&who, ' '), "suspicion.dismissed", name.at, STR(""));
    live(c, id, STR(SUSPICION_DISMISSED), s.accounts);
    return change_run(r, a, c, STR(""), STR(""), STR(""), NULL);
}

static void change_belong(struct change *c, const struct keyring *k, const struct suspicion *s, struct str slug,
                          struct str by, int64_t now_ms)
{
    struct job_new job = {.kind = "belong", .at_ms = now_ms, .total = s->accounts};
    struct buf d = {0};
    struct str who = by;

    job.by = str_cut(&who, ' ');
    doc_flat_text(&d, "incident", slug);
    doc_flat_int(&d, "since", s->first_ms);
    doc_flat_int(&d, "from", s->first_ms / MINUTE_MS);
    doc_flat_int(&d, "to", now_ms / MINUTE_MS);
    job.args = doc_flat_print(&d, c->arena);
    buf_free(&d);
    change_job(c, k, &job);
}

void change_suspicion_confirmed(struct change *c, const struct keyring *k, const struct suspicion *s, struct str slug,
                                struct str by, int64_t now_ms)
{
    struct str name = str_of(name_of(c->arena, s->id)), who = by;

    change_settled(c, s, SUSPICION_CONFIRMED, by, now_ms);
    change_hset(c, record_key(c->arena, s->id), "incident", slug);
    change_audit(c, k, SLOT, now_ms, str_cut(&who, ' '), "suspicion.confirmed", name.at, slug);
    change_incident_happened(c, k, slug, now_ms, by, "suspicion", name);
    change_belong(c, k, s, slug, by, now_ms);
    live(c, s->id, STR(SUSPICION_CONFIRMED), s->accounts);
}

enum err suspicion_join(struct redis *r, const struct keyring *k, struct arena *a, const struct suspicion *s,
                        struct str slug, struct str by, int64_t now_ms)
{
    struct incident i;
    struct change *c = change_begin(a);
    enum err e = incident_read(r, k, a, slug, &i);

    if (e == ERR_OK && !incident_is_declared(&i))
        e = ERR_ABSENT;
    if (e != ERR_OK)
        return e;
    change_suspicion_confirmed(c, k, s, slug, by, now_ms);
    if (i.heard_ms == 0 || s->first_ms < i.heard_ms)
        change_hset_int(c, incident_key(a, slug), "heard_ms", s->first_ms);
    return change_run(r, a, c, STR(""), incident_key(a, slug), i.version, NULL);
}
