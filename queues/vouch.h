/* vouch.h - which Redis has what the journal calls filed, and how far back another one may lack it.
 *
 * V1  the file names the Redis (redis_identity) in which everything was filed. It is replaced whole and never
 *     flushed: lost or old, it costs one more filing;
 * V2  what was filed less than grace_ms before a Redis was last there is filed again into the next one, however long
 *     it was away and however long an item had waited to be filed;
 * V3  the next one is named only when that is done: a crash before begins anew. */
#ifndef QUEUES_VOUCH_H
#define QUEUES_VOUCH_H

#include "rules/base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    VOUCH_MARKS = 32,       /* moments that are remembered, grace_ms / 15 apart */
    VOUCH_SLACK_MS = 10000, /* what came later than this may still be on its way */
};

/* For one thread. Times are of the wall clock. */
struct vouch {
    const char *file; /* borrowed */
    int64_t grace_ms;
    char identity[256];
    int64_t marks[VOUCH_MARKS]; /* ascending: all that came before one of them had been filed when it was set */
    size_t n;
    bool owed; /* not everything is filed again yet */
};

void vouch_open(struct vouch *v, const char *file, int64_t grace_ms);
/* True where this is another Redis than before: file again what came since vouch_since_ms(). */
bool vouch_changed(struct vouch *v, struct str identity);
/* 0: all there is. */
int64_t vouch_since_ms(const struct vouch *v);
/* Redis is there, and all that came VOUCH_SLACK_MS ago or earlier is filed. */
void vouch_clean(struct vouch *v, int64_t now_ms);

#endif
