/* proof: what was shown, and what it makes of whoever showed it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "rules/proof.h"
#include "rules/resolve.h"

#include <string.h>

#define NOW (INT64_C(1764000000000))

static struct ulid who(uint8_t n)
{
    struct ulid u = {{0}};

    u.bytes[15] = n;
    return u;
}

enum {
    MAILBOX,
    RECORD,
    RECORD_OLD,
    RECORD_TWIN,
    RECORD_ELSEWHERE,
    VOUCH,
    VOUCH_SELF,
    VOUCH_SAME_SOURCE,
    VOUCH_OLD,
    CALL,
    CALL_OLD,
    SEEN,
    SHOWN
};

/* Everything anybody can show, over two contacts' worth of records and two sources. */
static struct proof shown(int n)
{
    const struct proof all[SHOWN] = {
        [MAILBOX] = {PROOF_MAILBOX, .mailbox = STR("own")},
        [RECORD] = {PROOF_RECORD, who(1), STR("crm"), false, AUTHORISED_ALL, STR("own")},
        [RECORD_OLD] = {PROOF_RECORD, who(1), STR("crm"), true, AUTHORISED_ALL, STR("own")},
        [RECORD_TWIN] = {PROOF_RECORD, who(4), STR("billing"), false, AUTHORISED_BILLING, STR("own")},
        [RECORD_ELSEWHERE] = {PROOF_RECORD, .stale = true, .mailbox = STR("own")},
        [VOUCH] = {PROOF_VOUCH, who(2), STR("billing"), false, AUTHORISED_BILLING, STR("boss")},
        [VOUCH_SELF] = {PROOF_VOUCH, who(4), STR("billing"), false, AUTHORISED_ALL, STR("own")},
        [VOUCH_SAME_SOURCE] = {PROOF_VOUCH, who(3), STR("crm"), false, AUTHORISED_ALL, STR("mate")},
        [VOUCH_OLD] = {PROOF_VOUCH, who(2), STR("billing"), true, AUTHORISED_BILLING, STR("boss")},
        [CALL] = {PROOF_CALL_BACK, who(1), STR("crm"), false, AUTHORISED_SITE, .mailbox = STR("")},
        [CALL_OLD] = {PROOF_CALL_BACK, who(1), STR("crm"), true, AUTHORISED_SITE, .mailbox = STR("")},
        [SEEN] = {PROOF_SEEN, .contact = {{0}}},
    };

    return all[n];
}

#define OF(n) (1U << (n))

static struct proof_standing judge(unsigned set, const struct proof_approval *a, size_t approvals, int64_t frozen_ms)
{
    struct proof list[SHOWN];
    struct proof_case c = {
        .proof = list, .approval = a, .approvals = approvals, .now_ms = NOW, .frozen_until_ms = frozen_ms};
    struct proof_standing s;

    for (int i = 0; i < SHOWN; i++)
        if ((set & OF(i)) != 0)
            list[c.n++] = shown(i);
    proof_judge(&c, &s);
    return s;
}

static const struct {
    const char *label;
    unsigned set;
    int level;
    bool stale;
    unsigned authorised;
} cases[] = {
    {"nothing", 0, 0, false, 0},
    {"a mailbox", OF(MAILBOX), 1, false, 0},
    {"a mailbox on record", OF(MAILBOX) | OF(RECORD), 2, false, AUTHORISED_ALL},
    {"on an old record", OF(MAILBOX) | OF(RECORD_OLD), 2, true, AUTHORISED_ALL},
    {"not on record, vouched for", OF(MAILBOX) | OF(VOUCH), 2, false, AUTHORISED_BILLING},
    {"vouched for, and out of reach", OF(VOUCH) | OF(VOUCH_SAME_SOURCE), 0, false, 0},
    {"two vouchers of two sources", OF(MAILBOX) | OF(VOUCH) | OF(VOUCH_SAME_SOURCE), 3, false, AUTHORISED_BILLING},
    {"on record, and a voucher of another source", OF(MAILBOX) | OF(RECORD) | OF(VOUCH), 3, false, AUTHORISED_BILLING},
    {"on record, and a voucher of the same source", OF(MAILBOX) | OF(RECORD) | OF(VOUCH_SAME_SOURCE), 2, false,
     AUTHORISED_ALL},
    {"on record, and called back at the number there", OF(MAILBOX) | OF(RECORD) | OF(CALL), 3, false, AUTHORISED_SITE},
    {"an old record, and a voucher", OF(MAILBOX) | OF(RECORD_OLD) | OF(VOUCH), 3, false, AUTHORISED_BILLING},
    {"an old record, a young one of another source", OF(MAILBOX) | OF(RECORD_OLD) | OF(RECORD_TWIN), 2, false,
     AUTHORISED_ALL},
    {"an old record, and an old voucher", OF(MAILBOX) | OF(RECORD_OLD) | OF(VOUCH_OLD), 2, true, AUTHORISED_BILLING},
    {"an old record, and an old number", OF(MAILBOX) | OF(RECORD_OLD) | OF(CALL_OLD), 2, true, AUTHORISED_SITE},
    {"one mailbox in two sources", OF(MAILBOX) | OF(RECORD) | OF(RECORD_TWIN), 2, false, AUTHORISED_ALL},
    {"who vouches for himself", OF(MAILBOX) | OF(RECORD) | OF(VOUCH_SELF), 2, false, AUTHORISED_ALL},
    {"on record of another customer", OF(MAILBOX) | OF(RECORD_ELSEWHERE), 2, true, 0},
    {"of another customer, and vouched for", OF(MAILBOX) | OF(RECORD_ELSEWHERE) | OF(VOUCH), 2, false,
     AUTHORISED_BILLING},
    {"of another customer, and called", OF(MAILBOX) | OF(RECORD_ELSEWHERE) | OF(CALL), 2, false, AUTHORISED_SITE},
    {"something that staff saw", OF(MAILBOX) | OF(SEEN), 1, false, 0},
    {"called back only", OF(CALL), 0, false, 0},
};

