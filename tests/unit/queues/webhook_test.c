/* webhook: senders and their secrets in a real Redis, and their copy on the disk (W1 to W4). */
#include "queues/webhook.h"

#include "queues/keys.h"
#include "rules/base/arena.h"
#include "tests/unit/queues/scratch_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define NOW  INT64_C(1795564800000)
#define HOUR INT64_C(3600000)

static struct lab lab;
static struct webhooks *all;

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

static struct str add(enum webhook_kind kind, const char *name)
{
    struct str secret;

    assert_int_equal(webhook_add(lab.redis, lab.keys, lab.arena, kind, str_of(name), NOW, "test", &secret), ERR_OK);
    return secret;
}

static enum err rotate(const char *name, int64_t keep_ms, int64_t now_ms, struct str *secret, int64_t *until_ms)
{
    return webhook_rotate(lab.redis, lab.keys, lab.arena, str_of(name), keep_ms, now_ms, "test", secret, until_ms);
}

static const struct webhook *read_one(const char *name)
{
    enum err e = webhooks_read(lab.redis, lab.keys, lab.arena, all);

    assert_true(e == ERR_OK || e == ERR_ABSENT);
    return webhooks_find(all, str_of(name));
}

static void assert_key(struct str secret, const struct webhook_secret *s)
{
    uint8_t key[HMAC_BYTES];

    assert_true(str_starts(secret, "whsec_"));
    assert_true(base64_decode((struct str){secret.at + 6, secret.len - 6}, key, sizeof key));
    assert_memory_equal(key, s->key, sizeof key);
}

static void test_added(void **state)
{
    struct str secret = add(WEBHOOK_SOCIAL, "masto"), other = add(WEBHOOK_DESK, "desk-1");
    const struct webhook *w = read_one("masto");

    (void)state;
    assert_int_equal(secret.len, 6 + 44);
    assert_false(str_equal(secret, other));
    assert_non_null(w);
    assert_int_equal(w->kind, WEBHOOK_SOCIAL);
    assert_false(w->disabled);
    assert_int_equal(w->created_ms, NOW);
    assert_int_equal(w->secrets, 1);
    assert_key(secret, &w->secret[0]);
    assert_int_equal(all->n, 2);
    assert_string_equal(all->at[0].name, "desk-1"); /* by name */
    assert_int_equal(all->version, 2);
    assert_null(webhooks_find(all, STR("mast")));
}

static void test_refused(void **state)
{
    struct str secret = STR("kept");
    char name[16];

    (void)state;
    (void)add(WEBHOOK_SOCIAL, "twice");
    assert_int_equal(webhook_add(lab.redis, lab.keys, lab.arena, WEBHOOK_DESK, STR("twice"), NOW, "test", &secret),
                     ERR_CONFLICT);
    assert_int_equal(webhook_add(lab.redis, lab.keys, lab.arena, WEBHOOK_DESK, STR("No"), NOW, "test", &secret),
                     ERR_INPUT);
    for (int i = 1; i < WEBHOOKS_OF_KIND_MAX; i++) {
        (void)snprintf(name, sizeof name, "bot-%d", i);
        (void)add(WEBHOOK_SOCIAL, name);
    }
    assert_int_equal(webhook_add(lab.redis, lab.keys, lab.arena, WEBHOOK_SOCIAL, STR("one-more"), NOW, "test", &secret),
                     ERR_LIMIT);
    assert_true(str_is(secret, "kept"));
    (void)add(WEBHOOK_PHONE, "another-kind");
}

static const struct {
    const char *name;
    bool good;
} names[] = {{"ab", true},
             {"zendesk-2", true},
             {"abcdefghijklmnopqrstuvwxyz012345", true},
             {"abcdefghijklmnopqrstuvwxyz0123456", false},
             {"", false},
             {"a", false},
             {"AB", false},
             {"a b", false},
             {"a_b", false},
             {"v.1", false}};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (webhook_name_valid(str_of(names[i].name)) != names[i].good)
            fail_msg("%s", names[i].name);
}

/* "v" is a field of the record itself; a sender of that name must not be taken for it. */
static void test_the_name_of_the_version(void **state)
{
    struct str secret;

    (void)state;
    (void)add(WEBHOOK_SOCIAL, "vv");
    assert_int_equal(webhook_add(lab.redis, lab.keys, lab.arena, WEBHOOK_SOCIAL, STR("v"), NOW, "test", &secret),
                     ERR_INPUT);
}

