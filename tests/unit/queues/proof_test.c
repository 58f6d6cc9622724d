/* proof: what is written of people is what is judged of them, now, later, and while somebody objects; on a real
 * redis-server. */
#include "queues/keys.h"
#include "queues/proof.h"
#include "rules/base/arena.h"
#include "rules/resolve.h"
#include "tests/unit/queues/filing_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW  LAB_NOW
#define HOUR INT64_C(3600000)

static struct filing_lab lab;
static struct ulid ticket;

static int begin(void **state)
{
    (void)state;
    filing_lab_open(&lab);
    return 0;
}

static int end(void **state)
{
    (void)state;
    filing_lab_close(&lab);
    return 0;
}

/* One request of one person, who has shown nothing yet. */
static int one_request(void **state)
{
    struct item i;

    (void)state;
    filing_lab_empty(&lab);
    i = lab_report(&lab, "web", "our site is gone");
    i.email = STR("aya@example.org");
    ticket = lab_file(&lab, &i)->ticket;
    return 0;
}

static struct participant person(void)
{
    struct ticket t = lab_ticket(&lab, ticket);
    struct participant *all;
    size_t n;

    assert_int_equal(participants_read(lab.redis, lab.keys, lab.arena, &t, &all, &n), ERR_OK);
    assert_int_equal(n, 1);
    return all[0];
}

static struct proofs stored(void)
{
    struct proofs p;

    assert_int_equal(proofs_read(lab.redis, lab.keys, lab.arena, ticket, lab_ticket(&lab, ticket).account, &p), ERR_OK);
    return p;
}

static struct ulid named(uint8_t n)
{
    struct ulid u = {{0}};

    u.bytes[15] = n;
    return u;
}

/* What is judged and written with what was shown, as every act does it. */
static void run(struct change *c, const struct proofs *p, int64_t now_ms)
{
    struct ticket t = lab_ticket(&lab, ticket);
    struct participant who = person();
    struct proof_standing s;

    proofs_judge(p, &who, lab.arena, now_ms, &s);
    (void)change_standing(c, lab.keys, &t, p, &who, &s, STR("system"), now_ms);
    if (c->n > 0)
        assert_int_equal(change_run(lab.redis, lab.arena, c, STR(""), ticket_key(lab.arena, ticket), t.version, NULL),
                         ERR_OK);
}

static void show(enum proof_kind kind, uint8_t contact, const char *source, bool stale, unsigned authorised)
{
    struct proof_record r = {
        .participant = person().id,
        .shown = {kind, named(contact), str_of(source), stale, authorised,
                  str_of(kind == PROOF_VOUCH ? "boss" : "own")},
        .act = kind == PROOF_SEEN ? ulid_fresh() : named(0),
        .by = STR("system"),
        .note = STR("a badge, on the telephone"),
        .at_ms = NOW,
    };
    struct proofs p = stored();
    struct change *c = change_begin(lab.arena);

    change_proof(c, lab.keys, ticket, &r);
    proofs_add(&p, lab.arena, &r);
    run(c, &p, NOW);
}

static void approve(struct approval *a)
{
    struct proofs p;
    struct change *c = change_begin(lab.arena);

    change_approval(c, lab.keys, ticket, a);
    assert_int_equal(change_run(lab.redis, lab.arena, c, STR(""), STR(""), STR(""), NULL), ERR_OK);
    p = stored();
    run(change_begin(lab.arena), &p, NOW);
}

static void turn(int64_t now_ms)
{
    for (unsigned p = 0; p < PARTITIONS; p++)
        assert_int_equal(proofs_turn(lab.redis, lab.keys, lab.arena, p, now_ms), ERR_OK);
}

static int64_t due(void)
{
    struct redis_value v;

    assert_int_equal(redis_do(lab.redis, lab.arena, &v, 2,
                              (struct str[]){STR("ZCARD"), key_in(lab.arena, ulid_partition(ticket), "pd", "")}),
                     ERR_OK);
    return v.integer;
}

static struct happening last_of(const char *kind)
{
    struct happening *all, found = {0};
    size_t n;

    assert_int_equal(history_read(lab.redis, lab.arena, ticket, &all, &n), ERR_OK);
    for (size_t i = 0; i < n; i++)
        if (str_is(all[i].kind, kind))
            found = all[i];
    return found;
}

