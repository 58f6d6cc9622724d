#include "queues/seal.h"

#include "queues/clock.h"
#include "rules/base/arena.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct scene {
    char folder[64];
    struct arena *arena;
    struct keyring *keys;
    char why[KEYRING_WHY_BYTES];
};

static const char hex_of_2[] = "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\n";

static void put_file(struct scene *s, const char *name, const char *text, mode_t mode)
{
    char *path = arena_printf(s->arena, "%s/%s", s->folder, name);
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fputs(text, f) >= 0, 1);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void drop_file(struct scene *s, const char *name)
{
    assert_int_equal(unlink(arena_printf(s->arena, "%s/%s", s->folder, name)), 0);
}

static void reopen(struct scene *s)
{
    keyring_close(s->keys);
    s->keys = NULL;
    assert_int_equal(keyring_open(&s->keys, s->folder, true, s->why), ERR_OK);
}

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);

    (void)snprintf(s->folder, sizeof s->folder, "/tmp/seal-test-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    s->arena = arena_open(65536);
    reopen(s);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    char command[128];

    keyring_close(s->keys);
    (void)snprintf(command, sizeof command, "rm -rf %s", s->folder);
    assert_int_equal(system(command), 0);
    arena_close(s->arena);
    free(s);
    clock_freeze(-1);
    return 0;
}

static void what_is_sealed_comes_back(void **state)
{
    struct scene *s = *state;
    static const size_t lengths[] = {0, 1, 31, 32, 33, 1000, 65536, 300000};

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char *text = arena_take(s->arena, lengths[i] + 1);
        struct str plain = {text, lengths[i]}, back;

        memset(text, 'w', lengths[i]);

        struct str sealed = seal(s->keys, s->arena, plain, STR("itm_1"));

        assert_int_equal(sealed.len, (lengths[i] / SEAL_PAD + 1) * SEAL_PAD + SEAL_EXTRA);
        assert_int_equal(unseal(s->keys, s->arena, sealed, STR("itm_1"), &back), ERR_OK);
        assert_true(str_equal(plain, back));
        assert_int_equal(back.at[back.len], '\0');
    }
}

static void lengths_within_a_pad_look_alike(void **state)
{
    struct scene *s = *state;

    assert_int_equal(seal(s->keys, s->arena, STR("a@b.cd"), STR("x")).len,
                     seal(s->keys, s->arena, STR("a.longer.name@example.org"), STR("x")).len);
}

static void the_same_text_never_looks_the_same(void **state)
{
    struct scene *s = *state;

    assert_false(
        str_equal(seal(s->keys, s->arena, STR("text"), STR("x")), seal(s->keys, s->arena, STR("text"), STR("x"))));
}

static void every_changed_bit_is_noticed(void **state)
{
    struct scene *s = *state;
    struct str sealed = seal(s->keys, s->arena, STR("the words of a customer"), STR("itm_1")), back;

    for (size_t i = 0; i < sealed.len * 8; i++) {
        char *copy = str_copy(s->arena, sealed);

        copy[i / 8] = (char)(copy[i / 8] ^ (1 << i % 8));

        /* A changed key id names a key that is not there; all else is corrupt. */
        enum err want = i / 8 >= 1 && i / 8 <= 4 ? ERR_ABSENT : ERR_CORRUPT;

        assert_int_equal(unseal(s->keys, s->arena, (struct str){copy, sealed.len}, STR("itm_1"), &back), want);
    }
    for (size_t len = 0; len < sealed.len; len++)
        assert_int_equal(unseal(s->keys, s->arena, (struct str){sealed.at, len}, STR("itm_1"), &back), ERR_CORRUPT);
}

static void a_text_is_bound_to_its_record(void **state)
{
    struct scene *s = *state;
    static const char *const others[] = {"", "itm_", "itm_2", "itm_11", "ITM_1"};
    struct str sealed = seal(s->keys, s->arena, STR("words"), STR("itm_1")), back;

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(unseal(s->keys, s->arena, sealed, str_of(others[i]), &back), ERR_CORRUPT);
}