static void test_two_secrets_live(void **state)
{
    struct str first = add(WEBHOOK_PHONE, "ivr"), second, third;
    const struct webhook *w;
    int64_t until = 0;

    (void)state;
    assert_int_equal(rotate("ivr", 24 * HOUR, NOW + HOUR, &second, &until), ERR_OK);
    assert_int_equal(until, NOW + 25 * HOUR);
    w = read_one("ivr");
    assert_int_equal(w->secrets, 2);
    assert_key(second, &w->secret[0]);
    assert_key(first, &w->secret[1]);
    assert_true(webhook_secret_lives(&w->secret[1], until - 1));
    assert_false(webhook_secret_lives(&w->secret[1], until));
    assert_true(webhook_secret_lives(&w->secret[0], until + 1000 * HOUR));

    /* A third one only once the first is over, or by ending both. */
    until = 0;
    assert_int_equal(rotate("ivr", HOUR, NOW + 2 * HOUR, &third, &until), ERR_LIMIT);
    assert_int_equal(until, NOW + 25 * HOUR);
    assert_int_equal(rotate("ivr", HOUR, NOW + 25 * HOUR, &third, &until), ERR_OK);
    w = read_one("ivr");
    assert_int_equal(w->secrets, 2);
    assert_key(third, &w->secret[0]);
    assert_key(second, &w->secret[1]);
    assert_int_equal(rotate("ivr", 0, NOW + 25 * HOUR + 1, &first, &until), ERR_OK);
    w = read_one("ivr");
    assert_int_equal(w->secrets, 1);
    assert_key(first, &w->secret[0]);
    assert_int_equal(rotate("nobody", 0, NOW, &first, &until), ERR_ABSENT);
}

static void test_disabled_and_back(void **state)
{
    struct str secret;
    const struct webhook *w;
    int64_t until = 0;

    (void)state;
    (void)add(WEBHOOK_SOCIAL, "bot");
    assert_int_equal(webhook_disable(lab.redis, lab.keys, lab.arena, STR("bot"), NOW, "test"), ERR_OK);
    w = read_one("bot");
    assert_true(w->disabled);
    assert_int_equal(w->secrets, 0);
    assert_int_equal(rotate("bot", HOUR, NOW + 1, &secret, &until), ERR_OK);
    assert_int_equal(until, NOW + 1); /* nothing lives on */
    w = read_one("bot");
    assert_false(w->disabled);
    assert_int_equal(w->secrets, 1);
    assert_int_equal(webhook_remove(lab.redis, lab.keys, lab.arena, STR("bot"), NOW, "test"), ERR_OK);
    assert_null(read_one("bot"));
    assert_int_equal(webhook_remove(lab.redis, lab.keys, lab.arena, STR("bot"), NOW, "test"), ERR_ABSENT);
    assert_int_equal(webhook_disable(lab.redis, lab.keys, lab.arena, STR("bot"), NOW, "test"), ERR_ABSENT);
}

/* W2: nothing of a secret in Redis, and a record under another name opens nothing. */
static void test_sealed(void **state)
{
    struct str secret = add(WEBHOOK_SOCIAL, "bot");
    uint8_t key[HMAC_BYTES];
    struct redis_value v;

    (void)state;
    assert_true(base64_decode((struct str){secret.at + 6, secret.len - 6}, key, sizeof key));
    assert_int_equal(redis_do(lab.redis, lab.arena, &v, 3,
                              (struct str[]){STR("HGET"), key_at(lab.arena, "wh", "senders"), STR("bot")}),
                     ERR_OK);
    assert_null(memmem(v.text.at, v.text.len, secret.at + 6, 20));
    assert_null(memmem(v.text.at, v.text.len, key, 8));
    assert_int_equal(redis_do(lab.redis, lab.arena, NULL, 4,
                              (struct str[]){STR("HSET"), key_at(lab.arena, "wh", "senders"), STR("alias"), v.text}),
                     ERR_OK);
    assert_int_equal(webhooks_read(lab.redis, lab.keys, lab.arena, all), ERR_CORRUPT);
}

static void test_marks_tell_copies_apart(void **state)
{
    uint64_t before;

    (void)state;
    (void)add(WEBHOOK_SOCIAL, "bot");
    (void)read_one("bot");
    before = all->mark;
    (void)read_one("bot");
    assert_true(all->mark == before && before != 0);
    assert_int_equal(webhook_disable(lab.redis, lab.keys, lab.arena, STR("bot"), NOW, "test"), ERR_OK);
    (void)read_one("bot");
    assert_true(all->mark != before);
}

/* ---- the copy on the disk ---- */

