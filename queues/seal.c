#include "queues/seal.h"

#include "queues/seal_keyring.h"
#include "rules/base/arena.h"

#include <assert.h>
#include <string.h>

/* version, key id (big endian), nonce, text: the first two are authenticated, too. */
enum {
    VERSION = 1,
    ID_AT = 1,
    NONCE_AT = ID_AT + 4,
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TEXT_AT = NONCE_AT + NONCE_BYTES,
    NONCE_STOCK = 64,
    TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
};

static_assert(TEXT_AT + TAG_BYTES == SEAL_EXTRA, "the header says how much longer it gets");
static_assert(SEAL_STREAM_HEAD == NONCE_AT + crypto_secretstream_xchacha20poly1305_HEADERBYTES, "stream head");
static_assert(SEAL_CHUNK_EXTRA == crypto_secretstream_xchacha20poly1305_ABYTES, "stream piece");
static_assert(sizeof(((struct seal_stream *)0)->state) >= sizeof(crypto_secretstream_xchacha20poly1305_state),
              "stream state");

static const struct sealing *newest(const struct keyring *k)
{
    return &k->roots[k->n - 1];
}

static const struct sealing *root_of(const struct keyring *k, uint32_t id)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->roots[i].id == id)
            return &k->roots[i];
    return NULL;
}

uint32_t keyring_id(const struct keyring *k)
{
    return newest(k)->id;
}

static void put32(uint8_t *p, uint32_t n)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(n >> (24 - 8 * i));
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* What is authenticated beside the text: the head before the nonce, then bound. */
static struct str with_head(struct arena *a, const uint8_t *head, struct str bound)
{
    char *p = arena_take(a, NONCE_AT + bound.len + 1);

    memcpy(p, head, NONCE_AT);
    if (bound.len > 0)
        memcpy(p + NONCE_AT, bound.at, bound.len);
    return (struct str){p, NONCE_AT + bound.len};
}

/* A nonce must be new, not secret: a thread fetches a stock of them with one call into the kernel, where nine in a
 * filing took one each. Each is used once and wiped; a child of ours execs at once and seals nothing. */
static void nonce_take(uint8_t out[NONCE_BYTES])
{
    static _Thread_local uint8_t stock[NONCE_STOCK][NONCE_BYTES];
    static _Thread_local unsigned left;

    if (left == 0) {
        randombytes_buf(stock, sizeof stock);
        left = NONCE_STOCK;
    }
    left--;
    memcpy(out, stock[left], NONCE_BYTES);
    memset(stock[left], 0, NONCE_BYTES);
}

struct str seal(const struct keyring *k, struct arena *a, struct str plain, struct str bound)
{
    size_t padded = (plain.len / SEAL_PAD + 1) * SEAL_PAD, len;
    uint8_t *out = arena_take(a, TEXT_AT + padded + TAG_BYTES);

    out[0] = VERSION;
    put32(out + ID_AT, keyring_id(k));
    nonce_take(out + NONCE_AT);
    if (plain.len > 0)
        memcpy(out + TEXT_AT, plain.at, plain.len);

    int bad = sodium_pad(&len, out + TEXT_AT, plain.len, SEAL_PAD, padded);

    assert(bad == 0 && len == padded);

    struct str ad = with_head(a, out, bound);

    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(out + TEXT_AT, NULL, out + TEXT_AT, padded, (const uint8_t *)ad.at,
                                                     ad.len, NULL, out + NONCE_AT, newest(k)->row);
    return (struct str){(const char *)out, TEXT_AT + padded + TAG_BYTES};
}

enum err unseal(const struct keyring *k, struct arena *a, struct str sealed, struct str bound, struct str *plain)
{
    const uint8_t *in = (const uint8_t *)sealed.at;

    if (sealed.len < TEXT_AT + SEAL_PAD + TAG_BYTES || in[0] != VERSION)
        return ERR_CORRUPT;

    const struct sealing *root = root_of(k, get32(in + ID_AT));

    if (root == NULL)
        return ERR_ABSENT;

    size_t padded = sealed.len - TEXT_AT - TAG_BYTES, len;
    uint8_t *out = arena_take(a, padded + 1);
    struct str ad = with_head(a, in, bound);

    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, in + TEXT_AT, padded + TAG_BYTES,
                                                   (const uint8_t *)ad.at, ad.len, in + NONCE_AT, root->row) != 0 ||
        sodium_unpad(&len, out, padded, SEAL_PAD) != 0)
        return ERR_CORRUPT;
    out[len] = '\0';
    *plain = (struct str){(const char *)out, len};
    return ERR_OK;
}

