/* lmtp dialogue: RFC 2033 as tables. Each conversation is told whole, byte by byte, and cut at random. */
#include "gateway/lmtp/dialogue.h"
#include "tests/unit/dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAIL_MAX = 1000, MAILS = 8 };

/* What the owner of the dialogue saw. */
struct seen {
    struct buf replies, body;
    char mails[MAILS][2048]; /* as they were taken */
    size_t mail_count;
    char envelope[512];
    bool bye;
};

static bool ours(void *arg, struct str address)
{
    (void)arg;
    return str_is(address, "help@example.org") || str_is(address, "help+x@example.org") ||
           str_is(address, "\"a b\"@example.org") || str_is(address, "h\xC3\xA9lp@example.org");
}

static const struct lmtp_house house = {.host = "mx.example.org", .mail_bytes_max = MAIL_MAX, .ours = ours};
static enum lmtp_verdict begin_with, end_with;
static struct dice dice = {1};

static void end_mail(struct lmtp *l, struct seen *s)
{
    enum lmtp_verdict v = l->verdict == LMTP_TAKEN ? end_with : l->verdict;

    if (v == LMTP_TAKEN) {
        assert_true(s->mail_count < MAILS && s->body.len < sizeof s->mails[0]);
        memcpy(s->mails[s->mail_count], s->body.at == NULL ? "" : s->body.at, s->body.len);
        s->mails[s->mail_count++][s->body.len] = '\0';
        (void)snprintf(s->envelope, sizeof s->envelope, "%s -> %s", buf_view(&l->sender).at,
                       buf_view(&l->recipients).at);
    }
    s->body.len = 0;
    lmtp_end(l, &s->replies, v, "itm_X");
}

/* Tells in, at most piece bytes at once; 0: as chance wants. */
static void tell(struct lmtp *l, struct seen *s, struct str in, size_t piece)
{
    while (in.len > 0 && !s->bye) {
        size_t n = piece == 0 ? 1 + (size_t)dice_below(&dice, 7) : piece, heard = 0;

        n = n < in.len ? n : in.len;
        while (heard < n && !s->bye) {
            enum lmtp_moment m;
            size_t before = s->body.len,
                   took = lmtp_hear(l, (struct str){in.at + heard, n - heard}, &s->replies, &s->body, &m);

            assert_true(s->body.len - before <= took + 1); /* a CR that was held back */
            heard += took;
            if (m == LMTP_BEGIN)
                lmtp_begin(l, &s->replies, begin_with);
            else if (m == LMTP_END)
                end_mail(l, s);
            else if (m == LMTP_BYE)
                s->bye = true;
            else
                assert_int_equal(heard, n);
        }
        in = (struct str){in.at + n, in.len - n};
    }
}

/* "250 2.1.0" of each line, a "-" kept: what a client sees of the replies. */
static void codes(struct buf *replies, char *out, size_t bytes)
{
    struct str rest = buf_view(replies);

    out[0] = '\0';
    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');
        size_t n = line.len > 4 && line.at[4] >= '2' && line.at[4] <= '5' && line.at[5] == '.' ? 9 : 4;

        assert_true(line.len > n && line.at[line.len - 1] == '\r');
        while (line.at[n - 1] == ' ')
            n--;
        (void)snprintf(out + strlen(out), bytes - strlen(out), "%s%.*s", out[0] == '\0' ? "" : "|", (int)n, line.at);
    }
}

static void converse(const char *label, struct str in, const char *expected, const char *const *mails, size_t n)
{
    static const size_t pieces[] = {SIZE_MAX, 1, 0, 0, 0};

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct lmtp l;
        struct seen s = {0};
        char got[4096];

        lmtp_open(&l, &house);
        tell(&l, &s, in, pieces[i]);
        codes(&s.replies, got, sizeof got);
        if (strcmp(got, expected) != 0)
            fail_msg("%s: %s, expected %s", label, got, expected);
        if (s.mail_count != n)
            fail_msg("%s: %zu mails, expected %zu", label, s.mail_count, n);
        for (size_t k = 0; k < n; k++)
            if (strcmp(s.mails[k], mails[k]) != 0)
                fail_msg("%s: mail \"%s\", expected \"%s\"", label, s.mails[k], mails[k]);
        lmtp_close(&l);
        buf_free(&s.replies);
        buf_free(&s.body);
    }
}

#define HELLO  "LHLO relay\r\n"
#define HELLO_ "250-|250-|250-|250-|250-|250"
#define OPEN   HELLO "MAIL FROM:<a@b.example>\r\nRCPT TO:<help@example.org>\r\n"
#define OPEN_  HELLO_ "|250 2.1.0|250 2.1.5"

