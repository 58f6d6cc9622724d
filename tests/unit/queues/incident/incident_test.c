/* incident: declared once, for all, with its timeline, its audit and its word to those who look; on a real
 * redis-server. */
#include "queues/incident/incident.h"
#include "queues/keys.h"
#include "rules/base/arena.h"
#include "tests/unit/queues/scratch_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1790000000000)

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

static struct incident_declaration declaration(const char *slug)
{
    return (struct incident_declaration){.slug = str_of(slug),
                                         .title = STR("Sites deleted by a script"),
                                         .pack = STR("site-loss"),
                                         .rules = STR("pack site-loss { title \"Sites\" }\n"),
                                         .severity = STR("large"),
                                         .by = STR("stf_00000000000000000000000001 Mei Lin"),
                                         .at_ms = NOW,
                                         .heard_ms = NOW - 5000};
}

static struct incident declared(const struct incident_declaration *d)
{
    struct incident i;
    bool before = true;

    assert_int_equal(incident_declare(s.redis, s.keys, s.arena, d, &i, &before), ERR_OK);
    assert_false(before);
    return i;
}

static enum err declare_again(const struct incident_declaration *d, bool *before)
{
    struct incident i;

    return incident_declare(s.redis, s.keys, s.arena, d, &i, before);
}

static void assert_str(struct str got, const char *want)
{
    assert_string_equal(str_copy(s.arena, got), want);
}

/* ---- names ---- */

static const struct {
    const char *slug;
    bool good;
} slugs[] = {
    {"site-loss", true},  {"2026-11-25", true},
    {"a", true},          {"0", true},
    {"a-", true},         {"0123456789012345678901234567890123456789", true},
    {"", false},          {"01234567890123456789012345678901234567890", false},
    {"-a", false},        {"Site", false},
    {"site_loss", false}, {"site loss", false},
    {"ça", false},        {"a:b", false},
    {"v", false},         {"a}", false},
};

static void takes_slugs_that_fit_a_key_and_a_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof slugs / sizeof slugs[0]; i++)
        if (incident_slug_valid(str_of(slugs[i].slug)) != slugs[i].good)
            fail_msg("%s", slugs[i].slug);
}

static void bad_slug(struct incident_declaration *d)
{
    d->slug = STR("Site");
}
static void no_title(struct incident_declaration *d)
{
    d->title = STR("");
}
static void two_lines(struct incident_declaration *d)
{
    d->title = STR("a\nb");
}
static void long_title(struct incident_declaration *d)
{
    char *title = arena_take(s.arena, INCIDENT_TITLE_MAX + 1);

    memset(title, 'a', INCIDENT_TITLE_MAX + 1);
    d->title = (struct str){title, INCIDENT_TITLE_MAX + 1};
}
static void no_pack(struct incident_declaration *d)
{
    d->pack = STR("");
}
static void path_as_pack(struct incident_declaration *d)
{
    d->pack = STR("../site-loss");
}
static void odd_severity(struct incident_declaration *d)
{
    d->severity = STR("very large");
}

static const struct {
    const char *label;
    void (*spoil)(struct incident_declaration *d);
} unfit[] = {
    {"a slug in capitals", bad_slug},          {"no title", no_title}, {"a title of two lines", two_lines},
    {"a title without end", long_title},       {"no pack", no_pack},   {"a path for a pack", path_as_pack},
    {"a severity of two words", odd_severity},
};

static void refuses_what_is_not_fit_and_writes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof unfit / sizeof unfit[0]; i++) {
        struct incident_declaration d = declaration("site-loss");
        bool before;

        unfit[i].spoil(&d);
        if (declare_again(&d, &before) != ERR_INPUT)
            fail_msg("%s", unfit[i].label);
        assert_string_equal(lab_say(&s, "DBSIZE"), "0");
    }
}

/* ---- declaring ---- */

static void keeps_what_was_declared(void **state)
{
    struct incident_declaration d = declaration("site-loss");
    struct incident i;

    (void)state;
    (void)declared(&d);
    assert_int_equal(incident_read(s.redis, s.keys, s.arena, STR("site-loss"), &i), ERR_OK);
    assert_str(i.slug, "site-loss");
    assert_str(i.title, "Sites deleted by a script");
    assert_str(i.state, "declared");
    assert_str(i.pack, "site-loss");
    assert_str(i.rules, "pack site-loss { title \"Sites\" }\n");
    assert_str(i.severity, "large");
    assert_str(i.by, "stf_00000000000000000000000001 Mei Lin");
    assert_str(i.version, "1");
    assert_int_equal(i.declared_ms, NOW);
    assert_int_equal(i.heard_ms, NOW - 5000);
    assert_int_equal(i.closed_ms, 0);
    assert_int_equal(i.list, 0);
    assert_int_equal(ulid_partition(i.id), 0);
    assert_null(strstr(lab_say(&s, "HGET {p0}:in:site-loss title"), "Sites"));
    assert_string_equal(lab_say(&s, "HGET {p0}:inc v"), "1");
}

