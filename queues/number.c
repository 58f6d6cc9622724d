#include "queues/number.h"

#include "queues/clock.h"
#include "queues/log.h"
#include "queues/redis.h"
#include "queues/seal.h"
#include "rules/base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME  "numbers"
#define FRESH_NAME "numbers.new"
#define KEY        "ref:next"

enum { TEXT_BYTES = 256, RETRY_MS = 1000 };

#define HALF (UINT64_C(1) << 39) /* blocks are below, chance is above */

struct block {
    uint64_t next; /* on disk: up to where numbers may have been given */
    uint64_t end;
};

struct numbers {
    const struct keyring *keys;
    int folder_fd;
    pthread_mutex_t lock;
    struct block block[2]; /* in use, next; the last state on disk */
    uint64_t high;         /* no block of ours reaches beyond */
    uint64_t given;        /* of block[0]: the next number, <= block[0].next */
    int64_t retry_ms;      /* steady; no writing before, after one that failed */
    bool warned;
};

/* --- the file ---------------------------------------------------------------------------- */

/* FNV-1a, 64 bits: tells a file that somebody or something changed, no more. */
static uint64_t checksum(const char *text, size_t len)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
    return h;
}

static size_t print_state(char text[TEXT_BYTES], const struct block block[2], uint64_t high)
{
    int n =
        snprintf(text, TEXT_BYTES,
                 "postern-numbers 1\ncurrent %" PRIu64 " %" PRIu64 "\nnext %" PRIu64 " %" PRIu64 "\nhigh %" PRIu64 "\n",
                 block[0].next, block[0].end, block[1].next, block[1].end, high);

    n += snprintf(text + n, TEXT_BYTES - (size_t)n, "check %016" PRIx64 "\n", checksum(text, (size_t)n));
    return (size_t)n;
}

/* Only what print_state() would print again, byte for byte, is a state. */
static bool parse_state(const char *text, struct numbers *n)
{
    char again[TEXT_BYTES];
    struct block b[2];
    uint64_t high;

    if (sscanf(text, "postern-numbers 1 current %" SCNu64 " %" SCNu64 " next %" SCNu64 " %" SCNu64 " high %" SCNu64,
               &b[0].next, &b[0].end, &b[1].next, &b[1].end, &high) != 5)
        return false;
    (void)print_state(again, b, high);
    if (strcmp(text, again) != 0 || b[0].next > b[0].end || b[1].next > b[1].end || b[0].end > high ||
        b[1].end > high || high > HALF)
        return false;
    memcpy(n->block, b, sizeof b);
    n->high = high;
    return true;
}

