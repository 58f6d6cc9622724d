/* line: sites on the restoration line, in a real Redis (N1 to N6). */
#include "queues/incident/line.h"

#include "queues/incident/incident.h"
#include "queues/keys.h"
#include "rules/base/arena.h"
#include "tests/unit/queues/scratch_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1795564800000)
#define MIN INT64_C(60000)

static struct lab lab;
static int told_count;

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

static int empty(void **state)
{
    struct incident_declaration d = {.slug = STR("loss"),
                                     .title = STR("Sites are gone"),
                                     .pack = STR("site-loss"),
                                     .rules = STR("pack site-loss { title \"Sites\" }\n"),
                                     .severity = STR("large"),
                                     .by = STR("stf_00000000000000000000000001 Mei"),
                                     .at_ms = NOW};
    struct incident i;

    (void)state;
    lab_empty(&lab);
    told_count = 0;
    assert_int_equal(incident_declare(lab.redis, lab.keys, lab.arena, &d, &i, NULL), ERR_OK);
    return 0;
}

static const char *ulid_of(struct ulid u)
{
    char s[ULID_CHARS + 1];

    ulid_print(u, s);
    return arena_strdup(lab.arena, s);
}

/* A site on record, by one source. */
static struct ulid on_record(const char *canonical, struct ulid account, const char *source)
{
    struct ulid site = ulid_fresh();
    struct str key = key_at(lab.arena, "b", blind_index(lab.keys, INDEX_SITE, str_of(canonical)).at);

    assert_int_equal(
        redis_do(lab.redis, lab.arena, NULL, 4,
                 (struct str[]){
                     STR("HSET"), key, str_of(arena_printf(lab.arena, "%s:%s", ulid_of(account), source)),
                     str_of(arena_printf(lab.arena, "{\"site\":\"%s\",\"conf\":900}", id_print(ID_SITE, site).at))}),
        ERR_OK);
    return site;
}

static struct line_flow flow(const char *site, const char *batch, enum restoration_event event, int64_t at_ms)
{
    return (struct line_flow){.keys = lab.keys,
                              .arena = lab.arena,
                              .report = {.incident = STR("loss"),
                                         .site = str_of(site),
                                         .batch = str_of(batch),
                                         .event = event,
                                         .at_ms = at_ms},
                              .id = line_event_id(lab.keys, str_of(arena_printf(lab.arena, "event %d", ++told_count))),
                              .by = STR("whk_00000000000000000000000001"),
                              .now_ms = NOW};
}

static struct line_flow tell(const char *site, const char *batch, enum restoration_event event, int64_t at_ms)
{
    struct line_flow f = flow(site, batch, event, at_ms);

    assert_int_equal(line_run(&f, lab.redis), ERR_OK);
    return f;
}

static enum line_outcome told(const char *site, enum restoration_event event, int64_t at_ms)
{
    return tell(site, "", event, at_ms).outcome;
}

static struct line_site standing(struct ulid site)
{
    struct line_site s;

    assert_int_equal(line_read(lab.redis, lab.keys, lab.arena, STR("loss"), site, &s), ERR_OK);
    return s;
}

/* Counts of the board are those of the lists, in every state and batch. */
static void counts_hold(void)
{
    struct line_batch *all;
    struct line_place place[100];
    int64_t total[RESTORATION_STATES];
    size_t n, found;

    assert_int_equal(line_board(lab.redis, lab.arena, STR("loss"), &all, &n, total), ERR_OK);
    for (int s = 0; s < RESTORATION_STATES; s++) {
        enum restoration_state state = (enum restoration_state)s;

        assert_int_equal(line_page(lab.redis, lab.arena, STR("loss"), state, STR(""), NULL, 100, place, &found),
                         ERR_OK);
        assert_int_equal(found, total[s]);
        for (size_t b = 0; b + 1 < n; b++) {
            assert_int_equal(line_page(lab.redis, lab.arena, STR("loss"), state, all[b].name, NULL, 100, place, &found),
                             ERR_OK);
            assert_int_equal(found, all[b].count[s]);
        }
    }
}

/* ---- what is told ---- */

