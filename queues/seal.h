/* seal.h - the keys, and everything that is done with them.
 *
 * K1  keys live in locked memory and in files of mode 0600 under the key folder;
 *     they are never in Redis, logs, metrics or core dumps;
 * K2  what is sealed says which key sealed it: version, key id, nonce, then
 *     XChaCha20-Poly1305 (libsodium crypto_aead_xchacha20poly1305_ietf) over the
 *     text padded to SEAL_PAD bytes, bound to `bound` (the record's id or ulid|op|...);
 * K3  an index is BLAKE2b keyed per kind: equal values of one kind are equal, and
 *     nothing else can be told without the key;
 * K4  every purpose has a key of its own, derived by crypto_kdf from a root key:
 *     what is sealed from the newest, indices and numbers from root-1.key for
 *     ever, because an index that changes finds nothing. So root-1.key never goes. */
#ifndef QUEUES_SEAL_H
#define QUEUES_SEAL_H

#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/base/text.h"

#include <stdint.h>

struct arena;
struct keyring;

enum { SEAL_PAD = 32, KEYRING_WHY_BYTES = 200, KEYRING_KEYS_MAX = 16 };

/* Opens the root key(s) `root-<id>.key` in folder (made with mode 0700; where
 * there is no key at all and make is true a fresh one is written, fsynced, folder
 * fsynced). A file is 64 lower-case hex digits and a newline, so that it can be
 * kept on paper. The highest id seals, all of them open. To rotate: write another
 * file with the next id and start again.
 *   ERR_ABSENT  no key and make is false, or keys without root-1.key;
 *   ERR_DENIED  folder or file open to others, or not readable;
 *   ERR_CORRUPT a file that is not such a key, or more than KEYRING_KEYS_MAX;
 *   ERR_IO      all else. `why` says what to do. */
enum err keyring_open(struct keyring **out, const char *folder, bool make, char why[KEYRING_WHY_BYTES]);
/* Wipes. NULL is allowed. */
void keyring_close(struct keyring *k);
/* The id of the key that seals now, as in the file's name; > 0. */
uint32_t keyring_id(const struct keyring *k);

/* Seals plain; the result lives in a. SEAL_EXTRA bytes and the padding longer. */
enum { SEAL_EXTRA = 1 + 4 + 24 + 16 };
struct str seal(const struct keyring *k, struct arena *a, struct str plain, struct str bound);
/* ERR_CORRUPT where it was changed or bound to something else; ERR_ABSENT where the key is gone. */
enum err unseal(const struct keyring *k, struct arena *a, struct str sealed, struct str bound, struct str *plain);

/* The same for what is too large to hold twice: a head, then pieces of SEAL_CHUNK
 * bytes, each SEAL_CHUNK_EXTRA longer when sealed, the last one marked as such and
 * shorter or empty. crypto_secretstream_xchacha20poly1305; every piece is bound. */
enum { SEAL_CHUNK = 64 * 1024, SEAL_CHUNK_EXTRA = 17, SEAL_STREAM_HEAD = 1 + 4 + 24 };

struct seal_stream {
    struct str bound; /* borrowed until the end */
    unsigned char state[64];
};

void seal_stream_start(struct seal_stream *s, const struct keyring *k, struct str bound,
                       uint8_t head[SEAL_STREAM_HEAD]);
/* out: plain.len + SEAL_CHUNK_EXTRA bytes. last wipes the state. */
void seal_stream_push(struct seal_stream *s, struct str plain, bool last, uint8_t *out);
/* As unseal(). A stream that answered anything but ERR_OK must not be read on. */
enum err unseal_stream_start(struct seal_stream *s, const struct keyring *k, struct str bound,
                             const uint8_t head[SEAL_STREAM_HEAD]);
/* out: sealed.len - SEAL_CHUNK_EXTRA bytes. ERR_CORRUPT also where the piece is marked as the last
 * and last is false, or the other way round. */
enum err unseal_stream_pull(struct seal_stream *s, struct str sealed, bool last, uint8_t *out);

