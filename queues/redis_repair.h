/* redis_repair.h - an append-only file whose end was torn by a power cut is made whole again.
 *
 * M1  judged and cut by redis-check-aof; what it cuts is first put aside and synced, as
 *     damaged/<ms>-<file>-from-<offset>, so that file and piece together are what was found;
 * M2  a torn end is at most what was in flight: more than REDIS_REPAIR_BYTES_MAX, or a fault that is not in the
 *     last file, is no torn end, and is left for a person. */
#ifndef QUEUES_REDIS_REPAIR_H
#define QUEUES_REDIS_REPAIR_H

#include "rules/base/err.h"

#include <stddef.h>
#include <stdint.h>

enum { REDIS_REPAIR_BYTES_MAX = 64 * 1024 * 1024, REDIS_REPAIR_KEPT_MAX = 5 };

struct redis_repair {
    int64_t cut_bytes; /* 0: it was whole */
    char kept[320];    /* where the piece is, within the folder */
};

/* folder_fd: where appendonlydir is. Ends early (ERR_BUSY) when wake_fd is readable. No Redis may run there.
 * ERR_CORRUPT, ERR_ABSENT (no redis-check-aof), ERR_IO with why, a sentence for the operator. */
enum err redis_repair(struct redis_repair *out, int folder_fd, int wake_fd, char *why, size_t why_bytes);

#endif
