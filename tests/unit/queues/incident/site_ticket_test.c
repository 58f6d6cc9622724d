/* site_ticket: one ticket for each site, however often it is made; what is there already becomes it; reports join it. On a
 * real redis-server. */
#include "queues/contact.h"
#include "queues/incident/affected_set.h"
#include "queues/incident/site_ticket.h"
#include "queues/incident/touch.h"
#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/route.h"
#include "tests/unit/queues/filing_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SLUG STR("sites-gone")

static struct filing_lab l;
static struct incident incident;
static struct affected_list list;
static struct affected_sets *sets;
static struct affected_set *set; /* that reports are filed by */

static int begin(void **state)
{
    (void)state;
    filing_lab_open(&l);
    filing_lab_wire(&l);
    sets = affected_sets_open();
    return 0;
}

static int end(void **state)
{
    (void)state;
    affected_set_release(set);
    affected_sets_close(sets);
    filing_lab_close(&l);
    return 0;
}

/* Customers EX-0 … EX-4: two sites each, S-1000 and S-1001, …; EX-5 with one, S-1010. All of them on the list. */
static void bring(const char *ids)
{
    struct affected_import o = {.slug = SLUG, .by = STR("postern"), .now_ms = LAB_NOW, .confirm = -1};
    struct affected_report report;

    assert_int_equal(affected_import(l.redis, l.keys, l.arena, &o, str_of(ids), &report), ERR_OK);
    assert_int_equal(affected_read(l.redis, l.keys, l.arena, SLUG, 0, &list), ERR_OK);
    assert_int_equal(affected_sets_renew(sets, l.redis, l.keys, l.arena), ERR_OK);
    affected_set_release(set);
    set = affected_set_take(sets);
}

static int fresh(void **state)
{
    struct contact_import_options o = {.source = STR("crm"), .now_ms = LAB_NOW, .as_of_days = CONTACT_NO_DAY};
    struct incident_declaration d = {.slug = SLUG,
                                     .title = STR("Sites deleted"),
                                     .pack = STR("site-loss"),
                                     .rules = STR("pack site-loss { title \"Sites\" }\n"),
                                     .severity = STR("large"),
                                     .by = STR("postern"),
                                     .at_ms = LAB_NOW};
    struct contact_import_report report;
    struct buf b = {0}, ids = {0};

    (void)state;
    filing_lab_empty(&l);
    buf_text(&b, "account,contact_name,email,site_id,site_url\n");
    for (int i = 0; i < 11; i++) {
        const char *mailbox = i == 10 ? "p10@gmail.com" : arena_printf(l.arena, "p%d@company%d.example", i, i / 2);

        buf_printf(&b, "EX-%d,Person %d,%s,S-%d,https://s%d.cloud.example\n", i / 2, i, mailbox, 1000 + i, 1000 + i);
        buf_printf(&ids, "S-%d\n", 1000 + i);
    }
    assert_int_equal(contact_import(l.redis, l.keys, l.arena, &o, buf_view(&b), &report), ERR_OK);
    assert_int_equal(incident_declare(l.redis, l.keys, l.arena, &d, &incident, NULL), ERR_OK);
    bring(buf_view(&ids).at);
    buf_free(&b);
    buf_free(&ids);
    return 0;
}

static uint64_t next_number(void *arg)
{
    (void)arg;
    return ++l.next_reference;
}

static enum err make_with(struct redis *r, enum site_ticket_outcome *out)
{
    struct site_ticket_maker m = {.redis = r,
                                  .keys = l.keys,
                                  .rules = l.rules,
                                  .arena = l.arena,
                                  .now_ms = LAB_NOW + 1000,
                                  .incident = &incident,
                                  .number = next_number};

    return site_tickets_make(&m, list.site, list.n, out);
}

/* How many of them were made, adopted, there before. */
static void make(size_t made, size_t adopted, size_t before)
{
    enum site_ticket_outcome out[SITE_TICKETS_AT_ONCE];
    size_t n[3] = {0};
    enum err e = make_with(l.redis, out);

    if (e != ERR_OK)
        fail_msg("%s: %s", err_name(e), redis_why(l.redis));
    for (size_t i = 0; i < list.n; i++)
        n[out[i]]++;
    assert_int_equal(n[SITE_TICKET_MADE], made);
    assert_int_equal(n[SITE_TICKET_ADOPTED], adopted);
    assert_int_equal(n[SITE_TICKET_BEFORE], before);
}

