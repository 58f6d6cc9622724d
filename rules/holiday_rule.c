#include "rules/holiday_rule.h"

#include "rules/base/stamp.h"

enum { EVERY_MAX = 1000, COUNT_MAX = 10000, YEAR_MAX = 9999 };

static const char not_date[] = "a day is written 20261225; an event at a time of the day is no holiday";

static bool digits(struct str s, int *out)
{
    int64_t n = 0;

    if (s.len == 0 || s.len > 8)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
        n = n * 10 + s.at[i] - '0';
    }
    *out = (int)n;
    return true;
}

/* RFC 5545, 3.3.4: "20261225". */
static bool date(struct str s, int64_t *day)
{
    int n, year, month, month_day;

    if (s.len != 8 || !digits(s, &n) || n % 10000 / 100 < 1 || n % 10000 / 100 > 12 || n % 100 < 1)
        return false;

    int64_t at = stamp_days(n / 10000, n % 10000 / 100, n % 100);

    stamp_civil(at, &year, &month, &month_day);
    if (month_day != n % 100)
        return false;
    *day = at;
    return true;
}

/* One of the numbers 1..max. */
static bool number(struct str s, int max, int *out)
{
    int n;

    if (!digits(s, &n) || n < 1 || n > max)
        return false;
    *out = n;
    return true;
}

/* ---- the parts of a rule ---- */

static bool read_freq(struct holiday_recur *r, struct str value)
{
    r->yearly = str_equal_nocase(value, STR("YEARLY"));
    return r->yearly;
}

static bool read_interval(struct holiday_recur *r, struct str value)
{
    return number(value, EVERY_MAX, &r->every);
}

static bool read_count(struct holiday_recur *r, struct str value)
{
    return number(value, COUNT_MAX, &r->count);
}

/* A date, or the date of a date-time: some calendars write "20301231T235959Z". */
static bool read_until(struct holiday_recur *r, struct str value)
{
    struct str day = str_cut(&value, 'T');

    return date(day, &r->until);
}

static bool read_month(struct holiday_recur *r, struct str value)
{
    return number(value, 12, &r->month);
}

static bool read_month_day(struct holiday_recur *r, struct str value)
{
    return number(value, 31, &r->month_day);
}

/* "4TH", "-1MO". */
static bool read_day(struct holiday_recur *r, struct str value)
{
    static const char *const names[7] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
    bool back = str_starts(value, "-");

    if (back || str_starts(value, "+"))
        value = (struct str){value.at + 1, value.len - 1};
    if (value.len != 3 || !number((struct str){value.at, 1}, 5, &r->nth))
        return false;
    if (back)
        r->nth = -r->nth;
    for (int d = 0; d < 7; d++)
        if (str_equal_nocase((struct str){value.at + 1, 2}, str_of(names[d]))) {
            r->weekday = d;
            return true;
        }
    return false;
}

/* The day on which weeks begin says nothing here. */
static bool read_week(struct holiday_recur *r, struct str value)
{
    (void)r;
    return value.len == 2;
}

static const struct {
    const char *name;
    bool (*read)(struct holiday_recur *r, struct str value);
    const char *why;
} parts[] = {
    {"FREQ", read_freq, "a holiday comes back by FREQ=YEARLY or not at all"},
    {"INTERVAL", read_interval, "INTERVAL must be 1 to 1000"},
    {"COUNT", read_count, "COUNT must be 1 to 10000"},
    {"UNTIL", read_until, "UNTIL must be a day such as 20301231"},
    {"BYMONTH", read_month, "BYMONTH must be one month, 1 to 12"},
    {"BYMONTHDAY", read_month_day, "BYMONTHDAY must be one day, 1 to 31"},
    {"BYDAY", read_day, "BYDAY must be one counted day of the month, such as 4TH or -1MO"},
    {"WKST", read_week, "WKST must be a day of the week"},
};

static const char *read_part(struct holiday_recur *r, struct str name, struct str value)
{
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (!str_equal_nocase(name, str_of(parts[i].name)))
            continue;
        if ((r->seen >> i & 1) != 0)
            return "RRULE says a part twice";
        r->seen |= 1u << i;
        return parts[i].read(r, value) ? NULL : parts[i].why;
    }
    return "RRULE has a part that is not understood: use FREQ, INTERVAL, COUNT, UNTIL, BYMONTH, BYMONTHDAY, BYDAY";
}

static const char *check_recur(const struct holiday_recur *r)
{
    if (!r->yearly)
        return "a holiday comes back by FREQ=YEARLY or not at all";
    if (r->count > 0 && r->until != INT64_MAX)
        return "RRULE has both COUNT and UNTIL";
    if (r->nth != 0 && r->month_day > 0)
        return "RRULE has both BYDAY and BYMONTHDAY";
    if (r->month == 0 && (r->nth != 0 || r->month_day > 0))
        return "BYDAY and BYMONTHDAY need a BYMONTH";
    return NULL;
}

static const char *read_recur(struct holiday_event *e, struct str value)
{
    const char *why = NULL;

    if (e->recurs)
        return "an event has one RRULE";
    e->recurs = true;
    e->recur = (struct holiday_recur){.every = 1, .until = INT64_MAX};
    while (why == NULL && value.len > 0) {
        struct str rest = str_cut(&value, ';'), name = str_cut(&rest, '=');

        why = read_part(&e->recur, name, rest);
    }
    return why == NULL ? check_recur(&e->recur) : why;
}

