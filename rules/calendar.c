#include "rules/calendar.h"

#include "rules/holiday.h"
#include "rules/zone.h"

enum { DAY_S = 86400 };

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool is_holiday(const struct calendar *c, int64_t day)
{
    size_t low = 0, high = c->holiday_count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (c->holidays[mid] == day)
            return true;
        if (c->holidays[mid] < day)
            low = mid + 1;
        else
            high = mid;
    }
    for (size_t i = 0; i < c->yearly_count; i++)
        if (holiday_holds(&c->yearly[i], day))
            return true;
    return false;
}

/* The day's own hours, NULL where it has those of its weekday. */
static const struct calendar_day *exception(const struct calendar *c, int64_t day)
{
    size_t low = 0, high = c->exception_count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (c->exceptions[mid].day == day)
            return &c->exceptions[mid].hours;
        if (c->exceptions[mid].day < day)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static const struct calendar_day *day_of(const struct calendar *c, int64_t day)
{
    static const struct calendar_day closed = {0};
    const struct calendar_day *own = exception(c, day), *week = &c->week[holiday_weekday(day)];

    if (own != NULL)
        return own;
    return week->n > 0 && is_holiday(c, day) ? &closed : week;
}

/* The hours of that day which end after second_s, NULL where there are none. */
static const struct calendar_hours *hours_left(const struct calendar *c, int64_t day, int64_t second_s)
{
    const struct calendar_day *d = day_of(c, day);

    for (size_t i = 0; i < d->n; i++)
        if (d->hours[i].to_s > second_s)
            return &d->hours[i];
    return NULL;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

bool calendar_next(const struct calendar *c, int64_t from_ms, int64_t before_ms, struct span *out)
{
    if (from_ms >= before_ms)
        return false;
    if (c->always) {
        *out = (struct span){from_ms, INT64_MAX};
        return true;
    }

    int64_t t = floor_div(from_ms, 1000);
    int64_t last = sooner(t + (int64_t)CALENDAR_DAYS_MAX * DAY_S, floor_div(before_ms - 1, 1000));

    /* Inside one stretch of the zone local time is UTC and an offset, so days and hours are plain sums. */
    while (t <= last) {
        struct zone_stretch now = zone_at(c->zone, t);
        int64_t day = floor_div(t + now.offset_s, DAY_S);
        int64_t midnight = day * DAY_S - now.offset_s;
        const struct calendar_hours *h = hours_left(c, day, t - midnight);

        if (h == NULL || midnight + h->from_s >= now.until_s) {
            t = sooner(midnight + DAY_S, now.until_s);
            continue;
        }

        struct span s = {later(from_ms, later(t, midnight + h->from_s) * 1000),
                         sooner(midnight + h->to_s, now.until_s) * 1000};

        if (s.from_ms >= before_ms)
            return false;
        *out = s;
        return true;
    }
    return false;
}
