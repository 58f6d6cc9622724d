/* GET /api/handovers and /api/handovers/{hov}, POST …/note and …/accept: one watch to the next. */
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/roster/roster.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/edit.h"
#include "queues/log.h"
#include "queues/redis.h"
#include "queues/ruleset.h"
#include "rules/base/doc.h"

enum { AGAIN_MAX = 10 };

static struct str or_null(struct str s)
{
    return s.len > 0 ? s : (struct str){NULL, 0};
}

static const char *state_name(const struct handover *h, int64_t now_ms)
{
    static const char *const late[] = {"due", "deputy", "managers"};

    if (h->accepted_ms > 0)
        return "accepted";
    return h->steps > 0 ? late[h->steps <= 2 ? h->steps : 2] : now_ms < h->due_ms ? "coming" : "due";
}

static struct doc *handover_doc(const struct handover *h, int64_t now_ms)
{
    struct doc *d = doc_object();

    tell_id(d, "handover", ID_HANDOVER, h->id);
    doc_set_text(d, "from", h->from);
    doc_set_text_or_null(d, "to", or_null(h->to));
    doc_set_text_or_null(d, "leaves", or_null(h->leaves));
    doc_set_text_or_null(d, "takes", or_null(h->takes));
    doc_set_text_or_null(d, "deputy", or_null(h->deputy));
    doc_set(d, "due_at", tell_stamp(h->due_ms));
    doc_set(d, "begins_at", tell_stamp(h->begins_ms));
    doc_set_text(d, "state", str_of(state_name(h, now_ms)));
    doc_set_text_or_null(d, "note", or_null(h->note));
    doc_set_text_or_null(d, "note_by", or_null(h->note_by));
    doc_set(d, "accepted_at", tell_stamp(h->accepted_ms));
    doc_set_text_or_null(d, "accepted_by", or_null(h->accepted_by));
    return d;
}

void staff_handovers(struct call *c)
{
    struct staff_session s;
    struct handover *all;
    struct doc *items;
    int64_t limit;
    size_t n;

    if (!gate_pass(c, work_redis(), ACT_READ, &s) || !tell_limit(c, &limit))
        return;

    enum err e = handovers_read(work_redis(), c->app->keys, c->arena, &all, &n);

    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }
    items = doc_array();
    for (size_t i = 0; i < n && (int64_t)i < limit; i++)
        doc_push(items, handover_doc(&all[i], clock_now_ms()));
    tell_list(c, items, NULL);
}

static bool read_one(struct call *c, struct handover *out)
{
    struct ulid id;
    enum err e = ERR_ABSENT;

    if (id_parse(ID_HANDOVER, c->params[0], &id))
        e = handover_read(work_redis(), c->app->keys, c->arena, id, out);
    if (e != ERR_OK)
        tell_error(c, e);
    return e == ERR_OK;
}

/* What stands in the queues now. */
struct load {
    struct doc *contents;
    struct roster_held *held;
    size_t held_count;
};

static enum err read_contents(struct call *c, const struct handover *h, struct load *out)
{
    int64_t now_ms = clock_now_ms();
    struct duty duty;
    struct str *gone;
    enum err e = roster_duty(c->app, work_redis(), c->arena, &duty);

    if (e != ERR_OK)
        return e;

    /* While the watch is still on, what its people hold is what they will leave. */
    size_t n = roster_gone(&duty, h, now_ms < h->due_ms ? h->due_ms : now_ms, c->arena, &gone);

    return roster_contents(c->app, work_redis(), c->arena, gone, n, now_ms, &out->contents, &out->held,
                           &out->held_count);
}

void staff_handover(struct call *c)
{
    struct staff_session s;
    struct load load = {0};
    struct handover h;
    struct doc *d, *kept = NULL;
    enum err e = ERR_OK;

    if (!gate_pass(c, work_redis(), ACT_READ, &s) || !read_one(c, &h))
        return;
    if (h.accepted_ms > 0)
        e = doc_parse(&kept, h.contents, NULL, 0) == ERR_OK ? ERR_OK : ERR_CORRUPT;
    else
        e = read_contents(c, &h, &load);
    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }
    d = handover_doc(&h, clock_now_ms());
    doc_set_bool(d, "yours", handover_is_for(&h, s.name) || s.role == STAFF_MANAGER);
    doc_set(d, "contents", kept != NULL ? kept : load.contents);
    tell_doc(c, 200, d);
}

/* ---- note ---- */

