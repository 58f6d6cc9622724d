#include "gateway/hooks/address.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* ---- D3 ---- */

/* What is not global of IPv4 (RFC 6890 and the registry); multicast and what is reserved, too. */
static const struct {
    uint32_t net;
    int bits;
} not_public[] = {
    {0x00000000, 8},  /* this network */
    {0x0a000000, 8},  /* private */
    {0x64400000, 10}, /* behind a carrier */
    {0x7f000000, 8},  /* loopback */
    {0xa9fe0000, 16}, /* link-local */
    {0xac100000, 12}, /* private */
    {0xc0000000, 24}, /* protocol assignments */
    {0xc0000200, 24}, /* documentation */
    {0xc0586300, 24}, /* 6to4 relays */
    {0xc0a80000, 16}, /* private */
    {0xc6120000, 15}, /* benchmarks */
    {0xc6336400, 24}, /* documentation */
    {0xcb007100, 24}, /* documentation */
    {0xe0000000, 3},  /* multicast, reserved, broadcast */
};

static bool public4(uint32_t address)
{
    for (size_t i = 0; i < sizeof not_public / sizeof not_public[0]; i++)
        if ((address ^ not_public[i].net) >> (32 - not_public[i].bits) == 0)
            return false;
    return true;
}

static uint32_t tail4(const struct in6_addr *a)
{
    const uint8_t *b = a->s6_addr + 12;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Of IPv6 only 2000::/3 was ever given out; in it lie tunnels to anywhere and examples. */
static bool public6(const struct in6_addr *a)
{
    const uint8_t *b = a->s6_addr;

    if (IN6_IS_ADDR_V4MAPPED(a))
        return public4(tail4(a));
    if ((b[0] & 0xe0) != 0x20)
        return false;
    if (b[0] == 0x20 && b[1] == 0x01 && (b[2] < 0x02 || (b[2] == 0x0d && b[3] == 0xb8)))
        return false; /* 2001::/23 with Teredo, 2001:db8::/32 */
    return !(b[0] == 0x20 && b[1] == 0x02) && !(b[0] == 0x3f && b[1] == 0xff && b[2] < 0x10); /* 6to4, 3fff::/20 */
}

bool address_is_public(const struct sockaddr *to)
{
    if (to->sa_family == AF_INET)
        return public4(ntohl(((const struct sockaddr_in *)to)->sin_addr.s_addr));
    return to->sa_family == AF_INET6 && public6(&((const struct sockaddr_in6 *)to)->sin6_addr);
}

static bool is_loopback(const struct sockaddr *to)
{
    const struct in6_addr *six = &((const struct sockaddr_in6 *)to)->sin6_addr;

    if (to->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)to)->sin_addr.s_addr) >> 24 == 127;
    return to->sa_family == AF_INET6 &&
           (IN6_IS_ADDR_LOOPBACK(six) || (IN6_IS_ADDR_V4MAPPED(six) && tail4(six) >> 24 == 127));
}

bool hook_address_may(const struct sockaddr *to, bool plain, bool private_address)
{
    return plain ? is_loopback(to) : private_address || address_is_public(to);
}

/* ---- D1 ---- */

static bool says_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 || strncmp(host, "127.", 4) == 0;
}

static bool fail(char *why, size_t why_bytes, const char *text)
{
    (void)snprintf(why, why_bytes, "%s", text);
    return false;
}

static bool has(CURLU *u, CURLUPart part)
{
    char *text = NULL;
    bool there = curl_url_get(u, part, &text, 0) == CURLUE_OK;

    curl_free(text);
    return there;
}

static bool judge(CURLU *u, char host[256], bool *plain, char *why, size_t why_bytes)
{
    char *scheme = NULL, *name = NULL;
    bool good = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                curl_url_get(u, CURLUPART_HOST, &name, 0) == CURLUE_OK && strlen(name) < 256;

    if (good) {
        size_t len = strlen(name);
        bool brackets = name[0] == '[' && name[len - 1] == ']';

        (void)snprintf(host, 256, "%.*s", (int)(brackets ? len - 2 : len), brackets ? name + 1 : name);
        *plain = strcmp(scheme, "http") == 0;
        if (!*plain && strcmp(scheme, "https") != 0)
            good = fail(why, why_bytes, "an address begins with https://");
        else if (*plain && !says_loopback(host))
            good = fail(why, why_bytes, "http:// may lead to this machine only: use https://");
        else if (has(u, CURLUPART_USER) || has(u, CURLUPART_PASSWORD) || has(u, CURLUPART_FRAGMENT))
            good = fail(why, why_bytes, "an address has no user, password or #fragment");
    } else {
        (void)fail(why, why_bytes, "this is no address");
    }
    curl_free(scheme);
    curl_free(name);
    return good;
}

bool hook_address_parse(struct str url, char host[256], bool *plain, char *why, size_t why_bytes)
{
    char text[1024];
    CURLU *u;
    bool good;

    if (url.len == 0 || url.len >= sizeof text)
        return fail(why, why_bytes, "this is no address");
    for (size_t i = 0; i < url.len; i++)
        if (url.at[i] <= ' ' || url.at[i] == '\x7f')
            return fail(why, why_bytes, "an address has no blanks");
    (void)snprintf(text, sizeof text, "%.*s", (int)url.len, url.at);
    u = curl_url();
    good = curl_url_set(u, CURLUPART_URL, text, 0) == CURLUE_OK ? judge(u, host, plain, why, why_bytes)
                                                                : fail(why, why_bytes, "this is no address");
    curl_url_cleanup(u);
    return good;
}
