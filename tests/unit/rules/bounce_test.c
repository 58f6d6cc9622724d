/* bounce: what a report says of a mailbox. */
#include "rules/bounce.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *label, *action, *status, *why;
    enum bounce bounce;
} rows[] = {
    {"no such mailbox", "failed", "5.1.1", "550 5.1.1 unknown user", BOUNCE_DEAD},
    {"no such domain", "failed", "5.1.2", "", BOUNCE_DEAD},
    {"it moved", "failed", "5.1.6", "", BOUNCE_DEAD},
    {"takes no mail at all", "failed", "5.1.10", "556", BOUNCE_DEAD},
    {"disabled", "failed", "5.2.1", "", BOUNCE_DEAD},
    {"no reason told", "failed", "5.0.0", "", BOUNCE_DEAD},
    {"no such host", "failed", "5.4.4", "", BOUNCE_DEAD},
    {"nobody answers there", "failed", "5.4.1", "", BOUNCE_DEAD},
    {"in capitals", "Failed", "5.1.1", "", BOUNCE_DEAD},
    {"our own address is not liked", "failed", "5.1.8", "", BOUNCE_RETURNED},
    {"full", "failed", "5.2.2", "552 over quota", BOUNCE_RETURNED},
    {"too large", "failed", "5.2.3", "", BOUNCE_RETURNED},
    {"their system is full", "failed", "5.3.1", "", BOUNCE_RETURNED},
    {"went in circles", "failed", "5.4.6", "", BOUNCE_RETURNED},
    {"content is not liked", "failed", "5.6.1", "", BOUNCE_RETURNED},
    {"taken for spam", "failed", "5.7.1", "550 5.7.1 rejected", BOUNCE_RETURNED},
    {"given up after days", "failed", "4.4.7", "", BOUNCE_RETURNED},
    {"nobody answered for days", "failed", "4.4.1", "", BOUNCE_RETURNED},
    {"soft, and failed all the same", "failed", "4.2.2", "", BOUNCE_RETURNED},
    {"delayed", "delayed", "4.4.1", "", BOUNCE_NOTHING},
    {"delayed, whatever the status", "delayed", "5.1.1", "550", BOUNCE_NOTHING},
    {"arrived", "delivered", "2.0.0", "", BOUNCE_NOTHING},
    {"passed on", "relayed", "2.0.0", "", BOUNCE_NOTHING},
    {"no action", "", "5.1.1", "550 unknown user", BOUNCE_NOTHING},
    {"no status, 550", "failed", "", "550 no such user", BOUNCE_DEAD},
    {"no status, 551", "failed", "", " 551 not here", BOUNCE_DEAD},
    {"no status, 552", "failed", "", "552 too large", BOUNCE_RETURNED},
    {"no status, four digits", "failed", "", "5501", BOUNCE_RETURNED},
    {"no status, no reason", "failed", "", "", BOUNCE_RETURNED},
    {"a status that is none", "failed", "5.1", "550 no such user", BOUNCE_DEAD},
    {"another that is none", "failed", "55.1.1", "", BOUNCE_RETURNED},
    {"a third", "failed", "5.1.1.1", "451 try later", BOUNCE_RETURNED},
};

static void what_came_back_says_how_the_mailbox_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum bounce b = bounce_judge(str_of(rows[i].action), str_of(rows[i].status), str_of(rows[i].why));

        if (b != rows[i].bounce)
            fail_msg("%s: \"%s\"", rows[i].label, bounce_word(b));
        assert_int_equal(bounce_parse(str_of(bounce_word(b))), b);
    }
    assert_int_equal(bounce_parse(STR("alive")), BOUNCE_NOTHING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_came_back_says_how_the_mailbox_is)};

    return cmocka_run_group_tests_name("bounce", tests, NULL, NULL);
}
