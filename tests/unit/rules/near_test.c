/* near: a guess where one is likely, and none where it is not. */
#include "rules/base/near.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void the_nearest_word_is_meant(void **state)
{
    static const char *const list[] = {"serve", "check", "contacts", "staff", "mail", "rules", "sample", "retention"};
    static const struct {
        const char *word, *meant;
    } cases[] = {
        {"sevre", "serve"},
        {"serv", "serve"},
        {"server", "serve"},
        {"chek", "check"},
        {"contact", "contacts"},
        {"cnotacts", "contacts"},
        {"retetnion", "retention"},
        {"retenshun", "retention"},
        {"mial", "mail"},
        {"serve", "serve"},
        {"", NULL},
        {"x", NULL},
        {"start", NULL},
        {"quite-another", NULL},
        {"a-word-of-more-than-thirty-two-letters", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *got = near_word(str_of(cases[i].word), list, sizeof list / sizeof list[0]);

        if (got != cases[i].meant && (got == NULL || cases[i].meant == NULL || strcmp(got, cases[i].meant) != 0))
            fail_msg("%s: %s", cases[i].word, got == NULL ? "nothing" : got);
    }
    assert_null(near_word(STR("x"), NULL, 0));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(the_nearest_word_is_meant)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
