/* GET and POST /api/incidents, GET /api/incidents/{slug}, POST …/close and …/freeze. */
#include "gateway/incident/incidents.h"
#include "gateway/app.h"
#include "gateway/conf.h"
#include "gateway/http/call.h"
#include "gateway/incident/declare.h"
#include "gateway/incident/replace.h"
#include "gateway/jobs.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/incident/freeze.h"
#include "rules/base/doc.h"

static struct doc *freezes_doc(const struct incident *i)
{
    struct doc *list = doc_array();

    for (int f = 0; f < FREEZES; f++)
        if (freeze_holds(i, (enum freeze)f))
            doc_push(list, doc_new_text(str_of(freeze_name((enum freeze)f))));
    return list;
}

static struct doc *incident_doc(const struct incident *i)
{
    struct doc *d = doc_object();

    doc_set_text(d, "incident", i->slug);
    tell_id(d, "id", ID_INCIDENT, i->id);
    doc_set_text(d, "title", i->title);
    doc_set_text(d, "state", i->state);
    doc_set_text(d, "pack", i->pack);
    doc_set_text_or_null(d, "severity", i->severity.len > 0 ? i->severity : (struct str){NULL, 0});
    doc_set(d, "declared_at", tell_stamp(i->declared_ms));
    doc_set(d, "heard_at", tell_stamp(i->heard_ms));
    doc_set(d, "closed_at", tell_stamp(i->closed_ms));
    doc_set(d, "freezes", freezes_doc(i));
    return d;
}

void staff_incidents(struct call *c)
{
    struct staff_session s;
    struct incident *all;
    struct doc *items;
    int64_t limit;
    size_t n;

    if (!gate_pass(c, work_redis(), ACT_READ, &s) || !tell_limit(c, &limit))
        return;

    enum err e = incident_list(work_redis(), c->app->keys, c->arena, &all, &n);

    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }
    items = doc_array();
    for (size_t i = 0; i < n && (int64_t)i < limit; i++)
        doc_push(items, incident_doc(&all[i]));
    tell_list(c, items, NULL);
}

static struct doc *timeline_doc(const struct incident_happening *all, size_t n)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < n; i++) {
        struct doc *d = doc_object();

        doc_set(d, "at", tell_stamp(all[i].at_ms));
        doc_set_text(d, "kind", all[i].kind);
        doc_set_text(d, "by", all[i].by);
        doc_set_text(d, "detail", all[i].detail);
        doc_push(list, d);
    }
    return list;
}

void staff_incident(struct call *c)
{
    struct incident_happening *all;
    struct staff_session s;
    struct incident i;
    struct doc *d;
    size_t n;

    if (!gate_pass(c, work_redis(), ACT_READ, &s))
        return;

    enum err e = incident_read(work_redis(), c->app->keys, c->arena, c->params[0], &i);

    if (e == ERR_OK)
        e = incident_history(work_redis(), c->app->keys, c->arena, i.slug, &all, &n);
    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }
    d = incident_doc(&i);
    doc_set(d, "timeline", timeline_doc(all, n));
    tell_doc(c, 200, d);
}

/* ---- declare ---- */

static struct str by_of(struct call *c, const struct staff_session *s)
{
    return str_of(arena_printf(c->arena, "%s %s", id_print(ID_STAFF, s->staff).at, s->name.at));
}

static struct str kept(struct call *c, const struct doc *body, const char *name)
{
    struct str s = doc_get_text(body, name);

    return (struct str){str_copy(c->arena, s), s.len};
}

/* What is wrong with the pack, a line each. */
static void tell_pack(struct call *c, struct str faults)
{
    struct doc *errors = doc_array();

    while (faults.len > 0) {
        struct doc *d = doc_object();

        doc_set_text(d, "field", STR("pack"));
        doc_set_text(d, "code", STR("unusable"));
        doc_set_text(d, "detail", str_cut(&faults, '\n'));
        doc_push(errors, d);
    }
    call_problem(c, 422, "unusable-pack", "the pack does not load over what is in force", errors, 0);
}

static void tell_refused(struct call *c, enum err e)
{
    if (e == ERR_INPUT)
        tell_fault(
            c, "incident", "unusable",
            "incident and pack: lower-case letters, digits and dashes; title: one line of at most 200 characters");
    else if (e == ERR_CONFLICT)
        tell_problem(c, 409, "slug-taken", "that name was given to another incident, or to one that is closed");
    else if (e == ERR_LIMIT)
        tell_problem(c, 409, "too-many", "as many incidents as there can be are declared: close one first");
    else
        tell_error(c, e);
}

static void declare(struct call *c, struct incident_declaration *d, bool dry_run)
{
    const struct declare_with w = {work_redis(),   c->app->keys,        c->arena,
                                   c->app->active, c->app->conf->rules, c->app->share};
    struct buf faults = {0};
    struct incident i;
    bool before = false;
    enum err e = declare_run(&w, d, dry_run, &faults, &i, &before);

    if (faults.len > 0) {
        tell_pack(c, buf_view(&faults));
    } else if (e != ERR_OK) {
        tell_refused(c, e);
    } else if (dry_run) {
        call_answer_empty(c, 204);
    } else {
        jobs_wake(c->app->jobs);
        tell_doc(c, before ? 200 : 201, incident_doc(&i));
    }
    buf_free(&faults);
}

void staff_declare(struct call *c)
{
    struct incident_declaration d = {.at_ms = clock_now_ms()};
    struct staff_session s;
    struct doc *body;
    bool dry_run;

    if (!gate_pass(c, work_redis(), ACT_DECLARE, &s) || (body = tell_body(c)) == NULL)
        return;
    d.slug = kept(c, body, "incident");
    d.title = kept(c, body, "title");
    d.pack = kept(c, body, "pack");
    d.severity = kept(c, body, "severity");
    d.by = by_of(c, &s);
    dry_run = doc_get_bool(body, "dry_run", false);
    doc_close(body);
    declare(c, &d, dry_run);
}

/* ---- close, freeze ---- */

void staff_close(struct call *c)
{
    struct change *with = change_begin(c->arena);
    struct staff_session s;
    struct incident i;

    if (!gate_pass(c, work_redis(), ACT_DECLARE, &s))
        return;
    change_replace(with, c->app->keys, by_of(c, &s), clock_now_ms());

    enum err e = incident_close(work_redis(), c->app->keys, c->arena, c->params[0], by_of(c, &s), clock_now_ms(), with,
                                &i, NULL);

    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }
    jobs_wake(c->app->jobs);
    tell_doc(c, 200, incident_doc(&i));
}

void staff_freeze(struct call *c)
{
    struct staff_session s;
    struct incident i;
    struct doc *body;
    enum freeze what;
    enum err e;

    if (!gate_pass(c, work_redis(), ACT_DECLARE, &s) || (body = tell_body(c)) == NULL)
        return;
    if (!freeze_parse(doc_get_text(body, "what"), &what) || doc_kind(doc_get(body, "frozen")) != DOC_BOOL) {
        tell_fault(c, "what", "missing", "what: imports or rules; frozen: true or false");
    } else {
        e = freeze_set(work_redis(), c->app->keys, c->arena, c->params[0], what, doc_get_bool(body, "frozen", true),
                       by_of(c, &s), clock_now_ms());
        if (e == ERR_OK)
            e = incident_read(work_redis(), c->app->keys, c->arena, c->params[0], &i);
        if (e == ERR_OK)
            tell_doc(c, 200, incident_doc(&i));
        else
            tell_error(c, e);
    }
    doc_close(body);
}
