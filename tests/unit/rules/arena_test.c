/* arena: memory that is zeroed, aligned, apart, and gone together. */
#include "rules/base/arena.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 15, 16, 17, 63, 64, 65, 100, 1000, 10000};
    enum { N = sizeof sizes / sizeof sizes[0] };
    struct arena *a = arena_open(64);
    unsigned char *pieces[N];

    (void)state;
    for (int round = 0; round < 3; round++) { /* the second and third find memory that was written to */
        for (size_t i = 0; i < N; i++) {
            pieces[i] = arena_take(a, sizes[i]);
            assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
            for (size_t j = 0; j < sizes[i]; j++)
                assert_int_equal(pieces[i][j], 0);
            memset(pieces[i], (int)i + 1, sizes[i]);
        }
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < sizes[i]; j++)
                assert_int_equal(pieces[i][j], i + 1);
        arena_reset(a);
    }
    arena_close(a);
}

static void copies_end_in_a_nul(void **state)
{
    struct arena *a = arena_open(32);

    (void)state;
    assert_string_equal(arena_copy(a, "abcdef", 3), "abc");
    assert_string_equal(arena_copy(a, NULL, 0), "");
    assert_string_equal(arena_strdup(a, "a string that is longer than a block of this arena"),
                        "a string that is longer than a block of this arena");
    assert_string_equal(arena_printf(a, "%s-%d", "x", 12), "x-12");
    assert_int_equal(arena_new(a, int64_t)[0], 0);
    assert_int_equal(arena_array(a, int64_t, 100)[99], 0);
    arena_close(a);
}

static void closing_nothing_is_allowed(void **state)
{
    (void)state;
    arena_close(NULL);
    arena_close(arena_open(1));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(copies_end_in_a_nul),
        cmocka_unit_test(closing_nothing_is_allowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
