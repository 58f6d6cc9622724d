/* Languages, words and pages from the built share folder. */
#include "gateway/pages.h"

#include "gateway/http/asset.h"

#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const struct pages_about about = {"Müller & Co", "+886 (2) 1234-5678"};
static struct pages *pages;

static int open_pages(void **state)
{
    struct buf faults = {0};

    (void)state;
    if (pages_open(&pages, "build/share", &about, &faults) != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
    buf_free(&faults);
    return 0;
}

static int close_pages(void **state)
{
    (void)state;
    pages_close(pages);
    return 0;
}

static const struct {
    const char *label, *header, *lang;
} negotiated[] = {
    {"nothing asked", "", "en"},
    {"anything", "*", "en"},
    {"exactly ours", "zh-TW", "zh-TW"},
    {"in any case", "ZH-tw", "zh-TW"},
    {"a region of ours", "de-AT", "de"},
    {"the first of equals", "ja,de", "ja"},
    {"the heavier one", "de;q=0.5, ja;q=0.8", "ja"},
    {"weights to three digits", "de;q=0.801,ja;q=0.8", "de"},
    {"unknown ones are passed over", "fr-FR,fr;q=0.9,es;q=0.8", "es"},
    {"only unknown ones", "fr,pt-BR", "en"},
    {"English before others", "en-GB,en;q=0.9,zh-TW;q=0.8", "en"},
    {"Traditional by script", "zh-Hant-HK", "zh-TW"},
    {"Hong Kong", "zh-HK,en;q=0.5", "zh-TW"},
    {"Simplified: sooner than English", "zh-CN,zh;q=0.9,en;q=0.8", "zh-TW"},
    {"Arabic of Egypt", "ar-EG", "ar"},
    {"refused with q=0", "de;q=0,ja;q=0.1", "ja"},
    {"q=0.000", "de;q=0.000", "en"},
    {"q=1.001 is no weight", "de;q=1.001,es;q=0.1", "es"},
    {"q=a is no weight", "de;q=a,es;q=0.1", "es"},
    {"a longer word is another language", "dex,zhx", "en"},
    {"empty elements", ",, ;q=1,es", "es"},
    {"spaces", " es ; q=0.7 , ar ; q=0.9 ", "ar"},
};

static void test_negotiated(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(negotiated); i++) {
        const char *got = pages_negotiate(pages, str_of(negotiated[i].header));

        if (strcmp(got, negotiated[i].lang) != 0)
            fail_msg("%s: \"%s\" gave %s, want %s", negotiated[i].label, negotiated[i].header, got, negotiated[i].lang);
    }
}

static void test_a_path_names_exactly_one(void **state)
{
    (void)state;
    assert_string_equal(pages_language(pages, STR("zh-tw")), "zh-TW");
    assert_string_equal(pages_form_path(pages, "zh-TW"), "/zh-TW/");
    assert_null(pages_language(pages, STR("zh")));
    assert_null(pages_language(pages, STR("de-AT")));
    assert_null(pages_language(pages, STR("")));
}

static void test_a_tag_finds_its_language(void **state)
{
    (void)state;
    assert_string_equal(pages_match(pages, STR("de-AT")), "de");
    assert_string_equal(pages_match(pages, STR("zh-Hant")), "zh-TW");
    assert_null(pages_match(pages, STR("fr")));
    assert_null(pages_match(pages, STR("")));
}

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(pages_text(pages, "en", "state.solved"), "Solved");
    assert_string_equal(pages_text(pages, "de", "state.solved"), "Gelöst");
    assert_string_equal(pages_text(pages, "de", "no.such.key"), "no.such.key");
}

static void test_fill(void **state)
{
    struct arena *a = arena_open(256);

    (void)state;
    assert_string_equal(pages_fill(a, "{n} of {n}, {m}", "n", STR("4")), "4 of 4, {m}");
    assert_string_equal(pages_fill(a, "{n}", "n", STR("{n}")), "{n}");
    assert_string_equal(pages_fill(a, "", "n", STR("4")), "");
    arena_close(a);
}

static const struct {
    const char *lang, *text;
} moments[] = {
    {"en", "5 Nov 2026, 09:12 UTC"},   {"zh-TW", "2026年11月5日 09:12 UTC"}, {"ja", "2026年11月5日 09:12 UTC"},
    {"de", "5. Nov. 2026, 09:12 UTC"}, {"es", "5 nov. 2026, 09:12 UTC"},     {"ar", "5 نوفمبر 2026، 09:12 UTC"},
};

