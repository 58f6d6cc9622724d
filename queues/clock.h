/* clock.h - the only clock. Tests hold its hand by clock_freeze(). */
#ifndef QUEUES_CLOCK_H
#define QUEUES_CLOCK_H

#include <stdint.h>

/* Wall clock, ms since 1970, never going backwards within the process: a step
 * back is held until the world has caught up. Thread-safe. */
int64_t clock_now_ms(void);
/* For time-outs: ms since some moment, unaffected by clock steps. */
int64_t clock_steady_ms(void);
/* From now on clock_now_ms() answers time_ms; -1 lets it run again. Tests only. */
void clock_freeze(int64_t time_ms);

#endif
