/* lease.h - what one gateway does at a time, though any of them may: whoever holds the lease of that name. */
#ifndef QUEUES_LEASE_H
#define QUEUES_LEASE_H

#include "queues/redis.h"

/* Takes lease:{name} for so long, or holds it on. ERR_ABSENT: another holder has it. */
enum err lease_take(struct redis *r, struct arena *a, const char *name, struct str holder, int64_t life_ms);

#endif
