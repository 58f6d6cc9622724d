/* POST /api/selections, GET /api/selections/{sel}, POST /api/bulk, POST /api/jobs/{job}/undo. */
#include "queues/bulk.h"
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/jobs.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/choosing.h"
#include "queues/clock.h"
#include "queues/redis.h"
#include "queues/ruleset.h"
#include "queues/selection.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/route.h"

#include <stdio.h>

enum { WHY_MAX = 200, PRIORITY_MAX = 100, AGE_MAX = 10 * 366 * 86400 };

static struct str staff_id(struct call *c, const struct staff_session *s)
{
    return str_of(arena_strdup(c->arena, id_print(ID_STAFF, s->staff).at));
}

/* ---- choosing ---- */

static struct str keep(struct call *c, const struct doc *d, const char *name)
{
    return str_of(str_copy(c->arena, doc_get_text(d, name)));
}

static bool read_states(struct call *c, const struct doc *list, struct choosing *out)
{
    struct buf words = {0};
    bool good = doc_kind(list) == DOC_NONE || doc_kind(list) == DOC_ARRAY;

    for (size_t i = 0; good && i < doc_size(list); i++) {
        enum ticket_state s;

        good = ticket_state_parse(doc_text(doc_at(list, i)), &s);
        buf_printf(&words, "%s ", good ? ticket_state_name(s) : "");
    }
    if (!good)
        tell_fault(c, "state", "unknown", "a list of open, waiting-customer and waiting-us");
    out->states = str_of(str_copy(c->arena, str_trim(buf_view(&words))));
    buf_free(&words);
    return good;
}

/* "none", "me", or the name of a member. */
static bool read_owner(struct call *c, const struct staff_session *s, struct str who, struct str *id, struct str *name)
{
    struct staff m;
    enum err e;

    if (who.len == 0 || str_is(who, "none") || str_is(who, "me")) {
        *id = str_is(who, "me") ? staff_id(c, s) : who;
        *name = str_is(who, "me") ? s->name : STR("");
        return true;
    }
    e = staff_read(work_redis(), c->app->keys, c->arena, who, &m);
    if (e == ERR_OK && !m.disabled && m.role != STAFF_AUDITOR) {
        *id = str_of(arena_strdup(c->arena, id_print(ID_STAFF, m.id).at));
        *name = m.name;
        return true;
    }
    if (e == ERR_OK || e == ERR_ABSENT)
        tell_fault(c, "owner", "unknown", "the name of a member who works on tickets");
    else
        tell_error(c, e);
    return false;
}

static bool read_choosing(struct call *c, const struct staff_session *s, const struct doc *body, struct choosing *out)
{
    int64_t age = doc_get_int(body, "older_than_s", 0);
    struct str nobody;

    out->queue = keep(c, body, "queue");
    out->language = keep(c, body, "language");
    out->channel = keep(c, body, "channel");
    out->tier = keep(c, body, "tier");
    out->level_min = (int)doc_get_int(body, "level_min", -1);
    out->level_max = (int)doc_get_int(body, "level_max", -1);
    if (age < 0 || age > AGE_MAX) {
        tell_fault(c, "older_than_s", "range", "seconds");
        return false;
    }
    out->opened_before_ms = age == 0 ? 0 : clock_now_ms() - age * 1000;
    return read_states(c, doc_get(body, "state"), out) &&
           read_owner(c, s, keep(c, body, "owner"), &out->owner, &nobody);
}

static struct doc *examples_doc(const struct chosen *o)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < o->example_count; i++)
        doc_push(list, doc_new_text(str_of(id_print(ID_TICKET, o->examples[i]).at)));
    return list;
}

void staff_choose(struct call *c)
{
    struct staff_session s;
    struct choosing what = {0};
    struct chosen o;
    struct doc *body;
    enum err e;

    if (!gate_pass(c, work_redis(), ACT_BULK, &s) || (body = tell_body(c)) == NULL)
        return;

    bool good = read_choosing(c, &s, body, &what);
    struct str text = doc_print(body, c->arena);

    doc_close(body);
    if (!good)
        return;
    e = choose(work_redis(), c->app->keys, c->arena, &what, staff_id(c, &s), text, clock_now_ms(), &o);
    if (e == ERR_LIMIT)
        tell_problem(c, 422, "too-many-tickets", "more tickets than one selection can hold: choose fewer");
    else if (e != ERR_OK)
        tell_error(c, e);
    if (e != ERR_OK)
        return;

    struct doc *d = doc_object();

    tell_id(d, "selection", ID_SELECTION, o.id);
    doc_set_int(d, "count", o.n);
    doc_set(d, "expires_at", tell_stamp(clock_now_ms() + SELECTION_KEEP_MS));
    doc_set(d, "examples", examples_doc(&o));
    tell_doc(c, 201, d);
}

/* ---- acting ---- */

static bool fault(struct call *c, const char *field, const char *detail)
{
    tell_fault(c, field, "missing", detail);
    return false;
}

static bool known_queue(struct call *c, struct str queue)
{
    const struct rules *rules = ruleset_take(c->app->rules);
    bool known = rules_queue(rules, queue) != NULL;

    ruleset_release(c->app->rules, rules);
    return known;
}

/* The action with all that a job has to know of it; at NULL: answered. */
static struct doc *read_action(struct call *c, const struct staff_session *s, const struct doc *from)
{
    struct str what = doc_get_text(from, "do"), owner = {0}, name = {0}, why = str_trim(doc_get_text(from, "why"));
    int64_t priority = doc_get_int(from, "priority", -1);
    enum ticket_state state;
    bool good = true;

