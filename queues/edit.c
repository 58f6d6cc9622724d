#include "queues/edit.h"

#include "queues/attach.h"
#include "queues/placing.h"
#include "queues/silent.h"
#include "rules/base/arena.h"

#include <string.h>

void edit_queue_reads(struct edit *e, struct ulid id)
{
    ticket_queue_read(e->redis, e->arena, id);
    history_queue_read(e->redis, e->arena, id);
}

enum err edit_load(struct edit *e, struct ulid id, const struct redis_value v[EDIT_READS])
{
    enum err bad = ticket_load(e->keys, e->arena, id, &v[0], false, &e->ticket);

    if (bad == ERR_OK)
        bad = history_load(e->arena, &v[1], &e->history, &e->history_count);
    if (bad != ERR_OK)
        return bad;
    e->state = e->ticket.state;
    e->owner = e->ticket.owner;
    e->owner_name = e->ticket.owner_name;
    e->queue = e->ticket.queue;
    e->rule = e->ticket.rule;
    e->priority = e->ticket.priority;
    e->spam = ticket_is_spam(&e->ticket);
    e->due_ms = e->ticket.due_ms;
    return ERR_OK;
}

static bool is_open(const struct edit *e)
{
    return !str_is(e->state, "solved") && !str_is(e->state, "closed") && !e->spam;
}

static void set_place(struct edit *e, struct change *c, struct happening *h)
{
    struct arena *a = e->arena;
    struct str key = ticket_key(a, e->ticket.id);
    struct happening *all = arena_array(a, struct happening, e->history_count + 1);
    struct placing where;

    if (e->history_count > 0)
        memcpy(all, e->history, e->history_count * sizeof *all);
    all[e->history_count] = *h;
    place_clock(e->rules, e->queue, all, e->history_count + 1, e->now_ms, a, &where);
    e->due_ms = where.due_ms;
    change_hset(c, key, "state", e->state);
    change_hset(c, key, "owner", e->owner);
    change_hset(c, key, "owner_name", e->owner_name);
    change_hset(c, key, "queue", e->queue);
    change_hset(c, key, "rule", e->rule);
    change_hset_int(c, key, "priority", e->priority);
    change_hset(c, key, "spam", e->spam ? STR("1") : STR("0"));
    change_hset_int(c, key, "updated", e->now_ms);
    h->rules = where.rules;
    change_placed(c, e->ticket.id, e->ticket.queue, &where, is_open(e), e->owner.len > 0 || e->idle);
}

void edit_happened(struct edit *e, struct change *c, const char *kind, struct str detail, const char *clock)
{
    const struct ticket *t = &e->ticket;
    struct happening h = {.id = ulid_in(ulid_fresh(), t->partition),
                          .at_ms = e->now_ms,
                          .kind = str_of(kind),
                          .by = e->by,
                          .detail = detail,
                          .clock = str_of(clock)};

    set_place(e, c, &h);
    change_happening(c, t->id, &h);
    change_silent_ask(c, t->account);
    change_live(c, kind, t->id, t->reference, e->queue, e->state, e->owner_name);
    change_audit(c, e->keys, t->partition, e->now_ms, h.by, arena_printf(e->arena, "ticket.%s", kind),
                 arena_strdup(e->arena, id_print(ID_TICKET, t->id).at), detail);
}

void edit_queue_change(struct edit *e, const struct change *c)
{
    change_queue(e->redis, c, STR(""), ticket_key(e->arena, e->ticket.id), e->ticket.version);
}
