/* text: byte strings, UTF-8 and the growing buffer. */
#include "rules/base/arena.h"
#include "rules/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void utf8_is_judged_as_rfc_3629_says(void **state)
{
    static const struct {
        const char *label;
        struct str s;
        bool valid;
    } cases[] = {
        {"empty", STR(""), true},
        {"ASCII", STR("plain"), true},
        {"NUL is a character", STR("a\0b"), true},
        {"first of two bytes", STR("\xC2\x80"), true},
        {"last of two bytes", STR("\xDF\xBF"), true},
        {"first of three bytes", STR("\xE0\xA0\x80"), true},
        {"before the surrogates", STR("\xED\x9F\xBF"), true},
        {"behind the surrogates", STR("\xEE\x80\x80"), true},
        {"last of three bytes", STR("\xEF\xBF\xBF"), true},
        {"first of four bytes", STR("\xF0\x90\x80\x80"), true},
        {"U+10FFFF", STR("\xF4\x8F\xBF\xBF"), true},
        {"overlong slash in two", STR("\xC0\xAF"), false},
        {"overlong slash in three", STR("\xE0\x80\xAF"), false},
        {"overlong slash in four", STR("\xF0\x80\x80\xAF"), false},
        {"overlong NUL", STR("\xC0\x80"), false},
        {"overlong DEL in two", STR("\xC1\xBF"), false},
        {"overlong in three", STR("\xE0\x9F\xBF"), false},
        {"overlong in four", STR("\xF0\x8F\xBF\xBF"), false},
        {"first surrogate", STR("\xED\xA0\x80"), false},
        {"last surrogate", STR("\xED\xBF\xBF"), false},
        {"a pair of surrogates", STR("\xED\xA0\xBD\xED\xB8\x80"), false},
        {"U+110000", STR("\xF4\x90\x80\x80"), false},
        {"five bytes", STR("\xF8\x88\x80\x80\x80"), false},
        {"FE", STR("\xFE"), false},
        {"FF", STR("\xFF"), false},
        {"a tail alone", STR("\x80"), false},
        {"a head alone", STR("a\xC3"), false},
        {"three bytes cut", STR("\xE4\xB8"), false},
        {"four bytes cut", STR("\xF0\x9F\x98"), false},
        {"a head followed by a letter", STR("\xE4\xB8z"), false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (text_utf8_valid(cases[i].s) != cases[i].valid)
            fail_msg("%s", cases[i].label);
}

static void code_points_are_counted_and_cut(void **state)
{
    struct str s = str_of("aé中😀z");

    (void)state;
    assert_int_equal(text_code_points(s), 5);
    assert_int_equal(text_first(s, 0).len, 0);
    assert_int_equal(text_first(s, 2).len, 3);
    assert_int_equal(text_first(s, 3).len, 6);
    assert_int_equal(text_first(s, 4).len, 10);
    assert_int_equal(text_first(s, 5).len, 11);
    assert_int_equal(text_first(s, 99).len, 11);
}

static void line_ends_become_lf(void **state)
{
    static const struct {
        struct str from, to;
    } cases[] = {
        {STR(""), STR("")},         {STR("a\nb"), STR("a\nb")},           {STR("a\r\nb\r\n"), STR("a\nb\n")},
        {STR("a\rb"), STR("a\nb")}, {STR("a\r\r\nb\r"), STR("a\n\nb\n")},
    };
    struct arena *a = arena_open(256);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_true(str_equal(text_lf(a, cases[i].from), cases[i].to));
    assert_ptr_equal(text_lf(a, cases[1].from).at, cases[1].from.at);
    arena_close(a);
}

static void numbers_are_plain_decimals(void **state)
{
    static const struct {
        const char *s;
        bool taken;
        int64_t n;
    } cases[] = {
        {"0", true, 0},
        {"7", true, 7},
        {"999999999999999999", true, 999999999999999999},
        {"", false, 0},
        {"00", false, 0},
        {"01", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1e3", false, 0},
        {"0x1", false, 0},
        {"\xD9\xA1", false, 0},
        {"1000000000000000000", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t n = -1;

        if (str_number(str_of(cases[i].s), &n) != cases[i].taken || n != (cases[i].taken ? cases[i].n : -1))
            fail_msg("\"%s\"", cases[i].s);
    }
}

static void numbers_are_printed_as_decimals(void **state)
{
    static const struct {
        int64_t n;
        const char *s;
    } cases[] = {
        {0, "0"},
        {9, "9"},
        {10, "10"},
        {-1, "-1"},
        {1790000000000, "1790000000000"},
        {INT64_MAX, "9223372036854775807"},
        {INT64_MIN, "-9223372036854775808"},
    };
    struct arena *a = arena_open(256);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str s = str_int(a, cases[i].n);

        assert_string_equal(s.at, cases[i].s);
        assert_int_equal(s.len, strlen(cases[i].s));
    }
    arena_close(a);
}

static void a_string_is_cut_piece_by_piece(void **state)
{
    struct str s = str_of("a,,b");

    (void)state;
    assert_true(str_is(str_cut(&s, ','), "a"));
    assert_true(str_is(str_cut(&s, ','), ""));
    assert_non_null(s.at);
    assert_true(str_is(str_cut(&s, ','), "b"));
    assert_null(s.at);
    assert_true(str_is(str_cut(&s, ','), ""));
    s = str_of("a,");
    (void)str_cut(&s, ',');
    assert_non_null(s.at); /* an empty piece is still to come */
    assert_int_equal(s.len, 0);
}

static void strings_compare_and_trim(void **state)
{
    (void)state;
    assert_true(str_equal((struct str){NULL, 0}, STR("")));
    assert_false(str_equal(STR("a\0b"), STR("a\0c")));
    assert_true(str_equal_nocase(STR("MiXed-1"), STR("mIxED-1")));
    assert_false(str_equal_nocase(STR("\xC3\x84"), STR("\xC3\xA4")));
    assert_false(str_equal_nocase(STR("["), STR("{")));
    assert_true(str_starts(STR("https://x"), "https://"));
    assert_false(str_starts(STR("http"), "https"));
    assert_true(str_is(str_trim(STR(" \t\r\n\f\v a b \n")), "a b"));
    assert_int_equal(str_trim(STR(" \t ")).len, 0);
    assert_int_equal(str_of(NULL).len, 0);
}

static void a_buffer_grows_and_ends_in_a_nul(void **state)
{
    struct buf b = {0};

    (void)state;
    assert_string_equal(buf_view(&b).at, "");
    for (int i = 0; i < 1000; i++) {
        buf_char(&b, 'x');
        assert_int_equal(strlen(buf_view(&b).at), (size_t)i + 1);
    }
    buf_printf(&b, "%s%03d", "y", 7);
    buf_str(&b, (struct str){NULL, 0});
    buf_text(&b, "z");
    assert_string_equal(b.at + 1000, "y007z");
    buf_free(&b);
    assert_null(b.at);

    char wide[300];

    memset(wide, 'w', sizeof wide);
    buf_printf(&b, "%.*s", (int)sizeof wide, wide); /* at once more than the room that is doubled */
    assert_int_equal(b.len, sizeof wide);
    buf_free(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_judged_as_rfc_3629_says),
        cmocka_unit_test(code_points_are_counted_and_cut),
        cmocka_unit_test(line_ends_become_lf),
        cmocka_unit_test(numbers_are_plain_decimals),
        cmocka_unit_test(numbers_are_printed_as_decimals),
        cmocka_unit_test(a_string_is_cut_piece_by_piece),
        cmocka_unit_test(strings_compare_and_trim),
        cmocka_unit_test(a_buffer_grows_and_ends_in_a_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
