/* redis_home.h - the folder of the embedded Redis: its files, its lock, and who lives in it.
 *
 * Part of redis_server.h, whose E2 and E6 are kept here. */
#ifndef QUEUES_REDIS_HOME_H
#define QUEUES_REDIS_HOME_H

#include "queues/redis.h"
#include "rules/base/err.h"

#include <limits.h>

#define REDIS_HOME_CONF "redis.conf"
#define REDIS_HOME_LOG  "redis.log"

struct redis_home {
    char folder[PATH_MAX]; /* absolute */
    int folder_fd, lock_fd;
    struct redis_target target;
};

/* Makes the folder and its password where there are none, and takes the lock. Errors as of redis_server_open(). */
enum err redis_home_open(struct redis_home *h, const char *data, char *why, size_t why_bytes);
/* Without making or locking anything; ERR_ABSENT. */
enum err redis_home_find(struct redis_home *h, const char *data, char *why, size_t why_bytes);
void redis_home_close(struct redis_home *h);

/* Writes the settings, moves a large log aside, removes what a killed rewrite left. */
enum err redis_home_prepare(const struct redis_home *h, char *why, size_t why_bytes);
/* Ends every redis-server that works in this folder: SIGTERM, and after grace_ms SIGKILL. */
enum err redis_home_evict(const struct redis_home *h, int grace_ms, char *why, size_t why_bytes);

#endif
