/* mail: what becomes an item of which mail, as a table; mails are read by the real reader. */
#include "gateway/intake/mail.h"
#include "gateway/intake/mime.h"
#include "queues/seal.h"
#include "rules/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct keyring *keys;
static struct arena *arena;

static struct item read_one(const char *raw, const char *sender, const char *recipients, bool deadly)
{
    struct mail_house house = {.keys = keys,
                               .address = "support@example.net",
                               .authserv_id = "mx.example.net",
                               .language = "en",
                               .unreadable = "(unreadable)"};
    struct item envelope = {.op = ITEM_MAIL,
                            .ulid = {{1, 2, 3}},
                            .received_ms = 42,
                            .reference = 77,
                            .sender = str_of(sender),
                            .recipients = str_of(recipients),
                            .raw_type = STR("message/rfc822"),
                            .raw = str_of(raw)},
                out;
    struct mime_mail m;

    if (!deadly)
        mime_read(arena, envelope.raw, NULL, &m);
    mail_to_item(&house, &envelope, envelope.raw, deadly ? NULL : &m, arena, &out);
    return out;
}

#define FOR_US "support@example.net\n"
#define PLAIN  "Content-Type: text/plain; charset=utf-8\r\n\r\n"
#define FORWARD                                                                                                       \
    "From: partner@reseller.example\r\nSubject: Fwd: down\r\nMIME-Version: 1.0\r\n"                                   \
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nPlease help them.\r\n"   \
    "--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: Kim Lee <kim@customer.example>\r\nSubject: down\r\n\r\nWe are " \
    "down.\r\n--b--\r\n"

static const struct {
    const char *label, *raw, *sender, *recipients;
    const char *email, *name, *subject, *text, *language;
    bool executive, automatic;
} mails[] = {
    {"a plain one", "From: Aya Lin <aya@shop.example>\r\nSubject: Down\r\n" PLAIN "Please help us.\r\n",
     "aya@shop.example", FOR_US, "aya@shop.example", "Aya Lin", "Down", "Please help us.", "en", false, false},
    {"an encoded one",
     "From: =?utf-8?B?5p6X?= <lin@shop.example>\r\nSubject: =?utf-8?Q?Seite_wei=C3=9F?=\r\n" PLAIN
     "Die Seite ist nicht da.\r\n",
     "lin@shop.example", FOR_US, "lin@shop.example", "林", "Seite weiß", "Die Seite ist nicht da.", "de", false, false},
    {"no words but a subject", "From: a@shop.example\r\nSubject: We cannot sign in to the site\r\n\r\n",
     "a@shop.example", FOR_US, "a@shop.example", "", "We cannot sign in to the site", "We cannot sign in to the site",
     "en", false, false},
    {"nothing at all", "", "", FOR_US, "", "", "", "(unreadable)", "en", false, true},
    {"to the executives", "From: a@shop.example\r\n" PLAIN "x\r\n", "a@shop.example",
     "support@example.net\nsupport+executive@example.net\n", "a@shop.example", "", "", "x", "en", true, false},
    {"executive of somebody else", "From: a@shop.example\r\n" PLAIN "x\r\n", "a@shop.example",
     "support+executives@example.net\n", "a@shop.example", "", "", "x", "en", false, false},
    {"a robot", "From: a@shop.example\r\nAuto-Submitted: auto-replied\r\n" PLAIN "I am away.\r\n", "a@shop.example",
     FOR_US, "a@shop.example", "", "", "I am away.", "en", false, true},
    {"several authors and one sender",
     "From: a@shop.example, b@shop.example\r\nSender: c@shop.example\r\n" PLAIN "x\r\n", "c@shop.example", FOR_US,
     "c@shop.example", "", "", "x", "en", false, false},
    {"several authors", "From: a@shop.example, b@shop.example\r\n" PLAIN "x\r\n", "a@shop.example", FOR_US, "", "", "",
     "x", "en", false, false},
    {"German above our English",
     "From: a@shop.example\r\n" PLAIN "Die Seite ist immer noch nicht da.\r\n\r\n"
     "On Mon, 3 May 2021 at 10:11, Support <support@example.net> wrote:\r\n"
     "> We have looked at your site and we think that it is there again.\r\n> Please tell us if it is not.\r\n",
     "a@shop.example", FOR_US, "a@shop.example", "", "",
     "Die Seite ist immer noch nicht da.\n\n"
     "On Mon, 3 May 2021 at 10:11, Support <support@example.net> wrote:\n"
     "> We have looked at your site and we think that it is there again.\n> Please tell us if it is not.",
     "de", false, false},
    {"HTML alone", "From: a@shop.example\r\nContent-Type: text/html\r\n\r\n<p>The site is <b>gone</b>.</p>",
     "a@shop.example", FOR_US, "a@shop.example", "", "", "The site is gone.", "en", false, false},
};

