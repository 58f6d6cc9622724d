/* head: what of a request's first bytes is believed, and what is refused because two
 * servers in a row could read it differently. */
#include "gateway/http/head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOST "Host: a\r\n"

static const struct {
    const char *label, *raw;
    int status;
} heads[] = {
    {"the least", "GET / HTTP/1.1\r\n" HOST "\r\n", 0},
    {"one empty line before", "\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 0},
    {"1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 0},
    {"body behind", "POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab", 0},
    {"chunked", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 0},
    {"chunked, in capitals", "POST / HTTP/1.1\r\n" HOST "TRANSFER-ENCODING: Chunked\r\n\r\n", 0},
    {"length and coding", "POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"coding and length", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n", 400},
    {"two lengths", "POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\nContent-Length: 3\r\n\r\n", 400},
    {"two equal lengths", "POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\nContent-Length: 2\r\n\r\n", 400},
    {"a list of lengths", "POST / HTTP/1.1\r\n" HOST "Content-Length: 2, 2\r\n\r\n", 400},
    {"length with a sign", "POST / HTTP/1.1\r\n" HOST "Content-Length: +2\r\n\r\n", 400},
    {"length in hex", "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x2\r\n\r\n", 400},
    {"no length", "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 400},
    {"two codings", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"gzip, chunked", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", 400},
    {"chunked with a tail", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked;x\r\n\r\n", 400},
    {"coding hidden by a tab", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \tchunked\r\n\r\n", 0},
    {"coding hidden by a vertical tab", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \vchunked\r\n\r\n", 400},
    {"coding in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"blank before the colon", "POST / HTTP/1.1\r\n" HOST "Content-Length : 2\r\n\r\n", 400},
    {"blank before the name", "POST / HTTP/1.1\r\n" HOST " Content-Length: 2\r\n\r\n", 400},
    {"folded line", "GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", 400},
    {"line without colon", "GET / HTTP/1.1\r\n" HOST "X\r\n\r\n", 400},
    {"no name", "GET / HTTP/1.1\r\n" HOST ": x\r\n\r\n", 400},
    {"name that is no token", "GET / HTTP/1.1\r\n" HOST "X(y): x\r\n\r\n", 400},
    {"bare LF in the request line", "GET / HTTP/1.1\n" HOST "\r\n", 400},
    {"bare LF in a header", "GET / HTTP/1.1\r\n" HOST "X: a\nY: b\r\n\r\n", 400},
    {"bare LF at the end", "GET / HTTP/1.1\r\n" HOST "\n", 400},
    {"bare CR in a value", "GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", 400},
    {"no Host in 1.1", "GET / HTTP/1.1\r\n\r\n", 400},
    {"two Hosts", "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400},
    {"Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
    {"Host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
    {"Host in IPv6", "GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n", 0},
    {"1.2", "GET / HTTP/1.2\r\n" HOST "\r\n", 400},
    {"2.0", "PRI * HTTP/2.0\r\n\r\n", 400},
    {"0.9", "GET /\r\n\r\n", 400},
    {"two blanks", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400},
    {"something behind the version", "GET / HTTP/1.1 x\r\n" HOST "\r\n", 400},
    {"method that is no token", "G(T / HTTP/1.1\r\n" HOST "\r\n", 400},
    {"tab in the target", "GET /a\tb HTTP/1.1\r\n" HOST "\r\n", 400},
    {"no end", "GET / HTTP/1.1\r\n" HOST, 400},
    {"nothing", "", 400},
};

static void judges_heads(void **state)
{
    struct arena *a = *state;

    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct head h;
        struct refusal r = head_parse(&h, a, str_of(heads[i].raw));

        if (r.status != heads[i].status)
            fail_msg("%s: %d instead of %d", heads[i].label, r.status, heads[i].status);
        arena_reset(a);
    }
}

static void reads_names_in_lower_case_and_values_trimmed(void **state)
{
    struct head h;

    assert_int_equal(
        head_parse(&h, *state, STR("GET /x?y HTTP/1.1\r\nHOST: a\r\nX-Y:\t b c \t\r\nEmpty:\r\n\r\nrest: x\r\n"))
            .status,
        0);
    assert_true(str_is(h.method, "GET") && str_is(h.target, "/x?y") && h.minor == 1);
    assert_int_equal(h.count, 3);
    assert_true(str_is(h.headers[0].name, "host"));
    assert_true(str_is(h.headers[1].name, "x-y") && str_is(h.headers[1].value, "b c"));
    assert_true(str_is(h.headers[2].name, "empty") && h.headers[2].value.len == 0);
}

static struct refusal with_lines(struct arena *a, int lines, int line_bytes)
{
    struct buf b = {0};
    struct head h;

    buf_text(&b, "GET / HTTP/1.1\r\n" HOST);
    for (int i = 1; i < lines; i++)
        buf_printf(&b, "x: %0*d\r\n", line_bytes, i);
    buf_text(&b, "\r\n");

    struct refusal r = head_parse(&h, a, buf_view(&b));

    buf_free(&b);
    return r;
}

static void bounds_lines_and_bytes(void **state)
{
    assert_int_equal(with_lines(*state, CALL_HEADERS_MAX, 10).status, 0);
    assert_int_equal(with_lines(*state, CALL_HEADERS_MAX + 1, 10).status, 431);
    assert_int_equal(with_lines(*state, 40, 300).status, 0);
    assert_int_equal(with_lines(*state, 40, 500).status, 431);
}

static const struct {
    const char *label, *target;
    int status;
    const char *path, *query;
} targets[] = {
    {"root", "/", 0, "/", NULL},
    {"query", "/a?b=c?d", 0, "/a", "b=c?d"},
    {"empty query", "/a?", 0, "/a", ""},
    {"query stays raw", "/a?%00", 0, "/a", "%00"},
    {"decoded", "/a%20b/%C3%A9", 0, "/a b/\xC3\xA9", NULL},
    {"plus is itself", "/a+b", 0, "/a+b", NULL},
    {"empty segments", "//a//", 0, "//a//", NULL},
    {"three dots", "/...", 0, "/...", NULL},
    {"absolute", "http://any.example/a?b", 0, "/a", "b"},
    {"absolute, in capitals", "HTTPS://any.example:1/a", 0, "/a", NULL},
    {"absolute without path", "http://any.example", 400, NULL, NULL},
    {"NUL", "/a%00", 400, NULL, NULL},
    {"NUL before a suffix", "/app.js%00.png", 400, NULL, NULL},
    {"encoded slash", "/a%2Fb", 400, NULL, NULL},
    {"encoded slash, lower case", "/a%2fb", 400, NULL, NULL},
    {"dot", "/a/./b", 400, NULL, NULL},
    {"dot dot", "/a/../b", 400, NULL, NULL},
    {"dot dot at the end", "/a/..", 400, NULL, NULL},
    {"encoded dots", "/a/%2e%2E/b", 400, NULL, NULL},
    {"cut escape", "/a%2", 400, NULL, NULL},
    {"bad escape", "/a%zz", 400, NULL, NULL},
    {"raw byte above ASCII", "/\xC3\xA9", 400, NULL, NULL},
    {"control byte", "/a\x01", 400, NULL, NULL},
    {"star", "*", 400, NULL, NULL},
    {"relative", "a/b", 400, NULL, NULL},
    {"empty", "", 400, NULL, NULL},
};

static void reads_targets(void **state)
{
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct str path = {NULL, 0}, query = {NULL, 0};
        struct refusal r = head_target(str_of(targets[i].target), *state, &path, &query);
        bool same = r.status == targets[i].status &&
                    (r.status != 0 || (str_is(path, targets[i].path) && str_equal(query, str_of(targets[i].query)) &&
                                       (query.at == NULL) == (targets[i].query == NULL)));

        if (!same)
            fail_msg("%s: %d \"%.*s\"", targets[i].label, r.status, (int)path.len, path.at);
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
        cmocka_unit_test(judges_heads),
        cmocka_unit_test(reads_names_in_lower_case_and_values_trimmed),
        cmocka_unit_test(bounds_lines_and_bytes),
        cmocka_unit_test(reads_targets),
    };

    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
