/* holiday_file: iCalendar files as calendars write them, and as nobody should. */
#include "rules/holiday_file.h"

#include "rules/base/arena.h"
#include "rules/base/stamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD   "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"
#define TAIL   "END:VCALENDAR\r\n"
#define EVENT  "BEGIN:VEVENT\r\n"
#define END    "END:VEVENT\r\n"
#define ONE(x) HEAD EVENT x END TAIL

static int64_t day_of(const char *text)
{
    int64_t day;

    if (!stamp_parse_date(str_of(text), &day))
        fail_msg("%s is no day", text);
    return day;
}

static bool is_holiday(const struct holiday_file *f, int64_t day)
{
    for (size_t i = 0; i < f->days; i++)
        if (f->day[i] == day)
            return true;
    for (size_t i = 0; i < f->yearly; i++)
        if (holiday_holds(&f->rule[i], day))
            return true;
    return false;
}

/* "2026-12-25 2026-12-26" */
static void all_are(const char *label, const struct holiday_file *f, const char *list, bool want)
{
    struct str left = str_of(list);

    while (left.len > 0) {
        char text[16];
        struct str one = str_cut(&left, ' ');

        (void)snprintf(text, sizeof text, "%.*s", (int)one.len, one.at);
        if (is_holiday(f, day_of(text)) != want)
            fail_msg("%s: %s is %s", label, text, want ? "a day of work" : "a holiday");
    }
}

