/* Lines of a contacts file: what is read, what is refused and why. */
#include "rules/contact_row.h"

#include "rules/base/arena.h"
#include "rules/base/stamp.h"
#include "rules/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = arena_open(65536);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_close(arena);
    return 0;
}

/* The first row behind the header. */
static const char *read_line(const char *file, struct contact_row *out)
{
    static struct csv_row row;
    struct contact_header h;
    struct csv c;

    csv_open(&c, str_of(arena_strdup(arena, file)));
    assert_true(csv_next(&c, arena, &row));
    assert_null(contact_header_parse(&row, &h));
    assert_true(csv_next(&c, arena, &row));
    return contact_row_parse(arena, &h, &row, "TW", out);
}

static void headers(void **state)
{
    static const struct {
        const char *text, *reason;
    } rows[] = {
        {"account,email", NULL},
        {"phone;ACCOUNT;colour", NULL},
        {"email,phone", "no column \"account\""},
        {"account,name", "neither a column \"email\" nor \"phone\""},
        {"account,email,Email", "a column appears twice"},
        {"account,\"email", "a quote was never closed"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct csv c;
        struct csv_row row;
        struct contact_header h;

        csv_open(&c, str_of(rows[i].text));
        assert_true(csv_next(&c, arena, &row));

        const char *reason = contact_header_parse(&row, &h);

        if ((reason == NULL) != (rows[i].reason == NULL) || (reason != NULL && strcmp(reason, rows[i].reason) != 0))
            fail_msg("%s: %s", rows[i].text, reason);
    }
}

static void a_full_line(void **state)
{
    struct contact_row r;

    (void)state;
    assert_null(read_line("account;account_name;contact_name;email;phone;role;site_id;site_url;invoice;tier;region;"
                          "language;timezone;last_proven;authorised_for;products\r\n"
                          "C-1001;台北範例 Co.;林美;Mei.Lin@Example.org;(030) 23125-123;Admin;ACME-1234;"
                          "https://acme.example.net/;INV 2026/0042;Enterprise;DE;zh-TW;Asia/Taipei;2026-09-30;"
                          "\"site, security\";Board\r\n",
                          &r));
    assert_int_equal(r.line, 2);
    assert_true(str_is(r.account, "C-1001") && str_is(r.account_name, "台北範例 Co.") &&
                str_is(r.contact_name, "林美"));
    assert_true(r.has_email && str_is(r.email.canonical, "mei.lin@example.org"));
    assert_string_equal(r.phone, "+493023125123");
    assert_int_equal(r.role, CONTACT_ADMIN);
    assert_int_equal(r.authorised_for, CONTACT_FOR_SITE | CONTACT_FOR_SECURITY);
    assert_true(str_is(r.site_id, "ACME-1234") && str_is(r.site_id_index, "ACME1234"));
    assert_true(str_is(r.site_url, "https://acme.example.net/") && str_is(r.site_url_index, "acme.example.net"));
    assert_true(str_is(r.invoice_index, "INV20260042"));
    assert_true(str_is(r.tier, "enterprise") && str_is(r.region, "de"));
    assert_true(str_is(r.language, "zh-TW") && str_is(r.timezone, "Asia/Taipei") && str_is(r.products, "Board"));
    assert_int_equal(r.last_proven_days, stamp_days(2026, 9, 30));
}

static void bad_lines_say_why(void **state)
{
    static const struct {
        const char *label, *line, *reason; /* NULL: good */
    } rows[] = {
        {"e-mail alone", "C1,mei@example.org,,", NULL},
        {"national phone alone, by the hint", "C1,,0912 345 678,", NULL},
        {"bad e-mail beside a good phone", "C1,mei@,+886912345678,", NULL},
        {"bad phone beside a good e-mail", "C1,mei@example.org,12,", NULL},
        {"too few columns", "C1,mei@example.org,", "another number of columns than the header"},
        {"too many columns", "C1,mei@example.org,,,", "another number of columns than the header"},
        {"no account", " ,mei@example.org,,", "no account"},
        {"neither", "C1,,,", "neither a usable e-mail address nor a usable phone number"},
        {"neither is usable", "C1,mei@home,none,", "neither a usable e-mail address nor a usable phone number"},
        {"no such day", "C1,mei@example.org,,2026-02-30", "last_proven is not a date (YYYY-MM-DD)"},
        {"not readable", "C1,\"mei@example.org,,", "a quote was never closed"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct contact_row r;
        const char *reason = read_line(arena_printf(arena, "account,email,phone,last_proven\n%s\n", rows[i].line), &r);

        if ((reason == NULL) != (rows[i].reason == NULL) || (reason != NULL && strcmp(reason, rows[i].reason) != 0))
            fail_msg("%s: %s", rows[i].label, reason == NULL ? "good" : reason);
    }
}

static void odd_values_are_left_empty(void **state)
{
    struct contact_row r;

    (void)state;
    assert_null(read_line("account,email,role,tier,region,language,timezone,authorised_for,site_id,site_url,invoice\n"
                          "C1,mei@example.org,wizard,mei@example.org,a region that is in truth a whole sentence,"
                          "中文,Asia Taipei,everything,顧客,ACME-1234,1\n",
                          &r));
    assert_int_equal(r.role, CONTACT_OTHER);
    assert_int_equal(r.authorised_for, 0);
    assert_true(r.tier.len == 0 && r.region.len == 0 && r.language.len == 0 && r.timezone.len == 0);
    assert_true(str_is(r.site_id, "顧客") && r.site_id_index.at == NULL);
    assert_true(r.site_url_index.at == NULL && r.invoice_index.at == NULL);
    assert_int_equal(r.last_proven_days, CONTACT_NO_DAY);
}

static void authorisations(void **state)
{
    static const struct {
        const char *text;
        unsigned bits;
    } rows[] = {
        {"", 0},
        {"all", CONTACT_FOR_ALL},
        {"ALL", CONTACT_FOR_ALL},
        {"site", CONTACT_FOR_SITE},
        {"site,billing", CONTACT_FOR_SITE | CONTACT_FOR_BILLING},
        {"site billing|security", CONTACT_FOR_ALL},
        {"not-site", 0},
        {"sites", 0},
        {"overall", 0},
        {"; billing ;", CONTACT_FOR_BILLING},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (contact_authorised_parse(str_of(rows[i].text)) != rows[i].bits)
            fail_msg("%s: %u", rows[i].text, contact_authorised_parse(str_of(rows[i].text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers),           cmocka_unit_test(a_full_line),
        cmocka_unit_test(bad_lines_say_why), cmocka_unit_test(odd_values_are_left_empty),
        cmocka_unit_test(authorisations),
    };

    return cmocka_run_group_tests_name("contact_row", tests, open_arena, close_arena);
}
