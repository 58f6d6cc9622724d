/* How records age, and what two of them are worth. */
#include "rules/confidence.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void records_age(void **state)
{
    static const struct {
        const char *label;
        const char *source;
        int age_days;
        bool gone, bounced;
        double confidence;
        bool stale;
    } rows[] = {
        {"billing, today", "billing", 0, false, false, 0.9, false},
        {"billing, from the future", "billing", -3, false, false, 0.9, false},
        {"billing, half a life later", "billing", 540, false, false, 0.45, true},
        {"crm alone is never enough", "crm", 0, false, false, 0.7, true},
        {"backup", "backup", 0, false, false, 0.6, true},
        {"tickets", "tickets", 0, false, false, 0.4, true},
        {"any other", "spreadsheet", 0, false, false, 0.4, true},
        {"gone", "billing", 0, true, false, 0.45, true},
        {"bounced", "billing", 0, false, true, 0.18, true},
        {"gone and bounced", "billing", 0, true, true, 0.09, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double c =
            confidence_now(confidence_weight(str_of(rows[i].source)), rows[i].age_days, rows[i].gone, rows[i].bounced);

        if (fabs(c - rows[i].confidence) > 1e-9 || confidence_stale(c, rows[i].age_days) != rows[i].stale)
            fail_msg("%s: %f", rows[i].label, c);
    }
}

static void sources_add_up(void **state)
{
    (void)state;
    assert_true(fabs(confidence_join(0.4, 0.5) - 0.7) < 1e-9);
    assert_true(fabs(confidence_join(0, 0.9) - 0.9) < 1e-9);
    assert_true(fabs(confidence_join(0.9, 0.9) - 0.98) < 1e-9);
    assert_true(confidence_stale(0.98, CONFIDENCE_STALE_DAYS + 1));
    assert_false(confidence_stale(0.98, CONFIDENCE_STALE_DAYS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_age),
        cmocka_unit_test(sources_add_up),
    };

    return cmocka_run_group_tests_name("confidence", tests, NULL, NULL);
}
