/* filer: from the journal into Redis, in order, once, whatever happens to Redis meanwhile. Both are real. */
#include "queues/clock.h"
#include "queues/filer.h"
#include "queues/keys.h"
#include "queues/ruleset.h"
#include "rules/route.h"
#include "tests/unit/queues/scratch_lab.h"

#include <inttypes.h>
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

enum { PATIENCE_MS = 90000 };

static const char rules_text[] = "queue triage { title \"Triage\" first-reply 1h calendar always }\n"
                                 "route otherwise to triage priority 50\n";

static struct lab s;
static struct ruleset *rules;
static struct journal *journal;
static struct filer *filer;
static char folder[128], identity_file[128];
static _Atomic int told;          /* calls of filed() */
static _Atomic bool sender_waits; /* for the answer: is there somebody to be refused? */
static _Atomic int refused, kept; /* calls of refuse(), by what it answered */

static enum err no_zone(void *arg, const char *name, struct buf *bytes)
{
    (void)arg;
    (void)name;
    (void)bytes;
    return ERR_ABSENT;
}

static void open_journal(void)
{
    struct journal_options o = {.folder = folder,
                                .keys = s.keys,
                                .keep_ms = 900000,
                                .rotate_ms = 600000,
                                .rotate_bytes = 64 << 20,
                                .reserve_bytes = 1 << 20};
    char why[200];

    if (journal_open(&journal, &o, why, sizeof why) != ERR_OK)
        fail_msg("%s", why);
}

static void on_filed(void *arg, const struct filing *f)
{
    (void)arg;
    (void)f;
    atomic_fetch_add(&told, 1);
}

static bool on_refuse(void *arg, const struct filing *f)
{
    (void)arg;
    (void)f;
    atomic_fetch_add(sender_waits ? &refused : &kept, 1);
    return sender_waits;
}

static void on_tick(void *arg, struct redis *r)
{
    (void)arg;
    (void)r;
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
                              .tick = on_tick};

    filer = filer_open(&o);
}

