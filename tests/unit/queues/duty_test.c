/* duty: the roster in force, and hand-overs that somebody must accept, on a real Redis. */
#include "gateway/zoneinfo.h"
#include "queues/duty.h"
#include "rules/base/stamp.h"
#include "tests/unit/queues/scratch_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char three[] = "region,shift,days,from,to,timezone,name,duty\n"
                            "apac,day,mon-sun,00:00,08:30,UTC,Lin,lead\n"
                            "emea,day,mon-sun,08:00,16:30,UTC,Weber,lead\n"
                            "emea,day,mon-sun,08:00,16:30,UTC,Ruiz,deputy\n"
                            "amer,day,mon-sun,16:00,00:30,UTC,Gray,lead\n";

static struct lab s;

static int begin(void **state)
{
    (void)state;
    lab_open(&s);
    return 0;
}

static int end(void **state)
{
    (void)state;
    lab_close(&s);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    lab_empty(&s);
    return 0;
}

static int64_t ms(const char *text)
{
    int64_t at;

    if (!stamp_parse(str_of(text), &at))
        fail_msg("%s is no time", text);
    return at;
}

static struct duty duty_now(void)
{
    struct duty d;

    assert_int_equal(duty_read(s.redis, s.keys, s.arena, zoneinfo_bytes, NULL, &d), ERR_OK);
    return d;
}

static int64_t write_roster(const char *csv, int64_t expected, const char *at)
{
    int64_t version = -1;
    enum err e = duty_write(s.redis, s.keys, s.arena, str_of(csv), expected, STR("stf_boss"), ms(at), &version);

    return e == ERR_OK ? version : e == ERR_CONFLICT ? -1 : -2;
}

static size_t turn(const char *at)
{
    struct duty d = duty_now();
    size_t n;

    assert_int_equal(handovers_turn(s.redis, s.keys, s.arena, &d, ms(at), &n), ERR_OK);
    return n;
}

static struct handover only(void)
{
    struct handover *all;
    size_t n;

    assert_int_equal(handovers_read(s.redis, s.keys, s.arena, &all, &n), ERR_OK);
    assert_int_equal(n, 1);
    return all[0];
}

static void a_roster_is_replaced_against_what_was_read(void **state)
{
    struct duty d = duty_now();

    (void)state;
    assert_true(d.version == 0 && d.roster == NULL);
    assert_int_equal(write_roster(three, 0, "2026-11-25T00:00:00Z"), 1);
    assert_int_equal(write_roster(three, 0, "2026-11-25T00:00:00Z"), -1);
    assert_int_equal(write_roster(three, 1, "2026-11-25T01:00:00Z"), 2);
    assert_int_equal(write_roster(three, -1, "2026-11-25T02:00:00Z"), 3);
    d = duty_now();
    assert_true(d.version == 3 && str_is(d.csv, three) && d.roster->n == 3 && str_is(d.by, "stf_boss"));
    assert_string_equal(lab_say(&s, "HEXISTS {p0}:ro csv@1"), "1");
    /* Nobody reads names there without the keys. */
    assert_null(strstr(lab_say(&s, "HGET {p0}:ro csv"), "Weber"));
}

static void who_is_away_is_written_down_until_it_is_over(void **state)
{
    struct duty_away w = {.is = {STR("Lin"), STR("Ruiz"), ms("2026-11-25T00:00:00Z"), ms("2026-11-25T08:00:00Z")},
                          .why = STR("ill"),
                          .by = STR("stf_boss"),
                          .at_ms = ms("2026-11-24T00:00:00Z")};
    struct duty_away later = w;
    struct duty d;

    (void)state;
    assert_int_equal(duty_away_add(s.redis, s.keys, s.arena, &w), ERR_OK);
    d = duty_now();
    assert_int_equal(d.away_count, 1);
    assert_true(str_is(d.absences[0].stand_in, "Ruiz") && str_is(d.away[0].why, "ill"));
    later.at_ms = ms("2026-11-26T00:00:00Z");
    later.is.to_ms = ms("2026-11-27T00:00:00Z");
    assert_int_equal(duty_away_add(s.redis, s.keys, s.arena, &later), ERR_OK);
    d = duty_now();
    assert_int_equal(d.away_count, 1);
    assert_true(ulid_equal(d.away[0].id, later.id));
    assert_int_equal(duty_away_end(s.redis, s.keys, s.arena, w.id, STR("stf_boss"), later.at_ms), ERR_ABSENT);
    assert_int_equal(duty_away_end(s.redis, s.keys, s.arena, later.id, STR("stf_boss"), later.at_ms), ERR_OK);
    assert_int_equal(duty_now().away_count, 0);
}

static void a_hand_over_is_made_once(void **state)
{
    struct handover h;

    (void)state;
    write_roster(three, 0, "2026-11-25T01:00:00Z");
    assert_int_equal(turn("2026-11-25T07:59:59Z"), 0);
    assert_int_equal(turn("2026-11-25T08:00:00Z"), 1);
    assert_int_equal(turn("2026-11-25T08:00:01Z"), 0);
    h = only();
    assert_true(str_is(h.from, "apac/day") && str_is(h.to, "emea/day") && str_is(h.leaves, "Lin") &&
                str_is(h.takes, "Weber") && str_is(h.deputy, "Ruiz") && h.due_ms == ms("2026-11-25T08:30:00Z"));
    assert_true(handover_is_for(&h, STR("weber")) && handover_is_for(&h, STR("Ruiz")) &&
                !handover_is_for(&h, STR("Lin")) && !handover_is_for(&h, STR("")));
}

