/* keep: what a mail brings along, read once or many times. */
#include "gateway/files/keep.h"

#include "gateway/app.h"
#include "gateway/conf.h"
#include "gateway/intake/mime.h"
#include "queues/blob.h"
#include "queues/seal.h"
#include "rules/base/arena.h"
#include "rules/item.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], keys_folder[96], blobs_folder[96];
static struct keyring *keys;
static struct blobs *blobs;
static struct arena *a;

static int open_all(void **state)
{
    char why[KEYRING_WHY_BYTES];

    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/keep-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(keys_folder, sizeof keys_folder, "%s/keys", folder);
    (void)snprintf(blobs_folder, sizeof blobs_folder, "%s/blobs", folder);
    assert_int_equal(keyring_open(&keys, keys_folder, true, why), ERR_OK);
    assert_int_equal(blobs_open(&blobs, blobs_folder, keys, why, sizeof why), ERR_OK);
    a = arena_open(64 * 1024);
    mime_open();
    return 0;
}

static int close_all(void **state)
{
    char command[128];

    (void)state;
    arena_close(a);
    blobs_close(blobs);
    keyring_close(keys);
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static struct keep list_of(uint8_t item)
{
    struct keep k = {.blobs = blobs, .keys = keys, .arena = a};

    k.item.bytes[15] = item;
    return k;
}

static size_t parsed(struct str line, struct attachment out[ATTACHMENTS_MAX])
{
    size_t n;

    assert_int_equal(attachments_parse(line, a, out, &n), ERR_OK);
    return n;
}

static void what_is_taken_is_stored_and_the_rest_is_named(void **state)
{
    static const struct {
        const char *label, *name, *type, *bytes;
        const char *kept_name, *kept_type, *why; /* why NULL: taken */
    } cases[] = {
        {"a log", "app.log", "application/octet-stream", "line\n", "app.log", "text/plain", NULL},
        {"a picture without a name", "", "image/gif", "GIF89a\1\1\1\1\1\1\1\1", "file.gif", "image/gif", NULL},
        {"a document", "a.docx", "application/msword", "PK", "a.docx", "application/msword", "file-kind"},
        {"a mail", "", "message/rfc822", "From: x", "file.txt", "text/plain", NULL},
        {"a type that is none", "a.exe", "x\r\ny", "MZ", "a.exe", "application/octet-stream", "file-kind"},
        {"a name with a path", "../../a.txt", "text/plain", "x", "a.txt", "text/plain", NULL},
        {"a page called a text", "a.pdf", "text/html", "<p>", "a.pdf", "text/html", "file-differs"},
        {"nothing in it", "a.txt", "text/plain", "", "a.txt", "text/plain", "file-empty"},
    };
    enum { CASES = sizeof cases / sizeof cases[0] };
    struct attachment got[ATTACHMENTS_MAX];
    struct keep k = list_of(1);

    (void)state;
    for (size_t i = 0; i < CASES; i++)
        keep_add(&k, str_of(cases[i].name), str_of(cases[i].type), str_of(cases[i].bytes));
    assert_int_equal(parsed(keep_print(&k), got), CASES);
    for (size_t i = 0; i < CASES; i++) {
        bool taken = cases[i].why == NULL;
        struct str bytes = {NULL, 0};
        enum err e = blob_read(blobs, a, got[i].id, &bytes);

        if (!str_is(got[i].name, cases[i].kept_name) || !str_is(got[i].type, cases[i].kept_type) ||
            (taken ? got[i].state != FILE_STATE_WAITING : got[i].state != FILE_STATE_KEPT) ||
            (!taken && !str_is(got[i].why, cases[i].why)) || got[i].bytes != (int64_t)strlen(cases[i].bytes) ||
            e != (taken ? ERR_OK : ERR_ABSENT) || (taken && !str_is(bytes, cases[i].bytes)))
            fail_msg("%s: %s %s %s", cases[i].label, got[i].name.at, got[i].type.at, got[i].why.at);
    }
}

/* E1 */
static void reading_a_mail_again_gives_the_same_files(void **state)
{
    struct keep first = list_of(2), again = list_of(2), other = list_of(3);

    (void)state;
    keep_add(&first, STR("a.txt"), STR(""), STR("one"));
    keep_add(&first, STR("a.txt"), STR(""), STR("one"));
    keep_add(&again, STR("a.txt"), STR(""), STR("one"));
    keep_add(&again, STR("a.txt"), STR(""), STR("one"));
    keep_add(&other, STR("a.txt"), STR(""), STR("one"));
    assert_false(ulid_equal(first.all[0].id, first.all[1].id));
    assert_false(ulid_equal(first.all[0].id, other.all[0].id));
    assert_true(str_equal(keep_print(&first), keep_print(&again)));
    assert_int_equal(again.all[0].state, FILE_STATE_WAITING);
}

static void too_many_are_counted_in_one_word(void **state)
{
    struct attachment got[ATTACHMENTS_MAX];
    struct keep k = list_of(4), none = list_of(5);
    struct str line;

    (void)state;
    for (int i = 0; i < ATTACHMENTS_MAX + 11; i++)
        keep_add(&k, STR("a.txt"), STR(""), STR("x"));
    line = keep_print(&k);
    assert_int_equal(parsed(line, got), ATTACHMENTS_MAX);
    assert_true(str_is(got[ATTACHMENTS_MAX - 1].name, "12 more") && str_is(got[ATTACHMENTS_MAX - 1].why, "file-many"));
    assert_int_equal(got[ATTACHMENTS_MAX - 2].state, FILE_STATE_WAITING);
    assert_int_equal(keep_print(&none).len, 0);
}

static void a_full_disk_leaves_them_in_the_mail(void **state)
{
    struct keep k = list_of(6);

    (void)state;
    k.full = true;
    keep_add(&k, STR("a.txt"), STR(""), STR("x"));
    assert_true(k.all[0].state == FILE_STATE_KEPT && str_is(k.all[0].why, "not-stored"));
}

static void a_mail_is_taken_apart(void **state)
{
    static const char mail[] =
        "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        "--x\r\nContent-Type: text/plain\r\n\r\nSee the log.\r\n"
        "--x\r\nContent-Type: text/plain; name=\"app.log\"\r\nContent-Disposition: attachment; "
        "filename=\"app.log\"\r\nContent-Transfer-Encoding: base64\r\n\r\nbGluZQo=\r\n"
        "--x\r\nContent-Type: application/zip; name=a.zip\r\nContent-Disposition: attachment\r\n\r\nPK\r\n--x--\r\n";
    struct conf conf = {.data = "/nowhere"};
    struct app app = {.conf = &conf, .keys = keys, .blobs = blobs};
    struct item i = {.ulid = {{7}}, .proven = 1};
    struct attachment got[ATTACHMENTS_MAX];
    struct mime_mail m;
    struct str bytes;

    (void)state;
    mime_read(a, str_of(mail), NULL, &m);
    keep_mail(&app, &m, a, &i);
    assert_int_equal(parsed(i.files, got), 2);
    assert_true(str_is(got[0].name, "app.log") && got[0].state == FILE_STATE_WAITING && got[0].proven);
    assert_int_equal(blob_read(blobs, a, got[0].id, &bytes), ERR_OK);
    assert_true(str_is(bytes, "line\n"));
    assert_true(str_is(got[1].name, "a.zip") && str_is(got[1].why, "file-kind"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_taken_is_stored_and_the_rest_is_named),
        cmocka_unit_test(reading_a_mail_again_gives_the_same_files),
        cmocka_unit_test(too_many_are_counted_in_one_word),
        cmocka_unit_test(a_full_disk_leaves_them_in_the_mail),
        cmocka_unit_test(a_mail_is_taken_apart),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
