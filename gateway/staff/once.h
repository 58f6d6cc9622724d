/* once.h - an act that leaves a message behind, done once however often it is sent.
 *
 * O1  the first act with an Idempotency-Key fixes the ids of what it leaves; a later one with the same key finds it;
 * O2  a key belongs to a member, a ticket and a kind of act, for 30 days;
 * O3  the same key with other words is refused: 422 key-reused. */
#ifndef GATEWAY_STAFF_ONCE_H
#define GATEWAY_STAFF_ONCE_H

#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/base/text.h"

struct act;
struct call;

struct once {
    struct str key;            /* at NULL: none was sent */
    struct ulid message, mail; /* of what is left behind */
    bool fixed;
};

/* False where the key is none: then it was answered. */
bool once_read(struct call *c, struct once *out);
/* Fixes the ids, in the ticket's partition; nothing where they are fixed. kind: "reply", "note". words: all that makes
 * one act differ from another. ERR_INPUT: answered (O3). */
enum err once_fix(struct act *act, const char *kind, struct str words, struct once *o);

#endif