static void a_site_is_made_by_the_first_that_is_told_of_it(void **state)
{
    struct ulid account = ulid_in(ulid_fresh(), 9), site = on_record("ACME1", account, "crm");
    struct line_flow f = tell("acme-1", "b1", RESTORATION_BEGUN, NOW - 10 * MIN);
    struct line_site *mine;
    size_t n;

    (void)state;
    assert_int_equal(f.outcome, LINE_APPLIED);
    assert_true(ulid_equal(f.at.site, site));
    assert_int_equal(standing(site).state, RESTORATION_RESTORING);
    assert_string_equal(standing(site).batch.at, "b1");
    assert_string_equal(str_copy(lab.arena, standing(site).label), "acme-1");
    assert_int_equal(line_of_account(lab.redis, lab.keys, lab.arena, account, &mine, &n), ERR_OK);
    assert_int_equal(n, 1);
    counts_hold();
}

static void late_repeated_and_impossible_events_change_nothing(void **state)
{
    struct ulid site = on_record("ACME1", ulid_in(ulid_fresh(), 9), "crm");
    struct line_flow again;
    struct line_happening *all;
    struct line_site s;
    size_t n;

    (void)state;
    again = tell("ACME1", "b1", RESTORATION_CHECKED, NOW - 5 * MIN);
    assert_int_equal(again.outcome, LINE_APPLIED);
    assert_int_equal(line_run(&again, lab.redis), ERR_OK);
    assert_int_equal(again.outcome, LINE_REPEATED);
    assert_int_equal(told("ACME1", RESTORATION_BEGUN, NOW - 6 * MIN), LINE_LATE);
    assert_int_equal(told("ACME1", RESTORATION_PASSED_TO_US, NOW - 4 * MIN), LINE_APPLIED);
    assert_int_equal(told("ACME1", RESTORATION_QUEUED, NOW - 3 * MIN), LINE_REFUSED);
    s = standing(site);
    assert_int_equal(s.state, RESTORATION_OUR_VALIDATION);
    assert_int_equal(s.at_ms, NOW - 4 * MIN);
    assert_string_equal(s.batch.at, "b1");
    assert_int_equal(line_history(lab.redis, lab.keys, lab.arena, &s, &all, &n), ERR_OK);
    assert_int_equal(n, 4);
    assert_non_null(strstr(all[0].json.at, "\"late\""));
    assert_non_null(strstr(all[3].json.at, "\"refused\""));
    counts_hold();
}

static void any_order_of_two_events_ends_in_the_later_one(void **state)
{
    struct ulid site = on_record("ACME1", ulid_in(ulid_fresh(), 9), "crm");

    (void)state;
    assert_int_equal(told("ACME1", RESTORATION_CHECKED, NOW - MIN), LINE_APPLIED);
    assert_int_equal(told("ACME1", RESTORATION_BEGUN, NOW - 2 * MIN), LINE_LATE);
    assert_int_equal(standing(site).state, RESTORATION_AUTOMATIC_CHECK);
}

static void a_batch_says_whether_we_validate(void **state)
{
    struct ulid one = on_record("ACME1", ulid_in(ulid_fresh(), 9), "crm");
    struct ulid two = on_record("ACME2", ulid_in(ulid_fresh(), 12), "crm");
    struct line_batch quick = {.name = STR("quick"), .method = STR("in place"), .ours = false, .hours = 12};

    (void)state;
    assert_int_equal(line_set_batch(lab.redis, lab.keys, lab.arena, STR("loss"), &quick, STR("stf_1 Mei"), NOW),
                     ERR_OK);
    (void)tell("ACME1", "quick", RESTORATION_PASSED, NOW);
    (void)tell("ACME2", "slow", RESTORATION_PASSED, NOW);
    assert_int_equal(standing(one).state, RESTORATION_CUSTOMER_VALIDATION);
    assert_int_equal(standing(two).state, RESTORATION_OUR_VALIDATION);
    counts_hold();
    (void)tell("ACME2", "quick", RESTORATION_BEGUN, NOW + 1);
    assert_string_equal(standing(two).batch.at, "quick");
    counts_hold();
}

