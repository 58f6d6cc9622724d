/* GET /api/accounts/{acc}: a customer over all channels. */
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/hints.h"
#include "gateway/staff/mask.h"
#include "gateway/staff/row.h"
#include "gateway/staff/silence.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/staff/view.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/contact.h"
#include "queues/keys.h"
#include "queues/merge.h"
#include "queues/ruleset.h"
#include "rules/base/doc.h"

#include <stdlib.h>
#include <string.h>

enum { TIMELINE_TICKETS_MAX = 50, TIMELINE_MAX = 500, MEMBERS_MAX = 50, DAY_MS = 86400000 };

/* One of the accounts that are this customer. */
struct member {
    struct ulid account;
    struct redis_value fields;
    struct contact *contacts;
    size_t contact_count;
    struct contact_site *sites;
    size_t site_count;
};

struct view {
    struct call *call;
    struct redis *redis;
    struct ulid account;
    struct family family; /* the account, and all that stand for it */
    struct edge own;      /* by which it stands for another; id zero: it stands for none */
    struct member *members;
    size_t member_count;
    struct row *rows;
    size_t row_count;
};

static enum err read_member(struct view *v, struct ulid account, struct member *m)
{
    struct arena *a = v->call->arena;
    const struct keyring *k = v->call->app->keys;
    const char *acc = arena_strdup(a, id_print(ID_ACCOUNT, account).at);
    enum err e = redis_do(v->redis, a, &m->fields, 2,
                          (struct str[]){STR("HGETALL"), key_in(a, partition_of(account), "a", acc)});

    m->account = account;
    if (e == ERR_OK && m->fields.count == 0)
        e = ERR_ABSENT;
    if (e == ERR_OK)
        e = contact_list(v->redis, k, a, account, clock_now_ms(), &m->contacts, &m->contact_count);
    return e == ERR_OK ? contact_sites(v->redis, k, a, account, &m->sites, &m->site_count) : e;
}

static enum err read_family(struct view *v)
{
    struct arena *a = v->call->arena;
    struct family all;
    enum err e = merge_family(v->redis, v->call->app->keys, a, v->account, &all);

    if (e != ERR_OK)
        return e;
    family_below(&all, a, v->account, &v->family);
    for (size_t i = 0; i < all.edge_count; i++)
        if (ulid_equal(all.edges[i].from, v->account))
            v->own = all.edges[i];
    return ERR_OK;
}

static enum err read_account(struct view *v)
{
    struct arena *a = v->call->arena;
    enum err e = read_family(v);

    v->members = arena_array(a, struct member, MEMBERS_MAX);
    for (size_t i = 0; e == ERR_OK && i < v->family.n && v->member_count < MEMBERS_MAX; i++) {
        e = read_member(v, v->family.accounts[i], &v->members[v->member_count]);
        if (e == ERR_OK)
            v->member_count++;
        else if (e == ERR_ABSENT && i > 0) /* only claimed */
            e = ERR_OK;
    }
    if (e != ERR_OK)
        return e;
    return rows_of_accounts(v->call->app, v->redis, a, v->family.accounts, v->family.n, &v->rows, &v->row_count);
}

/* ---- who ---- */

static bool holds(const struct doc *list, struct str s)
{
    for (size_t i = 0; i < doc_size(list); i++)
        if (str_equal(doc_text(doc_at(list, i)), s))
            return true;
    return false;
}

static void add_names(const struct view *v, const struct member *m, struct doc *list)
{
    struct arena *a = v->call->arena;
    struct str acc = str_of(arena_strdup(a, id_print(ID_ACCOUNT, m->account).at)), name;

    if (unseal(v->call->app->keys, a, redis_field(&m->fields, "name"), acc, &name) == ERR_OK && name.len > 0 &&
        !holds(list, name))
        doc_push(list, doc_new_text(name));
    for (size_t i = 0; i + 1 < m->fields.count; i += 2)
        if (str_starts(m->fields.items[i].text, "name@") &&
            unseal(v->call->app->keys, a, m->fields.items[i + 1].text, acc, &name) == ERR_OK && !holds(list, name))
            doc_push(list, doc_new_text(name));
}

/* What the customer is called: first as we call it, then as each source does; of the account itself before those that
 * stand for it. */
static struct doc *names_doc(const struct view *v)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < v->member_count; i++)
        add_names(v, &v->members[i], list);
    return list;
}

static struct doc *day_or_null(int64_t days)
{
    return days == CONTACT_NO_DAY ? doc_new_null() : tell_day(days);
}

static struct doc *moment_or_null(int64_t days)
{
    return days == CONTACT_NO_DAY ? doc_new_null() : tell_stamp(days * DAY_MS);
}

static struct str or_null(struct str s)
{
    return s.len > 0 ? s : (struct str){NULL, 0};
}

