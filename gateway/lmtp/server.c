#include "gateway/lmtp/server.h"

#include "gateway/lmtp/mailbox.h"
#include "gateway/lmtp/server_core.h"
#include "gateway/work.h"
#include "queues/log.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 128, ACCEPTS_A_TURN = 16, PAUSE_MS = 100, STOP_MS = 3000, DISKS = 2 };

/* ---- the door ---- */

static int bound_socket(const struct addrinfo *a)
{
    int s = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

    if (s < 0)
        return -1;
    (void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (a->ai_family == AF_INET6)
        (void)setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(s, a->ai_addr, a->ai_addrlen) == 0 && listen(s, BACKLOG) == 0)
        return s;

    int error = errno;

    (void)close(s);
    errno = error;
    return -1;
}

static int port_of(int fd)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof ss;
    char port[8] = "";

    if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
        (void)getnameinfo((struct sockaddr *)&ss, len, NULL, 0, port, sizeof port, NI_NUMERICSERV);
    return atoi(port);
}

static enum err bind_door(struct lmtp_server *s, char why[LMTP_WHY_BYTES])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV}, *a;
    char port[8];

    (void)snprintf(port, sizeof port, "%d", s->o.port);
    if (getaddrinfo(s->o.address, port, &hints, &a) != 0) {
        (void)snprintf(why, LMTP_WHY_BYTES, "%.60s is no numeric address (listen lmtp)", s->o.address);
        return ERR_CONF;
    }
    s->door_fd = bound_socket(a);
    freeaddrinfo(a);
    if (s->door_fd >= 0) {
        s->port = port_of(s->door_fd);
        return ERR_OK;
    }
    (void)snprintf(why, LMTP_WHY_BYTES,
                   errno == EADDRINUSE ? "port %d on %.60s is in use: stop the program that has it, or choose another "
                                         "port in \"listen lmtp\" (%s)"
                                       : "cannot listen on port %d of %.60s for mail: %s",
                   s->o.port, s->o.address, strerror(errno));
    return ERR_IO;
}

static void on_pause_over(void *arg)
{
    struct lmtp_server *s = arg;

    if (s->door != NULL)
        loop_watch_read(s->door, true);
}

static void turn_away(int fd)
{
    static const char full[] = "421 4.3.2 too many connections\r\n";

    (void)!write(fd, full, sizeof full - 1);
    (void)close(fd);
}

static void on_door(void *arg)
{
    struct lmtp_server *s = arg;

    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        int fd = accept4(s->door_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
            log_warn("lmtp_paused", "why=%s", strerror(errno));
            loop_watch_read(s->door, false);
            loop_timer_start(s->loop, &s->pause, PAUSE_MS, on_pause_over, s);
        }
        if (fd < 0)
            return;
        if (s->session_count >= s->o.sessions_max)
            turn_away(fd);
        else
            session_open(s, fd);
    }
}

/* ---- life ---- */

static bool is_ours(void *arg, struct str address)
{
    struct lmtp_server *s = arg;

    return mailbox_ours(s->o.keys, address, str_of(s->o.own));
}

enum err lmtp_server_open(struct lmtp_server **out, const struct lmtp_options *o, char why[LMTP_WHY_BYTES])
{
    struct lmtp_server *s = calloc(1, sizeof *s);

    if (s == NULL)
        abort();
    s->o = *o;
    s->house = (struct lmtp_house){o->host, o->mail_bytes_max, is_ours, s};

    enum err e = bind_door(s, why);

    if (e != ERR_OK) {
        free(s);
        return e;
    }
    s->loop = loop_open();
    if (s->loop == NULL)
        abort();
    s->disk = workers_open(DISKS, NULL);
    *out = s;
    return ERR_OK;
}

static void *run(void *arg)
{
    struct lmtp_server *s = arg;

    (void)pthread_setname_np(pthread_self(), "lmtp");
    s->door = loop_watch_open(s->loop, s->door_fd, on_door, NULL, s);
    loop_watch_read(s->door, true);
    loop_run(s->loop);
    return NULL;
}

void lmtp_server_start(struct lmtp_server *s)
{
    sigset_t all, before;

    assert(!s->started);
    s->started = true;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&s->thread, NULL, run, s) != 0)
        abort();
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int lmtp_server_port(const struct lmtp_server *s)
{
    return s->port;
}

void server_settle(struct lmtp_server *s)
{
    if (s->stopping && s->session_count == 0)
        loop_stop(s->loop);
}

static void on_deadline(void *arg)
{
    loop_stop(((struct lmtp_server *)arg)->loop);
}

static void on_stop(void *arg)
{
    struct lmtp_server *s = arg;
    struct session *next;

    if (s->stopping)
        return;
    s->stopping = true;
    loop_timer_cancel(s->loop, &s->pause);
    loop_watch_close(s->door);
    s->door = NULL;
    loop_timer_start(s->loop, &s->deadline, STOP_MS, on_deadline, s);
    for (struct session *p = s->sessions; p != NULL; p = next) {
        next = p->next;
        if (!p->waits)
            session_hang_up(p, "stops");
    }
    server_settle(s);
}

void lmtp_server_stop(struct lmtp_server *s)
{
    if (s != NULL && s->started)
        loop_post(s->loop, on_stop, s);
}

void lmtp_server_close(struct lmtp_server *s)
{
    if (s == NULL)
        return;
    if (s->started) {
        lmtp_server_stop(s);
        (void)pthread_join(s->thread, NULL);
    } else {
        (void)close(s->door_fd);
    }
    workers_close(s->disk);
    if (s->session_count > 0) { /* the journal still owes an answer: what it would be given to is left alone */
        log_warn("lmtp_stop_left_sessions", "sessions=%zu", s->session_count);
        return;
    }
    loop_timer_cancel(s->loop, &s->deadline);
    loop_close(s->loop);
    free(s);
}

void lmtp_server_counts(struct lmtp_server *s, struct lmtp_counts *out)
{
    *out = (struct lmtp_counts){.sessions = atomic_load(&s->opened),
                                .open_sessions = atomic_load(&s->open_now),
                                .kept = atomic_load(&s->kept),
                                .refused = atomic_load(&s->refused),
                                .deferred = atomic_load(&s->deferred),
                                .flight_bytes = atomic_load(&s->flight_now)};
}
