/* hook: events for other programs, and their receivers, in a real Redis (H1 to H3, R1 to R3). */
#include "queues/hook.h"

#include "queues/hook_receiver.h"
#include "rules/base/arena.h"
#include "tests/unit/queues/scratch_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1795564800000)

static struct lab lab;
static struct hook_receivers *all;

static int open_all(void **state)
{
    (void)state;
    lab_open(&lab);
    all = secret_memory(sizeof *all);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    secret_memory_free(all);
    lab_close(&lab);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    lab_empty(&lab);
    return 0;
}

static enum err add(const char *name, unsigned kinds, struct str *secret)
{
    struct hook_receiver want = {.kinds = kinds};

    (void)snprintf(want.name, sizeof want.name, "%s", name);
    (void)snprintf(want.url, sizeof want.url, "https://%s.example/in?x=1", name);
    return hook_receiver_add(lab.redis, lab.keys, lab.arena, &want, NOW, "test", secret);
}

static const struct hook_receiver *receiver(const char *name)
{
    assert_int_equal(hook_receivers_read(lab.redis, lab.keys, lab.arena, all), ERR_OK);
    return hook_receiver_find(all, str_of(name));
}

/* An event in the partition of a change that says something else first. */
static void tell(unsigned partition, enum hook_kind kind)
{
    struct change *c = change_begin(lab.arena);

    change_hset(c, str_of(arena_printf(lab.arena, "{p%u}:x", partition)), "f", STR("1"));
    change_hook(c, lab.keys, kind, STR("{\"incident\":\"inc\"}"));
    assert_int_equal(change_run(lab.redis, lab.arena, c, STR(""), STR(""), STR(""), NULL), ERR_OK);
}

static size_t hand_out(void)
{
    size_t n = 0;

    assert_int_equal(hook_receivers_read(lab.redis, lab.keys, lab.arena, all), ERR_OK);
    assert_int_equal(hooks_hand_out(lab.redis, lab.arena, all, NOW, &n), ERR_OK);
    return n;
}

static size_t due(const char *name, struct hook_due *out, size_t max)
{
    int64_t waiting;
    size_t n;

    assert_int_equal(hooks_due(lab.redis, lab.arena, receiver(name)->id, max, out, &n, &waiting), ERR_OK);
    assert_true((size_t)waiting >= n);
    return n;
}

static void test_receivers(void **state)
{
    struct str secret, other = STR("kept");
    uint8_t key[HMAC_BYTES];

    (void)state;
    assert_int_equal(add("pager", HOOK_KINDS_ALL, &secret), ERR_OK);
    assert_int_equal(add("pager", HOOK_KINDS_ALL, &other), ERR_CONFLICT);
    assert_int_equal(add("No", HOOK_KINDS_ALL, &other), ERR_CONFLICT);
    assert_true(str_is(other, "kept"));

    const struct hook_receiver *h = receiver("pager");

    assert_string_equal(h->url, "https://pager.example/in?x=1");
    assert_true(base64_decode((struct str){secret.at + 6, secret.len - 6}, key, sizeof key));
    assert_memory_equal(key, h->key, sizeof key);
    assert_null(strstr(lab_say(&lab, "HGET hk:{receivers} pager"), "example"));
    for (int i = 1; i < HOOK_RECEIVERS_MAX; i++)
        assert_int_equal(add(arena_printf(lab.arena, "room-%d", i), 1, &secret), ERR_OK);
    assert_int_equal(add("one-more", 1, &secret), ERR_LIMIT);
    assert_int_equal(hook_receiver_remove(lab.redis, lab.keys, lab.arena, STR("pager"), NOW, "test"), ERR_OK);
    assert_int_equal(hook_receiver_remove(lab.redis, lab.keys, lab.arena, STR("pager"), NOW, "test"), ERR_ABSENT);
    assert_null(receiver("pager"));
}

static void test_handed_out(void **state)
{
    struct hook_due d[8];
    struct str secret, body;

    (void)state;
    assert_int_equal(add("every", HOOK_KINDS_ALL, &secret), ERR_OK);
    assert_int_equal(add("some", 1U << HOOK_INCIDENT_CLOSED, &secret), ERR_OK);
    assert_int_equal(add("off", HOOK_KINDS_ALL, &secret), ERR_OK);
    assert_int_equal(hook_receiver_off(lab.redis, lab.keys, lab.arena, STR("off"), NOW, "test"), ERR_OK);
    tell(0, HOOK_INCIDENT_DECLARED);
    tell(63, HOOK_INCIDENT_CLOSED);
    assert_int_equal(hand_out(), 2);
    assert_int_equal(hand_out(), 0);
    assert_int_equal(due("every", d, 8), 2);
    assert_int_equal(due("off", d, 8), 0);
    assert_int_equal(due("some", d, 8), 1);
    assert_int_equal(ulid_partition(d[0].event), 63);
    assert_int_equal(hook_body(lab.redis, lab.keys, lab.arena, d[0].event, &body), ERR_OK);
    assert_non_null(strstr(body.at, "{\"type\":\"incident.closed\",\"timestamp\":\"20"));
    assert_non_null(strstr(body.at, "\"data\":{\"incident\":\"inc\"}}"));
    assert_int_equal(hook_body(lab.redis, lab.keys, lab.arena, ulid_in(d[0].event, 5), &body), ERR_ABSENT);
}