static void tells_timeline_audit_and_those_who_look(void **state)
{
    struct incident_declaration d = declaration("site-loss");
    struct incident_happening *all;
    struct redis_value v;
    size_t n;

    (void)state;
    (void)declared(&d);
    assert_int_equal(incident_history(s.redis, s.keys, s.arena, STR("site-loss"), &all, &n), ERR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(all[0].at_ms, NOW);
    assert_str(all[0].kind, "declared");
    assert_str(all[0].by, "stf_00000000000000000000000001 Mei Lin");
    assert_str(all[0].detail, "pack site-loss, severity large");
    assert_int_equal(
        redis_do(s.redis, s.arena, &v, 4, (struct str[]){STR("XRANGE"), STR("{p0}:au"), STR("-"), STR("+")}), ERR_OK);
    assert_int_equal(v.count, 1);

    const char *audit = v.items[0].items[1].items[1].text.at;

    assert_non_null(strstr(audit, "\"who\":\"stf_00000000000000000000000001\""));
    assert_non_null(strstr(audit, "\"action\":\"incident-declared\",\"object\":\"site-loss\""));
    assert_int_equal(
        redis_do(s.redis, s.arena, &v, 4, (struct str[]){STR("XRANGE"), STR("{p0}:ev"), STR("-"), STR("+")}), ERR_OK);
    assert_int_equal(v.count, 1);
    assert_str(v.items[0].items[1].items[1].text,
               "{\"type\":\"incident\",\"incident\":\"site-loss\",\"kind\":\"declared\"}");
}

static void declares_once(void **state)
{
    struct incident_declaration d = declaration("site-loss"), other = d;
    bool before = false;

    (void)state;
    (void)declared(&d);
    d.at_ms += 1000;
    assert_int_equal(declare_again(&d, &before), ERR_OK);
    assert_true(before);
    assert_string_equal(lab_say(&s, "HGET {p0}:inc v"), "1");
    assert_string_equal(lab_say(&s, "HLEN {p0}:ih:site-loss"), "1");
    other.title = STR("Another one");
    assert_int_equal(declare_again(&other, &before), ERR_CONFLICT);
}

static void declares_so_many_at_a_time(void **state)
{
    struct incident i;
    bool before;

    (void)state;
    for (int n = 0; n < INCIDENTS_DECLARED_MAX; n++) {
        struct incident_declaration d = declaration(arena_printf(s.arena, "outage-%d", n));

        (void)declared(&d);
    }

    struct incident_declaration more = declaration("one-more");

    assert_int_equal(declare_again(&more, &before), ERR_LIMIT);
    assert_int_equal(
        incident_close(s.redis, s.keys, s.arena, STR("outage-3"), STR("postern"), NOW + 1, NULL, &i, &before), ERR_OK);
    assert_int_equal(declare_again(&more, &before), ERR_OK);
}

static void brings_along_what_belongs_to_it(void **state)
{
    struct incident_declaration d = declaration("site-loss");
    struct change *with = change_begin(s.arena);

    (void)state;
    change_hset(with, STR("{p0}:beside"), "incident", STR("site-loss"));
    d.with = with;
    (void)declared(&d);
    assert_string_equal(lab_say(&s, "HGET {p0}:beside incident"), "site-loss");
}

/* ---- reading ---- */

static void lists_the_newest_first(void **state)
{
    struct incident_declaration d = declaration("older");
    struct incident *all, closed;
    struct str version;
    size_t n;

    (void)state;
    assert_int_equal(incidents_declared(s.redis, s.keys, s.arena, &all, &n, &version), ERR_OK);
    assert_int_equal(n, 0);
    assert_str(version, "0");
    (void)declared(&d);
    d.slug = STR("newer");
    d.at_ms += 1;
    (void)declared(&d);
    d.slug = STR("third");
    d.at_ms += 1;
    (void)declared(&d);
    assert_int_equal(
        incident_close(s.redis, s.keys, s.arena, STR("newer"), STR("postern"), NOW + 9, NULL, &closed, NULL), ERR_OK);
    assert_int_equal(incident_list(s.redis, s.keys, s.arena, &all, &n), ERR_OK);
    assert_int_equal(n, 3);
    assert_str(all[0].slug, "third");
    assert_str(all[1].slug, "newer");
    assert_str(all[2].slug, "older");
    assert_int_equal(incidents_declared(s.redis, s.keys, s.arena, &all, &n, &version), ERR_OK);
    assert_int_equal(n, 2);
    assert_str(all[0].slug, "third");
    assert_str(all[1].slug, "older");
    assert_str(version, "4");
}

static void knows_nothing_of_others(void **state)
{
    struct incident_happening *all;
    struct incident i;
    size_t n;

    (void)state;
    assert_int_equal(incident_read(s.redis, s.keys, s.arena, STR("site-loss"), &i), ERR_ABSENT);
    assert_int_equal(incident_read(s.redis, s.keys, s.arena, STR("Not A Slug"), &i), ERR_ABSENT);
    assert_int_equal(incident_close(s.redis, s.keys, s.arena, STR("site-loss"), STR("postern"), NOW, NULL, &i, NULL),
                     ERR_ABSENT);
    assert_int_equal(incident_history(s.redis, s.keys, s.arena, STR("site-loss"), &all, &n), ERR_OK);
    assert_int_equal(n, 0);
}

/* ---- what happens to it ---- */

static void happened(int64_t at_ms, const char *detail)
{
    struct change *c = change_begin(s.arena);

    change_incident_happened(c, s.keys, STR("site-loss"), at_ms, STR("system"), "severity", str_of(detail));
    assert_int_equal(change_run(s.redis, s.arena, c, STR(""), STR(""), STR(""), NULL), ERR_OK);
}

static void a_happening_written_again_is_the_same(void **state)
{
    struct incident_happening *all;
    size_t n;

    (void)state;
    happened(NOW + 2, "larger");
    happened(NOW + 1, "larger");
    happened(NOW + 1, "larger");
    happened(NOW + 1, "largest");
    assert_int_equal(incident_history(s.redis, s.keys, s.arena, STR("site-loss"), &all, &n), ERR_OK);
    assert_int_equal(n, 3);
    assert_int_equal(all[2].at_ms, NOW + 2);
}

static void closes_once_and_keeps_its_record(void **state)
{
    struct incident_declaration d = declaration("site-loss");
    struct incident i;
    bool before = true;

    (void)state;
    (void)declared(&d);
    assert_int_equal(
        incident_close(s.redis, s.keys, s.arena, STR("site-loss"), STR("postern"), NOW + 5, NULL, &i, &before), ERR_OK);
    assert_false(before);
    assert_str(i.state, "closed");
    assert_int_equal(i.closed_ms, NOW + 5);
    assert_str(i.version, "2");
    assert_string_equal(lab_say(&s, "HGET {p0}:inc v"), "2");
    assert_int_equal(
        incident_close(s.redis, s.keys, s.arena, STR("site-loss"), STR("postern"), NOW + 6, NULL, &i, &before), ERR_OK);
    assert_true(before);
    assert_int_equal(i.closed_ms, NOW + 5);
    assert_string_equal(lab_say(&s, "HLEN {p0}:ih:site-loss"), "2");
    assert_int_equal(declare_again(&d, &before), ERR_CONFLICT);
}

static void who_was_slower_reads_again(void **state)
{
    struct incident_declaration d = declaration("site-loss");
    struct change *c = change_begin(s.arena);
    struct incident i = declared(&d);

    (void)state;
    change_hset(c, incident_key(s.arena, i.slug), "severity", STR("small"));
    assert_int_equal(change_run(s.redis, s.arena, c, STR(""), incident_key(s.arena, i.slug), i.version, NULL), ERR_OK);
    assert_int_equal(change_run(s.redis, s.arena, c, STR(""), incident_key(s.arena, i.slug), i.version, NULL),
                     ERR_CONFLICT);
    c = change_begin(s.arena);
    change_incident_touched(c, i.slug);
    change_incidents_moved(c);
    assert_int_equal(change_run(s.redis, s.arena, c, STR(""), STR(""), STR(""), NULL), ERR_OK);
    assert_string_equal(lab_say(&s, "HGET {p0}:in:site-loss v"), "3");
    assert_string_equal(lab_say(&s, "HGET {p0}:inc v"), "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_slugs_that_fit_a_key_and_a_line),
        cmocka_unit_test_setup(refuses_what_is_not_fit_and_writes_nothing, empty),
        cmocka_unit_test_setup(keeps_what_was_declared, empty),
        cmocka_unit_test_setup(tells_timeline_audit_and_those_who_look, empty),
        cmocka_unit_test_setup(declares_once, empty),
        cmocka_unit_test_setup(declares_so_many_at_a_time, empty),
        cmocka_unit_test_setup(brings_along_what_belongs_to_it, empty),
        cmocka_unit_test_setup(lists_the_newest_first, empty),
        cmocka_unit_test_setup(knows_nothing_of_others, empty),
        cmocka_unit_test_setup(a_happening_written_again_is_the_same, empty),
        cmocka_unit_test_setup(closes_once_and_keeps_its_record, empty),
        cmocka_unit_test_setup(who_was_slower_reads_again, empty),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
