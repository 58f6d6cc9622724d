#include "queues/hook.h"

#include "queues/clock.h"
#include "queues/hook_receiver.h"
#include "queues/keys.h"
#include "queues/log.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_MS "604800000" /* 7 days: longer than anybody is told */

static const char *const kinds[] = {
#define X(name, word) [HOOK_##name] = word,
    HOOK_KIND_LIST(X)
#undef X
};

const char *hook_kind_name(enum hook_kind kind)
{
    return kinds[kind];
}

bool hook_kind_parse(struct str s, enum hook_kind *out)
{
    for (int i = 0; i < HOOK_KINDS; i++)
        if (str_is(s, kinds[i])) {
            *out = (enum hook_kind)i;
            return true;
        }
    return false;
}

static const char *event_name(struct arena *a, struct ulid id)
{
    return arena_strdup(a, id_print(ID_EVENT, id).at);
}

static struct str event_key(struct arena *a, struct ulid id)
{
    return key_in(a, ulid_partition(id), "he", event_name(a, id));
}

static struct str receiver_key(struct arena *a, const char *room, struct ulid receiver)
{
    return key_at(a, room, id_print(ID_HOOK, receiver).at);
}

static struct str tries_field(struct arena *a, struct ulid event)
{
    return str_of(arena_printf(a, "t:%s", event_name(a, event)));
}

/* ---- an event ---- */

/* The partition that the first command of a change is about: its key begins "{pN}". */
static unsigned partition_of_change(const struct change *c)
{
    assert(c->n > 2 && str_starts(c->words[2], "{p"));

    unsigned long p = strtoul(c->words[2].at + 2, NULL, 10);

    assert(p < PARTITIONS);
    return (unsigned)p;
}

static struct str print_body(struct arena *a, enum hook_kind kind, int64_t at_ms, struct str data)
{
    return str_of(arena_printf(a, "{\"type\":\"%s\",\"timestamp\":\"%s\",\"data\":%.*s}", kinds[kind],
                               stamp_print(at_ms).at, (int)data.len, data.at));
}

static void change_event(struct change *c, const struct keyring *k, struct ulid id, enum hook_kind kind,
                         struct str data)
{
    struct arena *a = c->arena;
    struct str body = print_body(a, kind, ulid_time_ms(id), data), key = event_key(a, id);

    assert(data.len <= HOOK_DATA_MAX);
    change_hset(c, key, "kind", str_of(kinds[kind]));
    change_hset(c, key, "sealed", seal(k, a, body, str_of(event_name(a, id))));
}

void change_hook(struct change *c, const struct keyring *k, enum hook_kind kind, struct str data)
{
    unsigned partition = partition_of_change(c);
    struct ulid id = ulid_in(ulid_fresh(), partition);

    change_event(c, k, id, kind, data);
    change_zadd(c, key_in(c->arena, partition, "hk", ""), ulid_time_ms(id), str_of(event_name(c->arena, id)));
}

enum err hook_body(struct redis *r, const struct keyring *k, struct arena *a, struct ulid event, struct str *body)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 3, (struct str[]){STR("HGET"), event_key(a, event), STR("sealed")});

    if (e != ERR_OK)
        return e;
    if (v.kind != REDIS_TEXT)
        return ERR_ABSENT;
    return unseal(k, a, v.text, str_of(event_name(a, event)), body) == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

/* ---- handing out ---- */

static enum err read_fresh(struct redis *r, struct arena *a, struct hook_event *out, size_t *n)
{
    struct redis_value *v;
    size_t count;

    for (unsigned p = 0; p < PARTITIONS; p++)
        redis_add(r, 4,
                  (struct str[]){STR("ZRANGE"), key_in(a, p, "hk", ""), STR("0"), str_int(a, HOOK_HAND_OUT_MAX - 1)});

    enum err e = redis_flush(r, a, &v, &count);

    *n = 0;
    for (size_t p = 0; e == ERR_OK && p < count; p++)
        for (size_t i = 0; i < v[p].count && *n < HOOK_HAND_OUT_MAX; i++)
            *n += id_parse(ID_EVENT, v[p].items[i].text, &out[*n].id);
    return e;
}

/* What is not known any more is told to everybody. */
static enum err read_kinds(struct redis *r, struct arena *a, struct hook_event *events, size_t n)
{
    struct redis_value *v;
    size_t count;

    for (size_t i = 0; i < n; i++)
        redis_add(r, 3, (struct str[]){STR("HGET"), event_key(a, events[i].id), STR("kind")});

    enum err e = redis_flush(r, a, &v, &count);

    for (size_t i = 0; e == ERR_OK && i < n; i++)
        if (!hook_kind_parse(v[i].text, &events[i].kind))
            events[i].kind = HOOK_TEST;
    return e;
}

/* Which receivers have room for n more. */
static enum err find_room(struct redis *r, struct arena *a, const struct hook_receivers *all, size_t n,
                          bool room[HOOK_RECEIVERS_MAX])
{
    struct redis_value *v;
    size_t count;

    for (size_t i = 0; i < all->n; i++)
        redis_add(r, 2, (struct str[]){STR("ZCARD"), receiver_key(a, "hq", all->at[i].id)});

    enum err e = redis_flush(r, a, &v, &count);

    for (size_t i = 0; e == ERR_OK && i < all->n; i++)
        room[i] = v[i].integer + (int64_t)n <= HOOK_WAITING_MAX;
    return e;
}

