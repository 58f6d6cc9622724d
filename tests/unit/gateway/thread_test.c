/* thread: what the marks and the header of a mail make of it. */
#include "gateway/intake/mail.h"
#include "gateway/intake/mime.h"
#include "gateway/intake/thread.h"
#include "gateway/mail/postmark.h"
#include "rules/base/arena.h"
#include "tests/unit/queues/scratch_redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REF    UINT64_C(0x1234567890)
#define DOMAIN STR("help.example.org")

static char folder[] = "/tmp/postern-thread-XXXXXX";
static struct keyring *keys;
static struct arena *a;
static struct mail_house house = {
    .address = "support@help.example.org", .authserv_id = "mx.example.org", .language = "en"};
static const struct ulid ana = {{1, 2, 3}}, sent = {{4, 5, 6}}, other = {{7}};
static const char *reply_to, *other_reply_to, *bounce_to, *message_id, *other_id, *reference;

static int begin(void **state)
{
    char why[KEYRING_WHY_BYTES];

    (void)state;
    mime_open();
    a = arena_open(1 << 20);
    if (mkdtemp(folder) == NULL || keyring_open(&keys, folder, true, why) != ERR_OK)
        return 1;
    house.keys = keys;
    reply_to = postmark_reply_address(keys, a, REF, ana, DOMAIN).at;
    other_reply_to = postmark_reply_address(keys, a, REF + 1, other, DOMAIN).at;
    bounce_to = postmark_bounce_address(keys, a, sent, DOMAIN).at;
    message_id = postmark_message_id(keys, a, sent, REF, ana, DOMAIN).at;
    other_id = postmark_message_id(keys, a, sent, REF + 1, other, DOMAIN).at;
    reference = arena_strdup(a, reference_print(REF).at);
    return 0;
}

static int end(void **state)
{
    (void)state;
    keyring_close(keys);
    remove_folder(folder);
    arena_close(a);
    return 0;
}

/* {r} {R} {b} {m} {M} {ref} in a text stand for the marks above. */
static struct str filled(const char *text)
{
    const struct {
        const char *name, *value;
    } rows[] = {{"{r}", reply_to},   {"{R}", other_reply_to}, {"{b}", bounce_to},
                {"{m}", message_id}, {"{M}", other_id},       {"{ref}", reference}};
    struct buf b = {0};

    while (*text != '\0') {
        size_t i = 0, n = sizeof rows / sizeof rows[0];

        while (i < n && strncmp(text, rows[i].name, strlen(rows[i].name)) != 0)
            i++;
        if (i < n) {
            buf_text(&b, rows[i].value);
            text += strlen(rows[i].name);
        } else {
            buf_char(&b, *text++);
        }
    }

    struct str s = {str_copy(a, buf_view(&b)), b.len};

    buf_free(&b);
    return s;
}

static struct item read_mail(const char *sender, const char *recipients, const char *raw)
{
    struct mime_mail *m = arena_new(a, struct mime_mail);
    struct item i = {.text = STR("words")};

    mime_read(a, filled(raw), NULL, m);
    thread_read(&house, str_of(sender), filled(recipients), m, a, &i);
    return i;
}

#define ANA   "ana@a.example"
#define US    "support@help.example.org\n"
#define FROM  "From: Ana <ana@a.example>\r\n"
#define ID    "Message-ID: <1@a.example>\r\n"
#define WORDS "\r\nwords\r\n"
#define REPORT(head, fields)                                                                             \
    "From: MAILER-DAEMON@a.example\r\nContent-Type: multipart/report; report-type=delivery-status; "     \
    "boundary=b\r\n" head "\r\n--b\r\n\r\nsorry\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n" \
    "Reporting-MTA: dns; a.example\r\n\r\n" fields "\r\n"
#define DEAD         "Final-Recipient: rfc822; ana@a.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
#define FULL         "Final-Recipient: rfc822; ana@a.example\r\nAction: failed\r\nStatus: 5.2.2\r\n"
#define DELAYED      "Final-Recipient: rfc822; ana@a.example\r\nAction: delayed\r\nStatus: 4.4.1\r\n"
#define ORIGINAL(id) "--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: " id "\r\n\r\n--b--\r\n"

