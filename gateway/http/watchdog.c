/* watchdog.c - S3: connections that cost more than they give are closed. h2o has one
 * timer over idling, head and body together; this looks at each by itself. */
#include "gateway/http/edge.h"
#include "queues/clock.h"

#include <sys/socket.h>

static enum edge_phase phase_of(const h2o_req_t *req, size_t bytes)
{
    if (req->processed_at.at.tv_sec != 0)
        return PHASE_BUSY;
    if (req->version != 0)
        return PHASE_BODY;
    return bytes == 0 ? PHASE_IDLE : PHASE_HEAD;
}

static bool too_slow(const struct edge_conn *conn, int64_t now_ms)
{
    int64_t in_phase_ms = now_ms - conn->phase_ms;

    switch (conn->phase) {
    case PHASE_IDLE:
        return in_phase_ms > EDGE_IDLE_MS;
    case PHASE_HEAD:
        return in_phase_ms > EDGE_HEAD_MS;
    case PHASE_BODY:
        return now_ms - conn->progress_ms > EDGE_IDLE_MS ||
               (in_phase_ms > EDGE_BODY_GRACE_MS && (int64_t)conn->bytes < in_phase_ms * EDGE_BODY_BYTES_PER_S / 1000);
    case PHASE_BUSY:
        break; /* the handler's time; a reader that stands still is the kernel's (TCP_USER_TIMEOUT) */
    }
    return false;
}

static int watch_one(h2o_req_t *req, void *arg)
{
    struct edge_loop *l = arg;
    h2o_socket_t *sock = req->conn->callbacks->get_socket(req->conn);
    struct edge_conn *conn = sock->on_close.data;
    int64_t now_ms = clock_steady_ms();
    enum edge_phase phase = phase_of(req, sock->input->size);

    if (phase != conn->phase || conn->requests != conn->seen_requests) {
        conn->phase = phase;
        conn->seen_requests = conn->requests;
        conn->phase_ms = conn->progress_ms = now_ms;
        conn->bytes = sock->input->size;
    } else if (sock->input->size != conn->bytes) {
        conn->bytes = sock->input->size;
        conn->progress_ms = now_ms;
    }
    if (!conn->killed && too_slow(conn, now_ms)) {
        if (phase != PHASE_IDLE)
            atomic_fetch_add_explicit(&l->server->counts.killed_slow, 1, memory_order_relaxed);
        edge_conn_kill(req, conn);
    }
    return 0;
}

void edge_watch(struct edge_loop *l)
{
    for (size_t i = 0; i < l->server->options.listener_count; i++)
        l->doors[i].of->h2o.http1.callbacks.foreach_request(&l->doors[i].ctx, watch_one, l);
}

/* What has reached us already is still read and answered (with Connection: close): only the reading side ends. */
static int hang_up_one(h2o_req_t *req, void *arg)
{
    h2o_socket_t *sock = req->conn->callbacks->get_socket(req->conn);

    (void)arg;
    if (phase_of(req, sock->input->size) == PHASE_IDLE)
        (void)shutdown(h2o_socket_get_fd(sock), SHUT_RD);
    return 0;
}

void edge_hang_up_idle(struct edge_loop *l)
{
    for (size_t i = 0; i < l->server->options.listener_count; i++)
        l->doors[i].of->h2o.http1.callbacks.foreach_request(&l->doors[i].ctx, hang_up_one, NULL);
}