static int fresh(void **state)
{
    struct buf faults = {0};
    struct rules *r;

    (void)state;
    lab_open(&s);
    (void)snprintf(folder, sizeof folder, "%s/journal", s.server.folder);
    (void)snprintf(identity_file, sizeof identity_file, "%s/identity", s.server.folder);
    if (rules_load(&r, "test.rules", str_of(rules_text), no_zone, NULL, &faults) != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
    rules = ruleset_open(r);
    open_journal();
    told = refused = kept = 0;
    sender_waits = false;
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

/* ---- writing ---- */

struct wait {
    pthread_mutex_t lock;
    pthread_cond_t done;
    size_t left;
};

struct sent {
    struct wait *wait;
    struct filer_job *job; /* NULL: not handed over */
};

static void on_journaled(void *arg, enum err e, uint64_t seq)
{
    struct sent *m = arg;

    assert_int_equal(e, ERR_OK);
    if (m->job != NULL) {
        m->job->seq = seq;
        filer_submit(filer, m->job);
    }
    (void)pthread_mutex_lock(&m->wait->lock);
    if (--m->wait->left == 0)
        (void)pthread_cond_signal(&m->wait->done);
    (void)pthread_mutex_unlock(&m->wait->lock);
    free(m);
}

static struct wait wait_for = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};

/* Into the journal, and, where live, to the filer, as accept.c does it. */
static void write_item(struct item *i, bool live)
{
    struct arena *a = arena_open(4096);
    struct sent *m = malloc(sizeof *m);

    i->ulid = ulid_fresh();
    i->received_ms = clock_now_ms();
    i->channel = STR("web");
    i->impact = STR("down");
    i->language = STR("en");
    i->raw = i->text;

    struct str payload = item_print(i, a);
    struct journal_row row = {.ulid = i->ulid,
                              .op = item_op_name(i->op),
                              .work = arena_printf(a, "%" PRIu64, i->reference),
                              .received_ms = i->received_ms,
                              .payload = payload};

    *m = (struct sent){&wait_for, live ? filer_job_make(i, payload) : NULL};
    (void)pthread_mutex_lock(&wait_for.lock);
    wait_for.left++;
    (void)pthread_mutex_unlock(&wait_for.lock);
    journal_append(journal, &row, on_journaled, m);
    arena_close(a);
}

static void written(void)
{
    (void)pthread_mutex_lock(&wait_for.lock);
    while (wait_for.left > 0)
        (void)pthread_cond_wait(&wait_for.done, &wait_for.lock);
    (void)pthread_mutex_unlock(&wait_for.lock);
}

static struct ulid request(uint64_t reference, bool live)
{
    char email[64];
    struct item i = {.op = ITEM_REQUEST, .reference = reference, .text = STR("words")};

    (void)snprintf(email, sizeof email, "p%" PRIu64 "@example.org", reference);
    i.email = str_of(email);
    write_item(&i, live);
    return i.ulid;
}

static void message(uint64_t reference, int number, bool live)
{
    char text[32];
    struct item i = {.op = ITEM_MESSAGE, .reference = reference};

    (void)snprintf(text, sizeof text, "m%d", number);
    i.text = str_of(text);
    write_item(&i, live);
}

/* ---- looking ---- */

static size_t unfiled(void)
{
    struct journal_state j;

    journal_state(journal, &j);
    return j.unfiled;
}

static size_t parked(void)
{
    struct journal_state j;

    journal_state(journal, &j);
    return j.parked;
}

static void filed_within_patience(size_t but)
{
    int64_t until = clock_steady_ms() + PATIENCE_MS;

    while (unfiled() > but) {
        if (clock_steady_ms() > until)
            fail_msg("%zu are still not filed", unfiled());
        sleep_ms(5);
    }
}

static int64_t count(const char *pattern)
{
    struct redis_value v;

    assert_int_equal(redis_do(s.redis, s.arena, &v, 2, (struct str[]){STR("KEYS"), str_of(pattern)}), ERR_OK);
    return (int64_t)v.count;
}

/* The numbers of the messages behind a request, which must stand in the order they were written: "1,2,3". */
static size_t messages_in_order(uint64_t reference)
{
    struct pointer p;
    struct message *m;
    size_t n;

    assert_int_equal(pointer_read(s.redis, s.arena, reference, &p), ERR_OK);
    assert_int_equal(messages_read(s.redis, s.keys, s.arena, p.ticket, &m, &n), ERR_OK);
    for (size_t i = 1; i < n; i++)
        assert_string_equal(m[i].text.at, arena_printf(s.arena, "m%zu", i));
    return n - 1;
}

static void once_and_only_once(uint64_t reference, size_t messages)
{
    struct message *m;
    struct pointer p;
    struct ticket t;
    size_t n;

    assert_int_equal(messages_in_order(reference), messages);
    assert_int_equal(pointer_read(s.redis, s.arena, reference, &p), ERR_OK);
    assert_int_equal(ticket_read(s.redis, s.keys, s.arena, p.ticket, &t), ERR_OK);
    assert_string_equal(t.version.at, arena_printf(s.arena, "%zu", messages + 1));
    assert_int_equal(messages_read(s.redis, s.keys, s.arena, p.ticket, &m, &n), ERR_OK);
    assert_string_equal(t.last.at, id_print(ID_MESSAGE, m[n - 1].id).at); /* told last */
}

/* ---- stories ---- */

static void works_are_filed_together_and_each_in_its_order(void **state)
{
    (void)state;
    open_filer();
    for (uint64_t r = 1; r <= 40; r++)
        (void)request(r, true);
    for (int m = 1; m <= 5; m++)
        for (uint64_t r = 1; r <= 40; r++)
            message(r, m, true);
    written();
    filed_within_patience(0);
    for (uint64_t r = 1; r <= 40; r++)
        once_and_only_once(r, 5);
    assert_int_equal(count("*:t:*"), 40);
    assert_int_equal(parked(), 0);
}

static void what_the_journal_held_before_is_filed(void **state)
{
    (void)state;
    for (uint64_t r = 1; r <= 100; r++)
        (void)request(r, false);
    message(7, 1, false);
    written();
    open_filer();
    filed_within_patience(0);
    assert_int_equal(count("*:t:*"), 100);
    once_and_only_once(7, 1);
}

/* More waits for one work than the filer keeps in memory: it is read back from the journal. */
static void a_crowd_behind_one_work_is_not_forgotten(void **state)
{
    enum { MANY = 1100 };

    (void)state;
    open_filer();
    (void)request(1, true);
    for (int m = 1; m <= MANY; m++)
        message(1, m, true);
    (void)request(2, true);
    written();
    filed_within_patience(0);
    once_and_only_once(1, MANY);
    assert_int_equal(count("*:t:*"), 2);
}

static void more_than_memory_holds_is_read_from_the_journal(void **state)
{
    enum { MANY = FILER_WAITING_MAX + 1000 };
    struct filer_state now;

    (void)state;
    scratch_kill(&s.server); /* so that it piles up */
    open_filer();
    for (uint64_t r = 1; r <= MANY; r++)
        (void)request(r, true);
    message(MANY, 1, true); /* finds no room in memory */
    written();
    filer_state(filer, &now);
    assert_true(now.waiting <= FILER_WAITING_MAX);
    assert_false(now.ready);
    scratch_start(&s.server, NULL);
    while (now.waiting > FILER_WAITING_MAX / 2)
        filer_state(filer, &now);
    message(MANY, 2, true); /* finds room, while the one before it is still to be read */
    written();
    filed_within_patience(0);
    filer_state(filer, &now);
    assert_true(now.ready);
    once_and_only_once(MANY, 2);
    assert_int_equal(count("*:t:*"), MANY);
    assert_int_equal(parked(), 0);
}

/* Its own reason: a ticket that cannot be read. What belongs to that work waits behind it, all others go on. */
static void a_row_that_fails_is_parked_and_only_its_work_waits(void **state)
{
    struct pointer p;

    (void)state;
    open_filer();
    (void)request(1, true);
    (void)request(2, true);
    written();
    filed_within_patience(0);
    assert_int_equal(pointer_read(s.redis, s.arena, 1, &p), ERR_OK);
    (void)lab_say(&s, "HSET %s subject broken", ticket_key(s.arena, p.ticket).at);
    message(1, 1, true);
    message(1, 2, true);
    for (int m = 1; m <= 20; m++)
        message(2, m, true);
    written();

    int64_t until = clock_steady_ms() + PATIENCE_MS;

    while (parked() < 2 && clock_steady_ms() < until)
        sleep_ms(10);
    assert_int_equal(parked(), 2);
    once_and_only_once(2, 20);
    /* Somebody mends it: nothing was dropped, and the order is kept. */
    filer_close(filer);
    filer = NULL;

    struct str name = str_of(arena_strdup(s.arena, id_print(ID_TICKET, p.ticket).at));

    assert_int_equal(redis_do(s.redis, s.arena, NULL, 4,
                              (struct str[]){STR("HSET"), ticket_key(s.arena, p.ticket), STR("subject"),
                                             seal(s.keys, s.arena, STR("words"), name)}),
                     ERR_OK);
    assert_int_equal(journal_unpark(journal), 2);
    open_filer();
    filed_within_patience(0);
    once_and_only_once(1, 2);
}

/* It waits between its tries, and so do those behind it. */
static void nothing_overtakes_a_row_that_is_tried_again(void **state)
{
    struct item first = {.op = ITEM_MESSAGE,
                         .reference = 1,
                         .text = STR("m1"),
                         .key = STR("0123456789abcdef0123456789abcdef"),
                         .body = STR("0123456789abcdef0123456789abcdef")};

    (void)state;
    open_filer();
    (void)request(1, true);
    (void)request(2, true);
    written();
    filed_within_patience(0);
    (void)lab_say(&s, "SET k:{0123456789abcdef0123456789abcdef} broken");
    write_item(&first, true);
    message(1, 2, true);
    message(1, 3, true);
    message(2, 1, true);
    written();
    sleep_ms(300);
    once_and_only_once(1, 0);
    once_and_only_once(2, 1);
    (void)lab_say(&s, "DEL k:{0123456789abcdef0123456789abcdef}");
    filed_within_patience(0);
    once_and_only_once(1, 3);
    assert_int_equal(parked(), 0);
}

static void a_redis_that_dies_and_comes_back_has_all_of_it_once(void **state)
{
    uint64_t r = 0;

    (void)state;
    open_filer();
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 150; i++) {
            (void)request(++r, true);
            message(r, 1, true);
        }
        sleep_ms(20 + 15 * round); /* in the middle of it */
        scratch_kill(&s.server);
        (void)request(++r, true); /* while it is away */
        message(r, 1, true);
        scratch_start(&s.server, NULL);
    }
    written();
    filed_within_patience(0);
    assert_int_equal(count("*:t:*"), r);
    for (uint64_t i = 1; i <= r; i++)
        once_and_only_once(i, 1);
    assert_int_equal(parked(), 0);
}

