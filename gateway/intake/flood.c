#include "gateway/intake/flood.h"

#include "queues/seal.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* due: when the prefix has paid for all it sent (GCRA's theoretical arrival time). */
struct slot {
    uint64_t prefix;
    int64_t due_ms;
};

struct flood {
    pthread_mutex_t lock;
    uint64_t seed;
    struct slot slots[FLOOD_SLOTS];
};

struct flood *flood_open(void)
{
    struct flood *f = calloc(1, sizeof *f);

    if (f == NULL)
        abort();
    (void)pthread_mutex_init(&f->lock, NULL);
    random_bytes(&f->seed, sizeof f->seed);
    return f;
}

void flood_close(struct flood *f)
{
    if (f == NULL)
        return;
    (void)pthread_mutex_destroy(&f->lock);
    free(f);
}

/* As if it were the first half of an IPv6 address in ff00::/8, where nobody sends from (RFC 4291 2.7): never anybody
 * else's prefix. */
static uint64_t prefix_of_four(struct in_addr four)
{
    uint8_t bytes[8] = {0xFF, 0xFF};
    uint64_t p;

    memcpy(bytes + 4, &four, sizeof four);
    memcpy(&p, bytes, sizeof p);
    return p;
}

/* The address itself for IPv4 (mapped ones too), the first 64 bits for IPv6; never 0. */
static uint64_t prefix_of(struct str peer)
{
    char text[64];
    struct in6_addr six;
    struct in_addr four;
    uint64_t p = 0;

    if (peer.len >= sizeof text)
        return 1;
    memcpy(text, peer.at, peer.len);
    text[peer.len] = '\0';
    if (inet_pton(AF_INET, text, &four) == 1)
        return prefix_of_four(four);
    if (inet_pton(AF_INET6, text, &six) != 1)
        return 1;
    if (IN6_IS_ADDR_V4MAPPED(&six)) {
        memcpy(&four, six.s6_addr + 12, sizeof four);
        return prefix_of_four(four);
    }
    memcpy(&p, six.s6_addr, sizeof p);
    return p == 0 ? 1 : p;
}

/* SplitMix64's finaliser over the seeded prefix: nobody outside can aim at a slot. */
static size_t slot_of(const struct flood *f, uint64_t prefix)
{
    uint64_t x = prefix ^ f->seed;

    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return (size_t)((x ^ x >> 31) % FLOOD_SLOTS);
}

int64_t flood_wait_ms(struct flood *f, struct str peer, int64_t now_ms)
{
    uint64_t prefix = prefix_of(peer);
    int64_t wait = 0;

    (void)pthread_mutex_lock(&f->lock);

    struct slot *s = &f->slots[slot_of(f, prefix)];

    if (s->prefix != prefix) {
        if (s->prefix != 0 && s->due_ms > now_ms + FLOOD_GAP_MS) {
            /* G2: a busy prefix keeps its slot; this one passes uncounted. */
            (void)pthread_mutex_unlock(&f->lock);
            return 0;
        }
        *s = (struct slot){prefix, now_ms};
    }

    int64_t due = s->due_ms > now_ms ? s->due_ms : now_ms;

    wait = due - (int64_t)FLOOD_GAP_MS * (FLOOD_BURST - 1) - now_ms;
    if (wait <= 0) {
        wait = 0;
        s->due_ms = due + FLOOD_GAP_MS;
    }
    (void)pthread_mutex_unlock(&f->lock);
    return wait;
}
