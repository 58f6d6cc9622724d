/* What a template prints for given data, and how it is refused. */
#include "gateway/template.h"

#include "rules/base/doc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const struct {
    const char *label, *source, *data, *out;
} rendered[] = {
    {"text alone", "a < b", "{}", "a < b"},
    {"a value is escaped", "<p>{{x}}</p>", "{\"x\":\"<i>&\\\"'\"}", "<p>&lt;i&gt;&amp;&quot;&#39;</p>"},
    {"a raw value is not", "{{{x}}}", "{\"x\":\"<i>&\"}", "<i>&"},
    {"space in a tag", "{{ x }}{{{ x }}}", "{\"x\":1}", "11"},
    {"what is not there prints nothing", "[{{x}}{{a.b}}]", "{\"a\":1}", "[]"},
    {"numbers and truth", "{{n}} {{t}} {{f}}", "{\"n\":-7,\"t\":true,\"f\":false}", "-7 true false"},
    {"null, lists, objects and fractions print nothing", "[{{n}}{{l}}{{o}}{{r}}]",
     "{\"n\":null,\"l\":[1],\"o\":{\"a\":1},\"r\":1.5}", "[]"},
    {"a path", "{{a.b.c}}", "{\"a\":{\"b\":{\"c\":\"deep\"}}}", "deep"},
    {"the first segment decides where", "{{#s}}[{{a.b}}]{{/s}}", "{\"a\":{\"b\":1},\"s\":{\"a\":{}}}", "[]"},
    {"a null inside hides what is around", "{{#s}}[{{a}}]{{/s}}", "{\"a\":1,\"s\":{\"a\":null}}", "[]"},
    {"a list", "{{#l}}<{{.}}>{{/l}}", "{\"l\":[1,\"b\"]}", "<1><b>"},
    {"a list of objects sees what is around", "{{#l}}{{y}}{{x}};{{/l}}",
     "{\"x\":\"X\",\"l\":[{\"y\":1},{\"y\":2,\"x\":0}]}", "1X;20;"},
    {"an object is entered", "{{#o}}{{x}}{{/o}}", "{\"o\":{\"x\":1}}", "1"},
    {"a text is entered", "{{#t}}({{.}}){{/t}}", "{\"t\":\"<\"}", "(&lt;)"},
    {"true keeps the place", "{{#o}}{{#t}}{{x}}{{/t}}{{/o}}", "{\"o\":{\"x\":1,\"t\":true}}", "1"},
    {"false, null, 0, \"\", [] and nothing are no",
     "{{#a}}A{{/a}}{{#b}}B{{/b}}{{#c}}C{{/c}}{{#d}}D{{/d}}{{#e}}E{{/e}}{{#f}}F{{/f}}",
     "{\"a\":false,\"b\":null,\"c\":0,\"d\":\"\",\"e\":[]}", ""},
    {"unless is the other way round", "{{^a}}A{{/a}}{{^b}}B{{/b}}", "{\"b\":{}}", "A"},
    {"the same name inside itself", "{{#a}}{{#a}}x{{/a}}{{/a}}", "{\"a\":true}", "x"},
    {"a comment is nothing", "a{{! no {x} }}b", "{}", "ab"},
    {"a tag alone takes its line", "a\n  {{#t}}  \n b\n{{/t}}\nc", "{\"t\":true}", "a\n b\nc"},
    {"so with CRLF and at the end", "a\r\n{{#t}}\r\nb\r\n{{/t}}", "{\"t\":true}", "a\r\nb\r\n"},
    {"a value alone does not", "a\n{{x}}\nb", "{}", "a\n\nb"},
    {"two tags on a line keep it", "{{#t}}{{/t}}\nx", "{\"t\":true}", "\nx"},
    {"outer data stands around", "{{brand}}/{{x}}", "{\"x\":1}", "Postern &amp; Co/1"},
    {"data wins over outer", "{{brand}}", "{\"brand\":\"B\"}", "B"},
    {"braces that are no tags", "a{b:c}}{", "{}", "a{b:c}}{"},
    {"any script", "{{x}}…", "{\"x\":\"خ台\xf0\x9f\x99\x82\"}", "خ台\xf0\x9f\x99\x82…"},
};

static struct doc *data_of(const char *json)
{
    struct doc *d = NULL;

    assert_int_equal(doc_parse(&d, str_of(json), NULL, 0), ERR_OK);
    return d;
}

