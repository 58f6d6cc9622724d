#include "queues/journal.h"

#include "queues/clock.h"
#include "queues/log.h"
#include "queues/seal.h"
#include "rules/base/arena.h"
#include "tests/unit/queues/fault_vfs.h"

#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROWS_MAX = 1000 };

struct scene {
    char folder[64], journal[80], keys_folder[80];
    struct journal_options options;
    struct keyring *keys;
    struct journal *j;
    struct arena *arena;
    char why[200];
    struct journal_row rows[ROWS_MAX];
    size_t n;
};

static void pause_ms(int ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

    (void)nanosleep(&t, NULL);
}

/* What done() was told, for an append that is waited for. */
struct told {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    int left;
    enum err e;
    uint64_t seq;
    int64_t after_ms;
};

static void told_begin(struct told *t, int left)
{
    *t = (struct told){.left = left, .after_ms = clock_steady_ms()};
    (void)pthread_mutex_init(&t->lock, NULL);
    (void)pthread_cond_init(&t->cond, NULL);
}

static void told_done(void *arg, enum err e, uint64_t seq)
{
    struct told *t = arg;

    (void)pthread_mutex_lock(&t->lock);
    if (e != ERR_OK)
        t->e = e;
    t->seq = seq;
    if (--t->left == 0)
        t->after_ms = clock_steady_ms() - t->after_ms;
    (void)pthread_cond_signal(&t->cond);
    (void)pthread_mutex_unlock(&t->lock);
}

static enum err told_wait(struct told *t)
{
    (void)pthread_mutex_lock(&t->lock);
    while (t->left > 0)
        (void)pthread_cond_wait(&t->cond, &t->lock);
    (void)pthread_mutex_unlock(&t->lock);
    return t->e;
}

static struct journal_row row_of(struct ulid ulid, const char *work, const char *text)
{
    return (struct journal_row){
        .ulid = ulid, .op = "request", .work = work, .received_ms = clock_now_ms(), .payload = str_of(text)};
}

static enum err append(struct scene *s, const char *work, const char *text, uint64_t *seq)
{
    struct journal_row row = row_of(ulid_fresh(), work, text);
    struct told t;

    told_begin(&t, 1);
    journal_append(s->j, &row, told_done, &t);

    enum err e = told_wait(&t);

    if (seq != NULL)
        *seq = t.seq;
    return e;
}

static uint64_t append_ok(struct scene *s, const char *text)
{
    uint64_t seq;

    assert_int_equal(append(s, "tkt", text, &seq), ERR_OK);
    assert_true(seq > 0);
    return seq;
}

static size_t read_all(struct scene *s)
{
    assert_int_equal(journal_read(s->j, s->arena, 0, ROWS_MAX, s->rows, &s->n), ERR_OK);
    for (size_t i = 1; i < s->n; i++)
        assert_true(s->rows[i - 1].seq < s->rows[i].seq);
    return s->n;
}

static struct journal_state state_of(struct scene *s)
{
    struct journal_state st;

    journal_state(s->j, &st);
    return st;
}

static void open_again(struct scene *s)
{
    journal_close(s->j);
    s->j = NULL;
    if (journal_open(&s->j, &s->options, s->why, sizeof s->why) != ERR_OK)
        fail_msg("%s", s->why);
}

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);

    log_set_level(LOG_FATAL);
    fault_vfs_install();
    memset(&faults, 0, sizeof faults);
    (void)snprintf(s->folder, sizeof s->folder, "/tmp/journal-test-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    (void)snprintf(s->journal, sizeof s->journal, "%s/journal", s->folder);
    (void)snprintf(s->keys_folder, sizeof s->keys_folder, "%s/keys", s->folder);
    s->arena = arena_open(65536);
    assert_int_equal(keyring_open(&s->keys, s->keys_folder, true, s->why), ERR_OK);
    s->options = (struct journal_options){
        .folder = s->journal, .keys = s->keys, .keep_ms = 900000, .rotate_ms = 600000, .rotate_bytes = 64 << 20};
    open_again(s);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    char command[128];

    memset(&faults, 0, sizeof faults);
    journal_close(s->j);
    keyring_close(s->keys);
    (void)snprintf(command, sizeof command, "rm -rf %s", s->folder);
    assert_int_equal(system(command), 0);
    arena_close(s->arena);
    free(s);
    clock_freeze(-1);
    return 0;
}

