/* call: what handlers ask of a request, and how answers look before they are sent. */
#include "gateway/http/accept.h"
#include "gateway/http/call.h"
#include "rules/base/doc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct call *call_with(struct arena *a, const struct call_header *headers, size_t n)
{
    struct call *c = arena_new(a, struct call);

    c->arena = a;
    c->headers = (struct call_header *)headers;
    c->header_count = n;
    memcpy(c->request_id, "01J9Z3NDEKTSV4RRFFQ69G5FAV", sizeof c->request_id);
    return c;
}

static const struct {
    const char *label, *accept;
    bool html;
} accepts[] = {
    {"a browser", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", true},
    {"curl", "*/*", false},
    {"nothing said", NULL, false},
    {"empty", "", false},
    {"JSON", "application/json", false},
    {"fetch with both, JSON first", "application/json, text/html;q=0.5", false},
    {"HTML refused", "text/html;q=0, */*", false},
    {"family", "text/*", true},
    {"family refused, type wanted", "text/*;q=0, text/html;q=0.4", true},
    {"order does not matter", "application/json;q=0.1;x=1, TEXT/HTML;Q=0.2", true},
    {"level parameter", "text/html;level=1;q=0.9, application/json;q=0.8", true},
    {"quality out of range counts as one", "text/html;q=7, application/json;q=0.9", true},
    {"comma in quotes", "text/plain;x=\",text/html\"", false},
};

static void tells_browsers_from_programs(void **state)
{
    for (size_t i = 0; i < sizeof accepts / sizeof accepts[0]; i++) {
        struct call_header h = {STR("accept"), str_of(accepts[i].accept)};

        if (call_wants_html(call_with(*state, &h, accepts[i].accept != NULL)) != accepts[i].html)
            fail_msg("%s", accepts[i].label);
    }
}

static const struct {
    const char *label, *header;
    int br, gzip;
} codings[] = {
    {"both", "gzip, deflate, br", 1000, 1000},
    {"weights", "br;q=0.5, gzip;q=0.75", 500, 750},
    {"one refused", "br;q=0, *", 0, 1000},
    {"any", "*;q=0.3", 300, 300},
    {"none", "", 0, 0},
    {"absent", NULL, 0, 0},
    {"in capitals", "GZIP", 0, 1000},
    {"three decimals", "gzip;q=0.123", 0, 123},
    {"four are no quality", "gzip;q=0.1234", 0, 1000},
    {"1.5 is one", "gzip;q=1.5", 0, 1000},
};

static void weighs_codings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++) {
        struct str h = str_of(codings[i].header);

        if (accept_coding(h, "br") != codings[i].br || accept_coding(h, "gzip") != codings[i].gzip)
            fail_msg("%s: br %d gzip %d", codings[i].label, accept_coding(h, "br"), accept_coding(h, "gzip"));
    }
}

static const struct {
    const char *label, *header, *value; /* of the cookie "c" */
} cookies[] = {
    {"alone", "c=1", "1"},
    {"among others", "a=1; c=2; d=3", "2"},
    {"the first counts", "c=1; c=2", "1"},
    {"in quotes", "c=\"x\"", "x"},
    {"empty", "c=", ""},
    {"equals in it", "c=a=b", "a=b"},
    {"without blanks", "a=1;c=2", "2"},
    {"name that ends so", "xc=1", NULL},
    {"name in capitals is another", "C=1", NULL},
    {"no equals", "c", NULL},
    {"nothing", "", NULL},
    {"semicolons only", ";;;", NULL},
    {"one quote", "c=\"", "\""},
};

static void finds_cookies(void **state)
{
    for (size_t i = 0; i < sizeof cookies / sizeof cookies[0]; i++) {
        struct call_header h = {STR("cookie"), str_of(cookies[i].header)};
        struct str v = call_cookie(call_with(*state, &h, 1), "c");

        if (!str_equal(v, str_of(cookies[i].value)) || (v.at == NULL) != (cookies[i].value == NULL))
            fail_msg("%s: %.*s", cookies[i].label, (int)v.len, v.at);
    }
}

