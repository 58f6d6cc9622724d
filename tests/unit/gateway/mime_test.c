/* mime: what a mail says, however it was broken, and where reading stops. */
#include "gateway/intake/mime.h"
#include "rules/base/arena.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct arena *arena;

static int open_all(void **state)
{
    (void)state;
    mime_open();
    arena = arena_open(64 * 1024);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    arena_close(arena);
    return 0;
}

static struct mime_mail read_mail(struct str raw)
{
    struct mime_mail m;

    mime_read(arena, raw, NULL, &m);
    return m;
}

static struct mime_mail read_text(const char *raw)
{
    return read_mail(str_of(raw));
}

/* ---- header ---- */

static void subjects_are_decoded_as_they_were_meant(void **state)
{
    static const struct {
        const char *what, *field, *subject;
    } cases[] = {
        {"plain", "Hello", "Hello"},
        {"Q", "=?utf-8?Q?caf=C3=A9_ol=C3=A9?=", "café olé"},
        {"B", "=?UTF-8?B?5L2g5aW9?=", "你好"},
        {"in small letters", "=?utf-8?b?5L2g5aW9?=", "你好"},
        {"with a language", "=?utf-8*fr?Q?caf=C3=A9?=", "café"},
        {"a letter over two words", "=?utf-8?B?5L2g5Q==?= =?utf-8?B?pb0=?=", "你好"},
        {"blanks between words are nothing", "=?utf-8?Q?a?=\r\n =?utf-8?Q?b?=", "ab"},
        {"blanks beside a word are kept", "a =?utf-8?Q?b?= c", "a b c"},
        {"within a word", "=?utf-8?Q?a b c?=", "a b c"},
        {"inside of other text", "Re:=?utf-8?Q?b?=", "Re:b"},
        {"GB2312 that is GBK", "=?gb2312?B?xOO6w5b8?=", "你好桙"},
        {"ISO-2022-JP", "=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=", "日本"},
        {"Shift JIS", "=?Shift_JIS?B?k/qWew==?=", "日本"},
        {"Big5", "=?big5?B?p0GmbqFB?=", "你好，"},
        {"EUC-KR", "=?euc-kr?B?vsiz5w==?=", "안녕"},
        {"KOI8-R", "=?koi8-r?B?8NLJ18XU?=", "Привет"},
        {"windows-1256", "=?windows-1256?B?48/Ux8c=?=", "مدشاا"},
        {"an unknown charset", "=?NONE?B?VEVTVA=?=", "TEST"},
        {"base64 without its end", "=?utf-8?B?5L2g5aW9", "=?utf-8?B?5L2g5aW9"},
        {"nothing in it", "=?utf-8?Q?\?=", ""},
        {"raw UTF-8 (RFC 6532)", "caf\xC3\xA9", "café"},
        {"raw Latin 1", "caf\xE9", "café"},
        {"folded", "one\r\n two\r\n\tthree", "one two\tthree"},
        {"no encoded word", "a =? b ?= c", "a =? b ?= c"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mime_mail m = read_mail(str_of(arena_printf(arena, "Subject: %s\r\n\r\nx", cases[i].field)));

        if (!str_is(m.subject, cases[i].subject))
            fail_msg("%s: \"%.*s\"", cases[i].what, (int)m.subject.len, m.subject.at);
    }
}

/* name<address>, joined by |. */
static const char *shown(const struct mime_addresses *all)
{
    const char *s = "";

    for (size_t i = 0; i < all->count; i++)
        s = arena_printf(arena, "%s%s%.*s<%.*s>", s, i > 0 ? "|" : "", (int)all->at[i].name.len, all->at[i].name.at,
                         (int)all->at[i].address.len, all->at[i].address.at);
    return s;
}

static void senders_are_found(void **state)
{
    static const struct {
        const char *what, *header, *from;
    } cases[] = {
        {"address", "From: ann@example.org", "<ann@example.org>"},
        {"name and address", "From: Ann One <ann@example.org>", "Ann One<ann@example.org>"},
        {"quoted", "From: \"One, Ann\" <ann@example.org>", "One, Ann<ann@example.org>"},
        {"comment", "From: ann@example.org (Ann One)", "Ann One<ann@example.org>"},
        {"encoded name", "From: =?utf-8?B?5L2g5aW9?= <a@example.org>", "你好<a@example.org>"},
        {"encoded in quotes", "From: \"=?utf-8?Q?caf=C3=A9?=\" <a@example.org>", "café<a@example.org>"},
        {"UTF-8 address", "From: \xE4\xBD\xA0@example.org", "<你@example.org>"},
        {"raw Latin 1 name", "From: Andr\xE9 <a@example.org>", "André<a@example.org>"},
        {"two", "From: a@example.org, b@example.org", "<a@example.org>|<b@example.org>"},
        {"two fields", "From: a@example.org\r\nFrom: b@example.org", "<a@example.org>|<b@example.org>"},
        {"group", "From: Team: a@example.org, B <b@example.org>;", "<a@example.org>|B<b@example.org>"},
        {"empty group", "From: undisclosed-recipients:;", ""},
        {"blanks for a comma", "From: a@example.org b@example.org", "<a@example.org>|<b@example.org>"},
        {"comma in a comment", "From: a@example.org (One, Two)", "One, Two<a@example.org>"},
        {"group in the middle", "From: a@x, T: b@x, C <c@x>; d@x", "<a@x>|<b@x>|C<c@x>|<d@x>"},
        {"a route", "From: <@x,@y:a@example.org>", "<a@example.org>"},
        {"a quote without its end", "From: \"Ann <a@example.org>", "Ann<a@example.org>"},
        {"an address as a name", "From: \"boss@example.com\" <a@evil.example>", "boss@example.com<a@evil.example>"},
        {"blanks before the colon", "From  : a@example.org", "<a@example.org>"},
        {"no address", "From: Ann", ""},
        {"empty", "From:", ""},
        {"none", "To: a@example.org", ""},
        {"after an mbox line", "From ann Mon Jan 1 00:00:00 2024\r\nFrom: a@example.org", "<a@example.org>"},
        {"only what the server took for the header", "Subject: x\r\nno field here\r\nFrom: a@example.org", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mime_mail m = read_mail(str_of(arena_printf(arena, "%s\r\n\r\nx", cases[i].header)));

        if (strcmp(shown(&m.from), cases[i].from) != 0)
            fail_msg("%s: %s", cases[i].what, shown(&m.from));
    }
}

/* Joined by |. */
static const char *joined(const struct mime_ids *ids)
{
    const char *s = "";

    for (size_t i = 0; i < ids->count; i++)
        s = arena_printf(arena, "%s%s%.*s", s, i > 0 ? "|" : "", (int)ids->at[i].len, ids->at[i].at);
    return s;
}

static void ids_are_found(void **state)
{
    static const struct {
        const char *what, *header, *references;
    } cases[] = {
        {"one", "References: <a@b>", "a@b"},
        {"several", "References: <a@b>\r\n <c@d>\t<e@f>", "a@b|c@d|e@f"},
        {"without blanks", "References: <a@b><c@d>", "a@b|c@d"},
        {"commas", "References: <a@b>, <c@d>", "a@b|c@d"},
        {"several fields", "References: <a@b>\r\nReferences: <c@d>", "a@b|c@d"},
        {"without brackets", "References: a@b", "a@b"},
        {"one is not closed", "References: <a@b> <c@d", "a@b"},
        {"blanks within", "References: <a @ b>", "a@b"},
        {"words around", "References: Your mail of Monday <a@b> (yes)", "a@b"},
        {"empty", "References:", ""},
        {"empty brackets", "References: <>", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mime_mail m = read_mail(str_of(arena_printf(arena, "%s\r\n\r\nx", cases[i].header)));

        if (strcmp(joined(&m.references), cases[i].references) != 0)
            fail_msg("%s: %s", cases[i].what, joined(&m.references));
    }
}

static void what_robots_say_of_themselves_is_read(void **state)
{
    struct mime_mail m = read_text("Return-Path: <>\r\n"
                                   "Received: from a\r\n"
                                   "Authentication-Results: mx.example; dmarc=pass\r\n"
                                   "Received: from b\r\n"
                                   "Authentication-Results: evil.example;\r\n dmarc=pass\r\n"
                                   "Auto-Submitted: auto-replied (vacation)\r\n"
                                   "Precedence: Bulk\r\n"
                                   "List-Id: <x>\r\n"
                                   "X-Auto-Response-Suppress: DR, OOF\r\n"
                                   "Message-ID: <1@x>\r\n"
                                   "In-Reply-To: <0@x>\r\n"
                                   "Reply-To: r@example.org\r\n"
                                   "Sender: s@example.org\r\n"
                                   "To: a@x, b@x\r\nCc: c@x\r\n"
                                   "Date: Wed, 25 Nov 2026 03:00:00 +0100\r\n"
                                   "X-Other: =?utf-8?Q?=C3=A9?=\r\n\r\n");

    (void)state;
    assert_true(m.returned && m.return_path.len == 0);
    assert_int_equal(m.received_count, 2);
    assert_int_equal(m.result_count, 2);
    assert_int_equal(m.results[0].received_above, 1);
    assert_true(str_is(m.results[1].value, "evil.example; dmarc=pass"));
    assert_int_equal(m.results[1].received_above, 2);
    assert_true(str_is(m.auto_submitted, "auto-replied") && str_is(m.precedence, "bulk") && m.list);
    assert_true(str_is(m.suppress, "dr, oof"));
    assert_true(str_is(m.message_id, "1@x") && strcmp(joined(&m.in_reply_to), "0@x") == 0);
    assert_string_equal(shown(&m.reply_to), "<r@example.org>");
    assert_string_equal(shown(&m.sender), "<s@example.org>");
    assert_string_equal(shown(&m.to), "<a@x>|<b@x>");
    assert_string_equal(shown(&m.cc), "<c@x>");
    assert_true(m.dated && m.date_ms == 1795572000000);
    assert_true(str_is(mime_words(arena, mime_field(&m, "x-other")), "é"));
    assert_null(mime_field(&m, "X-Absent").at);
    assert_false(read_text("Subject: x\r\n\r\n").returned);
    assert_true(str_is(read_text("Return-Path: <a@b>\r\n\r\n").return_path, "a@b"));
}

/* ---- text ---- */

#define B  "Content-Type: multipart/mixed; boundary=B\r\n\r\n"
#define AB "Content-Type: multipart/alternative; boundary=B\r\n\r\n"

static const struct {
    const char *what, *raw, *text;
    const char *parts; /* name:type:bytes joined by | */
} texts[] = {
    {"no header", "\r\nHello", "Hello", ""},
    {"no body", "Subject: x\r\n", "", ""},
    {"nothing", "", "", ""},
    {"LF ends lines, too", "Subject: x\n\na\nb", "a\nb", ""},
    {"text", "Subject: x\r\n\r\na\r\nb\r\n", "a\nb\n", ""},
    {"quoted-printable", "Content-Transfer-Encoding: quoted-printable\r\n\r\na=20=\r\nb=C3=A9", "a bé", ""},
    {"quoted-printable with a semicolon", "Content-Transfer-Encoding: Quoted-Printable;\r\n\r\nb=C3=A9", "bé", ""},
    {"base64", "Content-Transfer-Encoding: base64\r\n\r\n5L2g\r\n5aW9\r\n", "你好", ""},
    {"base64 with rubbish", "Content-Transfer-Encoding: base64\r\n\r\n5L2*g5a!W9==", "你好", ""},
    {"uuencode", "Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\r\n%2&5L;&\\\r\n`\r\nend\r\n", "Hello", ""},
    {"an unknown encoding", "Content-Transfer-Encoding: 8bits\r\n\r\nab", "ab", ""},
    {"a charset", "Content-Type: text/plain; charset=\"iso-8859-1\"\r\n\r\ncaf\xE9", "café", ""},
    {"a type that is none", "Content-Type: text\r\n\r\nab", "ab", ""},
    {"header without its end", "Subject: x\r\nHello there\r\nmore", "Hello there\nmore", ""},

    {"HTML", "Content-Type: text/html\r\n\r\n<p>a</p><p>b</p>", "a\n\nb", ""},
    {"plain before HTML",
     AB "--B\r\nContent-Type: text/html\r\n\r\n<b>h</b>\r\n--B\r\nContent-Type: text/plain\r\n\r\np\r\n--B--\r\n", "p",
     ""},
    {"plain that is empty beside HTML",
     AB "--B\r\nContent-Type: text/plain\r\n\r\n \r\n--B\r\nContent-Type: text/html\r\n\r\n<b>h</b>\r\n--B--\r\n", "h",
     ""},
    {"attachment",
     B "--B\r\n\r\nHi\r\n--B\r\nContent-Type: text/plain; name=\"a.txt\"\r\nContent-Disposition: "
       "attachment\r\n\r\nfile\r\n--B--\r\n",
     "Hi", "a.txt:text/plain:4"},
    {"attachment first",
     B "--B\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nfile\r\n--B\r\n\r\nHi\r\n--B--\r\n", "Hi",
     "a.txt:text/plain:4"},
    {"only an attachment", B "--B\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nfile\r\n--B--\r\n", "file",
     "a.txt:text/plain:4"},
    {"a second text", B "--B\r\n\r\nHi\r\n--B\r\nContent-Type: image/png\r\n\r\nx\r\n--B\r\n\r\nBye\r\n--B--\r\n", "Hi",
     ":image/png:1|:text/plain:3"},
    {"signatures of machines are no files",
     B "--B\r\n\r\nHi\r\n--B\r\nContent-Type: application/pgp-signature; name=s.asc\r\n\r\nx\r\n--B--\r\n", "Hi", ""},

    {"preamble and epilogue", B "before\r\n--B\r\n\r\nHi\r\n--B--\r\nafter\r\n--B\r\n\r\nno\r\n", "Hi", ""},
    {"never closed", B "--B\r\n\r\nHi\r\nthere", "Hi\nthere", ""},
    {"no part at all", B "Hi there", "Hi there", ""},
    {"no boundary", "Content-Type: multipart/mixed\r\n\r\nHi there", "Hi there", ""},
    {"a boundary with blanks behind", B "--B \t\r\n\r\nHi\r\n--B-- \r\n", "Hi", ""},
    {"a longer line is no boundary", B "--B\r\n\r\nHi\r\n--Bx\r\n--B--\r\n", "Hi\n--Bx", ""},
    {"a boundary inside of a line is none", B "--B\r\n\r\nHi --B\r\n--B--\r\n", "Hi --B", ""},
    {"a boundary that begins like the outer one",
     B "--B\r\nContent-Type: multipart/alternative; boundary=B1\r\n\r\n--B1\r\n\r\nHi\r\n--B1--\r\n--B--\r\n", "Hi",
     ""},
    {"the outer boundary ends the inner part",
     B "--B\r\nContent-Type: multipart/alternative; boundary=C\r\n\r\n--C\r\n\r\nHi\r\n--B\r\nContent-Type: "
       "image/png\r\n\r\nx\r\n--B--",
     "Hi", ":image/png:1"},
    {"empty parts", B "--B\r\n--B\r\n\r\n--B\r\n\r\nHi\r\n--B--", "", ":text/plain:2"},

    {"RFC 2231 name",
     B "--B\r\n\r\nHi\r\n--B\r\nContent-Type: image/png\r\nContent-Disposition: attachment; "
       "filename*=utf-8''caf%C3%A9.png\r\n\r\nx\r\n--B--",
     "Hi", "café.png:image/png:1"},
    {"RFC 2231 name in pieces",
     B "--B\r\n\r\nHi\r\n--B\r\nContent-Type: image/png;\r\n name*0*=utf-8''caf%C3;\r\n name*1*=%A9;\r\n "
       "name*2=.png\r\n\r\nx\r\n--B--",
     "Hi", "café.png:image/png:1"},
    {"RFC 2047 name",
     B "--B\r\n\r\nHi\r\n--B\r\nContent-Type: image/png; name=\"=?utf-8?B?5L2g5aW9?=.png\"\r\n\r\nx\r\n--B--", "Hi",
     "你好.png:image/png:1"},
    {"raw name", B "--B\r\n\r\nHi\r\n--B\r\nContent-Type: image/png; name=\"caf\xC3\xA9.png\"\r\n\r\nx\r\n--B--", "Hi",
     "café.png:image/png:1"},
    {"a name with folders",
     B "--B\r\n\r\nHi\r\n--B\r\nContent-Type: image/png; name=\"../../etc/passwd\"\r\n\r\nx\r\n--B--", "Hi",
     "passwd:image/png:1"},
    {"base64 file",
     B "--B\r\n\r\nHi\r\n--B\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--B--",
     "Hi", ":image/png:3"},
};

static void the_text_and_the_files_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct mime_mail m = read_text(texts[i].raw);
        const char *parts = "";

        for (size_t k = 0; k < m.part_count; k++)
            parts = arena_printf(arena, "%s%s%.*s:%.*s:%zu", parts, k > 0 ? "|" : "", (int)m.parts[k].name.len,
                                 m.parts[k].name.at, (int)m.parts[k].type.len, m.parts[k].type.at,
                                 mime_part_bytes(arena, &m.parts[k]).len);
        if (!str_is(m.text, texts[i].text) || strcmp(parts, texts[i].parts) != 0)
            fail_msg("%s: \"%.*s\", %s", texts[i].what, (int)m.text.len, m.text.at, parts);
        assert_int_equal(m.cut, 0);
    }
}

static void pictures_in_the_text_are_told_from_files(void **state)
{
    struct mime_mail m =
        read_text("Content-Type: multipart/related; boundary=B\r\n\r\n"
                  "--B\r\nContent-Type: text/html\r\n\r\n<img src=cid:i@x>Hi\r\n"
                  "--B\r\nContent-Type: image/png\r\nContent-ID: <i@x>\r\n\r\nx\r\n"
                  "--B\r\nContent-Type: image/png; name=a.png\r\nContent-Disposition: attachment\r\n\r\ny\r\n--B--");

    (void)state;
    assert_true(str_is(m.text, "Hi") && m.text_of_html && m.html.len > 0);
    assert_int_equal(m.part_count, 2);
    assert_true(m.parts[0].in_text && str_is(m.parts[0].content_id, "i@x"));
    assert_false(m.parts[1].in_text);
}

static void the_mail_inside_is_read(void **state)
{
    struct mime_mail m =
        read_text("From: boss@example.org\r\n" B "--B\r\n\r\nPlease handle.\r\n"
                  "--B\r\nContent-Type: message/rfc822\r\n\r\n"
                  "From: Ann <ann@customer.example>\r\nSubject: Help\r\n\r\nOur site is gone.\r\n--B--");

    (void)state;
    assert_true(str_is(m.text, "Please handle."));
    assert_non_null(m.inside);
    assert_string_equal(shown(&m.inside->from), "Ann<ann@customer.example>");
    assert_true(str_is(m.inside->subject, "Help") && str_is(m.inside->text, "Our site is gone."));
    assert_int_equal(m.part_count, 1);
    assert_true(str_is(m.parts[0].type, "message/rfc822"));

    m = read_text("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                  "U3ViamVjdDogeA0KDQpIaQ==");
    assert_non_null(m.inside);
    assert_true(str_is(m.inside->subject, "x") && str_is(m.text, "Hi"));
}

/* ---- reports ---- */

#define REPORT "Content-Type: multipart/report; boundary=B\r\n\r\n--B\r\n\r\nNot delivered.\r\n--B\r\n"

static void delivery_reports_are_read(void **state)
{
    struct mime_mail m = read_text(
        "Return-Path: <>\r\n" REPORT "Content-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example\r\n\r\n"
        "Original-Recipient: rfc822;Ann@example.org\r\nFinal-Recipient: RFC822; ann@example.org\r\nAction: Failed\r\n"
        "Status: 5.1.1 (no such user)\r\nDiagnostic-Code: smtp; 550 no such\r\n user\r\n\r\n"
        "Final-Recipient: rfc822; <bob@example.org>\r\nAction: delayed\r\nStatus: 4.2.2\r\n\r\n"
        "rubbish\r\n\r\n"
        "--B\r\nContent-Type: message/rfc822\r\n\r\n"
        "Message-ID: <1@ours.example>\r\nSubject: Your code\r\n\r\nsecret words\r\n--B--");

    (void)state;
    assert_int_equal(m.report.kind, MIME_REPORT_DELIVERY);
    assert_int_equal(m.report.recipient_count, 2);
    assert_true(str_is(m.report.recipients[0].address, "ann@example.org"));
    assert_true(str_is(m.report.recipients[0].original, "Ann@example.org"));
    assert_true(str_is(m.report.recipients[0].action, "failed") && str_is(m.report.recipients[0].status, "5.1.1"));
    assert_true(str_is(m.report.recipients[0].why, "550 no such user"));
    assert_true(str_is(m.report.recipients[1].address, "bob@example.org"));
    assert_true(str_is(m.report.message_id, "1@ours.example"));
    assert_true(str_is(m.report.original->subject, "Your code"));
    assert_true(str_is(m.text, "Not delivered.") && m.inside == NULL && m.part_count == 0);
}

static void other_reports_are_read(void **state)
{
    struct mime_mail m = read_text(REPORT "Content-Type: message/delivery-status\r\n\r\n"
                                          "Final-Recipient: rfc822; a@x\r\nAction: failed\r\n\r\n"
                                          "--B\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <2@x>\r\n--B--");

    (void)state;
    assert_true(str_is(m.report.message_id, "2@x") && m.report.original != NULL);

    m = read_text(REPORT "Content-Type: message/disposition-notification\r\n\r\n"
                         "Final-Recipient: rfc822; a@x\r\nOriginal-Message-ID: <3@x>\r\n"
                         "Disposition: manual-action/MDN-sent-manually; displayed\r\n--B--");
    assert_int_equal(m.report.kind, MIME_REPORT_DISPOSITION);
    assert_true(str_is(m.report.about, "displayed") && str_is(m.report.message_id, "3@x"));

    m = read_text(REPORT "Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n\r\n"
                         "--B\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <4@x>\r\n\r\nx\r\n--B--");
    assert_int_equal(m.report.kind, MIME_REPORT_FEEDBACK);
    assert_true(str_is(m.report.about, "abuse") && str_is(m.report.message_id, "4@x"));

    m = read_text("X-Failed-Recipients: a@x, b@x\r\n\r\nThis message was created automatically.");
    assert_int_equal(m.report.kind, MIME_REPORT_DELIVERY);
    assert_int_equal(m.report.recipient_count, 2);
    assert_true(str_is(m.report.recipients[1].address, "b@x") && str_is(m.report.recipients[1].action, "failed"));

    assert_int_equal(read_text("Subject: x\r\n\r\nx").report.kind, MIME_REPORT_NONE);
}

/* ---- limits ---- */

static double cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct str repeated(struct buf *b, const char *head, const char *unit, size_t bytes, const char *tail)
{
    b->len = 0;
    buf_text(b, head);
    while (b->len < bytes)
        buf_text(b, unit);
    buf_text(b, tail);
    return buf_view(b);
}

enum { LARGE = 25 * 1024 * 1024 };

static void large_mails_are_read_as_far_as_the_limits_go(void **state)
{
    static const struct {
        const char *what, *head, *unit, *tail;
        unsigned cut;
        const char *subject;
    } cases[] = {
        {"text", "Subject: s\n\n", "words and words\n", "", MIME_CUT_TEXT, "s"},
        {"base64 text", "Subject: s\nContent-Transfer-Encoding: base64\n\n", "d29yZHMg\n", "", MIME_CUT_TEXT, "s"},
        {"quoted-printable", "Subject: s\nContent-Transfer-Encoding: quoted-printable\n\n", "=C3=A9=\n", "",
         MIME_CUT_TEXT, "s"},
        {"HTML", "Subject: s\nContent-Type: text/html\n\n", "<p>words", "", MIME_CUT_TEXT, "s"},
        {"header fields", "Subject: s\n", "X: y\n", "\nHi", MIME_CUT_HEADER, "s"},
        {"one field", "Subject: s\nX:", " yyyyyyyyyyyyyyyy", "\n\nHi", MIME_CUT_HEADER, "s"},
        {"one folded field", "Subject: s\nX: y\n", " y\n", "\nHi", MIME_CUT_HEADER, "s"},
        {"addresses", "Subject: s\nTo: a@b", ",a@b", "\n\nHi", MIME_CUT_HEADER, "s"},
        {"empty parts", "Subject: s\nContent-Type: multipart/mixed; boundary=B\n\n", "--B\n\n", "", MIME_CUT_PARTS,
         "s"},
        {"mails in mails", "Subject: s\n", "Content-Type: message/rfc822\n\n", "", MIME_CUT_DEPTH, "s"},
        {"boundaries that are none", "Subject: s\nContent-Type: multipart/mixed; boundary=B\n\n--B\n\n", "--Bx",
         "\n--B--", MIME_CUT_TEXT, "s"},
        {"dashes", "Subject: s\nContent-Type: multipart/mixed; boundary=\"------------------------\"\n\n", "-", "",
         MIME_CUT_TEXT, "s"},
        {"encoded words", "Subject: s\nX: ", "=?utf-8?Q?a?= ", "\n\nHi", MIME_CUT_HEADER, "s"},
        {"NULs", "Subject: s\n\n", "nothing", "", MIME_CUT_TEXT, "s"},
    };
    struct buf b = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena *a = arena_open(64 * 1024);
        struct str raw = repeated(&b, cases[i].head, cases[i].unit, LARGE, cases[i].tail);
        struct mime_mail m;
        double from = cpu_s();

        mime_read(a, raw, NULL, &m);
        if ((m.cut & ~(unsigned)MIME_CUT_TIME) != cases[i].cut || !str_is(m.subject, cases[i].subject))
            fail_msg("%s: cut %u", cases[i].what, m.cut);
        if (cpu_s() - from > 2.0 * MIME_READ_MS_MAX / 1000)
            fail_msg("%s: %.1f s", cases[i].what, cpu_s() - from);
        assert_true(text_utf8_valid(m.text) && m.text.len <= 3 * MIME_TEXT_BYTES_MAX);
        arena_close(a);
    }
    buf_free(&b);
}

/* Each as long as a header may be. */
static void headers_of_rubbish_are_read_in_time(void **state)
{
    static const char *const fields[] = {"From: ",
                                         "Subject: ",
                                         "Date: ",
                                         "References: ",
                                         "Content-Type: a/b",
                                         "Content-Type: multipart/mixed",
                                         "Content-Disposition: attachment"};
    static const char *const units[] = {
        "(",      "a:",   "a,",     "\"",        "<",   "=?",    "=?utf-8?q?a?= ", "a@",     "\\", "a b ", "[",   "a:;",
        "<a@b>,", ";a=b", ";a*0=x", ";a*=''%C3", "1:1", "Mon, ", "\xE9",           "=?a?b?", ".",  "%",    "(a)", "a<"};
    enum { BYTES = MIME_HEADER_BYTES_MAX - 1000 };
    struct buf b = {0};

    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        for (size_t k = 0; k < sizeof units / sizeof units[0]; k++) {
            struct arena *a = arena_open(64 * 1024);
            double from = cpu_s();
            struct mime_mail m;

            mime_read(a, repeated(&b, fields[i], units[k], BYTES, "\n\nHi"), NULL, &m);
            if (cpu_s() - from > 1.5)
                fail_msg("%s%s: %.1f s", fields[i], units[k], cpu_s() - from);
            assert_int_equal(m.field_count, 1);
            arena_close(a);
        }
    buf_free(&b);
}

static void the_body_behind_a_long_header_is_read(void **state)
{
    struct buf b = {0};
    struct mime_mail m = read_mail(repeated(&b, "Subject: s\n", "X-Trace: a\n b\n", 8000, "From: late@x\n\nHi"));

    (void)state;
    assert_true(str_is(m.text, "Hi") && m.from.count == 0 && m.cut == MIME_CUT_HEADER);
    buf_free(&b);
}

static void own_limits_are_kept(void **state)
{
    static const struct mime_limits two = {8, 3, 200, 10000}, flat = {0, 50, 200, 10000}, late = {8, 50, 200, 0};
    const char *raw = "Subject: s\n" B "--B\n\nHi\n--B\nContent-Type: a/b\n\nx\n--B\nContent-Type: a/c\n\ny\n--B--";
    struct mime_mail m;

    (void)state;
    mime_read(arena, str_of(raw), &two, &m);
    assert_true(str_is(m.text, "Hi") && m.part_count == 1 && m.cut == MIME_CUT_PARTS);
    mime_read(arena, str_of(raw), &flat, &m);
    assert_true(str_is(m.subject, "s") && m.cut == MIME_CUT_DEPTH);
    mime_read(arena, str_of(raw), &late, &m);
    assert_true(str_is(m.subject, "s") && m.text.len == 0 && m.cut == MIME_CUT_TIME);
}

static void long_lists_keep_their_ends(void **state)
{
    struct buf b = {0};
    struct mime_mail m;

    (void)state;
    buf_text(&b, "References:");
    for (int i = 0; i < 150; i++)
        buf_printf(&b, " <%d@x>\r\n", i);
    buf_text(&b, "To: a@x");
    for (int i = 0; i < 150; i++)
        buf_printf(&b, ", a@x");
    buf_text(&b, "\r\n\r\nHi");
    m = read_mail(buf_view(&b));
    assert_int_equal(m.references.count, MIME_IDS_MAX);
    assert_true(str_is(m.references.at[0], "0@x") && str_is(m.references.at[MIME_IDS_MAX - 1], "149@x"));
    assert_int_equal(m.to.count, MIME_ADDRESSES_MAX);
    assert_int_equal(m.cut, MIME_CUT_LIST);
    buf_free(&b);
}

/* ---- files ---- */

static enum err count(void *arg, struct str piece)
{
    size_t *n = arg;

    assert_true(piece.len > 0 && piece.len <= MIME_PIECE_BYTES);
    *n += piece.len;
    return *n > 1000000 ? ERR_LARGE : ERR_OK;
}

static void files_come_in_pieces(void **state)
{
    static const struct {
        const char *encoding, *unit;
        size_t units, bytes;
    } cases[] = {{"base64", "AAECAwQF", 20000, 120000},
                 {"quoted-printable", "a=\r\nb=3D", 20000, 60000},
                 {"7bit", "ab", 100000, 200000}};
    struct buf b = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t n = 0;
        struct mime_mail m;

        b.len = 0;
        buf_printf(&b, B "--B\r\n\r\nHi\r\n--B\r\nContent-Type: a/b\r\nContent-Transfer-Encoding: %s\r\n\r\n",
                   cases[i].encoding);
        for (size_t k = 0; k < cases[i].units; k++)
            buf_text(&b, cases[i].unit);
        buf_text(&b, "\r\n--B--");
        m = read_mail(buf_view(&b));
        assert_int_equal(m.part_count, 1);
        assert_int_equal(mime_part_each(&m.parts[0], count, &n), ERR_OK);
        assert_int_equal(n, cases[i].bytes);
        assert_int_equal(mime_part_bytes(arena, &m.parts[0]).len, cases[i].bytes);
        n = 999999;
        assert_int_equal(mime_part_each(&m.parts[0], count, &n), ERR_LARGE);
    }
    buf_free(&b);
}

