/* resolve: one labelled line for each way in which evidence may point. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/confidence.h"
#include "rules/item.h"
#include "rules/resolve.h"
#include "rules/route.h"

#include <stdio.h>
#include <string.h>

static const char rules_text[] = "queue triage { calendar always }\n"
                                 "route otherwise to triage\n"
                                 "match customer { link 75 review 40 ahead 20\n"
                                 "  mailbox strong same 100 role 55 shared 40\n"
                                 "  email strong same 90 role 50 shared 35\n"
                                 "  phone same 76 shared 20 differs -3\n"
                                 "  site strong same 90 shared 30 differs -20\n"
                                 "  invoice strong same 64 shared 20\n"
                                 "  person same 30 close 18 differs -5 }\n"
                                 "match stranger { link 75 review 40 ahead 20\n"
                                 "  mailbox strong same 100\n"
                                 "  email strong same 90\n"
                                 "  phone same 76 differs -6\n"
                                 "  site same 44 differs -20\n"
                                 "  person same 26 differs -10 }\n";

static struct rules *rules;
static struct arena *a;

static enum err no_zone(void *arg, const char *name, struct buf *bytes)
{
    (void)arg;
    (void)name;
    (void)bytes;
    return ERR_ABSENT;
}

static int begin(void **state)
{
    struct buf faults = {0};

    (void)state;
    a = arena_open(65536);
    if (rules_load(&rules, "test.rules", str_of(rules_text), no_zone, NULL, &faults) != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
    return 0;
}

static int end(void **state)
{
    (void)state;
    rules_close(rules);
    arena_close(a);
    return 0;
}

/* Accounts are one letter: A to C are customers on record, S and T strangers, O the item's own. */
static struct ulid account(char letter)
{
    struct ulid u = {{0}};

    u.bytes[15] = (uint8_t)letter;
    return u;
}

static const struct item claimant = {.channel = STR("web"),
                                     .email = STR("mei@example.org"),
                                     .phone = STR("+886223456789"),
                                     .site = STR("acme.example.net"),
                                     .invoice = STR("INV-2026-0042"),
                                     .name = STR("Mei Lin")};

/* "rA:eN* wS:p": on record of A the same e-mail (e), phone (p), site (s), invoice (i) or name (n), or another name (N);
 * a star: several have it. w: said by a stranger before. */
static size_t candidates(const char *text, struct resolve_candidate *out)
{
    size_t n = 0;

    while (*text != '\0') {
        struct resolve_value *v = arena_array(a, struct resolve_value, 8);
        struct resolve_candidate *c = &out[n++];

        *c = (struct resolve_candidate){
            .account = account(text[1]), .record = text[0] == 'r', .known = text[0] == 'r', .value = v};
        c->tier = c->known ? STR("gold") : STR("");
        for (text += 3; *text != '\0' && *text != ' '; text++) {
            static const struct {
                char letter;
                enum match_kind kind;
                const char *text;
            } kinds[] = {{'e', MATCH_EMAIL, "mei@example.org"}, {'p', MATCH_PHONE, "+886223456789"},
                         {'s', MATCH_SITE, "acme.example.net"}, {'i', MATCH_INVOICE, "INV20260042"},
                         {'n', MATCH_PERSON, "Lin, Mei"},       {'N', MATCH_PERSON, "Otto Krause"}};

            if (*text == '*')
                v[c->values - 1].flags = MATCH_SHARED;
            for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
                if (kinds[k].letter == *text)
                    v[c->values++] = (struct resolve_value){.kind = kinds[k].kind, .text = str_of(kinds[k].text)};
        }
        text += *text == ' ';
    }
    return n;
}

/* "cS dT": the e-mail is claimed by S, the phone by T. */
static size_t claims(const char *text, struct evidence *out)
{
    size_t n = 0;

    for (; *text != '\0'; text += text[2] == ' ' ? 3 : 2)
        out[n++] =
            (struct evidence){.kind = text[0] == 'c' ? EVIDENCE_EMAIL : EVIDENCE_PHONE, .account = account(text[1])};
    return n;
}

static const struct {
    const char *label, *candidates, *claims;
    char account;
    const char *suspects;
} cases[] = {
    {"nobody at all", "", "", 'O', ""},
    {"a new mailbox claims its own", "", "cO", 'O', ""},
    {"a mailbox that wrote before", "", "cS", 'S', ""},
    {"a phone that called before", "", "dS", 'S', ""},
    {"the mailbox before the phone", "", "cS dT", 'S', ""},
    {"a new mailbox with the phone of somebody who called", "wS:p", "cO dS", 'S', ""},
    {"the same phone, but another name", "wS:pN", "cO dS", 'O', "S"},
    {"a claim holds, whatever the name", "wS:eN", "cS", 'S', ""},
    {"and another stranger is suspected", "wS:e wT:pn", "cS", 'S', "T"},
    {"a mailbox on record", "rA:e", "", 'A', ""},
    {"a mailbox on record, of somebody else", "rA:eN", "", 'A', ""},
    {"a new mailbox, a site on record", "rA:s", "cO", 'A', ""},
    {"an old stranger names a site on record", "rA:s wS:e", "cS", 'A', "S"},
    {"mailbox and site agree", "rA:es", "", 'A', ""},
    {"mailbox and site disagree", "rA:e rB:s", "", 'O', "AB"},
    {"site and invoice disagree", "rA:s rB:i", "cO", 'O', "AB"},
    {"they disagree, and the mailbox wrote before", "rA:e rB:s", "cS", 'S', "AB"},
    {"a consultant with two customers and no site", "rA:e* rB:e*", "", 'O', ""},
    {"a consultant with two customers and a site", "rA:e* rB:e*s", "", 'B', ""},
    {"a consultant who named an invoice", "rA:e*i rB:e*", "", 'A', ""},
    {"a phone on record alone", "rA:p", "", 'A', ""},
    {"rung by another name", "rA:pN", "", 'O', "A"},
    {"a shared phone alone", "rA:p* rB:p*", "", 'O', ""},
    {"a phone of somebody else does not veto", "rA:e rB:p*", "", 'A', ""},
    {"a name is not enough", "rA:n", "", 'O', ""},
    {"what the item itself said before is nobody", "wO:epn", "cO", 'O', ""},
    {"a customer's own words count beside its records", "rA:n wA:p", "", 'A', ""},
};

