/* upload: parts in any order, again and again, under limits; and what becomes of a file's record. */
#include "queues/upload.h"

#include "queues/file.h"
#include "queues/ticket.h"
#include "tests/unit/queues/scratch_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOW = 1000000000, PART = FILE_PART_BYTES_MIN, MIB = 1024 * 1024 };

static struct lab lab;
static struct blobs *parts;
static char folder[128];

static int open_all(void **state)
{
    char why[200];

    (void)state;
    lab_open(&lab);
    (void)snprintf(folder, sizeof folder, "%s/parts", lab.server.folder);
    return blobs_open(&parts, folder, lab.keys, why, sizeof why) == ERR_OK ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    blobs_close(parts);
    lab_close(&lab);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    lab_empty(&lab);
    return 0;
}

static struct upload announced(int64_t bytes)
{
    struct upload u = {.id = ulid_fresh(),
                       .participant = {{7}},
                       .account = {{9}},
                       .partition = 5,
                       .reference = 42,
                       .name = STR("a.log"),
                       .type = STR("text/plain"),
                       .bytes = bytes};

    return u;
}

static struct upload begun(int64_t bytes)
{
    struct upload u = announced(bytes);
    enum upload_limit which;

    assert_int_equal(upload_take_room(lab.redis, lab.arena, &u, NOW, &which), ERR_OK);
    assert_int_equal(upload_begin(lab.redis, lab.keys, lab.arena, &u), ERR_OK);
    return u;
}

/* n bytes that tell where they are. */
static struct str content(size_t from, size_t n)
{
    char *p = arena_take(lab.arena, n + 1);

    for (size_t i = 0; i < n; i++)
        p[i] = (char)('a' + (from + i) * 7 / 3 % 26);
    return (struct str){p, n};
}

static enum err put(const struct upload *u, int number, size_t from, size_t n)
{
    return upload_put(lab.redis, lab.keys, lab.arena, parts, u, number, content(from, n));
}

static struct upload read_again(struct ulid id)
{
    struct upload u;

    assert_int_equal(upload_read(lab.redis, lab.keys, lab.arena, id, &u), ERR_OK);
    return u;
}

static size_t blobs_of_parts(void)
{
    char command[256], line[32] = "";

    (void)snprintf(command, sizeof command, "find %s -type f | wc -l", folder);

    FILE *f = popen(command, "r");

    assert_non_null(fgets(line, sizeof line, f));
    (void)pclose(f);
    return strtoul(line, NULL, 10);
}

static void parts_make_a_whole_in_any_order(void **state)
{
    static const int orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}};
    size_t last = 1000, bytes = 3 * PART + last;

    (void)state;
    for (int base = 0; base < 2; base++)
        for (size_t o = 0; o < 3; o++) {
            struct upload u = begun((int64_t)bytes), got;
            struct str whole;

            for (int i = 0; i < 4; i++) {
                int n = orders[o][i];
                size_t len = n == 3 ? last : PART;

                for (int again = 0; again < 3; again++)
                    assert_int_equal(put(&u, base + n, (size_t)n * PART, len), ERR_OK);
                got = read_again(u.id);
                assert_int_equal(got.part_count, i + 1);
                assert_int_equal(upload_complete(&got), i == 3);
            }
            assert_true(upload_sound(&got) && got.reference == 42 && got.partition == 5);
            assert_true(str_is(got.name, "a.log") && ulid_equal(got.participant, u.participant));
            assert_int_equal(upload_join(lab.keys, lab.arena, parts, &got, &whole), ERR_OK);
            assert_true(str_equal(whole, content(0, bytes)));
            assert_int_equal(blobs_of_parts(), 4); /* a part that comes again is there already */
            upload_drop_parts(lab.keys, parts, &got);
            assert_int_equal(blobs_of_parts(), 0);
            assert_int_equal(upload_done(lab.redis, lab.arena, &got), ERR_OK);
            lab_empty(&lab);
        }
}

