/* flood: who posts too much from one prefix waits, and nobody else does. */
#include "gateway/intake/flood.h"
#include "tests/unit/dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The algorithm as ITU-T I.371 draws it, as a leaky bucket: what is in it runs out with time. */
struct bucket {
    double level_ms;
    int64_t at_ms;
};

static bool bucket_takes(struct bucket *b, int64_t now_ms)
{
    double level = b->level_ms - (double)(now_ms - b->at_ms);

    b->level_ms = level > 0 ? level : 0;
    b->at_ms = now_ms;
    if (b->level_ms > (double)(FLOOD_GAP_MS * (FLOOD_BURST - 1)))
        return false;
    b->level_ms += FLOOD_GAP_MS;
    return true;
}

static void agrees_with_a_leaky_bucket(void **state)
{
    struct flood *f = flood_open();
    struct bucket model = {0, 1000000};
    struct dice d = {7};
    int64_t now = 1000000, refused = 0;

    (void)state;
    for (int step = 0; step < 100000; step++) {
        /* Long runs of hurry and of rest, so that the bucket is full and empty often. */
        now += dice_below(&d, step / 2000 % 2 == 0 ? 60 : 400);

        int64_t wait = flood_wait_ms(f, STR("192.0.2.1"), now);

        if (bucket_takes(&model, now) != (wait == 0))
            fail_msg("step %d: wait %lld", step, (long long)wait);
        refused += wait > 0;
    }
    assert_true(refused > 1000 && refused < 99000);
    flood_close(f);
}

static void takes_200_at_once_then_10_a_second(void **state)
{
    struct flood *f = flood_open();
    int64_t wait = 0;

    (void)state;
    for (int i = 0; i < FLOOD_BURST; i++)
        assert_int_equal(flood_wait_ms(f, STR("192.0.2.1"), 5000), 0);
    wait = flood_wait_ms(f, STR("192.0.2.1"), 5000);
    assert_int_equal(wait, FLOOD_GAP_MS);
    /* A refusal costs nothing, and after the wait it is let in. */
    assert_int_equal(flood_wait_ms(f, STR("192.0.2.1"), 5000 + wait - 1), 1);
    assert_int_equal(flood_wait_ms(f, STR("192.0.2.1"), 5000 + wait), 0);
    assert_true(flood_wait_ms(f, STR("192.0.2.1"), 5000 + wait) > 0);
    flood_close(f);
}

static const struct {
    const char *label, *flooder, *other;
    bool same; /* one prefix */
} prefixes[] = {
    {"the same address", "192.0.2.1", "192.0.2.1", true},
    {"a neighbour", "192.0.2.1", "192.0.2.2", false},
    {"IPv4 and the same mapped into IPv6", "192.0.2.1", "::ffff:192.0.2.1", true},
    {"another mapped one", "192.0.2.1", "::ffff:192.0.2.2", false},
    {"the same /64", "2001:db8::1", "2001:db8::ffff:1:2:3", true},
    {"the next /64", "2001:db8::1", "2001:db8:0:1::1", false},
    {"no address", "unix", "unix", true},
    {"no address and one", "unix", "192.0.2.1", false},
    /* 2001:db8:100::/64 holds the bytes of 32.1.13.184, and of a count in front of them. */
    {"IPv6 that looks like IPv4 inside", "2001:db8:100::1", "32.1.13.184", false},
    {"IPv6 that looks like IPv4 at its end", "::1:c000:201:0:0:0:0", "192.0.2.1", false},
};

static void counts_by_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        struct flood *f = flood_open();

        while (flood_wait_ms(f, str_of(prefixes[i].flooder), 1) == 0)
            ;
        if ((flood_wait_ms(f, str_of(prefixes[i].other), 1) > 0) != prefixes[i].same)
            fail_msg("%s", prefixes[i].label);
        flood_close(f);
    }
}

/* G2: five times as many prefixes as slots, a tenth of them flooding: who posts once is never refused. */
static void nobody_is_refused_for_anothers_sake(void **state)
{
    struct flood *f = flood_open();
    struct dice d = {11};
    char peer[32];
    int64_t now = 1;
    int held = 0;

    (void)state;
    for (int i = 0; i < 3000; i++) { /* floods of 300 each */
        (void)snprintf(peer, sizeof peer, "10.1.%d.%d", i / 256, i % 256);
        for (int n = 0; n < 300; n++)
            (void)flood_wait_ms(f, str_of(peer), now);
    }
    for (int i = 0; i < 5 * FLOOD_SLOTS; i++) {
        (void)snprintf(peer, sizeof peer, "11.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        now += dice_below(&d, 2);
        if (flood_wait_ms(f, str_of(peer), now) != 0)
            fail_msg("%s refused", peer);
        now = now > 50 ? 50 : now;
    }
    for (int i = 0; i < 3000; i++) { /* nor does a flood get out of its slot by the crowd */
        (void)snprintf(peer, sizeof peer, "10.1.%d.%d", i / 256, i % 256);
        held += flood_wait_ms(f, str_of(peer), now) > 0;
    }
    assert_true(held > 2700);
    flood_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_a_leaky_bucket),
        cmocka_unit_test(takes_200_at_once_then_10_a_second),
        cmocka_unit_test(counts_by_prefix),
        cmocka_unit_test(nobody_is_refused_for_anothers_sake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
