/* route: which queue, why, and the file that is shipped. */
#include "rules/route.h"

#include "gateway/zoneinfo.h"
#include "rules/address.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/explain.h"
#include "tests/unit/whole_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char text[] =
    "queue restore { title \"Restore\" first-reply 1h calendar always pause first-reply when waiting-customer"
    " escalate first-reply at breach to manager escalate first-reply 40m before breach to lead }\n"
    "queue rest { }\n"
    "route when affected, level >= 2 to restore priority 90\n"
    "route when channel phone to restore priority 1\n"
    "route when followers >= 10, followers < 20 to restore priority 2\n"
    "route when language zh to restore priority 3\n"
    "route when tier Gold, region emea to restore priority 4\n"
    "route when impact question, known no to restore priority 5\n"
    "route when executive to restore priority 6\n"
    "route otherwise to rest\n";

static struct rules *load(const char *name, struct str from)
{
    struct rules *r = NULL;
    struct buf faults = {0};

    if (rules_load(&r, name, from, zoneinfo_bytes, NULL, &faults) != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
    buf_free(&faults);
    return r;
}

static struct doc *json(const char *s)
{
    struct doc *d = NULL;
    char why[100] = "";

    if (doc_parse(&d, str_of(s), why, sizeof why) != ERR_OK)
        fail_msg("%s: %s", s, why);
    return d;
}

static void the_first_that_fits_decides(void **state)
{
    static const struct {
        const char *label, *facts;
        int line, priority;
        const char *unless; /* of the step before */
    } cases[] = {
        {"nothing known", "{}", 10, 0, "executive yes"},
        {"both conditions", "{\"affected\":true,\"level\":2}", 3, 90, NULL},
        {"more than asked", "{\"affected\":true,\"level\":4}", 3, 90, NULL},
        {"one of two", "{\"affected\":true,\"level\":1}", 10, 0, "executive yes"},
        {"a word", "{\"channel\":\"phone\"}", 4, 1, "affected yes"},
        {"at the lower end", "{\"followers\":10}", 5, 2, "channel phone"},
        {"below it", "{\"followers\":9}", 10, 0, "executive yes"},
        {"at the upper end", "{\"followers\":20}", 10, 0, "executive yes"},
        {"a language", "{\"language\":\"zh\"}", 6, 3, "followers >= 10"},
        {"its variety", "{\"language\":\"zh-Hant-TW\"}", 6, 3, "followers >= 10"},
        {"case does not matter", "{\"language\":\"ZH-tw\"}", 6, 3, "followers >= 10"},
        {"another language that begins so", "{\"language\":\"zha\"}", 10, 0, "executive yes"},
        {"words", "{\"tier\":\"gold\",\"region\":\"EMEA\"}", 7, 4, "language zh"},
        {"one word is empty", "{\"tier\":\"gold\"}", 10, 0, "executive yes"},
        {"no is a value", "{\"impact\":\"question\"}", 8, 5, "tier Gold"},
        {"yes is another", "{\"impact\":\"question\",\"known\":true}", 10, 0, "executive yes"},
        {"executive", "{\"executive\":true}", 9, 6, "impact question"},
        {"the first of two that fit", "{\"executive\":true,\"channel\":\"phone\"}", 4, 1, "affected yes"},
    };
    struct rules *r = load("t.rules", str_of(text));
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct doc *d = json(cases[i].facts);
        struct buf why = {0};
        struct facts f;
        struct decision got;

        if (facts_parse(&f, d, NULL, &why) != ERR_OK)
            fail_msg("%s: %s", cases[i].label, buf_view(&why).at);
        rules_route(r, &f, a, &got);
        if (got.line != cases[i].line || got.priority != cases[i].priority)
            fail_msg("%s: line %d, priority %d", cases[i].label, got.line, got.priority);
        assert_string_equal(got.queue->name, got.line == 10 ? "rest" : "restore");
        assert_int_equal(got.step[got.steps - 1].line, got.line);
        assert_null(got.step[got.steps - 1].unless);
        if (cases[i].unless != NULL && strcmp(got.step[got.steps - 2].unless, cases[i].unless) != 0)
            fail_msg("%s: %s", cases[i].label, got.step[got.steps - 2].unless);
        doc_close(d);
        buf_free(&why);
    }
    arena_close(a);
    rules_close(r);
}

