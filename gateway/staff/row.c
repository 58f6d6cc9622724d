#include "gateway/staff/row.h"

#include "gateway/app.h"
#include "gateway/staff/tell.h"
#include "queues/attach.h"
#include "queues/duplicate.h"
#include "queues/keys.h"
#include "queues/log.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <stdlib.h>
#include <string.h>

static void queue_reads(struct redis *r, struct arena *a, struct ulid id)
{
    ticket_queue_read(r, a, id);
    participants_queue_read(r, a, id);
}

static enum err row_load(struct app *app, struct arena *a, struct ulid id, const struct redis_value v[2],
                         struct row *out)
{
    enum err e = ticket_load(app->keys, a, id, &v[0], false, &out->ticket);

    return e != ERR_OK ? e : participants_load(app->keys, a, &out->ticket, &v[1], &out->people, &out->people_count);
}

/* The customers that the accounts are now, and what they are called. */
static enum err read_customers(struct app *app, struct redis *r, struct arena *a, struct row *rows, size_t n)
{
    struct ulid *accounts = arena_array(a, struct ulid, n + 1), *roots = arena_array(a, struct ulid, n + 1);
    struct redis_value *v;
    size_t count;

    for (size_t i = 0; i < n; i++)
        accounts[i] = rows[i].ticket.account;

    enum err e = merge_roots(r, a, accounts, n, roots);

    if (e != ERR_OK || n == 0)
        return e;
    for (size_t i = 0; i < n; i++) {
        const char *acc = arena_strdup(a, id_print(ID_ACCOUNT, roots[i]).at);

        rows[i].customer = roots[i];
        redis_add(r, 3, (struct str[]){STR("HGET"), key_in(a, partition_of(roots[i]), "a", acc), STR("name")});
    }
    e = redis_flush(r, a, &v, &count);
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        struct str acc = str_of(arena_strdup(a, id_print(ID_ACCOUNT, roots[i]).at));

        if (v[i].kind == REDIS_TEXT && unseal(app->keys, a, v[i].text, acc, &rows[i].account_name) != ERR_OK)
            rows[i].account_name = (struct str){NULL, 0};
    }
    return e;
}

static enum err read_names(struct app *app, struct redis *r, struct arena *a, struct row *rows, size_t n)
{
    struct duplicate *all = NULL;
    size_t count = 0;
    enum err e = read_customers(app, r, a, rows, n);

    if (e == ERR_OK && n > 0)
        e = duplicates_read(r, a, &all, &count);
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        rows[i].duplicates = duplicates_about(all, count, rows[i].customer);
    return e;
}

enum err rows_read(struct app *app, struct redis *r, struct arena *a, const struct ulid *ids, size_t n,
                   struct row **out, size_t *count)
{
    struct row *rows = arena_array(a, struct row, n + 1);
    struct redis_value *v;
    size_t replies;

    *out = rows;
    *count = 0;
    if (n == 0)
        return ERR_OK;
    for (size_t i = 0; i < n; i++)
        queue_reads(r, a, ids[i]);

    enum err e = redis_flush(r, a, &v, &replies);

    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        enum err bad = row_load(app, a, ids[i], &v[2 * i], &rows[*count]);

        if (bad == ERR_OK)
            (*count)++;
        else if (bad != ERR_ABSENT) /* one that cannot be read does not hide the others */
            log_error("ticket_unreadable", "ticket=%s why=%s", id_print(ID_TICKET, ids[i]).at, err_name(bad));
    }
    return e == ERR_OK ? read_names(app, r, a, rows, *count) : e;
}

enum err row_read(struct app *app, struct redis *r, struct arena *a, struct ulid id, struct row *out)
{
    struct redis_value *v;
    size_t n;

    *out = (struct row){0};
    queue_reads(r, a, id);

    enum err e = redis_flush(r, a, &v, &n);

    if (e == ERR_OK)
        e = row_load(app, a, id, v, out);
    return e == ERR_OK ? read_names(app, r, a, out, 1) : e;
}

static int newest_first(const void *x, const void *y)
{
    const struct ulid *a = x, *b = y;

    return memcmp(b->bytes, a->bytes, sizeof a->bytes); /* ids begin with the time */
}

enum err rows_of_accounts(struct app *app, struct redis *r, struct arena *a, const struct ulid *accounts, size_t n,
                          struct row **out, size_t *count)
{
    struct str last = str_of(arena_printf(a, "%d", ROWS_OF_ACCOUNT_MAX - 1));
    struct redis_value *v;
    size_t replies, all = 0;

