/* edge_demo.c - the edge by itself, with a route for each way of answering:
 *
 *     edge_demo CERT KEY [CONNECTIONS_MAX [LOOPS [TLS_PORT]]]
 *
 * makes the pair of files where it is not there, listens on three (free) ports of
 * 127.0.0.1 (TLS; plain; plain behind a trusted proxy), prints them as JSON and
 * runs until SIGTERM. SIGHUP reads the pair again. */
#include "gateway/http/asset.h"
#include "gateway/http/server.h"
#include "gateway/http/tls.h"
#include "gateway/work.h"
#include "queues/loop.h"
#include "rules/base/doc.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TLS, PLAIN, PROXIED, LISTENERS };

static struct server *server;

static void sleep_ms(int64_t ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static int64_t query_ms(struct call *c, int64_t fallback)
{
    int64_t ms;

    return str_number(call_query(c, "ms"), &ms) ? ms : fallback;
}

static void echo(struct call *c)
{
    call_set_header(c, "content-type", STR("application/octet-stream"));
    call_answer_kept(c, 200, c->body);
}

static void slow(struct call *c)
{
    sleep_ms(query_ms(c, 300));
    call_answer(c, 200, "text/plain", STR("slow\n"));
}

static void *finish_later(void *arg)
{
    struct call *c = arg;

    sleep_ms(query_ms(c, 300));
    call_answer(c, 200, "text/plain", STR("held\n"));
    call_finish(c);
    return NULL;
}

static void held(struct call *c)
{
    pthread_t t;

    call_hold(c);
    if (pthread_create(&t, NULL, finish_later, c) != 0)
        abort();
    pthread_detach(t);
}

static void answer_late(void *arg)
{
    struct call *c = arg;

    call_answer(c, 202, "text/plain", STR("late\n"));
    call_finish(c);
}

static void late(struct call *c)
{
    call_hold(c);
    call_after(c, (int)query_ms(c, 100), answer_late, c);
}

static void never(struct call *c)
{
    call_hold(c);
}

static void events(struct call *c)
{
    stream_open(c, STR("event: hello\ndata: 1\n\n"));
}

static void open_now(void *arg)
{
    stream_open(arg, STR(": after a look\n\n"));
}

/* As a route does that first asks somebody else who is there. */
static void events_after(struct call *c)
{
    call_hold(c);
    loop_post(call_loop(c), open_now, c);
}

static void say(struct call *c)
{
    struct buf wire = {0};

    buf_printf(&wire, "data: %.*s\n\n", (int)c->body.len, c->body.len > 0 ? c->body.at : "");
    for (size_t i = 0; i < LISTENERS; i++)
        stream_send_all(server, i, buf_view(&wire));
    buf_free(&wire);
    call_answer_empty(c, 204);
}

static void what(struct call *c)
{
    struct doc *d = doc_object(), *headers = doc_object();

    for (size_t i = 0; i < c->header_count; i++)
        doc_set_text(headers, str_copy(c->arena, c->headers[i].name), c->headers[i].value);
    doc_set_text(d, "method", c->method);
    doc_set_text(d, "path", c->path);
    doc_set_text_or_null(d, "query", c->query);
    doc_set_text_or_null(d, "first", c->params[0]);
    doc_set_text_or_null(d, "second", c->params[1]);
    doc_set_text(d, "peer", c->peer);
    doc_set_text(d, "listener", c->listener);
    doc_set_text(d, "request_id", str_of(c->request_id));
    doc_set_bool(d, "html", call_wants_html(c));
    doc_set_text_or_null(d, "cookie", call_cookie(c, "crumb"));
    doc_set(d, "headers", headers);
    call_answer_doc(c, 200, d);
    doc_close(d);
}

static void form(struct call *c)
{
    struct form_field *fields;
    size_t n;
    enum err e = form_parse(c, &fields, &n);

    if (e != ERR_OK) {
        call_problem(c, err_http(e), "bad-form", err_text(e), NULL, 0);
        return;
    }

    struct doc *d = doc_array();

    for (size_t i = 0; i < n; i++) {
        struct doc *f = doc_object();

        doc_set_text(f, "name", fields[i].name);
        doc_set_text_or_null(f, "file", fields[i].file_name);
        doc_set_int(f, "bytes", (int64_t)fields[i].value.len);
        doc_push(d, f);
    }
    call_answer_doc(c, 200, d);
    doc_close(d);
}

static void counts(struct call *c)
{
    struct server_counts n;
    struct doc *d = doc_object();

    server_counts(server, &n);
    doc_set_int(d, "connections", (int64_t)n.connections);
    doc_set_int(d, "open", (int64_t)n.open_connections);
    doc_set_int(d, "requests", (int64_t)n.requests);
    doc_set_int(d, "refused", (int64_t)n.refused);
    doc_set_int(d, "killed", (int64_t)n.killed_slow);
    doc_set_int(d, "streams", (int64_t)n.streams);
    doc_set_int(d, "ok", (int64_t)n.by_status[2]);
    call_answer_doc(c, 200, d);
    doc_close(d);
}

static void forget(struct call *c)
{
    (void)c; /* a handler's mistake: no answer */
}

static void refusal(struct call *c, int status, const char *code)
{
    if (status == 405)
        call_answer(c, status, "text/html", STR("<p>not like this</p>\n"));
    (void)code;
}

static const struct route routes[] = {
    {"POST", "/echo", echo, ROUTE_LOOP, 256 * 1024},
    {"GET", "/slow", slow, ROUTE_WORK, 0},
    {"GET", "/held", held, ROUTE_LOOP, 0},
    {"GET", "/late", late, ROUTE_LOOP, 0},
    {"GET", "/never", never, ROUTE_LOOP, 0},
    {"GET", "/events", events, ROUTE_LOOP, 0},
    {"GET", "/events-after", events_after, ROUTE_LOOP, 0},
    {"POST", "/say", say, ROUTE_LOOP, 64 * 1024},
    {"GET", "/what", what, ROUTE_LOOP, 0},
    {"GET", "/things/{id}", what, ROUTE_LOOP, 0},
    {"PUT", "/things/{id}/parts/{n}", what, ROUTE_WORK, 1024},
    {"POST", "/form", form, ROUTE_WORK, 256 * 1024},
    {"GET", "/counts", counts, ROUTE_LOOP, 0},
    {"GET", "/forget", forget, ROUTE_LOOP, 0},
};

static struct assets *make_assets(void)
{
    struct assets *a = assets_open();
    struct buf page = {0};
    const struct call_header headers[] = {{STR("content-language"), STR("en")}};

    for (int i = 0; i < 200; i++)
        buf_printf(&page, "<p>line %d of a page that compresses well</p>\n", i);
    assets_add(a, "/page", "text/html; charset=utf-8", buf_view(&page), headers, 1);
    buf_free(&page);
    return a;
}

static struct server *start(struct workers *workers, struct assets *assets, int argc, char **argv)
{
    static const struct call_header fixed[] = {{STR("x-content-type-options"), STR("nosniff")},
                                               {STR("cache-control"), STR("no-cache")}};
    static const char *const names[LISTENERS] = {"tls", "plain", "proxied"};
    static struct listener listeners[LISTENERS];
    char why[200] = "";

    for (size_t i = 0; i < LISTENERS; i++)
        listeners[i] = (struct listener){
            .name = names[i],
            .address = "127.0.0.1",
            .port = i == TLS && argc > 5 ? atoi(argv[5]) : 0,
            .tls = i == TLS,
            .proxy = i == PROXIED,
            .proxy_peers = "127.0.0.1 10.0.0.0/8",
            .body_bytes_max = 1153433, /* 1.1 MiB */
            .routes = routes,
            .route_count = sizeof routes / sizeof routes[0],
            .refusal = refusal,
            .fixed_headers = fixed,
            .fixed_header_count = 2,
            .assets = assets,
        };

    struct server_options o = {.workers = workers,
                               .listeners = listeners,
                               .listener_count = LISTENERS,
                               .loops = argc > 4 ? atoi(argv[4]) : 2,
                               .cert_file = argv[1],
                               .key_file = argv[2],
                               .connections_max = argc > 3 ? atoi(argv[3]) : 2048};
    enum err e = server_open(&server, &o, why);

    if (e != ERR_OK) {
        fprintf(stderr, "%s\n", why);
        exit(e == ERR_CONF ? 78 : 74);
    }
    server_start(server);
    return server;
}

static void run(char **argv)
{
    sigset_t wanted;
    int sig;
    char why[200];

    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &wanted, NULL);
    while (sigwait(&wanted, &sig) == 0 && sig == SIGHUP)
        if (server_reload_tls(server, argv[1], argv[2], why) != ERR_OK)
            fprintf(stderr, "kept the old pair: %s\n", why);
}

/* h2o 2.2.5's own: chunks that it keeps for a thread and loses with it, and the shell of a message queue. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:h2o_mem_alloc_recycle\nleak:h2o_multithread_create_queue\n";
}

int main(int argc, char **argv)
{
    char why[200];

    if (argc < 3) {
        fprintf(stderr, "usage: edge_demo CERT KEY [CONNECTIONS_MAX [LOOPS [TLS_PORT]]]\n");
        return 64;
    }
    if (access(argv[2], R_OK) != 0 && tls_make_self_signed(argv[1], argv[2], why, sizeof why) != ERR_OK) {
        fprintf(stderr, "%s\n", why);
        return 74;
    }

    struct workers *workers = workers_open(2, NULL);
    struct assets *assets = make_assets();

    start(workers, assets, argc, argv);
    printf("{\"tls\":%d,\"plain\":%d,\"proxied\":%d,\"pid\":%d}\n", server_port(server, TLS),
           server_port(server, PLAIN), server_port(server, PROXIED), getpid());
    fflush(stdout);
    run(argv);
    server_close(server);
    workers_close(workers);
    assets_close(assets);
    return 0;
}
