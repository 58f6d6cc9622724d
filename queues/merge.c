/* Linking, taking away and carrying on: the writing half of merge.h.
 *
 *   link:    hold the root that is stood for -> tie the other one to it -> settle: the hold becomes the edge
 *   unlink:  cut the tie -> forget the edge -> bring home -> done, MERGE_GRACE_MS later
 *
 * The hold is with the entry of {pN}:mv in one partition, the tie in the other. A tie is made only while the hold is
 * there, is looked at after what is tied was read, and is made against that reading: so nobody who stood still for a
 * while ties what was given up meanwhile. */
#include "queues/merge_parts.h"

#include "queues/keys.h"
#include "queues/silent.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <string.h>

enum { AGAIN_MAX = 100, HELD_AGAIN_MAX = 8 };

static struct str id_of(struct arena *a, enum id_kind kind, struct ulid u)
{
    return str_of(arena_strdup(a, id_print(kind, u).at));
}

static struct str todo_key(struct arena *a, struct ulid account)
{
    return key_in(a, partition_of(account), "mv", "");
}

static const char *todo_field(struct arena *a, const char *what, struct ulid edge)
{
    return arena_printf(a, "%s:%s", what, id_print(ID_EDGE, edge).at);
}

static const char *held_field(struct arena *a, struct ulid edge)
{
    return arena_printf(a, "held:%s", id_print(ID_EDGE, edge).at);
}

static void audit(struct change *c, const struct mover *m, struct ulid account, struct str by, const char *action,
                  struct ulid edge)
{
    struct arena *a = m->arena;

    change_audit(c, m->keys, partition_of(account), m->now_ms, by, action, id_of(a, ID_ACCOUNT, account).at,
                 id_of(a, ID_EDGE, edge));
}

static struct str version_of(const struct redis_value *fields)
{
    struct str v = redis_field(fields, "v");

    return v.at == NULL ? STR("0") : v;
}

/* ERR_ABSENT where there is no such account; a cluster of bystanders is none. */
static enum err read_account(struct mover *m, struct ulid account, struct redis_value *out)
{
    enum err e =
        redis_do(m->redis, m->arena, out, 2, (struct str[]){STR("HGETALL"), merge_account_key(m->arena, account)});

    return e == ERR_OK && (out->count == 0 || redis_field(out, "cluster").len > 0) ? ERR_ABSENT : e;
}

static bool is_held(const struct redis_value *fields)
{
    for (size_t i = 0; i + 1 < fields->count; i += 2)
        if (str_starts(fields->items[i].text, "held:"))
            return true;
    return false;
}

static enum err run_on(struct mover *m, struct change *c, struct ulid account, struct str version)
{
    return change_run(m->redis, m->arena, c, STR(""), version.len > 0 ? merge_account_key(m->arena, account) : STR(""),
                      version, NULL);
}

/* ---- link ---- */

/* ERR_CONFLICT: it stands for another one by now. */
static enum err hold(struct mover *m, const struct edge *e)
{
    struct arena *a = m->arena;
    struct redis_value fields;
    struct change *c = change_begin(a);
    enum err bad = read_account(m, e->into, &fields);

    if (bad != ERR_OK)
        return bad;
    if (redis_field(&fields, "alias").len > 0)
        return ERR_CONFLICT;
    change_hset(c, merge_account_key(a, e->into), held_field(a, e->id), id_of(a, ID_ACCOUNT, e->from));
    change_hset(c, todo_key(a, e->into), todo_field(a, "merge", e->id), edge_print(m->keys, a, e));
    return run_on(m, c, e->into, version_of(&fields));
}

static enum err still_held(struct mover *m, const struct edge *e)
{
    struct redis_value v;
    enum err bad = redis_do(
        m->redis, m->arena, &v, 3,
        (struct str[]){STR("HEXISTS"), merge_account_key(m->arena, e->into), str_of(held_field(m->arena, e->id))});

    return bad != ERR_OK ? bad : v.integer == 1 ? ERR_OK : ERR_GONE;
}

/* ERR_BUSY: it is held itself; ERR_GONE: the hold is not there any more, or it stands for another one. */
static enum err tie_once(struct mover *m, const struct edge *e)
{
    struct arena *a = m->arena;
    struct str key = merge_account_key(a, e->from);
    struct redis_value fields;
    enum err bad = read_account(m, e->from, &fields);

