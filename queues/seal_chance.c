/* seal_chance.c - chance, names made of it, and passwords: what needs no keyring. */
#include "queues/clock.h"
#include "queues/seal.h"
#include "queues/seal_keyring.h"
#include "rules/base/arena.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void start_sodium(void)
{
    if (sodium_init() < 0)
        abort(); /* no source of chance: nothing may go on */
}

void seal_ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, start_sodium);
}

void random_bytes(void *out, size_t n)
{
    seal_ready();
    randombytes_buf(out, n);
}

void code_make(char out[9])
{
    seal_ready();
    (void)snprintf(out, 9, "%08u", (unsigned)randombytes_uniform(100000000));
}

/* Adds one to the 80 random bits; false where they overflow. */
static bool count_up(uint8_t random[10])
{
    for (int i = 9; i >= 0; i--)
        if (++random[i] != 0)
            return true;
    return false;
}

struct ulid ulid_fresh(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static int64_t latest_ms = -1;
    static uint8_t random[10];
    int64_t now_ms = clock_now_ms();

    seal_ready();
    (void)pthread_mutex_lock(&lock);
    if (now_ms > latest_ms) {
        latest_ms = now_ms;
        randombytes_buf(random, sizeof random);
    } else if (!count_up(random)) {
        latest_ms++;
    }

    struct ulid u = ulid_make(latest_ms, random);

    (void)pthread_mutex_unlock(&lock);
    return u;
}

struct str base64url(struct arena *a, const void *bytes, size_t n)
{
    size_t room = sodium_base64_ENCODED_LEN(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *p = arena_take(a, room);

    (void)sodium_bin2base64(p, room, bytes, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return str_of(p);
}

static bool base64url_alphabet(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
    }
    return true;
}

bool base64url_decode(struct str s, void *out, size_t n)
{
    size_t len;

    /* libsodium takes some bytes above 0x7F for letters, which would make two texts of one value. */
    if (s.len != (4 * n + 2) / 3 || !base64url_alphabet(s))
        return false;
    return sodium_base642bin(out, n, s.at == NULL ? "" : s.at, s.len, NULL, &len, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
           len == n;
}

struct str random_token(struct arena *a, size_t n)
{
    uint8_t *bytes = arena_take(a, n);

    random_bytes(bytes, n);
    return base64url(a, bytes, n);
}

unsigned partition_of(struct ulid account)
{
    uint8_t out[8];
    int bad = crypto_generichash(out, sizeof out, account.bytes, sizeof account.bytes, NULL, 0);

    assert(bad == 0);
    return out[7] % 64;
}

enum { PASSWORD_PASSES = 2, PASSWORD_MEMORY = 64 * 1024 * 1024 };

static_assert(crypto_pwhash_STRBYTES == 128, "the header says 128");

enum err password_hash(char out[128], struct str password)
{
    seal_ready();
    return crypto_pwhash_str_alg(out, password.at == NULL ? "" : password.at, password.len, PASSWORD_PASSES,
                                 PASSWORD_MEMORY, crypto_pwhash_ALG_ARGON2ID13) == 0
               ? ERR_OK
               : ERR_BUSY;
}

bool password_matches(const char hash[128], struct str password)
{
    seal_ready();
    return crypto_pwhash_str_verify(hash, password.at == NULL ? "" : password.at, password.len) == 0;
}
