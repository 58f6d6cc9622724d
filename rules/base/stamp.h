/* stamp.h - moments in text: RFC 3339 in UTC, and the civil calendar.
 *
 * A moment is int64_t milliseconds since 1970-01-01T00:00:00Z without leap
 * seconds. Pure: nothing here asks what time it is. */
#ifndef RULES_BASE_STAMP_H
#define RULES_BASE_STAMP_H

#include "rules/base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum { STAMP_CHARS = 24 }; /* 2026-11-24T09:12:03.123Z */

struct stamp {
    char at[STAMP_CHARS + 1];
};

/* time_ms: years 0000 to 9999. Seconds only: "2026-11-24T09:12:03Z". */
struct stamp stamp_print(int64_t time_ms);
/* With milliseconds. */
struct stamp stamp_print_ms(int64_t time_ms);
/* RFC 3339 date-time with any offset and up to 9 fraction digits (kept to ms); false where the moment lies outside
 * the years 0000 to 9999 of UTC, so that what was parsed can be printed. */
bool stamp_parse(struct str s, int64_t *time_ms);
/* "2026-11-24" to days since 1970-01-01, proleptic Gregorian; false where there
 * is no such day. */
bool stamp_parse_date(struct str s, int64_t *days);

/* "1h30m", "90s"; whole seconds. */
void stamp_duration(int64_t ms, struct buf *out);

/* Days since 1970-01-01 of a civil date; month 1..12, day 1..31. */
int64_t stamp_days(int year, int month, int day);
/* The inverse. */
void stamp_civil(int64_t days, int *year, int *month, int *day);

#endif
