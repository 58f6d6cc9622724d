/* charset: bytes with honest labels, with wrong ones, and with none. */
#include "rules/base/arena.h"
#include "rules/charset.h"

#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define GBK_NIHAO     "\xC4\xE3\xBA\xC3"
#define UTF8_NIHAO    "\xE4\xBD\xA0\xE5\xA5\xBD"
#define JIS_NIHON     "\x1B$BF|K\\\x1B(B"
#define UTF8_NIHON    "\xE6\x97\xA5\xE6\x9C\xAC"
#define REPLACEMENT   "\xEF\xBF\xBD"
#define UTF8_E_ACUTE  "\xC3\xA9"
#define UTF8_QUOTES   "\xE2\x80\x9C\xE2\x80\x9D"
#define UTF8_ANNYEONG "\xEC\x95\x88\xEB\x85\x95"

static void labels_are_believed_as_far_as_the_bytes_allow(void **state)
{
    static const struct {
        const char *what;
        struct str bytes, label;
        const char *text, *used;
    } cases[] = {
        {"nothing", STR(""), STR("utf-8"), "", "us-ascii"},
        {"ASCII is ASCII", STR("plain"), STR("big5"), "plain", "us-ascii"},
        {"UTF-8 as it says", STR("caf" UTF8_E_ACUTE), STR("utf-8"), "caf" UTF8_E_ACUTE, "utf-8"},
        {"with quotes and blanks", STR("caf\xE9"), STR(" \"ISO-8859-1\" "), "caf" UTF8_E_ACUTE, "windows-1252"},
        {"Latin 1 means windows-1252", STR("\x93\x94"), STR("iso-8859-1"), UTF8_QUOTES, "windows-1252"},
        {"UTF-8 under a name of Latin 1", STR("caf" UTF8_E_ACUTE), STR("iso-8859-1"), "caf" UTF8_E_ACUTE, "utf-8"},
        {"UTF-8 under the name of ASCII", STR("caf" UTF8_E_ACUTE), STR("us-ascii"), "caf" UTF8_E_ACUTE, "utf-8"},
        {"UTF-8 without a label", STR(UTF8_NIHAO), STR(""), UTF8_NIHAO, "utf-8"},
        {"UTF-8 under an unknown label", STR(UTF8_NIHAO), STR("x-unknown"), UTF8_NIHAO, "utf-8"},
        {"GB2312 means GB18030", STR(GBK_NIHAO "\x96\xFC"), STR("gb2312"), UTF8_NIHAO "\xE6\xA1\x99", "gb18030"},
        {"GBK whose bytes are UTF-8 by chance", STR("\xC4\xA3\xCA\xBD"), STR("gbk"), "\xE6\xA8\xA1\xE5\xBC\x8F",
         "gb18030"},
        {"UTF-8 under the name of GB2312", STR(UTF8_NIHAO UTF8_NIHAO), STR("gb2312"), UTF8_NIHAO UTF8_NIHAO, "utf-8"},
        {"Big5", STR("\xA7\x41\xA6\x6E"), STR("big5"), UTF8_NIHAO, "Big5-HKSCS"},
        {"Shift JIS with letters of Windows", STR("\x93\xFA\x96\x7B\x87\x40"), STR("Shift_JIS"),
         UTF8_NIHON "\xE2\x91\xA0", "ibm-943_P15A-2003"},
        {"ISO-2022-JP", STR(JIS_NIHON), STR("iso-2022-jp"), UTF8_NIHON, "ISO_2022,locale=ja,version=4"},
        {"ISO-2022-JP with half-width katakana", STR("\x1B(I1\x1B(B"), STR("iso-2022-jp"), "\xEF\xBD\xB1",
         "ISO_2022,locale=ja,version=4"},
        {"Korean", STR("\xBE\xC8\xB3\xE7"), STR("ks_c_5601-1987"), UTF8_ANNYEONG, "windows-949-2000"},
        {"KOI8-R", STR("\xF0\xD2\xC9"), STR("koi8-r"), "\xD0\x9F\xD1\x80\xD0\xB8", "koi8-r"},
        {"UTF-7", STR("a+AOk-b"), STR("utf-7"), "a" UTF8_E_ACUTE "b", "utf-7"},
        {"UTF-16 of letters alone", STR("a\0b\0"), STR("utf-16le"), "ab", "utf-16le"},
        {"ASCII under the name of UTF-16", STR("abcd"), STR("utf-16"), "abcd", "us-ascii"},
        {"one bad byte in much UTF-8", STR("caf" UTF8_E_ACUTE " and a tail that is long enough: \xFF, and so on, on."),
         STR("utf-8"), "caf" UTF8_E_ACUTE " and a tail that is long enough: " REPLACEMENT ", and so on, on.", "utf-8"},
        {"Latin 1 without a label", STR("caf\xE9 au lait, s'il vous pla\xEEt; \xE0 bient\xF4t"), STR(""),
         "caf\xC3\xA9 au lait, s'il vous pla\xC3\xAEt; \xC3\xA0 bient\xC3\xB4t", "windows-1252"},
        {"NUL is no letter", STR("a\0b"), STR(""), "a" REPLACEMENT "b", "utf-8"},
        {"a label that is no name", STR("\xE9"), STR("a, b"), UTF8_E_ACUTE, "windows-1252"},
    };
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *used = NULL;
        struct str text = charset_text(a, cases[i].bytes, cases[i].label, &used);

        if (!str_is(text, cases[i].text) || strcmp(used, cases[i].used) != 0)
            fail_msg("%s: %.*s in %s", cases[i].what, (int)text.len, text.at, used);
    }
    arena_close(a);
}

