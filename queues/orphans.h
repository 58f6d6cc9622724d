/* orphans.h - blobs that nothing names: of posts that were refused, of processes that were killed, of uploads that
 * nobody came back for.
 *
 * O1  a blob is needed where an original (i:{…}) or a file (fil:{…}) names it, and while it is younger than
 *     ORPHANS_AGE_MS, far longer than a row waits in a journal;
 * O2  rows that were parked are in no Redis: a gateway that has some holds all sweeping (hold:{blobs});
 * O3  what seems to be needed by nobody is set aside, not removed (blob.h, B3); what is named after all is put back;
 * O4  a turn that would set aside more than its share sets aside nothing and says so: then it is likelier that Redis
 *     has lost something;
 * O5  parts of uploads go by age alone (upload.h, U3). */
#ifndef QUEUES_ORPHANS_H
#define QUEUES_ORPHANS_H

#include "queues/redis.h"
#include "queues/seal.h"

#include <stdatomic.h>
#include <stdbool.h>

struct blobs;

#define ORPHANS_AGE_MS  (INT64_C(7) * 24 * 3600 * 1000)
#define ORPHANS_HOLD_MS (INT64_C(2) * 24 * 3600 * 1000)

enum {
    ORPHANS_EVERY_MS = 24 * 3600 * 1000,
    ORPHANS_SHARE = 10,  /* O4: at most one in so many … */
    ORPHANS_FEW = 100,   /* … or so many altogether */
    ORPHANS_PAGE = 1000, /* keys looked at in one exchange */
};

struct orphans {
    size_t blobs, old, set_aside; /* there, older than the age, set aside now */
    size_t put_back;
    size_t cleared, parts; /* removed: after their time aside; of uploads */
    bool held, too_many;   /* O2, O4 */
};

/* O2: no blob is set aside for ORPHANS_HOLD_MS. */
enum err orphans_hold(struct redis *r, struct arena *a);
/* holder: of the lease, so that one gateway a day does it. ERR_ABSENT: another one does. ERR_BUSY: *stop became true. */
enum err orphans_turn(struct redis *r, const struct keyring *k, struct blobs *blobs, struct blobs *parts,
                      struct str holder, int64_t now_ms, const atomic_bool *stop, struct orphans *out);

#endif
