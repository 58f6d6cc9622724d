/* checklist: what is read, what counts as evidence, and who may sign. */
#include "rules/checklist.h"

#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void reads_what_it_prints(void **state)
{
    struct arena *a = arena_open(4096);
    struct checklist l, again = {.version = 1};
    const char *why = NULL;

    (void)state;
    checklist_shipped(&l);

    struct doc *d = checklist_doc(&l);

    assert_int_equal(checklist_read(d, a, &again, &why), ERR_OK);

    struct doc *e = checklist_doc(&again);

    assert_true(str_equal(doc_print(d, a), doc_print(e, a)));
    doc_close(d);
    doc_close(e);
    arena_close(a);
}

static void refuses_what_is_none(void **state)
{
    static const struct {
        const char *json, *why;
    } cases[] = {
        {"{}", "1 to 40 steps"},
        {"{\"steps\":[]}", "1 to 40 steps"},
        {"{\"steps\":{\"a\":1}}", "1 to 40 steps"},
        {"{\"steps\":[{\"key\":\"A\",\"title\":\"t\",\"evidence\":\"tick\"}]}", "key is a word"},
        {"{\"steps\":[{\"key\":\"-a\",\"title\":\"t\",\"evidence\":\"tick\"}]}", "key is a word"},
        {"{\"steps\":[{\"key\":\"a\",\"title\":\" \",\"evidence\":\"tick\"}]}", "title"},
        {"{\"steps\":[{\"key\":\"a\",\"title\":\"t\\n\\u0007x\",\"evidence\":\"tick\"}]}", "title"},
        {"{\"steps\":[{\"key\":\"a\",\"title\":\"t\",\"evidence\":\"photo\"}]}", "evidence is"},
        {"{\"steps\":[{\"key\":\"a\",\"title\":\"t\",\"evidence\":\"tick\"},"
         "{\"key\":\"a\",\"title\":\"t\",\"evidence\":\"tick\"}]}",
         "twice"},
    };
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct checklist l = {.version = 7};
        const char *why = "";
        struct doc *d;

        assert_int_equal(doc_parse(&d, str_of(cases[i].json), NULL, 0), ERR_OK);
        assert_int_equal(checklist_read(d, a, &l, &why), ERR_INPUT);
        if (strstr(why, cases[i].why) == NULL)
            fail_msg("%s: %s", cases[i].json, why);
        assert_int_equal(l.n, 0);
        doc_close(d);
    }
    arena_close(a);
}

static void evidence_is_of_its_kind(void **state)
{
    static const struct {
        enum checklist_evidence kind;
        const char *evidence;
        bool fits;
    } cases[] = {
        {CHECKLIST_TICK, "", true},
        {CHECKLIST_TICK, "seen by two of us", true},
        {CHECKLIST_NOTE, "", false},
        {CHECKLIST_NOTE, "as before", true},
        {CHECKLIST_NUMBER, "", false},
        {CHECKLIST_NUMBER, "0", true},
        {CHECKLIST_NUMBER, "1204", true},
        {CHECKLIST_NUMBER, "-1", false},
        {CHECKLIST_NUMBER, "about 12", false},
        {CHECKLIST_LINK, "https://acme.example/", true},
        {CHECKLIST_LINK, "https://", false},
        {CHECKLIST_LINK, "http://acme.example/", false},
        {CHECKLIST_LINK, "https://acme.example/\njavascript:", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct checklist_step s = {.evidence = cases[i].kind};

        if (checklist_evidence_fits(&s, str_of(cases[i].evidence)) != cases[i].fits)
            fail_msg("%s \"%s\"", checklist_evidence_name(cases[i].kind), cases[i].evidence);
    }
}

static void names_the_first_that_is_missing(void **state)
{
    struct checklist l = {.n = 3, .step = {{.key = STR("a")}, {.key = STR("b"), .optional = true}, {.key = STR("c")}}};
    struct str done[] = {STR("c"), STR("a")};

    (void)state;
    assert_string_equal(checklist_missing(&l, NULL, 0)->key.at, "a");
    assert_string_equal(checklist_missing(&l, done, 1)->key.at, "a");
    assert_null(checklist_missing(&l, done, 2));
    assert_string_equal(checklist_missing(&l, done + 1, 1)->key.at, "c");
}

static void two_people_sign(void **state)
{
    const struct ulid nobody = {0}, one = {{1}}, two = {{2}};

    (void)state;
    assert_int_equal(checklist_sign(nobody, nobody, one), CHECKLIST_FIRST);
    assert_int_equal(checklist_sign(one, nobody, one), CHECKLIST_SAME_PERSON);
    assert_int_equal(checklist_sign(one, nobody, two), CHECKLIST_SECOND);
    assert_int_equal(checklist_sign(one, two, one), CHECKLIST_SIGNED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_prints),    cmocka_unit_test(refuses_what_is_none),
        cmocka_unit_test(evidence_is_of_its_kind), cmocka_unit_test(names_the_first_that_is_missing),
        cmocka_unit_test(two_people_sign),
    };

    return cmocka_run_group_tests_name("checklist", tests, NULL, NULL);
}
