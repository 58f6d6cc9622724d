/* appeal.h - contacts on record are asked by mail: do they know somebody who asks for help, do they object to what
 * somebody may do?
 *
 *   asked for ──{pN}:pd──> the sweep reads who is on record ──> a mail to each, with a code ──> yes or no
 *
 * P1  whoever has it asked writes the same whether or not anybody is on record: contacts are read later, by the sweep;
 * P2  an appeal to a contact is a flow (flow.h) of its own, whose id derives from what is asked, of whom and when: asked
 *     for twice, or cut off and carried on, each contact gets one mail;
 * P3  nobody is asked in the mailbox of the person whom it is about, no mailbox twice, and none that is gone or bounced;
 * P4  the mail names that person's own confirmed address and nothing that anybody typed, and no link in it acts.
 *
 * A flow of an appeal has the fields appeal ("vouch", "veto") and of (sealed JSON {"contact","source","stale",
 * "authorised"}). {pN}:pd holds "vouch <tkt_…> <par_…> <ms>" and its like until the mails are written. */
#ifndef QUEUES_APPEAL_H
#define QUEUES_APPEAL_H

#include "queues/flow.h"
#include "queues/proof.h"

enum appeal_kind { APPEAL_VOUCH, APPEAL_VETO, APPEAL_KINDS };

enum {
    APPEAL_VOUCHERS_MAX = 5, /* the best first */
    APPEAL_NOTICES_MAX = 20,
    APPEAL_AGAIN_MS = 24 * 3600 * 1000, /* one person may have it asked once in that time */
};

struct appeal {
    enum appeal_kind kind;
    struct flow flow;
    struct proof_record vouched; /* what a yes to VOUCH shows */
};

/* Contacts will be asked. */
void change_appeal(struct change *c, enum appeal_kind kind, struct ulid ticket, struct ulid participant,
                   int64_t now_ms);
/* An entry of {pN}:pd, "vouch …" or "veto …": writes the mails. ERR_INPUT where it is none of ours. */
enum err appeal_write(struct redis *r, const struct keyring *k, struct arena *a, struct str entry);
/* ERR_ABSENT where that flow is no appeal of that kind (any more). */
enum err appeal_read(struct redis *r, const struct keyring *k, struct arena *a, enum appeal_kind kind, struct ulid flow,
                     struct appeal *out);

#endif
