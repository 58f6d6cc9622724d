#include "queues/move_parts.h"

#include "queues/filing.h"
#include "queues/flow.h"
#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <string.h>

enum { AGAIN_MAX = 100, STEPS_MAX = 2000 };

static bool is_zero(struct ulid u)
{
    return ulid_equal(u, (struct ulid){0});
}

/* ---- the plan ---- */

static struct str plans_key(struct arena *a, unsigned partition)
{
    return key_in(a, partition, "mv", "");
}

static struct str plan_field(struct arena *a, struct ulid id)
{
    return str_of(arena_printf(a, "move:%s", id_print(ID_EVENT, id).at));
}

static struct str plan_print(struct arena *a, const struct move *w)
{
    struct buf d = {0}, ids = {0};

    doc_flat_text(&d, "from", str_of(id_print(ID_TICKET, w->from).at));
    doc_flat_text(&d, "to", str_of(id_print(ID_TICKET, w->to).at));
    doc_flat_text(&d, "account", str_of(id_print(ID_ACCOUNT, w->account).at));
    doc_flat_text(&d, "by", w->by);
    doc_flat_int(&d, "at", w->at_ms);
    doc_flat_bool(&d, "take", w->take);
    if (!is_zero(w->person))
        doc_flat_text(&d, "person", str_of(id_print(ID_PARTICIPANT, w->person).at));
    for (size_t i = 0; i < w->message_count; i++)
        buf_printf(&ids, "%s ", id_print(ID_MESSAGE, w->messages[i]).at);
    doc_flat_text(&d, "messages", buf_view(&ids));

    struct str text = doc_flat_print(&d, a);

    buf_free(&d);
    buf_free(&ids);
    return text;
}

static enum err plan_parse(struct arena *a, struct ulid id, struct str json, struct move *out)
{
    struct move w = {.id = id};
    struct doc *d;

    if (doc_parse(&d, json, NULL, 0) != ERR_OK)
        return ERR_CORRUPT;

    struct str ids = doc_get_text(d, "messages"), by = doc_get_text(d, "by");
    bool good = id_parse(ID_TICKET, doc_get_text(d, "from"), &w.from) &&
                id_parse(ID_TICKET, doc_get_text(d, "to"), &w.to) &&
                id_parse(ID_ACCOUNT, doc_get_text(d, "account"), &w.account);

    while (ids.len > 0 && w.message_count < MOVE_MESSAGES_MAX)
        w.message_count += id_parse(ID_MESSAGE, str_cut(&ids, ' '), &w.messages[w.message_count]);
    (void)id_parse(ID_PARTICIPANT, doc_get_text(d, "person"), &w.person);
    w.take = doc_get_bool(d, "take", false);
    w.at_ms = doc_get_int(d, "at", 0);
    w.by = str_of(str_copy(a, by));
    doc_close(d);
    *out = w;
    return good ? ERR_OK : ERR_CORRUPT;
}

/* ERR_ABSENT: it is done. */
static enum err plan_read(struct mover *m, unsigned partition, struct ulid id, struct move *out)
{
    struct redis_value v;
    enum err e = redis_do(m->redis, m->arena, &v, 3,
                          (struct str[]){STR("HGET"), plans_key(m->arena, partition), plan_field(m->arena, id)});

    if (e != ERR_OK)
        return e;
    return v.kind == REDIS_TEXT ? plan_parse(m->arena, id, v.text, out) : ERR_ABSENT;
}

/* What leaves a ticket has left it before anything comes back to it. */
static enum err finish_earlier(struct mover *m, struct ulid ticket)
{
    struct redis_value v;
    struct ulid earlier;
    enum err e =
        redis_do(m->redis, m->arena, &v, 3, (struct str[]){STR("HGET"), ticket_key(m->arena, ticket), STR("moving")});

    if (e != ERR_OK || v.kind != REDIS_TEXT || !id_parse(ID_EVENT, v.text, &earlier))
        return e;
    return move_run(m, ulid_partition(ticket), earlier);
}

enum err move_plan(struct mover *m, struct move *w)
{
    struct arena *a = m->arena;
    unsigned p = ulid_partition(w->from);