static const struct {
    const char *label;
    struct str in;
    const char *replies;
    const char *mail; /* the only one; NULL none */
} talks[] = {
    {"a mail", STR(OPEN "DATA\r\nSubject: x\r\n\r\nhelp\r\n.\r\nQUIT\r\n"), OPEN_ "|354|250 2.0.0|221 2.0.0",
     "Subject: x\r\n\r\nhelp\r\n"},
    {"small letters, spaces",
     STR("lhlo relay\r\nmail from: <a@b.example> \r\nrcpt to: <help@example.org>\r\ndata\r\n.\r\n"),
     OPEN_ "|354|250 2.0.0", ""},
    {"a reply for each recipient",
     STR(OPEN "RCPT TO:<other@example.org>\r\nRCPT TO:<help+x@example.org>\r\nDATA\r\nx\r\n.\r\n"),
     OPEN_ "|550 5.1.1|250 2.1.5|354|250 2.0.0|250 2.0.0", "x\r\n"},
    {"dots are taken off", STR(OPEN "DATA\r\n..\r\n.x\r\n...y\r\nz.\r\n.\r\n"), OPEN_ "|354|250 2.0.0",
     ".\r\nx\r\n..y\r\nz.\r\n"},
    {"the null sender", STR(HELLO "MAIL FROM:<>\r\nRCPT TO:<help@example.org>\r\nDATA\r\nx\r\n.\r\n"),
     OPEN_ "|354|250 2.0.0", "x\r\n"},
    {"a route means nothing", STR(HELLO "MAIL FROM:<@r1,@r2:a@b.example>\r\nRCPT TO:<@r:help@example.org>\r\nRSET\r\n"),
     OPEN_ "|250 2.0.0", NULL},
    {"a quoted local part", STR(HELLO "MAIL FROM:<\"a>b\\\" c\"@b.example>\r\nRCPT TO:<\"a b\"@example.org>\r\n"),
     HELLO_ "|250 2.1.0|250 2.1.5", NULL},
    {"parameters that we offer", STR(HELLO "MAIL FROM:<a@b.example> SIZE=1000 BODY=8BITMIME SMTPUTF8\r\n"),
     HELLO_ "|250 2.1.0", NULL},
    {"parameters that we do not",
     STR(HELLO "MAIL FROM:<a@b.example> RET=HDRS\r\nMAIL FROM:<a@b.example> BODY=BINARYMIME\r\n"
               "MAIL FROM:<a@b.example> SIZE=x\r\n"),
     HELLO_ "|555 5.5.4|555 5.5.4|555 5.5.4", NULL},
    {"a parameter of RCPT", STR(HELLO "MAIL FROM:<a@b.example>\r\nRCPT TO:<help@example.org> NOTIFY=NEVER\r\n"),
     HELLO_ "|250 2.1.0|555 5.5.4", NULL},
    {"too large by its own word", STR(HELLO "MAIL FROM:<a@b.example> SIZE=1001\r\nMAIL FROM:<a@b.example>\r\n"),
     HELLO_ "|552 5.3.4|250 2.1.0", NULL},
    {"an address outside ASCII wants SMTPUTF8",
     STR(HELLO "MAIL FROM:<\xC3\xA9@b.example>\r\nMAIL FROM:<\xC3\xA9@b.example> SMTPUTF8\r\n"
               "RCPT TO:<h\xC3\xA9lp@example.org>\r\n"),
     HELLO_ "|553 5.6.7|250 2.1.0|250 2.1.5", NULL},
    {"an address that is no UTF-8", STR(HELLO "MAIL FROM:<\xE9@b.example> SMTPUTF8\r\n"), HELLO_ "|553 5.6.7", NULL},
    {"no addresses",
     STR(HELLO "MAIL FROM:a@b.example\r\nMAIL FROM:<a@b.example\r\nMAIL FROM:<a>\r\nMAIL a\r\nMAIL FROM:<a b@c>\r\n"),
     HELLO_ "|501 5.5.4|501 5.5.4|501 5.1.7|501 5.5.4|501 5.1.7", NULL},
    {"nothing before LHLO", STR("MAIL FROM:<a@b.example>\r\nRCPT TO:<help@example.org>\r\nDATA\r\nNOOP\r\nRSET\r\n"),
     "503 5.5.1|503 5.5.1|503 5.5.1|250 2.0.0|250 2.0.0", NULL},
    {"LHLO of nobody, and of SMTP", STR("LHLO\r\nEHLO relay\r\nHELO relay\r\n"), "501 5.5.4|500 5.5.1|500 5.5.1", NULL},
    {"one mail at a time", STR(OPEN "MAIL FROM:<c@d.example>\r\n"), OPEN_ "|503 5.5.1", NULL},
    {"DATA without anybody for it (RFC 2033 4.2)",
     STR(HELLO "DATA\r\nMAIL FROM:<a@b.example>\r\nDATA\r\nRCPT TO:<x@y.example>\r\nDATA\r\n"),
     HELLO_ "|503 5.5.1|250 2.1.0|503 5.5.1|550 5.1.1|503 5.5.1", NULL},
    {"RSET and LHLO forget", STR(OPEN "RSET\r\nDATA\r\n" OPEN "LHLO relay\r\nDATA\r\n"),
     OPEN_ "|250 2.0.0|503 5.5.1|" OPEN_ "|" HELLO_ "|503 5.5.1", NULL},
    {"what else there is", STR(HELLO "VRFY help\r\nHELP\r\nEXPN x\r\nSTARTTLS\r\nBDAT 3\r\n\r\nDATA now\r\n"),
     HELLO_ "|252 2.0.0|214 2.0.0|500 5.5.1|500 5.5.1|500 5.5.1|500 5.5.1|501 5.5.4", NULL},
    {"a command with a bare LF ends it", STR(HELLO "NOOP\nNOOP\r\n"), HELLO_ "|550 5.5.2", NULL},
    {"a command with a bare CR ends it", STR(HELLO "NOOP\rNOOP\r\nNOOP\r\n"), HELLO_ "|550 5.5.2", NULL},
    {"a command with CR CR LF ends it", STR(HELLO "NOOP\r\r\nNOOP\r\n"), HELLO_ "|550 5.5.2", NULL},
    {"a NUL is no command", STR(HELLO "NO\0OP\r\n"), HELLO_ "|500 5.5.1", NULL},
};

