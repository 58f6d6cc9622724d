/* pace.h - when a mail may go: after a failure, and to one domain after another.
 *
 * Pure: told the time.
 *
 * P1  a code is tried again soon, as long as it can still be used; another mail
 *     ever more rarely for three days (RFC 5321 §4.5.4.1 asks for four to five, but
 *     nobody is helped by support mail that old);
 * P2  domains are slots of a table of fixed size; two that share a slot share its
 *     pace, so that no flood of names can lift a limit. */
#ifndef GATEWAY_MAIL_PACE_H
#define GATEWAY_MAIL_PACE_H

#include "gateway/mail/mail.h"

enum {
    PACE_SLOTS = 4096,
    PACE_CODE_BURST = 450, /* a whole office in one minute */
    PACE_CODE_GAP_MS = 1000,
    PACE_OTHER_BURST = 120,
    PACE_OTHER_GAP_MS = 200,
    PACE_GIVE_UP_MS = 3 * 24 * 3600 * 1000,
};

/* Zeroed to begin. */
struct pace {
    int64_t free_at_ms[2][PACE_SLOTS]; /* by kind: when the slot's bucket is empty again */
};

/* When to try m again that failed now, after m->tries earlier failures; -1: give up. */
int64_t pace_retry_at_ms(const struct mail *m, int64_t now_ms);

/* Books the next turn of m's domain and answers how long it has to wait for it, 0
 * for now. A mail that waited is not asked again (mail.held). */
int64_t pace_wait_ms(struct pace *p, const struct mail *m, int64_t now_ms);

#endif
