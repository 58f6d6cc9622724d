/* Filing what somebody says for somebody else: whose it is, and who stays who. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "rules/base/arena.h"
#include "tests/unit/queues/filing_lab.h"

#include <string.h>

static struct filing_lab lab;
static struct ulid shop, other; /* customers on record: mei@shop.example; who@partner.example, strange as it is */

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

static int fresh(void **state)
{
    (void)state;
    filing_lab_empty(&lab);
    shop = lab_customer(&lab);
    other = lab_customer(&lab);
    lab_evidence(&lab, INDEX_EMAIL, "mei@shop.example", shop, ulid_fresh(), false);
    lab_evidence(&lab, INDEX_EMAIL, "who@partner.example", other, ulid_fresh(), false);
    return 0;
}

enum whose { SHOP, OTHER, OWN };

static const struct {
    const char *label, *email, *behalf;
    enum whose whose;
} cases[] = {
    {"a customer", "mei@shop.example", "", SHOP},
    {"a stranger", "jo@example.org", "", OWN},
    {"a stranger, for a customer", "jo@example.org", "mei@shop.example", SHOP},
    {"a customer, for another", "mei@shop.example", "who@partner.example", SHOP}, /* a partner is nobody's customer */
    {"a partner, for a customer", "a@partner.example", "mei@shop.example", SHOP},
    {"a partner, for a stranger", "who@partner.example", "jo@example.org", OWN},
    {"a partner, for nobody", "a@partner.example", "", OWN},
    {"a partner on record, for nobody", "who@partner.example", "", OWN},
    {"a partner, for our own people", "who@partner.example", "help@vendor.example", OWN},
    {"our own people, for a customer", "ceo@vendor.example", "mei@shop.example", SHOP},
    {"a customer who forwards what we wrote", "mei@shop.example", "help@vendor.example", SHOP},
};

static struct item said(const char *email, const char *behalf)
{
    struct item i = lab_report(&lab, "desk", arena_printf(lab.arena, "%s for %s", email, behalf));

    i.email = str_of(email);
    i.behalf_email = str_of(behalf);
    return i;
}

static void whose_it_is(void **state)
{
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct item i;
        struct filing *f;

        fresh(state);
        i = said(cases[k].email, cases[k].behalf);
        f = lab_file(&lab, &i);

        enum whose whose = ulid_equal(f->account, shop) ? SHOP : ulid_equal(f->account, other) ? OTHER : OWN;

        if (f->outcome != FILING_FILED || whose != cases[k].whose)
            fail_msg("%s: %d, not %d", cases[k].label, whose, cases[k].whose);
        if (cases[k].whose == OWN)
            assert_true(ulid_equal(f->account, i.ulid));
    }
}

/* What a partner passes on of two customers whom nobody knows is not one customer's. */
static void a_partner_gathers_no_account(void **state)
{
    struct item one = said("a@partner.example", ""), two = said("a@partner.example", "");
    struct filing *f = lab_file(&lab, &one), *g = lab_file(&lab, &two);

    (void)state;
    assert_false(ulid_equal(f->account, g->account));
    assert_false(ulid_equal(f->ticket, g->ticket));
}

static void who_speaks_stays_who_they_are(void **state)
{
    struct item hers = said("mei@shop.example", ""), theirs = said("a@partner.example", "mei@shop.example");
    struct participant *people;
    struct ticket t;
    size_t n;

    (void)state;
    hers.name = STR("Mei");
    theirs.name = STR("An Agent");
    theirs.proven = 1;
    theirs.channel = STR("mail");

    struct filing *f = lab_file(&lab, &hers), *g = lab_file(&lab, &theirs);

    assert_true(ulid_equal(f->account, g->account));
    assert_true(ulid_equal(f->ticket, g->ticket)); /* the same customer's open work */
    t = lab_ticket(&lab, f->ticket);
    assert_int_equal(participants_read(lab.redis, lab.keys, lab.arena, &t, &people, &n), ERR_OK);
    assert_int_equal(n, 2);
    assert_true(str_is(people[0].name, "Mei") && people[0].speaks_for.len == 0 && people[0].level == 0);
    assert_true(str_is(people[1].email, "a@partner.example"));
    assert_true(str_is(people[1].speaks_for, "mei@shop.example"));
    assert_int_equal(people[1].level, 1); /* their own mailbox, and nothing of hers */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whose_it_is),
        cmocka_unit_test_setup(a_partner_gathers_no_account, fresh),
        cmocka_unit_test_setup(who_speaks_stays_who_they_are, fresh),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
