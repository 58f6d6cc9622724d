#include "gateway/loop.h"

#include "queues/clock.h"

#if !defined(H2O_USE_LIBUV) || H2O_USE_LIBUV
#error "build with -DH2O_USE_LIBUV=0: the other loop has other structures"
#endif
#include <h2o.h>

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { TURN_MS_MAX = 60 * 1000 };

struct letter {
    struct letter *next;
    void (*fn)(void *arg);
    void *arg;
};

struct loop_impl {
    struct loop super;
    h2o_loop_t *h2o;
    h2o_socket_t *bell;
    int bell_fd;
    bool stopped;

    pthread_mutex_t lock; /* guards the mailbox */
    struct letter *first, **last;

    struct loop_timer **heap; /* the earliest at the root */
    size_t timers, room;
};

static void loop_impl_post(struct loop *l, void (*fn)(void *arg), void *arg)
{
    struct loop_impl *self = (struct loop_impl *)l;
    struct letter *letter = malloc(sizeof *letter);

    if (letter == NULL)
        abort();
    *letter = (struct letter){NULL, fn, arg};
    pthread_mutex_lock(&self->lock);

    bool was_empty = self->first == NULL;

    *self->last = letter;
    self->last = &letter->next;
    pthread_mutex_unlock(&self->lock);
    /* Whoever finds the box empty rings; a full counter (EAGAIN) rings as well. */
    if (was_empty)
        (void)!write(self->bell_fd, &(uint64_t){1}, sizeof(uint64_t));
}

static struct letter *take_mail(struct loop_impl *self)
{
    pthread_mutex_lock(&self->lock);

    struct letter *first = self->first;

    self->first = NULL;
    self->last = &self->first;
    pthread_mutex_unlock(&self->lock);
    return first;
}

static void read_mail(struct loop_impl *self)
{
    struct letter *next;

    for (struct letter *letter = take_mail(self); letter != NULL; letter = next) {
        next = letter->next;
        letter->fn(letter->arg);
        free(letter);
    }
}

/* The bell is read here and not by h2o: its read buffers belong to the thread that made the socket. */
static void on_bell(h2o_socket_t *bell, const char *err)
{
    struct loop_impl *self = bell->data;
    uint64_t rings;

    assert(err == NULL);
    (void)!read(self->bell_fd, &rings, sizeof rings);
    read_mail(self);
}

struct loop *loop_open(void)
{
    static const struct loop_ops ops = {.post = loop_impl_post};
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    if (fd < 0)
        return NULL;

    struct loop_impl *self = calloc(1, sizeof *self);

    if (self == NULL)
        abort();
    self->super.ops = &ops;
    self->last = &self->first;
    self->bell_fd = fd;
    pthread_mutex_init(&self->lock, NULL);
    self->h2o = h2o_evloop_create();
    self->bell = h2o_evloop_socket_create(self->h2o, fd, H2O_SOCKET_FLAG_DONT_READ);
    self->bell->data = self;
    h2o_socket_read_start(self->bell, on_bell);
    return &self->super;
}

void loop_close(struct loop *l)
{
    struct loop_impl *self = (struct loop_impl *)l;
    struct letter *next;

    if (self == NULL)
        return;
    for (struct letter *letter = take_mail(self); letter != NULL; letter = next) {
        next = letter->next;
        free(letter);
    }
    h2o_socket_read_stop(self->bell);
    h2o_socket_close(self->bell);
    h2o_evloop_run(self->h2o, 0); /* closed sockets are freed by a turn of the loop */
    h2o_evloop_destroy(self->h2o);
    pthread_mutex_destroy(&self->lock);
    free(self->heap);
    free(self);
}

/* ---- timers: a binary heap that knows where each timer stands ---- */

static void place(struct loop_impl *self, size_t i, struct loop_timer *t)
{
    self->heap[i] = t;
    t->place = i + 1;
}

static void sift_up(struct loop_impl *self, size_t i, struct loop_timer *t)
{
    for (; i > 0 && t->due_ms < self->heap[(i - 1) / 2]->due_ms; i = (i - 1) / 2)
        place(self, i, self->heap[(i - 1) / 2]);
    place(self, i, t);
}

