/* resolve: one labelled line for each way in which evidence may point. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "rules/base/arena.h"
#include "rules/confidence.h"
#include "rules/resolve.h"

#include <stdio.h>
#include <string.h>

/* Accounts are one letter: A to C are customers on record, s and t strangers, O the item's own. */
static struct ulid account(char letter)
{
    struct ulid u = {{0}};

    u.bytes[15] = (uint8_t)letter;
    return u;
}

/* "eA sB ct": e-mail on record with A, site on record with B, e-mail claimed by t. Kinds: e s i p on record, c d the
 * same as e and p but claimed. */
static size_t evidence(const char *text, struct evidence *out)
{
    size_t n = 0;

    for (const char *p = text; *p != '\0'; p += p[2] == ' ' ? 3 : 2) {
        static const struct {
            char letter;
            enum evidence_kind kind;
            bool record;
        } kinds[] = {{'e', EVIDENCE_EMAIL, true}, {'s', EVIDENCE_SITE, true},   {'i', EVIDENCE_INVOICE, true},
                     {'p', EVIDENCE_PHONE, true}, {'c', EVIDENCE_EMAIL, false}, {'d', EVIDENCE_PHONE, false}};

        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
            if (kinds[k].letter == p[0])
                out[n++] = (struct evidence){
                    .kind = kinds[k].kind, .record = kinds[k].record, .account = account(p[1]), .tier = STR("gold")};
    }
    return n;
}

static const struct {
    const char *label, *evidence;
    char account;
    bool fresh, known, repoint;
} cases[] = {
    {"nobody at all", "", 'O', true, false, false},
    {"a new mailbox claims its own", "cO", 'O', true, false, false},
    {"a mailbox that wrote before", "cs", 's', false, false, false},
    {"a phone that called before", "ds", 's', false, false, false},
    {"the mailbox before the phone", "cs dt", 's', false, false, false},
    {"a mailbox on record", "eA", 'A', false, true, false},
    {"a mailbox on record twice, by two sources", "eA eA", 'A', false, true, false},
    {"a new mailbox, a site on record", "cO sA", 'A', false, true, true},
    {"an old stranger names a site on record", "cs sA", 'A', false, true, false},
    {"mailbox and site agree", "eA sA", 'A', false, true, false},
    {"mailbox and site disagree", "eA sB", 'O', true, false, true},
    {"a consultant with two customers and no site", "eA eB", 'O', true, false, true},
    {"a consultant with two customers and a site", "eA eB sB", 'B', false, true, false},
    {"a consultant who named an invoice", "eA eB iA", 'A', false, true, false},
    {"site and invoice disagree", "cO sA iB", 'O', true, false, false},
    {"a phone of somebody else does not veto", "eA pB", 'A', false, true, false},
    {"a shared phone alone", "pA pB", 'O', true, false, false},
    {"a phone on record alone", "pA", 'A', false, true, false},
};

static void evidence_leads_to_one_account(void **state)
{
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct evidence e[8];
        struct resolution r;

        resolve(e, evidence(cases[i].evidence, e), account('O'), a, &r);
        if (!ulid_equal(r.account, account(cases[i].account)) || r.fresh != cases[i].fresh ||
            r.known != cases[i].known || r.repoint != cases[i].repoint)
            print_message("%s: account %c fresh %d known %d repoint %d, reasons %s\n", cases[i].label,
                          r.account.bytes[15], r.fresh, r.known, r.repoint, r.reasons.at);
        assert_true(ulid_equal(r.account, account(cases[i].account)));
        assert_int_equal(r.fresh, cases[i].fresh);
        assert_int_equal(r.known, cases[i].known);
        assert_int_equal(r.repoint, cases[i].repoint);
        assert_true(r.reasons.len > 4); /* V4 */
        assert_int_equal(r.tier.len, r.known ? 4 : 0);
    }
    arena_close(a);
}

