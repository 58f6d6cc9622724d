/* signature: what is read of the three headers, and whom it fits (S1 to S3). */
#include "gateway/channels/signature.h"
#include "gateway/http/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW_S INT64_C(1795564800)
#define T     "1795564800"
#define GOOD  "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static int open_arena(void **state)
{
    *state = arena_open(65536);
    return 0;
}

static int close_arena(void **state)
{
    arena_close(*state);
    return 0;
}

/* NULL: that header does not come. more: one more header, NULL none. */
static struct call *call_of(struct arena *a, const char *id, const char *at, const char *sig, const char *more)
{
    const struct {
        const char *name, *value;
    } all[] = {{"webhook-id", id}, {"webhook-timestamp", at}, {"webhook-signature", sig}, {more, GOOD}};
    struct call *c = arena_new(a, struct call);

    c->arena = a;
    c->headers = arena_array(a, struct call_header, 4);
    for (size_t i = 0; i < 4; i++)
        if (all[i].name != NULL && all[i].value != NULL)
            c->headers[c->header_count++] = (struct call_header){str_of(all[i].name), str_of(all[i].value)};
    return c;
}

#define SIXTEEN  "abcdefghABCDEF09"
#define NINE_V1A "v1a,AA v1a,AA v1a,AA v1a,AA v1a,AA v1a,AA v1a,AA v1a,AA v1a,AA"

