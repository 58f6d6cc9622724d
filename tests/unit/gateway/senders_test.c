/* senders: who is known at this moment, from the disk and from Redis, and how much each may post (N1 to N4). */
#include "gateway/channels/senders.h"

#include "gateway/http/call.h"
#include "tests/unit/queues/scratch_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW  INT64_C(1795564800000)
#define BODY STR("{\"text\":\"Down.\"}")

static struct lab lab;

static int open_all(void **state)
{
    (void)state;
    lab_open(&lab);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    lab_close(&lab);
    return 0;
}

static int empty(void **state)
{
    char path[128];

    (void)state;
    lab_empty(&lab);
    (void)snprintf(path, sizeof path, "%s/webhooks", lab.server.folder);
    (void)remove(path);
    return 0;
}

static struct senders *opened(void)
{
    return senders_open(lab.keys, lab.server.folder);
}

static struct str add(enum webhook_kind kind, const char *name)
{
    struct str secret;

    assert_int_equal(webhook_add(lab.redis, lab.keys, lab.arena, kind, str_of(name), NOW, "test", &secret), ERR_OK);
    return secret;
}

/* As a client with that secret signs it. */
static struct signature signed_by(struct str secret)
{
    struct signature s = {.id = STR("msg_1"), .timestamp = STR("1795564800"), .n = 1};
    const struct str parts[] = {STR("msg_1.1795564800."), BODY};
    uint8_t key[HMAC_BYTES];

    assert_true(base64_decode((struct str){secret.at + 6, secret.len - 6}, key, sizeof key));
    hmac_sha256(key, parts, 2, s.mac[0]);
    return s;
}

static bool knows(struct senders *s, enum webhook_kind kind, struct str secret, int64_t now_ms)
{
    struct signature sig = signed_by(secret);
    struct ulid who;

    return senders_find(s, kind, &sig, BODY, now_ms, &who);
}

static void test_known_after_a_reading(void **state)
{
    struct str social = add(WEBHOOK_SOCIAL, "bot"), desk = add(WEBHOOK_DESK, "desk");
    struct senders *s = opened();

    (void)state;
    assert_false(knows(s, WEBHOOK_SOCIAL, social, NOW));
    senders_refresh(s, lab.redis);
    assert_true(knows(s, WEBHOOK_SOCIAL, social, NOW));
    assert_true(knows(s, WEBHOOK_DESK, desk, NOW));
    assert_false(knows(s, WEBHOOK_PHONE, social, NOW)); /* of another kind */
    assert_false(knows(s, WEBHOOK_DESK, social, NOW));

    struct senders_counts counts;

    senders_counts(s, &counts);
    assert_int_equal(counts.found, 2);
    assert_int_equal(counts.unknown, 3);
    senders_close(s);
}

static void test_each_has_a_name_of_its_own(void **state)
{
    struct signature one = signed_by(add(WEBHOOK_SOCIAL, "one")), two = signed_by(add(WEBHOOK_SOCIAL, "two"));
    struct senders *s = opened();
    struct ulid first, second;

    (void)state;
    senders_refresh(s, lab.redis);
    assert_true(senders_find(s, WEBHOOK_SOCIAL, &one, BODY, NOW, &first));
    assert_true(senders_find(s, WEBHOOK_SOCIAL, &two, BODY, NOW, &second));
    assert_false(ulid_equal(first, second));
    senders_close(s);
}

static void test_rotated(void **state)
{
    struct str old = add(WEBHOOK_PHONE, "ivr"), fresh;
    struct senders *s = opened();
    int64_t until;

    (void)state;
    assert_int_equal(webhook_rotate(lab.redis, lab.keys, lab.arena, STR("ivr"), 3600000, NOW, "test", &fresh, &until),
                     ERR_OK);
    senders_refresh(s, lab.redis);
    assert_true(knows(s, WEBHOOK_PHONE, old, until - 1));
    assert_true(knows(s, WEBHOOK_PHONE, fresh, until - 1));
    assert_false(knows(s, WEBHOOK_PHONE, old, until)); /* without another reading */
    assert_true(knows(s, WEBHOOK_PHONE, fresh, until));
    senders_close(s);
}

