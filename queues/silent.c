#include "queues/silent.h"

#include "queues/attach.h"
#include "queues/keys.h"
#include "queues/log.h"
#include "queues/merge.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"
#include "rules/route.h"

#include <stdlib.h>
#include <string.h>

static struct str index_key(struct arena *a, struct ulid account)
{
    return key_in(a, partition_of(account), "si", "");
}

static struct str marks_key(struct arena *a, unsigned partition)
{
    return key_in(a, partition, "sd", "");
}

static struct str name_of(struct arena *a, struct ulid account)
{
    return str_of(arena_strdup(a, id_print(ID_ACCOUNT, account).at));
}

static struct str account_key(struct arena *a, struct ulid account)
{
    return key_in(a, partition_of(account), "a", name_of(a, account).at);
}

/* ---- parts of changes ---- */

void change_silent_heard(struct change *c, struct ulid account, int64_t at_ms)
{
    change_add(c, 5,
               (struct str[]){STR("ZADD"), index_key(c->arena, account), STR("NX"), str_int(c->arena, at_ms),
                              name_of(c->arena, account)});
}

void change_silent_ask(struct change *c, struct ulid account)
{
    struct str mark = str_of(arena_strdup(c->arena, id_print(ID_EVENT, ulid_fresh()).at));

    change_hset(c, marks_key(c->arena, partition_of(account)), name_of(c->arena, account).at, mark);
}

void change_account_told(struct change *c, struct ulid account, int64_t at_ms)
{
    change_hset_int(c, account_key(c->arena, account), "last_told", at_ms);
    change_silent_ask(c, account);
}

/* ---- a customer, from its history ---- */

/* One ticket of it. */
struct piece {
    struct ulid ticket;
    struct str queue;
};

struct look {
    struct redis *redis;
    const struct keyring *keys;
    struct arena *a;
    struct family family;
    bool nobody;           /* posts of bystanders */
    struct str root_heard; /* last_heard of the root as it was read */
    struct piece *pieces;
    size_t piece_count, event_count, event_room;
    struct silence_event *events;
    bool *open;
    int64_t heard_ms, told_ms;
};

static void add_event(struct look *l, enum silence_event_kind kind, size_t work, int64_t at_ms)
{
    if (l->event_count == l->event_room) {
        size_t room = l->event_room == 0 ? 64 : l->event_room * 2;
        struct silence_event *more = arena_array(l->a, struct silence_event, room);

        if (l->event_count > 0)
            memcpy(more, l->events, l->event_count * sizeof *more);
        l->events = more;
        l->event_room = room;
    }
    l->events[l->event_count++] = (struct silence_event){kind, work, at_ms};
}

static void later(int64_t *ms, struct str s)
{
    int64_t n;

    if (str_number(s, &n) && n > *ms)
        *ms = n;
}

static int newest_first(const void *x, const void *y)
{
    const struct ulid *a = x, *b = y;

    return memcmp(b->bytes, a->bytes, sizeof a->bytes);
}

/* The accounts, and the newest of their tickets. */
static enum err read_accounts(struct look *l, struct ulid **tickets, size_t *n)
{
    struct arena *a = l->a;
    struct redis_value *v;
    size_t count, room = 0;

    for (size_t i = 0; i < l->family.n; i++) {
        struct ulid acc = l->family.accounts[i];

        redis_add(
            l->redis, 5,
            (struct str[]){STR("HMGET"), account_key(a, acc), STR("last_heard"), STR("last_told"), STR("cluster")});
        redis_add(l->redis, 5,
                  (struct str[]){STR("ZRANGE"), key_in(a, partition_of(acc), "w", name_of(a, acc).at), STR("0"),
                                 str_int(a, SILENT_WORK_MAX - 1), STR("REV")});
    }

    enum err e = redis_flush(l->redis, a, &v, &count);

    *n = 0;
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < l->family.n; i++)
        room += v[2 * i + 1].count;
    *tickets = arena_array(a, struct ulid, room + 1);
    for (size_t i = 0; i < l->family.n; i++) {
        const struct redis_value *fields = &v[2 * i], *work = &v[2 * i + 1];

        if (fields->count == 3) {
            later(&l->heard_ms, fields->items[0].text);
            later(&l->told_ms, fields->items[1].text);
        }
        if (i == 0 && fields->count == 3) {
            l->root_heard = fields->items[0].text;
            l->nobody = fields->items[2].text.len > 0;
        }
        for (size_t k = 0; k < work->count; k++)
            *n += id_parse(ID_TICKET, work->items[k].text, &(*tickets)[*n]);
    }
    if (*n > 1)
        qsort(*tickets, *n, sizeof **tickets, newest_first);
    if (*n > SILENT_WORK_MAX)
        *n = SILENT_WORK_MAX;
    return ERR_OK;
}

