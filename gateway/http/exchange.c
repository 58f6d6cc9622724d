/* exchange.c - one request from h2o to its handler and back (H1, H2, G2). */
#include "gateway/http/asset.h"
#include "gateway/http/edge.h"
#include "gateway/http/route.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/log.h"
#include "rules/base/id.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Lies in the request's pool: h2o runs its dispose hook when the request goes, sent or cut off. */
struct exchange_guard {
    struct exchange *x;
};

/* ---- life ---- */

static struct arena *take_arena(struct edge_loop *l)
{
    return l->spares > 0 ? l->spare[--l->spares] : arena_open(EDGE_ARENA_BYTES);
}

static void give_arena(struct edge_loop *l, struct arena *a)
{
    if (l->spares == EDGE_SPARE_ARENAS) {
        arena_close(a);
        return;
    }
    arena_reset(a);
    l->spare[l->spares++] = a;
}

void exchange_drop(struct exchange *x)
{
    struct edge_loop *l = x->door->on;

    loop_timer_cancel(l->loop, &x->timer);
    for (struct call_kept *k = x->call.kept; k != NULL; k = k->next)
        k->release(k->arg);
    l->calls--;
    give_arena(l, x->call.arena);
    edge_loop_settle(l);
}

static void on_request_gone(void *p)
{
    struct exchange *x = ((struct exchange_guard *)p)->x;

    edge_conn_of(x->req)->now = NULL;
    x->req = NULL;
    if (x->answered)
        exchange_drop(x);
}

static void make_request_id(struct edge_loop *l, struct call *c)
{
    if (l->chance_left < 10) {
        if (getrandom(l->chance, sizeof l->chance, 0) != (ssize_t)sizeof l->chance)
            abort();
        l->chance_left = sizeof l->chance;
    }
    l->chance_left -= 10;
    ulid_print(ulid_make(c->begun_ms, l->chance + l->chance_left), c->request_id);
}

static struct exchange *exchange_open(struct edge_door *d, h2o_req_t *req)
{
    struct arena *a = take_arena(d->on);
    struct exchange *x = arena_new(a, struct exchange);
    struct edge_conn *conn = edge_conn_of(req);

    x->door = d;
    x->req = req;
    x->call.arena = a;
    x->call.app = d->on->server->options.app;
    x->call.listener = str_of(d->of->is.name);
    x->call.begun_ms = clock_now_ms();
    x->call.edge = x;
    make_request_id(d->on, &x->call);
    x->guard = h2o_mem_alloc_shared(&req->pool, sizeof *x->guard, on_request_gone);
    x->guard->x = x;
    d->on->calls++;
    conn->requests++;
    conn->now = x;
    atomic_fetch_add_explicit(&d->on->server->counts.requests, 1, memory_order_relaxed);
    return x;
}

/* ---- answering ---- */

static void send_answer(struct exchange *x)
{
    static h2o_generator_t generator = {NULL, NULL};
    struct call *c = &x->call;
    h2o_req_t *req = x->req;

    x->answered = true;
    if (req == NULL) {
        exchange_drop(x);
        return;
    }
    if (c->status == 0) {
        log_error("call_unanswered", "request=%s listener=%s", c->request_id, x->door->of->is.name);
        call_problem(c, 500, "internal", "Something went wrong here", NULL, 0);
    }

    h2o_iovec_t body = h2o_iovec_init(c->answer.at, c->answer.len);
    bool has_none = c->status == 204 || c->status == 304; /* RFC 9110 8.6: then there is no length either */

    exchange_begin_answer(x, has_none ? SIZE_MAX : body.len);
    h2o_start_response(req, &generator);
    if (has_none || x->head_only || body.len == 0)
        h2o_send(req, NULL, 0, H2O_SEND_STATE_FINAL);
    else
        h2o_send(req, &body, 1, H2O_SEND_STATE_FINAL);
}

static const char *title_of(int status)
{
    switch (status) {
    case 404:
        return "There is nothing at this address";
    case 405:
        return "This address does not take that method";
    case 413:
        return "The request is too large";
    case 431:
        return "The headers of the request are too large";
    case 503:
        return "Too busy, try again in a moment";
    default:
        return "The request cannot be read";
    }
}

static void refuse(struct exchange *x, struct refusal r)
{
    struct call *c = &x->call;
    const struct listener *l = &x->door->of->is;

    atomic_fetch_add_explicit(&x->door->on->server->counts.refused, 1, memory_order_relaxed);
    if (l->refusal != NULL)
        l->refusal(c, r.status, r.code);
    if (c->status == 0)
        call_problem(c, r.status, r.code, title_of(r.status), NULL, 1);
    send_answer(x);
}

/* ---- reading ---- */

static void note_peer(struct edge_conn *conn, h2o_req_t *req)
{
    struct sockaddr_storage ss;
    char host[NI_MAXHOST];
    socklen_t len = req->conn->callbacks->get_peername(req->conn, (struct sockaddr *)&ss);
    size_t n = len == 0 ? SIZE_MAX : h2o_socket_getnumerichost((struct sockaddr *)&ss, len, host);

    if (n == SIZE_MAX || !peer_parse((struct str){host, n}, &conn->peer))
        conn->peer = (struct peer_text){"::"};
}

static struct str client_of(struct exchange *x)
{
    struct edge_conn *conn = edge_conn_of(x->req);
    struct call *c = &x->call;

