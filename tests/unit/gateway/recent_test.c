/* recent: what is remembered, what is forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "gateway/intake/recent.h"

#include <stdio.h>

static struct recent_item made(unsigned n, int64_t at_ms)
{
    struct recent_item i = {.reference = n, .at_ms = at_ms};

    (void)snprintf(i.key, sizeof i.key, "%08x%024x", n * 2654435761u, n);
    return i;
}

static void a_key_is_known_for_a_while(void **state)
{
    struct recent *r = recent_open();
    struct recent_item one = made(1, 1000), other = made(2, 1000);

    (void)state;
    recent_add(r, &one);
    assert_non_null(recent_find(r, str_of(one.key), 1000));
    assert_int_equal(recent_find(r, str_of(one.key), 1000 + RECENT_MS - 1)->reference, 1);
    assert_null(recent_find(r, str_of(one.key), 1000 + RECENT_MS));
    assert_null(recent_find(r, str_of(other.key), 1000));
    assert_null(recent_find(r, STR(""), 1000));
    recent_close(r);
}

static void a_key_that_comes_again_takes_its_own_place(void **state)
{
    struct recent *r = recent_open();
    struct recent_item first = made(1, 1000), again = made(1, 2000);

    (void)state;
    again.reference = 7;
    recent_add(r, &first);
    recent_add(r, &again);
    assert_int_equal(recent_find(r, str_of(first.key), 2000)->reference, 7);
    recent_close(r);
}

/* Five keys of one bucket: the oldest gives way. */
static void the_oldest_is_forgotten_first(void **state)
{
    struct recent *r = recent_open();
    struct recent_item i[5];

    (void)state;
    for (unsigned n = 0; n < 5; n++) {
        i[n] = made(0, 1000 + (int64_t)n);
        (void)snprintf(i[n].key, sizeof i[n].key, "00000000%024x", n);
        recent_add(r, &i[n]);
    }
    assert_null(recent_find(r, str_of(i[0].key), 2000));
    for (unsigned n = 1; n < 5; n++)
        assert_non_null(recent_find(r, str_of(i[n].key), 2000));
    recent_close(r);
}

static void many_keys_are_mostly_there(void **state)
{
    struct recent *r = recent_open();
    unsigned known = 0;

    (void)state;
    for (unsigned n = 1; n <= RECENT_SLOTS / 2; n++) {
        struct recent_item i = made(n, n);

        recent_add(r, &i);
    }
    for (unsigned n = 1; n <= RECENT_SLOTS / 2; n++) {
        struct recent_item i = made(n, n);

        known += recent_find(r, str_of(i.key), RECENT_SLOTS) != NULL;
    }
    assert_true(known > RECENT_SLOTS / 2 * 9 / 10);
    recent_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_known_for_a_while),
        cmocka_unit_test(a_key_that_comes_again_takes_its_own_place),
        cmocka_unit_test(the_oldest_is_forgotten_first),
        cmocka_unit_test(many_keys_are_mostly_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
