/* suspicion: raised from what is filed, settled once, its reports made the incident's; in a real Redis. */
#include "queues/incident/suspicion.h"

#include "queues/hook.h"
#include "queues/hook_receiver.h"
#include "queues/incident/heard.h"
#include "queues/incident/incident.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "tests/unit/queues/filing_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HOUR INT64_C(3600000)

static struct filing_lab lab;

static int open_all(void **state)
{
    (void)state;
    filing_lab_open(&lab);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    filing_lab_close(&lab);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    filing_lab_empty(&lab);
    return 0;
}

/* Somebody of their own says that they are down. */
static struct filing *say(int who, int64_t at_ms, const char *impact)
{
    struct item i = lab_report(&lab, "web", "every page of it answers not found");

    i.ulid = ulid_fresh();
    i.email = str_of(arena_printf(lab.arena, "it%d@company%d.example", who, who));
    i.site = str_of(arena_printf(lab.arena, "https://team%d.cloud.example", who));
    i.impact = str_of(impact);
    i.received_ms = at_ms;
    return lab_file(&lab, &i);
}

static struct suspicion_turned look(int64_t now_ms)
{
    struct suspicion_turned t;

    assert_int_equal(suspicion_turn(lab.redis, lab.keys, lab.arena, now_ms, &t), ERR_OK);
    return t;
}

static size_t all(struct suspicion out[8])
{
    size_t n;

    assert_int_equal(suspicion_list(lab.redis, lab.keys, lab.arena, 8, out, &n), ERR_OK);
    return n;
}

static void test_raised_once(void **state)
{
    struct suspicion s[8];
    struct suspicion_turned t;

    (void)state;
    for (int i = 0; i < 30; i++)
        (void)say(1, LAB_NOW + i, "down"); /* one customer */
    for (int i = 0; i < 8; i++)
        (void)say(10 + i, LAB_NOW + 1000 * i, "down");
    (void)say(30, LAB_NOW, "question");
    t = look(LAB_NOW + 9000);
    assert_false(t.raised);
    assert_int_equal(t.heard, 9);
    (void)say(20, LAB_NOW + 9000, "down");
    t = look(LAB_NOW + 10000);
    assert_true(t.raised);
    assert_int_equal(t.now.accounts, 10);
    assert_int_equal(t.now.first_ms, LAB_NOW);
    assert_int_equal(lab_count(&lab, "{p0}:he:*"), 1); /* C3: its hook */
    assert_non_null(
        strstr(t.now.common.at, "\"what\":\"domain\",\"value\":\"cloud.example\",\"reports\":10,\"share\":100"));
    t = look(LAB_NOW + 11000);
    assert_false(t.raised || t.grown);
    (void)say(21, LAB_NOW + 70000, "down");
    t = look(LAB_NOW + 71000);
    assert_true(t.grown);
    assert_int_equal(all(s), 1);
    assert_int_equal(s[0].accounts, 11);
    assert_string_equal(s[0].state.at, SUSPICION_OPEN);
    assert_int_equal(lab_count(&lab, "{p0}:he:*"), 1);
}

static struct suspicion raise(int from)
{
    struct suspicion_turned t;

    for (int i = 0; i < 12; i++)
        (void)say(from + i, LAB_NOW + 1000 * i, "down");
    t = look(LAB_NOW + 12000);
    assert_true(t.raised);
    return t.now;
}

static void test_dismissed(void **state)
{
    struct suspicion s = raise(100), of[8];

    (void)state;
    assert_int_equal(
        suspicion_dismiss(lab.redis, lab.keys, lab.arena, s.id, STR("stf_1 mina"), STR("a drill"), LAB_NOW + 20000),
        ERR_OK);
    assert_int_equal(
        suspicion_dismiss(lab.redis, lab.keys, lab.arena, s.id, STR("stf_1 mina"), STR("twice"), LAB_NOW + 20000),
        ERR_CONFLICT);
    assert_false(look(LAB_NOW + 30000).raised); /* C2 */
    for (int i = 0; i < 12; i++)
        (void)say(100 + i, LAB_NOW + 120000, "down"); /* the same again */
    assert_false(look(LAB_NOW + 125000).raised);
    for (int i = 0; i < 12; i++)
        (void)say(200 + i, LAB_NOW + 21000 + i, "down"); /* others, in the same minute */
    assert_true(look(LAB_NOW + 126000).raised);
    assert_int_equal(all(of), 2);
    assert_string_equal(of[1].why.at, "a drill");
}

static void declare(const char *slug)
{
    struct incident_declaration d = {.slug = str_of(slug),
                                     .title = STR("Sites are gone"),
                                     .pack = STR("site-loss"),
                                     .rules = STR("pack site-loss { }"),
                                     .by = STR("stf_1 mina"),
                                     .at_ms = LAB_NOW + 60000};
    struct incident i;

    assert_int_equal(incident_declare(lab.redis, lab.keys, lab.arena, &d, &i, NULL), ERR_OK);
}

