/* GET /api/incidents/{slug}/restoration…: where the sites of an incident stand. */
#include "gateway/staff/line.h"

#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/incident/incident.h"
#include "rules/base/doc.h"

#include <inttypes.h>
#include <string.h>

bool line_site_of(struct call *c, struct ulid *out)
{
    if (incident_slug_valid(c->params[0]) && id_parse(ID_SITE, c->params[1], out))
        return true;
    tell_error(c, ERR_ABSENT);
    return false;
}

/* ---- the board ---- */

static struct doc *counts_doc(const int64_t count[RESTORATION_STATES])
{
    struct doc *d = doc_object();

    for (int s = 0; s < RESTORATION_STATES; s++)
        doc_set_int(d, restoration_state_name((enum restoration_state)s), count[s]);
    return d;
}

static struct doc *batch_doc(const struct line_batch *b)
{
    struct doc *d = doc_object();

    if (b->name.len > 0)
        tell_id(d, "id", ID_BATCH, b->id);
    else
        doc_set_null(d, "id");
    doc_set_text(d, "batch", b->name);
    doc_set_text(d, "method", b->method);
    doc_set_bool(d, "our_validation", b->ours);
    if (b->hours > 0)
        doc_set_int(d, "expected_hours", b->hours);
    else
        doc_set_null(d, "expected_hours");
    doc_set(d, "states", counts_doc(b->count));
    return d;
}

static bool is_empty(const struct line_batch *b)
{
    for (int s = 0; s < RESTORATION_STATES; s++)
        if (b->count[s] != 0)
            return false;
    return true;
}

static void answer_board(struct call *c, const struct line_batch *all, size_t n,
                         const int64_t total[RESTORATION_STATES])
{
    struct doc *d = doc_object(), *batches = doc_array();

    for (size_t i = 0; i < n; i++)
        if (all[i].name.len > 0 || !is_empty(&all[i]))
            doc_push(batches, batch_doc(&all[i]));
    doc_set(d, "states", counts_doc(total));
    doc_set(d, "batches", batches);
    tell_doc(c, 200, d);
}

void staff_line(struct call *c)
{
    int64_t total[RESTORATION_STATES];
    struct staff_session s;
    struct line_batch *all;
    size_t n;
    enum err e;

    if (!gate_pass(c, work_redis(), ACT_READ, &s))
        return;
    e = line_known(work_redis(), c->arena, c->params[0]);
    if (e == ERR_OK)
        e = line_board(work_redis(), c->arena, c->params[0], &all, &n, total);
    if (e == ERR_OK)
        answer_board(c, all, n, total);
    else
        tell_error(c, e);
}

/* ---- a page of sites ---- */

static void set_member(struct doc *d, const char *name, struct str by)
{
    (void)str_cut(&by, ' '); /* the id; the name is what people read */
    doc_set_text_or_null(d, name, by.len > 0 ? by : (struct str){NULL, 0});
}

struct doc *line_row_doc(const struct line_site *s)
{
    struct doc *d = doc_object();

    tell_id(d, "site", ID_SITE, s->site);
    tell_id(d, "account", ID_ACCOUNT, s->account);
    doc_set_text(d, "label", s->label);
    doc_set_text(d, "batch", s->batch);
    doc_set_text(d, "state", str_of(restoration_state_name(s->state)));
    doc_set(d, "since", tell_stamp(s->since_ms));
    doc_set_int(d, "failures", s->failures);
    set_member(d, "holder", s->holder);
    doc_set(d, "held_until", tell_stamp(s->lease_ms));
    set_member(d, "signed_by", s->first);
    set_member(d, "second_by", s->second);
    return d;
}

static bool read_cursor(struct str s, struct line_place *out)
{
    struct str score = str_cut(&s, '.');

    return str_number(score, &out->score) && id_parse(ID_SITE, s, &out->site);
}

struct asked {
    enum restoration_state state;
    struct str batch, cursor;
    struct line_place after;
    int64_t limit;
};

static bool read_asked(struct call *c, struct asked *q)
{
    struct str state = call_query(c, "state");

    q->state = RESTORATION_STATES;
    q->batch = call_query(c, "batch");
    q->cursor = call_query(c, "cursor");
    if (!incident_slug_valid(c->params[0]))
        tell_error(c, ERR_ABSENT);
    else if (state.at != NULL && !restoration_state_parse(state, &q->state))
        tell_fault(c, "state", "unknown", "one of the states of the board");
    else if (q->batch.len > 0 && !restoration_batch_valid(q->batch))
        tell_fault(c, "batch", "malformed", "the name of a batch");
    else if (q->cursor.at != NULL && !read_cursor(q->cursor, &q->after))
        tell_fault(c, "cursor", "malformed", "the `next` of the page before");
    else
        return tell_limit(c, &q->limit);
    return false;
}

static enum err add_rows(struct call *c, const struct line_place *place, size_t n, struct doc *items)
{
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        struct line_site s;

        e = line_read(work_redis(), c->app->keys, c->arena, c->params[0], place[i].site, &s);
        if (e == ERR_OK)
            doc_push(items, line_row_doc(&s));
    }
    return e;
}

void staff_line_sites(struct call *c)
{
    struct line_place *place = arena_array(c->arena, struct line_place, TELL_LIMIT_MAX + 1);
    struct staff_session s;
    struct asked q;
    struct doc *items;
    size_t n, limit;
    enum err e;

    if (!gate_pass(c, work_redis(), ACT_READ, &s) || !read_asked(c, &q))
        return;
    limit = (size_t)q.limit;
    items = doc_array();
    e = line_page(work_redis(), c->arena, c->params[0], q.state, q.batch, q.cursor.at == NULL ? NULL : &q.after,
                  limit + 1, place, &n);
    if (e == ERR_OK)
        e = add_rows(c, place, n < limit ? n : limit, items);
    if (e == ERR_OK) {
        tell_list(c, items,
                  n > limit ? arena_printf(c->arena, "%" PRId64 ".%s", place[limit - 1].score,
                                           id_print(ID_SITE, place[limit - 1].site).at)
                            : NULL);
        return;
    }
    doc_close(items);
    tell_error(c, e);
}

