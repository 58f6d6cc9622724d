/* seal_sign.c - what others sign for us and we check: HMAC-SHA256 and base64; and memory for their secrets. */
#include "queues/seal.h"
#include "queues/seal_keyring.h"
#include "rules/base/arena.h"

#include <stdlib.h>

static_assert(HMAC_BYTES == crypto_auth_hmacsha256_BYTES, "SHA-256");
static_assert(HMAC_BYTES == crypto_auth_hmacsha256_KEYBYTES, "a key of ours is as long");

void hmac_sha256(const uint8_t key[HMAC_BYTES], const struct str *parts, size_t n, uint8_t out[HMAC_BYTES])
{
    crypto_auth_hmacsha256_state state;

    (void)crypto_auth_hmacsha256_init(&state, key, HMAC_BYTES);
    for (size_t i = 0; i < n; i++)
        (void)crypto_auth_hmacsha256_update(&state, (const uint8_t *)parts[i].at, parts[i].len);
    (void)crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof state);
}

bool hmac_equal(const uint8_t a[HMAC_BYTES], const uint8_t b[HMAC_BYTES])
{
    return sodium_memcmp(a, b, HMAC_BYTES) == 0;
}

struct str base64(struct arena *a, const void *bytes, size_t n)
{
    size_t room = sodium_base64_ENCODED_LEN(n, sodium_base64_VARIANT_ORIGINAL);
    char *p = arena_take(a, room);

    (void)sodium_bin2base64(p, room, bytes, n, sodium_base64_VARIANT_ORIGINAL);
    return str_of(p);
}

static bool alphabet(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
              c == '='))
            return false;
    }
    return true;
}

bool base64_decode(struct str s, void *out, size_t n)
{
    size_t len;

    /* libsodium takes some bytes above 0x7F for letters, which would make two texts of one value. */
    if (s.len != (n + 2) / 3 * 4 || !alphabet(s))
        return false;
    return sodium_base642bin(out, n, s.at == NULL ? "" : s.at, s.len, NULL, &len, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           len == n;
}

void *secret_memory(size_t n)
{
    seal_ready();

    void *p = sodium_malloc(n);

    if (p == NULL)
        abort();
    sodium_memzero(p, n);
    return p;
}

void secret_memory_free(void *p)
{
    sodium_free(p);
}

void secret_wipe(void *p, size_t n)
{
    sodium_memzero(p, n);
}
