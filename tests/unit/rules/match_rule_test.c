/* match statements: every way they can be wrong and what is said about it; the shipped ones. */
#include "rules/match_rule.h"

#include "gateway/zoneinfo.h"
#include "rules/base/arena.h"
#include "rules/route.h"
#include "tests/unit/whole_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char base[] = "queue q { }\nroute otherwise to q\n";

static struct rules *load(const char *text, struct buf *faults)
{
    struct rules *r = NULL;

    return rules_load(&r, "f", str_of(text), zoneinfo_bytes, NULL, faults) == ERR_OK ? r : NULL;
}

static void every_fault_has_its_line(void **state)
{
    static const struct {
        const char *label, *text, *faults;
    } cases[] = {
        {"no name", "match { link 9 review 8 }\n", "f:3: expected the name of a match, not \"{\"\n"},
        {"no bounds", "match m { email same 9 }\n", "f:3: match \"m\" needs link and review, from 1 to 100\n"},
        {"review above link", "match m { link 50 review 60 }\n", "f:3: match \"m\": review must not be above link\n"},
        {"a bound below nothing", "match m { link -5 review 1 }\n", "f:3: -5 is no score: write 0 to 100\n"},
        {"a bound without number", "match m { link high review 1 }\n",
         "f:3: \"high\" are no points: write -200 to 200\n"},
        {"a bound twice", "match m { link 9 link 8 review 1 }\n", "f:3: match \"m\" has \"link\" twice\n"},
        {"unknown row", "match m {\n link 9 review 8\n emial same 9 }\n",
         "f:5: match \"m\" has no \"emial\"; did you mean \"email\"?\n"},
        {"a row twice", "match m { link 9 review 8 email same 9 email same 8 }\n",
         "f:3: match \"m\" has \"email\" twice\n"},
        {"without same", "match m { link 9 review 8 email close 9 }\n",
         "f:3: expected same and its points, not \"}\"\n"},
        {"an outcome without points", "match m { link 9 review 8 email same }\n",
         "f:3: expected points such as 40 or -15, not \"}\"\n"},
        {"too many points", "match m { link 9 review 8 email same 201 }\n",
         "f:3: \"201\" are no points: write -200 to 200\n"},
        {"an outcome the row never has", "match m { link 9 review 8 handle same 9 close 3 }\n",
         "f:3: handle has no \"close\"\n"},
        {"an outcome twice", "match m { link 9 review 8 email same 9 same 8 }\n", "f:3: email has \"same\" twice\n"},
        {"the weaker counts more", "match m { link 9 review 8 email same 9 close 10 }\n",
         "f:3: email: \"close\" counts more than \"same\"\n"},
        {"defined twice", "match m { link 9 review 8 }\nmatch m { link 9 review 8 }\n",
         "f:4: match \"m\" is defined twice, first on line 3\n"},
        {"a field without form", "match m { link 9 review 8 field street same 9 }\n",
         "f:3: expected as and name, words, code or date, not \"same\"\n"},
        {"a field of unknown form", "match m { link 9 review 8 field street as road same 9 }\n",
         "f:3: expected name, words, code or date, not \"road\"\n"},
        {"a field that is a row", "match m { link 9 review 8 field email as code same 9 }\n",
         "f:3: \"email\" is there already\n"},
        {"a field twice", "match m { link 9 review 8 field a as code same 9 field a as code same 9 }\n",
         "f:3: \"a\" is there already\n"},
        {"not closed", "match m { link 9 review 8\nqueue p { }\n",
         "f:4: match \"m\" is not closed: put } before this line\n"},
        {"example of an unknown match", "expect match custommer email same link\n",
         "f:3: no match is called \"custommer\"; did you mean \"customer\"?\n"},
        {"example of an unknown row", "expect match customer fax same link\n",
         "f:3: match \"customer\" has no row \"fax\"\n"},
        {"example of an outcome the row never has", "expect match customer person role link\n",
         "f:3: person has no \"role\"\n"},
        {"example without an outcome", "expect match customer email, link\n",
         "f:3: expected same, role, shared, short, close, differs or unknown, not \",\"\n"},
        {"example without a band", "expect match customer email same\n",
         "f:3: expected a comma and a row, or link, review or apart, but the statement ends\n"},
        {"example with more behind it", "expect match customer email same link it\n",
         "f:3: unexpected \"it\"; a line that begins with a space continues the one before\n"},
        {"example that comes out differently",
         "match m { link 50 review 30 email same 40 }\nexpect match m email same link\n",
         "f:4: this example comes to 40 points by line 3, which is review, not link\n"},
        {"never keeps from linking",
         "match m { link 5 review 3 email same 9 site same 9 differs never }\n"
         "expect match m email same, site differs link\n",
         "f:4: this example comes to 9 points by line 3, which is review, not link\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf text = {0}, faults = {0};

        buf_printf(&text, "%s%s", base, cases[i].text);

        struct rules *r = load(buf_view(&text).at, &faults);

        if (r != NULL || strcmp(buf_view(&faults).at, cases[i].faults) != 0)
            fail_msg("%s: %s", cases[i].label, r != NULL ? "loaded" : buf_view(&faults).at);
        buf_free(&text);
        buf_free(&faults);
    }
}

static void a_statement_is_read_as_it_stands(void **state)
{
    struct buf faults = {0};
    struct rules *r = load("match m {\n link 80 review 30 ahead 7\n email strong same 60 role 20 differs -4\n"
                           " site same +50 differs never\n field street as words same 20 close 9 }\n"
                           "queue q { }\nroute otherwise to q\n",
                           &faults);
    const struct match_rule *m;
    enum match_kind street;

    (void)state;
    assert_non_null(r);
    m = rules_match(r, "m");
    assert_int_equal(match_rule_line(m), 1);
    assert_int_equal(m->link, 80);
    assert_int_equal(m->review, 30);
    assert_int_equal(m->ahead, 7);
    assert_true(m->row[MATCH_EMAIL].strong);
    assert_int_equal(m->row[MATCH_EMAIL].line, 3);
    assert_int_equal(m->row[MATCH_EMAIL].points[MATCH_SAME_ROLE], 20);
    assert_int_equal(m->row[MATCH_EMAIL].points[MATCH_SAME_SHARED], 60); /* not stated: like same */
    assert_int_equal(m->row[MATCH_EMAIL].points[MATCH_CLOSE], 0);
    assert_int_equal(m->row[MATCH_EMAIL].points[MATCH_DIFFERS], -4);
    assert_false(m->row[MATCH_SITE].strong);
    assert_true(m->row[MATCH_SITE].never);
    assert_int_equal(m->row[MATCH_PHONE].line, 0); /* is not asked */
    assert_true(match_field(m, STR("street"), &street));
    assert_int_equal(street, MATCH_FIELD);
    assert_int_equal(m->row[street].form, MATCH_FORM_WORDS);
    assert_false(match_field(m, STR("email"), &street));
    assert_string_equal(m->version, rules_version(r));
    assert_null(rules_match(r, "n"));
    rules_close(r);
    buf_free(&faults);
}

static struct rules *shipped(void)
{
    struct buf text = whole_file("rules/default.rules"), faults = {0};
    struct rules *r = load(buf_view(&text).at, &faults);

    if (r == NULL)
        fail_msg("%s", buf_view(&faults).at);
    buf_free(&text);
    buf_free(&faults);
    return r;
}

static void a_file_without_weights_gets_the_shipped_ones(void **state)
{
    static const char *const names[] = {MATCH_CUSTOMER, MATCH_STRANGER};
    struct buf faults = {0};
    struct rules *full = shipped(), *bare = load(base, &faults);

    (void)state;
    assert_non_null(bare);
    for (size_t i = 0; i < 2; i++) {
        const struct match_rule *a = rules_match(full, names[i]), *b = rules_match(bare, names[i]);

        assert_true(match_rule_line(a) > 0);
        assert_int_equal(match_rule_line(b), 0);
        assert_int_equal(a->link, b->link);
        assert_int_equal(a->review, b->review);
        assert_int_equal(a->ahead, b->ahead);
        assert_int_equal(a->fields, b->fields);
        for (size_t row = 0; row < MATCH_ROWS; row++) {
            assert_int_equal(a->row[row].line > 0, b->row[row].line > 0);
            assert_int_equal(a->row[row].strong, b->row[row].strong);
            assert_int_equal(a->row[row].never, b->row[row].never);
            assert_memory_equal(a->row[row].points, b->row[row].points, sizeof a->row[row].points);
        }
    }
    rules_close(full);
    rules_close(bare);
    buf_free(&faults);
}

static void ones_own_statement_wins(void **state)
{
    struct buf faults = {0}, text = {0};

    (void)state;
    buf_printf(&text, "%smatch customer { link 9 review 8 }\n", base);

    struct rules *r = load(buf_view(&text).at, &faults);

    assert_non_null(r);
    assert_int_equal(rules_match(r, MATCH_CUSTOMER)->link, 9);
    assert_int_equal(match_rule_line(rules_match(r, MATCH_CUSTOMER)), 3);
    assert_int_equal(match_rule_line(rules_match(r, MATCH_STRANGER)), 0);
    rules_close(r);
    buf_free(&text);
    buf_free(&faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_has_its_line),
        cmocka_unit_test(a_statement_is_read_as_it_stands),
        cmocka_unit_test(a_file_without_weights_gets_the_shipped_ones),
        cmocka_unit_test(ones_own_statement_wins),
    };

    return cmocka_run_group_tests_name("match_rule", tests, NULL, NULL);
}