static void the_newest_key_seals_and_all_open(void **state)
{
    struct scene *s = *state;
    struct str old = seal(s->keys, s->arena, STR("old"), STR("x")), back;
    struct blind before = blind_index(s->keys, INDEX_EMAIL, STR("a@example.org"));
    uint64_t number = number_hide(s->keys, 7);

    put_file(s, "root-2.key", hex_of_2, 0600);
    put_file(s, "root-x.key", "not a key's name", 0600);
    reopen(s);
    assert_int_equal(keyring_id(s->keys), 2);

    struct str fresh = seal(s->keys, s->arena, STR("new"), STR("x"));

    assert_int_equal(unseal(s->keys, s->arena, old, STR("x"), &back), ERR_OK);
    assert_int_equal(unseal(s->keys, s->arena, fresh, STR("x"), &back), ERR_OK);
    assert_string_equal(blind_index(s->keys, INDEX_EMAIL, STR("a@example.org")).at, before.at);
    assert_int_equal(number_hide(s->keys, 7), number);

    drop_file(s, "root-2.key");
    reopen(s);
    assert_int_equal(unseal(s->keys, s->arena, fresh, STR("x"), &back), ERR_ABSENT);
    assert_int_equal(unseal(s->keys, s->arena, old, STR("x"), &back), ERR_OK);
}

