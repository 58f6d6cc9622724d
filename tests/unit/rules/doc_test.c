/* doc: JSON from outside within bounds, and ours. */
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct doc *parsed(const char *text)
{
    struct doc *d = NULL;
    char why[120];

    if (doc_parse(&d, str_of(text), why, sizeof why) != ERR_OK)
        fail_msg("%s: %s", text, why);
    return d;
}

static void what_is_not_json_is_refused(void **state)
{
    static const struct {
        const char *label;
        struct str text;
    } cases[] = {
        {"empty", STR("")},
        {"white space", STR(" \n")},
        {"open object", STR("{\"a\":1")},
        {"open string", STR("\"abc")},
        {"duplicate name", STR("{\"a\":1,\"a\":2}")},
        {"duplicate name, written otherwise", STR("{\"a\":1,\"\\u0061\":2}")},
        {"duplicate within", STR("[{\"x\":{\"a\":1,\"a\":1}}]")},
        {"something behind", STR("{} x")},
        {"two values", STR("1 2")},
        {"NUL behind", STR("{}\0")},
        {"comma at the end", STR("[1,]")},
        {"single quotes", STR("{'a':1}")},
        {"a comment", STR("{} // why")},
        {"NaN", STR("NaN")},
        {"Infinity", STR("[Infinity]")},
        {"leading zero", STR("01")},
        {"leading plus", STR("+1")},
        {"lone surrogate", STR("\"\\uD800\"")},
        {"surrogates in the wrong order", STR("\"\\uDC00\\uD800\"")},
        {"overlong UTF-8", STR("\"\xC0\xAF\"")},
        {"surrogate in UTF-8", STR("\"\xED\xA0\x80\"")},
        {"Latin-1", STR("\"\xE9\"")},
        {"raw control character", STR("\"a\nb\"")},
        {"byte order mark", STR("\xEF\xBB\xBF{}")},
        {"more than 64 bits", STR("99999999999999999999")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct doc *d;
        char why[120] = "";

        if (doc_parse(&d, cases[i].text, why, sizeof why) != ERR_SYNTAX || why[0] == '\0')
            fail_msg("%s", cases[i].label);
        assert_int_equal(doc_parse(&d, cases[i].text, NULL, 0), ERR_SYNTAX);
    }
}

static enum err parse_nested(size_t levels, bool objects)
{
    struct buf b = {0};
    struct doc *d;

    for (size_t i = 0; i < levels; i++)
        buf_text(&b, objects ? "{\"a\":" : "[");
    buf_text(&b, "\"[[[[{{{{\\\"[\""); /* brackets within a string are no levels */
    for (size_t i = 0; i < levels; i++)
        buf_text(&b, objects ? "}" : "]");

    enum err e = doc_parse(&d, buf_view(&b), NULL, 0);

    buf_free(&b);
    if (e == ERR_OK)
        doc_close(d);
    return e;
}

static void depth_is_bounded(void **state)
{
    (void)state;
    for (int objects = 0; objects < 2; objects++) {
        assert_int_equal(parse_nested(DOC_DEPTH_MAX, objects), ERR_OK);
        assert_int_equal(parse_nested(DOC_DEPTH_MAX + 1, objects), ERR_SYNTAX);
        assert_int_equal(parse_nested(1000000, objects), ERR_SYNTAX);
    }
}

static void values_are_read_by_their_kind(void **state)
{
    struct doc *d = parsed("{\"t\":\"x\",\"i\":-7,\"r\":1.5,\"b\":true,\"f\":false,\"n\":null,\"a\":[1,2],\"o\":{}}");
    static const struct {
        const char *name;
        enum doc_kind kind;
    } kinds[] = {{"t", DOC_TEXT}, {"i", DOC_INT},   {"r", DOC_REAL},   {"b", DOC_BOOL},   {"f", DOC_BOOL},
                 {"n", DOC_NULL}, {"a", DOC_ARRAY}, {"o", DOC_OBJECT}, {"none", DOC_NONE}};
    int64_t n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        assert_int_equal(doc_kind(doc_get(d, kinds[i].name)), kinds[i].kind);
    assert_true(str_is(doc_get_text(d, "t"), "x"));
    assert_null(doc_get_text(d, "i").at);
    assert_int_equal(doc_get_int(d, "i", 9), -7);
    assert_int_equal(doc_get_int(d, "r", 9), 9); /* whole numbers only */
    assert_int_equal(doc_get_int(d, "t", 9), 9);
    assert_true(doc_get_bool(d, "b", false));
    assert_false(doc_get_bool(d, "f", true));
    assert_true(doc_get_bool(d, "n", true));
    assert_int_equal(doc_size(doc_get(d, "a")), 2);
    assert_int_equal(doc_size(d), 8);
    assert_true(doc_int(doc_at(doc_get(d, "a"), 1), &n) && n == 2);
    assert_null(doc_at(doc_get(d, "a"), 2));
    doc_close(d);
}

static void what_is_not_there_is_nothing(void **state)
{
    (void)state;
    assert_int_equal(doc_kind(NULL), DOC_NONE);
    assert_null(doc_get(NULL, "a"));
    assert_null(doc_text(NULL).at);
    assert_int_equal(doc_size(NULL), 0);
    assert_null(doc_at(NULL, 0));
    assert_false(doc_true(NULL));
    assert_int_equal(doc_get_int(NULL, "a", 5), 5);
    doc_each(NULL, NULL, NULL);
    doc_close(NULL);
}

static void a_nul_within_a_text_is_kept(void **state)
{
    struct doc *d = parsed("{\"t\":\"a\\u0000b\"}");
    struct arena *a = arena_open(256);

    (void)state;
    assert_true(str_equal(doc_get_text(d, "t"), STR("a\0b")));
    assert_true(str_is(doc_print(d, a), "{\"t\":\"a\\u0000b\"}"));
    arena_close(a);
    doc_close(d);
}

static bool note_name(void *arg, const char *name, const struct doc *value)
{
    buf_text(arg, name);
    return doc_kind(value) != DOC_NULL; /* and so ends there */
}

static void ours_is_printed_in_order(void **state)
{
    struct doc *d = doc_object(), *list = doc_array();
    struct arena *a = arena_open(256);
    struct buf seen = {0};

    (void)state;
    doc_set_text(d, "z", STR("中\"\n"));
    doc_set_int(d, "a", INT64_C(-9223372036854775807) - 1);
    doc_push(list, doc_new_bool(true));
    doc_push(list, doc_new_text(STR("")));
    doc_push(list, doc_new_real(0.5));
    doc_set(d, "list", list);
    doc_set_text_or_null(d, "none", (struct str){NULL, 0});
    doc_set_bool(d, "last", false);
    assert_true(str_is(doc_print(d, a), "{\"z\":\"中\\\"\\n\",\"a\":-9223372036854775808,"
                                        "\"list\":[true,\"\",0.5],\"none\":null,\"last\":false}"));
    doc_each(d, note_name, &seen);
    assert_string_equal(buf_view(&seen).at, "zalistnone");
    buf_free(&seen);

    struct doc *shared = doc_copy(doc_get(d, "list"));

    doc_close(d);
    assert_true(str_is(doc_print(shared, a), "[true,\"\",0.5]"));
    doc_close(shared);
    arena_close(a);
}

/* Whatever a text holds, both ways of writing it give the same bytes. */
static void flat_objects_are_printed_as_others(void **state)
{
    static const struct {
        const char *label;
        struct str text;
    } cases[] = {
        {"nothing", {NULL, 0}},
        {"plain", STR("our site is gone")},
        {"quotes at both ends", STR("\"x\"")},
        {"backslashes", STR("C:\\a\\\\")},
        {"line ends and tabs", STR("a\nb\r\n\tc\b\f")},
        {"other control characters", STR("\x01\x1f\x7f")},
        {"U+0000", STR("a\0b")},
        {"slash", STR("</script>")},
        {"three scripts", STR("我們的網站不見了 موقعنا اختفى \xF0\x9F\x98\xB1")},
    };
    static const int64_t numbers[] = {0, 7, -1, 1790000000000, INT64_MAX, INT64_MIN};
    struct arena *a = arena_open(1024);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct doc *d = doc_object();
        struct buf b = {0};

        doc_set_text(d, "text", cases[i].text);
        doc_set_bool(d, "yes", true);
        doc_set_int(d, "n", numbers[i % (sizeof numbers / sizeof numbers[0])]);
        doc_set_null(d, "none");
        doc_flat_text(&b, "text", cases[i].text);
        doc_flat_bool(&b, "yes", true);
        doc_flat_int(&b, "n", numbers[i % (sizeof numbers / sizeof numbers[0])]);
        doc_flat_null(&b, "none");
        if (strcmp(doc_flat_print(&b, a).at, doc_print(d, a).at) != 0)
            fail_msg("%s: %s", cases[i].label, doc_flat_print(&b, a).at);
        doc_close(d);
        buf_free(&b);
    }
    assert_string_equal(doc_flat_print(&(struct buf){0}, a).at, "{}");
    arena_close(a);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_json_is_refused),        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(values_are_read_by_their_kind),      cmocka_unit_test(what_is_not_there_is_nothing),
        cmocka_unit_test(a_nul_within_a_text_is_kept),        cmocka_unit_test(ours_is_printed_in_order),
        cmocka_unit_test(flat_objects_are_printed_as_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
