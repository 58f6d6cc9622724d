/* Whose an item is, on a real redis-server with imported customers: by every kind of evidence, at any moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "queues/contact.h"
#include "queues/evidence.h"
#include "queues/inquiry.h"
#include "queues/keys.h"
#include "queues/proven.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "tests/unit/queues/filing_lab.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct filing_lab lab;

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

static int empty(void **state)
{
    (void)state;
    filing_lab_empty(&lab);
    return 0;
}

/* ---- customers on record ---- */

static const char customers[] =
    "account,account_name,contact_name,email,phone,role,site_id,site_url,invoice,tier\n"
    "A,Acme Instruments Ltd,Mei "
    "Lin,mei@acme.example,+886223456701,admin,ACME-1234,https://acme-prod.example.net,INV-2026-0042,gold\n"
    "A,Acme Instruments Ltd,Otto Krause,otto.krause@acme.example,+886223456702,billing,,,,gold\n"
    "B,Borealis Clinic,Ana "
    "Sanz,ana@borealis.example,+34915550101,admin,BORE-77,https://borealis.example.org,INV-2026-0099,silver\n"
    "B,Borealis Clinic,Consultant,consult@both.example,,other,,,,silver\n"
    "C,Cerulean Foods,Consultant,consult@both.example,,other,CERU-5,https://cerulean.example.org,,silver\n";

static void import(const char *csv)
{
    struct contact_import_options o = {.source = STR("crm"), .now_ms = LAB_NOW, .as_of_days = CONTACT_NO_DAY};
    struct contact_import_report report;

    assert_int_equal(contact_import(lab.redis, lab.keys, lab.arena, &o, str_of(csv), &report), ERR_OK);
}

static struct ulid customer(const char *vendor)
{
    return contact_account(lab.keys, str_of(vendor));
}

/* 'A' to 'C' customers, 'O' its own, '?' another stranger's. */
static char letter_of(const struct filing *f, struct ulid account)
{
    for (char v[2] = "A"; v[0] <= 'C'; v[0]++)
        if (ulid_equal(account, customer(v)))
            return v[0];
    return ulid_equal(account, f->item.ulid) ? 'O' : '?';
}

static const struct {
    const char *label;
    const char *email, *phone, *name, *organisation, *site, *invoice;
    char home;
    const char *suspects;
} firsts[] = {
    {"nobody we know", "new@gmail.com", "", "Some Body", "", "", "", 'O', ""},
    {"nothing at all", "", "", "", "", "", "", 'O', ""},
    {"the address of a contact", "Mei@ACME.example", "", "", "", "", "", 'A', ""},
    {"the number of a contact", "", "+886 2 2345 6701", "", "", "", "", 'A', ""},
    {"a site by its id", "new@gmail.com", "", "", "", "acme 1234", "", 'A', ""},
    {"a site by any URL on it", "new@gmail.com", "", "", "", "https://acme-prod.example.net/wiki/x", "", 'A', ""},
    {"a slip in the address", "otto.kruase@acme.example", "", "Otto Krause", "", "", "", 'A', ""},
    {"the company's domain and its name", "new.one@acme.example", "", "", "ACME Instruments Limited", "", "", 'A', ""},
    {"the domain alone", "new.one@acme.example", "", "", "", "", "", 'O', "A"},
    {"the address of one, the site of another", "mei@acme.example", "", "", "", "BORE-77", "", 'O', "AB"},
    {"a consultant of two customers", "consult@both.example", "", "", "", "", "", 'O', "BC"},
    {"a consultant who names the site", "consult@both.example", "", "", "", "CERU-5", "", 'C', ""},
};

static struct item report(const char *channel, const char *text)
{
    return lab_report(&lab, channel, arena_strdup(lab.arena, text));
}

static int by_letter(const void *x, const void *y)
{
    return *(const char *)x - *(const char *)y;
}