static void days_are_found(void **state)
{
    static const struct {
        const char *label, *text, *holidays, *others;
    } cases[] = {
        {"one day", ONE("DTSTART;VALUE=DATE:20261225\r\n"), "2026-12-25", "2026-12-24 2026-12-26 2027-12-25"},
        {"LF, lower case, a byte order mark",
         "\xEF\xBB\xBF"
         "begin:vcalendar\nbegin:vevent\ndtstart:20261225\nend:vevent\nend:vcalendar",
         "2026-12-25", "2026-12-26"},
        {"DTEND is the day after", ONE("DTSTART;VALUE=DATE:20270206\r\nDTEND;VALUE=DATE:20270213\r\n"),
         "2027-02-06 2027-02-12", "2027-02-05 2027-02-13"},
        {"DTEND on the day", ONE("DTSTART:20270206\r\nDTEND:20270206\r\n"), "2027-02-06", "2027-02-05 2027-02-07"},
        {"DURATION in days", ONE("DURATION:P2D\r\nDTSTART:20270206\r\n"), "2027-02-06 2027-02-07", "2027-02-08"},
        {"DURATION in weeks", ONE("DTSTART:20270206\r\nDURATION:+P1W\r\n"), "2027-02-12", "2027-02-13"},
        {"over New Year and a leap day", ONE("DTSTART:20271231\r\nDURATION:P61D\r\n"), "2027-12-31 2028-02-29",
         "2028-03-01"},
        {"folded, by a space and by a tab", ONE("DTST\r\n ART;VALUE=DA\n\tTE:2026\r\n 1225\r\n"), "2026-12-25",
         "2026-12-26"},
        {"parameters with marks in quotes", ONE("DTSTART;X-A=\"a:b;c\";VALUE=DATE:20261225\r\n"), "2026-12-25", ""},
        {"what says nothing about dates",
         HEAD "BEGIN:VTIMEZONE\r\nBEGIN:STANDARD\r\nDTSTART:19701101T020000\r\nRRULE:FREQ=DAILY\r\nEND:STANDARD\r\n"
              "END:VTIMEZONE\r\n" EVENT "SUMMARY:DTSTART:20260101\r\nDTSTART:20261225\r\nTRANSP:TRANSPARENT\r\n"
              "BEGIN:VALARM\r\nDURATION:PT5M\r\nDTSTART:x\r\nEND:VALARM\r\n" END TAIL,
         "2026-12-25", "2026-01-01 1970-11-01"},
        {"cancelled ones do not count",
         HEAD EVENT "DTSTART:20261224\r\nSTATUS:CANCELLED\r\n" END EVENT
                    "STATUS:CONFIRMED\r\nDTSTART:20261225\r\n" END TAIL,
         "2026-12-25", "2026-12-24"},
        {"two calendars", ONE("DTSTART:20261225\r\n") ONE("DTSTART:20261226\r\n"), "2026-12-25 2026-12-26",
         "2026-12-27"},
        {"every year", ONE("DTSTART:20201225\r\nRRULE:FREQ=YEARLY\r\n"), "2020-12-25 2021-12-25 2099-12-25",
         "2019-12-25 2021-12-24"},
        {"every year, some days", ONE("DTSTART:20201230\r\nDURATION:P4D\r\nRRULE:FREQ=YEARLY\r\n"),
         "2020-12-30 2021-01-02 2026-12-31 2027-01-02", "2020-01-01 2021-01-03 2026-12-29"},
        {"every other year", ONE("DTSTART:20200501\r\nRRULE:FREQ=YEARLY;INTERVAL=2\r\n"), "2020-05-01 2022-05-01",
         "2021-05-01 2018-05-01"},
        {"so many times", ONE("DTSTART:20200501\r\nRRULE:FREQ=YEARLY;COUNT=2\r\n"), "2020-05-01 2021-05-01",
         "2022-05-01"},
        {"until a day, which counts", ONE("DTSTART:20200501\r\nRRULE:FREQ=YEARLY;UNTIL=20220501\r\n"), "2022-05-01",
         "2023-05-01"},
        {"until a moment", ONE("DTSTART:20200501\r\nRRULE:UNTIL=20220430T220000Z;FREQ=YEARLY\r\n"), "2021-05-01",
         "2022-05-01"},
        {"the fourth Thursday of November",
         ONE("DTSTART:20221124\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;WKST=SU\r\n"),
         "2022-11-24 2023-11-23 2024-11-28 2026-11-26", "2023-11-24 2026-11-19 2026-12-24"},
        {"the last Monday of May", ONE("DTSTART:20260525\r\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO\r\n"),
         "2026-05-25 2027-05-31 2028-05-29", "2027-05-24"},
        {"the last but one Sunday of December", ONE("DTSTART:20261220\r\nRRULE:FREQ=YEARLY;BYMONTH=12;BYDAY=-2SU\r\n"),
         "2026-12-20 2027-12-19", "2026-12-27"},
        {"a fifth Monday in years that have one", ONE("DTSTART:20260330\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=5MO\r\n"),
         "2026-03-30 2027-03-29 2032-03-29", "2028-03-27 2028-04-03"},
        {"29 February in leap years", ONE("DTSTART:20240229\r\nRRULE:FREQ=YEARLY;COUNT=2\r\n"), "2024-02-29 2028-02-29",
         "2025-02-28 2025-03-01 2032-02-29"},
        {"month and day said", ONE("DTSTART:20260704\r\nRRULE:FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=4\r\n"), "2027-07-04",
         "2027-07-05"},
        {"but not in one year, which still counts",
         ONE("EXDATE;VALUE=DATE:20210501,20230501\r\nDTSTART:20200501\r\nRRULE:FREQ=YEARLY;COUNT=3\r\n"),
         "2020-05-01 2022-05-01", "2021-05-01 2023-05-01"},
    };
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct holiday_file f;
        struct holiday_fault fault;

        arena_reset(a);
        if (holiday_file_parse(&f, a, str_of(cases[i].text), &fault) != ERR_OK)
            fail_msg("%s: line %d: %s", cases[i].label, fault.line, fault.why);
        all_are(cases[i].label, &f, cases[i].holidays, true);
        all_are(cases[i].label, &f, cases[i].others, false);
    }
    arena_close(a);
}

