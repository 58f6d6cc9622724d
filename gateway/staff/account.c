/* GET /api/accounts/{acc}: a customer over all channels. */
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/hints.h"
#include "gateway/staff/mask.h"
#include "gateway/staff/row.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/staff/view.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/contact.h"
#include "queues/keys.h"
#include "rules/base/doc.h"

#include <stdlib.h>
#include <string.h>

enum { TIMELINE_TICKETS_MAX = 50, TIMELINE_MAX = 500, DAY_MS = 86400000 };

struct view {
    struct call *call;
    struct redis *redis;
    struct ulid account;
    struct redis_value fields;
    struct contact *contacts;
    size_t contact_count;
    struct contact_site *sites;
    size_t site_count;
    struct row *rows;
    size_t row_count;
};

static enum err read_account(struct view *v)
{
    struct arena *a = v->call->arena;
    const struct keyring *k = v->call->app->keys;
    const char *acc = arena_strdup(a, id_print(ID_ACCOUNT, v->account).at);
    enum err e = redis_do(v->redis, a, &v->fields, 2,
                          (struct str[]){STR("HGETALL"), key_in(a, partition_of(v->account), "a", acc)});

    if (e == ERR_OK && v->fields.count == 0)
        e = ERR_ABSENT;
    if (e == ERR_OK)
        e = contact_list(v->redis, k, a, v->account, clock_now_ms(), &v->contacts, &v->contact_count);
    if (e == ERR_OK)
        e = contact_sites(v->redis, k, a, v->account, &v->sites, &v->site_count);
    return e == ERR_OK ? rows_of_account(v->call->app, v->redis, a, v->account, &v->rows, &v->row_count) : e;
}

/* ---- who ---- */

static bool holds(const struct doc *list, struct str s)
{
    for (size_t i = 0; i < doc_size(list); i++)
        if (str_equal(doc_text(doc_at(list, i)), s))
            return true;
    return false;
}

/* What the account is called, first as we call it, then as each source does. */
static struct doc *names_doc(const struct view *v)
{
    struct arena *a = v->call->arena;
    struct str acc = str_of(arena_strdup(a, id_print(ID_ACCOUNT, v->account).at)), name;
    struct doc *list = doc_array();

    if (unseal(v->call->app->keys, a, redis_field(&v->fields, "name"), acc, &name) == ERR_OK && name.len > 0)
        doc_push(list, doc_new_text(name));
    for (size_t i = 0; i + 1 < v->fields.count; i += 2)
        if (str_starts(v->fields.items[i].text, "name@") &&
            unseal(v->call->app->keys, a, v->fields.items[i + 1].text, acc, &name) == ERR_OK && !holds(list, name))
            doc_push(list, doc_new_text(name));
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

static struct doc *sites_doc(const struct view *v)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < v->site_count; i++) {
        const struct contact_site *s = &v->sites[i];
        struct doc *d = doc_object();

        tell_id(d, "id", ID_SITE, s->id);
        doc_set_text_or_null(d, "site", or_null(s->site_id));
        doc_set_text_or_null(d, "url", or_null(s->url));
        doc_set_text_or_null(d, "products", or_null(s->products));
        doc_set_text(d, "source", s->source);
        doc_set(d, "as_of", day_or_null(s->as_of_days));
        doc_set(d, "gone_at", moment_or_null(s->gone_days));
        doc_push(list, d);
    }
    return list;
}

static struct doc *contacts_doc(const struct view *v)
{
    struct arena *a = v->call->arena;
    struct doc *list = doc_array();

    for (size_t i = 0; i < v->contact_count; i++) {
        const struct contact *k = &v->contacts[i];
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
        doc_push(list, d);
    }
    return list;
}

/* Where mail to somebody came back. */
static struct doc *next_doc(const struct view *v)
{
    for (size_t i = 0; i < v->contact_count; i++)
        if (v->contacts[i].bounced_days != CONTACT_NO_DAY)
            return hints_next(v->call->arena, v->contacts, v->contact_count, STR(""));
    return doc_new_null();
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

static int64_t field_ms(const struct view *v, const char *name)
{
    struct str s = redis_field(&v->fields, name);
    int64_t ms;

    return str_number(s, &ms) ? ms : 0;
}

static void answer(const struct view *v, const struct entry *entries, size_t n)
{
    struct doc *d = doc_object();

    tell_id(d, "account", ID_ACCOUNT, v->account);
    doc_set_bool(d, "on_record", str_is(redis_field(&v->fields, "imported"), "1"));
    doc_set_text_or_null(d, "tier", redis_field(&v->fields, "tier"));
    doc_set_text_or_null(d, "region", redis_field(&v->fields, "region"));
    doc_set_text_or_null(d, "language", redis_field(&v->fields, "language"));
    doc_set(d, "names", names_doc(v));
    doc_set(d, "sites", sites_doc(v));
    doc_set(d, "contacts", contacts_doc(v));
    doc_set(d, "next_contact", next_doc(v));
    doc_set(d, "work", work_doc(v));
    doc_set(d, "timeline", timeline_doc(v, entries, n));
    doc_set(d, "aliases", doc_array());
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
