#include "queues/ticket.h"

#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const who_names[] = {
    [MESSAGE_YOU] = "you", [MESSAGE_SUPPORT] = "support", [MESSAGE_SYSTEM] = "system", [MESSAGE_NOTE] = "note"};

const char *message_who_name(enum message_who who)
{
    return who_names[who];
}

static struct str room_key(struct arena *a, const char *room, struct ulid ticket)
{
    return key_in(a, ulid_partition(ticket), room, id_print(ID_TICKET, ticket).at);
}

struct str ticket_key(struct arena *a, struct ulid id)
{
    return room_key(a, "t", id);
}

int64_t due_or_never(int64_t due_ms)
{
    return due_ms > 0 ? due_ms : INT64_C(253370764800000); /* 9999-01-01 */
}

void ticket_queue_read(struct redis *r, struct arena *a, struct ulid id)
{
    redis_add(r, 2, (struct str[]){STR("HGETALL"), ticket_key(a, id)});
}

static int64_t field_int(const struct redis_value *v, const char *name)
{
    struct str s = redis_field(v, name);

    return s.at == NULL ? 0 : strtoll(s.at, NULL, 10);
}

/* Highest of the lv:<par> fields, "level,stale,authorised". */
static int highest_level(const struct redis_value *v)
{
    int level = 0;

    for (size_t i = 0; i + 1 < v->count; i += 2)
        if (str_starts(v->items[i].text, "lv:")) {
            int here = atoi(v->items[i + 1].text.at);

            level = here > level ? here : level;
        }
    return level;
}

enum err ticket_load(const struct keyring *k, struct arena *a, struct ulid id, const struct redis_value *v,
                     bool with_claims, struct ticket *out)
{
    struct ticket t = {.id = id, .partition = ulid_partition(id)};
    struct redis_value *fields = arena_new(a, struct redis_value);
    struct str bound = str_of(arena_strdup(a, id_print(ID_TICKET, id).at));

    if (v->kind != REDIS_LIST || v->count == 0)
        return ERR_ABSENT;
    if (!id_parse(ID_ACCOUNT, redis_field(v, "acc"), &t.account))
        return ERR_CORRUPT;
    *fields = *v;
    t.fields = fields;
    t.version = redis_field(v, "v");
    t.reference = (uint64_t)field_int(v, "ref");
    t.state = redis_field(v, "state");
    t.queue = redis_field(v, "queue");
    t.rule = redis_field(v, "rule");
    t.clock = redis_field(v, "clock");
    t.language = redis_field(v, "language");
    t.impact = redis_field(v, "impact");
    t.channels = redis_field(v, "channels");
    t.owner = redis_field(v, "owner");
    t.owner_name = redis_field(v, "owner_name");
    t.last = redis_field(v, "last");
    t.priority = (int)field_int(v, "priority");
    t.score = (int)field_int(v, "score");
    t.reasons = redis_field(v, "reasons");
    t.due_ms = field_int(v, "due");
    t.opened_ms = field_int(v, "opened");
    t.updated_ms = field_int(v, "updated");
    t.heard_ms = field_int(v, "heard");
    t.replied_ms = field_int(v, "replied");
    t.level = highest_level(v);
    if (k != NULL && unseal(k, a, redis_field(v, "subject"), bound, &t.subject) != ERR_OK)
        return ERR_CORRUPT;
    if (with_claims) {
        struct str claims;

        if (unseal(k, a, redis_field(v, "claims"), bound, &claims) != ERR_OK ||
            doc_parse(&t.claims, claims, NULL, 0) != ERR_OK)
            return ERR_CORRUPT;
    }
    *out = t;
    return ERR_OK;
}

enum err ticket_read(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, struct ticket *out)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), ticket_key(a, id)});

    return e != ERR_OK ? e : ticket_load(k, a, id, &v, false, out);
}

/* Reads a hash of sealed JSON records, id -> record; visit gets each one opened, in order of ids. */
typedef bool record_visit(void *arg, struct ulid id, const struct doc *d);

static int by_name(const void *x, const void *y)
{
    const struct redis_value *a = x, *b = y;

    return strcmp(a->text.at, b->text.at);
}

static enum err records_load(const struct keyring *k, struct arena *a, const struct redis_value *vp, enum id_kind kind,
                             record_visit *visit, void *arg, size_t *n)
{
    const struct redis_value v = *vp;

    if (v.count > 0)
        qsort(v.items, v.count / 2, 2 * sizeof *v.items, by_name);
    *n = 0;
    for (size_t i = 0; i + 1 < v.count; i += 2) {
        struct ulid id;
        struct str plain;
        struct doc *d;

        if (!id_parse(kind, v.items[i].text, &id) ||
            unseal(k, a, v.items[i + 1].text, v.items[i].text, &plain) != ERR_OK ||
            doc_parse(&d, plain, NULL, 0) != ERR_OK)
            return ERR_CORRUPT;

        bool good = visit(arg, id, d);

        doc_close(d);
        if (!good)
            return ERR_CORRUPT;
        (*n)++;
    }
    return ERR_OK;
}

