/* authres: our own mail server's word is believed, and nobody else's, however it is dressed. */
#include "rules/authres.h"
#include "rules/base/arena.h"
#include "tests/unit/dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define US "mx.example.org"

enum { FORGED = 500 };

static bool proves(const char *value, size_t received_above, const char *us, const char *from)
{
    struct authres_field f = {str_of(value), received_above};

    return authres_proves(&f, 1, str_of(us), 0, str_of(from));
}

static const struct {
    const char *label, *value;
    bool proven;
} rows[] = {
    {"as our server writes it", US "; dmarc=pass (p=reject dis=none) header.from=a.example", true},
    {"among others",
     US "; spf=pass smtp.mailfrom=ana@a.example;\r\n\tdkim=pass (2048-bit key) header.d=a.example header.b=\"ab/c+d\"; "
        "dmarc=pass header.from=a.example",
     true},
    {"with a version, in capitals", "MX.Example.ORG 1; DMARC=Pass reason=\"all good\" header.from=A.EXAMPLE", true},
    {"with a method's version", US "; dmarc/1=pass header.from=a.example", true},
    {"with spaces", US " ; dmarc = pass header.from = a.example", true},
    {"without a semicolon behind it", US, false},
    {"nothing was checked", US "; none", false},
    {"failed", US "; dmarc=fail header.from=a.example", false},
    {"no policy", US "; dmarc=none header.from=a.example", false},
    {"a word that begins alike", US "; dmarc=passed header.from=a.example", false},
    {"only SPF", US "; spf=pass smtp.mailfrom=ana@a.example", false},
    {"only DKIM", US "; dkim=pass header.d=a.example header.from=a.example", false},
    {"of another domain", US "; dmarc=pass header.from=b.example", false},
    {"of a parent", US "; dmarc=pass header.from=example", false},
    {"of a child", US "; dmarc=pass header.from=mail.a.example", false},
    {"of two domains", US "; dmarc=pass header.from=a.example header.from=b.example", false},
    {"of none", US "; dmarc=pass", false},
    {"in another property", US "; dmarc=pass smtp.mailfrom=a.example", false},
    {"failed, then passed", US "; dmarc=fail header.from=a.example; dmarc=pass header.from=a.example", false},
    {"in a comment", US "; spf=fail (; dmarc=pass header.from=a.example)", false},
    {"in a comment in a comment", US "; spf=fail ((a)\\); dmarc=pass header.from=a.example)", false},
    {"in a quoted string", US "; spf=fail reason=\"x; dmarc=pass header.from=a.example\"", false},
    {"a comment without an end", US "; dmarc=pass header.from=a.example (", false},
    {"a string without an end", US "; dmarc=pass header.from=a.example reason=\"x", false},
    {"a lone bracket", US "; dmarc=pass ) header.from=a.example", false},
    {"an empty result", US ";; dmarc=pass header.from=a.example", false},
    {"a version that is not known", US " 2; dmarc=pass header.from=a.example", false},
    {"somebody else", "mx.evil.test; dmarc=pass header.from=a.example", false},
    {"somebody else who names us", "mx.evil.test (" US "); dmarc=pass header.from=a.example", false},
    {"us with a tail", US ".evil.test; dmarc=pass header.from=a.example", false},
    {"us in quotes", "\"" US "\"; dmarc=pass header.from=a.example", false},
    {"us in a comment", "(" US ") mx.evil.test; dmarc=pass header.from=a.example", false},
    {"nobody", "; dmarc=pass header.from=a.example", false},
    {"nothing at all", "", false},
};

static void one_field_is_read_to_the_letter(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (proves(rows[i].value, 0, US, "a.example") != rows[i].proven)
            fail_msg("%s", rows[i].label);
}