/* ---- the properties of an event ---- */

static const char *read_start(struct holiday_event *e, struct str value)
{
    if (e->starts)
        return "an event has one DTSTART";
    e->starts = true;
    return date(value, &e->start) ? NULL : not_date;
}

static const char *read_end(struct holiday_event *e, struct str value)
{
    if (e->ends || e->lasts)
        return "an event has one DTEND or DURATION";
    e->ends = true;
    return date(value, &e->end) ? NULL : not_date;
}

/* RFC 5545, 3.3.6: "P3D", "P1W". */
static const char *read_duration(struct holiday_event *e, struct str value)
{
    char unit = value.len > 0 ? value.at[value.len - 1] : '\0';

    if (e->ends || e->lasts)
        return "an event has one DTEND or DURATION";
    e->lasts = true;
    if (str_starts(value, "+"))
        value = (struct str){value.at + 1, value.len - 1};
    if (value.len < 3 || value.at[0] != 'P' || (unit != 'D' && unit != 'W') ||
        !number((struct str){value.at + 1, value.len - 2}, HOLIDAY_DAYS_MAX, &e->days))
        return "DURATION must be whole days or weeks, such as P3D or P1W";
    if (unit == 'W')
        e->days *= 7;
    return NULL;
}

static const char *read_except(struct holiday_event *e, struct str value)
{
    do {
        if (e->excepts == HOLIDAY_FILE_EXCEPT_MAX)
            return "an event has at most 64 days in EXDATE";
        if (!date(str_cut(&value, ','), &e->except[e->excepts++]))
            return not_date;
    } while (value.at != NULL);
    return NULL;
}

static const char *read_status(struct holiday_event *e, struct str value)
{
    e->cancelled = str_equal_nocase(value, STR("CANCELLED"));
    return NULL;
}

static const char *refuse(struct holiday_event *e, struct str value)
{
    (void)e;
    (void)value;
    return "RDATE, EXRULE and RECURRENCE-ID are not understood: write an event for each day";
}

static const struct {
    const char *name;
    const char *(*read)(struct holiday_event *e, struct str value);
} properties[] = {
    {"DTSTART", read_start}, {"DTEND", read_end},     {"DURATION", read_duration},
    {"RRULE", read_recur},   {"EXDATE", read_except}, {"STATUS", read_status},
    {"RDATE", refuse},       {"EXRULE", refuse},      {"RECURRENCE-ID", refuse},
};

enum { PROPERTIES = sizeof properties / sizeof properties[0] };

static size_t property_named(struct str name)
{
    size_t i = 0;

    while (i < PROPERTIES && !str_equal_nocase(name, str_of(properties[i].name)))
        i++;
    return i;
}

bool holiday_event_asks(struct str name)
{
    return property_named(name) < PROPERTIES;
}

const char *holiday_event_property(struct holiday_event *e, struct str name, struct str value)
{
    size_t i = property_named(name);

    return i == PROPERTIES ? NULL : properties[i].read(e, value);
}

/* ---- the days of an event ---- */

static const char *length(const struct holiday_event *e, int *days)
{
    int64_t n = e->ends ? e->end - e->start : e->lasts ? e->days : 1;

    if (n < 0)
        return "an event ends before it begins";
    if (n > HOLIDAY_DAYS_MAX)
        return "a holiday has at most 366 days";
    *days = n == 0 ? 1 : (int)n;
    return NULL;
}

/* The day of the last of count, without regard to EXDATE (3.8.5.3). */
static int64_t last_of(const struct holiday_yearly *h, int count)
{
    int64_t day = INT64_MAX;

    for (int year = h->first_year; count > 0 && year <= YEAR_MAX; year += h->every)
        count -= holiday_falls(h, year, &day);
    return count > 0 ? INT64_MAX : day;
}

const char *holiday_event_end(const struct holiday_event *e, int *days, struct holiday_yearly *out)
{
    const struct holiday_recur *r = &e->recur;
    int year, month, month_day;
    int64_t first;

    if (!e->starts)
        return "an event has no DTSTART";

    const char *why = length(e, days);

    if (why != NULL || !e->recurs)
        return why;
    stamp_civil(e->start, &year, &month, &month_day);
    *out = (struct holiday_yearly){
        .last_day = r->until,
        .first_year = year,
        .every = r->every,
        .month = r->month > 0 ? r->month : month,
        .month_day = r->nth != 0        ? 0
                     : r->month_day > 0 ? r->month_day
                                        : month_day,
        .nth = r->nth,
        .weekday = r->weekday,
        .days = *days,
        .except = e->except,
        .excepts = e->excepts,
    };
    /* The standard leaves open what it means otherwise (3.8.5.3). */
    if (!holiday_falls(out, year, &first) || first != e->start)
        return "DTSTART is no day of its own RRULE";
    if (r->until < e->start)
        return "UNTIL lies before DTSTART";
    if (r->count > 0)
        out->last_day = last_of(out, r->count);
    return NULL;
}
