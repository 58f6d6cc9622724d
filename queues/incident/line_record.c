/* line_record.c - the record of a site, what is written when something happens to it, and what is parked. */
#include "queues/hook.h"
#include "queues/incident/line_parts.h"
#include "queues/keys.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"

#include <assert.h>
#include <string.h>

enum { SLOT = 0 };
#define SCORE_STATE INT64_C(10000000000000) /* more than any moment in ms */

static struct str room(struct arena *a, unsigned partition, const char *name, struct str slug)
{
    return key_in(a, partition, name, str_copy(a, slug));
}

struct str line_id(struct arena *a, enum id_kind kind, struct ulid u)
{
    return str_of(arena_strdup(a, id_print(kind, u).at));
}

static struct str site_room(struct arena *a, const char *name, struct str slug, struct ulid account, struct ulid site)
{
    return key_in(a, ulid_partition(account), name,
                  arena_printf(a, "%s:%s", str_copy(a, slug), id_print(ID_SITE, site).at));
}

struct str line_key(struct arena *a, struct str slug, struct ulid account, struct ulid site)
{
    return site_room(a, "rr", slug, account, site);
}

struct str line_history_key(struct arena *a, struct str slug, struct ulid account, struct ulid site)
{
    return site_room(a, "rh", slug, account, site);
}

struct str line_list_key(struct arena *a, unsigned partition, struct str slug, struct str batch)
{
    if (batch.len == 0)
        return room(a, partition, "rl", slug);
    return key_in(a, partition, "rl", arena_printf(a, "%s:%s", str_copy(a, slug), str_copy(a, batch)));
}

struct str line_counts_key(struct arena *a, unsigned partition, struct str slug)
{
    return room(a, partition, "rc", slug);
}

struct str line_where_key(struct arena *a, struct str slug)
{
    return room(a, SLOT, "rs", slug);
}

struct str line_batches_key(struct arena *a, struct str slug)
{
    return room(a, SLOT, "rb", slug);
}

struct str line_parked_key(struct arena *a)
{
    return key_in(a, SLOT, "rx", "");
}

int64_t line_score(enum restoration_state state, int64_t since_ms)
{
    return (int64_t)state * SCORE_STATE + since_ms;
}

/* ---- the record ---- */

static int64_t number(const struct redis_value *v, const char *name)
{
    int64_t n = 0;

    (void)str_number(redis_field(v, name), &n);
    return n;
}

static struct str bound(struct arena *a, const char *what, struct ulid site)
{
    return str_of(arena_printf(a, "line %s %s", what, id_print(ID_SITE, site).at));
}

enum err line_load(const struct keyring *k, struct arena *a, struct str slug, struct ulid account, struct ulid site,
                   const struct redis_value *v, struct line_site *out)
{
    struct line_site s = {.site = site,
                          .account = account,
                          .slug = {str_copy(a, slug), slug.len},
                          .version = redis_field(v, "v"),
                          .batch = redis_field(v, "batch"),
                          .since_ms = number(v, "since"),
                          .at_ms = number(v, "at"),
                          .round = number(v, "round"),
                          .failures = number(v, "failures"),
                          .lease_ms = number(v, "lease"),
                          .first = redis_field(v, "first"),
                          .second = redis_field(v, "second"),
                          .holder = redis_field(v, "holder"),
                          .fields = v};

    if (v->count == 0) {
        s.version = STR("0");
        *out = s;
        return ERR_OK;
    }
    if (!restoration_state_parse(redis_field(v, "state"), &s.state) ||
        unseal(k, a, redis_field(v, "label"), bound(a, "label", site), &s.label) != ERR_OK)
        return ERR_CORRUPT;
    if (redis_field(v, "point").len > 0 &&
        unseal(k, a, redis_field(v, "point"), bound(a, "point", site), &s.point) != ERR_OK)
        return ERR_CORRUPT;
    *out = s;
    return ERR_OK;
}

/* ---- what happens to it ---- */

static void add_history(struct change *c, const struct keyring *k, const struct line_site *s,
                        const struct line_event *e, enum restoration_state to)
{
    struct buf d = {0};
    struct str id = line_id(c->arena, ID_EVENT, e->id), plain;
    bool fresh = str_is(s->version, "0");

    doc_flat_int(&d, "at", e->at_ms);
    doc_flat_int(&d, "received", e->now_ms);
    doc_flat_text(&d, "event", str_of(e->act != NULL ? e->act : restoration_event_name(e->event)));
    doc_flat_text(&d, "from", fresh ? STR("") : str_of(restoration_state_name(s->state)));
    doc_flat_text(&d, "to", str_of(restoration_state_name(e->outcome == LINE_APPLIED ? to : s->state)));
    doc_flat_text(&d, "outcome", str_of(line_outcome_name(e->outcome)));
    doc_flat_text(&d, "by", e->by);
    doc_flat_text(&d, "batch", e->batch);
    doc_flat_text(&d, "evidence", e->evidence);
    doc_flat_text(&d, "words", e->words);
    plain = doc_flat_print(&d, c->arena);
    buf_free(&d);
    change_hset(c, line_history_key(c->arena, s->slug, s->account, s->site), str_copy(c->arena, id),
                seal(k, c->arena, plain, id));
}

