/* line.c - what is told of sites: where it belongs, what it changes. */
#include "queues/incident/line.h"

#include "queues/evidence.h"
#include "queues/incident/incident.h"
#include "queues/incident/line_parts.h"
#include "queues/keys.h"
#include "rules/address.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <assert.h>
#include <string.h>

enum { LOOK, READ, WRITE, PARK };

static const char *const outcomes[] = {
    [LINE_UNDER_WAY] = "under-way", [LINE_APPLIED] = "applied",   [LINE_LATE] = "late",
    [LINE_REFUSED] = "refused",     [LINE_REPEATED] = "repeated", [LINE_PARKED] = "parked"};

const char *line_outcome_name(enum line_outcome o)
{
    return outcomes[o];
}

struct ulid line_event_id(const struct keyring *k, struct str key)
{
    uint8_t mark[16];
    int64_t ms = 0;

    blind_bytes(k, INDEX_KEY, key, mark);
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | mark[i];
    return ulid_make(ms, mark + 6);
}

void line_begin(struct line_flow *f)
{
    f->outcome = LINE_UNDER_WAY;
    f->step = LOOK;
    f->asked = f->n = 0;
    f->why = NULL;
    f->at = (struct line_site){0};
}

/* ---- LOOK: which incident, whose site, which batch? ---- */

static void ask(struct line_flow *f, struct redis *r, const char *command, struct str key, struct str word)
{
    redis_add(r, word.at == NULL ? 2 : 3, (struct str[]){str_of(command), key, word});
    f->asked++;
}

static struct str site_key(struct line_flow *f)
{
    struct site site;

    if (!site_parse(f->arena, f->report.site, &site))
        return (struct str){NULL, 0};
    return key_at(f->arena, "b", blind_index(f->keys, INDEX_SITE, site.canonical).at);
}

static void ask_look(struct line_flow *f, struct redis *r)
{
    struct str key = site_key(f);

    ask(f, r, "HGET", incident_set_key(f->arena), f->report.incident);
    ask(f, r, "HGET", line_batches_key(f->arena, f->report.incident),
        f->report.batch.len > 0 ? f->report.batch : STR("-"));
    if (key.at != NULL)
        ask(f, r, "HGETALL", key, (struct str){NULL, 0});
}

static bool is_before(struct ulid a, struct ulid b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) < 0;
}

/* In order of id, each once. */
static void add_candidate(struct line_flow *f, struct ulid site)
{
    size_t at = 0;

    while (at < f->n && is_before(f->candidate[at], site))
        at++;
    if ((at < f->n && ulid_equal(f->candidate[at], site)) || at == LINE_CANDIDATES_MAX)
        return;
    if (f->n < LINE_CANDIDATES_MAX)
        f->n++;
    memmove(f->candidate + at + 1, f->candidate + at, (f->n - at - 1) * sizeof *f->candidate);
    f->candidate[at] = site;
}

/* Records of the site; claims lead nowhere here. NULL, or why it cannot be placed. */
static const char *find_site(struct line_flow *f, const struct redis_value *v)
{
    struct evidence *e = arena_array(f->arena, struct evidence, EVIDENCE_OWNERS_MAX);
    size_t owners = evidence_load(EVIDENCE_SITE, v, f->arena, e, EVIDENCE_OWNERS_MAX);

    for (size_t i = 0; i < owners; i++) {
        struct ulid site;

        if (!e[i].record || !id_parse(ID_SITE, e[i].site, &site))
            continue;
        if (f->n > 0 && !ulid_equal(f->account, e[i].account))
            return "ambiguous";
        f->account = e[i].account;
        add_candidate(f, site);
    }
    return f->n == 0 ? "site" : NULL;
}

static void hear_look(struct line_flow *f, const struct redis_value *v)
{
    struct line_batch batch = {.ours = true};

    line_batch_load(v[1].text, f->arena, &batch);
    f->ours = batch.ours;
    f->n = 0;
    f->why = v[0].text.len == 0 ? "incident" : f->asked < 3 ? "site" : find_site(f, &v[2]);
    f->step = f->why == NULL ? READ : PARK;
    if (f->step == PARK && f->dry_run)
        f->outcome = LINE_PARKED;
}

/* ---- READ: how does it stand? ---- */

static void ask_read(struct line_flow *f, struct redis *r)
{
    struct str id = line_id(f->arena, ID_EVENT, f->id), slug = f->report.incident;

    for (size_t i = 0; i < f->n; i++) {
        ask(f, r, "HGETALL", line_key(f->arena, slug, f->account, f->candidate[i]), (struct str){NULL, 0});
        ask(f, r, "HEXISTS", line_history_key(f->arena, slug, f->account, f->candidate[i]), id);
    }
}

/* The one whose record is there already, else the first. */
static enum err hear_read(struct line_flow *f, const struct redis_value *v)
{
    size_t which = 0;
    enum err e;

