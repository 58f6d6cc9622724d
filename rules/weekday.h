/* weekday.h - days of the week and times of day, as people write them in rules and rosters. */
#ifndef RULES_WEEKDAY_H
#define RULES_WEEKDAY_H

#include "rules/base/text.h"

/* "mon", "mon-fri", "sat-mon": adds a bit for each day, Monday the lowest. False where they are no days. */
bool weekday_range(struct str s, unsigned *bits);
/* "mon", of 0..6. Static text. */
const char *weekday_name(int day);
/* "09:00" to seconds; 24:00 is the end of the day. */
bool weekday_time(struct str s, int32_t *out);

#endif
