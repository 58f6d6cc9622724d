#include "gateway/channels/signature.h"

#include "gateway/http/call.h"

#include <stdlib.h>

enum { TIMESTAMP_CHARS_MIN = 10, TIMESTAMP_CHARS_MAX = 11 };

/* The header of that name, where it came once. */
static bool only(const struct call *c, const char *name, struct str *out)
{
    *out = call_header(c, name);
    return call_header_times(c, name) == 1 && out->len > 0;
}

static bool id_valid(struct str s)
{
    if (s.len > SIGNATURE_ID_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
            return false;
    }
    return true;
}

/* S2. str_number() refuses signs, leading zeros and anything that is no digit. */
static bool is_fresh(struct str s, int64_t now_ms)
{
    int64_t at_s;

    return s.len >= TIMESTAMP_CHARS_MIN && s.len <= TIMESTAMP_CHARS_MAX && str_number(s, &at_s) &&
           llabs(at_s - now_ms / 1000) <= SIGNATURE_AGE_S;
}

static bool read_signatures(struct str s, struct signature *out)
{
    size_t seen = 0;

    if (s.len > SIGNATURES_BYTES_MAX)
        return false;
    for (struct str rest = s; rest.at != NULL;) {
        struct str one = str_cut(&rest, ' '), version = str_cut(&one, ',');

        if (version.len == 0 || one.len == 0 || ++seen > SIGNATURES_MAX)
            return false;
        if (!str_is(version, "v1"))
            continue;
        if (!base64_decode(one, out->mac[out->n], HMAC_BYTES))
            return false;
        out->n++;
    }
    return true;
}

bool signature_read(const struct call *c, int64_t now_ms, struct signature *out)
{
    struct str signatures;

    *out = (struct signature){0};
    return only(c, "webhook-id", &out->id) && only(c, "webhook-timestamp", &out->timestamp) &&
           only(c, "webhook-signature", &signatures) && id_valid(out->id) && is_fresh(out->timestamp, now_ms) &&
           read_signatures(signatures, out);
}

bool signature_fits(const struct signature *s, struct str body, const uint8_t key[HMAC_BYTES])
{
    const struct str parts[] = {s->id, STR("."), s->timestamp, STR("."), body};
    uint8_t mac[HMAC_BYTES];
    bool fits = false;

    hmac_sha256(key, parts, sizeof parts / sizeof parts[0], mac);
    for (size_t i = 0; i < s->n; i++)
        fits |= hmac_equal(mac, s->mac[i]);
    secret_wipe(mac, sizeof mac);
    return fits;
}