static void queue_for(struct redis *r, struct arena *a, const struct hook_receiver *to, const struct hook_event *ev,
                      bool room, int64_t now_ms)
{
    struct str key = receiver_key(a, "hq", to->id), name = str_of(event_name(a, ev->id));

    if (!room) {
        redis_add(r, 4, (struct str[]){STR("HINCRBY"), receiver_key(a, "hs", to->id), STR("dropped"), STR("1")});
        log_error("hook_dropped", "hook=%s event=%s", id_print(ID_HOOK, to->id).at, name.at);
        return;
    }
    redis_add(r, 5, (struct str[]){STR("ZADD"), key, STR("NX"), str_int(a, now_ms), name});
    redis_add(r, 3, (struct str[]){STR("PEXPIRE"), key, STR(KEPT_MS)});
}

static enum err all_good(struct redis *r, struct arena *a)
{
    struct redis_value *v;
    size_t count;
    enum err e = redis_flush(r, a, &v, &count);

    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = redis_value_err(r, &v[i]);
    return e;
}

/* They lie with the receivers: here they are needed for their bodies only. */
static enum err forget_fresh(struct redis *r, struct arena *a, const struct hook_event *events, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct ulid id = events[i].id;

        redis_add(r, 3, (struct str[]){STR("PEXPIRE"), event_key(a, id), STR(KEPT_MS)});
        redis_add(r, 3,
                  (struct str[]){STR("ZREM"), key_in(a, ulid_partition(id), "hk", ""), str_of(event_name(a, id))});
    }
    return all_good(r, a);
}

enum err hooks_hand_out(struct redis *r, struct arena *a, const struct hook_receivers *all, int64_t now_ms, size_t *n)
{
    struct hook_event events[HOOK_HAND_OUT_MAX];
    bool room[HOOK_RECEIVERS_MAX] = {false};
    enum err e = read_fresh(r, a, events, n);

    if (e != ERR_OK || *n == 0)
        return e;
    e = read_kinds(r, a, events, *n);
    if (e == ERR_OK)
        e = find_room(r, a, all, *n, room);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < *n; i++)
        for (size_t j = 0; j < all->n; j++)
            if (!all->at[j].off && all->at[j].kinds >> events[i].kind & 1)
                queue_for(r, a, &all->at[j], &events[i], room[j], now_ms);
    e = all_good(r, a);
    return e == ERR_OK ? forget_fresh(r, a, events, *n) : e;
}

/* ---- one receiver's queue ---- */

static enum err load_tries(struct redis *r, struct arena *a, struct ulid receiver, struct hook_due *out, size_t n)
{
    struct str *argv = arena_array(a, struct str, n + 2);
    struct redis_value v;

    argv[0] = STR("HMGET");
    argv[1] = receiver_key(a, "hs", receiver);
    for (size_t i = 0; i < n; i++)
        argv[i + 2] = tries_field(a, out[i].event);

    enum err e = redis_do(r, a, &v, n + 2, argv);

    for (size_t i = 0; e == ERR_OK && i < n; i++)
        out[i].tries = v.items[i].text.at == NULL ? 0 : atoi(v.items[i].text.at);
    return e;
}

enum err hooks_due(struct redis *r, struct arena *a, struct ulid receiver, size_t max, struct hook_due *out, size_t *n,
                   int64_t *waiting)
{
    struct redis_value *v;
    struct str key = receiver_key(a, "hq", receiver);
    size_t count;

    redis_add(r, 5, (struct str[]){STR("ZRANGE"), key, STR("0"), str_int(a, (int64_t)max - 1), STR("WITHSCORES")});
    redis_add(r, 2, (struct str[]){STR("ZCARD"), key});

    enum err e = redis_flush(r, a, &v, &count);

    *n = 0;
    if (e != ERR_OK)
        return e;
    *waiting = v[1].integer;
    for (size_t i = 0; i + 1 < v[0].count; i += 2)
        if (id_parse(ID_EVENT, v[0].items[i].text, &out[*n].event))
            out[(*n)++].at_ms = strtoll(v[0].items[i + 1].text.at, NULL, 10);
    return *n == 0 ? ERR_OK : load_tries(r, a, receiver, out, *n);
}

/* Counts and moments live as long as something happens. */
static void count(struct change *c, struct ulid receiver, const char *field)
{
    struct str key = receiver_key(c->arena, "hs", receiver);

    change_add(c, 4, (struct str[]){STR("HINCRBY"), key, str_of(field), STR("1")});
}

static void over(struct change *c, struct ulid receiver, struct ulid event)
{
    struct arena *a = c->arena;

    change_zrem(c, receiver_key(a, "hq", receiver), str_of(event_name(a, event)));
    change_add(c, 3, (struct str[]){STR("HDEL"), receiver_key(a, "hs", receiver), tries_field(a, event)});
}

