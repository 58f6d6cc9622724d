/* address: where an event may be sent (D1, D3), and how it is signed. */
#include "gateway/hooks/address.h"

#include "gateway/hooks/post.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

enum { NO, YES };

static const struct {
    const char *address;
    int global, loopback;
} addresses[] = {
    {"8.8.8.8", YES, NO},
    {"1.1.1.1", YES, NO},
    {"9.255.255.255", YES, NO},
    {"10.0.0.0", NO, NO},
    {"10.255.255.255", NO, NO},
    {"11.0.0.0", YES, NO},
    {"0.0.0.0", NO, NO},
    {"100.63.255.255", YES, NO},
    {"100.64.0.1", NO, NO},
    {"100.127.255.255", NO, NO},
    {"100.128.0.0", YES, NO},
    {"127.0.0.1", NO, YES},
    {"127.255.0.9", NO, YES},
    {"169.254.169.254", NO, NO},
    {"172.15.0.1", YES, NO},
    {"172.16.0.1", NO, NO},
    {"172.31.255.255", NO, NO},
    {"172.32.0.0", YES, NO},
    {"192.0.0.8", NO, NO},
    {"192.0.1.1", YES, NO},
    {"192.0.2.1", NO, NO},
    {"192.88.99.1", NO, NO},
    {"192.168.4.4", NO, NO},
    {"198.17.0.1", YES, NO},
    {"198.18.0.1", NO, NO},
    {"198.19.255.255", NO, NO},
    {"198.51.100.7", NO, NO},
    {"203.0.113.7", NO, NO},
    {"224.0.0.1", NO, NO},
    {"255.255.255.255", NO, NO},
    {"::", NO, NO},
    {"::1", NO, YES},
    {"::ffff:127.0.0.1", NO, YES},
    {"::ffff:10.0.0.1", NO, NO},
    {"::ffff:8.8.8.8", YES, NO},
    {"64:ff9b::10.0.0.1", NO, NO},
    {"2001::1", NO, NO},
    {"2001:200::1", YES, NO},
    {"2001:db8::1", NO, NO},
    {"2002:0a00:0001::1", NO, NO},
    {"2606:4700::1111", YES, NO},
    {"3fff::1", NO, NO},
    {"3fff:1000::1", YES, NO},
    {"fc00::1", NO, NO},
    {"fe80::1", NO, NO},
    {"fec0::1", NO, NO},
    {"ff02::1", NO, NO},
};

static void test_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        struct sockaddr_in four = {.sin_family = AF_INET};
        struct sockaddr_in6 six = {.sin6_family = AF_INET6};
        const struct sockaddr *to = (const struct sockaddr *)&four;

        if (inet_pton(AF_INET, addresses[i].address, &four.sin_addr) != 1) {
            assert_int_equal(inet_pton(AF_INET6, addresses[i].address, &six.sin6_addr), 1);
            to = (const struct sockaddr *)&six;
        }
        if (address_is_public(to) != addresses[i].global)
            fail_msg("%s: public", addresses[i].address);
        if (hook_address_may(to, false, false) != addresses[i].global)
            fail_msg("%s: https", addresses[i].address);
        if (!hook_address_may(to, false, true))
            fail_msg("%s: https, private allowed", addresses[i].address);
        if (hook_address_may(to, true, true) != addresses[i].loopback)
            fail_msg("%s: http", addresses[i].address);
    }
}

static const struct {
    const char *url, *host; /* host NULL: refused */
    int plain;
} urls[] = {
    {"https://pager.example/in", "pager.example", NO},
    {"https://pager.example:8443/in?x=y", "pager.example", NO},
    {"https://[2606:4700::1]/", "2606:4700::1", NO},
    {"http://127.0.0.1:9/", "127.0.0.1", YES},
    {"http://localhost/", "localhost", YES},
    {"http://[::1]:80/", "::1", YES},
    {"http://example.org/", NULL, NO},
    {"http://localhost.example.org/", NULL, NO},
    {"https://user@pager.example/", NULL, NO},
    {"https://u:p@pager.example/", NULL, NO},
    {"https://pager.example/#top", NULL, NO},
    {"https://pager.example/ x", NULL, NO},
    {"https://pager.example/\n", NULL, NO},
    {"gopher://127.0.0.1/", NULL, NO},
    {"file:///etc/passwd", NULL, NO},
    {"pager.example", NULL, NO},
    {"https://", NULL, NO},
    {"", NULL, NO},
};

static void test_urls(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        char host[256] = "", why[96] = "";
        bool plain = false, good = hook_address_parse(str_of(urls[i].url), host, &plain, why, sizeof why);

        if (good != (urls[i].host != NULL))
            fail_msg("%s: %s", urls[i].url, why);
        if (good && (strcmp(host, urls[i].host) != 0 || plain != urls[i].plain))
            fail_msg("%s: host %s", urls[i].url, host);
        if (!good && why[0] == '\0')
            fail_msg("%s: no reason", urls[i].url);
    }
}

/* The value by openssl dgst -sha256 -mac HMAC. */
static void test_signature(void **state)
{
    uint8_t key[HMAC_BYTES];
    char out[HOOK_SIGNATURE_BYTES];

    (void)state;
    memset(key, 'k', sizeof key);
    hook_sign(key, "evt_01JABC", 1674087231, STR("{\"a\":1}"), out);
    assert_string_equal(out, "WKIh1NuxK8cdmxaqzynp2QvvT7N6To07HGKFERDoZi0=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_addresses), cmocka_unit_test(test_urls),
                                       cmocka_unit_test(test_signature)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
