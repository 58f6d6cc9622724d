/* tongue: the language of a text, as a table. */
#include "rules/tongue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *label;
    struct str text;
    const char *language;
} texts[] = {
    {"English", STR("Our site is gone since this morning. Please help us."), "en"},
    {"German", STR("Unsere Seite ist seit heute früh nicht erreichbar. Bitte helfen Sie uns."), "de"},
    {"Spanish", STR("No podemos entrar en el sitio desde esta mañana. Por favor, ayuda."), "es"},
    {"Japanese", STR("今朝からサイトにログインできません。"), "ja"},
    {"Chinese", STR("從今天早上開始，我們的網站就無法登入。"), "zh-TW"},
    {"Arabic", STR("لا يمكننا الدخول إلى موقعنا منذ هذا الصباح"), "ar"},
    {"Chinese with a product's name", STR("我們的 Example Cloud 網站無法登入"), "zh-TW"},
    {"German in capitals", STR("UNSERE SEITE IST NICHT DA, BITTE HELFEN"), "de"},
    {"a greeting that fits several", STR("Hola"), NULL},
    {"another language", STR("Vores hjemmeside virker ikke længere"), NULL},
    {"French, which shares words with Spanish", STR("Bonjour, le site ne marche plus"), NULL},
    {"two languages at once", STR("the und der and"), NULL},
    {"digits", STR("500 500 500"), NULL},
    {"nothing", STR(""), NULL},
};

static void a_text_tells_its_language(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *got = tongue_of(texts[i].text);

        if ((got == NULL) != (texts[i].language == NULL) || (got != NULL && strcmp(got, texts[i].language) != 0))
            fail_msg("%s: %s", texts[i].label, got == NULL ? "none" : got);
    }
}

static void a_long_text_is_cut_between_code_points(void **state)
{
    struct buf b = {0};

    (void)state;
    buf_char(&b, ' ');
    while (b.len < TONGUE_BYTES_MAX + 100)
        buf_text(&b, "網站");
    assert_string_equal(tongue_of(buf_view(&b)), "zh-TW");
    b.len = 0;
    buf_text(&b, "  ");
    while (b.len < TONGUE_BYTES_MAX + 100)
        buf_text(&b, "網站");
    assert_string_equal(tongue_of(buf_view(&b)), "zh-TW");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_tells_its_language),
        cmocka_unit_test(a_long_text_is_cut_between_code_points),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