static void sift_down(struct loop_impl *self, size_t i, struct loop_timer *t)
{
    for (size_t child; (child = 2 * i + 1) < self->timers; i = child) {
        if (child + 1 < self->timers && self->heap[child + 1]->due_ms < self->heap[child]->due_ms)
            child++;
        if (t->due_ms <= self->heap[child]->due_ms)
            break;
        place(self, i, self->heap[child]);
    }
    place(self, i, t);
}

void loop_timer_cancel(struct loop *l, struct loop_timer *t)
{
    struct loop_impl *self = (struct loop_impl *)l;

    if (t->place == 0)
        return;

    size_t hole = t->place - 1;
    struct loop_timer *moved = self->heap[--self->timers];

    t->place = 0;
    if (moved == t)
        return;
    sift_down(self, hole, moved);
    sift_up(self, moved->place - 1, moved);
}

void loop_timer_start(struct loop *l, struct loop_timer *t, int ms, void (*fn)(void *arg), void *arg)
{
    struct loop_impl *self = (struct loop_impl *)l;

    assert(ms >= 0);
    loop_timer_cancel(l, t);
    if (self->timers == self->room) {
        self->room = self->room == 0 ? 64 : self->room * 2;
        self->heap = realloc(self->heap, self->room * sizeof *self->heap);
        if (self->heap == NULL)
            abort();
    }
    t->due_ms = clock_steady_ms() + ms;
    t->fn = fn;
    t->arg = arg;
    sift_up(self, self->timers++, t);
}

/* What falls due while timers run waits for the next turn, so that a timer that sets itself cannot hold the loop. */
static void run_timers(struct loop_impl *self)
{
    if (self->timers == 0)
        return;
    for (int64_t now_ms = clock_steady_ms(); self->timers > 0 && self->heap[0]->due_ms <= now_ms;) {
        struct loop_timer *t = self->heap[0];

        loop_timer_cancel(&self->super, t);
        t->fn(t->arg);
    }
}

/* ---- descriptors ---- */

struct loop_watch {
    h2o_socket_t *sock;
    void (*readable)(void *arg), (*writable)(void *arg);
    void *arg;
};

struct loop_watch *loop_watch_open(struct loop *l, int fd, void (*readable)(void *arg), void (*writable)(void *arg),
                                   void *arg)
{
    struct loop_watch *w = malloc(sizeof *w);

    if (w == NULL)
        abort();
    *w = (struct loop_watch){h2o_evloop_socket_create(loop_h2o(l), fd, H2O_SOCKET_FLAG_DONT_READ), readable, writable,
                             arg};
    w->sock->data = w;
    return w;
}

static void on_readable(h2o_socket_t *sock, const char *err)
{
    struct loop_watch *w = sock->data;

    (void)err; /* whoever reads will hear it */
    w->readable(w->arg);
}

static void on_writable(h2o_socket_t *sock, const char *err)
{
    struct loop_watch *w = sock->data;

    (void)err;
    w->writable(w->arg);
}

void loop_watch_read(struct loop_watch *w, bool on)
{
    if (on == (bool)h2o_socket_is_reading(w->sock))
        return;
    if (on)
        h2o_socket_read_start(w->sock, on_readable);
    else
        h2o_socket_read_stop(w->sock);
}

void loop_watch_write(struct loop_watch *w)
{
    if (!h2o_socket_is_writing(w->sock))
        h2o_socket_notify_write(w->sock, on_writable);
}

void loop_watch_close(struct loop_watch *w)
{
    if (w == NULL)
        return;
    h2o_socket_read_stop(w->sock);
    h2o_socket_close(w->sock);
    free(w);
}

static int wait_ms(const struct loop_impl *self)
{
    if (self->timers == 0)
        return TURN_MS_MAX;

    int64_t left_ms = self->heap[0]->due_ms - clock_steady_ms();

    return left_ms <= 0 ? 0 : left_ms > TURN_MS_MAX ? TURN_MS_MAX : (int)left_ms;
}

void loop_run(struct loop *l)
{
    struct loop_impl *self = (struct loop_impl *)l;

    for (self->stopped = false; !self->stopped; run_timers(self))
        h2o_evloop_run(self->h2o, wait_ms(self));
}

void loop_stop(struct loop *l)
{
    ((struct loop_impl *)l)->stopped = true;
}

struct st_h2o_evloop_t *loop_h2o(struct loop *l)
{
    return ((struct loop_impl *)l)->h2o;
}
