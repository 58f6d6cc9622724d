/* dice.h - the same chance each time, for walks that a failure can be repeated with (xorshift64*, Vigna 2016). */
#ifndef TESTS_UNIT_DICE_H
#define TESTS_UNIT_DICE_H

#include <stdint.h>

struct dice {
    uint64_t state; /* not 0 */
};

static inline uint64_t dice_next(struct dice *d)
{
    d->state ^= d->state >> 12;
    d->state ^= d->state << 25;
    d->state ^= d->state >> 27;
    return d->state * UINT64_C(2685821657736338717);
}

/* 0..n-1 */
static inline int64_t dice_below(struct dice *d, int64_t n)
{
    return (int64_t)(dice_next(d) >> 33) % n;
}

#endif
