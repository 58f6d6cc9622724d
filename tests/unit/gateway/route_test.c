/* route: which row of the table a request means. */
#include "gateway/http/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void nothing(struct call *c)
{
    (void)c;
}

static const struct route table[] = {
    {"GET", "/", nothing, ROUTE_LOOP, 0},
    {"GET", "/requests/new", nothing, ROUTE_LOOP, 0},
    {"GET", "/requests/{ref}", nothing, ROUTE_WORK, 0},
    {"DELETE", "/requests/{ref}", nothing, ROUTE_WORK, 0},
    {"POST", "/requests", nothing, ROUTE_LOOP, 1000},
    {"POST", "/requests/{ref}/code", nothing, ROUTE_WORK, 1000},
    {"PUT", "/requests/{ref}/files/{fil}/parts/{n}", nothing, ROUTE_WORK, 1000},
    {"GET", "/{lang}/", nothing, ROUTE_LOOP, 0},
};

static const struct {
    const char *label, *method, *path;
    int row; /* -1: none */
    const char *params[3], *allow;
} cases[] = {
    {"root", "GET", "/", 0, {NULL}, "GET, HEAD"},
    {"literal before parameter", "GET", "/requests/new", 1, {NULL}, "GET, HEAD, DELETE"},
    {"parameter", "GET", "/requests/R7K4-2M9Q-C", 2, {"R7K4-2M9Q-C"}, "GET, HEAD, DELETE"},
    {"another method of it", "DELETE", "/requests/x", 3, {"x"}, "GET, HEAD, DELETE"},
    {"parameter in the middle", "POST", "/requests/x/code", 5, {"x"}, "POST"},
    {"three parameters", "PUT", "/requests/a/files/b/parts/3", 6, {"a", "b", "3"}, "PUT"},
    {"slash at the end is a segment", "GET", "/en/", 7, {"en"}, "GET, HEAD"},
    {"without it nothing", "GET", "/en", -1, {NULL}, ""},
    {"empty segment is no parameter", "POST", "/requests//code", -1, {NULL}, ""},
    {"no part of a path", "GET", "/requests/a/b", -1, {NULL}, ""},
    {"methods are exact", "get", "/", -1, {NULL}, "GET, HEAD"},
    {"known path, other method", "PATCH", "/requests/x/code", -1, {NULL}, "POST"},
    {"unknown", "GET", "/nowhere", -1, {NULL}, ""},
    {"two slashes", "GET", "//", -1, {NULL}, ""},
};

static void finds_rows(void **state)
{
    const size_t n = sizeof table / sizeof table[0];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str params[CALL_PARAMS_MAX] = {{0}}, path = str_of(cases[i].path);
        const struct route *r = route_find(table, n, str_of(cases[i].method), path, params);
        struct str allow = route_allow(table, n, path, *state);

        if (r != (cases[i].row < 0 ? NULL : &table[cases[i].row]))
            fail_msg("%s: row %td", cases[i].label, r == NULL ? -1 : r - table);
        if (!str_is(allow, cases[i].allow))
            fail_msg("%s: allow %s", cases[i].label, allow.at);
        for (size_t k = 0; r != NULL && k < 3 && cases[i].params[k] != NULL; k++)
            if (!str_is(params[k], cases[i].params[k]))
                fail_msg("%s: parameter %zu", cases[i].label, k);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_rows)};

    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
