/* answer.c - from a finished call to h2o's response. */
#include "gateway/http/edge.h"

#include <strings.h>

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {303, "See Other"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
};

static const char *reason_of(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Status"; /* never looked at by anybody (RFC 9112 4) */
}

static h2o_iovec_t iovec_of(struct str s)
{
    return h2o_iovec_init(s.at, s.len);
}

/* By the cheapest way that h2o allows: names and values stay where they are. */
static void push_header(h2o_req_t *req, h2o_iovec_t *name, struct str value)
{
    req->res.headers.entries[req->res.headers.size++] = (h2o_header_t){name, NULL, iovec_of(value)};
}

static bool has_header(const struct call *c, struct str name)
{
    for (size_t i = 0; c != NULL && i < c->answer_header_count; i++)
        if (str_equal_nocase(c->answer_headers[i].name, name))
            return true;
    return false;
}

/* S4. c: whose headers win; NULL for h2o's own answers. Room is there. */
static void push_fixed(h2o_req_t *req, const struct edge_listener *l, const struct call *c)
{
    for (size_t i = 0; i < l->is.fixed_header_count; i++)
        if (!has_header(c, l->is.fixed_headers[i].name))
            push_header(req, &l->fixed_names[i], l->is.fixed_headers[i].value);
}

static void count(struct edge_loop *l, int status)
{
    if (status >= 100 && status <= 599)
        atomic_fetch_add_explicit(&l->server->counts.by_status[status / 100], 1, memory_order_relaxed);
}

void exchange_begin_answer(struct exchange *x, size_t content_length)
{
    struct call *c = &x->call;
    h2o_req_t *req = x->req;
    size_t n = c->answer_header_count + x->door->of->is.fixed_header_count;

    count(x->door->on, c->status);
    req->res.status = c->status;
    req->res.reason = reason_of(c->status);
    req->res.content_length = content_length;
    if (x->close_after || x->door->on->stopping)
        req->http1_is_persistent = 0;
    /* Two more: filters of h2o may add theirs. */
    h2o_vector_reserve(&req->pool, &req->res.headers, n + 2);
    for (size_t i = 0; i < c->answer_header_count; i++) {
        h2o_iovec_t *name = arena_new(c->arena, h2o_iovec_t);

        *name = iovec_of(c->answer_headers[i].name);
        push_header(req, name, c->answer_headers[i].value);
    }
    push_fixed(req, x->door->of, c);
}

/* h2o answers by itself where it never made a request of it: bodies too large, broken chunks, unknown
 * expectations. Those go out with the listener's headers, too. */
static void on_setup_ostream(h2o_filter_t *self, h2o_req_t *req, h2o_ostream_t **slot)
{
    struct edge_conn *conn = edge_conn_of(req);

    (void)self;
    if (conn->now == NULL) {
        const struct edge_listener *l = conn->door->of;

        h2o_vector_reserve(&req->pool, &req->res.headers, req->res.headers.size + l->is.fixed_header_count);
        push_fixed(req, l, NULL);
        count(conn->door->on, req->res.status);
        atomic_fetch_add_explicit(&l->server->counts.refused, 1, memory_order_relaxed);
    }
    h2o_setup_next_ostream(req, slot);
}

void edge_dress_answers(h2o_pathconf_t *path)
{
    h2o_create_filter(path, sizeof(h2o_filter_t))->on_setup_ostream = on_setup_ostream;
}
