#include "queues/outbox.h"

#include "queues/flow.h"
#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <inttypes.h>
#include <stdlib.h>

static const char *const rooms[] = {"ob0", "ob1"}; /* codes, all others */
static const char *const kinds[] = {[OUTBOX_CODE] = "code",
                                    [OUTBOX_REPLY] = "reply",
                                    [OUTBOX_VOUCH] = "vouch",
                                    [OUTBOX_VETO] = "veto",
                                    [OUTBOX_ACK] = "ack"};

enum { LOOK = 8 }; /* mails of one partition that are looked at together */
#define LOOK_LAST     "7"
#define ENDED_LIFE_MS "7776000000" /* 90 days */

#define DAY_MS      "86400000"
#define WEEK_MS     "604800000"
#define ACKS_A_WEEK "3"

enum { ROOMS = sizeof rooms / sizeof rooms[0], KINDS = sizeof kinds / sizeof kinds[0] };

static const char *room_of(enum outbox_kind kind)
{
    return rooms[kind == OUTBOX_CODE ? 0 : 1];
}

/* What is not known any more is treated as what is sent to people. */
static enum outbox_kind kind_parse(struct str s)
{
    for (int i = 0; i < KINDS; i++)
        if (str_is(s, kinds[i]))
            return (enum outbox_kind)i;
    return OUTBOX_REPLY;
}

static struct str mail_key(struct arena *a, struct ulid id)
{
    return key_in(a, ulid_partition(id), "d", id_print(ID_MAIL, id).at);
}

static struct str mail_name(struct arena *a, struct ulid id)
{
    return str_of(arena_strdup(a, id_print(ID_MAIL, id).at));
}

static struct str mail_print(const struct outbox_mail *m, struct arena *a)
{
    struct buf d = {0};

    doc_flat_text(&d, "kind", str_of(kinds[m->kind]));
    doc_flat_bool(&d, "silent", m->silent);
    doc_flat_text(&d, "to", m->to);
    doc_flat_text(&d, "language", m->language);
    doc_flat_int(&d, "reference", (int64_t)m->reference);
    doc_flat_text(&d, "ticket", str_of(id_print(ID_TICKET, m->ticket).at));
    doc_flat_text(&d, "participant", str_of(id_print(ID_PARTICIPANT, m->participant).at));
    doc_flat_text(&d, "message", str_of(id_print(ID_MESSAGE, m->message).at));
    doc_flat_int(&d, "asked", m->asked_ms);
    doc_flat_int(&d, "ends", m->ends_ms);
    doc_flat_text(&d, "code", m->code);
    doc_flat_text(&d, "flow", m->flow);
    doc_flat_int(&d, "generation", m->generation);
    doc_flat_text(&d, "text", m->text);
    doc_flat_text(&d, "author", m->author);
    doc_flat_text(&d, "in_reply_to", m->in_reply_to);
    doc_flat_text(&d, "references", m->references);
    doc_flat_text(&d, "subject", m->subject);

    struct str text = doc_flat_print(&d, a);

    buf_free(&d);
    return text;
}

void change_mail(struct change *c, const struct keyring *k, const struct outbox_mail *m)
{
    struct arena *a = c->arena;
    struct str name = mail_name(a, m->id), key = mail_key(a, m->id);

    change_add(c, 12,
               (struct str[]){STR("HSET"), key, STR("state"), STR("queued"), STR("tries"), STR("0"), STR("ends"),
                              str_int(a, m->ends_ms), STR("at"), str_int(a, m->asked_ms), STR("sealed"),
                              seal(k, a, mail_print(m, a), name)});
    change_zadd(c, key_in(a, ulid_partition(m->id), room_of(m->kind), ""), m->asked_ms, name);
}

static struct str keep(struct arena *a, const struct doc *d, const char *name)
{
    struct str s = doc_get_text(d, name);

    return (struct str){str_copy(a, s), s.len};
}

static enum err mail_load(const struct keyring *k, struct arena *a, struct ulid id, const struct redis_value *v,
                          struct outbox_mail *out)
{
    struct outbox_mail m = {.id = id};
    struct str plain;
    struct doc *d;

