/* seal_keyring.h - what a keyring holds; for queues/seal*.c only. */
#ifndef QUEUES_SEAL_KEYRING_H
#define QUEUES_SEAL_KEYRING_H

#include "queues/seal.h"

#include <assert.h>
#include <sodium.h>

enum { KEY_BYTES = 32 };

/* One root's derived keys; the root itself is wiped when they are made. */
struct sealing {
    uint32_t id;
    uint8_t row[KEY_BYTES];    /* seal() */
    uint8_t stream[KEY_BYTES]; /* seal_stream_start() */
};

/* Lives in sodium_malloc()'s memory: locked, guarded, not dumped, read-only once open. */
struct keyring {
    size_t n;
    struct sealing roots[KEYRING_KEYS_MAX]; /* ascending ids: the last one seals */
    uint8_t index[INDEX_KINDS][KEY_BYTES];
    uint8_t number[KEY_BYTES];
};

static_assert(KEY_BYTES == crypto_kdf_KEYBYTES, "a root feeds crypto_kdf");
static_assert(KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "a row key seals");
static_assert(KEY_BYTES == crypto_secretstream_xchacha20poly1305_KEYBYTES, "a stream key seals");

/* Makes libsodium ready, once; any thread. */
void seal_ready(void);

#endif