static enum err records_read(struct redis *r, const struct keyring *k, struct arena *a, struct str key,
                             enum id_kind kind, record_visit *visit, void *arg, size_t *n)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), key});

    return e != ERR_OK ? e : records_load(k, a, &v, kind, visit, arg, n);
}

static struct str keep(struct arena *a, const struct doc *d, const char *name)
{
    struct str s = doc_get_text(d, name);

    return (struct str){str_copy(a, s), s.len};
}

/* A list of records under construction: one allocation, sized before. */
struct gather {
    struct arena *a;
    struct message *messages;
    struct participant *participants;
    size_t n, room;
    const struct ticket *ticket;
};

static void *grow(struct arena *a, void *old, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return old;
    *room = *room == 0 ? 16 : *room * 2;

    void *p = arena_take(a, *room * size);

    if (n > 0)
        memcpy(p, old, n * size);
    return p;
}

static bool message_visit(void *arg, struct ulid id, const struct doc *d)
{
    struct gather *g = arg;

    g->messages = grow(g->a, g->messages, g->n, &g->room, sizeof *g->messages);

    struct message *m = &g->messages[g->n++];
    struct str who = doc_get_text(d, "who");

    *m = (struct message){.id = id, .at_ms = doc_get_int(d, "at", 0)};
    while (m->who < MESSAGE_NOTE && !str_is(who, who_names[m->who]))
        m->who++;
    m->channel = keep(g->a, d, "channel");
    m->text = keep(g->a, d, "text");
    m->author = keep(g->a, d, "author");
    m->message_id = keep(g->a, d, "message_id");
    m->subject = keep(g->a, d, "subject");
    m->automatic = doc_get_bool(d, "automatic", false);
    m->files = keep(g->a, d, "files");
    (void)id_parse(ID_ITEM, doc_get_text(d, "item"), &m->item);
    (void)id_parse(ID_PARTICIPANT, doc_get_text(d, "participant"), &m->participant);
    (void)id_parse(ID_MAIL, doc_get_text(d, "mail"), &m->mail);
    (void)id_parse(ID_ACCOUNT, doc_get_text(d, "home"), &m->home);
    return true;
}

static int message_order(const void *x, const void *y)
{
    const struct message *a = x, *b = y;

    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    return memcmp(a->id.bytes, b->id.bytes, sizeof a->id.bytes);
}

enum err messages_read(struct redis *r, const struct keyring *k, struct arena *a, struct ulid ticket,
                       struct message **out, size_t *n)
{
    struct gather g = {.a = a};
    enum err e = records_read(r, k, a, room_key(a, "m", ticket), ID_MESSAGE, message_visit, &g, n);

    if (e == ERR_OK && g.n > 0)
        qsort(g.messages, g.n, sizeof *g.messages, message_order);
    *out = g.messages;
    return e;
}

/* "level,stale,authorised" */
static void level_load(const struct ticket *t, struct arena *a, struct participant *p)
{
    struct str s = redis_field(t->fields, arena_printf(a, "lv:%s", id_print(ID_PARTICIPANT, p->id).at));
    int stale = 0;

    if (s.at != NULL && sscanf(s.at, "%d,%d,%u", &p->level, &stale, &p->authorised) == 3)
        p->stale = stale != 0;
}

static bool participant_visit(void *arg, struct ulid id, const struct doc *d)
{
    struct gather *g = arg;

    g->participants = grow(g->a, g->participants, g->n, &g->room, sizeof *g->participants);

    struct participant *p = &g->participants[g->n++];
    struct str index = doc_get_text(d, "email_index");

    *p = (struct participant){.id = id};
    p->channel = keep(g->a, d, "channel");
    p->email = keep(g->a, d, "email");
    p->phone = keep(g->a, d, "phone");
    p->name = keep(g->a, d, "name");
    p->handle = keep(g->a, d, "handle");
    p->speaks_for = keep(g->a, d, "speaks_for");
    p->language = keep(g->a, d, "language");
    p->reference = (uint64_t)doc_get_int(d, "reference", 0);
    p->since_ms = doc_get_int(d, "since", 0);
    if (index.len == sizeof p->email_index.at - 1)
        memcpy(p->email_index.at, index.at, index.len);
    level_load(g->ticket, g->a, p);
    return id_parse(ID_ITEM, doc_get_text(d, "item"), &p->item);
}