static size_t tickets(void)
{
    return (size_t)lab_count(&l, "*:t:tkt_*");
}

static size_t named(void)
{
    size_t n;

    assert_int_equal(site_tickets_count(l.redis, l.arena, SLUG, &n), ERR_OK);
    return n;
}

/* The ticket of site S-<id>. */
static struct ulid ticket_of(int id)
{
    for (size_t i = 0; i < list.n; i++) {
        const struct affected_site *s = &list.site[i];
        struct redis_value v;
        struct ulid t;

        if (!str_is(s->typed, arena_printf(l.arena, "S-%d", id)))
            continue;
        assert_int_equal(redis_do(l.redis, l.arena, &v, 3,
                                  (struct str[]){STR("HGET"), site_tickets_key(l.arena, partition_of(s->account), SLUG),
                                                 str_of(s->name[0].at)}),
                         ERR_OK);
        assert_true(id_parse(ID_TICKET, v.text, &t));
        return t;
    }
    fail();
    return (struct ulid){0};
}

static struct filing *file_at(const char *channel, const char *email, const char *site, bool declared, int64_t at_ms)
{
    struct filing *f = arena_new(l.arena, struct filing);

    *f = (struct filing){.keys = l.keys,
                         .rules = l.rules,
                         .arena = l.arena,
                         .item = lab_report(&l, channel, arena_printf(l.arena, "Gone, says %s of %s", email, site)),
                         .now_ms = at_ms + 2000,
                         .lists = declared ? set : NULL};
    f->item.email = str_of(email);
    f->item.site = str_of(site);
    f->item.received_ms = at_ms;
    filing_begin(f);
    while (filing_ask(f, l.redis)) {
        struct redis_value *v;
        size_t n;

        assert_int_equal(redis_flush(l.redis, l.arena, &v, &n), ERR_OK);
        assert_int_equal(filing_hear(f, l.redis, v), ERR_OK);
    }
    assert_int_equal(f->outcome, FILING_FILED);
    return f;
}

static struct filing *report(const char *channel, const char *email, const char *site, bool declared)
{
    return file_at(channel, email, site, declared, LAB_NOW);
}

static void each_site_has_one_ticket_however_often_it_is_made(void **state)
{
    (void)state;
    make(11, 0, 0);
    make(0, 0, 11);
    assert_int_equal(tickets(), 11);
    assert_int_equal(named(), 11);
}

static void made_tickets_stand_in_a_queue_and_nobody_is_mailed(void **state)
{
    struct ticket t;

    (void)state;
    make(11, 0, 0);
    t = lab_ticket(&l, ticket_of(1003));
    assert_true(ticket_is_open(&t));
    assert_true(t.queue.len > 0);
    assert_true(str_is(redis_field(t.fields, "incident"), "sites-gone"));
    assert_true(str_is(redis_field(t.fields, "affected"), "sites-gone"));
    assert_true(str_is(redis_field(t.fields, "known"), "1"));
    assert_int_equal(lab_count(&l, "*:ob*"), 0);
    assert_int_equal(lab_count(&l, "*:d:eml_*"), 0);
    assert_int_equal(lab_count(&l, "*:p:tkt_*"), 0);
    assert_int_equal(lab_count(&l, "*:f:flw_*"), 0);
    assert_true(ulid_equal(lab_pointer(&l, t.reference).ticket, t.id));
}

static void an_open_ticket_about_the_site_becomes_its_ticket(void **state)
{
    struct filing *named_one, *single, *question;
    struct ticket t;

    (void)state;
    named_one = report("web", "p2@company1.example", "https://s1002.cloud.example/x", false);
    single = report("web", "p10@gmail.com", "", false);
    question = report("web", "p4@company2.example", "", false); /* of a customer with two */
    make(9, 2, 0);
    assert_true(ulid_equal(ticket_of(1002), named_one->ticket));
    assert_true(ulid_equal(ticket_of(1010), single->ticket));
    assert_int_equal(tickets(), 12);
    t = lab_ticket(&l, named_one->ticket);
    assert_true(str_is(redis_field(t.fields, "incident"), "sites-gone"));
    assert_true(str_is(redis_field(lab_ticket(&l, question->ticket).fields, "site_index"), ""));
    make(0, 0, 11);
}

