#include "queues/whatif.h"

#include "queues/keys.h"
#include "queues/placing.h"
#include "queues/queue.h"
#include "queues/redis.h"
#include "queues/reroute.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_ARENA_BYTES = 1024 * 1024 };

struct run {
    struct redis *redis;
    struct arena *kept, *page; /* page: reset behind each page */
    const struct rules *candidate;
    int64_t now_ms;
    size_t examples;
    struct whatif *out;
};

static struct str keep(struct run *r, struct str s)
{
    return (struct str){str_copy(r->kept, s), s.len};
}

/* ---- one ticket ---- */

static void count_move(struct run *r, struct str from, struct str to)
{
    struct whatif *w = r->out;

    w->moved++;
    for (size_t i = 0; i < w->move_count; i++)
        if (str_equal(w->move[i].from, from) && str_equal(w->move[i].to, to)) {
            w->move[i].tickets++;
            return;
        }
    if (w->move_count < WHATIF_MOVES_MAX)
        w->move[w->move_count++] = (struct whatif_move){keep(r, from), keep(r, to), 1};
}

static void count_due(struct whatif *w, int64_t was_ms, int64_t is_ms, int64_t now_ms)
{
    bool was_late = was_ms > 0 && was_ms<now_ms, is_late = is_ms> 0 && is_ms < now_ms;

    w->breached_was += was_late;
    w->breached_is += is_late;
    w->newly_breached += is_late && !was_late;
    w->no_longer_breached += was_late && !is_late;
    w->clock_gained += was_ms == 0 && is_ms > 0;
    w->clock_lost += was_ms > 0 && is_ms == 0;
    w->earlier += was_ms > 0 && is_ms > 0 && is_ms < was_ms;
    w->later += was_ms > 0 && is_ms > was_ms;
}

/* H4 */
static int rank_of(const struct whatif_example *e)
{
    if (e->newly_breached)
        return 3;
    if (!str_equal(e->queue_was, e->queue_is))
        return 2;
    return e->due_was_ms != e->due_is_ms ? 1 : 0;
}

static void offer_example(struct run *r, struct whatif_example e)
{
    struct whatif *w = r->out;
    size_t at = w->example_count;

    e.rank = rank_of(&e);
    if (e.rank == 0)
        return;
    if (at == r->examples) {
        if (at == 0 || w->example[at - 1].rank >= e.rank)
            return;
        at--;
    } else {
        w->example_count++;
    }
    for (; at > 0 && w->example[at - 1].rank < e.rank; at--)
        w->example[at] = w->example[at - 1];
    e.queue_was = keep(r, e.queue_was);
    e.queue_is = keep(r, e.queue_is);
    e.rule = keep(r, e.rule);
    e.clock_was = keep(r, e.clock_was);
    e.clock_is = keep(r, e.clock_is);
    w->example[at] = e;
}

/* Where staff put it, it stays; only its clocks are by other rules. */
static void place_by_hand(struct run *r, const struct ticket *t, const struct happening *history, size_t n,
                          struct placing *is)
{
    place_clock(r->candidate, t->queue, history, n, r->now_ms, r->page, is);
    is->rule = t->rule;
    r->out->by_hand++;
}

static enum err ask_again(struct run *r, struct ulid id, const struct redis_value *fields,
                          const struct redis_value *past)
{
    struct happening *history;
    struct ticket t;
    struct placing is;
    struct facts facts;
    size_t n;
    enum err e = ticket_load(NULL, r->page, id, fields, false, &t);

    if (e == ERR_OK)
        e = history_load(r->page, past, &history, &n);
    if (e != ERR_OK)
        return e;
    facts = ticket_facts(r->candidate, &t, t.level);
    if (redis_field(t.fields, REROUTE_HAND).len == 0)
        place(r->candidate, &facts, history, n, r->now_ms, r->page, &is);
    else
        place_by_hand(r, &t, history, n, &is);
    r->out->tickets++;
    if (!str_equal(t.queue, is.queue))
        count_move(r, t.queue, is.queue);
    count_due(r->out, t.due_ms, is.due_ms, r->now_ms);
    offer_example(
        r, (struct whatif_example){
               .ticket = id,
               .reference = t.reference,
               .queue_was = t.queue,
               .queue_is = is.queue,
               .rule = is.rule,
               .clock_was = t.clock,
               .clock_is = is.clock,
               .due_was_ms = t.due_ms,
               .due_is_ms = is.due_ms,
               .newly_breached = is.due_ms > 0 && is.due_ms < r->now_ms && !(t.due_ms > 0 && t.due_ms < r->now_ms),
           });
    return ERR_OK;
}

/* ---- all of them ---- */

/* The next tickets of a queue in one partition, by place. */
static enum err read_page(struct run *r, struct str key, const struct queue_place *after, struct queue_place *out,
                          size_t *n)
{
    struct arena *a = r->page;
    struct redis_value v;
    struct str many = str_int(a, WHATIF_PAGE);
    enum err e;

    if (after == NULL)
        e = redis_do(r->redis, a, &v, 5,
                     (struct str[]){STR("ZRANGE"), key, STR("0"), str_int(a, WHATIF_PAGE - 1), STR("WITHSCORES")});
    else
        e = redis_run(r->redis, a, &v, SCRIPT_PAGE, 1, 4,
                      (struct str[]){key, str_int(a, after->due_ms),
                                     str_of(arena_strdup(a, id_print(ID_TICKET, after->ticket).at)), many});
    *n = 0;
    for (size_t i = 0; e == ERR_OK && i + 1 < v.count; i += 2) {
        out[*n].due_ms = strtoll(v.items[i + 1].text.at, NULL, 10);
        *n += id_parse(ID_TICKET, v.items[i].text, &out[*n].ticket);
    }
    return e;
}

