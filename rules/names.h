/* names.h - names of people and organisations, and handles, in a form that can be compared.
 *
 * L1  a name is compared by what a reader sees: compatibility forms and letter case are folded, accents go where they
 *     are decoration (Latin, Greek, Cyrillic, Arabic, Hebrew) and stay where they are letters (kana, Hangul, Indic
 *     scripts, Thai); so full-width, look-alike and accented spellings are one name. Identifiers are never folded so
 *     (D3 of address.h, L4);
 * L2  words of Han, kana and Hangul that stand side by side are one word: people put spaces there as they please;
 * L3  of an organisation its legal form is kept apart: "Acme Ltd" and "ACME Limited" are one name, "Acme GmbH" is the
 *     same name in another form;
 * L4  a handle belongs to its platform and keeps every code point; only ASCII letters lose their case.
 *
 * Names of any length are taken: the first NAME_CHARS_MAX code points and NAME_WORDS_MAX words count. */
#ifndef RULES_NAMES_H
#define RULES_NAMES_H

#include "rules/match_text.h"

enum { NAME_CHARS_MAX = 200, NAME_WORDS_MAX = 8, NAME_WORD_CHARS_MAX = 24, HANDLE_BYTES_MAX = 256 };

struct name {
    size_t words;
    struct word word[NAME_WORDS_MAX];         /* of a person in the order of their letters, else as written */
    unsigned script[NAME_WORDS_MAX], scripts; /* a bit each; names without a script in common cannot be compared */
    struct word joined;                       /* all words in the order as written, no spaces */
    uint32_t legal;                           /* of an organisation: tells legal forms apart; 0: none was written */
    struct str text;                          /* UTF-8, the words with a space between */
};

/* False where there is no letter or digit in it, or it is not UTF-8. */
bool name_person(struct arena *a, struct str typed, struct name *out);
bool name_organisation(struct arena *a, struct str typed, struct name *out);

/* "mastodon:anna@example.social" of "mastodon" and "@Anna@example.social"; of a profile's URL its last segment. */
bool handle_parse(struct arena *a, struct str platform, struct str typed, struct str *out);

#endif