static void one_that_was_missed_is_made_late(void **state)
{
    (void)state;
    write_roster(three, 0, "2026-11-25T01:00:00Z");
    assert_int_equal(turn("2026-11-25T15:00:00Z"), 1);
    assert_int_equal(only().due_ms, ms("2026-11-25T08:30:00Z"));
}

static void what_nobody_accepts_goes_up_once_a_step(void **state)
{
    static const struct {
        const char *label, *at;
        int steps;
        size_t changed;
    } cases[] = {
        {"there is time", "2026-11-25T08:44:59Z", 0, 0},
        {"a quarter of an hour: the deputy", "2026-11-25T08:45:00Z", 1, 1},
        {"once", "2026-11-25T08:46:00Z", 1, 0},
        {"half an hour: the managers", "2026-11-25T09:00:00Z", 2, 1},
        {"once", "2026-11-25T09:30:00Z", 2, 0},
    };

    (void)state;
    write_roster(three, 0, "2026-11-25T01:00:00Z");
    assert_int_equal(turn("2026-11-25T08:10:00Z"), 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t n = turn(cases[i].at);

        if (n != cases[i].changed || only().steps != cases[i].steps)
            fail_msg("%s (%s): %zu changed, step %d", cases[i].label, cases[i].at, n, only().steps);
    }
    assert_string_equal(lab_say(&s, "ZCARD {p0}:hk"), "2");
}

static void one_person_accepts(void **state)
{
    struct handover h;
    struct duty_answers *who;
    struct duty d;

    (void)state;
    write_roster(three, 0, "2026-11-25T01:00:00Z");
    turn("2026-11-25T08:10:00Z");
    h = only();
    assert_int_equal(handover_write_note(s.redis, s.keys, s.arena, h.id, STR("two sites wait"), STR("Lin"),
                                         ms("2026-11-25T08:20:00Z")),
                     ERR_OK);
    /* O3: whoever leaves answers until then. */
    d = duty_now();
    h = only();
    assert_int_equal(duty_answers(&d, &h, 1, ms("2026-11-25T08:35:00Z"), s.arena, &who), 2);
    assert_true(str_is(who[0].name, "Weber") && !who[0].over && str_is(who[1].name, "Lin") && who[1].over);
    assert_int_equal(handover_accept(s.redis, s.keys, s.arena, h.id, STR("Weber"), STR("{\"queues\":[]}"),
                                     ms("2026-11-25T08:36:00Z")),
                     ERR_OK);
    assert_int_equal(
        handover_accept(s.redis, s.keys, s.arena, h.id, STR("Weber"), STR("{}"), ms("2026-11-25T08:37:00Z")), ERR_OK);
    assert_int_equal(
        handover_accept(s.redis, s.keys, s.arena, h.id, STR("Ruiz"), STR("{}"), ms("2026-11-25T08:37:00Z")),
        ERR_CONFLICT);
    assert_int_equal(
        handover_write_note(s.redis, s.keys, s.arena, h.id, STR("late"), STR("Lin"), ms("2026-11-25T08:38:00Z")),
        ERR_CONFLICT);
    assert_int_equal(turn("2026-11-25T09:30:00Z"), 0);
    h = only();
    assert_true(str_is(h.accepted_by, "Weber") && h.accepted_ms == ms("2026-11-25T08:36:00Z") &&
                str_is(h.contents, "{\"queues\":[]}") && str_is(h.note, "two sites wait") && h.steps == 0);
    assert_int_equal(duty_answers(&d, &h, 1, ms("2026-11-25T08:40:00Z"), s.arena, &who), 1);
}

static void without_a_next_lead_it_is_the_managers(void **state)
{
    struct duty_away w = {.is = {STR("Weber"), STR(""), ms("2026-11-25T00:00:00Z"), ms("2026-11-26T00:00:00Z")},
                          .by = STR("stf_boss"),
                          .at_ms = ms("2026-11-24T00:00:00Z")};
    struct duty_away deputy = w;

    (void)state;
    deputy.is.person = STR("Ruiz");
    write_roster(three, 0, "2026-11-25T01:00:00Z");
    assert_int_equal(duty_away_add(s.redis, s.keys, s.arena, &w), ERR_OK);
    assert_int_equal(duty_away_add(s.redis, s.keys, s.arena, &deputy), ERR_OK);
    assert_int_equal(turn("2026-11-25T08:10:00Z"), 1);
    assert_int_equal(only().takes.len, 0);
    assert_int_equal(turn("2026-11-25T08:30:00Z"), 1);
    assert_int_equal(only().steps, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_roster_is_replaced_against_what_was_read, empty),
        cmocka_unit_test_setup(who_is_away_is_written_down_until_it_is_over, empty),
        cmocka_unit_test_setup(a_hand_over_is_made_once, empty),
        cmocka_unit_test_setup(one_that_was_missed_is_made_late, empty),
        cmocka_unit_test_setup(what_nobody_accepts_goes_up_once_a_step, empty),
        cmocka_unit_test_setup(one_person_accepts, empty),
        cmocka_unit_test_setup(without_a_next_lead_it_is_the_managers, empty),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
