/* echo_floor.c - the floor under the edge: h2o, TLS and a POST that is answered with
 * its own body, with nothing of ours between.
 *
 *     echo_floor CERT KEY PORT LOOPS
 *
 * runs until it is killed. TLS is set up as the edge sets it up, so that what is
 * left to compare is the edge itself. */
#include "gateway/http/tls.h"

#if !defined(H2O_USE_LIBUV) || H2O_USE_LIBUV
#error "build with -DH2O_USE_LIBUV=0: the other loop has other structures"
#endif
#include <h2o.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static h2o_globalconf_t conf;
static struct ssl_ctx_st *tls;
static int port;

static int on_request(h2o_handler_t *self, h2o_req_t *req)
{
    (void)self;
    req->res.status = 200;
    req->res.content_length = req->entity.len;
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, H2O_STRLIT("application/octet-stream"));
    h2o_send_inline(req, req->entity.base, req->entity.len);
    return 0;
}

static void on_accept(h2o_socket_t *listener, const char *err)
{
    h2o_socket_t *sock;

    while (err == NULL && (sock = h2o_evloop_socket_accept(listener)) != NULL)
        h2o_accept(listener->data, sock);
}

static int listen_here(void)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&sa, sizeof sa) != 0 || listen(fd, 1024) != 0) {
        perror("listen");
        exit(74);
    }
    return fd;
}

static void *run(void *arg)
{
    h2o_context_t ctx;
    h2o_accept_ctx_t accept = {.ctx = &ctx, .hosts = conf.hosts, .ssl_ctx = tls};

    h2o_context_init(&ctx, h2o_evloop_create(), &conf);

    h2o_socket_t *sock = h2o_evloop_socket_create(ctx.loop, listen_here(), H2O_SOCKET_FLAG_DONT_READ);

    sock->data = &accept;
    h2o_socket_read_start(sock, on_accept);
    while (h2o_evloop_run(ctx.loop, INT32_MAX) == 0)
        ;
    return arg;
}

int main(int argc, char **argv)
{
    char why[200];

    if (argc != 5) {
        fprintf(stderr, "usage: echo_floor CERT KEY PORT LOOPS\n");
        return 64;
    }
    port = atoi(argv[3]);
    if (tls_open(&tls, argv[1], argv[2], why, sizeof why) != ERR_OK) {
        fprintf(stderr, "%s\n", why);
        return 78;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    h2o_config_init(&conf);
    conf.server_name = h2o_iovec_init(NULL, 0);
    conf.http1.upgrade_to_http2 = 0;
    conf.http1.req_timeout = 180 * 1000;

    h2o_hostconf_t *host = h2o_config_register_host(&conf, h2o_iovec_init(H2O_STRLIT("any")), 65535);
    pthread_t thread;

    h2o_create_handler(&host->fallback_path, sizeof(h2o_handler_t))->on_req = on_request;
    for (int i = 1; i < atoi(argv[4]); i++)
        if (pthread_create(&thread, NULL, run, NULL) != 0)
            abort();
    run(NULL);
    return 0;
}
