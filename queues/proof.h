/* proof.h - what people have shown of themselves on a ticket, who approved of them, and what becomes of it in time.
 *
 * {pN}:pf:<tkt>: each field sealed JSON, bound to its own name:
 *   "<par_…> <kind> <con_…>"   {"source","stale","authorised","mailbox","by","at","note"}; "-" where no record is meant,
 *                              evt_… of the act for what staff saw
 *   "<par_…> approval <apv_…>" {"by","by_name","reason","authorised","at","second","second_name","leads","refused",
 *                              "decided"}
 * {pN}:a:<acc> field frozen: ms until when nobody of the account has more than level 1; absent: never was.
 * {pN}:pd: "acc_…" or "tkt_… <ms>" (and what appeal.h adds) by the moment (ms) from when they are to be judged again.
 *
 * F1  one thing shown by one person is one field: shown twice, it is there once, as it was shown last;
 * F2  lv:<par> (ticket.h) is what rules/proof.h makes of all that is here, written with what changed it, against the
 *     version of the ticket that was read;
 * F3  what was reached before anything was written here counts as shown (a mailbox; from level 2 on, a record of no
 *     source), and is written down before a freeze hides it;
 * F4  time alone changes levels, too: whatever will count or end later is in {pN}:pd with the change that makes it so.
 *     Judging again bears repetition and being cut off. */
#ifndef QUEUES_PROOF_H
#define QUEUES_PROOF_H

#include "queues/ticket.h"
#include "rules/proof.h"

#include <stdint.h>

enum {
    PROOF_NOTE_MAX = 1000,   /* code points of a note or a reason */
    PROOF_SOURCES_MAX = 8,   /* of one's own mailbox that are written down */
    PROOFS_BY_HAND_MAX = 20, /* evidences of one person, when staff add another */
    APPROVALS_MAX = 4,       /* asked for one person on one ticket */
};

struct proof_record {
    struct ulid participant;
    struct proof shown;
    struct ulid act; /* SEEN: which time; zero otherwise */
    struct str by;   /* stf_…, con_… of a voucher, or par_… */
    struct str note; /* may be empty */
    int64_t at_ms;
};

struct approval {
    struct ulid id, participant;
    struct proof_approval what;
    struct str by_name, second_name, reason;
    int64_t at_ms;
};

/* All of one ticket, in order of names, which is by person and then by kind. */
struct proofs {
    struct proof_record *record;
    size_t n;
    struct approval *approval;
    size_t approvals;
    int64_t frozen_until_ms; /* of the ticket's account */
    struct str frozen;       /* that field as it stands there */
};

/* account: of the ticket. */
enum err proofs_read(struct redis *r, const struct keyring *k, struct arena *a, struct ulid ticket, struct ulid account,
                     struct proofs *out);
/* As it will be after change_proof(): F1. */
void proofs_add(struct proofs *p, struct arena *a, const struct proof_record *record);
/* How many evidences of that person there are; no more than PROOF_MAX are judged. */
size_t proofs_of(const struct proofs *p, struct ulid participant);
void proofs_put_approval(struct proofs *p, const struct approval *approval);
const struct approval *proofs_approval(const struct proofs *p, struct ulid id);

/* F2, F3: what is stored, and the level that who has now. */
void proofs_judge(const struct proofs *p, const struct participant *who, struct arena *a, int64_t now_ms,
                  struct proof_standing *out);

/* ---- parts of changes, of the ticket's partition ---- */

void change_proof(struct change *c, const struct keyring *k, struct ulid ticket, const struct proof_record *record);
void change_approval(struct change *c, const struct keyring *k, struct ulid ticket, const struct approval *approval);
/* All that a person has shown on another ticket, and who approved: they take it along. */
void change_proofs_of(struct change *c, const struct keyring *k, struct ulid ticket, const struct proofs *p,
                      struct ulid participant);
/* Nobody has frozen the account, or lifted that, since it was read. */
void change_frozen_holds(struct change *c, struct ulid account, const struct proofs *p);
/* What who may be called from now on: level, history ("level"), audit, what is to be judged again (F4). Nothing where
 * nothing changes. True where it did. by: stf_…, par_…, con_… or "system". */
bool change_standing(struct change *c, const struct keyring *k, const struct ticket *t, const struct proofs *p,
                     const struct participant *who, const struct proof_standing *s, struct str by, int64_t now_ms);

/* ---- freezing, and judging again ---- */

/* P5: nobody of the account has more than level 1 until that moment (0: at once as if nobody had objected). Levels
 * follow at once as far as Redis answers, and with the next turn otherwise (F4). why: for the audit. */
void change_freeze(struct change *c, const struct keyring *k, struct ulid account, int64_t until_ms, struct str by,
                   const char *why, int64_t now_ms);
enum err account_judge_again(struct redis *r, const struct keyring *k, struct arena *a, struct ulid account,
                             int64_t now_ms);
/* Both. */
enum err account_freeze(struct redis *r, const struct keyring *k, struct arena *a, struct ulid account,
                        int64_t until_ms, struct str by, const char *why, int64_t now_ms);
/* Everybody on one ticket. ERR_OK also where the ticket is not there (any more). */
enum err ticket_judge_again(struct redis *r, const struct keyring *k, struct arena *a, struct ulid ticket,
                            int64_t now_ms);
/* F4: what is due in a partition. */
enum err proofs_turn(struct redis *r, const struct keyring *k, struct arena *a, unsigned partition, int64_t now_ms);

#endif
