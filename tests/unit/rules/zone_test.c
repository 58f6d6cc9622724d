/* zone: wall clocks from time zone data, and bytes that are none. */
#include "rules/zone.h"

#include "gateway/zoneinfo.h"
#include "rules/base/arena.h"
#include "rules/base/stamp.h"
#include "rules/zone_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena *arena;

static struct zone *zone_named(const char *name)
{
    struct buf bytes = {0};
    struct zone *z = NULL;
    const char *why;

    assert_int_equal(zoneinfo_bytes(NULL, name, &bytes), ERR_OK);
    assert_int_equal(zone_parse(&z, arena, buf_view(&bytes), &why), ERR_OK);
    buf_free(&bytes);
    return z;
}

static int64_t seconds(const char *text)
{
    int64_t ms;

    if (!stamp_parse(str_of(text), &ms))
        fail_msg("%s is no time", text);
    return ms / 1000;
}

static void names_are_safe_as_paths(void **state)
{
    static const struct {
        const char *name;
        bool usable;
    } cases[] = {
        {"UTC", true},
        {"Asia/Taipei", true},
        {"America/Argentina/Buenos_Aires", true},
        {"Etc/GMT+8", true},
        {"America/Port-au-Prince", true},
        {"CST6CDT", true},
        {"", false},
        {"/etc/passwd", false},
        {"../../etc/passwd", false},
        {"Asia/../Taipei", false},
        {"Asia//Taipei", false},
        {"Asia/", false},
        {"-Asia", false},
        {"Asia/Taipei ", false},
        {"Asia/Taip\xC3\xA9", false},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false}, /* 65 */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (zone_name_usable(str_of(cases[i].name)) != cases[i].usable)
            fail_msg("%s", cases[i].name);
}

/* Offsets by the IANA time zone database; the last columns come from footers. */
static void a_moment_has_one_offset(void **state)
{
    static const struct {
        const char *zone, *utc;
        int32_t offset_s;
    } cases[] = {
        {"Asia/Taipei", "2026-11-24T00:00:00Z", 8 * 3600},
        {"Asia/Taipei", "1800-01-01T00:00:00Z", 8 * 3600 + 360}, /* local mean time, before the first jump */
        {"Asia/Kolkata", "2026-06-01T00:00:00Z", 19800},
        {"Asia/Kathmandu", "2026-06-01T00:00:00Z", 20700},
        {"America/New_York", "2026-03-08T06:59:59Z", -5 * 3600},
        {"America/New_York", "2026-03-08T07:00:00Z", -4 * 3600},
        {"America/New_York", "2026-11-01T05:59:59Z", -4 * 3600},
        {"America/New_York", "2026-11-01T06:00:00Z", -5 * 3600},
        {"America/New_York", "1970-04-26T07:00:00Z", -4 * 3600},
        {"America/New_York", "2100-07-01T00:00:00Z", -4 * 3600},
        {"America/New_York", "2100-12-31T23:59:59Z", -5 * 3600},
        {"Australia/Adelaide", "2090-01-01T00:00:00Z", 37800}, /* daylight time over New Year */
        {"Australia/Adelaide", "2090-07-01T00:00:00Z", 34200},
        {"Australia/Lord_Howe", "2050-01-01T00:00:00Z", 39600}, /* half an hour of daylight time */
        {"Australia/Lord_Howe", "2050-07-01T00:00:00Z", 37800},
        {"Europe/Dublin", "2050-07-01T00:00:00Z", 3600}, /* winter is the exception there: negative daylight time */
        {"Europe/Dublin", "2050-01-01T00:00:00Z", 0},
        {"America/Nuuk", "2050-03-26T23:00:00Z", -2 * 3600}, /* jumps on the day before: M3.5.0/-1 */
        {"America/Nuuk", "2050-03-27T01:00:00Z", -1 * 3600},
        {"Pacific/Apia", "2011-12-30T09:59:59Z", -10 * 3600},
        {"Pacific/Apia", "2011-12-30T10:00:00Z", 14 * 3600},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t t = seconds(cases[i].utc);
        struct zone_stretch s = zone_at(zone_named(cases[i].zone), t);

        if (s.offset_s != cases[i].offset_s || s.until_s <= t)
            fail_msg("%s %s: %d", cases[i].zone, cases[i].utc, s.offset_s);
    }
}