static void test_moments(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(moments); i++) {
        struct doc *d = pages_moment(pages, moments[i].lang, INT64_C(1793869923000));

        assert_string_equal(doc_get_text(d, "iso").at, "2026-11-05T09:12:03Z");
        assert_string_equal(doc_get_text(d, "text").at, moments[i].text);
        doc_close(d);
    }
}

static struct str rendered(const char *lang, const char *name, const char *json, struct arena *a)
{
    struct doc *d = NULL;
    struct str page = {0};

    assert_int_equal(doc_parse(&d, str_of(json), NULL, 0), ERR_OK);
    assert_int_equal(pages_render(&page, pages, lang, name, d, a), ERR_OK);
    doc_close(d);
    return page;
}

static void test_every_page_in_every_language(void **state)
{
    static const char *const names[] = {"form",          "request",        "code",           "problem",
                                        "mail/code.txt", "mail/code.html", "mail/reply.txt", "mail/reply.html",
                                        "mail/ack.txt",  "mail/ack.html",  "mail/vouch.txt", "mail/vouch.html",
                                        "mail/veto.txt", "mail/veto.html", "appeal"};
    struct arena *a = arena_open(64 * 1024);
    const char *lang;

    (void)state;
    for (size_t l = 0; (lang = pages_language_at(pages, l)) != NULL; l++)
        for (size_t i = 0; i < COUNT(names); i++) {
            struct str page = rendered(lang, names[i], "{}", a);

            assert_true(page.len > 100);
            assert_null(strstr(page.at, "[["));
            assert_null(strstr(page.at, "{{"));
        }
    arena_close(a);
}

static void test_brand_and_phone_stand_on_the_form(void **state)
{
    struct arena *a = arena_open(64 * 1024);
    struct str page = rendered("en", "form", "{\"email\":\"a\\\"b\"}", a);

    (void)state;
    assert_non_null(strstr(page.at, "M\xc3\xbcller &amp; Co"));
    assert_non_null(strstr(page.at, "href=\"tel:+886212345678\""));
    assert_non_null(strstr(page.at, "value=\"a&quot;b\""));
    arena_close(a);
}

static void test_a_text_mail_is_not_escaped(void **state)
{
    struct arena *a = arena_open(64 * 1024);
    struct str mail = rendered("en", "mail/code.txt", "{\"code\":\"4829 1376\",\"url\":\"https://x/?a&b\"}", a);

    (void)state;
    assert_non_null(strstr(mail.at, "M\xc3\xbcller & Co"));
    assert_non_null(strstr(mail.at, "\n\n4829 1376\n\n"));
    assert_non_null(strstr(mail.at, "https://x/?a&b"));
    arena_close(a);
}

