/* turns.h - a thread that takes turns: when it is called, or when so much time has passed since the last one.
 *
 * N1  a turn that says there may be more is followed by the next at once;
 * N2  a call that comes during a turn is not lost: the next one follows;
 * N3  turns_close() returns after the turn under way; a long one asks turns_stopping() whether it should end. */
#ifndef GATEWAY_TURNS_H
#define GATEWAY_TURNS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct turns;

/* a: of this turn. True: there may be more (N1). */
typedef bool turns_fn(void *arg, struct arena *a);

struct turns_options {
    const char *name; /* of the thread, at most 15 characters */
    int64_t every_ms;
    size_t arena_bytes;
    turns_fn *turn;
    void *arg;
};

/* *out is there before the first turn. */
void turns_open(struct turns **out, const struct turns_options *o);
/* NULL is allowed. */
void turns_close(struct turns *t);
/* There is something to do. Any thread. */
void turns_wake(struct turns *t);
/* Within a turn: does nothing for so long, or until the end. */
void turns_pause(struct turns *t, int64_t ms);
/* Within a turn. Borrowed until turns_close(). */
atomic_bool *turns_stopping(struct turns *t);

#endif
