/* reading: each mail once, the older first, in bounded memory, and none that stops the next. Journal and blobs are real;
 * the reader of mails and the filer are played. */
#include "gateway/intake/notes.h"
#include "gateway/intake/reading.h"
#include "queues/blob.h"
#include "queues/clock.h"
#include "queues/journal.h"
#include "queues/log.h"
#include "queues/seal.h"
#include "rules/base/arena.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000, JOBS_MAX = 256 };

struct scene {
    char folder[32], path[128];
    struct keyring *keys;
    struct journal *journal;
    struct blobs *blobs;
    struct reading *reading;

    pthread_mutex_t lock;
    struct filer_job *jobs[JOBS_MAX]; /* as the filer would hold them */
    atomic_int given, parked, deadly;
    uint64_t parked_seq;
    size_t raw_bytes; /* of the last mail */
};

static struct scene scene;

static void play_reader(void *arg, const struct item *mail, struct str raw, bool deadly, struct arena *a,
                        struct item *out)
{
    struct scene *s = arg;

    (void)a;
    if (deadly)
        atomic_fetch_add(&s->deadly, 1);
    s->raw_bytes = raw.len;
    *out = *mail;
    out->op = ITEM_REQUEST;
    out->text = mail->sender;
}

static void play_filer(void *arg, struct filer_job *job)
{
    struct scene *s = arg;

    (void)pthread_mutex_lock(&s->lock);
    s->jobs[s->given] = job;
    atomic_fetch_add(&s->given, 1);
    (void)pthread_mutex_unlock(&s->lock);
}

static void play_park(void *arg, uint64_t seq, struct ulid ulid, const char *why)
{
    struct scene *s = arg;

    (void)ulid;
    assert_true(why[0] != '\0');
    journal_mark(s->journal, seq, JOURNAL_PARKED);
    s->parked_seq = seq;
    atomic_fetch_add(&s->parked, 1);
}

/* What filer.c does at the end of a job; needed here because the filer itself is played. */
static void finish(struct scene *s, int i, bool filed)
{
    struct filer_job *job = s->jobs[i];

    if (filed)
        journal_mark(s->journal, job->seq, JOURNAL_FILED);
    filer_job_free(job);
    s->jobs[i] = NULL;
}

/* ---- */

static const char *in_folder(struct scene *s, const char *name)
{
    (void)snprintf(s->path, sizeof s->path, "%s/%s", s->folder, name);
    return s->path;
}

