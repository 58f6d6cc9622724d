/* file_name: names that people send, and names that somebody made to hurt. */
#include "rules/file_name.h"

#include "rules/base/arena.h"
#include "rules/file_kind.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void names_are_cleaned(void **state)
{
    static const struct {
        const char *label, *raw, *clean;
    } cases[] = {
        {"a plain one", "report.pdf", "report.pdf"},
        {"blanks and signs", "Screen Shot (2) 2026-04-05, 08.15.png", "Screen Shot (2) 2026-04-05, 08.15.png"},
        {"Japanese", "\xe7\x99\xba\xe7\xa5\xa8.pdf", "\xe7\x99\xba\xe7\xa5\xa8.pdf"},
        {"emoji that are joined", "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xa7.png",
         "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xa7.png"},
        {"a path", "../../\xe7\x99\xba\xe7\xa5\xa8.pdf", "\xe7\x99\xba\xe7\xa5\xa8.pdf"},
        {"a path of Windows", "C:\\Users\\aya\\a.png", "a.png"},
        {"nothing behind the path", "/etc/passwd/", "file"},
        {"dots", "..", "file"},
        {"nothing", "", "file"},
        {"blanks", " \t\xc2\xa0 ", "file"},
        {"an absolute path", "/etc/shadow", "shadow"},
        {"control characters", "a\r\nSet-Cookie: x\x07.png", "aSet-Cookie_ x.png"},
        {"what a file system refuses", "a<b>c:d\"e|f?g*.png", "a_b_c_d_e_f_g_.png"},
        {"blanks and dots at the ends", "  a.png . .", "a.png"},
        {"turned around", "photo\xe2\x80\xaegpj.exe", "photogpj.exe"},
        {"isolates",
         "a\xe2\x81\xa7"
         "b\xe2\x81\xa9.png",
         "ab.png"},
        {"no width", "a\xe2\x80\x8b.\xef\xbb\xbfpng", "a.png"},
        {"line separators",
         "a\xe2\x80\xa8"
         "b.png",
         "ab.png"},
        {"wide blanks",
         "a\xe3\x80\x80"
         "b.png",
         "a b.png"},
        {"broken UTF-8", "a\xff\xc3.png", "a__.png"},
        {"overlong UTF-8", "a\xc0\xaf.png", "a__.png"},
        {"a device", "con.txt", "_con.txt"},
        {"a device, shouted, with a blank", "LPT1 .log", "_LPT1 .log"},
        {"no device", "console.txt", "console.txt"},
        {"hidden", ".htaccess", ".htaccess"},
        {"a tilde", "~root.txt", "~root.txt"},
        {"percent signs stay as they are", "%2e%2e%2fa.png", "%2e%2e%2fa.png"},
    };
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str got = file_name_clean(a, str_of(cases[i].raw));

        if (!str_is(got, cases[i].clean))
            fail_msg("%s: \"%.*s\"", cases[i].label, (int)got.len, got.at);
    }
    arena_close(a);
}

static void long_names_keep_their_ending(void **state)
{
    struct arena *a = arena_open(4096);
    char *raw = arena_take(a, 1000);
    struct str got;

    (void)state;
    memset(raw, 'x', 900);
    memcpy(raw + 900, ".jpeg", 6);
    got = file_name_clean(a, str_of(raw));
    assert_int_equal(got.len, FILE_NAME_MAX);
    assert_int_equal(file_kind_of_name(got), FILE_JPEG);

    for (size_t i = 0; i + 3 <= 900; i += 3) /* cut between characters, not in one */
        memcpy(raw + i, "\xe7\x99\xba", 3);
    got = file_name_clean(a, str_of(raw));
    assert_true(text_utf8_valid(got) && got.len <= FILE_NAME_MAX && got.len > FILE_NAME_MAX - 4);
    assert_int_equal(file_kind_of_name(got), FILE_JPEG);
    arena_close(a);
}

/* RFC 8187: what stands behind UTF-8'', decoded. */
static struct str decoded(struct arena *a, struct str header)
{
    const char *at = strstr(header.at, "filename*=UTF-8''");
    char *out = arena_take(a, header.len);
    size_t n = 0;

    assert_non_null(at);
    for (at += strlen("filename*=UTF-8''"); *at != '\0'; at++) {
        unsigned c;

        if (*at != '%') {
            assert_true(isalnum((unsigned char)*at) || strchr("!#$&+-.^_`|~", *at) != NULL);
            out[n++] = *at;
            continue;
        }
        assert_int_equal(sscanf(at + 1, "%2X", &c), 1);
        out[n++] = (char)c;
        at += 2;
    }
    return (struct str){out, n};
}

