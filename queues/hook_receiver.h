/* hook_receiver.h - who is told of events: chat rooms, pagers, status pages.
 *
 * R1  a receiver has a name and an address of its own and one secret, told once, when it is made; after that all of it
 *     lies here sealed, bound to its name;
 * R2  all receivers are one record with one version: who changes one has seen them all;
 * R3  a receiver that answered 410 is off: nothing is kept for it any more. It is removed and added again by hand.
 *
 * hk:{receivers}   v, and for each <name> -> sealed "<ULID> <kinds, hex> <public|private> <on|off> <created ms> <secret>
 *                  <url>" */
#ifndef QUEUES_HOOK_RECEIVER_H
#define QUEUES_HOOK_RECEIVER_H

#include "queues/seal.h"
#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/base/text.h"

#include <stdint.h>

struct arena;
struct redis;

enum {
    HOOK_NAME_MIN = 2,
    HOOK_NAME_MAX = 32,
    HOOK_URL_MAX = 500,
    HOOK_RECEIVERS_MAX = 16, /* each has transfers of its own */
};

struct hook_receiver {
    struct ulid id;
    char name[HOOK_NAME_MAX + 1];
    char url[HOOK_URL_MAX + 1];
    unsigned kinds;       /* bits, by enum hook_kind */
    bool private_address; /* the operator allowed an address that is not public */
    bool off;             /* R3 */
    int64_t created_ms;
    uint8_t key[HMAC_BYTES];
};

/* Lies in secret_memory(). */
struct hook_receivers {
    int64_t version; /* 0: there never was one */
    size_t n;        /* by name */
    struct hook_receiver at[HOOK_RECEIVERS_MAX];
};

/* [a-z0-9-]{2,32} */
bool hook_name_valid(struct str name);
/* NULL where there is none of that name. */
const struct hook_receiver *hook_receiver_find(const struct hook_receivers *all, struct str name);
/* No record is none of them. */
enum err hook_receivers_read(struct redis *r, const struct keyring *k, struct arena *a, struct hook_receivers *out);

/* These change one, whatever others do at the same time; by: for the audit. */
/* want: name, url, kinds, private_address; url was judged before. *secret is "whsec_…", in a. ERR_CONFLICT: the name is
 * taken; ERR_LIMIT: there are HOOK_RECEIVERS_MAX. */
enum err hook_receiver_add(struct redis *r, const struct keyring *k, struct arena *a, const struct hook_receiver *want,
                           int64_t now_ms, const char *by, struct str *secret);
/* With all that waits for it. ERR_ABSENT. */
enum err hook_receiver_remove(struct redis *r, const struct keyring *k, struct arena *a, struct str name,
                              int64_t now_ms, const char *by);
/* R3. */
enum err hook_receiver_off(struct redis *r, const struct keyring *k, struct arena *a, struct str name, int64_t now_ms,
                           const char *by);

#endif
