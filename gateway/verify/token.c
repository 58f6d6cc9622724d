#include "gateway/verify/token.h"

#include "gateway/http/call.h"
#include "queues/seal.h"
#include "rules/base/arena.h"

#include <stdio.h>
#include <string.h>

enum { MAC_BYTES = 16, TOKEN_BYTES = sizeof(struct ulid) + MAC_BYTES, COOKIE_DAYS = 90 };

static void mac(const struct keyring *k, enum token_kind kind, struct ulid id, uint64_t reference,
                uint8_t out[MAC_BYTES])
{
    uint8_t bound[sizeof id.bytes + 8];

    memcpy(bound, id.bytes, sizeof id.bytes);
    for (int i = 0; i < 8; i++)
        bound[sizeof id.bytes + (size_t)i] = (uint8_t)(reference >> (56 - 8 * i));
    blind_bytes(k, kind == TOKEN_ITEM ? INDEX_TOKEN : INDEX_FLOW, (struct str){(const char *)bound, sizeof bound}, out);
}

struct str token_make(const struct keyring *k, struct arena *a, enum token_kind kind, struct ulid id,
                      uint64_t reference)
{
    uint8_t bytes[TOKEN_BYTES];

    memcpy(bytes, id.bytes, sizeof id.bytes);
    mac(k, kind, id, reference, bytes + sizeof id.bytes);
    return base64url(a, bytes, sizeof bytes);
}

enum token_kind token_check(const struct keyring *k, struct str s, uint64_t reference, struct ulid *id)
{
    static const enum token_kind kinds[] = {TOKEN_ITEM, TOKEN_FLOW};
    uint8_t bytes[TOKEN_BYTES], right[MAC_BYTES];

    if (!base64url_decode(s, bytes, sizeof bytes))
        return TOKEN_NONE;
    memcpy(id->bytes, bytes, sizeof id->bytes);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        mac(k, kinds[i], *id, reference, right);
        if (blind_equal(right, bytes + sizeof id->bytes))
            return kinds[i];
    }
    return TOKEN_NONE;
}

uint64_t token_reference(const struct keyring *k, struct str typed)
{
    uint64_t number;
    uint8_t bytes[MAC_BYTES];

    if (reference_parse(typed, &number))
        return number;
    blind_bytes(k, INDEX_FLOW, typed, bytes);
    memcpy(&number, bytes, sizeof number);
    return number & ((UINT64_C(1) << 40) - 1);
}

static const char *cookie_name(uint64_t reference, char out[32])
{
    struct reference r = reference_print(reference);

    (void)snprintf(out, 32, "__Host-p-%.4s%.4s%c", r.at, r.at + 5, r.at[10]);
    return out;
}

static struct str bearer(const struct call *c)
{
    struct str s = call_header(c, "authorization"), scheme = str_cut(&s, ' ');

    return str_equal_nocase(scheme, STR("bearer")) ? str_trim(s) : (struct str){NULL, 0};
}

enum token_kind token_of_call(const struct keyring *k, const struct call *c, uint64_t reference, struct ulid *id)
{
    char name[32];
    struct str s = bearer(c);

    if (s.at == NULL)
        s = call_cookie(c, cookie_name(reference, name));
    return s.at == NULL ? TOKEN_NONE : token_check(k, s, reference, id);
}

bool token_by_cookie(const struct call *c)
{
    return bearer(c).at == NULL;
}

void token_set_cookie(struct call *c, uint64_t reference, struct str token)
{
    char name[32];

    call_set_cookie(c, cookie_name(reference, name), token, "Lax", (int64_t)COOKIE_DAYS * 86400);
}