static void add_sites(const struct member *m, struct doc *list)
{
    for (size_t i = 0; i < m->site_count; i++) {
        const struct contact_site *s = &m->sites[i];
        struct doc *d = doc_object();

        tell_id(d, "id", ID_SITE, s->id);
        doc_set_text_or_null(d, "site", or_null(s->site_id));
        doc_set_text_or_null(d, "url", or_null(s->url));
        doc_set_text_or_null(d, "products", or_null(s->products));
        doc_set_text(d, "source", s->source);
        doc_set(d, "as_of", day_or_null(s->as_of_days));
        doc_set(d, "gone_at", moment_or_null(s->gone_days));
        tell_id(d, "account", ID_ACCOUNT, m->account);
        doc_push(list, d);
    }
}

static void add_contacts(const struct view *v, const struct member *m, struct doc *list)
{
    struct arena *a = v->call->arena;

    for (size_t i = 0; i < m->contact_count; i++) {
        const struct contact *k = &m->contacts[i];
        struct doc *d = doc_object();

        tell_id(d, "id", ID_CONTACT, k->id);
        doc_set_text_or_null(d, "name", or_null(k->name));
        doc_set_text_or_null(d, "email", k->email.len > 0 ? mask_email(a, k->email) : (struct str){NULL, 0});
        doc_set_text_or_null(d, "phone",
                             k->phone.len > 0 ? mask_phone(v->call->app, a, k->phone) : (struct str){NULL, 0});
        doc_set_text(d, "role", str_of(contact_role_text(k->role)));
        doc_set(d, "authorised_for", view_authorised(k->authorised_for));
        doc_set_text(d, "source", k->source);
        doc_set(d, "as_of", day_or_null(k->proven_days != CONTACT_NO_DAY ? k->proven_days : k->as_of_days));
        doc_set(d, "confidence", doc_new_real(k->confidence));
        doc_set(d, "bounced_at", moment_or_null(k->bounced_days));
        doc_set(d, "gone_at", moment_or_null(k->gone_days));
        tell_id(d, "account", ID_ACCOUNT, m->account);
        doc_push(list, d);
    }
}

/* Where mail to somebody came back: of all members together. */
static struct doc *next_doc(const struct view *v)
{
    struct contact *all;
    size_t n = 0;
    bool bounced = false;

    for (size_t i = 0; i < v->member_count; i++)
        n += v->members[i].contact_count;
    all = arena_array(v->call->arena, struct contact, n + 1);
    n = 0;
    for (size_t i = 0; i < v->member_count; i++)
        for (size_t k = 0; k < v->members[i].contact_count; k++) {
            all[n] = v->members[i].contacts[k];
            bounced |= all[n++].bounced_days != CONTACT_NO_DAY;
        }
    return bounced ? hints_next(v->call->arena, all, n, STR("")) : doc_new_null();
}

/* ---- what ---- */

static struct doc *work_doc(const struct view *v)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < v->row_count; i++)
        doc_push(list, row_doc(&v->rows[i]));
    return list;
}

/* One message with the ticket it stands on. */
struct entry {
    const struct row *row;
    struct message message;
};

static int newest_first(const void *x, const void *y)
{
    const struct entry *a = x, *b = y;

    if (a->message.at_ms != b->message.at_ms)
        return a->message.at_ms > b->message.at_ms ? -1 : 1;
    return memcmp(b->message.id.bytes, a->message.id.bytes, sizeof a->message.id.bytes);
}

static enum err read_entries(const struct view *v, struct entry **out, size_t *n)
{
    struct arena *a = v->call->arena;
    size_t tickets = v->row_count < TIMELINE_TICKETS_MAX ? v->row_count : TIMELINE_TICKETS_MAX;
    struct message **all = arena_array(a, struct message *, tickets + 1);
    size_t *counts = arena_array(a, size_t, tickets + 1), total = 0;

    for (size_t i = 0; i < tickets; i++) {
        enum err e = messages_read(v->redis, v->call->app->keys, a, v->rows[i].ticket.id, &all[i], &counts[i]);

        if (e != ERR_OK)
            return e;
        total += counts[i];
    }
    *out = arena_array(a, struct entry, total + 1);
    *n = 0;
    for (size_t i = 0; i < tickets; i++)
        for (size_t m = 0; m < counts[i]; m++)
            (*out)[(*n)++] = (struct entry){&v->rows[i], all[i][m]};
    if (total > 1)
        qsort(*out, total, sizeof **out, newest_first);
    return ERR_OK;
}

static struct str identity_of(const struct view *v, const struct entry *e)
{
    for (size_t i = 0; e->message.who == MESSAGE_YOU && i < e->row->people_count; i++)
        if (ulid_equal(e->row->people[i].id, e->message.participant))
            return mask_identity(v->call->app, v->call->arena, &e->row->people[i]);
    return STR("");
}

