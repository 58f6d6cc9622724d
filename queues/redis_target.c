/* redis_target.c - where a given server is, from the words of the configuration. */
#include "queues/redis.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static bool refuse(char *why, size_t why_bytes, const char *text)
{
    (void)snprintf(why, why_bytes, "%s", text);
    return false;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    for (; bits >= 8; bits -= 8)
        if (*a++ != *b++)
            return false;
    return bits == 0 || ((*a ^ *b) >> (8 - bits)) == 0;
}

/* Loopback and private networks: what is said to Redis is not encrypted on the way. */
static bool near_by(const char *host, bool *numeric)
{
    static const struct {
        int family;
        unsigned bits;
        const char *net;
    } nets[] = {
        {AF_INET, 8, "127.0.0.0"},    {AF_INET, 8, "10.0.0.0"},    {AF_INET, 12, "172.16.0.0"}, /* RFC 1918 */
        {AF_INET, 16, "192.168.0.0"}, {AF_INET, 10, "100.64.0.0"},                              /* RFC 6598 */
        {AF_INET, 16, "169.254.0.0"}, {AF_INET6, 128, "::1"},      {AF_INET6, 7, "fc00::"},     /* RFC 4193 */
        {AF_INET6, 10, "fe80::"},
    };
    uint8_t ip[16], net[16];
    int family = strchr(host, ':') == NULL ? AF_INET : AF_INET6;

    *numeric = inet_pton(family, host, ip) == 1;
    for (size_t i = 0; *numeric && i < sizeof nets / sizeof nets[0]; i++)
        if (nets[i].family == family && inet_pton(family, nets[i].net, net) == 1 && same_bits(ip, net, nets[i].bits))
            return true;
    return false;
}

static bool parse_unix(struct str s, struct redis_target *out, char *why, size_t why_bytes)
{
    struct redis_target t = {0};

    if (s.len == 0 || memchr(s.at, '\0', s.len) != NULL)
        return refuse(why, why_bytes, "unix: needs the path of a socket");
    if (s.len >= sizeof t.path)
        return refuse(why, why_bytes, "the path of a unix socket has at most 107 bytes");
    memcpy(t.path, s.at, s.len);
    *out = t;
    return true;
}

/* The last colon stands before the port; an IPv6 address may stand in brackets. */
static bool parse_tcp(struct str s, struct redis_target *out, char *why, size_t why_bytes)
{
    struct redis_target t = {0};
    const char *colon = s.len == 0 ? NULL : memrchr(s.at, ':', s.len);
    struct str host = colon == NULL ? s : (struct str){s.at, (size_t)(colon - s.at)};
    int64_t port = 0;
    bool numeric = false;

    if (colon == NULL || !str_number((struct str){colon + 1, s.len - host.len - 1}, &port) || port < 1 || port > 65535)
        return refuse(why, why_bytes, "tcp: needs host:port, with a port from 1 to 65535");
    if (host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']')
        host = (struct str){host.at + 1, host.len - 2};
    if (host.len == 0 || host.len >= sizeof t.host || memchr(host.at, '\0', host.len) != NULL)
        return refuse(why, why_bytes, "tcp: needs host:port");
    memcpy(t.host, host.at, host.len);
    t.port = (int)port;
    if (strcmp(t.host, "localhost") != 0 && !near_by(t.host, &numeric))
        return refuse(why, why_bytes,
                      numeric ? "Redis is spoken to without encryption: its address must be on loopback or in a "
                                "private network"
                              : "the host of Redis must be a numeric address or localhost");
    *out = t;
    return true;
}

bool redis_target_parse(struct str s, struct redis_target *out, char *why, size_t why_bytes)
{
    struct str rest = s, kind = str_cut(&rest, ':');

    if (str_is(kind, "unix") && rest.at != NULL)
        return parse_unix(rest, out, why, why_bytes);
    if (str_is(kind, "tcp") && rest.at != NULL)
        return parse_tcp(rest, out, why, why_bytes);
    if (str_is(kind, "sentinel") || str_is(kind, "cluster"))
        return refuse(why, why_bytes, "sentinel: and cluster: are not served by this version: use unix: or tcp:");
    return refuse(why, why_bytes, "is neither embedded nor unix:/path nor tcp:host:port");
}
