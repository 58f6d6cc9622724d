/* sender.h - the thread from which all mail leaves.
 *
 * It asks a source for what is due, hands it to the relays or, where none is set,
 * writes it to the mail folder, and tells the source how it ended.
 *
 * M1  codes go ahead of everything else: the source is asked for them first each time,
 *     and one of the SMTP_PARALLEL_MAX transfers is kept for them;
 * M2  every mail that next() gave ends in exactly one of sent(), failed(), later();
 * M3  a refusal for good is final; everything else is tried again by pace.h (P1);
 * M4  nothing is lost here: what is under way is known to the source, which gives it
 *     again after a crash (then it may arrive twice, with the same Message-ID);
 * M5  a mail that was announced by mail_sender_wake() is asked for within 100 ms where
 *     a transfer and a relay are free; mail_sender_close() returns within 2 s. */
#ifndef GATEWAY_MAIL_SENDER_H
#define GATEWAY_MAIL_SENDER_H

#include "gateway/mail/mail.h"
#include "gateway/mail/smtp.h"
#include "rules/base/err.h"

struct arena;
struct mail_sender;

enum { MAIL_SENDER_FINISH_MS = 800 /* how long a transfer may go on after close was called */ };

/* All are called on the sender's thread, one at a time. They may block for as long as
 * one store call may. A report that cannot be stored is the source's to keep. */
struct mail_source {
    void *arg;
    /* The next mail that is due, rendered, marked as under way; with codes_only, the next
     * code. *out's texts live in a. ERR_ABSENT: none; *wait_ms (at most) until it is worth
     * asking again. Anything else: the source is not available now. */
    enum err (*next)(void *arg, bool codes_only, int64_t now_ms, struct arena *a, struct mail *out, int64_t *wait_ms);
    /* A relay took it, or it is on disk, at at_ms. */
    void (*sent)(void *arg, const char *id, int64_t at_ms);
    /* It failed; final: for good, retry_at_ms is 0. Otherwise give it again at retry_at_ms
     * with tries one higher. why holds no personal data; it may be shown to staff. */
    void (*failed)(void *arg, const char *id, bool final, const char *why, int64_t retry_at_ms);
    /* Not tried: give it again at at_ms with the same tries and held set. */
    void (*later)(void *arg, const char *id, int64_t at_ms);
    /* Mails that wait, for mail_sender_state(); NULL: not known. */
    int64_t (*queued)(void *arg);
};

struct mail_sender_conf {
    struct smtp_conf smtp; /* no relay: everything goes to folder */
    const char *folder;    /* "data/mail" */
    bool limits;           /* off: no pacing by domain */
};

struct mail_sender_state {
    bool well;                        /* some relay takes mail, the source answers, the folder can be written */
    char why[224];                    /* where not */
    int64_t queued;                   /* waiting at the source, -1 not known */
    int under_way;                    /* 0..SMTP_PARALLEL_MAX */
    uint64_t sent, deferred, refused; /* since the start */
    int64_t sent_ms;                  /* when the last one was taken, 0 none */
    char last_error[96];              /* the last one, whatever came after it; "" none */
    int64_t last_error_ms;
};

/* c's texts and src's arg must outlive it. ERR_CONF where a relay is not usable. */
enum err mail_sender_open(struct mail_sender **out, const struct mail_sender_conf *c, const struct mail_source *src);
/* Stops and waits for the thread. What was under way is reported by later(). NULL is allowed. */
void mail_sender_close(struct mail_sender *s);
/* There is something new. From any thread; cheap. */
void mail_sender_wake(struct mail_sender *s);
/* A copy. From any thread. */
void mail_sender_state(struct mail_sender *s, struct mail_sender_state *out);

#endif