/* A kill between the two halves of handing out: what is there already keeps its time and its tries. */
static void test_handed_out_twice(void **state)
{
    struct hook_due d[8];
    struct str secret;
    const char *id;

    (void)state;
    assert_int_equal(add("every", HOOK_KINDS_ALL, &secret), ERR_OK);
    tell(7, HOOK_INCIDENT_DECLARED);
    assert_int_equal(hand_out(), 1);
    assert_int_equal(due("every", d, 8), 1);
    assert_int_equal(
        hook_failed(lab.redis, lab.arena, receiver("every")->id, d[0].event, NOW, NOW + 5000, "answered 500"), ERR_OK);
    id = arena_strdup(lab.arena, id_print(ID_EVENT, d[0].event).at);
    (void)lab_say(&lab, "ZADD {p7}:hk 1 %s", id);
    assert_int_equal(hand_out(), 1);
    assert_int_equal(due("every", d, 8), 1);
    assert_int_equal(d[0].at_ms, NOW + 5000);
    assert_int_equal(d[0].tries, 1);
}

static void test_tries(void **state)
{
    struct hook_due d[8];
    struct hook_state s;
    struct str secret;
    int tries;

    (void)state;
    assert_int_equal(add("every", HOOK_KINDS_ALL, &secret), ERR_OK);
    tell(1, HOOK_CLOCK_ESCALATED);
    tell(2, HOOK_CLOCK_ESCALATED);
    (void)hand_out();
    assert_int_equal(due("every", d, 1), 1);

    struct ulid id = receiver("every")->id, event = d[0].event;

    assert_int_equal(hook_failed(lab.redis, lab.arena, id, event, NOW, NOW + 1, "answered 500"), ERR_OK);
    assert_int_equal(hook_failed(lab.redis, lab.arena, id, event, NOW, NOW + 2, "answered 503"), ERR_OK);
    assert_int_equal(hook_tries(lab.redis, lab.arena, id, event, &tries), ERR_OK);
    assert_int_equal(tries, 2);
    assert_int_equal(hook_states(lab.redis, lab.arena, all, &s), ERR_OK);
    assert_int_equal(s.in_a_row, 2);
    assert_string_equal(s.why.at, "answered 503");
    assert_int_equal(hook_told(lab.redis, lab.arena, id, event, NOW + 3), ERR_OK);
    assert_int_equal(hook_tries(lab.redis, lab.arena, id, event, &tries), ERR_OK);
    assert_int_equal(tries, -1);
    assert_int_equal(due("every", d, 8), 1);
    assert_int_equal(hook_failed(lab.redis, lab.arena, id, d[0].event, NOW, 0, "answered 410"), ERR_OK);
    assert_int_equal(hook_states(lab.redis, lab.arena, all, &s), ERR_OK);
    assert_int_equal(s.waiting, 0);
    assert_int_equal(s.told, 1);
    assert_int_equal(s.failed, 3);
    assert_int_equal(s.given_up, 1);
    assert_string_equal(lab_say(&lab, "HEXISTS hs:{%s} t:%s", id_print(ID_HOOK, id).at, id_print(ID_EVENT, event).at),
                        "0");
}

static void test_again(void **state)
{
    int64_t at = 0;
    int tries = 0;

    (void)state;
    assert_int_equal(hook_again_ms(1, 0), 4500);
    assert_int_equal(hook_again_ms(1, 500), 5000);
    assert_in_range(hook_again_ms(1, 999), 5400, 5500);
    assert_int_equal(hook_again_ms(500, 500), 6 * 3600 * 1000);
    while (at < HOOK_GIVE_UP_MS)
        at += hook_again_ms(++tries, 500);
    assert_in_range(tries, 15, 25); /* in three days */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_receivers, empty),
        cmocka_unit_test_setup(test_handed_out, empty),
        cmocka_unit_test_setup(test_handed_out_twice, empty),
        cmocka_unit_test_setup(test_tries, empty),
        cmocka_unit_test(test_again),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
