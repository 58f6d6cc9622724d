/* sweep.h - what has to be tidied up in Redis, a turn at a time.
 *
 * W1  one gateway sweeps at a time, by lease; a turn that is missed costs nothing;
 * W2  live updates are kept for SWEEP_LIVE_MS: a console that was away longer reloads. */
#ifndef QUEUES_SWEEP_H
#define QUEUES_SWEEP_H

#include "queues/redis.h"
#include "rules/base/err.h"

#include <stdint.h>

enum { SWEEP_EVERY_MS = 60 * 1000, SWEEP_LIVE_MS = 15 * 60 * 1000 };

/* holder: who asks for the lease. ERR_ABSENT: another gateway has it. */
enum err sweep_turn(struct redis *r, struct arena *a, struct str holder, int64_t now_ms);

#endif
