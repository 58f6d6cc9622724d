#include "gateway/lmtp/dialogue.h"

#include "gateway/lmtp/command.h"

#include <assert.h>
#include <string.h>

/* Where we are in a body: after CRLF; after CRLF and a dot; after CRLF, a dot and CR; inside a line; after CR in one. */
enum at { LINE_BEGIN, LINE_DOT, LINE_DOT_CR, LINE_INSIDE, LINE_CR };

void lmtp_open(struct lmtp *l, const struct lmtp_house *house)
{
    memset(l, 0, sizeof *l);
    l->house = house;
}

void lmtp_close(struct lmtp *l)
{
    buf_free(&l->sender);
    buf_free(&l->recipients);
}

void lmtp_greet(const struct lmtp *l, struct buf *replies)
{
    buf_printf(replies, "220 %s LMTP Postern\r\n", l->house->host);
}

void lmtp_hang_up(const struct lmtp *l, struct buf *replies, const char *why)
{
    buf_printf(replies, "421 4.3.2 %s %s\r\n", l->house->host, why);
}

static void reset(struct lmtp *l)
{
    l->state = LMTP_READY;
    l->sender.len = l->recipients.len = 0;
    l->recipient_count = l->announced_bytes = l->mail_bytes = 0;
    l->utf8 = false;
    l->verdict = LMTP_TAKEN;
}

/* A command that makes no sense, or not now. */
static enum lmtp_moment fault(struct lmtp *l, struct buf *replies, const char *reply)
{
    if (++l->faults > LMTP_FAULTS_MAX) {
        lmtp_hang_up(l, replies, "too many commands that make no sense");
        return LMTP_BYE;
    }
    buf_printf(replies, "%s\r\n", reply);
    return LMTP_MORE;
}

static enum lmtp_moment say(struct buf *replies, const char *reply)
{
    buf_printf(replies, "%s\r\n", reply);
    return LMTP_MORE;
}

static enum lmtp_moment say_hello(struct lmtp *l, struct str host, struct buf *replies)
{
    if (host.len == 0)
        return fault(l, replies, "501 5.5.4 LHLO wants a name behind it");
    reset(l);
    buf_printf(replies,
               "250-%s\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE "
               "%zu\r\n",
               l->house->host, l->house->mail_bytes_max);
    return LMTP_MORE;
}

static enum lmtp_moment open_mail(struct lmtp *l, struct str rest, struct buf *replies)
{
    struct command_path p;
    const char *wrong;

    if (l->state == LMTP_GREETED)
        return fault(l, replies, "503 5.5.1 say LHLO first");
    if (l->state != LMTP_READY)
        return fault(l, replies, "503 5.5.1 one mail at a time");
    wrong = command_mail(rest, &p);
    if (wrong != NULL)
        return fault(l, replies, wrong);
    if (p.size > l->house->mail_bytes_max)
        return say(replies, "552 5.3.4 the mail is too large");
    buf_str(&l->sender, p.address);
    l->announced_bytes = p.size;
    l->utf8 = p.utf8;
    l->state = LMTP_OPENED;
    return say(replies, "250 2.1.0 ok");
}

static enum lmtp_moment name_recipient(struct lmtp *l, struct str rest, struct buf *replies)
{
    struct command_path p;
    const char *wrong;

    if (l->state != LMTP_OPENED && l->state != LMTP_NAMED)
        return fault(l, replies, "503 5.5.1 say MAIL first");
    wrong = command_rcpt(rest, l->utf8, &p);
    if (wrong != NULL)
        return fault(l, replies, wrong);
    if (l->recipient_count == LMTP_RECIPIENTS_MAX)
        return say(replies, "452 4.5.3 too many recipients");
    if (!l->house->ours(l->house->arg, p.address))
        return say(replies, "550 5.1.1 no such address here");
    buf_str(&l->recipients, p.address);
    buf_char(&l->recipients, '\n');
    l->recipient_count++;
    l->state = LMTP_NAMED;
    return say(replies, "250 2.1.5 ok");
}

static enum lmtp_moment announce_data(struct lmtp *l, struct str rest, struct buf *replies)
{
    if (rest.len > 0)
        return fault(l, replies, "501 5.5.4 DATA wants nothing behind it");
    if (l->state != LMTP_NAMED) /* RFC 2033 4.2 */
        return fault(l, replies, "503 5.5.1 no recipient was accepted");
    return LMTP_BEGIN;
}

static enum lmtp_moment obey(struct lmtp *l, struct str line, struct buf *replies)
{
    struct str rest;

    switch (command_verb(line, &rest)) {
    case COMMAND_LHLO:
        return say_hello(l, rest, replies);
    case COMMAND_MAIL:
        return open_mail(l, rest, replies);
    case COMMAND_RCPT:
        return name_recipient(l, rest, replies);
    case COMMAND_DATA:
        return announce_data(l, rest, replies);
    case COMMAND_RSET:
        if (l->state != LMTP_GREETED)
            reset(l);
        return say(replies, "250 2.0.0 ok");
    case COMMAND_NOOP:
        return say(replies, "250 2.0.0 ok");
    case COMMAND_VRFY:
        return say(replies, "252 2.0.0 not verified: send the mail");
    case COMMAND_HELP:
        return say(replies, "214 2.0.0 RFC 2033");
    case COMMAND_QUIT:
        buf_printf(replies, "221 2.0.0 %s bye\r\n", l->house->host);
        return LMTP_BYE;
    case COMMAND_HELLO_OF_SMTP:
        return fault(l, replies, "500 5.5.1 this is LMTP: say LHLO");
    case COMMAND_UNKNOWN:
        break;
    }
    return fault(l, replies, "500 5.5.1 no such command");
}