void participants_queue_read(struct redis *r, struct arena *a, struct ulid ticket)
{
    redis_add(r, 2, (struct str[]){STR("HGETALL"), room_key(a, "p", ticket)});
}

enum err participants_load(const struct keyring *k, struct arena *a, const struct ticket *t,
                           const struct redis_value *v, struct participant **out, size_t *n)
{
    struct gather g = {.a = a, .ticket = t};
    enum err e = records_load(k, a, v, ID_PARTICIPANT, participant_visit, &g, n);

    *out = g.participants;
    return e;
}

enum err participants_read(struct redis *r, const struct keyring *k, struct arena *a, const struct ticket *t,
                           struct participant **out, size_t *n)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), room_key(a, "p", t->id)});

    return e != ERR_OK ? e : participants_load(k, a, t, &v, out, n);
}

static int happening_order(const void *x, const void *y)
{
    const struct happening *a = x, *b = y;

    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    return memcmp(a->id.bytes, b->id.bytes, sizeof a->id.bytes);
}

void history_queue_read(struct redis *r, struct arena *a, struct ulid ticket)
{
    redis_add(r, 2, (struct str[]){STR("HGETALL"), room_key(a, "h", ticket)});
}

enum err history_read(struct redis *r, struct arena *a, struct ulid ticket, struct happening **out, size_t *n)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), room_key(a, "h", ticket)});

    return e != ERR_OK ? e : history_load(a, &v, out, n);
}

enum err history_load(struct arena *a, const struct redis_value *vp, struct happening **out, size_t *n)
{
    const struct redis_value v = *vp;
    struct happening *all = arena_array(a, struct happening, v.count / 2 + 1);

    for (size_t i = 0; i + 1 < v.count; i += 2) {
        struct happening *h = &all[i / 2];
        struct doc *d;

        if (!id_parse(ID_EVENT, v.items[i].text, &h->id) || doc_parse(&d, v.items[i + 1].text, NULL, 0) != ERR_OK)
            return ERR_CORRUPT;
        h->at_ms = doc_get_int(d, "at", 0);
        h->kind = keep(a, d, "kind");
        h->by = keep(a, d, "by");
        h->detail = keep(a, d, "detail");
        h->clock = keep(a, d, "clock");
        h->rules = keep(a, d, "rules");
        doc_close(d);
    }
    *n = v.count / 2;
    qsort(all, *n, sizeof *all, happening_order);
    *out = all;
    return ERR_OK;
}

/* ---- parts of changes ---- */

static bool is_zero(struct ulid u)
{
    return ulid_equal(u, (struct ulid){0});
}

static void set_id(struct buf *d, const char *name, enum id_kind kind, struct ulid u)
{
    if (!is_zero(u))
        doc_flat_text(d, name, str_of(id_print(kind, u).at));
}

static void set_some(struct buf *d, const char *name, struct str s)
{
    if (s.len > 0)
        doc_flat_text(d, name, s);
}

static void add_sealed(struct change *c, const struct keyring *k, struct str key, struct str field, struct buf *d)
{
    struct str plain = doc_flat_print(d, c->arena);

    buf_free(d);
    change_add(c, 4, (struct str[]){STR("HSET"), key, field, seal(k, c->arena, plain, field)});
}

static struct str name_of(struct change *c, enum id_kind kind, struct ulid u)
{
    return str_of(arena_strdup(c->arena, id_print(kind, u).at));
}

void change_message(struct change *c, const struct keyring *k, struct ulid ticket, const struct message *m)
{
    struct buf d = {0};

    doc_flat_int(&d, "at", m->at_ms);
    doc_flat_text(&d, "who", str_of(who_names[m->who]));
    set_some(&d, "channel", m->channel);
    set_id(&d, "item", ID_ITEM, m->item);
    set_id(&d, "participant", ID_PARTICIPANT, m->participant);
    set_id(&d, "mail", ID_MAIL, m->mail);
    set_id(&d, "home", ID_ACCOUNT, m->home);
    set_some(&d, "author", m->author);
    set_some(&d, "message_id", m->message_id);
    set_some(&d, "subject", m->subject);
    if (m->automatic)
        doc_flat_bool(&d, "automatic", true);
    set_some(&d, "files", m->files);
    doc_flat_text(&d, "text", m->text);
    add_sealed(c, k, room_key(c->arena, "m", ticket), name_of(c, ID_MESSAGE, m->id), &d);
}

