/* scratch_lab.h - what tests of records need: a redis-server of its own, a connection, keys, an arena. */
#ifndef TESTS_UNIT_QUEUES_SCRATCH_LAB_H
#define TESTS_UNIT_QUEUES_SCRATCH_LAB_H

#include "queues/seal.h"
#include "rules/base/arena.h"
#include "tests/unit/queues/scratch_redis.h"

struct lab {
    struct scratch_redis server;
    struct keyring *keys;
    struct redis *redis;
    struct arena *arena;
};

void lab_open(struct lab *s);
void lab_close(struct lab *s);
/* Forgets all records. */
void lab_empty(struct lab *s);
/* The answer to a command, its words split at blanks, as text ("(nil)" for none). */
const char *lab_say(struct lab *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
