/* form: what browsers and others send as a form, byte for byte, and what is refused whole. */
#include "gateway/http/form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(literal)               \
    {                                \
        literal, sizeof(literal) - 1 \
    }
#define URL         "application/x-www-form-urlencoded"
#define MULTI       "multipart/form-data; boundary=B"
#define NAMED(n)    "Content-Disposition: form-data; name=\"" n "\"\r\n"
#define FILED(n, f) "Content-Disposition: form-data; name=\"" n "\"; filename=\"" f "\"\r\n"

static const struct {
    const char *label, *type;
    struct str body;
    enum err e;
    const char *fields; /* name=value[file] joined by |, NUL shown as 0, CRLF as ~ */
} cases[] = {
    {"empty", URL, BYTES(""), ERR_OK, ""},
    {"two fields", URL, BYTES("a=1&b=2"), ERR_OK, "a=1|b=2"},
    {"with a charset", URL "; charset=UTF-8", BYTES("a=1"), ERR_OK, "a=1"},
    {"type in capitals", "Application/X-WWW-Form-Urlencoded", BYTES("a=1"), ERR_OK, "a=1"},
    {"plus and escapes", URL, BYTES("a=x+y%2B%26%3D&%61=z"), ERR_OK, "a=x y+&=|a=z"},
    {"CRLF kept", URL, BYTES("a=1%0D%0A2"), ERR_OK, "a=1~2"},
    {"NUL kept", URL, BYTES("a=%00b"), ERR_OK, "a=0b"},
    {"broken escapes stand for themselves", URL, BYTES("a=%&b=%2&c=%zz"), ERR_OK, "a=%|b=%2|c=%zz"},
    {"no value, no name, nothing", URL, BYTES("a&=b&&c="), ERR_OK, "a=|=b|c="},
    {"equals in the value", URL, BYTES("a=b=c"), ERR_OK, "a=b=c"},
    {"another type", "text/plain", BYTES("a=1"), ERR_SYNTAX, NULL},
    {"no type", NULL, BYTES("a=1"), ERR_SYNTAX, NULL},

    {"one part", MULTI, BYTES("--B\r\n" NAMED("a") "\r\n1\r\n--B--\r\n"), ERR_OK, "a=1"},
    {"no part", MULTI, BYTES("--B--"), ERR_OK, ""},
    {"quoted boundary", "multipart/form-data; boundary=\"B\"", BYTES("--B\r\n" NAMED("a") "\r\n1\r\n--B--"), ERR_OK,
     "a=1"},
    {"other parameters first", "multipart/form-data; charset=utf-8; Boundary=B",
     BYTES("--B\r\n" NAMED("a") "\r\n1\r\n--B--"), ERR_OK, "a=1"},
    {"words before and after", MULTI, BYTES("hello\r\n--B\r\n" NAMED("a") "\r\n1\r\n--B--\r\nbye"), ERR_OK, "a=1"},
    {"file", MULTI, BYTES("--B\r\n" FILED("f", "x.bin") "Content-Type: image/png\r\n\r\n\0\r\n\xFF\r\n--B--"), ERR_OK,
     "f=0~\xFF[x.bin]"},
    {"file that was not chosen", MULTI, BYTES("--B\r\n" FILED("f", "") "\r\n\r\n--B--"), ERR_OK, "f=[]"},
    {"empty value", MULTI, BYTES("--B\r\n" NAMED("a") "\r\n\r\n--B\r\n" NAMED("b") "\r\n2\r\n--B--"), ERR_OK, "a=|b=2"},
    {"head and nothing else", MULTI, BYTES("--B\r\n" NAMED("a") "\r\n--B--"), ERR_OK, "a="},
    {"CRLF at both ends of a value", MULTI, BYTES("--B\r\n" NAMED("a") "\r\n\r\n1\r\n\r\n--B--"), ERR_OK, "a=~1~"},
    {"dashes that are no delimiter", MULTI, BYTES("--B\r\n" NAMED("a") "\r\n--A\r\n-\r\n--b\r\n--B--"), ERR_OK,
     "a=--A~-~--b"},
    {"quote as browsers write it", MULTI, BYTES("--B\r\n" FILED("a", "x%22y.txt") "\r\n1\r\n--B--"), ERR_OK,
     "a=1[x%22y.txt]"},
    {"quote as RFC 2045 writes it", MULTI, BYTES("--B\r\n" FILED("a", "x\\\"y\\\\z") "\r\n1\r\n--B--"), ERR_OK,
     "a=1[x\"y\\z]"},
    {"backslash in a path", MULTI, BYTES("--B\r\n" FILED("a", "C:\\x") "\r\n1\r\n--B--"), ERR_OK, "a=1[C:\\x]"},
    {"semicolon in a name", MULTI, BYTES("--B\r\n" NAMED("a; name=b") "\r\n1\r\n--B--"), ERR_OK, "a; name=b=1"},
    {"token for a name", MULTI, BYTES("--B\r\ncontent-disposition:form-data;name=a\r\n\r\n1\r\n--B--"), ERR_OK, "a=1"},
    {"blanks behind the delimiter", MULTI, BYTES("--B \t\r\n" NAMED("a") "\r\n1\r\n--B--"), ERR_OK, "a=1"},
    {"cut before the end", MULTI, BYTES("--B\r\n" NAMED("a") "\r\n1\r\n"), ERR_SYNTAX, NULL},
    {"cut in the last delimiter", MULTI, BYTES("--B\r\n" NAMED("a") "\r\n1\r\n--B-"), ERR_SYNTAX, NULL},
    {"cut in the head", MULTI, BYTES("--B\r\n" NAMED("a")), ERR_SYNTAX, NULL},
    {"empty body", MULTI, BYTES(""), ERR_SYNTAX, NULL},
    {"another boundary", MULTI, BYTES("--C\r\n" NAMED("a") "\r\n1\r\n--C--"), ERR_SYNTAX, NULL},
    {"boundary that only begins so", MULTI, BYTES("--BC\r\n" NAMED("a") "\r\n1\r\n--B--"), ERR_SYNTAX, NULL},
    {"no boundary", "multipart/form-data", BYTES("--\r\n"), ERR_SYNTAX, NULL},
    {"empty boundary", "multipart/form-data; boundary=", BYTES("--\r\n"), ERR_SYNTAX, NULL},
    {"boundary with a control byte", "multipart/form-data; boundary=\"a\tb\"", BYTES("--a\tb--"), ERR_SYNTAX, NULL},
    {"boundary too long",
     "multipart/form-data; boundary=aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaab", BYTES(""),
     ERR_SYNTAX, NULL},
    {"part without a name", MULTI, BYTES("--B\r\nContent-Disposition: form-data\r\n\r\n1\r\n--B--"), ERR_SYNTAX, NULL},
    {"part without a disposition", MULTI, BYTES("--B\r\nContent-Type: text/plain\r\n\r\n1\r\n--B--"), ERR_SYNTAX, NULL},
    {"attachment", MULTI, BYTES("--B\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n--B--"), ERR_SYNTAX,
     NULL},
    {"two dispositions", MULTI, BYTES("--B\r\n" NAMED("a") NAMED("b") "\r\n1\r\n--B--"), ERR_SYNTAX, NULL},
    {"quote left open", MULTI, BYTES("--B\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--B--"), ERR_SYNTAX,
     NULL},
    {"line without colon", MULTI, BYTES("--B\r\nhello\r\n" NAMED("a") "\r\n1\r\n--B--"), ERR_SYNTAX, NULL},
    {"nine lines of head", MULTI,
     BYTES("--B\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\n" NAMED("a") "\r\n1\r\n--B--"), ERR_SYNTAX, NULL},
};

