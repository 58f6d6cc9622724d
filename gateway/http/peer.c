#include "gateway/http/peer.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

/* IPv4 becomes ::ffff:a.b.c.d. *bits: of the address family. */
static bool to_bytes(struct str s, uint8_t out[16], int *bits)
{
    char text[PEER_CHARS + 1];

    if (s.len == 0 || s.len > PEER_CHARS || memchr(s.at, '\0', s.len) != NULL)
        return false;
    memcpy(text, s.at, s.len);
    text[s.len] = '\0';
    *bits = 128;
    if (inet_pton(AF_INET6, text, out) == 1)
        return true;
    *bits = 32;
    memcpy(out, mapped, sizeof mapped);
    return inet_pton(AF_INET, text, out + sizeof mapped) == 1;
}

static void from_bytes(const uint8_t in[16], struct peer_text *out)
{
    if (memcmp(in, mapped, sizeof mapped) == 0)
        (void)inet_ntop(AF_INET, in + sizeof mapped, out->at, sizeof out->at);
    else
        (void)inet_ntop(AF_INET6, in, out->at, sizeof out->at);
}

static bool parse_net(struct str word, uint8_t bytes[16], int *bits)
{
    struct str address = str_cut(&word, '/');
    int64_t given;
    int most;

    if (!to_bytes(address, bytes, &most))
        return false;
    if (word.at == NULL)
        given = most;
    else if (!str_number(word, &given) || given > most)
        return false;
    *bits = (int)given + 128 - most;
    return true;
}

bool peers_parse(struct peers *out, const char *text)
{
    struct str rest = str_of(text);

    *out = (struct peers){0};
    while (rest.len > 0) {
        struct str word = str_cut(&rest, ' ');

        if (word.len == 0)
            continue;
        if (out->count == PEERS_MAX || !parse_net(word, out->nets[out->count].bytes, &out->nets[out->count].bits))
            return false;
        out->count++;
    }
    return true;
}

static bool same_prefix(const uint8_t a[16], const uint8_t b[16], int bits)
{
    size_t whole = (size_t)bits / 8;
    int rest = bits % 8;

    return memcmp(a, b, whole) == 0 && (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

bool peers_have(const struct peers *p, const struct peer_text *address)
{
    uint8_t bytes[16];
    int bits;

    if (p->count == 0 || !to_bytes(str_of(address->at), bytes, &bits))
        return false;
    for (size_t i = 0; i < p->count; i++)
        if (same_prefix(bytes, p->nets[i].bytes, p->nets[i].bits))
            return true;
    return false;
}

static struct str without_port(struct str s)
{
    if (s.len > 0 && s.at[0] == '[') {
        s = (struct str){s.at + 1, s.len - 1};
        return str_cut(&s, ']');
    }

    const char *colon = s.len > 0 ? memchr(s.at, ':', s.len) : NULL;

    if (colon != NULL && memchr(colon + 1, ':', s.len - (size_t)(colon + 1 - s.at)) == NULL)
        s.len = (size_t)(colon - s.at);
    return s;
}

bool peer_parse(struct str s, struct peer_text *out)
{
    uint8_t bytes[16];
    int bits;

    if (!to_bytes(without_port(str_trim(s)), bytes, &bits))
        return false;
    from_bytes(bytes, out);
    return true;
}

static struct str cut_last(struct str *s)
{
    const char *comma = s->len > 0 ? memrchr(s->at, ',', s->len) : NULL;
    struct str last = *s;

    if (comma == NULL) {
        *s = (struct str){NULL, 0};
        return last;
    }
    s->len = (size_t)(comma - s->at);
    return (struct str){comma + 1, last.len - s->len - 1};
}

bool peer_walk(const struct peers *trusted, struct peer_text *peer, struct str forwarded)
{
    while (forwarded.at != NULL && peers_have(trusted, peer)) {
        struct peer_text before;

        if (!peer_parse(cut_last(&forwarded), &before))
            return false;
        *peer = before;
    }
    return peers_have(trusted, peer);
}
