/* affected: lists of sites against a vault on a real redis-server; what is refused, staged, put in force and undone. */
#include "queues/contact.h"
#include "queues/incident/affected.h"
#include "queues/incident/incident.h"
#include "queues/job.h"
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

#define NOW  INT64_C(1790000000000)
#define SLUG STR("sites-gone")

static struct lab s;

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

/* Customers EX-0 … with two sites each, S-0 and S-1, S-2 and S-3, …; the first also has invoices and hosts. */
static void vault(int customers)
{
    struct contact_import_options o = {.source = STR("crm"), .now_ms = NOW, .as_of_days = CONTACT_NO_DAY};
    struct contact_import_report report;
    struct buf b = {0};

    buf_text(&b, "account,contact_name,email,site_id,site_url,invoice,products\n");
    for (int i = 0; i < customers * 2; i++)
        buf_printf(&b, "EX-%d,Person %d,p%d@company%d.example,S-%d,https://s%d.cloud.example,INV-%d,wiki\n", i / 2, i,
                   i, i / 2, 1000 + i, 1000 + i, 5000 + i);
    assert_int_equal(contact_import(s.redis, s.keys, s.arena, &o, buf_view(&b), &report), ERR_OK);
    buf_free(&b);
}

static int fresh(void **state)
{
    struct incident_declaration d = {.slug = SLUG,
                                     .title = STR("Sites deleted"),
                                     .pack = STR("site-loss"),
                                     .rules = STR("pack site-loss { title \"Sites\" }\n"),
                                     .severity = STR("large"),
                                     .by = STR("postern"),
                                     .at_ms = NOW};
    struct incident i;

    (void)state;
    lab_empty(&s);
    vault(40);
    assert_int_equal(incident_declare(s.redis, s.keys, s.arena, &d, &i, NULL), ERR_OK);
    return 0;
}

static struct affected_import asked(void)
{
    return (struct affected_import){.slug = SLUG, .by = STR("postern"), .now_ms = NOW, .confirm = -1};
}

static struct affected_report bring(struct affected_import o, const char *file, enum err wanted)
{
    struct affected_report report;
    enum err e = affected_import(s.redis, s.keys, s.arena, &o, str_of(file), &report);

    if (e != wanted)
        fail_msg("%s: %s (%s)", file, err_name(e), redis_why(s.redis));
    return report;
}

/* Sites first … last of the vault, one a line. */
static const char *sites(int first, int last)
{
    struct buf b = {0};

    for (int i = first; i <= last; i++)
        buf_printf(&b, "S-%d\n", 1000 + i);

    const char *text = str_copy(s.arena, buf_view(&b));

    buf_free(&b);
    return text;
}

static int64_t version(void)
{
    struct incident i;

    assert_int_equal(incident_read(s.redis, s.keys, s.arena, SLUG, &i), ERR_OK);
    return i.list;
}

static struct affected_list list(int64_t of)
{
    struct affected_list l;

    assert_int_equal(affected_read(s.redis, s.keys, s.arena, SLUG, of, &l), ERR_OK);
    return l;
}