static struct call *call_with(struct arena *a, const char *type, struct str body)
{
    struct call *c = arena_new(a, struct call);

    c->arena = a;
    c->body = body;
    c->headers = arena_new(a, struct call_header);
    c->header_count = type != NULL;
    *c->headers = (struct call_header){STR("content-type"), str_of(type)};
    return c;
}

static void show(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == '\r' && i + 1 < s.len && s.at[i + 1] == '\n') {
            buf_char(b, '~');
            i++;
        } else {
            buf_char(b, s.at[i] == '\0' ? '0' : s.at[i]);
        }
    }
}

static void reads_forms(void **state)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct form_field *f = NULL;
        size_t n = 0;
        struct buf b = {0};
        /* A copy of its own size, so that a sanitizer sees one byte too many. */
        char *exact = malloc(cases[i].body.len + 1);

        memcpy(exact, cases[i].body.at, cases[i].body.len + 1);
        exact = realloc(exact, cases[i].body.len > 0 ? cases[i].body.len : 1);

        enum err e = form_parse(call_with(*state, cases[i].type, (struct str){exact, cases[i].body.len}), &f, &n);

        for (size_t k = 0; k < n; k++) {
            buf_text(&b, k > 0 ? "|" : "");
            show(&b, f[k].name);
            buf_char(&b, '=');
            show(&b, f[k].value);
            if (f[k].file_name.at != NULL)
                buf_printf(&b, "[%.*s]", (int)f[k].file_name.len, f[k].file_name.at);
        }
        if (e != cases[i].e || (e == ERR_OK && !str_is(buf_view(&b), cases[i].fields)))
            fail_msg("%s: %s %s", cases[i].label, err_name(e), buf_view(&b).at);
        buf_free(&b);
        free(exact);
        arena_reset(*state);
    }
}

static void keeps_the_type_of_a_part(void **state)
{
    struct form_field *f;
    size_t n;
    struct str body = STR("--B\r\n" FILED("f", "x") "Content-Type:  image/png \r\n\r\n1\r\n--B--");

    assert_int_equal(form_parse(call_with(*state, MULTI, body), &f, &n), ERR_OK);
    assert_true(str_is(f[0].content_type, "image/png"));
}

static enum err many(struct arena *a, bool multipart, int fields)
{
    struct form_field *f;
    struct buf b = {0};
    size_t n = 0;

    for (int i = 0; i < fields; i++)
        buf_text(&b, multipart ? "--B\r\n" NAMED("a") "\r\n1\r\n" : "a=1&");
    if (multipart)
        buf_text(&b, "--B--");

    enum err e = form_parse(call_with(a, multipart ? MULTI : URL, buf_view(&b)), &f, &n);

    assert_true(e != ERR_OK || n == (size_t)fields);
    buf_free(&b);
    return e;
}

static void bounds_the_number_of_fields(void **state)
{
    for (int multipart = 0; multipart < 2; multipart++) {
        assert_int_equal(many(*state, multipart, FORM_FIELDS_MAX), ERR_OK);
        assert_int_equal(many(*state, multipart, FORM_FIELDS_MAX + 1), ERR_LARGE);
    }
}

static int open_arena(void **state)
{
    *state = arena_open(4096);
    return 0;
}

static int close_arena(void **state)
{
    arena_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_forms),
        cmocka_unit_test(keeps_the_type_of_a_part),
        cmocka_unit_test(bounds_the_number_of_fields),
    };

    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