static void queues_are_found_by_name(void **state)
{
    struct rules *r = load("t.rules", str_of(text)), *other = load("t.rules", STR("queue q{}\nroute otherwise to q"));

    (void)state;
    assert_int_equal(rules_queue_count(r), 2);
    assert_string_equal(rules_queue_at(r, 0)->title, "Restore");
    assert_string_equal(rules_queue_at(r, 1)->title, "rest"); /* its name, where it has none */
    assert_ptr_equal(rules_queue(r, STR("restore")), rules_queue_at(r, 0));
    assert_null(rules_queue(r, STR("restor")));
    assert_int_equal(rules_queue_at(r, 0)->policy.promise_ms[SLA_FIRST_REPLY], 3600000);
    assert_int_equal(rules_queue_at(r, 0)->policy.promise_ms[SLA_UPDATE], 0);
    assert_string_equal(rules_file(r), "t.rules");
    assert_int_equal(strlen(rules_version(r)), 16);
    assert_string_not_equal(rules_version(r), rules_version(other));
    rules_close(r);
    rules_close(other);
    rules_close(NULL);
}

/* The published test vectors of FNV-1a: the empty text would be cbf29ce484222325. */
static void the_version_is_fnv_1a(void **state)
{
    struct rules *r = load("t.rules", STR("queue q{}\nroute otherwise to q"));
    uint64_t h = 0xcbf29ce484222325u;
    char want[17];

    (void)state;
    for (const char *p = "queue q{}\nroute otherwise to q"; *p != '\0'; p++)
        h = (h ^ (unsigned char)*p) * 0x100000001b3u;
    (void)snprintf(want, sizeof want, "%016llx", (unsigned long long)h);
    assert_string_equal(rules_version(r), want);
    rules_close(r);
}