static void finds_headers_and_cookies_over_several_lines(void **state)
{
    const struct call_header h[] = {
        {STR("x"), STR("1")}, {STR("cookie"), STR("a=1")}, {STR("x"), STR("2")}, {STR("cookie"), STR("c=3")}};
    struct call *c = call_with(*state, h, 4);

    assert_true(str_is(call_header(c, "x"), "2"));
    assert_int_equal(call_header_times(c, "x"), 2);
    assert_null(call_header(c, "y").at);
    assert_true(str_is(call_cookie(c, "c"), "3"));
}

static const struct {
    const char *label, *query, *value; /* of "q" */
} queries[] = {
    {"absent", NULL, NULL},
    {"other", "a=1", NULL},
    {"first of two", "q=1&q=2", "1"},
    {"decoded", "x=&q=a+b%26", "a b&"},
    {"name decoded, too", "%71=1", "1"},
    {"no value", "q", ""},
    {"empty", "q=", ""},
};

static void reads_queries(void **state)
{
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        struct call *c = call_with(*state, NULL, 0);

        c->query = str_of(queries[i].query);

        struct str v = call_query(c, "q");

        if (!str_equal(v, str_of(queries[i].value)) || (v.at == NULL) != (queries[i].value == NULL))
            fail_msg("%s", queries[i].label);
    }
}

static void reads_the_media_type(void **state)
{
    struct call_header h = {STR("content-type"), STR(" Text/HTML ; charset=utf-8")};

    assert_true(str_is(call_content_type(call_with(*state, &h, 1)), "text/html"));
    assert_null(call_content_type(call_with(*state, NULL, 0)).at);
}

static void writes_cookies(void **state)
{
    struct call *c = call_with(*state, NULL, 0);

    call_set_cookie(c, "__Host-s", STR("abc"), "Lax", 3600);
    call_set_cookie(c, "t", STR(""), "Strict", -1);
    assert_true(
        str_is(c->answer_headers[0].value, "__Host-s=abc; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600"));
    assert_true(str_is(c->answer_headers[1].value, "t=; Path=/; Secure; HttpOnly; SameSite=Strict"));
}

static void writes_problems(void **state)
{
    struct call *c = call_with(*state, NULL, 0);
    struct doc *errors = doc_array(), *one = doc_object();

    doc_set_text(one, "field", STR("email"));
    doc_push(errors, one);
    call_problem(c, 429, "slow-down", "Too many", errors, 7);
    assert_int_equal(c->status, 429);
    assert_true(str_is(c->answer_headers[0].name, "retry-after") && str_is(c->answer_headers[0].value, "7"));
    assert_true(str_is(c->answer_headers[1].value, "application/problem+json"));
    assert_true(str_is(c->answer, "{\"type\":\"/problems/slow-down\",\"title\":\"Too many\",\"status\":429,"
                                  "\"code\":\"slow-down\",\"request_id\":\"01J9Z3NDEKTSV4RRFFQ69G5FAV\","
                                  "\"errors\":[{\"field\":\"email\"}]}"));

    c = call_with(*state, NULL, 0);
    call_problem(c, 409, "under-way", "Wait", NULL, 7);
    assert_true(str_is(c->answer_headers[0].name, "retry-after"));

    c = call_with(*state, NULL, 0);
    call_problem(c, 404, "not-found", "Nothing", NULL, 0);
    assert_int_equal(c->answer_header_count, 1);
}

static void copies_answers_and_borrows_where_told(void **state)
{
    struct call *c = call_with(*state, NULL, 0);
    char body[] = "one";

    call_answer(c, 200, "text/plain", str_of(body));
    body[0] = 'X';
    assert_true(str_is(c->answer, "one"));
    call_answer_kept(c, 200, str_of(body));
    assert_ptr_equal(c->answer.at, body);
    call_redirect(c, STR("/requests/R7K4-2M9Q-C"));
    assert_int_equal(c->status, 303);
    assert_int_equal(c->answer.len, 0);
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
        cmocka_unit_test(tells_browsers_from_programs),
        cmocka_unit_test(weighs_codings),
        cmocka_unit_test(finds_cookies),
        cmocka_unit_test(finds_headers_and_cookies_over_several_lines),
        cmocka_unit_test(reads_queries),
        cmocka_unit_test(reads_the_media_type),
        cmocka_unit_test(writes_cookies),
        cmocka_unit_test(writes_problems),
        cmocka_unit_test(copies_answers_and_borrows_where_told),
    };

    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
