/* spelling: every character of the alphabet has a word of its own. */
#include "rules/spelling.h"

#include "rules/base/arena.h"
#include "rules/base/id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void references_are_read_aloud(void **state)
{
    static const struct {
        uint64_t number;
        const char *reference, *spelled;
    } cases[] = {
        {832791728439, "R7K4-2M9Q-W", "Romeo seven Kilo four, two Mike nine Quebec, Whiskey"},
        {0, "0000-0000-0", "zero zero zero zero, zero zero zero zero, zero"},
    };
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(reference_print(cases[i].number).at, cases[i].reference);
        assert_string_equal(reference_spell(a, cases[i].number).at, cases[i].spelled);
    }
    arena_close(a);
}

/* The first letter of a word is its character: nothing else is written down by whoever hears it. */
static void words_begin_with_what_they_mean(void **state)
{
    static const char names[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    static const char *const digits[] = {"zero", "one", "two",   "three", "four",
                                         "five", "six", "seven", "eight", "nine"};
    struct arena *a = arena_open(4096);

    (void)state;
    for (uint64_t c = 0; c < 32; c++) {
        struct str words = reference_spell(a, c << 35), first = str_cut(&words, ' ');

        if (c < 10)
            assert_true(str_is(first, digits[c]));
        else
            assert_true(first.at[0] == names[c] && first.len > 3);
    }
    arena_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_are_read_aloud),
        cmocka_unit_test(words_begin_with_what_they_mean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