static const struct {
    const char *label, *id, *at, *sig, *more;
    int n; /* signatures of v1 that were read; -1: refused */
} headers[] = {
    {"all is well", "msg_1", T, GOOD, NULL, 1},
    {"every letter of an id", "-_azAZ09", T, GOOD, NULL, 1},
    {"64 characters", SIXTEEN SIXTEEN SIXTEEN SIXTEEN, T, GOOD, NULL, 1},
    {"65", SIXTEEN SIXTEEN SIXTEEN SIXTEEN "x", T, GOOD, NULL, -1},
    {"no id", NULL, T, GOOD, NULL, -1},
    {"an empty id", "", T, GOOD, NULL, -1},
    {"two ids", "a", T, GOOD, "webhook-id", -1},
    {"a dot in the id", "a." T, T, GOOD, NULL, -1},
    {"a blank in it", "a b", T, GOOD, NULL, -1},
    {"another letter", "\xC3\xA9", T, GOOD, NULL, -1},
    {"no timestamp", "a", NULL, GOOD, NULL, -1},
    {"two", "a", T, GOOD, "webhook-timestamp", -1},
    {"300 s old", "a", "1795564500", GOOD, NULL, 1},
    {"301 s old", "a", "1795564499", GOOD, NULL, -1},
    {"300 s ahead", "a", "1795565100", GOOD, NULL, 1},
    {"301 s ahead", "a", "1795565101", GOOD, NULL, -1},
    {"ms", "a", T "000", GOOD, NULL, -1},
    {"a sign", "a", "+" T, GOOD, NULL, -1},
    {"a leading zero", "a", "0" T, GOOD, NULL, -1},
    {"letters behind it", "a", T "abc", GOOD, NULL, -1},
    {"a fraction", "a", T ".0", GOOD, NULL, -1},
    {"an exponent", "a", "17955648e2", GOOD, NULL, -1},
    {"hex", "a", "0x6B061700", GOOD, NULL, -1},
    {"a blank before it", "a", " " T, GOOD, NULL, -1},
    {"no signature", "a", T, NULL, NULL, -1},
    {"an empty one", "a", T, "", NULL, -1},
    {"two headers", "a", T, GOOD, "webhook-signature", -1},
    {"two in one", "a", T, GOOD " " GOOD, NULL, 2},
    {"eight in one", "a", T, GOOD " " GOOD " " GOOD " " GOOD " " GOOD " " GOOD " " GOOD " " GOOD, NULL, 8},
    {"nine", "a", T, NINE_V1A, NULL, -1},
    {"another version beside it", "a", T, "v1a,AAAA " GOOD, NULL, 1},
    {"another version alone", "a", T, "v1a,AAAA", NULL, 0},
    {"no version", "a", T, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", NULL, -1},
    {"an empty version", "a", T, ",g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", NULL, -1},
    {"V1", "a", T, "V1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", NULL, 0},
    {"nothing behind the comma", "a", T, "v1,", NULL, -1},
    {"words beside it", "a", T, GOOD " and more", NULL, -1},
    {"two blanks", "a", T, GOOD "  " GOOD, NULL, -1},
    {"a blank at the end", "a", T, GOOD " ", NULL, -1},
    {"a comma between", "a", T, GOOD "," GOOD, NULL, -1},
    {"no padding", "a", T, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE", NULL, -1},
    {"an end that is not canonical", "a", T, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=", NULL, -1},
    {"base64url", "a", T, "v1,g0hM9SsE-OTPJTGt_tmIKtSyZlE3uFJELVlNIOLJ1OE=", NULL, -1},
    {"31 bytes", "a", T, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1A==", NULL, -1},
    {"hex of it", "a", T, "v1,834c4cf52b04f8e4cf2531adfed9882ad4b2665137b852442d594d20e2c9d4e1", NULL, -1},
    {"bytes that libsodium takes for letters", "a", T,
     "v1,\xC0"
     "0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
     NULL, -1},
};

static void test_headers(void **state)
{
    struct signature s;

    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        struct call *c = call_of(*state, headers[i].id, headers[i].at, headers[i].sig, headers[i].more);
        int n = signature_read(c, NOW_S * 1000 + 999, &s) ? (int)s.n : -1;

        if (n != headers[i].n)
            fail_msg("%s: %d, not %d", headers[i].label, n, headers[i].n);
    }
}

/* The example of the specification: its key of 24 bytes is ours with zeros behind it (RFC 2104 2). */
static void test_known_answer(void **state)
{
    static const char body[] = "{\"test\": 2432232314}";
    struct call *c = call_of(*state, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", GOOD, NULL);
    uint8_t key[HMAC_BYTES] = {0};
    struct signature s;

    assert_true(base64_decode(STR("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), key, 24));
    assert_true(signature_read(c, INT64_C(1614265330000), &s));
    assert_true(signature_fits(&s, str_of(body), key));
    assert_false(signature_fits(&s, STR("{\"test\": 2432232315}"), key));
    assert_false(signature_fits(&s, STR("{\"test\": 2432232314} "), key));
    key[31] ^= 1;
    assert_false(signature_fits(&s, str_of(body), key));
}

static struct str sign(struct arena *a, const uint8_t key[HMAC_BYTES], const char *signed_text)
{
    const struct str parts[] = {str_of(signed_text)};
    uint8_t mac[HMAC_BYTES];

    hmac_sha256(key, parts, 1, mac);
    return base64(a, mac, sizeof mac);
}

/* Whichever place the right one has; and v1a is never a v1. */
static void test_any_place(void **state)
{
    struct arena *a = *state;
    const uint8_t key[HMAC_BYTES] = {7};
    struct str good = sign(a, key, "a." T ".{}");
    const struct {
        const char *label, *format;
        bool fits;
    } table[] = {
        {"alone", "v1,%s", true},
        {"first", "v1,%s " GOOD, true},
        {"last", GOOD " " GOOD " v1,%s", true},
        {"under another version", "v2,%s", false},
        {"under another version, beside a wrong one", "v1a,%s " GOOD, false},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[256];
        struct signature s;

        (void)snprintf(text, sizeof text, table[i].format, good.at);
        assert_true(signature_read(call_of(a, "a", T, text, NULL), NOW_S * 1000, &s));
        if (signature_fits(&s, STR("{}"), key) != table[i].fits)
            fail_msg("%s", table[i].label);
    }
}

/* What the dots in between are for: no other split of the same bytes is signed alike. */
static void test_no_other_split(void **state)
{
    struct arena *a = *state;
    const uint8_t key[HMAC_BYTES] = {7};
    char text[256];
    struct signature s;

    (void)snprintf(text, sizeof text, "v1,%s", sign(a, key, "a." T ".1.{}").at);
    assert_true(signature_read(call_of(a, "a", T, text, NULL), NOW_S * 1000, &s));
    assert_true(signature_fits(&s, STR("1.{}"), key));
    assert_false(signature_read(call_of(a, "a." T, "1", text, NULL), NOW_S * 1000, &s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_headers, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_known_answer, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_any_place, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_no_other_split, open_arena, close_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