static void what_is_not_understood_is_refused(void **state)
{
    static const char timed[] = "a day is written 20261225; an event at a time of the day is no holiday";
    static const char part[] =
        "RRULE has a part that is not understood: use FREQ, INTERVAL, COUNT, UNTIL, BYMONTH, BYMONTHDAY, BYDAY";
    static const struct {
        const char *label, *text;
        int line;
        const char *why;
    } cases[] = {
        {"nothing", "", 1, "the file ends before END:VCALENDAR"},
        {"a web page", "<!DOCTYPE html>\n", 1, "a line must be NAME:VALUE, or begin with a space where it goes on"},
        {"a card", "BEGIN:VCARD\nEND:VCARD\n", 1, "BEGIN does not fit here: a file is VCALENDAR, with VEVENT in it"},
        {"an event outside", EVENT END, 1, "BEGIN does not fit here: a file is VCALENDAR, with VEVENT in it"},
        {"an event in an event", HEAD EVENT EVENT, 4,
         "BEGIN does not fit here: a file is VCALENDAR, with VEVENT in it"},
        {"a property outside", "X:1\n", 1, "a calendar file begins with BEGIN:VCALENDAR"},
        {"a calendar without holidays", HEAD TAIL, 3, "there is no holiday in it"},
        {"cut off between events", HEAD EVENT "DTSTART:20261225\r\n" END, 5, "the file ends before END:VCALENDAR"},
        {"cut off in an event", HEAD EVENT "DTSTART:2026", 4, timed},
        {"ends that do not fit", HEAD EVENT TAIL, 4, "END does not fit its BEGIN"},
        {"too deep", HEAD "BEGIN:A\nBEGIN:A\nBEGIN:A\nBEGIN:A\nBEGIN:A\nBEGIN:A\nBEGIN:A\nBEGIN:A\n", 10,
         "more than 8 components inside each other"},
        {"a time of the day", ONE("DTSTART:20261225T090000Z\r\n"), 4, timed},
        {"a day that does not exist", ONE("DTSTART:20270229\r\n"), 4, timed},
        {"a thirteenth month", ONE("DTSTART:20271301\r\n"), 4, timed},
        {"no start", ONE("SUMMARY:x\r\n"), 3, "an event has no DTSTART"},
        {"two starts", ONE("DTSTART:20261225\r\nDTSTART:20261226\r\n"), 5, "an event has one DTSTART"},
        {"two ends", ONE("DTSTART:20261225\r\nDTEND:20261226\r\nDURATION:P1D\r\n"), 6,
         "an event has one DTEND or DURATION"},
        {"backwards", ONE("DTSTART:20261225\r\nDTEND:20261224\r\n"), 3, "an event ends before it begins"},
        {"more than a year", ONE("DTSTART:20250101\r\nDTEND:20270101\r\n"), 3, "a holiday has at most 366 days"},
        {"hours as a length", ONE("DTSTART:20261225\r\nDURATION:PT24H\r\n"), 5,
         "DURATION must be whole days or weeks, such as P3D or P1W"},
        {"every week", ONE("DTSTART:20261225\r\nRRULE:FREQ=WEEKLY\r\n"), 5,
         "a holiday comes back by FREQ=YEARLY or not at all"},
        {"a rule without FREQ", ONE("DTSTART:20261225\r\nRRULE:BYMONTH=12\r\n"), 5,
         "a holiday comes back by FREQ=YEARLY or not at all"},
        {"an empty rule", ONE("DTSTART:20261225\r\nRRULE:\r\n"), 5,
         "a holiday comes back by FREQ=YEARLY or not at all"},
        {"two rules", ONE("DTSTART:20261225\r\nRRULE:FREQ=YEARLY\r\nRRULE:FREQ=YEARLY\r\n"), 6,
         "an event has one RRULE"},
        {"a part twice", ONE("DTSTART:20261225\r\nRRULE:FREQ=YEARLY;FREQ=YEARLY\r\n"), 5, "RRULE says a part twice"},
        {"a part of another kind", ONE("DTSTART:20261225\r\nRRULE:FREQ=YEARLY;BYYEARDAY=1\r\n"), 5, part},
        {"count and until", ONE("DTSTART:20261225\r\nRRULE:FREQ=YEARLY;COUNT=2;UNTIL=20301225\r\n"), 5,
         "RRULE has both COUNT and UNTIL"},
        {"never", ONE("DTSTART:20261225\r\nRRULE:FREQ=YEARLY;COUNT=0\r\n"), 5, "COUNT must be 1 to 10000"},
        {"any Thursday", ONE("DTSTART:20261126\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=TH\r\n"), 5,
         "BYDAY must be one counted day of the month, such as 4TH or -1MO"},
        {"two days", ONE("DTSTART:20261225\r\nRRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25,26\r\n"), 5,
         "BYMONTHDAY must be one day, 1 to 31"},
        {"a day of every month", ONE("DTSTART:20261225\r\nRRULE:FREQ=YEARLY;BYMONTHDAY=25\r\n"), 5,
         "BYDAY and BYMONTHDAY need a BYMONTH"},
        {"a rule that leaves its start out", ONE("DTSTART:20261225\r\nRRULE:FREQ=YEARLY;BYMONTH=11\r\n"), 3,
         "DTSTART is no day of its own RRULE"},
        {"over before it began", ONE("DTSTART:20261225\r\nRRULE:FREQ=YEARLY;UNTIL=20261224\r\n"), 3,
         "UNTIL lies before DTSTART"},
        {"more days by hand", ONE("DTSTART:20261225\r\nRDATE:20261226\r\n"), 5,
         "RDATE, EXRULE and RECURRENCE-ID are not understood: write an event for each day"},
        {"the line of folded text", ONE("SUMMARY:a\r\n b\r\n c\r\nDTSTART:x\r\n"), 7, timed},
        {"a control character",
         HEAD EVENT "DTSTART:2026\x01"
                    "225\r\n" END TAIL,
         4, timed},
    };
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct holiday_file f;
        struct holiday_fault fault = {0};

        arena_reset(a);
        if (holiday_file_parse(&f, a, str_of(cases[i].text), &fault) != ERR_SYNTAX)
            fail_msg("%s: taken", cases[i].label);
        if (fault.line != cases[i].line || strcmp(fault.why, cases[i].why) != 0)
            fail_msg("%s: line %d: %s", cases[i].label, fault.line, fault.why);
    }
    arena_close(a);
}

