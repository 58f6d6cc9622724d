/* id: ULIDs, kinds and the public reference. */
#include "rules/base/id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* ---- ULIDs ---- */

static void ulids_are_printed_as_the_specification_says(void **state)
{
    static const struct {
        int64_t time_ms;
        uint8_t random[10];
        const char *text;
    } cases[] = {
        {0, {0}, "00000000000000000000000000"},
        {1469918176385, {0}, "01ARYZ6S410000000000000000"},
        {1469922850259, {0xD6, 0x76, 0x4C, 0x61, 0xEF, 0xB9, 0x93, 0x02, 0xBD, 0x5B}, "01ARZ3NDEKTSV4RRFFQ69G5FAV"},
        {281474976710655, {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[ULID_CHARS + 1];
        struct ulid u = ulid_make(cases[i].time_ms, cases[i].random), back;

        ulid_print(u, out);
        assert_string_equal(out, cases[i].text);
        assert_true(ulid_parse(str_of(out), &back));
        assert_true(ulid_equal(u, back));
        assert_int_equal(ulid_time_ms(back), cases[i].time_ms);
    }
}

static void what_is_no_ulid_is_refused(void **state)
{
    static const struct {
        const char *label;
        struct str s;
    } cases[] = {
        {"empty", STR("")},
        {"one short", STR("01ARZ3NDEKTSV4RRFFQ69G5FA")},
        {"one long", STR("01ARZ3NDEKTSV4RRFFQ69G5FAVV")},
        {"more than 128 bits", STR("8ZZZZZZZZZZZZZZZZZZZZZZZZZ")},
        {"lower case", STR("01arz3ndektsv4rrffq69g5fav")},
        {"letter I", STR("01ARZ3NDEKTSV4RRFFQ69G5FAI")},
        {"letter L", STR("01ARZ3NDEKTSV4RRFFQ69G5FAL")},
        {"letter O", STR("01ARZ3NDEKTSV4RRFFQ69G5FAO")},
        {"letter U", STR("01ARZ3NDEKTSV4RRFFQ69G5FAU")},
        {"NUL", STR("01ARZ3NDEKTSV4RRFFQ69G5FA\0")},
        {"space in front", STR(" 1ARZ3NDEKTSV4RRFFQ69G5FAV")},
        {"byte over 127", STR("01ARZ3NDEKTSV4RRFFQ69G5FA\xFF")},
    };
    struct ulid u;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (ulid_parse(cases[i].s, &u))
            fail_msg("%s", cases[i].label);
}

static void later_ulids_sort_behind_earlier_ones(void **state)
{
    static const uint8_t high[10] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, low[10] = {0};
    char earlier[ULID_CHARS + 1], later[ULID_CHARS + 1];

    (void)state;
    ulid_print(ulid_make(1795511523000, high), earlier);
    ulid_print(ulid_make(1795511523001, low), later);
    assert_true(strcmp(earlier, later) < 0);
}

/* ---- kinds ---- */

static void an_id_is_taken_for_its_own_kind_only(void **state)
{
    static const enum id_kind kinds[] = {
#define X(name, prefix) ID_##name,
        ID_KIND_LIST(X)
#undef X
    };
    const size_t n = sizeof kinds / sizeof kinds[0];
    struct ulid u = ulid_make(1795511523000, (const uint8_t *)"0123456789"), back;

    (void)state;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            assert_int_equal(id_parse(kinds[j], str_of(id_print(kinds[i], u).at), &back), i == j);
    assert_string_equal(id_print(ID_SITE, ulid_make(0, (const uint8_t[10]){0})).at, "site_00000000000000000000000000");
}

static void what_is_nearly_an_id_is_refused(void **state)
{
    static const struct str cases[] = {
        STR(""),
        STR("tkt_"),
        STR("tkt"),
        STR("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        STR("tkt-01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        STR("TKT_01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        STR("tkt_01ARZ3NDEKTSV4RRFFQ69G5FAV "),
        STR("tkt_01ARZ3NDEKTSV4RRFFQ69G5FA"),
        STR("tkt__1ARZ3NDEKTSV4RRFFQ69G5FAV"),
    };
    struct ulid u;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_false(id_parse(ID_TICKET, cases[i], &u));
}

/* ---- references ---- */

/* Computed apart from this code, with whole numbers and divmod, from the definition of Luhn mod N. */
static const struct {
    uint64_t number;
    const char *text;
} references[] = {
    {0, "0000-0000-0"},
    {1, "0000-0001-Y"},
    {31, "0000-000Z-1"},
    {32, "0000-0010-Z"},
    {1099511627775, "ZZZZ-ZZZZ-8"},
    {78187493530, "28T5-CY4T-8"},
    {1094624909430, "ZVEB-N63P-N"},
    {366503875925, "ANAN-ANAN-C"},
    {836042152247, "RAKZ-XP9Q-0"},
    {832791728439, "R7K4-2M9Q-W"},
};
enum { REFERENCES = sizeof references / sizeof references[0] };

static void references_are_printed_with_their_check_character(void **state)
{
    (void)state;
    for (size_t i = 0; i < REFERENCES; i++) {
        uint64_t back;

        assert_string_equal(reference_print(references[i].number).at, references[i].text);
        assert_true(reference_parse(str_of(references[i].text), &back));
        assert_int_equal(back, references[i].number);
    }
}

static void references_are_read_as_people_write_them(void **state)
{
    static const struct {
        const char *label, *text;
        bool taken;
    } cases[] = {
        {"as printed", "R7K4-2M9Q-W", true},
        {"lower case", "r7k4-2m9q-w", true},
        {"without dashes", "R7K42M9QW", true},
        {"with spaces", " R7K4 2M9Q W ", true},
        {"dashes elsewhere", "R-7-K-4-2-M-9-Q-W-", true},
        {"wrong check character", "R7K4-2M9Q-C", false},
        {"one character short", "R7K4-2M9-W", false},
        {"one character more", "R7K4-2M9Q-WW", false},
        {"empty", "", false},
        {"only dashes", "----", false},
        {"a letter outside the alphabet", "U7K4-2M9Q-W", false},
        {"another dash", "R7K4–2M9Q–W", false},
        {"full-width letters", "Ｒ7K4-2M9Q-W", false},
    };
    uint64_t n;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (reference_parse(str_of(cases[i].text), &n) != cases[i].taken ||
            (cases[i].taken && n != UINT64_C(832791728439)))
            fail_msg("%s", cases[i].label);
    assert_true(reference_parse(STR("OOOO-OOOI-y"), &n) && n == 1);
    assert_true(reference_parse(STR("oooo-oool-Y"), &n) && n == 1);
    assert_false(reference_parse(STR("0000-0000\0-0"), &n));
}

static void every_single_misread_character_is_noticed(void **state)
{
    uint64_t n;

    (void)state;
    for (size_t i = 0; i < REFERENCES; i++)
        for (size_t at = 0; at < REFERENCE_CHARS; at++)
            for (const char *c = alphabet; *c != '\0'; c++) {
                struct reference r = reference_print(references[i].number);

                if (r.at[at] == '-' || r.at[at] == *c)
                    continue;
                r.at[at] = *c;
                if (reference_parse(str_of(r.at), &n))
                    fail_msg("%s for %s", r.at, references[i].text);
            }
}

static void neighbours_that_changed_places_are_noticed(void **state)
{
    uint64_t n;

    (void)state;
    for (size_t i = 0; i < REFERENCES; i++)
        for (size_t at = 0; at + 1 < REFERENCE_CHARS; at++) {
            struct reference r = reference_print(references[i].number);
            size_t next = r.at[at + 1] == '-' ? at + 2 : at + 1;
            char a = r.at[at], b = r.at[next];

            /* The one pair that Luhn cannot tell: the first and the last of the alphabet. */
            if (a == '-' || a == b || (a == '0' && b == 'Z') || (a == 'Z' && b == '0'))
                continue;
            r.at[at] = b;
            r.at[next] = a;
            if (reference_parse(str_of(r.at), &n))
                fail_msg("%s for %s", r.at, references[i].text);
        }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(ulids_are_printed_as_the_specification_says),
        cmocka_unit_test(what_is_no_ulid_is_refused),
        cmocka_unit_test(later_ulids_sort_behind_earlier_ones),
        cmocka_unit_test(an_id_is_taken_for_its_own_kind_only),
        cmocka_unit_test(what_is_nearly_an_id_is_refused),
        cmocka_unit_test(references_are_printed_with_their_check_character),
        cmocka_unit_test(references_are_read_as_people_write_them),
        cmocka_unit_test(every_single_misread_character_is_noticed),
        cmocka_unit_test(neighbours_that_changed_places_are_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