void change_participant(struct change *c, const struct keyring *k, struct ulid ticket, const struct participant *p)
{
    struct buf d = {0};

    set_some(&d, "channel", p->channel);
    set_some(&d, "email", p->email);
    set_some(&d, "phone", p->phone);
    set_some(&d, "name", p->name);
    set_some(&d, "handle", p->handle);
    set_some(&d, "speaks_for", p->speaks_for);
    set_some(&d, "language", p->language);
    set_some(&d, "email_index", str_of(p->email_index.at));
    doc_flat_int(&d, "reference", (int64_t)p->reference);
    doc_flat_int(&d, "since", p->since_ms);
    set_id(&d, "item", ID_ITEM, p->item);
    add_sealed(c, k, room_key(c->arena, "p", ticket), name_of(c, ID_PARTICIPANT, p->id), &d);
}

void change_happening(struct change *c, struct ulid ticket, const struct happening *h)
{
    struct buf d = {0};

    doc_flat_int(&d, "at", h->at_ms);
    doc_flat_text(&d, "kind", h->kind);
    doc_flat_text(&d, "by", h->by);
    set_some(&d, "detail", h->detail);
    set_some(&d, "clock", h->clock);
    set_some(&d, "rules", h->rules);
    change_add(c, 4,
               (struct str[]){STR("HSET"), room_key(c->arena, "h", ticket), name_of(c, ID_EVENT, h->id),
                              doc_flat_print(&d, c->arena)});
    buf_free(&d);
}

void change_level(struct change *c, struct ulid ticket, struct ulid participant, int level, bool stale,
                  unsigned authorised)
{
    const char *field = arena_printf(c->arena, "lv:%s", id_print(ID_PARTICIPANT, participant).at);

    change_hset(c, ticket_key(c->arena, ticket), field,
                str_of(arena_printf(c->arena, "%d,%d,%u", level, stale, authorised)));
}

void change_live(struct change *c, const char *type, struct ulid ticket, uint64_t reference, struct str queue,
                 struct str state, struct str owner)
{
    struct buf d = {0};

    doc_flat_text(&d, "type", str_of(type));
    doc_flat_text(&d, "ticket", str_of(id_print(ID_TICKET, ticket).at));
    doc_flat_text(&d, "reference", str_of(reference_print(reference).at));
    doc_flat_text(&d, "queue", queue);
    doc_flat_text(&d, "state", state);
    if (owner.len > 0)
        doc_flat_text(&d, "owner", owner);
    else
        doc_flat_null(&d, "owner");
    change_xadd(c, key_in(c->arena, ulid_partition(ticket), "ev", ""), doc_flat_print(&d, c->arena));
    buf_free(&d);
}

void change_audit(struct change *c, const struct keyring *k, unsigned partition, int64_t at_ms, struct str who,
                  const char *action, const char *object, struct str detail)
{
    struct buf d = {0};

    doc_flat_int(&d, "at", at_ms);
    doc_flat_text(&d, "who", who);
    doc_flat_text(&d, "action", str_of(action));
    doc_flat_text(&d, "object", str_of(object));
    set_some(&d, "detail", detail);
    doc_flat_text(&d, "mac", str_of(blind_index(k, INDEX_AUDIT, doc_flat_print(&d, c->arena)).at));
    change_add(c, 4,
               (struct str[]){STR("AUDIT"), key_in(c->arena, partition, "au", ""),
                              key_in(c->arena, partition, "ah", ""), doc_flat_print(&d, c->arena)});
    buf_free(&d);
}

void change_queue_place(struct change *c, struct ulid ticket, struct str from, struct str to, int64_t due_ms, bool open,
                        bool claimed)
{
    unsigned p = ulid_partition(ticket);
    struct str member = name_of(c, ID_TICKET, ticket);
    char *now_in = str_copy(c->arena, to);

    if (from.len > 0 && (!open || !str_equal(from, to))) {
        char *was_in = str_copy(c->arena, from);

        change_zrem(c, key_in(c->arena, p, "q", was_in), member);
        change_zrem(c, key_in(c->arena, p, "u", was_in), member);
    }
    if (!open) {
        change_zrem(c, key_in(c->arena, p, "st", ""), member);
        return;
    }
    change_add(c, 3, (struct str[]){STR("SADD"), key_in(c->arena, p, "qn", ""), str_of(now_in)});
    change_zadd(c, key_in(c->arena, p, "q", now_in), due_or_never(due_ms), member);
    if (claimed)
        change_zrem(c, key_in(c->arena, p, "u", now_in), member);
    else
        change_add(c, 5,
                   (struct str[]){STR("RANK"), key_in(c->arena, p, "u", now_in), ticket_key(c->arena, ticket), member,
                                  str_int(c->arena, due_or_never(due_ms))});
}