/* ---- what is written is what is read ---- */

static void what_was_shown_is_kept_and_makes_the_level(void **state)
{
    struct proofs p;

    (void)state;
    show(PROOF_MAILBOX, 0, "", false, 0);
    assert_int_equal(person().level, 1);
    show(PROOF_RECORD, 1, "crm", false, AUTHORISED_ALL);
    assert_int_equal(person().level, 2);
    assert_int_equal(person().authorised, AUTHORISED_ALL);
    show(PROOF_VOUCH, 2, "billing", true, AUTHORISED_SITE);
    assert_int_equal(person().level, 3);
    assert_int_equal(person().authorised, AUTHORISED_SITE);
    assert_true(str_is(last_of("level").detail, "3: two independent evidences"));
    show(PROOF_VOUCH, 2, "billing", true, AUTHORISED_SITE); /* F1 */
    p = stored();
    proofs_add(&p, lab.arena, &p.record[2]);
    assert_int_equal(p.n, 3);
    assert_int_equal(p.record[2].shown.kind, PROOF_VOUCH);
    assert_true(ulid_equal(p.record[2].shown.contact, named(2)));
    assert_true(str_is(p.record[2].shown.source, "billing") && p.record[2].shown.stale);
    assert_true(str_is(p.record[2].shown.mailbox, "boss"));
    assert_true(str_is(p.record[2].note, "a badge, on the telephone"));
    assert_int_equal(p.record[2].at_ms, NOW);
}

static void what_staff_saw_twice_is_there_twice(void **state)
{
    (void)state;
    show(PROOF_SEEN, 0, "", false, 0);
    show(PROOF_SEEN, 0, "", false, 0);
    assert_int_equal(stored().n, 2);
    assert_int_equal(person().level, 0);
}

static void nothing_of_it_can_be_read_in_redis(void **state)
{
    struct redis_value v;

    (void)state;
    show(PROOF_SEEN, 0, "a-source", false, 0);
    assert_int_equal(
        redis_do(lab.redis, lab.arena, &v, 2,
                 (struct str[]){STR("HVALS"), key_in(lab.arena, ulid_partition(ticket), "pf",
                                                     arena_strdup(lab.arena, id_print(ID_TICKET, ticket).at))}),
        ERR_OK);
    assert_int_equal(v.count, 1);
    assert_null(memmem(v.items[0].text.at, v.items[0].text.len, "badge", 5));
    assert_null(memmem(v.items[0].text.at, v.items[0].text.len, "a-source", 8));
}

/* ---- what time changes ---- */

static void an_approval_counts_after_a_day(void **state)
{
    struct approval a = {.id = ulid_fresh(),
                         .participant = person().id,
                         .what = {.by = named(7),
                                  .second = named(8),
                                  .second_leads = true,
                                  .decided_ms = NOW,
                                  .authorised = AUTHORISED_SITE},
                         .by_name = STR("aya"),
                         .second_name = STR("mei"),
                         .reason = STR("known for years"),
                         .at_ms = NOW};

    (void)state;
    show(PROOF_MAILBOX, 0, "", false, 0);
    show(PROOF_SEEN, 0, "", false, 0);
    approve(&a);
    assert_int_equal(person().level, 1);
    assert_int_equal(due(), 1);
    turn(NOW + 24 * HOUR - 1);
    assert_int_equal(person().level, 1);
    turn(NOW + 24 * HOUR);
    assert_int_equal(person().level, 4);
    assert_int_equal(person().authorised, AUTHORISED_SITE);
    assert_int_equal(due(), 1); /* the contacts are told, if there are any */
    turn(NOW + 24 * HOUR);
    assert_int_equal(due(), 0);
    assert_true(str_is(stored().approval[0].reason, "known for years"));
    assert_true(str_is(stored().approval[0].second_name, "mei"));
    turn(NOW + 25 * HOUR);
    assert_int_equal(person().level, 4);
}

static void freeze(int64_t until_ms, int64_t now_ms)
{
    assert_int_equal(account_freeze(lab.redis, lab.keys, lab.arena, lab_ticket(&lab, ticket).account, until_ms,
                                    STR("system"), "a test", now_ms),
                     ERR_OK);
}

