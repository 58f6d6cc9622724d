/* roster: shifts around the clock, who leads them, and holes that nobody saw. */
#include "rules/roster.h"

#include "gateway/zoneinfo.h"
#include "rules/base/arena.h"
#include "rules/base/stamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "region,shift,days,from,to,timezone,name,duty,skills,languages,first,last\n"

static struct arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = arena_open(65536);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_close(arena);
    return 0;
}

static int64_t ms(const char *text)
{
    int64_t at;

    if (!stamp_parse(str_of(text), &at))
        fail_msg("%s is no time", text);
    return at;
}

static struct roster *roster_of(const char *csv)
{
    struct roster *r = NULL;
    struct buf faults = {0};
    enum err e = roster_parse(&r, arena, str_of(csv), zoneinfo_bytes, NULL, &faults);

    if (e != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
    buf_free(&faults);
    return r;
}

/* "apac/day 2026-11-24T23:00:00Z" a watch. */
static const char *told(const struct roster_watch *w, size_t n)
{
    struct buf b = {0};
    const char *s;

    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s%s/%s %s %s", i == 0 ? "" : ", ", w[i].shift->region.at, w[i].shift->name.at,
                   stamp_print(w[i].from_ms).at, stamp_print(w[i].to_ms).at);
    s = str_copy(arena, buf_view(&b));
    buf_free(&b);
    return s;
}

