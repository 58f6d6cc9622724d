/* signature.h - the three headers of Standard Webhooks 1.0.0, read more strictly than its libraries do. Pure.
 *
 * Signed is "<webhook-id>.<webhook-timestamp>.<body>", the bytes as they came: nothing is written anew before it is
 * checked, and an id holds no dot, so that no two messages are signed alike.
 *
 * S1  exactly one of each header; an id of [A-Za-z0-9_-]{1,64}; a timestamp in seconds without sign, leading zero or
 *     anything behind it; at most SIGNATURES_MAX signatures, each "<version>,<base64>" between single spaces;
 * S2  older or newer than SIGNATURE_AGE_S: refused, whoever signed;
 * S3  v1 alone counts: HMAC-SHA256 in canonical base64. Others are passed over, and are no reason to believe. */
#ifndef GATEWAY_CHANNELS_SIGNATURE_H
#define GATEWAY_CHANNELS_SIGNATURE_H

#include "queues/seal.h"
#include "rules/base/text.h"

struct call;

enum { SIGNATURES_MAX = 8, SIGNATURES_BYTES_MAX = 1024, SIGNATURE_ID_MAX = 64, SIGNATURE_AGE_S = 300 };

struct signature {
    struct str id, timestamp; /* as they came, borrowed from the call */
    size_t n;
    uint8_t mac[SIGNATURES_MAX][HMAC_BYTES];
};

/* False where S1 or S2 refuses it. What is left may still have no v1 signature: then it fits nobody. */
bool signature_read(const struct call *c, int64_t now_ms, struct signature *out);
/* Did the holder of the key sign that body? Takes as long whichever of them fits. */
bool signature_fits(const struct signature *s, struct str body, const uint8_t key[HMAC_BYTES]);

#endif
