/* restoration: every cell of the table, with and without our validation. */
#include "rules/restoration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A letter a cell: Waiting, Restoring, Automatic check, Our validation, Customer validation, Handed back, aUdit,
 * reoPened; '.' is refused. Columns: told waiting, restoring, automatic-check, our-validation, customer-validation,
 * failed; signed off, sent back; accepted, refused; marked, cleared, taken again. */
static const char *const without[RESTORATION_STATES] = {
    [RESTORATION_WAITING] = "WRAOCR.......",
    [RESTORATION_RESTORING] = "WRAOCR.......",
    [RESTORATION_AUTOMATIC_CHECK] = "WRAOCR.R.....",
    [RESTORATION_OUR_VALIDATION] = ".RAO.RCR.....",
    [RESTORATION_CUSTOMER_VALIDATION] = ".RAOCR.RHR...",
    [RESTORATION_HANDED_BACK] = ".....U..HUU..",
    [RESTORATION_AUDIT] = ".....U...UUHP",
    [RESTORATION_REOPENED] = "PRAOCR......P",
};
static const char *const with_ours[RESTORATION_STATES] = {
    [RESTORATION_WAITING] = "WRAOOR.......",
    [RESTORATION_RESTORING] = "WRAOOR.......",
    [RESTORATION_AUTOMATIC_CHECK] = "WRAOOR.R.....",
    [RESTORATION_OUR_VALIDATION] = ".RAOORCR.....",
    [RESTORATION_CUSTOMER_VALIDATION] = ".RAOCR.RHR...",
    [RESTORATION_HANDED_BACK] = ".....U..HUU..",
    [RESTORATION_AUDIT] = ".....U...UUHP",
    [RESTORATION_REOPENED] = "PRAOOR......P",
};

static void hold(const char *const drawing[], bool ours)
{
    for (int s = 0; s < RESTORATION_STATES; s++)
        for (int e = 0; e < RESTORATION_EVENTS; e++) {
            enum restoration_state next = RESTORATION_STATES;
            enum err rc = restoration_step((enum restoration_state)s, (enum restoration_event)e, ours, &next);
            char got = rc == ERR_OK ? "WRAOCHUP"[next] : '.';

            if (rc != ERR_OK) {
                assert_int_equal(rc, ERR_CONFLICT);
                assert_int_equal(next, RESTORATION_STATES);
            }
            if (got != drawing[s][e])
                fail_msg("%s, event %s: %c", restoration_state_name((enum restoration_state)s),
                         restoration_event_name((enum restoration_event)e), got);
        }
}

static void every_cell_is_as_drawn(void **state)
{
    (void)state;
    hold(without, false);
    hold(with_ours, true);
}

static void only_the_customer_hands_back(void **state)
{
    (void)state;
    for (int s = 0; s < RESTORATION_HANDED_BACK; s++)
        for (int e = 0; e < RESTORATION_EVENTS; e++) {
            enum restoration_state next;

            if (restoration_step((enum restoration_state)s, (enum restoration_event)e, false, &next) == ERR_OK &&
                next == RESTORATION_HANDED_BACK)
                assert_int_equal(e, RESTORATION_ACCEPTED);
        }
}

static void work_begins_anew_after_a_failure(void **state)
{
    static const struct {
        enum restoration_state from, to;
        bool anew;
    } cases[] = {
        {RESTORATION_OUR_VALIDATION, RESTORATION_RESTORING, true},
        {RESTORATION_CUSTOMER_VALIDATION, RESTORATION_RESTORING, true},
        {RESTORATION_CUSTOMER_VALIDATION, RESTORATION_AUTOMATIC_CHECK, true},
        {RESTORATION_AUDIT, RESTORATION_REOPENED, true},
        {RESTORATION_REOPENED, RESTORATION_RESTORING, false},
        {RESTORATION_RESTORING, RESTORATION_AUTOMATIC_CHECK, false},
        {RESTORATION_OUR_VALIDATION, RESTORATION_CUSTOMER_VALIDATION, false},
        {RESTORATION_HANDED_BACK, RESTORATION_AUDIT, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(restoration_begins_anew(cases[i].from, cases[i].to), cases[i].anew);
}

static void names_are_those_of_the_interface(void **state)
{
    enum restoration_state s;
    enum restoration_event e;

    (void)state;
    for (int i = 0; i < RESTORATION_STATES; i++) {
        assert_true(restoration_state_parse(str_of(restoration_state_name((enum restoration_state)i)), &s));
        assert_int_equal(s, i);
    }
    for (int i = 0; i < RESTORATION_EVENTS; i++) {
        struct str word = str_of(restoration_event_name((enum restoration_event)i));

        assert_true(restoration_event_parse(word, &e));
        assert_int_equal(e, i);
        assert_int_equal(restoration_told_parse(word, &e), i < RESTORATION_TOLD);
    }
    assert_false(restoration_told_parse(STR("handed-back"), &e));
    assert_false(restoration_state_parse(STR("failed"), &s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_is_as_drawn),
        cmocka_unit_test(only_the_customer_hands_back),
        cmocka_unit_test(work_begins_anew_after_a_failure),
        cmocka_unit_test(names_are_those_of_the_interface),
    };

    return cmocka_run_group_tests_name("restoration", tests, NULL, NULL);
}