static void watches_follow_the_wall_clock(void **state)
{
    static const struct {
        const char *label, *row, *from, *to, *told;
    } cases[] = {
        {"a day's shift", "apac,day,mon-sun,07:00,15:30,Asia/Taipei,A,lead,,,,", "2026-11-25T00:00:00Z",
         "2026-11-25T10:00:00Z", "apac/day 2026-11-24T23:00:00Z 2026-11-25T07:30:00Z"},
        {"over midnight", "amer,night,fri,22:00,06:00,America/New_York,A,lead,,,,", "2026-11-28T00:00:00Z",
         "2026-11-29T00:00:00Z", "amer/night 2026-11-28T03:00:00Z 2026-11-28T11:00:00Z"},
        {"midnight itself is the end", "emea,late,wed,16:00,24:00,UTC,A,lead,,,,", "2026-11-25T00:00:00Z",
         "2026-11-26T12:00:00Z", "emea/late 2026-11-25T16:00:00Z 2026-11-26T00:00:00Z"},
        {"a whole day", "emea,all,wed,00:00,00:00,UTC,A,lead,,,,", "2026-11-25T00:00:00Z", "2026-11-26T12:00:00Z",
         "emea/all 2026-11-25T00:00:00Z 2026-11-26T00:00:00Z"},
        {"not on that day", "emea,day,mon-fri,08:00,16:00,Europe/Berlin,A,lead,,,,", "2026-11-28T00:00:00Z",
         "2026-11-29T23:00:00Z", ""},
        {"half an hour's zone", "apac,day,wed,07:00,15:00,Asia/Kolkata,A,lead,,,,", "2026-11-25T00:00:00Z",
         "2026-11-26T00:00:00Z", "apac/day 2026-11-25T01:30:00Z 2026-11-25T09:30:00Z"},
        {"an hour longer in the night that clocks go back", "emea,night,sat,22:00,06:00,Europe/Berlin,A,lead,,,,",
         "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z", "emea/night 2026-10-24T20:00:00Z 2026-10-25T05:00:00Z"},
        {"an hour shorter in the night that they go forward", "emea,night,sat,22:00,06:00,Europe/Berlin,A,lead,,,,",
         "2027-03-27T12:00:00Z", "2027-03-28T12:00:00Z", "emea/night 2027-03-27T21:00:00Z 2027-03-28T04:00:00Z"},
        {"the leap day", "emea,day,tue,08:00,16:00,UTC,A,lead,,,,", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z",
         "emea/day 2028-02-29T08:00:00Z 2028-02-29T16:00:00Z"},
        {"in two halves of a week", "emea,day,mon wed-thu,08:00,16:00,UTC,A,lead,,,,", "2026-11-24T00:00:00Z",
         "2026-11-26T00:00:00Z", "emea/day 2026-11-25T08:00:00Z 2026-11-25T16:00:00Z"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct roster *r = roster_of(arena_printf(arena, HEAD "%s\n", cases[i].row));
        struct roster_watch *w;
        size_t n = roster_watches(r, ms(cases[i].from), ms(cases[i].to), arena, &w);

        if (strcmp(told(w, n), cases[i].told) != 0)
            fail_msg("%s: %s", cases[i].label, told(w, n));
    }
}

static void shifts_that_adjoin_leave_no_hole(void **state)
{
    const struct roster *r = roster_of(HEAD "emea,a,mon-sun,22:00,02:30,Europe/Berlin,A,lead,,,,\n"
                                            "emea,b,mon-sun,02:30,22:00,Europe/Berlin,B,lead,,,,\n");
    struct roster_finding *f;
    size_t n = roster_check(r, NULL, 0, ms("2026-10-20T00:00:00Z"), ms("2026-10-30T00:00:00Z"), NULL, 0, arena, &f);

    (void)state;
    for (size_t i = 0; i < n; i++)
        assert_true(f[i].kind != ROSTER_FINDING_GAP && f[i].kind != ROSTER_FINDING_NO_LEAD);
    n = roster_check(r, NULL, 0, ms("2027-03-20T00:00:00Z"), ms("2027-04-02T00:00:00Z"), NULL, 0, arena, &f);
    for (size_t i = 0; i < n; i++)
        assert_true(f[i].kind != ROSTER_FINDING_GAP && f[i].kind != ROSTER_FINDING_NO_LEAD);
}

static void whoever_is_there_leads(void **state)
{
    static const char csv[] = HEAD "emea,day,mon-sun,08:00,16:00,UTC,Member,member,,,,\n"
                                   "emea,day,mon-sun,08:00,16:00,UTC,Deputy,deputy,,,,\n"
                                   "emea,day,mon-sun,08:00,16:00,UTC,Lead,lead,,,,\n";
    static const struct {
        const char *label;
        struct {
            const char *person, *stand_in;
        } away[3];
        const char *leads;
        size_t on;
    } cases[] = {
        {"everybody is there", {{NULL, NULL}}, "Lead", 3},
        {"a stand-in has the lead's place", {{"Lead", "Guest"}}, "Guest", 3},
        {"nobody stands in: the deputy", {{"lead", ""}}, "Deputy", 2},
        {"a stand-in who is away has one, too", {{"Lead", "Guest"}, {"Guest", "Other"}}, "Other", 3},
        {"two who stand in for each other", {{"Lead", "Guest"}, {"Guest", "Lead"}}, "Deputy", 2},
        {"lead and deputy are away", {{"Lead", ""}, {"Deputy", ""}}, "", 1},
        {"the deputy's stand-in", {{"Lead", ""}, {"Deputy", "Guest"}}, "Guest", 2},
    };
    struct roster_watch *w;
    int64_t at = ms("2026-11-25T09:00:00Z");

    (void)state;
    assert_int_equal(roster_watches(roster_of(csv), at, at + 1, arena, &w), 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct roster_absence away[3];
        struct roster_duty_holder *on;
        size_t n = 0, count;

        for (; n < 3 && cases[i].away[n].person != NULL; n++)
            away[n] = (struct roster_absence){str_of(cases[i].away[n].person), str_of(cases[i].away[n].stand_in),
                                              at - 1000, at + 1000};
        count = roster_on_duty(&w[0], away, n, at, arena, &on);
        if (count != cases[i].on || !str_is(roster_leader(&w[0], away, n, at), cases[i].leads) ||
            on[0].leads != (cases[i].leads[0] != '\0'))
            fail_msg("%s: %zu on duty, led by %s", cases[i].label, count, roster_leader(&w[0], away, n, at).at);
        assert_true(str_is(roster_leader(&w[0], away, n, at + 1000), "Lead"));
    }
}

static void a_watch_hands_over_to_the_next(void **state)
{
    static const char csv[] = HEAD "apac,day,mon-sun,00:00,08:30,UTC,A,lead,,,,\n"
                                   "emea,day,mon-fri,08:00,16:30,UTC,B,lead,,,,\n"
                                   "amer,day,mon-sun,16:00,00:30,UTC,C,lead,,,,\n"
                                   "amer,help,mon-sun,16:15,00:15,UTC,D,lead,,,,\n";
    static const struct {
        const char *label, *at, *told;
    } cases[] = {
        {"to the one that is on", "2026-11-25T01:00:00Z", "emea/day 2026-11-25T08:00:00Z 2026-11-25T16:30:00Z"},
        {"to the one that began last", "2026-11-25T09:00:00Z", "amer/help 2026-11-25T16:15:00Z 2026-11-26T00:15:00Z"},
        {"to the one that begins next, over a hole", "2026-11-28T01:00:00Z",
         "amer/day 2026-11-28T16:00:00Z 2026-11-29T00:30:00Z"},
    };
    const struct roster *r = roster_of(csv);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct roster_watch *w, next;
        int64_t at = ms(cases[i].at);

        /* The youngest watch of that moment. */
        size_t n = roster_watches(r, at, at + 1, arena, &w);

        assert_true(roster_successor(r, &w[n - 1], arena, &next));
        if (strcmp(told(&next, 1), cases[i].told) != 0)
            fail_msg("%s: %s", cases[i].label, told(&next, 1));
    }
}

