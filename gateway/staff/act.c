#include "gateway/staff/act.h"

#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/attach.h"
#include "queues/clock.h"
#include "queues/placing.h"
#include "queues/ruleset.h"
#include "queues/silent.h"
#include "rules/base/doc.h"

#include <string.h>

enum { AGAIN_MAX = 100 };

struct str act_staff_id(const struct act *act)
{
    return str_of(arena_strdup(act->call->arena, id_print(ID_STAFF, act->who.staff).at));
}

const struct message *act_message(const struct message *all, size_t n, struct ulid id)
{
    for (size_t i = 0; i < n; i++)
        if (ulid_equal(all[i].id, id))
            return &all[i];
    return NULL;
}

static enum err read_ticket(struct act *act, struct ulid id)
{
    struct arena *a = act->call->arena;
    struct redis_value *v;
    size_t n;

    ticket_queue_read(act->redis, a, id);
    history_queue_read(act->redis, a, id);

    enum err e = redis_flush(act->redis, a, &v, &n);

    if (e == ERR_OK)
        e = ticket_load(act->call->app->keys, a, id, &v[0], false, &act->ticket);
    if (e == ERR_OK)
        e = history_load(a, &v[1], &act->history, &act->history_count);
    act->state = act->ticket.state;
    act->owner = act->ticket.owner;
    act->owner_name = act->ticket.owner_name;
    act->spam = e == ERR_OK && ticket_is_spam(&act->ticket);
    return e;
}

static enum err try_once(struct act *act, struct ulid id, act_step *step)
{
    struct arena *a = act->call->arena;
    struct change *c = change_begin(a);
    enum err e = read_ticket(act, id);

    act->now_ms = clock_now_ms();
    if (e == ERR_OK)
        e = step(act, c);
    if (e != ERR_OK || c->n == 0)
        return e;
    return change_run(act->redis, a, c, STR(""), ticket_key(a, id), act->ticket.version, NULL);
}

bool act_run(struct act *act, struct call *call, enum staff_act kind, act_step *step)
{
    struct ulid id;
    enum err e = ERR_CONFLICT;

    act->call = call;
    act->redis = work_redis();
    if (!gate_pass(call, act->redis, kind, &act->who))
        return false;
    if (!id_parse(ID_TICKET, call->params[0], &id)) {
        tell_error(call, ERR_ABSENT);
        return false;
    }
    for (int i = 0; e == ERR_CONFLICT && call->status == 0 && i < AGAIN_MAX; i++)
        e = try_once(act, id, step);
    if (e != ERR_OK && call->status == 0)
        tell_error(call, e == ERR_CONFLICT ? ERR_BUSY : e);
    return e == ERR_OK;
}

const char *act_clock(enum ticket_clock clock)
{
    static const char *const words[] = {
        [TICKET_CLOCK_KEEP] = "",         [TICKET_CLOCK_PAUSE] = "paused", [TICKET_CLOCK_RESUME] = "resumed",
        [TICKET_CLOCK_REPLY] = "replied", [TICKET_CLOCK_STOP] = "solved",  [TICKET_CLOCK_REOPEN] = "reopened"};

    return words[clock];
}

/* The history as it will be. */
static const struct happening *history_with(const struct act *act, const struct happening *h)
{
    struct happening *all = arena_array(act->call->arena, struct happening, act->history_count + 1);

    if (act->history_count > 0)
        memcpy(all, act->history, act->history_count * sizeof *all);
    all[act->history_count] = *h;
    return all;
}

static bool is_open(const struct act *act)
{
    return !str_is(act->state, "solved") && !str_is(act->state, "closed") && !act->spam;
}

static void set_place(struct act *act, struct change *c, struct happening *h)
{
    struct arena *a = act->call->arena;
    const struct ticket *t = &act->ticket;
    struct str key = ticket_key(a, t->id);
    const struct rules *rules = ruleset_take(act->call->app->rules);
    struct placing where;

    place_clock(rules, t->queue, history_with(act, h), act->history_count + 1, act->now_ms, a, &where);
    ruleset_release(act->call->app->rules, rules);
    change_hset(c, key, "state", act->state);
    change_hset(c, key, "owner", act->owner);
    change_hset(c, key, "owner_name", act->owner_name);
    change_hset_int(c, key, "updated", act->now_ms);
    change_placed(c, t->id, t->queue, &where, is_open(act), act->owner.len > 0);
    h->rules = where.rules;
}

void act_happened(struct act *act, struct change *c, const char *kind, struct str detail, const char *clock)
{
    struct arena *a = act->call->arena;
    const struct ticket *t = &act->ticket;
    struct happening h = {.id = ulid_in(ulid_fresh(), t->partition),
                          .at_ms = act->now_ms,
                          .kind = str_of(kind),
                          .by = act_staff_id(act),
                          .detail = detail,
                          .clock = str_of(clock)};

    set_place(act, c, &h);
    change_happening(c, t->id, &h);
    change_silent_ask(c, t->account);
    change_live(c, kind, t->id, t->reference, t->queue, act->state, act->owner_name);
    change_audit(c, act->call->app->keys, t->partition, act->now_ms, h.by, arena_printf(a, "ticket.%s", kind),
                 arena_strdup(a, id_print(ID_TICKET, t->id).at), detail);
}

struct doc *act_doc(const struct act *act)
{
    struct doc *d = doc_object();

    tell_id(d, "ticket", ID_TICKET, act->ticket.id);
    doc_set_text(d, "state", act->state);
    doc_set_text_or_null(d, "owner", act->owner_name.len > 0 ? act->owner_name : (struct str){NULL, 0});
    return d;
}
