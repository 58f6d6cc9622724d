/* asset.h - static answers held in memory, compressed once.
 *
 * A1  an asset is served with ETag, Vary: Accept-Encoding and the best of br, gzip
 *     and identity that the client takes; If-None-Match gives 304;
 * A2  a set is built whole, then only read; the edge swaps sets and frees the old
 *     one when no call uses it any more. */
#ifndef GATEWAY_HTTP_ASSET_H
#define GATEWAY_HTTP_ASSET_H

#include "gateway/http/call.h"

struct assets;
struct asset;

struct assets *assets_open(void);
/* One more reference, of the same set. */
struct assets *assets_hold(struct assets *a);
/* Drops one reference. NULL is allowed. */
void assets_close(struct assets *a);
/* For a set that is made anew while people wait for it: compressed in a twentieth of the time, to a tenth more. */
void assets_hurry(struct assets *set);
/* path "/en/"; headers (copied) go out with it, e.g. content-language, content-security-policy, cache-control.
 * Compresses with brotli 11 and gzip 9 where that is smaller. */
void assets_add(struct assets *set, const char *path, const char *content_type, struct str content,
                const struct call_header *headers, size_t header_count);
const struct asset *assets_find(const struct assets *a, struct str path);
/* A1 for GET and HEAD. The set is held until the answer is sent: nothing is copied. */
void asset_answer(const struct asset *asset, struct call *c);

#endif
