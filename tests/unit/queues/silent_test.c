/* silent: the list of customers who have heard nothing follows from their histories, whatever happened to their tickets;
 * on a real redis-server. */
#include "queues/keys.h"
#include "queues/merge.h"
#include "queues/placing.h"
#include "queues/silent.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"
#include "rules/route.h"
#include "tests/unit/queues/filing_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR INT64_C(3600000)
#define T    LAB_NOW

static const char rules_text[] = "queue triage { silence 8h calendar always }\n"
                                 "queue gold { silence 2h calendar always }\n"
                                 "route when executive to gold\n"
                                 "route otherwise to triage\n";

static struct filing_lab lab;
static uint64_t people;

static enum err no_zone(void *arg, const char *name, struct buf *bytes)
{
    (void)arg;
    (void)name;
    (void)bytes;
    return ERR_ABSENT;
}

static int begin(void **state)
{
    struct buf faults = {0};

    (void)state;
    filing_lab_open(&lab);
    rules_close(lab.rules);
    if (rules_load(&lab.rules, "test.rules", str_of(rules_text), no_zone, NULL, &faults) != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
    return 0;
}

static int end(void **state)
{
    (void)state;
    filing_lab_close(&lab);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    filing_lab_empty(&lab);
    return 0;
}

/* Somebody new asks, so many hours after T. */
static struct ulid asks(int hours, bool executive)
{
    struct item i = lab_report(&lab, "web", "our site is gone");

    i.email = str_of(arena_printf(lab.arena, "p%d@example.org", (int)++people));
    i.received_ms = T + hours * HOUR;
    i.executive = executive;
    return lab_file(&lab, &i)->ticket;
}

static struct ulid account_of(struct ulid ticket)
{
    return lab_ticket(&lab, ticket).account;
}

/* An act of staff: what it means to clocks, and the state it leads to. */
static void act(struct ulid ticket, const char *clock, const char *state, int hours)
{
    struct ticket t = lab_ticket(&lab, ticket);
    struct happening h = {
        .id = ulid_in(ulid_fresh(), t.partition), .at_ms = T + hours * HOUR, .kind = STR("x"), .clock = str_of(clock)};
    struct change *c = change_begin(lab.arena);

    change_hset(c, ticket_key(lab.arena, ticket), "state", str_of(state));
    change_happening(c, ticket, &h);
    if (strcmp(clock, "replied") == 0)
        change_account_told(c, t.account, h.at_ms);
    else
        change_silent_ask(c, t.account);
    assert_int_equal(change_run(lab.redis, lab.arena, c, STR(""), ticket_key(lab.arena, ticket), t.version, NULL),
                     ERR_OK);
}

static void settle(int hours)
{
    size_t n = 1;

    for (int i = 0; n > 0 && i < 10; i++)
        assert_int_equal(silent_turn(lab.redis, lab.keys, lab.rules, lab.arena, T + hours * HOUR, &n), ERR_OK);
    assert_int_equal(n, 0);
}

/* "<hours since T> …" of the list, in its order. */
static const char *list(void)
{
    struct queue_place places[64], after;
    size_t n = 2, all = 0;
    struct buf b = {0};
    const char *text;

    for (const struct queue_place *behind = NULL; n == 2; behind = &after) { /* pages of two */
        assert_int_equal(silent_page(lab.redis, lab.arena, behind, 2, places, &n), ERR_OK);
        for (size_t i = 0; i < n; i++, all++)
            buf_printf(&b, "%s%d", all == 0 ? "" : " ", (int)((places[i].due_ms - T) / HOUR));
        if (n > 0)
            after = places[n - 1];
    }
    text = str_copy(lab.arena, buf_view(&b));
    buf_free(&b);
    return text;
}

static void who_waits_longest_comes_first(void **state)
{
    struct ulid a, b, c;

    (void)state;
    b = asks(2, false);
    a = asks(1, false);
    c = asks(3, false);
    (void)asks(4, false);
    assert_string_equal(list(), "1 2 3 4"); /* by the change that filed them */
    act(a, "replied", "open", 6);
    act(b, "solved", "solved", 6); /* without a word */
    act(c, "replied", "open", 6);
    act(c, "solved", "solved", 7);
    settle(8);
    assert_string_equal(list(), "2 4 6");
    act(b, "replied", "solved", 9);
    settle(9);
    assert_string_equal(list(), "4 6");
}

static void nine_closed_duplicates_hide_nothing(void **state)
{
    struct ulid customer = {{0}}, first = {{0}};

    (void)state;
    for (int k = 0; k < 9; k++) {
        struct ulid ticket = asks(k, false);
        struct mover m = {lab.redis, lab.keys, lab.rules, lab.arena, T + 20 * HOUR};

        act(ticket, "solved", "closed", 10);
        if (k == 0)
            customer = account_of(first = ticket);
        else {
            struct edge e = {.from = account_of(ticket),
                             .into = customer,
                             .why = STR("the same"),
                             .by = STR("system"),
                             .by_name = STR("x")};

            assert_int_equal(merge_link(&m, &e), ERR_OK);
        }
    }
    settle(11);
    assert_string_equal(list(), "0");
    act(first, "replied", "closed", 12); /* one word to one of them is a word to all */
    settle(12);
    assert_string_equal(list(), "");
}

static void a_merge_and_its_end_move_the_entry(void **state)
{
    struct ulid a, b;
    struct mover m = {lab.redis, lab.keys, lab.rules, lab.arena, T + 20 * HOUR};
    struct edge e = {.why = STR("the same"), .by = STR("system"), .by_name = STR("x")};

    (void)state;
    a = asks(1, false);
    b = asks(2, false);
    act(b, "replied", "open", 5);
    settle(6);
    assert_string_equal(list(), "1 5");
    e.from = account_of(a);
    e.into = account_of(b);
    assert_int_equal(merge_link(&m, &e), ERR_OK);
    settle(6);
    assert_string_equal(list(), "5"); /* one customer, told at 5 */
    assert_int_equal(merge_unlink(&m, e.into, e.id, STR("system"), NULL), ERR_OK);
    settle(6);
    assert_string_equal(list(), "1 5");
}

static void the_promise_that_ends_first_counts(void **state)
{
    struct ulid a = asks(1, false), b = asks(2, true);
    struct silent s;

    (void)state;
    assert_int_equal(silent_read(lab.redis, lab.keys, lab.rules, lab.arena, account_of(a), T + 4 * HOUR, &s), ERR_OK);
    assert_true(s.silence.waits && str_is(s.queue, "triage"));
    assert_int_equal(s.clock.due_ms, T + 9 * HOUR);
    assert_int_equal(s.clock.state, SLA_RUNNING);
    assert_int_equal(silent_read(lab.redis, lab.keys, lab.rules, lab.arena, account_of(b), T + 5 * HOUR, &s), ERR_OK);
    assert_true(str_is(s.queue, "gold"));
    assert_int_equal(s.clock.due_ms, T + 4 * HOUR);
    assert_int_equal(s.clock.state, SLA_BREACHED);
    assert_int_equal(s.clock.spans, 1);
}

/* Work that is over promises nothing any more while other work is open. */
static void what_is_closed_does_not_hurry_what_is_open(void **state)
{
    struct ulid a = asks(1, false), b = asks(2, true);
    struct mover m = {lab.redis, lab.keys, lab.rules, lab.arena, T + 20 * HOUR};
    struct edge e = {
        .from = account_of(b), .into = account_of(a), .why = STR("the same"), .by = STR("system"), .by_name = STR("x")};
    struct silent s;

    (void)state;
    act(b, "solved", "closed", 3);
    assert_int_equal(merge_link(&m, &e), ERR_OK);
    assert_int_equal(silent_read(lab.redis, lab.keys, lab.rules, lab.arena, account_of(b), T + 4 * HOUR, &s), ERR_OK);
    assert_true(str_is(s.queue, "triage") && s.silence.open == 1 && ulid_equal(s.account, account_of(a)));
    act(a, "solved", "closed", 5);
    assert_int_equal(silent_read(lab.redis, lab.keys, lab.rules, lab.arena, account_of(a), T + 6 * HOUR, &s), ERR_OK);
    assert_true(str_is(s.queue, "gold") && s.silence.open == 0 && s.silence.waits);
}

static void what_is_no_customers_question_is_not_there(void **state)
{
    struct ulid a = asks(1, false);
    struct str key = key_in(lab.arena, partition_of(account_of(a)), "a", id_print(ID_ACCOUNT, account_of(a)).at);

    (void)state;
    lab_set(&lab, a, "spam", "1"); /* put aside: the customer waits for nothing */
    assert_int_equal(silent_settle(lab.redis, lab.keys, lab.rules, lab.arena, account_of(a), T + 2 * HOUR), ERR_OK);
    assert_string_equal(list(), "");
    assert_int_equal(
        redis_do(lab.redis, lab.arena, NULL, 4, (struct str[]){STR("HSET"), key, STR("cluster"), STR("1")}), ERR_OK);
    lab_set(&lab, a, "spam", "0");
    assert_int_equal(silent_settle(lab.redis, lab.keys, lab.rules, lab.arena, account_of(a), T + 2 * HOUR), ERR_OK);
    assert_string_equal(list(), ""); /* posts of bystanders are no customer's */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(who_waits_longest_comes_first, empty),
        cmocka_unit_test_setup(nine_closed_duplicates_hide_nothing, empty),
        cmocka_unit_test_setup(a_merge_and_its_end_move_the_entry, empty),
        cmocka_unit_test_setup(the_promise_that_ends_first_counts, empty),
        cmocka_unit_test_setup(what_is_closed_does_not_hurry_what_is_open, empty),
        cmocka_unit_test_setup(what_is_no_customers_question_is_not_there, empty),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