static void test_policy(void **state)
{
    (void)state;
    assert_true(str_starts(pages_policy(pages), "default-src 'none'; style-src 'sha256-"));
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char file[256];

    (void)snprintf(file, sizeof file, "%s/%s", folder, name);

    FILE *f = fopen(file, "w");

    assert_non_null(f);
    (void)fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void open_refused(const char *share, const char *reason)
{
    struct pages *p = NULL;
    struct buf faults = {0};

    assert_int_not_equal(pages_open(&p, share, &about, &faults), ERR_OK);
    assert_null(p);
    if (strstr(buf_view(&faults).at, reason) == NULL)
        fail_msg("got \"%s\", want \"%s\"", buf_view(&faults).at, reason);
    buf_free(&faults);
}

/* A share folder that grows from nothing: each step is refused for what is missing next. */
static void test_a_broken_share_is_refused(void **state)
{
    char share[] = "/tmp/pages-test-XXXXXX", folder[64], command[96];

    (void)state;
    assert_non_null(mkdtemp(share));
    (void)snprintf(folder, sizeof folder, "%s/pages", share);
    assert_int_equal(mkdir(folder, 0700), 0);
    open_refused(share, "/pages/csp.json: No such file or directory\n");
    write_file(folder, "csp.json", "{}");
    open_refused(share, "/pages/csp.json: has no policy\n");
    write_file(folder, "csp.json", "{\"policy\":\"default-src 'none'\"}");
    write_file(folder, "languages.json", "[");
    open_refused(share, "/pages/languages.json: line 1: ");
    write_file(folder, "languages.json", "[]");
    open_refused(share, "/pages/languages.json: wants 1 to 64 languages\n");
    write_file(folder, "languages.json", "[{\"code\":\"en\"}]");
    open_refused(share, "/pages/en: No such file or directory\n");
    (void)snprintf(folder, sizeof folder, "%s/pages/en", share);
    assert_int_equal(mkdir(folder, 0700), 0);
    write_file(folder, "form.mustache", "a\n{{#b}}");
    open_refused(share, "/pages/en/form.mustache:2: a section is not closed: 'b'\n");
    write_file(folder, "form.mustache", "a");
    (void)snprintf(folder, sizeof folder, "%s/mail", share);
    assert_int_equal(mkdir(folder, 0700), 0);
    (void)snprintf(folder, sizeof folder, "%s/mail/en", share);
    assert_int_equal(mkdir(folder, 0700), 0);
    open_refused(share, "/pages/en: there is no template 'request'\n");
    (void)snprintf(command, sizeof command, "rm -rf %s", share);
    assert_int_equal(system(command), 0);
}

static struct call asked(const char *path, struct arena *a)
{
    return (struct call){.arena = a, .method = STR("GET"), .path = str_of(path)};
}

/* As the edge does when an answer is sent. */
static void over(const struct call *c)
{
    for (const struct call_kept *k = c->kept; k != NULL; k = k->next)
        k->release(k->arg);
}

static struct str answer_header(const struct call *c, const char *name)
{
    for (size_t i = 0; i < c->answer_header_count; i++)
        if (str_is(c->answer_headers[i].name, name))
            return c->answer_headers[i].value;
    return (struct str){NULL, 0};
}

static void test_assets_hold_each_form(void **state)
{
    struct assets *assets = assets_open();
    const char *lang;

    (void)state;
    for (size_t i = 0; (lang = pages_language_at(pages, i)) != NULL; i++) {
        pages_form(pages, lang, doc_object(), assets);

        struct arena *a = arena_open(4096);
        struct call c = asked(pages_form_path(pages, lang), a);
        const struct asset *form = assets_find(assets, c.path);

        assert_non_null(form);
        asset_answer(form, &c);
        assert_int_equal(c.status, 200);
        assert_true(str_is(answer_header(&c, "content-language"), lang));
        assert_true(str_equal(answer_header(&c, "content-security-policy"), pages_policy(pages)));
        assert_non_null(strstr(str_copy(a, c.answer), "action=\"/requests\""));
        over(&c);
        arena_close(a);
    }
    assets_close(assets);
}

static void test_assets_tell_where_to_report_holes(void **state)
{
    struct pages_site site = {"https://help.example.org", "security@example.org", INT64_C(1793869923000)};
    struct assets *assets = assets_open(), *without = assets_open();
    struct arena *a = arena_open(4096);
    struct call c = asked("/.well-known/security.txt", a);

    (void)state;
    pages_assets(&site, assets);
    asset_answer(assets_find(assets, c.path), &c);
    assert_string_equal(str_copy(a, c.answer), "Contact: mailto:security@example.org\n"
                                               "Expires: 2027-05-04T09:12:03Z\n"
                                               "Canonical: https://help.example.org/.well-known/security.txt\n"
                                               "Preferred-Languages: en\n");
    over(&c);
    assert_non_null(assets_find(assets, STR("/robots.txt")));
    site.contact = "";
    pages_assets(&site, without);
    assert_null(assets_find(without, c.path));
    assets_close(assets);
    assets_close(without);
    arena_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_negotiated),
        cmocka_unit_test(test_a_path_names_exactly_one),
        cmocka_unit_test(test_a_tag_finds_its_language),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_fill),
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_every_page_in_every_language),
        cmocka_unit_test(test_brand_and_phone_stand_on_the_form),
        cmocka_unit_test(test_a_text_mail_is_not_escaped),
        cmocka_unit_test(test_policy),
        cmocka_unit_test(test_a_broken_share_is_refused),
        cmocka_unit_test(test_assets_hold_each_form),
        cmocka_unit_test(test_assets_tell_where_to_report_holes),
    };

    return cmocka_run_group_tests_name("pages", tests, open_pages, close_pages);
}