void staff_handover_note(struct call *c)
{
    struct staff_session s;
    struct handover h;
    struct doc *body;
    struct str text;
    enum err e;

    if (!gate_pass(c, work_redis(), ACT_NOTE, &s) || !read_one(c, &h) || (body = tell_body(c)) == NULL)
        return;
    text = str_trim(doc_get_text(body, "text"));
    if (text.len == 0 || text_code_points(text) > HANDOVER_NOTE_MAX) {
        tell_fault(c, "text", "missing", "what the next watch must know, in at most 4000 characters");
    } else if (!str_equal_nocase(s.name, h.leaves) && s.role != STAFF_LEAD && s.role != STAFF_MANAGER) {
        tell_problem_with(c, 403, "not-yours", "whoever leads the watch that leaves writes this", "leaves", h.leaves);
    } else {
        e = handover_write_note(work_redis(), c->app->keys, c->arena, h.id, text, s.name, clock_now_ms());
        if (e == ERR_CONFLICT)
            tell_problem(c, 409, "accepted", "it was accepted already: write to who has it now");
        else if (e != ERR_OK)
            tell_error(c, e);
        else
            call_answer_empty(c, 204);
    }
    doc_close(body);
}

/* ---- accept ---- */

/* R3. Who let go of it in between, or lost it to somebody, has nothing to hand over. */
static enum err take_once(struct edit *e, const struct staff_session *who, const struct roster_held *held)
{
    struct change *c = change_begin(e->arena);
    struct redis_value *v;
    size_t n;

    edit_queue_reads(e, held->ticket);

    enum err bad = redis_flush(e->redis, e->arena, &v, &n);

    if (bad == ERR_OK)
        bad = edit_load(e, held->ticket, v);
    if (bad == ERR_ABSENT || (bad == ERR_OK && !str_equal(e->ticket.owner, held->owner)))
        return ERR_OK;
    if (bad != ERR_OK)
        return bad;
    e->owner = e->by;
    e->owner_name = who->name;
    edit_happened(e, c, "handed-over", held->owner, "");
    return change_run(e->redis, e->arena, c, STR(""), ticket_key(e->arena, held->ticket), e->ticket.version, NULL);
}

static enum err take(struct call *c, const struct staff_session *who, const struct roster_held *held)
{
    const struct rules *rules = ruleset_take(c->app->rules);
    enum err bad = ERR_CONFLICT;

    for (int i = 0; bad == ERR_CONFLICT && i < AGAIN_MAX; i++) {
        struct edit e = {.redis = work_redis(),
                         .keys = c->app->keys,
                         .rules = rules,
                         .arena = c->arena,
                         .now_ms = clock_now_ms(),
                         .by = str_of(arena_strdup(c->arena, id_print(ID_STAFF, who->staff).at))};

        bad = take_once(&e, who, held);
    }
    ruleset_release(c->app->rules, rules);
    return bad;
}

static enum err accept_all(struct call *c, const struct staff_session *who, const struct handover *h, size_t *taken)
{
    struct load load = {0};
    enum err e = read_contents(c, h, &load);

    *taken = 0;
    /* First what was held, then the word for it: whoever is cut off in between accepts again, and takes the rest. */
    for (size_t i = 0; e == ERR_OK && i < load.held_count; i++) {
        e = take(c, who, &load.held[i]);
        *taken += e == ERR_OK;
    }
    if (e == ERR_OK)
        e = handover_accept(work_redis(), c->app->keys, c->arena, h->id, who->name, doc_print(load.contents, c->arena),
                            clock_now_ms());
    doc_close(load.contents);
    return e;
}

void staff_handover_accept(struct call *c)
{
    struct staff_session s;
    struct handover h;
    size_t taken;
    enum err e;

    if (!gate_pass(c, work_redis(), ACT_CLAIM, &s) || !read_one(c, &h))
        return;
    if (h.accepted_ms > 0 && !str_equal(h.accepted_by, s.name)) {
        tell_problem_with(c, 409, "accepted", "somebody else has it", "holder", h.accepted_by);
        return;
    }
    if (!handover_is_for(&h, s.name) && s.role != STAFF_MANAGER) {
        tell_problem_with(c, 403, "not-yours", "the lead of the next watch accepts it, their deputy, or a manager",
                          "takes", h.takes);
        return;
    }
    e = accept_all(c, &s, &h, &taken);
    if (e == ERR_CONFLICT) {
        tell_problem(c, 409, "accepted", "somebody else has it");
        return;
    }
    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }
    log_info("handover_accepted", "handover=%s by=%s tickets=%zu", id_print(ID_HANDOVER, h.id).at,
             id_print(ID_STAFF, s.staff).at, taken);

    struct doc *d = doc_object();

    tell_id(d, "handover", ID_HANDOVER, h.id);
    doc_set_int(d, "taken", (int64_t)taken);
    tell_doc(c, 200, d);
}