static int files_ending(const struct scene *s, const char *tail)
{
    DIR *d = opendir(s->journal);
    int n = 0;

    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += strlen(e->d_name) > strlen(tail) && strcmp(e->d_name + strlen(e->d_name) - strlen(tail), tail) == 0;
    (void)closedir(d);
    return n;
}

/* Waits until the keeper has brought the number of segments down to n. */
static void wait_for_segments(struct scene *s, size_t n)
{
    for (int i = 0; i < 400 && state_of(s).segments != n; i++)
        pause_ms(50);
    assert_int_equal(state_of(s).segments, n);
}

/* The keeper forgets a segment before it removes its files. */
static void wait_for_files(const struct scene *s, const char *tail, int n)
{
    for (int i = 0; i < 400 && files_ending(s, tail) != n; i++)
        pause_ms(50);
    assert_int_equal(files_ending(s, tail), n);
}

static void what_was_answered_can_be_read_in_order(void **state)
{
    struct scene *s = *state;
    struct journal_row found;

    assert_int_equal(append_ok(s, "first"), 1);
    assert_int_equal(append_ok(s, ""), 2);
    assert_int_equal(append_ok(s, "third"), 3);
    assert_int_equal(read_all(s), 3);
    assert_true(str_is(s->rows[0].payload, "first"));
    assert_true(str_is(s->rows[1].payload, ""));
    assert_string_equal(s->rows[2].op, "request");
    assert_string_equal(s->rows[2].work, "tkt");
    assert_int_equal(journal_find(s->j, s->arena, s->rows[2].ulid, &found), ERR_OK);
    assert_true(str_is(found.payload, "third"));
    assert_int_equal(found.received_ms, s->rows[2].received_ms);
    assert_int_equal(journal_find(s->j, s->arena, ulid_fresh(), &found), ERR_ABSENT);

    assert_int_equal(journal_read(s->j, s->arena, 1, 1, s->rows, &s->n), ERR_OK);
    assert_int_equal(s->n, 1);
    assert_int_equal(s->rows[0].seq, 2);
}

static void marks_decide_what_is_read(void **state)
{
    static const struct {
        const char *label;
        enum journal_mark marks[4];
        int n, read;
        unsigned failures;
        size_t parked;
    } rows[] = {
        {"none", {0}, 0, 1, 0, 0},
        {"filed", {JOURNAL_FILED}, 1, 0, 0, 0},
        {"failed twice", {JOURNAL_FAILED, JOURNAL_FAILED}, 2, 1, 2, 0},
        {"parked", {JOURNAL_FAILED, JOURNAL_PARKED}, 2, 0, 0, 1},
        {"parked, tried again", {JOURNAL_FAILED, JOURNAL_PARKED, JOURNAL_RETRY}, 3, 1, 0, 0},
        {"parked, filed", {JOURNAL_PARKED, JOURNAL_FILED}, 2, 0, 0, 0},
        {"failed, filed", {JOURNAL_FAILED, JOURNAL_FILED}, 2, 0, 0, 0},
        {"withdrawn", {JOURNAL_WITHDRAWN}, 1, 0, 0, 0},
        {"withdrawn for ever", {JOURNAL_WITHDRAWN, JOURNAL_RETRY}, 2, 0, 0, 0},
    };
    struct scene *s = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t seq = append_ok(s, rows[i].label);

        for (int k = 0; k < rows[i].n; k++)
            journal_mark(s->j, seq, rows[i].marks[k]);
        for (int again = 0; again < 2; again++) {
            (void)read_all(s);
            if ((int)s->n != rows[i].read || journal_waits(s->j, seq) != (rows[i].read == 1) ||
                state_of(s).unfiled != s->n || state_of(s).parked != rows[i].parked ||
                (s->n == 1 && s->rows[0].failures != rows[i].failures))
                fail_msg("%s%s: %zu read", rows[i].label, again ? ", opened again" : "", s->n);
            open_again(s);
        }
        journal_mark(s->j, seq, JOURNAL_FILED);
    }
    journal_mark(s->j, 999999, JOURNAL_FILED); /* nobody's */
    assert_int_equal(read_all(s), 0);
}

