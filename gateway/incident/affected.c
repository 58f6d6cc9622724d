/* GET, POST /api/incidents/{slug}/list, GET …/list/versions, …/list/diff, POST …/list/back. */
#include "gateway/incident/affected.h"

#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/incident/affected_view.h"
#include "gateway/jobs.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/jobs.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/incident/incident.h"
#include "queues/incident/site_ticket.h"
#include "queues/job.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <string.h>

/* ---- what is asked ---- */

/* A number in the query, `otherwise` where there is none; false where it was answered. */
static bool read_number(struct call *c, const char *name, int64_t otherwise, int64_t *out)
{
    struct str s = call_query(c, name);

    *out = otherwise;
    if (s.at == NULL || str_number(s, out))
        return true;
    tell_fault(c, name, "malformed", "a whole number");
    return false;
}

static bool is_yes(struct call *c, const char *name)
{
    struct str s = call_query(c, name);

    return str_is(s, "1") || str_is(s, "true") || str_is(s, "yes");
}

static struct str name_of(struct call *c, const struct staff_session *s)
{
    return str_of(arena_printf(c->arena, "%s %s", id_print(ID_STAFF, s->staff).at, str_copy(c->arena, s->name)));
}

/* ---- import ---- */

static void answer(struct call *c, enum err e, const struct affected_report *r, bool dry_run)
{
    if (e == ERR_INPUT) {
        struct doc *errors = doc_array();

        for (size_t i = 0; i < r->fault_count; i++) {
            struct doc *d = doc_object();

            doc_set_text(d, "field", str_of(arena_printf(c->arena, "line %zu", r->faults[i].line)));
            doc_set_text(d, "code", STR("not-a-site"));
            doc_set_text(d, "detail", str_of(r->faults[i].reason));
            doc_push(errors, d);
        }
        call_problem(c, 422, "not-a-list-of-sites", "nothing was written: not a list of sites", errors, 0);
        return;
    }
    if (e == ERR_DENIED) {
        tell_problem_with(c, 409, "confirm", "this touches many: confirm the number of sites", "confirm",
                          str_int(c->arena, (int64_t)r->counts.sites));
        return;
    }
    if (e == ERR_CONFLICT) {
        tell_problem(c, 409, "closed", "the incident is closed");
        return;
    }
    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }
    if (!dry_run && !r->same)
        jobs_wake(c->app->jobs);
    tell_doc(c, 200, affected_report_doc(r));
}

void affected_import_post(struct call *c)
{
    struct staff_session s;
    struct affected_report report;
    struct affected_import o = {.slug = c->params[0],
                                .now_ms = clock_now_ms(),
                                .own = is_yes(c, "own"),
                                .accept_unknown = is_yes(c, "accept_unknown"),
                                .dry_run = is_yes(c, "dry_run")};

    if (!gate_pass(c, work_redis(), ACT_AFFECTED, &s) || !read_number(c, "confirm", -1, &o.confirm))
        return;
    if (!str_is(call_query(c, "kind"), "site")) {
        tell_fault(c, "kind", "unknown", "site: a list says what its ids are");
        return;
    }
    o.by = name_of(c, &s);

    enum err e = affected_import(work_redis(), c->app->keys, c->arena, &o, c->body, &report);

    answer(c, e, &report, o.dry_run);
}

void affected_back_post(struct call *c)
{
    struct staff_session s;
    struct affected_report report;
    struct affected_import o = {.slug = c->params[0], .now_ms = clock_now_ms()};
    struct doc *body;

    if (!gate_pass(c, work_redis(), ACT_AFFECTED, &s))
        return;
    body = tell_body(c);
    if (body == NULL)
        return;

    int64_t version = doc_get_int(body, "version", 0);

    o.confirm = doc_get_int(body, "confirm", -1);
    o.dry_run = doc_get_bool(body, "dry_run", false);
    o.by = name_of(c, &s);
    doc_close(body);

    enum err e = affected_back(work_redis(), c->app->keys, c->arena, &o, version, &report);

    answer(c, e, &report, o.dry_run);
}

/* ---- what is in force, and what was ---- */

static enum err read_job(struct call *c, const struct incident *i, struct doc *out)
{
    struct ulid id;
    struct job job;
    enum err e = ERR_ABSENT;