static void a_mail_becomes_an_item(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mails / sizeof mails[0]; i++) {
        struct item got = read_one(mails[i].raw, mails[i].sender, mails[i].recipients, false);
        const struct {
            const char *field;
            struct str is;
            const char *wanted;
        } fields[] = {{"email", got.email, mails[i].email},
                      {"name", got.name, mails[i].name},
                      {"subject", got.subject, mails[i].subject},
                      {"text", got.text, mails[i].text},
                      {"language", got.language, mails[i].language}};

        for (size_t k = 0; k < sizeof fields / sizeof fields[0]; k++)
            if (!str_is(fields[k].is, fields[k].wanted))
                fail_msg("%s: %s is \"%.*s\"", mails[i].label, fields[k].field, (int)fields[k].is.len, fields[k].is.at);
        if (got.executive != mails[i].executive || got.automatic != mails[i].automatic)
            fail_msg("%s: executive %d automatic %d", mails[i].label, got.executive, got.automatic);
        assert_int_equal(got.reference, 77);
        assert_int_equal(got.received_ms, 42);
        assert_true(str_is(got.channel, "mail") && str_is(got.raw, mails[i].raw));
    }
}

/* Q1, and what the journal does with it. */
static void the_same_mail_gives_the_same_item(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mails / sizeof mails[0]; i++) {
        struct item a = read_one(mails[i].raw, mails[i].sender, mails[i].recipients, false), b = a, back;

        b = read_one(mails[i].raw, mails[i].sender, mails[i].recipients, false);
        assert_true(str_equal(item_print(&a, arena), item_print(&b, arena)));
        assert_int_equal(item_parse(str_of(item_op_name(a.op)), item_print(&a, arena), arena, &back), ERR_OK);
        assert_true(str_equal(back.text, a.text) && str_equal(back.external, a.external));
    }
}

/* Q2 */
static void one_that_must_not_be_read_tells_its_head(void **state)
{
    struct item got =
        read_one("Received: x\r\nFROM:  Aya <aya@shop.example>\r\nSubject: Down\r\n\r\nFrom: evil@x.example\r\n",
                 "aya@shop.example", FOR_US, true);

    (void)state;
    assert_true(str_is(got.email, "aya@shop.example"));
    assert_true(str_is(got.subject, "Down"));
    assert_true(str_is(got.text, "(unreadable)"));
    got = read_one("From: \xff\xfe\r\nSubject: \xff\r\n\r\n", "", FOR_US, true);
    assert_int_equal(got.email.len + got.subject.len, 0);
    got = read_one("From: somebody\r\nSubject: x\r\n\r\n", "", FOR_US, true);
    assert_int_equal(got.email.len, 0);
    got = read_one("", "", FOR_US, true);
    assert_true(str_is(got.text, "(unreadable)"));
}

