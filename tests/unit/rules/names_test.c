/* names: what is one name, and what must never become one. */
#include "rules/names.h"

#include "rules/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void people(void **state)
{
    static const struct {
        const char *label, *typed, *text; /* NULL: no name */
    } cases[] = {
        {"order does not matter", "Schmidt, Anna", "anna schmidt"},
        {"nor case", "ANNA schmidt", "anna schmidt"},
        {"accents are decoration in Latin", "Renée Müller", "muller renee"},
        {"and so are those that stand apart", "Rene\u0301e Mu\u0308ller", "muller renee"},
        {"letters that Unicode leaves whole", "Łukasz Sørensen Đorđe", "dorde lukasz sorensen"},
        {"sharp s", "Weiß", "weiss"},
        {"Turkish I", "İpek Işık", "ipek isik"},
        {"full-width", "Ａｎｎａ　Ｓｃｈｍｉｄｔ", "anna schmidt"},
        {"an apostrophe joins", "Conor O'Brien", "conor obrien"},
        {"a typographic one as well", "Conor O’Brien", "conor obrien"},
        {"a hyphen parts", "Anna-Lena Groß", "anna gross lena"},
        {"initials", "J.R. Smith", "j r smith"},
        {"a title goes", "Prof. Dr. Anna Schmidt", "anna schmidt"},
        {"a title alone is a name", "Dr.", "dr"},
        {"Chinese", "王小明", "王小明"},
        {"Chinese with a space", "王 小明", "王小明"},
        {"Chinese with an honour", "王小明先生", "王小明"},
        {"a short name keeps its last letter", "王氏", "王氏"},
        {"Japanese", "山田　太郎", "山田太郎"},
        {"Japanese with an honour", "山田太郎様", "山田太郎"},
        {"kana keep their marks", "がぎ", "がぎ"},
        {"half-width kana", "ﾔﾏﾀﾞ ﾀﾛｳ", "ヤマダタロウ"},
        {"the long mark belongs to kana", "ジョン・スミスー", "ジョンスミスー"},
        {"Korean", "김 민준", "김민준"},
        {"Arabic", "محمد الأحمد", "الاحمد محمد"},
        {"Arabic with vowels", "مُحَمَّد", "محمد"},
        {"Arabic stretched", "محـــمد", "محمد"},
        {"Persian letters", "کریمی", "كريمي"},
        {"Hebrew points", "שָׁלוֹם", "שלום"},
        {"Cyrillic", "Фёдор Достоевский", "достоевскии федор"},
        {"Greek", "Γιώργος", "γιωργοσ"},
        {"Devanagari keeps its vowels", "नरेन्द्र", "नरेन्द्र"},
        {"Thai keeps its vowels", "สมชาย ใจดี", "สมชาย ใจดี"},
        {"two scripts", "林美玲 Mei-Ling Lin", "lin ling mei 林美玲"},
        {"digits stay", "Agent 007", "007 agent"},
        {"symbols only", "•••", NULL},
        {"a face", "\U0001F600", NULL},
        {"nothing", "", NULL},
        {"spaces", " \t ", NULL},
        {"not UTF-8", "Anna \xFF", NULL},
    };
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct name x;
        bool good = name_person(a, str_of(cases[i].typed), &x);

        if (good != (cases[i].text != NULL) || (good && !str_is(x.text, cases[i].text)))
            fail_msg("%s: \"%s\"", cases[i].label, good ? x.text.at : "no name");
    }
    arena_close(a);
}