static void what_cannot_be_placed_is_parked_and_tried_again(void **state)
{
    struct ulid account = ulid_in(ulid_fresh(), 3);
    struct line_flow f = flow("nowhere.example", "b1", RESTORATION_BEGUN, NOW);
    struct line_parked *all;
    enum line_outcome outcome;
    size_t n;

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(line_run(&f, lab.redis), ERR_OK);
        assert_int_equal(f.outcome, LINE_PARKED);
        assert_string_equal(f.why, "site");
    }
    f.report.incident = STR("other");
    f.id = line_event_id(lab.keys, STR("x"));
    assert_int_equal(line_run(&f, lab.redis), ERR_OK);
    assert_string_equal(f.why, "incident");
    assert_int_equal(line_parked(lab.redis, lab.keys, lab.arena, &all, &n), ERR_OK);
    assert_int_equal(n, 2);

    struct line_parked *p = str_is(all[0].why, "site") ? &all[0] : &all[1];

    assert_string_equal(str_copy(lab.arena, p->report.site), "nowhere.example");
    assert_int_equal(line_unpark(lab.redis, lab.keys, lab.arena, p->id, NOW, &outcome), ERR_OK);
    assert_int_equal(outcome, LINE_PARKED);

    struct ulid site = on_record("nowhere.example", account, "crm");

    assert_int_equal(line_unpark(lab.redis, lab.keys, lab.arena, p->id, NOW, &outcome), ERR_OK);
    assert_int_equal(outcome, LINE_APPLIED);
    assert_int_equal(line_unpark(lab.redis, lab.keys, lab.arena, p->id, NOW, &outcome), ERR_ABSENT);
    assert_int_equal(standing(site).state, RESTORATION_RESTORING);
}

static void a_site_of_two_customers_is_parked(void **state)
{
    struct line_flow f;

    (void)state;
    (void)on_record("ACME1", ulid_in(ulid_fresh(), 9), "crm");
    (void)on_record("ACME1", ulid_in(ulid_fresh(), 10), "billing");
    f = tell("ACME1", "", RESTORATION_BEGUN, NOW);
    assert_int_equal(f.outcome, LINE_PARKED);
    assert_string_equal(f.why, "ambiguous");
}

static void records_of_two_sources_are_one_site(void **state)
{
    struct ulid account = ulid_in(ulid_fresh(), 9), late = on_record("ACME1", account, "crm"), first;
    struct line_flow f = tell("ACME1", "", RESTORATION_BEGUN, NOW);

    (void)state;
    assert_true(ulid_equal(f.at.site, late));
    first = ulid_make(1, (const uint8_t[10]){1});
    assert_int_equal(
        redis_do(lab.redis, lab.arena, NULL, 4,
                 (struct str[]){
                     STR("HSET"), key_at(lab.arena, "b", blind_index(lab.keys, INDEX_SITE, STR("ACME1")).at),
                     str_of(arena_printf(lab.arena, "%s:billing", ulid_of(account))),
                     str_of(arena_printf(lab.arena, "{\"site\":\"%s\",\"conf\":900}", id_print(ID_SITE, first).at))}),
        ERR_OK);
    f = tell("ACME1", "", RESTORATION_CHECKED, NOW);
    assert_int_equal(f.outcome, LINE_APPLIED);
    assert_true(ulid_equal(f.at.site, late));
}

static void a_dry_run_writes_nothing(void **state)
{
    struct line_flow f;
    struct line_site s;
    struct ulid site = on_record("ACME1", ulid_in(ulid_fresh(), 9), "crm");

    (void)state;
    f = flow("ACME1", "b1", RESTORATION_BEGUN, NOW);
    f.dry_run = true;
    assert_int_equal(line_run(&f, lab.redis), ERR_OK);
    assert_int_equal(f.outcome, LINE_APPLIED);
    assert_int_equal(f.to, RESTORATION_RESTORING);
    assert_int_equal(line_read(lab.redis, lab.keys, lab.arena, STR("loss"), site, &s), ERR_ABSENT);
    f = flow("GONE1", "b1", RESTORATION_BEGUN, NOW);
    f.dry_run = true;
    assert_int_equal(line_run(&f, lab.redis), ERR_OK);
    assert_int_equal(f.outcome, LINE_PARKED);
    assert_string_equal(lab_say(&lab, "EXISTS {p0}:rx"), "0");
}

/* ---- what people do ---- */

#define AYA "stf_00000000000000000000000001 Aya"
#define BEN "stf_00000000000000000000000002 Ben"

static enum err act(struct ulid site, enum line_act_kind kind, const char *by, const char *step, const char *words,
                    int64_t now_ms, const char **why)
{
    struct str name = str_of(by);
    struct line_act what = {.kind = kind, .by = name, .step = str_of(step), .words = str_of(words), .now_ms = now_ms};
    struct line_site s;

    *why = "";
    (void)id_parse(ID_STAFF, str_cut(&name, ' '), &what.who);
    return line_do(lab.redis, lab.keys, lab.arena, STR("loss"), site, &what, &s, why);
}

