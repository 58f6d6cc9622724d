#include "gateway/intake/recent.h"

#include <stdlib.h>

enum { WAYS = 4, BUCKETS = RECENT_SLOTS / WAYS };

struct recent {
    struct recent_item slots[BUCKETS][WAYS];
};

struct recent *recent_open(void)
{
    struct recent *r = calloc(1, sizeof *r);

    if (r == NULL)
        abort();
    return r;
}

void recent_close(struct recent *r)
{
    free(r);
}

/* Keys are MACs in hex, so their first digits are as good as any hash of them. */
static size_t bucket(struct str key)
{
    uint32_t h = 0;

    for (size_t i = 0; i < key.len && i < 8; i++)
        h = h << 4 | (uint32_t)((key.at[i] & 15) + (key.at[i] > '9' ? 9 : 0));
    return h % BUCKETS;
}

void recent_add(struct recent *r, const struct recent_item *i)
{
    struct recent_item *ways = r->slots[bucket(str_of(i->key))], *place = &ways[0];

    for (int w = 0; w < WAYS; w++) {
        if (str_is(str_of(ways[w].key), i->key)) {
            place = &ways[w];
            break;
        }
        if (ways[w].at_ms < place->at_ms)
            place = &ways[w];
    }
    *place = *i;
}

const struct recent_item *recent_find(const struct recent *r, struct str key, int64_t now_ms)
{
    const struct recent_item *ways = r->slots[bucket(key)];

    for (int w = 0; w < WAYS; w++)
        if (ways[w].at_ms > 0 && now_ms - ways[w].at_ms < RECENT_MS && str_is(key, ways[w].key))
            return &ways[w];
    return NULL;
}
