/* filer: mails are read elsewhere, and come back in the order of their work; a parked row says why. Journal and Redis are
 * real, whoever reads is played. */
#include "queues/clock.h"
#include "queues/filer.h"
#include "queues/ruleset.h"
#include "rules/route.h"
#include "tests/unit/queues/scratch_lab.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 60000, NAMED_MAX = 256, OTHERS = 2 * FILER_BATCH };

static const char rules_text[] = "queue triage { title \"Triage\" first-reply 1h calendar always }\n"
                                 "route otherwise to triage priority 50\n";

static struct lab s;
static struct ruleset *rules;
static struct journal *journal;
static struct filer *filer;
static char folder[128], identity_file[128];
static atomic_int named, gone;
static uint64_t named_seq[NAMED_MAX];
static struct ulid filed[NAMED_MAX]; /* in the order that the filer told */
static atomic_int filed_count;
static _Atomic int64_t oldest = INT64_MAX;

static enum err no_zone(void *arg, const char *name, struct buf *bytes)
{
    (void)arg;
    (void)name;
    (void)bytes;
    return ERR_ABSENT;
}

static void on_filed(void *arg, const struct filing *f)
{
    (void)arg;
    filed[filed_count % NAMED_MAX] = f->item.ulid;
    atomic_fetch_add(&filed_count, 1);
}

static bool on_refuse(void *arg, const struct filing *f)
{
    (void)arg;
    (void)f;
    return false;
}

static void on_tick(void *arg, struct redis *r)
{
    (void)arg;
    (void)r;
}

static void on_mail(void *arg, uint64_t seq, int64_t received_ms)
{
    (void)arg;
    assert_true(received_ms > 0);
    named_seq[named % NAMED_MAX] = seq;
    atomic_fetch_add(&named, 1);
}

static int64_t on_oldest(void *arg)
{
    (void)arg;
    return oldest;
}

static void on_gone(void *arg, uint64_t seq)
{
    (void)arg;
    (void)seq;
    atomic_fetch_add(&gone, 1);
}

static void open_filer(void)
{
    struct filer_options o = {.journal = journal,
                              .keys = s.keys,
                              .rules = rules,
                              .redis = &s.server.target,
                              .identity_file = identity_file,
                              .grace_ms = 900000,
                              .filed = on_filed,
                              .refuse = on_refuse,
                              .tick = on_tick,
                              .read = on_mail,
                              .oldest_ms = on_oldest};

    filer = filer_open(&o);
}

