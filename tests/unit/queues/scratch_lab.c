#include "tests/unit/queues/scratch_lab.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

void lab_open(struct lab *s)
{
    char folder[128], why[KEYRING_WHY_BYTES];

    s->arena = arena_open(65536);
    scratch_open(&s->server);
    scratch_start(&s->server, NULL);
    (void)snprintf(folder, sizeof folder, "%s/keys", s->server.folder);
    assert(keyring_open(&s->keys, folder, true, why) == ERR_OK);
    s->redis = redis_open(&s->server.target, 10000);
}

void lab_close(struct lab *s)
{
    redis_close(s->redis);
    keyring_close(s->keys);
    scratch_close(&s->server);
    arena_close(s->arena);
}

void lab_empty(struct lab *s)
{
    arena_reset(s->arena);
    (void)scratch_say(s->redis, s->arena, "FLUSHALL");
}

const char *lab_say(struct lab *s, const char *format, ...)
{
    char command[1024];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(command, sizeof command, format, args);
    va_end(args);
    return scratch_say(s->redis, s->arena, command);
}
