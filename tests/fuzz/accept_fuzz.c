/* Any bytes as Accept, Accept-Encoding, X-Forwarded-For and a list of proxies: answers stay in their ranges. */
#include "gateway/http/accept.h"
#include "gateway/http/peer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool in_range(int quality)
{
    return quality >= 0 && quality <= QUALITY_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *exact = malloc(size + 1);
    struct peers all, parsed;
    struct peer_text peer = {"10.0.0.1"}, again;

    memcpy(exact, data, size);
    exact[size] = '\0';

    struct str s = {exact, size};

    assert(in_range(accept_type(s, "text/html")) && in_range(accept_type(s, "application/json")));
    assert(in_range(accept_coding(s, "br")) && in_range(accept_coding(s, "gzip")));
    assert(peers_parse(&all, "0.0.0.0/0 ::/0"));
    (void)peer_walk(&all, &peer, s);
    assert(peer_parse(str_of(peer.at), &again) && strcmp(peer.at, again.at) == 0);
    if (peers_parse(&parsed, exact))
        assert(parsed.count <= PEERS_MAX);
    free(exact);
    return 0;
}