static void wall_time_is_always_a_moment(void **state)
{
    static const struct {
        const char *label, *zone, *local, *utc;
    } cases[] = {
        {"plain", "Asia/Taipei", "2026-11-24T09:00:00Z", "2026-11-24T01:00:00Z"},
        {"before the jump", "America/New_York", "2026-03-08T01:59:59Z", "2026-03-08T06:59:59Z"},
        {"skipped: the moment of the jump", "America/New_York", "2026-03-08T02:30:00Z", "2026-03-08T07:00:00Z"},
        {"after the jump", "America/New_York", "2026-03-08T03:00:00Z", "2026-03-08T07:00:00Z"},
        {"twice: the first", "America/New_York", "2026-11-01T01:30:00Z", "2026-11-01T05:30:00Z"},
        {"after the second", "America/New_York", "2026-11-01T02:00:00Z", "2026-11-01T07:00:00Z"},
        {"a day that was left out", "Pacific/Apia", "2011-12-30T12:00:00Z", "2011-12-30T10:00:00Z"},
        {"by the footer", "Europe/Berlin", "2060-07-01T12:00:00Z", "2060-07-01T10:00:00Z"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t utc_s = zone_to_utc(zone_named(cases[i].zone), seconds(cases[i].local));

        if (utc_s != seconds(cases[i].utc))
            fail_msg("%s: %s", cases[i].label, stamp_print(utc_s * 1000).at);
    }
    assert_int_equal(zone_to_utc(NULL, 12345), 12345);
}

static void footers_follow_posix(void **state)
{
    static const struct {
        const char *tz;
        bool readable;
    } cases[] = {
        {"CST-8", true},
        {"EST5EDT,M3.2.0,M11.1.0", true},
        {"<+0330>-3:30", true},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", true},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", true},
        {"XXX3EDT4,0/0,J365/23", true}, /* RFC 9636: daylight time all the year */
        {"IST-2IDT,M3.4.4/26,M10.5.0", true},
        {"", false},
        {"EST", false},
        {"ES5", false},
        {"EST5EDT", false}, /* no rule */
        {"EST5EDT,M3.2.0", false},
        {"EST5EDT,M13.2.0,M11.1.0", false},
        {"EST5EDT,M3.0.0,M11.1.0", false},
        {"EST5EDT,M3.6.0,M11.1.0", false},
        {"EST5EDT,M3.2.7,M11.1.0", false},
        {"EST5EDT,J0,J365", false},
        {"EST5EDT,366,365", false},
        {"EST25", false},
        {"EST5:60", false},
        {"EST5EDT,M3.2.0/168,M11.1.0", false},
        {"EST5EDT,M3.2.0,M11.1.0 ", false},
        {"<EST5", false},
    };
    struct zone_rule r;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (zone_rule_parse(&r, str_of(cases[i].tz)) != cases[i].readable)
            fail_msg("%s", cases[i].tz);

    assert_true(zone_rule_parse(&r, STR("XXX3EDT4,0/0,J365/23")));
    for (int month = 1; month <= 12; month++)
        assert_int_equal(zone_rule_at(&r, stamp_days(2026, month, 1) * 86400 + 3 * 3600).offset_s, -4 * 3600);
}

static void bytes_that_are_no_zone_are_refused(void **state)
{
    static const struct {
        const char *label;
        size_t at; /* from the start, what is put there */
        unsigned char byte;
        const char *why;
    } cases[] = {
        {"magic", 0, 'X', "not time zone data (TZif)"},
        {"version 1", 4, 0, "time zone data of version 1, which ends in 2037"},
        {"leap seconds", 31, 1, "time zone data that counts leap seconds"},
        {"a count of 2^31", 32, 0x80, "time zone data with impossible counts"},
        {"no types", 39, 0, "time zone data with impossible counts"},
        {"more than there is", 35, 0xFF, "time zone data cut short"},
    };
    struct buf bytes = {0};
    struct zone *z = NULL;
    const char *why = NULL;

    (void)state;
    assert_int_equal(zoneinfo_bytes(NULL, "Asia/Taipei", &bytes), ERR_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *copy = arena_copy(arena, bytes.at, bytes.len);

        copy[cases[i].at] = (char)cases[i].byte;
        if (zone_parse(&z, arena, (struct str){copy, bytes.len}, &why) != ERR_SYNTAX || strcmp(why, cases[i].why) != 0)
            fail_msg("%s: %s", cases[i].label, why);
    }
    /* Each shorter file is refused, and read no further than it goes. */
    for (size_t n = 0; n < bytes.len; n++) {
        char *copy = malloc(n == 0 ? 1 : n);

        memcpy(copy, bytes.at, n);
        if (zone_parse(&z, arena, (struct str){copy, n}, &why) != ERR_SYNTAX)
            fail_msg("cut at %zu", n);
        free(copy);
    }
    assert_null(z);
    buf_free(&bytes);
}

static void the_folder_answers_for_plain_files_only(void **state)
{
    struct buf bytes = {0};

    (void)state;
    assert_int_equal(zoneinfo_bytes(NULL, "Asia", &bytes), ERR_ABSENT);
    assert_int_equal(zoneinfo_bytes(NULL, "Asia/Nowhere", &bytes), ERR_ABSENT);
    assert_int_equal(zoneinfo_bytes("/proc/self/nothing", "UTC", &bytes), ERR_ABSENT);
    assert_int_equal(bytes.len, 0);
    buf_free(&bytes);
}

static int setup(void **state)
{
    (void)state;
    arena = arena_open(4096);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_close(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_safe_as_paths),
        cmocka_unit_test(a_moment_has_one_offset),
        cmocka_unit_test(wall_time_is_always_a_moment),
        cmocka_unit_test(footers_follow_posix),
        cmocka_unit_test(bytes_that_are_no_zone_are_refused),
        cmocka_unit_test(the_folder_answers_for_plain_files_only),
    };

    return cmocka_run_group_tests_name("zone", tests, setup, teardown);
}