/* Another Redis has taken over, and knows nothing: all of the grace time is filed again. */
static void a_redis_that_forgot_is_told_again(void **state)
{
    struct filer_state now;
    uint64_t filed;
    int64_t until = clock_steady_ms() + PATIENCE_MS;

    (void)state;
    open_filer();
    for (uint64_t r = 1; r <= 30; r++)
        (void)request(r, true);
    written();
    filed_within_patience(0);
    filer_state(filer, &now);
    filed = now.filed;

    /* The same data under a new identity, while there is nothing to do: filed again, without effect. */
    scratch_kill(&s.server);
    scratch_start(&s.server, NULL);
    do { /* counted a moment after it was marked */
        filer_state(filer, &now);
    } while (now.again < 30 && clock_steady_ms() < until);
    if (now.again < 30 || now.filed <= filed)
        fail_msg("%" PRIu64 " filed, %" PRIu64 " of them again", now.filed, now.again);
    (void)request(31, true);
    written();
    filed_within_patience(0);
    assert_int_equal(count("*:t:*"), 31);
    for (uint64_t r = 1; r <= 31; r++)
        once_and_only_once(r, 0);

    /* No data at all. */
    scratch_kill(&s.server);
    (void)unlink(arena_printf(s.arena, "%s/appendonlydir/appendonly.aof.1.incr.aof", s.server.folder));
    remove_folder(arena_printf(s.arena, "%s/appendonlydir", s.server.folder));
    scratch_start(&s.server, NULL);
    assert_int_equal(count("*:t:*"), 0);
    (void)request(32, true);
    written();
    until = clock_steady_ms() + PATIENCE_MS;
    while (count("*:t:*") < 32 && clock_steady_ms() < until)
        sleep_ms(10);
    assert_int_equal(count("*:t:*"), 32);
}