static void add_history(struct look *l, size_t work, const struct happening *h, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (str_is(h[i].clock, "opened"))
            add_event(l, SILENCE_OPENED, work, h[i].at_ms);
        else if (str_is(h[i].clock, "reopened"))
            add_event(l, SILENCE_REOPENED, work, h[i].at_ms);
        else if (str_is(h[i].kind, "joined") || str_is(h[i].kind, "heard"))
            add_event(l, SILENCE_HEARD, work, h[i].at_ms);
        if (str_is(h[i].clock, "replied"))
            add_event(l, SILENCE_TOLD, work, h[i].at_ms);
        if (str_is(h[i].clock, "solved"))
            add_event(l, SILENCE_SETTLED, work, h[i].at_ms);
    }
}

/* What was put aside as spam is nobody's question; the words of what was emptied lie elsewhere. */
static bool counts(const struct redis_value *fields)
{
    return fields->count == 4 && fields->items[0].kind == REDIS_TEXT && !str_is(fields->items[1].text, "1") &&
           fields->items[2].text.len == 0;
}

static enum err read_work(struct look *l, const struct ulid *tickets, size_t n)
{
    struct arena *a = l->a;
    struct redis_value *v;
    size_t count;

    for (size_t i = 0; i < n; i++) {
        redis_add(l->redis, 6,
                  (struct str[]){STR("HMGET"), ticket_key(a, tickets[i]), STR("state"), STR("spam"), STR("emptied"),
                                 STR("queue")});
        history_queue_read(l->redis, a, tickets[i]);
    }

    enum err e = redis_flush(l->redis, a, &v, &count);

    l->pieces = arena_array(a, struct piece, n + 1);
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        struct happening *h;
        size_t happenings, work = l->piece_count;
        struct str state;

        if (!counts(&v[2 * i]) || history_load(a, &v[2 * i + 1], &h, &happenings) != ERR_OK || happenings == 0)
            continue;
        l->pieces[l->piece_count++] = (struct piece){tickets[i], v[2 * i].items[3].text};
        add_history(l, work, h, happenings);
        state = v[2 * i].items[0].text;
        if (str_is(state, "solved") || str_is(state, "closed")) /* however it came to that */
            add_event(l, SILENCE_SETTLED, work, h[happenings - 1].at_ms);
    }
    return e;
}

/* The promise that ends first, of the queues in which its work waits. */
static void ask_promises(const struct look *l, const struct rules *rules, int64_t now_ms, struct silent *out)
{
    for (size_t i = 0; i < l->piece_count; i++) {
        const struct rules_queue *q = rules_queue(rules, l->pieces[i].queue);
        const struct sla_event since = {SLA_OPENED, out->silence.since_ms};
        struct sla_policy p = {0};
        struct sla_verdict v;

        if (q == NULL || q->silence_ms == 0 || (out->silence.open > 0 && !l->open[i]))
            continue;
        p.calendar = q->policy.calendar;
        p.promise_ms[SLA_UPDATE] = q->silence_ms;
        if (sla_judge(&v, SLA_UPDATE, &p, &since, 1, now_ms, l->a) != ERR_OK ||
            (out->queue.len > 0 && v.due_ms >= out->clock.due_ms))
            continue;
        out->queue = str_of(arena_strdup(l->a, q->name));
        out->clock = v;
    }
}

static enum err look_at(struct look *l, const struct rules *rules, struct ulid account, int64_t now_ms,
                        struct silent *out)
{
    struct ulid *tickets;
    size_t n;
    enum err e = merge_family(l->redis, l->keys, l->a, account, &l->family);

    if (e == ERR_OK)
        e = read_accounts(l, &tickets, &n);
    if (e == ERR_OK)
        e = read_work(l, tickets, n);
    if (e != ERR_OK)
        return e;
    if (l->told_ms > 0)
        add_event(l, SILENCE_TOLD, 0, l->told_ms);
    l->open = arena_array(l->a, bool, l->piece_count + 1);
    *out = (struct silent){.account = l->family.accounts[0],
                           .queue = STR(""),
                           .heard_ms = l->heard_ms,
                           .told_ms = l->told_ms,
                           .tickets = l->piece_count};
    silence_judge(l->events, l->event_count, l->open, l->piece_count, &out->silence);
    out->silence.waits &= !l->nobody;
    if (out->silence.waits)
        ask_promises(l, rules, now_ms, out);
    return ERR_OK;
}

