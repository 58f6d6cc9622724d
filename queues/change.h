/* change.h - records of one partition, changed together by one script.
 *
 * A change is built up in C from plain Redis commands, then run by change.lua (once,
 * or against a version) or by judge.lua. What a change decides is decided before, on
 * what was read; the version makes sure that it was still true.
 *
 *     struct change c = change_begin(a);
 *     change_hset(&c, ticket_key, "state", STR("solved"));
 *     change_add(&c, 4, (struct str[]){STR("ZREM"), queue_key, …});
 */
#ifndef QUEUES_CHANGE_H
#define QUEUES_CHANGE_H

#include "queues/redis.h"
#include "rules/base/err.h"
#include "rules/base/text.h"

#include <stdint.h>

enum { CHANGE_WORDS_MAX = 640 };

struct change {
    struct arena *arena;
    size_t n, last; /* words; where the last command begins */
    struct str words[CHANGE_WORDS_MAX];
};

/* Lives in a. */
struct change *change_begin(struct arena *a);
/* One command; the words are borrowed until the change has run. */
void change_add(struct change *c, size_t n, const struct str words[]);
/* Fields set one after the other on one key go as one command: Redis is asked, and writes its file, once. */
void change_hset(struct change *c, struct str key, const char *field, struct str value);
void change_hset_int(struct change *c, struct str key, const char *field, int64_t value);
void change_zadd(struct change *c, struct str key, int64_t score, struct str member);
void change_zrem(struct change *c, struct str key, struct str member);
/* A condition, wherever it stands in the change: unless that field has that value ("": is not there) when the change is
 * run, nothing of it is done and it is ERR_CONFLICT, as with a version. Unlike a version it is about one field. */
void change_holds(struct change *c, struct str key, const char *field, struct str value);
/* XADD key * j <json>. */
void change_xadd(struct change *c, struct str key, struct str json);

/* Queues the change on r as one script. once: a key that the change writes, or empty. versioned: the hash whose
 * field v must be `version`, or empty. */
void change_queue(struct redis *r, const struct change *c, struct str once, struct str versioned, struct str version);
/* What the script answered. ERR_OK (done), ERR_CONFLICT (stale); *before (may be NULL): it had happened already. */
enum err change_outcome(struct redis *r, const struct redis_value *v, bool *before);
/* change_queue, flush, outcome. */
enum err change_run(struct redis *r, struct arena *a, const struct change *c, struct str once, struct str versioned,
                    struct str version, bool *before);

#endif