/* ---- one site ---- */

static struct doc *text_doc(struct str json)
{
    struct doc *d;

    return json.len == 0 || doc_parse(&d, json, NULL, 0) != ERR_OK ? doc_new_null() : d;
}

/* Of a history, moments as people read them. */
static struct doc *happening_doc(const struct line_happening *h)
{
    static const char *const words[] = {"event", "from", "to", "outcome", "batch", "words"};
    struct doc *from = text_doc(h->json), *d = doc_object();

    tell_id(d, "id", ID_EVENT, h->id);
    doc_set(d, "at", tell_stamp(h->at_ms));
    doc_set(d, "received", tell_stamp(doc_get_int(from, "received", 0)));
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        doc_set_text(d, words[i], doc_get_text(from, words[i]));
    doc_set_text(d, "by", doc_get_text(from, "by"));
    doc_set(d, "evidence", text_doc(doc_get_text(from, "evidence")));
    doc_close(from);
    return d;
}

static struct doc *steps_doc(const struct checklist *list, const struct str done[])
{
    struct doc *steps = doc_array();

    for (size_t i = 0; i < list->n; i++) {
        struct doc *s = doc_object(), *was = text_doc(done[i]);

        doc_set_text(s, "step", list->step[i].key);
        doc_set_text(s, "title", list->step[i].title);
        doc_set_text(s, "wants", str_of(checklist_evidence_name(list->step[i].evidence)));
        doc_set_bool(s, "optional", list->step[i].optional);
        set_member(s, "by", doc_get_text(was, "by"));
        doc_set(s, "at", tell_stamp(doc_get_int(was, "at", 0)));
        doc_set_text_or_null(s, "evidence", doc_get_text(was, "evidence"));
        doc_close(was);
        doc_push(steps, s);
    }
    return steps;
}

enum err line_site_doc(struct call *c, const struct line_site *s, struct doc **out)
{
    struct line_happening *all;
    struct checklist list;
    struct str done[CHECKLIST_STEPS_MAX];
    struct doc *d, *history;
    size_t n;
    enum err e = line_history(work_redis(), c->app->keys, c->arena, s, &all, &n);

    if (e == ERR_OK)
        e = line_steps(c->app->keys, c->arena, s, &list, done);
    if (e != ERR_OK)
        return e;
    d = line_row_doc(s);
    history = doc_array();
    for (size_t i = 0; i < n; i++)
        doc_push(history, happening_doc(&all[i]));
    doc_set_text_or_null(d, "restore_point", s->point.len > 0 ? s->point : (struct str){NULL, 0});
    doc_set_int(d, "checklist", list.version);
    doc_set(d, "steps", steps_doc(&list, done));
    doc_set(d, "history", history);
    *out = d;
    return ERR_OK;
}

void staff_line_site(struct call *c)
{
    struct staff_session session;
    struct line_site s;
    struct ulid site;
    struct doc *d;
    enum err e;

    if (!gate_pass(c, work_redis(), ACT_READ, &session) || !line_site_of(c, &site))
        return;
    e = line_read(work_redis(), c->app->keys, c->arena, c->params[0], site, &s);
    if (e == ERR_OK)
        e = line_site_doc(c, &s, &d);
    if (e == ERR_OK)
        tell_doc(c, 200, d);
    else
        tell_error(c, e);
}

/* ---- what is parked ---- */

static struct doc *parked_doc(const struct line_parked *p)
{
    struct doc *d = doc_object();

    tell_id(d, "event", ID_EVENT, p->id);
    doc_set_text(d, "why", p->why);
    doc_set_text(d, "incident", p->report.incident);
    doc_set_text(d, "site", p->report.site);
    doc_set_text(d, "batch", p->report.batch);
    doc_set_text(d, "state", str_of(restoration_event_name(p->report.event)));
    doc_set(d, "at", tell_stamp(p->report.at_ms));
    doc_set(d, "received", tell_stamp(p->received_ms));
    doc_set(d, "evidence", text_doc(p->report.evidence));
    doc_set_text(d, "by", p->by);
    return d;
}

void staff_line_parked(struct call *c)
{
    struct str cursor = call_query(c, "cursor");
    struct staff_session session;
    struct line_parked *all;
    struct ulid after = {0};
    size_t n = 0, at = 0;
    int64_t limit;
    enum err e;

    if (!gate_pass(c, work_redis(), ACT_READ, &session) || !tell_limit(c, &limit))
        return;
    if (cursor.at != NULL && !id_parse(ID_EVENT, cursor, &after)) {
        tell_fault(c, "cursor", "malformed", "the `next` of the page before");
        return;
    }
    e = line_parked(work_redis(), c->app->keys, c->arena, &all, &n);
    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }

    struct doc *items = doc_array();

    while (cursor.at != NULL && at < n && memcmp(all[at].id.bytes, after.bytes, sizeof after.bytes) <= 0)
        at++;
    for (; at < n && doc_size(items) < (size_t)limit; at++)
        doc_push(items, parked_doc(&all[at]));
    tell_list(c, items, at < n && at > 0 ? arena_strdup(c->arena, id_print(ID_EVENT, all[at - 1].id).at) : NULL);
}
