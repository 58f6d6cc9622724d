/* GET /api/jobs, GET /api/jobs/{job}, POST /api/jobs/{job}/stop. */
#include "gateway/jobs.h"
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/jobs.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/job.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <inttypes.h>

static struct str or_null(struct str s)
{
    return s.len > 0 ? s : (struct str){NULL, 0};
}

struct doc *jobs_doc(const struct job *j)
{
    struct doc *d = doc_object(), *args = NULL;

    tell_id(d, "job", ID_JOB, j->id);
    doc_set_text(d, "kind", j->kind);
    doc_set_text(d, "state", str_of(job_state_name(j->state)));
    doc_set_bool(d, "stopping", j->stopping && j->state == JOB_RUNNING);
    if (j->total < 0)
        doc_set_null(d, "total");
    else
        doc_set_int(d, "total", j->total);
    doc_set_int(d, "done", j->done);
    doc_set_int(d, "skipped", j->skipped);
    doc_set_int(d, "failed", j->failed);
    doc_set_text(d, "by", j->by);
    doc_set(d, "at", tell_stamp(j->at_ms));
    doc_set(d, "ended_at", tell_stamp(j->ended_ms));
    doc_set_text_or_null(d, "why", or_null(j->why));
    if (doc_parse(&args, j->args, NULL, 0) == ERR_OK)
        doc_set(d, "args", args);
    return d;
}

void staff_jobs(struct call *c)
{
    struct str cursor = call_query(c, "cursor");
    struct staff_session s;
    struct ulid after;
    struct job *jobs;
    int64_t limit;
    size_t n = 0;

    if (!gate_pass(c, work_redis(), ACT_READ, &s) || !tell_limit(c, &limit))
        return;
    if (cursor.at != NULL && !id_parse(ID_JOB, cursor, &after)) {
        tell_fault(c, "cursor", "malformed", "the `next` of the page before");
        return;
    }
    jobs = arena_array(c->arena, struct job, (size_t)limit + 1);

    enum err e = job_list(work_redis(), c->arena, cursor.at == NULL ? NULL : &after, (size_t)limit + 1, jobs, &n);

    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }

    struct doc *items = doc_array();
    bool more = n > (size_t)limit;

    for (size_t i = 0; i < (more ? (size_t)limit : n); i++)
        doc_push(items, jobs_doc(&jobs[i]));
    tell_list(c, items, more ? arena_strdup(c->arena, id_print(ID_JOB, jobs[limit - 1].id).at) : NULL);
}

/* ---- one ---- */

static bool read_one(struct call *c, struct job *out)
{
    struct ulid id;
    enum err e = ERR_ABSENT;

    if (id_parse(ID_JOB, c->params[0], &id))
        e = job_read(work_redis(), c->arena, id, out);
    if (e != ERR_OK)
        tell_error(c, e);
    return e == ERR_OK;
}

static struct doc *outcomes_doc(const struct job_outcome *all, size_t n)
{
    struct doc *items = doc_array();

    for (size_t i = 0; i < n; i++) {
        struct doc *d = doc_object();

        doc_set_text(d, "item", all[i].item);
        doc_set_text(d, "outcome", all[i].outcome == JOB_OUTCOME_FAILED ? STR("failed") : STR("skipped"));
        doc_set_text(d, "why", all[i].why);
        doc_push(items, d);
    }
    return items;
}

void staff_job(struct call *c)
{
    struct str cursor = call_query(c, "cursor");
    struct staff_session s;
    struct job_outcome *all;
    int64_t limit, from = 0;
    struct job j;
    size_t n = 0;

    if (!gate_pass(c, work_redis(), ACT_READ, &s) || !tell_limit(c, &limit) || !read_one(c, &j))
        return;
    if (cursor.at != NULL && !str_number(cursor, &from)) {
        tell_fault(c, "cursor", "malformed", "the `next` of the page before");
        return;
    }
    all = arena_array(c->arena, struct job_outcome, (size_t)limit + 1);

    enum err e = job_outcomes(work_redis(), c->arena, j.id, from, (size_t)limit + 1, all, &n);

    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }

    struct doc *d = jobs_doc(&j);
    bool more = n > (size_t)limit;

    doc_set(d, "items", outcomes_doc(all, more ? (size_t)limit : n));
    doc_set_text_or_null(d, "next", more ? str_int(c->arena, from + limit) : (struct str){NULL, 0});
    tell_doc(c, 200, d);
}

void jobs_answer(struct call *c, struct ulid id)
{
    struct doc *d = doc_object();

    jobs_wake(c->app->jobs);
    tell_id(d, "job", ID_JOB, id);
    tell_doc(c, 202, d);
}

void staff_job_stop(struct call *c)
{
    struct staff_session s;
    struct job j;

    if (!gate_pass(c, work_redis(), ACT_NOTE, &s) || !read_one(c, &j))
        return;

    struct str me = str_of(arena_strdup(c->arena, id_print(ID_STAFF, s.staff).at));
    enum err e = ERR_DENIED;

    if (str_equal(j.by, me) || gate_allows(s.role, ACT_STOP_JOB))
        e = job_stop(work_redis(), c->app->keys, c->arena, j.id, me, clock_now_ms());
    if (e == ERR_CONFLICT)
        tell_problem_with(c, 409, "ended", "this job has ended", "state", str_of(job_state_name(j.state)));
    else if (e != ERR_OK)
        tell_error(c, e);
    else
        jobs_answer(c, j.id);
}
