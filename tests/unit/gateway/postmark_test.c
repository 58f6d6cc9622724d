/* postmark: what we marked ourselves is known again, whatever servers do to it on its way; nothing else is. */
#include "gateway/mail/message.h"
#include "gateway/mail/postmark.h"
#include "rules/base/arena.h"
#include "tests/unit/queues/scratch_redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REF    UINT64_C(0xF234567890)
#define DOMAIN STR("help.example.org")

static char folder[] = "/tmp/postern-postmark-XXXXXX", other_folder[] = "/tmp/postern-postmark-XXXXXX";
static struct keyring *keys, *other_keys;
static struct arena *a;
static struct ulid ana, ben, mail;

static int begin(void **state)
{
    char why[KEYRING_WHY_BYTES];

    (void)state;
    a = arena_open(65536);
    if (mkdtemp(folder) == NULL || keyring_open(&keys, folder, true, why) != ERR_OK || mkdtemp(other_folder) == NULL ||
        keyring_open(&other_keys, other_folder, true, why) != ERR_OK)
        return 1;
    ana = ulid_fresh();
    ben = ulid_fresh();
    mail = ulid_fresh();
    return 0;
}

static int end(void **state)
{
    (void)state;
    keyring_close(keys);
    keyring_close(other_keys);
    remove_folder(folder);
    remove_folder(other_folder);
    arena_close(a);
    return 0;
}

static struct str upper(struct str s)
{
    char *p = str_copy(a, s);

    for (size_t i = 0; i < s.len; i++)
        p[i] = (char)(p[i] >= 'a' && p[i] <= 'z' ? p[i] - 'a' + 'A' : p[i]);
    return (struct str){p, s.len};
}

static void a_reply_address_says_for_whom(void **state)
{
    struct str address = postmark_reply_address(keys, a, REF, ana, DOMAIN);
    struct postmark p;
    bool utf8;

    (void)state;
    assert_true(message_address(address, &utf8));
    assert_true(address.len - DOMAIN.len - 1 <= 64);
    assert_int_equal(postmark_of_address(keys, address, DOMAIN, &p), POSTMARK_REPLY);
    assert_true(p.reference == REF && ulid_equal(p.participant, ana));
    assert_int_equal(postmark_of_address(keys, upper(address), DOMAIN, &p), POSTMARK_REPLY);
    assert_int_equal(postmark_of_address(keys, str_of(str_lower(a, upper(address))), STR("HELP.example.ORG"), &p),
                     POSTMARK_REPLY);
}

static void a_bounce_address_says_what_came_back(void **state)
{
    struct str address = postmark_bounce_address(keys, a, mail, DOMAIN);
    struct postmark p;
    bool utf8;

    (void)state;
    assert_true(message_address(address, &utf8));
    assert_true(address.len - DOMAIN.len - 1 <= 64);
    assert_int_equal(postmark_of_address(keys, upper(address), DOMAIN, &p), POSTMARK_BOUNCE);
    assert_true(ulid_equal(p.mail, mail));
}

static void a_message_id_says_both(void **state)
{
    struct str id = postmark_message_id(keys, a, mail, REF, ana, DOMAIN);
    struct postmark p;

    (void)state;
    assert_true(message_id_valid(id));
    assert_int_equal(postmark_of_id(keys, id, DOMAIN, &p), POSTMARK_MESSAGE_ID);
    assert_true(p.reference == REF && ulid_equal(p.participant, ana) && ulid_equal(p.mail, mail));
    assert_int_equal(postmark_of_id(keys, (struct str){id.at + 1, id.len - 2}, DOMAIN, &p), POSTMARK_MESSAGE_ID);
}

