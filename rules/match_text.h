/* match_text.h - short texts as code points, and how many typing faults lie between two. Inside of rules/ only. */
#ifndef RULES_MATCH_TEXT_H
#define RULES_MATCH_TEXT_H

#include "rules/base/text.h"

struct arena;

enum { WORD_CHARS_MAX = 64 };

/* n code points; at most WORD_CHARS_MAX. */
struct word {
    const uint32_t *at;
    size_t n;
    uint32_t letters; /* a bit for each code point, modulo 32: unlike words are told apart without looking further */
};

/* Counts inexact comparisons down, so that a decision has an end. */
struct near_work {
    int left;  /* of words */
    int names; /* of whole names */
};

/* at is kept, not copied; what is longer than WORD_CHARS_MAX is cut. */
struct word word_of(const uint32_t *at, size_t n);
/* ASCII bytes, or whatever bytes: each is one code point. */
struct word word_of_bytes(struct arena *a, struct str s);
/* The one code point that c holds, in valid UTF-8. */
uint32_t word_point(struct str c);
bool word_equal(struct word a, struct word b);
/* As qsort() wants it, by code point. */
int word_order(const struct word *a, const struct word *b);
/* UTF-8 into b. */
void word_print(struct word w, struct buf *b);

/* Letters put in, left out, changed, or two neighbours swapped (optimal string alignment), at most `most` (0..2);
 * most + 1 where there are more, or where no work is left. Equal words cost no work. */
unsigned word_faults(struct word a, struct word b, unsigned most, struct near_work *work);
/* The first place, from the left, at which they differ is a digit on one side: 0042 and 0043 are two ids, not a typing
 * fault. Not asked of equal words. */
bool word_differs_in_digit(struct word a, struct word b);

#endif
