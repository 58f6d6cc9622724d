/* loop.h - what queues/ asks of an event loop: nothing but to be told.
 *
 * P1  loop_post() may be called from any thread; fn runs once, on the loop's own
 *     thread, never inside the call, in the order of posting from one thread;
 * P2  after the loop was closed, posting is a fault of the caller (assert). */
#ifndef QUEUES_LOOP_H
#define QUEUES_LOOP_H

struct loop;

struct loop_ops {
    void (*post)(struct loop *l, void (*fn)(void *arg), void *arg);
};

/* Embedded as first member by whoever implements it. */
struct loop {
    const struct loop_ops *ops;
};

static inline void loop_post(struct loop *l, void (*fn)(void *arg), void *arg)
{
    l->ops->post(l, fn, arg);
}

#endif