static struct doc *timeline_doc(const struct view *v, const struct entry *entries, size_t n)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < n && i < TIMELINE_MAX; i++) {
        struct doc *d = view_message(v->call->arena, &entries[i].message, identity_of(v, &entries[i]));

        tell_id(d, "ticket", ID_TICKET, entries[i].row->ticket.id);
        doc_set_text(d, "reference", str_of(reference_print(entries[i].row->ticket.reference).at));
        doc_set_text_or_null(d, "channel", or_null(entries[i].message.channel));
        doc_push(list, d);
    }
    return list;
}

/* ---- the answer ---- */

/* The latest of all members. */
static int64_t field_ms(const struct view *v, const char *name)
{
    int64_t latest = 0, ms;

    for (size_t i = 0; i < v->member_count; i++)
        if (str_number(redis_field(&v->members[i].fields, name), &ms) && ms > latest)
            latest = ms;
    return latest;
}

static struct doc *alias_doc(const struct edge *e, struct ulid other)
{
    struct doc *d = doc_object();

    tell_id(d, "edge", ID_EDGE, e->id);
    tell_id(d, "account", ID_ACCOUNT, other);
    tell_id(d, "from", ID_ACCOUNT, e->from);
    tell_id(d, "into", ID_ACCOUNT, e->into);
    doc_set_text(d, "why", e->why);
    doc_set_text(d, "by", e->by);
    doc_set_text(d, "by_name", e->by_name);
    doc_set_bool(d, "duplicate", e->duplicate);
    doc_set(d, "at", tell_stamp(e->at_ms));
    return d;
}

/* The edge by which it stands for another, then those by which others stand for it. */
static struct doc *aliases_doc(const struct view *v)
{
    struct doc *list = doc_array();

    if (!ulid_equal(v->own.id, (struct ulid){0}))
        doc_push(list, alias_doc(&v->own, v->own.into));
    for (size_t i = 0; i < v->family.edge_count; i++)
        doc_push(list, alias_doc(&v->family.edges[i], v->family.edges[i].from));
    return list;
}

/* Of the whole customer, whichever of its accounts is looked at. */
static struct doc *silence_of(const struct view *v)
{
    const struct app *app = v->call->app;
    const struct rules *rules = ruleset_take(app->rules);
    int64_t now_ms = clock_now_ms();
    struct silent s;
    struct doc *d = NULL;

    if (silent_read(v->redis, app->keys, rules, v->call->arena, v->account, now_ms, &s) == ERR_OK)
        d = silence_doc(&s, now_ms);
    ruleset_release(app->rules, rules);
    return d == NULL ? doc_new_null() : d;
}

static void answer(const struct view *v, const struct entry *entries, size_t n)
{
    struct doc *d = doc_object(), *sites = doc_array(), *contacts = doc_array();
    const struct redis_value *fields = &v->members[0].fields;

    for (size_t i = 0; i < v->member_count; i++) {
        add_sites(&v->members[i], sites);
        add_contacts(v, &v->members[i], contacts);
    }
    tell_id(d, "account", ID_ACCOUNT, v->account);
    tell_id(d, "stands_for", ID_ACCOUNT, v->own.into);
    doc_set_bool(d, "on_record", str_is(redis_field(fields, "imported"), "1"));
    doc_set_text_or_null(d, "tier", redis_field(fields, "tier"));
    doc_set_text_or_null(d, "region", redis_field(fields, "region"));
    doc_set_text_or_null(d, "language", redis_field(fields, "language"));
    doc_set(d, "names", names_doc(v));
    doc_set(d, "sites", sites);
    doc_set(d, "contacts", contacts);
    doc_set(d, "next_contact", next_doc(v));
    doc_set(d, "work", work_doc(v));
    doc_set(d, "timeline", timeline_doc(v, entries, n));
    doc_set(d, "aliases", aliases_doc(v));
    doc_set(d, "silence", silence_of(v));
    doc_set(d, "last_heard", tell_stamp(field_ms(v, "last_heard")));
    doc_set(d, "last_told", tell_stamp(field_ms(v, "last_told")));
    tell_doc(v->call, 200, d);
}

void staff_account(struct call *c)
{
    struct view v = {.call = c, .redis = work_redis()};
    struct staff_session s;
    struct entry *entries;
    size_t n;
    enum err e;

    if (!gate_pass(c, v.redis, ACT_READ, &s))
        return;
    e = id_parse(ID_ACCOUNT, c->params[0], &v.account) ? read_account(&v) : ERR_ABSENT;
    if (e == ERR_OK)
        e = read_entries(&v, &entries, &n);
    if (e != ERR_OK)
        tell_error(c, e);
    else
        answer(&v, entries, n);
}
