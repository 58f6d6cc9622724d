/* unfiled.h - items on their way to Redis, found by item, by key and by reference.
 *
 * Not thread-safe: accept.c holds its lock around every call. */
#ifndef GATEWAY_INTAKE_UNFILED_H
#define GATEWAY_INTAKE_UNFILED_H

#include "rules/item.h"

#include <stdbool.h>

struct waiter; /* accept.c: who is to be answered */

struct entry {
    struct entry *by_item, *by_key, *by_reference; /* chains, private */
    struct ulid item;
    enum item_op op;
    uint64_t reference;
    bool has_key;
    bool written;           /* the journal has it */
    bool promised;          /* somebody was told so, or may have been before a restart: it is never refused */
    char key[33], body[33]; /* blind indexes */
    struct waiter *waiters;
};

struct unfiled;

struct unfiled *unfiled_open(void);
/* Frees all entries. NULL is allowed. */
void unfiled_close(struct unfiled *u);
size_t unfiled_count(const struct unfiled *u);
/* Borrowed until unfiled_remove(). */
struct entry *unfiled_add(struct unfiled *u, const struct item *i);
/* And frees it. */
void unfiled_remove(struct unfiled *u, struct entry *e);
struct entry *unfiled_item(struct unfiled *u, struct ulid item);
struct entry *unfiled_key(struct unfiled *u, struct str key);
/* Requests only. */
struct entry *unfiled_reference(struct unfiled *u, uint64_t reference);

#endif
