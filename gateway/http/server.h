/* server.h - the edge: h2o 2.2.5 behind a table of routes.
 *
 * S1  HTTP/1.1 only unless a listener says h2 (refused here until its guards are
 *     built); upgrade_to_http2 = 0; one h2o configuration per listener;
 * S2  refused before any handler: %00 and encoded slashes in paths, dot segments,
 *     Transfer-Encoding together with Content-Length, several Content-Lengths, more
 *     than 100 headers or 16 KiB of them, bodies over the listener's limit (413);
 *     head.h has the whole list. h2o itself answers 413 for those bodies and 400 for
 *     what is no HTTP at all, in plain text;
 * S3  a watchdog closes connections idle for 10 s, bodies slower than 1 KiB/s after
 *     10 s, and headers that take longer than 10 s;
 * S4  every answer carries the listener's security headers, 4xx and 5xx too, but for
 *     h2o's 400 to bytes that are no HTTP;
 * S5  stopping: listeners close at once, running calls get 3.5 s, idle connections go. */
#ifndef GATEWAY_HTTP_SERVER_H
#define GATEWAY_HTTP_SERVER_H

#include "gateway/http/call.h"

#include <stddef.h>
#include <stdint.h>

struct assets; /* gateway/http/asset.h: static answers, compressed beforehand */
struct server;
struct workers; /* gateway/work.h */

typedef void route_handler(struct call *c);

enum route_kind { ROUTE_LOOP, ROUTE_WORK };

/* One row of the table. pattern: "/requests/{ref}/code"; a {…} segment matches one non-empty segment.
 * A path that is known with another method is answered 405 with Allow; an unknown one by `absent`. */
struct route {
    const char *method, *pattern;
    route_handler *handler;
    enum route_kind kind;
    size_t body_bytes_max; /* 0: no body wanted (a body is read and ignored up to the listener's limit) */
};

struct listener {
    const char *name;    /* "public", "staff", "admin" */
    const char *address; /* numeric "127.0.0.1", "::1" */
    int port;            /* 0: a free one is picked, the same for all loops */
    bool tls;
    bool proxy;              /* trust PROXY v1 and X-Forwarded-For from proxy_peers */
    const char *proxy_peers; /* space separated numeric addresses or CIDRs */
    size_t body_bytes_max;   /* 1.1 MiB */
    const struct route *routes;
    size_t route_count;
    route_handler *absent; /* LOOP; NULL: a 404 problem */
    /* Fills in what a refusal of the edge itself says (413, 405, 400 …); NULL: a problem in JSON. */
    void (*refusal)(struct call *c, int status, const char *code);
    const struct call_header *fixed_headers; /* S4: on every answer; a handler's header of the same name wins */
    size_t fixed_header_count;
    /* Static files, looked up before the routes; the server holds its own reference. NULL is allowed. */
    struct assets *assets;
};

struct server_options {
    struct app *app;
    struct workers *workers;
    const struct listener *listeners;
    size_t listener_count;
    int loops; /* event loops, each on a thread of its own, >= 1 */
    const char *cert_file, *key_file;
    int connections_max; /* per process; beyond, the listener pauses */
};

/* Binds all listeners (EADDRINUSE -> ERR_IO with "port 8443 on 127.0.0.1 is in use: …what to do"): who connects waits.
 * ERR_CONF for unusable TLS files. why: 200 bytes. */
enum err server_open(struct server **out, const struct server_options *o, char why[200]);
/* Runs the loops: from now on handlers are called. Once. */
void server_start(struct server *s);
/* The port listener i got. */
int server_port(const struct server *s, size_t i);
/* New certificate for connections from now on; the old one stays on error. Any thread. */
enum err server_reload_tls(struct server *s, const char *cert_file, const char *key_file, char why[200]);
/* The server holds its own reference and drops that of the set before. Any thread; before server_start(), the opener's. */
void server_set_assets(struct server *s, size_t listener, struct assets *assets);
/* S5; returns when the loops have ended, or never began. */
void server_close(struct server *s);

struct server_counts {
    uint64_t connections, open_connections, requests, refused, killed_slow;
    uint64_t by_status[6]; /* [2] = 2xx */
    uint64_t streams;      /* open event streams */
};
void server_counts(struct server *s, struct server_counts *out);

/* ---- server-sent events (WHATWG HTML 9.2) ---- */

/* Answers c with an event stream that stays open: call it on the loop's thread from a LOOP route instead of an
 * answer. first is sent at once (already in wire form). */
void stream_open(struct call *c, struct str first);
/* Sends wire-form bytes to every open stream of a listener, from any thread; a client that is more than 64 KiB
 * behind is closed. The edge itself sends ": hb\n\n" every 15 s. */
void stream_send_all(struct server *s, size_t listener, struct str wire);

#endif
