/* recent.h - what the last Idempotency-Keys made, remembered after it was filed.
 *
 * N1  a repeat within RECENT_MS gets the first answer although Redis, which knows for
 *     30 days, is away at that moment; and costs no row while it is there;
 * N2  bounded: RECENT_SLOTS keys; the oldest of a bucket is forgotten first.
 *
 * Not thread-safe: accept.c holds its lock around every call. */
#ifndef GATEWAY_INTAKE_RECENT_H
#define GATEWAY_INTAKE_RECENT_H

#include "rules/base/id.h"
#include "rules/base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum { RECENT_MS = 15 * 60 * 1000, RECENT_SLOTS = 16 * 1024 };

struct recent;

struct recent_item {
    char key[33], body[33]; /* blind indexes */
    struct ulid item;
    uint64_t reference;
    int64_t at_ms; /* steady clock; 0: an empty slot */
};

struct recent *recent_open(void);
/* NULL is allowed. */
void recent_close(struct recent *r);
void recent_add(struct recent *r, const struct recent_item *i);
/* NULL where the key is not known, or is too old by now_ms. Borrowed until the next recent_add(). */
const struct recent_item *recent_find(const struct recent *r, struct str key, int64_t now_ms);

#endif
