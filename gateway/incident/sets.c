/* GET /api/incidents/{slug}/sets, …/sets/{set}: who was heard of in an incident, and who was not. */
#include "gateway/incident/affected.h"

#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/row.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/incident/incident.h"
#include "queues/incident/touch.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <inttypes.h>

void affected_sets_get(struct call *c)
{
    struct redis *r = work_redis();
    struct staff_session s;
    struct incident i;
    int64_t n[TOUCH_SETS];

    if (!gate_pass(c, r, ACT_READ, &s))
        return;

    enum err e = incident_read(r, c->app->keys, c->arena, c->params[0], &i);

    if (e == ERR_OK)
        e = touch_counts(r, c->arena, i.slug, n);
    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }

    struct doc *items = doc_array();

    for (int set = 0; set < TOUCH_SETS; set++) {
        struct doc *d = doc_object();

        doc_set_text(d, "set", str_of(touch_set_name((enum touch_set)set)));
        doc_set_int(d, "tickets", n[set]);
        doc_push(items, d);
    }
    tell_list(c, items, NULL);
}

/* "<ms>.<tkt_…>" */
static bool read_cursor(struct str s, struct queue_place *out)
{
    return str_number(str_cut(&s, '.'), &out->due_ms) && id_parse(ID_TICKET, s, &out->ticket);
}

static enum err read_page(struct call *c, struct str slug, enum touch_set set, const struct queue_place *after,
                          int64_t limit)
{
    struct queue_place *places = arena_array(c->arena, struct queue_place, (size_t)limit + 1);
    struct ulid *ids = arena_array(c->arena, struct ulid, (size_t)limit + 1);
    const char *next = NULL;
    struct row *rows;
    size_t n = 0, count;
    enum err e = touch_page(work_redis(), c->arena, slug, set, after, (size_t)limit + 1, places, &n);

    if (e == ERR_OK && n > (size_t)limit) {
        n = (size_t)limit;
        next = arena_printf(c->arena, "%" PRId64 ".%s", places[n - 1].due_ms,
                            id_print(ID_TICKET, places[n - 1].ticket).at);
    }
    for (size_t i = 0; i < n; i++)
        ids[i] = places[i].ticket;
    if (e == ERR_OK)
        e = rows_read(c->app, work_redis(), c->arena, ids, n, &rows, &count);
    if (e != ERR_OK)
        return e;

    struct doc *items = doc_array();

    for (size_t i = 0; i < count; i++)
        doc_push(items, row_doc(&rows[i]));
    tell_list(c, items, next);
    return ERR_OK;
}

void affected_set_get(struct call *c)
{
    struct str cursor = call_query(c, "cursor");
    struct queue_place after;
    struct staff_session s;
    struct incident i;
    enum touch_set set;
    int64_t limit;

    if (!gate_pass(c, work_redis(), ACT_READ, &s) || !tell_limit(c, &limit))
        return;
    if (cursor.at != NULL && !read_cursor(cursor, &after)) {
        tell_fault(c, "cursor", "malformed", "the `next` of the page before");
        return;
    }

    enum err e = touch_set_parse(c->params[1], &set)
                     ? incident_read(work_redis(), c->app->keys, c->arena, c->params[0], &i)
                     : ERR_ABSENT;

    if (e == ERR_OK)
        e = read_page(c, i.slug, set, cursor.at != NULL ? &after : NULL, limit);
    if (e != ERR_OK)
        tell_error(c, e);
}