static void rewinding_brings_back_what_came_since(void **state)
{
    struct scene *s = *state;
    uint64_t seqs[5];

    for (int i = 0; i < 5; i++) {
        clock_freeze(1000 * (i + 1));
        seqs[i] = append_ok(s, "text");
        journal_mark(s->j, seqs[i], i == 3 ? JOURNAL_PARKED : JOURNAL_FILED);
    }
    journal_mark(s->j, append_ok(s, "refused"), JOURNAL_WITHDRAWN);
    open_again(s); /* the marks are on disk */
    assert_int_equal(journal_rewind(s->j, 6000), 0);
    assert_int_equal(journal_rewind(s->j, 3000), 2);
    assert_int_equal(read_all(s), 2);
    assert_int_equal(s->rows[0].seq, seqs[2]);
    assert_int_equal(s->rows[1].seq, seqs[4]);

    open_again(s);
    assert_int_equal(read_all(s), 0); /* whoever rewinds and dies has to do it again */
    assert_int_equal(journal_unpark(s->j), 1);
    assert_int_equal(journal_rewind(s->j, 0), 4);
    assert_int_equal(read_all(s), 5);
}

static void numbers_go_on_after_a_restart(void **state)
{
    struct scene *s = *state;
    uint64_t before = append_ok(s, "one");

    for (int i = 0; i < 3; i++) {
        open_again(s);

        uint64_t seq = append_ok(s, "next");

        assert_true(seq > before);
        before = seq;
    }
    open_again(s);
    open_again(s); /* nothing was added: its empty segment must not take a name twice */
    assert_true(append_ok(s, "after two") > before);
    assert_int_equal(read_all(s), 5);
}

static void segments_rotate_fold_and_go(void **state)
{
    struct scene *s = *state;
    uint64_t parked;
    char text[4000];

    memset(text, 't', sizeof text);
    text[sizeof text - 1] = '\0';
    s->options.rotate_bytes = 40000;
    open_again(s);
    clock_freeze(1000000);
    for (int i = 0; i < 30; i++)
        (void)append_ok(s, text);
    assert_true(state_of(s).segments >= 3);
    assert_int_equal(read_all(s), 30);
    for (size_t i = 0; i < 30; i++)
        journal_mark(s->j, s->rows[i].seq, JOURNAL_FILED);
    parked = s->rows[0].seq;
    journal_mark(s->j, parked, JOURNAL_PARKED);

    size_t before = state_of(s).segments;

    pause_ms(1500);
    assert_int_equal(state_of(s).segments, before); /* within the grace time all stay */
    assert_int_equal(journal_rewind(s->j, 0), 29);
    for (size_t i = 1; i < 30; i++)
        journal_mark(s->j, s->rows[i].seq, JOURNAL_FILED);

    journal_hold(s->j, 1000000);
    clock_freeze(1000000 + 900000);
    pause_ms(1500);
    assert_int_equal(state_of(s).segments, before); /* old, but held */
    journal_hold(s->j, 1000001);
    wait_for_segments(s, 2); /* the living one, and the one that holds the parked row */
    wait_for_files(s, ".db", 2);
    assert_int_equal(journal_unpark(s->j), 1);
    assert_int_equal(read_all(s), 1);
    assert_int_equal(s->rows[0].seq, parked);
    assert_int_equal(s->rows[0].payload.len, strlen(text));

    open_again(s); /* marks of other segments came along: nothing but the one is unfiled */
    assert_int_equal(read_all(s), 1);
    journal_mark(s->j, parked, JOURNAL_FILED);
    wait_for_segments(s, 1);
    wait_for_files(s, "-wal", 1);
}

static void segments_rotate_by_age(void **state)
{
    struct scene *s = *state;

    s->options.rotate_ms = 100;
    open_again(s);
    (void)append_ok(s, "text");
    pause_ms(1500);          /* the keeper drops what set_up left, too */
    wait_for_segments(s, 2); /* without any further append, and only once: an empty one stays */
    wait_for_files(s, "-wal", 1);
    assert_int_equal(read_all(s), 1);
}

struct appender {
    struct scene *s;
    int id;
    uint64_t seqs[200];
};

static void *append_many(void *arg)
{
    struct appender *a = arg;

    for (int i = 0; i < 200; i++) {
        char text[32], work[16];

        (void)snprintf(text, sizeof text, "%d/%d", a->id, i);
        (void)snprintf(work, sizeof work, "w%d", a->id);
        if (append(a->s, work, text, &a->seqs[i]) != ERR_OK)
            a->seqs[i] = 0;
    }
    return NULL;
}

