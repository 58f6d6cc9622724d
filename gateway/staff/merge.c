/* POST /api/accounts/{acc}/merge, unmerge; GET /api/duplicates, POST /api/duplicates/{id}. */
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/mover.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "queues/duplicate.h"
#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

static bool is_zero(struct ulid u)
{
    return ulid_equal(u, (struct ulid){0});
}

static void answer_edge(struct call *c, struct ulid edge)
{
    struct doc *d = doc_object();

    tell_id(d, "edge", ID_EDGE, edge);
    tell_doc(c, 200, d);
}

static void answer_refused(struct call *c, enum err e)
{
    if (e == ERR_CONFLICT)
        tell_problem(c, 409, "one-already", "they are one customer already");
    else if (e == ERR_LIMIT)
        tell_problem(c, 409, "chain-too-long", "too many accounts stand for one another in a row");
    else
        tell_error(c, e);
}

/* ---- merge ---- */

static bool read_merge(struct call *c, struct edge *e)
{
    struct doc *body = tell_body(c);
    struct str into = doc_get_text(body, "into"), why = str_trim(doc_get_text(body, "why"));
    bool good = false;

    if (body == NULL)
        return false;
    if (!id_parse(ID_ACCOUNT, into, &e->into))
        tell_fault(c, "into", "missing", "the account that it stands for from now on");
    else if (why.len == 0 || text_code_points(why) > MERGE_WHY_MAX)
        tell_fault(c, "why", "missing", "why they are the same, in at most 500 characters");
    else
        good = true;
    e->why = (struct str){str_copy(c->arena, why), why.len};
    doc_close(body);
    return good;
}

void staff_merge(struct call *c)
{
    struct staff_mover s;
    struct edge e = {0};
    enum err bad;

    if (!staff_mover_begin(&s, c, ACT_MERGE))
        return;
    if (!id_parse(ID_ACCOUNT, c->params[0], &e.from)) {
        staff_mover_end(&s);
        tell_error(c, ERR_ABSENT);
        return;
    }
    if (read_merge(c, &e)) {
        e.by = s.by;
        e.by_name = s.who.name;
        bad = merge_link(&s.m, &e);
        if (bad == ERR_OK)
            answer_edge(c, e.id);
        else
            answer_refused(c, bad);
    }
    staff_mover_end(&s);
}

/* ---- un-merge ---- */

static bool read_edge(struct call *c, struct ulid *edge)
{
    struct doc *body = tell_body(c);
    bool good = body != NULL && id_parse(ID_EDGE, doc_get_text(body, "edge"), edge);

    if (body != NULL && !good)
        tell_fault(c, "edge", "missing", "the edge that is to go");
    doc_close(body);
    return good;
}

/* A lead takes back what leads decide; for anything else it takes a manager. */
static enum err may_unlink(struct staff_mover *s, struct ulid account, struct ulid edge)
{
    struct family f;
    enum err e = merge_family(s->m.redis, s->m.keys, s->m.arena, account, &f);

    for (size_t i = 0; e == ERR_OK && i < f.edge_count; i++)
        if (ulid_equal(f.edges[i].id, edge))
            return f.edges[i].duplicate || gate_allows(s->who.role, ACT_MERGE) ? ERR_OK : ERR_DENIED;
    return e == ERR_OK ? ERR_ABSENT : e;
}

static enum err unlink_edge(struct staff_mover *s, struct ulid account, struct ulid edge)
{
    struct edge was;
    enum err e = may_unlink(s, account, edge);

    if (e == ERR_OK)
        e = merge_unlink(&s->m, account, edge, s->by, &was);
    return e;
}

void staff_unmerge(struct call *c)
{
    struct staff_mover s;
    struct ulid account, edge = {0};

    if (!staff_mover_begin(&s, c, ACT_DECIDE))
        return;
    if (!id_parse(ID_ACCOUNT, c->params[0], &account))
        tell_error(c, ERR_ABSENT);
    else if (read_edge(c, &edge)) {
        enum err e = unlink_edge(&s, account, edge);

        if (e == ERR_OK)
            answer_edge(c, edge);
        else
            tell_error(c, e);
    }
    staff_mover_end(&s);
}

/* ---- suspected duplicates ---- */

static enum err read_names(struct staff_mover *s, const struct duplicate *all, size_t n, struct str *names)
{
    struct arena *a = s->m.arena;
    struct redis_value *v;
    size_t count;

    if (n == 0)
        return ERR_OK;
    for (size_t i = 0; i < 2 * n; i++) {
        struct ulid who = i % 2 == 0 ? all[i / 2].root_a : all[i / 2].root_b;

        redis_add(
            s->m.redis, 3,
            (struct str[]){STR("HGET"), key_in(a, partition_of(who), "a", id_print(ID_ACCOUNT, who).at), STR("name")});
    }

    enum err e = redis_flush(s->m.redis, a, &v, &count);

