/* ticket_state: every cell of the table. */
#include "rules/ticket_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Two letters a cell: the next state (Open, Customer waited for, Us, Solved, Xclosed) and what the clocks do
 * (- keep, p pause, r resume, a answered, s stop, o reopen); ".." is refused, "X+" opens linked work. */
static const char *const drawing[TICKET_STATES][TICKET_EVENTS] = {
    /*                            open  cust  us    solv  clos  reply customer robot writes */
    [TICKET_OPEN] = {"O-", "Cp", "U-", "Ss", "Xs", "Oa", "O-", "O-"},
    [TICKET_WAITING_CUSTOMER] = {"Or", "C-", "Ur", "Ss", "Xs", "Ca", "Ur", "C-"},
    [TICKET_WAITING_US] = {"O-", "Cp", "U-", "Ss", "Xs", "Ua", "U-", "U-"},
    [TICKET_SOLVED] = {"Oo", "..", "Uo", "S-", "X-", "Sa", "Oo", "S-"},
    [TICKET_CLOSED] = {"..", "..", "..", "..", "X-", "..", "X+", "X-"},
};

static void every_cell_is_as_drawn(void **state)
{
    (void)state;
    for (int s = 0; s < TICKET_STATES; s++)
        for (int e = 0; e < TICKET_EVENTS; e++) {
            struct ticket_step step = {.next = TICKET_STATES};
            enum err rc = ticket_step(&step, (enum ticket_state)s, (enum ticket_event)e);
            char got[3] = "..";

            if (rc == ERR_OK) {
                got[0] = "OCUSX"[step.next];
                got[1] = step.opens_linked ? '+' : "-praso"[step.clock];
            } else {
                assert_int_equal(rc, ERR_CONFLICT);
                assert_int_equal(step.next, TICKET_STATES);
            }
            if (strcmp(got, drawing[s][e]) != 0)
                fail_msg("%s, event %d: %s", ticket_state_name((enum ticket_state)s), e, got);
        }
}

static void names_are_those_of_the_interface(void **state)
{
    static const char *const words[] = {"open", "waiting-customer", "waiting-us", "solved", "closed"};
    enum ticket_state s;

    (void)state;
    for (int i = 0; i < TICKET_STATES; i++) {
        assert_true(ticket_state_parse(str_of(words[i]), &s));
        assert_int_equal(s, i);
        assert_string_equal(ticket_state_name(s), words[i]);
        assert_int_equal(ticket_staff_sets(s), i);
    }
    assert_false(ticket_state_parse(STR("Open"), &s));
    assert_false(ticket_state_parse(STR(""), &s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_is_as_drawn),
        cmocka_unit_test(names_are_those_of_the_interface),
    };

    return cmocka_run_group_tests_name("ticket_state", tests, NULL, NULL);
}