static void appenders_at_once_share_commits_and_keep_their_order(void **state)
{
    struct scene *s = *state;
    static struct appender all[4];
    pthread_t threads[4];
    int next[4] = {0};

    s->options.rotate_bytes = 100000;
    open_again(s);
    for (int i = 0; i < 4; i++) {
        all[i] = (struct appender){.s = s, .id = i};
        assert_int_equal(pthread_create(&threads[i], NULL, append_many, &all[i]), 0);
    }
    for (int i = 0; i < 20; i++) { /* beside a reader, as there always is one */
        struct arena *a = arena_open(65536);
        struct journal_row few[50];
        size_t n;

        assert_int_equal(journal_read(s->j, a, 0, 50, few, &n), ERR_OK);
        for (size_t k = 0; k < n; k++)
            journal_mark(s->j, few[k].seq, k % 2 == 0 ? JOURNAL_FAILED : JOURNAL_RETRY);
        arena_close(a);
    }
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(read_all(s), 800);
    for (size_t i = 0; i < 800; i++) {
        int id = s->rows[i].work[1] - '0';
        char want[32];

        (void)snprintf(want, sizeof want, "%d/%d", id, next[id]);
        assert_true(str_is(s->rows[i].payload, want));
        assert_true(s->rows[i].seq == all[id].seqs[next[id]++]);
    }
    assert_true(state_of(s).commits < 800);
    assert_int_equal(state_of(s).rows, 800);
}

/* J6, J7: the batch hears of it, goes to no reader, now or later; the next one is well. */
static void a_commit_that_fails_is_withdrawn(void **state)
{
    static const struct {
        const char *label;
        int sync_error;
        bool full;
        enum err want;
    } rows[] = {
        {"fdatasync fails", SQLITE_IOERR_FSYNC, false, ERR_IO},
        {"write finds no room", 0, true, ERR_FULL},
    };
    struct scene *s = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)append_ok(s, "before");
        faults.sync_error = rows[i].sync_error;
        faults.sync_errors = rows[i].full ? 0 : 1;
        faults.write_full = rows[i].full;
        assert_int_equal(append(s, "tkt", "lost", NULL), rows[i].want);
        faults.write_full = 0;
        assert_int_equal(append(s, "tkt", "after", NULL), ERR_OK);
        for (int again = 0; again < 2; again++) {
            if (read_all(s) != 2 || !str_is(s->rows[0].payload, "before") || !str_is(s->rows[1].payload, "after"))
                fail_msg("%s%s: %zu read", rows[i].label, again ? ", opened again" : "", s->n);
            open_again(s);
        }
        for (size_t k = 0; k < s->n; k++)
            journal_mark(s->j, s->rows[k].seq, JOURNAL_FILED);
    }
}

static void two_failures_in_a_row_close_it_until_the_disk_is_well(void **state)
{
    struct scene *s = *state;

    faults.write_full = 1;
    assert_int_equal(append(s, "tkt", "one", NULL), ERR_FULL);
    assert_int_equal(append(s, "tkt", "two", NULL), ERR_FULL);
    assert_false(state_of(s).well);
    assert_true(strlen(state_of(s).why) > 0);

    int64_t began_ms = clock_steady_ms();

    for (int i = 0; i < 50; i++)
        assert_int_equal(append(s, "tkt", "fast", NULL), ERR_FULL);
    assert_in_range(clock_steady_ms() - began_ms, 0, 3000);
    faults.write_full = 0;
    for (int i = 0; i < 400 && !state_of(s).well; i++)
        pause_ms(50); /* by itself, without any append */
    assert_true(state_of(s).well);
    assert_int_equal(append(s, "tkt", "three", NULL), ERR_OK);
    assert_int_equal(read_all(s), 1);
    assert_int_equal(state_of(s).errors, 52);
}

static void a_stalled_disk_is_answered_for_and_withdrawn(void **state)
{
    struct scene *s = *state;
    struct told first, behind;
    struct journal_row row = row_of(ulid_fresh(), "tkt", "in the commit"), other;

    (void)append_ok(s, "before");
    told_begin(&first, 1);
    told_begin(&behind, 100);
    faults.stall_ms = 4000;
    journal_append(s->j, &row, told_done, &first);
    pause_ms(100);
    for (int i = 0; i < 100; i++) {
        other = row_of(ulid_fresh(), "tkt", "behind it");
        journal_append(s->j, &other, told_done, &behind);
    }
    assert_int_equal(told_wait(&first), ERR_BUSY);
    assert_int_equal(told_wait(&behind), ERR_BUSY);
    assert_in_range(behind.after_ms, 1800, 3950); /* before the disk comes back */
    assert_false(state_of(s).well);
    assert_int_equal(append(s, "tkt", "while it stalls", NULL), ERR_BUSY);

    for (int i = 0; i < 400 && !state_of(s).well; i++)
        pause_ms(50);
    assert_true(state_of(s).well);
    (void)append_ok(s, "after");
    for (int again = 0; again < 2; again++) {
        assert_int_equal(read_all(s), 2);
        assert_true(str_is(s->rows[0].payload, "before"));
        assert_true(str_is(s->rows[1].payload, "after"));
        open_again(s);
    }
    assert_int_equal(journal_rewind(s->j, 0), 0);
    assert_int_equal(journal_find(s->j, s->arena, row.ulid, &other), ERR_OK); /* it is there, and stays unread */
}