    for (size_t i = 0; e == ERR_OK && i < 2 * n; i++) {
        struct ulid who = i % 2 == 0 ? all[i / 2].root_a : all[i / 2].root_b;
        struct str bound = str_of(arena_strdup(a, id_print(ID_ACCOUNT, who).at));

        if (v[i].kind != REDIS_TEXT || unseal(s->m.keys, a, v[i].text, bound, &names[i]) != ERR_OK)
            names[i] = (struct str){NULL, 0};
    }
    return e;
}

static struct str or_null(struct str s)
{
    return s.len > 0 ? s : (struct str){NULL, 0};
}

static struct doc *duplicate_doc(const struct duplicate *q, const struct str names[2])
{
    struct doc *d = doc_object(), *reasons;

    tell_id(d, "id", ID_DUPLICATE, q->id);
    tell_id(d, "a", ID_ACCOUNT, q->root_a);
    tell_id(d, "b", ID_ACCOUNT, q->root_b);
    doc_set_text_or_null(d, "a_name", or_null(names[0]));
    doc_set_text_or_null(d, "b_name", or_null(names[1]));
    doc_set_int(d, "score", q->score);
    doc_set(d, "reasons", doc_parse(&reasons, q->reasons, NULL, 0) == ERR_OK ? reasons : doc_array());
    doc_set_text(d, "rule", q->rule);
    doc_set(d, "at", tell_stamp(q->at_ms));
    return d;
}

/* The page behind the question of that id; all where it is not among them (any more). */
static size_t first_of(const struct duplicate *all, size_t n, struct ulid after)
{
    for (size_t i = 0; i < n; i++)
        if (ulid_equal(all[i].id, after))
            return i + 1;
    return 0;
}

static void answer_page(struct staff_mover *s, const struct duplicate *all, size_t n, size_t limit)
{
    struct call *c = s->call;
    struct str *names = arena_array(c->arena, struct str, 2 * limit + 1);
    size_t shown = n < limit ? n : limit;
    enum err e = read_names(s, all, shown, names);
    struct doc *items;

    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }
    items = doc_array();
    for (size_t i = 0; i < shown; i++)
        doc_push(items, duplicate_doc(&all[i], &names[2 * i]));
    tell_list(c, items, n > limit ? arena_strdup(c->arena, id_print(ID_DUPLICATE, all[limit - 1].id).at) : NULL);
}

void staff_duplicates(struct call *c)
{
    struct str cursor = call_query(c, "cursor");
    struct staff_mover s;
    struct duplicate *all;
    struct ulid after = {0};
    int64_t limit;
    size_t n, at;

    if (!staff_mover_begin(&s, c, ACT_READ))
        return;
    if (cursor.at != NULL && !id_parse(ID_DUPLICATE, cursor, &after))
        tell_fault(c, "cursor", "malformed", "the `next` of the page before");
    else if (tell_limit(c, &limit)) {
        enum err e = duplicates_read(s.m.redis, s.m.arena, &all, &n);

        at = e == ERR_OK && !is_zero(after) ? first_of(all, n, after) : 0;
        if (e == ERR_OK)
            answer_page(&s, all + at, n - at, (size_t)limit);
        else
            tell_error(c, e);
    }
    staff_mover_end(&s);
}

static enum err decide(struct staff_mover *s, struct ulid id, bool same, struct ulid *edge)
{
    struct duplicate q;
    struct edge e = {.by = s->by, .by_name = s->who.name, .why = STR("suspected duplicate")};
    enum err bad = duplicate_read(s->m.redis, s->m.arena, id, &q);

    if (bad != ERR_OK)
        return bad;
    if (!same)
        return duplicate_refuse(&s->m, &q, s->by);
    bad = duplicate_link(&s->m, &q, &e);
    *edge = e.id;
    return bad;
}

static void answer_decided(struct call *c, bool same, struct ulid edge)
{
    struct doc *d = doc_object();

    doc_set_bool(d, "same", same);
    if (same)
        tell_id(d, "edge", ID_EDGE, edge);
    else
        doc_set_null(d, "edge");
    tell_doc(c, 200, d);
}

void staff_duplicate(struct call *c)
{
    struct staff_mover s;
    struct ulid id, edge = {0};
    struct doc *body;

    if (!staff_mover_begin(&s, c, ACT_DECIDE))
        return;
    if (!id_parse(ID_DUPLICATE, c->params[0], &id))
        tell_error(c, ERR_ABSENT);
    else if ((body = tell_body(c)) != NULL) {
        bool said = doc_kind(doc_get(body, "same")) == DOC_BOOL, same = doc_get_bool(body, "same", false);
        enum err e = said ? decide(&s, id, same, &edge) : ERR_INPUT;

        doc_close(body);
        if (!said)
            tell_fault(c, "same", "missing", "true or false");
        else if (e == ERR_OK)
            answer_decided(c, same, edge);
        else
            answer_refused(c, e);
    }
    staff_mover_end(&s);
}