#define INDEX_LIST(X)                                                                  \
    X(EMAIL, "ixemail_") /* canonical address, rules/address.h */                      \
    X(PHONE, "ixphone_") /* E.164 */                                                   \
    X(SITE, "ixsite__")  /* canonical site id or host */                               \
    X(INVOICE, "ixinvoic")                                                             \
    X(HANDLE, "ixhandle")   /* platform and author of a post */                        \
    X(NAME, "ixname__")     /* a person's or an organisation's name in normal form */  \
    X(WORD, "ixword__")     /* one word of a name or a subject */                      \
    X(BLOCK, "ixblock_")    /* what may be of one customer meets there: match.h */     \
    X(EXTERNAL, "ixextern") /* Message-ID, call, post, ticket of a desk */             \
    X(DOMAIN, "ixdomain")   /* company domain, A-label, lower case */                  \
    X(VENDOR, "ixvendor")   /* the vendor's customer id of a contacts file */          \
    X(CONTACT, "ixcontac")  /* one record of one source */                             \
    X(CLUSTER, "ixcluste")  /* what bystanders post about */                           \
    X(KEY, "ixidemp_")      /* Idempotency-Key */                                      \
    X(BODY, "ixbody__")     /* the body sent with it */                                \
    X(REPEAT, "ixrepeat")   /* same address, same words */                             \
    X(SESSION, "ixsessio")  /* a staff session's cookie */                             \
    X(STAFF, "ixstaff_")    /* a staff name */                                         \
    X(RATE, "ixrate__")     /* an address or prefix that is counted */                 \
    X(CODE, "ixcode__")     /* a one-time code with its flow, purpose and recipient */ \
    X(TOKEN, "ixtoken_")    /* the token of an item: MAC over its ULID */              \
    X(FLOW, "ixflow__")     /* the token of a flow */                                  \
    X(REPLY, "ixreply_")    /* our own Message-IDs and reply addresses */              \
    X(FILE, "ixfile__")     /* content of files and of their parts */                  \
    X(AUDIT, "ixaudit_")    /* who wrote an audit entry */

enum index_kind {
#define X(name, context) INDEX_##name,
    INDEX_LIST(X)
#undef X
        INDEX_KINDS
};

/* 128 bits as 32 lower-case hex digits and a NUL. */
struct blind {
    char at[33];
};

struct blind blind_index(const struct keyring *k, enum index_kind kind, struct str value);
/* The same 16 bytes, raw. */
void blind_bytes(const struct keyring *k, enum index_kind kind, struct str value, uint8_t out[16]);
/* Constant time. */
bool blind_equal(const uint8_t a[16], const uint8_t b[16]);

/* A bijection on 0..2^40-1 (Feistel network keyed by BLAKE2b), so that numbers
 * given out in order cannot be guessed from one another. */
uint64_t number_hide(const struct keyring *k, uint64_t n);
uint64_t number_find(const struct keyring *k, uint64_t hidden);

/* One-time code: uniform in 0..99999999, 8 digits and a NUL. */
void code_make(char out[9]);
/* Fresh ULID for now, strictly growing within the process. Thread-safe. */
struct ulid ulid_fresh(void);
/* n random bytes, and the same as base64url without padding ((4n+2)/3 characters and a NUL). */
void random_bytes(void *out, size_t n);
struct str random_token(struct arena *a, size_t n);
/* base64url without padding. Decode answers false for any byte outside the alphabet or non-canonical end. */
struct str base64url(struct arena *a, const void *bytes, size_t n);
bool base64url_decode(struct str s, void *out, size_t n);

/* ---- what others sign with a secret that they share with us ---- */

enum { HMAC_BYTES = 32 };
/* HMAC-SHA256 (RFC 2104) over n parts, one behind the other. */
void hmac_sha256(const uint8_t key[HMAC_BYTES], const struct str *parts, size_t n, uint8_t out[HMAC_BYTES]);
/* Constant time. */
bool hmac_equal(const uint8_t a[HMAC_BYTES], const uint8_t b[HMAC_BYTES]);
/* base64 with padding (RFC 4648 4), NUL-terminated in a. Decode answers false for whatever base64() would not print of n
 * bytes: other letters, white space, an end that is not canonical. */
struct str base64(struct arena *a, const void *bytes, size_t n);
bool base64_decode(struct str s, void *out, size_t n);

/* Zeroed memory for secrets: locked, not dumped, wiped when it goes. Never fails: without it nothing may go on. */
void *secret_memory(size_t n);
/* NULL is allowed. */
void secret_memory_free(void *p);
void secret_wipe(void *p, size_t n);

/* Partition of an account id, BLAKE2b-64(unkeyed, 16 bytes), read as a big-endian number, mod 64:
 * fixed for ever. */
unsigned partition_of(struct ulid account);

/* Argon2id (crypto_pwhash_str, 64 MiB, 2 passes). out: 128 bytes. ~230 ms: only in a slot for slow hashing.
 * ERR_BUSY where the memory cannot be had. */
enum err password_hash(char out[128], struct str password);
bool password_matches(const char hash[128], struct str password);

#endif