static void render_equal(const struct templates *set, const char *json, const char *want, const char *label)
{
    struct doc *data = data_of(json), *outer = data_of("{\"brand\":\"Postern & Co\"}");
    struct buf out = {0};

    assert_int_equal(template_render(templates_find(set, "page"), outer, data, &out), ERR_OK);
    if (!str_is(buf_view(&out), want))
        fail_msg("%s: got \"%s\", want \"%s\"", label, out.at, want);
    buf_free(&out);
    doc_close(outer);
    doc_close(data);
}

static void test_rendered(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rendered); i++) {
        struct templates *set = templates_open();
        struct buf faults = {0};

        if (templates_add(set, "page", "page", str_of(rendered[i].source), TEMPLATE_HTML, &faults) != ERR_OK ||
            templates_link(set, &faults) != ERR_OK)
            fail_msg("%s: %s", rendered[i].label, buf_view(&faults).at);
        render_equal(set, rendered[i].data, rendered[i].out, rendered[i].label);
        buf_free(&faults);
        templates_close(set);
    }
}

static const struct {
    const char *label, *source, *faults;
} refused[] = {
    {"an open tag", "a\nb {{x", "p:2: a tag is not closed: '{{x'\n"},
    {"a raw tag closed by two", "{{{x}}", "p:1: a tag is not closed: '{{{x}}'\n"},
    {"an open section", "\n{{#s}}\nx\n", "p:2: a section is not closed: 's'\n"},
    {"closing nothing", "\n\n{{/s}}", "p:3: closes a section that is not open: 's'\n"},
    {"closing across", "{{#a}}{{^b}}{{/a}}{{/b}}", "p:1: closes another section than the last one opened: 'a'\n"},
    {"no name", "{{}}", "p:1: not a name:\n"},
    {"two words", "{{a b}}", "p:1: not a name: 'a b'\n"},
    {"an empty segment", "{{a..b}}", "p:1: not a name: 'a..b'\n"},
    {"changing the delimiters", "{{=<% %>=}}", "p:1: not a name: '=<% %>='\n"},
    {"an unknown partial", "x\n{{>nope}}", "p:2: there is no template 'nope'\n"},
    {"including itself", "{{>page}}", "p:1: a template includes itself by way of 'page'\n"},
    {"not UTF-8", "\xff", "p:1: the template is not UTF-8\n"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct templates *set = templates_open();
        struct buf faults = {0};

        if (templates_add(set, "page", "p", str_of(refused[i].source), TEMPLATE_HTML, &faults) == ERR_OK &&
            templates_link(set, &faults) == ERR_OK)
            fail_msg("%s: not refused", refused[i].label);
        if (!str_is(buf_view(&faults), refused[i].faults))
            fail_msg("%s: got \"%s\", want \"%s\"", refused[i].label, buf_view(&faults).at, refused[i].faults);
        buf_free(&faults);
        templates_close(set);
    }
}

static void add(struct templates *set, const char *name, const char *source, enum template_escape escape)
{
    struct buf faults = {0};

    assert_int_equal(templates_add(set, name, name, str_of(source), escape, &faults), ERR_OK);
    buf_free(&faults);
}

static void link_ok(struct templates *set)
{
    struct buf faults = {0};

    assert_int_equal(templates_link(set, &faults), ERR_OK);
    buf_free(&faults);
}

static void test_partials(void **state)
{
    struct templates *set = templates_open();

    (void)state;
    add(set, "page", "<\n  {{>row}}\n>{{#l}}{{>row}}{{/l}}", TEMPLATE_HTML);
    add(set, "row", "({{x}})", TEMPLATE_HTML);
    link_ok(set);
    render_equal(set, "{\"x\":0,\"l\":[{\"x\":1},{\"x\":2}]}", "<\n(0)>(1)(2)", "partials");
    assert_null(templates_find(set, "rows"));
    templates_close(set);
}

static void test_plain_text_is_not_escaped(void **state)
{
    struct templates *set = templates_open();

    (void)state;
    add(set, "page", "{{x}}", TEMPLATE_PLAIN);
    link_ok(set);
    render_equal(set, "{\"x\":\"a<b & 'c'\"}", "a<b & 'c'", "plain");
    templates_close(set);
}

