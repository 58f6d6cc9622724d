#include "gateway/http/server.h"

#include "gateway/http/asset.h"
#include "gateway/http/edge.h"
#include "gateway/http/tls.h"
#include "queues/log.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { WHY_BYTES = 200, SPARE_DESCRIPTORS = 128, LAST_TURNS_MS = 200 };

/* ---- a loop's life ---- */

static void on_tick(void *arg)
{
    struct edge_loop *l = arg;

    edge_watch(l);
    for (size_t i = 0; i < l->server->options.listener_count; i++)
        edge_door_resume(&l->doors[i]);
    if (l->stopping)
        edge_hang_up_idle(l);
    loop_timer_start(l->loop, &l->tick, EDGE_TICK_MS, on_tick, l);
}

static void on_beat(void *arg)
{
    struct edge_loop *l = arg;

    edge_streams_beat(l);
    loop_timer_start(l->loop, &l->beat, STREAM_BEAT_MS, on_beat, l);
}

/* h2o keeps chunks for the thread's next buffers; without this they would be lost with the thread. */
static void drop_spare_buffers(void)
{
    h2o_mem_recycle_t *spare = &h2o_socket_buffer_prototype.allocator;

    spare->max = 0;
    while (spare->cnt > 0) {
        void *chunk = spare->_link;

        spare->_link = *(void **)chunk;
        spare->cnt--;
        free(chunk);
    }
}

/* S5. What is still there after the deadline is a handler that never answered: its call lives on a loop that no
 * longer turns, and is left alone. */
static void tidy_up(struct edge_loop *l)
{
    loop_timer_cancel(l->loop, &l->tick);
    loop_timer_cancel(l->loop, &l->beat);
    loop_timer_cancel(l->loop, &l->deadline);
    if (l->connections > 0 || l->calls > 0) {
        log_warn("stop_left_calls", "calls=%u connections=%u", l->calls, l->connections);
        return;
    }
    for (size_t i = 0; i < l->server->options.listener_count; i++) {
        h2o_context_dispose(&l->doors[i].ctx);
        assets_close(l->doors[i].assets);
        tls_close(l->doors[i].tls);
    }
    while (l->spares > 0)
        arena_close(l->spare[--l->spares]);
    drop_spare_buffers();
}

static void *run_loop(void *arg)
{
    struct edge_loop *l = arg;
    char name[16];

    (void)snprintf(name, sizeof name, "loop-%d", (int)(l - l->server->loops));
    (void)pthread_setname_np(pthread_self(), name);
    /* h2o's buffers belong to the thread that makes its sockets, so they are made here. */
    for (size_t i = 0; i < l->server->options.listener_count; i++)
        edge_door_open(&l->doors[i]);
    on_tick(l);
    on_beat(l);
    loop_run(l->loop);
    tidy_up(l);
    return NULL;
}

/* ---- stopping ---- */

void edge_loop_settle(struct edge_loop *l)
{
    if (l->stopping && l->connections == 0 && l->calls == 0)
        loop_stop(l->loop);
}

static int kill_one(h2o_req_t *req, void *arg)
{
    (void)arg;
    edge_conn_kill(req, edge_conn_of(req));
    return 0;
}

static void on_last_turns_over(void *arg)
{
    loop_stop(((struct edge_loop *)arg)->loop);
}

static void on_deadline(void *arg)
{
    struct edge_loop *l = arg;

    for (size_t i = 0; i < l->server->options.listener_count; i++)
        l->doors[i].of->h2o.http1.callbacks.foreach_request(&l->doors[i].ctx, kill_one, NULL);
    loop_timer_start(l->loop, &l->deadline, LAST_TURNS_MS, on_last_turns_over, l);
}

static void on_stop_asked(void *arg)
{
    struct edge_loop *l = arg;

    l->stopping = true;
    for (size_t i = 0; i < l->server->options.listener_count; i++) {
        edge_door_close(&l->doors[i]);
        /* Not h2o_context_request_shutdown(): that starts a second-long goodbye to HTTP/2, which nobody speaks. */
        l->doors[i].ctx.shutdown_requested = 1;
        edge_streams_end(&l->doors[i]);
    }
    edge_hang_up_idle(l);
    loop_timer_start(l->loop, &l->deadline, EDGE_STOP_MS, on_deadline, l);
    edge_loop_settle(l);
}

static void free_server(struct server *s)
{
    for (size_t i = 0; i < s->options.listener_count; i++) {
        h2o_config_dispose(&s->listeners[i].h2o);
        free(s->listeners[i].fixed_names);
    }
    free(s->listeners);
    free(s->loops);
    free(s);
}

