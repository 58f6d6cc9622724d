/* proofs.h - what people of a ticket have shown, as the console shows it. */
#ifndef GATEWAY_STAFF_PROOFS_H
#define GATEWAY_STAFF_PROOFS_H

#include "queues/proof.h"

struct doc;

/* Adds "proofs", "approvals" and "frozen_until". names: of the staff who wrote records down, at NULL others. */
void proofs_tell(struct doc *out, const struct proofs *p, const struct str *names, int64_t now_ms);
/* "asked", "refused", "waits", "counts". */
struct str proofs_state(const struct approval *p, int64_t now_ms);
/* null where it does not and will not. */
struct doc *proofs_counts_from(const struct approval *p);

#endif