static const struct {
    const char *step, *evidence;
} work[] = {
    {"address", "https://acme.example/"},
    {"ids", "as before"},
    {"point", "p1"},
    {"users", "1204"},
    {"admins", ""},
    {"products", "all"},
    {"attachments", ""},
};

static void do_steps(struct ulid site, const char *by, size_t from, size_t to, int64_t now_ms)
{
    const char *why;

    for (size_t i = from; i < to; i++)
        if (act(site, LINE_STEP, by, work[i].step, work[i].evidence, now_ms, &why) != ERR_OK)
            fail_msg("%s: %s", work[i].step, why);
}

static struct ulid to_be_validated(void)
{
    struct ulid site = on_record("ACME1", ulid_in(ulid_fresh(), 9), "crm");

    assert_int_equal(tell("ACME1", "b1", RESTORATION_PASSED_TO_US, NOW - MIN).outcome, LINE_APPLIED);
    return site;
}

static void half_done_work_survives_a_shift(void **state)
{
    struct ulid site = to_be_validated();
    int64_t later = NOW + LINE_LEASE_MS + 1;
    const char *why;

    (void)state;
    assert_int_equal(act(site, LINE_STEP, AYA, "ids", "as before", NOW, &why), ERR_CONFLICT);
    assert_int_equal(act(site, LINE_BOOK, AYA, "", "", NOW, &why), ERR_OK);
    assert_int_equal(act(site, LINE_BOOK, BEN, "", "", NOW + MIN, &why), ERR_CONFLICT);
    assert_string_equal(why, "somebody works on it");
    assert_int_equal(act(site, LINE_STEP, AYA, "users", "many", NOW, &why), ERR_INPUT);
    assert_int_equal(act(site, LINE_STEP, AYA, "spelling", "x", NOW, &why), ERR_INPUT);
    do_steps(site, AYA, 0, 3, NOW);
    assert_int_equal(act(site, LINE_SIGN, AYA, "", "", NOW, &why), ERR_CONFLICT);
    assert_string_equal(why, "a step is not done: users");
    assert_int_equal(act(site, LINE_BOOK, BEN, "", "", later, &why), ERR_OK);
    assert_int_equal(act(site, LINE_STEP, AYA, "users", "1", later, &why), ERR_CONFLICT);
    do_steps(site, BEN, 3, 7, later);
    assert_int_equal(act(site, LINE_SIGN, BEN, "", "", later, &why), ERR_OK);
    assert_int_equal(standing(site).state, RESTORATION_OUR_VALIDATION);
    assert_int_equal(act(site, LINE_SIGN, BEN, "", "", later, &why), ERR_CONFLICT);
    assert_string_equal(why, "the second signature is somebody else's");
    assert_int_equal(act(site, LINE_SIGN, AYA, "", "", later, &why), ERR_OK);
    assert_int_equal(standing(site).state, RESTORATION_CUSTOMER_VALIDATION);
    assert_int_equal(act(site, LINE_SIGN, AYA, "", "", later, &why), ERR_OK);
    counts_hold();
}

static void a_no_of_the_customer_begins_it_anew_and_is_reported(void **state)
{
    struct ulid site = to_be_validated();
    const char *why;

    (void)state;
    assert_int_equal(act(site, LINE_BOOK, AYA, "", "", NOW, &why), ERR_OK);
    do_steps(site, AYA, 0, 7, NOW);
    assert_int_equal(act(site, LINE_SIGN, AYA, "", "", NOW, &why), ERR_OK);
    assert_int_equal(act(site, LINE_SIGN, BEN, "", "", NOW, &why), ERR_OK);
    assert_int_equal(act(site, LINE_REFUSE, "par_00000000000000000000000001", "", "pages are missing", NOW, &why),
                     ERR_OK);

    assert_int_equal(act(site, LINE_REFUSE, "par_00000000000000000000000001", "", "pages are missing", NOW, &why),
                     ERR_OK);
    assert_int_equal(act(site, LINE_REFUSE, "par_00000000000000000000000002", "", "no", NOW, &why), ERR_CONFLICT);

    struct line_site s = standing(site);
    struct checklist list;
    struct str done[CHECKLIST_STEPS_MAX];

    assert_int_equal(s.state, RESTORATION_RESTORING);
    assert_int_equal(s.failures, 1);
    assert_int_equal(s.first.len + s.second.len + s.holder.len, 0);
    assert_int_equal(line_steps(lab.keys, lab.arena, &s, &list, done), ERR_OK);
    for (size_t i = 0; i < list.n; i++)
        assert_null(done[i].at);
    assert_string_equal(lab_say(&lab, "ZCARD {p9}:hk"), "1");
    counts_hold();
}

