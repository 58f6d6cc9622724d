/* peer.h - whose request it is, where proxies stand before us.
 *
 * V1  only what a trusted address says about others is believed: walking from the
 *     socket's address through X-Forwarded-For from the right, the first address
 *     that is not trusted is the client. */
#ifndef GATEWAY_HTTP_PEER_H
#define GATEWAY_HTTP_PEER_H

#include "rules/base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum { PEERS_MAX = 32, PEER_CHARS = 45 };

struct peer_text {
    char at[PEER_CHARS + 1]; /* numeric; IPv4 in IPv6 as IPv4 */
};

struct peers {
    size_t count;
    struct {
        uint8_t bytes[16]; /* IPv6, or IPv4 mapped into it */
        int bits;
    } nets[PEERS_MAX];
};

/* Space separated numeric addresses or CIDR blocks; NULL and "" give none. False for anything else, or too many. */
bool peers_parse(struct peers *out, const char *text);
bool peers_have(const struct peers *p, const struct peer_text *address);
/* Numeric addresses only, also "1.2.3.4:80" and "[::1]:80". */
bool peer_parse(struct str s, struct peer_text *out);
/* V1. forwarded: the value of one X-Forwarded-For line, applied to *peer; call it for the last line first, as
 * long as it answers true (the leftmost address of the line is trusted, too). */
bool peer_walk(const struct peers *trusted, struct peer_text *peer, struct str forwarded);

#endif