static int fresh(void **state)
{
    struct buf faults = {0};
    struct rules *r;
    char why[200];

    (void)state;
    lab_open(&s);
    (void)snprintf(folder, sizeof folder, "%s/journal", s.server.folder);
    (void)snprintf(identity_file, sizeof identity_file, "%s/identity", s.server.folder);
    if (rules_load(&r, "test.rules", str_of(rules_text), no_zone, NULL, &faults) != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
    rules = ruleset_open(r);

    struct journal_options o = {
        .folder = folder, .keys = s.keys, .keep_ms = 900000, .rotate_ms = 600000, .rotate_bytes = 64 << 20};

    assert_int_equal(journal_open(&journal, &o, why, sizeof why), ERR_OK);
    named = gone = filed_count = 0;
    filer = NULL;
    return 0;
}

static int over(void **state)
{
    (void)state;
    filer_close(filer);
    journal_close(journal);
    ruleset_close(rules);
    lab_close(&s);
    return 0;
}

static void on_journaled(void *arg, enum err e, uint64_t seq)
{
    assert_int_equal(e, ERR_OK);
    atomic_store((_Atomic uint64_t *)arg, seq);
}

/* A row of that op; its seq. payload: at NULL prints i. */
static uint64_t write_row(struct item *i, const char *op, struct str payload)
{
    struct arena *a = arena_open(4096);
    _Atomic uint64_t seq = 0;

    i->ulid = ulid_fresh();
    i->received_ms = clock_now_ms();
    i->channel = STR("mail");
    i->impact = STR("down");
    i->language = STR("en");

    struct journal_row row = {.ulid = i->ulid,
                              .op = op,
                              .work = "",
                              .received_ms = i->received_ms,
                              .payload = payload.at == NULL ? item_print(i, a) : payload};

    journal_append(journal, &row, on_journaled, &seq);
    while (seq == 0)
        (void)usleep(200);
    arena_close(a);
    return seq;
}

/* What was made of a mail's row, as reading.c gives it. */
static void give(struct item *i, uint64_t seq)
{
    struct arena *a = arena_open(4096);
    struct filer_job *job = filer_job_make(i, item_print(i, a));

    job->seq = seq;
    job->gone = on_gone;
    filer_submit(filer, job);
    arena_close(a);
}

static void wait_until(atomic_int *what, int n)
{
    for (int64_t until = clock_steady_ms() + PATIENCE_MS; *what < n; (void)usleep(1000))
        if (clock_steady_ms() > until)
            fail_msg("%d of %d", *what, n);
}

static struct journal_state look(void)
{
    struct journal_state j;

    journal_state(journal, &j);
    return j;
}

/* ---- stories ---- */

static void a_mail_is_named_and_comes_back(void **state)
{
    struct item mail = {
        .op = ITEM_MAIL, .reference = 5, .sender = STR("aya@example.org"), .raw = STR("Subject: x\r\n")};
    struct item other = {.op = ITEM_REQUEST, .reference = 6, .text = STR("words")}, made;
    uint64_t seq = write_row(&mail, "mail", (struct str){NULL, 0});

    (void)state;
    (void)write_row(&other, "request", (struct str){NULL, 0});
    open_filer();
    wait_until(&named, 1);
    assert_int_equal(named_seq[0], seq);
    wait_until(&filed_count, 1); /* who comes behind it does not wait */
    assert_true(ulid_equal(filed[0], other.ulid));
    assert_int_equal(look().unfiled, 1);
    made = mail;
    made.op = ITEM_REQUEST;
    made.text = STR("from a mail");
    give(&made, seq);
    wait_until(&filed_count, 2);
    wait_until(&gone, 1);
    assert_true(ulid_equal(filed[1], mail.ulid));
    assert_int_equal(look().unfiled, 0);
    assert_int_equal(named, 1);
}

/* Rows of its work that were not looked at yet go first. */
static void a_mail_does_not_overtake_its_work(void **state)
{
    struct item request = {.op = ITEM_REQUEST, .reference = 7, .text = STR("words"), .email = STR("aya@example.org")};
    struct item mail = {.op = ITEM_MAIL, .reference = 7, .raw = STR("x")}, made;
    struct item message = {.op = ITEM_MESSAGE, .reference = 7, .text = STR("m1")};
    uint64_t seq;

    (void)state;
    (void)write_row(&request, "request", (struct str){NULL, 0});
    for (uint64_t r = 100; r < 100 + OTHERS; r++) { /* more than are looked at at once */
        struct item other = {.op = ITEM_REQUEST, .reference = r, .text = STR("words")};

        (void)write_row(&other, "request", (struct str){NULL, 0});
    }
    (void)write_row(&message, "message", (struct str){NULL, 0});
    seq = write_row(&mail, "mail", (struct str){NULL, 0});
    lab_say(&s, "CLIENT PAUSE 300 ALL"); /* time to give it before anything is filed */
    open_filer();
    made = mail;
    made.op = ITEM_MESSAGE;
    made.text = STR("m2");
    give(&made, seq);
    wait_until(&filed_count, OTHERS + 3);
    assert_true(ulid_equal(filed[OTHERS + 1], message.ulid));
    assert_true(ulid_equal(filed[OTHERS + 2], mail.ulid));
    wait_until(&gone, 1);
}

static void jobs_that_are_not_filed_are_told_gone(void **state)
{
    struct item mail = {.op = ITEM_MAIL, .reference = 5, .raw = STR("x")}, made;
    struct filer_state now = {0};
    uint64_t seq;

    (void)state;
    open_filer();
    for (int64_t until = clock_steady_ms() + PATIENCE_MS; !now.ready && clock_steady_ms() < until; (void)usleep(1000))
        filer_state(filer, &now);
    seq = write_row(&mail, "mail", (struct str){NULL, 0});
    made = mail;
    made.op = ITEM_REQUEST;
    made.text = STR("words");
    journal_mark(journal, seq, JOURNAL_FILED); /* another one was faster */
    give(&made, seq);
    wait_until(&gone, 1);
    assert_int_equal(filed_count, 0);
}

static void a_parked_row_says_why_and_can_be_tried_again(void **state)
{
    struct item broken = {.op = ITEM_REQUEST, .reference = 9};
    struct journal_row rows[4];
    char why[FILER_WHY_BYTES];
    uint64_t seq = write_row(&broken, "request", STR("no item"));
    size_t n = 0;

    (void)state;
    open_filer();
    for (int64_t until = clock_steady_ms() + PATIENCE_MS; look().parked == 0; (void)usleep(1000))
        assert_true(clock_steady_ms() < until);
    filer_parked_why(filer, seq, why);
    assert_string_equal(why, "its row cannot be understood");
    assert_int_equal(journal_parked(journal, s.arena, 0, 4, rows, &n), ERR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(rows[0].seq, seq);
    assert_true(ulid_equal(rows[0].ulid, broken.ulid));
    assert_true(str_is(rows[0].payload, "no item"));
    assert_int_equal(journal_parked(journal, s.arena, seq, 4, rows, &n), ERR_OK);
    assert_int_equal(n, 0);
    assert_true(journal_is_parked(journal, seq));
    assert_false(filer_unpark(filer, seq + 1));
    assert_true(filer_unpark(filer, seq));

    struct filer_state now;

    do {
        filer_state(filer, &now);
        (void)usleep(1000);
    } while (now.parked < 2);
    assert_int_equal(look().parked, 1);
    filer_parked_why(filer, seq, why);
    assert_true(why[0] != '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_mail_is_named_and_comes_back, fresh, over),
        cmocka_unit_test_setup_teardown(a_mail_does_not_overtake_its_work, fresh, over),
        cmocka_unit_test_setup_teardown(jobs_that_are_not_filed_are_told_gone, fresh, over),
        cmocka_unit_test_setup_teardown(a_parked_row_says_why_and_can_be_tried_again, fresh, over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