enum err silent_read(struct redis *r, const struct keyring *k, const struct rules *rules, struct arena *a,
                     struct ulid account, int64_t now_ms, struct silent *out)
{
    struct look l = {.redis = r, .keys = k, .a = a};

    return look_at(&l, rules, account, now_ms, out);
}

enum err silent_page(struct redis *r, struct arena *a, const struct queue_place *after, size_t max,
                     struct queue_place *out, size_t *n)
{
    return queue_page_of(r, a, "si", "", ID_ACCOUNT, after, max, out, n);
}

/* ---- the index ---- */

/* The root's entry; where somebody of it was heard meanwhile, a later turn looks again (ERR_CONFLICT). */
static enum err write_entry(const struct look *l, const struct silent *s)
{
    struct change *c = change_begin(l->a);
    struct str key = index_key(l->a, s->account), name = name_of(l->a, s->account);

    if (s->silence.waits)
        change_zadd(c, key, s->silence.since_ms, name);
    else
        change_zrem(c, key, name);
    change_holds(c, account_key(l->a, s->account), "last_heard", l->root_heard.at == NULL ? STR("") : l->root_heard);
    return change_run(l->redis, l->a, c, STR(""), STR(""), STR(""), NULL);
}

/* Z3 */
static enum err drop_members(const struct look *l)
{
    struct redis_value *v;
    size_t n;

    if (l->family.n < 2)
        return ERR_OK;
    for (size_t i = 1; i < l->family.n; i++)
        redis_add(
            l->redis, 3,
            (struct str[]){STR("ZREM"), index_key(l->a, l->family.accounts[i]), name_of(l->a, l->family.accounts[i])});
    return redis_flush(l->redis, l->a, &v, &n);
}

enum err silent_settle(struct redis *r, const struct keyring *k, const struct rules *rules, struct arena *a,
                       struct ulid account, int64_t now_ms)
{
    struct look l = {.redis = r, .keys = k, .a = a};
    struct silent s;
    enum err e = look_at(&l, rules, account, now_ms, &s);

    if (e == ERR_OK)
        e = write_entry(&l, &s);
    return e == ERR_OK ? drop_members(&l) : e;
}

/* The mark goes unless it was set anew meanwhile. */
static enum err forget_mark(struct redis *r, struct arena *a, unsigned partition, struct str name, struct str mark)
{
    struct change *c = change_begin(a);
    enum err e;

    change_add(c, 3, (struct str[]){STR("HDEL"), marks_key(a, partition), name});
    change_holds(c, marks_key(a, partition), name.at, mark);
    e = change_run(r, a, c, STR(""), STR(""), STR(""), NULL);
    return e == ERR_CONFLICT ? ERR_OK : e;
}

enum err silent_turn(struct redis *r, const struct keyring *k, const struct rules *rules, struct arena *a,
                     int64_t now_ms, size_t *n)
{
    struct redis_value *v;
    size_t count;

    *n = 0;
    for (unsigned p = 0; p < PARTITIONS; p++)
        redis_add(r, 5, (struct str[]){STR("HSCAN"), marks_key(a, p), STR("0"), STR("COUNT"), str_int(a, SILENT_TURN)});

    enum err e = redis_flush(r, a, &v, &count);

    for (unsigned p = 0; e == ERR_OK && p < count; p++) {
        const struct redis_value *marks = v[p].count == 2 ? &v[p].items[1] : NULL;

        for (size_t i = 0; marks != NULL && e == ERR_OK && i + 1 < marks->count && *n < SILENT_TURN; i += 2, (*n)++) {
            struct str name = marks->items[i].text;
            struct ulid account;

            if (id_parse(ID_ACCOUNT, name, &account))
                e = silent_settle(r, k, rules, a, account, now_ms);
            if (e == ERR_OK || e == ERR_CORRUPT || e == ERR_ABSENT) {
                if (e != ERR_OK)
                    log_error("silence_not_read", "account=%s why=%s", name.at, err_name(e));
                e = forget_mark(r, a, p, name, marks->items[i + 1].text);
            } else if (e == ERR_CONFLICT) {
                e = ERR_OK;
            }
        }
    }
    return e;
}