/* U2: the new state is on the disk when this answers true. */
static bool save(struct numbers *n, const struct block block[2], uint64_t high)
{
    char text[TEXT_BYTES];
    size_t len = print_state(text, block, high);
    int fd = openat(n->folder_fd, FRESH_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;

    if (fd >= 0)
        (void)close(fd);
    ok = ok && renameat(n->folder_fd, FRESH_NAME, n->folder_fd, FILE_NAME) == 0 && fsync(n->folder_fd) == 0;
    if (!ok) {
        log_error("numbers_not_saved", "why=%s", strerror(errno));
        n->retry_ms = clock_steady_ms() + RETRY_MS;
        return false;
    }
    memcpy(n->block, block, sizeof n->block);
    n->high = high;
    return true;
}

static enum err load(struct numbers *n, const char *data, char why[NUMBER_WHY_BYTES])
{
    char text[TEXT_BYTES] = "";
    int fd = openat(n->folder_fd, FILE_NAME, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    int error = errno;

    if (fd >= 0)
        (void)close(fd);
    if (fd < 0 && error == ENOENT)
        return ERR_OK;
    if (len < 0) {
        (void)snprintf(why, NUMBER_WHY_BYTES, "cannot read %.300s/" FILE_NAME ": %s", data, strerror(error));
        return ERR_IO;
    }
    if (!parse_state(text, n)) {
        (void)snprintf(why, NUMBER_WHY_BYTES,
                       "%.300s/" FILE_NAME " is damaged: move it away, and fresh numbers are fetched", data);
        return ERR_CORRUPT;
    }
    n->given = n->block[0].next; /* what was reserved may have been given */
    return ERR_OK;
}

enum err number_open(struct numbers **out, const struct keyring *k, const char *data, char why[NUMBER_WHY_BYTES])
{
    struct numbers *n = calloc(1, sizeof *n);
    enum err e;

    if (n == NULL)
        abort();
    n->keys = k;
    n->folder_fd = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (n->folder_fd < 0) {
        (void)snprintf(why, NUMBER_WHY_BYTES, "cannot open %.300s: %s", data, strerror(errno));
        free(n);
        return ERR_IO;
    }
    (void)pthread_mutex_init(&n->lock, NULL);
    e = load(n, data, why);
    if (e != ERR_OK) {
        number_close(n);
        return e;
    }
    *out = n;
    return ERR_OK;
}

void number_close(struct numbers *n)
{
    if (n == NULL)
        return;
    (void)close(n->folder_fd);
    (void)pthread_mutex_destroy(&n->lock);
    free(n);
}

/* --- giving ------------------------------------------------------------------------------- */

static uint64_t at_most(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Reserves the next step, of the next block where the first is used up. */
static bool reserve(struct numbers *n)
{
    struct block b[2] = {n->block[0], n->block[1]};

    if (clock_steady_ms() < n->retry_ms)
        return false;
    if (b[0].next == b[0].end) {
        b[0] = b[1];
        b[1] = (struct block){0};
    }
    if (b[0].next == b[0].end)
        return false;

    uint64_t first = b[0].next;

    b[0].next = at_most(b[0].next + NUMBER_STEP, b[0].end);
    if (!save(n, b, n->high))
        return false;
    n->given = first;
    return true;
}

/* U4 */
static uint64_t chance(struct numbers *n)
{
    uint64_t x;

    if (!n->warned)
        log_warn("numbers_used_up", "now=chance");
    n->warned = true;
    random_bytes(&x, sizeof x);
    return HALF | (x & (HALF - 1));
}

uint64_t number_take(struct numbers *n)
{
    uint64_t x;

    (void)pthread_mutex_lock(&n->lock);
    if (n->given < n->block[0].next || reserve(n))
        x = n->given++;
    else
        x = chance(n);
    (void)pthread_mutex_unlock(&n->lock);
    return number_hide(n->keys, x);
}

/* --- fetching ----------------------------------------------------------------------------- */

static uint64_t left(const struct numbers *n)
{
    return n->block[0].end - n->given + n->block[1].end - n->block[1].next;
}

bool number_low(struct numbers *n)
{
    (void)pthread_mutex_lock(&n->lock);

    bool low = left(n) < NUMBER_BLOCK;

    (void)pthread_mutex_unlock(&n->lock);
    return low;
}

/* Adds to the counter; out: what it is then. */
static enum err count_on(struct redis *r, struct arena *a, uint64_t by, uint64_t *out)
{
    struct redis_value v;
    struct str argv[] = {STR("INCRBY"), STR(KEY), str_of(arena_printf(a, "%" PRIu64, by))};
    enum err e = redis_do(r, a, &v, 3, argv);

    if (e != ERR_OK)
        return e;
    if (v.kind != REDIS_INT || v.integer < 0 || (uint64_t)v.integer > HALF)
        return ERR_CORRUPT;
    *out = (uint64_t)v.integer;
    return ERR_OK;
}

static enum err fetch(struct redis *r, struct arena *a, uint64_t high, struct block *out)
{
    uint64_t end;
    enum err e = count_on(r, a, NUMBER_BLOCK, &end);

    if (e == ERR_OK && end < high + NUMBER_BLOCK) {
        log_warn("numbers_went_back", "counter=%llu raised_to=%llu", (unsigned long long)end,
                 (unsigned long long)(high + NUMBER_BLOCK));
        e = count_on(r, a, high + NUMBER_BLOCK - end, &end); /* U3 */
    }
    if (e == ERR_OK)
        *out = (struct block){.next = end - NUMBER_BLOCK, .end = end};
    return e;
}

/* Under the lock: the first place that has no number left. NULL: there is none. */
static struct block *free_place(struct numbers *n, struct block b[2])
{
    b[0] = n->block[0];
    b[1] = n->block[1];
    if (b[0].next == b[0].end && n->given == b[0].next && b[1].next < b[1].end) {
        b[0] = b[1];
        b[1] = (struct block){0};
    }
    if (b[0].next == b[0].end && n->given == b[0].next)
        return &b[0];
    return b[1].next == b[1].end ? &b[1] : NULL;
}

/* Two threads may have fetched for the same place: the second block is dropped, which costs nothing. */
static enum err keep(struct numbers *n, struct block fetched)
{
    struct block b[2], *place;
    bool ok = true;

    (void)pthread_mutex_lock(&n->lock);
    place = free_place(n, b);
    if (place != NULL) {
        bool used_up = n->given == n->block[0].end;

        *place = fetched;
        ok = save(n, b, n->high > fetched.end ? n->high : fetched.end);
        if (ok && used_up)
            n->given = b[0].next;
        if (ok)
            n->warned = false;
    }
    (void)pthread_mutex_unlock(&n->lock);
    return ok ? ERR_OK : ERR_IO;
}

enum err number_refill(struct numbers *n, struct redis *r, struct arena *a)
{
    enum err e = ERR_OK;

    while (e == ERR_OK) {
        struct block b[2], fetched;

        (void)pthread_mutex_lock(&n->lock);

        bool room = free_place(n, b) != NULL;
        uint64_t high = n->high;

        (void)pthread_mutex_unlock(&n->lock);
        if (!room)
            break;
        e = fetch(r, a, high, &fetched);
        if (e == ERR_OK)
            e = keep(n, fetched);
    }
    return e;
}
