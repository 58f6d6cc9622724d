/* clocks: when each is due, to the second, as another implementation has worked it out (tests/tools/clock_table.py). */
#include "gateway/zoneinfo.h"
#include "rules/base/arena.h"
#include "rules/base/stamp.h"
#include "rules/route.h"
#include "tests/unit/whole_file.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CASES_MIN = 60, EVENTS_MAX = 8 };

struct row {
    struct str words, calendar, clock, promise, pauses, events, expected;
};

static struct buf table;

/* What stands before "---" are calendars. */
static struct str cases_of(struct str *calendars)
{
    const char *line = strstr(table.at, "---\n");

    assert_non_null(line);
    *calendars = (struct str){table.at, (size_t)(line - table.at)};
    return str_of(line + 4);
}

static struct row next_row(struct str *cases)
{
    struct str line = str_cut(cases, '\n');
    struct row r;
    struct str *const part[] = {&r.words, &r.calendar, &r.clock, &r.promise, &r.pauses, &r.events, &r.expected};

    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++)
        *part[i] = str_trim(str_cut(&line, '|'));
    return r;
}

static void queue_of(const struct row *r, size_t number, struct buf *out)
{
    buf_printf(out, "queue q%zu { %.*s %.*s  calendar %.*s", number, (int)r->clock.len, r->clock.at,
               (int)r->promise.len, r->promise.at, (int)r->calendar.len, r->calendar.at);
    if (str_equal(r->pauses, r->clock))
        buf_printf(out, "  pause %.*s when waiting-customer", (int)r->pauses.len, r->pauses.at);
    buf_text(out, " }\n");
}

static struct rules *load(struct str calendars, struct str cases)
{
    struct buf text = {0}, faults = {0};
    struct rules *r = NULL;

    buf_str(&text, calendars);
    for (size_t i = 0; cases.len > 0; i++) {
        struct row row = next_row(&cases);

        queue_of(&row, i, &text);
    }
    buf_text(&text, "route otherwise to q0\n");
    if (rules_load(&r, "clocks", buf_view(&text), zoneinfo_bytes, NULL, &faults) != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
    buf_free(&text);
    buf_free(&faults);
    return r;
}

static size_t events_of(struct str s, struct sla_event *out)
{
    size_t n = 0;

    while (s.len > 0) {
        struct str word = str_cut(&s, ' ');
        int kind = 0;

        assert_true(n < EVENTS_MAX);
        while (kind < SLA_EVENTS && !str_is(word, sla_event_name((enum sla_event_kind)kind)))
            kind++;
        assert_true(kind < SLA_EVENTS);
        out[n].kind = (enum sla_event_kind)kind;
        assert_true(stamp_parse(str_cut(&s, ' '), &out[n++].at_ms));
    }
    return n;
}

static void say(const struct sla_verdict *v, struct buf *out)
{
    if (v->state == SLA_MET)
        buf_text(out, "kept");
    else if (v->state == SLA_STANDS)
        buf_printf(out, "stands %" PRId64, v->left_ms / 1000);
    else
        buf_printf(out, "due %s", stamp_print(v->due_ms).at);
}

static void both_come_to_the_same_second(void **state)
{
    struct str calendars, cases = cases_of(&calendars);
    struct rules *rules = load(calendars, cases);
    struct arena *a = arena_open(4096);
    size_t n = 0, wrong = 0;

    (void)state;
    for (; cases.len > 0; n++) {
        struct row row = next_row(&cases);
        const struct rules_queue *q = rules_queue_at(rules, n);
        struct sla_event events[EVENTS_MAX];
        size_t count = events_of(row.events, events);
        struct buf said = {0};
        struct sla_verdict v;
        int clock = 0;

        while (q->policy.promise_ms[clock] == 0)
            clock++;
        arena_reset(a);
        assert_int_equal(sla_judge(&v, (enum sla_clock)clock, &q->policy, events, count, events[count - 1].at_ms, a),
                         ERR_OK);
        say(&v, &said);
        if (!str_equal(buf_view(&said), row.expected) || v.left_ms % 1000 != 0) {
            print_error("%.*s: %s, not %.*s\n", (int)row.words.len, row.words.at, buf_view(&said).at,
                        (int)row.expected.len, row.expected.at);
            wrong++;
        }
        buf_free(&said);
    }
    assert_int_equal(wrong, 0);
    assert_true(n >= CASES_MIN);
    arena_close(a);
    rules_close(rules);
}

static int setup(void **state)
{
    (void)state;
    table = whole_file("tests/unit/rules/clocks.table");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_free(&table);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_come_to_the_same_second),
    };

    return cmocka_run_group_tests_name("clocks", tests, setup, teardown);
}
