/* job: long work, carried on wherever it was left, each item done and counted once. */
#include "queues/job.h"
#include "tests/unit/queues/scratch_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW INT64_C(1795500000000)

enum { ITEMS = 25, STEP = 10 };

static struct lab s;
static bool killed_in_step;

static int begin(void **state)
{
    (void)state;
    lab_open(&s);
    return 0;
}

static int end(void **state)
{
    (void)state;
    lab_close(&s);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    lab_empty(&s);
    killed_in_step = false;
    return 0;
}

/* Raises a counter of each item, once, however often it is told to. */
static enum err raise_once(struct job_turn *t, int64_t item)
{
    struct change *c = change_begin(t->arena);
    struct str mark = str_of(arena_printf(t->arena, "{p0}:mark:%d", (int)item));

    change_add(c, 3, (struct str[]){STR("SADD"), mark, STR("done")});
    change_add(c, 4, (struct str[]){STR("HINCRBY"), STR("{p0}:raised"), str_int(t->arena, item), STR("1")});
    return change_run(t->redis, t->arena, c, mark, STR(""), STR(""), NULL);
}

static enum err raise_step(struct job_turn *t)
{
    int64_t from = 0, i;
    enum err e = ERR_OK;

    (void)str_number(t->place, &from);
    t->total = ITEMS;
    for (i = from; e == ERR_OK && i < from + STEP && i < ITEMS; i++) {
        struct str name = str_int(t->arena, i);

        if (i % 10 == 3) {
            job_skipped(t, name, "is a three");
        } else if (i % 10 == 4) {
            job_failed(t, name, "is a four, and long");
        } else {
            e = raise_once(t, i);
            job_done(t, 1);
        }
    }
    t->place = str_int(t->arena, i);
    t->ended = i == ITEMS;
    if (killed_in_step)
        _exit(9);
    return e;
}

static enum err errs[8];
static size_t err_count;

static enum err erring_step(struct job_turn *t)
{
    job_done(t, 1);
    t->place = STR("x");
    t->ended = true;
    return err_count > 0 ? errs[--err_count] : ERR_OK;
}

static const struct job_kind kinds[] = {{"raise", raise_step}, {"erring", erring_step}};

static enum err run_one(struct redis *r, struct ulid id)
{
    struct job_turn t = {.redis = r, .keys = s.keys, .arena = s.arena, .now_ms = NOW + 1000};

    return job_run(&t, kinds, 2, id);
}

static struct ulid started(const char *kind, const char *args)
{
    struct job_new n = {.kind = kind, .args = str_of(args), .by = STR("system"), .at_ms = NOW};

    assert_int_equal(job_start(s.redis, s.keys, s.arena, &n), ERR_OK);
    return n.id;
}

static struct job read_job(struct ulid id)
{
    struct job j;

    assert_int_equal(job_read(s.redis, s.arena, id, &j), ERR_OK);
    return j;
}

static void assert_all_raised(struct ulid id)
{
    struct job j = read_job(id);

    assert_int_equal(j.state, JOB_DONE);
    assert_int_equal(j.total, ITEMS);
    assert_int_equal(j.done, ITEMS - 6);
    assert_int_equal(j.skipped, 3);
    assert_int_equal(j.failed, 3);
    for (int i = 0; i < ITEMS; i++)
        assert_string_equal(lab_say(&s, "HGET {p0}:raised %d", i), i % 10 == 3 || i % 10 == 4 ? "(nil)" : "1");
}

static void a_job_goes_on_step_by_step(void **state)
{
    struct ulid id = started("raise", "");
    struct job j;

    (void)state;
    assert_int_equal(run_one(s.redis, id), ERR_OK);
    j = read_job(id);
    assert_int_equal(j.state, JOB_RUNNING);
    assert_true(str_is(j.place, "10"));
    assert_int_equal(j.done, 8);
    assert_int_equal(run_one(s.redis, id), ERR_OK);
    assert_int_equal(run_one(s.redis, id), ERR_OK);
    assert_all_raised(id);
    assert_int_equal(run_one(s.redis, id), ERR_ABSENT);
    assert_string_equal(lab_say(&s, "ZCARD {p0}:jr"), "0");
}

