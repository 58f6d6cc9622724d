/* redis_server.h - the embedded Redis: a child redis-server that belongs to one data folder.
 *
 *   data/redis/redis.sock   where it listens, and nowhere else
 *   data/redis/redis.conf   written at each start
 *   data/redis/user         "postern PASSWORD", mode 0600, made once
 *   data/redis/redis.log    its own words, two files of 1 MiB at most
 *   data/redis/appendonlydir, data/redis/damaged
 *
 * E1  nobody waits for Redis: open returns when the supervising thread exists, which does the rest;
 * E2  one folder, one server: a lock held by the supervising process; with the lock in hand any
 *     redis-server of this folder is an orphan of an earlier run and is stopped first (never a stranger:
 *     it must be ours by user, by its working folder and by what program it is). It is not taken over:
 *     its settings are those of an older us, and a clean stop costs nothing with appendfsync always;
 * E3  it never serves from a torn append-only file. With aof-load-truncated no it refuses one itself,
 *     then redis-check-aof --fix cuts the tail after it was put aside, then it starts again. (Redis 7.0.15's
 *     own way leaves an open MULTI in the file: what is written behind it is lost at the next start and
 *     the half transaction runs. Rewriting before serving would heal that too, but costs a full rewrite, and
 *     serving has to be held off from outside.) No time is spent on files that are whole;
 * E4  when it dies it is started again at once, at most RESTART_MS later where it dies again and again;
 * E5  close ends it within 3 s: SIGTERM, which is SHUTDOWN to Redis (our user has no right to that
 *     command), then SIGKILL. It also ends with the process, see child.h C2;
 * E6  our user may do everything but what Redis calls dangerous, and no EVAL: scripts are loaded by name. */
#ifndef QUEUES_REDIS_SERVER_H
#define QUEUES_REDIS_SERVER_H

#include "queues/redis.h"
#include "rules/base/err.h"

#include <stdbool.h>
#include <sys/types.h>

enum { REDIS_SERVER_WHY_BYTES = 400, REDIS_SERVER_RESTART_MS = 800 };

struct redis_server;

/* Never waits for Redis. Signals are for other threads.
 *   ERR_CONFLICT  another process runs this folder's Redis: use redis_server_find();
 *   ERR_ABSENT    no redis-server on this machine;
 *   ERR_IO        the folder cannot be made or written; all with why, a sentence for the operator. */
enum err redis_server_open(struct redis_server **out, const char *data, char why[REDIS_SERVER_WHY_BYTES]);
/* NULL is allowed. */
void redis_server_close(struct redis_server *s);
/* Where to connect to; the same over all restarts. Borrowed. */
const struct redis_target *redis_server_target(const struct redis_server *s);

struct redis_server_state {
    bool serving;                     /* it has answered a PING since its last start */
    pid_t pid;                        /* 0: none now */
    unsigned restarts;                /* starts after the first */
    unsigned repairs;                 /* torn files cut */
    char why[REDIS_SERVER_WHY_BYTES]; /* why it does not serve; "" when it does */
};

/* Thread-safe. */
void redis_server_state(struct redis_server *s, struct redis_server_state *out);

/* The target of a folder whose server another process runs. ERR_ABSENT where it never ran. */
enum err redis_server_find(const char *data, struct redis_target *out, char why[REDIS_SERVER_WHY_BYTES]);

#endif