static void the_reserve_is_kept(void **state)
{
    struct scene *s = *state;

    uint64_t seq = append_ok(s, "before");

    s->options.reserve_bytes = INT64_MAX / 2;
    open_again(s);
    assert_int_equal(append(s, "tkt", "too late", NULL), ERR_FULL);
    assert_false(state_of(s).well);
    assert_non_null(strstr(state_of(s).why, "make room"));
    journal_mark(s->j, seq, JOURNAL_FILED); /* what was taken can still be worked off */
    open_again(s);
    assert_int_equal(read_all(s), 0);
}

static void more_waiting_than_allowed_is_busy(void **state)
{
    struct scene *s = *state;
    struct told t;
    enum { MANY = JOURNAL_WAITING_MAX + 600 };

    (void)append_ok(s, "before");
    told_begin(&t, MANY);
    faults.stall_ms = 1900;

    int64_t began_ms = clock_steady_ms();

    for (int i = 0; i < MANY; i++) {
        struct journal_row row = row_of(ulid_fresh(), "", "x");

        journal_append(s->j, &row, told_done, &t);
        if (i == 0)
            pause_ms(50);
    }

    bool slow = clock_steady_ms() - began_ms > 1800; /* the disk was back before it was full */
    enum err e = told_wait(&t);

    if (slow)
        skip();
    assert_int_equal(e, ERR_BUSY);
    assert_in_range(state_of(s).rows, JOURNAL_WAITING_MAX, MANY);
}

static void a_row_that_cannot_be_opened_is_parked(void **state)
{
    struct scene *s = *state;
    sqlite3 *db;
    char path[128];
    uint64_t bad = append_ok(s, "bad");

    (void)append_ok(s, "good");
    journal_close(s->j);
    s->j = NULL;
    (void)snprintf(path, sizeof path, "%s/seg-%012d.db", s->journal, 1);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE rows SET op = 'message' WHERE seq = 1", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);

    open_again(s);
    assert_int_equal(bad, 1);
    assert_int_equal(read_all(s), 1);
    assert_true(str_is(s->rows[0].payload, "good"));
    assert_int_equal(state_of(s).parked, 1);
    assert_int_equal(state_of(s).errors, 1);
}

static void nothing_readable_is_on_disk(void **state)
{
    struct scene *s = *state;
    char command[200];

    (void)append_ok(s, "a-word-nobody-else-writes");
    (void)snprintf(command, sizeof command, "grep -rq a-word-nobody-else-writes %s", s->journal);
    assert_int_not_equal(system(command), 0);
}

static void a_segment_that_is_no_database_is_set_aside(void **state)
{
    struct scene *s = *state;
    char path[128];

    (void)append_ok(s, "text");
    journal_close(s->j);
    s->j = NULL;
    (void)snprintf(path, sizeof path, "%s/seg-%012d.db", s->journal, 500);

    FILE *f = fopen(path, "w");

    assert_non_null(f);
    for (int i = 0; i < 500; i++)
        assert_true(fputs("this is not a database ", f) >= 0);
    assert_int_equal(fclose(f), 0);
    (void)snprintf(path, sizeof path, "%s/seg-%012d.db", s->journal, 600);
    f = fopen(path, "w"); /* begun, and then the power went */
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);

    open_again(s);
    assert_int_equal(read_all(s), 1);
    assert_int_equal(files_ending(s, ".bad"), 1);
    assert_int_equal(state_of(s).errors, 1);
    (void)append_ok(s, "goes on");
}

static void a_second_process_is_kept_out(void **state)
{
    struct scene *s = *state;
    struct journal *other = NULL;

    assert_int_equal(journal_open(&other, &s->options, s->why, sizeof s->why), ERR_DENIED);
    assert_non_null(strstr(s->why, "another process"));
}