    if (is_zero(w->id))
        w->id = ulid_in(ulid_fresh(), p);
    if (is_zero(w->to))
        w->to = ulid_in(ulid_fresh(), partition_of(w->account));
    for (int i = 0; i < AGAIN_MAX; i++) {
        struct change *c = change_begin(a);
        struct ticket t;
        struct ulid earlier;
        enum err e = ticket_read(m->redis, m->keys, a, w->from, &t);

        if (e == ERR_OK)
            e = finish_earlier(m, w->to);
        if (e == ERR_OK && id_parse(ID_EVENT, redis_field(t.fields, "moving"), &earlier)) {
            e = move_run(m, p, earlier);
            if (e == ERR_OK)
                continue;
        }
        if (e != ERR_OK)
            return e;
        change_hset(c, ticket_key(a, w->from), "moving", str_of(arena_strdup(a, id_print(ID_EVENT, w->id).at)));
        change_hset(c, plans_key(a, p), plan_field(a, w->id).at, plan_print(a, w));
        e = change_run(m->redis, a, c, STR(""), ticket_key(a, w->from), t.version, NULL);
        if (e != ERR_CONFLICT)
            return e;
    }
    return ERR_BUSY;
}

/* ---- reading ---- */

static enum err read_side(struct mover *m, struct ulid ticket, struct move_side *s)
{
    static const struct redis_value nothing = {.kind = REDIS_LIST};
    struct arena *a = m->arena;
    enum err e = ticket_read(m->redis, m->keys, a, ticket, &s->ticket);

    s->there = e == ERR_OK;
    if (e == ERR_ABSENT) {
        s->ticket =
            (struct ticket){.id = ticket, .partition = ulid_partition(ticket), .version = STR("0"), .fields = &nothing};
        return ERR_OK;
    }
    if (e == ERR_OK)
        e = messages_read(m->redis, m->keys, a, ticket, &s->messages, &s->message_count);
    if (e == ERR_OK)
        e = participants_read(m->redis, m->keys, a, &s->ticket, &s->people, &s->people_count);
    if (e == ERR_OK)
        e = history_read(m->redis, a, ticket, &s->history, &s->history_count);
    if (e == ERR_OK)
        e = proofs_read(m->redis, m->keys, a, ticket, s->ticket.account, &s->shown);
    return e;
}

/* O2: where it goes to is read first. What is found there, and is under way all the same, was not moved on yet. */
static enum err read_run(struct move_run *r, unsigned partition, struct ulid id)
{
    struct mover *m = r->m;
    struct move first;
    enum err e = plan_read(m, partition, id, &first);

    if (e == ERR_OK)
        e = read_side(m, first.to, &r->to);
    if (e == ERR_OK)
        e = plan_read(m, partition, id, &r->what);
    if (e == ERR_OK)
        e = read_side(m, first.from, &r->from);
    if (e != ERR_OK)
        return e;
    r->got_field = arena_printf(m->arena, "got:%s", id_print(ID_EVENT, id).at);
    r->got = redis_field(r->to.ticket.fields, r->got_field);
    return r->from.there ? ERR_OK : ERR_CORRUPT;
}

bool move_selects(const struct move *w, const struct message *x)
{
    if (!is_zero(w->person))
        return ulid_equal(x->participant, w->person);
    for (size_t i = 0; i < w->message_count; i++)
        if (ulid_equal(w->messages[i], x->id))
            return true;
    return false;
}

bool move_has_come(const struct move_run *r, const struct message *x)
{
    struct str got = r->got;
    struct ulid id;

    while (got.len > 0)
        if (ulid_parse(str_cut(&got, ' '), &id) && ulid_equal(id, x->id))
            return true;
    return false;
}

bool move_stays(const struct move_run *r, struct ulid participant)
{
    for (size_t i = 0; i < r->from.message_count; i++)
        if (ulid_equal(r->from.messages[i].participant, participant) && !move_selects(&r->what, &r->from.messages[i]))
            return true;
    return false;
}

const struct participant *move_person(const struct move_side *s, struct ulid id)
{
    for (size_t i = 0; i < s->people_count; i++)
        if (ulid_equal(s->people[i].id, id))
            return &s->people[i];
    return NULL;
}