/* Each step is killed behind its last item and before what it says is saved. */
static void a_kill_before_the_save_costs_nothing(void **state)
{
    struct ulid id = started("raise", "");

    (void)state;
    for (int i = 0; i < 3; i++) {
        pid_t child = fork();
        int how;

        if (child == 0) {
            killed_in_step = true;
            (void)run_one(redis_open(&s.server.target, 10000), id);
            _exit(1);
        }
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_int_equal(WEXITSTATUS(how), 9);
        assert_int_equal(read_job(id).done, i == 0 ? 0 : i * 8);
        assert_int_equal(run_one(s.redis, id), ERR_OK);
    }
    assert_all_raised(id);
}

/* Somebody who still thinks that they have the lease. */
static enum err overtaken_step(struct job_turn *t)
{
    struct job_turn other = {.redis = s.redis, .keys = s.keys, .arena = s.arena, .now_ms = NOW};

    assert_int_equal(job_run(&other, kinds, 1, t->job->id), ERR_OK);
    return raise_step(t);
}

static void two_at_once_count_nothing_twice(void **state)
{
    const struct job_kind late[] = {{"raise", overtaken_step}};
    struct ulid id = started("raise", "");
    struct job_turn t = {.redis = s.redis, .keys = s.keys, .arena = s.arena, .now_ms = NOW};

    (void)state;
    assert_int_equal(job_run(&t, late, 1, id), ERR_CONFLICT);
    assert_int_equal(read_job(id).done, 8);
    assert_int_equal(run_one(s.redis, id), ERR_OK);
    assert_int_equal(run_one(s.redis, id), ERR_OK);
    assert_all_raised(id);
}

static void what_went_otherwise_is_kept_in_order(void **state)
{
    static const struct job_outcome want[] = {
        {STR("3"), JOB_OUTCOME_SKIPPED, STR("is a three")},
        {STR("4"), JOB_OUTCOME_FAILED, STR("is a four, and long")},
        {STR("13"), JOB_OUTCOME_SKIPPED, STR("is a three")},
        {STR("14"), JOB_OUTCOME_FAILED, STR("is a four, and long")},
    };
    struct ulid id = started("raise", "");
    struct job_outcome got[4];
    size_t n;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(run_one(s.redis, id), ERR_OK);
    for (size_t page = 0; page < 2; page++) {
        assert_int_equal(job_outcomes(s.redis, s.arena, id, (int64_t)page * 2, 2, got, &n), ERR_OK);
        assert_int_equal(n, 2);
        for (size_t i = 0; i < 2; i++) {
            assert_true(str_equal(got[i].item, want[page * 2 + i].item));
            assert_int_equal(got[i].outcome, want[page * 2 + i].outcome);
            assert_true(str_equal(got[i].why, want[page * 2 + i].why));
        }
    }
}

