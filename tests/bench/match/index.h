/* index.h - what production keeps in Redis, in memory: blocks and who owns them. */
#ifndef TESTS_BENCH_MATCH_INDEX_H
#define TESTS_BENCH_MATCH_INDEX_H

#include "rules/match.h"

struct index;

struct owner {
    uint32_t id, ref; /* ref: which of its records is kept there, the first one */
};

struct owners {
    uint32_t n; /* all there are; the list holds MATCH_BLOCK_OWNERS_MAX of them */
    struct owner list[MATCH_BLOCK_OWNERS_MAX];
};

struct index *index_open(void);
void index_close(struct index *x);
/* The same owner twice is one. */
void index_add(struct index *x, const struct match_block *b, uint32_t owner, uint32_t ref);
/* NULL where there is none. */
const struct owners *index_find(const struct index *x, const struct match_block *b);
size_t index_blocks(const struct index *x);

enum { REFS_MAX = 6 };

/* Whom to compare, and by which records: those that led there. */
struct found {
    uint32_t id;
    int weight;
    size_t refs;
    uint32_t ref[REFS_MAX];
};

/* The best first, by the caps of match.h: at most MATCH_CANDIDATES_MAX. */
size_t index_candidates(const struct index *x, const struct match_block *b, size_t n,
                        struct found out[MATCH_CANDIDATES_MAX]);

#endif