    if (str_is(what, "claim"))
        (void)read_owner(c, s, STR("me"), &owner, &name);
    else if (str_is(what, "assign"))
        good = doc_get_text(from, "to").len > 0 ? read_owner(c, s, keep(c, from, "to"), &owner, &name)
                                                : fault(c, "to", "whose they are to be");
    else if (str_is(what, "state"))
        good = ticket_state_parse(doc_get_text(from, "state"), &state) || fault(c, "state", "a state");
    else if (str_is(what, "queue"))
        good = known_queue(c, doc_get_text(from, "queue")) || fault(c, "queue", "a queue of the rules in force");
    else if (str_is(what, "priority"))
        good = (priority >= 0 && priority <= PRIORITY_MAX) || fault(c, "priority", "0 to 100");
    else if (str_is(what, "spam"))
        good = doc_kind(doc_get(from, "spam")) == DOC_BOOL || fault(c, "spam", "true or false");
    else if (!str_is(what, "release") && !str_is(what, "note"))
        good = fault(c, "do", "claim, assign, release, state, queue, priority, note or spam");
    if (good && str_is(what, "priority") && (why.len == 0 || text_code_points(why) > WHY_MAX))
        good = fault(c, "why", "why, in at most 200 characters");
    if (!good)
        return NULL;

    struct doc *d = doc_object();

    doc_set_text(d, "do", what);
    doc_set_text(d, "owner", str_is(owner, "none") ? STR("") : owner);
    doc_set_text(d, "owner_name", str_is(what, "note") ? s->name : name);
    doc_set_text(d, "state", doc_get_text(from, "state"));
    doc_set_text(d, "queue", doc_get_text(from, "queue"));
    doc_set_int(d, "priority", priority < 0 ? 0 : priority);
    doc_set_text(d, "why", why);
    doc_set_bool(d, "spam", doc_get_bool(from, "spam", false));
    return d;
}

static enum err begin_bulk(struct call *c, const struct staff_session *s, struct ulid sel, struct doc *action,
                           struct str note, struct ulid *job)
{
    struct redis *r = work_redis();
    struct selection what;
    struct job_new n = {.kind = "bulk", .by = staff_id(c, s), .at_ms = clock_now_ms()};
    struct doc *args = doc_object();
    enum err e = selection_read(r, c->arena, sel, &what);

    tell_id(args, "selection", ID_SELECTION, sel);
    doc_set(args, "action", action);
    n.args = doc_print(args, c->arena);
    n.total = what.n;
    doc_close(args);
    if (e == ERR_OK && note.len > 0)
        e = selection_set_note(r, c->app->keys, c->arena, sel, note);
    if (e == ERR_OK)
        e = selection_keep(r, c->arena, sel, 2 * JOB_KEEP_MS);
    if (e == ERR_OK)
        e = job_start(r, c->app->keys, c->arena, &n);
    *job = n.id;
    return e;
}

void staff_bulk(struct call *c)
{
    struct staff_session s;
    struct str note = {0};
    struct ulid sel, job;
    struct doc *body, *action = NULL;
    bool good;

    if (!gate_pass(c, work_redis(), ACT_BULK, &s) || (body = tell_body(c)) == NULL)
        return;

    const struct doc *asked = doc_get(body, "action");

    good = id_parse(ID_SELECTION, doc_get_text(body, "selection"), &sel) ||
           fault(c, "selection", "a selection that was chosen before");
    if (good && str_is(doc_get_text(asked, "do"), "note"))
        good = tell_words(c, asked, "text", &note);
    if (good)
        action = read_action(c, &s, asked);
    doc_close(body);
    if (action == NULL)
        return;

    enum err e = begin_bulk(c, &s, sel, action, note, &job);

    if (e == ERR_ABSENT)
        tell_problem(c, 410, "selection-gone", "this selection has expired: choose again");
    else if (e != ERR_OK)
        tell_error(c, e);
    else
        jobs_answer(c, job);
}

/* ---- taking it back ---- */

static bool can_be_undone(struct call *c, const struct job *j)
{
    if (!str_is(j->kind, "bulk") && !str_is(j->kind, "reroute")) {
        tell_problem(c, 409, "no-undo", "a job of this kind cannot be taken back");
        return false;
    }
    if (j->state == JOB_RUNNING) {
        tell_problem(c, 409, "running", "stop it first");
        return false;
    }
    return true;
}

static enum err begin_undo(struct call *c, struct str by, const struct job *of, struct ulid *job)
{
    struct job_new n = {.kind = "undo", .by = by, .at_ms = clock_now_ms()};
    struct doc *args = doc_object(), *was;
    enum err e = doc_parse(&was, of->args, NULL, 0);

    if (e == ERR_OK) {
        tell_id(args, "of", ID_JOB, of->id);
        doc_set_text(args, "selection", doc_get_text(was, "selection"));
        n.args = doc_print(args, c->arena);
        n.total = of->total;
        doc_close(was);
        e = job_start(work_redis(), c->app->keys, c->arena, &n);
    }
    doc_close(args);
    *job = n.id;
    return e;
}

void staff_job_undo(struct call *c)
{
    struct staff_session s;
    struct ulid id, job;
    struct job of;
    enum err e = ERR_ABSENT;

    if (!gate_pass(c, work_redis(), ACT_NOTE, &s))
        return;
    if (id_parse(ID_JOB, c->params[0], &id))
        e = job_read(work_redis(), c->arena, id, &of);
    if (e == ERR_OK && !str_equal(of.by, staff_id(c, &s)) && !gate_allows(s.role, ACT_STOP_JOB))
        e = ERR_DENIED;
    if (e == ERR_OK && !can_be_undone(c, &of))
        return;
    if (e == ERR_OK)
        e = begin_undo(c, staff_id(c, &s), &of, &job);
    if (e != ERR_OK)
        tell_error(c, e);
    else
        jobs_answer(c, job);
}