bool move_goes(const struct move_run *r, struct ulid participant)
{
    for (size_t i = 0; i < r->from.message_count; i++)
        if (ulid_equal(r->from.messages[i].participant, participant) && move_selects(&r->what, &r->from.messages[i]))
            return true;
    return false;
}

/* How many of those that go are still there; of them, how many have not come. */
static size_t count_left(const struct move_run *r, size_t *missing)
{
    size_t n = 0;

    *missing = 0;
    for (size_t i = 0; i < r->from.message_count; i++)
        if (move_selects(&r->what, &r->from.messages[i])) {
            n++;
            *missing += !move_has_come(r, &r->from.messages[i]);
        }
    return n;
}

/* ---- the steps ---- */

/* A code that was asked for is told on, so that who passed it need not ask again. One whose mail has not gone yet would
 * never be right there (F6 of flow.h), so it is spent. */
static enum err copy_flow(struct move_run *r, struct ulid flow)
{
    struct mover *m = r->m;
    struct arena *a = m->arena;
    unsigned from = ulid_partition(r->what.from), to = ulid_partition(r->what.to);
    struct str key = flow_key(a, flow, to);
    struct redis_value v;
    enum err e = redis_do(m->redis, a, &v, 2, (struct str[]){STR("HGETALL"), flow_key(a, flow, from)});

    if (e != ERR_OK || v.count == 0)
        return e;

    struct change *c = change_begin(a);
    bool lost = str_is(redis_field(&v, "state"), "living") && !str_is(redis_field(&v, "open"), "1");

    for (size_t i = 0; i + 1 < v.count; i += 2)
        change_hset(c, key, v.items[i].text.at, v.items[i + 1].text);
    if (lost)
        change_hset(c, key, "state", STR("dead"));
    change_add(c, 3, (struct str[]){STR("PEXPIRE"), key, STR("86400000")});
    return change_run(m->redis, a, c, key, STR(""), STR(""), NULL);
}

static enum err copy_flows(struct move_run *r)
{
    enum err e = ERR_OK;

    if (ulid_partition(r->what.from) == ulid_partition(r->what.to))
        return ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < r->from.people_count; i++)
        if (move_person(&r->to, r->from.people[i].id) != NULL)
            e = copy_flow(r, r->from.people[i].item);
    return e;
}

static enum err all_good(struct mover *m)
{
    struct redis_value *v;
    size_t n;
    enum err e = redis_flush(m->redis, m->arena, &v, &n);

    for (size_t i = 0; e == ERR_OK && i < n; i++)
        e = redis_value_err(m->redis, &v[i]);
    return e;
}

static struct point point_of(const struct move_run *r, const struct participant *p)
{
    struct point to = {.item = p->item, .participant = p->id};

    to.account = r->to.ticket.account;
    to.ticket = r->what.to;
    return to;
}

/* O3: the references of all whose words go. */
static enum err lead_in(struct move_run *r)
{
    struct mover *m = r->m;
    size_t asked = 0;

    for (size_t i = 0; i < r->from.people_count; i++) {
        const struct participant *p = &r->from.people[i];
        struct point to = point_of(r, p);

        if (p->reference == 0 || !move_goes(r, p->id))
            continue;
        pointer_queue_lead(m->redis, m->arena, pointer_key(m->arena, p->reference), &to);
        asked++;
    }
    return asked > 0 ? all_good(m) : ERR_OK;
}

/* Closed tickets that the one they left goes on from hold words of theirs, too; their reference must not lose them. */
static void lead_to_linked(struct move_run *r, struct str key, struct point p)
{
    if (!id_parse(ID_TICKET, redis_field(r->from.ticket.fields, "linked"), &p.ticket))
        return;
    p.leaves = (struct ulid){0};
    pointer_queue_lead(r->m->redis, r->m->arena, key, &p);
}

/* The references of all who took part there, and do no more. */
static enum err lead_away(struct move_run *r)
{
    struct mover *m = r->m;
    size_t asked = 0;

    for (size_t i = 0; i < r->to.people_count; i++) {
        const struct participant *p = &r->to.people[i];
        struct str key = pointer_key(m->arena, p->reference);
        struct point to = point_of(r, p);

        if (p->reference == 0 || move_person(&r->from, p->id) != NULL)
            continue;
        to.leaves = r->what.from;
        pointer_queue_lead(m->redis, m->arena, key, &to);
        lead_to_linked(r, key, to);
        asked++;
    }
    return asked > 0 ? all_good(m) : ERR_OK;
}