static void test_partials_in_a_circle(void **state)
{
    struct templates *set = templates_open();
    struct buf faults = {0};

    (void)state;
    add(set, "a", "{{#x}}{{>b}}{{/x}}", TEMPLATE_HTML);
    add(set, "b", "\n{{>c}}", TEMPLATE_HTML);
    add(set, "c", "{{>a}}", TEMPLATE_HTML);
    assert_int_equal(templates_link(set, &faults), ERR_SYNTAX);
    assert_string_equal(faults.at, "b:2: a template includes itself by way of 'c'\n");
    buf_free(&faults);
    templates_close(set);
}

static void sections(struct buf *b, int n)
{
    for (int i = 0; i < n; i++)
        buf_text(b, "{{#a}}");
    for (int i = 0; i < n; i++)
        buf_text(b, "{{/a}}");
}

static void test_depth_is_bounded(void **state)
{
    (void)state;
    for (int over = 0; over <= 1; over++) {
        struct templates *set = templates_open();
        struct buf source = {0}, faults = {0};

        sections(&source, TEMPLATE_DEPTH_MAX + over);
        assert_int_equal(templates_add(set, "p", "p", buf_view(&source), TEMPLATE_HTML, &faults),
                         over ? ERR_SYNTAX : ERR_OK);
        buf_free(&source);
        buf_free(&faults);
        templates_close(set);
    }
}

static void test_depth_counts_partials(void **state)
{
    struct templates *set = templates_open();
    struct buf source = {0}, faults = {0};

    (void)state;
    sections(&source, TEMPLATE_DEPTH_MAX - 1);
    buf_text(&source, "{{>q}}");
    add(set, "p", buf_view(&source).at, TEMPLATE_HTML);
    add(set, "q", "{{#a}}{{/a}}", TEMPLATE_HTML);
    assert_int_equal(templates_link(set, &faults), ERR_SYNTAX);
    assert_string_equal(faults.at, "p:1: templates are nested too deep at 'q'\n");
    buf_free(&source);
    buf_free(&faults);
    templates_close(set);
}

static void test_source_is_bounded(void **state)
{
    struct templates *set = templates_open();
    struct buf faults = {0};
    char *large = malloc(TEMPLATE_BYTES_MAX + 1);

    (void)state;
    assert_non_null(large);
    memset(large, 'x', TEMPLATE_BYTES_MAX + 1);
    assert_int_equal(templates_add(set, "p", "p", (struct str){large, TEMPLATE_BYTES_MAX + 1}, TEMPLATE_HTML, &faults),
                     ERR_LARGE);
    assert_int_equal(templates_link(set, &faults), ERR_SYNTAX);
    free(large);
    buf_free(&faults);
    templates_close(set);
}

static void test_output_is_bounded(void **state)
{
    struct templates *set = templates_open();
    struct doc *list = doc_array(), *data = doc_object();
    struct buf out = {0};

    (void)state;
    add(set, "page", "{{#l}}{{#l}}0123456789abcdef0123456789abcdef{{/l}}{{/l}}", TEMPLATE_HTML);
    link_ok(set);
    for (int i = 0; i < 1000; i++)
        doc_push(list, doc_new_int(i));
    doc_set(data, "l", list);
    assert_int_equal(template_render(templates_find(set, "page"), NULL, data, &out), ERR_LARGE);
    assert_true(out.len <= TEMPLATE_OUT_BYTES_MAX + 64);
    buf_free(&out);
    doc_close(data);
    templates_close(set);
}

/* Ten in ten in ten: nothing is printed, and it ends. */
static void test_steps_are_bounded(void **state)
{
    struct templates *set = templates_open();
    struct doc *data = data_of("{\"a\":[1,2,3,4,5,6,7,8,9,10]}");
    struct buf source = {0}, out = {0};

    (void)state;
    sections(&source, TEMPLATE_DEPTH_MAX);
    add(set, "page", buf_view(&source).at, TEMPLATE_HTML);
    link_ok(set);
    assert_int_equal(template_render(templates_find(set, "page"), NULL, data, &out), ERR_LARGE);
    buf_free(&source);
    buf_free(&out);
    doc_close(data);
    templates_close(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rendered),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_partials),
        cmocka_unit_test(test_plain_text_is_not_escaped),
        cmocka_unit_test(test_partials_in_a_circle),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_depth_counts_partials),
        cmocka_unit_test(test_source_is_bounded),
        cmocka_unit_test(test_output_is_bounded),
        cmocka_unit_test(test_steps_are_bounded),
    };

    return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
