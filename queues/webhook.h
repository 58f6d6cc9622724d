/* webhook.h - who may post to the channels: senders, and the secrets they sign with.
 *
 * W1  a sender has a name of its own, posts to one kind of channel, and has at most two living secrets: the newest, and
 *     the one before it, which lives on for a time that was stated when it was replaced;
 * W2  a secret is told once, when it is made; after that it lies here sealed, bound to the sender's name;
 * W3  all senders are one record with one version: who changes one has seen them all, and a copy is of one moment;
 * W4  a gateway keeps what it read last, sealed, in its data folder, and a command what it changed, so that a gateway
 *     that starts believes nobody who was disabled meanwhile: without Redis it knows whom it knew. A Redis that has no
 *     record at all is given it back; one that says "nobody" is believed.
 *
 * wh:{senders}   v, and for each sender <name> -> sealed "<ULID> <kind> <on|off> <created ms> {<secret> <from ms> <until ms>}"
 * data/webhooks  sealed: a line "postern-webhooks 1 <v>", then "<name> <record>" a line */
#ifndef QUEUES_WEBHOOK_H
#define QUEUES_WEBHOOK_H

#include "queues/seal.h"
#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/base/text.h"

#include <stdint.h>

struct arena;
struct redis;

enum {
    WEBHOOK_NAME_MIN = 2,
    WEBHOOK_NAME_MAX = 32,
    WEBHOOK_SECRETS = 2,       /* living ones of a sender */
    WEBHOOKS_OF_KIND_MAX = 16, /* a signature is held against every living secret of its kind: this bounds that work */
    WEBHOOKS_MAX = 4 * WEBHOOKS_OF_KIND_MAX,
    WEBHOOK_KEEP_HOURS = 24,         /* how long a replaced secret lives on, where nothing else was asked for */
    WEBHOOK_KEEP_HOURS_MAX = 7 * 24, /* and at most */
};

/* X(name, word): the word is its path under /channels/, too. */
#define WEBHOOK_KIND_LIST(X) \
    X(SOCIAL, "social")      \
    X(PHONE, "phone")        \
    X(DESK, "desk")          \
    X(RESTORATION, "restoration")

enum webhook_kind {
#define X(name, word) WEBHOOK_##name,
    WEBHOOK_KIND_LIST(X)
#undef X
        WEBHOOK_KINDS
};

const char *webhook_kind_name(enum webhook_kind kind);
bool webhook_kind_parse(struct str s, enum webhook_kind *out);
/* [a-z0-9-]{2,32}; one letter is the record's own "v". */
bool webhook_name_valid(struct str name);

struct webhook_secret {
    uint8_t key[HMAC_BYTES];
    int64_t from_ms, until_ms; /* until 0: until it is replaced */
};

struct webhook {
    struct ulid id;
    char name[WEBHOOK_NAME_MAX + 1];
    enum webhook_kind kind;
    bool disabled; /* nobody is believed in its name */
    int64_t created_ms;
    size_t secrets; /* newest first */
    struct webhook_secret secret[WEBHOOK_SECRETS];
};

/* Lies in secret_memory(). */
struct webhooks {
    int64_t version; /* 0: there never was one */
    uint64_t mark;   /* of the bytes they were read from: copies with one mark are the same. 0: not from Redis */
    size_t n;        /* by name */
    struct webhook at[WEBHOOKS_MAX];
};

/* Does the secret live at that moment? */
bool webhook_secret_lives(const struct webhook_secret *s, int64_t now_ms);
/* The one of that name, NULL where there is none. */
const struct webhook *webhooks_find(const struct webhooks *w, struct str name);

/* ERR_ABSENT: Redis has no record. */
enum err webhooks_read(struct redis *r, const struct keyring *k, struct arena *a, struct webhooks *out);

/* These change one sender, whatever others do at the same time; by: who does it, for the audit. *secret is "whsec_…", in
 * a. */
/* ERR_CONFLICT: the name is taken; ERR_LIMIT: there are WEBHOOKS_OF_KIND_MAX of that kind. */
enum err webhook_add(struct redis *r, const struct keyring *k, struct arena *a, enum webhook_kind kind, struct str name,
                     int64_t now_ms, const char *by, struct str *secret);
/* A fresh secret; the one before lives on until *until_ms = now_ms + keep_ms. Whoever was disabled is back, with the
 * fresh secret alone. ERR_ABSENT; ERR_LIMIT: two live, and keep_ms is not 0: *until_ms is when the older one ends. */
enum err webhook_rotate(struct redis *r, const struct keyring *k, struct arena *a, struct str name, int64_t keep_ms,
                        int64_t now_ms, const char *by, struct str *secret, int64_t *until_ms);
/* ERR_ABSENT. */
enum err webhook_disable(struct redis *r, const struct keyring *k, struct arena *a, struct str name, int64_t now_ms,
                         const char *by);
enum err webhook_remove(struct redis *r, const struct keyring *k, struct arena *a, struct str name, int64_t now_ms,
                        const char *by);

/* W4. folder: the data folder. Save: on disk when it answers ERR_OK. Load: ERR_ABSENT where there is no file, ERR_CORRUPT
 * where it cannot be read with these keys. */
enum err webhooks_save(const struct webhooks *w, const struct keyring *k, const char *folder);
enum err webhooks_load(struct webhooks *out, const struct keyring *k, const char *folder);
/* Writes all of w into a Redis that has no record. ERR_CONFLICT: it has one by now. */
enum err webhooks_put_back(struct redis *r, const struct keyring *k, struct arena *a, const struct webhooks *w);

/* One sender as a record, and back; for tests. */
enum { WEBHOOK_RECORD_MAX = 320 };
size_t webhook_print(const struct webhook *w, char out[WEBHOOK_RECORD_MAX]);
bool webhook_parse(struct str name, struct str record, struct webhook *out);

#endif
