#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "queues/vouch.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MINUTE INT64_C(60000)
#define GRACE  (15 * MINUTE)
#define T0     INT64_C(1795500000000)

static char folder[64], file[96];

static int begin(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/vouch-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(file, sizeof file, "%s/identity", folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    (void)unlink(file);
    return rmdir(folder);
}

static struct vouch opened(void)
{
    struct vouch v;

    vouch_open(&v, file, GRACE);
    return v;
}

/* A clean moment each minute, from minute `from` to minute `to` after T0. */
static void run(struct vouch *v, int from, int to)
{
    for (int minute = from; minute <= to; minute++)
        vouch_clean(v, T0 + minute * MINUTE);
}

static void a_redis_that_nobody_knows_gets_everything(void **state)
{
    struct vouch v = opened();

    (void)state;
    assert_true(vouch_changed(&v, STR("one/a")));
    assert_int_equal(vouch_since_ms(&v), 0);
    assert_false(vouch_changed(&v, STR("one/a")));
}

static void it_is_named_only_when_all_is_filed_again(void **state)
{
    struct vouch v = opened();

    (void)state;
    assert_true(vouch_changed(&v, STR("one/a")));
    v = opened(); /* a crash */
    assert_true(vouch_changed(&v, STR("one/a")));
    vouch_clean(&v, T0);
    v = opened();
    assert_false(vouch_changed(&v, STR("one/a")));
}

static void a_torn_file_names_nobody(void **state)
{
    struct vouch v;
    FILE *f = fopen(file, "w");

    (void)state;
    assert_non_null(f);
    (void)fputs("one/a", f);
    (void)fclose(f);
    v = opened();
    assert_true(vouch_changed(&v, STR("one/a")));
    assert_int_equal(vouch_since_ms(&v), 0);
}

static void what_was_filed_in_the_grace_time_is_filed_again(void **state)
{
    static const struct {
        const char *label;
        int clean_until;          /* minutes after T0 */
        int64_t youngest, oldest; /* minutes: the answer is between */
    } cases[] = {
        {"young: nothing is old enough to be left out", 10, -1, -1},
        {"after an hour: the grace time and one step", 60, 43, 45},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)unlink(file);

        struct vouch v = opened();

        (void)vouch_changed(&v, STR("one/a"));
        run(&v, 0, cases[i].clean_until);
        v = opened();
        assert_true(vouch_changed(&v, STR("two/b")));

        int64_t since = vouch_since_ms(&v);

        if (cases[i].youngest < 0) {
            if (since != 0)
                fail_msg("%s: %lld", cases[i].label, (long long)since);
            continue;
        }
        if (since < T0 + cases[i].youngest * MINUTE || since > T0 + cases[i].oldest * MINUTE)
            fail_msg("%s: minute %lld", cases[i].label, (long long)((since - T0) / MINUTE));
    }
}

/* An item that waited an hour is filed late: it came long before the grace time, and is young in Redis. */
static void what_waited_long_is_not_left_out(void **state)
{
    struct vouch v = opened();

    (void)state;
    (void)vouch_changed(&v, STR("one/a"));
    run(&v, 0, 60);    /* then Redis is away for an hour, and things come */
    run(&v, 120, 125); /* all filed now */
    assert_true(vouch_changed(&v, STR("two/b")));
    assert_true(vouch_since_ms(&v) < T0 + 60 * MINUTE);
}

/* One that takes over and fails at once: what the first had is owed to the third. */
static void a_second_change_forgets_nothing(void **state)
{
    struct vouch v = opened();

    (void)state;
    (void)vouch_changed(&v, STR("one/a"));
    run(&v, 0, 60);

    int64_t since = vouch_since_ms(&v);

    assert_true(vouch_changed(&v, STR("two/b")));
    assert_true(vouch_changed(&v, STR("three/c")));
    assert_int_equal(vouch_since_ms(&v), since);
    vouch_clean(&v, T0 + 75 * MINUTE);
    assert_true(vouch_changed(&v, STR("one/a"))); /* back again: it lacks what the others got */
    assert_int_equal(vouch_since_ms(&v), since);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_redis_that_nobody_knows_gets_everything, begin, end),
        cmocka_unit_test_setup_teardown(it_is_named_only_when_all_is_filed_again, begin, end),
        cmocka_unit_test_setup_teardown(a_torn_file_names_nobody, begin, end),
        cmocka_unit_test_setup_teardown(what_was_filed_in_the_grace_time_is_filed_again, begin, end),
        cmocka_unit_test_setup_teardown(what_waited_long_is_not_left_out, begin, end),
        cmocka_unit_test_setup_teardown(a_second_change_forgets_nothing, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
