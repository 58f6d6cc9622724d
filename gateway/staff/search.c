/* GET /api/search?q=: tickets and accounts by whatever q can be read as: a reference or an id, the e-mail address or
 * phone number of somebody, a site, an invoice, or whole words (word.h). */
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/row.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/filing.h"
#include "queues/keys.h"
#include "queues/merge.h"
#include "queues/word.h"
#include "rules/address.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/phone.h"

#include <stdlib.h>
#include <string.h>

enum {
    QUERY_CHARS_MAX = 320,
    QUERY_WORDS_MAX = 8, /* of a longer question the first ones count */
    ACCOUNTS_MAX = 16,
    FAMILIES_MAX = 64, /* accounts of all customers that were found */
    TICKETS_MAX = WORD_HITS_MAX,
};

struct search {
    struct call *call;
    struct redis *redis;
    struct ulid accounts[ACCOUNTS_MAX], tickets[TICKETS_MAX];
    size_t account_count, ticket_count;
};

static bool holds(const struct ulid *all, size_t n, struct ulid id)
{
    for (size_t i = 0; i < n; i++)
        if (ulid_equal(all[i], id))
            return true;
    return false;
}

static void add_account(struct search *s, struct ulid id)
{
    if (s->account_count < ACCOUNTS_MAX && !holds(s->accounts, s->account_count, id))
        s->accounts[s->account_count++] = id;
}

static void add_ticket(struct search *s, struct ulid id)
{
    if (s->ticket_count < TICKETS_MAX && !holds(s->tickets, s->ticket_count, id))
        s->tickets[s->ticket_count++] = id;
}

/* ---- what q can be read as ---- */

static enum err by_name(struct search *s, struct str q)
{
    uint64_t reference;
    struct pointer p;
    struct ulid id;

    if (id_parse(ID_TICKET, q, &id))
        add_ticket(s, id);
    if (id_parse(ID_ACCOUNT, q, &id))
        add_account(s, id);
    if (!reference_parse(q, &reference))
        return ERR_OK;

    enum err e = pointer_read(s->redis, s->call->arena, reference, &p);

    if (e == ERR_OK)
        add_ticket(s, p.ticket);
    return e == ERR_ABSENT ? ERR_OK : e;
}

static void ask_evidence(struct search *s, enum index_kind kind, struct str canonical)
{
    struct arena *a = s->call->arena;

    redis_add(s->redis, 2,
              (struct str[]){STR("HKEYS"), key_at(a, "b", blind_index(s->call->app->keys, kind, canonical).at)});
}

/* Whom q as an address, number, site or invoice leads to. */
static enum err by_evidence(struct search *s, struct str q)
{
    struct call *c = s->call;
    char e164[PHONE_BYTES];
    struct redis_value *v;
    struct email email;
    struct site site;
    struct str invoice;
    size_t n;

    if (email_parse(c->arena, q, &email) && email.canonical.at != NULL)
        ask_evidence(s, INDEX_EMAIL, email.canonical);
    if (phone_e164(q, c->app->region[0] == '\0' ? NULL : c->app->region, e164))
        ask_evidence(s, INDEX_PHONE, str_of(e164));
    if (site_parse(c->arena, q, &site))
        ask_evidence(s, INDEX_SITE, site.canonical);
    if (invoice_parse(c->arena, q, &invoice))
        ask_evidence(s, INDEX_INVOICE, invoice);

    enum err e = redis_flush(s->redis, c->arena, &v, &n);

    for (size_t i = 0; e == ERR_OK && i < n; i++)
        for (size_t k = 0; k < v[i].count; k++) {
            struct str field = v[i].items[k].text;
            struct ulid account;

            if (ulid_parse(str_cut(&field, ':'), &account))
                add_account(s, account);
        }
    return e;
}

static enum err by_words(struct search *s, const struct words *w)
{
    struct word_hit *hits;
    size_t n;
    enum err e = words_find(s->redis, s->call->app->keys, s->call->arena, w, &hits, &n);

    for (size_t i = 0; e == ERR_OK && i < n; i++)
        if (hits[i].kind == ID_ACCOUNT)
            add_account(s, hits[i].id);
        else
            add_ticket(s, hits[i].id);
    return e;
}

static enum err find(struct search *s, struct str q)
{
    struct words words = {0}, whole = {0};
    enum err e = by_name(s, q);

    words_add(&words, s->call->arena, q);
    words_add_whole(&whole, s->call->arena, q);
    if (words.n > QUERY_WORDS_MAX)
        words.n = QUERY_WORDS_MAX;
    if (e == ERR_OK)
        e = by_evidence(s, q);
    if (e == ERR_OK)
        e = by_words(s, &words);
    if (e == ERR_OK && (words.n != 1 || !str_equal(words.at[0], whole.at[0])))
        e = by_words(s, &whole);
    return e;
}

/* ---- what is told of it ---- */

