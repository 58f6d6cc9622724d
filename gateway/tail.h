/* tail.h - the thread that follows what happens in Redis and tells every console.
 *
 * T1  an event's id is "<start of this process, ms>-<number>"; a console that comes back
 *     with one gets what it missed, or {"type":"reload"} where that is no longer known;
 * T2  live updates are hints, not records: a lost one costs a reload. */
#ifndef GATEWAY_TAIL_H
#define GATEWAY_TAIL_H

#include "rules/base/text.h"

#include <stddef.h>

struct app;
struct arena;
struct redis_target;
struct tail;

enum { TAIL_KEPT = 2048 };

/* listener: whose streams are told (server.h). */
struct tail *tail_open(struct app *app, const struct redis_target *redis, size_t listener);
/* Tells no console anything any more; tail_since() goes on. NULL is allowed. */
void tail_stop(struct tail *t);
/* After tail_stop(), when no handler runs. NULL is allowed. */
void tail_close(struct tail *t);
/* What a stream begins with, in wire form; last: Last-Event-ID, may be empty. Any thread. */
struct str tail_since(struct tail *t, struct arena *a, struct str last);

#endif