static void a_first_report_finds_its_customer(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof firsts / sizeof firsts[0]; n++) {
        struct item i = report("web", "it is down");
        char suspects[RESOLVE_SUSPECTS_MAX + 1] = "";

        filing_lab_empty(&lab);
        import(customers);
        i = report("web", "it is down");
        i.email = str_of(firsts[n].email);
        i.phone = str_of(firsts[n].phone);
        i.name = str_of(firsts[n].name);
        i.organisation = str_of(firsts[n].organisation);
        i.site = str_of(firsts[n].site);
        i.invoice = str_of(firsts[n].invoice);

        struct filing *f = lab_file(&lab, &i);

        for (size_t k = 0; k < f->whose.suspects; k++)
            suspects[k] = letter_of(f, f->whose.suspect[k].account);
        qsort(suspects, strlen(suspects), 1, by_letter);
        if (letter_of(f, f->home) != firsts[n].home || strcmp(suspects, firsts[n].suspects) != 0)
            fail_msg("%s: account %c, suspects \"%s\", %s", firsts[n].label, letter_of(f, f->home), suspects,
                     f->whose.reasons.at);
        assert_int_equal(f->whose.known, firsts[n].home < 'D');
        assert_true(str_is(f->whose.tier, firsts[n].home == 'A' ? "gold" : firsts[n].home < 'D' ? "silver" : ""));
        assert_int_equal(lab_count(&lab, "*:du"), suspects[0] != '\0');
    }
}

/* A suspicion is written with the work, once however often it is filed, and not again after staff said no. */
static void a_suspected_duplicate_is_written_once(void **state)
{
    struct item i, again;
    struct redis_value v;
    struct doc *d;

    (void)state;
    import(customers);
    i = report("web", "it is down");
    i.email = STR("new.one@acme.example");

    struct filing *f = lab_file(&lab, &i);
    struct str key = key_in(lab.arena, ulid_partition(f->ticket), "du", "");
    struct ulid id;

    (void)lab_file(&lab, &i);
    assert_int_equal(redis_do(lab.redis, lab.arena, &v, 2, (struct str[]){STR("HGETALL"), key}), ERR_OK);
    assert_int_equal(v.count, 2);
    assert_true(id_parse(ID_DUPLICATE, v.items[0].text, &id));
    assert_int_equal(ulid_partition(id), ulid_partition(f->ticket));
    assert_int_equal(doc_parse(&d, v.items[1].text, NULL, 0), ERR_OK);
    assert_true(str_is(doc_get_text(d, "a"), id_print(ID_ACCOUNT, i.ulid).at));
    assert_true(str_is(doc_get_text(d, "b"), id_print(ID_ACCOUNT, customer("A")).at));
    assert_in_range(doc_get_int(d, "score", 0), 40, 74);
    assert_true(doc_size(doc_get(d, "reasons")) > 1);
    doc_close(d);

    struct str no = key_in(lab.arena, partition_of(i.ulid), "no", id_print(ID_ACCOUNT, i.ulid).at);

    assert_int_equal(redis_do(lab.redis, lab.arena, NULL, 2, (struct str[]){STR("DEL"), key}), ERR_OK);
    assert_int_equal(redis_do(lab.redis, lab.arena, NULL, 3,
                              (struct str[]){STR("SADD"), no, str_of(id_print(ID_ACCOUNT, customer("A")).at)}),
                     ERR_OK);
    again = report("web", "it is down again");
    again.email = STR("new.one@acme.example");
    assert_true(ulid_equal(lab_file(&lab, &again)->home, i.ulid));
    assert_int_equal(lab_count(&lab, "*:du"), 0);
}

/* ---- strangers ---- */

static struct item stranger(const char *email, const char *phone, const char *handle)
{
    struct item i = report(handle[0] != '\0'                      ? "social"
                           : phone[0] != '\0' && email[0] == '\0' ? "phone"
                                                                  : "web",
                           "down");

    i.email = str_of(email);
    i.phone = str_of(phone);
    i.handle = str_of(handle);
    i.source = handle[0] != '\0' ? STR("mastodon") : STR("");
    return i;
}

#define MAIL   "zoe@zephyr.example"
#define NUMBER "+886 2 2345 6799"
#define AUTHOR "@zoe@social.example"

static const struct {
    const char *label;
    const char *first[3], *second[3];
    bool one;
} pairs[] = {
    {"the same mailbox", {MAIL, "", ""}, {"Zoe@Zephyr.example", "", ""}, true},
    {"a call of the number that was typed", {MAIL, NUMBER, ""}, {"", "+886223456799", ""}, true},
    {"a post of an author who gave a mailbox", {MAIL, "", AUTHOR}, {"", "", "@Zoe@social.example"}, true},
    {"a form with the number that called", {"", NUMBER, ""}, {MAIL, NUMBER, ""}, true},
    {"an author who named nobody is a bystander", {"", "", AUTHOR}, {MAIL, "", AUTHOR}, false},
    {"another mailbox", {MAIL, "", ""}, {"zoe@other.example", "", ""}, false},
    {"the same name on another server is another author", {MAIL, "", AUTHOR}, {"", "", "@zoe@social.other"}, false},
};

