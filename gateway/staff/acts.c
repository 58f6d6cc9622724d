/* POST /api/tickets/{tkt}/claim, release, note, state. */
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/act.h"
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

static enum err note(struct act *act, struct change *c)
{
    struct message *n = act->more;
    struct arena *a = act->call->arena;
    const struct ticket *t = &act->ticket;

    if (n->text.at == NULL) {
        struct doc *body = tell_body(act->call);
        bool good = body != NULL && tell_words(act->call, body, "text", &n->text);

        doc_close(body);
        if (!good)
            return ERR_INPUT;
    }
    n->id = ulid_in(ulid_fresh(), t->partition);
    n->at_ms = act->now_ms;
    n->author = act->who.name;
    change_message(c, act->call->app->keys, t->id, n);
    change_hset(c, ticket_key(a, t->id), "last", str_of(arena_strdup(a, id_print(ID_MESSAGE, n->id).at)));
    act_happened(act, c, "noted", STR(""), "");
    return ERR_OK;
}

void staff_note(struct call *c)
{
    struct message n = {.who = MESSAGE_NOTE, .channel = STR("web")};
    struct act act = {.more = &n};
    struct doc *d;

    if (!act_run(&act, c, ACT_NOTE, note))
        return;
    d = doc_object();
    tell_id(d, "message", ID_MESSAGE, n.id);
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
