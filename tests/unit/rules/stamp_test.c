/* stamp: RFC 3339 and the civil calendar. */
#include "rules/base/stamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void moments_are_read_as_rfc_3339_says(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1969-12-31T23:59:59.999Z", -1},
        {"2026-11-24T09:12:03Z", 1795511523000},
        {"2026-11-24t09:12:03z", 1795511523000},
        {"2026-11-24 09:12:03Z", 1795511523000},
        {"2026-11-24T17:12:03+08:00", 1795511523000},
        {"2026-11-24T09:12:03-00:00", 1795511523000},
        {"1985-04-12T23:20:50.52Z", 482196050520},
        {"1996-12-19T16:39:57-08:00", 851042397000},
        {"1937-01-01T12:00:27.87+00:20", -1041337172130},
        {"1990-12-31T23:59:60Z", 662687999999}, /* a leap second: the last moment of its minute */
        {"1990-12-31T15:59:60-08:00", 662687999999},
        {"2000-02-29T12:30:00+05:45", 951806700000},
        {"2026-11-24T09:12:03.1Z", 1795511523100},
        {"2026-11-24T09:12:03.123456789Z", 1795511523123},
        {"2026-11-24T09:12:03.000999999Z", 1795511523000},
        {"9999-12-31T23:59:59.999Z", 253402300799999},
        {"0001-01-01T00:00:00Z", -62135596800000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ms = 1;

        if (!stamp_parse(str_of(cases[i].text), &ms) || ms != cases[i].ms)
            fail_msg("%s: %lld", cases[i].text, (long long)ms);
    }
}

static void what_is_no_moment_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "2026",
        "2026-11-24",
        "2026-11-24T09:12:03",
        "2026-11-24T09:12Z",
        "2026-11-24T9:12:03Z",
        "2026-11-24T24:00:00Z",
        "2026-11-24T23:60:00Z",
        "2026-11-24T23:59:61Z",
        "2026-11-24T09:12:03.Z",
        "2026-11-24T09:12:03.1234567890Z",
        "2026-11-24T09:12:03,5Z",
        "2026-11-24T09:12:03+0800",
        "2026-11-24T09:12:03+08",
        "2026-11-24T09:12:03+24:00",
        "2026-11-24T09:12:03+08:60",
        "2026-11-24T09:12:03 Z",
        "2026-11-24T09:12:03Zulu",
        " 2026-11-24T09:12:03Z",
        "2026-11-24T09:12:03Z ",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "26-11-24T09:12:03Z",
        "+2026-11-24T09:12:03Z",
        "2026-W48-2T09:12:03Z",
        "20261124T091203Z",
        "2026-11-24X09:12:03Z",
        "-026-11-24T09:12:03Z",
        "2026-11-24T-9:12:03Z",
        /* Moments that no four digits of a year can say in UTC. */
        "0000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ms;

        if (stamp_parse(str_of(cases[i]), &ms))
            fail_msg("\"%s\" gave %lld", cases[i], (long long)ms);
    }
    assert_false(stamp_parse((struct str){"2026-11-24T09:12:03Z", 19}, &(int64_t){0}));
}

static void moments_are_printed_in_utc(void **state)
{
    (void)state;
    assert_string_equal(stamp_print(1795511523999).at, "2026-11-24T09:12:03Z");
    assert_string_equal(stamp_print_ms(1795511523007).at, "2026-11-24T09:12:03.007Z");
    assert_string_equal(stamp_print_ms(-1).at, "1969-12-31T23:59:59.999Z");
    assert_string_equal(stamp_print(-86400000).at, "1969-12-31T00:00:00Z");
    assert_string_equal(stamp_print_ms(253402300799999).at, "9999-12-31T23:59:59.999Z");
    assert_string_equal(stamp_print(stamp_days(0, 1, 1) * 86400000).at, "0000-01-01T00:00:00Z");
}

static void days_are_counted_from_1970(void **state)
{
    static const struct {
        const char *text;
        int64_t days;
    } cases[] = {
        {"1970-01-01", 0},     {"1969-12-31", -1},      {"2000-03-01", 11017},   {"2026-11-24", 20781},
        {"2100-02-28", 47540}, {"1600-02-29", -135081}, {"0001-01-01", -719162}, {"9999-12-31", 2932896},
    };
    static const char *const none[] = {"1900-02-29",  "2100-02-29", "2026-11-31",
                                       "2026-11-24 ", "2026-1-1",   "2026/11/24"};
    int64_t days;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(stamp_parse_date(str_of(cases[i].text), &days));
        assert_int_equal(days, cases[i].days);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false(stamp_parse_date(str_of(none[i]), &days));
}

/* Walks 400 years, a whole cycle of the calendar, day by day, with a calendar of its own. */
static void every_day_of_a_cycle_follows_the_one_before(void **state)
{
    static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int y = 1800, m = 1, d = 1;

    (void)state;
    for (int64_t n = stamp_days(1800, 1, 1); y < 2200; n++) {
        int gy, gm, gd;
        bool leap = (y % 4 == 0) != ((y % 100 == 0) != (y % 400 == 0));

        stamp_civil(n, &gy, &gm, &gd);
        if (gy != y || gm != m || gd != d || stamp_days(y, m, d) != n)
            fail_msg("%d-%d-%d", y, m, d);
        if (++d > length[m - 1] + (m == 2 && leap))
            d = 1, m++;
        if (m > 12)
            m = 1, y++;
    }
}

static void durations_are_short(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "0s"},       {999, "0s"},        {59000, "59s"},    {60000, "1m"},     {90000, "1m30s"},
        {3600000, "1h"}, {5400000, "1h30m"}, {3601000, "1h1s"}, {86400000, "24h"}, {90061000, "25h1m1s"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf b = {0};

        stamp_duration(cases[i].ms, &b);
        assert_string_equal(buf_view(&b).at, cases[i].text);
        buf_free(&b);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_short),          cmocka_unit_test(moments_are_read_as_rfc_3339_says),
        cmocka_unit_test(what_is_no_moment_is_refused), cmocka_unit_test(moments_are_printed_in_utc),
        cmocka_unit_test(days_are_counted_from_1970),   cmocka_unit_test(every_day_of_a_cycle_follows_the_one_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
