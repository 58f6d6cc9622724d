/* staff: who may sign in, how often one may try, and when a session ends (M1 to M5). */
#include "queues/staff.h"

#include "queues/keys.h"
#include "queues/seal.h"
#include "rules/base/arena.h"
#include "tests/unit/queues/scratch_redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW  INT64_C(1795564800000)
#define GOOD STR("correct horse battery")

static struct scratch_redis server;
static struct redis *redis;
static struct keyring *keys;
static char key_folder[64] = "/tmp/staff-test-keys-XXXXXX";
static char good_hash[128];

static int open_all(void **state)
{
    char why[KEYRING_WHY_BYTES];

    scratch_open(&server);
    scratch_start(&server, NULL);
    redis = redis_open(&server.target, 5000);
    *state = arena_open(64 * 1024);
    return mkdtemp(key_folder) == NULL || keyring_open(&keys, key_folder, true, why) != ERR_OK ||
           password_hash(good_hash, GOOD) != ERR_OK;
}

static int close_all(void **state)
{
    redis_close(redis);
    keyring_close(keys);
    scratch_close(&server);
    remove_folder(key_folder);
    arena_close(*state);
    return 0;
}

static int empty(void **state)
{
    scratch_say(redis, *state, "FLUSHALL");
    return 0;
}

static struct staff add(struct arena *a, const char *name, enum staff_role role)
{
    struct staff s;

    assert_int_equal(staff_add(redis, keys, a, str_of(name), role, good_hash, NOW, "test", &s), ERR_OK);
    return s;
}

static enum err sign_in(struct arena *a, const char *name, struct str password, int64_t now_ms, struct str *token)
{
    int64_t wait = 0;

    return staff_session_make(redis, keys, a, str_of(name), password, true, now_ms, token, &wait);
}

/* ---- what may be a password ---- */

static const struct {
    const char *label, *name, *password;
    bool good;
} passwords[] = {
    {"fifteen characters", "mei", "abcdefghijklmno", true},
    {"fourteen", "mei", "abcdefghijklmn", false},
    {"none", "mei", "", false},
    {"fourteen characters of many bytes", "mei", "密碼密碼密碼密碼密碼密碼密碼", false},
    {"fifteen characters of many bytes", "mei", "密碼密碼密碼密碼密碼密碼密碼密", true},
    {"the name", "a-very-long-staff-name", "a-very-long-staff-name", false},
    {"the name in other letters", "a-very-long-staff-name", "A-Very-Long-Staff-Name", false},
    {"one letter", "mei", "aaaaaaaaaaaaaaaaaaaa", false},
    {"one letter of many bytes", "mei", "密密密密密密密密密密密密密密密密", false},
    {"one letter and another", "mei", "aaaaaaaaaaaaaaaaaaab", true},
    {"spaces count", "mei", "a b c d e f g h", true},
    {"no UTF-8", "mei", "abcdefghijklmno\xFF", false},
};

static void judges_passwords(void **state)
{
    char long_one[STAFF_PASSWORD_BYTES_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof passwords / sizeof passwords[0]; i++)
        if ((staff_password_fault(str_of(passwords[i].name), str_of(passwords[i].password)) == NULL) !=
            passwords[i].good)
            fail_msg("%s", passwords[i].label);
    for (size_t i = 0; i < sizeof long_one; i++)
        long_one[i] = (char)('a' + i % 7);
    assert_null(staff_password_fault(STR("mei"), (struct str){long_one, sizeof long_one - 1}));
    assert_non_null(staff_password_fault(STR("mei"), (struct str){long_one, sizeof long_one}));
}

static const struct {
    const char *label, *name;
    bool good;
} names[] = {
    {"plain", "mei", true},
    {"two words", "Mei Lin", true},
    {"of any script", "美玲", true},
    {"empty", "", false},
    {"white space", " mei", false},
    {"control character", "mei\n", false},
    {"no UTF-8", "mei\xC3", false},
    {"65 characters", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
};

static void judges_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if ((staff_name_fault(str_of(names[i].name)) == NULL) != names[i].good)
            fail_msg("%s", names[i].label);
}

/* ---- members ---- */

static void adds_a_name_once(void **state)
{
    struct staff mei = add(*state, "mei", STAFF_AGENT), again, read;

    assert_int_equal(staff_add(redis, keys, *state, STR("MEI"), STAFF_LEAD, good_hash, NOW, "test", &again),
                     ERR_CONFLICT);
    assert_int_equal(staff_read(redis, keys, *state, STR("Mei"), &read), ERR_OK);
    assert_true(ulid_equal(read.id, mei.id));
    assert_int_equal(read.role, STAFF_AGENT);
    assert_int_equal(staff_read(redis, keys, *state, STR("may"), &read), ERR_ABSENT);
}

