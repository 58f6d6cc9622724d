#include "rules/base/id.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static const char *const prefixes[] = {
#define X(name, prefix) [ID_##name] = prefix,
    ID_KIND_LIST(X)
#undef X
};

struct ulid ulid_make(int64_t time_ms, const uint8_t random[10])
{
    struct ulid u;

    assert(time_ms >= 0 && time_ms < INT64_C(1) << 48);
    for (int i = 0; i < 6; i++)
        u.bytes[i] = (uint8_t)(time_ms >> (40 - 8 * i));
    memcpy(u.bytes + 6, random, 10);
    return u;
}

int64_t ulid_time_ms(struct ulid u)
{
    int64_t t = 0;

    for (int i = 0; i < 6; i++)
        t = t << 8 | u.bytes[i];
    return t;
}

bool ulid_equal(struct ulid a, struct ulid b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

/* 128 bits are read as 130 with two leading zero bits: 26 groups of five. */
void ulid_print(struct ulid u, char out[ULID_CHARS + 1])
{
    unsigned held = 0, bits = 2;
    size_t n = 0;

    for (size_t i = 0; i < sizeof u.bytes; i++) {
        held = held << 8 | u.bytes[i];
        bits += 8;
        while (bits >= 5) {
            bits -= 5;
            out[n++] = alphabet[held >> bits & 31];
        }
        held &= (1u << bits) - 1;
    }
    assert(n == ULID_CHARS && bits == 0);
    out[n] = '\0';
}

/* 0..31, or -1. */
static int digit(char c)
{
    const char *hit = c == '\0' ? NULL : strchr(alphabet, c);

    return hit == NULL ? -1 : (int)(hit - alphabet);
}

bool ulid_parse(struct str s, struct ulid *out)
{
    struct ulid u;
    unsigned held = 0, bits = 0;
    size_t n = 0;

    if (s.len != ULID_CHARS || digit(s.at[0]) > 7)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        int d = digit(s.at[i]);

        if (d < 0)
            return false;
        held = held << 5 | (unsigned)d;
        bits += i == 0 ? 3 : 5;
        if (bits >= 8) {
            bits -= 8;
            u.bytes[n++] = (uint8_t)(held >> bits);
            held &= (1u << bits) - 1;
        }
    }
    *out = u;
    return true;
}

struct ulid ulid_in(struct ulid u, unsigned partition)
{
    assert(partition < 64);
    u.bytes[6] = (uint8_t)(partition << 2 | (u.bytes[6] & 3));
    return u;
}

unsigned ulid_partition(struct ulid u)
{
    return u.bytes[6] >> 2;
}

struct id_text id_print(enum id_kind kind, struct ulid u)
{
    struct id_text t;
    size_t n = strlen(prefixes[kind]);

    memcpy(t.at, prefixes[kind], n);
    t.at[n] = '_';
    ulid_print(u, t.at + n + 1);
    return t;
}

bool id_parse(enum id_kind kind, struct str s, struct ulid *out)
{
    size_t n = strlen(prefixes[kind]);

    if (s.len != n + 1 + ULID_CHARS || memcmp(s.at, prefixes[kind], n) != 0 || s.at[n] != '_')
        return false;
    return ulid_parse((struct str){s.at + n + 1, ULID_CHARS}, out);
}

/* Luhn mod N with N = 32 (ISO/IEC 7812-1 annex B, generalised): from the right,
 * every second value is doubled and its base-32 digits are added. */
static int check_value(const int values[8])
{
    int sum = 0;

    for (int i = 7, factor = 2; i >= 0; i--, factor = 3 - factor) {
        int addend = factor * values[i];

        sum += addend / 32 + addend % 32;
    }
    return (32 - sum % 32) % 32;
}

struct reference reference_print(uint64_t number)
{
    struct reference r;
    int v[8];

    assert(number < UINT64_C(1) << 40);
    for (int i = 0; i < 8; i++)
        v[i] = (int)(number >> (35 - 5 * i) & 31);
    (void)snprintf(r.at, sizeof r.at, "%c%c%c%c-%c%c%c%c-%c", alphabet[v[0]], alphabet[v[1]], alphabet[v[2]],
                   alphabet[v[3]], alphabet[v[4]], alphabet[v[5]], alphabet[v[6]], alphabet[v[7]],
                   alphabet[check_value(v)]);
    return r;
}

static char forgive(char c)
{
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    return c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
}

bool reference_parse(struct str s, uint64_t *number)
{
    int v[9];
    size_t n = 0;
    uint64_t x = 0;

    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == '-' || s.at[i] == ' ')
            continue;

        int d = digit(forgive(s.at[i]));

        if (d < 0 || n == 9)
            return false;
        v[n++] = d;
    }
    if (n != 9 || check_value(v) != v[8])
        return false;
    for (int i = 0; i < 8; i++)
        x = x << 5 | (uint64_t)v[i];
    *number = x;
    return true;
}