    while (which < f->n && v[2 * which].count == 0)
        which++;
    which = which == f->n ? 0 : which;
    e = line_load(f->keys, f->arena, f->report.incident, f->account, f->candidate[which], &v[2 * which], &f->at);
    if (e != ERR_OK)
        return e;
    f->to = f->at.state;
    f->step = WRITE;
    if (v[2 * which + 1].integer != 0)
        f->outcome = LINE_REPEATED;
    else if (f->dry_run)
        f->outcome = f->report.at_ms < f->at.at_ms                                               ? LINE_LATE
                     : restoration_step(f->at.state, f->report.event, f->ours, &f->to) == ERR_OK ? LINE_APPLIED
                                                                                                 : LINE_REFUSED;
    return ERR_OK;
}

/* ---- WRITE ---- */

static enum line_outcome judge(struct line_flow *f)
{
    if (f->report.at_ms < f->at.at_ms)
        return LINE_LATE;
    return restoration_step(f->at.state, f->report.event, f->ours, &f->to) == ERR_OK ? LINE_APPLIED : LINE_REFUSED;
}

/* Nobody needs these to be right before the record is, and a second copy of them says the same. */
static void ask_names(struct line_flow *f, struct redis *r)
{
    struct str slug = f->report.incident, batch = f->report.batch;
    struct str site = line_id(f->arena, ID_SITE, f->at.site), account = line_id(f->arena, ID_ACCOUNT, f->account);

    redis_add(r, 4, (struct str[]){STR("HSETNX"), line_where_key(f->arena, slug), site, account});
    f->asked++;
    if (batch.len > 0) {
        struct buf d = {0};
        struct ulid id = line_event_id(f->keys, str_of(arena_printf(f->arena, "batch %s %s", str_copy(f->arena, slug),
                                                                    str_copy(f->arena, batch))));

        doc_flat_text(&d, "id", line_id(f->arena, ID_BATCH, id));
        doc_flat_bool(&d, "ours", true);
        doc_flat_int(&d, "at", f->now_ms);
        doc_flat_text(&d, "by", f->by);
        redis_add(r, 4,
                  (struct str[]){STR("HSETNX"), line_batches_key(f->arena, slug), batch, doc_flat_print(&d, f->arena)});
        buf_free(&d);
        f->asked++;
    }
}

static void ask_write(struct line_flow *f, struct redis *r)
{
    struct change *c = change_begin(f->arena);
    struct line_event e = {.id = f->id,
                           .event = f->report.event,
                           .outcome = judge(f),
                           .at_ms = f->report.at_ms,
                           .now_ms = f->now_ms,
                           .by = f->by,
                           .batch = f->report.batch,
                           .evidence = f->report.evidence};

    if (f->at.label.len == 0)
        f->at.label = f->report.site;
    ask_names(f, r);
    change_line(c, f->keys, &f->at, &e, f->to);
    change_queue(r, c, STR(""), line_key(f->arena, f->at.slug, f->account, f->at.site), f->at.version);
    f->asked++;
}

static enum err hear_write(struct line_flow *f, struct redis *r, const struct redis_value *v)
{
    enum line_outcome outcome = judge(f);
    enum err e = change_outcome(r, &v[f->asked - 1], NULL);

    if (e == ERR_CONFLICT)
        f->step = READ; /* somebody was faster */
    else if (e == ERR_OK)
        f->outcome = outcome;
    return e == ERR_CONFLICT ? ERR_OK : e;
}

bool line_ask(struct line_flow *f, struct redis *r)
{
    f->asked = 0;
    if (f->outcome != LINE_UNDER_WAY)
        return false;
    switch (f->step) {
    case LOOK:
        ask_look(f, r);
        break;
    case READ:
        ask_read(f, r);
        break;
    case WRITE:
        ask_write(f, r);
        break;
    default:
        line_queue_park(f, r);
        f->asked = 1;
        break;
    }
    assert(f->asked > 0 && f->asked <= LINE_ASK_MAX);
    return true;
}

enum err line_hear(struct line_flow *f, struct redis *r, const struct redis_value *v)
{
    for (size_t i = 0; i < f->asked; i++) {
        enum err e = redis_value_err(r, &v[i]);

        if (e != ERR_OK)
            return e;
    }
    switch (f->step) {
    case LOOK:
        hear_look(f, v);
        return ERR_OK;
    case READ:
        return hear_read(f, v);
    case WRITE:
        return hear_write(f, r, v);
    default:
        f->outcome = LINE_PARKED;
        return ERR_OK;
    }
}

enum err line_run(struct line_flow *f, struct redis *r)
{
    struct redis_value *v;
    size_t n;
    enum err e = ERR_OK;

    line_begin(f);
    while (e == ERR_OK && line_ask(f, r)) {
        e = redis_flush(r, f->arena, &v, &n);
        if (e == ERR_OK)
            e = line_hear(f, r, v);
    }
    return e;
}
