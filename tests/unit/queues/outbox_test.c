/* outbox: mails leave in the order of their need, once, whatever happens on the way. */
#include "queues/keys.h"
#include "queues/outbox.h"
#include "tests/unit/queues/scratch_lab.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1795500000000)

static struct lab s;

static int begin(void **state)
{
    (void)state;
    lab_open(&s);
    return 0;
}

static int end(void **state)
{
    (void)state;
    lab_close(&s);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    lab_empty(&s);
    return 0;
}

static struct ulid put(enum outbox_kind kind, unsigned partition, int64_t asked_ms, const char *to)
{
    struct change *c = change_begin(s.arena);
    struct outbox_mail m = {.id = ulid_in(ulid_fresh(), partition),
                            .kind = kind,
                            .to = str_of(to),
                            .language = STR("ja"),
                            .reference = 77,
                            .ticket = ulid_fresh(),
                            .participant = ulid_fresh(),
                            .message = ulid_fresh(),
                            .asked_ms = asked_ms,
                            .ends_ms = asked_ms + 1800000,
                            .code = kind == OUTBOX_CODE ? STR("48291376") : STR(""),
                            .text = kind == OUTBOX_REPLY ? STR("words\nof staff") : STR(""),
                            .author = STR("Ada")};

    change_mail(c, s.keys, &m);
    assert_int_equal(change_run(s.redis, s.arena, c, STR(""), STR(""), STR(""), NULL), ERR_OK);
    return m.id;
}

static size_t due(int64_t now_ms, size_t max, struct outbox_mail *out, int64_t *wait_ms)
{
    size_t n;

    assert_int_equal(outbox_due(s.redis, s.keys, s.arena, UINT64_MAX, now_ms, max, out, &n, wait_ms), ERR_OK);
    return n;
}

static void what_was_put_in_comes_out(void **state)
{
    struct ulid id = put(OUTBOX_REPLY, 9, NOW, "a@example.org");
    struct outbox_mail m[4];
    int64_t wait;

    (void)state;
    assert_int_equal(due(NOW, 4, m, &wait), 1);
    assert_true(ulid_equal(m[0].id, id) && m[0].kind == OUTBOX_REPLY && !m[0].silent && m[0].tries == 0);
    assert_true(str_is(m[0].to, "a@example.org") && str_is(m[0].language, "ja") && m[0].reference == 77);
    assert_true(str_is(m[0].text, "words\nof staff") && str_is(m[0].author, "Ada"));
    assert_int_equal(m[0].ends_ms, NOW + 1800000);
    assert_true(ulid_time_ms(m[0].message) > 0 && ulid_time_ms(m[0].ticket) > 0);
}

static const struct {
    const char *label;
    enum outbox_kind kind;
    unsigned partition;
    int64_t after_ms;
} order[] = {
    {"a reply of long ago", OUTBOX_REPLY, 0, -5000}, {"an old code elsewhere", OUTBOX_CODE, 63, -4000},
    {"a younger code", OUTBOX_CODE, 5, -3000},       {"a reply just now", OUTBOX_REPLY, 5, 0},
    {"a code not yet due", OUTBOX_CODE, 7, 2000},    {"a reply not yet due", OUTBOX_REPLY, 7, 1000},
};

static void codes_first_and_only_what_is_due(void **state)
{
    struct outbox_mail m[8];
    int64_t wait;
    size_t codes = 0, n;

    (void)state;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        (void)put(order[i].kind, order[i].partition, NOW + order[i].after_ms, order[i].label);
    n = due(NOW, 8, m, &wait);
    assert_int_equal(n, 4);
    assert_int_equal(wait, 1000); /* until the next one */
    for (size_t i = 0; i < n; i++) {
        codes += m[i].kind == OUTBOX_CODE;
        assert_int_equal(m[i].kind == OUTBOX_CODE, i < 2);
        assert_true(m[i].asked_ms <= NOW);
    }
    assert_int_equal(codes, 2);
    assert_int_equal(due(NOW, 1, m, &wait), 1); /* where there is room for one, it is a code */
    assert_int_equal(m[0].kind, OUTBOX_CODE);
    assert_int_equal(due(NOW + 2000, 8, m, &wait), 6);
    assert_int_equal(wait, -1);
}