    if (unseal(k, a, redis_field(v, "sealed"), mail_name(a, id), &plain) != ERR_OK ||
        doc_parse(&d, plain, NULL, 0) != ERR_OK)
        return ERR_CORRUPT;
    m.kind = kind_parse(doc_get_text(d, "kind"));
    m.silent = doc_get_bool(d, "silent", false);
    m.to = keep(a, d, "to");
    m.language = keep(a, d, "language");
    m.reference = (uint64_t)doc_get_int(d, "reference", 0);
    (void)id_parse(ID_TICKET, doc_get_text(d, "ticket"), &m.ticket);
    (void)id_parse(ID_PARTICIPANT, doc_get_text(d, "participant"), &m.participant);
    (void)id_parse(ID_MESSAGE, doc_get_text(d, "message"), &m.message);
    m.asked_ms = doc_get_int(d, "asked", 0);
    m.ends_ms = doc_get_int(d, "ends", 0);
    m.code = keep(a, d, "code");
    m.flow = keep(a, d, "flow");
    m.generation = (int)doc_get_int(d, "generation", 0);
    m.text = keep(a, d, "text");
    m.author = keep(a, d, "author");
    m.in_reply_to = keep(a, d, "in_reply_to");
    m.references = keep(a, d, "references");
    m.subject = keep(a, d, "subject");
    doc_close(d);

    struct str tries = redis_field(v, "tries");

    m.tries = tries.at == NULL ? 0 : atoi(tries.at);
    *out = m;
    return ERR_OK;
}

/* A mail that waits, and since when. */
struct waiting {
    struct ulid id;
    int64_t at_ms;
};

static int waiting_order(const void *x, const void *y)
{
    const struct waiting *a = x, *b = y;

    return a->at_ms < b->at_ms ? -1 : a->at_ms > b->at_ms;
}

/* The first few of each partition: with all of a long queue read each time, each mail would cost the whole of it. */
static void ask_room(struct redis *r, struct arena *a, const char *room, uint64_t partitions)
{
    for (unsigned p = 0; p < PARTITIONS; p++)
        if (partitions >> p & 1)
            redis_add(
                r, 5,
                (struct str[]){STR("ZRANGE"), key_in(a, p, room, ""), STR("0"), STR(LOOK_LAST), STR("WITHSCORES")});
}

/* Ids due in one room, the longest waiting first, at most max; soonest: the next time of one that is not due. */
static enum err room_due(struct redis *r, struct arena *a, const char *room, uint64_t partitions, int64_t now_ms,
                         size_t max, struct ulid *ids, size_t *n, int64_t *soonest)
{
    struct waiting *due = arena_array(a, struct waiting, PARTITIONS * LOOK);
    struct redis_value *v;
    size_t count, found = 0;

    ask_room(r, a, room, partitions);

    enum err e = redis_flush(r, a, &v, &count);

    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j + 1 < v[i].count; j += 2) {
            struct waiting *w = &due[found];

            w->at_ms = strtoll(v[i].items[j + 1].text.at, NULL, 10);
            if (w->at_ms > now_ms) {
                *soonest = w->at_ms < *soonest ? w->at_ms : *soonest;
                break;
            }
            found += id_parse(ID_MAIL, v[i].items[j].text, &w->id);
        }
    qsort(due, found, sizeof *due, waiting_order);
    for (size_t i = 0; i < found && *n < max; i++)
        ids[(*n)++] = due[i].id;
    return ERR_OK;
}

enum err outbox_due(struct redis *r, const struct keyring *k, struct arena *a, uint64_t partitions, int64_t now_ms,
                    size_t max, struct outbox_mail *mails, size_t *n, int64_t *wait_ms)
{
    struct ulid *ids = arena_array(a, struct ulid, max);
    int64_t soonest = INT64_MAX;
    size_t found = 0, count;
    struct redis_value *v;

    for (int room = 0; room < ROOMS && found < max; room++) {
        enum err e = room_due(r, a, rooms[room], partitions, now_ms, max, ids, &found, &soonest);

        if (e != ERR_OK)
            return e;
    }
    *n = 0;
    *wait_ms = soonest == INT64_MAX ? -1 : soonest - now_ms;
    if (found == 0)
        return ERR_OK;
    for (size_t i = 0; i < found; i++)
        redis_add(r, 2, (struct str[]){STR("HGETALL"), mail_key(a, ids[i])});

    enum err e = redis_flush(r, a, &v, &count);

    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < found; i++)
        if (mail_load(k, a, ids[i], &v[i], &mails[*n]) == ERR_OK)
            (*n)++;
        else if ((e = outbox_failed(r, k, a, ids[i], true, now_ms, 0)) != ERR_OK)
            return e;
    return ERR_OK;
}

