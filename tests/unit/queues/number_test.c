#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "queues/number.h"
#include "queues/seal.h"
#include "rules/base/arena.h"
#include "tests/unit/queues/scratch_redis.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HALF (UINT64_C(1) << 39)

enum { SEEN_MAX = 2 * 1024 * 1024 };

/* One Redis for all; a data folder and an empty counter for each test. */
static struct scratch_redis server;
static struct arena *a;
static struct redis *r;
static struct keyring *keys;
static char data[64];
static _Atomic uint8_t seen[SEEN_MAX];

static int begin_all(void **state)
{
    (void)state;
    scratch_open(&server);
    scratch_start(&server, NULL);
    return 0;
}

static int end_all(void **state)
{
    (void)state;
    scratch_close(&server);
    return 0;
}

static int begin(void **state)
{
    char why[KEYRING_WHY_BYTES];

    (void)state;
    a = arena_open(4096);
    strcpy(data, "/tmp/postern-number-XXXXXX");
    if (mkdtemp(data) == NULL || keyring_open(&keys, arena_printf(a, "%s/keys", data), true, why) != ERR_OK)
        return -1;
    r = redis_open(&server.target, 2000);
    (void)scratch_say(r, a, "FLUSHALL");
    memset((void *)seen, 0, sizeof seen);
    return 0;
}

static int end(void **state)
{
    (void)state;
    redis_close(r);
    keyring_close(keys);
    remove_folder(data);
    arena_close(a);
    return 0;
}

static struct numbers *opened(const char *folder)
{
    struct numbers *n = NULL;
    char why[NUMBER_WHY_BYTES] = "";

    if (number_open(&n, keys, folder, why) != ERR_OK)
        fail_msg("%s", why);
    return n;
}

/* What was given, before it was hidden. */
static uint64_t taken(struct numbers *n)
{
    return number_find(keys, number_take(n));
}

static uint64_t fresh(struct numbers *n)
{
    uint64_t x = taken(n);

    assert_true(x < SEEN_MAX);
    assert_int_equal(atomic_fetch_add(&seen[x], 1), 0);
    return x;
}

/* The "current NEXT END" of the file. */
static uint64_t promised(void)
{
    FILE *f = fopen(arena_printf(a, "%s/numbers", data), "r");
    uint64_t next = 0;

    assert_non_null(f);
    assert_int_equal(fscanf(f, "postern-numbers 1 current %" SCNu64, &next), 1);
    (void)fclose(f);
    return next;
}

static void without_redis_chance_gives_from_the_upper_half(void **state)
{
    struct numbers *n = opened(data);
    uint64_t last = 0;

    (void)state;
    assert_true(number_low(n));
    for (int i = 0; i < 1000; i++) {
        uint64_t x = taken(n);

        assert_in_range(x, HALF, 2 * HALF - 1);
        assert_true(x != last);
        last = x;
    }
    number_close(n);
}

static void blocks_are_used_in_order_and_promised_first(void **state)
{
    struct numbers *n = opened(data);

    (void)state;
    assert_int_equal(number_refill(n, r, a), ERR_OK);
    assert_false(number_low(n));
    assert_string_equal(scratch_say(r, a, "GET ref:next"), "200000");
    for (uint64_t i = 0; i < 3 * NUMBER_STEP; i++) {
        assert_int_equal(fresh(n), i);
        if (i % (NUMBER_STEP / 2) == 0)
            assert_in_range(promised(), i + 1, i + NUMBER_STEP);
    }
    assert_int_equal(number_refill(n, r, a), ERR_OK); /* full: asks for nothing */
    assert_string_equal(scratch_say(r, a, "GET ref:next"), "200000");
    number_close(n);
}

static void a_crash_skips_and_never_repeats(void **state)
{
    struct numbers *n = opened(data);
    uint64_t last = 0;

    (void)state;
    assert_int_equal(number_refill(n, r, a), ERR_OK);
    for (int run = 0; run < 20; run++) {
        for (int i = 0; i < 1 + run * 150; i++)
            last = fresh(n);
        number_close(n); /* writes nothing: as good as a crash */
        n = opened(data);

        uint64_t first = fresh(n);

        assert_in_range(first, last + 1, last + NUMBER_STEP);
    }
    number_close(n);
}

static void both_blocks_serve_to_the_last_number(void **state)
{
    struct numbers *n = opened(data);

    (void)state;
    assert_int_equal(number_refill(n, r, a), ERR_OK);
    for (int i = 0; i < 2 * NUMBER_BLOCK; i++) {
        assert_int_equal(number_low(n), i > NUMBER_BLOCK);
        (void)fresh(n);
    }
    assert_true(number_low(n));
    assert_in_range(taken(n), HALF, 2 * HALF - 1);
    assert_int_equal(number_refill(n, r, a), ERR_OK);
    assert_int_equal(fresh(n), 2 * NUMBER_BLOCK);
    assert_false(number_low(n));
    number_close(n);
}

