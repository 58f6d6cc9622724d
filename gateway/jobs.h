/* jobs.h - the thread that runs jobs (queues/job.h), and the table of what kinds of them there are.
 *
 * It has a Redis connection of its own, so nothing that is filed waits for it. Jobs that run get a step in turn.
 *
 * G1  at most JOBS_STEPS_A_SECOND steps are done, and no more than half of the time is spent in them: between two there
 *     is a pause at least as long as the step took;
 * G2  after a step that has to be tried again nothing is done for JOBS_AGAIN_MS;
 * G3  jobs_close() returns after the step under way. */
#ifndef GATEWAY_JOBS_H
#define GATEWAY_JOBS_H

#include <stdint.h>

struct app;
struct jobs;
struct redis_target;

enum {
    JOBS_STEPS_A_SECOND = 50,
    JOBS_EVERY_MS = 1000, /* looked for, where nobody called */
    JOBS_AGAIN_MS = 500,
};

/* holder: of the lease, borrowed. */
struct jobs *jobs_open(struct app *app, const struct redis_target *redis, const char *holder);
/* NULL is allowed. */
void jobs_close(struct jobs *j);
/* There is something new. Any thread. */
void jobs_wake(struct jobs *j);

struct jobs_state {
    uint64_t running;       /* 0 where another gateway runs them */
    uint64_t steps, failed; /* since the start; failed: to be tried again */
    int64_t busy_ms;
};
void jobs_state(struct jobs *j, struct jobs_state *out);

#endif
