/* near.h - which known word was meant by one that is not known. */
#ifndef RULES_BASE_NEAR_H
#define RULES_BASE_NEAR_H

#include "rules/base/text.h"

enum { NEAR_CHARS_MAX = 32 };

/* The word of the list that is fewest edits away (one letter put in, left out, changed, or two neighbours swapped:
 * Damerau 1964), the first of equals; NULL where that is more than a third of its letters, or word is longer than
 * NEAR_CHARS_MAX bytes. */
const char *near_word(struct str word, const char *const *list, size_t n);

#endif
