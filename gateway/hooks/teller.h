/* teller.h - the thread from which events leave for their receivers.
 *
 * L1  what waits stands in Redis: a kill at any moment tells somebody twice, with one webhook-id, and nobody never;
 * L2  one gateway tells at a time, by lease;
 * L3  each receiver has a lane of its own with TELLER_LANE transfers, of which one that failed last is left one: who is
 *     dead or slow holds up nobody but itself;
 * L4  what happened anywhere is on its way within TELLER_EVERY_MS. */
#ifndef GATEWAY_HOOKS_TELLER_H
#define GATEWAY_HOOKS_TELLER_H

#include <stdint.h>

struct app;
struct redis_target;
struct teller;

enum { TELLER_EVERY_MS = 500, TELLER_LANE = 4, TELLER_LEASE_MS = 20 * 1000, TELLER_FINISH_MS = 500 };

/* holder: of the lease, borrowed. */
struct teller *teller_open(struct app *app, const struct redis_target *redis, const char *holder);
/* Gives what is under way TELLER_FINISH_MS. NULL is allowed. */
void teller_close(struct teller *t);
/* There is something new. Any thread. */
void teller_wake(struct teller *t);

struct teller_state {
    uint64_t told, failed, given_up; /* since the start */
    int64_t waiting;                 /* when last looked; 0 where another gateway tells */
    int64_t failing;                 /* receivers whose last try failed */
};
void teller_state(struct teller *t, struct teller_state *out);

#endif