static void evidence_makes_a_level(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct proof_standing s = judge(cases[i].set, NULL, 0, 0);

        print_message("%s\n", cases[i].label);
        assert_int_equal(s.level, cases[i].level);
        assert_int_equal(s.stale, cases[i].stale);
        assert_int_equal(s.authorised, cases[i].authorised);
    }
}

static const struct {
    const char *label;
    struct proof_approval approval;
    bool good;
} approvals[] = {
    {"nobody second", {.by = {{1}}, .reasoned = true, .decided_ms = 0, .authorised = AUTHORISED_ALL}, false},
    {"the same person twice", {{{1}}, {{1}}, true, true, false, NOW - PROOF_WAIT_MS, AUTHORISED_ALL}, false},
    {"two agents", {{{1}}, {{2}}, false, true, false, NOW - PROOF_WAIT_MS, AUTHORISED_ALL}, false},
    {"no reason", {{{1}}, {{2}}, true, false, false, NOW - PROOF_WAIT_MS, AUTHORISED_ALL}, false},
    {"refused", {{{1}}, {{2}}, true, true, true, NOW - PROOF_WAIT_MS, AUTHORISED_ALL}, false},
    {"a second too early", {{{1}}, {{2}}, true, true, false, NOW - PROOF_WAIT_MS + 1000, AUTHORISED_ALL}, false},
    {"two people, a reason, a day", {{{1}}, {{2}}, true, true, false, NOW - PROOF_WAIT_MS, AUTHORISED_ALL}, true},
};

enum { APPROVALS = sizeof approvals / sizeof approvals[0] };

static void an_approval_takes_two_people_and_a_day(void **state)
{
    unsigned two = OF(MAILBOX) | OF(SEEN);

    (void)state;
    for (size_t i = 0; i < APPROVALS; i++) {
        print_message("%s\n", approvals[i].label);
        assert_int_equal(judge(two, &approvals[i].approval, 1, 0).level, approvals[i].good ? 4 : 1);
        assert_int_equal(judge(OF(MAILBOX), &approvals[i].approval, 1, 0).level, 1);
        assert_int_equal(judge(OF(MAILBOX) | OF(RECORD_OLD), &approvals[i].approval, 1, 0).level, 2);
        assert_int_equal(judge(OF(SEEN) | OF(CALL), &approvals[i].approval, 1, 0).level, 0);
    }
    assert_int_equal(judge(two, &approvals[5].approval, 1, 0).waits_until_ms, NOW + 1000);
    assert_int_equal(judge(two, &approvals[6].approval, 1, 0).authorised, AUTHORISED_ALL);
}

/* ---- every set of evidence, every approval, frozen or not ---- */

static int independent_ones(unsigned set)
{
    int most = 0;

    for (int i = 0; i < SHOWN; i++)
        for (int k = i + 1; k < SHOWN; k++) {
            struct proof a = shown(i), b = shown(k);

            if ((set & OF(i)) != 0 && (set & OF(k)) != 0 && proof_independent(&a, &b))
                most = 2;
        }
    return most;
}

