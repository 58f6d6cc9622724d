#include "queues/escalation.h"

#include "queues/attach.h"
#include "queues/hook.h"
#include "queues/keys.h"
#include "queues/log.h"
#include "queues/placing.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"
#include "rules/route.h"

#include <string.h>

/* One turn over one ticket. */
struct work {
    struct redis *redis;
    const struct keyring *keys;
    const struct rules *rules;
    struct arena *a;
    int64_t now_ms;
    struct ticket ticket;
    struct happening *history; /* with room for the steps */
    size_t history_count;
    struct change *change;
    struct escalation *tally;
};

static struct str index_key(struct arena *a, unsigned partition)
{
    return key_in(a, partition, "st", "");
}

/* ---- one step ---- */

/* The same for the same step of the same ticket, whoever takes it. */
static struct ulid step_id(const struct work *w, const struct placing_step *s, struct str text)
{
    struct buf b = {0};
    uint8_t chance[16];
    struct ulid u;

    buf_str(&b, str_of(id_print(ID_TICKET, w->ticket.id).at));
    buf_str(&b, text);
    blind_bytes(w->keys, INDEX_AUDIT, buf_view(&b), chance);
    u = ulid_make(s->at_ms, chance);
    buf_free(&b);
    return ulid_in(u, w->ticket.partition);
}

static struct str hook_data(const struct work *w, const struct placing_step *s)
{
    struct buf d = {0};
    struct str text;

    doc_flat_text(&d, "ticket", str_of(id_print(ID_TICKET, w->ticket.id).at));
    doc_flat_text(&d, "reference", str_of(reference_print(w->ticket.reference).at));
    doc_flat_text(&d, "queue", w->ticket.queue);
    doc_flat_text(&d, "state", w->ticket.state);
    doc_flat_text(&d, "clock", str_of(sla_clock_name(s->clock)));
    doc_flat_text(&d, "to", str_of(sla_role_name(s->step->to)));
    doc_flat_int(&d, "before_ms", s->step->before_ms);
    doc_flat_text(&d, "at", str_of(stamp_print(s->at_ms).at));
    if (s->due_ms > 0)
        doc_flat_text(&d, "due_at", str_of(stamp_print(s->due_ms).at));
    else
        doc_flat_null(&d, "due_at");
    text = doc_flat_print(&d, w->a);
    buf_free(&d);
    return text;
}

static void put_in_order(struct work *w, const struct happening *h)
{
    size_t at = w->history_count++;

    for (; at > 0 && w->history[at - 1].at_ms > h->at_ms; at--)
        w->history[at] = w->history[at - 1];
    w->history[at] = *h;
}

static void take_step(struct work *w, const struct placing_step *s)
{
    struct str text = placing_step_text(w->a, s->step);
    struct happening h = {.id = step_id(w, s, text),
                          .at_ms = s->at_ms,
                          .kind = STR(PLACING_ESCALATED),
                          .by = STR("system"),
                          .detail = text,
                          .clock = STR(""),
                          .rules = str_of(rules_version(w->rules))};
    const struct ticket *t = &w->ticket;

    put_in_order(w, &h);
    change_happening(w->change, t->id, &h);
    change_audit(w->change, w->keys, t->partition, w->now_ms, STR("system"), "ticket.escalated",
                 arena_strdup(w->a, id_print(ID_TICKET, t->id).at), text);
    change_hook(w->change, w->keys, HOOK_CLOCK_ESCALATED, hook_data(w, s));
    w->tally->taken++;
    if (w->now_ms - s->at_ms > w->tally->latest_ms)
        w->tally->latest_ms = w->now_ms - s->at_ms;
}

/* ---- one ticket ---- */

static enum err load(struct work *w, struct ulid id, const struct redis_value *fields,
                     const struct redis_value *history)
{
    struct happening *all;
    enum err e = ticket_load(w->keys, w->a, id, fields, false, &w->ticket);

    if (e == ERR_OK)
        e = history_load(w->a, history, &all, &w->history_count);
    if (e != ERR_OK)
        return e;
    w->history = arena_array(w->a, struct happening, w->history_count + SLA_STEPS_MAX);
    if (w->history_count > 0)
        memcpy(w->history, all, w->history_count * sizeof *all);
    return ERR_OK;
}