static const struct {
    const char *label, *sender, *to, *raw;
    enum item_op op;
    bool answers; /* ana */
    const char *thread, *hint;
    bool automatic;
    const char *text;
} rows[] = {
    {"a new mail", ANA, US, FROM ID WORDS, ITEM_REQUEST, false, "", "", false, "words"},
    {"to a reply address", ANA, "{r}\n", FROM ID WORDS, ITEM_REQUEST, true, "{ref}", "", false, "words"},
    {"the second recipient is one", ANA, US "{r}\n", FROM ID WORDS, ITEM_REQUEST, true, "{ref}", "", false, "words"},
    {"it stands in Cc only", ANA, US, FROM "Cc: x@y.example, {r}\r\n" WORDS, ITEM_REQUEST, true, "{ref}", "", false,
     "words"},
    {"by In-Reply-To", ANA, US, FROM "In-Reply-To: {m}\r\n" WORDS, ITEM_REQUEST, true, "{ref}", "", false, "words"},
    {"by the nearest of References", ANA, US, FROM "References: <x@y> {M} {m}\r\n" WORDS, ITEM_REQUEST, true, "{ref}",
     "", false, "words"},
    {"the address before the Message-ID", ANA, "{r}\n", FROM "In-Reply-To: {M}\r\n" WORDS, ITEM_REQUEST, true, "{ref}",
     "", false, "words"},
    {"the envelope before To", ANA, "{r}\n", FROM "To: {R}\r\n" WORDS, ITEM_REQUEST, true, "{ref}", "", false, "words"},
    {"two senders", ANA, "{r}\n", "From: Ana <ana@a.example>, b@a.example\r\n" WORDS, ITEM_REQUEST, false, "{ref}",
     "senders", false, "words"},
    {"two From fields", ANA, "{r}\n", FROM "From: b@a.example\r\n" WORDS, ITEM_REQUEST, false, "{ref}", "senders",
     false, "words"},
    {"no From", ANA, "{r}\n", "Sender: ana@a.example\r\n" WORDS, ITEM_REQUEST, false, "{ref}", "senders", false,
     "words"},
    {"a mark of our form that is none", ANA, "r+x@help.example.org\n", FROM WORDS, ITEM_REQUEST, false, "", "forged",
     false, "words"},
    {"and it names a reference", ANA, "r+x@help.example.org\n", FROM "Subject: Re: [{ref}] x\r\n" WORDS, ITEM_REQUEST,
     false, "{ref}", "forged", false, "words"},
    {"a reference in the subject", ANA, US, FROM "Subject: about {ref}: still\r\n" WORDS, ITEM_REQUEST, false, "{ref}",
     "subject", false, "words"},
    {"a number that is none", ANA, US, FROM "Subject: about R7K4-2M9Q-X\r\n" WORDS, ITEM_REQUEST, false, "", "", false,
     "words"},
    {"out of office", ANA, "{r}\n", FROM "Auto-Submitted: auto-replied\r\n" WORDS, ITEM_REQUEST, true, "{ref}", "",
     true, "words"},
    {"from nobody", "", US, FROM WORDS, ITEM_REQUEST, false, "", "", true, "words"},
    {"a mailing list", ANA, US, FROM "List-Id: <x.y>\r\n" WORDS, ITEM_REQUEST, false, "", "", true, "words"},
    {"our own mail came round", ANA, US, FROM "Message-ID: {m}\r\n" WORDS, ITEM_REQUEST, false, "", "", true, "words"},
    {"we wrote to ourselves", ANA, US, "From: Support@Help.Example.org\r\n" WORDS, ITEM_REQUEST, false, "", "", true,
     "words"},
    {"our reply address wrote", ANA, US, "From: {r}\r\n" WORDS, ITEM_REQUEST, false, "", "", true, "words"},
    {"came back, to its address", "", "{b}\n", REPORT("", DEAD), ITEM_BOUNCE, false, "", "dead", true, "5.1.1"},
    {"full", "", "{b}\n", REPORT("", FULL), ITEM_BOUNCE, false, "", "returned", true, "5.2.2"},
    {"delayed", "", "{b}\n", REPORT("", DELAYED), ITEM_BOUNCE, false, "", "", true, "4.4.1"},
    {"of two recipients the worse counts", "", "{b}\n", REPORT("", DELAYED "\r\n" DEAD), ITEM_BOUNCE, false, "", "dead",
     true, "5.1.1"},
    {"elsewhere, with our Message-ID", "", US, REPORT("", DEAD) ORIGINAL("{m}"), ITEM_BOUNCE, false, "", "dead", true,
     "5.1.1"},
    {"from somebody, about ours", "postmaster@a.example", US, REPORT("", DEAD) ORIGINAL("{m}"), ITEM_BOUNCE, false, "",
     "dead", true, "5.1.1"},
    {"of a mail that is not ours", "", US, REPORT("", DEAD) ORIGINAL("<x@y>"), ITEM_BOUNCE, false, "", "", true, ""},
    {"to a forged address", "", "b+01J9Z3NDEKTSV4RRFFQ69G5FAV.0123456789abcdef@help.example.org\n", REPORT("", DEAD),
     ITEM_BOUNCE, false, "", "", true, ""},
    {"from somebody, about nothing of ours", "x@a.example", US, REPORT("", DEAD), ITEM_REQUEST, false, "", "", true,
     "words"},
};