static int set_up(void **state)
{
    struct scene *s = &scene;
    char why[200];

    log_set_level(LOG_FATAL);
    memset(s, 0, sizeof *s);
    (void)snprintf(s->folder, sizeof s->folder, "/tmp/reading-test-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    (void)pthread_mutex_init(&s->lock, NULL);
    assert_int_equal(keyring_open(&s->keys, in_folder(s, "keys"), true, why), ERR_OK);
    assert_int_equal(blobs_open(&s->blobs, in_folder(s, "blobs"), s->keys, why, sizeof why), ERR_OK);

    struct journal_options o = {.folder = in_folder(s, "journal"),
                                .keys = s->keys,
                                .keep_ms = 900000,
                                .rotate_ms = 600000,
                                .rotate_bytes = 64 << 20};

    assert_int_equal(journal_open(&s->journal, &o, why, sizeof why), ERR_OK);
    *state = s;
    return 0;
}

static void open_reading(struct scene *s)
{
    struct reading_options o = {.journal = s->journal,
                                .blobs = s->blobs,
                                .note_file = in_folder(s, "reading"),
                                .read = play_reader,
                                .give = play_filer,
                                .park = play_park,
                                .arg = s};

    s->reading = reading_open(&o);
    reading_start(s->reading);
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    char command[64];

    reading_wait(s->reading);
    for (int i = 0; i < s->given; i++)
        if (s->jobs[i] != NULL)
            finish(s, i, false);
    reading_close(s->reading);
    journal_close(s->journal);
    blobs_close(s->blobs);
    keyring_close(s->keys);
    (void)snprintf(command, sizeof command, "rm -rf %s", s->folder);
    assert_int_equal(system(command), 0);
    return 0;
}

static void on_journaled(void *arg, enum err e, uint64_t seq)
{
    assert_int_equal(e, ERR_OK);
    atomic_store((_Atomic uint64_t *)arg, seq);
}

/* Into the journal; its seq. blob: NULL inline. */
static uint64_t write_mail(struct scene *s, const char *sender, const struct ulid *blob)
{
    struct arena *a = arena_open(4096);
    char name[ULID_CHARS + 1];
    struct item i = {.op = ITEM_MAIL, .channel = STR("mail"), .sender = str_of(sender), .raw = STR("Subject: x\r\n")};
    _Atomic uint64_t seq = 0;

    if (blob != NULL) {
        ulid_print(*blob, name);
        i.raw = STR("");
        i.raw_blob = str_of(name);
    }

    struct journal_row row = {
        .ulid = ulid_fresh(), .op = "mail", .work = "", .received_ms = clock_now_ms(), .payload = item_print(&i, a)};

    journal_append(s->journal, &row, on_journaled, &seq);
    while (seq == 0)
        (void)usleep(200);
    arena_close(a);
    return seq;
}

static void wait_until(atomic_int *what, int n)
{
    for (int64_t until = clock_steady_ms() + PATIENCE_MS; *what < n; (void)usleep(500))
        assert_true(clock_steady_ms() < until);
}

static void stays_at(atomic_int *what, int n)
{
    (void)usleep(50000);
    assert_int_equal(*what, n);
}

/* ---- stories ---- */

static void a_mail_is_read_and_given_once(void **state)
{
    struct scene *s = *state;
    uint64_t seq = write_mail(s, "aya@example.org", NULL);
    struct item i;
    struct arena *a = arena_open(4096);

    open_reading(s);
    assert_int_equal(reading_oldest_ms(s->reading), INT64_MAX);
    reading_add(s->reading, seq, 7);
    reading_add(s->reading, seq, 7);
    wait_until(&s->given, 1);
    assert_int_equal(reading_oldest_ms(s->reading), 7);
    reading_add(s->reading, seq, 7);
    stays_at(&s->given, 1);
    assert_int_equal(s->jobs[0]->seq, seq);
    assert_int_equal(s->jobs[0]->op, ITEM_REQUEST);
    assert_int_equal(item_parse(STR("request"), s->jobs[0]->payload, a, &i), ERR_OK);
    assert_true(str_is(i.text, "aya@example.org"));
    finish(s, 0, true);
    assert_int_equal(reading_oldest_ms(s->reading), INT64_MAX);
    reading_add(s->reading, seq, 7); /* it is filed: nothing to do */
    stays_at(&s->given, 1);
    arena_close(a);
}

/* D2: the filer let go of it without filing it. */
static void a_mail_that_is_still_unfiled_is_read_again(void **state)
{
    struct scene *s = *state;
    uint64_t seq = write_mail(s, "aya@example.org", NULL);

    open_reading(s);
    reading_add(s->reading, seq, 1);
    wait_until(&s->given, 1);
    finish(s, 0, false);
    reading_add(s->reading, seq, 1);
    wait_until(&s->given, 2);
    assert_int_equal(s->jobs[1]->seq, seq);
}

/* D1, D2 */
static void only_some_are_ahead_of_the_filer_and_the_older_come_first(void **state)
{
    enum { MAILS = READING_AHEAD * 2 };
    struct scene *s = *state;
    uint64_t seqs[MAILS];

    for (int i = 0; i < MAILS; i++)
        seqs[i] = write_mail(s, "aya@example.org", NULL);
    open_reading(s);
    for (int i = MAILS; i-- > 1;) /* the first one comes last */
        reading_add(s->reading, seqs[i], i);
    wait_until(&s->given, READING_AHEAD);
    stays_at(&s->given, READING_AHEAD);
    reading_add(s->reading, seqs[0], 0);
    finish(s, 0, true);
    wait_until(&s->given, READING_AHEAD + 1);
    assert_int_equal(s->jobs[READING_AHEAD]->seq, seqs[0]);
    for (int i = 1; i < MAILS; i++) {
        wait_until(&s->given, i + 1);
        finish(s, i, true);
    }
    assert_int_equal(reading_oldest_ms(s->reading), INT64_MAX);
}

static void a_mail_in_a_blob_is_read_from_there(void **state)
{
    struct scene *s = *state;
    struct ulid name = ulid_fresh();
    struct buf content = {0};

    while (content.len < 300000)
        buf_text(&content, "0123456789");
    assert_int_equal(blob_write(s->blobs, name, buf_view(&content)), ERR_OK);
    open_reading(s);
    reading_add(s->reading, write_mail(s, "aya@example.org", &name), 1);
    wait_until(&s->given, 1);
    assert_int_equal(s->raw_bytes, 300000);
    buf_free(&content);
}

/* D3 */
static void one_whose_bytes_are_gone_is_parked_and_the_next_is_read(void **state)
{
    struct scene *s = *state;
    struct ulid nowhere = ulid_fresh();
    uint64_t bad = write_mail(s, "aya@example.org", &nowhere), good = write_mail(s, "ben@example.org", NULL);

    open_reading(s);
    reading_add(s->reading, bad, 1);
    reading_add(s->reading, good, 1);
    wait_until(&s->given, 1);
    assert_int_equal(s->jobs[0]->seq, good);
    assert_int_equal(s->parked, 1);
    assert_int_equal(s->parked_seq, bad);
    assert_true(journal_is_parked(s->journal, bad));
}

/* D3 */
static void one_that_the_process_died_of_is_not_read_for_ever(void **state)
{
    struct scene *s = *state;
    uint64_t deadly = write_mail(s, "aya@example.org", NULL), other = write_mail(s, "ben@example.org", NULL);

    for (int i = 0; i < READING_DEATHS; i++) { /* each time it ends here */
        struct notes *n = notes_open(in_folder(s, "reading"));

        assert_int_equal(notes_begin(n, deadly), i + 1);
        notes_close(n);
    }
    open_reading(s);
    reading_add(s->reading, deadly, 1);
    reading_add(s->reading, other, 1);
    wait_until(&s->given, 2);
    assert_int_equal(s->deadly, 1);
    assert_int_equal(s->jobs[0]->seq, deadly);
}

static void notes_outlive_others_and_end(void **state)
{
    struct scene *s = *state;
    struct notes *n = notes_open(in_folder(s, "notes"));

    assert_int_equal(notes_begin(n, 5), 1);
    for (uint64_t other = 100; other < 200; other++) {
        assert_int_equal(notes_begin(n, other), 1);
        notes_end(n, other);
    }
    notes_close(n);
    n = notes_open(in_folder(s, "notes"));
    assert_int_equal(notes_begin(n, 5), 2);
    notes_end(n, 5);
    notes_end(n, 6);
    assert_int_equal(notes_begin(n, 5), 1);
    notes_close(n);
    notes_close(NULL);
    n = notes_open("/nowhere/at/all"); /* nothing is remembered, and nothing fails */
    assert_int_equal(notes_begin(n, 5), 1);
    notes_end(n, 5);
    notes_close(n);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_mail_is_read_and_given_once),
        T(a_mail_that_is_still_unfiled_is_read_again),
        T(only_some_are_ahead_of_the_filer_and_the_older_come_first),
        T(a_mail_in_a_blob_is_read_from_there),
        T(one_whose_bytes_are_gone_is_parked_and_the_next_is_read),
        T(one_that_the_process_died_of_is_not_read_for_ever),
        T(notes_outlive_others_and_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
