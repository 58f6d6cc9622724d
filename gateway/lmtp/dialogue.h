/* dialogue.h - LMTP (RFC 2033) without a socket: bytes in, replies out.
 *
 *             LHLO          MAIL           RCPT          DATA, 354           CRLF.CRLF
 *   GREETED ------> READY ------> OPENED ------> NAMED ------------> BODY ------------> READY
 *                     ^--- RSET, LHLO, a refused DATA ---'
 *
 * V1  pure: no clock, no socket, no memory of other sessions. Bytes may come in any pieces;
 *     the replies are the same;
 * V2  a line ends with CRLF and a mail with CRLF.CRLF, and with nothing else. A mail with a
 *     bare CR or LF is read to that end and refused whole; a command with one ends the
 *     session: so two programs that split bytes differently never see two mails in one
 *     (CVE-2023-51764 and its family);
 * V3  after DATA there is one reply for each recipient that was accepted, in order;
 * V4  nothing is promised here: 250 for a mail is what the owner says by lmtp_end();
 * V5  bounded: a command LMTP_LINE_MAX bytes, LMTP_RECIPIENTS_MAX recipients, a mail
 *     mail_bytes_max, LMTP_FAULTS_MAX commands that make no sense since the last mail.
 *
 * Also RFC 1870 (SIZE), 2034 and 3463 (enhanced status codes), 2920 (pipelining), 6152 (8BITMIME), 6531 (SMTPUTF8). */
#ifndef GATEWAY_LMTP_DIALOGUE_H
#define GATEWAY_LMTP_DIALOGUE_H

#include "rules/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LMTP_LINE_MAX = 2048, /* with its CRLF: RFC 5321 4.5.3.1.4 asks for 512, its extensions for some hundred more */
    LMTP_PATH_MAX = 256,  /* RFC 5321 4.5.3.1.3 */
    LMTP_RECIPIENTS_MAX = 100, /* RFC 5321 4.5.3.1.8 asks for as many */
    LMTP_FAULTS_MAX = 20,
};

/* What the owner has to do before more is heard. */
enum lmtp_moment {
    LMTP_MORE,  /* nothing: all was consumed */
    LMTP_BEGIN, /* a mail is announced: lmtp_begin() */
    LMTP_END,   /* it is complete: lmtp_end() */
    LMTP_BYE,   /* send the replies, then close */
};

/* What becomes of a mail. */
enum lmtp_verdict {
    LMTP_TAKEN, /* 250 */
    LMTP_BARE,  /* 550: V2 */
    LMTP_LARGE, /* 552 */
    LMTP_LATER, /* 451: cannot be kept now */
};

enum lmtp_state { LMTP_GREETED, LMTP_READY, LMTP_OPENED, LMTP_NAMED, LMTP_BODY };

/* Who we are. Borrowed. */
struct lmtp_house {
    const char *host;
    size_t mail_bytes_max;
    /* Is mail for this address ours? address: without brackets and route, as it was written. */
    bool (*ours)(void *arg, struct str address);
    void *arg;
};

struct lmtp {
    const struct lmtp_house *house;
    enum lmtp_state state;

    /* the envelope, from OPENED on */
    struct buf sender;     /* reverse-path without brackets; empty for a bounce */
    struct buf recipients; /* those that were accepted, each with an LF behind it */
    size_t recipient_count;
    size_t announced_bytes; /* SIZE; 0 none */
    bool utf8;              /* SMTPUTF8 */

    /* the mail */
    enum lmtp_verdict verdict; /* so far: what it breaks by itself */
    size_t mail_bytes;

    /* private */
    char line[LMTP_LINE_MAX];
    size_t line_bytes;
    bool line_long, line_bare;
    int at; /* where in the body's line ends we are */
    unsigned faults;
};

/* Ended by lmtp_close(). */
void lmtp_open(struct lmtp *l, const struct lmtp_house *house);
void lmtp_close(struct lmtp *l);

/* 220, once, before anything is heard. */
void lmtp_greet(const struct lmtp *l, struct buf *replies);

/* Hears bytes up to the first moment that is the owner's; returns how many were consumed (all of them where *moment is
 * LMTP_MORE). Replies are added to replies; what belongs to a mail is added to body, dots taken off, line ends kept:
 * never more than was consumed so far. A mail whose verdict is no longer LMTP_TAKEN adds nothing. */
size_t lmtp_hear(struct lmtp *l, struct str in, struct buf *replies, struct buf *body, enum lmtp_moment *moment);

/* After LMTP_BEGIN. LMTP_TAKEN: 354, and the mail follows; otherwise it is refused before a byte of it came. */
void lmtp_begin(struct lmtp *l, struct buf *replies, enum lmtp_verdict v);
/* While a mail comes: the owner cannot keep it. The rest is read and thrown away. */
void lmtp_spoil(struct lmtp *l, enum lmtp_verdict v);
/* After LMTP_END: V3. id: what we call the mail, for the sender's log. */
void lmtp_end(struct lmtp *l, struct buf *replies, enum lmtp_verdict v, const char *id);
/* 421: time is over, or we stop. */
void lmtp_hang_up(const struct lmtp *l, struct buf *replies, const char *why);

#endif