    if (bad != ERR_OK)
        return bad;
    if (str_equal(redis_field(&fields, "edge"), id_of(a, ID_EDGE, e->id)))
        return ERR_OK;
    if (redis_field(&fields, "alias").len > 0)
        return ERR_GONE;
    if (is_held(&fields))
        return ERR_BUSY;
    bad = still_held(m, e);
    if (bad != ERR_OK)
        return bad;

    struct change *c = change_begin(a);

    change_hset(c, key, "alias", id_of(a, ID_ACCOUNT, e->into));
    change_hset(c, key, "edge", id_of(a, ID_EDGE, e->id));
    change_silent_ask(c, e->from);
    audit(c, m, e->from, e->by, "account.merged", e->id);
    return run_on(m, c, e->from, version_of(&fields));
}

static enum err tie(struct mover *m, const struct edge *e)
{
    enum err bad = ERR_CONFLICT;

    for (int i = 0; bad == ERR_CONFLICT && i < AGAIN_MAX; i++)
        bad = tie_once(m, e);
    return bad == ERR_CONFLICT ? ERR_BUSY : bad;
}

/* The hold becomes the edge; or, where nothing was tied, it is given up. Somebody else may have done it. */
static enum err settle(struct mover *m, const struct edge *e, bool tied)
{
    struct arena *a = m->arena;
    struct str key = merge_account_key(a, e->into);
    struct change *c = change_begin(a);

    change_holds(c, key, held_field(a, e->id), id_of(a, ID_ACCOUNT, e->from));
    change_add(c, 3, (struct str[]){STR("HDEL"), key, str_of(held_field(a, e->id))});
    change_add(c, 3, (struct str[]){STR("HDEL"), todo_key(a, e->into), str_of(todo_field(a, "merge", e->id))});
    if (tied) {
        change_hset(c, merge_edges_key(a, e->into), id_of(a, ID_EDGE, e->id).at, edge_print(m->keys, a, e));
        audit(c, m, e->into, e->by, "account.merged", e->id);
    }

    enum err bad = run_on(m, c, e->into, STR(""));

    return bad == ERR_CONFLICT ? ERR_OK : bad;
}

/* A hold is there: makes the rest of the link, or gives it up. ERR_BUSY: it was given up. */
static enum err carry_on(struct mover *m, const struct edge *e)
{
    enum err tied = tie(m, e);

    if (tied != ERR_OK && tied != ERR_BUSY && tied != ERR_GONE && tied != ERR_ABSENT)
        return tied;

    enum err settled = settle(m, e, tied == ERR_OK);

    return settled != ERR_OK ? settled : tied == ERR_GONE ? ERR_BUSY : tied;
}

/* G1: between the roots of both, with all that stands for the one. */
static enum err find_roots(struct mover *m, struct edge *e)
{
    struct family f;
    struct redis_value v;
    enum err bad = merge_family(m->redis, m->keys, m->arena, e->from, &f);

    if (bad != ERR_OK)
        return bad;
    e->from = f.accounts[0];
    bad = merge_root(m->redis, m->arena, e->into, &e->into);
    if (bad == ERR_OK)
        bad = read_account(m, e->from, &v);
    if (bad != ERR_OK)
        return bad;
    if (ulid_equal(e->from, e->into))
        return ERR_CONFLICT;
    return f.depth + 1 > MERGE_DEPTH_MAX ? ERR_LIMIT : ERR_OK;
}

/* G7: they are one already, and perhaps nobody has written down the last of it. */
static enum err settle_way(struct mover *m, struct ulid account)
{
    struct arena *a = m->arena;

    for (int hop = 0; hop <= 2 * MERGE_DEPTH_MAX; hop++) {
        struct redis_value fields, v;
        struct ulid into, id;
        struct edge e;
        enum err bad = read_account(m, account, &fields);

        if (bad != ERR_OK || !id_parse(ID_ACCOUNT, redis_field(&fields, "alias"), &into) ||
            !id_parse(ID_EDGE, redis_field(&fields, "edge"), &id))
            return bad == ERR_ABSENT ? ERR_OK : bad;
        bad = redis_do(m->redis, a, &v, 3,
                       (struct str[]){STR("HGET"), todo_key(a, into), str_of(todo_field(a, "merge", id))});
        if (bad == ERR_OK && v.kind == REDIS_TEXT)
            bad = edge_load(m->keys, a, id, v.text, &e);
        if (bad == ERR_OK && v.kind == REDIS_TEXT)
            bad = settle(m, &e, true);
        if (bad != ERR_OK)
            return bad;
        account = into;
    }
    return ERR_CORRUPT;
}