static int newest_first(const void *x, const void *y)
{
    const struct row *a = x, *b = y;

    if (a->ticket.updated_ms != b->ticket.updated_ms)
        return a->ticket.updated_ms > b->ticket.updated_ms ? -1 : 1;
    return -memcmp(a->ticket.id.bytes, b->ticket.id.bytes, sizeof a->ticket.id.bytes);
}

/* An account is shown as the customer that it stands for, with all work of that customer. */
static enum err find_customers(struct search *s, struct ulid *all, size_t *n)
{
    struct ulid found[ACCOUNTS_MAX];
    size_t count = s->account_count;

    memcpy(found, s->accounts, count * sizeof *found);
    s->account_count = *n = 0;
    for (size_t i = 0; i < count; i++) {
        struct family f;
        enum err e = merge_family(s->redis, s->call->app->keys, s->call->arena, found[i], &f);

        if (e != ERR_OK)
            return e;
        add_account(s, f.accounts[0]);
        for (size_t k = 0; k < f.n && *n < FAMILIES_MAX; k++)
            if (!holds(all, *n, f.accounts[k]))
                all[(*n)++] = f.accounts[k];
    }
    return ERR_OK;
}

/* The tickets that were found, and all work of the customers that were. */
static enum err read_rows(struct search *s, struct row **out, size_t *n)
{
    struct call *c = s->call;
    struct ulid all[FAMILIES_MAX];
    struct row *rows;
    size_t accounts, count;
    enum err e = find_customers(s, all, &accounts);

    if (e == ERR_OK && accounts > 0)
        e = rows_of_accounts(c->app, s->redis, c->arena, all, accounts, &rows, &count);
    if (e != ERR_OK)
        return e;
    for (size_t k = 0; accounts > 0 && k < count; k++)
        add_ticket(s, rows[k].ticket.id);
    e = rows_read(c->app, s->redis, c->arena, s->tickets, s->ticket_count, out, n);

    if (e == ERR_OK && *n > 1)
        qsort(*out, *n, sizeof **out, newest_first);
    return e;
}

static enum err read_accounts(struct search *s, struct doc *list)
{
    struct arena *a = s->call->arena;
    struct redis_value *v;
    size_t n;

    for (size_t i = 0; i < s->account_count; i++) {
        const char *acc = arena_strdup(a, id_print(ID_ACCOUNT, s->accounts[i]).at);

        redis_add(s->redis, 5,
                  (struct str[]){STR("HMGET"), key_in(a, partition_of(s->accounts[i]), "a", acc), STR("name"),
                                 STR("imported"), STR("created_ms")});
    }

    enum err e = redis_flush(s->redis, a, &v, &n);

    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        const char *acc = arena_strdup(a, id_print(ID_ACCOUNT, s->accounts[i]).at);
        struct str name = {NULL, 0};
        struct doc *d;

        if (v[i].count != 3 || v[i].items[2].kind != REDIS_TEXT) /* only claimed, and nothing was opened for it */
            continue;
        if (v[i].items[0].kind == REDIS_TEXT &&
            (unseal(s->call->app->keys, a, v[i].items[0].text, str_of(acc), &name) != ERR_OK || name.len == 0))
            name = (struct str){NULL, 0};
        d = doc_object();
        doc_set_text(d, "id", str_of(acc));
        doc_set_text_or_null(d, "name", name);
        doc_set_bool(d, "known", v[i].items[1].kind == REDIS_TEXT);
        doc_push(list, d);
    }
    return e;
}

static void tell_found(struct search *s, const struct row *rows, size_t n, int64_t limit, struct doc *accounts)
{
    struct doc *d = doc_object(), *items = doc_array();

    for (size_t i = 0; i < n && (int64_t)i < limit; i++)
        doc_push(items, row_doc(&rows[i]));
    doc_set(d, "items", items);
    doc_set(d, "accounts", accounts);
    doc_set_null(d, "next");
    tell_doc(s->call, 200, d);
}

void staff_search(struct call *c)
{
    struct search *s = arena_new(c->arena, struct search);
    struct staff_session who;
    struct str q = str_trim(call_query(c, "q"));
    struct row *rows;
    int64_t limit;
    size_t n;

    *s = (struct search){.call = c, .redis = work_redis()};
    if (!gate_pass(c, s->redis, ACT_READ, &who) || !tell_limit(c, &limit))
        return;
    if (q.len == 0 || !text_utf8_valid(q) || text_code_points(q) > QUERY_CHARS_MAX) {
        tell_fault(c, "q", "missing", "a reference, an e-mail address, a phone number, or whole words");
        return;
    }

    struct doc *accounts = doc_array();
    enum err e = find(s, q);

    if (e == ERR_OK)
        e = read_rows(s, &rows, &n);
    if (e == ERR_OK)
        e = read_accounts(s, accounts);
    if (e == ERR_OK) {
        tell_found(s, rows, n, limit, accounts);
        return;
    }
    doc_close(accounts);
    tell_error(c, e);
}
