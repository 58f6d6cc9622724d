/* What a mail looks like on the wire, and what never gets there. */
#include "gateway/mail/message.h"

#include "gateway/mail/decode.h"
#include "gateway/mail/encode.h"
#include "rules/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const struct {
    const char *language, *name, *subject, *text;
} spoken[] = {
    {"en", "Ada Lovelace", "Your code for Example Cloud", "Your code:\n\n4829 1376\n\nWe never ask for it by phone.\n"},
    {"zh-TW", "林小美", "您的驗證碼：無法登入時仍可聯絡我們，請勿將此驗證碼告訴任何人",
     "您的驗證碼：\n\n4829 1376\n\n我們絕不會以電話或聊天向您索取。\n"},
    {"ja", "山田 太郎", "確認コード：サインインできなくてもご連絡いただけます",
     "確認コード：\n\n4829 1376\n\n電話やチャットでおたずねすることはありません。\n"},
    {"de", "Jörg Müller-Lüdenscheidt", "Ihr Bestätigungscode für Example Cloud",
     "Ihr Code:\n\n4829 1376\n\nWir fragen nie am Telefon danach. Größe: 5 €.\n"},
    {"es", "Íñigo Núñez", "Su código de verificación: ¿no puede iniciar sesión?",
     "Su código:\n\n4829 1376\n\nNunca se lo pediremos por teléfono.\n"},
    {"ar", "ليلى حداد", "رمز التحقق الخاص بك لدى Example Cloud",
     "رمز التحقق:\n\n4829 1376\n\nلن نطلب منك هذا الرمز عبر الهاتف أبداً.\n"},
};

static struct mail sample(void)
{
    return (struct mail){
        .id = {"eml_01J9Z3NDEKTSV4RRFFQ69G5FAV"},
        .author = MAIL_GENERATED,
        .from = {STR("Support"), STR("support@localhost")},
        .to = {STR("Ada Lovelace"), STR("ada@example.org")},
        .subject = STR("Your code"),
        .text = STR("Code:\n4829 1376\n"),
        .html = STR("<p>4829 1376</p>\n"),
        .message_id = STR("<01J9Z3NDEKTSV4RRFFQ69G5FAV@localhost>"),
        .language = STR("en"),
        .made_ms = 1795511523000,
    };
}

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_open(4096);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_close(arena);
    return 0;
}

static struct str built(const struct mail *m)
{
    struct wire_message out;
    const char *why = NULL;

    assert_int_equal(message_build(&out, m, arena, &why), ERR_OK);
    return out.bytes;
}

static const char *refused(const struct mail *m)
{
    struct wire_message out;
    const char *why = NULL;

    return message_build(&out, m, arena, &why) == ERR_INPUT ? why : NULL;
}

static void test_whole_message(void **state)
{
    (void)state;

    struct mail m = sample();

    m.reply_to.address = STR("r+1@localhost");
    m.in_reply_to = STR("<a@b>");
    assert_string_equal(built(&m).at, "Date: Tue, 24 Nov 2026 09:12:03 +0000\r\n"
                                      "From: Support <support@localhost>\r\n"
                                      "To: Ada Lovelace <ada@example.org>\r\n"
                                      "Reply-To: r+1@localhost\r\n"
                                      "Subject: Your code\r\n"
                                      "Message-ID: <01J9Z3NDEKTSV4RRFFQ69G5FAV@localhost>\r\n"
                                      "In-Reply-To: <a@b>\r\n"
                                      "References: <a@b>\r\n"
                                      "Auto-Submitted: auto-generated\r\n"
                                      "X-Auto-Response-Suppress: All\r\n"
                                      "Content-Language: en\r\n"
                                      "MIME-Version: 1.0\r\n"
                                      "Content-Type: multipart/alternative; boundary=\"=_alternative\"\r\n"
                                      "\r\n"
                                      "--=_alternative\r\n"
                                      "Content-Type: text/plain; charset=UTF-8\r\n"
                                      "Content-Transfer-Encoding: quoted-printable\r\n"
                                      "\r\n"
                                      "Code:\r\n"
                                      "4829 1376\r\n"
                                      "\r\n--=_alternative\r\n"
                                      "Content-Type: text/html; charset=UTF-8\r\n"
                                      "Content-Transfer-Encoding: quoted-printable\r\n"
                                      "\r\n"
                                      "<p>4829 1376</p>\r\n"
                                      "\r\n--=_alternative--\r\n");
}

