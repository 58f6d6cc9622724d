/* listen.c - listening sockets and the connections that come in by them. */
#include "gateway/http/edge.h"
#include "gateway/http/tls.h"
#include "queues/clock.h"
#include "queues/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024, ACCEPTS_A_TURN = 16, WHY_BYTES = 200 };

/* ---- binding ---- */

static socklen_t address_of(const char *text, int port, struct sockaddr_storage *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        return sizeof *v4;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        return sizeof *v6;
    }
    return 0;
}

static enum err bind_fault(const struct listener *l, int port, char *why)
{
    if (errno == EADDRINUSE)
        snprintf(why, WHY_BYTES,
                 "port %d on %s is in use: stop the program that has it, or choose another port in \"listen %s\"", port,
                 l->address, l->name);
    else if (errno == EACCES)
        snprintf(why, WHY_BYTES, "port %d on %s is not allowed: use a port above 1023, or grant CAP_NET_BIND_SERVICE",
                 port, l->address);
    else
        snprintf(why, WHY_BYTES, "cannot listen on %s port %d: %s", l->address, port, strerror(errno));
    return ERR_IO;
}

static int port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } u = {0};
    socklen_t len = sizeof u;

    if (getsockname(fd, &u.any, &len) != 0)
        return 0;
    return ntohs(u.any.sa_family == AF_INET6 ? u.v6.sin6_port : u.v4.sin_port);
}

static int open_socket(const struct sockaddr_storage *ss, socklen_t len, bool shared)
{
    int s = socket(ss->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

    if (s < 0)
        return -1;
    (void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    (void)setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if ((shared && setsockopt(s, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) ||
        bind(s, (const struct sockaddr *)ss, len) != 0 || (shared && listen(s, BACKLOG) != 0)) {
        int e = errno;

        close(s);
        errno = e;
        return -1;
    }
    return s;
}

enum err edge_bind(int *fd, const struct listener *l, int *port, bool first, char *why)
{
    struct sockaddr_storage ss;
    socklen_t len = address_of(l->address, *port, &ss);
    int s = 0;

    if (len == 0) {
        snprintf(why, WHY_BYTES, "%s is no numeric address (listen %s)", l->address, l->name);
        return ERR_CONF;
    }
    /* SO_REUSEPORT lets in any other process of this user: ask without it whether somebody is there. */
    if (first && *port != 0 && (s = open_socket(&ss, len, false)) >= 0)
        close(s);
    if (s >= 0)
        s = open_socket(&ss, len, true);
    if (s < 0)
        return bind_fault(l, *port, why);
    *port = port_of(s);
    *fd = s;
    return ERR_OK;
}

/* ---- connections ---- */

struct edge_conn *edge_conn_of(h2o_req_t *req)
{
    return req->conn->callbacks->get_socket(req->conn)->on_close.data;
}

void edge_conn_kill(h2o_req_t *req, struct edge_conn *conn)
{
    if (conn->killed)
        return;
    conn->killed = true;
    (void)shutdown(h2o_socket_get_fd(req->conn->callbacks->get_socket(req->conn)), SHUT_RDWR);
}

static bool full(const struct server *s)
{
    return atomic_load_explicit(&s->counts.open_connections, memory_order_relaxed) >=
           (uint64_t)s->options.connections_max;
}

static void on_conn_close(void *arg)
{
    struct edge_conn *conn = arg;
    struct edge_loop *l = conn->door->on;

    atomic_fetch_sub_explicit(&l->server->counts.open_connections, 1, memory_order_relaxed);
    l->connections--;
    edge_door_resume(conn->door);
    tls_close(conn->tls);
    free(conn);
    edge_loop_settle(l);
}

static bool from_trusted(struct edge_door *d, h2o_socket_t *sock)
{
    struct sockaddr_storage ss;
    socklen_t len;
    char host[NI_MAXHOST];
    struct peer_text peer;
    size_t n;

    if (!d->of->is.proxy)
        return false;
    len = h2o_socket_getpeername(sock, (struct sockaddr *)&ss);
    n = len == 0 ? SIZE_MAX : h2o_socket_getnumerichost((struct sockaddr *)&ss, len, host);
    return n != SIZE_MAX && peer_parse((struct str){host, n}, &peer) && peers_have(&d->of->trusted, &peer);
}

static void take_connection(struct edge_door *d, h2o_socket_t *sock)
{
    struct edge_counts *counts = &d->on->server->counts;
    struct edge_conn *conn = calloc(1, sizeof *conn);
    unsigned ms = EDGE_USER_TIMEOUT_MS;

    if (conn == NULL)
        abort();
    *conn =
        (struct edge_conn){.door = d, .tls = d->tls == NULL ? NULL : tls_hold(d->tls), .phase_ms = clock_steady_ms()};
    sock->on_close.cb = on_conn_close;
    sock->on_close.data = conn;
    d->on->connections++;
    atomic_fetch_add_explicit(&counts->connections, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&counts->open_connections, 1, memory_order_relaxed);
    (void)setsockopt(h2o_socket_get_fd(sock), IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
    h2o_accept(from_trusted(d, sock) ? &d->proxied : &d->direct, sock);
}

static void on_accept(h2o_socket_t *listener, const char *err)
{
    struct edge_door *d = listener->data;
    h2o_socket_t *sock;

    if (err != NULL)
        return;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        if (full(d->on->server)) {
            d->paused = true;
            h2o_socket_read_stop(listener);
            log_warn("connections_full", "listener=%s max=%d", d->of->is.name, d->on->server->options.connections_max);
            return;
        }
        if ((sock = h2o_evloop_socket_accept(listener)) == NULL)
            return;
        take_connection(d, sock);
    }
}

void edge_door_open(struct edge_door *d)
{
    bool tls = d->of->is.tls;

    h2o_context_init(&d->ctx, loop_h2o(d->on->loop), &d->of->h2o);
    h2o_linklist_init_anchor(&d->streams);
    d->direct = (h2o_accept_ctx_t){.ctx = &d->ctx, .hosts = d->of->h2o.hosts, .ssl_ctx = tls ? d->tls : NULL};
    d->proxied = d->direct;
    d->proxied.expect_proxy_line = 1;
    d->sock = h2o_evloop_socket_create(d->ctx.loop, d->fd, H2O_SOCKET_FLAG_DONT_READ);
    d->sock->data = d;
    h2o_socket_read_start(d->sock, on_accept);
}

void edge_door_close(struct edge_door *d)
{
    if (d->sock == NULL)
        return;
    h2o_socket_read_stop(d->sock);
    h2o_socket_close(d->sock);
    d->sock = NULL;
}

void edge_door_resume(struct edge_door *d)
{
    if (!d->paused || d->sock == NULL || full(d->on->server))
        return;
    d->paused = false;
    h2o_socket_read_start(d->sock, on_accept);
}