static enum err ask_page(struct run *r, const struct queue_place *at, size_t n)
{
    struct redis_value *v;
    size_t count;
    enum err e;

    for (size_t i = 0; i < n; i++) {
        ticket_queue_read(r->redis, r->page, at[i].ticket);
        history_queue_read(r->redis, r->page, at[i].ticket);
    }
    e = redis_flush(r->redis, r->page, &v, &count);
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        if (ask_again(r, at[i].ticket, &v[2 * i], &v[2 * i + 1]) != ERR_OK)
            r->out->unreadable++;
    return e;
}

static enum err ask_list(struct run *r, struct str queue, unsigned partition, const atomic_bool *stop)
{
    struct queue_place at[WHATIF_PAGE], last;
    const struct queue_place *after = NULL;
    size_t n = WHATIF_PAGE;
    enum err e = ERR_OK;

    while (e == ERR_OK && n == WHATIF_PAGE) {
        arena_reset(r->page);
        e = read_page(r, key_in(r->page, partition, "q", str_copy(r->page, queue)), after, at, &n);
        if (e == ERR_OK && n > 0)
            e = ask_page(r, at, n);
        if (stop != NULL && atomic_load(stop))
            e = ERR_BUSY;
        if (n > 0)
            last = at[n - 1];
        after = &last;
    }
    return e;
}

static int most_first(const void *x, const void *y)
{
    const struct whatif_move *a = x, *b = y;

    return a->tickets == b->tickets ? 0 : a->tickets > b->tickets ? -1 : 1;
}

enum err whatif_run(struct redis *r, struct arena *a, const struct rules *candidate, int64_t now_ms, size_t examples,
                    const atomic_bool *stop, struct whatif *out)
{
    struct run run = {.redis = r,
                      .kept = a,
                      .candidate = candidate,
                      .now_ms = now_ms,
                      .examples = examples < WHATIF_EXAMPLES_MAX ? examples : WHATIF_EXAMPLES_MAX,
                      .out = out};
    struct str *queues;
    size_t n;
    enum err e = queue_names(r, a, &queues, &n);

    memset(out, 0, sizeof *out);
    run.page = arena_open(PAGE_ARENA_BYTES);
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        for (unsigned p = 0; e == ERR_OK && p < PARTITIONS; p++)
            e = ask_list(&run, queues[i], p, stop);
    arena_close(run.page);
    if (out->move_count > 1)
        qsort(out->move, out->move_count, sizeof *out->move, most_first);
    return e;
}

/* ---- told ---- */

static struct doc *due_doc(int64_t ms)
{
    return ms == 0 ? doc_new_null() : doc_new_text(str_of(stamp_print(ms).at));
}

static struct doc *side_doc(struct str queue, struct str clock, int64_t due_ms)
{
    struct doc *d = doc_object();

    doc_set_text(d, "queue", queue);
    doc_set_text_or_null(d, "clock", clock.len > 0 ? clock : (struct str){NULL, 0});
    doc_set(d, "due_at", due_doc(due_ms));
    return d;
}

static struct doc *example_doc(const struct whatif_example *e)
{
    struct doc *d = doc_object();

    doc_set_text(d, "ticket", str_of(id_print(ID_TICKET, e->ticket).at));
    doc_set_text(d, "reference", str_of(reference_print(e->reference).at));
    doc_set(d, "was", side_doc(e->queue_was, e->clock_was, e->due_was_ms));
    doc_set(d, "is", side_doc(e->queue_is, e->clock_is, e->due_is_ms));
    doc_set_text(d, "rule", e->rule);
    doc_set_bool(d, "newly_breached", e->newly_breached);
    return d;
}

struct doc *whatif_doc(const struct whatif *w)
{
    const struct {
        const char *name;
        int64_t n;
    } counts[] = {{"tickets", w->tickets},
                  {"unreadable", w->unreadable},
                  {"by_hand", w->by_hand},
                  {"moved", w->moved},
                  {"earlier", w->earlier},
                  {"later", w->later},
                  {"clock_gained", w->clock_gained},
                  {"clock_lost", w->clock_lost},
                  {"breached_was", w->breached_was},
                  {"breached_is", w->breached_is},
                  {"newly_breached", w->newly_breached},
                  {"no_longer_breached", w->no_longer_breached}};
    struct doc *d = doc_object(), *moves = doc_array(), *examples = doc_array();

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        doc_set_int(d, counts[i].name, counts[i].n);
    for (size_t i = 0; i < w->move_count; i++) {
        struct doc *m = doc_object();

        doc_set_text(m, "from", w->move[i].from);
        doc_set_text(m, "to", w->move[i].to);
        doc_set_int(m, "tickets", w->move[i].tickets);
        doc_push(moves, m);
    }
    for (size_t i = 0; i < w->example_count; i++)
        doc_push(examples, example_doc(&w->example[i]));
    doc_set(d, "moves", moves);
    doc_set(d, "examples", examples);
    return d;
}