static void organisations(void **state)
{
    static const struct {
        const char *label, *one, *other;
        bool name, form; /* the same name; the same legal form, where both have one */
    } cases[] = {
        {"limited", "Acme Ltd", "ACME Limited", true, true},
        {"limited with a dot", "Acme Ltd.", "Acme, Ltd", true, true},
        {"a company that is limited", "Acme Co., Ltd.", "Acme Ltd", true, true},
        {"incorporated", "Acme, Inc.", "Acme Corporation", true, true},
        {"German", "Muster Uhrwerke GmbH", "Muster Uhrwerke", true, true},
        {"German, long", "Muster GmbH & Co. KG", "Muster", true, true},
        {"spaced and dotted", "Acme S.A.", "ACME SA", true, true},
        {"another form", "Acme GmbH", "Acme AG", true, false},
        {"Japanese before", "株式会社日立", "日立", true, true},
        {"Japanese behind", "日立株式会社", "株式会社日立", true, true},
        {"Japanese in brackets", "(株)日立", "日立株式会社", true, true},
        {"one sign in brackets", "㈱日立", "日立", true, true},
        {"Japanese, another form", "日立株式会社", "日立有限会社", true, false},
        {"Chinese", "和風茶行有限公司", "和風茶行", true, true},
        {"Chinese shares", "台積電股份有限公司", "台積電", true, true},
        {"Chinese, simplified form", "华为有限责任公司", "华为", true, true},
        {"Korean", "삼성 주식회사", "(주)삼성", true, true},
        {"and", "Smith & Sons", "Smith and Sons", true, true},
        {"the", "The Acme Company", "Acme", true, true},
        {"spaces", "Data Soft", "DataSoft", true, true},
        {"accents", "Société Générale", "Societe Generale", true, true},
        {"another company", "Acme Systems", "Acme Logistics", false, true},
        {"a form that is the whole name", "Co", "Ltd", false, true},
        {"a form inside of the name", "AG Barr plc", "Barr plc", false, true},
    };
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct name x, y;

        assert_true(name_organisation(a, str_of(cases[i].one), &x));
        assert_true(name_organisation(a, str_of(cases[i].other), &y));

        bool form = x.legal == y.legal || x.legal == 0 || y.legal == 0;

        if (word_equal(x.joined, y.joined) != cases[i].name || form != cases[i].form)
            fail_msg("%s: \"%s\" and \"%s\", forms %x and %x", cases[i].label, x.text.at, y.text.at, x.legal, y.legal);
    }
    arena_close(a);
}

static void handles(void **state)
{
    static const struct {
        const char *label, *platform, *typed, *text;
    } cases[] = {
        {"as written", "mastodon", "@Anna@Example.social", "mastodon:anna@example.social"},
        {"without the sign", "x", "acme_support", "x:acme_support"},
        {"spaces around", " X ", " @Acme ", "x:acme"},
        {"a profile", "linkedin", "https://www.linkedin.com/in/anna-schmidt/?x=1", "linkedin:anna-schmidt"},
        {"a profile of one of many hosts", "mastodon", "https://example.social/@anna", "mastodon:anna@example.social"},
        {"letters of any script", "weibo", "小米公司", "weibo:小米公司"},
        {"a letter that looks like k stays", "x", "\u212A", "x:\u212A"},
        {"full-width stays", "x", "ａcme", "x:ａcme"},
        {"no platform", "", "@anna", NULL},
        {"a strange platform", "x y", "@anna", NULL},
        {"nothing", "x", "@", NULL},
        {"a space within", "x", "an na", NULL},
        {"a control character", "x", "an\020na", NULL},
        {"a joiner that nobody sees", "x", "an\u200Dna", NULL},
        {"not UTF-8", "x", "\xC0\xAF", NULL},
        {"an address of nothing", "x", "https://", NULL},
    };
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str text;
        bool good = handle_parse(a, str_of(cases[i].platform), str_of(cases[i].typed), &text);

        if (good != (cases[i].text != NULL) || (good && !str_is(text, cases[i].text)))
            fail_msg("%s: \"%.*s\"", cases[i].label, good ? (int)text.len : 0, text.at);
    }
    arena_close(a);
}

static struct str repeated(struct arena *a, const char *unit, size_t n)
{
    struct buf b = {0};

    for (size_t i = 0; i < n; i++)
        buf_text(&b, unit);

    struct str s = {str_copy(a, buf_view(&b)), b.len};

    buf_free(&b);
    return s;
}

/* U+FDFA becomes 18 letters. */
static void names_of_hostile_length_are_cut(void **state)
{
    static const char *const units[] = {
        "a", "a ", "&", "a&", "'", "王", "\uFDFA", "\u0301", "e\u0301", "株 ", ".a", "\U0001F468\u200D", "\u0390"};
    struct arena *a = arena_open(4096);
    struct name x;

    (void)state;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        for (size_t n = 1; n <= 65536; n = n < 400 ? n + 1 : n * 2) {
            arena_reset(a);

            struct str typed = repeated(a, units[i], n);

            for (int k = 0; k < 2; k++)
                if (k == 0 ? name_person(a, typed, &x) : name_organisation(a, typed, &x)) {
                    assert_in_range(x.words, 1, NAME_WORDS_MAX);
                    for (size_t w = 0; w < x.words; w++)
                        assert_in_range(x.word[w].n, 1, NAME_WORD_CHARS_MAX);
                    assert_true(text_utf8_valid(x.text));
                }
        }
    arena_close(a);
}

