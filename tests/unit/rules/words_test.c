/* words: one labelled line for each way in which people write what others look for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "rules/base/arena.h"
#include "rules/words.h"

#include <string.h>

static const struct {
    const char *label, *text, *words; /* with '|' between them */
} cases[] = {
    {"nothing", "", ""},
    {"only signs", " -- ... !", ""},
    {"words of a line", "Site is gone", "site|is|gone"},
    {"each once", "gone, GONE & Gone", "gone"},
    {"marks do not count", "M\u00dcLLER M\u00fcller Mu\u0308ller muller", "muller"},
    {"sharp s is two", "Stra\u00dfe STRASSE", "strasse"},
    {"full width is what it means", "\uff29\uff2e\uff36\uff12\uff10\uff12\uff16", "inv2026"},
    {"dashes and dots part words", "INV-2026/0042 acme.example.net", "inv|2026|0042|acme|example|net"},
    {"an apostrophe does not", "O'Brien O\u2019Brien", "obrien"},
    {"an alphabet that looks alike stays apart", "\u0430cme acme", "\u0430cme|acme"},
    {"Arabic with and without vowels", "\u0645\u064f\u062d\u064e\u0645\u0651\u062f \u0645\u062d\u0645\u062f",
     "\u0645\u062d\u0645\u062f"},
    {"Han in pairs", "\u6771\u4eac\u652f\u5e97", "\u6771\u4eac|\u4eac\u652f|\u652f\u5e97"},
    {"a sole one", "\u6771", "\u6771"},
    {"kana and a long vowel mark", "\u30b5\u30fc\u30d0", "\u30b5\u30fc|\u30fc\u30d0"},
    {"half width kana", "\uff7b\uff70\uff8a\uff9e", "\u30b5\u30fc|\u30fc\u30d0"},
    {"letters beside Han", "ABC\u682a\u5f0fxyz", "abc|\u682a\u5f0f|xyz"},
    {"Thai in pairs, its marks passed over", "\u0e01\u0e34\u0e19\u0e02", "\u0e01\u0e19|\u0e19\u0e02"},
};

static char *joined(struct arena *a, const struct words *w)
{
    struct buf b = {0};

    for (size_t i = 0; i < w->n; i++) {
        if (i > 0)
            buf_char(&b, '|');
        buf_str(&b, w->at[i]);
    }

    char *all = str_copy(a, buf_view(&b));

    buf_free(&b);
    return all;
}

static void a_text_is_found_by_its_words(void **state)
{
    struct arena *a = arena_open(65536);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct words w = {0};

        words_add(&w, a, str_of(cases[i].text));
        if (strcmp(joined(a, &w), cases[i].words) != 0)
            print_message("%s: %s\n", cases[i].label, joined(a, &w));
        assert_string_equal(joined(a, &w), cases[i].words);
    }
    arena_close(a);
}

static void what_is_whole_is_one_word(void **state)
{
    struct arena *a = arena_open(65536);
    struct words w = {0};

    (void)state;
    words_add_whole(&w, a, STR(" @Ana@Mastodon.example "));
    words_add_whole(&w, a, STR("ACME.EXAMPLE.NET"));
    words_add_whole(&w, a, STR("  "));
    assert_string_equal(joined(a, &w), "@ana@mastodon.example|acme.example.net");
    arena_close(a);
}

/* O4 */
static void what_is_endless_has_an_end(void **state)
{
    struct arena *a = arena_open(65536);
    struct words w = {0};
    struct buf b = {0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, "w%d ", i);
    words_add(&w, a, buf_view(&b));
    assert_int_equal(w.n, WORDS_MAX);
    b.len = 0;
    for (int i = 0; i < 5000; i++)
        buf_text(&b, "\ufdfa"); /* one that is folded to eighteen */
    w.n = 0;
    words_add(&w, a, buf_view(&b));
    assert_true(w.n > 0 && w.n <= WORDS_MAX);
    b.len = 0;
    for (int i = 0; i < 100; i++)
        buf_char(&b, 'x');
    w.n = 0;
    words_add(&w, a, buf_view(&b));
    words_add_whole(&w, a, buf_view(&b));
    assert_int_equal(w.n, 1);
    assert_int_equal(w.at[0].len, WORD_CODE_POINTS_MAX);
    buf_free(&b);
    arena_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_found_by_its_words),
        cmocka_unit_test(what_is_whole_is_one_word),
        cmocka_unit_test(what_is_endless_has_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
