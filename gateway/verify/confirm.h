/* confirm.h - the judgement of a code, and what follows from a right one.
 *
 * C1  who is reached, is on record, is authorised: read before, applied with the
 *     judgement in one script, against the ticket as it was read;
 * C2  a right code shows a mailbox, and the records that know it, of its own person only (proof.h), and never changes
 *     how old or how trusted a record is; of a frozen account nobody gets more than level 1;
 * C3  a code for nobody (flow.h: silent) takes the same steps and is never right;
 * C4  after a right one the mailbox leads to its holder's work, and whose that is is asked again (proven.h). */
#ifndef GATEWAY_VERIFY_CONFIRM_H
#define GATEWAY_VERIFY_CONFIRM_H

#include "gateway/verify/token.h"
#include "rules/base/err.h"

struct app;
struct arena;
struct redis;

struct verdict {
    int level;      /* reached, with ERR_OK; with ERR_GONE the one that was reached before, 0 none */
    int tries_left; /* with ERR_INPUT */
};

/* ERR_OK right; ERR_INPUT wrong; ERR_GONE expired, used, dead or none; ERR_UNKNOWN_CALLER; ERR_BUSY, ERR_STORE. */
enum err confirm_code(struct app *app, struct redis *r, struct arena *a, uint64_t reference, enum token_kind kind,
                      struct ulid id, const char code[9], struct verdict *out);

#endif