static void faults_are_counted(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned most, faults;
    } cases[] = {
        {"schmidt", "schmidt", 2, 0},
        {"schmidt", "schmitt", 2, 1},
        {"schmidt", "schmid", 2, 1},
        {"schmidt", "schmidtt", 2, 1},
        {"schmidt", "shcmidt", 2, 1},
        {"schmidt", "cshmitd", 2, 2},
        {"schmidt", "schulze", 2, 3},
        {"schmidt", "schmitt", 0, 1},
        {"", "a", 2, 1},
        {"", "", 2, 0},
        {"abc", "cba", 2, 2},
        {"ca", "abc", 2, 3},
        {"abcdef", "bcdefg", 2, 2},
        {"abcdefgh", "hgfedcba", 2, 3},
        {"aaaa", "aaaaaa", 2, 2},
        {"kitten", "sitting", 2, 3},
        {"123456", "124356", 1, 1},
    };
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int turn = 0; turn < 2; turn++) {
            struct near_work work = {10, 0};
            struct word x = word_of_bytes(a, str_of(turn == 0 ? cases[i].a : cases[i].b));
            struct word y = word_of_bytes(a, str_of(turn == 0 ? cases[i].b : cases[i].a));
            unsigned n = word_faults(x, y, cases[i].most, &work);

            if (n != cases[i].faults)
                fail_msg("%s, %s: %u", cases[i].a, cases[i].b, n);
            assert_true(work.left >= 9);
        }
    arena_close(a);
}

/* The whole table, as the definition has it. */
static unsigned slow_faults(struct word a, struct word b)
{
    static unsigned d[WORD_CHARS_MAX + 1][WORD_CHARS_MAX + 1];

    for (unsigned i = 0; i <= a.n; i++)
        for (unsigned j = 0; j <= b.n; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }

            unsigned best = d[i - 1][j - 1] + (a.at[i - 1] != b.at[j - 1]);

            best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
            best = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
            if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1] &&
                d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[a.n][b.n];
}

/* All words of up to five of two letters, against one another. */
static void the_fast_count_is_the_slow_one(void **state)
{
    uint32_t letters[2][5];

    (void)state;
    for (unsigned x = 0; x < 6 * 32; x++)
        for (unsigned y = 0; y < 6 * 32; y++)
            for (unsigned most = 0; most <= 2; most++) {
                struct near_work work = {10, 0};

                for (unsigned i = 0; i < 5; i++) {
                    letters[0][i] = 'a' + (x >> i & 1);
                    letters[1][i] = 'a' + (y >> i & 1);
                }

                struct word a = word_of(letters[0], x / 32), b = word_of(letters[1], y / 32);
                unsigned slow = slow_faults(a, b), fast = word_faults(a, b, most, &work);

                if (fast != (slow < most + 1 ? slow : most + 1))
                    fail_msg("%u, %u at most %u: %u, not %u", x, y, most, fast, slow);
            }
}

static void without_work_only_equality_is_asked(void **state)
{
    struct arena *a = arena_open(4096);
    struct word x = word_of_bytes(a, STR("schmidt")), y = word_of_bytes(a, STR("schmitt"));
    struct near_work work = {1, 0};

    (void)state;
    assert_int_equal(word_faults(x, y, 2, &work), 1);
    assert_int_equal(word_faults(x, y, 2, &work), 3);
    assert_int_equal(word_faults(x, x, 2, &work), 0);
    arena_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people),
        cmocka_unit_test(organisations),
        cmocka_unit_test(handles),
        cmocka_unit_test(names_of_hostile_length_are_cut),
        cmocka_unit_test(faults_are_counted),
        cmocka_unit_test(the_fast_count_is_the_slow_one),
        cmocka_unit_test(without_work_only_equality_is_asked),
    };

    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
