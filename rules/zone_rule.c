#include "rules/zone_rule.h"

#include "rules/base/stamp.h"

enum {
    DAY_S = 86400,
    NAME_MIN = 3,
    TIME_DEFAULT_S = 2 * 3600,
    TIME_HOURS_MAX = 167,
    OFFSET_HOURS_MAX = 24,
    YEAR_MIN = 0, /* what stamp_print can show */
    YEAR_MAX = 9999,
};

static bool take(struct str *s, char c)
{
    if (s->len == 0 || s->at[0] != c)
        return false;
    s->at++;
    s->len--;
    return true;
}

/* One to three digits, at most max. */
static bool number(struct str *s, int max, int *out)
{
    size_t n = 0;
    int x = 0;

    for (; n < 3 && n < s->len && s->at[n] >= '0' && s->at[n] <= '9'; n++)
        x = x * 10 + (s->at[n] - '0');
    s->at += n;
    s->len -= n;
    *out = x;
    return n > 0 && x <= max;
}

/* "EST" or "<+0330>". */
static bool name(struct str *s)
{
    bool quoted = take(s, '<');
    size_t n = 0;

    for (; n < s->len; n++) {
        char c = s->at[n];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!letter && !(quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-')))
            break;
    }
    s->at += n;
    s->len -= n;
    return n >= NAME_MIN && (!quoted || take(s, '>'));
}

/* [+-]hh[:mm[:ss]] */
static bool time_of(struct str *s, int hours_max, int32_t *out)
{
    int h, m = 0, sec = 0;
    bool minus = take(s, '-');

    if (!minus)
        (void)take(s, '+');
    if (!number(s, hours_max, &h))
        return false;
    if (take(s, ':') && !number(s, 59, &m))
        return false;
    if (take(s, ':') && !number(s, 59, &sec))
        return false;
    *out = (h * 3600 + m * 60 + sec) * (minus ? -1 : 1);
    return true;
}

/* POSIX counts west as positive; we count east. */
static bool offset(struct str *s, int32_t *out)
{
    if (!time_of(s, OFFSET_HOURS_MAX, out))
        return false;
    *out = -*out;
    return true;
}

static bool day(struct str *s, struct zone_date *out)
{
    if (take(s, 'J')) {
        out->kind = ZONE_DAY_OF_365;
        return number(s, 365, &out->day) && out->day >= 1;
    }
    if (!take(s, 'M')) {
        out->kind = ZONE_DAY_OF_YEAR;
        return number(s, 365, &out->day);
    }
    out->kind = ZONE_DAY_OF_MONTH;
    return number(s, 12, &out->month) && out->month >= 1 && take(s, '.') && number(s, 5, &out->week) &&
           out->week >= 1 && take(s, '.') && number(s, 6, &out->day);
}

static bool date(struct str *s, struct zone_date *out)
{
    out->time_s = TIME_DEFAULT_S;
    return take(s, ',') && day(s, out) && (!take(s, '/') || time_of(s, TIME_HOURS_MAX, &out->time_s));
}

bool zone_rule_parse(struct zone_rule *out, struct str tz)
{
    struct zone_rule r = {0};

    if (!name(&tz) || !offset(&tz, &r.std_s))
        return false;
    if (tz.len > 0) {
        r.has_dst = true;
        r.dst_s = r.std_s + 3600;
        if (!name(&tz) || (tz.len > 0 && tz.at[0] != ',' && !offset(&tz, &r.dst_s)))
            return false;
        if (!date(&tz, &r.start) || !date(&tz, &r.end) || tz.len > 0)
            return false;
    }
    *out = r;
    return true;
}

static bool leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* 0 is Sunday, as in the string; 1970-01-01 was a Thursday. */
static int weekday(int64_t days)
{
    return (int)(((days + 4) % 7 + 7) % 7);
}

static int64_t day_of_month(const struct zone_date *d, int year)
{
    int64_t first = stamp_days(year, d->month, 1);
    int64_t next = d->month == 12 ? stamp_days(year + 1, 1, 1) : stamp_days(year, d->month + 1, 1);
    int64_t found = first + (d->day - weekday(first) + 7) % 7 + 7 * (d->week - 1);

    return found < next ? found : found - 7; /* week 5 means the last */
}

/* Wall time of the jump, in seconds as if it were UTC. */
static int64_t date_s(const struct zone_date *d, int year)
{
    int64_t days = stamp_days(year, 1, 1);

    switch (d->kind) {
    case ZONE_DAY_OF_365: /* 29 February is never counted */
        days += d->day - 1 + (leap(year) && d->day >= 60);
        break;
    case ZONE_DAY_OF_YEAR:
        days += d->day;
        break;
    case ZONE_DAY_OF_MONTH:
        days = day_of_month(d, year);
        break;
    }
    return days * DAY_S + d->time_s;
}

static int year_of(int64_t utc_s)
{
    const int64_t min_s = stamp_days(YEAR_MIN, 1, 1) * DAY_S, max_s = stamp_days(YEAR_MAX, 1, 1) * DAY_S;
    int y, m, d;

    if (utc_s < min_s)
        return YEAR_MIN;
    if (utc_s >= max_s)
        return YEAR_MAX;
    stamp_civil((utc_s - min_s) / DAY_S + stamp_days(YEAR_MIN, 1, 1), &y, &m, &d);
    return y;
}

struct jump {
    int64_t at_s;
    int32_t offset_s;
};

/* Keeps the list ascending. Of two jumps at one moment the later made is the last:
 * daylight time that fills the whole year ends and begins again at once. */
static void insert(struct jump *list, size_t n, struct jump j)
{
    while (n > 0 && list[n - 1].at_s > j.at_s) {
        list[n] = list[n - 1];
        n--;
    }
    list[n] = j;
}

struct zone_stretch zone_rule_at(const struct zone_rule *r, int64_t utc_s)
{
    struct zone_stretch now = {r->std_s, INT64_MAX};
    struct jump list[8];
    size_t n = 0;
    int year;

    if (!r->has_dst)
        return now;
    year = year_of(utc_s);
    /* A jump may lie a week from its day, and so in the year before or after: two years back cover the offset
     * that is in force when this one begins. */
    for (int y = year - 2; y <= year + 1; y++) {
        insert(list, n++, (struct jump){date_s(&r->start, y) - r->std_s, r->dst_s});
        insert(list, n++, (struct jump){date_s(&r->end, y) - r->dst_s, r->std_s});
    }
    for (size_t i = 0; i < n; i++) {
        if (list[i].at_s > utc_s) {
            now.until_s = list[i].at_s;
            break;
        }
        now.offset_s = list[i].offset_s;
    }
    return now;
}
