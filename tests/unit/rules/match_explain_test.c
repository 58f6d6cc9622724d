/* match_explain: a claim and a record as JSON, and what is said about them. */
#include "rules/match_explain.h"

#include "gateway/zoneinfo.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char text[] = "queue q { }\nroute otherwise to q\n"
                           "match customer { link 75 review 40 mailbox same 100 email same 90 role 30 close 40\n"
                           "  phone same 60 shared 10 person same 30 }\n"
                           "match people { link 75 review 40 field born as date same 80 }\n";

struct told {
    enum err e;
    struct buf out, why;
    char version[17];
};

static struct told explain(const char *json)
{
    struct told t = {.e = ERR_OK};
    struct rules *r = NULL;
    struct arena *a = arena_open(4096);
    struct doc *d = NULL;
    struct match_example_case c;

    assert_int_equal(rules_load(&r, "f", str_of(text), zoneinfo_bytes, NULL, &t.why), ERR_OK);
    assert_int_equal(doc_parse(&d, str_of(json), NULL, 0), ERR_OK);
    assert_true(match_explains(d));
    t.e = match_explain_parse(&c, r, d, a, &t.why);
    if (t.e == ERR_OK)
        match_explain_print(&c, a, &t.out);
    (void)snprintf(t.version, sizeof t.version, "%s", rules_version(r));
    doc_close(d);
    arena_close(a);
    rules_close(r);
    return t;
}

static void a_decision_is_told_part_by_part(void **state)
{
    static const struct {
        const char *label, *json, *told; /* %s: the version */
    } cases[] = {
        {"the same",
         "{\"claim\":{\"email\":\"anna@acme.example\",\"person\":\"Anna Schmidt\"},"
         "\"record\":{\"email\":[\"bob@acme.example\",\"anna@acme.example\"],\"person\":\"Schmidt, Anna\"}}",
         "match customer\n  the e-mail address is the same: +90\n  the person's name is the same: +30\n"
         "  score 100, review from 40, link from 75: link (f:3, version %s)\n"
         "found by email domain brand person initial half; asked in 10 places, kept in 9\n"},
        {"proven, shared",
         "{\"claim\":{\"email\":\"info@acme.example\",\"proven\":true,\"phone\":\"+886 2 1234 5678\"},"
         "\"record\":{\"email\":\"bob@acme.example\",\"phone\":\"+886 2 1234 5678\","
         "\"shared\":[\"+886 2 1234 5678\"]}}",
         "match customer\n  the confirmed mailbox differs: +0\n"
         "  the phone number is the same, but shared by several customers: +10\n"
         "  score 10, review from 40, link from 75: apart (f:3, version %s)\n"
         "found by phone domain brand tail half; asked in 11 places, kept in 9\n"},
        {"another statement",
         "{\"match\":\"people\",\"claim\":{\"born\":\"1965-06-15\"},\"record\":{\"born\":\"19650615\"}}",
         "match people\n  the born is the same: +80\n"
         "  score 80, review from 40, link from 75: link (f:5, version %s)\n"
         "found by field; asked in 1 places, kept in 1\n"},
        {"nothing", "{\"claim\":{},\"record\":{}}",
         "match customer\n  nothing that both have can be compared: +0\n"
         "  score 0, review from 40, link from 75: apart (f:3, version %s)\n"
         "found by nothing; asked in 0 places, kept in 0\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct told t = explain(cases[i].json);
        const char *version = strstr(cases[i].told, "%s");
        struct buf want = {0};

        buf_add(&want, cases[i].told, (size_t)(version - cases[i].told));
        buf_printf(&want, "%s%s", t.version, version + 2);
        if (t.e != ERR_OK || strcmp(buf_view(&t.out).at, buf_view(&want).at) != 0)
            fail_msg("%s: %s%s", cases[i].label, buf_view(&t.why).at, buf_view(&t.out).at);
        buf_free(&want);
        buf_free(&t.out);
        buf_free(&t.why);
    }
}

static void what_is_wrong_is_told(void **state)
{
    static const struct {
        const char *json, *why;
    } cases[] = {
        {"{\"claim\":{}}", "record must be a JSON object\n"},
        {"{\"record\":[],\"claim\":1}", "claim must be a JSON object\nrecord must be a JSON object\n"},
        {"{\"match\":\"nobody\",\"claim\":{},\"record\":{}}", "no match is called \"nobody\"\n"},
        {"{\"claim\":{\"emial\":\"a@b.example\"},\"record\":{}}",
         "claim: unknown row \"emial\"; did you mean \"email\"?\n"},
        {"{\"claim\":{\"mailbox\":\"a@b.example\"},\"record\":{}}", "claim: unknown row \"mailbox\"\n"},
        {"{\"claim\":{\"born\":\"19650615\"},\"record\":{}}", "claim: unknown row \"born\"\n"},
        {"{\"claim\":{\"email\":7},\"record\":{\"email\":[null]}}",
         "claim: email must be a text or a list of texts\nrecord: email must be a text or a list of texts\n"},
        {"{\"claim\":{\"email\":\"me@localhost\"},\"record\":{\"phone\":\"soon\"}}",
         "claim: \"me@localhost\" cannot be compared as email\nrecord: \"soon\" cannot be compared as phone\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct told t = explain(cases[i].json);

        assert_int_equal(t.e, ERR_INPUT);
        assert_string_equal(buf_view(&t.why).at, cases[i].why);
        buf_free(&t.out);
        buf_free(&t.why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_decision_is_told_part_by_part),
        cmocka_unit_test(what_is_wrong_is_told),
    };

    return cmocka_run_group_tests_name("match_explain", tests, NULL, NULL);
}