    if (id_parse(ID_JOB, redis_field(i->fields, "list_job"), &id))
        e = job_read(work_redis(), c->arena, id, &job);
    if (e == ERR_OK)
        doc_set(out, "job", jobs_doc(&job));
    else
        doc_set_null(out, "job");
    return e == ERR_ABSENT ? ERR_OK : e; /* its time was over */
}

void affected_list_get(struct call *c)
{
    struct redis *r = work_redis();
    struct staff_session s;
    struct affected_version *v;
    struct incident i;
    size_t n = 0, tickets = 0;

    if (!gate_pass(c, r, ACT_READ, &s))
        return;

    struct doc *d = doc_object();
    enum err e = incident_read(r, c->app->keys, c->arena, c->params[0], &i);

    if (e == ERR_OK)
        e = affected_versions(r, c->arena, i.slug, &v, &n);
    if (e == ERR_OK)
        e = site_tickets_count(r, c->arena, i.slug, &tickets);
    if (e == ERR_OK)
        e = read_job(c, &i, d);
    if (e != ERR_OK) {
        doc_close(d);
        tell_error(c, e);
        return;
    }
    doc_set_text(d, "incident", i.slug);
    doc_set_int(d, "version", i.list);
    doc_set(d, "list", n == 0 ? doc_new_null() : affected_version_doc(&v[0]));
    doc_set_int(d, "tickets", (int64_t)tickets);
    tell_doc(c, 200, d);
}

void affected_versions_get(struct call *c)
{
    struct redis *r = work_redis();
    struct staff_session s;
    struct affected_version *v;
    struct incident i;
    int64_t limit, before;
    size_t n = 0, shown = 0, last = 0;

    if (!gate_pass(c, r, ACT_READ, &s) || !tell_limit(c, &limit) || !read_number(c, "cursor", INT64_MAX, &before))
        return;

    enum err e = incident_read(r, c->app->keys, c->arena, c->params[0], &i);

    if (e == ERR_OK)
        e = affected_versions(r, c->arena, i.slug, &v, &n);
    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }

    struct doc *items = doc_array();

    for (size_t at = 0; at < n && shown < (size_t)limit; at++)
        if (v[at].version < before) {
            doc_push(items, affected_version_doc(&v[at]));
            last = at;
            shown++;
        }
    tell_list(c, items, shown > 0 && last + 1 < n ? str_int(c->arena, v[last].version).at : NULL);
}

static const char *step_name(enum affected_step s)
{
    return s == AFFECTED_ADDED ? "added" : s == AFFECTED_GONE ? "gone" : "changed";
}

static struct doc *difference_doc(const struct affected_difference *x)
{
    struct doc *d = doc_object();

    doc_set_text(d, "site", x->site->typed);
    doc_set_text(d, "step", str_of(step_name(x->step)));
    tell_id(d, "account", ID_ACCOUNT, x->site->account);
    doc_set_bool(d, "own", x->site->own);
    doc_set_bool(d, "known", x->site->known);
    doc_set_text(d, "products", x->site->products);
    return d;
}

/* A page of it, behind the index of a site. */
static void tell_diff(struct call *c, const struct affected_difference *all, size_t n, struct str after, int64_t limit)
{
    struct doc *items = doc_array();
    const char *last = NULL;
    int64_t shown = 0;
    size_t i = 0;

    for (; i < n && shown < limit; i++) {
        if (after.at != NULL && strcmp(all[i].site->name[0].at, after.at) <= 0)
            continue;
        doc_push(items, difference_doc(&all[i]));
        last = all[i].site->name[0].at;
        shown++;
    }
    tell_list(c, items, i < n ? last : NULL);
}

void affected_diff_get(struct call *c)
{
    struct redis *r = work_redis();
    struct staff_session s;
    struct affected_list from = {0}, to;
    struct affected_difference *all;
    struct incident i;
    int64_t limit, first, last;

    if (!gate_pass(c, r, ACT_READ, &s) || !tell_limit(c, &limit))
        return;

    struct str after = call_query(c, "cursor");
    enum err e = incident_read(r, c->app->keys, c->arena, c->params[0], &i);

    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }
    if (!read_number(c, "to", i.list, &last) || !read_number(c, "from", last > 0 ? last - 1 : 0, &first))
        return;
    if (first > 0)
        e = affected_read(r, c->app->keys, c->arena, i.slug, first, &from);
    if (e == ERR_OK)
        e = affected_read(r, c->app->keys, c->arena, i.slug, last, &to);
    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }

    size_t n = affected_diff(&from, &to, c->arena, &all);

    tell_diff(c, all, n, after, limit);
}
