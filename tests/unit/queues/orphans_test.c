/* orphans: only what nothing names goes, and not at once. */
#include "queues/orphans.h"

#include "queues/blob.h"
#include "queues/clock.h"
#include "queues/keys.h"
#include "queues/upload.h"
#include "tests/unit/queues/scratch_lab.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define DAY_MS (INT64_C(24) * 3600 * 1000)

static struct lab lab;
static struct blobs *blobs, *parts;
static char blobs_folder[128], parts_folder[160];
static atomic_bool stop;

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

static int fresh(void **state)
{
    char why[200];
    static int n;

    (void)state;
    lab_empty(&lab);
    (void)snprintf(blobs_folder, sizeof blobs_folder, "%s/blobs%d", lab.server.folder, n++);
    (void)snprintf(parts_folder, sizeof parts_folder, "%s/parts", blobs_folder);
    assert_int_equal(blobs_open(&blobs, blobs_folder, lab.keys, why, sizeof why), ERR_OK);
    return blobs_open(&parts, parts_folder, lab.keys, why, sizeof why) == ERR_OK ? 0 : -1;
}

static int forget(void **state)
{
    (void)state;
    blobs_close(parts);
    blobs_close(blobs);
    return 0;
}

/* A file under folder, as old as that. */
static void grow_old(const char *folder, struct ulid name, int64_t age_ms)
{
    char text[ULID_CHARS + 1], path[512];
    time_t then = (time_t)((clock_now_ms() - age_ms) / 1000);

    ulid_print(name, text);
    if (strstr(folder, "aside") != NULL)
        (void)snprintf(path, sizeof path, "%s/%s", folder, text);
    else
        (void)snprintf(path, sizeof path, "%s/%c/%c/%s", folder, text[ULID_CHARS - 1], text[ULID_CHARS - 2], text);
    assert_int_equal(utimensat(AT_FDCWD, path, (struct timespec[]){{then, 0}, {then, 0}}, 0), 0);
}

static struct ulid written(struct blobs *where, const char *folder, int64_t age_ms)
{
    struct ulid name = ulid_fresh();

    assert_int_equal(blob_write(where, name, STR("bytes")), ERR_OK);
    grow_old(folder, name, age_ms);
    return name;
}

static void name_by_original(struct ulid blob, const char *type)
{
    struct str item = str_of(arena_strdup(lab.arena, id_print(ID_ITEM, ulid_fresh()).at));
    char text[ULID_CHARS + 1];
    struct str plain;

    ulid_print(blob, text);
    plain = str_of(arena_printf(lab.arena, "%s\tblob %s\n", type, text));
    assert_int_equal(
        redis_do(lab.redis, lab.arena, NULL, 3,
                 (struct str[]){STR("SET"), key_at(lab.arena, "i", item.at), seal(lab.keys, lab.arena, plain, item)}),
        ERR_OK);
}

static struct orphans turn(enum err expected)
{
    struct orphans o;

    assert_int_equal(orphans_turn(lab.redis, lab.keys, blobs, parts, STR("me"), clock_now_ms(), &stop, &o), expected);
    return o;
}

static bool is_there(struct ulid name)
{
    struct str content;

    return blob_read(blobs, lab.arena, name, &content) == ERR_OK && str_is(content, "bytes");
}

static size_t lying_aside(void)
{
    char command[256], line[32] = "";

    (void)snprintf(command, sizeof command, "find %s/aside -type f 2>/dev/null | wc -l", blobs_folder);

    FILE *f = popen(command, "r");

    assert_non_null(fgets(line, sizeof line, f));
    (void)pclose(f);
    return strtoul(line, NULL, 10);
}

static void only_old_ones_that_nothing_names_are_set_aside(void **state)
{
    struct ulid original = written(blobs, blobs_folder, 30 * DAY_MS), mail = written(blobs, blobs_folder, 30 * DAY_MS);
    struct ulid file = written(blobs, blobs_folder, 30 * DAY_MS), young = written(blobs, blobs_folder, 6 * DAY_MS);
    struct ulid orphan = written(blobs, blobs_folder, 8 * DAY_MS);
    char long_type[256];

    (void)state;
    memset(long_type, 'x', sizeof long_type - 1);
    long_type[255] = '\0';
    name_by_original(original, long_type);
    name_by_original(mail, "message/rfc822");
    (void)lab_say(&lab, "HSET fil:{%s} state clean", id_print(ID_FILE, file).at);
    for (int i = 0; i < 3000; i++) /* several pages, and originals that are no names */
        (void)lab_say(&lab, "SET i:{itm_%026d} %s", i, i % 2 ? "short" : "x");

    struct orphans o = turn(ERR_OK);

    assert_true(o.blobs == 5 && o.old == 4 && o.set_aside == 1 && !o.held && !o.too_many);
    assert_int_equal(lying_aside(), 1);
    assert_true(is_there(original) && is_there(mail) && is_there(file) && is_there(young));
    assert_true(is_there(orphan)); /* B3: whoever wants it after all has it */
    assert_int_equal(lying_aside(), 0);
}

