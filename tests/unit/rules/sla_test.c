/* sla: clocks worked out by hand, over calendars of real places. */
#include "rules/sla.h"

#include "gateway/zoneinfo.h"
#include "rules/base/arena.h"
#include "rules/base/stamp.h"
#include "rules/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char calendars[] =
    "calendar taipei    { mon-fri 09:00-12:00 13:00-18:00  sat 10:00-14:00  tz Asia/Taipei\n"
    "                     holiday 2026-12-25 }\n"
    "calendar utc       { mon-fri 09:00-17:00  tz UTC }\n"
    "calendar every-day { mon-sun 00:00-24:00  tz UTC }\n"
    "calendar midnight  { fri 22:00-24:00  sat 00:00-02:00  tz UTC }\n"
    "calendar ny        { mon-fri 09:00-17:00  tz America/New_York }\n"
    "calendar ny-night  { mon-sun 00:00-06:00  tz America/New_York }\n"
    "calendar ny-fold   { sun 01:00-02:00  tz America/New_York }\n"
    "calendar ny-gap    { sun 02:00-03:00  tz America/New_York }\n"
    "calendar ny-edge   { sun 02:30-04:00  tz America/New_York }\n"
    "calendar kolkata   { mon-fri 09:30-18:00  tz Asia/Kolkata }\n"
    "calendar kathmandu { mon-fri 09:00-17:00  tz Asia/Kathmandu }\n"
    "calendar adelaide  { mon-fri 09:00-17:00  tz Australia/Adelaide }\n"
    "calendar lord-howe { sun 01:00-03:00  tz Australia/Lord_Howe }\n"
    "calendar apia      { fri 09:00-17:00  tz Pacific/Apia }\n"
    "calendar lunar     { mon-fri 09:00-17:00  tz Asia/Taipei  holidays \"tw.ics\"\n"
    "                     on 2027-02-13 09:00-12:00 13:00-14:00  on 2027-02-09 10:00-11:00  on 2027-02-15 closed }\n"
    "calendar ny-own    { mon-fri 09:00-17:00  tz America/New_York  on 2026-03-08 00:00-24:00\n"
    "                     on 2026-11-01 00:00-24:00 }\n"
    "calendar feast     { mon-sun 00:00-24:00  tz America/New_York  holidays \"us.ics\" }\n";

static const char tw[] =
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20270205\r\nDTEND;VALUE=DATE:20270211\r\n"
    "SUMMARY:Lunar New Year\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
/* Days of a clock change, every year: the second Sunday of March, the first of November. */
static const char us[] = "BEGIN:VCALENDAR\r\n"
                         "BEGIN:VEVENT\r\nDTSTART:20070311\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU\r\nEND:VEVENT\r\n"
                         "BEGIN:VEVENT\r\nDTSTART:20071104\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU\r\nEND:VEVENT\r\n"
                         "END:VCALENDAR\r\n";

static enum err beside(void *arg, const char *name, size_t bytes_max, struct buf *bytes)
{
    (void)arg;
    (void)bytes_max;
    buf_text(bytes, strcmp(name, "tw.ics") == 0 ? tw : us);
    return ERR_OK;
}

static const char *const names[] = {"taipei",    "utc",    "every-day", "midnight", "ny",        "ny-night",
                                    "ny-fold",   "ny-gap", "ny-edge",   "kolkata",  "kathmandu", "adelaide",
                                    "lord-howe", "apia",   "lunar",     "ny-own",   "feast",     "always"};

static struct rules *rules;
static struct arena *arena;

