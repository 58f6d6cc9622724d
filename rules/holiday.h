/* holiday.h - a day without work that comes back every year.
 *
 * Y1  plain dates: no zone, no clock;
 * Y2  a year that does not have the day (29 February, a fifth Monday) is left
 *     out (RFC 5545, 3.3.10). */
#ifndef RULES_HOLIDAY_H
#define RULES_HOLIDAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HOLIDAY_DAYS_MAX = 366 }; /* of one that is longer than a day */

/* Days are counted since 1970-01-01. */
struct holiday_yearly {
    int64_t last_day;      /* none begins later; INT64_MAX: for ever */
    int first_year, every; /* years: first_year, first_year + every, … */
    int month;             /* 1..12 */
    int month_day;         /* 1..31; 0: the weekday below */
    int nth, weekday;      /* nth 1..5 from the begin of the month, -1..-5 from its end; Monday is 0 */
    int days;              /* how many from then on: 1..HOLIDAY_DAYS_MAX */
    const int64_t *except; /* days at which it would begin, and does not */
    size_t excepts;
};

/* The day at which it falls by month, day and weekday in that year, whatever the other fields say; false: Y2. */
bool holiday_falls(const struct holiday_yearly *h, int year, int64_t *day);
/* True on each of its days. */
bool holiday_holds(const struct holiday_yearly *h, int64_t day);

/* Monday is 0. */
int holiday_weekday(int64_t day);

#endif