static void what_is_not_ours_is_nothing(void **state)
{
    static const char *const others[] = {"",
                                         "@",
                                         "r+",
                                         "support@help.example.org",
                                         "support+executive@help.example.org",
                                         "r@help.example.org",
                                         "rb+x@help.example.org",
                                         "r+x@example.org",
                                         "r+x@help.example.org.evil.test",
                                         "r+x@evil.test@example.org"};
    struct postmark p;

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (postmark_of_address(keys, str_of(others[i]), DOMAIN, &p) != POSTMARK_NONE ||
            postmark_of_id(keys, str_of(others[i]), DOMAIN, &p) != POSTMARK_NONE)
            fail_msg("%s", others[i]);
    assert_int_equal(
        postmark_of_address(keys, postmark_reply_address(keys, a, REF, ana, DOMAIN), STR("other.example"), &p),
        POSTMARK_NONE);
}

static void looks_like_ours_and_is_not(void **state)
{
    struct str address = postmark_reply_address(keys, a, REF, ana, DOMAIN);
    struct str theirs = postmark_reply_address(other_keys, a, REF, ana, DOMAIN);
    struct str bounce = postmark_bounce_address(keys, a, ana, DOMAIN);
    struct postmark p;
    const char *forms[] = {
        "r+@help.example.org",
        "r+..@help.example.org",
        "b+@help.example.org",
        "r+a.b.c.d@help.example.org",
        theirs.at,
        arena_printf(a, "r+%s", bounce.at + 2),
        arena_printf(a, "b+%s", address.at + 2),
        arena_printf(a, "r+%.8s.%.26s.%s", postmark_reply_address(keys, a, REF + 1, ana, DOMAIN).at + 2,
                     address.at + 11, address.at + 38), /* another reference */
        arena_printf(a, "r+%.8s.%.26s.%s", address.at + 2, postmark_reply_address(keys, a, REF, ben, DOMAIN).at + 11,
                     address.at + 38), /* another participant */
        arena_printf(a, "r+x%s", address.at + 2),
        arena_printf(a, "r+%.51s@help.example.org", address.at + 2),
    };

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (postmark_of_address(keys, str_of(forms[i]), DOMAIN, &p) != POSTMARK_FORGED)
            fail_msg("%s", forms[i]);
}

/* Every byte of it matters, and every value of every byte. */
static void no_byte_of_it_can_be_changed(void **state)
{
    struct str marks[] = {postmark_reply_address(keys, a, REF, ana, DOMAIN),
                          postmark_bounce_address(keys, a, mail, DOMAIN),
                          postmark_message_id(keys, a, mail, REF, ana, DOMAIN)};
    struct postmark p;

    (void)state;
    for (int n = 0; n < 3; n++) {
        char *s = str_copy(a, marks[n]);
        size_t local = marks[n].len - DOMAIN.len - (n == 2 ? 2 : 1);

        for (size_t i = n == 2; i < local; i++)
            for (int c = 0; c < 256; c++) {
                char was = s[i];
                bool same_letter = (c | 0x20) == (was | 0x20) && ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');

                s[i] = (char)c;
                enum postmark_kind k = n == 2 ? postmark_of_id(keys, (struct str){s, marks[n].len}, DOMAIN, &p)
                                              : postmark_of_address(keys, (struct str){s, marks[n].len}, DOMAIN, &p);
                s[i] = was;
                if (c == (unsigned char)was || same_letter) {
                    if (k < POSTMARK_REPLY)
                        fail_msg("%s: byte %zu as %d is refused", marks[n].at, i, c);
                } else if (k >= POSTMARK_REPLY)
                    fail_msg("%s: byte %zu may be %d", marks[n].at, i, c);
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_address_says_for_whom), cmocka_unit_test(a_bounce_address_says_what_came_back),
        cmocka_unit_test(a_message_id_says_both),        cmocka_unit_test(what_is_not_ours_is_nothing),
        cmocka_unit_test(looks_like_ours_and_is_not),    cmocka_unit_test(no_byte_of_it_can_be_changed),
    };

    return cmocka_run_group_tests_name("postmark", tests, begin, end);
}