/* Runs the job to its end; kill_after: so many steps are done twice, as if nobody had saved them. */
static int64_t run_job(int kill_after)
{
    static const struct job_kind kinds[] = {{"belong", suspicion_belong_step}};
    struct job_turn with = {
        .redis = lab.redis, .keys = lab.keys, .rules = lab.rules, .arena = lab.arena, .now_ms = LAB_NOW + 70000};
    struct ulid ids[JOBS_RUNNING_MAX];
    struct job j;
    size_t n;

    assert_int_equal(job_running(lab.redis, lab.arena, ids, &n), ERR_OK);
    assert_int_equal(n, 1);
    while (kill_after-- > 0) {
        struct job_turn t = with;
        struct doc *args;

        assert_int_equal(job_read(lab.redis, lab.arena, ids[0], &j), ERR_OK);
        assert_int_equal(doc_parse(&args, j.args, NULL, 0), ERR_OK);
        t.job = &j;
        t.args = args;
        t.place = j.place;
        assert_int_equal(suspicion_belong_step(&t), ERR_OK);
        doc_close(args);
    }
    for (int i = 0; i < 1000 && n > 0; i++) {
        assert_int_equal(job_run(&with, kinds, 1, ids[0]), ERR_OK);
        assert_int_equal(job_running(lab.redis, lab.arena, ids, &n), ERR_OK);
    }
    assert_int_equal(n, 0);
    assert_int_equal(job_read(lab.redis, lab.arena, ids[0], &j), ERR_OK);
    assert_int_equal(j.failed, 0);
    return j.done;
}

static void test_confirmed(void **state)
{
    struct suspicion s = raise(300), after[8];
    struct filing *first = say(300, LAB_NOW + 13000, "down"), *asks = say(400, LAB_NOW, "question");
    struct incident i;
    struct ticket t, before = lab_ticket(&lab, first->ticket);

    (void)state;
    assert_int_equal(
        suspicion_join(lab.redis, lab.keys, lab.arena, &s, STR("sites"), STR("stf_1 mina"), LAB_NOW + 61000),
        ERR_ABSENT);
    declare("sites");
    assert_int_equal(
        suspicion_join(lab.redis, lab.keys, lab.arena, &s, STR("sites"), STR("stf_1 mina"), LAB_NOW + 61000), ERR_OK);
    assert_int_equal(
        suspicion_join(lab.redis, lab.keys, lab.arena, &s, STR("sites"), STR("stf_1 mina"), LAB_NOW + 61000),
        ERR_CONFLICT);
    assert_int_equal(incident_read(lab.redis, lab.keys, lab.arena, STR("sites"), &i), ERR_OK);
    assert_int_equal(i.heard_ms, LAB_NOW); /* the first hearing */
    assert_int_equal(run_job(1), 12);
    t = lab_ticket(&lab, first->ticket);
    assert_string_equal(redis_field(t.fields, "incident").at, "sites");
    assert_int_equal(t.due_ms, before.due_ms); /* from when it was heard, not from now */
    assert_int_equal(t.opened_ms, before.opened_ms);
    t = lab_ticket(&lab, asks->ticket);
    assert_null(redis_field(t.fields, "incident").at);

    struct happening *h;
    size_t n, told = 0;

    assert_int_equal(history_read(lab.redis, lab.arena, first->ticket, &h, &n), ERR_OK);
    for (size_t k = 0; k < n; k++)
        told += str_is(h[k].kind, "incident");
    assert_int_equal(told, 1); /* though a step was done twice */
    for (int k = 0; k < 40; k++)
        (void)say(500 + k, LAB_NOW + 200000, "down");
    assert_false(look(LAB_NOW + 205000).raised); /* C2: while it is declared */
    assert_int_equal(all(after), 1);
    assert_string_equal(after[0].incident.at, "sites");
}

static void test_learnt(void **state)
{
    int64_t hour = LAB_NOW / HOUR * HOUR;
    struct suspicion_turned t;

    (void)state;
    for (int i = 0; i < 30; i++)
        (void)say(600 + i, hour - HOUR + i * 120000, "down");
    /* Three in five minutes are many for a house that knows nothing; it looks again when the hour is over. */
    t = look(hour + 1000);
    if (t.raised)
        assert_int_equal(
            suspicion_dismiss(lab.redis, lab.keys, lab.arena, t.now.id, STR("stf_1 m"), STR("usual"), hour - HOUR - 1),
            ERR_OK);
    t = look(hour + 6000);
    t = look(hour + 12000);
    assert_true(t.usual > 2.4 && t.usual < 2.6); /* half an account a minute, in five of them */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_raised_once, empty),
        cmocka_unit_test_setup(test_dismissed, empty),
        cmocka_unit_test_setup(test_confirmed, empty),
        cmocka_unit_test_setup(test_learnt, empty),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