/* "gap 2026-…Z 2026-…Z who also" a finding. */
static const char *findings(const struct roster_finding *f, size_t n)
{
    struct buf b = {0};
    const char *s;

    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s%s %.16s %.16s%s%s%s%s", i == 0 ? "" : "; ", roster_finding_name(f[i].kind),
                   stamp_print(f[i].from_ms).at, stamp_print(f[i].to_ms).at, f[i].who.len > 0 ? " " : "",
                   f[i].who.len > 0 ? f[i].who.at : "", f[i].also.len > 0 ? " " : "",
                   f[i].also.len > 0 ? f[i].also.at : "");
    s = str_copy(arena, buf_view(&b));
    buf_free(&b);
    return s;
}

static void holes_are_found(void **state)
{
    static const struct {
        const char *label, *rows;
        struct roster_absence away;
        const char *told;
    } cases[] = {
        {"around the clock",
         "a,all,mon-sun,00:00,24:00,UTC,A,lead,,en,,\na,all,mon-sun,00:00,24:00,UTC,B,deputy,,,,\n",
         {.from_ms = 0},
         ""},
        {"nobody at night",
         "a,day,mon-sun,06:00,22:00,UTC,A,lead,,,,\na,day,mon-sun,06:00,22:00,UTC,B,deputy,,,,\n",
         {.from_ms = 0},
         "gap 2026-11-25T00:00 2026-11-25T06:00; gap 2026-11-25T22:00 2026-11-26T00:00"},
        {"a lead who is away and whose deputy is not named",
         "a,all,mon-sun,00:00,24:00,UTC,A,lead,,,,\na,all,mon-sun,00:00,24:00,UTC,B,member,,,,\n",
         {STR("A"), STR(""), INT64_C(1795608000000), INT64_C(1795611600000)},
         "no-deputy 2026-11-25T00:00 2026-11-25T12:00 a/all; no-lead 2026-11-25T12:00 2026-11-25T13:00; "
         "no-deputy 2026-11-25T13:00 2026-11-26T00:00 a/all"},
        {"eight hours of rest",
         "a,all,mon-sun,00:00,24:00,UTC,A,lead,,,,\na,all,mon-sun,00:00,24:00,UTC,B,deputy,,,,\n"
         "b,early,wed,00:00,06:00,UTC,C,lead,,,,\nb,early,wed,00:00,06:00,UTC,D,deputy,,,,\n"
         "b,late,wed,14:00,20:00,UTC,C,lead,,,,\nb,late,wed,14:00,20:00,UTC,E,deputy,,,,\n",
         {.from_ms = 0},
         "tired 2026-11-25T06:00 2026-11-25T14:00 C b/late"},
        {"one who should be at two places",
         "a,all,mon-sun,00:00,24:00,UTC,A,lead,,,,\na,all,mon-sun,00:00,24:00,UTC,B,deputy,,,,\n"
         "b,day,wed,08:00,10:00,UTC,B,lead,,,,\nb,day,wed,08:00,10:00,UTC,C,deputy,,,,\n",
         {.from_ms = 0},
         "double 2026-11-25T08:00 2026-11-25T10:00 B a/all and b/day"},
        {"a language that sleeps",
         "a,all,mon-sun,00:00,24:00,UTC,A,lead,,en,,\na,all,mon-sun,00:00,24:00,UTC,B,deputy,,en,,\n"
         "a,day,wed,08:00,10:00,UTC,C,lead,,ja en,,\na,day,wed,08:00,10:00,UTC,D,deputy,,,,\n",
         {.from_ms = 0},
         "language 2026-11-25T00:00 2026-11-25T08:00 ja; language 2026-11-25T10:00 2026-11-26T00:00 ja"},
        {"who is in it until yesterday",
         "a,all,mon-sun,00:00,24:00,UTC,A,lead,,,,2026-11-24\na,all,mon-sun,00:00,24:00,UTC,B,deputy,,,,\n",
         {.from_ms = 0},
         "no-deputy 2026-11-25T00:00 2026-11-26T00:00 a/all"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct roster *r = roster_of(arena_printf(arena, HEAD "%s", cases[i].rows));
        struct roster_finding *f;
        size_t n = roster_check(r, &cases[i].away, cases[i].away.person.len > 0, ms("2026-11-25T00:00:00Z"),
                                ms("2026-11-26T00:00:00Z"), NULL, 0, arena, &f);

        if (strcmp(findings(f, n), cases[i].told) != 0)
            fail_msg("%s: %s", cases[i].label, findings(f, n));
    }
}

static void bad_files_say_where(void **state)
{
    static const struct {
        const char *csv, *told;
    } cases[] = {
        {"", "line 1: the first line must name the columns: region,shift,days,from,to,timezone,name,duty\n"},
        {HEAD, "line 1: nobody is in it\n"},
        {"region,shift,days,from,to,timezone,name,dutty\n",
         "line 1: no column is called \"dutty\"; did you mean \"duty\"?\nline 1: there is no column \"duty\"\n"},
        {"region,region,shift,days,from,to,timezone,name,duty\n", "line 1: column \"region\" stands there twice\n"},
        {HEAD "a b,day,mon,08:00,16:00,UTC,A,lead,,,,\n",
         "line 2: \"a b\" is no region: write a-z, 0-9 and -, at most 32\n"},
        {HEAD "a,day,monday,08:00,16:00,UTC,A,lead,,,,\n",
         "line 2: \"monday\" is no days: write mon, or mon-fri, or mon wed fri\n"},
        {HEAD "a,day,mon,8:00,16:00,UTC,A,lead,,,,\n", "line 2: \"8:00\" is no from: write 07:00\n"},
        {HEAD "a,day,mon,08:00,16:60,UTC,A,lead,,,,\n", "line 2: \"16:60\" is no to: write 15:30, or 24:00\n"},
        {HEAD "a,day,mon,08:00,16:00,Taipei,A,lead,,,,\n",
         "line 2: \"Taipei\" is no timezone: write UTC, or a name such as Asia/Taipei\n"},
        {HEAD "a,day,mon,08:00,16:00,UTC,A,boss,,,,\n", "line 2: \"boss\" is no duty: it is lead, deputy or member\n"},
        {HEAD "a,day,mon,08:00,16:00,UTC,,lead,,,,\n", "line 2: there is no name\n"},
        {HEAD "a,day,mon,08:00,16:00,UTC,A,lead,,,2026-02-30,\n",
         "line 2: \"2026-02-30\" is no first: write 2026-12-24\n"},
        {HEAD "a,day,mon,08:00,16:00,UTC,A,lead,,,2026-03-02,2026-03-01\n", "line 2: last is before first\n"},
        {HEAD "a,day,mon,08:00,16:00,UTC,A,lead,,,,\na,day,mon,08:00,17:00,UTC,B,deputy,,,,\n",
         "line 3: shift a/day has other days, hours or zone on line 2\n"},
        {HEAD "a,day,mon,08:00,16:00,UTC,A,lead,,,,\na,day,mon,08:00,16:00,UTC,B,lead,,,,\n",
         "line 3: this shift has a lead already, by line 2\n"},
        {HEAD "a,day,mon,08:00,16:00,UTC,A,lead,,,,\na,day,mon,08:00,16:00,UTC,a,member,,,,\n",
         "line 3: a is in this shift already, by line 2\n"},
        {HEAD "a,day,mon,08:00,16:00,UTC,A,lead,site loss!,,,\n",
         "line 2: \"loss!\" is no skills: write words of a-z, 0-9 and - with spaces between, at most 16\n"},
        {HEAD "a,day,mon,08:00,16:00,UTC,\"A,lead\n", "line 2: a quote was never closed\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct roster *r = NULL;
        struct buf faults = {0};

        if (roster_parse(&r, arena, str_of(cases[i].csv), zoneinfo_bytes, NULL, &faults) != ERR_INPUT ||
            strcmp(buf_view(&faults).at, cases[i].told) != 0)
            fail_msg("case %zu: %s", i, buf_view(&faults).at);
        assert_null(r);
        buf_free(&faults);
    }
}

static void names_are_held_against_the_staff(void **state)
{
    static const struct str staff[] = {STR("a")};
    struct roster_finding *f;
    size_t n = roster_check(roster_of(HEAD "a,all,mon-sun,00:00,24:00,UTC,A,lead,,,,\n"
                                           "a,all,mon-sun,00:00,24:00,UTC,Who,deputy,,,,\n"),
                            NULL, 0, ms("2026-11-25T00:00:00Z"), ms("2026-11-26T00:00:00Z"), staff, 1, arena, &f);

    (void)state;
    assert_string_equal(findings(f, n), "unknown 2026-11-25T00:00 2026-11-26T00:00 Who");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(watches_follow_the_wall_clock, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(shifts_that_adjoin_leave_no_hole, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(whoever_is_there_leads, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_watch_hands_over_to_the_next, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(holes_are_found, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(bad_files_say_where, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(names_are_held_against_the_staff, open_arena, close_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