static void what_was_heard_long_before_is_another_matter(void **state)
{
    struct filing *f = report("web", "p2@company1.example", "S-1002", false);

    (void)state;
    lab_set(&l, f->ticket, "heard", "1000");
    make(11, 0, 0);
}

static void reports_join_the_ticket_of_their_site(void **state)
{
    static const struct {
        const char *label, *channel, *email, *site;
        int of;
    } rows[] = {
        {"by its id", "web", "p2@company1.example", "S-1002", 1002},
        {"by its host", "web", "p3@company1.example", "s1002.cloud.example", 1002},
        {"the other one", "web", "p2@company1.example", "S-1003", 1003},
        {"by another channel", "phone", "p10@gmail.com", "S-1010", 1010},
        {"where none is named, of one that has one", "web", "p10@gmail.com", "", 1010},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        (void)fresh(NULL);
        make(11, 0, 0);

        struct filing *f = report(rows[i].channel, rows[i].email, rows[i].site, true);

        if (!ulid_equal(f->ticket, ticket_of(rows[i].of)))
            fail_msg("%s: apart", rows[i].label);
        assert_int_equal(tickets(), 11);
    }
}

static void they_join_it_however_long_nobody_was_heard_there(void **state)
{
    (void)state;
    make(11, 0, 0);

    struct filing *f = file_at("web", "p2@company1.example", "S-1002", true, LAB_NOW + 2 * ATTACH_MS);

    assert_true(ulid_equal(f->ticket, ticket_of(1002)));
}

static void a_report_that_came_first_in_the_incident_is_its_ticket(void **state)
{
    struct filing *f = report("web", "p2@company1.example", "S-1002", true);

    (void)state;
    make(10, 1, 0);
    assert_true(ulid_equal(ticket_of(1002), f->ticket));
}

/* Whatever breaks of the way to Redis, wherever: run again, there is one for each. */
static void it_bears_being_cut_off_anywhere(void **state)
{
    static const enum wire_break how[] = {WIRE_BEFORE, WIRE_AFTER};
    enum site_ticket_outcome out[SITE_TICKETS_AT_ONCE];

    (void)state;
    for (int at = 1; at <= 6; at++) {
        (void)fresh(NULL);
        (void)report("web", "p2@company1.example", "S-1002", false);
        wire_arm(l.wire, how[at % 2], (at + 1) / 2);

        enum err e = make_with(l.frail, out);

        for (int i = 0; i < 100 && !wire_broke(l.wire); i++) { /* it waits a little before it connects again */
            sleep_ms(20);
            e = make_with(l.frail, out);
        }
        assert_true(wire_broke(l.wire));
        wire_arm(l.wire, WIRE_WHOLE, 0);
        assert_int_equal(e, ERR_STORE);
        assert_int_equal(make_with(l.redis, out), ERR_OK);
        assert_int_equal(tickets(), 11);
        assert_int_equal(named(), 11);
    }
}

