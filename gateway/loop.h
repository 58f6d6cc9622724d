/* loop.h - an event loop on one thread: h2o's, with a mailbox and timers of our own.
 *
 * E1  it is a struct loop of queues/loop.h, so loop_post() is how other threads
 *     reach it;
 * E2  timers follow the steady clock; h2o's own time-outs follow the wall clock and
 *     are one list for each duration, so nothing of ours rests on them;
 * E3  everything here but loop_post() belongs to the thread that runs the loop,
 *     except before loop_run() began and after it returned. */
#ifndef GATEWAY_LOOP_H
#define GATEWAY_LOOP_H

#include "queues/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct st_h2o_evloop_t;

/* Zero it to begin; it must stay put while it runs. */
struct loop_timer {
    int64_t due_ms; /* clock_steady_ms() */
    void (*fn)(void *arg);
    void *arg;
    size_t place; /* 1 + place in the loop's heap; 0: not running */
};

/* NULL where the system has no descriptors left. */
struct loop *loop_open(void);
/* Every socket and time-out on it must be gone; what is still in the mailbox is dropped. NULL is allowed. */
void loop_close(struct loop *l);
/* Until loop_stop(). */
void loop_run(struct loop *l);
/* loop_run() returns after this turn. */
void loop_stop(struct loop *l);

/* fn(arg) once, ms (>= 0) from now; a running timer is set anew. */
void loop_timer_start(struct loop *l, struct loop_timer *t, int ms, void (*fn)(void *arg), void *arg);
/* fn will not run. A timer that does not run is allowed. */
void loop_timer_cancel(struct loop *l, struct loop_timer *t);

/* A descriptor that the loop looks after; whoever opened the watch reads and writes it himself. */
struct loop_watch;
/* fd: non-blocking, the watch's from now on. Nothing is called until it is asked for. */
struct loop_watch *loop_watch_open(struct loop *l, int fd, void (*readable)(void *arg), void (*writable)(void *arg),
                                   void *arg);
/* on: readable is called each turn that finds something to read, or that the peer is gone. */
void loop_watch_read(struct loop_watch *w, bool on);
/* writable is called once, when there is room. */
void loop_watch_write(struct loop_watch *w);
/* Closes the descriptor; neither function is called again. NULL is allowed. */
void loop_watch_close(struct loop_watch *w);

/* For gateway/http/ only. */
struct st_h2o_evloop_t *loop_h2o(struct loop *l);

#endif
