#include "rules/weekday.h"

static const char *const days[7] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static int day_named(struct str s)
{
    for (int i = 0; i < 7; i++)
        if (str_is(s, days[i]))
            return i;
    return -1;
}

const char *weekday_name(int day)
{
    return days[day];
}

bool weekday_range(struct str s, unsigned *bits)
{
    struct str last = s, first = str_cut(&last, '-');
    int from = day_named(first), to = last.at == NULL ? from : day_named(last);

    if (from < 0 || to < 0)
        return false;
    for (int d = from;; d = (d + 1) % 7) {
        *bits |= 1u << d;
        if (d == to)
            return true;
    }
}

bool weekday_time(struct str s, int32_t *out)
{
    if (s.len != 5 || s.at[2] != ':')
        return false;
    for (size_t i = 0; i < 5; i++)
        if (i != 2 && (s.at[i] < '0' || s.at[i] > '9'))
            return false;

    int h = (s.at[0] - '0') * 10 + s.at[1] - '0', m = (s.at[3] - '0') * 10 + s.at[4] - '0';

    *out = h * 3600 + m * 60;
    return m < 60 && *out <= 86400;
}