/* One line, without its CRLF. */
static enum lmtp_moment hear_line(struct lmtp *l, struct buf *replies)
{
    struct str line = {l->line, l->line_bytes};
    bool was_long = l->line_long, bare = l->line_bare;

    l->line_bytes = 0;
    l->line_long = l->line_bare = false;
    if (bare) {
        (void)say(replies, "550 5.5.2 bare CR or LF: a line ends with both, in this order");
        return LMTP_BYE;
    }
    if (was_long)
        return fault(l, replies, "500 5.5.2 the line is too long");
    return obey(l, line, replies);
}

/* V2: a command that holds a bare CR or LF is never waited to its end: the peer may take it for one already. */
static enum lmtp_moment hear_command(struct lmtp *l, char c, struct buf *replies)
{
    bool after_cr = l->line_bytes > 0 && l->line[l->line_bytes - 1] == '\r';

    if (c == '\n' && after_cr) {
        l->line_bytes--;
        return hear_line(l, replies);
    }
    if (c == '\n' || after_cr) {
        l->line_bare = true;
        return hear_line(l, replies);
    }
    if (l->line_bytes == LMTP_LINE_MAX - 1 || (l->line_long && c != '\r')) {
        l->line_long = true;
        l->line_bytes = 0; /* it is thrown away up to its end */
    }
    l->line[l->line_bytes++] = c;
    return LMTP_MORE;
}

/* ---- the body ---- */

void lmtp_spoil(struct lmtp *l, enum lmtp_verdict v)
{
    if (l->verdict == LMTP_TAKEN)
        l->verdict = v;
}

static void keep(struct lmtp *l, struct buf *body, const char *at, size_t n)
{
    l->mail_bytes += n;
    if (l->mail_bytes > l->house->mail_bytes_max)
        lmtp_spoil(l, LMTP_LARGE);
    if (l->verdict == LMTP_TAKEN)
        buf_add(body, at, n);
}

/* How many bytes there are to the next CR or LF. */
static size_t plain_bytes(struct str in)
{
    size_t n = 0;

    while (n < in.len && in.at[n] != '\r' && in.at[n] != '\n')
        n++;
    return n;
}

/* One byte that is a line end, or follows one. True: it was the last of the mail. */
static bool hear_end_of_line(struct lmtp *l, char c, struct buf *body)
{
    switch ((enum at)l->at) {
    case LINE_DOT_CR:
        if (c == '\n')
            return true;
        lmtp_spoil(l, LMTP_BARE);
        l->at = c == '\r' ? LINE_CR : LINE_INSIDE;
        return false;
    case LINE_CR:
        if (c == '\n')
            keep(l, body, "\r\n", 2);
        else
            lmtp_spoil(l, LMTP_BARE);
        l->at = c == '\n' ? LINE_BEGIN : c == '\r' ? LINE_CR : LINE_INSIDE;
        return false;
    case LINE_BEGIN:
        if (c == '.') {
            l->at = LINE_DOT;
            return false;
        }
        break;
    case LINE_DOT:
        if (c == '\r') {
            l->at = LINE_DOT_CR;
            return false;
        }
        break;
    case LINE_INSIDE:
        break;
    }
    if (c == '\n')
        lmtp_spoil(l, LMTP_BARE);
    else if (c != '\r')
        keep(l, body, &c, 1);
    l->at = c == '\r' ? LINE_CR : LINE_INSIDE;
    return false;
}

/* Hears a body; returns what was consumed. */
static size_t hear_body(struct lmtp *l, struct str in, struct buf *body, bool *over)
{
    size_t at = 0;

    *over = false;
    while (at < in.len && !*over) {
        struct str rest = {in.at + at, in.len - at};
        size_t n = l->at == LINE_INSIDE ? plain_bytes(rest) : 0;

        if (n > 0) {
            keep(l, body, rest.at, n);
            at += n;
        } else {
            *over = hear_end_of_line(l, *rest.at, body);
            at++;
        }
    }
    return at;
}

size_t lmtp_hear(struct lmtp *l, struct str in, struct buf *replies, struct buf *body, enum lmtp_moment *moment)
{
    size_t at = 0;
    bool over = false;

    *moment = LMTP_MORE;
    if (l->state == LMTP_BODY) {
        at = hear_body(l, in, body, &over);
        if (over)
            *moment = LMTP_END;
        return at;
    }
    while (at < in.len && *moment == LMTP_MORE)
        *moment = hear_command(l, in.at[at++], replies);
    return at;
}

/* ---- what the owner says ---- */

void lmtp_begin(struct lmtp *l, struct buf *replies, enum lmtp_verdict v)
{
    assert(l->state == LMTP_NAMED);
    if (v != LMTP_TAKEN) {
        reset(l);
        (void)say(replies, "451 4.3.1 cannot be kept now: try again later");
        return;
    }
    l->state = LMTP_BODY;
    l->at = LINE_BEGIN;
    (void)say(replies, "354 go ahead");
}

void lmtp_end(struct lmtp *l, struct buf *replies, enum lmtp_verdict v, const char *id)
{
    static const char *const texts[] = {
        [LMTP_TAKEN] = "250 2.0.0 kept as",
        [LMTP_BARE] = "550 5.6.0 bare CR or LF in the mail",
        [LMTP_LARGE] = "552 5.3.4 the mail is too large",
        [LMTP_LATER] = "451 4.3.0 cannot be kept now: try again later",
    };

    assert(l->state == LMTP_BODY);
    for (size_t i = 0; i < l->recipient_count; i++)
        buf_printf(replies, "%s%s%s\r\n", texts[v], v == LMTP_TAKEN ? " " : "", v == LMTP_TAKEN ? id : "");
    l->faults = 0;
    reset(l);
}