static void a_folder_that_is_not_right_is_refused_with_a_reason(void **state)
{
    struct scene *s = *state;
    static const struct {
        const char *label, *name, *text;
        mode_t mode;
        enum err want;
        const char *why;
    } rows[] = {
        {"open to the group", "root-2.key", hex_of_2, 0640, ERR_DENIED, "chmod"},
        {"open to all", "root-2.key", hex_of_2, 0604, ERR_DENIED, "chmod"},
        {"too short", "root-2.key", "2021\n", 0600, ERR_CORRUPT, "not a key"},
        {"no newline", "root-2.key", "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f", 0600,
         ERR_CORRUPT, "not a key"},
        {"not hex", "root-2.key", "g02122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\n", 0600,
         ERR_CORRUPT, "not a key"},
        {"empty", "root-3.key", "", 0600, ERR_CORRUPT, "not a key"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct keyring *k = NULL;

        put_file(s, rows[i].name, rows[i].text, rows[i].mode);

        enum err e = keyring_open(&k, s->folder, true, s->why);

        if (e != rows[i].want || strstr(s->why, rows[i].why) == NULL)
            fail_msg("%s: %s, %s", rows[i].label, err_name(e), s->why);
        assert_null(k);
        drop_file(s, rows[i].name);
    }
}

static void without_the_first_key_nothing_opens(void **state)
{
    struct scene *s = *state;
    struct keyring *k = NULL;

    put_file(s, "root-2.key", hex_of_2, 0600);
    drop_file(s, "root-1.key");
    assert_int_equal(keyring_open(&k, s->folder, true, s->why), ERR_ABSENT);
    assert_non_null(strstr(s->why, "root-1.key"));
    drop_file(s, "root-2.key");
    assert_int_equal(keyring_open(&k, s->folder, false, s->why), ERR_ABSENT);
    assert_int_equal(chmod(s->folder, 0755), 0);
    assert_int_equal(keyring_open(&k, s->folder, true, s->why), ERR_DENIED);
}

static void the_first_key_is_made_once_and_for_its_owner_alone(void **state)
{
    struct scene *s = *state;
    struct stat st;
    uint64_t number = number_hide(s->keys, 1);

    assert_int_equal(stat(arena_printf(s->arena, "%s/root-1.key", s->folder), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, 65);
    reopen(s);
    assert_int_equal(number_hide(s->keys, 1), number);
}

static void a_stream_opens_only_whole_and_in_order(void **state)
{
    struct scene *s = *state;
    static const struct {
        const char *label;
        int order[3]; /* which sealed piece is read at each place, -1 none */
        const char *bound;
        enum err want;
    } rows[] = {
        {"as written", {0, 1, 2}, "fil_1", ERR_OK},          {"swapped", {1, 0, 2}, "fil_1", ERR_CORRUPT},
        {"twice", {0, 0, 2}, "fil_1", ERR_CORRUPT},          {"cut after the second", {0, 1, -1}, "fil_1", ERR_CORRUPT},
        {"last too early", {0, 2, 2}, "fil_1", ERR_CORRUPT}, {"another record", {0, 1, 2}, "fil_2", ERR_CORRUPT},
    };
    static uint8_t pieces[3][SEAL_CHUNK + SEAL_CHUNK_EXTRA], plain[SEAL_CHUNK], out[SEAL_CHUNK];
    static const size_t lengths[3] = {SEAL_CHUNK, SEAL_CHUNK, 5};
    uint8_t head[SEAL_STREAM_HEAD];
    struct seal_stream st;

    memset(plain, 'p', sizeof plain);
    seal_stream_start(&st, s->keys, STR("fil_1"), head);
    for (int i = 0; i < 3; i++)
        seal_stream_push(&st, (struct str){(char *)plain, lengths[i]}, i == 2, pieces[i]);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum err e = unseal_stream_start(&st, s->keys, str_of(rows[i].bound), head);

        for (int at = 0; e == ERR_OK && at < 3; at++) {
            int p = rows[i].order[at];
            /* A cut file ends early: what was the second of three is now read as the last. */
            bool last = at == 2 || rows[i].order[at + 1] < 0;

            if (p >= 0)
                e = unseal_stream_pull(&st, (struct str){(char *)pieces[p], lengths[p] + SEAL_CHUNK_EXTRA}, last, out);
        }
        if (e != rows[i].want)
            fail_msg("%s: %s", rows[i].label, err_name(e));
    }
    head[0] ^= 1;
    assert_int_equal(unseal_stream_start(&st, s->keys, STR("fil_1"), head), ERR_CORRUPT);
    head[0] ^= 1;
    head[4] ^= 2;
    assert_int_equal(unseal_stream_start(&st, s->keys, STR("fil_1"), head), ERR_ABSENT);
}

static void indices_of_kinds_have_nothing_in_common(void **state)
{
    struct scene *s = *state;
    struct blind seen[INDEX_KINDS];
    uint8_t raw[16], other[16];

    for (int kind = 0; kind < INDEX_KINDS; kind++) {
        seen[kind] = blind_index(s->keys, (enum index_kind)kind, STR("a@example.org"));
        assert_int_equal(strspn(seen[kind].at, "0123456789abcdef"), 32);
        assert_int_equal(strlen(seen[kind].at), 32);
        for (int before = 0; before < kind; before++)
            assert_string_not_equal(seen[kind].at, seen[before].at);
    }
    blind_bytes(s->keys, INDEX_EMAIL, STR("a@example.org"), raw);
    blind_bytes(s->keys, INDEX_EMAIL, STR("b@example.org"), other);
    assert_true(blind_equal(raw, raw));
    assert_false(blind_equal(raw, other));
}

static void hidden_numbers_are_a_permutation(void **state)
{
    struct scene *s = *state;
    enum { SAMPLES = 20000, BITS = 1 << 22 };
    const uint64_t top = (UINT64_C(1) << 40) - 1;
    uint8_t *seen = calloc(BITS / 8, 1);
    size_t folded = 0;

    for (uint64_t i = 0; i < SAMPLES; i++) {
        uint64_t n = i < SAMPLES / 2 ? i : top - i, hidden = number_hide(s->keys, n), slot = hidden % BITS;

        assert_true(hidden <= top);
        assert_true(number_find(s->keys, hidden) == n);
        assert_true(number_hide(s->keys, number_find(s->keys, n)) == n);
        folded += seen[slot / 8] >> slot % 8 & 1;
        seen[slot / 8] |= (uint8_t)(1 << slot % 8);
    }
    free(seen);
    /* Chance alone folds n*n/2m = 48 of 20,000 into slots already taken; a bad spread, thousands. */
    assert_in_range(folded, 10, 120);
}

static void codes_are_eight_digits(void **state)
{
    (void)state;
    int first[10] = {0};

    for (int i = 0; i < 2000; i++) {
        char code[9];

        code_make(code);
        assert_int_equal(strspn(code, "0123456789"), 8);
        assert_int_equal(strlen(code), 8);
        first[code[0] - '0']++;
    }
    for (int d = 0; d < 10; d++)
        assert_in_range(first[d], 120, 290);
}

enum { ULIDS = 4000, MAKERS = 4 };

static void *make_ulids(void *arg)
{
    struct ulid *out = arg;

    for (int i = 0; i < ULIDS; i++)
        out[i] = ulid_fresh();
    return NULL;
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

static void ulids_grow_in_every_thread_and_never_repeat(void **state)
{
    (void)state;
    static struct ulid made[MAKERS][ULIDS];
    pthread_t threads[MAKERS];

    for (int t = 0; t < MAKERS; t++)
        assert_int_equal(pthread_create(&threads[t], NULL, make_ulids, made[t]), 0);
    for (int t = 0; t < MAKERS; t++)
        assert_int_equal(pthread_join(threads[t], NULL), 0);
    for (int t = 0; t < MAKERS; t++)
        for (int i = 1; i < ULIDS; i++)
            assert_true(by_bytes(&made[t][i - 1], &made[t][i]) < 0);
    qsort(made, MAKERS * ULIDS, sizeof made[0][0], by_bytes);
    for (int i = 1; i < MAKERS * ULIDS; i++)
        assert_true(by_bytes(&made[0][0] + i - 1, &made[0][0] + i) < 0);
}

static void a_clock_that_steps_back_does_not_turn_ulids_back(void **state)
{
    (void)state;
    struct ulid a = ulid_fresh(), b;

    clock_freeze(ulid_time_ms(a) + 5000);
    a = ulid_fresh();
    clock_freeze(1000);
    b = ulid_fresh();
    assert_true(by_bytes(&a, &b) < 0);
    assert_true(ulid_time_ms(a) == ulid_time_ms(b));
}

static void base64url_is_strict(void **state)
{
    struct scene *s = *state;
    static const struct {
        const char *label, *text;
        size_t n;
        bool good;
    } rows[] = {
        {"nothing", "", 0, true},
        {"one byte", "_w", 1, true},
        {"two bytes", "-_8", 2, true},
        {"three bytes", "-_-_", 3, true},
        {"padding", "_w==", 1, false},
        {"the other alphabet", "+/8", 2, false},
        {"white space", "-_ 8", 2, false},
        {"bits left over", "_x", 1, false},
        {"one too short", "-_", 2, false},
        {"one too long", "-_-_", 2, false},
        {"a lone character", "-", 0, false},
    };
    uint8_t out[4];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool good = base64url_decode(str_of(rows[i].text), out, rows[i].n);

        if (good != rows[i].good)
            fail_msg("%s", rows[i].label);
        if (good)
            assert_true(str_is(base64url(s->arena, out, rows[i].n), rows[i].text));
    }
    assert_int_equal(random_token(s->arena, 32).len, 43);
    assert_false(str_equal(random_token(s->arena, 32), random_token(s->arena, 32)));
}

/* From Python: int.from_bytes(blake2b(id, digest_size=8).digest(), 'big') % 64. */
static void partitions_are_fixed_for_ever(void **state)
{
    (void)state;
    struct ulid zero = {{0}}, counted;

    for (int i = 0; i < 16; i++)
        counted.bytes[i] = (uint8_t)i;
    assert_int_equal(partition_of(zero), 14);
    assert_int_equal(partition_of(counted), 42);
}

static void passwords_match_their_own_hash_only(void **state)
{
    (void)state;
    char hash[128];

    assert_int_equal(password_hash(hash, STR("correct horse battery")), ERR_OK);
    assert_int_equal(strncmp(hash, "$argon2id$v=19$m=65536,t=2,p=1$", 31), 0);
    assert_true(password_matches(hash, STR("correct horse battery")));
    assert_false(password_matches(hash, STR("correct horse batterz")));
    assert_false(password_matches(hash, STR("")));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(what_is_sealed_comes_back),
        T(lengths_within_a_pad_look_alike),
        T(the_same_text_never_looks_the_same),
        T(every_changed_bit_is_noticed),
        T(a_text_is_bound_to_its_record),
        T(the_newest_key_seals_and_all_open),
        T(a_folder_that_is_not_right_is_refused_with_a_reason),
        T(without_the_first_key_nothing_opens),
        T(the_first_key_is_made_once_and_for_its_owner_alone),
        T(a_stream_opens_only_whole_and_in_order),
        T(indices_of_kinds_have_nothing_in_common),
        T(hidden_numbers_are_a_permutation),
        T(codes_are_eight_digits),
        T(ulids_grow_in_every_thread_and_never_repeat),
        T(a_clock_that_steps_back_does_not_turn_ulids_back),
        T(base64url_is_strict),
        T(partitions_are_fixed_for_ever),
        T(passwords_match_their_own_hash_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
