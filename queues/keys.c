#include "queues/keys.h"

#include "rules/base/arena.h"

#include <assert.h>
#include <string.h>

struct str key_in(struct arena *a, unsigned partition, const char *room, const char *suffix)
{
    size_t room_len = strlen(room), suffix_len = strlen(suffix), n = 0;
    char *p = arena_take(a, sizeof "{p63}::" + room_len + suffix_len);

    assert(partition < PARTITIONS);
    memcpy(p, "{p", n = 2);
    if (partition >= 10)
        p[n++] = (char)('0' + partition / 10);
    p[n++] = (char)('0' + partition % 10);
    p[n++] = '}';
    p[n++] = ':';
    memcpy(p + n, room, room_len);
    n += room_len;
    if (suffix_len > 0)
        p[n++] = ':';
    memcpy(p + n, suffix, suffix_len);
    return (struct str){p, n + suffix_len};
}

struct str key_at(struct arena *a, const char *room, const char *tag)
{
    size_t room_len = strlen(room), tag_len = strlen(tag);
    char *p = arena_take(a, room_len + tag_len + sizeof ":{}");

    memcpy(p, room, room_len);
    memcpy(p + room_len, ":{", 2);
    memcpy(p + room_len + 2, tag, tag_len);
    p[room_len + 2 + tag_len] = '}';
    return (struct str){p, room_len + tag_len + 3};
}
