#include "queues/keys.h"

#include "rules/base/arena.h"

#include <assert.h>

struct str key_in(struct arena *a, unsigned partition, const char *room, const char *suffix)
{
    assert(partition < PARTITIONS);
    return str_of(*suffix == '\0' ? arena_printf(a, "{p%u}:%s", partition, room)
                                  : arena_printf(a, "{p%u}:%s:%s", partition, room, suffix));
}

struct str key_at(struct arena *a, const char *room, const char *tag)
{
    return str_of(arena_printf(a, "%s:{%s}", room, tag));
}