static const char *state_of(struct ulid id)
{
    struct str state;

    assert_int_equal(outbox_state(s.redis, s.arena, id, &state), ERR_OK);
    return state.at == NULL ? "" : state.at;
}

static void a_mail_that_was_not_taken_comes_again(void **state)
{
    struct ulid id = put(OUTBOX_CODE, 2, NOW, "a@example.org");
    struct outbox_mail m[2];
    int64_t wait;

    (void)state;
    for (int try = 1; try <= 3; try++) {
        int64_t at = NOW + (int64_t)try * 60000;

        assert_int_equal(outbox_failed(s.redis, s.keys, s.arena, id, false, at - 60000, at), ERR_OK);
        assert_int_equal(due(at - 1, 2, m, &wait), 0);
        assert_int_equal(wait, 1);
        assert_int_equal(due(at, 2, m, &wait), 1);
        assert_int_equal(m[0].tries, try);
        assert_string_equal(state_of(id), "queued");
    }
}

/* Held back by a limit: later, and as if it had not been tried. */
static void a_mail_that_is_put_off_was_not_tried(void **state)
{
    struct ulid id = put(OUTBOX_CODE, 2, NOW, "a@example.org");
    struct outbox_mail m[2];
    int64_t wait;

    (void)state;
    assert_int_equal(due(NOW, 2, m, &wait), 1);
    assert_int_equal(outbox_put_off(s.redis, s.arena, &m[0], NOW + 5000), ERR_OK);
    assert_int_equal(due(NOW + 4999, 2, m, &wait), 0);
    assert_int_equal(due(NOW + 5000, 2, m, &wait), 1);
    assert_int_equal(m[0].tries, 0);
    assert_int_equal(outbox_sent(s.redis, s.keys, s.arena, id, NOW), ERR_OK);
    assert_int_equal(outbox_put_off(s.redis, s.arena, &m[0], NOW), ERR_OK); /* it is gone, and stays so */
    assert_string_equal(lab_say(&s, "EXISTS {p2}:ob0"), "0");
    assert_int_equal(due(NOW * 2, 2, m, &wait), 0);
}

static const struct {
    const char *label, *state;
    bool final;
} ends[] = {{"sent", "sent", false}, {"refused for good", "failed", true}};

static void a_mail_that_ended_is_gone_with_all_it_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct ulid id = put(OUTBOX_CODE, 2, NOW, "a@example.org");
        struct outbox_mail m[2];
        int64_t wait, codes, others;
        const char *key = key_in(s.arena, 2, "d", id_print(ID_MAIL, id).at).at;
        enum err e = ends[i].final ? outbox_failed(s.redis, s.keys, s.arena, id, true, NOW, 0)
                                   : outbox_sent(s.redis, s.keys, s.arena, id, NOW);

        assert_int_equal(e, ERR_OK);
        if (strcmp(state_of(id), ends[i].state) != 0)
            fail_msg("%s: %s", ends[i].label, state_of(id));
        assert_int_equal(due(NOW * 2, 2, m, &wait), 0);
        assert_int_equal(outbox_waiting(s.redis, s.arena, &codes, &others), ERR_OK);
        assert_int_equal(codes + others, 0);
        assert_string_equal(lab_say(&s, "HEXISTS %s sealed", key), "0");
        assert_true(strtoll(lab_say(&s, "PTTL %s", key), NULL, 10) > 0);
        /* Said twice, or tried again by somebody who did not hear: nothing comes back. */
        assert_int_equal(outbox_sent(s.redis, s.keys, s.arena, id, NOW + 1), ERR_OK);
        assert_int_equal(outbox_failed(s.redis, s.keys, s.arena, id, false, NOW, NOW + 1), ERR_OK);
        assert_int_equal(due(NOW * 2, 2, m, &wait), 0);
        assert_string_equal(state_of(id), ends[i].state);
    }
    assert_string_equal(state_of(ulid_fresh()), "");
}

static void mails_are_counted_by_kind(void **state)
{
    int64_t codes, others;

    (void)state;
    for (unsigned p = 0; p < 5; p++)
        (void)put(OUTBOX_CODE, p * 13, NOW, "a@example.org");
    (void)put(OUTBOX_REPLY, 63, NOW, "a@example.org");
    assert_int_equal(outbox_waiting(s.redis, s.arena, &codes, &others), ERR_OK);
    assert_int_equal(codes, 5);
    assert_int_equal(others, 1);
}

