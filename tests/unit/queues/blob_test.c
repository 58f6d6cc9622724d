#include "queues/blob.h"

#include "queues/log.h"
#include "queues/seal.h"
#include "rules/base/arena.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include <cmocka.h>

struct scene {
    char folder[64], blobs_folder[80], keys_folder[80];
    struct keyring *keys;
    struct blobs *b;
    struct arena *arena;
    char why[200];
};

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);

    log_set_level(LOG_FATAL);
    (void)snprintf(s->folder, sizeof s->folder, "/tmp/blob-test-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    (void)snprintf(s->blobs_folder, sizeof s->blobs_folder, "%s/blobs", s->folder);
    (void)snprintf(s->keys_folder, sizeof s->keys_folder, "%s/keys", s->folder);
    s->arena = arena_open(65536);
    assert_int_equal(keyring_open(&s->keys, s->keys_folder, true, s->why), ERR_OK);
    assert_int_equal(blobs_open(&s->b, s->blobs_folder, s->keys, s->why, sizeof s->why), ERR_OK);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    char command[128];

    blobs_close(s->b);
    keyring_close(s->keys);
    (void)snprintf(command, sizeof command, "rm -rf %s", s->folder);
    assert_int_equal(system(command), 0);
    arena_close(s->arena);
    free(s);
    return 0;
}

static char *path_of(struct scene *s, struct ulid name)
{
    char text[ULID_CHARS + 1];

    ulid_print(name, text);
    return arena_printf(s->arena, "%s/%c/%c/%s", s->blobs_folder, text[25], text[24], text);
}

static struct str letters(struct scene *s, size_t n)
{
    char *p = arena_take(s->arena, n + 1);

    for (size_t i = 0; i < n; i++)
        p[i] = (char)('a' + i % 23);
    return (struct str){p, n};
}

static int leftovers(struct scene *s)
{
    return system(arena_printf(s->arena, "test -z \"$(ls %s/new)\"", s->blobs_folder));
}

static void what_was_written_comes_back(void **state)
{
    struct scene *s = *state;
    static const size_t lengths[] = {0, 1, 65535, 65536, 65537, 131072, 1000000, BLOB_BYTES_MAX};

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct str content = letters(s, lengths[i]), back;
        struct ulid name = ulid_fresh();
        struct stat st;

        assert_int_equal(blob_write(s->b, name, content), ERR_OK);
        assert_int_equal(blob_read(s->b, s->arena, name, &back), ERR_OK);
        assert_true(str_equal(content, back));
        assert_int_equal(stat(path_of(s, name), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
    }
    assert_int_equal(leftovers(s), 0);
}

static void what_is_too_large_or_absent_is_said(void **state)
{
    struct scene *s = *state;
    struct ulid name = ulid_fresh();
    struct str back;

    assert_int_equal(blob_write(s->b, name, letters(s, BLOB_BYTES_MAX + 1)), ERR_LARGE);
    assert_int_equal(blob_read(s->b, s->arena, name, &back), ERR_ABSENT);
}

static void a_name_is_never_written_twice(void **state)
{
    struct scene *s = *state;
    struct ulid name = ulid_fresh();
    struct str back;

    assert_int_equal(blob_write(s->b, name, STR("first")), ERR_OK);
    assert_int_equal(blob_write(s->b, name, STR("second")), ERR_CONFLICT);
    assert_int_equal(blob_read(s->b, s->arena, name, &back), ERR_OK);
    assert_true(str_is(back, "first"));
    assert_int_equal(leftovers(s), 0);
}

static void a_changed_file_is_never_shown(void **state)
{
    static const struct {
        const char *label;
        long cut_to;  /* bytes that stay, -1 all */
        long flip_at; /* byte that is changed, -1 none */
        long more;    /* bytes put behind */
    } rows[] = {
        {"empty", 0, -1, 0},
        {"head only", 29, -1, 0},
        {"cut within a piece", 40000, -1, 0},
        {"cut behind the first piece", 29 + 65553, -1, 0},
        {"cut within the last tag", 29 + 2 * 65553 + 20, -1, 0},
        {"one byte missing", 29 + 2 * 65553 + 26, -1, 0},
        {"a byte more", -1, -1, 1},
        {"a whole piece more", -1, -1, 65553},
        {"version", -1, 0, 0},
        {"key id", -1, 3, 0},
        {"nonce", -1, 12, 0},
        {"first piece", -1, 100, 0},
        {"second piece", -1, 29 + 65553 + 5, 0},
        {"last byte", -1, 29 + 2 * 65553 + 26, 0},
    };
    struct scene *s = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ulid name = ulid_fresh();
        struct str back;

        assert_int_equal(blob_write(s->b, name, letters(s, 2 * 65536 + 10)), ERR_OK);

        const char *path = path_of(s, name);
        int fd = open(path, O_RDWR);
        char c;

        assert_true(fd >= 0);
        assert_int_equal(lseek(fd, 0, SEEK_END), 29 + 2 * 65553 + 27);
        if (rows[i].cut_to >= 0)
            assert_int_equal(ftruncate(fd, rows[i].cut_to), 0);
        if (rows[i].more > 0)
            assert_int_equal(ftruncate(fd, 29 + 2 * 65553 + 27 + rows[i].more), 0);
        if (rows[i].flip_at >= 0) {
            assert_int_equal(pread(fd, &c, 1, rows[i].flip_at), 1);
            c = (char)(c ^ 1);
            assert_int_equal(pwrite(fd, &c, 1, rows[i].flip_at), 1);
        }
        assert_int_equal(close(fd), 0);

        enum err e = blob_read(s->b, s->arena, name, &back);

        if (e != ERR_CORRUPT)
            fail_msg("%s: %s", rows[i].label, err_name(e));
    }
}

