#include "rules/base/stamp.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { DAY_MS = 86400000 };

/* 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z: what four digits of a year can say. */
static const int64_t FIRST_MS = INT64_C(-62167219200000), LAST_MS = INT64_C(253402300799999);

static bool leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Civil-day arithmetic counts years from 1 March, so that the leap day comes last
 * (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil). */
int64_t stamp_days(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

    return era * 146097 + doe - 719468;
}

void stamp_civil(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;

    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

static struct stamp print(int64_t time_ms, bool with_ms)
{
    struct stamp s;
    int64_t days = (time_ms >= 0 ? time_ms : time_ms - (DAY_MS - 1)) / DAY_MS;
    int rest = (int)(time_ms - days * DAY_MS);
    int y, m, d;

    stamp_civil(days, &y, &m, &d);
    assert(y >= 0 && y <= 9999);

    int n = snprintf(s.at, sizeof s.at, "%04d-%02d-%02dT%02d:%02d:%02d", y, m, d, rest / 3600000, rest / 60000 % 60,
                     rest / 1000 % 60);

    if (with_ms)
        n += snprintf(s.at + n, sizeof s.at - (size_t)n, ".%03d", rest % 1000);
    (void)snprintf(s.at + n, sizeof s.at - (size_t)n, "Z");
    return s;
}

struct stamp stamp_print(int64_t time_ms)
{
    return print(time_ms, false);
}

struct stamp stamp_print_ms(int64_t time_ms)
{
    return print(time_ms, true);
}

/* Reads exactly n digits at *s and moves on; -1 where they are not there. */
static int digits(struct str *s, size_t n)
{
    int x = 0;

    if (s->len < n)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (s->at[i] < '0' || s->at[i] > '9')
            return -1;
        x = x * 10 + (s->at[i] - '0');
    }
    s->at += n;
    s->len -= n;
    return x;
}

static bool skip(struct str *s, const char *one_of)
{
    for (; *one_of != '\0'; one_of++)
        if (s->len > 0 && s->at[0] == *one_of) {
            s->at++;
            s->len--;
            return true;
        }
    return false;
}

static bool date(struct str *s, int64_t *days)
{
    static const int length[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int y = digits(s, 4);

    if (y < 0 || !skip(s, "-"))
        return false;

    int m = digits(s, 2);

    if (m < 1 || m > 12 || !skip(s, "-"))
        return false;

    int d = digits(s, 2);

    if (d < 1 || d > length[m - 1] || (m == 2 && d == 29 && !leap(y)))
        return false;
    *days = stamp_days(y, m, d);
    return true;
}

bool stamp_parse_date(struct str s, int64_t *days)
{
    int64_t found;

    if (!date(&s, &found) || s.len != 0)
        return false;
    *days = found;
    return true;
}

static bool fraction(struct str *s, int *ms)
{
    int scale = 100, n = 0;

    *ms = 0;
    if (!skip(s, "."))
        return true;
    for (; s->len > 0 && s->at[0] >= '0' && s->at[0] <= '9'; n++, scale /= 10) {
        *ms += scale * (s->at[0] - '0');
        s->at++;
        s->len--;
    }
    return n >= 1 && n <= 9;
}

static bool offset(struct str *s, int *minutes)
{
    if (skip(s, "Zz")) {
        *minutes = 0;
        return true;
    }

    bool west = s->len > 0 && s->at[0] == '-';

    if (!skip(s, "+-"))
        return false;

    int h = digits(s, 2);

    if (h < 0 || h > 23 || !skip(s, ":"))
        return false;

    int m = digits(s, 2);

    if (m < 0 || m > 59)
        return false;
    *minutes = (h * 60 + m) * (west ? -1 : 1);
    return true;
}

bool stamp_parse(struct str s, int64_t *time_ms)
{
    int64_t days;
    int ms, minutes;

    if (!date(&s, &days) || !skip(&s, "Tt "))
        return false;

    int h = digits(&s, 2);

    if (h < 0 || h > 23 || !skip(&s, ":"))
        return false;

    int m = digits(&s, 2);

    if (m < 0 || m > 59 || !skip(&s, ":"))
        return false;

    int sec = digits(&s, 2);

    if (sec < 0 || sec > 60 || !fraction(&s, &ms) || !offset(&s, &minutes) || s.len != 0)
        return false;
    if (sec == 60) /* a leap second is the last moment of its minute */
        sec = 59, ms = 999;

    int64_t found = days * DAY_MS + ((int64_t)(h * 60 + m - minutes) * 60 + sec) * 1000 + ms;

    if (found < FIRST_MS || found > LAST_MS)
        return false;
    *time_ms = found;
    return true;
}

void stamp_duration(int64_t ms, struct buf *out)
{
    int64_t s = ms / 1000;

    if (s < 60) {
        buf_printf(out, "%" PRId64 "s", s);
        return;
    }
    if (s >= 3600)
        buf_printf(out, "%" PRId64 "h", s / 3600);
    if (s / 60 % 60 != 0)
        buf_printf(out, "%" PRId64 "m", s / 60 % 60);
    if (s % 60 != 0)
        buf_printf(out, "%" PRId64 "s", s % 60);
}
