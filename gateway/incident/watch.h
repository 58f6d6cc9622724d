/* watch.h - the thread that watches the door: it looks at what was heard every WATCH_EVERY_MS, and raises what it
 * suspects (queues/incident/suspicion.h). One gateway at a time, by lease. */
#ifndef GATEWAY_INCIDENT_WATCH_H
#define GATEWAY_INCIDENT_WATCH_H

#include <stdint.h>

struct app;
struct redis_target;
struct watch;

enum { WATCH_EVERY_MS = 5000, WATCH_LEASE_MS = 15 * 1000 };

/* holder: of the lease, borrowed. */
struct watch *watch_open(struct app *app, const struct redis_target *redis, const char *holder);
/* NULL is allowed. */
void watch_close(struct watch *w);

struct watch_state {
    uint64_t raised;   /* since the start */
    int64_t suspected; /* accounts of the open one; 0 none */
    int64_t heard;     /* accounts of the last five minutes */
    double usual;      /* in five minutes, at this hour */
};
/* Of the gateway that watches; else zero. */
void watch_state(struct watch *w, struct watch_state *out);

#endif