    if (conn->peer.at[0] == '\0')
        note_peer(conn, x->req);

    struct peer_text *peer = arena_new(c->arena, struct peer_text);

    *peer = conn->peer;
    if (x->door->of->is.proxy)
        for (size_t i = c->header_count; i > 0; i--)
            if (str_is(c->headers[i - 1].name, "x-forwarded-for") &&
                !peer_walk(&x->door->of->trusted, peer, c->headers[i - 1].value))
                break;
    return str_of(peer->at);
}

static struct refusal read_request(struct exchange *x)
{
    struct call *c = &x->call;
    h2o_req_t *req = x->req;
    h2o_buffer_t *input = req->conn->callbacks->get_socket(req->conn)->input;
    struct head head = {0};
    struct refusal r = head_parse(&head, c->arena, (struct str){input->bytes, input->size});

    if (r.status == 0)
        r = head_target(head.target, c->arena, &c->path, &c->query);
    c->headers = head.headers;
    c->header_count = r.status == 0 ? head.count : 0;
    c->peer = client_of(x);
    x->head_only = str_is(head.method, "HEAD");
    c->method = x->head_only ? STR("GET") : head.method;
    if (req->entity.len > 0)
        c->body = (struct str){arena_copy(c->arena, req->entity.base, req->entity.len), req->entity.len};
    return r;
}

/* ---- handling ---- */

static void on_finished(void *arg)
{
    struct exchange *x = arg;

    loop_timer_cancel(x->door->on->loop, &x->timer);
    send_answer(x);
}

static void run_on_worker(struct redis *redis, void *arg)
{
    struct exchange *x = arg;

    (void)redis;
    x->route->handler(&x->call);
    loop_post(x->door->on->loop, on_finished, x);
}

static void run_on_loop(struct exchange *x, route_handler *handler)
{
    handler(&x->call);
    if (!x->held && !x->answered)
        send_answer(x);
}

static void run_route(struct exchange *x)
{
    struct workers *workers = x->door->on->server->options.workers;

    if (x->route->body_bytes_max > 0 && x->call.body.len > x->route->body_bytes_max)
        refuse(x, (struct refusal){413, "too-large"});
    else if (x->route->kind == ROUTE_LOOP)
        run_on_loop(x, x->route->handler);
    else if (workers == NULL || work_submit(workers, run_on_worker, x) != ERR_OK)
        refuse(x, (struct refusal){503, "busy"});
}

static const struct asset *find_asset(struct exchange *x)
{
    return x->door->assets == NULL ? NULL : assets_find(x->door->assets, x->call.path);
}

static void run_no_route(struct exchange *x)
{
    const struct listener *l = &x->door->of->is;
    struct call *c = &x->call;
    struct str allow = route_allow(l->routes, l->route_count, c->path, c->arena);

    if (allow.len == 0 && find_asset(x) != NULL)
        allow = STR("GET, HEAD");
    if (allow.len > 0) {
        call_set_header(c, "allow", allow);
        refuse(x, (struct refusal){405, "method-not-allowed"});
    } else if (l->absent != NULL) {
        run_on_loop(x, l->absent);
    } else {
        refuse(x, (struct refusal){404, "not-found"});
    }
}

static void dispatch(struct exchange *x)
{
    const struct listener *l = &x->door->of->is;
    struct call *c = &x->call;
    const struct asset *asset = str_is(c->method, "GET") ? find_asset(x) : NULL;

    if (asset != NULL) {
        asset_answer(asset, c);
        send_answer(x);
        return;
    }
    x->route = route_find(l->routes, l->route_count, c->method, c->path, c->params);
    if (x->route != NULL)
        run_route(x);
    else
        run_no_route(x);
}

static int on_request(h2o_handler_t *self, h2o_req_t *req)
{
    struct exchange *x = exchange_open(H2O_STRUCT_FROM_MEMBER(struct edge_door, ctx, req->conn->ctx), req);
    struct refusal r = read_request(x);

    (void)self;
    if (r.status != 0) {
        x->close_after = true; /* where it ends is not certain */
        refuse(x, r);
    } else {
        dispatch(x);
    }
    return 0;
}

void edge_handle_requests(h2o_pathconf_t *path)
{
    h2o_create_handler(path, sizeof(h2o_handler_t))->on_req = on_request;
}

/* ---- call.h's half that needs the edge ---- */

void call_hold(struct call *c)
{
    struct exchange *x = c->edge;

    if (x != NULL)
        x->held = true;
}

void call_finish(struct call *c)
{
    struct exchange *x = c->edge;

    if (x == NULL)
        return;
    assert(x->held);

    bool again = atomic_exchange(&x->finished, true);

    assert(!again);
    (void)again;
    loop_post(x->door->on->loop, on_finished, x);
}

struct loop *call_loop(const struct call *c)
{
    return ((const struct exchange *)c->edge)->door->on->loop;
}

static void on_after(void *arg)
{
    struct exchange *x = arg;

    if (!atomic_load(&x->finished))
        x->after(x->after_arg);
}

void call_after(struct call *c, int ms, void (*fn)(void *arg), void *arg)
{
    struct exchange *x = c->edge;

    if (x == NULL)
        return;
    x->after = fn;
    x->after_arg = arg;
    loop_timer_start(x->door->on->loop, &x->timer, ms, on_after, x);
}
