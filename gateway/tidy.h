/* tidy.h - what a gateway tidies up beside its work, from the filer's tick. */
#ifndef GATEWAY_TIDY_H
#define GATEWAY_TIDY_H

#include <stdint.h>

struct app;
struct arena;
struct redis;

struct tidy {
    struct app *app;
    const char *holder; /* of leases */
    int64_t orphans_ms; /* steady, when blobs were last seen to; 0 not yet */
};

/* Blobs that nothing names (queues/orphans.h): once a day and soon after the start, when no row waits, on a worker. r:
 * to hold all sweeping where rows were parked here. */
void tidy_orphans(struct tidy *t, struct redis *r, struct arena *a);

#endif
