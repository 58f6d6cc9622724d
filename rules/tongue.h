/* tongue.h - in which of the languages of the pages a text is written, told by its letters and its commonest words.
 *
 * For whom nobody has told: a mail says in what charset it is, not in what language. Pure. */
#ifndef RULES_TONGUE_H
#define RULES_TONGUE_H

#include "rules/base/text.h"

enum { TONGUE_BYTES_MAX = 16 * 1024 /* that much of a text is looked at */ };

/* "en", "zh-TW", "ja", "de", "es" or "ar"; NULL where it is too short to tell, or is none of them. text: valid UTF-8. */
const char *tongue_of(struct str text);

#endif