static void a_stranger_is_found_again(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof pairs / sizeof pairs[0]; n++) {
        const char *const *a = pairs[n].first, *const *b = pairs[n].second;

        filing_lab_empty(&lab);

        struct item one = stranger(a[0], a[1], a[2]), two = stranger(b[0], b[1], b[2]);
        struct filing *f = lab_file(&lab, &one), *g = lab_file(&lab, &two);

        if (ulid_equal(f->home, g->home) != pairs[n].one)
            fail_msg("%s: %s", pairs[n].label, g->whose.reasons.at);
    }
}

/* Everything leads to one account from then on, whichever came first. */
static void what_an_item_holds_is_bound_together(void **state)
{
    struct item call, form, post;

    (void)state;
    filing_lab_empty(&lab);
    call = stranger("", NUMBER, ""), form = stranger(MAIL, NUMBER, ""), post = stranger(MAIL, "", AUTHOR);

    struct filing *f = lab_file(&lab, &call), *g = lab_file(&lab, &form), *h = lab_file(&lab, &post);
    struct item late = stranger("", "", AUTHOR);

    assert_true(ulid_equal(f->home, g->home));
    assert_true(ulid_equal(f->home, h->home));
    assert_true(ulid_equal(f->home, lab_file(&lab, &late)->home));
    assert_int_equal(lab_count(&lab, "*:a:*"), 1);
}

/* ---- at one moment ---- */

enum { GATES = 5, RACES = 100 };

struct gate {
    pthread_barrier_t *start;
    struct item item;
    struct filing *f;
    struct arena *a;
    enum err e;
};

static void *run_gate(void *arg)
{
    struct gate *g = arg;
    struct redis *r = redis_open(&lab.server.target, 10000);

    (void)pthread_barrier_wait(g->start);
    do {
        g->e = lab_try(&lab, g->a, r, &g->item, &g->f);
    } while (g->e == ERR_BUSY);
    redis_close(r);
    return NULL;
}

static void race(struct gate gates[], size_t n)
{
    pthread_barrier_t start;
    pthread_t thread[GATES];

    assert_int_equal(pthread_barrier_init(&start, NULL, (unsigned)n), 0);
    for (size_t i = 0; i < n; i++) {
        gates[i].start = &start;
        gates[i].a = arena_open(65536);
        assert_int_equal(pthread_create(&thread[i], NULL, run_gate, &gates[i]), 0);
    }
    for (size_t i = 0; i < n; i++) {
        (void)pthread_join(thread[i], NULL);
        assert_int_equal(gates[i].e, ERR_OK);
    }
    (void)pthread_barrier_destroy(&start);
}