static void take_back(struct server *s)
{
    for (int k = 0; k < s->options.loops; k++) {
        for (size_t i = 0; i < s->options.listener_count; i++) {
            struct edge_door *d = &s->loops[k].doors[i];

            if (d->fd >= 0)
                close(d->fd);
            assets_close(d->assets);
            tls_close(d->tls);
        }
        loop_close(s->loops[k].loop);
    }
}

void server_close(struct server *s)
{
    bool left = false;

    if (s == NULL)
        return;
    if (!s->started) {
        take_back(s);
        free_server(s);
        return;
    }
    for (int i = 0; i < s->options.loops; i++)
        loop_post(s->loops[i].loop, on_stop_asked, &s->loops[i]);
    for (int i = 0; i < s->options.loops; i++) {
        pthread_join(s->loops[i].thread, NULL);
        left = left || s->loops[i].calls > 0 || s->loops[i].connections > 0;
    }
    if (left)
        return;
    for (int i = 0; i < s->options.loops; i++)
        loop_close(s->loops[i].loop);
    free_server(s);
}

/* ---- starting ---- */

static void configure(struct edge_listener *l, const struct listener *is)
{
    l->is = *is;
    h2o_config_init(&l->h2o);
    l->h2o.server_name = h2o_iovec_init(NULL, 0);
    l->h2o.max_request_entity_size = is->body_bytes_max;
    l->h2o.handshake_timeout = EDGE_HEAD_MS;
    l->h2o.http1.req_timeout = EDGE_REQUEST_MS;
    l->h2o.http1.upgrade_to_http2 = 0;

    h2o_hostconf_t *host = h2o_config_register_host(&l->h2o, h2o_iovec_init(H2O_STRLIT("any")), 65535);

    edge_dress_answers(&host->fallback_path);
    edge_handle_requests(&host->fallback_path);
    l->fixed_names = calloc(is->fixed_header_count + 1, sizeof *l->fixed_names);
    if (l->fixed_names == NULL)
        abort();
    for (size_t i = 0; i < is->fixed_header_count; i++)
        l->fixed_names[i] = h2o_iovec_init(is->fixed_headers[i].name.at, is->fixed_headers[i].name.len);
}

static enum err prepare(struct server *s, struct ssl_ctx_st **tls, char why[WHY_BYTES])
{
    const struct server_options *o = &s->options;
    bool wants_tls = false;

    for (size_t i = 0; i < o->listener_count; i++) {
        s->listeners[i].server = s;
        configure(&s->listeners[i], &o->listeners[i]);
        wants_tls = wants_tls || o->listeners[i].tls;
        if (o->listeners[i].proxy && !peers_parse(&s->listeners[i].trusted, o->listeners[i].proxy_peers)) {
            snprintf(why, WHY_BYTES, "proxy: not a list of at most %d numeric addresses: %s", PEERS_MAX,
                     o->listeners[i].proxy_peers);
            return ERR_CONF;
        }
    }
    return wants_tls ? tls_open(tls, o->cert_file, o->key_file, why, WHY_BYTES) : ERR_OK;
}

static enum err bind_all(struct server *s, char why[WHY_BYTES])
{
    for (size_t i = 0; i < s->options.listener_count; i++) {
        int port = s->listeners[i].is.port;

        for (int k = 0; k < s->options.loops; k++) {
            enum err e = edge_bind(&s->loops[k].doors[i].fd, &s->listeners[i].is, &port, k == 0, why);

            if (e != ERR_OK)
                return e;
        }
        s->listeners[i].port = port;
    }
    return ERR_OK;
}

static void prepare_loop(struct server *s, struct edge_loop *l, struct ssl_ctx_st *tls)
{
    l->server = s;
    l->loop = loop_open();
    if (l->loop == NULL)
        abort();
    for (size_t i = 0; i < s->options.listener_count; i++) {
        struct edge_listener *of = &s->listeners[i];

        l->doors[i] = (struct edge_door){.on = l,
                                         .of = of,
                                         .fd = -1,
                                         .tls = of->is.tls ? tls_hold(tls) : NULL,
                                         .assets = of->is.assets != NULL ? assets_hold(of->is.assets) : NULL};
    }
}

/* Raises the limit of descriptors as far as it goes, and lowers the cap on connections to what that leaves. */
static void fit_descriptors(struct server_options *o)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return;
    r.rlim_cur = r.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &r);
    if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur != RLIM_INFINITY &&
        (rlim_t)o->connections_max + SPARE_DESCRIPTORS > r.rlim_cur) {
        o->connections_max =
            r.rlim_cur > 2 * SPARE_DESCRIPTORS ? (int)r.rlim_cur - SPARE_DESCRIPTORS : SPARE_DESCRIPTORS;
        log_warn("connections_limited", "max=%d nofile=%llu", o->connections_max, (unsigned long long)r.rlim_cur);
    }
}