static void lists_by_name(void **state)
{
    static const char *const in_order[] = {"ana", "ben", "cho", "dan", "eve", "eve 2", "mei", "tom"};
    enum { PEOPLE = sizeof in_order / sizeof in_order[0] };
    struct staff *all;
    size_t n;

    for (size_t i = 0; i < PEOPLE; i++)
        add(*state, in_order[i * 3 % PEOPLE], STAFF_AUDITOR);
    assert_int_equal(staff_list(redis, keys, *state, &all, &n), ERR_OK);
    assert_int_equal(n, PEOPLE);
    for (size_t i = 0; i < PEOPLE; i++)
        assert_string_equal(all[i].name.at, in_order[i]);
}

static void tells_names_of_ids(void **state)
{
    struct staff mei = add(*state, "mei", STAFF_LEAD);
    struct str ids[] = {STR("system"), str_of(arena_strdup(*state, id_print(ID_STAFF, mei.id).at))}, told[2];

    assert_int_equal(staff_names(redis, *state, ids, 2, told), ERR_OK);
    assert_null(told[0].at);
    assert_string_equal(told[1].at, "mei");
}

/* M2: what Redis holds is of no use without the keys. */
static void keeps_no_hash_in_clear(void **state)
{
    const char *index;
    char lower[] = "mei";

    add(*state, "mei", STAFF_LEAD);
    index = arena_strdup(*state, blind_index(keys, INDEX_STAFF, str_of(lower)).at);
    assert_null(strstr(scratch_say(redis, *state, arena_printf(*state, "HGET stf:{%s} hash", index)), "argon2"));
}

/* ---- signing in ---- */

static void opens_a_session_for_the_right_password(void **state)
{
    struct staff mei = add(*state, "mei", STAFF_LEAD);
    struct staff_session s;
    struct str token, other;

    assert_int_equal(sign_in(*state, "MEI", GOOD, NOW, &token), ERR_OK);
    assert_int_equal(sign_in(*state, "mei", GOOD, NOW, &other), ERR_OK);
    assert_false(str_equal(token, other));
    assert_int_equal(staff_session_read(redis, keys, *state, token, NOW + 1, &s), ERR_OK);
    assert_true(ulid_equal(s.staff, mei.id));
    assert_int_equal(s.role, STAFF_LEAD);
    assert_int_equal(staff_session_read(redis, keys, *state, STR("no-such-token"), NOW, &s), ERR_UNKNOWN_CALLER);
}

/* M4: six in a row, then one a minute; a right one in between forgets the wrong ones. */
static void counts_wrong_passwords(void **state)
{
    static const char *const who[] = {"mei", "nobody"};
    struct str token;
    int64_t wait = 0;

    add(*state, "mei", STAFF_LEAD);
    for (size_t k = 0; k < 2; k++) {
        for (int i = 0; i < STAFF_TRIES; i++)
            assert_int_equal(sign_in(*state, who[k], STR("wrong horse battery"), NOW, &token), ERR_UNKNOWN_CALLER);
        assert_int_equal(sign_in(*state, who[k], STR("wrong horse battery"), NOW, &token), ERR_LIMIT);
        assert_int_equal(staff_session_make(redis, keys, *state, str_of(who[k]), GOOD, true, NOW, &token, &wait),
                         ERR_LIMIT);
        assert_int_equal(wait, STAFF_TRY_GAP_MS);
        assert_int_equal(sign_in(*state, who[k], STR("wrong horse battery"), NOW + STAFF_TRY_GAP_MS, &token),
                         ERR_UNKNOWN_CALLER);
        assert_int_equal(sign_in(*state, who[k], STR("wrong horse battery"), NOW + STAFF_TRY_GAP_MS, &token),
                         ERR_LIMIT);
    }
    assert_int_equal(staff_session_make(redis, keys, *state, STR("mei"), GOOD, false, NOW, &token, &wait), ERR_OK);
}

static void forgets_wrong_passwords_after_a_right_one(void **state)
{
    struct str token;

    add(*state, "mei", STAFF_LEAD);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < STAFF_TRIES - 1; i++)
            assert_int_equal(sign_in(*state, "mei", STR("wrong horse battery"), NOW, &token), ERR_UNKNOWN_CALLER);
        assert_int_equal(sign_in(*state, "mei", GOOD, NOW, &token), ERR_OK);
    }
}

/* ---- when a session ends ---- */

static const struct {
    const char *label;
    int64_t used_every_ms, asked_ms; /* after it was made; used_every 0: not at all between */
    bool living;
} ages[] = {
    {"at once", 0, 0, true},
    {"29 minutes unused", 0, 29 * 60000, true},
    {"30 minutes and a bit unused", 0, 30 * 60000 + 1, false},
    {"used every 25 minutes for 12 h", 25 * 60000, 12 * 3600000, true},
    {"used every 25 minutes for 12 h and a bit", 25 * 60000, 12 * 3600000 + 1, false},
};

static void ends_by_age_and_disuse(void **state)
{
    add(*state, "mei", STAFF_LEAD);
    for (size_t i = 0; i < sizeof ages / sizeof ages[0]; i++) {
        struct staff_session s;
        struct str token;

        assert_int_equal(sign_in(*state, "mei", GOOD, NOW, &token), ERR_OK);
        for (int64_t at = ages[i].used_every_ms; at > 0 && at < ages[i].asked_ms; at += ages[i].used_every_ms)
            if (staff_session_read(redis, keys, *state, token, NOW + at, &s) != ERR_OK)
                fail_msg("%s: over after %lld min", ages[i].label, (long long)at / 60000);
        if ((staff_session_read(redis, keys, *state, token, NOW + ages[i].asked_ms, &s) == ERR_OK) != ages[i].living)
            fail_msg("%s", ages[i].label);
    }
}