static void test_who_wrote_it(void **state)
{
    (void)state;

    static const struct {
        const char *label;
        enum mail_author author;
        const char *has, *has_not, *return_path;
    } rows[] = {
        {"staff", MAIL_BY_PERSON, "Subject:", "Auto-Submitted", "support@localhost"},
        {"a code", MAIL_GENERATED, "\r\nAuto-Submitted: auto-generated\r\n", "auto-replied", "support@localhost"},
        {"an acknowledgement", MAIL_REPLIED, "\r\nAuto-Submitted: auto-replied\r\n", "auto-generated", ""},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mail m = sample();

        m.author = rows[i].author;

        struct str s = built(&m);

        if (strstr(s.at, rows[i].has) == NULL || strstr(s.at, rows[i].has_not) != NULL ||
            !str_is(mail_return_path(&m), rows[i].return_path))
            fail_msg("%s", rows[i].label);
    }
}

/* Each field, with the place in it where any byte is put. */
static struct str *field_of(struct mail *m, size_t i, const char **name, const char **pattern)
{
    struct {
        struct str *field;
        const char *name, *pattern;
    } all[] = {
        {&m->to.address, "to address", "a?b@example.org"},
        {&m->to.address, "to address", "ab@exam?ple.org"},
        {&m->to.name, "to name", "a?b"},
        {&m->from.address, "from address", "a?b@example.org"},
        {&m->from.name, "from name", "a?b"},
        {&m->reply_to.address, "reply-to address", "a?b@example.org"},
        {&m->reply_to.name, "reply-to name", "a?b"},
        {&m->return_path, "return path", "a?b@example.org"},
        {&m->subject, "subject", "a?b"},
        {&m->message_id, "message id", "<a?b@example.org>"},
        {&m->in_reply_to, "in-reply-to", "<a?b@example.org>"},
        {&m->references, "references", "<a?b@example.org>"},
        {&m->language, "language", "e?n"},
    };

    if (i >= COUNT(all))
        return NULL;
    *name = all[i].name;
    *pattern = all[i].pattern;
    return all[i].field;
}

/* A head is intact where every line is "Name: …" or a fold, and no header came in. */
static bool intact(struct str s)
{
    static const char *const known[] = {"Date: ",
                                        "From: ",
                                        "To: ",
                                        "Reply-To: ",
                                        "Subject: ",
                                        "Message-ID: ",
                                        "In-Reply-To: ",
                                        "References: ",
                                        "Auto-Submitted: ",
                                        "X-Auto-Response-Suppress: ",
                                        "Content-Language: ",
                                        "MIME-Version: ",
                                        "Content-Type: ",
                                        "Content-Transfer-Encoding: "};
    const char *end = strstr(s.at, "\r\n\r\n");
    unsigned seen = 0;

    for (const char *p = s.at; p < end + 2; p = strstr(p, "\r\n") + 2) {
        bool good = *p == ' ';

        for (size_t i = 0; i < COUNT(known); i++)
            if (strncmp(p, known[i], strlen(known[i])) == 0 && (seen & 1U << i) == 0)
                good = true, seen |= 1U << i;
        if (!good)
            return false;
    }
    return strlen(s.at) == s.len;
}

/* B2 for a message of ASCII addresses. */
static bool wire_clean(struct str s)
{
    size_t line = 0;

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];

        if (c == '\r' && i + 1 < s.len && s.at[i + 1] == '\n') {
            line = 0, i++;
            continue;
        }
        if (c == '\r' || c == '\n' || c >= 0x7F || (c < ' ' && c != '\t') || ++line > 998)
            return false;
    }
    return line == 0;
}

