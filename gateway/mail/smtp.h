/* smtp.h - hands letters to a relay, or to the second one.
 *
 * One thread makes all calls; smtp_step() is where time passes.
 *
 * H1  TLS is demanded and the relay's certificate checked (RFC 8314, RFC 3207),
 *     but for "smtp:" to a loopback host, where nothing leaves the machine;
 * H2  the second relay is asked where the first cannot be reached, refuses us, or
 *     defers (4xx); a 5xx for the recipient or the message is final;
 * H3  a relay that failed rests 2 s, then doubling up to 30 s, and is then tried
 *     with one letter before it gets more: a dead relay costs one wait, not one
 *     for each mail;
 * H4  up to SMTP_PARALLEL_MAX letters are under way, and a slow one holds up no
 *     other. */
#ifndef GATEWAY_MAIL_SMTP_H
#define GATEWAY_MAIL_SMTP_H

#include "gateway/mail/talk.h"
#include "rules/base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SMTP_RELAYS_MAX = 2,
    SMTP_PARALLEL_MAX = 4,
    SMTP_REST_MIN_MS = 2 * 1000,
    SMTP_REST_MAX_MS = 30 * 1000,
};

struct smtp;

struct smtp_conf {
    const char *relay[SMTP_RELAYS_MAX]; /* "smtp://host[:port]" or "smtps://…"; NULL or "": none */
    const char *user, *password;        /* NULL or "": no AUTH */
    const char *hello;                  /* who we say we are in EHLO, a domain */
    const char *ca_file;                /* NULL: the system's certificates */
};

enum smtp_outcome { SMTP_ACCEPTED, SMTP_LATER, SMTP_REFUSED };

struct smtp_result {
    enum smtp_outcome outcome;
    int relay;                /* index of the one that was asked last */
    int reply;                /* its last code, 0 where there was none */
    char why[TALK_WHY_BYTES]; /* for logs and staff, see talk_report */
};

/* Runs once for each started letter, inside smtp_step() or smtp_abandon(). It may
 * start another letter. */
typedef void smtp_done(void *arg, const struct smtp_result *r);

/* c's texts must outlive it. ERR_CONF without a relay or where one is not smtp: or smtps:. */
enum err smtp_open(struct smtp **out, const struct smtp_conf *c);
/* Nothing may be under way. NULL is allowed. */
void smtp_close(struct smtp *s);

/* A letter could be started now; otherwise *wait_ms says when to ask again (-1: once one has ended). */
bool smtp_ready(const struct smtp *s, int64_t *wait_ms);
/* l's texts stay until done has run. ERR_BUSY where smtp_ready() says no, ERR_INPUT for an
 * address that message_address() does not let through; done will not run then. */
enum err smtp_start(struct smtp *s, const struct talk_letter *l, smtp_done *done, void *arg);
/* Waits up to wait_ms for a letter to end or for wake_fd to become readable; runs continuations. */
void smtp_step(struct smtp *s, int wake_fd, int64_t wait_ms);
/* Breaks every letter off; each ends, most with SMTP_LATER, before this returns. */
void smtp_abandon(struct smtp *s);

/* Some relay takes mail, as far as is known; otherwise why gets the reason of each. */
bool smtp_well(const struct smtp *s, char *why, size_t why_bytes);

#endif