static void how_a_step_ends(void **state)
{
    static const struct {
        const char *label;
        enum err of_step, answer;
        enum job_state state;
        int64_t done;
    } cases[] = {
        {"good", ERR_OK, ERR_OK, JOB_DONE, 1},
        {"Redis is away: again", ERR_STORE, ERR_STORE, JOB_RUNNING, 0},
        {"busy: again", ERR_BUSY, ERR_BUSY, JOB_RUNNING, 0},
        {"somebody was faster: again", ERR_CONFLICT, ERR_CONFLICT, JOB_RUNNING, 0},
        {"a fault of its own: for good", ERR_CORRUPT, ERR_OK, JOB_FAILED, 0},
        {"something is missing: for good", ERR_ABSENT, ERR_OK, JOB_FAILED, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ulid id = started("erring", "{\"a\":1}");

        errs[0] = cases[i].of_step;
        err_count = 1;

        enum err e = run_one(s.redis, id);
        struct job j = read_job(id);

        if (e != cases[i].answer || j.state != cases[i].state || j.done != cases[i].done)
            fail_msg("%s: %s, %s, %d", cases[i].label, err_name(e), job_state_name(j.state), (int)j.done);
        if (j.state == JOB_FAILED)
            assert_true(str_is(j.why, err_text(cases[i].of_step)));
        (void)run_one(s.redis, id); /* what was to be tried again ends well */
        assert_int_equal(read_job(id).state, j.state == JOB_RUNNING ? JOB_DONE : j.state);
    }
}

static void who_stops_it_stops_it_between_two_steps(void **state)
{
    struct ulid id = started("raise", "");

    (void)state;
    assert_int_equal(run_one(s.redis, id), ERR_OK);
    assert_int_equal(job_stop(s.redis, s.keys, s.arena, id, STR("system"), NOW), ERR_OK);
    assert_true(read_job(id).stopping);
    assert_int_equal(job_stop(s.redis, s.keys, s.arena, id, STR("system"), NOW), ERR_OK);
    assert_int_equal(run_one(s.redis, id), ERR_OK);
    assert_int_equal(read_job(id).state, JOB_STOPPED);
    assert_int_equal(read_job(id).done, 8);

    id = started("erring", "");
    assert_int_equal(run_one(s.redis, id), ERR_OK);
    assert_int_equal(job_stop(s.redis, s.keys, s.arena, id, STR("system"), NOW), ERR_CONFLICT);
}

static void the_same_id_begins_one_job(void **state)
{
    struct job_new n = {.kind = "raise", .args = STR("{\"a\":1}"), .by = STR("system"), .at_ms = NOW};
    struct change *c = change_begin(s.arena);

    (void)state;
    change_job(c, s.keys, &n);
    assert_int_equal(change_run(s.redis, s.arena, c, STR(""), STR(""), STR(""), NULL), ERR_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(run_one(s.redis, n.id), ERR_OK);
    assert_int_equal(change_run(s.redis, s.arena, c, STR(""), STR(""), STR(""), NULL), ERR_OK);
    n.args = STR("{}");
    assert_int_equal(job_start(s.redis, s.keys, s.arena, &n), ERR_OK);
    assert_true(str_is(read_job(n.id).args, "{\"a\":1}"));
    assert_int_equal(run_one(s.redis, n.id), ERR_ABSENT);
    assert_string_equal(lab_say(&s, "ZCARD {p0}:jr"), "0");
    assert_all_raised(n.id);
}

static void lists_are_newest_first(void **state)
{
    struct ulid ids[5];
    struct job got[3];
    size_t n;

    (void)state;
    for (int i = 0; i < 5; i++) {
        struct job_new j = {.kind = "raise", .by = STR("system"), .at_ms = NOW + i};

        assert_int_equal(job_start(s.redis, s.keys, s.arena, &j), ERR_OK);
        ids[i] = j.id;
    }
    assert_int_equal(job_list(s.redis, s.arena, NULL, 3, got, &n), ERR_OK);
    assert_int_equal(n, 3);
    assert_true(ulid_equal(got[0].id, ids[4]) && ulid_equal(got[2].id, ids[2]));
    assert_int_equal(job_list(s.redis, s.arena, &ids[2], 3, got, &n), ERR_OK);
    assert_int_equal(n, 2);
    assert_true(ulid_equal(got[1].id, ids[0]));
}

static void one_at_a_time_has_the_lease(void **state)
{
    (void)state;
    assert_int_equal(job_lease(s.redis, s.arena, STR("a")), ERR_OK);
    assert_int_equal(job_lease(s.redis, s.arena, STR("b")), ERR_ABSENT);
    assert_int_equal(job_lease(s.redis, s.arena, STR("a")), ERR_OK);
    (void)lab_say(&s, "PEXPIRE lease:{jobs} 0"); /* it died, and the time is over */
    assert_int_equal(job_lease(s.redis, s.arena, STR("b")), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_job_goes_on_step_by_step, empty),
        cmocka_unit_test_setup(a_kill_before_the_save_costs_nothing, empty),
        cmocka_unit_test_setup(two_at_once_count_nothing_twice, empty),
        cmocka_unit_test_setup(what_went_otherwise_is_kept_in_order, empty),
        cmocka_unit_test_setup(how_a_step_ends, empty),
        cmocka_unit_test_setup(who_stops_it_stops_it_between_two_steps, empty),
        cmocka_unit_test_setup(the_same_id_begins_one_job, empty),
        cmocka_unit_test_setup(lists_are_newest_first, empty),
        cmocka_unit_test_setup(one_at_a_time_has_the_lease, empty),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
