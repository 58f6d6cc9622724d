/* alarm.h - the thread that acts on clocks at their moment (queues/escalation.h), and keeps the list of
 * customers who have heard nothing (queues/silent.h).
 *
 * R1  a step is taken at most ALARM_EVERY_MS after it came, plus the time of the turn;
 * R2  one gateway is at it at a time, by a lease that is short: another goes on within ALARM_LEASE_MS. Two at once do
 *     nothing twice. */
#ifndef GATEWAY_ALARM_H
#define GATEWAY_ALARM_H

#include <stdint.h>

struct alarm;
struct app;
struct redis_target;

enum { ALARM_EVERY_MS = 400, ALARM_LEASE_MS = 2000 };

/* holder: of the lease, borrowed. */
struct alarm *alarm_open(struct app *app, const struct redis_target *redis, const char *holder);
/* Ends what it is at. NULL is allowed. */
void alarm_close(struct alarm *s);

struct alarm_state {
    uint64_t taken;    /* steps, since the start */
    int64_t latest_ms; /* how late the latest of the last turn that took any was */
};
void alarm_state(struct alarm *s, struct alarm_state *out);

#endif