/* Out of the queues; its hash says how it ended. */
static void take_out(struct change *c, struct ulid id, const char *state, int64_t at_ms)
{
    struct arena *a = c->arena;
    struct str name = mail_name(a, id);

    change_hset(c, mail_key(a, id), "state", str_of(state));
    change_hset_int(c, mail_key(a, id), "at", at_ms);
    /* What it said is not needed any more, how it went is for a while. */
    change_add(c, 3, (struct str[]){STR("HDEL"), mail_key(a, id), STR("sealed")});
    change_add(c, 3, (struct str[]){STR("PEXPIRE"), mail_key(a, id), STR(ENDED_LIFE_MS)});
    for (int room = 0; room < ROOMS; room++)
        change_zrem(c, key_in(a, ulid_partition(id), rooms[room], ""), name);
}

static struct change *taken_out(struct arena *a, struct ulid id, const char *state, int64_t at_ms)
{
    struct change *c = change_begin(a);

    take_out(c, id, state, at_ms);
    return c;
}

static enum err mail_read(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id,
                          struct outbox_mail *out)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), mail_key(a, id)});

    if (e != ERR_OK)
        return e;
    return redis_field(&v, "sealed").at == NULL ? ERR_ABSENT : mail_load(k, a, id, &v, out);
}

/* O5. A mail that nobody sends back (an acknowledgement has the null return path) needs none. */
static void keep_about(struct change *c, const struct keyring *k, const struct outbox_mail *m)
{
    struct arena *a = c->arena;
    struct buf d = {0};

    if (m->kind == OUTBOX_ACK)
        return;
    doc_flat_text(&d, "kind", str_of(kinds[m->kind]));
    doc_flat_text(&d, "to", m->to);
    doc_flat_text(&d, "ticket", str_of(id_print(ID_TICKET, m->ticket).at));
    doc_flat_text(&d, "participant", str_of(id_print(ID_PARTICIPANT, m->participant).at));
    doc_flat_text(&d, "message", str_of(id_print(ID_MESSAGE, m->message).at));
    change_hset(c, mail_key(a, m->id), "about", seal(k, a, doc_flat_print(&d, a), mail_name(a, m->id)));
    buf_free(&d);
}

enum err outbox_sent(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, int64_t at_ms)
{
    struct outbox_mail m;
    enum err e = mail_read(r, k, a, id, &m);

    if (e != ERR_OK)
        return e == ERR_ABSENT ? ERR_OK : e;

    struct change *c = taken_out(a, id, "sent", at_ms);

    keep_about(c, k, &m);
    if (m.kind == OUTBOX_CODE && m.flow.len > 0) {
        int64_t ends = at_ms + FLOW_SENT_LIFE_MS < m.ends_ms ? at_ms + FLOW_SENT_LIFE_MS : m.ends_ms;

        /* A repeat of the same code does not renew its life: the first acceptance counts. */
        change_add(c, 5,
                   (struct str[]){STR("FIRST"), m.flow, str_int(a, m.generation), str_int(a, at_ms), str_int(a, ends)});
    }
    return change_run(r, a, c, STR(""), STR(""), STR(""), NULL);
}

enum err outbox_release(struct redis *r, struct arena *a, const struct outbox_mail *m)
{
    struct redis_value v;
    enum err e = redis_run(r, a, &v, SCRIPT_RELEASE, 1, 2,
                           (struct str[]){m->flow, str_of(arena_printf(a, "%d", m->generation))});

    return e == ERR_OK && v.integer != 1 ? ERR_GONE : e;
}

enum err outbox_put_off(struct redis *r, struct arena *a, const struct outbox_mail *m, int64_t at_ms)
{
    struct str at = str_of(arena_printf(a, "%" PRId64, at_ms));