static enum err forget_what_came(struct move_run *r)
{
    if (r->got.at == NULL)
        return ERR_OK;
    return redis_do(r->m->redis, r->m->arena, NULL, 3,
                    (struct str[]){STR("HDEL"), ticket_key(r->m->arena, r->what.to), str_of(r->got_field)});
}

static enum err change_from(struct move_run *r, struct change *c)
{
    return change_run(r->m->redis, r->m->arena, c, STR(""), ticket_key(r->m->arena, r->what.from),
                      r->from.ticket.version, NULL);
}

/* One step further. ERR_ABSENT: it was the last. */
static enum err step(struct move_run *r)
{
    struct mover *m = r->m;
    size_t missing, left = count_left(r, &missing);
    enum err e = ERR_OK;

    if (missing > 0)
        return change_run(m->redis, m->arena, move_change_copy(r), STR(""), ticket_key(m->arena, r->what.to),
                          r->to.ticket.version, NULL);
    if (left > 0) {
        e = copy_flows(r);
        if (e == ERR_OK)
            e = lead_in(r);
        return e == ERR_OK ? change_from(r, move_change_remove(r)) : e;
    }
    if (r->to.there)
        e = lead_away(r);
    if (e == ERR_OK)
        e = forget_what_came(r);
    if (e == ERR_OK)
        e = change_from(r, move_change_done(r));
    return e == ERR_OK ? ERR_ABSENT : e;
}

enum err move_run(struct mover *m, unsigned partition, struct ulid id)
{
    enum err e = ERR_OK;

    for (int i = 0; (e == ERR_OK || e == ERR_CONFLICT) && i < STEPS_MAX; i++) {
        struct move_run r = {.m = m};

        e = read_run(&r, partition, id);
        if (e == ERR_OK)
            e = step(&r);
    }
    return e == ERR_ABSENT ? ERR_OK : e == ERR_OK || e == ERR_CONFLICT ? ERR_BUSY : e;
}

enum err move_words(struct mover *m, struct move *w)
{
    enum err e = move_plan(m, w);

    return e == ERR_OK ? move_run(m, ulid_partition(w->from), w->id) : e;
}

enum err move_finish(struct mover *m, unsigned partition, int64_t older_than_ms)
{
    struct redis_value v;
    enum err e = redis_do(m->redis, m->arena, &v, 2, (struct str[]){STR("HGETALL"), plans_key(m->arena, partition)});

    for (size_t i = 0; e == ERR_OK && i + 1 < v.count; i += 2) {
        struct str name = v.items[i].text;
        struct move w;
        struct ulid id;

        if (!str_is(str_cut(&name, ':'), "move") || !id_parse(ID_EVENT, name, &id))
            continue;
        e = plan_parse(m->arena, id, v.items[i + 1].text, &w);
        if (e == ERR_OK && w.at_ms < older_than_ms)
            e = move_run(m, partition, id);
    }
    return e;
}

/* ---- going home ---- */

enum err move_home_ticket(struct mover *m, const struct ticket *t, struct ulid participant, struct ulid home,
                          struct ulid *out)
{
    struct arena *a = m->arena;
    struct redis_value *v;
    struct person p;
    size_t n;

    ticket_person(t, a, participant, &p);
    *out = ulid_in(participant, partition_of(home));
    if (p.n == 0)
        return ERR_OK;
    open_work_queue_read(m->redis, a, home, &p);

    enum err e = redis_flush(m->redis, a, &v, &n);

    for (size_t i = 0; e == ERR_OK && i < v[0].count; i++) {
        struct ticket theirs;
        struct ulid found;

        if (!open_work_parse(p.is[i], v[0].items[i].text, m->now_ms, &found))
            continue;
        e = ticket_read(m->redis, m->keys, a, found, &theirs);
        if (e == ERR_OK && ticket_is_open(&theirs) && ulid_equal(theirs.account, home)) {
            *out = found;
            return ERR_OK;
        }
        if (e == ERR_ABSENT)
            e = ERR_OK;
    }
    return e;
}
