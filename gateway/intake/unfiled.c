#include "gateway/intake/unfiled.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* Enough for chains of a dozen at ACCEPT_UNFILED_MAX; in quiet times nearly all are empty. */
enum { BUCKETS = 1 << 14 };

struct unfiled {
    size_t count;
    struct entry *items[BUCKETS], *keys[BUCKETS], *references[BUCKETS];
};

static size_t item_bucket(struct ulid u)
{
    return ((size_t)u.bytes[14] << 8 | u.bytes[15]) % BUCKETS;
}

static size_t key_bucket(struct str key)
{
    uint32_t h = 2166136261u; /* FNV-1a; the keys are MACs, nobody can choose them */

    for (size_t i = 0; i < key.len; i++)
        h = (h ^ (unsigned char)key.at[i]) * 16777619u;
    return h % BUCKETS;
}

struct unfiled *unfiled_open(void)
{
    struct unfiled *u = calloc(1, sizeof *u);

    if (u == NULL)
        abort();
    return u;
}

void unfiled_close(struct unfiled *u)
{
    if (u == NULL)
        return;
    for (size_t b = 0; b < BUCKETS; b++)
        while (u->items[b] != NULL) {
            struct entry *e = u->items[b];

            u->items[b] = e->by_item;
            free(e);
        }
    free(u);
}

size_t unfiled_count(const struct unfiled *u)
{
    return u->count;
}

struct entry *unfiled_item(struct unfiled *u, struct ulid item)
{
    struct entry *e = u->items[item_bucket(item)];

    while (e != NULL && !ulid_equal(e->item, item))
        e = e->by_item;
    return e;
}

struct entry *unfiled_key(struct unfiled *u, struct str key)
{
    struct entry *e = u->keys[key_bucket(key)];

    while (e != NULL && !str_is(key, e->key))
        e = e->by_key;
    return e;
}

struct entry *unfiled_reference(struct unfiled *u, uint64_t reference)
{
    struct entry *e = u->references[reference % BUCKETS];

    while (e != NULL && e->reference != reference)
        e = e->by_reference;
    return e;
}

static void set_index(char out[33], struct str index)
{
    (void)snprintf(out, 33, "%.*s", (int)index.len, index.len > 0 ? index.at : "");
}

struct entry *unfiled_add(struct unfiled *u, const struct item *i)
{
    struct entry *e = calloc(1, sizeof *e), **at;

    if (e == NULL)
        abort();
    e->item = i->ulid;
    e->op = i->op;
    e->reference = i->reference;
    e->has_key = i->key.len > 0;
    set_index(e->key, i->key);
    set_index(e->body, i->body);
    at = &u->items[item_bucket(e->item)];
    e->by_item = *at;
    *at = e;
    if (e->has_key) {
        at = &u->keys[key_bucket(str_of(e->key))];
        e->by_key = *at;
        *at = e;
    }
    if (e->op == ITEM_REQUEST) {
        at = &u->references[e->reference % BUCKETS];
        e->by_reference = *at;
        *at = e;
    }
    u->count++;
    return e;
}

/* Out of one chain; next: where an entry of that chain keeps the one behind it. */
static void unlink_entry(struct entry **at, const struct entry *gone, size_t next)
{
    while (*at != NULL) {
        struct entry **behind = (void *)((char *)*at + next);

        if (*at == gone) {
            *at = *behind;
            return;
        }
        at = behind;
    }
    assert(!"an entry that is in no chain");
}

void unfiled_remove(struct unfiled *u, struct entry *e)
{
    unlink_entry(&u->items[item_bucket(e->item)], e, offsetof(struct entry, by_item));
    if (e->has_key)
        unlink_entry(&u->keys[key_bucket(str_of(e->key))], e, offsetof(struct entry, by_key));
    if (e->op == ITEM_REQUEST)
        unlink_entry(&u->references[e->reference % BUCKETS], e, offsetof(struct entry, by_reference));
    u->count--;
    free(e);
}