static struct str count_field(struct arena *a, struct str batch, enum restoration_state state)
{
    return str_of(arena_printf(a, "%s %s", batch.len > 0 ? str_copy(a, batch) : "-", restoration_state_name(state)));
}

static void count(struct change *c, const struct line_site *s, struct str batch, enum restoration_state state,
                  const char *by)
{
    change_add(c, 4,
               (struct str[]){STR("HINCRBY"), line_counts_key(c->arena, ulid_partition(s->account), s->slug),
                              count_field(c->arena, batch, state), str_of(by)});
}

/* Lists and counts. */
static void place(struct change *c, const struct line_site *s, struct str batch, enum restoration_state to,
                  int64_t since_ms)
{
    unsigned p = ulid_partition(s->account);
    struct str id = line_id(c->arena, ID_SITE, s->site);

    if (!str_is(s->version, "0")) {
        count(c, s, s->batch, s->state, "-1");
        if (s->batch.len > 0 && !str_equal(s->batch, batch))
            change_zrem(c, line_list_key(c->arena, p, s->slug, s->batch), id);
    }
    count(c, s, batch, to, "1");
    change_zadd(c, line_list_key(c->arena, p, s->slug, STR("")), line_score(to, since_ms), id);
    if (batch.len > 0)
        change_zadd(c, line_list_key(c->arena, p, s->slug, batch), line_score(to, since_ms), id);
}

/* What the evidence calls its restore point: by that a follow-up cohort is picked. */
static void keep_point(struct change *c, const struct keyring *k, const struct line_site *s, struct str key,
                       struct str evidence)
{
    struct doc *d;
    struct str point;

    if (evidence.len == 0 || doc_parse(&d, evidence, NULL, 0) != ERR_OK)
        return;
    point = doc_get_text(d, "restore_point");
    if (point.len > 0)
        change_hset(c, key, "point", seal(k, c->arena, point, bound(c->arena, "point", s->site)));
    doc_close(d);
}

static void begin_anew(struct change *c, const struct line_site *s, struct str key)
{
    change_hset_int(c, key, "round", s->round + 1);
    change_hset(c, key, "first", STR(""));
    change_hset(c, key, "second", STR(""));
    change_hset(c, key, "holder", STR(""));
    change_hset_int(c, key, "lease", 0);
}

static bool is_failure(enum restoration_event e)
{
    return e == RESTORATION_FAILED || e == RESTORATION_SENT_BACK || e == RESTORATION_REFUSED;
}

/* What restored it is told what its customer said. */
static void tell_hook(struct change *c, const struct keyring *k, const struct line_site *s, const struct line_event *e)
{
    struct buf d = {0};

    if (e->event != RESTORATION_ACCEPTED && e->event != RESTORATION_REFUSED)
        return;
    doc_flat_text(&d, "incident", s->slug);
    doc_flat_text(&d, "site", line_id(c->arena, ID_SITE, s->site));
    if (memchr(s->label.at, '.', s->label.len) == NULL) /* an id of the vendor's, and no host that names a customer */
        doc_flat_text(&d, "site_id", s->label);
    doc_flat_text(&d, "batch", s->batch);
    doc_flat_text(&d, "event", line_id(c->arena, ID_EVENT, e->id));
    doc_flat_text(&d, "at", str_of(arena_strdup(c->arena, stamp_print(e->at_ms).at)));
    change_hook(c, k, e->event == RESTORATION_ACCEPTED ? HOOK_RESTORATION_ACCEPTED : HOOK_RESTORATION_REFUSED,
                doc_flat_print(&d, c->arena));
    buf_free(&d);
}

static void tell_live(struct change *c, const struct line_site *s, enum restoration_state to)
{
    struct buf d = {0};

    doc_flat_text(&d, "type", STR("restoration"));
    doc_flat_text(&d, "incident", s->slug);
    doc_flat_text(&d, "site", line_id(c->arena, ID_SITE, s->site));
    doc_flat_text(&d, "state", str_of(restoration_state_name(to)));
    change_xadd(c, key_in(c->arena, ulid_partition(s->account), "ev", ""), doc_flat_print(&d, c->arena));
    buf_free(&d);
}

static void apply(struct change *c, const struct keyring *k, const struct line_site *s, const struct line_event *e,
                  struct str key, enum restoration_state to)
{
    struct str batch = e->batch.len > 0 ? e->batch : s->batch;
    int64_t since = to == s->state && s->since_ms > 0 ? s->since_ms : e->at_ms;

    change_hset(c, key, "state", str_of(restoration_state_name(to)));
    change_hset_int(c, key, "since", since);
    change_hset_int(c, key, "at", e->at_ms);
    change_hset(c, key, "batch", batch);
    change_hset(c, key, "answered", STR(""));
    if (is_failure(e->event))
        change_hset_int(c, key, "failures", s->failures + 1);
    if (restoration_begins_anew(s->state, to))
        begin_anew(c, s, key);
    keep_point(c, k, s, key, e->evidence);
    place(c, s, batch, to, since);
    tell_hook(c, k, s, e);
}

