/* mistype.h - what hands and ears do to a word. */
#ifndef TESTS_BENCH_MATCH_MISTYPE_H
#define TESTS_BENCH_MATCH_MISTYPE_H

#include "tests/unit/dice.h"

#include <stddef.h>

/* One fault in s (room bytes) somewhere in [from, to): a letter for its neighbour, left out, doubled, put in, or two
 * swapped; figures for figures. Only ASCII letters and figures are touched: false where there are none. */
_Bool mistype(struct dice *d, char *s, size_t room, size_t from, size_t to);

#endif
