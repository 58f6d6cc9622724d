/* talk.h - one conversation with one relay, on a thread of its own.
 *
 * The one door to libcurl. A thread for each, because libcurl 7.88 waits inside the
 * call, with all other transfers of its multi handle, for what a relay answers to a
 * message and to QUIT: one slow relay would hold up every code.
 *
 * K1  one letter at a time; connections are kept from one to the next;
 * K2  a letter that needs SMTPUTF8 is given only to a relay that offers it: the
 *     conversation stops before RCPT otherwise (RFC 6531);
 * K3  no address and no word of a relay's answer is kept: only its codes;
 * K4  the program ignores SIGPIPE. */
#ifndef GATEWAY_MAIL_TALK_H
#define GATEWAY_MAIL_TALK_H

#include "rules/base/text.h"

#include <stdbool.h>

enum {
    TALK_CONNECT_MS = 10 * 1000, /* name, TCP, TLS and sign-in */
    TALK_WHOLE_MS = 30 * 1000,
    TALK_WHY_BYTES = 96,
};

struct talk;

/* Texts are borrowed from open to close. */
struct talk_conf {
    const char *user, *password; /* NULL or "": no AUTH */
    const char *ca_file;         /* NULL: the system's certificates */
    int ended_fd;                /* an eventfd that is written to when a conversation has ended */
};

struct talk_relay {
    const char *url; /* "smtp://host[:port]/our.name" or "smtps://…" */
    bool tls;        /* smtp: STARTTLS is demanded; otherwise not even tried. smtps: always TLS */
};

struct talk_letter {
    struct str from; /* return path; empty is the null path */
    struct str to;
    struct str bytes;
    bool smtputf8;
};

enum talk_end {
    TALK_TAKEN,    /* 250 to the whole message */
    TALK_REFUSED,  /* 5xx to the recipient or the message: for good */
    TALK_DEFERRED, /* 4xx to the recipient or the message */
    TALK_NO_UTF8,  /* K2 */
    TALK_FAILED,   /* no conversation, or the relay refuses us: nothing is known of the letter */
};

struct talk_report {
    enum talk_end end;
    int reply;                /* the relay's last code, 0 none */
    char why[TALK_WHY_BYTES]; /* "550 5.1.1 at rcpt", "Couldn't connect to server at connect" */
};

struct talk *talk_open(const struct talk_conf *c);
/* No conversation may be under way. Does not wait for a relay. NULL is allowed. */
void talk_close(struct talk *t);

/* relay and the letter's texts stay until it has ended. Nothing may be under way. */
void talk_start(struct talk *t, const struct talk_relay *relay, const struct talk_letter *l);
/* True once for each start, when the conversation has ended. */
bool talk_ended(struct talk *t, struct talk_report *out);
/* It will end soon, as TALK_FAILED where it was not about to end anyway. */
void talk_cancel(struct talk *t);

#endif