static void a_forwarded_mail_speaks_for_its_writer(void **state)
{
    struct item got = read_one(FORWARD, "partner@reseller.example", FOR_US, false);

    (void)state;
    assert_true(str_is(got.email, "partner@reseller.example"));
    assert_true(str_is(got.behalf_email, "kim@customer.example"));
    assert_true(str_is(got.behalf_name, "Kim Lee"));
    assert_true(str_is(got.text, "Please help them."));

    got = read_one("From: partner@reseller.example\r\nSubject: Fwd: down\r\n" PLAIN
                   "Please help them.\r\n\r\n---------- Forwarded message ---------\r\n"
                   "From: Kim Lee <kim@customer.example>\r\nSubject: down\r\n\r\nWe are down.\r\n",
                   "partner@reseller.example", FOR_US, false);
    assert_true(str_is(got.behalf_email, "kim@customer.example") && str_is(got.behalf_name, "Kim Lee"));
    got = read_one("From: kim@customer.example\r\nSubject: Fwd: your answer\r\n" PLAIN
                   "Forwarded by me.\r\n\r\nFrom: Support <support@example.net>\r\nSent: Friday\r\n\r\nWe look.\r\n",
                   "kim@customer.example", FOR_US, false);
    assert_int_equal(got.behalf_email.len, 0);
}

/* Q4 */
static void a_mail_is_known_by_its_id_or_its_bytes(void **state)
{
    struct item a = read_one("Message-ID: <1@x>\r\nFrom: a@shop.example\r\n\r\nx", "", FOR_US, false);
    struct item b =
        read_one("Message-ID: <1@x>\r\nReceived: by another way\r\nFrom: a@shop.example\r\n\r\nx", "", FOR_US, false);
    struct item c = read_one("Message-ID: <2@x>\r\nFrom: a@shop.example\r\n\r\nx", "", FOR_US, false);
    struct item d = read_one("From: a@shop.example\r\n\r\nx", "", FOR_US, false);
    struct item e = read_one("From: a@shop.example\r\n\r\ny", "", FOR_US, false);

    (void)state;
    assert_true(str_equal(a.external, b.external));
    assert_false(str_equal(a.external, c.external));
    assert_false(str_equal(d.external, e.external));
    assert_int_equal(d.external.len, 32);
}

static void only_our_own_servers_word_proves_a_sender(void **state)
{
    const char *good = "Authentication-Results: mx.example.net; dmarc=pass header.from=shop.example\r\n"
                       "Received: from x by mx.example.net\r\nFrom: a@shop.example\r\n" PLAIN "x";
    const char *below = "Received: from x by mx.example.net\r\n"
                        "Authentication-Results: mx.example.net; dmarc=pass header.from=shop.example\r\n"
                        "From: a@shop.example\r\n" PLAIN "x";
    const char *other = "Authentication-Results: mx.evil.example; dmarc=pass header.from=shop.example\r\n"
                        "Received: from x by mx.example.net\r\nFrom: a@shop.example\r\n" PLAIN "x";

    (void)state;
    assert_int_equal(read_one(good, "a@shop.example", FOR_US, false).proven, 1);
    assert_int_equal(read_one(below, "a@shop.example", FOR_US, false).proven, 0);
    assert_int_equal(read_one(other, "a@shop.example", FOR_US, false).proven, 0);
}

static char folder[] = "/tmp/mail-item-test-XXXXXX";

static int open_all(void **state)
{
    char why[KEYRING_WHY_BYTES];

    (void)state;
    mime_open();
    arena = arena_open(64 * 1024);
    return mkdtemp(folder) == NULL || keyring_open(&keys, folder, true, why) != ERR_OK;
}

static int close_all(void **state)
{
    char command[64];

    (void)state;
    keyring_close(keys);
    arena_close(arena);
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mail_becomes_an_item),
        cmocka_unit_test(the_same_mail_gives_the_same_item),
        cmocka_unit_test(one_that_must_not_be_read_tells_its_head),
        cmocka_unit_test(a_forwarded_mail_speaks_for_its_writer),
        cmocka_unit_test(a_mail_is_known_by_its_id_or_its_bytes),
        cmocka_unit_test(only_our_own_servers_word_proves_a_sender),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