static bool is_evil(struct str s)
{
    static const char *const evil[] = {"\xe2\x80\xae",
                                       "\xe2\x80\xad",
                                       "\xe2\x81\xa6",
                                       "\xe2\x80\x8b",
                                       "\xef\xbb\xbf",
                                       "\xe2\x80\xa8",
                                       "\xc2\x85",
                                       "/",
                                       "\\",
                                       "\"",
                                       "<",
                                       ">",
                                       "|",
                                       "*",
                                       "?",
                                       ":"};

    for (size_t i = 0; i < sizeof evil / sizeof evil[0]; i++)
        if (memmem(s.at, s.len, evil[i], strlen(evil[i])) != NULL)
            return true;
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] < 0x20 || s.at[i] == 0x7f)
            return true;
    return s.len == 0 || s.at[0] == ' ' || s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '.';
}

/* N1 and N3, whatever comes. */
static void hold(struct arena *a, struct str raw)
{
    struct str name = file_name_clean(a, raw), again = file_name_clean(a, name);
    struct str header = file_name_disposition(a, name);

    if (is_evil(name) || !text_utf8_valid(name) || name.len > FILE_NAME_MAX || !str_equal(name, again))
        fail_msg("\"%.*s\" became \"%.*s\"", (int)raw.len, raw.at, (int)name.len, name.at);
    assert_true(str_starts(header, "attachment; filename=\""));
    for (size_t i = 0; i < header.len; i++)
        assert_true(header.at[i] >= 0x20 && header.at[i] < 0x7f);
    assert_true(str_equal(decoded(a, header), name));
    /* Two quotes, around one word that no reader of headers takes apart. */
    const char *open = strchr(header.at, '"'), *close = strchr(open + 1, '"');

    assert_true(strncmp(close, "\"; filename*=", 13) == 0 && memchr(open, '%', (size_t)(close - open)) == NULL);
}

static void five_hundred_nasty_names_do_no_harm(void **state)
{
    static const char *const stems[] = {"a",
                                        "",
                                        ".",
                                        "..",
                                        "con",
                                        "NUL",
                                        "com1.txt",
                                        "aux.",
                                        "a.png",
                                        "a.png.exe",
                                        ".png",
                                        "%00",
                                        "%2e%2e%2f",
                                        "a;b",
                                        "a\"; x=\"",
                                        "a\r\nX: y",
                                        "<script>alert(1)</script>",
                                        "'; DROP TABLE files; --",
                                        "$(reboot)",
                                        "`reboot`",
                                        "{{7*7}}",
                                        "${jndi:ldap://x}",
                                        "\xe2\x80\xae"
                                        "gnp.exe",
                                        "\xe2\x81\xa6"
                                        "a\xe2\x81\xa9",
                                        "\xef\xbb\xbf"
                                        "a",
                                        "\xe2\x80\x8b",
                                        "\xff\xfe",
                                        "\xc0\xae\xc0\xae",
                                        "\xed\xa0\x80",
                                        "\xf4\x90\x80\x80",
                                        "\xf0\x9f\x92\xa9",
                                        "\xe7\x99\xba\xe7\xa5\xa8",
                                        "\xd9\x85\xd9\x84\xd9\x81",
                                        "e\xcc\x81",
                                        "\xcd\xa0\xcd\xa1\xcd\xa2",
                                        "\xc2\xad",
                                        "\xc2\xa0",
                                        "\xe3\x80\x80",
                                        "\xe2\x80\xa8",
                                        "\xc2\x85",
                                        "a\tb",
                                        "a b",
                                        "-rf",
                                        "--help",
                                        "|cat",
                                        "\\\\host\\share",
                                        "C:",
                                        "C:\\a",
                                        "file:///etc/passwd",
                                        "\xf3\xa0\x81\x81"};
    static const char *const around[] = {"%s",   "%s.png", "../%s", "/etc/%s",  "..\\..\\%s.txt",
                                         " %s ", "%s.",    "%s\n",  "%s%s.log", "\xe2\x80\x8e%s\xe2\x80\x8f.pdf"};
    struct arena *a = arena_open(64 * 1024);
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof stems / sizeof stems[0]; i++)
        for (size_t k = 0; k < sizeof around / sizeof around[0]; k++, n++) {
            char raw[512];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
            (void)snprintf(raw, sizeof raw, around[k], stems[i], stems[i]);
#pragma GCC diagnostic pop
            hold(a, str_of(raw));
        }
    assert_int_equal(n, 500);
    for (int i = 0; i < 20000; i++) { /* and any bytes, mostly long enough to be cut */
        char raw[400];
        size_t len = (size_t)(rand() % (int)sizeof raw);

        for (size_t k = 0; k < len; k++)
            raw[k] = (char)(rand() % 3 == 0 ? rand() : "con. \xe7\x99\xba/"[rand() % 9]);
        hold(a, (struct str){raw, len});
        arena_reset(a);
    }
    arena_close(a);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_cleaned),
        cmocka_unit_test(long_names_keep_their_ending),
        cmocka_unit_test(five_hundred_nasty_names_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