static void facts_that_are_wrong_are_told(void **state)
{
    static const struct {
        const char *facts, *why;
    } cases[] = {
        {"[]", "facts must be a JSON object\n"},
        {"{\"chanel\":\"web\"}", "unknown fact \"chanel\"; did you mean \"channel\"?\n"},
        {"{\"channel\":\"fax\"}", "channel must be web, mail, phone, social or desk\n"},
        {"{\"channel\":1}", "channel must be web, mail, phone, social or desk\n"},
        {"{\"impact\":null}", "impact must be down, degraded or question\n"},
        {"{\"affected\":\"yes\"}", "affected must be true or false\n"},
        {"{\"level\":5}", "level must be a whole number from 0 to 4\n"},
        {"{\"level\":1.5}", "level must be a whole number from 0 to 4\n"},
        {"{\"followers\":-1}", "followers must be a whole number, 0 or more\n"},
        {"{\"tier\":1}", "tier must be text of at most 64 bytes\n"},
        {"{\"now\":\"x\"}", "unknown fact \"now\"\n"},
        {"{\"heat\":3}",
         "heat must be a list of at most 4 whole numbers of seconds, none smaller than the one before\n"},
        {"{\"heat\":[3,2]}",
         "heat must be a list of at most 4 whole numbers of seconds, none smaller than the one before\n"},
        {"{\"heat\":[1,2,3,4,5]}",
         "heat must be a list of at most 4 whole numbers of seconds, none smaller than the one before\n"},
        {"{\"known\":1,\"level\":-1}", "known must be true or false\nlevel must be a whole number from 0 to 4\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct doc *d = json(cases[i].facts);
        struct facts f = {.level = 77};
        struct buf why = {0};

        assert_int_equal(facts_parse(&f, d, NULL, &why), ERR_INPUT);
        assert_int_equal(f.level, 77);
        if (!str_is(buf_view(&why), cases[i].why))
            fail_msg("%s: %s", cases[i].facts, buf_view(&why).at);
        doc_close(d);
        buf_free(&why);
    }
}

static const char hot[] = "queue q { }\n"
                          "route when heat >= 3 in 1h to q priority 3\n"
                          "route when heat >= 2 in 1h to q priority 2\n"
                          "route when heat >= 3 in 24h, impact down to q priority 1\n"
                          "route otherwise to q\n"
                          "expect heat 3 in 1h queue q priority 3\n"
                          "expect heat 3 in 61m queue q priority 1\n"
                          "expect heat 4 in 30m queue q priority 3\n"
                          "expect heat >= 2 in 1h, impact question queue q priority 2\n"
                          "expect heat 3 in 24h, impact question queue q priority 0\n"
                          "expect queue q priority 0\n";

/* Whoever tries every door: by what is said of them as JSON, and by when they were heard. */
static void heat_is_channels_within_a_time(void **state)
{
    enum { M = 60000 };

    static const struct {
        const char *label;
        struct facts_heard heard[6];
        size_t n;
        const char *shown;
        int priority;
    } cases[] = {
        {"nobody was heard", {{0}}, 0, "1", 0},
        {"one channel, often", {{CHANNEL_WEB, 0}, {CHANNEL_WEB, 5 * M}, {CHANNEL_WEB, 9 * M}}, 3, "1", 0},
        {"two within the hour", {{CHANNEL_WEB, 0}, {CHANNEL_MAIL, 60 * M}}, 2, "2 in 1h", 2},
        {"and a moment more", {{CHANNEL_WEB, 0}, {CHANNEL_MAIL, 60 * M + 1}}, 2, "2 in 1h", 0},
        {"three within the hour",
         {{CHANNEL_WEB, 0}, {CHANNEL_MAIL, 20 * M}, {CHANNEL_PHONE, 50 * M}},
         3,
         "2 in 20m, 3 in 50m",
         3},
        {"three within the day",
         {{CHANNEL_WEB, 0}, {CHANNEL_MAIL, 120 * M}, {CHANNEL_PHONE, 240 * M}},
         3,
         "2 in 2h, 3 in 4h",
         1},
        {"the last word on a channel counts",
         {{CHANNEL_WEB, 0}, {CHANNEL_MAIL, 90 * M}, {CHANNEL_WEB, 100 * M}, {CHANNEL_DESK, 110 * M}},
         4,
         "2 in 10m, 3 in 20m",
         3},
        {"it does not cool",
         {{CHANNEL_WEB, 0}, {CHANNEL_MAIL, 5 * M}, {CHANNEL_PHONE, 10 * M}, {CHANNEL_WEB, 9000 * M}},
         4,
         "2 in 5m, 3 in 10m",
         3},
        {"all at once",
         {{CHANNEL_WEB, 7}, {CHANNEL_MAIL, 7}, {CHANNEL_PHONE, 7}, {CHANNEL_SOCIAL, 7}, {CHANNEL_DESK, 7}},
         5,
         "2 in 0s, 3 in 0s, 4 in 0s, 5 in 0s",
         3},
    };
    struct rules *r = load("t.rules", str_of(hot));
    struct arena *a = arena_open(4096);
    struct facts cold = facts_default();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct facts f = facts_default();
        struct buf shown = {0};
        struct decision d;

        facts_set_heat(&f, cases[i].heard, cases[i].n);
        facts_print_value(&f, FACT_HEAT, &shown);
        rules_route(r, &f, a, &d);
        if (d.priority != cases[i].priority || !str_is(buf_view(&shown), cases[i].shown))
            fail_msg("%s: priority %d, %s", cases[i].label, d.priority, buf_view(&shown).at);
        assert_int_equal(rules_heat_rises(r, &cold, &f), cases[i].priority > 0);
        assert_false(rules_heat_rises(r, &f, &f) || rules_heat_rises(r, &f, &cold));
        buf_free(&shown);
    }

    struct doc *d = json("{\"heat\":[1200,3600],\"impact\":\"question\"}");
    struct facts f;
    struct decision got;
    struct buf why = {0};

    assert_int_equal(facts_parse(&f, d, NULL, &why), ERR_OK);
    rules_route(r, &f, a, &got);
    assert_int_equal(got.priority, 3);
    doc_close(d);
    arena_close(a);
    rules_close(r);
}

