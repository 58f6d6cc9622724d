#include "queues/clock.h"

#include <stdatomic.h>
#include <time.h>

static _Atomic int64_t frozen = -1;
static _Atomic int64_t latest;

static int64_t read_ms(clockid_t id)
{
    struct timespec t;

    (void)clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_now_ms(void)
{
    int64_t held = atomic_load(&frozen);

    if (held >= 0)
        return held;

    int64_t now = read_ms(CLOCK_REALTIME), seen = atomic_load(&latest);

    while (now > seen && !atomic_compare_exchange_weak(&latest, &seen, now))
        ;
    return now > seen ? now : seen;
}

int64_t clock_steady_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

void clock_freeze(int64_t time_ms)
{
    atomic_store(&frozen, time_ms);
}
