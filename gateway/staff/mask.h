/* mask.h - addresses and numbers as the console shows them: enough to recognise, not enough to use. */
#ifndef GATEWAY_STAFF_MASK_H
#define GATEWAY_STAFF_MASK_H

#include "queues/ticket.h"

struct app;
struct arena;

/* What cannot be read as one is hidden whole. */
struct str mask_email(struct arena *a, struct str email);
struct str mask_phone(const struct app *app, struct arena *a, struct str phone);
/* What a person is reached by: mailbox, else number, else how they called themselves; may be empty. */
struct str mask_identity(const struct app *app, struct arena *a, const struct participant *p);

#endif