static const char explained[] =
    "facts\n"
    "  channel    phone\n"
    "  level      0\n"
    "  affected   no\n"
    "  incident   no\n"
    "  executive  no\n"
    "  known      no\n"
    "  impact     down\n"
    "  followers  0\n"
    "  language   not known\n"
    "  tier       not known\n"
    "  region     not known\n"
    "  class      not known\n"
    "  heat       1\n"
    "routes of t.rules, version VERSION-OF-FILE.\n"
    "  t.rules:3: passed: route when affected yes, level >= 2 to restore priority 90"
    "  (affected is no)\n"
    "  t.rules:4: decided: route when channel phone to restore priority 1\n"
    "queue restore, \"Restore\", priority 1\n"
    "clocks, calendar always, pause first-reply when waiting-customer, now 2026-11-24T10:00:00Z\n"
    "  first-reply 1h: met, due never, done 2026-11-24T09:30:30Z\n"
    "    counted 2026-11-24T09:00:00Z to 2026-11-24T09:30:30Z  30m30s\n"
    "    for lead, 40m before breach: 2026-11-24T09:20:00Z\n"
    "    for manager, at breach: never\n";

static void a_decision_is_told_whole(void **state)
{
    struct rules *r = load("t.rules", str_of(text));
    struct arena *a = arena_open(4096);
    struct doc *d = json("{\"channel\":\"phone\",\"now\":\"2026-11-24T10:00:00Z\",\"history\":["
                         "{\"event\":\"opened\",\"at\":\"2026-11-24T09:00:00Z\"},"
                         "{\"event\":\"replied\",\"at\":\"2026-11-24T09:30:30Z\"}]}");
    struct explain_case c;
    struct buf out = {0}, why = {0};
    char want[sizeof explained];

    (void)state;
    memcpy(want, explained, sizeof want);
    memcpy(strstr(want, "VERSION-OF-FILE."), rules_version(r), 16);
    assert_int_equal(explain_parse(&c, d, 0, a, &why), ERR_OK);
    explain_print(r, &c, a, &out);
    assert_string_equal(buf_view(&out).at, want);
    buf_free(&out);
    buf_free(&why);
    doc_close(d);
    arena_close(a);
    rules_close(r);
}

static void examples_that_are_wrong_are_told(void **state)
{
    static const struct {
        const char *json, *why;
    } cases[] = {
        {"{\"now\":1}", "now must be a time such as 2026-11-24T09:00:00Z\n"},
        {"{\"history\":{}}", "history must be a list of 1 to 4096 events\n"},
        {"{\"history\":[]}", "history must be a list of 1 to 4096 events\n"},
        {"{\"history\":[{\"event\":\"born\",\"at\":\"2026-11-24T09:00:00Z\"}]}",
         "an event needs \"event\" (opened, paused, resumed, replied, solved or reopened) and \"at\" "
         "(2026-11-24T09:00:00Z)\n"},
        {"{\"history\":[{\"event\":\"replied\",\"at\":\"2026-11-24T09:00:00Z\"}]}", "history must begin with opened\n"},
        {"{\"history\":[{\"event\":\"opened\",\"at\":\"2026-11-24T09:00:00Z\"},"
         "{\"event\":\"replied\",\"at\":\"2026-11-24T08:00:00Z\"}]}",
         "history must be in order of time\n"},
        {"{\"chanel\":1}", "unknown fact \"chanel\"; did you mean \"channel\"?\n"},
    };
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct doc *d = json(cases[i].json);
        struct explain_case c;
        struct buf why = {0};

        assert_int_equal(explain_parse(&c, d, 0, a, &why), ERR_INPUT);
        if (!str_is(buf_view(&why), cases[i].why))
            fail_msg("%s: %s", cases[i].json, buf_view(&why).at);
        doc_close(d);
        buf_free(&why);
    }
    arena_close(a);
}