static void who_is_on_the_list_is_known_by_any_claim(void **state)
{
    static const struct {
        const char *label, *email, *site;
        bool listed;
    } rows[] = {
        {"by a contact on record", "p2@company1.example", "", true},
        {"and where its mailbox is free mail, by its account", "p10@gmail.com", "", true},
        {"by the site, whoever says so", "somebody@elsewhere.example", "S-1004", true},
        {"by its host", "somebody@elsewhere.example", "https://s1004.cloud.example/wiki", true},
        {"by the domain of the company", "new-one@company3.example", "", true},
        {"not by free mail", "p2@gmail.com", "", false},
        {"not by another site", "nobody@elsewhere.example", "S-2000", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct filing *f = report("web", rows[i].email, rows[i].site, true);
        struct ticket t = lab_ticket(&l, f->ticket);
        const char *wanted = rows[i].listed ? "sites-gone" : "";

        if (!str_is(redis_field(t.fields, "affected"), wanted) || !str_is(redis_field(t.fields, "incident"), wanted))
            fail_msg("%s", rows[i].label);
    }
}

/* silent, in touch, unlisted, unresolved. */
static void sets_are(int64_t silent, int64_t in_touch, int64_t unlisted, int64_t unresolved)
{
    int64_t wanted[TOUCH_SETS] = {silent, in_touch, unlisted, unresolved}, n[TOUCH_SETS];

    assert_int_equal(touch_counts(l.redis, l.arena, SLUG, n), ERR_OK);
    for (int i = 0; i < TOUCH_SETS; i++)
        if (n[i] != wanted[i])
            fail_msg("%s: %d, not %d", touch_set_name((enum touch_set)i), (int)n[i], (int)wanted[i]);
}

static void it_is_told_who_was_heard_and_who_was_not(void **state)
{
    struct queue_place page[4];
    size_t n;

    (void)state;
    (void)report("web", "p2@company1.example", "S-1002", false);
    make(10, 1, 0);
    sets_are(9, 2, 0, 0); /* the other site of that customer, too: somebody was heard */
    (void)report("web", "p10@gmail.com", "S-1010", true);
    sets_are(8, 3, 0, 0);
    (void)report("web", "p10@gmail.com", "S-1010", true);
    sets_are(8, 3, 0, 0);
    (void)report("web", "nobody@elsewhere.example", "S-2000", true);
    (void)report("web", "somebody@free.example", "S-1004", true);
    assert_int_equal(touch_page(l.redis, l.arena, SLUG, TOUCH_SILENT, NULL, 4, page, &n), ERR_OK);
    assert_int_equal(n, 4);
    assert_int_equal(touch_page(l.redis, l.arena, SLUG, TOUCH_IN_TOUCH, NULL, 4, page, &n), ERR_OK);
    assert_int_equal(n, 3);
}

static void a_list_that_is_no_more_says_nothing(void **state)
{
    struct incident i;

    (void)state;
    assert_true(affected_set_size(set) > 11 * 2);
    assert_int_equal(incident_close(l.redis, l.keys, l.arena, SLUG, STR("postern"), LAB_NOW, NULL, &i, NULL), ERR_OK);
    assert_true(affected_sets_stale(sets, STR("99")));
    assert_int_equal(affected_sets_renew(sets, l.redis, l.keys, l.arena), ERR_OK);
    affected_set_release(set);
    set = affected_set_take(sets);
    assert_int_equal(affected_set_size(set), 0);
}

static void an_unknown_site_is_found_by_whoever_reports_it(void **state)
{
    struct affected_import o = {
        .slug = SLUG, .by = STR("postern"), .now_ms = LAB_NOW, .confirm = -1, .accept_unknown = true};
    struct affected_report r;

    (void)state;
    assert_int_equal(affected_import(l.redis, l.keys, l.arena, &o, STR("LOST-77\n"), &r), ERR_OK);
    assert_int_equal(affected_read(l.redis, l.keys, l.arena, SLUG, 0, &list), ERR_OK);
    assert_int_equal(list.n, 1);
    make(1, 0, 0);

    struct redis_value v;
    struct ulid t;

    assert_int_equal(
        redis_do(l.redis, l.arena, &v, 3,
                 (struct str[]){STR("HGET"), site_tickets_key(l.arena, partition_of(list.site[0].account), SLUG),
                                str_of(list.site[0].name[0].at)}),
        ERR_OK);
    assert_true(id_parse(ID_TICKET, v.text, &t));
    assert_true(str_is(redis_field(lab_ticket(&l, t).fields, "known"), "0"));
}

#define FRESH(test) cmocka_unit_test_setup(test, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(each_site_has_one_ticket_however_often_it_is_made),
        FRESH(made_tickets_stand_in_a_queue_and_nobody_is_mailed),
        FRESH(an_open_ticket_about_the_site_becomes_its_ticket),
        FRESH(what_was_heard_long_before_is_another_matter),
        FRESH(reports_join_the_ticket_of_their_site),
        FRESH(they_join_it_however_long_nobody_was_heard_there),
        FRESH(a_report_that_came_first_in_the_incident_is_its_ticket),
        FRESH(it_bears_being_cut_off_anywhere),
        FRESH(who_is_on_the_list_is_known_by_any_claim),
        FRESH(it_is_told_who_was_heard_and_who_was_not),
        FRESH(a_list_that_is_no_more_says_nothing),
        FRESH(an_unknown_site_is_found_by_whoever_reports_it),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