static void a_file_under_anothers_name_is_refused(void **state)
{
    struct scene *s = *state;
    struct ulid name = ulid_fresh(), other = name;
    struct str back;

    other.bytes[7] ^= 1; /* lands in the same folder */
    assert_int_equal(blob_write(s->b, name, STR("words")), ERR_OK);
    assert_int_equal(rename(path_of(s, name), path_of(s, other)), 0);
    assert_int_equal(blob_read(s->b, s->arena, other, &back), ERR_CORRUPT);
}

static void a_full_disk_leaves_nothing_behind(void **state)
{
    struct scene *s = *state;
    struct ulid name = ulid_fresh();
    struct rlimit old, tight;
    struct str back;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tight = (struct rlimit){100000, old.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    assert_int_equal(blob_write(s->b, name, letters(s, 200000)), ERR_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(blob_read(s->b, s->arena, name, &back), ERR_ABSENT);
    assert_int_equal(leftovers(s), 0);
    assert_int_equal(blob_write(s->b, name, letters(s, 200000)), ERR_OK);
}

static void what_comes_in_pieces_is_one_blob(void **state)
{
    static const size_t pieces[] = {1, 7, 65535, 65536, 65537, 200000};
    struct scene *s = *state;
    struct str all = letters(s, 300001), back;

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct ulid name = ulid_fresh();
        struct blob_writer *w;

        assert_int_equal(blob_begin(&w, s->b, name), ERR_OK);
        for (size_t at = 0, n; at < all.len; at += n) {
            n = pieces[i] < all.len - at ? pieces[i] : all.len - at;
            assert_int_equal(blob_append(w, (struct str){all.at + at, n}), ERR_OK);
        }
        assert_int_equal(blob_read(s->b, s->arena, name, &back), ERR_ABSENT); /* B1 */
        assert_int_equal(blob_commit(w), ERR_OK);
        assert_int_equal(blob_read(s->b, s->arena, name, &back), ERR_OK);
        assert_true(str_equal(all, back));
    }
    assert_int_equal(leftovers(s), 0);
}

static void what_is_dropped_or_removed_was_never_there(void **state)
{
    struct scene *s = *state;
    struct ulid name = ulid_fresh();
    struct blob_writer *w;
    struct str back;

    assert_int_equal(blob_begin(&w, s->b, name), ERR_OK);
    assert_int_equal(blob_append(w, letters(s, 100000)), ERR_OK);
    blob_drop(w);
    blob_drop(NULL);
    assert_int_equal(blob_read(s->b, s->arena, name, &back), ERR_ABSENT);
    assert_int_equal(leftovers(s), 0);
    assert_int_equal(blob_write(s->b, name, STR("words")), ERR_OK);
    blob_remove(s->b, name);
    blob_remove(s->b, name);
    assert_int_equal(blob_read(s->b, s->arena, name, &back), ERR_ABSENT);
}

static void pieces_are_bounded_together(void **state)
{
    struct scene *s = *state;
    struct blob_writer *w;

    assert_int_equal(blob_begin(&w, s->b, ulid_fresh()), ERR_OK);
    assert_int_equal(blob_append(w, letters(s, BLOB_BYTES_MAX - 1)), ERR_OK);
    assert_int_equal(blob_append(w, STR("xy")), ERR_LARGE);
    blob_drop(w);
    assert_int_equal(leftovers(s), 0);
}

static void old_leftovers_go_and_young_ones_stay(void **state)
{
    struct scene *s = *state;
    struct utimbuf old = {time(NULL) - 2 * 24 * 3600, time(NULL) - 2 * 24 * 3600};
    char *killed = arena_printf(s->arena, "%s/new/killed", s->blobs_folder);
    char *busy = arena_printf(s->arena, "%s/new/busy", s->blobs_folder);

    assert_int_equal(close(open(killed, O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(close(open(busy, O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(utime(killed, &old), 0);
    blobs_close(s->b);
    assert_int_equal(blobs_open(&s->b, s->blobs_folder, s->keys, s->why, sizeof s->why), ERR_OK);
    assert_int_equal(access(killed, F_OK), -1);
    assert_int_equal(access(busy, F_OK), 0);
}

enum { WRITERS = 4, EACH = 30 };

static struct ulid shared[EACH];
static _Atomic int won;

static void *write_shared(void *arg)
{
    struct scene *s = arg;

    for (int i = 0; i < EACH; i++)
        won += blob_write(s->b, shared[i], STR("words")) == ERR_OK;
    return NULL;
}

static void of_many_writers_of_a_name_one_wins(void **state)
{
    struct scene *s = *state;
    pthread_t threads[WRITERS];

    won = 0;
    for (int i = 0; i < EACH; i++)
        shared[i] = ulid_fresh();
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_shared, s), 0);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(won, EACH);
    assert_int_equal(leftovers(s), 0);
}

static void a_folder_that_cannot_be_used_is_named(void **state)
{
    struct scene *s = *state;
    struct blobs *b = NULL;
    char *file = arena_printf(s->arena, "%s/file", s->folder);

    assert_int_equal(close(open(file, O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(blobs_open(&b, file, s->keys, s->why, sizeof s->why), ERR_IO);
    assert_non_null(strstr(s->why, file));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(what_was_written_comes_back),
        T(what_is_too_large_or_absent_is_said),
        T(a_name_is_never_written_twice),
        T(a_changed_file_is_never_shown),
        T(a_file_under_anothers_name_is_refused),
        T(a_full_disk_leaves_nothing_behind),
        T(old_leftovers_go_and_young_ones_stay),
        T(of_many_writers_of_a_name_one_wins),
        T(a_folder_that_cannot_be_used_is_named),
        T(what_comes_in_pieces_is_one_blob),
        T(what_is_dropped_or_removed_was_never_there),
        T(pieces_are_bounded_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
