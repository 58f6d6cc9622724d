/* belong.c - the job that makes the reports of a confirmed suspicion tickets of its incident (suspicion.h, C4). */
#include "queues/attach.h"
#include "queues/incident/heard.h"
#include "queues/incident/suspicion.h"
#include "queues/placing.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { AGAIN_MAX = 5 };

/* One ticket as it was read. */
struct bench {
    struct job_turn *t;
    struct str slug;
    struct ticket ticket;
    struct happening *history;
    size_t history_count;
};

static void place_again(struct change *c, const struct bench *b)
{
    const struct ticket *t = &b->ticket;
    struct facts facts = ticket_facts(b->t->rules, t, t->level);
    struct str key = ticket_key(c->arena, t->id);
    struct placing where;

    place(b->t->rules, &facts, b->history, b->history_count, b->t->now_ms, c->arena, &where);
    change_hset(c, key, "queue", where.queue);
    change_hset(c, key, "rule", where.rule);
    change_hset_int(c, key, "priority", where.priority);
    change_hset(c, key, "clock", where.clock);
    change_hset_int(c, key, "due", where.due_ms);
    change_queue_place(c, t->id, t->queue, where.queue, where.due_ms, ticket_is_open(t) && !ticket_is_spam(t),
                       t->owner.len > 0);
    change_live(c, "routed", t->id, t->reference, where.queue, t->state, t->owner_name);
}

/* The fields of the ticket with `incident` among them, as they will be. */
static void with_incident(struct arena *a, struct bench *b)
{
    struct redis_value *fields = arena_new(a, struct redis_value);
    const struct redis_value *old = b->ticket.fields;

    *fields = *old;
    fields->items = arena_array(a, struct redis_value, old->count + 2);
    fields->items[0] = (struct redis_value){.kind = REDIS_TEXT, .text = STR("incident")};
    fields->items[1] = (struct redis_value){.kind = REDIS_TEXT, .text = b->slug};
    memcpy(fields->items + 2, old->items, old->count * sizeof *old->items);
    fields->count = old->count + 2;
    b->ticket.fields = fields;
}

static enum err change_one(struct bench *b)
{
    struct arena *a = b->t->arena;
    struct change *c = change_begin(a);
    struct happening h = {.id = ulid_make(b->t->job->at_ms, b->ticket.id.bytes + 6), /* the same again */
                          .at_ms = b->t->now_ms,
                          .kind = STR("incident"),
                          .by = b->t->job->by,
                          .detail = b->slug};

    with_incident(a, b);
    change_hset(c, ticket_key(a, b->ticket.id), "incident", b->slug);
    change_happening(c, b->ticket.id, &h);
    place_again(c, b);
    change_audit(c, b->t->keys, b->ticket.partition, b->t->now_ms, b->t->job->by, "ticket.incident",
                 arena_strdup(a, id_print(ID_TICKET, b->ticket.id).at), b->slug);
    return change_run(b->t->redis, a, c, STR(""), ticket_key(a, b->ticket.id), b->ticket.version, NULL);
}

static enum err belong(struct bench *b, struct ulid id)
{
    struct job_turn *t = b->t;
    enum err e = ERR_CONFLICT;

    for (int i = 0; e == ERR_CONFLICT && i < AGAIN_MAX; i++) {
        e = ticket_read(t->redis, t->keys, t->arena, id, &b->ticket);
        if (e == ERR_OK && str_equal(redis_field(b->ticket.fields, "incident"), b->slug))
            return ERR_OK; /* done before */
        if (e == ERR_OK)
            e = history_read(t->redis, t->arena, id, &b->history, &b->history_count);
        if (e == ERR_OK)
            e = change_one(b);
    }
    return e;
}

static enum err belong_all(struct bench *b, const struct heard *all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        enum err e;

        if (all[i].at_ms < doc_get_int(b->t->args, "since", 0))
            continue; /* of one that was settled in the same minute */
        e = belong(b, all[i].ticket);
        if (e == ERR_STORE || e == ERR_BUSY || e == ERR_CONFLICT)
            return e;
        if (e == ERR_OK)
            job_done(b->t, 1);
        else
            job_failed(b->t, str_of(arena_strdup(b->t->arena, id_print(ID_TICKET, all[i].ticket).at)), err_text(e));
    }
    return ERR_OK;
}

/* place: "<minute> <cursor of HSCAN>" */
enum err suspicion_belong_step(struct job_turn *t)
{
    struct bench b = {.t = t, .slug = doc_get_text(t->args, "incident")};
    int64_t minute = doc_get_int(t->args, "from", 0), to = doc_get_int(t->args, "to", -1);
    struct str cursor = t->place, at = str_cut(&cursor, ' ');
    struct heard *all;
    size_t n;
    enum err e;

    if (b.slug.len == 0)
        return ERR_CORRUPT;
    if (t->place.len == 0)
        cursor = STR("0");
    else
        (void)str_number(at, &minute);
    e = heard_scan(t->redis, t->keys, t->arena, minute, &cursor, &all, &n);
    if (e == ERR_OK)
        e = belong_all(&b, all, n);
    if (e != ERR_OK)
        return e;
    if (str_is(cursor, "0"))
        minute++;
    t->ended = minute > to;
    t->place = str_of(arena_printf(t->arena, "%" PRId64 " %s", minute, str_copy(t->arena, cursor)));
    return ERR_OK;
}
