#include "rules/holiday.h"

#include "rules/base/stamp.h"

int holiday_weekday(int64_t day)
{
    /* 1970-01-01 was a Thursday. */
    return (int)(((day + 3) % 7 + 7) % 7);
}

bool holiday_falls(const struct holiday_yearly *h, int year, int64_t *day)
{
    int64_t first = stamp_days(year, h->month, 1);
    int64_t next = h->month == 12 ? stamp_days(year + 1, 1, 1) : stamp_days(year, h->month + 1, 1);
    int64_t at;

    if (h->month_day > 0)
        at = first + h->month_day - 1;
    else if (h->nth > 0)
        at = first + (h->weekday - holiday_weekday(first) + 7) % 7 + 7 * (int64_t)(h->nth - 1);
    else
        at = next - 1 - (holiday_weekday(next - 1) - h->weekday + 7) % 7 + 7 * (int64_t)(h->nth + 1);
    if (at < first || at >= next)
        return false;
    *day = at;
    return true;
}

static bool begins(const struct holiday_yearly *h, int year, int64_t *day)
{
    if (year < h->first_year || (year - h->first_year) % h->every != 0 || !holiday_falls(h, year, day) ||
        *day > h->last_day)
        return false;
    for (size_t i = 0; i < h->excepts; i++)
        if (h->except[i] == *day)
            return false;
    return true;
}

bool holiday_holds(const struct holiday_yearly *h, int64_t day)
{
    int year, month, month_day;

    stamp_civil(day, &year, &month, &month_day);
    /* One that began last year may reach over New Year. */
    for (int y = year - 1; y <= year; y++) {
        int64_t first;

        if (begins(h, y, &first) && first <= day && day < first + h->days)
            return true;
    }
    return false;
}
