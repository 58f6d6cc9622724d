/* token: who may read a request. Nothing but the bytes that were given out opens it, and only that one. */
#include "gateway/http/call.h"
#include "gateway/verify/token.h"
#include "queues/seal.h"
#include "tests/unit/queues/scratch_redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REF   UINT64_C(0x1234567890)
#define OTHER UINT64_C(0x1234567891)

static char folder[] = "/tmp/postern-token-XXXXXX";
static struct keyring *keys;
static struct arena *a;

static int begin(void **state)
{
    char why[KEYRING_WHY_BYTES];

    (void)state;
    a = arena_open(65536);
    return mkdtemp(folder) == NULL || keyring_open(&keys, folder, true, why) != ERR_OK;
}

static int end(void **state)
{
    (void)state;
    keyring_close(keys);
    remove_folder(folder);
    arena_close(a);
    return 0;
}

static struct ulid some_id(void)
{
    static struct ulid id;

    if (ulid_time_ms(id) == 0)
        id = ulid_fresh();
    return id;
}

static struct str token(enum token_kind kind)
{
    return token_make(keys, a, kind, some_id(), REF);
}

static void opens_what_it_was_made_for(void **state)
{
    static const enum token_kind kinds[] = {TOKEN_ITEM, TOKEN_FLOW};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ulid id = {{0}};

        assert_int_equal(token_check(keys, token(kinds[i]), REF, &id), kinds[i]);
        assert_true(ulid_equal(id, some_id()));
        assert_int_equal(token_check(keys, token(kinds[i]), OTHER, &id), TOKEN_NONE);
        assert_int_equal(token_check(keys, token(kinds[i]), 0, &id), TOKEN_NONE);
    }
    assert_false(str_equal(token(TOKEN_ITEM), token(TOKEN_FLOW)));
}

static void every_other_byte_anywhere_closes_it(void **state)
{
    struct str good = token(TOKEN_ITEM);
    struct ulid id;

    (void)state;
    for (size_t at = 0; at < good.len; at++)
        for (int byte = 0; byte < 256; byte++) {
            char *bad = str_copy(a, good);

            if (bad[at] == (char)byte)
                continue;
            bad[at] = (char)byte;
            if (token_check(keys, (struct str){bad, good.len}, REF, &id) != TOKEN_NONE)
                fail_msg("byte %d at %zu", byte, at);
        }
    for (size_t len = 0; len < good.len; len++)
        assert_int_equal(token_check(keys, (struct str){good.at, len}, REF, &id), TOKEN_NONE);
    assert_int_equal(token_check(keys, str_of(arena_printf(a, "%s=", good.at)), REF, &id), TOKEN_NONE);
    assert_int_equal(token_check(keys, str_of(arena_printf(a, "%sA", good.at)), REF, &id), TOKEN_NONE);
}

static const struct {
    const char *label, *name, *header; /* %s: a token of the item */
    enum token_kind kind;
    bool by_cookie;
} carriers[] = {
    {"bearer", "authorization", "Bearer %s", TOKEN_ITEM, false},
    {"bearer in any case", "authorization", "bEaReR %s", TOKEN_ITEM, false},
    {"bearer with blanks", "authorization", "Bearer  %s ", TOKEN_ITEM, false},
    {"another scheme", "authorization", "Basic %s", TOKEN_NONE, true},
    {"no scheme", "authorization", "%s", TOKEN_NONE, true},
    {"cookie", "cookie", "__Host-p-%r=%s", TOKEN_ITEM, true},
    {"cookie among others", "cookie", "a=b; __Host-p-%r=%s; c=d", TOKEN_ITEM, true},
    {"cookie of another name", "cookie", "__Host-p-00000000-=%s", TOKEN_NONE, true},
    {"cookie without prefix", "cookie", "p-%r=%s", TOKEN_NONE, true},
    {"nothing", "accept", "*/*", TOKEN_NONE, true},
};

/* %r becomes the reference as it stands in the cookie's name, %s the token. */
static struct str filled(const char *header)
{
    struct reference r = reference_print(REF);
    struct buf b = {0};
    struct str s;

    for (const char *p = header; *p != '\0'; p++)
        if (p[0] == '%' && p[1] == 'r')
            buf_printf(&b, "%.4s%.4s%c", r.at, r.at + 5, r.at[10]), p++;
        else if (p[0] == '%' && p[1] == 's')
            buf_str(&b, token(TOKEN_ITEM)), p++;
        else
            buf_char(&b, *p);
    s = str_of(arena_strdup(a, buf_view(&b).at));
    buf_free(&b);
    return s;
}

static void comes_as_bearer_or_in_its_own_cookie(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof carriers / sizeof carriers[0]; i++) {
        struct call_header h = {str_of(carriers[i].name), filled(carriers[i].header)};
        struct call c = {.arena = a, .headers = &h, .header_count = 1};
        struct ulid id;

        if (token_of_call(keys, &c, REF, &id) != carriers[i].kind || token_by_cookie(&c) != carriers[i].by_cookie)
            fail_msg("%s", carriers[i].label);
    }
}

/* A header that was given is what counts: a bad one is not helped by a good cookie, which another site could send. */
static void a_bad_bearer_is_not_helped_by_a_cookie(void **state)
{
    struct call_header h[] = {{STR("authorization"), STR("Bearer bad")}, {STR("cookie"), filled("__Host-p-%r=%s")}};
    struct call c = {.arena = a, .headers = h, .header_count = 2};
    struct ulid id;

    (void)state;
    assert_int_equal(token_of_call(keys, &c, REF, &id), TOKEN_NONE);
}

static void the_cookie_is_for_this_host_and_no_script(void **state)
{
    struct call c = {.arena = a};
    struct str set;

    (void)state;
    token_set_cookie(&c, REF, token(TOKEN_ITEM));
    assert_int_equal(c.answer_header_count, 1);
    set = c.answer_headers[0].value;
    assert_true(str_starts(set, filled("__Host-p-%r=%s; ").at));
    assert_non_null(strstr(set.at, "; Path=/"));
    assert_non_null(strstr(set.at, "; Secure"));
    assert_non_null(strstr(set.at, "; HttpOnly"));
    assert_non_null(strstr(set.at, "; SameSite=Lax"));
    assert_null(strstr(set.at, "Domain"));
}

static void a_reference_is_found_however_it_was_typed(void **state)
{
    const char *good = arena_strdup(a, reference_print(REF).at);
    char *bad = arena_strdup(a, good);

    (void)state;
    bad[10] = bad[10] == '0' ? '1' : '0';
    assert_int_equal(token_reference(keys, str_of(good)), REF);
    assert_int_equal(token_reference(keys, str_of(str_lower(a, str_of(good)))), REF);
    /* No reference at all: always the same number, and no other's. */
    assert_true(token_reference(keys, str_of(bad)) != REF);
    assert_true(token_reference(keys, str_of(bad)) == token_reference(keys, str_of(bad)));
    assert_true(token_reference(keys, STR("../../etc/passwd")) < UINT64_C(1) << 40);
    assert_true(token_reference(keys, STR("\xFF\n")) != token_reference(keys, STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_what_it_was_made_for),
        cmocka_unit_test(every_other_byte_anywhere_closes_it),
        cmocka_unit_test(comes_as_bearer_or_in_its_own_cookie),
        cmocka_unit_test(a_bad_bearer_is_not_helped_by_a_cookie),
        cmocka_unit_test(the_cookie_is_for_this_host_and_no_script),
        cmocka_unit_test(a_reference_is_found_however_it_was_typed),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
