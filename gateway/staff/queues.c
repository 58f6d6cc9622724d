/* GET /api/queues and /api/queues/{queue}: what waits, and in which order. */
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/row.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/queue.h"
#include "queues/ruleset.h"
#include "rules/base/doc.h"
#include "rules/route.h"

#include <inttypes.h>

enum { SOON_MS = 60 * 60 * 1000 };

/* Queues of the rules in their order, then those that only tickets know. */
struct board {
    struct queue_count *counts;
    const char **titles;
    size_t n, of_rules;
};

static void add_queue(struct board *b, struct str name, const char *title)
{
    b->counts[b->n] = (struct queue_count){.name = name};
    b->titles[b->n++] = title;
}

static void fill_board(struct board *b, const struct rules *rules, struct arena *a, const struct str *used, size_t n)
{
    size_t of_rules = rules_queue_count(rules);

    b->counts = arena_array(a, struct queue_count, of_rules + n + 1);
    b->titles = arena_array(a, const char *, of_rules + n + 1);
    for (size_t i = 0; i < of_rules; i++) {
        const struct rules_queue *q = rules_queue_at(rules, i);

        add_queue(b, str_of(arena_strdup(a, q->name)), arena_strdup(a, q->title));
    }
    b->of_rules = b->n;
    for (size_t i = 0; i < n; i++)
        if (rules_queue(rules, used[i]) == NULL)
            add_queue(b, used[i], used[i].at);
}

static enum err read_board(struct call *c, struct redis *r, struct board *b)
{
    struct str *used;
    size_t n;
    enum err e = queue_names(r, c->arena, &used, &n);

    if (e != ERR_OK)
        return e;

    const struct rules *rules = ruleset_take(c->app->rules);

    *b = (struct board){0};
    fill_board(b, rules, c->arena, used, n);
    ruleset_release(c->app->rules, rules);
    return queue_counts(r, c->arena, b->counts, b->n, clock_now_ms(), SOON_MS);
}

void staff_queues(struct call *c)
{
    struct staff_session s;
    struct board b;
    enum err e;

    if (!gate_pass(c, work_redis(), ACT_READ, &s))
        return;
    if ((e = read_board(c, work_redis(), &b)) != ERR_OK) {
        tell_error(c, e);
        return;
    }

    struct doc *items = doc_array();

    for (size_t i = 0; i < b.n; i++) {
        const struct queue_count *q = &b.counts[i];
        struct doc *d;

        if (i >= b.of_rules && q->open == 0)
            continue;
        d = doc_object();
        doc_set_text(d, "queue", q->name);
        doc_set_text(d, "title", str_of(b.titles[i]));
        doc_set_int(d, "open", q->open);
        doc_set_int(d, "unclaimed", q->unclaimed);
        doc_set_int(d, "due_soon", q->due_soon);
        doc_set_int(d, "breached", q->breached);
        doc_push(items, d);
    }
    tell_list(c, items, NULL);
}

/* ---- one queue ---- */

static const char *cursor_print(struct arena *a, const struct queue_place *p)
{
    return arena_printf(a, "%" PRId64 ".%s", p->due_ms, id_print(ID_TICKET, p->ticket).at);
}

static bool cursor_parse(struct str s, struct queue_place *out)
{
    struct str due = str_cut(&s, '.');

    return str_number(due, &out->due_ms) && id_parse(ID_TICKET, s, &out->ticket);
}

/* Does the queue exist: in the rules, or because tickets were in it? */
static enum err queue_known(struct call *c, struct redis *r, struct str name)
{
    const struct rules *rules = ruleset_take(c->app->rules);
    bool known = rules_queue(rules, name) != NULL;
    struct str *used;
    size_t n;

    ruleset_release(c->app->rules, rules);
    if (known)
        return ERR_OK;

    enum err e = queue_names(r, c->arena, &used, &n);

    for (size_t i = 0; e == ERR_OK && i < n; i++)
        if (str_equal(used[i], name))
            return ERR_OK;
    return e == ERR_OK ? ERR_ABSENT : e;
}

static void answer_page(struct call *c, const struct queue_place *after, size_t limit)
{
    struct queue_place *places = arena_array(c->arena, struct queue_place, limit + 1);
    struct row *rows;
    size_t n, count;
    enum err e = queue_page(work_redis(), c->arena, c->params[0], after, limit + 1, places, &n);
    size_t shown = n < limit ? n : limit;
    struct ulid *ids = arena_array(c->arena, struct ulid, limit + 1);

    for (size_t i = 0; e == ERR_OK && i < shown; i++)
        ids[i] = places[i].ticket;
    if (e == ERR_OK)
        e = rows_read(c->app, work_redis(), c->arena, ids, shown, &rows, &count);
    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }

    struct doc *items = doc_array();

    for (size_t i = 0; i < count; i++)
        doc_push(items, row_doc(&rows[i]));
    tell_list(c, items, n > limit ? cursor_print(c->arena, &places[limit - 1]) : NULL);
}

void staff_queue(struct call *c)
{
    struct str cursor = call_query(c, "cursor");
    struct queue_place after;
    struct staff_session s;
    int64_t limit;
    enum err e;

    if (!gate_pass(c, work_redis(), ACT_READ, &s) || !tell_limit(c, &limit))
        return;
    if (cursor.at != NULL && !cursor_parse(cursor, &after)) {
        tell_fault(c, "cursor", "malformed", "the `next` of the page before");
        return;
    }
    if ((e = queue_known(c, work_redis(), c->params[0])) != ERR_OK)
        tell_error(c, e);
    else
        answer_page(c, cursor.at == NULL ? NULL : &after, (size_t)limit);
}
