/* mailbox: for whom mail is taken. */
#include "gateway/lmtp/mailbox.h"
#include "gateway/mail/postmark.h"
#include "rules/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OWN STR("support@xn--mnchen-3ya.example")

static const struct {
    const char *label;
    struct str address;
    bool is;
    const char *extension;
} addresses[] = {
    {"itself", STR("support@xn--mnchen-3ya.example"), true, ""},
    {"in any case", STR("SupPort@XN--mnchen-3YA.Example"), true, ""},
    {"its domain in U-labels", STR("support@m\xC3\xBCnchen.example"), true, ""},
    {"quoted for no reason", STR("\"support\"@xn--mnchen-3ya.example"), true, ""},
    {"with an extension", STR("support+executive@xn--mnchen-3ya.example"), true, "executive"},
    {"with two", STR("support+a+executive@xn--mnchen-3ya.example"), true, "a+executive"},
    {"with an empty one", STR("support+@xn--mnchen-3ya.example"), true, ""},
    {"another domain", STR("support@xn--mnchen-3ya.example.org"), false, NULL},
    {"a look-alike domain",
     STR("support@m\xC3\xBCnchen.examp\xD0\xBB"
         "e"),
     false, NULL},
    {"another local part", STR("supports@xn--mnchen-3ya.example"), false, NULL},
    {"the beginning of it", STR("sup@xn--mnchen-3ya.example"), false, NULL},
    {"an extension alone", STR("+support@xn--mnchen-3ya.example"), false, NULL},
    {"no local part", STR("@xn--mnchen-3ya.example"), false, NULL},
    {"no domain", STR("support"), false, NULL},
    {"nothing", STR(""), false, NULL},
    {"two domains", STR("support@xn--mnchen-3ya.example@evil.example"), false, NULL},
    {"somebody else's mark", STR("r+x@xn--mnchen-3ya.example"), false, NULL},
};

static void an_address_is_ours_or_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        struct str extension = STR("?");

        if (mailbox_is(addresses[i].address, OWN, &extension) != addresses[i].is)
            fail_msg("%s", addresses[i].label);
        if (addresses[i].is && !str_is(extension, addresses[i].extension))
            fail_msg("%s: extension %.*s", addresses[i].label, (int)extension.len, extension.at);
    }
}

static void an_address_with_an_extension_can_be_ours(void **state)
{
    struct str own = STR("help+de@example.org"), extension;

    (void)state;
    assert_true(mailbox_is(STR("help+de@example.org"), own, &extension));
    assert_int_equal(extension.len, 0);
    assert_true(mailbox_is(STR("Help+DE+executive@example.org"), own, &extension));
    assert_true(str_is(extension, "executive"));
    assert_false(mailbox_is(STR("help@example.org"), own, NULL));
    assert_false(mailbox_is(STR("help+dee@example.org"), own, NULL));
}

static void an_extension_is_words(void **state)
{
    (void)state;
    assert_true(mailbox_has(STR("executive"), "executive"));
    assert_true(mailbox_has(STR("a+Executive+b"), "executive"));
    assert_false(mailbox_has(STR("executives"), "executive"));
    assert_false(mailbox_has(STR("an-executive"), "executive"));
    assert_false(mailbox_has((struct str){NULL, 0}, "executive"));
}

static void marks_of_ours_are_taken_and_forged_ones_are_not(void **state)
{
    char folder[] = "/tmp/mailbox-test-XXXXXX", why[KEYRING_WHY_BYTES], command[64];
    struct arena *a = arena_open(4096);
    struct str domain = STR("example.org"), own = STR("support@example.org"), mark;
    struct keyring *k;
    char *forged;

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(keyring_open(&k, folder, true, why), ERR_OK);
    mark = postmark_reply_address(k, a, 12345, ulid_fresh(), domain);
    assert_true(mailbox_ours(k, mark, own));
    forged = str_copy(a, mark);
    forged[10] = forged[10] == '0' ? '1' : '0';
    assert_false(mailbox_ours(k, str_of(forged), own));
    assert_true(mailbox_ours(k, postmark_bounce_address(k, a, ulid_fresh(), domain), own));
    assert_false(mailbox_ours(k, postmark_bounce_address(k, a, ulid_fresh(), STR("example.net")), own));
    assert_true(mailbox_ours(k, own, own));
    assert_false(mailbox_ours(k, STR("root@example.org"), own));
    keyring_close(k);
    arena_close(a);
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_ours_or_not),
        cmocka_unit_test(an_address_with_an_extension_can_be_ours),
        cmocka_unit_test(an_extension_is_words),
        cmocka_unit_test(marks_of_ours_are_taken_and_forged_ones_are_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