static void place_and_order_decide(void **state)
{
    const struct str good = STR(US "; dmarc=pass header.from=a.example");
    const struct str bad = STR(US "; dmarc=fail header.from=a.example");
    const struct str theirs = STR("mx.b.test; dmarc=pass header.from=a.example");
    const struct {
        const char *label;
        struct authres_field f[3];
        size_t n;
        bool proven;
        size_t below;
    } cases[] = {
        {"on top", {{good, 0}}, 1, true, 0},
        {"below one Received", {{good, 1}}, 1, false, 0},
        {"behind somebody else's, on top", {{theirs, 0}, {good, 0}}, 2, true, 0},
        {"ours failed, a second passed", {{bad, 0}, {good, 0}}, 2, false, 0},
        {"ours passed, a second failed", {{good, 0}, {bad, 0}}, 2, true, 0},
        {"ours says nothing of it, one below does", {{STR(US "; spf=pass"), 0}, {good, 0}}, 2, false, 0},
        {"somebody else's on top, ours below", {{theirs, 0}, {good, 1}}, 2, false, 0},
        {"none", {{good, 0}}, 0, false, 0},
        {"below the one line that is our server's", {{good, 1}}, 1, true, 1},
        {"below one more", {{good, 2}}, 1, false, 1},
        {"ours failed below our line, a second passed", {{bad, 1}, {good, 1}}, 2, false, 1},
        {"ours failed on top, a second passed below", {{bad, 0}, {good, 1}}, 2, false, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (authres_proves(cases[i].f, cases[i].n, STR(US), cases[i].below, STR("a.example")) != cases[i].proven)
            fail_msg("%s", cases[i].label);
    assert_false(proves(good.at, 0, "", "a.example"));
    assert_false(proves(good.at, 0, US, ""));
    assert_false(proves("; dmarc=pass header.from=a.example", 0, "", "a.example"));
}

/* A field that our server would have written, made false in one of these ways and dressed at random. */
static struct str forge(struct arena *a, struct dice *d, int i, size_t *received_above)
{
    static const char *const hosts[] = {
        "mx.evil.test",    US ".evil.test", "x" US,     "mx.example.orq",        "mx_example.org",
        "mx.example.org.", "\"" US "\"",    "(" US ")", "mx.exampl\xd0\xb5.org", ""};
    static const char *const results[] = {"fail",   "none",  "temperror", "pass(",        "passs",
                                          "\"pass", "pas s", "",          "bestguesspass"};
    static const char *const domains[] = {"b.example",
                                          "a.example.evil.test",
                                          "xa.example",
                                          "\xd0\xb0.example",
                                          "a.example.",
                                          "ana@a.example",
                                          "",
                                          "example",
                                          "a.example header.from=b.example"};
    static const char *const spaces[] = {"", " ", "\r\n\t", "  ", " (x) ", "\r\n (;) "};
    const char *host = US, *result = "pass", *domain = "a.example", *before = "";
#define ONE_OF(list) list[dice_below(d, sizeof list / sizeof list[0])]

    *received_above = 0;
    switch (i % 5) {
    case 0:
        host = ONE_OF(hosts);
        break;
    case 1:
        result = ONE_OF(results);
        break;
    case 2:
        domain = ONE_OF(domains);
        break;
    case 3:
        *received_above = (size_t)(1 + dice_below(d, 9));
        break;
    default:
        before = "dmarc=fail header.from=a.example;";
        break;
    }
    return str_of(arena_printf(a, "%s%s;%s%s%sdmarc=%s%s header.from=%s%s", host, ONE_OF(spaces), ONE_OF(spaces),
                               before, ONE_OF(spaces), ONE_OF(spaces), result, domain, ONE_OF(spaces)));
#undef ONE_OF
}

static void none_of_500_forgeries_is_believed(void **state)
{
    struct arena *a = arena_open(65536);
    struct dice d = {3};

    (void)state;
    for (int i = 0; i < FORGED; i++) {
        struct authres_field f;

        f.value = forge(a, &d, i, &f.received_above);
        if (authres_proves(&f, 1, STR(US), 0, STR("a.example")))
            fail_msg("%d: %s", i, f.value.at);
    }
    arena_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_field_is_read_to_the_letter),
        cmocka_unit_test(place_and_order_decide),
        cmocka_unit_test(none_of_500_forgeries_is_believed),
    };

    return cmocka_run_group_tests_name("authres", tests, NULL, NULL);
}
