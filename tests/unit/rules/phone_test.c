/* Phone numbers as people type them, in E.164. */
#include "rules/phone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void numbers_become_e164(void **state)
{
    static const struct {
        const char *label, *typed, *hint, *e164; /* e164 NULL: refused */
    } rows[] = {
        {"international", "+886 2 1234 5678", NULL, "+886212345678"},
        {"the hint does not overrule the code", "+49 30 23125 123", "TW", "+493023125123"},
        {"national with a country", "02-1234-5678", "TW", "+886212345678"},
        {"national mobile", "0912 345 678", "TW", "+886912345678"},
        {"national without a country", "02-1234-5678", NULL, NULL},
        {"exit code of the country", "002 49 30 23125123", "TW", "+493023125123"},
        {"brackets", "(030) 23125-123", "DE", "+493023125123"},
        {"German with the odd (0)", "+49 (0) 30 23125123", NULL, "+493023125123"},
        {"Arabic-Indic digits", "٠٥٥١٢٣٤٥٦٧", "SA", "+966551234567"},
        {"full-width digits", "＋８８６２１２３４５６７８", NULL, "+886212345678"},
        {"extension is dropped", "+886 2 1234 5678 ext. 9", NULL, "+886212345678"},
        {"tel: as in a URI", "tel:+886-2-1234-5678", NULL, "+886212345678"},
        {"anonymous caller", "anonymous", "TW", NULL},
        {"empty", "", "TW", NULL},
        {"too short", "+88612", NULL, NULL},
        {"too long", "+886212345678901234", NULL, NULL},
        {"no such country code", "+999 1234 5678", NULL, NULL},
        {"unknown hint", "0912345678", "QQ", NULL},
        {"not UTF-8", "+886 2 \xFF 1234 5678", NULL, NULL},
        {"a sentence", "call me at home", "TW", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[PHONE_BYTES] = "-";
        bool ok = phone_e164(str_of(rows[i].typed), rows[i].hint, out);

        if (ok != (rows[i].e164 != NULL) || !str_is(str_of(out), ok ? rows[i].e164 : "-"))
            fail_msg("%s: %s", rows[i].label, ok ? out : "refused");
    }
}

static void regions_and_masks(void **state)
{
    static const struct {
        const char *e164, *region, *mask;
    } rows[] = {
        {"+886212345678", "TW", "+886 ••• 78"},
        {"+493023125123", "DE", "+49 ••• 23"},
        {"+966551234567", "SA", "+966 ••• 67"},
        {"+81312345678", "JP", "+81 ••• 78"},
        {"+80012345678", NULL, "+800 ••• 78"},
        {"", NULL, "•••"},
        {"0212345678", NULL, "•••"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char region[3] = "-", mask[PHONE_MASK_BYTES];

        assert_int_equal(phone_region(rows[i].e164, region), rows[i].region != NULL);
        if (rows[i].region != NULL)
            assert_string_equal(region, rows[i].region);
        phone_mask(rows[i].e164, mask);
        assert_string_equal(mask, rows[i].mask);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_become_e164),
        cmocka_unit_test(regions_and_masks),
    };

    return cmocka_run_group_tests_name("phone", tests, NULL, NULL);
}
