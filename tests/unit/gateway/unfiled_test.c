/* unfiled: three ways to find what is on its way, against a list that is simply walked. */
#include "gateway/intake/unfiled.h"
#include "tests/unit/dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MODEL_MAX = 400, STEPS = 40000 };

/* Few values, far fewer than a hash could tell apart, so that chains are long; references collide in a bucket. */
static struct ulid item_of(int n)
{
    struct ulid u = {{0}};

    u.bytes[0] = (uint8_t)n;
    u.bytes[1] = (uint8_t)(n >> 8);
    u.bytes[15] = (uint8_t)(n % 5);
    return u;
}

static uint64_t reference_of(int n)
{
    return (uint64_t)(n % 300) << 14 | 7;
}

static const char *key_of(int n)
{
    static char key[33];

    (void)snprintf(key, sizeof key, "%032d", n % 200);
    return n % 3 == 0 ? "" : key;
}

static struct item make(int n)
{
    return (struct item){.op = n % 4 == 0 ? ITEM_MESSAGE : ITEM_REQUEST,
                         .ulid = item_of(n),
                         .reference = reference_of(n),
                         .key = str_of(key_of(n)),
                         .body = STR("00000000000000000000000000000000")};
}

struct model {
    int n[MODEL_MAX];
    size_t count;
};

static bool has(const struct model *m, int n)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->n[i] == n)
            return true;
    return false;
}

static bool has_key(const struct model *m, const char *key)
{
    char wanted[33];

    (void)snprintf(wanted, sizeof wanted, "%s", key);
    for (size_t i = 0; i < m->count; i++)
        if (wanted[0] != '\0' && strcmp(key_of(m->n[i]), wanted) == 0)
            return true;
    return false;
}

static bool has_reference(const struct model *m, uint64_t reference)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->n[i] % 4 != 0 && reference_of(m->n[i]) == reference)
            return true;
    return false;
}

/* What the table says of n must be what the model says. */
static void compare(struct unfiled *u, const struct model *m, int n)
{
    char key[33];
    struct entry *e = unfiled_item(u, item_of(n));

    (void)snprintf(key, sizeof key, "%s", key_of(n));
    assert_int_equal(e != NULL, has(m, n));
    if (e != NULL)
        assert_true(ulid_equal(e->item, item_of(n)) && e->reference == reference_of(n));
    e = key[0] == '\0' ? NULL : unfiled_key(u, str_of(key));
    assert_int_equal(e != NULL, has_key(m, key));
    if (e != NULL)
        assert_string_equal(e->key, key);
    e = unfiled_reference(u, reference_of(n));
    assert_int_equal(e != NULL, has_reference(m, reference_of(n)));
    if (e != NULL)
        assert_true(e->op == ITEM_REQUEST && e->reference == reference_of(n));
    assert_int_equal(unfiled_count(u), m->count);
}

static void agrees_with_a_list(void **state)
{
    struct unfiled *u = unfiled_open();
    struct model m = {.count = 0};
    struct dice d = {3};

    (void)state;
    for (int step = 0; step < STEPS; step++) {
        int n = (int)dice_below(&d, 1000);

        if (!has(&m, n) && m.count < MODEL_MAX) {
            struct item i = make(n);

            assert_false(unfiled_add(u, &i)->written);
            m.n[m.count++] = n;
        } else if (m.count > 0) {
            size_t gone = (size_t)dice_below(&d, (int64_t)m.count);

            unfiled_remove(u, unfiled_item(u, item_of(m.n[gone])));
            m.n[gone] = m.n[--m.count];
        }
        compare(u, &m, n);
        compare(u, &m, (int)dice_below(&d, 1000));
    }
    unfiled_close(u); /* with what is still in it */
}

/* A message stands under the reference it belongs to, which must lead to the request alone. */
static void a_message_is_not_found_by_its_reference(void **state)
{
    struct unfiled *u = unfiled_open();
    struct item message = make(4);

    (void)state;
    unfiled_add(u, &message);
    assert_null(unfiled_reference(u, message.reference));
    assert_non_null(unfiled_item(u, message.ulid));
    unfiled_close(u);
    unfiled_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_a_list),
        cmocka_unit_test(a_message_is_not_found_by_its_reference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