static unsigned least(unsigned set)
{
    unsigned own = 0, lent = AUTHORISED_ALL;
    bool named = false;

    for (int i = RECORD; i < SEEN; i++) {
        struct proof p = shown(i);

        if ((set & OF(i)) == 0 || p.source.len == 0)
            continue;
        named = named || p.kind == PROOF_RECORD;
        if (p.kind == PROOF_RECORD)
            own |= p.authorised;
        else
            lent &= p.authorised;
    }
    return named ? own & lent : lent;
}

static void walk(unsigned set, size_t approval, bool frozen)
{
    bool approved = approval < APPROVALS;
    struct proof_standing s =
        judge(set, approved ? &approvals[approval].approval : NULL, approved, frozen ? NOW + 1 : NOW);

    assert_in_range(s.level, 0, 4);
    if (frozen)
        assert_true(s.level <= 1 && s.authorised == 0);
    if (s.level == 3)
        assert_int_equal(independent_ones(set), 2);
    if (s.level == 4)
        assert_true(approved && approvals[approval].good && __builtin_popcount(set) >= 2);
    if (s.level < 4)
        assert_int_equal(s.authorised & ~least(set), 0);
    if (s.level >= 2)
        assert_true((set & (OF(MAILBOX) | OF(RECORD) | OF(RECORD_OLD) | OF(RECORD_TWIN) | OF(RECORD_ELSEWHERE))) != 0);
    for (int i = 0; i < SHOWN; i++) /* more evidence never makes less of anybody */
        if ((set & OF(i)) == 0)
            assert_true(
                judge(set | OF(i), approved ? &approvals[approval].approval : NULL, approved, frozen ? NOW + 1 : NOW)
                    .level >= s.level);
}

static void no_way_leads_up_with_one_person_or_one_evidence(void **state)
{
    size_t seen[5] = {0};

    (void)state;
    for (unsigned set = 0; set < OF(SHOWN); set++)
        for (size_t approval = 0; approval <= APPROVALS; approval++)
            for (int frozen = 0; frozen < 2; frozen++) {
                walk(set, approval, frozen != 0);
                seen[judge(set, approval < APPROVALS ? &approvals[approval].approval : NULL, approval < APPROVALS,
                           frozen != 0 ? NOW + 1 : NOW)
                         .level]++;
            }
    for (size_t level = 0; level < 5; level++) /* the walk reached them all */
        assert_true(seen[level] > 0);
}

static void an_objection_holds_for_three_days(void **state)
{
    unsigned set = OF(MAILBOX) | OF(RECORD) | OF(CALL);

    (void)state;
    assert_int_equal(judge(set, NULL, 0, NOW + PROOF_FREEZE_MS).level, 1);
    assert_true(judge(set, NULL, 0, NOW + PROOF_FREEZE_MS).frozen);
    assert_int_equal(judge(set, NULL, 0, NOW).level, 3);
    assert_false(judge(OF(MAILBOX), NULL, 0, NOW + 1).frozen);
}

static const struct {
    const char *label;
    unsigned set;
    bool may[5];
} acts[] = {
    {"a claim", 0, {true, false, false, false, false}},
    {"a mailbox", OF(MAILBOX), {true, true, false, false, false}},
    {"an old record", OF(MAILBOX) | OF(RECORD_OLD), {true, true, false, false, false}},
    {"a record", OF(MAILBOX) | OF(RECORD), {true, true, true, true, false}},
    {"a clerk's word", OF(MAILBOX) | OF(VOUCH), {true, true, true, false, false}},
    {"two evidences", OF(MAILBOX) | OF(RECORD) | OF(CALL), {true, true, true, true, true}},
};

static void a_level_allows_what_it_allows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        struct proof_standing s = judge(acts[i].set, NULL, 0, 0);

        print_message("%s\n", acts[i].label);
        for (int act = PROOF_READ_OWN; act <= PROOF_CHANGE; act++)
            assert_int_equal(proof_allows(&s, (enum proof_act)act), acts[i].may[act]);
    }
}

static void kinds_have_names(void **state)
{
    enum proof_kind kind;

    (void)state;
    for (int k = 0; k < PROOF_KINDS; k++) {
        assert_true(proof_kind_parse(str_of(proof_kind_name((enum proof_kind)k)), &kind));
        assert_int_equal(kind, k);
    }
    assert_false(proof_kind_parse(STR("security-question"), &kind));
    for (int a = 0; a < PROOF_ACTS; a++)
        assert_non_null(proof_act_name((enum proof_act)a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_makes_a_level),
        cmocka_unit_test(an_approval_takes_two_people_and_a_day),
        cmocka_unit_test(no_way_leads_up_with_one_person_or_one_evidence),
        cmocka_unit_test(an_objection_holds_for_three_days),
        cmocka_unit_test(a_level_allows_what_it_allows),
        cmocka_unit_test(kinds_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