static void evidence_leads_to_one_account(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct resolve_candidate c[8];
        struct evidence e[4];
        struct resolution r;
        char suspects[RESOLVE_SUSPECTS_MAX + 1] = "";

        resolve(&(struct resolve_question){.rules = rules,
                                           .item = &claimant,
                                           .own = account('O'),
                                           .e = e,
                                           .n = claims(cases[i].claims, e),
                                           .candidate = c,
                                           .candidates = candidates(cases[i].candidates, c)},
                a, &r);
        for (size_t k = 0; k < r.suspects; k++)
            suspects[k] = (char)r.suspect[k].account.bytes[15];
        if (r.account.bytes[15] != cases[i].account || strcmp(suspects, cases[i].suspects) != 0)
            print_message("%s: account %c, suspects %s, score %d, reasons %s\n", cases[i].label, r.account.bytes[15],
                          suspects, r.score, r.reasons.at);
        assert_int_equal(r.account.bytes[15], cases[i].account);
        assert_string_equal(suspects, cases[i].suspects);
        assert_int_equal(r.fresh, cases[i].account == 'O');
        assert_int_equal(r.known, cases[i].account < 'D');
        assert_int_equal(r.tier.len, r.known ? 4 : 0);
    }
}

/* V4 */
static void every_decision_gives_its_reasons(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct resolve_candidate c[8];
        struct evidence e[4];
        struct resolution r;
        struct doc *d;

        resolve(&(struct resolve_question){.rules = rules,
                                           .item = &claimant,
                                           .own = account('O'),
                                           .e = e,
                                           .n = claims(cases[i].claims, e),
                                           .candidate = c,
                                           .candidates = candidates(cases[i].candidates, c)},
                a, &r);
        assert_int_equal(doc_parse(&d, r.reasons, NULL, 0), ERR_OK);
        assert_true(doc_size(d) > 0);
        doc_close(d);
        assert_true((r.rule.len > 0) == (r.score > 0));
        if (r.linked)
            assert_true(str_starts(r.rule, "test.rules:3"));
        for (size_t k = 0; k < r.suspects; k++) {
            assert_int_equal(doc_parse(&d, r.suspect[k].reasons, NULL, 0), ERR_OK);
            assert_true(doc_size(d) > 1 && str_starts(r.suspect[k].rule, "test.rules:"));
            doc_close(d);
        }
        assert_null(strstr(r.reasons.at, "mei"));
    }
}

static void a_proven_mailbox_weighs_more(void **state)
{
    struct resolve_candidate c[2];
    struct resolution claimed, proven;
    struct resolve_question q = {.rules = rules, .item = &claimant, .own = account('O'), .candidate = c};

    (void)state;
    q.candidates = candidates("rA:e", c);
    resolve(&q, a, &claimed);
    q.proven = true;
    resolve(&q, a, &proven);
    assert_true(proven.score > claimed.score);
}

/* A file without match statements decides by those that are shipped, and says so under its own name. */
static void the_shipped_statements_stand_in(void **state)
{
    struct resolve_candidate c[2];
    struct buf faults = {0};
    struct resolution r;
    struct rules *bare;

    (void)state;
    assert_int_equal(rules_load(&bare, "bare.rules",
                                STR("queue triage { calendar always }\nroute otherwise to triage\n"), no_zone, NULL,
                                &faults),
                     ERR_OK);
    resolve(
        &(struct resolve_question){
            .rules = bare, .item = &claimant, .own = account('O'), .candidate = c, .candidates = candidates("rA:e", c)},
        a, &r);
    assert_int_equal(r.account.bytes[15], 'A');
    assert_non_null(strstr(r.reasons.at, "bare.rules:0"));
    assert_non_null(strstr(r.reasons.at, rules_version(bare)));
    rules_close(bare);
    buf_free(&faults);
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
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_leads_to_one_account),
        cmocka_unit_test(every_decision_gives_its_reasons),
        cmocka_unit_test(a_proven_mailbox_weighs_more),
        cmocka_unit_test(the_shipped_statements_stand_in),
        cmocka_unit_test(a_proven_mailbox_stands_where_its_record_does),
        cmocka_unit_test(two_sources_that_agree_support_each_other),
        cmocka_unit_test(what_cannot_be_read_is_no_evidence),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