    /* XX: it may have gone out of the queue meanwhile. */
    return redis_do(r, a, NULL, 5,
                    (struct str[]){STR("ZADD"), key_in(a, ulid_partition(m->id), room_of(m->kind), ""), STR("XX"), at,
                                   mail_name(a, m->id)});
}

enum err outbox_failed(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, bool final,
                       int64_t at_ms, int64_t retry_ms)
{
    struct outbox_mail m;
    struct change *c;

    (void)k;
    if (final) {
        c = taken_out(a, id, "failed", at_ms);
    } else {
        enum err e = mail_read(r, k, a, id, &m);

        if (e != ERR_OK)
            return e == ERR_ABSENT ? ERR_OK : e;
        c = change_begin(a);
        change_hset_int(c, mail_key(a, id), "tries", m.tries + 1);
        change_hset_int(c, mail_key(a, id), "at", at_ms);
        change_zadd(c, key_in(a, ulid_partition(id), room_of(m.kind), ""), retry_ms, mail_name(a, id));
    }
    return change_run(r, a, c, STR(""), STR(""), STR(""), NULL);
}

enum err outbox_state(struct redis *r, struct arena *a, struct ulid id, struct str *state)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 3, (struct str[]){STR("HGET"), mail_key(a, id), STR("state")});

    if (e == ERR_OK)
        *state = v.kind == REDIS_TEXT ? v.text : (struct str){NULL, 0};
    return e;
}

/* ---- what came back ---- */

void outbox_queue_about(struct redis *r, struct arena *a, struct ulid id)
{
    redis_add(r, 2, (struct str[]){STR("HGETALL"), mail_key(a, id)});
}

/* A report may be faster than our own note that the mail was sent: then its words are still there and tell. */
enum err outbox_about_load(const struct keyring *k, struct arena *a, struct ulid id, const struct redis_value *v,
                           struct outbox_about *out)
{
    struct str sealed = redis_field(v, "about"), plain;
    struct doc *d;

    if (sealed.at == NULL)
        sealed = redis_field(v, "sealed");
    if (sealed.at == NULL)
        return ERR_ABSENT;
    if (unseal(k, a, sealed, mail_name(a, id), &plain) != ERR_OK || doc_parse(&d, plain, NULL, 0) != ERR_OK)
        return ERR_CORRUPT;
    *out = (struct outbox_about){.kind = kind_parse(doc_get_text(d, "kind")), .state = redis_field(v, "state")};
    out->to = keep(a, d, "to");
    (void)id_parse(ID_TICKET, doc_get_text(d, "ticket"), &out->ticket);
    (void)id_parse(ID_PARTICIPANT, doc_get_text(d, "participant"), &out->participant);
    (void)id_parse(ID_MESSAGE, doc_get_text(d, "message"), &out->message);
    doc_close(d);
    return ERR_OK;
}

void change_mail_bounced(struct change *c, struct ulid id, int64_t at_ms)
{
    take_out(c, id, "bounced", at_ms);
}

enum err outbox_ack_may_go(struct redis *r, struct arena *a, struct blind mailbox, struct ulid id, int64_t now_ms,
                           bool *may)
{
    struct redis_value v;
    enum err e = redis_run(r, a, &v, SCRIPT_QUOTA, 1, 6,
                           (struct str[]){key_at(a, "n", mailbox.at), str_of(arena_printf(a, "%" PRId64, now_ms)),
                                          mail_name(a, id), STR(DAY_MS), STR(WEEK_MS), STR(ACKS_A_WEEK)});

    if (e == ERR_OK)
        *may = v.integer == 1;
    return e;
}

enum err outbox_waiting(struct redis *r, struct arena *a, int64_t *codes, int64_t *others)
{
    struct redis_value *v;
    size_t n;

    for (int room = 0; room < ROOMS; room++)
        for (unsigned p = 0; p < PARTITIONS; p++)
            redis_add(r, 2, (struct str[]){STR("ZCARD"), key_in(a, p, rooms[room], "")});

    enum err e = redis_flush(r, a, &v, &n);

    if (e != ERR_OK)
        return e;
    *codes = *others = 0;
    for (size_t i = 0; i < n; i++)
        *(i < PARTITIONS ? codes : others) += v[i].integer;
    return ERR_OK;
}