static const struct {
    const char *label;
    char owner;
    bool record, gone, bounced;
    int64_t age_days;
    int confidence;
    int level;
    bool stale;
    unsigned authorised;
} mailboxes[] = {
    {"claimed by a stranger", 'A', false, false, false, 0, 0, 1, false, 0},
    {"on record, fresh and sure", 'A', true, false, false, 10, 900, 2, false, AUTHORISED_SITE},
    {"on record, of another customer", 'B', true, false, false, 10, 900, 2, true, 0},
    {"on record, on the last good day", 'A', true, false, false, CONFIDENCE_STALE_DAYS, 900, 2, false, AUTHORISED_SITE},
    {"on record, a day too old", 'A', true, false, false, CONFIDENCE_STALE_DAYS + 1, 900, 2, true, AUTHORISED_SITE},
    {"on record, of low confidence", 'A', true, false, false, 10, 749, 2, true, AUTHORISED_SITE},
    {"gone from the last snapshot", 'A', true, true, false, 10, 900, 2, true, AUTHORISED_SITE},
    {"bounced", 'A', true, false, true, 10, 900, 1, false, 0},
};

static void a_proven_mailbox_stands_where_its_record_does(void **state)
{
    const int64_t today = 20000;

    (void)state;
    for (size_t i = 0; i < sizeof mailboxes / sizeof mailboxes[0]; i++) {
        struct evidence e = {.kind = EVIDENCE_EMAIL,
                             .account = account(mailboxes[i].owner),
                             .record = mailboxes[i].record,
                             .gone = mailboxes[i].gone,
                             .bounced = mailboxes[i].bounced,
                             .as_of_days = today - mailboxes[i].age_days,
                             .confidence_permille = mailboxes[i].confidence,
                             .authorised = AUTHORISED_SITE};
        struct standing s = mailbox_standing(&e, 1, account('A'), today);

        if (s.level != mailboxes[i].level || s.stale != mailboxes[i].stale || s.authorised != mailboxes[i].authorised)
            print_message("%s: level %d stale %d authorised %u\n", mailboxes[i].label, s.level, s.stale, s.authorised);
        assert_int_equal(s.level, mailboxes[i].level);
        assert_int_equal(s.stale, mailboxes[i].stale);
        assert_int_equal(s.authorised, mailboxes[i].authorised);
    }
}

static void two_sources_that_agree_support_each_other(void **state)
{
    struct evidence e[2] = {{.kind = EVIDENCE_EMAIL, .record = true, .as_of_days = 100, .confidence_permille = 600},
                            {.kind = EVIDENCE_EMAIL, .record = true, .as_of_days = 100, .confidence_permille = 600}};

    (void)state;
    assert_true(mailbox_standing(e, 1, e->account, 100).stale);
    assert_false(mailbox_standing(e, 2, e->account, 100).stale);
}

static void what_cannot_be_read_is_no_evidence(void **state)
{
    struct arena *a = arena_open(4096);
    struct evidence e;

    (void)state;
    assert_true(evidence_parse(EVIDENCE_EMAIL, STR("01J9Z3NDEKTSV4RRFFQ69G5FAV:crm"),
                               STR("{\"con\":\"con_x\",\"auth\":[\"site\",\"billing\"],\"as_of\":5,\"proven\":7,"
                                   "\"conf\":812,\"gone\":true,\"bounced\":true}"),
                               a, &e));
    assert_true(e.record && e.gone && e.bounced);
    assert_int_equal(e.as_of_days, 7);
    assert_int_equal(e.confidence_permille, 812);
    assert_int_equal(e.authorised, AUTHORISED_SITE | AUTHORISED_BILLING);
    assert_true(evidence_parse(EVIDENCE_EMAIL, STR("01J9Z3NDEKTSV4RRFFQ69G5FAV:-"), STR("{}"), a, &e));
    assert_false(e.record);
    assert_false(evidence_parse(EVIDENCE_EMAIL, STR("bounced"), STR("20000"), a, &e));
    assert_false(evidence_parse(EVIDENCE_EMAIL, STR("01J9Z3NDEKTSV4RRFFQ69G5FAV"), STR("{}"), a, &e));
    assert_false(evidence_parse(EVIDENCE_EMAIL, STR("01J9Z3NDEKTSV4RRFFQ69G5FAV:crm"), STR("{"), a, &e));
    arena_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_leads_to_one_account),
        cmocka_unit_test(a_proven_mailbox_stands_where_its_record_does),
        cmocka_unit_test(two_sources_that_agree_support_each_other),
        cmocka_unit_test(what_cannot_be_read_is_no_evidence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
