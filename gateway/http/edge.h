/* edge.h - what the rooms of the edge share: server.c (life), listen.c (sockets and
 * connections), exchange.c (one request), watchdog.c, stream.c. Private to gateway/http/.
 *
 * G1  a door is one listener on one loop; it, its connections, calls and streams
 *     belong to that loop's thread. Other threads come in by loop_post();
 * G2  an exchange ends when both are over: the call (answered) and h2o's request
 *     (sent, or the client gone). Whichever comes second frees it (H1);
 * G3  h2o only hears shutdown() of a descriptor of its own: its sockets are never
 *     closed under it. */
#ifndef GATEWAY_HTTP_EDGE_H
#define GATEWAY_HTTP_EDGE_H

#include "gateway/http/call.h"
#include "gateway/http/head.h"
#include "gateway/http/peer.h"
#include "gateway/http/server.h"
#include "gateway/loop.h"

#if !defined(H2O_USE_LIBUV) || H2O_USE_LIBUV
#error "build with -DH2O_USE_LIBUV=0: the other loop has other structures"
#endif
#include <h2o.h>
#include <h2o/http1.h>

#include <pthread.h>
#include <stdatomic.h>

enum {
    EDGE_LISTENERS_MAX = 8,
    EDGE_IDLE_MS = 10 * 1000,       /* S3 */
    EDGE_HEAD_MS = 10 * 1000,       /* S3 */
    EDGE_BODY_GRACE_MS = 10 * 1000, /* S3: after that, on average ... */
    EDGE_BODY_BYTES_PER_S = 1024,   /* ... this much */
    EDGE_REQUEST_MS = 180 * 1000,   /* h2o's own timer over idling, head and body together */
    EDGE_TICK_MS = 500,
    EDGE_USER_TIMEOUT_MS = 20 * 1000, /* unacknowledged bytes: the peer is gone (RFC 5482) */
    EDGE_STOP_MS = 3500,              /* S5, with room for what is closed after it: all in all 5 s */
    EDGE_SPARE_ARENAS = 64,
    EDGE_ARENA_BYTES = 8 * 1024,
    STREAM_BYTES_MAX = 64 * 1024,
    STREAM_BEAT_MS = 15 * 1000,
};

/* One listener, the same for all loops. */
struct edge_listener {
    struct listener is;
    struct server *server;
    h2o_globalconf_t h2o;
    struct peers trusted;
    int port;
    h2o_iovec_t *fixed_names; /* of is.fixed_headers, as h2o wants them */
};

struct edge_loop;

/* One listener on one loop (G1). */
struct edge_door {
    struct edge_loop *on;
    struct edge_listener *of;
    h2o_context_t ctx;
    int fd;             /* listens; sock's from edge_door_open() on */
    h2o_socket_t *sock; /* NULL: closed */
    bool paused;
    h2o_accept_ctx_t direct, proxied; /* without and with a PROXY line */
    struct ssl_ctx_st *tls;
    struct assets *assets;
    h2o_linklist_t streams;
};

struct edge_loop {
    struct server *server;
    struct loop *loop;
    pthread_t thread;
    bool stopping;
    struct edge_door doors[EDGE_LISTENERS_MAX];
    struct loop_timer tick, beat, deadline;
    unsigned connections, calls; /* alive here */

    struct arena *spare[EDGE_SPARE_ARENAS];
    size_t spares;
    unsigned char chance[512]; /* random bytes not used yet, for request ids */
    size_t chance_left;
};

struct edge_counts {
    atomic_uint_fast64_t connections, open_connections, requests, refused, killed_slow, by_status[6], streams;
};

struct server {
    struct server_options options;
    struct edge_listener *listeners;
    struct edge_loop *loops;
    bool started;
    struct edge_counts counts;
};

/* What a connection is doing, as the watchdog sees it. */
enum edge_phase { PHASE_IDLE, PHASE_HEAD, PHASE_BODY, PHASE_BUSY };

/* Hangs on the socket's on_close. */
struct edge_conn {
    struct edge_door *door;
    struct ssl_ctx_st *tls; /* h2o makes its SSL later, and takes no reference */
    struct peer_text peer;  /* empty until the first request */
    struct exchange *now;   /* NULL: none, or h2o answers by itself */
    bool killed;
    unsigned requests, seen_requests;
    enum edge_phase phase;
    int64_t phase_ms, progress_ms; /* clock_steady_ms() */
    size_t bytes;                  /* of input, when last looked at */
};

struct edge_conn *edge_conn_of(h2o_req_t *req);
/* Makes the connection end as soon as h2o hears of it (G3). */
void edge_conn_kill(h2o_req_t *req, struct edge_conn *conn);

/* listen.c. One more socket that listens for l; first: nobody else may listen there. *port: 0 picks one, and
 * tells. why: 200 bytes. */
enum err edge_bind(int *fd, const struct listener *l, int *port, bool first, char *why);
void edge_door_open(struct edge_door *d);
void edge_door_close(struct edge_door *d);
/* Takes connections again where the cap allows. */
void edge_door_resume(struct edge_door *d);

/* exchange.c, answer.c: register with h2o. */
void edge_handle_requests(h2o_pathconf_t *path);
void edge_dress_answers(h2o_pathconf_t *path);

/* watchdog.c. */
void edge_watch(struct edge_loop *l);
/* Ends connections that wait for a request. */
void edge_hang_up_idle(struct edge_loop *l);

/* stream.c. */
void edge_streams_end(struct edge_door *d);
void edge_streams_beat(struct edge_loop *l);

/* One exchange (G2); lives in its call's arena. */
struct exchange {
    struct call call;
    struct edge_door *door;
    h2o_req_t *req; /* NULL: gone */
    struct exchange_guard *guard;
    const struct route *route;
    struct loop_timer timer;
    void (*after)(void *arg); /* of the timer */
    void *after_arg;
    atomic_bool finished; /* call_finish() was called */
    bool held, answered, head_only, close_after;
};

/* answer.c: puts status and headers of the call into its request, which must be there. content_length: SIZE_MAX
 * where it is not known. */
void exchange_begin_answer(struct exchange *x, size_t content_length);

/* exchange.c: ends one whose request is gone and whose call is over. */
void exchange_drop(struct exchange *x);

/* server.c: lets a loop that is stopping end when nothing is left on it. */
void edge_loop_settle(struct edge_loop *l);

#endif
