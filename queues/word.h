/* word.h - the word index: tickets and accounts found by the words that name them, with no word in clear.
 *
 * {pN}:wd:<index>  zset  tkt_…, acc_… by time, ms
 *
 * X1  a word is in Redis as a keyed index only (seal.h, WORD); which of two words comes before the other cannot be told;
 * X2  a list holds the newest WORD_KEPT of its partition: what a common word says of older ones is forgotten;
 * X3  it is written in the change that writes what it leads to, and bears repetition;
 * X4  it is a hint: a name that was on record once leads to its account for ever. Who asks reads what it leads to. */
#ifndef QUEUES_WORD_H
#define QUEUES_WORD_H

#include "queues/change.h"
#include "queues/seal.h"
#include "rules/words.h"

enum { WORD_KEPT = 100, WORD_HITS_MAX = 400 /* of one question, over all partitions */ };

/* member: an id in text, borrowed until the change has run. Nothing is added where there are no words. */
void change_words(struct change *c, const struct keyring *k, unsigned partition, struct str member, int64_t at_ms,
                  const struct words *w);

struct word_hit {
    enum id_kind kind; /* ID_TICKET, ID_ACCOUNT */
    struct ulid id;
    int64_t at_ms;
};
/* What all of these words lead to, the newest first. One exchange. Empty where there are no words. */
enum err words_find(struct redis *r, const struct keyring *k, struct arena *a, const struct words *w,
                    struct word_hit **out, size_t *n);

#endif
