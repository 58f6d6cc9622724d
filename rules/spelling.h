/* spelling.h - a reference as it is read aloud, so that whoever hears it writes down the right one. Pure. */
#ifndef RULES_SPELLING_H
#define RULES_SPELLING_H

#include "rules/base/text.h"

struct arena;

/* "Romeo seven Kilo four, two Mike nine Quebec, Whiskey" for R7K4-2M9Q-W: the ICAO alphabet (Annex 10 II 5.2.1.3), a
 * pause where a dash stands. number: as reference_print() takes it. */
struct str reference_spell(struct arena *a, uint64_t number);

#endif
