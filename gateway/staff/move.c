/* POST /api/tickets/{tkt}/move and spam. */
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/act.h"
#include "gateway/staff/mover.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/keys.h"
#include "queues/merge.h"
#include "queues/ruleset.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

bool staff_mover_begin(struct staff_mover *s, struct call *c, enum staff_act act)
{
    *s = (struct staff_mover){.call = c};
    s->m = (struct mover){.redis = work_redis(), .keys = c->app->keys, .arena = c->arena, .now_ms = clock_now_ms()};
    if (!gate_pass(c, s->m.redis, act, &s->who))
        return false;
    s->by = str_of(arena_strdup(c->arena, id_print(ID_STAFF, s->who.staff).at));
    s->m.rules = ruleset_take(c->app->rules);
    return true;
}

void staff_mover_end(struct staff_mover *s)
{
    ruleset_release(s->call->app->rules, s->m.rules);
}

/* ---- move ---- */

static bool read_messages(struct call *c, const struct doc *list, struct move *w)
{
    size_t n = doc_kind(list) == DOC_ARRAY ? doc_size(list) : 0;

    for (size_t i = 0; i < n && i < MOVE_MESSAGES_MAX; i++)
        w->message_count += id_parse(ID_MESSAGE, doc_text(doc_at(list, i)), &w->messages[w->message_count]);
    if (n > 0 && n <= MOVE_MESSAGES_MAX && w->message_count == n)
        return true;
    tell_fault(c, "messages", "missing", "1 to 200 ids of messages of this ticket");
    return false;
}

enum target { THIS_TICKET, OWN_TICKET, TICKET_OF_ACCOUNT };

/* "to": null is a ticket of its own, an account a new one of that customer. */
static bool read_move(struct call *c, struct move *w, enum target *target)
{
    struct doc *body = tell_body(c);
    const struct doc *to = doc_get(body, "to");
    bool good = body != NULL && read_messages(c, doc_get(body, "messages"), w);

    *target = doc_kind(to) == DOC_NULL                          ? OWN_TICKET
              : id_parse(ID_ACCOUNT, doc_text(to), &w->account) ? TICKET_OF_ACCOUNT
                                                                : THIS_TICKET;
    if (good && *target == THIS_TICKET && !id_parse(ID_TICKET, doc_text(to), &w->to)) {
        tell_fault(c, "to", "missing", "a ticket, an account, or null for a new one");
        good = false;
    } else if (good && *target == THIS_TICKET && ulid_equal(w->to, w->from)) {
        tell_fault(c, "to", "same", "another ticket, or null for a new one");
        good = false;
    }
    doc_close(body);
    return good;
}

static enum err check_messages(struct staff_mover *s, const struct move *w)
{
    struct message *all;
    size_t n;
    enum err e = messages_read(s->m.redis, s->m.keys, s->m.arena, w->from, &all, &n);

    for (size_t i = 0; e == ERR_OK && i < w->message_count; i++)
        if (act_message(all, n, w->messages[i]) == NULL) {
            tell_problem_with(s->call, 409, "not-here", "a message is not on this ticket (any more)", "message",
                              str_of(id_print(ID_MESSAGE, w->messages[i]).at));
            return ERR_CONFLICT;
        }
    return e;
}

/* The customer of a new ticket. A cluster of bystanders can be given nothing. */
static enum err check_account(struct staff_mover *s, const struct ticket *from, struct move *w)
{
    struct arena *a = s->m.arena;
    struct redis_value v;
    struct family f;
    enum err e = redis_do(s->m.redis, a, &v, 4,
                          (struct str[]){STR("HMGET"),
                                         key_in(a, partition_of(w->account), "a", id_print(ID_ACCOUNT, w->account).at),
                                         STR("created_ms"), STR("cluster")});
    if (e == ERR_OK && (v.items[0].kind != REDIS_TEXT || v.items[1].kind == REDIS_TEXT))
        e = ERR_ABSENT;
    if (e == ERR_OK)
        e = merge_family(s->m.redis, s->m.keys, a, from->account, &f);
    w->take = e == ERR_OK && !family_has(&f, w->account);
    return e;
}

/* O5 of move.h: to a ticket of another customer, somebody says whose it is. */
static enum err check_target(struct staff_mover *s, const struct ticket *from, struct move *w, enum target target)
{
    struct ticket to;
    struct family f;
    enum err e;

    if (target == TICKET_OF_ACCOUNT)
        return check_account(s, from, w);
    w->account = from->account;
    if (target == OWN_TICKET)
        return ERR_OK;
    e = ticket_read(s->m.redis, s->m.keys, s->m.arena, w->to, &to);
    if (e == ERR_OK && str_is(to.state, "closed") && redis_field(to.fields, "emptied").len == 0) {
        tell_problem(s->call, 409, "closed", "nothing comes to a closed ticket");
        return ERR_CONFLICT;
    }
    if (e == ERR_OK)
        e = merge_family(s->m.redis, s->m.keys, s->m.arena, from->account, &f);
    if (e != ERR_OK)
        return e;
    w->account = to.account;
    w->take = !family_has(&f, to.account);
    return ERR_OK;
}

static enum err move(struct staff_mover *s, struct move *w)
{
    struct ticket from;
    enum target target = THIS_TICKET;
    enum err e = ticket_read(s->m.redis, s->m.keys, s->m.arena, w->from, &from);

    if (e == ERR_OK && !read_move(s->call, w, &target))
        return ERR_INPUT;
    if (e == ERR_OK)
        e = check_messages(s, w);
    if (e == ERR_OK)
        e = check_target(s, &from, w, target);
    w->by = s->by;
    w->at_ms = s->m.now_ms;
    return e == ERR_OK ? move_words(&s->m, w) : e;
}

void staff_move(struct call *c)
{
    struct staff_mover s;
    struct move w = {0};
    enum err e;

    if (!staff_mover_begin(&s, c, ACT_MOVE))
        return;
    e = id_parse(ID_TICKET, c->params[0], &w.from) ? move(&s, &w) : ERR_ABSENT;
    staff_mover_end(&s);
    if (e != ERR_OK) {
        if (c->status == 0)
            tell_error(c, e);
        return;
    }

    struct doc *d = doc_object();

    tell_id(d, "from", ID_TICKET, w.from);
    tell_id(d, "ticket", ID_TICKET, w.to);
    tell_doc(c, 200, d);
}

/* ---- spam ---- */

static enum err set_spam(struct act *act, struct change *c)
{
    struct doc *body = tell_body(act->call);
    const struct doc *said = doc_get(body, "spam");
    bool spam = doc_true(said), good = doc_kind(said) == DOC_BOOL;

    if (body != NULL && !good)
        tell_fault(act->call, "spam", "missing", "true or false");
    doc_close(body);
    if (!good)
        return ERR_INPUT;
    if (spam == act->spam)
        return ERR_OK;
    act->spam = spam;
    change_hset(c, ticket_key(act->call->arena, act->ticket.id), "spam", spam ? STR("1") : STR("0"));
    act_happened(act, c, spam ? "spam" : "not-spam", STR(""), "");
    return ERR_OK;
}

void staff_spam(struct call *c)
{
    struct act act = {0};
    struct doc *d;

    if (!act_run(&act, c, ACT_MOVE, set_spam))
        return;
    d = act_doc(&act);
    doc_set_bool(d, "spam", act.spam);
    tell_doc(c, 200, d);
}