static enum err one_already(struct mover *m, struct ulid from, struct ulid into)
{
    enum err bad = settle_way(m, from);

    if (bad == ERR_OK)
        bad = settle_way(m, into);
    return bad == ERR_OK ? ERR_CONFLICT : bad;
}

enum err merge_link(struct mover *m, struct edge *e)
{
    struct ulid from = e->from, into = e->into;
    enum err bad = ERR_BUSY;

    for (int i = 0; bad == ERR_BUSY && i < HELD_AGAIN_MAX; i++) {
        e->id = ulid_fresh();
        e->at_ms = m->now_ms;
        e->from = from;
        e->into = into;
        bad = find_roots(m, e);
        if (bad != ERR_OK)
            return bad == ERR_CONFLICT ? one_already(m, from, into) : bad;
        bad = hold(m, e);
        if (bad == ERR_CONFLICT)
            bad = ERR_BUSY;
        else if (bad == ERR_OK)
            bad = carry_on(m, e);
    }
    return bad;
}

/* ---- unlink ---- */

/* G7: what else was begun between the two. While they are tied nobody ties them otherwise, so it may go. */
static enum err forget_begun(struct mover *m, const struct edge *e)
{
    struct str from = id_of(m->arena, ID_ACCOUNT, e->from);
    struct redis_value fields;
    enum err bad = read_account(m, e->into, &fields);

    for (size_t i = 0; bad == ERR_OK && i + 1 < fields.count; i += 2) {
        struct str id = fields.items[i].text;
        struct edge begun = {.from = e->from, .into = e->into};

        if (str_is(str_cut(&id, ':'), "held") && id_parse(ID_EDGE, id, &begun.id) && !ulid_equal(begun.id, e->id) &&
            str_equal(fields.items[i + 1].text, from))
            bad = settle(m, &begun, false);
    }
    return bad == ERR_ABSENT ? ERR_OK : bad;
}

/* The account stands for itself again, and what is left to do is written down with it. */
static enum err cut(struct mover *m, const struct edge *e, struct str by)
{
    struct arena *a = m->arena;
    struct str key = merge_account_key(a, e->from);
    enum err bad = ERR_CONFLICT;

    for (int i = 0; bad == ERR_CONFLICT && i < AGAIN_MAX; i++) {
        struct change *c = change_begin(a);
        struct redis_value fields;

        bad = read_account(m, e->from, &fields);
        if (bad != ERR_OK)
            return bad;
        if (!str_equal(redis_field(&fields, "edge"), id_of(a, ID_EDGE, e->id)))
            return ERR_OK; /* cut already */
        bad = forget_begun(m, e);
        if (bad != ERR_OK)
            return bad;
        change_add(c, 4, (struct str[]){STR("HDEL"), key, STR("alias"), STR("edge")});
        change_silent_ask(c, e->from);
        change_hset(c, todo_key(a, e->from), todo_field(a, "unmerge", e->id), edge_print(m->keys, a, e));
        audit(c, m, e->from, by, "account.unmerged", e->id);
        bad = run_on(m, c, e->from, version_of(&fields));
    }
    return bad == ERR_CONFLICT ? ERR_BUSY : bad;
}

static enum err forget_edge(struct mover *m, const struct edge *e, struct str by)
{
    struct arena *a = m->arena;
    struct str key = merge_edges_key(a, e->into), id = id_of(a, ID_EDGE, e->id);
    struct redis_value v;
    enum err bad = redis_do(m->redis, a, &v, 3, (struct str[]){STR("HEXISTS"), key, id});

    if (bad != ERR_OK || v.integer == 0)
        return bad;

    struct change *c = change_begin(a);

    change_add(c, 3, (struct str[]){STR("HDEL"), key, id});
    change_silent_ask(c, e->into);
    audit(c, m, e->into, by, "account.unmerged", e->id);
    return run_on(m, c, e->into, STR(""));
}

/* G4 for one participant. */
static enum err send_home(struct mover *m, const struct ticket *t, struct ulid participant, struct ulid home,
                          struct str by)
{
    struct move w = {.from = t->id, .account = home, .person = participant, .by = by, .at_ms = m->now_ms};
    enum err e = move_home_ticket(m, t, participant, home, &w.to);