static void audit(struct change *c, const struct keyring *k, const struct line_site *s, const struct line_event *e)
{
    struct str who = e->by;

    change_audit(c, k, ulid_partition(s->account), e->now_ms, str_cut(&who, ' '), "restoration",
                 arena_printf(c->arena, "%s/%s", str_copy(c->arena, s->slug), id_print(ID_SITE, s->site).at),
                 str_of(e->act != NULL ? e->act : restoration_event_name(e->event)));
}

/* A site that is heard of first by what changes nothing is there all the same, waiting. */
static void found(struct change *c, const struct keyring *k, const struct line_site *s, struct str key)
{
    struct str customer = key_in(c->arena, ulid_partition(s->account), "ra", id_print(ID_ACCOUNT, s->account).at);

    change_hset(c, key, "account", line_id(c->arena, ID_ACCOUNT, s->account));
    change_hset(c, key, "label", seal(k, c->arena, s->label, bound(c->arena, "label", s->site)));
    change_hset(c, customer,
                arena_printf(c->arena, "%s %s", str_copy(c->arena, s->slug), id_print(ID_SITE, s->site).at), STR(""));
}

void change_line(struct change *c, const struct keyring *k, const struct line_site *s, const struct line_event *e,
                 enum restoration_state to)
{
    struct str key = line_key(c->arena, s->slug, s->account, s->site);
    bool fresh = str_is(s->version, "0");

    if (fresh)
        found(c, k, s, key);
    if (e->outcome == LINE_APPLIED)
        apply(c, k, s, e, key, to);
    else if (fresh) {
        change_hset(c, key, "state", str_of(restoration_state_name(s->state)));
        place(c, s, STR(""), s->state, 0);
    }
    add_history(c, k, s, e, to);
    if (e->outcome != LINE_APPLIED)
        return;
    audit(c, k, s, e);
    tell_live(c, s, to);
}

void change_line_note(struct change *c, const struct keyring *k, const struct line_site *s, const struct line_event *e)
{
    add_history(c, k, s, e, s->state);
    audit(c, k, s, e);
    tell_live(c, s, s->state);
}

/* ---- batches ---- */

void line_batch_load(struct str json, struct arena *a, struct line_batch *out)
{
    struct doc *d;

    if (json.len == 0 || doc_parse(&d, json, NULL, 0) != ERR_OK)
        return;
    (void)id_parse(ID_BATCH, doc_get_text(d, "id"), &out->id);
    out->method = (struct str){str_copy(a, doc_get_text(d, "method")), doc_get_text(d, "method").len};
    out->ours = doc_get_bool(d, "ours", true);
    out->hours = doc_get_int(d, "hours", 0);
    doc_close(d);
}

/* ---- what is parked ---- */

void line_queue_park(struct line_flow *f, struct redis *r)
{
    struct str id = line_id(f->arena, ID_EVENT, f->id);
    struct buf d = {0};

    doc_flat_text(&d, "incident", f->report.incident);
    doc_flat_text(&d, "site", f->report.site);
    doc_flat_text(&d, "batch", f->report.batch);
    doc_flat_text(&d, "state", str_of(restoration_event_name(f->report.event)));
    doc_flat_int(&d, "at", f->report.at_ms);
    doc_flat_text(&d, "evidence", f->report.evidence);
    doc_flat_text(&d, "by", f->by);
    doc_flat_text(&d, "why", str_of(f->why));
    doc_flat_int(&d, "received", f->now_ms);
    redis_add(r, 4,
              (struct str[]){STR("HSET"), line_parked_key(f->arena), id,
                             seal(f->keys, f->arena, doc_flat_print(&d, f->arena), id)});
    buf_free(&d);
}

static struct str keep(struct arena *a, const struct doc *d, const char *name)
{
    struct str s = doc_get_text(d, name);

    return (struct str){str_copy(a, s), s.len};
}

enum err line_parked_load(const struct keyring *k, struct arena *a, struct str id, struct str sealed,
                          struct line_parked *out)
{
    struct str plain;
    struct doc *d;

    if (!id_parse(ID_EVENT, id, &out->id) || unseal(k, a, sealed, id, &plain) != ERR_OK ||
        doc_parse(&d, plain, NULL, 0) != ERR_OK)
        return ERR_CORRUPT;
    out->report = (struct restoration_report){.incident = keep(a, d, "incident"),
                                              .site = keep(a, d, "site"),
                                              .batch = keep(a, d, "batch"),
                                              .at_ms = doc_get_int(d, "at", 0),
                                              .evidence = keep(a, d, "evidence")};
    out->by = keep(a, d, "by");
    out->why = keep(a, d, "why");
    out->received_ms = doc_get_int(d, "received", 0);

    bool good = restoration_told_parse(doc_get_text(d, "state"), &out->report.event);

    doc_close(d);
    return good ? ERR_OK : ERR_CORRUPT;
}