/* U2 */
static void the_first_content_of_a_part_stays(void **state)
{
    struct upload u = begun(2 * PART), got;
    struct str whole;

    (void)state;
    assert_int_equal(put(&u, 0, 0, PART), ERR_OK);
    assert_int_equal(put(&u, 0, 1, PART), ERR_CONFLICT);
    assert_int_equal(put(&u, 0, 0, PART), ERR_OK);
    assert_int_equal(put(&u, 1, PART, PART), ERR_OK);
    got = read_again(u.id);
    assert_int_equal(upload_join(lab.keys, lab.arena, parts, &got, &whole), ERR_OK);
    assert_true(str_equal(whole, content(0, 2 * PART)));
}

static void nothing_is_taken_beyond_what_was_announced(void **state)
{
    struct upload u = begun(PART + 10), gone = announced(PART);

    (void)state;
    assert_int_equal(put(&u, 0, 0, PART), ERR_OK);
    assert_int_equal(put(&u, 1, PART, 11), ERR_LARGE);
    assert_int_equal(put(&u, 1, PART, 10), ERR_OK);
    assert_int_equal(put(&gone, 0, 0, PART), ERR_GONE);
    assert_int_equal(upload_done(lab.redis, lab.arena, &u), ERR_OK);
    assert_int_equal(put(&u, 0, 0, PART), ERR_GONE);
    assert_int_equal(read_again(u.id).state, UPLOAD_DONE);
    u = begun(PART);
    assert_int_equal(upload_refuse(lab.redis, lab.arena, &u, STR("file-kind")), ERR_OK);
    assert_int_equal(put(&u, 0, 0, PART), ERR_GONE);
    assert_true(read_again(u.id).state == UPLOAD_REFUSED && str_is(read_again(u.id).why, "file-kind"));
    u = begun(PART);
    assert_int_equal(upload_forget(lab.redis, lab.arena, &u), ERR_OK);
    assert_int_equal(upload_read(lab.redis, lab.keys, lab.arena, u.id, &u), ERR_ABSENT);
}

