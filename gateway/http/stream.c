/* stream.c - server-sent events: answers that stay open (WHATWG HTML 9.2). */
#include "gateway/http/edge.h"
#include "queues/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct edge_stream {
    h2o_generator_t super; /* first: h2o hands us this address back */
    h2o_linklist_t link;   /* in its door's streams */
    struct exchange *x;
    struct buf waiting, sent; /* sent belongs to h2o until on_proceed */
    bool sending, ending;
};

static struct edge_stream *stream_of(h2o_generator_t *g)
{
    return (struct edge_stream *)g;
}

/* After the last send nothing of the stream may be touched. */
static void pump(struct edge_stream *s)
{
    if (s->sending)
        return;
    if (s->ending) {
        h2o_send(s->x->req, NULL, 0, H2O_SEND_STATE_FINAL);
        return;
    }
    if (s->waiting.len == 0)
        return;

    struct buf next = s->waiting;

    s->waiting = s->sent;
    s->waiting.len = 0;
    s->sent = next;
    s->sending = true;

    h2o_iovec_t bytes = h2o_iovec_init(s->sent.at, s->sent.len);

    h2o_send(s->x->req, &bytes, 1, H2O_SEND_STATE_IN_PROGRESS);
}

static void on_proceed(h2o_generator_t *g, h2o_req_t *req)
{
    (void)req;
    stream_of(g)->sending = false;
    pump(stream_of(g));
}

static void leave(struct edge_stream *s)
{
    if (!h2o_linklist_is_linked(&s->link))
        return;
    h2o_linklist_unlink(&s->link);
    atomic_fetch_sub_explicit(&s->x->door->on->server->counts.streams, 1, memory_order_relaxed);
}

static void on_stop(h2o_generator_t *g, h2o_req_t *req)
{
    (void)req;
    leave(stream_of(g));
}

static void on_over(void *arg)
{
    struct edge_stream *s = arg;

    leave(s);
    buf_free(&s->waiting);
    buf_free(&s->sent);
}

/* What a client does not take is not kept for it: it comes back with Last-Event-ID. */
static void push(struct edge_stream *s, struct str wire)
{
    if (s->waiting.len + wire.len > STREAM_BYTES_MAX) {
        log_info("stream_behind", "request=%s", s->x->call.request_id);
        edge_conn_kill(s->x->req, edge_conn_of(s->x->req));
        return;
    }
    buf_str(&s->waiting, wire);
    pump(s);
}

static void end(struct edge_stream *s)
{
    leave(s);
    s->ending = true;
    pump(s);
}

void stream_open(struct call *c, struct str first)
{
    struct exchange *x = c->edge;

    if (c->status == 0)
        c->status = 200;
    x->answered = true;
    if (x->req == NULL) { /* H1, after call_hold(): nobody is there any more */
        exchange_drop(x);
        return;
    }
    call_set_header(c, "content-type", STR("text/event-stream"));
    call_set_header(c, "cache-control", STR("no-store"));
    call_set_header(c, "x-accel-buffering", STR("no"));

    struct edge_stream *s = arena_new(c->arena, struct edge_stream);

    s->super = (h2o_generator_t){on_proceed, on_stop};
    s->x = x;
    call_keep(c, on_over, s);
    x->req->compress_hint = H2O_COMPRESS_HINT_DISABLE;
    exchange_begin_answer(x, SIZE_MAX);
    h2o_start_response(x->req, &s->super);
    if (x->head_only || x->door->on->stopping) {
        end(s);
        return;
    }
    h2o_linklist_insert(&x->door->streams, &s->link);
    atomic_fetch_add_explicit(&x->door->on->server->counts.streams, 1, memory_order_relaxed);
    push(s, first.len > 0 ? first : STR(": hb\n\n"));
}

static void each_stream(struct edge_door *d, struct str wire)
{
    h2o_linklist_t *next;

    for (h2o_linklist_t *node = d->streams.next; node != &d->streams; node = next) {
        next = node->next;
        push(H2O_STRUCT_FROM_MEMBER(struct edge_stream, link, node), wire);
    }
}

void edge_streams_end(struct edge_door *d)
{
    while (!h2o_linklist_is_empty(&d->streams))
        end(H2O_STRUCT_FROM_MEMBER(struct edge_stream, link, d->streams.next));
}

void edge_streams_beat(struct edge_loop *l)
{
    for (size_t i = 0; i < l->server->options.listener_count; i++)
        each_stream(&l->doors[i], STR(": hb\n\n"));
}

/* ---- from any thread ---- */

struct broadcast {
    atomic_int loops_left;
    size_t listener, len;
    char wire[];
};

struct delivery {
    struct edge_loop *to;
    struct broadcast *what;
};

static void deliver(void *arg)
{
    struct delivery *d = arg;
    struct broadcast *b = d->what;

    each_stream(&d->to->doors[b->listener], (struct str){b->wire, b->len});
    if (atomic_fetch_sub(&b->loops_left, 1) == 1)
        free(b);
    free(d);
}

void stream_send_all(struct server *s, size_t listener, struct str wire)
{
    struct broadcast *b = malloc(sizeof *b + wire.len);

    if (b == NULL)
        abort();
    atomic_init(&b->loops_left, s->options.loops);
    b->listener = listener;
    b->len = wire.len;
    if (wire.len > 0)
        memcpy(b->wire, wire.at, wire.len);
    for (int i = 0; i < s->options.loops; i++) {
        struct delivery *d = malloc(sizeof *d);

        if (d == NULL)
            abort();
        *d = (struct delivery){&s->loops[i], b};
        loop_post(s->loops[i].loop, deliver, d);
    }
}