/* One that cannot be read does not hold up the others, and does not come again. */
static void a_corrupt_mail_ends_alone(void **state)
{
    struct ulid bad = put(OUTBOX_CODE, 2, NOW, "bad@example.org"), good = put(OUTBOX_CODE, 2, NOW, "good@example.org");
    struct outbox_mail m[4];
    int64_t wait;

    (void)state;
    (void)lab_say(&s, "HSET %s sealed broken", key_in(s.arena, 2, "d", id_print(ID_MAIL, bad).at).at);
    assert_int_equal(due(NOW, 4, m, &wait), 1);
    assert_true(ulid_equal(m[0].id, good));
    assert_string_equal(state_of(bad), "failed");
    /* A mail under another one's name is no better. */
    (void)lab_say(&s, "COPY %s %s REPLACE", key_in(s.arena, 2, "d", id_print(ID_MAIL, good).at).at,
                  key_in(s.arena, 2, "d", id_print(ID_MAIL, bad).at).at);
    (void)lab_say(&s, "ZADD {p2}:ob0 1 %s", id_print(ID_MAIL, bad).at);
    assert_int_equal(due(NOW, 4, m, &wait), 1);
    assert_true(ulid_equal(m[0].id, good));
}

static enum err about(struct ulid id, struct outbox_about *out)
{
    struct redis_value *v;
    size_t n;

    outbox_queue_about(s.redis, s.arena, id);
    assert_int_equal(redis_flush(s.redis, s.arena, &v, &n), ERR_OK);
    return outbox_about_load(s.keys, s.arena, id, v, out);
}

static void come_back(struct ulid id)
{
    struct change *c = change_begin(s.arena);

    change_mail_bounced(c, id, NOW + 5);
    assert_int_equal(change_run(s.redis, s.arena, c, STR(""), STR(""), STR(""), NULL), ERR_OK);
}

/* O5 */
static void a_mail_that_comes_back_is_known(void **state)
{
    struct ulid id = put(OUTBOX_REPLY, 9, NOW, "a@example.org");
    struct outbox_about was;

    (void)state;
    for (int sent = 0; sent < 2; sent++) { /* the report may be faster than the relay's answer */
        assert_int_equal(about(id, &was), ERR_OK);
        assert_true(was.kind == OUTBOX_REPLY && str_is(was.to, "a@example.org"));
        assert_true(ulid_time_ms(was.ticket) > 0 && ulid_time_ms(was.message) > 0 && ulid_time_ms(was.participant) > 0);
        assert_string_equal(was.state.at, sent ? "sent" : "queued");
        assert_int_equal(outbox_sent(s.redis, s.keys, s.arena, id, NOW), ERR_OK);
    }
    come_back(id);
    assert_string_equal(state_of(id), "bounced");
    assert_int_equal(about(id, &was), ERR_OK);
    assert_int_equal(about(ulid_fresh(), &was), ERR_ABSENT);
}

static void a_mail_that_came_back_is_not_sent_again(void **state)
{
    struct ulid id = put(OUTBOX_REPLY, 9, NOW, "a@example.org");
    struct outbox_mail m[2];
    int64_t wait;

    (void)state;
    come_back(id);
    assert_int_equal(due(NOW * 2, 2, m, &wait), 0);
    assert_int_equal(outbox_sent(s.redis, s.keys, s.arena, id, NOW + 9), ERR_OK);
    assert_string_equal(state_of(id), "bounced");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_put_in_comes_out, empty),
        cmocka_unit_test_setup(codes_first_and_only_what_is_due, empty),
        cmocka_unit_test_setup(a_mail_that_was_not_taken_comes_again, empty),
        cmocka_unit_test_setup(a_mail_that_is_put_off_was_not_tried, empty),
        cmocka_unit_test_setup(a_mail_that_ended_is_gone_with_all_it_said, empty),
        cmocka_unit_test_setup(mails_are_counted_by_kind, empty),
        cmocka_unit_test_setup(a_corrupt_mail_ends_alone, empty),
        cmocka_unit_test_setup(a_mail_that_comes_back_is_known, empty),
        cmocka_unit_test_setup(a_mail_that_came_back_is_not_sent_again, empty),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
