/* post.h - one event on its way to one receiver: a signed POST on libcurl.
 *
 * P1  signed as Standard Webhooks 1.0.0 says: webhook-id (the event's), webhook-timestamp (of this try),
 *     webhook-signature "v1,BASE64" of HMAC-SHA256 over "id.timestamp.body";
 * P2  no redirect is followed, no proxy used, no cookie kept; where it may lead is address.h (D2, D3); the answer's
 *     body is thrown away, and its end not waited for beyond HOOK_ANSWER_MAX bytes;
 * P3  it takes HOOK_POST_MS at most. */
#ifndef GATEWAY_HOOKS_POST_H
#define GATEWAY_HOOKS_POST_H

#include "queues/hook_receiver.h"
#include "rules/base/id.h"

#include <curl/curl.h>

enum { HOOK_POST_MS = 10 * 1000, HOOK_CONNECT_MS = 5 * 1000, HOOK_ANSWER_MAX = 64 * 1024, HOOK_WHY_BYTES = 96 };

struct hook_post {
    CURL *easy;
    struct curl_slist *headers;
    char *body;
    size_t answered;                      /* bytes of the answer */
    bool plain, private_address, refused; /* refused: D3 */
};

struct hook_outcome {
    bool told;                /* 2xx */
    bool gone;                /* 410 */
    int64_t wait_ms;          /* what the receiver asked for, 0 nothing, at most an hour */
    char why[HOOK_WHY_BYTES]; /* where not told */
};

/* ca_file: NULL for the system's. False where the address is not usable; nothing was begun then. */
bool hook_post_begin(struct hook_post *p, const struct hook_receiver *to, struct ulid event, struct str body,
                     int64_t now_ms, const char *ca_file);
/* After the transfer; also lets go of what begin() took. */
void hook_post_end(struct hook_post *p, CURLcode rc, struct hook_outcome *out);
/* base64 of P1's signature, in out. Pure. */
enum { HOOK_SIGNATURE_BYTES = 48 };
void hook_sign(const uint8_t key[HMAC_BYTES], const char *id, int64_t seconds, struct str body,
               char out[HOOK_SIGNATURE_BYTES]);

#endif
