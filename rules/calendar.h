/* calendar.h - working time.
 *
 * C1  a moment counts when the wall clock of the calendar's zone shows a time
 *     inside an interval of that weekday and the date is no holiday. So an hour
 *     that comes twice counts twice, a skipped one counts nothing, and a day that
 *     the place left out of its calendar does not exist;
 *     a date with hours of its own (an exception) has those, whatever its weekday
 *     and whatever the holidays;
 * C2  intervals are [from, to): minutes of adjoining ones are counted once;
 * C3  counting ends after CALENDAR_DAYS_MAX days, whatever the calendar. */
#ifndef RULES_CALENDAR_H
#define RULES_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct holiday_yearly;
struct zone;

enum {
    CALENDAR_SPANS_MAX = 8, /* a day */
    CALENDAR_HOLIDAYS_MAX = 1024,
    CALENDAR_YEARLY_MAX = 512,
    CALENDAR_EXCEPTIONS_MAX = 366,
    CALENDAR_DAYS_MAX = 3660,
};

struct calendar_hours {
    int32_t from_s, to_s; /* of the local day, 0..86400 */
};

struct calendar_day {
    size_t n;
    struct calendar_hours hours[CALENDAR_SPANS_MAX]; /* ascending, not overlapping */
};

struct calendar_exception {
    int64_t day;               /* since 1970 */
    struct calendar_day hours; /* none: closed */
};

struct calendar {
    const char *name;
    bool always; /* every moment counts; what follows is not looked at */
    const char *zone_name;
    const struct zone *zone;     /* NULL: UTC */
    struct calendar_day week[7]; /* Monday first */
    const int64_t *holidays;     /* days since 1970, ascending */
    size_t holiday_count;
    const struct holiday_yearly *yearly;
    size_t yearly_count;
    const struct calendar_exception *exceptions; /* by day, ascending */
    size_t exception_count;
};

/* Moments in ms since 1970, [from, to). */
struct span {
    int64_t from_ms, to_ms;
};

/* The first stretch of working time that ends after from_ms, cut to begin at
 * from_ms or later; two stretches may adjoin. Looks no further than before_ms:
 * false where nothing begins until then. */
bool calendar_next(const struct calendar *c, int64_t from_ms, int64_t before_ms, struct span *out);

#endif