/* J7: a post that was refused to its sender's face must not appear when Redis changes. */
static void what_was_refused_stays_refused(void **state)
{
    struct item one = {.op = ITEM_REQUEST, .reference = 1, .text = STR("one"), .email = STR("mei@example.org")},
                other = {.op = ITEM_REQUEST, .reference = 2, .text = STR("another"), .email = STR("mei@example.org")};

    (void)state;
    one.key = other.key = STR("0123456789abcdef0123456789abcdef");
    one.body = STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    other.body = STR("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    sender_waits = true;
    open_filer();
    write_item(&one, true);
    write_item(&other, true);
    written();
    filed_within_patience(0);
    filer_close(filer);
    assert_int_equal(refused, 1);

    sender_waits = false;
    scratch_kill(&s.server);
    scratch_start(&s.server, NULL);
    open_filer();
    filed_within_patience(0);
    while (told < 2)
        sleep_ms(5);
    assert_int_equal(kept, 0);
    assert_int_equal(count("r:*"), 1);
}

/* How often scripts were run. */
static long scripts_run(void)
{
    const char *said = scratch_say(s.redis, s.arena, "INFO commandstats");
    const char *at = strstr(said, "cmdstat_evalsha:calls=");

    return at == NULL ? 0 : strtol(at + strlen("cmdstat_evalsha:calls="), NULL, 10);
}

/* Somebody presses again and again: all of one batch want to join the same work. Each waits for its turn, so that the
 * work is done once and not again for everybody who was faster. */
static void the_same_words_at_once_are_all_filed(void **state)
{
    (void)state;
    for (uint64_t r = 1; r <= FILER_BATCH; r++) {
        struct item i = {.op = ITEM_REQUEST, .reference = r, .text = STR("same"), .email = STR("mei@example.org")};

        write_item(&i, false);
    }
    written();
    open_filer();
    filed_within_patience(0);
    assert_int_equal(parked(), 0);
    assert_int_equal(count("*:t:*"), 1);
    assert_int_equal(count("r:*"), FILER_BATCH);
    assert_in_range(scripts_run(), FILER_BATCH, 12 * FILER_BATCH);
}

static void the_same_redis_is_not_told_again_after_a_restart(void **state)
{
    struct filer_state now;
    int64_t until = clock_steady_ms() + PATIENCE_MS;

    (void)state;
    open_filer();
    for (uint64_t r = 1; r <= 10; r++)
        (void)request(r, true);
    written();
    filed_within_patience(0);
    while (access(identity_file, R_OK) != 0 && clock_steady_ms() < until)
        sleep_ms(10);
    filer_close(filer);
    journal_close(journal);
    open_journal();
    open_filer();
    (void)request(11, true);
    written();
    filed_within_patience(0);
    filer_state(filer, &now);
    assert_true(now.again <= 1); /* a mark may have been lost, no more */
    assert_int_equal(count("*:t:*"), 11);
}

/* L5 */
static void a_redis_that_is_not_fit_is_not_written_to(void **state)
{
    struct filer_state now;
    int64_t until = clock_steady_ms() + PATIENCE_MS;

    (void)state;
    assert_string_equal(lab_say(&s, "CONFIG SET appendfsync everysec"), "OK");
    open_filer();
    (void)request(1, true);
    written();
    do {
        sleep_ms(10);
        filer_state(filer, &now);
    } while (strstr(now.why, "appendfsync") == NULL && clock_steady_ms() < until);
    assert_false(now.ready);
    assert_non_null(strstr(now.why, "appendfsync"));
    assert_string_equal(lab_say(&s, "DBSIZE"), "0");
    assert_string_equal(lab_say(&s, "CONFIG SET appendfsync always"), "OK");
    filed_within_patience(0);
    assert_int_equal(count("*:t:*"), 1);
    filer_state(filer, &now);
    assert_true(now.ready);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(works_are_filed_together_and_each_in_its_order, fresh, over),
        cmocka_unit_test_setup_teardown(what_the_journal_held_before_is_filed, fresh, over),
        cmocka_unit_test_setup_teardown(a_crowd_behind_one_work_is_not_forgotten, fresh, over),
        cmocka_unit_test_setup_teardown(more_than_memory_holds_is_read_from_the_journal, fresh, over),
        cmocka_unit_test_setup_teardown(a_row_that_fails_is_parked_and_only_its_work_waits, fresh, over),
        cmocka_unit_test_setup_teardown(nothing_overtakes_a_row_that_is_tried_again, fresh, over),
        cmocka_unit_test_setup_teardown(a_redis_that_dies_and_comes_back_has_all_of_it_once, fresh, over),
        cmocka_unit_test_setup_teardown(a_redis_that_forgot_is_told_again, fresh, over),
        cmocka_unit_test_setup_teardown(what_was_refused_stays_refused, fresh, over),
        cmocka_unit_test_setup_teardown(the_same_words_at_once_are_all_filed, fresh, over),
        cmocka_unit_test_setup_teardown(the_same_redis_is_not_told_again_after_a_restart, fresh, over),
        cmocka_unit_test_setup_teardown(a_redis_that_is_not_fit_is_not_written_to, fresh, over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
