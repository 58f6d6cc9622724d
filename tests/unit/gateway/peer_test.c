/* peer: whose request it is behind proxies, and who is not believed about it. */
#include "gateway/http/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *label, *text;
    bool good;
} lists[] = {
    {"none", "", true},
    {"one address", "10.0.0.1", true},
    {"several, blanks between", " 10.0.0.0/8  ::1 fd00::/8 ", true},
    {"everybody", "0.0.0.0/0", true},
    {"a name", "proxy.example", false},
    {"bits beyond the family", "10.0.0.0/33", false},
    {"bits with a sign", "10.0.0.0/+8", false},
    {"no bits", "10.0.0.0/", false},
    {"three parts", "10.0.0", false},
};

static void reads_lists(void **state)
{
    struct peers p;

    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (peers_parse(&p, lists[i].text) != lists[i].good)
            fail_msg("%s", lists[i].label);
    assert_true(peers_parse(&p, NULL));
    assert_false(peers_have(&p, &(struct peer_text){"127.0.0.1"}));
}

static const struct {
    const char *label, *trusted, *socket, *lines[3], *client; /* lines: first to last */
} walks[] = {
    {"nobody trusted", "", "1.2.3.4", {"9.9.9.9"}, "1.2.3.4"},
    {"stranger speaks of others", "10.0.0.1", "1.2.3.4", {"9.9.9.9"}, "1.2.3.4"},
    {"proxy speaks", "10.0.0.1", "10.0.0.1", {"9.9.9.9"}, "9.9.9.9"},
    {"client wrote a line of its own first", "10.0.0.1", "10.0.0.1", {"6.6.6.6", "9.9.9.9"}, "9.9.9.9"},
    {"client began the line", "10.0.0.1", "10.0.0.1", {"6.6.6.6, 9.9.9.9"}, "9.9.9.9"},
    {"two proxies", "10.0.0.0/8", "10.0.0.1", {"6.6.6.6, 9.9.9.9, 10.1.1.1"}, "9.9.9.9"},
    {"two proxies, two lines", "10.0.0.0/8", "10.0.0.1", {"9.9.9.9", "10.1.1.1"}, "9.9.9.9"},
    {"all trusted", "10.0.0.0/8", "10.0.0.1", {"10.2.2.2, 10.1.1.1"}, "10.2.2.2"},
    {"no line", "10.0.0.1", "10.0.0.1", {NULL}, "10.0.0.1"},
    {"nonsense", "10.0.0.1", "10.0.0.1", {"9.9.9.9, unknown"}, "10.0.0.1"},
    {"nonsense behind a good one", "10.0.0.0/8", "10.0.0.1", {"unknown, 10.1.1.1"}, "10.1.1.1"},
    {"empty element", "10.0.0.1", "10.0.0.1", {"9.9.9.9,"}, "10.0.0.1"},
    {"with a port", "10.0.0.1", "10.0.0.1", {"9.9.9.9:1234"}, "9.9.9.9"},
    {"IPv6", "::1", "::1", {"2001:DB8::1"}, "2001:db8::1"},
    {"IPv6 with a port", "::1", "::1", {"[2001:db8::1]:443"}, "2001:db8::1"},
    {"IPv4 in IPv6 is IPv4", "10.0.0.1", "::ffff:10.0.0.1", {"::ffff:9.9.9.9"}, "9.9.9.9"},
    {"prefix ends inside a byte", "10.0.16.0/20", "10.0.31.1", {"9.9.9.9"}, "9.9.9.9"},
    {"one past it", "10.0.16.0/20", "10.0.32.1", {"9.9.9.9"}, "10.0.32.1"},
};

static void finds_the_client(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof walks / sizeof walks[0]; i++) {
        struct peers p;
        struct peer_text peer;

        assert_true(peers_parse(&p, walks[i].trusted));
        assert_true(peer_parse(str_of(walks[i].socket), &peer));
        for (size_t k = 3; k > 0; k--)
            if (walks[i].lines[k - 1] != NULL && !peer_walk(&p, &peer, str_of(walks[i].lines[k - 1])))
                break;
        if (strcmp(peer.at, walks[i].client) != 0)
            fail_msg("%s: %s", walks[i].label, peer.at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_lists), cmocka_unit_test(finds_the_client)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
