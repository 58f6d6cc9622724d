/* restoration_report: what is told of a site, read strictly. */
#include "rules/restoration_report.h"

#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1775642400000) /* 2026-04-08T10:00:00Z */

static size_t read_text(struct arena *a, const char *json, struct restoration_report *out,
                        struct restoration_fault faults[RESTORATION_FAULTS_MAX])
{
    struct doc *d;

    assert_int_equal(doc_parse(&d, str_of(json), NULL, 0), ERR_OK);

    size_t n = restoration_report_read(d, NOW, a, out, faults);

    doc_close(d);
    return n;
}

static void reads_all_of_it(void **state)
{
    struct arena *a = arena_open(4096);
    struct restoration_fault faults[RESTORATION_FAULTS_MAX];
    struct restoration_report r;

    (void)state;
    assert_int_equal(read_text(a,
                               "{\"incident\":\"site-loss\",\"site\":\" https://acme.example/ \",\"batch\":\"B-7.a_1\","
                               "\"state\":\"failed\",\"at\":\"2026-04-08T11:59:00+02:00\","
                               "\"evidence\":{\"restore_point\":\"p1\",\"rows\":12,\"whole\":true}}",
                               &r, faults),
                     0);
    assert_string_equal(r.incident.at, "site-loss");
    assert_string_equal(r.site.at, "https://acme.example/");
    assert_string_equal(r.batch.at, "B-7.a_1");
    assert_int_equal(r.event, RESTORATION_FAILED);
    assert_int_equal(r.at_ms, NOW - 60000);
    assert_string_equal(r.evidence.at, "{\"restore_point\":\"p1\",\"rows\":12,\"whole\":true}");
    arena_close(a);
}

#define GOOD(more) \
    "{\"incident\":\"s\",\"site\":\"A-1\",\"state\":\"restoring\",\"at\":\"2026-04-08T10:00:00Z\"" more "}"

static void refuses_what_it_cannot_read(void **state)
{
    static const struct {
        const char *json, *field, *code;
    } cases[] = {
        {"[]", "body", "wrong-type"},
        {GOOD(",\"sites\":1"), "body", "unknown"},
        {"{\"site\":\"A-1\",\"state\":\"waiting\",\"at\":\"2026-04-08T10:00:00Z\"}", "incident", "missing"},
        {"{\"incident\":\"S\",\"site\":\"A-1\",\"state\":\"waiting\",\"at\":\"2026-04-08T10:00:00Z\"}", "incident",
         "malformed"},
        {"{\"incident\":\"s\",\"site\":\" \",\"state\":\"waiting\",\"at\":\"2026-04-08T10:00:00Z\"}", "site",
         "missing"},
        {"{\"incident\":\"s\",\"site\":\"a\\u0000b\",\"state\":\"waiting\",\"at\":\"2026-04-08T10:00:00Z\"}", "site",
         "character"},
        {"{\"incident\":\"s\",\"site\":7,\"state\":\"waiting\",\"at\":\"2026-04-08T10:00:00Z\"}", "site", "wrong-type"},
        {"{\"incident\":\"s\",\"site\":\"A-1\",\"state\":\"handed-back\",\"at\":\"2026-04-08T10:00:00Z\"}", "state",
         "unknown"},
        {"{\"incident\":\"s\",\"site\":\"A-1\",\"state\":\"waiting\",\"at\":\"yesterday\"}", "at", "malformed"},
        {"{\"incident\":\"s\",\"site\":\"A-1\",\"state\":\"waiting\",\"at\":\"2026-04-08T10:05:01Z\"}", "at", "range"},
        {GOOD(",\"batch\":\"a b\""), "batch", "malformed"},
        {GOOD(",\"batch\":\"12345678901234567890123456789012345678901\""), "batch", "malformed"},
        {GOOD(",\"evidence\":[1]"), "evidence", "wrong-type"},
        {GOOD(",\"evidence\":{\"a\":{}}"), "evidence", "wrong-type"},
        {GOOD(",\"evidence\":{\"a\":\"x\\ny\"}"), "evidence", "wrong-type"},
    };
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct restoration_fault faults[RESTORATION_FAULTS_MAX];
        struct restoration_report r = {.at_ms = 7};
        size_t n = read_text(a, cases[i].json, &r, faults);

        if (n == 0 || strcmp(faults[0].field, cases[i].field) != 0 || strcmp(faults[0].code, cases[i].code) != 0)
            fail_msg("%s: %s", cases[i].json, n == 0 ? "taken" : faults[0].field);
        assert_int_equal(r.at_ms, 7);
    }
    arena_close(a);
}

static void bounds_the_evidence(void **state)
{
    struct arena *a = arena_open(4096);
    struct restoration_fault faults[RESTORATION_FAULTS_MAX];
    struct restoration_report r;
    struct buf b = {0};

    (void)state;
    buf_text(&b, ",\"evidence\":{\"a\":\"");
    for (int i = 0; i < RESTORATION_EVIDENCE_MAX; i++)
        buf_char(&b, 'x');
    buf_text(&b, "\"}");

    char *json = arena_printf(a, GOOD("%s"), buf_view(&b).at);

    assert_int_equal(read_text(a, json, &r, faults), 1);
    assert_string_equal(faults[0].code, "too-long");
    buf_free(&b);
    arena_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_all_of_it),
        cmocka_unit_test(refuses_what_it_cannot_read),
        cmocka_unit_test(bounds_the_evidence),
    };

    return cmocka_run_group_tests_name("restoration_report", tests, NULL, NULL);
}
