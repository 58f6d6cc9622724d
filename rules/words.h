/* words.h - what a text can be looked for by: its whole words.
 *
 * O1  case, width and marks do not count: "MÜLLER" is "muller", "ｉｎｖ" is "inv" (NFKC_Casefold of UAX 44, then
 *     the nonspacing marks of NFD dropped). Letters of other alphabets that only look alike stay apart;
 * O2  what is written without spaces (Han, kana, Thai, Lao, Khmer, Burmese) is cut into pairs of neighbours, a sole
 *     character is a word by itself: so any two of them that stand together are found;
 * O3  no dictionary and no locale is asked: the words of a text are the same on every host, and those that were
 *     indexed once are found for ever;
 * O4  each word once, at most WORDS_MAX of them and WORD_CODE_POINTS_MAX long; of longer texts the beginning counts. */
#ifndef RULES_WORDS_H
#define RULES_WORDS_H

#include "rules/base/text.h"

struct arena;

enum { WORDS_MAX = 48, WORD_CODE_POINTS_MAX = 64, WORDS_TEXT_MAX = 400 /* code points of one text */ };

/* Zero it to begin. */
struct words {
    size_t n;
    struct str at[WORDS_MAX]; /* UTF-8, in the arena that they were added with */
};

/* The words of a text (valid UTF-8). */
void words_add(struct words *w, struct arena *a, struct str text);
/* All of it as one word: an id in normal form, the author of a post. White space around it is dropped. */
void words_add_whole(struct words *w, struct arena *a, struct str text);

#endif
