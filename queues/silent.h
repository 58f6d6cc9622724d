/* silent.h - customers who have heard nothing of us, the longest first (rules/silence.h).
 *
 * {pN}:si  zset  acc_… by when its silence began, ms: customers that wait for a word
 * {pN}:sd  hash  acc_… -> evt_…: something happened that may begin or end it; looked at by silent_turn()
 *
 * Z1  the truth is in the histories: of the customer's newest SILENT_WORK_MAX tickets over all accounts that are one
 *     customer, and its accounts' last_told; the index only orders it;
 * Z2  who is heard while not waiting is in the index by the change that files it; everything else that may begin or end
 *     a silence (replies, states, merges, moves) leaves a mark in its own change, and is in the index a turn later;
 * Z3  a customer stands in the index by its root account alone; one that was merged meanwhile is put right when it is
 *     come across;
 * Z4  a page costs the same however many customers there are. */
#ifndef QUEUES_SILENT_H
#define QUEUES_SILENT_H

#include "queues/change.h"
#include "queues/queue.h"
#include "rules/silence.h"
#include "rules/sla.h"

struct keyring;
struct rules;

enum { SILENT_WORK_MAX = 256, SILENT_TURN = 32 /* marks looked at by a turn */ };

/* Z2. Somebody of it was heard. In the slot of the account. */
void change_silent_heard(struct change *c, struct ulid account, int64_t at_ms);
/* Z2. Look at it again. */
void change_silent_ask(struct change *c, struct ulid account);
/* All of the customer was told something: an update that was meant for it. Sets last_told, and marks it. */
void change_account_told(struct change *c, struct ulid account, int64_t at_ms);

struct silent {
    struct ulid account; /* the root */
    struct silence silence;
    struct str queue;          /* whose promise ends first; empty: no queue promises any */
    struct sla_verdict clock;  /* its working time, where queue is not empty */
    int64_t heard_ms, told_ms; /* of all its accounts, 0 never */
    size_t tickets;            /* that were looked at */
};

/* From its history (Z1). account: any that is the customer. */
enum err silent_read(struct redis *r, const struct keyring *k, const struct rules *rules, struct arena *a,
                     struct ulid account, int64_t now_ms, struct silent *out);

/* The next max customers behind a place (queue.h, U2; its ticket is an account), as the index has them. */
enum err silent_page(struct redis *r, struct arena *a, const struct queue_place *after, size_t max,
                     struct queue_place *out, size_t *n);

/* Puts the index right for the customers that were marked; *n: how many marks. ERR_STORE: later. */
enum err silent_turn(struct redis *r, const struct keyring *k, const struct rules *rules, struct arena *a,
                     int64_t now_ms, size_t *n);
/* The same for one account that was come across. */
enum err silent_settle(struct redis *r, const struct keyring *k, const struct rules *rules, struct arena *a,
                       struct ulid account, int64_t now_ms);

#endif