/* X3. A ticket whose step did not come after all is written with what is true now. */
static void change_ticket(struct work *w)
{
    const struct ticket *t = &w->ticket;
    struct placing_step steps[SLA_STEPS_MAX];
    struct placing where;
    bool open = ticket_is_open(t);
    size_t n = open ? placing_steps(w->rules, t->queue, w->history, w->history_count, w->now_ms, w->a, steps) : 0;

    w->change = change_begin(w->a);
    for (size_t i = 0; i < n; i++)
        take_step(w, &steps[i]);
    place_clock(w->rules, t->queue, w->history, w->history_count, w->now_ms, w->a, &where);
    change_placed(w->change, t->id, t->queue, &where, open, t->owner.len > 0);
    if (n > 0)
        change_live(w->change, PLACING_ESCALATED, t->id, t->reference, t->queue, t->state, t->owner_name);
    change_queue(w->redis, w->change, STR(""), ticket_key(w->a, t->id), t->version);
}

/* What cannot be read must not come up every turn; whatever mends it, and every act on it, writes its next step again. */
static void forget(struct work *w, struct ulid id, enum err why)
{
    struct str name = str_of(arena_strdup(w->a, id_print(ID_TICKET, id).at));

    if (why != ERR_ABSENT)
        log_error("step_not_taken", "ticket=%s why=%s", name.at, err_name(why));
    redis_add(w->redis, 3, (struct str[]){STR("ZREM"), index_key(w->a, ulid_partition(id)), name});
}

/* ---- a turn ---- */

static enum err due(struct redis *r, struct arena *a, int64_t now_ms, struct ulid *ids, size_t *n)
{
    struct redis_value *v;
    size_t count;

    for (unsigned p = 0; p < PARTITIONS; p++)
        redis_add(r, 7,
                  (struct str[]){STR("ZRANGEBYSCORE"), index_key(a, p), STR("-inf"), str_int(a, now_ms), STR("LIMIT"),
                                 STR("0"), str_int(a, ESCALATION_TURN)});

    enum err e = redis_flush(r, a, &v, &count);

    *n = 0;
    /* One of each partition in turn, so that a crowded one does not keep the others. */
    for (size_t i = 0; e == ERR_OK && *n < ESCALATION_TURN && i < ESCALATION_TURN; i++)
        for (size_t p = 0; p < count && *n < ESCALATION_TURN; p++)
            if (i < v[p].count && id_parse(ID_TICKET, v[p].items[i].text, &ids[*n]))
                (*n)++;
    return e;
}

static enum err change_all(struct work *w, const struct ulid *ids, size_t n, const struct redis_value *read)
{
    struct redis_value *v;
    size_t count;

    for (size_t i = 0; i < n; i++) {
        enum err e = load(w, ids[i], &read[2 * i], &read[2 * i + 1]);

        if (e == ERR_OK)
            change_ticket(w);
        else
            forget(w, ids[i], e);
    }

    enum err e = redis_flush(w->redis, w->a, &v, &count);

    /* X1: one that somebody else changed meanwhile is still in the index, if there is still something to do. */
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        if (redis_value_err(w->redis, &v[i]) == ERR_STORE)
            e = ERR_STORE;
    return e;
}

enum err escalation_turn(struct redis *r, const struct keyring *k, const struct rules *rules, struct arena *a,
                         int64_t now_ms, struct escalation *out)
{
    struct work w = {.redis = r, .keys = k, .rules = rules, .a = a, .now_ms = now_ms, .tally = out};
    struct ulid ids[ESCALATION_TURN];
    struct redis_value *v;
    size_t n, count;
    enum err e;

    *out = (struct escalation){0};
    e = due(r, a, now_ms, ids, &n);
    if (e != ERR_OK || n == 0)
        return e;
    out->looked = n;
    for (size_t i = 0; i < n; i++) {
        ticket_queue_read(r, a, ids[i]);
        history_queue_read(r, a, ids[i]);
    }
    e = redis_flush(r, a, &v, &count);
    return e == ERR_OK ? change_all(&w, ids, n, v) : e;
}
