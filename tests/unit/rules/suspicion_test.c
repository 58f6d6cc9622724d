/* suspicion: what is suspicious, and when (S1 to S4). */
#include "rules/suspicion.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* Stretches of minutes, the last of which is now: `per_minute` tenths of accounts in each. */
static const struct {
    const char *label;
    double usual;
    struct {
        int minutes, per_minute;
    } heard[3];
    int window; /* 0: nothing is suspected */
} cases[] = {
    {"a quiet day", 0.5, {{60, 5}}, 0},
    {"nothing at all", 0.5, {{0, 0}}, 0},
    {"a house that is new, a report now and then", SUSPICION_PRIOR, {{60, 2}}, 0},
    {"a house that is new, ten within a minute", SUSPICION_PRIOR, {{1, 100}}, 1},
    {"nine within a minute are too few", SUSPICION_PRIOR, {{1, 90}}, 0},
    {"busy Monday morning, as usual", 20, {{60, 200}}, 0},
    {"busy Monday morning, half as many again", 20, {{60, 300}}, 0},
    {"busy Monday morning, a bunch of forty", 20, {{1, 400}}, 0},
    {"busy Monday morning, three times as many for a while", 20, {{45, 200}, {15, 620}}, 5},
    {"busy Monday morning, an outage", 20, {{55, 200}, {1, 900}}, 1},
    {"a slow rise, six in five minutes where one is heard in ten", 0.1, {{15, 12}}, 15},
    {"a slower one, a report in three minutes where one comes in fifty", 0.02, {{60, 3}}, 60},
    {"one customer, a hundred times", 0.2, {{1, 10}}, 0},
    {"forty office addresses, an account behind each", 0.5, {{1, 400}}, 1},
    {"at night, twelve within five minutes", 0.02, {{5, 24}}, 5},
    {"at night, nine within the hour", 0.02, {{9, 10}}, 0},
    {"thirty bystanders are six", 0.1, {{1, 30 * SUSPICION_BYSTANDER}}, 0},
    {"fifty bystanders are ten", 0.1, {{1, 50 * SUSPICION_BYSTANDER}}, 1},
    {"no hour is quieter than the floor", 0, {{60, 1}}, 0},
    {"it was an hour ago", 0.1, {{1, 2000}, {60, 1}}, 0},
};

static void test_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct suspicion_counts c = {.usual = cases[i].usual};
        struct suspicion_verdict v;
        int at = 0;

        for (int s = 2; s >= 0; s--)
            for (int m = 0; m < cases[i].heard[s].minutes; m++, at++)
                if (at < SUSPICION_MINUTES)
                    c.fresh[at] = cases[i].heard[s].per_minute;
        suspicion_judge(&c, &v);
        if (v.suspected != (cases[i].window > 0) || (v.suspected && v.minutes != cases[i].window))
            fail_msg("%s: %s in %d minutes, heard %.1f, usual %.1f", cases[i].label, v.suspected ? "suspected" : "not",
                     v.minutes, v.heard, v.usual);
    }
}

/* Tenths of accounts in the minutes before now, the latest first. */
static const struct {
    const char *label;
    double usual;
    int heard[12], window, began;
} begun[] = {
    {"all of it in the minute that runs", 2, {400}, 1, 1},
    {"it began in the last second of the minute before", 2, {400, 90}, 1, 2},
    {"what came before is usual", 2, {400, 20, 30, 20}, 1, 1},
    {"a first report, and four minutes of silence", 0.02, {100, 0, 0, 0, 0, 10}, 1, 6},
    {"five minutes of silence are another thing", 0.02, {100, 0, 0, 0, 0, 0, 10}, 1, 1},
    {"one leads to the next", 0.02, {100, 0, 0, 0, 10, 0, 0, 0, 10}, 1, 9},
    {"a window has what it has", 0.02, {20, 20, 20, 20, 20, 0, 10}, 5, 7},
};

static void test_begun(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof begun / sizeof begun[0]; i++) {
        struct suspicion_counts c = {.usual = begun[i].usual};
        int got;

        for (int m = 0; m < 12; m++)
            c.fresh[m] = begun[i].heard[m];
        got = suspicion_began(&c, begun[i].window);
        if (got != begun[i].began)
            fail_msg("%s: %d", begun[i].label, got);
    }
}

static void test_usual(void **state)
{
    struct suspicion_hour hours[SUSPICION_HOURS] = {0};
    struct suspicion_hour h = {0};

    (void)state;
    assert_true(suspicion_expect(hours, 7) == SUSPICION_PRIOR);
    hours[3] = suspicion_learn(hours[3], 4);
    hours[4] = suspicion_learn(hours[4], 2);
    assert_true(suspicion_expect(hours, 3) == 4);
    assert_true(suspicion_expect(hours, 7) == 3); /* the mean */
    for (int i = 0; i < 20; i++)
        h = suspicion_learn(h, 10);
    assert_int_equal(h.weeks, 8);
    assert_true(h.per_minute > 9.999 && h.per_minute < 10.001);
    h = suspicion_learn(h, 18);
    assert_true(h.per_minute > 10.999 && h.per_minute < 11.001); /* an eighth */
    assert_int_equal(suspicion_hour_of(0), 0);
    assert_int_equal(suspicion_hour_of(INT64_C(604800000) * 2900 + INT64_C(3600000) * 25 + 1), 25);
}

static const struct {
    size_t n, total;
    double usual;
    int said;
} common[] = {
    {2, 2, -1, 0},      {3, 3, -1, 1},     {3, 10, -1, 1},   {2, 10, -1, 0},
    {90, 100, 0.88, 0}, {90, 100, 0.3, 1}, {29, 100, -1, 0}, {0, 0, -1, 0},
};

static void test_common(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
        if (suspicion_in_common(common[i].n, common[i].total, common[i].usual) != common[i].said)
            fail_msg("%zu of %zu", common[i].n, common[i].total);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_judged), cmocka_unit_test(test_begun),
                                       cmocka_unit_test(test_usual), cmocka_unit_test(test_common)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
