/* senders.h - who may post to the channels, as this gateway knows it at this moment.
 *
 * N1  judging never waits: it asks a table in memory, read at the start from the disk and then from Redis, about once a
 *     second. Without Redis what was known last goes on being known (webhook.h, W4);
 * N2  a signature that fits nobody may be of a sender added just now: then the table is read again, by one worker, at
 *     most once in SENDERS_GAP_MS, for all who wait for it together, at most SENDERS_WAITING_MAX of them;
 * N3  who signed is found by trying every living secret of the kind: nothing in a request names its sender, so there is
 *     nothing to ask about, and whoever fits nobody waits alike and hears the same;
 * N4  a sender may post WEBHOOK_BURST at once, then one every WEBHOOK_GAP_MS, counted by each gateway after its
 *     signature was found good: nobody can use up another's share. */
#ifndef GATEWAY_CHANNELS_SENDERS_H
#define GATEWAY_CHANNELS_SENDERS_H

#include "gateway/channels/signature.h"
#include "queues/webhook.h"

struct call;
struct redis;
struct senders;
struct workers;

enum { SENDERS_GAP_MS = 200, SENDERS_WAITING_MAX = 256, WEBHOOK_BURST = 100, WEBHOOK_GAP_MS = 50 };

/* Reads what is on the disk in `folder`, the data folder. Keys and folder are borrowed. */
struct senders *senders_open(const struct keyring *keys, const char *folder);
/* NULL is allowed. Nobody waits any more by then. */
void senders_close(struct senders *s);

/* Reads from Redis, keeps what is new on the disk. One at a time; on a thread that may wait. */
void senders_refresh(struct senders *s, struct redis *r);
/* N3. Any thread. */
bool senders_find(struct senders *s, enum webhook_kind kind, const struct signature *sig, struct str body,
                  int64_t now_ms, struct ulid *sender);
/* N4: 0, and counted, or ms until the sender may post again. now_ms: steady clock. Any thread. */
int64_t senders_wait_ms(struct senders *s, struct ulid sender, int64_t now_ms);
struct senders_counts {
    uint64_t found, unknown; /* signatures: of a sender, and of nobody we know */
    uint64_t limited;        /* posts that have to wait */
    uint64_t read_again;     /* readings of the table for those who fitted nobody */
};
void senders_counts(struct senders *s, struct senders_counts *out);
/* N2: holds c and calls then(c) on its loop once the table was read again, or could not be. False where too many wait:
 * c is as it was. On c's loop. */
bool senders_again(struct senders *s, struct workers *workers, struct call *c, void (*then)(struct call *c));

#endif