static void an_audit_takes_a_site_back_only_when_people_say_so(void **state)
{
    struct ulid site = on_record("ACME1", ulid_in(ulid_fresh(), 9), "crm");
    const char *why;

    (void)state;
    (void)tell("ACME1", "b1", RESTORATION_PASSED_TO_US, NOW - MIN);
    assert_int_equal(act(site, LINE_BOOK, AYA, "", "", NOW, &why), ERR_OK);
    do_steps(site, AYA, 0, 7, NOW);
    assert_int_equal(act(site, LINE_SIGN, AYA, "", "", NOW, &why), ERR_OK);
    assert_int_equal(act(site, LINE_SIGN, BEN, "", "", NOW, &why), ERR_OK);
    assert_int_equal(act(site, LINE_ACCEPT, "par_00000000000000000000000001", "", "", NOW, &why), ERR_OK);
    assert_int_equal(act(site, LINE_ACCEPT, "par_00000000000000000000000001", "", "", NOW, &why), ERR_OK);
    assert_string_equal(lab_say(&lab, "ZCARD {p9}:hk"), "1");
    assert_int_equal(told("ACME1", RESTORATION_BEGUN, NOW + 1), LINE_REFUSED);
    assert_int_equal(told("ACME1", RESTORATION_FAILED, NOW + 2), LINE_APPLIED);
    assert_int_equal(standing(site).state, RESTORATION_AUDIT);
    assert_int_equal(act(site, LINE_CLEAR, AYA, "", "sound", NOW + 3, &why), ERR_OK);
    assert_int_equal(standing(site).state, RESTORATION_HANDED_BACK);
    assert_int_equal(act(site, LINE_MARK, AYA, "", "restore point p1", NOW + 4, &why), ERR_OK);
    assert_int_equal(act(site, LINE_TAKE_AGAIN, AYA, "", "two days lost", NOW + 5, &why), ERR_OK);
    assert_int_equal(standing(site).state, RESTORATION_REOPENED);
    assert_int_equal(standing(site).round, 1);
    counts_hold();
}

static void pages_go_on_behind_a_place(void **state)
{
    struct line_place page[3], after;
    size_t n, seen = 0;

    (void)state;
    for (int i = 0; i < 7; i++) {
        const char *name = arena_printf(lab.arena, "SITE%d", i);

        (void)on_record(name, ulid_in(ulid_fresh(), (unsigned)i * 5), "crm");
        assert_int_equal(tell(name, "b1", i < 5 ? RESTORATION_BEGUN : RESTORATION_CHECKED, NOW - MIN).outcome,
                         LINE_APPLIED);
    }
    for (bool first = true;; first = false) {
        assert_int_equal(line_page(lab.redis, lab.arena, STR("loss"), RESTORATION_STATES, STR("b1"),
                                   first ? NULL : &after, 3, page, &n),
                         ERR_OK);
        seen += n;
        if (n < 3)
            break;
        after = page[n - 1];
    }
    assert_int_equal(seen, 7);
    assert_int_equal(
        line_page(lab.redis, lab.arena, STR("loss"), RESTORATION_AUTOMATIC_CHECK, STR(""), NULL, 3, page, &n), ERR_OK);
    assert_int_equal(n, 2);
    counts_hold();
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup(name, empty)
    const struct CMUnitTest tests[] = {
        STORY(a_site_is_made_by_the_first_that_is_told_of_it),
        STORY(late_repeated_and_impossible_events_change_nothing),
        STORY(any_order_of_two_events_ends_in_the_later_one),
        STORY(a_batch_says_whether_we_validate),
        STORY(what_cannot_be_placed_is_parked_and_tried_again),
        STORY(a_site_of_two_customers_is_parked),
        STORY(records_of_two_sources_are_one_site),
        STORY(a_dry_run_writes_nothing),
        STORY(half_done_work_survives_a_shift),
        STORY(a_no_of_the_customer_begins_it_anew_and_is_reported),
        STORY(an_audit_takes_a_site_back_only_when_people_say_so),
        STORY(pages_go_on_behind_a_place),
    };

    return cmocka_run_group_tests_name("line", tests, open_all, close_all);
}
