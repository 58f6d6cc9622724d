/* index.h - what production keeps in Redis, in memory: blocks and who owns them. */
#ifndef TESTS_BENCH_MATCH_INDEX_H
#define TESTS_BENCH_MATCH_INDEX_H

#include "rules/match.h"

struct index;

struct owners {
    uint32_t n; /* all there are; the list holds MATCH_BLOCK_OWNERS_MAX of them */
    uint32_t list[MATCH_BLOCK_OWNERS_MAX];
};

struct index *index_open(void);
void index_close(struct index *x);
/* The same owner twice is one. */
void index_add(struct index *x, const struct match_block *b, uint32_t owner);
/* NULL where there is none. */
const struct owners *index_find(const struct index *x, const struct match_block *b);
size_t index_blocks(const struct index *x);

/* Whom to compare, the best first, by the caps of match.h: at most MATCH_CANDIDATES_MAX. */
size_t index_candidates(const struct index *x, const struct match_block *b, size_t n,
                        uint32_t out[MATCH_CANDIDATES_MAX]);

#endif
