#include "rules/base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct block {
    struct block *older;
    size_t used, size;
    alignas(max_align_t) unsigned char bytes[];
};

struct arena {
    struct block *top;
    size_t block_bytes;
};

static struct block *block_push(struct block *older, size_t size)
{
    struct block *b = malloc(sizeof *b + size);

    if (b == NULL)
        abort();
    *b = (struct block){.older = older, .size = size};
    return b;
}

struct arena *arena_open(size_t block_bytes)
{
    struct arena *a = malloc(sizeof *a);

    if (a == NULL)
        abort();
    *a = (struct arena){.top = block_push(NULL, block_bytes), .block_bytes = block_bytes};
    return a;
}

static void keep_oldest(struct arena *a)
{
    while (a->top->older != NULL) {
        struct block *older = a->top->older;

        free(a->top);
        a->top = older;
    }
}

void arena_reset(struct arena *a)
{
    keep_oldest(a);
    a->top->used = 0;
}

void arena_close(struct arena *a)
{
    if (a == NULL)
        return;
    keep_oldest(a);
    free(a->top);
    free(a);
}

void *arena_take(struct arena *a, size_t bytes)
{
    const size_t step = alignof(max_align_t);
    size_t need = (bytes + step - 1) / step * step;

    if (need < bytes)
        abort();
    if (need > a->top->size - a->top->used)
        a->top = block_push(a->top, need > a->block_bytes ? need : a->block_bytes);

    void *p = a->top->bytes + a->top->used;

    a->top->used += need;
    return memset(p, 0, need);
}

char *arena_copy(struct arena *a, const void *at, size_t len)
{
    char *p = arena_take(a, len + 1);

    if (len > 0)
        memcpy(p, at, len);
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_copy(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    char most[256]; /* nearly everything fits, and is formatted once */
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);

    int len = vsnprintf(most, sizeof most, format, args);

    assert(len >= 0);

    char *p = arena_take(a, (size_t)len + 1);

    if ((size_t)len < sizeof most)
        memcpy(p, most, (size_t)len);
    else
        (void)vsnprintf(p, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return p;
}