/* By the C library, so that no reader is its own witness. */
static struct str bytes_of(struct arena *a, const char *text, const char *charset)
{
    iconv_t to = iconv_open(charset, "UTF-8");
    size_t left = strlen(text), room = 4 * left;
    char *bytes = arena_take(a, room), *out = bytes, *in = arena_strdup(a, text);

    assert_true(to != (iconv_t)-1);
    assert_int_equal(iconv(to, &in, &left, &out, &room), 0);
    iconv(to, NULL, NULL, &out, &room);
    iconv_close(to);
    return (struct str){bytes, (size_t)(out - bytes)};
}

/* Enough of each to be known by its looks. */
static void what_has_no_label_is_known_by_its_looks(void **state)
{
    static const struct {
        const char *what, *charset, *text;
    } cases[] = {
        {"Simplified Chinese", "gb18030",
         "您好，我们的网站打不开了，请尽快帮助我们恢复数据。我们是一家小公司，所有的订单都在里面。谢谢！"},
        {"Traditional Chinese", "Big5",
         "您好，我們的網站打不開了，請儘快幫助我們恢復資料。我們是一家小公司，所有的訂單都在裡面。謝謝！"},
        {"Japanese in Shift JIS", "Shift_JIS",
         "お世話になっております。弊社のサイトが開けません。至急データの復旧をお願いいたします。"},
        {"Japanese in EUC", "EUC-JP",
         "お世話になっております。弊社のサイトが開けません。至急データの復旧をお願いいたします。"},
        {"Japanese in seven bits", "ISO-2022-JP",
         "お世話になっております。弊社のサイトが開けません。至急データの復旧をお願いいたします。"},
        {"Korean", "EUC-KR", "안녕하세요. 저희 사이트가 열리지 않습니다. 빨리 데이터를 복구해 주시기 바랍니다."},
        {"Russian", "windows-1251", "Здравствуйте! Наш сайт не открывается. Пожалуйста, помогите нам вернуть данные."},
        {"Arabic", "windows-1256", "مرحبا، موقعنا لا يعمل منذ الصباح. نرجو المساعدة في استعادة البيانات في أقرب وقت."},
    };
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str bytes = bytes_of(a, cases[i].text, cases[i].charset), text;

        text = charset_text(a, bytes, STR(""), NULL);
        if (!str_is(text, cases[i].text))
            fail_msg("%s: %.*s", cases[i].what, (int)text.len, text.at);
        /* The same under a label that cannot be meant. */
        text = charset_text(a, bytes, STR("utf-8"), NULL);
        if (strcmp(cases[i].charset, "ISO-2022-JP") != 0 && !str_is(text, cases[i].text))
            fail_msg("%s, called UTF-8: %.*s", cases[i].what, (int)text.len, text.at);
    }
    arena_close(a);
}

static void faults_become_replacement_characters(void **state)
{
    struct arena *a = arena_open(4096);

    (void)state;
    assert_true(str_is(charset_clean(a, STR("a\xFF"
                                            "b")),
                       "a" REPLACEMENT "b"));
    assert_true(str_is(charset_clean(a, STR("a\0b")), "a" REPLACEMENT "b"));
    assert_true(str_is(charset_clean(a, STR(UTF8_NIHAO)), UTF8_NIHAO));
    assert_true(text_utf8_valid(charset_clean(a, STR("\xED\xA0\x80\xC0\xAF\xF5\x80"))));
    arena_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_believed_as_far_as_the_bytes_allow),
        cmocka_unit_test(what_has_no_label_is_known_by_its_looks),
        cmocka_unit_test(faults_become_replacement_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