static crypto_secretstream_xchacha20poly1305_state *state_of(struct seal_stream *s)
{
    return (void *)s->state;
}

void seal_stream_start(struct seal_stream *s, const struct keyring *k, struct str bound, uint8_t head[SEAL_STREAM_HEAD])
{
    s->bound = bound;
    head[0] = VERSION;
    put32(head + ID_AT, keyring_id(k));
    (void)crypto_secretstream_xchacha20poly1305_init_push(state_of(s), head + NONCE_AT, newest(k)->stream);
}

void seal_stream_push(struct seal_stream *s, struct str plain, bool last, uint8_t *out)
{
    uint8_t tag = last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0;

    assert(plain.len <= SEAL_CHUNK);
    (void)crypto_secretstream_xchacha20poly1305_push(state_of(s), out, NULL, (const uint8_t *)plain.at, plain.len,
                                                     (const uint8_t *)s->bound.at, s->bound.len, tag);
    if (last)
        sodium_memzero(s->state, sizeof s->state);
}

enum err unseal_stream_start(struct seal_stream *s, const struct keyring *k, struct str bound,
                             const uint8_t head[SEAL_STREAM_HEAD])
{
    if (head[0] != VERSION)
        return ERR_CORRUPT;

    const struct sealing *root = root_of(k, get32(head + ID_AT));

    if (root == NULL)
        return ERR_ABSENT;
    s->bound = bound;
    (void)crypto_secretstream_xchacha20poly1305_init_pull(state_of(s), head + NONCE_AT, root->stream);
    return ERR_OK;
}

enum err unseal_stream_pull(struct seal_stream *s, struct str sealed, bool last, uint8_t *out)
{
    uint8_t tag;

    if (sealed.len < SEAL_CHUNK_EXTRA ||
        crypto_secretstream_xchacha20poly1305_pull(state_of(s), out, NULL, &tag, (const uint8_t *)sealed.at, sealed.len,
                                                   (const uint8_t *)s->bound.at, s->bound.len) != 0)
        return ERR_CORRUPT;
    if (last)
        sodium_memzero(s->state, sizeof s->state);
    return (tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL) == last ? ERR_OK : ERR_CORRUPT;
}

void blind_bytes(const struct keyring *k, enum index_kind kind, struct str value, uint8_t out[16])
{
    assert(kind < INDEX_KINDS);
    (void)crypto_generichash(out, 16, (const uint8_t *)value.at, value.len, k->index[kind], KEY_BYTES);
}

struct blind blind_index(const struct keyring *k, enum index_kind kind, struct str value)
{
    struct blind b;
    uint8_t raw[16];

    blind_bytes(k, kind, value, raw);
    (void)sodium_bin2hex(b.at, sizeof b.at, raw, sizeof raw);
    return b;
}

bool blind_equal(const uint8_t a[16], const uint8_t b[16])
{
    return sodium_memcmp(a, b, 16) == 0;
}

/* A balanced Feistel network of two 20-bit halves. Four rounds of a random function
 * already make a permutation that cannot be told from chance by asking for values
 * (Luby and Rackoff 1988); ten cost nothing here and leave room for the small halves. */
enum { NUMBER_ROUNDS = 10, HALF_BITS = 20, HALF_MASK = (1 << HALF_BITS) - 1 };

static uint32_t number_round(const struct keyring *k, int round, uint32_t half)
{
    uint8_t in[5] = {(uint8_t)round}, out[16];

    put32(in + 1, half);
    (void)crypto_generichash(out, sizeof out, in, sizeof in, k->number, KEY_BYTES);
    return get32(out) & HALF_MASK;
}

uint64_t number_hide(const struct keyring *k, uint64_t n)
{
    uint32_t left = (uint32_t)(n >> HALF_BITS), right = (uint32_t)n & HALF_MASK;

    assert(n < UINT64_C(1) << 40);
    for (int i = 0; i < NUMBER_ROUNDS; i++) {
        uint32_t next = left ^ number_round(k, i, right);

        left = right;
        right = next;
    }
    return (uint64_t)left << HALF_BITS | right;
}

uint64_t number_find(const struct keyring *k, uint64_t hidden)
{
    uint32_t left = (uint32_t)(hidden >> HALF_BITS), right = (uint32_t)hidden & HALF_MASK;

    assert(hidden < UINT64_C(1) << 40);
    for (int i = NUMBER_ROUNDS - 1; i >= 0; i--) {
        uint32_t before = right ^ number_round(k, i, left);

        right = left;
        left = before;
    }
    return (uint64_t)left << HALF_BITS | right;
}