static void test_disabled(void **state)
{
    struct str secret = add(WEBHOOK_SOCIAL, "bot");
    struct senders *s = opened();

    (void)state;
    senders_refresh(s, lab.redis);
    assert_int_equal(webhook_disable(lab.redis, lab.keys, lab.arena, STR("bot"), NOW, "test"), ERR_OK);
    senders_refresh(s, lab.redis);
    assert_false(knows(s, WEBHOOK_SOCIAL, secret, NOW));
    senders_close(s);
}

/* N1 */
static void test_without_redis(void **state)
{
    struct str secret = add(WEBHOOK_SOCIAL, "bot");
    struct senders *s = opened();
    struct redis_target nowhere = {.path = "/nowhere/redis.sock"};
    struct redis *away = redis_open(&nowhere, 200);

    (void)state;
    senders_refresh(s, lab.redis);
    senders_refresh(s, away);
    assert_true(knows(s, WEBHOOK_SOCIAL, secret, NOW));
    senders_close(s);
    s = opened(); /* from the disk */
    assert_true(knows(s, WEBHOOK_SOCIAL, secret, NOW));
    senders_refresh(s, away);
    assert_true(knows(s, WEBHOOK_SOCIAL, secret, NOW));
    senders_close(s);
    redis_close(away);
}

static void test_a_redis_that_lost_it_is_given_it_back(void **state)
{
    struct senders *s = opened();
    struct webhooks *all = secret_memory(sizeof *all);

    (void)state;
    (void)add(WEBHOOK_SOCIAL, "bot");
    senders_refresh(s, lab.redis);
    lab_empty(&lab);
    senders_refresh(s, lab.redis);

    assert_int_equal(webhooks_read(lab.redis, lab.keys, lab.arena, all), ERR_OK);
    assert_int_equal(all->n, 1);
    assert_string_equal(all->at[0].name, "bot");
    secret_memory_free(all);
    senders_close(s);
}

static void test_shares(void **state)
{
    struct senders *s = opened();
    struct ulid one = {{1}}, two = {{2}};
    int64_t now = 1000000;

    (void)state;
    for (int i = 0; i < WEBHOOK_BURST; i++)
        assert_int_equal(senders_wait_ms(s, one, now), 0);
    assert_int_equal(senders_wait_ms(s, one, now), WEBHOOK_GAP_MS);
    assert_int_equal(senders_wait_ms(s, one, now), WEBHOOK_GAP_MS); /* a refusal costs nothing */
    assert_int_equal(senders_wait_ms(s, two, now), 0);              /* nobody uses up another's share */
    assert_int_equal(senders_wait_ms(s, one, now + WEBHOOK_GAP_MS), 0);
    assert_int_equal(senders_wait_ms(s, one, now + WEBHOOK_GAP_MS), WEBHOOK_GAP_MS);
    for (int i = 0; i < WEBHOOK_BURST; i++)
        assert_int_equal(senders_wait_ms(s, one, now + 60000), 0);
    assert_true(senders_wait_ms(s, one, now + 60000) > 0);

    struct senders_counts counts;

    senders_counts(s, &counts);
    assert_int_equal(counts.limited, 4);
    senders_close(s);
}

/* 20 a second, whatever comes: nobody gets more over a minute. */
static void test_a_minute(void **state)
{
    struct senders *s = opened();
    struct ulid one = {{1}};
    int through = 0;

    (void)state;
    for (int64_t ms = 0; ms < 60000; ms++)
        through += senders_wait_ms(s, one, 1000000 + ms) == 0;
    assert_int_equal(through, WEBHOOK_BURST + 60000 / WEBHOOK_GAP_MS - 1);
    senders_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_known_after_a_reading, empty),
        cmocka_unit_test_setup(test_each_has_a_name_of_its_own, empty),
        cmocka_unit_test_setup(test_rotated, empty),
        cmocka_unit_test_setup(test_disabled, empty),
        cmocka_unit_test_setup(test_without_redis, empty),
        cmocka_unit_test_setup(test_a_redis_that_lost_it_is_given_it_back, empty),
        cmocka_unit_test_setup(test_shares, empty),
        cmocka_unit_test_setup(test_a_minute, empty),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