/* I5 */
static void *read_many(void *arg)
{
    struct arena *a = arena_open(64 * 1024);
    bool *good = arg;

    *good = true;
    for (int i = 0; i < 200; i++) {
        struct mime_mail m;

        mime_read(
            a,
            STR("From: =?utf-8?B?5L2g5aW9?= <a@x>\r\nSubject: =?big5?B?p0Gmbg==?=\r\n"
                "Content-Type: text/html; charset=shift_jis\r\nContent-Transfer-Encoding: base64\r\n\r\nk/qWew=="),
            NULL, &m);
        *good = *good && str_is(m.text, "日本") && str_is(m.subject, "你好") && str_is(m.from.at[0].name, "你好");
        arena_reset(a);
    }
    arena_close(a);
    return NULL;
}

static void threads_read_side_by_side(void **state)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    bool good[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_many, &good[i]), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < THREADS; i++)
        assert_true(good[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subjects_are_decoded_as_they_were_meant),
        cmocka_unit_test(senders_are_found),
        cmocka_unit_test(ids_are_found),
        cmocka_unit_test(what_robots_say_of_themselves_is_read),
        cmocka_unit_test(the_text_and_the_files_are_found),
        cmocka_unit_test(pictures_in_the_text_are_told_from_files),
        cmocka_unit_test(the_mail_inside_is_read),
        cmocka_unit_test(delivery_reports_are_read),
        cmocka_unit_test(other_reports_are_read),
        cmocka_unit_test(large_mails_are_read_as_far_as_the_limits_go),
        cmocka_unit_test(headers_of_rubbish_are_read_in_time),
        cmocka_unit_test(the_body_behind_a_long_header_is_read),
        cmocka_unit_test(own_limits_are_kept),
        cmocka_unit_test(long_lists_keep_their_ends),
        cmocka_unit_test(files_come_in_pieces),
        cmocka_unit_test(threads_read_side_by_side),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
