/* rate: the script that counts mails, held against the algorithm as ITU-T I.371 draws it. */
#include "queues/redis.h"
#include "tests/unit/dice.h"
#include "tests/unit/queues/scratch_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct lab s;

static int begin(void **state)
{
    (void)state;
    lab_open(&s);
    return 0;
}

static int end(void **state)
{
    (void)state;
    lab_close(&s);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    lab_empty(&s);
    return 0;
}

static void add(const char *key, int64_t now_ms, int64_t gap_ms, int64_t burst)
{
    redis_add_script(s.redis, SCRIPT_RATE, 1, 4,
                     (struct str[]){str_of(key), str_of(arena_printf(s.arena, "%lld", (long long)now_ms)),
                                    str_of(arena_printf(s.arena, "%lld", (long long)gap_ms)),
                                    str_of(arena_printf(s.arena, "%lld", (long long)burst))});
}

static int64_t ask(const char *key, int64_t now_ms, int64_t gap_ms, int64_t burst)
{
    struct redis_value *v;
    size_t n;

    add(key, now_ms, gap_ms, burst);
    assert_int_equal(redis_flush(s.redis, s.arena, &v, &n), ERR_OK);
    assert_int_equal(v->kind, REDIS_INT);
    return v->integer;
}

static const struct {
    const char *label;
    int64_t gap_ms, burst, step_ms;
} limits[] = {
    {"mails to one address", 600 * 1000, 3, 900 * 1000},
    {"mails to one address in a day", 86400000 / 10, 10, 20000000},
    {"one at a time", 1000, 1, 2000},
    {"many, close together", 100, 200, 180},
};

/* Each limit for 25,000 steps of random length, in pipelines as long as a flush may be in practice. */
static void agrees_with_a_leaky_bucket(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct dice d = {i + 1};
        double level = 0;
        int64_t now = 1795500000000, asked[500], before = now, taken = 0;

        for (int round = 0; round < 50; round++) {
            struct redis_value *v;
            size_t n;

            for (size_t k = 0; k < 500; k++) {
                asked[k] = now += dice_below(&d, round % 2 == 0 ? limits[i].step_ms : limits[i].step_ms / 4);
                add("l:{x}", now, limits[i].gap_ms, limits[i].burst);
            }
            assert_int_equal(redis_flush(s.redis, s.arena, &v, &n), ERR_OK);
            for (size_t k = 0; k < n; k++) {
                level = level > (double)(asked[k] - before) ? level - (double)(asked[k] - before) : 0;
                before = asked[k];

                double over = level - (double)(limits[i].gap_ms * (limits[i].burst - 1));

                if (v[k].integer != (over > 0 ? (int64_t)over : 0))
                    fail_msg("%s: round %d, %zu: %lld", limits[i].label, round, k, (long long)v[k].integer);
                level += over > 0 ? 0 : (double)limits[i].gap_ms;
                taken += over <= 0;
            }
        }
        assert_true(taken > 1000 && taken < 24500);
        lab_empty(&s);
    }
}

static void a_refusal_writes_nothing(void **state)
{
    char before[64];

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask("l:{a}", 5000, 1000, 3), 0);
    (void)snprintf(before, sizeof before, "%s", lab_say(&s, "GET l:{a}"));
    assert_int_equal(ask("l:{a}", 5000, 1000, 3), 1000);
    assert_string_equal(lab_say(&s, "GET l:{a}"), before);
    assert_int_equal(ask("l:{b}", 5000, 1000, 3), 0); /* another one's */
}

static void a_rate_goes_when_it_has_run_out(void **state)
{
    (void)state;
    (void)ask("l:{a}", 5000, 60000, 3);

    int64_t left = strtoll(lab_say(&s, "PTTL l:{a}"), NULL, 10);

    assert_true(left > 60000 && left <= 61000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(agrees_with_a_leaky_bucket, empty),
        cmocka_unit_test_setup(a_refusal_writes_nothing, empty),
        cmocka_unit_test_setup(a_rate_goes_when_it_has_run_out, empty),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