static void conversations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof talks / sizeof talks[0]; i++)
        converse(talks[i].label, talks[i].in, talks[i].replies, &talks[i].mail, talks[i].mail != NULL);
}

/* Each is an attempt to end a mail where it does not end, and to smuggle a second one in. The envelope behind it must
 * never be obeyed. NULL: refused whole. */
#define SECOND "MAIL FROM:<evil@b.example>\r\nRCPT TO:<help@example.org>\r\nDATA\r\nevil\r\n"
static const struct {
    struct str end;
    const char *kept; /* between what came before and what came behind; NULL: the mail is refused */
} smuggled[] = {
    {STR("\n.\n"), NULL},
    {STR("\n.\r\n"), NULL},
    {STR("\r.\r"), NULL},
    {STR("\r.\r\n"), NULL},
    {STR("\r\n.\n"), NULL},
    {STR("\r\n.\r"), NULL},
    {STR("\n.\r"), NULL},
    {STR("\r.\n"), NULL},
    {STR("\r\r\n.\r\r\n"), NULL},
    {STR("\r\n.\r\r\n"), NULL},
    {STR("\r\n\0.\r\n"), "\r\n"},
    {STR("\r\n.\0\r\n"), "\r\n"},
    {STR("\r\n..\r\n"), "\r\n.\r\n"},
    {STR("\r\n. \r\n"), "\r\n \r\n"},
};

static void no_second_mail_comes_out_of_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof smuggled / sizeof smuggled[0]; i++) {
        struct buf in = {0}, mail = {0};
        char label[32];
        const char *one;

        (void)snprintf(label, sizeof label, "smuggling %zu", i);
        buf_text(&in, OPEN "DATA\r\nfirst");
        buf_str(&in, smuggled[i].end);
        buf_text(&in, SECOND ".\r\nNOOP\r\n");
        if (smuggled[i].kept != NULL) /* up to the NUL, where the text of the comparison ends */
            buf_printf(&mail, "first%s%s", smuggled[i].kept,
                       memchr(smuggled[i].end.at, 0, smuggled[i].end.len) ? "" : SECOND);
        one = buf_view(&mail).at;
        converse(label, buf_view(&in),
                 smuggled[i].kept == NULL ? OPEN_ "|354|550 5.6.0|250 2.0.0" : OPEN_ "|354|250 2.0.0|250 2.0.0", &one,
                 smuggled[i].kept != NULL);
        buf_free(&in);
        buf_free(&mail);
    }
}

static void a_mail_that_is_too_large_is_read_to_its_end_and_refused(void **state)
{
    struct buf in = {0};
    const char *small = "small\r\n";

    (void)state;
    buf_text(&in, OPEN "DATA\r\n");
    for (int i = 0; i < MAIL_MAX / 10; i++)
        buf_text(&in, "12345678\r\n");
    buf_text(&in, "x\r\n.\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<help@example.org>\r\nDATA\r\nsmall\r\n.\r\n");
    converse("large", buf_view(&in), OPEN_ "|354|552 5.3.4|250 2.1.0|250 2.1.5|354|250 2.0.0", &small, 1);
    buf_free(&in);
}

