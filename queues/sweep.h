/* sweep.h - what has to be tidied up in Redis, a turn at a time.
 *
 * W1  one gateway sweeps at a time, by lease; a turn that is missed costs nothing;
 * W2  moves, merges and un-merges that somebody left half done are carried on after SWEEP_LEFT_MS;
 * W3  whatever time alone changes of what people have shown is judged again (proof.h);
 * W4  live updates are kept for SWEEP_LIVE_MS: a console that was away longer reloads. */
#ifndef QUEUES_SWEEP_H
#define QUEUES_SWEEP_H

#include "queues/move.h"

#include <stdint.h>

enum { SWEEP_EVERY_MS = 60 * 1000, SWEEP_LIVE_MS = 15 * 60 * 1000, SWEEP_LEFT_MS = 30 * 1000 };

/* holder: who asks for the lease. ERR_ABSENT: another gateway has it. */
enum err sweep_turn(struct mover *m, struct str holder);

#endif