    return e == ERR_OK ? move_words(m, &w) : e;
}

/* Whoever's home is not of the customer any more. */
static enum err clear_ticket(struct mover *m, struct ulid ticket, const struct family *f, struct str by)
{
    struct ticket t;
    struct participant *people;
    size_t n;
    enum err e = ticket_read(m->redis, m->keys, m->arena, ticket, &t);

    if (e == ERR_OK)
        e = participants_read(m->redis, m->keys, m->arena, &t, &people, &n);
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        struct ulid home = ticket_home(&t, m->arena, people[i].id);

        if (!family_has(f, home))
            e = send_home(m, &t, people[i].id, home, by);
    }
    return e == ERR_ABSENT ? ERR_OK : e;
}

static enum err clear_account(struct mover *m, struct ulid account, const struct family *f, struct str by)
{
    struct redis_value v;
    const char *name = id_of(m->arena, ID_ACCOUNT, account).at;
    enum err e = redis_do(m->redis, m->arena, &v, 2,
                          (struct str[]){STR("SMEMBERS"), key_in(m->arena, partition_of(account), "gu", name)});

    for (size_t i = 0; e == ERR_OK && i < v.count; i++) {
        struct ulid ticket;

        if (id_parse(ID_TICKET, v.items[i].text, &ticket))
            e = clear_ticket(m, ticket, f, by);
    }
    return e;
}

/* All accounts that are one customer with this one now. */
static enum err clear_family(struct mover *m, struct ulid account, struct str by)
{
    struct family f;
    enum err e = merge_family(m->redis, m->keys, m->arena, account, &f);

    for (size_t i = 0; e == ERR_OK && i < f.n; i++)
        e = clear_account(m, f.accounts[i], &f, by);
    return e;
}

static enum err bring_home(struct mover *m, const struct edge *e, struct str by)
{
    enum err bad = forget_edge(m, e, by);

    if (bad == ERR_OK)
        bad = clear_family(m, e->from, by);
    return bad == ERR_OK ? clear_family(m, e->into, by) : bad;
}

enum err merge_unlink(struct mover *m, struct ulid account, struct ulid edge, struct str by, struct edge *out)
{
    struct family f;
    enum err e = merge_family(m->redis, m->keys, m->arena, account, &f);

    for (size_t i = 0; e == ERR_OK && i < f.edge_count; i++) {
        struct edge found = f.edges[i];

        if (!ulid_equal(found.id, edge))
            continue;
        if (out != NULL)
            *out = found;
        found.at_ms = m->now_ms; /* of the entry: when it was taken away */
        e = cut(m, &found, by);
        return e == ERR_OK ? bring_home(m, &found, by) : e;
    }
    return e == ERR_OK ? ERR_ABSENT : e;
}

/* ---- carrying on ---- */

static enum err finish_unlink(struct mover *m, const struct edge *e)
{
    enum err bad = bring_home(m, e, STR("system"));

    if (bad != ERR_OK || m->now_ms - e->at_ms < MERGE_GRACE_MS)
        return bad;
    return redis_do(
        m->redis, m->arena, NULL, 3,
        (struct str[]){STR("HDEL"), todo_key(m->arena, e->from), str_of(todo_field(m->arena, "unmerge", e->id))});
}

enum err merge_finish(struct mover *m, unsigned partition, int64_t older_than_ms)
{
    struct redis_value v;
    enum err bad =
        redis_do(m->redis, m->arena, &v, 2, (struct str[]){STR("HGETALL"), key_in(m->arena, partition, "mv", "")});

    for (size_t i = 0; bad == ERR_OK && i + 1 < v.count; i += 2) {
        struct str name = v.items[i].text, what = str_cut(&name, ':');
        struct edge e;
        struct ulid id;

        if (str_is(what, "move") || !id_parse(ID_EDGE, name, &id))
            continue;
        bad = edge_load(m->keys, m->arena, id, v.items[i + 1].text, &e);
        if (bad != ERR_OK || e.at_ms >= older_than_ms)
            continue;
        bad = str_is(what, "merge") ? carry_on(m, &e) : finish_unlink(m, &e);
        if (bad == ERR_BUSY && str_is(what, "merge"))
            bad = ERR_OK; /* given up, as whoever asked was told or will find */
    }
    return bad;
}