static void test_every_byte_in_every_field(void **state)
{
    (void)state;

    const char *name, *pattern;
    struct mail m = sample();

    for (size_t i = 0; field_of(&m, i, &name, &pattern) != NULL; i++) {
        for (int c = 0; c < 256; c++) {
            char value[64];
            struct wire_message out;
            const char *why = "";

            m = sample();
            m.reply_to.address = STR("r@localhost");
            (void)snprintf(value, sizeof value, "%s", pattern);
            *strchr(value, '?') = (char)c;
            *field_of(&m, i, &name, &pattern) = (struct str){value, strlen(pattern)};

            enum err e = message_build(&out, &m, arena, &why);

            if (e == ERR_OK && (c < 0x20 || c >= 0x7F || !intact(out.bytes) || !wire_clean(out.bytes)))
                fail_msg("%s let byte %02x through", name, (unsigned)c);
            if (e != ERR_OK && strcmp(why, name) != 0)
                fail_msg("%s with byte %02x is blamed on %s", name, (unsigned)c, why);
            if (e != ERR_OK && c >= 'a' && c <= 'z')
                fail_msg("%s refuses %c", name, c);
        }
        arena_reset(arena);
        m = sample();
    }
}

static void test_addresses(void **state)
{
    (void)state;

    static const char local64[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b.example";
    static const struct {
        const char *label, *address;
        bool good, utf8;
    } rows[] = {
        {"plain", "ada@example.org", true, false},
        {"one label", "support@localhost", true, false},
        {"atext of every kind", "a.b!#$%&'*+-/=?^_`{|}~@x-y.example", true, false},
        {"A-label", "ada@xn--bcher-kva.example", true, false},
        {"local part outside ASCII", "用户@example.org", true, true},
        {"domain outside ASCII", "ada@bücher.example", false, false},
        {"64 bytes of local part", local64, true, false},
        {"65 bytes of local part", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b.example", false,
         false},
        {"empty", "", false, false},
        {"no at", "ada", false, false},
        {"two at", "a@b@example.org", false, false},
        {"no local part", "@example.org", false, false},
        {"no domain", "ada@", false, false},
        {"dot at the end", "ada@example.org.", false, false},
        {"empty label", "ada@example..org", false, false},
        {"hyphen first", "ada@-example.org", false, false},
        {"hyphen last", "ada@example-.org", false, false},
        {"address literal", "ada@[127.0.0.1]", false, false},
        {"quoted", "\"a b\"@example.org", false, false},
        {"comment", "ada(x)@example.org", false, false},
        {"brackets", "<ada@example.org>", false, false},
        {"second recipient", "ada@example.org>\r\nRCPT TO:<eve@example.org", false, false},
        {"second address", "ada@example.org,eve@example.org", false, false},
        {"space", "ada lovelace@example.org", false, false},
        {"broken UTF-8", "a\xC3@example.org", false, false},
        {"C1 control", "a\xC2\x85z@example.org", false, false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        bool utf8 = false, good = message_address(str_of(rows[i].address), &utf8);

        if (good != rows[i].good || (good && utf8 != rows[i].utf8))
            fail_msg("%s", rows[i].label);
    }
}

static void test_ids(void **state)
{
    (void)state;

    static const struct {
        const char *id;
        bool good;
    } rows[] = {
        {"<a@b>", true},
        {"<a.b+c/d=@[127.0.0.1]>", true},
        {"a@b", false},
        {"<a@b", false},
        {"<ab>", false},
        {"<a@b@c>", false},
        {"<@b>", false},
        {"<a@>", false},
        {"", false},
        {"<a b@c>", false},
        {"<a@b> <c@d>", false},
        {"<a@b>\r\nX: y", false},
        {"<\xC3\xA4@b>", false},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        if (message_id_valid(str_of(rows[i].id)) != rows[i].good)
            fail_msg("%s", rows[i].id);
}

static struct str header_of(struct str s, const char *name, struct buf *out)
{
    char key[40];

    (void)snprintf(key, sizeof key, "\r\n%s: ", name);

    const char *at = strstr(s.at, key), *end;

    assert_non_null(at);
    at += strlen(key);
    for (end = strstr(at, "\r\n"); end[2] == ' '; end = strstr(end + 2, "\r\n"))
        ;
    out->len = 0;
    decode_header(out, (struct str){at, (size_t)(end - at)});
    return buf_view(out);
}

/* RFC 2047 §2: 75 characters a word, 76 a line that holds one; each word whole code points. */
static bool words_lawful(struct str s)
{
    const char *end = strstr(s.at, "\r\n\r\n");

    for (const char *p = s.at; p < end; p = strstr(p, "\r\n") + 2) {
        size_t len = (size_t)(strstr(p, "\r\n") - p);
        const char *word = memmem(p, len, "=?UTF-8?", 8);

        if (word == NULL)
            continue;

        struct buf b = {0};
        const char *stop = memmem(word + 10, len - (size_t)(word + 10 - p), "?=", 2);

        decode_header(&b, (struct str){word, (size_t)(stop + 2 - word)});

        bool good = len <= 76 && stop + 2 - word <= 75 && text_utf8_valid(buf_view(&b));

        buf_free(&b);
        if (!good)
            return false;
    }
    return true;
}

static void test_languages(void **state)
{
    (void)state;

    struct buf b = {0};

    for (size_t i = 0; i < COUNT(spoken); i++) {
        struct mail m = sample();
        char to[128];

        m.to.name = str_of(spoken[i].name);
        m.subject = str_of(spoken[i].subject);
        m.text = str_of(spoken[i].text);
        m.language = str_of(spoken[i].language);
        (void)snprintf(to, sizeof to, "%s <ada@example.org>", spoken[i].name);

        struct str s = built(&m);

        if (!wire_clean(s) || !intact(s) || !words_lawful(s))
            fail_msg("%s: lines", spoken[i].language);
        assert_string_equal(header_of(s, "Subject", &b).at, spoken[i].subject);
        assert_string_equal(header_of(s, "To", &b).at, to);
    }
    buf_free(&b);
}

static void test_headers_of_every_length(void **state)
{
    (void)state;

    static const char *const seeds[] = {"word ", "ä", "台", "\xF0\x9F\x99\x82", "x", "  ", "=?", "a\"b\\ "};
    struct buf text = {0}, back = {0};

    for (size_t seed = 0; seed < COUNT(seeds); seed++) {
        text.len = 0;
        while (text.len < 400) {
            struct mail m = sample();

            buf_text(&text, seeds[seed]);
            m.subject = buf_view(&text);
            m.from.name = str_trim(buf_view(&text));

            struct str s = built(&m);

            if (!wire_clean(s) || !intact(s) || !words_lawful(s))
                fail_msg("seed %zu, %zu bytes", seed, text.len);
            if (!str_equal(header_of(s, "Subject", &back), m.subject))
                fail_msg("seed %zu, %zu bytes: %s", seed, text.len, back.at);
        }
        arena_reset(arena);
    }
    buf_free(&text);
    buf_free(&back);
}

static void test_display_names(void **state)
{
    (void)state;

    static const struct {
        const char *label, *name, *line;
    } rows[] = {
        {"none", "", "\r\nTo: ada@example.org\r\n"},
        {"atoms", "Ada B Lovelace", "\r\nTo: Ada B Lovelace <ada@example.org>\r\n"},
        {"a dot is quoted", "Dr. Ada", "\r\nTo: \"Dr. Ada\" <ada@example.org>\r\n"},
        {"quotes are escaped", "A \"B\" \\C", "\r\nTo: \"A \\\"B\\\" \\\\C\" <ada@example.org>\r\n"},
        {"an address stays a name", "eve@example.org, x", "\r\nTo: \"eve@example.org, x\" <ada@example.org>\r\n"},
        {"brackets too", "x <eve@example.org>", "\r\nTo: \"x <eve@example.org>\" <ada@example.org>\r\n"},
        {"a word that looks encoded",
         "=?UTF-8?Q?x?=", "\r\nTo: =?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?= <ada@example.org>\r\n"},
        {"an umlaut", "Jörg", "\r\nTo: =?UTF-8?B?SsO2cmc=?= <ada@example.org>\r\n"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mail m = sample();

        m.to.name = str_of(rows[i].name);
        if (strstr(built(&m).at, rows[i].line) == NULL)
            fail_msg("%s: %s", rows[i].label, built(&m).at);
    }
}

static void test_bodies(void **state)
{
    (void)state;

    static const struct {
        const char *label, *text, *encoding, *encoded;
    } rows[] = {
        {"nothing", "", "quoted-printable", ""},
        {"a line", "a", "quoted-printable", "a\r\n"},
        {"line ends of all kinds", "a\r\nb\nc\rd", "quoted-printable", "a\r\nb\r\nc\r\nd\r\n"},
        {"blank lines", "\n\na\n", "quoted-printable", "\r\n\r\na\r\n"},
        {"a dot stays", ".\n..\n", "quoted-printable", ".\r\n..\r\n"},
        {"an equals sign", "1+1=2", "quoted-printable", "1+1=3D2\r\n"},
        {"space at a line's end", "a \nb\t\n", "quoted-printable", "a=20\r\nb=09\r\n"},
        {"what mail stores quote", "From here\nfrom\n", "quoted-printable", "=46rom here\r\nfrom\r\n"},
        {"one umlaut in a sentence", "gr\xC3\xBC\xC3\x9F Gott, Welt, sagte er laut", "quoted-printable",
         "gr=C3=BC=C3=9F Gott, Welt, sagte er laut\r\n"},
        {"Chinese", "您的驗證碼", "base64", "5oKo55qE6amX6K2J56K8DQo=\r\n"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b = {0};
        const char *encoding = encode_body(&b, str_of(rows[i].text));

        if (strcmp(encoding, rows[i].encoding) != 0 || !str_is(buf_view(&b), rows[i].encoded))
            fail_msg("%s: %s: %s", rows[i].label, encoding, buf_view(&b).at);
        buf_free(&b);
    }
}

static void test_bodies_of_every_length(void **state)
{
    (void)state;

    static const char *const seeds[] = {"x", "= ", "ä", "台", "From ", " ", "\t.\n", "\xF0\x9F\x99\x82 and so on. "};
    struct buf text = {0};

    for (size_t seed = 0; seed < COUNT(seeds); seed++) {
        text.len = 0;
        while (text.len < 500) {
            struct buf encoded = {0}, back = {0};

            buf_text(&text, seeds[seed]);

            const char *encoding = encode_body(&encoded, buf_view(&text));

            decode_body(&back, buf_view(&encoded), str_of(encoding));
            if (back.len > 0 && text.at[text.len - 1] != '\n')
                back.at[--back.len] = '\0'; /* the last line's end is ours */
            for (struct str rest = buf_view(&encoded); rest.len > 0;)
                assert_true(str_cut(&rest, '\n').len <= ENCODE_LINE_MAX + 1);
            if (!wire_clean(buf_view(&encoded)) || !str_equal(buf_view(&back), buf_view(&text)))
                fail_msg("seed %zu, %zu bytes, %s", seed, text.len, encoding);
            buf_free(&encoded);
            buf_free(&back);
        }
    }
    buf_free(&text);
}

static void test_limits(void **state)
{
    (void)state;

    static char long_text[MESSAGE_BODY_BYTES_MAX + 1];
    struct mail m = sample();

    memset(long_text, 'x', sizeof long_text);
    m.text = (struct str){long_text, MESSAGE_BODY_BYTES_MAX};
    assert_null(refused(&m));
    m.text.len++;
    assert_string_equal(refused(&m), "text");
    m = sample();
    m.text = STR("\xFF");
    assert_string_equal(refused(&m), "text");
    m = sample();
    m.subject = (struct str){long_text, MESSAGE_SUBJECT_BYTES_MAX + 1};
    assert_string_equal(refused(&m), "subject");
    m = sample();
    m.to.name = (struct str){long_text, MESSAGE_NAME_BYTES_MAX + 1};
    assert_string_equal(refused(&m), "to name");
    m = sample();
    m.message_id = STR("");
    assert_string_equal(refused(&m), "message id");
}

static void test_smtputf8_is_said(void **state)
{
    (void)state;

    struct mail m = sample();
    struct wire_message out;
    const char *why;

    assert_int_equal(message_build(&out, &m, arena, &why), ERR_OK);
    assert_false(out.smtputf8);
    m.to.address = STR("用户@example.org");
    assert_int_equal(message_build(&out, &m, arena, &why), ERR_OK);
    assert_true(out.smtputf8);
    m.from.address = m.to.address;
    assert_string_equal(refused(&m), "from address");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole_message, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_wrote_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_byte_in_every_field, setup, teardown),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_ids),
        cmocka_unit_test_setup_teardown(test_languages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_headers_of_every_length, setup, teardown),
        cmocka_unit_test_setup_teardown(test_display_names, setup, teardown),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_bodies_of_every_length),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_smtputf8_is_said, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