    for (size_t i = 0; i < n; i++) {
        const char *acc = arena_strdup(a, id_print(ID_ACCOUNT, accounts[i]).at);

        redis_add(
            r, 5,
            (struct str[]){STR("ZRANGE"), key_in(a, partition_of(accounts[i]), "w", acc), STR("0"), last, STR("REV")});
    }

    enum err e = redis_flush(r, a, &v, &replies);
    struct ulid *ids = arena_array(a, struct ulid, n * ROWS_OF_ACCOUNT_MAX + 1);

    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        e = redis_value_err(r, &v[i]);
        for (size_t k = 0; k < v[i].count; k++)
            all += id_parse(ID_TICKET, v[i].items[k].text, &ids[all]);
    }
    if (e != ERR_OK)
        return e;
    if (n > 1 && all > 1)
        qsort(ids, all, sizeof *ids, newest_first);
    return rows_read(app, r, a, ids, all < ROWS_OF_ACCOUNT_MAX ? all : ROWS_OF_ACCOUNT_MAX, out, count);
}

static struct doc *words_doc(struct str words)
{
    struct doc *list = doc_array();

    while (words.len > 0)
        doc_push(list, doc_new_text(str_cut(&words, ' ')));
    return list;
}

/* The ticket's own first, then those of reports that joined it. */
static struct doc *references_doc(const struct row *row)
{
    struct doc *list = doc_array();

    doc_push(list, doc_new_text(str_of(reference_print(row->ticket.reference).at)));
    for (size_t i = 0; i < row->people_count; i++)
        if (row->people[i].reference != 0 && row->people[i].reference != row->ticket.reference)
            doc_push(list, doc_new_text(str_of(reference_print(row->people[i].reference).at)));
    return list;
}

static struct str or_null(struct str s)
{
    return s.len > 0 ? s : (struct str){NULL, 0};
}

/* A cluster is no account. */
static struct doc *account_doc(const struct row *row)
{
    static const struct ulid nobody;
    struct doc *d = doc_object();

    tell_id(d, "id", ID_ACCOUNT, ticket_is_cluster(&row->ticket) ? nobody : row->customer);
    doc_set_text_or_null(d, "name", or_null(row->account_name));
    return d;
}

/* Whose the work has become, by which clock, since when. */
static struct doc *escalated_doc(struct str said)
{
    struct str to = str_cut(&said, ' '), clock = str_cut(&said, ' ');
    struct doc *d;
    int64_t at_ms;

    if (to.len == 0 || !str_number(said, &at_ms))
        return doc_new_null();
    d = doc_object();
    doc_set_text(d, "to", to);
    doc_set_text(d, "clock", clock);
    doc_set(d, "at", tell_stamp(at_ms));
    return d;
}

struct doc *row_doc(const struct row *row)
{
    const struct ticket *t = &row->ticket;
    struct doc *d = doc_object();

    tell_id(d, "ticket", ID_TICKET, t->id);
    doc_set_text(d, "reference", str_of(reference_print(t->reference).at));
    doc_set(d, "references", references_doc(row));
    doc_set_text(d, "subject", t->subject);
    doc_set_text_or_null(d, "incident", or_null(redis_field(t->fields, "incident")));
    doc_set(d, "affected", words_doc(redis_field(t->fields, "affected")));
    doc_set_int(d, "level", t->level);
    doc_set(d, "channels", words_doc(t->channels));
    doc_set_text(d, "language", t->language);
    doc_set(d, "account", account_doc(row));
    doc_set_text_or_null(d, "owner", or_null(t->owner_name));
    doc_set_text_or_null(d, "owner_id", or_null(t->owner));
    doc_set(d, "due_at", tell_stamp(t->due_ms));
    doc_set_text_or_null(d, "clock", or_null(t->clock));
    doc_set(d, "escalated", escalated_doc(redis_field(t->fields, "escalated")));
    doc_set_int(d, "priority", t->priority);
    doc_set_text(d, "state", t->state);
    doc_set_int(d, "duplicates", (int64_t)row->duplicates);
    doc_set_bool(d, "spam", ticket_is_spam(t));
    doc_set_text(d, "queue", t->queue);
    doc_set_text(d, "impact", t->impact);
    doc_set(d, "opened_at", tell_stamp(t->opened_ms));
    doc_set(d, "updated_at", tell_stamp(t->updated_ms));
    return d;
}