/* F5 */
static void everything_is_bounded(void **state)
{
    static const struct {
        const char *label, *event, *why;
        size_t most;
    } cases[] = {
        {"days", EVENT "DTSTART:20261225\r\n" END, "more than 1024 days in a file", HOLIDAY_FILE_DAYS_MAX},
        {"events that come back", EVENT "DTSTART:20261225\r\nRRULE:FREQ=YEARLY\r\n" END,
         "more than 256 events that come back in a file", HOLIDAY_FILE_YEARLY_MAX},
    };
    struct arena *a = arena_open(4096);
    struct holiday_file f;
    struct holiday_fault fault;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf text = {0};

        buf_text(&text, HEAD);
        for (size_t n = 0; n < cases[i].most; n++)
            buf_text(&text, cases[i].event);

        size_t full = text.len;

        buf_text(&text, TAIL);
        assert_int_equal(holiday_file_parse(&f, a, buf_view(&text), &fault), ERR_OK);
        text.len = full;
        buf_text(&text, cases[i].event);
        assert_int_equal(holiday_file_parse(&f, a, buf_view(&text), &fault), ERR_SYNTAX);
        assert_string_equal(fault.why, cases[i].why);
        buf_free(&text);
    }
    arena_close(a);
}

static void long_lines_are_passed_over_or_refused(void **state)
{
    struct arena *a = arena_open(4096);
    struct holiday_file f;
    struct holiday_fault fault;
    struct buf text = {0}, dates = {0};

    (void)state;
    buf_text(&text, HEAD EVENT "DTSTART:20261225\r\nSUMMARY:");
    for (size_t n = 0; n < HOLIDAY_FILE_LINE_MAX; n++)
        buf_text(&text, "x\r\n ");
    buf_text(&text, "\r\n" END TAIL);
    assert_int_equal(holiday_file_parse(&f, a, buf_view(&text), &fault), ERR_OK);
    assert_int_equal(f.days, 1);

    buf_text(&dates, HEAD EVENT "DTSTART:20261225\r\nEXDATE:20261225");
    for (size_t n = 0; n < HOLIDAY_FILE_LINE_MAX / 9; n++)
        buf_text(&dates, ",20261225");
    buf_text(&dates, "\r\n" END TAIL);
    assert_int_equal(holiday_file_parse(&f, a, buf_view(&dates), &fault), ERR_SYNTAX);
    assert_string_equal(fault.why, "the line is longer than 2048 bytes");
    assert_int_equal(fault.line, 5);

    while (text.len <= HOLIDAY_FILE_BYTES_MAX)
        buf_text(&text, "X:y\r\n");
    assert_int_equal(holiday_file_parse(&f, a, buf_view(&text), &fault), ERR_SYNTAX);
    assert_string_equal(fault.why, "larger than 1048576 bytes");
    buf_free(&text);
    buf_free(&dates);
    arena_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_are_found),
        cmocka_unit_test(what_is_not_understood_is_refused),
        cmocka_unit_test(everything_is_bounded),
        cmocka_unit_test(long_lines_are_passed_over_or_refused),
    };

    return cmocka_run_group_tests_name("holiday_file", tests, NULL, NULL);
}
