/* GET /api/search?q=: tickets by reference, e-mail address or phone number, each exact. */
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/row.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/filing.h"
#include "queues/keys.h"
#include "rules/address.h"
#include "rules/base/doc.h"
#include "rules/phone.h"

enum { QUERY_CHARS_MAX = 320, ACCOUNTS_MAX = 16 };

struct search {
    struct call *call;
    struct redis *redis;
    struct doc *items;
    int64_t limit;
};

static void add_row(struct search *s, const struct row *row)
{
    if ((int64_t)doc_size(s->items) < s->limit)
        doc_push(s->items, row_doc(row));
}

static enum err by_ticket(struct search *s, struct ulid id)
{
    struct row row;
    enum err e = row_read(s->call->app, s->redis, s->call->arena, id, &row);

    if (e == ERR_OK)
        add_row(s, &row);
    return e == ERR_ABSENT ? ERR_OK : e;
}

static enum err by_reference(struct search *s, uint64_t reference)
{
    struct pointer p;
    enum err e = pointer_read(s->redis, s->call->arena, reference, &p);

    if (e == ERR_OK)
        return by_ticket(s, p.ticket);
    return e == ERR_ABSENT ? ERR_OK : e;
}

/* All work of an account that owns this evidence. */
static enum err by_account(struct search *s, struct ulid account)
{
    struct row *rows;
    size_t n;
    enum err e = rows_of_account(s->call->app, s->redis, s->call->arena, account, &rows, &n);

    for (size_t i = 0; e == ERR_OK && i < n; i++)
        add_row(s, &rows[i]);
    return e;
}

static enum err by_evidence(struct search *s, enum index_kind kind, struct str canonical)
{
    struct arena *a = s->call->arena;
    struct ulid seen[ACCOUNTS_MAX];
    size_t n = 0;
    struct redis_value v;
    enum err e =
        redis_do(s->redis, a, &v, 2,
                 (struct str[]){STR("HKEYS"), key_at(a, "b", blind_index(s->call->app->keys, kind, canonical).at)});

    for (size_t i = 0; e == ERR_OK && i < v.count && n < ACCOUNTS_MAX; i++) {
        struct str field = v.items[i].text;
        bool known = false;

        if (!ulid_parse(str_cut(&field, ':'), &seen[n]))
            continue;
        for (size_t k = 0; k < n; k++)
            known = known || ulid_equal(seen[k], seen[n]);
        if (!known)
            e = by_account(s, seen[n++]);
    }
    return e;
}

/* What q can be read as decides where is looked. */
static enum err find(struct search *s, struct str q)
{
    struct call *c = s->call;
    char e164[PHONE_BYTES];
    uint64_t reference;
    struct email email;
    struct ulid id;

    if (reference_parse(q, &reference))
        return by_reference(s, reference);
    if (id_parse(ID_TICKET, q, &id))
        return by_ticket(s, id);
    if (email_parse(c->arena, q, &email) && email.canonical.at != NULL)
        return by_evidence(s, INDEX_EMAIL, email.canonical);
    if (phone_e164(q, c->app->region[0] == '\0' ? NULL : c->app->region, e164))
        return by_evidence(s, INDEX_PHONE, str_of(e164));
    return ERR_OK;
}

void staff_search(struct call *c)
{
    struct search s = {.call = c, .redis = work_redis()};
    struct staff_session who;
    struct str q = str_trim(call_query(c, "q"));
    enum err e;

    if (!gate_pass(c, s.redis, ACT_READ, &who) || !tell_limit(c, &s.limit))
        return;
    if (q.len == 0 || !text_utf8_valid(q) || text_code_points(q) > QUERY_CHARS_MAX) {
        tell_fault(c, "q", "missing", "a reference, an e-mail address or a phone number");
        return;
    }
    s.items = doc_array();
    e = find(&s, q);
    if (e == ERR_OK) {
        tell_list(c, s.items, NULL);
        return;
    }
    doc_close(s.items);
    tell_error(c, e);
}
