/* work.h - threads for what may wait: Redis, Argon2, disk.
 *
 * W1  jobs run in order of submission on whichever worker is free; a worker owns one
 *     Redis connection;
 * W2  at most WORK_WAITING_MAX jobs wait; beyond that work_submit() answers ERR_BUSY. */
#ifndef GATEWAY_WORK_H
#define GATEWAY_WORK_H

#include "rules/base/err.h"

struct redis;
struct redis_target;
struct workers;

enum { WORK_WAITING_MAX = 4096, WORK_REDIS_MS = 2000 };

/* worker's: valid on that worker's thread during fn. */
typedef void work_fn(struct redis *redis, void *arg);

/* t: copied; NULL for workers without Redis (W1 then gives NULL). */
struct workers *workers_open(int threads, const struct redis_target *t);
/* Runs what waits, then stops; work_submit() may still be called. NULL is allowed. */
void workers_stop(struct workers *w);
/* Stops, and frees them: when nobody submits any more. NULL is allowed. */
void workers_close(struct workers *w);
/* ERR_BUSY by W2, and once workers_stop() has begun. */
enum err work_submit(struct workers *w, work_fn *fn, void *arg);
/* The connection of the worker that calls this; NULL on any other thread. */
struct redis *work_redis(void);
/* Jobs waiting now. */
unsigned work_waiting(struct workers *w);

#endif
