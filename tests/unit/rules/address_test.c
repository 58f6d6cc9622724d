/* Who may be known by what: addresses, sites and invoices in their normal forms. */
#include "rules/address.h"

#include "rules/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
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

#define TEXT_OF_64  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LABEL_OF_60 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void addresses_are_judged_by_form(void **state)
{
    static const struct {
        const char *label, *typed, *spelled, *canonical; /* spelled NULL: refused */
    } rows[] = {
        {"plain", "mei@example.org", "mei@example.org", "mei@example.org"},
        {"space around", "  mei@example.org\r\n", "mei@example.org", "mei@example.org"},
        {"case stays in what is mailed", "Mei.Lin@Example.ORG", "Mei.Lin@example.org", "mei.lin@example.org"},
        {"tags are part of the address", "mei+shop@example.org", "mei+shop@example.org", "mei+shop@example.org"},
        {"dots are part of the address", "m.e.i@gmail.com", "m.e.i@gmail.com", "m.e.i@gmail.com"},
        {"every atom character", "!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~@example.org",
         "!#$%&'*+-/=?^_`{|}~@example.org"},
        {"dot behind the domain", "mei@example.org.", "mei@example.org", "mei@example.org"},
        {"international domain", "jan@Bücher.example", "jan@xn--bcher-kva.example", "jan@xn--bcher-kva.example"},
        {"the same as an A-label", "jan@XN--BCHER-KVA.example", "jan@xn--bcher-kva.example",
         "jan@xn--bcher-kva.example"},
        {"decomposed is the same name",
         "jan@Bu\xCC\x88"
         "cher.example",
         "jan@xn--bcher-kva.example", "jan@xn--bcher-kva.example"},
        {"sharp s is a letter of its own", "jan@faß.example", "jan@xn--fa-hia.example", "jan@xn--fa-hia.example"},
        {"Chinese domain", "mei@例子.example", "mei@xn--fsqu00a.example", "mei@xn--fsqu00a.example"},
        {"Arabic domain", "sara@مثال.example", "sara@xn--mgbh0fb.example", "sara@xn--mgbh0fb.example"},
        {"hyphens in the third place", "a@r3---sn.example.org", "a@r3---sn.example.org", "a@r3---sn.example.org"},
        {"local part outside ASCII: mailed, never matched", "林@example.org", "林@example.org", NULL},
        {"64 bytes of local part", TEXT_OF_64 "@example.org", TEXT_OF_64 "@example.org", TEXT_OF_64 "@example.org"},
        {"65 bytes of local part", "a" TEXT_OF_64 "@example.org", NULL, NULL},
        {"254 bytes in all", TEXT_OF_64 "@" LABEL_OF_60 "." LABEL_OF_60 "." LABEL_OF_60 ".ccc.ex",
         TEXT_OF_64 "@" LABEL_OF_60 "." LABEL_OF_60 "." LABEL_OF_60 ".ccc.ex",
         TEXT_OF_64 "@" LABEL_OF_60 "." LABEL_OF_60 "." LABEL_OF_60 ".ccc.ex"},
        {"255 bytes in all", TEXT_OF_64 "@" LABEL_OF_60 "." LABEL_OF_60 "." LABEL_OF_60 ".cccc.ex", NULL, NULL},
        {"label of 64", "a@" TEXT_OF_64 ".example", NULL, NULL},
        {"empty", "", NULL, NULL},
        {"no at", "mei.example.org", NULL, NULL},
        {"two ats", "mei@home@example.org", NULL, NULL},
        {"full-width at", "mei＠example.org", NULL, NULL},
        {"no local part", "@example.org", NULL, NULL},
        {"no domain", "mei@", NULL, NULL},
        {"one label", "mei@gmail", NULL, NULL},
        {"localhost", "root@localhost", NULL, NULL},
        {"IPv4", "mei@192.0.2.1", NULL, NULL},
        {"IP literal", "mei@[192.0.2.1]", NULL, NULL},
        {"dot first", ".mei@example.org", NULL, NULL},
        {"dot last", "mei.@example.org", NULL, NULL},
        {"two dots", "mei..lin@example.org", NULL, NULL},
        {"two dots in the domain", "mei@example..org", NULL, NULL},
        {"dot first in the domain", "mei@.example.org", NULL, NULL},
        {"only dots in the domain", "mei@..", NULL, NULL},
        {"hyphen first", "mei@-example.org", NULL, NULL},
        {"hyphen last", "mei@example-.org", NULL, NULL},
        {"underscore in the domain", "mei@ex_ample.org", NULL, NULL},
        {"quoted", "\"mei lin\"@example.org", NULL, NULL},
        {"comment", "mei(work)@example.org", NULL, NULL},
        {"name and brackets", "Mei <mei@example.org>", NULL, NULL},
        {"space inside", "mei lin@example.org", NULL, NULL},
        {"line break inside", "mei@example.org\r\nBcc: x@example.com", NULL, NULL},
        {"line break in the local part", "mei\nlin@example.org", NULL, NULL},
        {"delete", "mei\x7F@example.org", NULL, NULL},
        {"ideographic space", "mei\xE3\x80\x80lin@example.org", NULL, NULL},
        {"direction override", "mei\xE2\x80\xAE@example.org", NULL, NULL},
        {"not UTF-8", "mei\xFF@example.org", NULL, NULL},
        {"not UTF-8 in the domain", "mei@ex\xFF.org", NULL, NULL},
        {"soft hyphen", "mei@exam\xC2\xADple.org", NULL, NULL},
        {"ideographic full stop", "mei@example。org", NULL, NULL},
        {"broken punycode", "mei@xn--a.example", NULL, NULL},
        {"A-label of a look-alike", "mei@xn--xample-hy68a.org", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct email e;
        bool ok = email_parse(arena, str_of(rows[i].typed), &e);

        if (ok != (rows[i].spelled != NULL) ||
            (ok && (!str_is(e.spelled, rows[i].spelled) || !str_equal(e.canonical, str_of(rows[i].canonical)) ||
                    (e.canonical.at == NULL) != (rows[i].canonical == NULL))))
            fail_msg("%s: %s, spelled %s, canonical %s", rows[i].label, ok ? "accepted" : "refused",
                     ok ? e.spelled.at : "-", ok && e.canonical.at != NULL ? e.canonical.at : "-");
    }
}

static void a_byte_0_is_refused(void **state)
{
    struct email e;
    struct site s;

    (void)state;
    assert_false(email_parse(arena, STR("me\0i@example.org"), &e));
    assert_false(email_parse(arena, STR("mei@exam\0ple.org"), &e));
    assert_false(site_parse(arena, STR("ACME\0001234"), &s));
}

static void desks_and_free_mail_are_known(void **state)
{
    static const struct {
        const char *typed;
        bool free_mail, role;
    } rows[] = {
        {"mei@example.org", false, false},
        {"mei@gmail.com", true, false},
        {"mei@yahoo.com.tw", true, false},
        {"jan@yahoo.de", true, false},
        {"jan@live.co.uk", true, false},
        {"jan@live.example.org", false, false},
        {"jan@notgmail.com", false, false},
        {"jan@mail.gmail.com.example", false, false},
        {"126@126.com", true, false},
        {"jan@zoho.com", true, false},
        {"Info@example.org", false, true},
        {"abuse@example.org", false, true},
        {"support+vip@example.org", false, true},
        {"webmaster@gmail.com", true, true},
        {"informatics@example.org", false, false},
        {"+x@example.org", false, false},
        {"no-reply@example.org", false, true},
        {"noc@example.org", false, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct email e;

        if (!email_parse(arena, str_of(rows[i].typed), &e) || e.free_mail != rows[i].free_mail ||
            e.role != rows[i].role)
            fail_msg("%s: free %d, role %d", rows[i].typed, e.free_mail, e.role);
    }
}

/* For each code point that some folding turns into ASCII: put in place of that ASCII text,
 * it must not make the same address, nor the same site. */
static void look_alikes_never_fold(void **state)
{
    const char *folder = getenv("CORPORA");
    char path[4096], line[256];
    FILE *f;
    int seen = 0;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/strings/unicode-ascii-collisions.tsv",
                   folder == NULL ? "../shared/corpora" : folder);
    f = fopen(path, "r");
    if (f == NULL) {
        print_message("skipped: no corpora\n");
        skip();
    }
    while (fgets(line, sizeof line, f) != NULL) {
        char *character = strtok(line, "\t"), *folds = strtok((character = strtok(NULL, "\t"), NULL), "\t\n");

        assert_non_null(character);
        for (char *way = strtok(folds, ";"); way != NULL; way = strtok(NULL, ";")) {
            const char *ascii = strchr(way, '=') + 1;
            struct email like, plain;
            struct site like_site, plain_site;
            const char *const forms[] = {"me%s1@example.org", "me@ex%s1.org", "me@x.or%sg"};

            for (size_t i = 0; i < 3; i++) {
                if (email_parse(arena, str_of(arena_printf(arena, forms[i], character)), &like) &&
                    like.canonical.at != NULL &&
                    email_parse(arena, str_of(arena_printf(arena, forms[i], ascii)), &plain))
                    assert_false(str_equal(like.canonical, plain.canonical));
            }
            if (site_parse(arena, str_of(arena_printf(arena, "ex%sample.org", character)), &like_site) &&
                site_parse(arena, str_of(arena_printf(arena, "ex%sample.org", ascii)), &plain_site))
                assert_false(str_equal(like_site.canonical, plain_site.canonical));
        }
        seen++;
        arena_reset(arena);
    }
    (void)fclose(f);
    assert_int_equal(seen, 1727);
}

static void masks_tell_no_length(void **state)
{
    static const struct {
        const char *spelled, *mask;
    } rows[] = {
        {"mei.lin@example.org", "m•••@e•••.org"},
        {"m@e.org", "m•••@e•••.org"},
        {"林@例子.example", "林•••@例•••.example"},
        {"a@mail.example.co.jp", "a•••@m•••.jp"},
        {"broken", "•••"},
        {"", "•••"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(email_mask(arena, str_of(rows[i].spelled)).at, rows[i].mask);
}

static void sites_are_read_as_people_write_them(void **state)
{
    static const struct {
        const char *label, *typed;
        int form; /* -1: refused */
        const char *canonical;
    } rows[] = {
        {"pasted URL", "https://Acme.example.net/login?x#y", SITE_HOST, "acme.example.net"},
        {"host", "acme.example.net", SITE_HOST, "acme.example.net"},
        {"host and path", "acme.example.net/wiki", SITE_HOST, "acme.example.net"},
        {"www", "http://www.acme.example.net/", SITE_HOST, "acme.example.net"},
        {"www of a bare name", "www.example", SITE_HOST, "www.example"},
        {"port", "HTTPS://acme.example.net:8443", SITE_HOST, "acme.example.net"},
        {"port without scheme", "acme.example.net:8443", SITE_HOST, "acme.example.net"},
        {"user in a URL", "https://mei:secret@acme.example.net/", SITE_HOST, "acme.example.net"},
        {"at in the path", "https://acme.example.net/@mei", SITE_HOST, "acme.example.net"},
        {"end of a sentence", "<https://acme.example.net>.", SITE_HOST, "acme.example.net"},
        {"international", "https://bücher.example/", SITE_HOST, "xn--bcher-kva.example"},
        {"id", "ACME-1234", SITE_ID, "ACME1234"},
        {"id in words", " acme 1234 ", SITE_ID, "ACME1234"},
        {"uuid", "6f0c1b4e-22aa-4f9e-8d54-3b2a1c0d9e8f", SITE_ID, "6F0C1B4E22AA4F9E8D543B2A1C0D9E8F"},
        {"short name", "acme", SITE_ID, "ACME"},
        {"address", "mei@acme.example.net", -1, NULL},
        {"too short", "a1", -1, NULL},
        {"empty", "  ", -1, NULL},
        {"scheme alone", "https://", -1, NULL},
        {"URL without a public host", "https://localhost/x", -1, NULL},
        {"sentence", "I do not know, sorry", -1, NULL},
        {"not ASCII", "顧客１２３４", -1, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct site s;
        bool ok = site_parse(arena, str_of(rows[i].typed), &s);

        if (ok != (rows[i].form >= 0) ||
            (ok && ((int)s.form != rows[i].form || !str_is(s.canonical, rows[i].canonical))))
            fail_msg("%s: %s", rows[i].label, ok ? arena_copy(arena, s.canonical.at, s.canonical.len) : "refused");
    }
}

static void invoices_lose_their_separators(void **state)
{
    struct str a, b;

    (void)state;
    assert_true(invoice_parse(arena, STR("INV 2026/0042"), &a));
    assert_true(invoice_parse(arena, STR(" #inv-2026-0042."), &b));
    assert_true(str_is(a, "INV20260042") && str_equal(a, b));
    assert_false(invoice_parse(arena, STR("42"), &a));
    assert_false(invoice_parse(arena, STR("四二四二"), &a));
    assert_false(invoice_parse(arena, str_of(TEXT_OF_64 "1"), &a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_judged_by_form),   cmocka_unit_test(a_byte_0_is_refused),
        cmocka_unit_test(desks_and_free_mail_are_known),  cmocka_unit_test(look_alikes_never_fold),
        cmocka_unit_test(masks_tell_no_length),           cmocka_unit_test(sites_are_read_as_people_write_them),
        cmocka_unit_test(invoices_lose_their_separators),
    };

    return cmocka_run_group_tests_name("address", tests, open_arena, close_arena);
}
