#include "queues/attach.h"

#include "queues/keys.h"
#include "rules/base/arena.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- a person ---- */

static void add(struct person *p, struct str identity)
{
    for (size_t i = 0; i < p->n; i++)
        if (str_equal(p->is[i], identity))
            return;
    if (p->n < PERSON_IDENTITIES_MAX)
        p->is[p->n++] = identity;
}

void person_add(struct person *p, struct arena *a, char kind, struct str value)
{
    add(p, str_of(arena_printf(a, "%c%s", kind, str_copy(a, value))));
}

void person_add_site(struct person *p, struct arena *a, struct str incident, struct str site_key)
{
    person_add(p, a, 's', str_of(arena_printf(a, "%s|%s", str_copy(a, incident), str_copy(a, site_key))));
}

struct str person_print(const struct person *p, struct arena *a)
{
    struct buf b = {0};

    for (size_t i = 0; i < p->n; i++) {
        if (i > 0)
            buf_char(&b, ' ');
        buf_str(&b, p->is[i]);
    }

    struct str all = {str_copy(a, buf_view(&b)), b.len};

    buf_free(&b);
    return all;
}

void person_parse(struct str s, struct arena *a, struct person *out)
{
    *out = (struct person){0};
    while (s.len > 0) {
        struct str one = str_cut(&s, ' ');

        if (one.len > 1)
            add(out, str_of(str_copy(a, one)));
    }
}

/* ---- open work ---- */

struct str open_work_key(struct arena *a, struct ulid account)
{
    return key_in(a, partition_of(account), "o", id_print(ID_ACCOUNT, account).at);
}

static const char *field_of(struct arena *a, struct str identity)
{
    return arena_printf(a, "p:%s", identity.at);
}

void open_work_queue_read(struct redis *r, struct arena *a, struct ulid account, const struct person *p)
{
    struct str argv[PERSON_IDENTITIES_MAX + 2] = {STR("HMGET"), open_work_key(a, account)};

    for (size_t i = 0; i < p->n; i++)
        argv[i + 2] = str_of(field_of(a, p->is[i]));
    redis_add(r, p->n + 2, argv);
}

bool open_work_ticket(struct str value, struct ulid *ticket)
{
    return id_parse(ID_TICKET, str_cut(&value, ' '), ticket);
}

bool open_work_parse(struct str identity, struct str value, int64_t at_ms, struct ulid *ticket)
{
    struct str id = str_cut(&value, ' ');
    bool lasts = str_starts(identity, "s");
    struct ulid found;
    int64_t heard;

    if (!id_parse(ID_TICKET, id, &found) || !str_number(value, &heard) || (!lasts && llabs(at_ms - heard) > ATTACH_MS))
        return false;
    *ticket = found;
    return true;
}

void change_open_work_holds(struct change *c, struct ulid account, const struct person *p, const struct str *held)
{
    struct str key = open_work_key(c->arena, account);

    for (size_t i = 0; i < p->n; i++)
        change_holds(c, key, field_of(c->arena, p->is[i]), held[i]);
}

void change_open_work_set(struct change *c, struct ulid account, const struct person *p, struct ulid ticket,
                          int64_t at_ms, int64_t now_ms)
{
    struct arena *a = c->arena;
    struct str key = open_work_key(a, account);
    struct str value = str_of(arena_printf(a, "%s %" PRId64, id_print(ID_TICKET, ticket).at, at_ms));

    for (size_t i = 0; i < p->n; i++)
        change_hset(c, key, field_of(a, p->is[i]), value);
    if (p->n > 0)
        change_add(c, 4, (struct str[]){STR("PRUNE"), key, str_int(a, now_ms - ATTACH_MS), str_int(a, now_ms)});
}

void change_open_work_set_new(struct change *c, struct ulid account, const struct person *p, struct ulid ticket,
                              int64_t at_ms)
{
    struct arena *a = c->arena;
    struct str key = open_work_key(a, account);
    struct str value = str_of(arena_printf(a, "%s %" PRId64, id_print(ID_TICKET, ticket).at, at_ms));

    for (size_t i = 0; i < p->n; i++)
        change_add(c, 4, (struct str[]){STR("HSETNEW"), key, str_of(field_of(a, p->is[i])), value});
}

/* ---- what a ticket says of its participants ---- */

static const char *participant_field(struct arena *a, const char *name, struct ulid participant)
{
    return arena_printf(a, "%s:%s", name, id_print(ID_PARTICIPANT, participant).at);
}

void change_participant_home(struct change *c, struct ulid ticket, struct ulid account, struct ulid participant,
                             const struct person *p, struct ulid home)
{
    struct arena *a = c->arena;
    struct str key = ticket_key(a, ticket), id = str_of(arena_strdup(a, id_print(ID_TICKET, ticket).at));

    if (p->n > 0)
        change_hset(c, key, participant_field(a, "id", participant), person_print(p, a));
    if (ulid_equal(home, account))
        return;
    change_hset(c, key, participant_field(a, "hm", participant),
                str_of(arena_strdup(a, id_print(ID_ACCOUNT, home).at)));
    change_add(
        c, 3,
        (struct str[]){STR("SADD"), key_in(a, ulid_partition(ticket), "gu", id_print(ID_ACCOUNT, account).at), id});
}

struct ulid ticket_home(const struct ticket *t, struct arena *a, struct ulid participant)
{
    struct ulid home;

    return id_parse(ID_ACCOUNT, redis_field(t->fields, participant_field(a, "hm", participant)), &home) ? home
                                                                                                        : t->account;
}

void ticket_person(const struct ticket *t, struct arena *a, struct ulid participant, struct person *out)
{
    person_parse(redis_field(t->fields, participant_field(a, "id", participant)), a, out);
}

bool ticket_has(const struct ticket *t, struct arena *a, struct ulid participant)
{
    return redis_field(t->fields, participant_field(a, "lv", participant)).at != NULL;
}

bool ticket_is_cluster(const struct ticket *t)
{
    return str_is(redis_field(t->fields, "cluster"), "1");
}

bool ticket_is_spam(const struct ticket *t)
{
    return str_is(redis_field(t->fields, "spam"), "1");
}

bool ticket_is_open(const struct ticket *t)
{
    return !str_is(t->state, "solved") && !str_is(t->state, "closed") && !ticket_is_spam(t);
}
