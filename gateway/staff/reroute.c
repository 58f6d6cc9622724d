/* POST /api/queues/reroute: what the rules in force would change for the open tickets, and doing so. */
#include "queues/reroute.h"
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/jobs.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/jobs.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/ruleset.h"
#include "queues/selection.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/route.h"

static struct doc *place_doc(const struct reroute_place *p)
{
    struct doc *d = doc_object();

    doc_set_text(d, "queue", p->queue);
    doc_set_int(d, "priority", p->priority);
    doc_set(d, "due_at", tell_stamp(p->due_ms));
    doc_set_text(d, "rule", p->rule);
    return d;
}

static struct doc *pairs_doc(const struct reroute *o)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < o->pair_count; i++) {
        struct doc *d = doc_object();

        doc_set_text(d, "from", o->pairs[i].from);
        doc_set_text(d, "to", o->pairs[i].to);
        doc_set_int(d, "tickets", o->pairs[i].tickets);
        doc_push(list, d);
    }
    return list;
}

static struct doc *examples_doc(const struct reroute *o)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < o->example_count; i++) {
        const struct reroute_example *x = &o->examples[i];
        struct doc *d = doc_object();

        tell_id(d, "ticket", ID_TICKET, x->ticket);
        doc_set_text(d, "reference", str_of(reference_print(x->reference).at));
        doc_set(d, "from", place_doc(&x->from));
        doc_set(d, "to", place_doc(&x->to));
        doc_push(list, d);
    }
    return list;
}

static struct doc *diff_doc(const struct reroute *o, const char *version, int64_t took_ms)
{
    struct doc *d = doc_object();

    doc_set_text(d, "rules", str_of(version));
    doc_set_int(d, "looked_at", o->looked_at);
    doc_set_int(d, "by_hand", o->by_hand);
    doc_set_int(d, "changed", o->changed);
    doc_set_int(d, "queue_changed", o->queue_changed);
    doc_set_int(d, "priority_up", o->priority_up);
    doc_set_int(d, "priority_down", o->priority_down);
    doc_set_int(d, "due_known", o->due_known);
    doc_set_int(d, "due_sooner", o->due_sooner);
    doc_set_int(d, "due_later", o->due_later);
    doc_set(d, "moves", pairs_doc(o));
    doc_set(d, "examples", examples_doc(o));
    doc_set_int(d, "took_ms", took_ms);
    return d;
}

static bool read_dry(struct call *c, bool *dry)
{
    struct doc *body = tell_body(c);
    const struct doc *said = doc_get(body, "dry_run");
    bool good = doc_kind(said) == DOC_BOOL;

    *dry = doc_true(said);
    if (body != NULL && !good)
        tell_fault(c, "dry_run", "missing", "true to be told, false to do it");
    doc_close(body);
    return good;
}

void staff_reroute(struct call *c)
{
    struct reroute *o = arena_new(c->arena, struct reroute);
    struct ulid sel = selection_id(), job = {0};
    struct staff_session s;
    int64_t began = clock_steady_ms();
    const char *version;
    bool dry;

    if (!gate_pass(c, work_redis(), ACT_REROUTE, &s) || !read_dry(c, &dry))
        return;

    const struct rules *rules = ruleset_take(c->app->rules);
    enum err e = reroute_plan(work_redis(), c->app->keys, rules, c->arena, clock_now_ms(), dry ? NULL : &sel, o);

    version = arena_strdup(c->arena, rules_version(rules));
    ruleset_release(c->app->rules, rules);
    if (e == ERR_OK && !dry)
        e = reroute_begin(work_redis(), c->app->keys, c->arena, sel,
                          str_of(arena_strdup(c->arena, id_print(ID_STAFF, s.staff).at)), clock_now_ms(), &job);
    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }

    struct doc *d = diff_doc(o, version, clock_steady_ms() - began);

    tell_id(d, "job", ID_JOB, job);
    jobs_wake(c->app->jobs);
    tell_doc(c, dry ? 200 : 202, d);
}