enum err hook_told(struct redis *r, struct arena *a, struct ulid receiver, struct ulid event, int64_t at_ms)
{
    struct change *c = change_begin(a);
    struct str state = receiver_key(a, "hs", receiver);

    over(c, receiver, event);
    count(c, receiver, "told");
    change_hset_int(c, state, "row", 0);
    change_hset_int(c, state, "ok_ms", at_ms);
    return change_run(r, a, c, STR(""), STR(""), STR(""), NULL);
}

enum err hook_failed(struct redis *r, struct arena *a, struct ulid receiver, struct ulid event, int64_t at_ms,
                     int64_t again_ms, const char *why)
{
    struct change *c = change_begin(a);
    struct str state = receiver_key(a, "hs", receiver);

    if (again_ms == 0) {
        over(c, receiver, event);
        count(c, receiver, "given_up");
    } else {
        change_add(c, 5,
                   (struct str[]){STR("ZADD"), receiver_key(a, "hq", receiver), STR("XX"), str_int(a, again_ms),
                                  str_of(event_name(a, event))});
        change_add(c, 4, (struct str[]){STR("HINCRBY"), state, tries_field(a, event), STR("1")});
    }
    count(c, receiver, "failed");
    count(c, receiver, "row");
    change_hset_int(c, state, "fail_ms", at_ms);
    change_hset(c, state, "why", str_of(why));
    return change_run(r, a, c, STR(""), STR(""), STR(""), NULL);
}

int64_t hook_again_ms(int tries, unsigned dice)
{
    static const int64_t waits_s[] = {5, 15, 60, 5 * 60, 15 * 60, 30 * 60, 3600, 2 * 3600, 4 * 3600, 6 * 3600};
    enum { WAITS = sizeof waits_s / sizeof waits_s[0] };
    int64_t wait_ms;

    assert(tries >= 1 && dice < 1000);
    wait_ms = waits_s[tries <= WAITS ? tries - 1 : WAITS - 1] * 1000;
    return wait_ms * 9 / 10 + wait_ms / 5 * dice / 1000;
}

/* ---- looking ---- */

static int64_t number(const struct redis_value *v, const char *field)
{
    struct str s = redis_field(v, field);

    return s.at == NULL ? 0 : strtoll(s.at, NULL, 10);
}

enum err hook_states(struct redis *r, struct arena *a, const struct hook_receivers *all, struct hook_state *out)
{
    struct redis_value *v;
    size_t count_of;

    if (all->n == 0)
        return ERR_OK;
    for (size_t i = 0; i < all->n; i++) {
        redis_add(r, 2, (struct str[]){STR("ZCARD"), receiver_key(a, "hq", all->at[i].id)});
        redis_add(r, 2, (struct str[]){STR("HGETALL"), receiver_key(a, "hs", all->at[i].id)});
    }

    enum err e = redis_flush(r, a, &v, &count_of);

    for (size_t i = 0; e == ERR_OK && i < all->n; i++) {
        const struct redis_value *s = &v[2 * i + 1];

        out[i] = (struct hook_state){.waiting = v[2 * i].integer,
                                     .told = number(s, "told"),
                                     .failed = number(s, "failed"),
                                     .given_up = number(s, "given_up"),
                                     .dropped = number(s, "dropped"),
                                     .in_a_row = number(s, "row"),
                                     .ok_ms = number(s, "ok_ms"),
                                     .fail_ms = number(s, "fail_ms"),
                                     .why = redis_field(s, "why")};
    }
    return e;
}

enum err hook_test(struct redis *r, const struct keyring *k, struct arena *a, const struct hook_receiver *to,
                   int64_t now_ms, struct ulid *event)
{
    struct change *c = change_begin(a);
    struct ulid id = ulid_fresh();
    struct buf d = {0};

    doc_flat_text(&d, "receiver", str_of(to->name));
    change_event(c, k, id, HOOK_TEST, doc_flat_print(&d, a));
    change_add(c, 3, (struct str[]){STR("PEXPIRE"), event_key(a, id), STR(KEPT_MS)});
    buf_free(&d);

    enum err e = change_run(r, a, c, STR(""), STR(""), STR(""), NULL);

    if (e == ERR_OK)
        e = redis_do(
            r, a, NULL, 4,
            (struct str[]){STR("ZADD"), receiver_key(a, "hq", to->id), str_int(a, now_ms), str_of(event_name(a, id))});
    if (e == ERR_OK)
        *event = id;
    return e;
}

enum err hook_tries(struct redis *r, struct arena *a, struct ulid receiver, struct ulid event, int *tries)
{
    struct redis_value *v;
    size_t n;

    redis_add(r, 3, (struct str[]){STR("ZSCORE"), receiver_key(a, "hq", receiver), str_of(event_name(a, event))});
    redis_add(r, 3, (struct str[]){STR("HGET"), receiver_key(a, "hs", receiver), tries_field(a, event)});

    enum err e = redis_flush(r, a, &v, &n);

    if (e == ERR_OK)
        *tries = v[0].kind == REDIS_NIL ? -1 : v[1].text.at == NULL ? 0 : atoi(v[1].text.at);
    return e;
}
