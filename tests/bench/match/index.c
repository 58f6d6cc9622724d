#include "tests/bench/match/index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct slot {
    uint64_t hash; /* 0: free */
    struct owners *owners;
};

struct index {
    struct slot *slot;
    size_t n, room; /* room: a power of two */
};

/* FNV-1a over kind and text; never 0. Two blocks with one hash would be one: 64 bits keep them apart. */
static uint64_t hash_of(const struct match_block *b)
{
    uint64_t h = UINT64_C(0xCBF29CE484222325);

    h = (h ^ (uint64_t)b->kind) * UINT64_C(0x100000001B3);
    for (size_t i = 0; i < b->text.len; i++)
        h = (h ^ (unsigned char)b->text.at[i]) * UINT64_C(0x100000001B3);
    return h == 0 ? 1 : h;
}

static struct slot *find(const struct index *x, uint64_t hash)
{
    size_t i = (hash ^ hash >> 29) & (x->room - 1);

    while (x->slot[i].hash != 0 && x->slot[i].hash != hash)
        i = (i + 1) & (x->room - 1);
    return &x->slot[i];
}

struct index *index_open(void)
{
    struct index *x = calloc(1, sizeof *x);

    assert(x != NULL);
    x->room = 1 << 16;
    x->slot = calloc(x->room, sizeof *x->slot);
    assert(x->slot != NULL);
    return x;
}

void index_close(struct index *x)
{
    for (size_t i = 0; i < x->room; i++)
        free(x->slot[i].owners);
    free(x->slot);
    free(x);
}

static void grow(struct index *x)
{
    struct index wider = {calloc(2 * x->room, sizeof *x->slot), x->n, 2 * x->room};

    assert(wider.slot != NULL);
    for (size_t i = 0; i < x->room; i++)
        if (x->slot[i].hash != 0)
            *find(&wider, x->slot[i].hash) = x->slot[i];
    free(x->slot);
    *x = wider;
}

/* The list grows by powers of two. */
static struct owners *with_room(struct owners *o)
{
    uint32_t n = o == NULL ? 0 : o->n;

    if (n >= MATCH_BLOCK_OWNERS_MAX || (n & (n - 1)) != 0)
        return o;
    o = realloc(o, offsetof(struct owners, list) + sizeof o->list[0] * (n == 0 ? 1 : 2 * n));
    assert(o != NULL);
    o->n = n;
    return o;
}

void index_add(struct index *x, const struct match_block *b, uint32_t owner, uint32_t ref)
{
    uint64_t hash = hash_of(b);
    struct slot *s = find(x, hash);

    if (s->hash == 0) {
        s->hash = hash;
        if (++x->n * 2 > x->room) {
            grow(x);
            s = find(x, hash);
        }
    }
    for (uint32_t i = 0; s->owners != NULL && i < s->owners->n && i < MATCH_BLOCK_OWNERS_MAX; i++)
        if (s->owners->list[i].id == owner)
            return;
    s->owners = with_room(s->owners);
    if (s->owners->n < MATCH_BLOCK_OWNERS_MAX)
        s->owners->list[s->owners->n] = (struct owner){owner, ref};
    s->owners->n++;
}

const struct owners *index_find(const struct index *x, const struct match_block *b)
{
    return find(x, hash_of(b))->owners;
}

size_t index_blocks(const struct index *x)
{
    return x->n;
}

static int by_weight(const void *a, const void *b)
{
    const struct found *x = a, *y = b;

    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void add_ref(struct found *f, uint32_t ref)
{
    for (size_t i = 0; i < f->refs; i++)
        if (f->ref[i] == ref)
            return;
    if (f->refs < REFS_MAX)
        f->ref[f->refs++] = ref;
}

static void vote(struct found *v, size_t *n, struct owner o, int weight)
{
    size_t i = 0;

    while (i < *n && v[i].id != o.id)
        i++;
    if (i == *n)
        v[(*n)++] = (struct found){.id = o.id};
    v[i].weight += weight;
    add_ref(&v[i], o.ref);
}

size_t index_candidates(const struct index *x, const struct match_block *b, size_t n,
                        struct found out[MATCH_CANDIDATES_MAX])
{
    static struct found v[MATCH_BLOCKS_MAX * MATCH_BLOCK_OWNERS_MAX];
    size_t votes = 0;

    for (size_t i = 0; i < n; i++) {
        const struct owners *o = index_find(x, &b[i]);

        if (o == NULL || (o->n > MATCH_BLOCK_OWNERS_MAX && b[i].kind >= MATCH_BLOCK_EXACT))
            continue;
        for (uint32_t k = 0; k < o->n && k < MATCH_BLOCK_OWNERS_MAX; k++)
            vote(v, &votes, o->list[k], match_block_weight(b[i].kind));
    }
    qsort(v, votes, sizeof *v, by_weight);
    votes = votes < MATCH_CANDIDATES_MAX ? votes : MATCH_CANDIDATES_MAX;
    memcpy(out, v, votes * sizeof *v);
    return votes;
}