/* A queue for each calendar, under its name. */
static int setup(void **state)
{
    const struct rules_sources from = {.zones = zoneinfo_bytes, .beside = beside};
    struct buf text = {0}, faults = {0};

    (void)state;
    buf_text(&text, calendars);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        buf_printf(&text, "queue %s { calendar %s }\n", names[i], names[i]);
    buf_text(&text, "route otherwise to utc\n");
    if (rules_load_from(&rules, "clocks.rules", buf_view(&text), &from, &faults) != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
    buf_free(&text);
    buf_free(&faults);
    arena = arena_open(4096);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_close(arena);
    rules_close(rules);
    return 0;
}

static int64_t ms(const char *text)
{
    int64_t t;

    if (!stamp_parse(str_of(text), &t))
        fail_msg("%s is no time", text);
    return t;
}

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

static void due_is_start_and_working_time(void **state)
{
    static const struct {
        const char *label, *calendar, *opened;
        int64_t promise_ms;
        const char *due;
        size_t spans; /* intervals counted */
    } cases[] = {
        {"inside the hours", "taipei", "2026-11-23T02:00:00Z", HOUR, "2026-11-23T03:00:00Z", 1},
        {"over the lunch break", "taipei", "2026-11-23T03:30:00Z", HOUR, "2026-11-23T05:30:00Z", 2},
        {"at the minute of closing", "taipei", "2026-11-23T04:00:00Z", 30 * MINUTE, "2026-11-23T05:30:00Z", 1},
        {"before opening", "taipei", "2026-11-22T22:00:00Z", HOUR, "2026-11-23T02:00:00Z", 1},
        {"after closing", "taipei", "2026-11-23T11:00:00Z", HOUR, "2026-11-24T02:00:00Z", 1},
        {"due at the last moment of the day", "taipei", "2026-11-23T09:00:00Z", HOUR, "2026-11-23T10:00:00Z", 1},
        {"a second more: next morning", "taipei", "2026-11-23T09:00:00Z", HOUR + SECOND, "2026-11-24T01:00:01Z", 2},
        {"Friday evening to Saturday", "taipei", "2026-11-27T09:30:00Z", HOUR, "2026-11-28T02:30:00Z", 2},
        {"Saturday over Sunday to Monday", "taipei", "2026-11-28T05:30:00Z", HOUR, "2026-11-30T01:30:00Z", 2},
        {"over a holiday", "taipei", "2026-12-24T09:30:00Z", HOUR, "2026-12-26T02:30:00Z", 2},
        {"on a holiday", "taipei", "2026-12-25T03:00:00Z", HOUR, "2026-12-26T03:00:00Z", 1},
        {"the holiday begins at local midnight", "taipei", "2026-12-24T16:00:00Z", HOUR, "2026-12-26T03:00:00Z", 1},
        {"a whole week of 44 hours", "taipei", "2026-11-23T01:00:00Z", 44 * (int64_t)HOUR, "2026-11-28T06:00:00Z", 11},
        {"always", "always", "2026-11-28T05:30:00Z", HOUR, "2026-11-28T06:30:00Z", 1},
        {"always, over New Year", "always", "2026-12-31T23:30:00Z", HOUR, "2027-01-01T00:30:00Z", 1},
        {"always, to the millisecond", "always", "2026-11-23T10:00:00.250Z", HOUR, "2026-11-23T11:00:00.250Z", 1},
        {"hours, to the millisecond", "utc", "2026-11-23T16:59:59.750Z", SECOND, "2026-11-24T09:00:00.750Z", 2},
        {"a leap second is not counted", "always", "2016-12-31T23:59:30Z", HOUR, "2017-01-01T00:59:30Z", 1},
        {"through a leap day", "every-day", "2028-02-28T12:00:00Z", 24 * HOUR, "2028-02-29T12:00:00Z", 1},
        {"from a leap day into March", "utc", "2028-02-29T16:30:00Z", HOUR, "2028-03-01T09:30:00Z", 2},
        {"no leap day in 2100", "utc", "2100-02-26T16:30:00Z", HOUR, "2100-03-01T09:30:00Z", 2},
        {"over midnight, counted as one", "midnight", "2026-11-27T23:30:00Z", HOUR, "2026-11-28T00:30:00Z", 1},
        {"at midnight", "midnight", "2026-11-28T00:00:00Z", HOUR, "2026-11-28T01:00:00Z", 1},
        {"spring night has 5 hours", "ny-night", "2026-03-08T05:00:00Z", 5 * HOUR, "2026-03-08T10:00:00Z", 1},
        {"and the rest is tomorrow's", "ny-night", "2026-03-08T05:00:00Z", 5 * HOUR + 30 * MINUTE,
         "2026-03-09T04:30:00Z", 2},
        {"autumn night has 7 hours", "ny-night", "2026-11-01T04:00:00Z", 7 * HOUR, "2026-11-01T11:00:00Z", 1},
        {"6 of them", "ny-night", "2026-11-01T04:00:00Z", 6 * HOUR, "2026-11-01T10:00:00Z", 1},
        {"opened in the second of two hours", "ny-night", "2026-11-01T06:30:00Z", HOUR, "2026-11-01T07:30:00Z", 1},
        {"over the weekend of spring", "ny", "2026-03-06T21:30:00Z", HOUR, "2026-03-09T13:30:00Z", 2},
        {"over the weekend of autumn", "ny", "2026-10-30T20:30:00Z", HOUR, "2026-11-02T14:30:00Z", 2},
        {"an hour that comes twice counts twice", "ny-fold", "2026-11-01T04:00:00Z", 90 * MINUTE,
         "2026-11-01T06:30:00Z", 1},
        {"a skipped hour counts nothing", "ny-gap", "2026-03-08T05:00:00Z", 30 * MINUTE, "2026-03-15T06:30:00Z", 1},
        {"hours that begin in the gap", "ny-edge", "2026-03-08T05:00:00Z", 30 * MINUTE, "2026-03-08T07:30:00Z", 1},
        {"by the footer's rule", "ny", "2060-03-12T21:30:00Z", HOUR, "2060-03-15T13:30:00Z", 2},
        {"a zone of half an hour", "kolkata", "2026-11-23T03:30:00Z", HOUR, "2026-11-23T05:00:00Z", 1},
        {"a zone of a quarter", "kathmandu", "2026-11-23T11:00:00Z", 30 * MINUTE, "2026-11-24T03:30:00Z", 2},
        {"half an hour and summer time", "adelaide", "2026-04-03T06:00:00Z", HOUR, "2026-04-06T00:00:00Z", 2},
        {"summer time of half an hour", "lord-howe", "2026-04-04T12:00:00Z", 2 * HOUR, "2026-04-04T16:00:00Z", 1},
        {"a day that was left out", "apia", "2011-12-29T22:00:00Z", HOUR, "2012-01-05T20:00:00Z", 1},
        {"over a week of holidays", "lunar", "2027-02-04T08:30:00Z", HOUR, "2027-02-09T02:30:00Z", 2},
        {"a holiday with hours of its own", "lunar", "2027-02-09T02:30:00Z", HOUR, "2027-02-11T01:30:00Z", 2},
        {"a Saturday to make up for it", "lunar", "2027-02-12T08:30:00Z", 4 * HOUR, "2027-02-13T05:30:00Z", 3},
        {"a Monday that is closed", "lunar", "2027-02-13T06:00:00Z", HOUR, "2027-02-16T02:00:00Z", 1},
        {"a day of its own with 23 hours", "ny-own", "2026-03-07T12:00:00Z", 23 * HOUR, "2026-03-09T04:00:00Z", 1},
        {"and a second more", "ny-own", "2026-03-07T12:00:00Z", 23 * HOUR + SECOND, "2026-03-09T13:00:01Z", 2},
        {"a day of its own with 25 hours", "ny-own", "2026-10-31T12:00:00Z", 25 * HOUR, "2026-11-02T05:00:00Z", 1},
        {"a holiday of 23 hours", "feast", "2026-03-08T04:00:00Z", 2 * HOUR, "2026-03-09T05:00:00Z", 2},
        {"a holiday of 25 hours", "feast", "2026-11-01T03:00:00Z", 2 * HOUR, "2026-11-02T06:00:00Z", 2},
        {"and in another year", "feast", "2031-11-02T03:00:00Z", 2 * HOUR, "2031-11-03T06:00:00Z", 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct rules_queue *q = rules_queue(rules, str_of(cases[i].calendar));
        struct sla_policy p = {.calendar = q->policy.calendar, .promise_ms = {cases[i].promise_ms}};
        struct sla_event opened = {SLA_OPENED, ms(cases[i].opened)};
        struct sla_verdict v;
        int64_t counted_ms = 0;

        arena_reset(arena);
        assert_int_equal(sla_judge(&v, SLA_FIRST_REPLY, &p, &opened, 1, opened.at_ms, arena), ERR_OK);
        for (size_t k = 0; k < v.spans; k++)
            counted_ms += v.counted[k].to_ms - v.counted[k].from_ms;
        if (v.due_ms != ms(cases[i].due) || v.spans != cases[i].spans || counted_ms != cases[i].promise_ms)
            fail_msg("%s: %s, %zu spans", cases[i].label, stamp_print_ms(v.due_ms).at, v.spans);
    }
}

#define NEVER ""
#define DAY   "2026-11-23T" /* a Monday */

/* Each case is a history in the calendar utc, 09:00 to 17:00, with 2 h promised. */
static void a_history_gives_a_state(void **state)
{
    static const struct {
        const char *label;
        enum sla_clock clock;
        bool pauses;
        struct {
            enum sla_event_kind kind;
            const char *at;
        } events[6];
        size_t n;
        const char *now;
        enum sla_state want;
        const char *due, *met;
        int64_t left_ms;
    } cases[] = {
        {"fresh",
         SLA_FIRST_REPLY,
         true,
         {{SLA_OPENED, DAY "10:00:00Z"}},
         1,
         DAY "10:30:00Z",
         SLA_RUNNING,
         DAY "12:00:00Z",
         NEVER,
         90 * MINUTE},
        {"due now is not late",
         SLA_FIRST_REPLY,
         true,
         {{SLA_OPENED, DAY "10:00:00Z"}},
         1,
         DAY "12:00:00Z",
         SLA_RUNNING,
         DAY "12:00:00Z",
         NEVER,
         0},
        {"late",
         SLA_FIRST_REPLY,
         true,
         {{SLA_OPENED, DAY "10:00:00Z"}},
         1,
         DAY "12:00:00.001Z",
         SLA_BREACHED,
         DAY "12:00:00Z",
         NEVER,
         0},
        {"answered in time",
         SLA_FIRST_REPLY,
         true,
         {{SLA_OPENED, DAY "10:00:00Z"}, {SLA_REPLIED, DAY "11:59:59Z"}},
         2,
         DAY "16:00:00Z",
         SLA_MET,
         NEVER,
         DAY "11:59:59Z",
         SECOND},
        {"answered too late stays late",
         SLA_FIRST_REPLY,
         true,
         {{SLA_OPENED, DAY "10:00:00Z"}, {SLA_REPLIED, DAY "12:00:01Z"}},
         2,
         DAY "16:00:00Z",
         SLA_BREACHED,
         DAY "12:00:00Z",
         DAY "12:00:01Z",
         0},
        {"a second answer changes nothing",
         SLA_FIRST_REPLY,
         true,
         {{SLA_OPENED, DAY "10:00:00Z"}, {SLA_REPLIED, DAY "11:00:00Z"}, {SLA_REPLIED, DAY "15:00:00Z"}},
         3,
         DAY "16:00:00Z",
         SLA_MET,
         NEVER,
         DAY "11:00:00Z",
         HOUR},
        {"while the customer is waited for",
         SLA_FIRST_REPLY,
         true,
         {{SLA_OPENED, DAY "10:00:00Z"}, {SLA_PAUSED, DAY "10:30:00Z"}},
         2,
         DAY "16:00:00Z",
         SLA_STANDS,
         NEVER,
         NEVER,
         90 * MINUTE},
        {"where the queue does not pause",
         SLA_FIRST_REPLY,
         false,
         {{SLA_OPENED, DAY "10:00:00Z"}, {SLA_PAUSED, DAY "10:30:00Z"}},
         2,
         DAY "11:00:00Z",
         SLA_RUNNING,
         DAY "12:00:00Z",
         NEVER,
         HOUR},
        {"after the pause",
         SLA_FIRST_REPLY,
         true,
         {{SLA_OPENED, DAY "10:00:00Z"}, {SLA_PAUSED, DAY "10:30:00Z"}, {SLA_RESUMED, DAY "14:00:00Z"}},
         3,
         DAY "14:30:00Z",
         SLA_RUNNING,
         DAY "15:30:00Z",
         NEVER,
         HOUR},
        {"a pause over night",
         SLA_FIRST_REPLY,
         true,
         {{SLA_OPENED, DAY "16:00:00Z"}, {SLA_PAUSED, DAY "16:30:00Z"}, {SLA_RESUMED, "2026-11-24T03:00:00Z"}},
         3,
         "2026-11-24T08:00:00Z",
         SLA_RUNNING,
         "2026-11-24T10:30:00Z",
         NEVER,
         90 * MINUTE},
        {"paused after it was late",
         SLA_FIRST_REPLY,
         true,
         {{SLA_OPENED, DAY "10:00:00Z"}, {SLA_PAUSED, DAY "13:00:00Z"}},
         2,
         DAY "13:00:00Z",
         SLA_BREACHED,
         DAY "12:00:00Z",
         NEVER,
         0},
        {"paused twice is paused once",
         SLA_FIRST_REPLY,
         true,
         {{SLA_OPENED, DAY "10:00:00Z"},
          {SLA_PAUSED, DAY "10:30:00Z"},
          {SLA_PAUSED, DAY "11:00:00Z"},
          {SLA_RESUMED, DAY "12:00:00Z"}},
         4,
         DAY "12:00:00Z",
         SLA_RUNNING,
         DAY "13:30:00Z",
         NEVER,
         90 * MINUTE},
        {"solved without a word",
         SLA_FIRST_REPLY,
         true,
         {{SLA_OPENED, DAY "10:00:00Z"}, {SLA_SOLVED, DAY "11:00:00Z"}},
         2,
         DAY "16:00:00Z",
         SLA_STANDS,
         NEVER,
         NEVER,
         HOUR},
        {"and reopened",
         SLA_FIRST_REPLY,
         true,
         {{SLA_OPENED, DAY "10:00:00Z"}, {SLA_SOLVED, DAY "11:00:00Z"}, {SLA_REOPENED, DAY "14:00:00Z"}},
         3,
         DAY "14:00:00Z",
         SLA_RUNNING,
         DAY "15:00:00Z",
         NEVER,
         HOUR},
        {"update begins again with a reply",
         SLA_UPDATE,
         true,
         {{SLA_OPENED, DAY "10:00:00Z"}, {SLA_REPLIED, DAY "11:00:00Z"}},
         2,
         DAY "11:30:00Z",
         SLA_RUNNING,
         DAY "13:00:00Z",
         NEVER,
         90 * MINUTE},
        {"update is late after a reply",
         SLA_UPDATE,
         true,
         {{SLA_OPENED, DAY "10:00:00Z"}, {SLA_REPLIED, DAY "11:00:00Z"}},
         2,
         DAY "13:00:01Z",
         SLA_BREACHED,
         DAY "13:00:00Z",
         NEVER,
         0},
        {"update stands when solved",
         SLA_UPDATE,
         true,
         {{SLA_OPENED, DAY "10:00:00Z"}, {SLA_REPLIED, DAY "11:00:00Z"}, {SLA_SOLVED, DAY "11:30:00Z"}},
         3,
         DAY "16:00:00Z",
         SLA_STANDS,
         NEVER,
         NEVER,
         90 * MINUTE},
        {"restore is met when solved",
         SLA_RESTORE,
         true,
         {{SLA_OPENED, DAY "10:00:00Z"}, {SLA_REPLIED, DAY "10:10:00Z"}, {SLA_SOLVED, DAY "11:00:00Z"}},
         3,
         DAY "16:00:00Z",
         SLA_MET,
         NEVER,
         DAY "11:00:00Z",
         HOUR},
        {"and runs on when reopened",
         SLA_RESTORE,
         true,
         {{SLA_OPENED, DAY "10:00:00Z"}, {SLA_SOLVED, DAY "11:00:00Z"}, {SLA_REOPENED, DAY "15:00:00Z"}},
         3,
         DAY "15:30:00Z",
         SLA_RUNNING,
         DAY "16:00:00Z",
         NEVER,
         30 * MINUTE},
        {"solved while the customer was waited for, reopened",
         SLA_RESTORE,
         true,
         {{SLA_OPENED, DAY "10:00:00Z"},
          {SLA_PAUSED, DAY "10:30:00Z"},
          {SLA_SOLVED, DAY "11:00:00Z"},
          {SLA_REOPENED, DAY "12:00:00Z"}},
         4,
         DAY "12:00:00Z",
         SLA_RUNNING,
         DAY "13:30:00Z",
         NEVER,
         90 * MINUTE},
        {"a clock that went backwards",
         SLA_FIRST_REPLY,
         true,
         {{SLA_OPENED, DAY "10:00:00Z"}, {SLA_PAUSED, DAY "10:30:00Z"}, {SLA_RESUMED, DAY "10:00:00Z"}},
         3,
         DAY "10:30:00Z",
         SLA_RUNNING,
         DAY "12:00:00Z",
         NEVER,
         90 * MINUTE},
    };
    const struct calendar *utc = rules_queue(rules, STR("utc"))->policy.calendar;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sla_policy p = {.calendar = utc, .promise_ms = {2 * HOUR, 2 * HOUR, 2 * HOUR}};
        struct sla_event events[6];
        struct sla_verdict v;

        arena_reset(arena);
        p.pauses[cases[i].clock] = cases[i].pauses; /* of the others: nothing */
        for (size_t k = 0; k < cases[i].n; k++)
            events[k] = (struct sla_event){cases[i].events[k].kind, ms(cases[i].events[k].at)};
        assert_int_equal(sla_judge(&v, cases[i].clock, &p, events, cases[i].n, ms(cases[i].now), arena), ERR_OK);

        int64_t due_ms = *cases[i].due == '\0' ? SLA_NEVER : ms(cases[i].due);
        int64_t met_ms = *cases[i].met == '\0' ? SLA_NEVER : ms(cases[i].met);

        if (v.state != cases[i].want || v.due_ms != due_ms || v.met_ms != met_ms || v.left_ms != cases[i].left_ms)
            fail_msg("%s: %s, due %lld, met %lld, left %lld", cases[i].label, sla_state_name(v.state),
                     (long long)v.due_ms, (long long)v.met_ms, (long long)v.left_ms);
    }
}

/* 2 h promised from a Monday 15:30 in the calendar utc: 90 minutes until 17:00, and 30 of Tuesday morning. L5. */
static void steps_come_with_working_time(void **state)
{
    static const struct {
        const char *label;
        struct {
            enum sla_event_kind kind;
            const char *at;
        } events[4];
        size_t n;
        int64_t before_ms;
        const char *at;
    } cases[] = {
        {"at breach", {{SLA_OPENED, DAY "15:30:00Z"}}, 1, 0, "2026-11-24T09:30:00Z"},
        {"before it, on the same morning", {{SLA_OPENED, DAY "15:30:00Z"}}, 1, 15 * MINUTE, "2026-11-24T09:15:00Z"},
        {"at closing time", {{SLA_OPENED, DAY "15:30:00Z"}}, 1, 30 * MINUTE, DAY "17:00:00Z"},
        {"the evening before", {{SLA_OPENED, DAY "15:30:00Z"}}, 1, HOUR, DAY "16:30:00Z"},
        {"a second after opening", {{SLA_OPENED, DAY "15:30:00Z"}}, 1, 2 * HOUR - SECOND, DAY "15:30:01Z"},
        {"a pause puts it off",
         {{SLA_OPENED, DAY "15:30:00Z"}, {SLA_PAUSED, DAY "16:00:00Z"}, {SLA_RESUMED, DAY "16:30:00Z"}},
         3,
         HOUR,
         DAY "17:00:00Z"},
        {"a clock that stands does not come to it",
         {{SLA_OPENED, DAY "15:30:00Z"}, {SLA_PAUSED, DAY "16:00:00Z"}},
         2,
         HOUR,
         NEVER},
        {"but keeps what it came to",
         {{SLA_OPENED, DAY "15:30:00Z"}, {SLA_PAUSED, DAY "16:45:00Z"}},
         2,
         HOUR,
         DAY "16:30:00Z"},
        {"kept before", {{SLA_OPENED, DAY "15:30:00Z"}, {SLA_REPLIED, DAY "16:29:59Z"}}, 2, HOUR, NEVER},
        {"kept after it", {{SLA_OPENED, DAY "15:30:00Z"}, {SLA_REPLIED, DAY "16:45:00Z"}}, 2, HOUR, DAY "16:30:00Z"},
        {"kept too late",
         {{SLA_OPENED, DAY "15:30:00Z"}, {SLA_REPLIED, "2026-11-25T10:00:00Z"}},
         2,
         0,
         "2026-11-24T09:30:00Z"},
    };
    struct sla_policy p = {
        .calendar = rules_queue(rules, STR("utc"))->policy.calendar, .promise_ms = {2 * HOUR}, .pauses = {true}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sla_step s = {.clock = SLA_FIRST_REPLY, .before_ms = cases[i].before_ms};
        struct sla_event events[4];
        struct sla_verdict v;

        arena_reset(arena);
        for (size_t k = 0; k < cases[i].n; k++)
            events[k] = (struct sla_event){cases[i].events[k].kind, ms(cases[i].events[k].at)};
        assert_int_equal(sla_judge(&v, SLA_FIRST_REPLY, &p, events, cases[i].n, events[0].at_ms, arena), ERR_OK);
        if (sla_step_ms(&v, &s) != (*cases[i].at == '\0' ? SLA_NEVER : ms(cases[i].at)))
            fail_msg("%s: %lld", cases[i].label, (long long)sla_step_ms(&v, &s));
    }
}

static void what_is_not_promised_has_no_clock(void **state)
{
    struct sla_policy p = {.calendar = rules_queue(rules, STR("always"))->policy.calendar};
    struct sla_event opened = {SLA_OPENED, 0}, replied = {SLA_REPLIED, 0};
    struct sla_verdict v;

    (void)state;
    assert_int_equal(sla_judge(&v, SLA_RESTORE, &p, &opened, 1, 0, arena), ERR_OK);
    assert_int_equal(v.state, SLA_NONE);
    assert_int_equal(sla_judge(&v, SLA_RESTORE, &p, &replied, 1, 0, arena), ERR_INPUT);
    assert_int_equal(sla_judge(&v, SLA_RESTORE, &p, &opened, 0, 0, arena), ERR_INPUT);
}

/* C3, and moments no clock should ever show. */
static void counting_ends(void **state)
{
    struct calendar idle = {.name = "idle"};
    struct sla_policy p = {.calendar = &idle, .promise_ms = {HOUR}};
    struct sla_event opened = {SLA_OPENED, 0};
    struct sla_verdict v;

    (void)state;
    assert_int_equal(sla_judge(&v, SLA_FIRST_REPLY, &p, &opened, 1, 0, arena), ERR_OK);
    assert_int_equal(v.state, SLA_RUNNING);
    assert_true(v.due_ms == SLA_NEVER && v.spans == 0);

    static const int64_t edges[] = {INT64_MIN, INT64_MIN + 1, SLA_MS_MIN, SLA_MS_MAX, INT64_MAX - 1, INT64_MAX};

    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
        for (size_t q = 0; q < sizeof names / sizeof names[0]; q++) {
            p.calendar = rules_queue(rules, str_of(names[q]))->policy.calendar;
            opened.at_ms = edges[i];
            assert_int_equal(sla_judge(&v, SLA_FIRST_REPLY, &p, &opened, 1, edges[i], arena), ERR_OK);
            assert_true(v.due_ms > SLA_MS_MIN);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(due_is_start_and_working_time),
        cmocka_unit_test(a_history_gives_a_state),
        cmocka_unit_test(steps_come_with_working_time),
        cmocka_unit_test(what_is_not_promised_has_no_clock),
        cmocka_unit_test(counting_ends),
    };

    return cmocka_run_group_tests_name("sla", tests, setup, teardown);
}