static void a_mail_is_what_its_marks_and_header_say(void **state)
{
    char ulid[ULID_CHARS + 1], mail[ULID_CHARS + 1];

    (void)state;
    ulid_print(ana, ulid);
    ulid_print(sent, mail);
    for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
        struct item i = read_mail(rows[n].sender, rows[n].to, rows[n].raw);
        bool bounced = rows[n].op == ITEM_BOUNCE && rows[n].text[0] != '\0';

        if (i.op != rows[n].op || i.automatic != rows[n].automatic || !str_is(i.hint, rows[n].hint) ||
            !str_equal(i.thread, filled(rows[n].thread)) || !str_is(i.text, rows[n].text))
            fail_msg("%s: op %d, automatic %d, hint \"%s\", thread \"%s\", text \"%s\"", rows[n].label, i.op,
                     i.automatic, str_copy(a, i.hint), str_copy(a, i.thread), str_copy(a, i.text));
        if (!str_is(i.answers, rows[n].answers ? ulid : bounced ? mail : ""))
            fail_msg("%s: answers \"%s\"", rows[n].label, str_copy(a, i.answers));
    }
}

static void only_our_own_server_proves_a_sender(void **state)
{
    static const struct {
        const char *label, *raw;
        int64_t proven;
    } cases[] = {
        {"it says so on top",
         "Authentication-Results: mx.example.org; dmarc=pass header.from=a.example\r\nReceived: x\r\n" FROM, 1},
        {"below a server's line",
         "Received: x\r\nAuthentication-Results: mx.example.org; dmarc=pass header.from=a.example\r\n" FROM, 0},
        {"somebody else says so", "Authentication-Results: mx.evil.test; dmarc=pass header.from=a.example\r\n" FROM, 0},
        {"of two senders", "Authentication-Results: mx.example.org; dmarc=pass header.from=a.example\r\n" FROM FROM, 0},
        {"of another one", "Authentication-Results: mx.example.org; dmarc=pass header.from=b.example\r\n" FROM, 0},
        {"in one encoded word",
         "=?utf-8?q?Authentication-Results?=: mx.example.org; dmarc=pass header.from=a.example\r\n" FROM, 0},
    };

    (void)state;
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        struct item i = read_mail(ANA, US, arena_printf(a, "%s%s", cases[n].raw, WORDS));

        if (i.proven != cases[n].proven)
            fail_msg("%s: %d", cases[n].label, (int)i.proven);
    }
    house.authserv_id = "";
    assert_int_equal(read_mail(ANA, US, arena_printf(a, "%s%s", cases[0].raw, WORDS)).proven, 0);
    house.authserv_id = "mx.example.org";
}

static void an_id_is_kept_where_it_is_fit_for_a_header(void **state)
{
    (void)state;
    assert_true(str_is(read_mail(ANA, US, FROM ID WORDS).message_id, "<1@a.example>"));
    assert_int_equal(read_mail(ANA, US, FROM "Message-ID: <no at sign>\r\n" WORDS).message_id.len, 0);
    assert_int_equal(read_mail(ANA, US, FROM WORDS).message_id.len, 0);
}

static void a_mail_that_cannot_be_read_is_judged_by_its_envelope(void **state)
{
    struct item i = {.text = STR("words")};

    (void)state;
    thread_read(&house, STR(""), filled("{r}\n"), NULL, a, &i);
    assert_true(i.op == ITEM_REQUEST && i.automatic && i.answers.len == 0 && str_is(i.hint, "senders"));
    assert_true(str_is(i.thread, reference));
    thread_read(&house, STR(ANA), STR(US), NULL, a, &i);
    assert_false(i.automatic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mail_is_what_its_marks_and_header_say),
        cmocka_unit_test(only_our_own_server_proves_a_sender),
        cmocka_unit_test(an_id_is_kept_where_it_is_fit_for_a_header),
        cmocka_unit_test(a_mail_that_cannot_be_read_is_judged_by_its_envelope),
    };

    return cmocka_run_group_tests_name("thread", tests, begin, end);
}