static void start_threads(struct server *s)
{
    sigset_t all, before;

    /* Signals are for the main thread. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int k = 0; k < s->options.loops; k++)
        if (pthread_create(&s->loops[k].thread, NULL, run_loop, &s->loops[k]) != 0)
            abort();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static struct server *make_server(const struct server_options *o)
{
    struct server *s = calloc(1, sizeof *s);

    if (s == NULL)
        abort();
    s->options = *o;
    s->listeners = calloc(o->listener_count, sizeof *s->listeners);
    s->loops = calloc((size_t)o->loops, sizeof *s->loops);
    if (s->listeners == NULL || s->loops == NULL)
        abort();
    fit_descriptors(&s->options);
    return s;
}

enum err server_open(struct server **out, const struct server_options *o, char why[WHY_BYTES])
{
    assert(o->loops >= 1 && o->listener_count >= 1 && o->listener_count <= EDGE_LISTENERS_MAX);

    struct server *s = make_server(o);
    struct ssl_ctx_st *tls = NULL;
    enum err e = prepare(s, &tls, why);

    (void)signal(SIGPIPE, SIG_IGN);
    if (e == ERR_OK) {
        for (int k = 0; k < o->loops; k++)
            prepare_loop(s, &s->loops[k], tls);
        e = bind_all(s, why);
        if (e != ERR_OK)
            take_back(s);
    }
    tls_close(tls);
    if (e != ERR_OK) {
        free_server(s);
        return e;
    }
    *out = s;
    return ERR_OK;
}

void server_start(struct server *s)
{
    assert(!s->started);
    s->started = true;
    start_threads(s);
}

/* ---- while it runs ---- */

int server_port(const struct server *s, size_t i)
{
    return s->listeners[i].port;
}

struct change {
    struct edge_loop *loop;
    size_t listener; /* of new assets */
    struct assets *assets;
    struct ssl_ctx_st *tls;
};

static void post_change(struct edge_loop *l, struct change change, void (*fn)(void *arg))
{
    struct change *c = malloc(sizeof *c);

    if (c == NULL)
        abort();
    *c = change;
    c->loop = l;
    if (l->server->started)
        loop_post(l->loop, fn, c);
    else
        fn(c);
}

static void on_new_tls(void *arg)
{
    struct change *c = arg;

    for (size_t i = 0; i < c->loop->server->options.listener_count; i++) {
        struct edge_door *d = &c->loop->doors[i];

        if (!d->of->is.tls)
            continue;
        tls_close(d->tls);
        d->tls = d->direct.ssl_ctx = d->proxied.ssl_ctx = tls_hold(c->tls);
    }
    tls_close(c->tls);
    free(c);
}

enum err server_reload_tls(struct server *s, const char *cert_file, const char *key_file, char why[WHY_BYTES])
{
    struct ssl_ctx_st *tls;
    enum err e = tls_open(&tls, cert_file, key_file, why, WHY_BYTES);

    if (e != ERR_OK)
        return e;
    for (int k = 0; k < s->options.loops; k++)
        post_change(&s->loops[k], (struct change){.tls = tls_hold(tls)}, on_new_tls);
    tls_close(tls);
    return ERR_OK;
}

static void on_new_assets(void *arg)
{
    struct change *c = arg;
    struct edge_door *d = &c->loop->doors[c->listener];

    assets_close(d->assets);
    d->assets = c->assets;
    free(c);
}

void server_set_assets(struct server *s, size_t listener, struct assets *assets)
{
    for (int k = 0; k < s->options.loops; k++)
        post_change(&s->loops[k],
                    (struct change){.listener = listener, .assets = assets != NULL ? assets_hold(assets) : NULL},
                    on_new_assets);
}

void server_counts(struct server *s, struct server_counts *out)
{
    struct edge_counts *c = &s->counts;

    *out = (struct server_counts){.connections = atomic_load(&c->connections),
                                  .open_connections = atomic_load(&c->open_connections),
                                  .requests = atomic_load(&c->requests),
                                  .refused = atomic_load(&c->refused),
                                  .killed_slow = atomic_load(&c->killed_slow),
                                  .streams = atomic_load(&c->streams)};
    for (size_t i = 0; i < sizeof out->by_status / sizeof out->by_status[0]; i++)
        out->by_status[i] = atomic_load(&c->by_status[i]);
}
