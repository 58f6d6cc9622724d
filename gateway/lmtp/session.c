/* session.c - one connection: what it reads is heard, what is to be said is sent. */
#include "gateway/lmtp/server_core.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { OUT_BYTES_MAX = 64 * 1024 /* replies that nobody reads: nothing more is heard */ };

static void on_idle(void *arg);

/* Frees the session, or has it freed when nothing on another thread needs it. */
static void end(struct session *p)
{
    struct lmtp_server *s = p->server;

    p->gone = true;
    loop_watch_close(p->watch);
    p->watch = NULL;
    loop_timer_cancel(s->loop, &p->idle);
    loop_timer_cancel(s->loop, &p->late);
    if (p->waits)
        return;
    body_drop(p);
    *p->at = p->next;
    if (p->next != NULL)
        p->next->at = p->at;
    s->session_count--;
    atomic_fetch_sub(&s->open_now, 1);
    lmtp_close(&p->dialogue);
    buf_free(&p->out);
    buf_free(&p->body);
    free(p);
    server_settle(s);
}

/* False where the peer is gone. */
static bool write_out(struct session *p)
{
    while (p->sent < p->out.len) {
        ssize_t n = write(p->fd, p->out.at + p->sent, p->out.len - p->sent);

        if (n >= 0) {
            p->sent += (size_t)n;
        } else if (errno == EAGAIN) {
            loop_watch_write(p->watch);
            return true;
        } else if (errno != EINTR) {
            return false;
        }
    }
    p->sent = p->out.len = 0;
    return true;
}

/* Sends what there is to say, and decides what is waited for. */
static void send_replies(struct session *p)
{
    if (!write_out(p) || (p->bye && p->out.len == 0)) {
        end(p);
        return;
    }
    loop_watch_read(p->watch, !p->waits && !p->bye && p->in_at == p->in_bytes && p->out.len < OUT_BYTES_MAX);
}

static void hear(struct session *p)
{
    while (!p->waits && !p->bye && p->in_at < p->in_bytes && p->out.len < OUT_BYTES_MAX) {
        struct str in = {p->in + p->in_at, p->in_bytes - p->in_at};
        enum lmtp_moment moment;

        p->in_at += lmtp_hear(&p->dialogue, in, &p->out, &p->body, &moment);
        switch (moment) {
        case LMTP_MORE:
            body_piece(p);
            break;
        case LMTP_BEGIN:
            body_begin(p);
            break;
        case LMTP_END:
            body_end(p);
            break;
        case LMTP_BYE:
            p->bye = true;
            break;
        }
    }
}

void session_go_on(struct session *p)
{
    if (p->gone) {
        end(p);
        return;
    }
    hear(p);
    if (p->server->stopping && !p->waits && !p->bye)
        session_hang_up(p, "stops");
    else
        send_replies(p);
}

void session_hang_up(struct session *p, const char *why)
{
    lmtp_hang_up(&p->dialogue, &p->out, why);
    p->bye = true;
    loop_timer_start(p->server->loop, &p->idle, LMTP_BYE_MS, on_idle, p);
    send_replies(p);
}

static void on_idle(void *arg)
{
    struct session *p = arg;

    if (p->waits) /* the delay is ours */
        loop_timer_start(p->server->loop, &p->idle, p->server->o.idle_ms, on_idle, p);
    else if (p->bye)
        end(p);
    else
        session_hang_up(p, "waited too long");
}

static void on_readable(void *arg)
{
    struct session *p = arg;
    ssize_t n = read(p->fd, p->in, sizeof p->in);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        end(p);
        return;
    }
    p->in_bytes = (size_t)n;
    p->in_at = 0;
    loop_timer_start(p->server->loop, &p->idle, p->server->o.idle_ms, on_idle, p);
    session_go_on(p);
}

static void on_writable(void *arg)
{
    session_go_on(arg);
}

void session_open(struct lmtp_server *s, int fd)
{
    struct session *p = calloc(1, sizeof *p);

    if (p == NULL)
        abort();
    p->server = s;
    p->fd = fd;
    p->watch = loop_watch_open(s->loop, fd, on_readable, on_writable, p);
    p->next = s->sessions;
    p->at = &s->sessions;
    if (p->next != NULL)
        p->next->at = &p->next;
    s->sessions = p;
    s->session_count++;
    atomic_fetch_add(&s->opened, 1);
    atomic_fetch_add(&s->open_now, 1);
    lmtp_open(&p->dialogue, &s->house);
    lmtp_greet(&p->dialogue, &p->out);
    loop_timer_start(s->loop, &p->idle, s->o.idle_ms, on_idle, p);
    send_replies(p);
}