static void what_lay_aside_long_enough_is_removed(void **state)
{
    struct ulid orphan = written(blobs, blobs_folder, 8 * DAY_MS);
    char aside[256];

    (void)state;
    (void)snprintf(aside, sizeof aside, "%s/aside", blobs_folder);
    assert_int_equal(turn(ERR_OK).set_aside, 1);
    assert_int_equal(turn(ERR_OK).cleared, 0); /* its time begins now, however old it is */
    grow_old(aside, orphan, BLOB_ASIDE_MS + DAY_MS);
    assert_int_equal(turn(ERR_OK).cleared, 1);
    assert_false(is_there(orphan));
}

/* A row that waited longer than anybody thought was filed at last. */
static void what_is_named_after_all_is_put_back(void **state)
{
    struct ulid late = written(blobs, blobs_folder, 8 * DAY_MS);
    char aside[256];

    (void)state;
    (void)snprintf(aside, sizeof aside, "%s/aside", blobs_folder);
    assert_int_equal(turn(ERR_OK).set_aside, 1);
    grow_old(aside, late, BLOB_ASIDE_MS + DAY_MS);
    name_by_original(late, "message/rfc822");
    assert_int_equal(turn(ERR_OK).put_back, 1);
    assert_int_equal(lying_aside(), 0);
    assert_true(is_there(late));
}

static void a_gateway_with_parked_rows_holds_it(void **state)
{
    struct ulid orphan = written(blobs, blobs_folder, 8 * DAY_MS);

    (void)state;
    assert_int_equal(orphans_hold(lab.redis, lab.arena), ERR_OK);
    assert_true(turn(ERR_OK).held);
    assert_int_equal(lying_aside(), 0);
    (void)lab_say(&lab, "DEL hold:{blobs}");
    assert_int_equal(turn(ERR_OK).set_aside, 1);
    assert_true(is_there(orphan));
}

static void a_redis_that_knows_nothing_costs_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < ORPHANS_FEW + 1; i++)
        (void)written(blobs, blobs_folder, 30 * DAY_MS);

    struct orphans o = turn(ERR_OK);

    assert_true(o.too_many && o.set_aside == 0 && o.old == ORPHANS_FEW + 1);
    assert_int_equal(lying_aside(), 0);
}

static void one_gateway_does_it_and_stops_when_told(void **state)
{
    struct orphans o;

    (void)state;
    (void)written(blobs, blobs_folder, 8 * DAY_MS);
    stop = true;
    (void)turn(ERR_BUSY);
    stop = false;
    assert_int_equal(orphans_turn(lab.redis, lab.keys, blobs, parts, STR("another"), clock_now_ms(), &stop, &o),
                     ERR_ABSENT);
    assert_int_equal(lying_aside(), 0);
}

static void parts_go_by_age(void **state)
{
    (void)state;
    (void)written(parts, parts_folder, 3 * DAY_MS);
    (void)written(parts, parts_folder, DAY_MS);
    assert_int_equal(turn(ERR_OK).parts, 1);
    assert_int_equal(turn(ERR_OK).parts, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_old_ones_that_nothing_names_are_set_aside, fresh, forget),
        cmocka_unit_test_setup_teardown(what_lay_aside_long_enough_is_removed, fresh, forget),
        cmocka_unit_test_setup_teardown(what_is_named_after_all_is_put_back, fresh, forget),
        cmocka_unit_test_setup_teardown(a_gateway_with_parked_rows_holds_it, fresh, forget),
        cmocka_unit_test_setup_teardown(a_redis_that_knows_nothing_costs_nothing, fresh, forget),
        cmocka_unit_test_setup_teardown(one_gateway_does_it_and_stops_when_told, fresh, forget),
        cmocka_unit_test_setup_teardown(parts_go_by_age, fresh, forget),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