static void end_race(struct gate gates[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        arena_close(gates[i].a);
}

/* B2: the same stranger by several gateways at once, each with a mailbox and something more. */
static void strangers_at_one_moment_are_one_account(void **state)
{
    (void)state;
    for (int n = 0; n < RACES; n++) {
        filing_lab_empty(&lab);

        struct gate gates[GATES] = {{.item = stranger(MAIL, "", "")},
                                    {.item = stranger(MAIL, NUMBER, "")},
                                    {.item = stranger(MAIL, "", AUTHOR)},
                                    {.item = stranger(MAIL, NUMBER, AUTHOR)},
                                    {.item = stranger(MAIL, NUMBER, "")}};

        race(gates, GATES);
        for (int i = 1; i < GATES; i++)
            assert_true(ulid_equal(gates[0].f->home, gates[i].f->home));
        end_race(gates, GATES);
        assert_int_equal(lab_count(&lab, "*:a:*"), 1);

        struct item call = stranger("", NUMBER, ""), post = stranger("", "", AUTHOR);

        assert_true(ulid_equal(lab_file(&lab, &call)->home, lab_file(&lab, &post)->home));
        assert_int_equal(lab_count(&lab, "*:a:*"), 1);
    }
}

static bool suspected(struct ulid one, struct ulid other)
{
    struct redis_value keys, v;
    bool found = false;

    assert_int_equal(redis_do(lab.redis, lab.arena, &keys, 2, (struct str[]){STR("KEYS"), STR("*:du")}), ERR_OK);
    for (size_t i = 0; i < keys.count; i++) {
        assert_int_equal(redis_do(lab.redis, lab.arena, &v, 2, (struct str[]){STR("HVALS"), keys.items[i].text}),
                         ERR_OK);
        for (size_t k = 0; k < v.count; k++)
            found = found || (strstr(v.items[k].text.at, id_print(ID_ACCOUNT, one).at) != NULL &&
                              strstr(v.items[k].text.at, id_print(ID_ACCOUNT, other).at) != NULL);
    }
    return found;
}

/* A call and a form with that number at once: one account, or two of which each suspects the other; never swapped, and
 * never a third. */
static void a_call_and_a_form_at_one_moment_meet(void **state)
{
    int met = 0;

    (void)state;
    for (int n = 0; n < RACES; n++) {
        filing_lab_empty(&lab);

        struct gate gates[2] = {{.item = stranger("", NUMBER, "")}, {.item = stranger(MAIL, NUMBER, "")}};

        race(gates, 2);

        struct ulid a = gates[0].f->home, b = gates[1].f->home;
        struct item call = stranger("", NUMBER, ""), form = stranger(MAIL, "", "");

        met += ulid_equal(a, b);
        assert_true(ulid_equal(a, b) || suspected(a, b));
        assert_true(ulid_equal(lab_file(&lab, &call)->home, a));
        assert_true(ulid_equal(lab_file(&lab, &form)->home, b));
        end_race(gates, 2);
    }
    print_message("  met at once: %d of %d\n", met, RACES);
    assert_true(met > RACES / 2);
}

/* ---- the same, move by move ---- */

static struct filing *start(const struct item *i)
{
    struct filing *f = arena_new(lab.arena, struct filing);

    f->keys = lab.keys;
    f->rules = lab.rules;
    f->arena = lab.arena;
    f->item = *i;
    f->now_ms = LAB_NOW;
    filing_begin(f);
    return f;
}

/* One exchange; false where it is filed. */
static bool step(struct filing *f)
{
    struct redis_value *v;
    size_t n;

    if (!filing_ask(f, lab.redis))
        return false;
    assert_int_equal(redis_flush(lab.redis, lab.arena, &v, &n), ERR_OK);
    assert_int_equal(filing_hear(f, lab.redis, v), ERR_OK);
    return true;
}

static void finish(struct filing *f)
{
    while (step(f))
        ;
    assert_int_equal(f->outcome, FILING_FILED);
}

/* B3: a claim that nobody built on moves, */
static void a_form_goes_along_with_a_call_that_was_faster(void **state)
{
    struct item form, call, later;

    (void)state;
    filing_lab_empty(&lab);
    form = stranger(MAIL, NUMBER, ""), call = stranger("", NUMBER, ""), later = stranger(MAIL, "", "");

    struct filing *f = start(&form), *g = start(&call);

    assert_true(step(f)); /* the form has claimed its mailbox, */
    finish(g);            /* and the call its number, before the form could */
    finish(f);
    assert_true(ulid_equal(f->home, g->home));
    assert_true(ulid_equal(lab_file(&lab, &later)->home, g->home));
    assert_int_equal(lab_count(&lab, "*:a:*"), 1);
}

/* and one that was told to somebody else stays: nobody is left behind, and staff are told. */
static void a_form_that_somebody_found_stays(void **state)
{
    struct item form, call, mail, later;

    (void)state;
    filing_lab_empty(&lab);
    form = stranger(MAIL, NUMBER, ""), call = stranger("", NUMBER, ""), mail = stranger(MAIL, "", "");
    later = stranger("", NUMBER, "");

    struct filing *f = start(&form), *g = start(&call), *h = start(&mail);

    assert_true(step(f));
    assert_true(step(h)); /* has found the form's account, which nobody has opened yet */
    finish(g);
    finish(f);
    finish(h);
    assert_true(ulid_equal(f->home, form.ulid));
    assert_true(ulid_equal(h->home, form.ulid));
    assert_true(ulid_equal(g->home, call.ulid));
    assert_true(ulid_equal(lab_file(&lab, &later)->home, call.ulid));
    assert_true(suspected(form.ulid, call.ulid));
}

/* Records come in between: claims follow them even from under others, who are suspected then. */
static void a_claim_follows_a_record(void **state)
{
    struct item form, mail, later;

    (void)state;
    filing_lab_empty(&lab);
    import(customers);
    form = stranger(MAIL, "", ""), mail = stranger(MAIL, "", ""), later = stranger(MAIL, "", "");
    form.site = STR("BORE-77");

    struct filing *f = start(&form), *h = start(&mail);

    assert_true(step(f));
    assert_true(step(h));
    finish(h);
    finish(f);
    assert_true(ulid_equal(f->home, customer("B")));
    assert_true(ulid_equal(h->home, form.ulid));
    assert_true(suspected(customer("B"), form.ulid));
    assert_true(ulid_equal(lab_file(&lab, &later)->home, customer("B")));
}

/* The customer is on record with an address and a number: whoever is first, records decide. */
static void records_decide_at_one_moment(void **state)
{
    (void)state;
    filing_lab_empty(&lab);
    import(customers);
    for (int n = 0; n < RACES / 4; n++) {
        struct gate gates[3] = {{.item = stranger("", "+886 2 2345 6701", "")},
                                {.item = stranger("mei@acme.example", "", "")},
                                {.item = stranger("mei@acme.example", "", AUTHOR)}};

        race(gates, 3);
        for (int i = 0; i < 3; i++)
            assert_true(ulid_equal(gates[i].f->home, customer("A")));
        end_race(gates, 3);
    }
    assert_int_equal(lab_count(&lab, "*:a:*"), 3);
}

/* ---- impostors ---- */

static enum err prove(const struct filing *f)
{
    return mailbox_proven(lab.redis, lab.keys, lab.rules, lab.arena, f->ticket, f->participant, NULL, LAB_NOW);
}

/* B4: who claims an address first keeps nothing from its holder. */
static void a_proven_mailbox_takes_its_claim_back(void **state)
{
    struct item impostor, holder, later;

    (void)state;
    filing_lab_empty(&lab);
    import(customers);
    impostor = stranger(MAIL, "", ""), holder = stranger(MAIL, "", ""), later = stranger(MAIL, "", "");
    holder.site = STR("BORE-77"); /* so that it is work of another account */

    struct filing *f = lab_file(&lab, &impostor), *g = lab_file(&lab, &holder);

    assert_true(ulid_equal(f->home, impostor.ulid));
    assert_true(ulid_equal(g->home, customer("B")));
    assert_int_equal(prove(g), ERR_OK);
    assert_int_equal(prove(g), ERR_OK); /* P3 */
    assert_true(ulid_equal(lab_file(&lab, &later)->home, customer("B")));

    /* And who only claims cannot take it away again. */
    struct item again = stranger(MAIL, "", ""), last = stranger(MAIL, "", "");

    again.site = STR("ACME-1234");
    assert_true(ulid_equal(lab_file(&lab, &again)->home, customer("A")));
    assert_true(ulid_equal(lab_file(&lab, &last)->home, customer("B")));
}

/* A mail whose sender our own server vouches for is proof, too. */
static void an_aligned_mail_is_proof(void **state)
{
    struct item impostor, holder, later;

    (void)state;
    filing_lab_empty(&lab);
    import(customers);
    impostor = stranger(MAIL, "", ""), holder = stranger(MAIL, "", ""), later = stranger(MAIL, "", "");
    holder.site = STR("BORE-77");
    holder.proven = 1;
    (void)lab_file(&lab, &impostor);
    assert_true(ulid_equal(lab_file(&lab, &holder)->home, customer("B")));
    assert_true(ulid_equal(lab_file(&lab, &later)->home, customer("B")));
}

/* The contacts came after the request: a code that passes asks again. */
static void a_code_asks_again_whose_it_is(void **state)
{
    struct item i;

    (void)state;
    filing_lab_empty(&lab);
    i = stranger("mei@acme.example", "", "");

    struct filing *f = lab_file(&lab, &i);

    assert_true(ulid_equal(f->home, i.ulid));
    import(customers);
    assert_false(suspected(i.ulid, customer("A")));
    assert_int_equal(prove(f), ERR_OK);
    assert_true(suspected(i.ulid, customer("A")));
    assert_int_equal(lab_count(&lab, "*:du"), 1);
}

/* Q2 of inquiry.h */
static void who_speaks_for_somebody_is_not_that_somebody(void **state)
{
    struct item forwarded, own;

    (void)state;
    filing_lab_empty(&lab);
    import(customers);
    forwarded = stranger("ana@borealis.example", "", "");
    forwarded.behalf_email = STR("mei@acme.example");
    own = stranger("ana@borealis.example", "", "");
    assert_true(ulid_equal(lab_file(&lab, &forwarded)->home, customer("A")));
    assert_true(ulid_equal(lab_file(&lab, &own)->home, customer("B")));
}

/* ---- what many share ---- */

static void what_many_share_says_nothing(void **state)
{
    struct buf csv = {0};
    struct item i;

    (void)state;
    filing_lab_empty(&lab);
    buf_text(&csv, "account,account_name,contact_name,email,phone,role,site_id\n");
    for (int n = 0; n < EVIDENCE_OWNERS_MAX + 6; n++)
        buf_printf(&csv, "V-%d,Firm %c%c Works,Kim Lee,kim%d@firm%d.example,+886223456700,admin,SITE-%d\n", n,
                   'a' + n % 26, 'a' + n / 26, n, n, 1000 + n);
    import(buf_view(&csv).at);
    buf_free(&csv);
    i = stranger("", "+886 2 2345 6700", "");
    i.name = STR("Kim Lee");

    struct filing *f = lab_file(&lab, &i);

    assert_true(ulid_equal(f->home, i.ulid));
    assert_int_equal(f->whose.suspects, 0);
    assert_int_equal(f->inquiry->owners, 0); /* not even read */
    i = stranger("kim7@firm7.example", "+886 2 2345 6700", "");
    assert_true(ulid_equal(lab_file(&lab, &i)->home, contact_account(lab.keys, STR("V-7"))));
}

/* A record that leaves takes its blocks along. */
static void what_is_no_longer_matched_leads_nowhere(void **state)
{
    struct contact_import_options o = {
        .source = STR("crm"), .now_ms = LAB_NOW, .as_of_days = CONTACT_NO_DAY, .accept_shrink = true};
    struct contact_import_report r;
    int64_t blocks;

    (void)state;
    filing_lab_empty(&lab);
    import(customers);
    blocks = lab_count(&lab, "n:*");
    assert_true(blocks > 20);
    assert_int_equal(contact_import(lab.redis, lab.keys, lab.arena, &o,
                                    STR("account,account_name,contact_name,email,site_id\n"
                                        "C,Cerulean Foods,Consultant,consult@both.example,CERU-5\n"),
                                    &r),
                     ERR_OK);
    o.now_ms += INT64_C(86400000) * (CONTACT_GONE_MATCHED_DAYS + 2);
    assert_int_equal(contact_import(lab.redis, lab.keys, lab.arena, &o,
                                    STR("account,account_name,contact_name,email,site_id\n"
                                        "C,Cerulean Foods,Consultant,consult@both.example,CERU-5\n"),
                                    &r),
                     ERR_OK);
    assert_true(lab_count(&lab, "n:*") < blocks / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_first_report_finds_its_customer, empty),
        cmocka_unit_test_setup(a_suspected_duplicate_is_written_once, empty),
        cmocka_unit_test_setup(a_stranger_is_found_again, empty),
        cmocka_unit_test_setup(what_an_item_holds_is_bound_together, empty),
        cmocka_unit_test_setup(strangers_at_one_moment_are_one_account, empty),
        cmocka_unit_test_setup(a_call_and_a_form_at_one_moment_meet, empty),
        cmocka_unit_test_setup(a_form_goes_along_with_a_call_that_was_faster, empty),
        cmocka_unit_test_setup(a_form_that_somebody_found_stays, empty),
        cmocka_unit_test_setup(a_claim_follows_a_record, empty),
        cmocka_unit_test_setup(records_decide_at_one_moment, empty),
        cmocka_unit_test_setup(a_proven_mailbox_takes_its_claim_back, empty),
        cmocka_unit_test_setup(an_aligned_mail_is_proof, empty),
        cmocka_unit_test_setup(a_code_asks_again_whose_it_is, empty),
        cmocka_unit_test_setup(who_speaks_for_somebody_is_not_that_somebody, empty),
        cmocka_unit_test_setup(what_many_share_says_nothing, empty),
        cmocka_unit_test_setup(what_is_no_longer_matched_leads_nowhere, empty),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
