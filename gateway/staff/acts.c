/* POST /api/tickets/{tkt}/claim, release, note, state. */
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/act.h"
#include "gateway/staff/once.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "rules/base/doc.h"

static void answer_done(struct call *c, const struct act *act)
{
    tell_doc(c, 200, act_doc(act));
}

static enum err held_by_another(struct act *act)
{
    tell_problem_with(act->call, 409, "held", "somebody else has it", "holder", act->ticket.owner_name);
    return ERR_CONFLICT;
}

/* ---- claim, release ---- */

static enum err claim(struct act *act, struct change *c)
{
    struct str me = act_staff_id(act);

    if (str_equal(act->ticket.owner, me))
        return ERR_OK;
    if (act->ticket.owner.len > 0)
        return held_by_another(act);
    act->owner = me;
    act->owner_name = act->who.name;
    act_happened(act, c, "claimed", STR(""), "");
    return ERR_OK;
}

void staff_claim(struct call *c)
{
    struct act act = {0};

    if (act_run(&act, c, ACT_CLAIM, claim))
        answer_done(c, &act);
}

static enum err release(struct act *act, struct change *c)
{
    if (act->ticket.owner.len == 0)
        return ERR_OK;
    if (!str_equal(act->ticket.owner, act_staff_id(act)) && !gate_allows(act->who.role, ACT_RELEASE_OTHERS))
        return held_by_another(act);
    act->owner = act->owner_name = STR("");
    act_happened(act, c, "released", STR(""), "");
    return ERR_OK;
}

void staff_release(struct call *c)
{
    struct act act = {0};

    if (act_run(&act, c, ACT_RELEASE, release))
        answer_done(c, &act);
}

/* ---- note ---- */

struct note {
    struct message message;
    struct once once;
    bool before; /* it stands there by the same key */
};

static bool read_note(struct call *c, struct note *out)
{
    struct doc *body;
    bool good;

    if (out->message.text.at != NULL)
        return true;
    body = tell_body(c);
    good = body != NULL && tell_words(c, body, "text", &out->message.text) && once_read(c, &out->once);
    doc_close(body);
    return good;
}

static enum err look_back(struct act *act, struct note *n)
{
    struct message *all;
    size_t count;
    enum err e = messages_read(act->redis, act->call->app->keys, act->call->arena, act->ticket.id, &all, &count);

    n->before = e == ERR_OK && act_message(all, count, n->once.message) != NULL;
    return e;
}

static void write_note(struct act *act, struct change *c, struct message *m)
{
    struct arena *a = act->call->arena;
    const struct ticket *t = &act->ticket;

    m->at_ms = act->now_ms;
    m->author = act->who.name;
    change_message(c, act->call->app->keys, t->id, m);
    change_hset(c, ticket_key(a, t->id), "last", str_of(arena_strdup(a, id_print(ID_MESSAGE, m->id).at)));
    act_happened(act, c, "noted", STR(""), "");
}

static enum err note(struct act *act, struct change *c)
{
    struct note *n = act->more;
    enum err e;

    if (!read_note(act->call, n))
        return ERR_INPUT;
    e = once_fix(act, "note", n->message.text, &n->once);
    n->message.id = n->once.message;
    if (e == ERR_OK && n->once.key.at != NULL)
        e = look_back(act, n);
    if (e == ERR_OK && !n->before)
        write_note(act, c, &n->message);
    return e;
}

void staff_note(struct call *c)
{
    struct note n = {.message = {.who = MESSAGE_NOTE, .channel = STR("web")}};
    struct act act = {.more = &n};
    struct doc *d;

    if (!act_run(&act, c, ACT_NOTE, note))
        return;
    if (n.before)
        call_set_header(c, "idempotent-replayed", STR("true"));
    d = doc_object();
    tell_id(d, "message", ID_MESSAGE, n.message.id);
    tell_doc(c, 201, d);
}

/* ---- state ---- */

static bool read_state(struct call *c, enum ticket_state *out)
{
    struct doc *body = tell_body(c);
    struct str word = doc_get_text(body, "state");
    bool good = ticket_state_parse(word, out);

    if (body != NULL && !good)
        tell_fault(c, "state", "unknown", "open, waiting-customer, waiting-us, solved or closed");
    doc_close(body);
    return good;
}

static enum err set_state(struct act *act, struct change *c)
{
    struct ticket_step step;
    enum ticket_state from, to;

    if (!read_state(act->call, &to))
        return ERR_INPUT;
    if (!ticket_state_parse(act->ticket.state, &from))
        return ERR_CORRUPT;
    if (ticket_step(&step, from, ticket_staff_sets(to)) != ERR_OK) {
        tell_problem_with(act->call, 409, "no-such-step", "this step is not possible from its state", "state",
                          act->ticket.state);
        return ERR_CONFLICT;
    }
    if (step.next == from)
        return ERR_OK;
    act->state = str_of(ticket_state_name(step.next));
    act_happened(act, c, "state", act->state, act_clock(step.clock));
    return ERR_OK;
}

void staff_state(struct call *c)
{
    struct act act = {0};

    if (act_run(&act, c, ACT_STATE, set_state))
        answer_done(c, &act);
}