static void a_refill_at_any_moment_keeps_what_is_left(void **state)
{
    static const int takes[] = {0, 1, 999, 1000, 1001, 100000};

    (void)state;
    for (size_t i = 0; i < sizeof takes / sizeof takes[0]; i++) {
        struct numbers *n;

        print_message("  after %d\n", takes[i]);
        memset((void *)seen, 0, sizeof seen);
        (void)scratch_say(r, a, "FLUSHALL");
        (void)unlink(arena_printf(a, "%s/numbers", data));
        n = opened(data);
        assert_int_equal(number_refill(n, r, a), ERR_OK);
        for (int k = 0; k < takes[i]; k++)
            assert_int_equal(fresh(n), k);
        assert_int_equal(number_refill(n, r, a), ERR_OK);
        for (int k = 0; k < 1500; k++)
            assert_int_equal(fresh(n), takes[i] + k);
        number_close(n);
    }
}

static void a_counter_that_went_back_is_raised(void **state)
{
    struct numbers *n = opened(data);

    (void)state;
    assert_int_equal(number_refill(n, r, a), ERR_OK);
    for (int i = 0; i < NUMBER_BLOCK + 1; i++)
        (void)fresh(n);
    (void)scratch_say(r, a, "FLUSHALL");
    number_close(n);
    n = opened(data);
    assert_int_equal(number_refill(n, r, a), ERR_OK);
    assert_string_equal(scratch_say(r, a, "GET ref:next"), "300000");
    for (int i = 0; i < NUMBER_BLOCK + 10; i++)
        (void)fresh(n);
    number_close(n);
}

static void two_gateways_never_meet(void **state)
{
    const char *other = arena_printf(a, "%s/other", data);

    (void)state;
    assert_int_equal(mkdir(other, 0700), 0);

    struct numbers *one = opened(data), *two = opened(other);

    assert_int_equal(number_refill(one, r, a), ERR_OK);
    assert_int_equal(number_refill(two, r, a), ERR_OK);
    for (int i = 0; i < 5000; i++) {
        (void)fresh(one);
        (void)fresh(two);
    }
    number_close(one);
    number_close(two);
}

static void *take_many(void *arg)
{
    for (int i = 0; i < 20000; i++)
        (void)fresh(arg);
    return NULL;
}

static void threads_share_one_book(void **state)
{
    struct numbers *n = opened(data);
    pthread_t threads[2];

    (void)state;
    assert_int_equal(number_refill(n, r, a), ERR_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, n), 0);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(number_refill(n, r, a), ERR_OK);
        sleep_ms(1);
    }
    for (int i = 0; i < 2; i++)
        (void)pthread_join(threads[i], NULL);
    number_close(n);
}

static void a_disk_that_fails_is_no_reason_to_repeat(void **state)
{
    struct numbers *n = opened(data);

    (void)state;
    assert_int_equal(number_refill(n, r, a), ERR_OK);
    for (int i = 0; i < NUMBER_STEP; i++)
        (void)fresh(n);
    remove_folder(data); /* nothing can be promised any more */
    assert_in_range(taken(n), HALF, 2 * HALF - 1);
    assert_int_equal(number_refill(n, r, a), ERR_OK); /* both places are taken still */
    number_close(n);
}

static void without_an_answer_the_old_blocks_stay(void **state)
{
    struct redis_target nowhere = {.path = "/tmp/postern-no-such.sock"};
    struct redis *gone = redis_open(&nowhere, 100);
    struct numbers *n = opened(data);

    (void)state;
    assert_int_equal(number_refill(n, gone, a), ERR_STORE);
    assert_int_equal(number_refill(n, r, a), ERR_OK);
    for (int i = 0; i < NUMBER_BLOCK; i++)
        (void)fresh(n);
    assert_int_equal(number_refill(n, gone, a), ERR_STORE);
    assert_int_equal(fresh(n), NUMBER_BLOCK);
    redis_close(gone);
    number_close(n);
}

static void a_damaged_file_is_refused(void **state)
{
    struct numbers *n = opened(data);
    const char *path = arena_printf(a, "%s/numbers", data);
    char text[256], why[NUMBER_WHY_BYTES];

    (void)state;
    assert_int_equal(number_refill(n, r, a), ERR_OK);
    (void)fresh(n);
    number_close(n);

    FILE *f = fopen(path, "r");
    size_t len = fread(text, 1, sizeof text, f);

    (void)fclose(f);
    for (size_t i = 0; i < 2 * len; i++) {
        bool cut = i >= len; /* first each byte changed, then each length too short */
        size_t at = cut ? i - len : i;

        f = fopen(path, "w");
        assert_int_equal(fwrite(text, 1, at, f), at);
        if (!cut) {
            (void)fputc(text[at] ^ 1, f);
            assert_int_equal(fwrite(text + at + 1, 1, len - at - 1, f), len - at - 1);
        }
        (void)fclose(f);
        assert_int_equal(number_open(&n, keys, data, why), ERR_CORRUPT);
        assert_non_null(strstr(why, "/numbers is damaged: move it away"));
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        CASE(without_redis_chance_gives_from_the_upper_half),
        CASE(blocks_are_used_in_order_and_promised_first),
        CASE(a_crash_skips_and_never_repeats),
        CASE(both_blocks_serve_to_the_last_number),
        CASE(a_refill_at_any_moment_keeps_what_is_left),
        CASE(a_counter_that_went_back_is_raised),
        CASE(two_gateways_never_meet),
        CASE(threads_share_one_book),
        CASE(a_disk_that_fails_is_no_reason_to_repeat),
        CASE(without_an_answer_the_old_blocks_stay),
        CASE(a_damaged_file_is_refused),
    };

    return cmocka_run_group_tests_name("queues/number", tests, begin_all, end_all);
}