/* What a child that is to be killed has been promised, in memory both can see. */
struct promises {
    _Atomic int n;
    struct ulid ulids[100000];
};

struct promise {
    struct promises *p;
    struct ulid ulid;
};

static void promised(void *arg, enum err e, uint64_t seq)
{
    struct promise *mine = arg;

    (void)seq;
    if (e == ERR_OK) {
        int at = atomic_load(&mine->p->n);

        mine->p->ulids[at] = mine->ulid;
        atomic_store(&mine->p->n, at + 1);
    }
    free(mine);
}

static void child_appends(struct scene *s, struct promises *p)
{
    struct journal *j = NULL;

    if (journal_open(&j, &s->options, s->why, sizeof s->why) != ERR_OK)
        _exit(1);
    for (int i = 0; i < 90000; i++) {
        struct promise *mine = malloc(sizeof *mine);
        struct journal_row row = row_of(ulid_fresh(), "w", "the words");

        *mine = (struct promise){p, row.ulid};
        journal_append(j, &row, promised, mine);
        if (i % 7 == 0)
            pause_ms(1);
    }
    _exit(0);
}

static int by_ulid(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct ulid));
}

static void killed_at_any_moment_it_keeps_every_promise(void **state)
{
    struct scene *s = *state;
    struct promises *p = mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(p != MAP_FAILED);
    int kept = 0;

    s->options.rotate_bytes = 300000;
    for (int kill_at = 60; kill_at <= 420; kill_at += 60) {
        journal_close(s->j);
        s->j = NULL;
        p->n = 0;

        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0)
            child_appends(s, p);
        pause_ms(kill_at);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);

        open_again(s);

        struct ulid *stored = calloc(200000, sizeof *stored);
        size_t n = 0;
        uint64_t after = 0;

        do {
            assert_int_equal(journal_read(s->j, s->arena, after, ROWS_MAX, s->rows, &s->n), ERR_OK);
            for (size_t i = 0; i < s->n; i++) {
                stored[n++] = s->rows[i].ulid;
                after = s->rows[i].seq;
                journal_mark(s->j, after, JOURNAL_FILED);
            }
            arena_reset(s->arena);
        } while (s->n > 0);
        qsort(stored, n, sizeof *stored, by_ulid);
        for (size_t i = 1; i < n; i++)
            assert_true(by_ulid(&stored[i - 1], &stored[i]) != 0);
        for (int i = 0; i < p->n; i++)
            assert_non_null(bsearch(&p->ulids[i], stored, n, sizeof *stored, by_ulid));
        kept += p->n;
        free(stored);
    }
    assert_true(kept > 0);
    assert_int_equal(munmap(p, sizeof *p), 0);
}

/* The real thing: the kernel itself refuses to let files grow. */
static void a_real_limit_of_file_size_is_survived(void **state)
{
    struct scene *s = *state;
    char *text = malloc(100001);
    struct rlimit old, tight = {400000, RLIM_INFINITY};
    int good = 0;

    memset(text, 'g', 100000);
    text[100000] = '\0';
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tight.rlim_max = old.rlim_max;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    for (int i = 0; i < 12; i++)
        good += append(s, "tkt", text, NULL) == ERR_OK;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_in_range(good, 3, 11);
    assert_int_equal(read_all(s), (size_t)good);
    open_again(s);
    assert_int_equal(read_all(s), (size_t)good);
    free(text);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(what_was_answered_can_be_read_in_order),
        T(marks_decide_what_is_read),
        T(rewinding_brings_back_what_came_since),
        T(numbers_go_on_after_a_restart),
        T(segments_rotate_fold_and_go),
        T(segments_rotate_by_age),
        T(appenders_at_once_share_commits_and_keep_their_order),
        T(a_commit_that_fails_is_withdrawn),
        T(two_failures_in_a_row_close_it_until_the_disk_is_well),
        T(a_stalled_disk_is_answered_for_and_withdrawn),
        T(the_reserve_is_kept),
        T(more_waiting_than_allowed_is_busy),
        T(a_row_that_cannot_be_opened_is_parked),
        T(nothing_readable_is_on_disk),
        T(a_segment_that_is_no_database_is_set_aside),
        T(a_second_process_is_kept_out),
        T(killed_at_any_moment_it_keeps_every_promise),
        T(a_real_limit_of_file_size_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
