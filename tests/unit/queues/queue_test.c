/* queue: pages and counts over all partitions (U1, U2). */
#include "queues/queue.h"

#include "queues/change.h"
#include "queues/seal.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"
#include "tests/unit/queues/scratch_redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1795564800000)

enum { TICKETS = 300, PAGE = 7, MINUTE = 60000 };

static struct scratch_redis server;
static struct redis *redis;
static struct ulid tickets[TICKETS];

/* Three kinds of due times, so that many share one: now and a bit, now and a minute, never. */
static int64_t due_of(int i)
{
    return i % 3 == 0 ? 0 : NOW + (i % 3) * MINUTE;
}

static void place_ticket(struct arena *a, struct ulid id, const char *from, const char *to, int64_t due, bool claimed)
{
    struct change *c = change_begin(a);

    change_queue_place(c, id, str_of(from), str_of(to), due, true, claimed);
    assert_int_equal(change_run(redis, a, c, STR(""), STR(""), STR(""), NULL), ERR_OK);
}

static int open_all(void **state)
{
    scratch_open(&server);
    scratch_start(&server, NULL);
    redis = redis_open(&server.target, 5000);
    *state = arena_open(64 * 1024);
    for (int i = 0; i < TICKETS; i++) {
        tickets[i] = ulid_in(ulid_fresh(), (unsigned)(i * 21) % 63); /* 0, 21, 42: crowded ones */
        place_ticket(*state, tickets[i], "", "triage", due_of(i), i % 2 == 0);
    }
    return 0;
}

static int close_all(void **state)
{
    redis_close(redis);
    scratch_close(&server);
    arena_close(*state);
    return 0;
}

static int place_order(const struct queue_place *a, const struct queue_place *b)
{
    if (a->due_ms != b->due_ms)
        return a->due_ms < b->due_ms ? -1 : 1;
    return memcmp(a->ticket.bytes, b->ticket.bytes, sizeof a->ticket.bytes);
}

/* Every ticket once, in order, however the pages fall. */
static void shows_every_ticket_once_in_order(void **state)
{
    static const size_t sizes[] = {1, PAGE, 64, TICKETS - 1, TICKETS, TICKETS + 50};

    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        struct queue_place *page = arena_array(*state, struct queue_place, sizes[k] + 1), last = {0};
        size_t n, seen = 0;

        do {
            assert_int_equal(queue_page(redis, *state, STR("triage"), seen == 0 ? NULL : &last, sizes[k], page, &n),
                             ERR_OK);
            for (size_t i = 0; i < n; i++) {
                if (seen > 0 && place_order(&last, &page[i]) >= 0)
                    fail_msg("%zu a page: place %zu is not behind the one before", sizes[k], seen);
                last = page[i];
                seen++;
            }
        } while (n == sizes[k]);
        assert_int_equal(seen, TICKETS);
    }
}

/* U2: what leaves between two pages takes nothing else with it. */
static void goes_on_behind_a_place_that_is_gone(void **state)
{
    struct queue_place first[2], rest[TICKETS];
    size_t n;

    assert_int_equal(queue_page(redis, *state, STR("triage"), NULL, 2, first, &n), ERR_OK);
    place_ticket(*state, first[1].ticket, "triage", "restore", first[1].due_ms, false);
    assert_int_equal(queue_page(redis, *state, STR("triage"), &first[1], TICKETS, rest, &n), ERR_OK);
    assert_int_equal(n, TICKETS - 2);
    place_ticket(*state, first[1].ticket, "restore", "triage", first[1].due_ms, false);
}

static void counts_what_is_open_unclaimed_soon_and_late(void **state)
{
    struct queue_count c[] = {{.name = STR("triage")}, {.name = STR("nothing")}};

    for (int i = 0; i < TICKETS; i++)
        place_ticket(*state, tickets[i], "triage", "triage", due_of(i), i % 2 == 0);
    assert_int_equal(queue_counts(redis, *state, c, 2, NOW + MINUTE, MINUTE), ERR_OK);
    assert_int_equal(c[0].open, TICKETS);
    assert_int_equal(c[0].unclaimed, TICKETS / 2);
    assert_int_equal(c[0].breached, TICKETS / 3); /* due this very moment is too late */
    assert_int_equal(c[0].due_soon, TICKETS / 3); /* the last moment of the hour still counts */
    assert_int_equal(c[1].open + c[1].unclaimed + c[1].breached + c[1].due_soon, 0);
}

static void remembers_names_of_queues(void **state)
{
    struct str *names;
    size_t n;

    place_ticket(*state, tickets[0], "triage", "an-old-one", 0, false);
    place_ticket(*state, tickets[0], "an-old-one", "triage", 0, true);
    assert_int_equal(queue_names(redis, *state, &names, &n), ERR_OK);
    assert_true(n >= 2);
    for (size_t i = 1; i < n; i++)
        assert_true(strcmp(names[i - 1].at, names[i].at) < 0);
    assert_string_equal(names[0].at, "an-old-one");
    assert_string_equal(names[n - 1].at, "triage");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_every_ticket_once_in_order),
        cmocka_unit_test(goes_on_behind_a_place_that_is_gone),
        cmocka_unit_test(counts_what_is_open_unclaimed_soon_and_late),
        cmocka_unit_test(remembers_names_of_queues),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