static void parts_that_do_not_fit_together_are_seen(void **state)
{
    static const struct {
        const char *label;
        struct {
            int number;
            size_t bytes;
        } parts[4];
        bool sound;
    } cases[] = {
        {"one small part", {{0, 10}}, true},
        {"one part, from 1", {{1, 10}}, true},
        {"the last is smaller", {{0, PART}, {1, 10}}, true},
        {"all of one size", {{1, PART}, {2, PART}, {3, PART}}, true},
        {"it begins at 2", {{2, PART}, {3, PART}}, false},
        {"a gap", {{0, PART}, {2, PART}}, false},
        {"the first is smaller", {{0, 10}, {1, PART}}, false},
        {"the last is larger", {{0, PART}, {1, PART + 1}}, false},
        {"one in the middle is another size", {{0, PART}, {1, PART + 1}, {2, PART}}, false},
        {"too small ones", {{0, PART - 1}, {1, PART - 1}}, false},
        {"too large a one", {{0, FILE_PART_BYTES_MAX + 1}}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct upload_part list[4];
        struct upload u = {.parts = list};

        for (size_t k = 0; k < 4 && cases[i].parts[k].bytes > 0; k++)
            list[u.part_count++] =
                (struct upload_part){.number = cases[i].parts[k].number, .bytes = cases[i].parts[k].bytes};
        if (upload_sound(&u) != cases[i].sound)
            fail_msg("%s", cases[i].label);
    }
    assert_false(upload_sound(&(struct upload){0}));
}

/* U4 */
static void limits_hold_and_room_comes_back(void **state)
{
    struct upload kept[FILES_REQUEST_MAX], more = announced(MIB);
    enum upload_limit which = UPLOAD_FITS;

    (void)state;
    for (int i = 0; i < FILES_REQUEST_MAX; i++)
        kept[i] = begun(MIB);
    assert_int_equal(upload_take_room(lab.redis, lab.arena, &more, NOW, &which), ERR_LIMIT);
    assert_int_equal(which, UPLOAD_COUNT);
    more.reference = 43; /* another request of this customer */
    assert_int_equal(upload_take_room(lab.redis, lab.arena, &more, NOW, &which), ERR_OK);
    assert_int_equal(upload_take_room(lab.redis, lab.arena, &more, NOW, &which), ERR_OK); /* the same one again */
    assert_int_equal(upload_forget(lab.redis, lab.arena, &kept[0]), ERR_OK);
    kept[0] = begun(MIB);

    lab_empty(&lab);
    kept[0] = begun(10 * MIB);
    kept[1] = begun(10 * MIB);
    more = announced(5 * MIB + 1);
    assert_int_equal(upload_take_room(lab.redis, lab.arena, &more, NOW, &which), ERR_LIMIT);
    assert_int_equal(which, UPLOAD_REQUEST);
    more.bytes = 5 * MIB;
    assert_int_equal(upload_take_room(lab.redis, lab.arena, &more, NOW, &which), ERR_OK);

    lab_empty(&lab);
    for (uint64_t i = 0; i < 20; i++) {
        more = announced(10 * MIB);
        more.reference = i;
        assert_int_equal(upload_take_room(lab.redis, lab.arena, &more, NOW, &which), ERR_OK);
    }
    more = announced(1);
    more.reference = 20;
    assert_int_equal(upload_take_room(lab.redis, lab.arena, &more, NOW, &which), ERR_LIMIT);
    assert_int_equal(which, UPLOAD_CUSTOMER);
    more.account.bytes[0]++; /* another customer */
    assert_int_equal(upload_take_room(lab.redis, lab.arena, &more, NOW, &which), ERR_OK);
}

static void what_was_not_finished_in_time_takes_no_room(void **state)
{
    enum upload_limit which;
    struct upload done = begun(MIB), more = announced(MIB);

    (void)state;
    assert_int_equal(upload_done(lab.redis, lab.arena, &done), ERR_OK);
    for (int i = 1; i < FILES_REQUEST_MAX; i++)
        (void)begun(MIB);
    assert_int_equal(upload_take_room(lab.redis, lab.arena, &more, NOW + FILE_UPLOAD_MS - 1, &which), ERR_LIMIT);
    assert_int_equal(upload_take_room(lab.redis, lab.arena, &more, NOW + FILE_UPLOAD_MS, &which), ERR_OK);
    assert_string_equal(lab_say(&lab, "HLEN {p5}:x:%s", id_print(ID_ACCOUNT, more.account).at), "2");
}

static void a_day_has_its_cap(void **state)
{
    struct upload u = announced(10 * MIB);
    enum upload_limit which = UPLOAD_FITS;
    int64_t day = ulid_time_ms(u.id) / (24 * 3600 * 1000);

    (void)state;
    (void)lab_say(&lab, "SET day:{%lld} %d", (long long)day, FILES_DAY_MIB_MAX - 9);
    assert_int_equal(upload_take_room(lab.redis, lab.arena, &u, NOW, &which), ERR_LIMIT);
    assert_int_equal(which, UPLOAD_DAY);
    assert_string_equal(lab_say(&lab, "EXISTS {p5}:x:%s", id_print(ID_ACCOUNT, u.account).at), "0");
    u.bytes = 9 * MIB;
    for (int i = 0; i < 3; i++) { /* announced and cancelled, it takes nothing from anybody */
        assert_int_equal(upload_take_room(lab.redis, lab.arena, &u, NOW, &which), ERR_OK);
        assert_int_equal(atoll(lab_say(&lab, "GET day:{%lld}", (long long)day)), FILES_DAY_MIB_MAX);
        for (int again = 0; again < 2; again++)
            assert_int_equal(upload_give_back(lab.redis, lab.arena, &u), ERR_OK);
        assert_int_equal(atoll(lab_say(&lab, "GET day:{%lld}", (long long)day)), FILES_DAY_MIB_MAX - 9);
    }
}

/* ---- records ---- */

static enum err keep_file(const struct attachment *f)
{
    struct redis_value *v;
    size_t n,
        asked = files_queue_new(lab.redis, lab.keys, lab.arena, f, 1, (struct ulid){{3}}, (struct ulid){{4}}, NOW);
    enum err e = redis_flush(lab.redis, lab.arena, &v, &n);

    assert_true(e != ERR_OK || n == asked);
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        e = redis_value_err(lab.redis, &v[i]);
    return e;
}

static void a_record_is_written_once_and_judged_later(void **state)
{
    struct attachment f = {.id = ulid_fresh(),
                           .name = STR("a.png"),
                           .type = STR("image/png"),
                           .bytes = 10,
                           .state = FILE_STATE_WAITING,
                           .proven = true};
    struct ulid due[4];
    struct file got;
    size_t n;

    (void)state;
    assert_int_equal(keep_file(&f), ERR_OK);
    assert_int_equal(file_read(lab.redis, lab.keys, lab.arena, f.id, &got), ERR_OK);
    assert_true(got.state == FILE_STATE_WAITING && got.proven && got.bytes == 10 && got.at_ms == NOW);
    assert_true(str_is(got.name, "a.png") && ulid_equal(got.item, (struct ulid){{3}}));
    assert_int_equal(files_due(lab.redis, lab.arena, NOW - 1, 4, due, &n), ERR_OK);
    assert_int_equal(n, 0);
    assert_int_equal(files_due(lab.redis, lab.arena, NOW, 4, due, &n), ERR_OK);
    assert_true(n == 1 && ulid_equal(due[0], f.id));

    assert_int_equal(file_judged(lab.redis, lab.arena, &got, FILE_STATE_HELD, STR("scanner-away"), NOW + 5), ERR_OK);
    assert_int_equal(file_read(lab.redis, lab.keys, lab.arena, f.id, &got), ERR_OK);
    assert_true(got.state == FILE_STATE_HELD && got.tries == 1 && str_is(got.why, "scanner-away"));
    assert_int_equal(files_due(lab.redis, lab.arena, NOW + 4, 4, due, &n), ERR_OK);
    assert_int_equal(n, 0);
    assert_int_equal(file_judged(lab.redis, lab.arena, &got, FILE_STATE_INFECTED, STR("Eicar"), 0), ERR_OK);

    f.state = FILE_STATE_CLEAN; /* filed again, after Redis changed: what was found stays found */
    assert_int_equal(keep_file(&f), ERR_OK);
    assert_int_equal(file_read(lab.redis, lab.keys, lab.arena, f.id, &got), ERR_OK);
    assert_true(got.state == FILE_STATE_INFECTED && got.tries == 2 && str_is(got.why, "Eicar"));
    assert_int_equal(files_due(lab.redis, lab.arena, NOW + 10, 4, due, &n), ERR_OK);
    assert_int_equal(n, 0);
}

static void files_are_found_by_the_messages_that_name_them(void **state)
{
    struct attachment f[3];
    struct message m[3] = {{.files = STR("")}};
    struct file_list list;

    (void)state;
    for (int i = 0; i < 3; i++) {
        f[i] = (struct attachment){.id = ulid_fresh(), .name = STR("a"), .type = STR("t"), .state = FILE_STATE_KEPT};
        if (i < 2) /* the last one is not there yet */
            assert_int_equal(keep_file(&f[i]), ERR_OK);
    }
    m[1].files = attachments_ids(f, 3, lab.arena);
    m[2].files = attachments_ids(&f[1], 1, lab.arena);
    assert_int_equal(files_read(lab.redis, lab.keys, lab.arena, m, 3, &list), ERR_OK);
    assert_int_equal(list.count, 2);
    assert_non_null(file_find(&list, f[0].id));
    assert_null(file_find(&list, f[2].id));
    assert_int_equal(files_read(lab.redis, lab.keys, lab.arena, m, 1, &list), ERR_OK);
    assert_int_equal(list.count, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(parts_make_a_whole_in_any_order, empty),
        cmocka_unit_test_setup(the_first_content_of_a_part_stays, empty),
        cmocka_unit_test_setup(nothing_is_taken_beyond_what_was_announced, empty),
        cmocka_unit_test(parts_that_do_not_fit_together_are_seen),
        cmocka_unit_test_setup(limits_hold_and_room_comes_back, empty),
        cmocka_unit_test_setup(what_was_not_finished_in_time_takes_no_room, empty),
        cmocka_unit_test_setup(a_day_has_its_cap, empty),
        cmocka_unit_test_setup(a_record_is_written_once_and_judged_later, empty),
        cmocka_unit_test_setup(files_are_found_by_the_messages_that_name_them, empty),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
