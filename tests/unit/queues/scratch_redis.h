/* scratch_redis.h - a redis-server of its own for one test, on a unix socket in a temporary folder. */
#ifndef TESTS_UNIT_QUEUES_SCRATCH_REDIS_H
#define TESTS_UNIT_QUEUES_SCRATCH_REDIS_H

#include "queues/redis.h"

#include <sys/types.h>

struct arena;

struct scratch_redis {
    char folder[64];
    pid_t pid; /* 0: not running */
    struct redis_target target;
};

/* A fresh folder; nothing runs yet. */
void scratch_open(struct scratch_redis *s);
/* Appendonly, always synced, noeviction; options (NULL: none) is a NULL-ended list of further words
 * of the command line. launch returns at once, start when it serves. */
void scratch_launch(struct scratch_redis *s, const char *const options[]);
void scratch_start(struct scratch_redis *s, const char *const options[]);
/* kill -9 and wait. */
void scratch_kill(struct scratch_redis *s);
/* Kills and removes the folder. */
void scratch_close(struct scratch_redis *s);

/* Words of one command, split at spaces; the answer's text (of an error, too) or number as text. */
const char *scratch_say(struct redis *r, struct arena *a, const char *command);
void remove_folder(const char *folder);
void sleep_ms(int ms);

#endif
