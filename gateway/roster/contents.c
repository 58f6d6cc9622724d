/* contents.c - what one watch leaves to the next: what is late or soon due, what was promised, what its people hold. */
#include "gateway/app.h"
#include "gateway/roster/roster.h"
#include "gateway/staff/tell.h"
#include "queues/queue.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <string.h>

enum {
    OF_QUEUE_MAX = 200, /* looked at in each queue, the next due first */
    ALL_MAX = 2000,
    TOLD_MAX = 300,
};

#define SOON_MS (INT64_C(4) * 3600 * 1000)

struct look {
    struct app *app;
    struct redis *redis;
    struct arena *a;
    const struct str *gone;
    size_t gone_count, seen, told;
    int64_t now_ms;
    bool more;
    struct doc *tickets;
    struct roster_held *held;
    size_t held_count;
};

static bool is_gone(const struct look *l, struct str name)
{
    for (size_t i = 0; i < l->gone_count; i++)
        if (str_equal_nocase(l->gone[i], name))
            return true;
    return false;
}

/* NULL: it can wait for whoever comes to it. */
static const char *why_told(const struct look *l, const struct ticket *t)
{
    if (t->owner.len > 0 && is_gone(l, t->owner_name))
        return "held";
    if (t->due_ms > 0 && t->due_ms <= l->now_ms)
        return "breached";
    if (str_is(t->clock, "call-back") && t->due_ms <= l->now_ms + SOON_MS)
        return "promised";
    return t->due_ms > 0 && t->due_ms <= l->now_ms + SOON_MS ? "due" : NULL;
}

static void add_ticket(struct look *l, const struct ticket *t)
{
    const char *why = why_told(l, t);
    struct doc *d;

    if (why == NULL)
        return;
    if (strcmp(why, "held") == 0)
        l->held[l->held_count++] = (struct roster_held){t->id, t->owner, t->owner_name};
    if (l->told++ >= TOLD_MAX) {
        l->more = true;
        return;
    }
    d = doc_object();
    tell_id(d, "ticket", ID_TICKET, t->id);
    doc_set_text(d, "reference", str_of(reference_print(t->reference).at));
    doc_set_text(d, "queue", t->queue);
    doc_set_text(d, "state", t->state);
    doc_set_text(d, "why", str_of(why));
    doc_set(d, "due_at", tell_stamp(t->due_ms));
    doc_set_text_or_null(d, "owner", t->owner_name.len > 0 ? t->owner_name : (struct str){NULL, 0});
    doc_push(l->tickets, d);
}

static enum err look_at_queue(struct look *l, struct str queue)
{
    struct queue_place *place = arena_array(l->a, struct queue_place, OF_QUEUE_MAX + 1);
    struct redis_value *v;
    size_t n, replies;
    enum err e = queue_page(l->redis, l->a, queue, NULL, OF_QUEUE_MAX + 1, place, &n);

    if (e != ERR_OK || n == 0)
        return e;
    l->more = l->more || n > OF_QUEUE_MAX || l->seen + n > ALL_MAX;
    n = n > OF_QUEUE_MAX ? OF_QUEUE_MAX : n;
    n = l->seen + n > ALL_MAX ? ALL_MAX - l->seen : n;
    l->seen += n;
    if (n == 0)
        return ERR_OK;
    for (size_t i = 0; i < n; i++)
        ticket_queue_read(l->redis, l->a, place[i].ticket);
    e = redis_flush(l->redis, l->a, &v, &replies);
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        struct ticket t;

        if (ticket_load(l->app->keys, l->a, place[i].ticket, &v[i], false, &t) == ERR_OK)
            add_ticket(l, &t);
    }
    return e;
}

static struct doc *queue_doc(const struct queue_count *q)
{
    struct doc *d = doc_object();

    doc_set_text(d, "queue", q->name);
    doc_set_int(d, "open", q->open);
    doc_set_int(d, "unclaimed", q->unclaimed);
    doc_set_int(d, "due_soon", q->due_soon);
    doc_set_int(d, "breached", q->breached);
    return d;
}

enum err roster_contents(struct app *app, struct redis *r, struct arena *a, const struct str *gone, size_t gone_count,
                         int64_t now_ms, struct doc **out, struct roster_held **held, size_t *held_count)
{
    struct look l = {.app = app, .redis = r, .a = a, .gone = gone, .gone_count = gone_count, .now_ms = now_ms};
    struct doc *queues = doc_array(), *d = doc_object();
    struct queue_count *counts;
    struct str *names;
    size_t n = 0;
    enum err e = queue_names(r, a, &names, &n);

    l.tickets = doc_array();
    l.held = arena_array(a, struct roster_held, ALL_MAX);
    counts = arena_array(a, struct queue_count, n + 1);
    for (size_t i = 0; i < n; i++)
        counts[i].name = names[i];
    if (e == ERR_OK)
        e = queue_counts(r, a, counts, n, now_ms, SOON_MS);
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        if (counts[i].open > 0) {
            doc_push(queues, queue_doc(&counts[i]));
            e = look_at_queue(&l, names[i]);
        }
    doc_set(d, "queues", queues);
    doc_set(d, "tickets", l.tickets);
    doc_set_bool(d, "more", l.more);
    if (e != ERR_OK) {
        doc_close(d);
        return e;
    }
    *out = d;
    *held = l.held;
    *held_count = l.held_count;
    return ERR_OK;
}