static void ends_when_its_member_signs_out(void **state)
{
    struct staff_session s;
    struct str token, other;

    add(*state, "mei", STAFF_LEAD);
    assert_int_equal(sign_in(*state, "mei", GOOD, NOW, &token), ERR_OK);
    assert_int_equal(sign_in(*state, "mei", GOOD, NOW, &other), ERR_OK);
    assert_int_equal(staff_session_end(redis, keys, *state, token, NOW), ERR_OK);
    assert_int_equal(staff_session_read(redis, keys, *state, token, NOW, &s), ERR_UNKNOWN_CALLER);
    assert_int_equal(staff_session_end(redis, keys, *state, token, NOW), ERR_UNKNOWN_CALLER);
    assert_int_equal(staff_session_read(redis, keys, *state, other, NOW, &s), ERR_OK);
}

/* A look that began before the sign-out must not bring the session back. */
static void stays_signed_out_for_who_was_on_the_way(void **state)
{
    struct staff_session s;
    struct redis_value v;
    struct str token, key;

    add(*state, "mei", STAFF_LEAD);
    assert_int_equal(sign_in(*state, "mei", GOOD, NOW, &token), ERR_OK);
    key = key_at(*state, "ses", arena_strdup(*state, blind_index(keys, INDEX_SESSION, token).at));
    assert_int_equal(staff_session_end(redis, keys, *state, token, NOW), ERR_OK);
    assert_int_equal(redis_run(redis, *state, NULL, SCRIPT_SEEN, 1, 3, (struct str[]){key, STR("1"), STR("1000")}),
                     ERR_OK);
    assert_int_equal(redis_do(redis, *state, &v, 2, (struct str[]){STR("EXISTS"), key}), ERR_OK);
    assert_int_equal(v.integer, 0);
    assert_int_equal(staff_session_read(redis, keys, *state, token, NOW, &s), ERR_UNKNOWN_CALLER);
}

static void ends_when_its_member_is_disabled(void **state)
{
    struct staff_session s;
    struct str token;

    add(*state, "mei", STAFF_LEAD);
    assert_int_equal(sign_in(*state, "mei", GOOD, NOW, &token), ERR_OK);
    assert_int_equal(staff_disable(redis, keys, *state, STR("mei"), NOW + 1, "test"), ERR_OK);
    assert_int_equal(staff_session_read(redis, keys, *state, token, NOW + 2, &s), ERR_UNKNOWN_CALLER);
    assert_int_equal(sign_in(*state, "mei", GOOD, NOW + 2, &token), ERR_UNKNOWN_CALLER);
    assert_int_equal(staff_disable(redis, keys, *state, STR("nobody"), NOW, "test"), ERR_ABSENT);
}

static void ends_with_another_password(void **state)
{
    struct staff_session s;
    struct str token, later;
    char hash[128];

    add(*state, "mei", STAFF_LEAD);
    assert_int_equal(sign_in(*state, "mei", GOOD, NOW, &token), ERR_OK);
    assert_int_equal(password_hash(hash, STR("another horse battery")), ERR_OK);
    assert_int_equal(staff_set_password(redis, keys, *state, STR("mei"), hash, NOW + 1, "test"), ERR_OK);
    assert_int_equal(staff_session_read(redis, keys, *state, token, NOW + 2, &s), ERR_UNKNOWN_CALLER);
    assert_int_equal(sign_in(*state, "mei", GOOD, NOW + 2, &later), ERR_UNKNOWN_CALLER);
    assert_int_equal(sign_in(*state, "mei", STR("another horse battery"), NOW + 2, &later), ERR_OK);
    assert_int_equal(staff_session_read(redis, keys, *state, later, NOW + 3, &s), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_passwords),
        cmocka_unit_test(judges_names),
        cmocka_unit_test_setup(adds_a_name_once, empty),
        cmocka_unit_test_setup(lists_by_name, empty),
        cmocka_unit_test_setup(tells_names_of_ids, empty),
        cmocka_unit_test_setup(keeps_no_hash_in_clear, empty),
        cmocka_unit_test_setup(opens_a_session_for_the_right_password, empty),
        cmocka_unit_test_setup(counts_wrong_passwords, empty),
        cmocka_unit_test_setup(forgets_wrong_passwords_after_a_right_one, empty),
        cmocka_unit_test_setup(ends_by_age_and_disuse, empty),
        cmocka_unit_test_setup(ends_when_its_member_signs_out, empty),
        cmocka_unit_test_setup(stays_signed_out_for_who_was_on_the_way, empty),
        cmocka_unit_test_setup(ends_when_its_member_is_disabled, empty),
        cmocka_unit_test_setup(ends_with_another_password, empty),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