/* Its own examples are run by loading it. Here: a level never changes the queue, for any other facts. */
static void the_shipped_rules_load_and_ask_for_no_proof(void **state)
{
    struct buf b = whole_file("rules/default.rules");
    struct rules *r = load("rules/default.rules", buf_view(&b));
    struct arena *a = arena_open(4096);

    (void)state;
    for (unsigned bits = 0; bits < 5 * 3 * 16; bits++) {
        struct facts f = facts_default();
        struct decision first, other;

        f.channel = (enum facts_channel)(bits / 48);
        f.impact = (enum facts_impact)(bits / 16 % 3);
        f.affected = (bits & 1) != 0;
        f.known = (bits & 2) != 0;
        f.executive = (bits & 4) != 0;
        f.followers = (bits & 8) != 0 ? 50000 : 5;
        arena_reset(a);
        rules_route(r, &f, a, &first);
        assert_true(first.queue->policy.promise_ms[SLA_FIRST_REPLY] > 0);
        for (f.level = 1; f.level <= FACT_LEVEL_MAX; f.level++) {
            rules_route(r, &f, a, &other);
            assert_ptr_equal(other.queue, first.queue);
            assert_int_equal(other.priority, first.priority);
        }
    }
    arena_close(a);
    rules_close(r);
    buf_free(&b);
}

static struct email mailbox(struct arena *a, const char *typed)
{
    struct email e;

    assert_true(email_parse(a, str_of(typed), &e));
    return e;
}

static void senders_have_one_class_or_none(void **state)
{
    static const struct {
        const char *label, *typed, *name;
    } cases[] = {
        {"a domain", "mei@partner.example", "partner"},
        {"in any case", "Mei@PARTNER.example", "partner"},
        {"as A-labels",
         "mei@b\xC3\xBC"
         "cher.example",
         "partner"},
        {"the second of a list", "mei@partner.example.org", "partner"},
        {"a part of it is another domain", "mei@eu.partner.example", NULL},
        {"an address", "office@agency.example", "partner"},
        {"its domain is not meant", "mei@agency.example", NULL},
        {"an address wins over its domain", "ceo@partner.example", "internal"},
        {"somebody else", "mei@example.org", NULL},
        {"one whose address is not ASCII", "m\xC3\xA9i@partner.example", "partner"},
    };
    struct rules *r = load("t.rules", STR("class partner { domain \"partner.example\" \"Partner.Example.org\"\n"
                                          "                address \"Office@Agency.example\"\n"
                                          "                domain \"b\xC3\xBC"
                                          "cher.example\" }\n"
                                          "class internal { address \"ceo@partner.example\" }\n"
                                          "queue q { }\n"
                                          "route when class partner to q priority 7\n"
                                          "route otherwise to q\n"
                                          "expect class partner queue q priority 7\n"
                                          "expect class internal queue q priority 0\n"
                                          "expect queue q priority 0\n"));
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct email e = mailbox(a, cases[i].typed);
        const char *name = rules_class(r, &e);

        if (name == NULL ? cases[i].name != NULL : cases[i].name == NULL || strcmp(name, cases[i].name) != 0)
            fail_msg("%s: %s", cases[i].label, name == NULL ? "none" : name);
    }
    arena_close(a);
    rules_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heat_is_channels_within_a_time),
        cmocka_unit_test(the_first_that_fits_decides),
        cmocka_unit_test(queues_are_found_by_name),
        cmocka_unit_test(the_version_is_fnv_1a),
        cmocka_unit_test(facts_that_are_wrong_are_told),
        cmocka_unit_test(a_decision_is_told_whole),
        cmocka_unit_test(examples_that_are_wrong_are_told),
        cmocka_unit_test(the_shipped_rules_load_and_ask_for_no_proof),
        cmocka_unit_test(senders_have_one_class_or_none),
    };

    return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