static void a_freeze_takes_levels_and_gives_them_back(void **state)
{
    (void)state;
    show(PROOF_MAILBOX, 0, "", false, 0);
    show(PROOF_RECORD, 1, "crm", false, AUTHORISED_ALL);
    show(PROOF_CALL_BACK, 1, "crm", false, AUTHORISED_ALL);
    assert_int_equal(person().level, 3);
    freeze(NOW + 72 * HOUR, NOW);
    assert_int_equal(person().level, 1);
    assert_int_equal(person().authorised, 0);
    show(PROOF_VOUCH, 2, "billing", false, AUTHORISED_ALL); /* shown meanwhile */
    assert_int_equal(person().level, 1);
    turn(NOW + 72 * HOUR - 1);
    assert_int_equal(person().level, 1);
    assert_int_equal(due(), 1);
    turn(NOW + 72 * HOUR);
    assert_int_equal(person().level, 3);
    turn(NOW + 72 * HOUR);
    assert_int_equal(due(), 0);
}

static void a_freeze_can_be_lifted_or_begun_anew(void **state)
{
    (void)state;
    show(PROOF_MAILBOX, 0, "", false, 0);
    show(PROOF_RECORD, 1, "crm", false, AUTHORISED_ALL);
    freeze(NOW + 72 * HOUR, NOW);
    freeze(NOW + 80 * HOUR, NOW + 8 * HOUR);
    turn(NOW + 72 * HOUR);
    assert_int_equal(person().level, 1);
    freeze(0, NOW + 73 * HOUR);
    assert_int_equal(person().level, 2);
    assert_int_equal(due(), 0);
}

static void a_freeze_that_was_cut_off_is_carried_on(void **state)
{
    struct ulid account = lab_ticket(&lab, ticket).account;
    const char *acc = arena_strdup(lab.arena, id_print(ID_ACCOUNT, account).at);
    unsigned p = ulid_partition(ticket);

    (void)state;
    show(PROOF_MAILBOX, 0, "", false, 0);
    show(PROOF_RECORD, 1, "crm", false, AUTHORISED_ALL);
    assert_int_equal(redis_do(lab.redis, lab.arena, NULL, 4,
                              (struct str[]){STR("HSET"), key_in(lab.arena, p, "a", acc), STR("frozen"),
                                             str_int(lab.arena, NOW + 72 * HOUR)}),
                     ERR_OK);
    assert_int_equal(
        redis_do(lab.redis, lab.arena, NULL, 4,
                 (struct str[]){STR("ZADD"), key_in(lab.arena, p, "pd", ""), str_int(lab.arena, NOW), str_of(acc)}),
        ERR_OK);
    assert_int_equal(person().level, 2);
    turn(NOW);
    assert_int_equal(person().level, 1);
    turn(NOW + 1);
    assert_int_equal(due(), 1);
}

/* F3 */
static void what_was_reached_before_is_not_lost(void **state)
{
    (void)state;
    lab_set(&lab, ticket, arena_printf(lab.arena, "lv:%s", id_print(ID_PARTICIPANT, person().id).at), "2,1,2");
    assert_int_equal(ticket_judge_again(lab.redis, lab.keys, lab.arena, ticket, NOW), ERR_OK);
    assert_int_equal(person().level, 2);
    assert_int_equal(stored().n, 0);
    freeze(NOW + 72 * HOUR, NOW);
    assert_int_equal(person().level, 1);
    turn(NOW + 72 * HOUR);
    assert_int_equal(person().level, 2);
    assert_true(person().stale);
    assert_int_equal(person().authorised, AUTHORISED_BILLING);
    assert_int_equal(ticket_judge_again(lab.redis, lab.keys, lab.arena, ulid_in(ulid_fresh(), 3), NOW), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_shown_is_kept_and_makes_the_level, one_request),
        cmocka_unit_test_setup(what_staff_saw_twice_is_there_twice, one_request),
        cmocka_unit_test_setup(nothing_of_it_can_be_read_in_redis, one_request),
        cmocka_unit_test_setup(an_approval_counts_after_a_day, one_request),
        cmocka_unit_test_setup(a_freeze_takes_levels_and_gives_them_back, one_request),
        cmocka_unit_test_setup(a_freeze_can_be_lifted_or_begun_anew, one_request),
        cmocka_unit_test_setup(a_freeze_that_was_cut_off_is_carried_on, one_request),
        cmocka_unit_test_setup(what_was_reached_before_is_not_lost, one_request),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