static void a_list_of_anything_else_is_refused_before_anything_is_written(void **state)
{
    static const struct {
        const char *label, *file;
        size_t line;
        const char *why;
    } rows[] = {
        {"app ids", "S-1000\napp_1\n", 2, "an id of another kind: not of a site"},
        {"our own ids", "acc_01J9Z3NDEKTSV4RRFFQ69G5FAV\n", 1, "an id of another kind: not of a site"},
        {"customers' ids", "S-1000\nS-1001\nEX-3\n", 3, "on record as a customer's id, not as a site's"},
        {"invoices", "site_id\nINV-5001\n", 2, "on record as an invoice, not as a site"},
        {"an invoice as it is spelled by people", "inv 5001\n", 1, "on record as an invoice, not as a site"},
        {"unknown ids", "S-1000\nS-9999\n", 2, "no site on record"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t keys_before = strtoll(lab_say(&s, "DBSIZE"), NULL, 10);
        struct affected_report r = bring(asked(), rows[i].file, ERR_INPUT);

        assert_int_equal(r.bad, 1);
        if (r.faults[0].line != rows[i].line || strcmp(r.faults[0].reason, rows[i].why) != 0)
            fail_msg("%s: line %zu: %s", rows[i].label, r.faults[0].line, r.faults[0].reason);
        assert_int_equal(strtoll(lab_say(&s, "DBSIZE"), NULL, 10), keys_before);
        assert_int_equal(version(), 0);
    }
}

static void unknown_ids_are_taken_where_somebody_means_them_and_others_are_not(void **state)
{
    struct affected_import o = asked();

    (void)state;
    o.accept_unknown = true;
    assert_int_equal(bring(o, "S-1000\napp_1\n", ERR_INPUT).bad, 1);
    assert_int_equal(bring(o, "S-1000\nEX-3\n", ERR_INPUT).bad, 1);
    assert_int_equal(bring(o, "S-1000\nS-9999\n", ERR_OK).counts.unknown, 1);
    assert_int_equal(list(0).n, 2);
}

static void a_list_comes_into_force_once(void **state)
{
    struct affected_report r = bring(asked(), sites(0, 5), ERR_OK);
    struct affected_list l = list(0);
    struct job j;

    (void)state;
    assert_int_equal(r.counts.sites, 6);
    assert_int_equal(r.counts.accounts, 3);
    assert_int_equal(r.counts.added, 6);
    assert_int_equal(r.version, 1);
    assert_int_equal(job_read(s.redis, s.arena, r.job, &j), ERR_OK);
    assert_int_equal(j.total, 6);
    assert_int_equal(l.n, 6);
    assert_int_equal(l.site[0].names, 2); /* its id and its host */
    assert_true(str_is(l.site[0].products, "wiki"));
    r = bring(asked(), sites(0, 5), ERR_OK);
    assert_true(r.same);
    assert_int_equal(r.version, 1);
    assert_int_equal(version(), 1);
    r = bring(asked(), "https://s1001.cloud.example/x\nS-1000\nS-1002\nS-1003\nS-1004\nS-1005\n", ERR_OK);
    assert_int_equal(r.version, 2); /* a host is another word for it */
}

static void a_dry_run_says_all_and_writes_nothing(void **state)
{
    struct affected_import o = asked();
    int64_t keys_before = strtoll(lab_say(&s, "DBSIZE"), NULL, 10);

    (void)state;
    o.dry_run = true;

    struct affected_report r = bring(o, sites(0, 79), ERR_OK);

    assert_int_equal(r.counts.added, 80);
    assert_true(r.confirm_wanted); /* all 40 accounts on record */
    assert_int_equal(r.accounts_on_record, 40);
    assert_int_equal(strtoll(lab_say(&s, "DBSIZE"), NULL, 10), keys_before);
}

static void what_touches_many_wants_its_number_typed(void **state)
{
    struct affected_import o = asked();

    (void)state;
    (void)bring(o, sites(0, 79), ERR_DENIED);
    o.confirm = 79;
    (void)bring(o, sites(0, 79), ERR_DENIED);
    assert_int_equal(version(), 0);
    o.confirm = 80;
    (void)bring(o, sites(0, 79), ERR_OK);
    assert_int_equal(version(), 1);
}

static void the_vendors_own_sites_are_a_part_of_their_own(void **state)
{
    struct affected_import o = asked();
    struct affected_report r;

    (void)state;
    (void)bring(o, sites(0, 3), ERR_OK);
    o.own = true;
    r = bring(o, sites(4, 5), ERR_OK);
    assert_int_equal(r.counts.sites, 6);
    assert_int_equal(r.counts.own, 2);
    o.own = false;
    r = bring(o, sites(0, 1), ERR_OK); /* the customers' part alone */
    assert_int_equal(r.counts.gone, 2);
    assert_int_equal(r.counts.own, 2);
    r = bring(o, "site_id,own\nS-1000,no\nS-1001,yes\n", ERR_OK); /* both */
    assert_int_equal(r.counts.sites, 2);
    assert_int_equal(r.counts.own, 1);
    assert_int_equal(r.counts.changed, 1);
    assert_int_equal(r.counts.gone, 2);
}

static void versions_differ_and_one_can_go_back(void **state)
{
    struct affected_version *v;
    struct affected_difference *d;
    struct affected_report r;
    size_t n;

    (void)state;
    (void)bring(asked(), sites(0, 5), ERR_OK);
    (void)bring(asked(), sites(4, 8), ERR_OK);

    struct affected_import o = asked();
    struct affected_list one = list(1), two = list(2);

    n = affected_diff(&one, &two, s.arena, &d);
    assert_int_equal(n, 7); /* four gone, three new */
    for (size_t i = 1; i < n; i++)
        assert_true(strcmp(d[i - 1].site->name[0].at, d[i].site->name[0].at) < 0);
    assert_int_equal(affected_back(s.redis, s.keys, s.arena, &o, 1, &r), ERR_OK);
    assert_int_equal(r.version, 3);
    assert_int_equal(r.counts.gone, 3);
    assert_int_equal(list(0).n, 6);
    assert_int_equal(affected_versions(s.redis, s.arena, SLUG, &v, &n), ERR_OK);
    assert_int_equal(n, 3);
    assert_int_equal(v[0].back, 1);
    assert_int_equal(v[0].counts.sites, 6);
    assert_int_equal(affected_back(s.redis, s.keys, s.arena, &o, 1, &r), ERR_OK);
    assert_true(r.same);
    assert_int_equal(affected_back(s.redis, s.keys, s.arena, &o, 9, &r), ERR_ABSENT);
}

static void what_was_only_staged_is_in_nobodys_way(void **state)
{
    struct affected_import o = asked();

    (void)state;
    (void)bring(o, sites(0, 5), ERR_OK);

    const char *data = str_copy(s.arena, list(0).data);

    (void)lab_say(&s, "HSET {p0}:in:sites-gone list 0");
    (void)lab_say(&s, "HDEL {p0}:in:sites-gone list_data");
    (void)lab_say(&s, "HDEL {p0}:ld:sites-gone:%s n", data);
    assert_int_equal(list(0).n, 0);
    (void)bring(o, sites(0, 5), ERR_OK); /* as after a kill between the two */
    assert_int_equal(list(0).n, 6);
    assert_string_equal(lab_say(&s, "TTL {p0}:ld:sites-gone:%s", data), "-1");
    assert_string_equal(lab_say(&s, "TTL {p0}:lr:sites-gone:%s", data), "-1");
}

static void no_site_stands_in_clear(void **state)
{
    (void)state;
    (void)bring(asked(), sites(0, 1), ERR_OK);
    assert_null(strstr(lab_say(&s, "HVALS {p0}:ld:sites-gone:%s", str_copy(s.arena, list(0).data)), "S-1000"));
}

static void a_closed_incident_takes_no_list(void **state)
{
    struct incident i;
    struct affected_import o = asked();

    (void)state;
    assert_int_equal(incident_close(s.redis, s.keys, s.arena, SLUG, STR("postern"), NOW, NULL, &i, NULL), ERR_OK);
    (void)bring(o, sites(0, 1), ERR_CONFLICT);
    o.slug = STR("another");
    (void)bring(o, sites(0, 1), ERR_ABSENT);
}

#define FRESH(test) cmocka_unit_test_setup(test, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(a_list_of_anything_else_is_refused_before_anything_is_written),
        FRESH(unknown_ids_are_taken_where_somebody_means_them_and_others_are_not),
        FRESH(a_list_comes_into_force_once),
        FRESH(a_dry_run_says_all_and_writes_nothing),
        FRESH(what_touches_many_wants_its_number_typed),
        FRESH(the_vendors_own_sites_are_a_part_of_their_own),
        FRESH(versions_differ_and_one_can_go_back),
        FRESH(what_was_only_staged_is_in_nobodys_way),
        FRESH(no_site_stands_in_clear),
        FRESH(a_closed_incident_takes_no_list),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
