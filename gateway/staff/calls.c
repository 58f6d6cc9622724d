/* POST /api/calls, POST /api/tickets/{tkt}/called: calls that staff took, and promises to call back.
 *
 * A call is an item like any other: written to the journal before it is answered, filed by the same filer. Staff's word
 * for who called proves nothing. */
#include "gateway/app.h"
#include "gateway/channels/channels.h"
#include "gateway/http/call.h"
#include "gateway/intake/post.h"
#include "gateway/staff/act.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/keys.h"
#include "queues/loop.h"
#include "queues/placing.h"
#include "rules/base/doc.h"
#include "rules/spelling.h"

/* ---- log one ---- */

/* One call being logged; its HTTP call's state. */
struct logged {
    struct staff_session who;
    struct report report;
};

static void say_failed(struct call *c, const struct accept_result *r)
{
    if (r->outcome == ACCEPT_KEY_REUSED)
        tell_problem(c, 422, "key-reused", "this key was used for another call");
    else if (r->outcome == ACCEPT_IN_FLIGHT)
        tell_problem(c, 409, "in-flight", "this call is being written down at this moment");
    else
        tell_problem(c, 503, "not-written", "it could not be written down");
}

static void on_accepted(struct call *c, const struct item *i, const struct accept_result *r)
{
    struct doc *d;

    if (!post_accepted(r)) {
        say_failed(c, r);
        return;
    }
    if (r->replayed)
        call_set_header(c, "idempotent-replayed", STR("true"));
    d = doc_object();
    tell_id(d, "item", ID_ITEM, r->item);
    doc_set_text(d, "reference", str_of(reference_print(r->reference).at));
    doc_set_text(d, "spelled", reference_spell(c->arena, r->reference));
    doc_set_text(d, "state", r->outcome == ACCEPT_FILED ? STR("filed") : STR("written"));
    tell_id(d, "ticket", ID_TICKET, r->ticket);
    doc_set(d, "call_back_at", tell_stamp(i->call_back_ms));
    tell_doc(c, 201, d);
}

/* A key belongs to whoever logs the call. False where it is none: then it was answered. */
static bool set_key(struct call *c, struct logged *l)
{
    struct keyring *keys = c->app->keys;
    struct str key = call_header(c, "idempotency-key");

    if (key.at == NULL)
        return true;
    if (key.len < POST_KEY_MIN || key.len > POST_KEY_MAX) {
        tell_fault(c, "idempotency-key", "length", "16 to 128 characters");
        return false;
    }
    key = str_of(arena_printf(c->arena, "call|%s|%s", l->report.item.logged_by.at, str_copy(c->arena, key)));
    l->report.item.key = str_of(arena_strdup(c->arena, blind_index(keys, INDEX_KEY, key).at));
    l->report.item.body = str_of(arena_strdup(c->arena, blind_index(keys, INDEX_BODY, c->body).at));
    return true;
}

/* False where it was answered. */
static bool read_call(struct call *c, struct logged *l)
{
    struct report_fault faults[REPORT_FAULTS_MAX];
    struct doc *body = tell_body(c);
    size_t n;

    if (body == NULL)
        return false;
    n = report_read_logged(body, clock_now_ms(), c->arena, &l->report, faults);
    doc_close(body);
    if (n > 0) {
        channels_faults(c, faults, n);
        return false;
    }
    channels_complete(c, &l->report);
    l->report.item.logged_by = str_of(arena_strdup(c->arena, id_print(ID_STAFF, l->who.staff).at));
    l->report.item.logged_name = (struct str){str_copy(c->arena, l->who.name), l->who.name.len};
    return set_key(c, l);
}

static void on_read(void *arg)
{
    struct call *c = arg;
    struct logged *l = c->state;

    if (c->status == 0)
        accept_item(c->app->accept, c, &l->report.item, false, on_accepted);
    else
        call_finish(c);
}

/* Who it is, Redis knows: a worker asks. */
static void pass_gate(struct redis *redis, void *arg)
{
    struct call *c = arg;
    struct logged *l = c->state;

    if (gate_pass(c, redis, ACT_CALL, &l->who))
        (void)read_call(c, l);
    loop_post(call_loop(c), on_read, c);
}

void staff_call(struct call *c)
{
    c->state = arena_new(c->arena, struct logged);
    call_hold(c);
    if (work_submit(c->app->workers, pass_gate, c) == ERR_OK)
        return;
    tell_error(c, ERR_BUSY);
    call_finish(c);
}

/* ---- called back ---- */

/* Somebody was called; whether a promise stood. */
static bool was_called(const struct act *act)
{
    for (size_t i = 0; i < act->history_count; i++)
        if (str_is(act->history[i].kind, PLACING_CALLED))
            return true;
    return false;
}

static enum err called(struct act *act, struct change *c)
{
    struct arena *a = act->call->arena;
    const struct ticket *t = &act->ticket;
    const char *account = arena_strdup(a, id_print(ID_ACCOUNT, t->account).at);

    if (placing_call_back_ms(act->history, act->history_count) == 0) {
        if (was_called(act)) /* sent again: it is done */
            return ERR_OK;
        tell_problem(act->call, 409, "nothing-promised", "nobody was promised a call");
        return ERR_CONFLICT;
    }
    /* Talking to the customer is a reply to them; the number is not needed any more. */
    change_hset_int(c, ticket_key(a, t->id), "replied", act->now_ms);
    change_hset_int(c, key_in(a, t->partition, "a", account), "last_told", act->now_ms);
    act_happened(act, c, PLACING_CALLED, STR(""), "replied");
    change_add(c, 3, (struct str[]){STR("HDEL"), ticket_key(a, t->id), STR("call_back_to")});
    return ERR_OK;
}

void staff_called(struct call *c)
{
    struct act act = {0};

    if (act_run(&act, c, ACT_CALL, called))
        tell_doc(c, 200, act_doc(&act));
}