static void test_copy(void **state)
{
    struct webhooks *copy = secret_memory(sizeof *copy);
    struct str secret = add(WEBHOOK_SOCIAL, "bot"), other;
    const char *folder = lab.server.folder;
    char path[128];
    struct stat st;
    int64_t until;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/webhooks", folder);
    (void)remove(path);
    assert_int_equal(webhooks_load(copy, lab.keys, folder), ERR_ABSENT);
    assert_int_equal(rotate("bot", HOUR, NOW, &other, &until), ERR_OK);
    (void)add(WEBHOOK_DESK, "desk");
    (void)read_one("bot");
    assert_int_equal(webhooks_save(all, lab.keys, folder), ERR_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(webhooks_load(copy, lab.keys, folder), ERR_OK);
    assert_int_equal(copy->n, 2);
    assert_int_equal(copy->version, all->version);
    assert_key(other, &webhooks_find(copy, STR("bot"))->secret[0]);
    assert_key(secret, &webhooks_find(copy, STR("bot"))->secret[1]);
    assert_int_equal(webhooks_find(copy, STR("bot"))->secret[1].until_ms, until);
    secret_memory_free(copy);
}

static void spoil(const char *path, long at)
{
    FILE *f = fopen(path, "r+b");
    int byte;

    assert_non_null(f);
    (void)fseek(f, at, SEEK_SET);
    byte = fgetc(f);
    (void)fseek(f, at, SEEK_SET);
    (void)fputc(byte ^ 1, f);
    (void)fclose(f);
}

static void test_a_spoilt_copy_is_no_copy(void **state)
{
    static const long places[] = {0, 3, 10, 40, 100};
    char path[128];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/webhooks", lab.server.folder);
    (void)add(WEBHOOK_SOCIAL, "bot");
    (void)read_one("bot");
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        assert_int_equal(webhooks_save(all, lab.keys, lab.server.folder), ERR_OK);
        spoil(path, places[i]);

        struct webhooks *copy = secret_memory(sizeof *copy);

        assert_int_equal(webhooks_load(copy, lab.keys, lab.server.folder), ERR_CORRUPT);
        assert_int_equal(copy->n, 0);
        secret_memory_free(copy);
    }
}

static void test_given_back(void **state)
{
    struct webhooks *copy = secret_memory(sizeof *copy);
    struct str secret = add(WEBHOOK_SOCIAL, "bot");

    (void)state;
    (void)read_one("bot");
    memcpy(copy, all, sizeof *copy);
    assert_int_equal(webhooks_put_back(lab.redis, lab.keys, lab.arena, copy), ERR_CONFLICT);
    lab_empty(&lab);
    assert_int_equal(webhooks_read(lab.redis, lab.keys, lab.arena, all), ERR_ABSENT);
    assert_int_equal(webhooks_put_back(lab.redis, lab.keys, lab.arena, copy), ERR_OK);
    (void)secret;
    assert_non_null(read_one("bot"));
    assert_memory_equal(all->at[0].secret[0].key, copy->at[0].secret[0].key, HMAC_BYTES);
    secret_memory_free(copy);
}

/* "Nobody" is a record as well: the last sender, removed, does not come back. */
static void test_nobody_is_believed(void **state)
{
    (void)state;
    (void)add(WEBHOOK_SOCIAL, "bot");
    assert_int_equal(webhook_remove(lab.redis, lab.keys, lab.arena, STR("bot"), NOW, "test"), ERR_OK);
    assert_int_equal(webhooks_read(lab.redis, lab.keys, lab.arena, all), ERR_OK);
    assert_int_equal(all->n, 0);
    assert_int_equal(all->version, 2);
    lab_empty(&lab);
    assert_int_equal(webhooks_put_back(lab.redis, lab.keys, lab.arena, all), ERR_OK);
    assert_int_equal(webhooks_read(lab.redis, lab.keys, lab.arena, all), ERR_OK);
    assert_int_equal(all->n, 0);
}

/* ---- records ---- */

#define ID  "01M87ZRQ4TEBF6C6B5AD9CPY55"
#define KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static const struct {
    const char *label, *record;
    bool good;
} records[] = {
    {"one secret", ID " social on 5 " KEY " 5 0", true},
    {"two", ID " desk on 5 " KEY " 6 0 " KEY " 5 9", true},
    {"none", ID " phone off 5", true},
    {"three", ID " desk on 5 " KEY " 6 0 " KEY " 5 9 " KEY " 5 9", false},
    {"an unknown kind", ID " mail on 5 " KEY " 5 0", false},
    {"an unknown state", ID " desk maybe 5 " KEY " 5 0", false},
    {"no id", "x desk on 5 " KEY " 5 0", false},
    {"a short key", ID " desk on 5 0001 5 0", false},
    {"no hex", ID " desk on 5 zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 5 0", false},
    {"no end", ID " desk on 5 " KEY " 5", false},
    {"nothing", "", false},
};

static void test_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        char again[WEBHOOK_RECORD_MAX];
        struct webhook w;
        bool good = webhook_parse(STR("bot"), str_of(records[i].record), &w);

        if (good != records[i].good)
            fail_msg("%s", records[i].label);
        if (good) {
            assert_int_equal(webhook_print(&w, again), strlen(records[i].record));
            assert_string_equal(again, records[i].record);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_added, empty),
        cmocka_unit_test_setup(test_refused, empty),
        cmocka_unit_test(test_names),
        cmocka_unit_test_setup(test_the_name_of_the_version, empty),
        cmocka_unit_test_setup(test_two_secrets_live, empty),
        cmocka_unit_test_setup(test_disabled_and_back, empty),
        cmocka_unit_test_setup(test_sealed, empty),
        cmocka_unit_test_setup(test_marks_tell_copies_apart, empty),
        cmocka_unit_test_setup(test_copy, empty),
        cmocka_unit_test_setup(test_a_spoilt_copy_is_no_copy, empty),
        cmocka_unit_test_setup(test_given_back, empty),
        cmocka_unit_test_setup(test_nobody_is_believed, empty),
        cmocka_unit_test(test_records),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
