#include "tests/flow/frail_wire.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PAIRS_MAX = 16, QUIET_MS = 20 };

/* A client, and the server on its behalf. */
struct pair {
    int client, server; /* -1: free */
    bool answered;      /* the server spoke last: what the client says next is a new exchange */
    bool breaks;        /* after the answer that is under way */
};

struct frail_wire {
    pthread_t thread;
    pthread_mutex_t lock;
    struct sockaddr_un server;
    int listener, stop[2];
    enum wire_break how;
    int at, exchanges;
    bool broke;
    struct pair pairs[PAIRS_MAX];
};

static void hang_up(struct pair *p)
{
    (void)close(p->client);
    (void)close(p->server);
    p->client = p->server = -1;
}

/* What happens to the exchange that begins now. */
static enum wire_break next_exchange(struct frail_wire *w)
{
    enum wire_break how = WIRE_WHOLE;

    (void)pthread_mutex_lock(&w->lock);
    if (++w->exchanges == w->at && w->how != WIRE_WHOLE) {
        how = w->how;
        w->broke = true;
    }
    (void)pthread_mutex_unlock(&w->lock);
    return how;
}

static bool all_sent(int to, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t m = send(to, bytes, n, MSG_NOSIGNAL);

        if (m <= 0)
            return false;
        bytes += m;
        n -= (size_t)m;
    }
    return true;
}

static void from_client(struct frail_wire *w, struct pair *p)
{
    static char bytes[1 << 16];
    ssize_t n = read(p->client, bytes, sizeof bytes);

    if (n > 0 && p->answered) {
        enum wire_break how = next_exchange(w);

        p->answered = false;
        p->breaks = how == WIRE_AFTER;
        if (how == WIRE_BEFORE)
            n = 0;
    }
    if (n <= 0 || !all_sent(p->server, bytes, (size_t)n))
        hang_up(p);
}

/* All that the server does for this client is done when it has nothing more to say. */
static void from_server(struct pair *p)
{
    static char bytes[1 << 16];
    struct pollfd more = {.fd = p->server, .events = POLLIN};
    ssize_t n;

    do {
        n = read(p->server, bytes, sizeof bytes);
        if (n <= 0 || (!p->breaks && !all_sent(p->client, bytes, (size_t)n))) {
            hang_up(p);
            return;
        }
    } while (poll(&more, 1, p->breaks ? QUIET_MS : 0) > 0);
    p->answered = true;
    if (p->breaks)
        hang_up(p);
}

static void welcome(struct frail_wire *w)
{
    int client = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC);
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(server, (struct sockaddr *)&w->server, sizeof w->server) == 0)
        for (int i = 0; i < PAIRS_MAX; i++)
            if (w->pairs[i].client < 0) {
                w->pairs[i] = (struct pair){client, server, true, false};
                return;
            }
    (void)close(client);
    (void)close(server);
}

static void *carry(void *arg)
{
    struct frail_wire *w = arg;

    for (;;) {
        struct pollfd p[2 + 2 * PAIRS_MAX] = {{.fd = w->stop[0], .events = POLLIN},
                                              {.fd = w->listener, .events = POLLIN}};

        for (int i = 0; i < PAIRS_MAX; i++) {
            p[2 + 2 * i] = (struct pollfd){.fd = w->pairs[i].client, .events = POLLIN};
            p[3 + 2 * i] = (struct pollfd){.fd = w->pairs[i].server, .events = POLLIN};
        }
        (void)poll(p, 2 + 2 * PAIRS_MAX, -1);
        if (p[0].revents != 0)
            return NULL;
        for (int i = 0; i < PAIRS_MAX; i++) {
            if (p[3 + 2 * i].revents != 0)
                from_server(&w->pairs[i]);
            if (p[2 + 2 * i].revents != 0 && w->pairs[i].client >= 0)
                from_client(w, &w->pairs[i]);
        }
        if (p[1].revents != 0)
            welcome(w);
    }
}

struct frail_wire *wire_open(const char *folder, const struct redis_target *server, struct redis_target *target)
{
    struct frail_wire *w = calloc(1, sizeof *w);
    struct sockaddr_un here = {.sun_family = AF_UNIX};

    assert(w != NULL);
    w->server.sun_family = AF_UNIX;
    (void)snprintf(w->server.sun_path, sizeof w->server.sun_path, "%s", server->path);
    (void)snprintf(here.sun_path, sizeof here.sun_path, "%s/wire", folder);
    *target = *server;
    (void)snprintf(target->path, sizeof target->path, "%s/wire", folder);
    for (int i = 0; i < PAIRS_MAX; i++)
        w->pairs[i].client = w->pairs[i].server = -1;
    w->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert(bind(w->listener, (struct sockaddr *)&here, sizeof here) == 0);
    assert(listen(w->listener, PAIRS_MAX) == 0);
    assert(pipe(w->stop) == 0);
    assert(pthread_mutex_init(&w->lock, NULL) == 0);
    assert(pthread_create(&w->thread, NULL, carry, w) == 0);
    return w;
}

void wire_close(struct frail_wire *w)
{
    (void)!write(w->stop[1], "", 1);
    (void)pthread_join(w->thread, NULL);
    for (int i = 0; i < PAIRS_MAX; i++)
        if (w->pairs[i].client >= 0)
            hang_up(&w->pairs[i]);
    (void)close(w->listener);
    (void)close(w->stop[0]);
    (void)close(w->stop[1]);
    (void)pthread_mutex_destroy(&w->lock);
    free(w);
}

void wire_arm(struct frail_wire *w, enum wire_break how, int n)
{
    (void)pthread_mutex_lock(&w->lock);
    w->how = how;
    w->at = n;
    w->exchanges = 0;
    w->broke = false;
    (void)pthread_mutex_unlock(&w->lock);
}

int wire_exchanges(struct frail_wire *w)
{
    (void)pthread_mutex_lock(&w->lock);

    int n = w->exchanges;

    (void)pthread_mutex_unlock(&w->lock);
    return n;
}

bool wire_broke(struct frail_wire *w)
{
    (void)pthread_mutex_lock(&w->lock);

    bool broke = w->broke;

    (void)pthread_mutex_unlock(&w->lock);
    return broke;
}
