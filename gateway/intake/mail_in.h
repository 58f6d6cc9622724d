/* mail_in.h - mail from the door to the filer: LMTP, the journal, the reading, put together.
 *
 *   lmtp/server ─> accept_mail() ─> journal ─> reading ─> mime_read() ─> mail_to_item() ─> filer */
#ifndef GATEWAY_INTAKE_MAIL_IN_H
#define GATEWAY_INTAKE_MAIL_IN_H

#include "rules/base/err.h"

#include <stdint.h>

struct app;
struct mail_in;

/* Binds the listener and sets app->lmtp and app->reading; nothing runs yet. why: 200 bytes. */
enum err mail_in_open(struct mail_in **out, struct app *app, char why[200]);
/* When the filer is there. */
void mail_in_start(struct mail_in *m);
/* No more mail is taken; returns at once. NULL is allowed, here and below. */
void mail_in_stop(struct mail_in *m);
/* Who waits for the journal has heard from it. */
void mail_in_wait(struct mail_in *m);
/* Before the filer is closed: nothing is read any more. */
void mail_in_rest(struct mail_in *m);
/* After it. */
void mail_in_close(struct mail_in *m);

/* For the filer: a row of op "mail" waits in the journal; when the oldest came that is not filed. */
void mail_in_waits(struct mail_in *m, uint64_t seq, int64_t received_ms);
int64_t mail_in_oldest_ms(struct mail_in *m);

#endif
