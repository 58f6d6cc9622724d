/* names_fold.h - a name as folded code points, cut into words. Inside of rules/names*.c only. */
#ifndef RULES_NAMES_FOLD_H
#define RULES_NAMES_FOLD_H

#include "rules/names.h"

enum { FOLDED_MAX = 2 * NAME_CHARS_MAX };

enum names_script {
    SCRIPT_LATIN = 1,
    SCRIPT_HAN = 2, /* with kana: a Japanese name may be written in either, or in both */
    SCRIPT_HANGUL = 4,
    SCRIPT_ARABIC = 8,
    SCRIPT_CYRILLIC = 16,
    SCRIPT_OTHER = 32,
    SCRIPT_EAST = SCRIPT_HAN | SCRIPT_HANGUL,
};

/* Into out, room for FOLDED_MAX (L1). 0 where it is not UTF-8. */
size_t names_fold(struct str typed, uint32_t *out);
/* Of a folded code point; 0 for digits and marks, which belong to what stands before them. */
unsigned names_script(uint32_t c);
/* Letter, digit or mark. */
bool names_in_word(uint32_t c);

#endif