static void a_mail_of_exactly_that_size_is_taken(void **state)
{
    struct buf in = {0}, mail = {0};
    const char *one;

    (void)state;
    for (int i = 0; i < MAIL_MAX / 10; i++)
        buf_text(&mail, "12345678\r\n");
    buf_printf(&in, OPEN "DATA\r\n%s.\r\n", buf_view(&mail).at);
    one = buf_view(&mail).at;
    converse("just fits", buf_view(&in), OPEN_ "|354|250 2.0.0", &one, 1);
    buf_free(&in);
    buf_free(&mail);
}

static void what_cannot_be_kept_is_put_off(void **state)
{
    (void)state;
    begin_with = LMTP_LATER;
    converse("before", STR(OPEN "DATA\r\nNOOP\r\nRCPT TO:<help@example.org>\r\n"),
             OPEN_ "|451 4.3.1|250 2.0.0|503 5.5.1", NULL, 0);
    begin_with = LMTP_TAKEN;
    end_with = LMTP_LATER;
    converse("after", STR(OPEN "RCPT TO:<help@example.org>\r\nDATA\r\nx\r\n.\r\nNOOP\r\n"),
             OPEN_ "|250 2.1.5|354|451 4.3.0|451 4.3.0|250 2.0.0", NULL, 0);
    end_with = LMTP_TAKEN;
}

/* V5 */
static void what_comes_too_often_is_cut_off(void **state)
{
    struct buf in = {0}, replies = {0};

    (void)state;
    for (int i = 0; i < LMTP_FAULTS_MAX + 5; i++) {
        buf_text(&in, "WHAT\r\n");
        if (i <= LMTP_FAULTS_MAX)
            buf_text(&replies, i == 0 ? "500 5.5.1" : i < LMTP_FAULTS_MAX ? "|500 5.5.1" : "|421 4.3.2");
    }
    converse("faults", buf_view(&in), buf_view(&replies).at, NULL, 0);
    in.len = replies.len = 0;
    buf_text(&in, HELLO "MAIL FROM:<a@b.example>\r\n");
    buf_text(&replies, HELLO_ "|250 2.1.0");
    for (int i = 0; i < LMTP_RECIPIENTS_MAX + 2; i++) {
        buf_text(&in, "RCPT TO:<help@example.org>\r\n");
        buf_text(&replies, i < LMTP_RECIPIENTS_MAX ? "|250 2.1.5" : "|452 4.5.3");
    }
    converse("recipients", buf_view(&in), buf_view(&replies).at, NULL, 0);
    buf_free(&in);
    buf_free(&replies);
}

static void a_line_is_bounded(void **state)
{
    static const struct {
        const char *label;
        int bytes;
        const char *replies;
    } lines[] = {
        {"as long as it may be", LMTP_LINE_MAX - 2, HELLO_ "|250 2.0.0|250 2.0.0"},
        {"one more", LMTP_LINE_MAX - 1, HELLO_ "|500 5.5.2|250 2.0.0"},
        {"many more", LMTP_LINE_MAX * 5, HELLO_ "|500 5.5.2|250 2.0.0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct buf in = {0};

        buf_text(&in, HELLO "NOOP ");
        for (int k = 5; k < lines[i].bytes; k++)
            buf_char(&in, 'x');
        buf_text(&in, "\r\nNOOP\r\n");
        converse(lines[i].label, buf_view(&in), lines[i].replies, NULL, 0);
        buf_free(&in);
    }
}

static void the_envelope_is_what_was_told(void **state)
{
    struct lmtp l;
    struct seen s = {0};

    (void)state;
    lmtp_open(&l, &house);
    lmtp_greet(&l, &s.replies);
    tell(&l, &s, STR(OPEN "RCPT TO:<help+x@example.org>\r\nDATA\r\nx\r\n.\r\n"), SIZE_MAX);
    assert_string_equal(s.envelope, "a@b.example -> help@example.org\nhelp+x@example.org\n");
    assert_true(str_starts(buf_view(&s.replies), "220 mx.example.org "));
    assert_non_null(strstr(buf_view(&s.replies).at, "250 SIZE 1000\r\n"));
    assert_non_null(strstr(buf_view(&s.replies).at, "250 2.0.0 kept as itm_X\r\n"));
    lmtp_close(&l);
    buf_free(&s.replies);
    buf_free(&s.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversations),
        cmocka_unit_test(no_second_mail_comes_out_of_one),
        cmocka_unit_test(a_mail_that_is_too_large_is_read_to_its_end_and_refused),
        cmocka_unit_test(a_mail_of_exactly_that_size_is_taken),
        cmocka_unit_test(what_cannot_be_kept_is_put_off),
        cmocka_unit_test(what_comes_too_often_is_cut_off),
        cmocka_unit_test(a_line_is_bounded),
        cmocka_unit_test(the_envelope_is_what_was_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
