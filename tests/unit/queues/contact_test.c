/* The contact vault against a real redis-server: what imports make, keep and refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "queues/contact.h"
#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/base/stamp.h"
#include "tests/unit/queues/scratch_redis.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DAY INT64_C(86400000)

static struct scratch_redis server;
static struct keyring *keys;
static struct redis *link_;
static struct arena *a;
static int64_t today_days;

static int begin(void **state)
{
    char folder[128], why[KEYRING_WHY_BYTES];

    (void)state;
    a = arena_open(65536);
    today_days = stamp_days(2026, 11, 24);
    scratch_open(&server);
    scratch_start(&server, NULL);
    (void)snprintf(folder, sizeof folder, "%s/keys", server.folder);
    assert_int_equal(keyring_open(&keys, folder, true, why), ERR_OK);
    link_ = redis_open(&server.target, 10000);
    return 0;
}

static int end(void **state)
{
    (void)state;
    redis_close(link_);
    keyring_close(keys);
    scratch_close(&server);
    arena_close(a);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    (void)scratch_say(link_, a, "FLUSHALL");
    return 0;
}

#define HEADER                                                                                                   \
    "account,account_name,contact_name,email,phone,role,site_id,site_url,invoice,tier,region,language,timezone," \
    "last_proven,authorised_for,products\n"
#define MEI                                                                                                          \
    "C-1,Example Tea,Lin Mei,Mei@example.org,+886 2 1234 5678,admin,TEA-1,https://tea.example.net/,INV-001,gold,tw," \
    "zh-TW,Asia/Taipei,2026-11-20,site security,Board\n"
#define JAN  "C-1,Example Tea,Jan Berg,jan@example.org,,billing,TEA-2,,,gold,tw,zh-TW,Asia/Taipei,,billing,Board\n"
#define SARA "C-2,Example Dates,Sara,sara@example.com,+966551234567,technical,DATES,,,,,ar,Asia/Riyadh,,all,\n"
#define JAN_GOLD_TO_IRON \
    "C-1,Example Tea,Jan Berg,jan@example.org,,billing,TEA-2,,,iron,tw,zh-TW,Asia/Taipei,,billing,Board\n"

static struct contact_import_options options(const char *source)
{
    return (struct contact_import_options){
        .source = str_of(source), .now_ms = today_days * DAY + 3600000, .as_of_days = today_days, .region_hint = "TW"};
}

static struct contact_import_report report;

static enum err import_as(const struct contact_import_options *o, const char *csv)
{
    return contact_import(link_, keys, a, o, str_of(csv), &report);
}

static void imported(const char *source, const char *csv)
{
    struct contact_import_options o = options(source);
    enum err e = import_as(&o, csv);

    if (e != ERR_OK)
        fail_msg("%s: %s, %s", err_name(e), report.refusal == NULL ? "-" : report.refusal, redis_why(link_));
}

static void counts_are(size_t added, size_t changed, size_t gone, size_t conflicts)
{
    if (report.added != added || report.changed != changed || report.gone != gone || report.conflicts != conflicts)
        fail_msg("added %zu, changed %zu, gone %zu, conflicts %zu", report.added, report.changed, report.gone,
                 report.conflicts);
}

static struct ulid account(const char *vendor)
{
    return contact_account(keys, str_of(vendor));
}

/* What b:{index} says for this account and source, or NULL. */
static const char *evidence(enum index_kind kind, const char *value, const char *vendor, const char *source)
{
    char acc[ULID_CHARS + 1];
    const char *said;

    ulid_print(account(vendor), acc);
    said = scratch_say(
        link_, a,
        arena_printf(a, "HGET %s %s:%s", key_at(a, "b", blind_index(keys, kind, str_of(value)).at).at, acc, source));
    return strcmp(said, "(nil)") == 0 ? NULL : said;
}

static void says(const char *json, const char *part)
{
    if (json == NULL || strstr(json, part) == NULL)
        fail_msg("%s: does not say %s", json == NULL ? "(nil)" : json, part);
}

static const char *fact(const char *vendor, const char *field)
{
    struct ulid acc = account(vendor);

    return scratch_say(
        link_, a,
        arena_printf(a, "HGET %s %s", key_in(a, partition_of(acc), "a", id_print(ID_ACCOUNT, acc).at).at, field));
}

static const struct contact *contact_named(const char *vendor, const char *name)
{
    struct contact *all;
    size_t n;

    assert_int_equal(contact_list(link_, keys, a, account(vendor), today_days * DAY, &all, &n), ERR_OK);
    for (size_t i = 0; i < n; i++)
        if (str_is(all[i].name, name))
            return &all[i];
    return NULL;
}

/* ---- what an import makes ---- */

static void records_and_indexes(void **state)
{
    struct contact_site *sites;
    const struct contact *mei;
    size_t n;

    (void)state;
    imported("billing", HEADER MEI JAN SARA);
    counts_are(3, 0, 0, 0);
    mei = contact_named("C-1", "Lin Mei");
    assert_non_null(mei);
    assert_true(str_is(mei->email, "Mei@example.org") && str_is(mei->phone, "+886212345678"));
    assert_true(str_is(mei->source, "billing") && mei->role == CONTACT_ADMIN);
    assert_int_equal(mei->authorised_for, CONTACT_FOR_SITE | CONTACT_FOR_SECURITY);
    assert_int_equal(mei->as_of_days, today_days);
    assert_int_equal(mei->proven_days, today_days - 4);
    assert_true(mei->gone_days == CONTACT_NO_DAY && mei->bounced_days == CONTACT_NO_DAY);
    assert_true(mei->confidence > 0.89 && mei->confidence < 0.9);
    assert_int_equal(contact_sites(link_, keys, a, account("C-1"), &sites, &n), ERR_OK);
    assert_int_equal(n, 2);
    assert_string_equal(fact("C-1", "tier"), "gold");
    assert_string_equal(fact("C-1", "imported"), "1");
    assert_string_equal(fact("C-2", "timezone"), "Asia/Riyadh");

    says(evidence(INDEX_EMAIL, "mei@example.org", "C-1", "billing"),
         arena_printf(a,
                      "{\"con\":\"%s\",\"role\":\"admin\",\"auth\":[\"site\",\"security\"],\"as_of\":%d,\"proven\":%d,"
                      "\"conf\":895,\"gone\":false,\"bounced\":false,\"tier\":\"gold\",\"region\":\"tw\","
                      "\"language\":\"zh-TW\"}",
                      id_print(ID_CONTACT, mei->id).at, (int)today_days, (int)today_days - 4));
    says(evidence(INDEX_PHONE, "+886212345678", "C-1", "billing"), id_print(ID_CONTACT, mei->id).at);
    says(evidence(INDEX_SITE, "TEA1", "C-1", "billing"), "\"auth\":[]");
    says(evidence(INDEX_SITE, "tea.example.net", "C-1", "billing"), "{\"site\":\"site_");
    says(evidence(INDEX_INVOICE, "INV001", "C-1", "billing"), id_print(ID_CONTACT, mei->id).at);
    says(evidence(INDEX_EMAIL, "sara@example.com", "C-2", "billing"), "\"proven\":null");
}

static void nothing_personal_is_in_clear(void **state)
{
    static const char *const secrets[] = {"Lin Mei", "ei@example.org",  "212345678", "Example Tea", "TEA-1", "TEA1",
                                          "C-1",     "tea.example.net", "INV-001",   "INV001",      "acme",  NULL};
    FILE *f = popen(arena_printf(a, "cat %s/appendonlydir/*", server.folder), "r");
    struct buf aof = {0};
    char piece[65536];

    (void)state;
    imported("billing", HEADER MEI JAN SARA);
    (void)pclose(f);
    f = popen(arena_printf(a, "cat %s/appendonlydir/*", server.folder), "r");
    for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;)
        buf_add(&aof, piece, n);
    (void)pclose(f);
    assert_true(aof.len > 1000 && memmem(aof.at, aof.len, "zh-TW", 5) != NULL);
    for (size_t i = 0; secrets[i] != NULL; i++)
        if (memmem(aof.at, aof.len, secrets[i], strlen(secrets[i])) != NULL)
            fail_msg("%s is in the append-only file", secrets[i]);
    buf_free(&aof);
}

static void the_same_again_changes_nothing(void **state)
{
    const char *before;

    (void)state;
    imported("billing", HEADER MEI JAN SARA);
    before = scratch_say(link_, a, "DEBUG DIGEST");
    imported("billing", "\xEF\xBB\xBF" HEADER SARA JAN MEI);
    counts_are(0, 0, 0, 0);
    assert_string_equal(scratch_say(link_, a, "DEBUG DIGEST"), before);
}

static void a_dry_run_writes_nothing(void **state)
{
    struct contact_import_options o = options("billing");

    (void)state;
    o.dry_run = true;
    assert_int_equal(import_as(&o, HEADER MEI JAN SARA ",,,,,,,,,,,,,,,bad\n"), ERR_INPUT);
    assert_int_equal(report.bad_count, 1);
    assert_int_equal(report.bad[0].line, 5);
    assert_string_equal(report.bad[0].reason, "no account");
    assert_int_equal(import_as(&o, HEADER MEI JAN SARA), ERR_OK);
    counts_are(3, 0, 0, 0);
    assert_string_equal(scratch_say(link_, a, "DBSIZE"), "0");
}

static void one_contact_on_several_lines_is_one_record(void **state)
{
    const struct contact *jan;

    (void)state;
    imported("crm", "account,email,contact_name,role,site_id,invoice,authorised_for,last_proven\n"
                    "C-1,jan@example.org,,other,S-001,INV-1,site,2026-01-01\n"
                    "C-1,JAN@example.org,Jan,admin,S-002,INV-2,billing,2026-02-01\n");
    counts_are(1, 0, 0, 0);
    jan = contact_named("C-1", "Jan");
    assert_non_null(jan);
    assert_int_equal(jan->authorised_for, CONTACT_FOR_SITE | CONTACT_FOR_BILLING);
    assert_int_equal(jan->role, CONTACT_ADMIN);
    assert_int_equal(jan->proven_days, stamp_days(2026, 2, 1));
    assert_int_equal(jan->invoice_count, 2);
    assert_non_null(evidence(INDEX_SITE, "S002", "C-1", "crm"));
    imported("crm", "account,email,contact_name,role,site_id,invoice,authorised_for,last_proven\n"
                    "C-1,jan@example.org,,other,S-001,INV-9,site,2026-01-01\n"
                    "C-1,JAN@example.org,Jan,admin,S-002,INV-2,billing,2026-02-01\n");
    counts_are(0, 1, 0, 0);
}

static void a_shared_phone_may_what_all_may(void **state)
{
    struct contact_import_options o = options("crm");

    (void)state;
    o.accept_shrink = true;
    imported("crm", "account,email,phone,role,authorised_for\n"
                    "C-1,jan@example.org,+886212345678,admin,all\n"
                    "C-1,mei@example.org,+886212345678,billing,site billing\n");
    says(evidence(INDEX_PHONE, "+886212345678", "C-1", "crm"), "\"role\":\"other\",\"auth\":[\"site\",\"billing\"]");

    /* Who is gone has no say any more. */
    assert_int_equal(import_as(&o, "account,email,phone,role,authorised_for\n"
                                   "C-1,jan@example.org,+886212345678,admin,all\n"),
                     ERR_OK);
    says(evidence(INDEX_PHONE, "+886212345678", "C-1", "crm"),
         "\"role\":\"admin\",\"auth\":[\"site\",\"billing\",\"security\"]");
}

/* ---- time passes ---- */

static void who_is_missing_is_gone_and_may_come_back(void **state)
{
    const struct contact *jan;

    (void)state;
    imported("billing", HEADER MEI JAN SARA "C-9,,,x@example.org,,,,,,,,,,,,\nC-9,,,y@example.org,,,,,,,,,,,,\n");
    today_days++;
    imported("billing", HEADER MEI SARA "C-9,,,x@example.org,,,,,,,,,,,,\nC-9,,,y@example.org,,,,,,,,,,,,\n");
    counts_are(0, 0, 1, 0);
    jan = contact_named("C-1", "Jan Berg");
    assert_non_null(jan);
    assert_int_equal(jan->gone_days, today_days);
    says(evidence(INDEX_EMAIL, "jan@example.org", "C-1", "billing"), "\"gone\":true");
    says(evidence(INDEX_EMAIL, "jan@example.org", "C-1", "billing"), "\"conf\":449");
    says(evidence(INDEX_SITE, "TEA2", "C-1", "billing"), "\"gone\":true");
    says(evidence(INDEX_SITE, "TEA1", "C-1", "billing"), "\"gone\":false");

    today_days++;
    imported("billing", HEADER MEI SARA "C-9,,,x@example.org,,,,,,,,,,,,\nC-9,,,y@example.org,,,,,,,,,,,,\n");
    counts_are(0, 0, 0, 0);
    assert_int_equal(contact_named("C-1", "Jan Berg")->gone_days, today_days - 1);

    imported("billing", HEADER MEI JAN SARA "C-9,,,x@example.org,,,,,,,,,,,,\nC-9,,,y@example.org,,,,,,,,,,,,\n");
    counts_are(0, 1, 0, 0);
    assert_true(contact_named("C-1", "Jan Berg")->gone_days == CONTACT_NO_DAY);
    says(evidence(INDEX_EMAIL, "jan@example.org", "C-1", "billing"), "\"gone\":false");

    imported("billing", HEADER MEI SARA "C-9,,,x@example.org,,,,,,,,,,,,\nC-9,,,y@example.org,,,,,,,,,,,,\n");
    today_days += CONTACT_GONE_MATCHED_DAYS;
    imported("billing", HEADER MEI SARA "C-9,,,x@example.org,,,,,,,,,,,,\nC-9,,,y@example.org,,,,,,,,,,,,\n");
    assert_non_null(evidence(INDEX_EMAIL, "jan@example.org", "C-1", "billing"));
    today_days++;
    imported("billing", HEADER MEI SARA "C-9,,,x@example.org,,,,,,,,,,,,\nC-9,,,y@example.org,,,,,,,,,,,,\n");
    assert_null(evidence(INDEX_EMAIL, "jan@example.org", "C-1", "billing"));
    assert_non_null(contact_named("C-1", "Jan Berg"));
    today_days = stamp_days(2026, 11, 24);
}

static void a_new_number_takes_the_place_of_the_old_one(void **state)
{
    (void)state;
    imported("crm", "account,email,phone,invoice\nC-1,jan@example.org,+886212345678,INV-1\n");
    imported("crm", "account,email,phone,invoice\nC-1,jan@example.org,+886287654321,INV-2\n");
    counts_are(0, 1, 0, 0);
    assert_null(evidence(INDEX_PHONE, "+886212345678", "C-1", "crm"));
    assert_non_null(evidence(INDEX_PHONE, "+886287654321", "C-1", "crm"));
    assert_non_null(evidence(INDEX_INVOICE, "INV1", "C-1", "crm"));
    assert_non_null(evidence(INDEX_INVOICE, "INV2", "C-1", "crm"));
}

static void bounced(struct str address)
{
    struct redis_value *v;
    size_t n;

    contact_queue_bounced(link_, keys, a, address, today_days * DAY);
    assert_int_equal(redis_flush(link_, a, &v, &n), ERR_OK);
    assert_int_equal(redis_value_err(link_, &v[0]), ERR_OK);
}

static void a_bounce_outlives_imports_until_a_later_proof(void **state)
{
    (void)state;
    imported("billing", HEADER MEI JAN SARA);
    bounced(STR("mei@example.org"));
    bounced(STR("nobody@example.org"));
    says(evidence(INDEX_EMAIL, "mei@example.org", "C-1", "billing"), "\"bounced\":true");
    assert_int_equal(contact_named("C-1", "Lin Mei")->bounced_days, today_days);
    assert_true(contact_named("C-1", "Lin Mei")->confidence < 0.2);
    assert_string_equal(
        scratch_say(link_, a,
                    arena_printf(a, "EXISTS %s",
                                 key_at(a, "b", blind_index(keys, INDEX_EMAIL, STR("nobody@example.org")).at).at)),
        "0");

    today_days++;
    imported("billing", HEADER MEI JAN SARA);
    says(evidence(INDEX_EMAIL, "mei@example.org", "C-1", "billing"), "\"bounced\":true");
    imported("crm", "account,email,last_proven\nC-1,mei@example.org,2026-11-25\n");
    says(evidence(INDEX_EMAIL, "mei@example.org", "C-1", "crm"), "\"bounced\":false");
    says(evidence(INDEX_EMAIL, "mei@example.org", "C-1", "billing"), "\"bounced\":true");
    today_days = stamp_days(2026, 11, 24);
}

/* ---- several sources ---- */

static void sources_stand_side_by_side(void **state)
{
    static const char *const orders[][2] = {{"billing", "crm"}, {"crm", "billing"}};

    (void)state;
    for (int i = 0; i < 2; i++) {
        (void)scratch_say(link_, a, "FLUSHALL");
        for (int j = 0; j < 2; j++)
            imported(orders[i][j], strcmp(orders[i][j], "crm") == 0 ? HEADER JAN_GOLD_TO_IRON : HEADER JAN MEI);
        assert_string_equal(fact("C-1", "tier"), "gold");
        assert_string_equal(fact("C-1", "tier@crm"), "iron");
        says(evidence(INDEX_EMAIL, "jan@example.org", "C-1", "crm"), "\"tier\":\"iron\"");
        says(evidence(INDEX_EMAIL, "jan@example.org", "C-1", "billing"), "\"tier\":\"gold\"");
    }
    imported("crm", "account,email\nC-1,jan@example.org\n");
    assert_string_equal(fact("C-1", "tier@crm"), "iron");
    assert_non_null(contact_named("C-1", "Jan Berg"));
}

static void conflicts_are_counted(void **state)
{
    static const struct {
        const char *label, *csv;
        size_t conflicts;
    } rows[] = {
        {"agrees",
         "account,email,contact_name,phone,role,authorised_for\nC-1,mei@example.org,lin mei,+886212345678,"
         "admin,site security\n",
         0},
        {"says less", "account,email\nC-1,mei@example.org\n", 0},
        {"another name", "account,email,contact_name\nC-1,mei@example.org,Mei Wang\n", 1},
        {"another phone", "account,email,phone\nC-1,mei@example.org,+886287654321\n", 1},
        {"another role", "account,email,role\nC-1,mei@example.org,billing\n", 1},
        {"other rights", "account,email,authorised_for\nC-1,mei@example.org,all\n", 1},
        {"another account", "account,email\nC-3,mei@example.org\n", 1},
        {"two accounts of the file", "account,email\nC-3,new@example.org\nC-4,new@example.org\nC-5,x@example.org\n", 2},
        {"nobody known", "account,email\nC-3,new@example.org\n", 0},
    };

    (void)state;
    imported("billing", HEADER MEI JAN SARA);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct contact_import_options o = options("crm");

        o.dry_run = true;
        assert_int_equal(import_as(&o, rows[i].csv), ERR_OK);
        if (report.conflicts != rows[i].conflicts)
            fail_msg("%s: %zu", rows[i].label, report.conflicts);
    }
}

/* ---- guards ---- */

static const char *many(int from, int to, int bad)
{
    struct buf b = {0};
    const char *s;

    buf_text(&b, "account,email,site_id\n");
    for (int i = from; i < to; i++)
        buf_printf(&b, "A-%d,p%d@example.org,S-%03d\n", i / 2, i, i / 2);
    for (int i = 0; i < bad; i++)
        buf_printf(&b, "A-1,,\n");
    s = arena_strdup(a, buf_view(&b).at);
    buf_free(&b);
    return s;
}

static void guards_refuse_whole(void **state)
{
    const struct {
        const char *label, *first, *second, *refusal; /* NULL: taken */
    } rows[] = {
        {"5 % bad", "", many(0, 95, 5), NULL},
        {"6 % bad", "", many(0, 94, 6), "more than 5 % of the lines are bad (6 of 100)"},
        {"all bad", "", many(0, 0, 1), "more than 5 % of the lines are bad (1 of 1)"},
        {"a fifth less", many(0, 10, 0),
         "account,email,site_id\nA-0,p0@example.org,S-000\nA-1,p2@example.org,S-001\n"
         "A-2,p4@example.org,S-002\nA-2,p5@example.org,S-002\n"
         "A-3,p6@example.org,S-003\nA-3,p7@example.org,S-003\n"
         "A-4,p8@example.org,S-004\nA-4,p9@example.org,S-004\n",
         NULL},
        {"more than a fifth less", many(0, 10, 0), many(0, 7, 0),
         "the source would shrink by more than 20 % (from 10 contacts to 7)"},
        {"no lines left", many(0, 10, 0), "account,email\n",
         "the source would shrink by more than 20 % (from 10 contacts to 0)"},
        {"one account of many loses its contacts", many(0, 400, 0), many(2, 400, 0),
         "account A-0 would be left without contacts"},
        {"one account of many loses its sites", many(0, 40, 0),
         arena_printf(a, "%sA-0,p0@example.org,\nA-0,p1@example.org,\n", many(2, 40, 0)),
         "account A-0 would be left without sites"},
        {"another header", "", "name,email\n", "line 1: no column \"account\""},
        {"nothing", "", "", "line 1: the file is empty"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct contact_import_options o = options("backup");
        const char *before;
        enum err e;

        (void)scratch_say(link_, a, "FLUSHALL");
        if (*rows[i].first != '\0')
            imported("backup", rows[i].first);
        before = scratch_say(link_, a, "DEBUG DIGEST");
        e = import_as(&o, rows[i].second);
        if ((e == ERR_OK) != (rows[i].refusal == NULL) || (e != ERR_OK && strcmp(report.refusal, rows[i].refusal) != 0))
            fail_msg("%s: %s, %s", rows[i].label, err_name(e), report.refusal);
        if (e != ERR_OK)
            assert_string_equal(scratch_say(link_, a, "DEBUG DIGEST"), before);
    }
}

static void accepting_the_shrink_lifts_the_guards(void **state)
{
    struct contact_import_options o = options("backup");

    (void)state;
    imported("backup", many(0, 40, 0));
    o.accept_shrink = true;
    assert_int_equal(import_as(&o, many(10, 20, 5)), ERR_OK);
    assert_null(report.refusal);
    counts_are(0, 0, 30, 0);
    imported("backup", many(10, 20, 0));
}

static void another_source_keeps_an_account_alive(void **state)
{
    (void)state;
    imported("crm", many(0, 2, 0));
    imported("backup", many(0, 40, 0));
    imported("backup", many(2, 40, 0));
    counts_are(0, 0, 2, 0);
}

static void sources_have_names(void **state)
{
    static const struct {
        const char *source;
        bool valid;
    } rows[] = {
        {"billing", true},
        {"crm-2", true},
        {"a", true},
        {"", false},
        {"-", false},
        {"CRM", false},
        {"a b", false},
        {"a:b", false},
        {"12345678901234567890123456789012", true},
        {"123456789012345678901234567890123", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(contact_source_valid(str_of(rows[i].source)), rows[i].valid);
}

/* ---- cut off ---- */

/* All that is stored, unsealed, in one order: what two imports must agree on. */
static const char *whole_state(const char *command)
{
    FILE *f = popen(command, "r");
    struct buf b = {0};
    char piece[4096];
    const char *s;

    for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;)
        buf_add(&b, piece, n);
    (void)pclose(f);
    s = arena_strdup(a, buf_view(&b).at);
    buf_free(&b);
    return s;
}

static void print_account(struct buf *b, const char *vendor)
{
    struct contact *c;
    struct contact_site *s;
    size_t n;

    assert_int_equal(contact_list(link_, keys, a, account(vendor), today_days * DAY, &c, &n), ERR_OK);
    for (size_t i = 0; i < n; i++)
        buf_printf(b, "%s %s %s %d %d %d %d\n", vendor, id_print(ID_CONTACT, c[i].id).at, c[i].email.at,
                   (int)c[i].as_of_days, (int)c[i].gone_days, (int)(c[i].confidence * 1000), (int)c[i].said[0]);
    assert_int_equal(contact_sites(link_, keys, a, account(vendor), &s, &n), ERR_OK);
    for (size_t i = 0; i < n; i++)
        buf_printf(b, "%s %s %s %d\n", vendor, id_print(ID_SITE, s[i].id).at, s[i].site_id.at, (int)s[i].gone_days);
    buf_printf(b, "%s v %s\n", vendor, fact(vendor, "v"));
}

static const char *state_now(int accounts)
{
    struct buf b = {0};
    const char *s, *dump =
                       "redis-cli -s %s --no-raw eval \"local all = {} for _, k in ipairs(redis.call('KEYS', '*')) do "
                       "if string.match(k, '^b:') or string.match(k, '^imp:') then local h = redis.call('HGETALL', k) "
                       "for i = 1, #h, 2 do table.insert(all, k .. ' ' .. h[i] .. ' ' .. h[i+1]) end end end "
                       "table.sort(all) return redis.sha1hex(table.concat(all, '\\n')) .. ' ' .. #all\" 0";

    for (int i = 0; i < accounts; i++)
        print_account(&b, arena_printf(a, "A-%d", i));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    buf_text(&b, whole_state(arena_printf(a, dump, server.target.path)));
#pragma GCC diagnostic pop
    s = arena_strdup(a, buf_view(&b).at);
    buf_free(&b);
    return s;
}

static int64_t now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* Imports in a process of its own that is killed after so long; did it live to be killed? */
static bool import_cut(const struct contact_import_options *o, const char *csv, int64_t after_us)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        link_ = redis_open(&server.target, 10000);
        _exit(import_as(o, csv) == ERR_OK ? 0 : 1);
    }
    (void)usleep((useconds_t)after_us);
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, &status, 0);
    return WIFSIGNALED(status);
}

static void a_cut_import_ends_where_it_would_have(void **state)
{
    enum { ACCOUNTS = 200, CUTS = 16 };
    const char *first = many(0, 2 * ACCOUNTS, 0), *second = many(10, 2 * ACCOUNTS, 0), *whole;
    struct contact_import_options o = options("backup");
    int64_t took_us;
    int cut = 0;

    (void)state;
    o.accept_shrink = true;
    imported("backup", first);
    o.now_ms += DAY, o.as_of_days++;
    took_us = now_us();
    assert_int_equal(import_as(&o, second), ERR_OK);
    took_us = now_us() - took_us;
    whole = state_now(ACCOUNTS);

    for (int i = 0; i < CUTS; i++) {
        (void)scratch_say(link_, a, "FLUSHALL");
        imported("backup", first);
        cut += import_cut(&o, second, took_us * (i + 1) / CUTS);
        assert_int_equal(import_as(&o, second), ERR_OK);
        assert_string_equal(state_now(ACCOUNTS), whole);
    }
    print_message("  cut off %d of %d times\n", cut, CUTS);
    assert_true(cut > 0);
}

/* ---- speed ---- */

static const char *full_lines(int n)
{
    struct buf b = {0};
    const char *s;

    buf_text(&b, HEADER);
    for (int i = 0; i < n; i++)
        buf_printf(&b,
                   "A-%d,Example %d GmbH,Person %d,p%d@example.org,+49 30 23%06d,admin,S-%05d,https://s%d.example.net/,"
                   "INV-%06d,gold,de,de,Europe/Berlin,2026-10-01,all,Board\n",
                   i / 2, i / 2, i, i, i, i / 2, i / 2, i);
    s = arena_strdup(a, buf_view(&b).at);
    buf_free(&b);
    return s;
}

static void thousands_take_seconds(void **state)
{
    int rows = getenv("CONTACT_ROWS") != NULL ? atoi(getenv("CONTACT_ROWS")) : 5000;
    const char *csv = full_lines(rows);
    int64_t began = now_us(), first;

    (void)state;
    imported("backup", csv);
    first = now_us() - began;
    began = now_us();
    today_days++;
    imported("backup", csv);
    print_message("  %d rows: first %d ms, a day later %d ms\n", rows, (int)(first / 1000),
                  (int)((now_us() - began) / 1000));
    today_days--;
    assert_int_equal(report.rows, rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(records_and_indexes, empty),
        cmocka_unit_test_setup(nothing_personal_is_in_clear, empty),
        cmocka_unit_test_setup(the_same_again_changes_nothing, empty),
        cmocka_unit_test_setup(a_dry_run_writes_nothing, empty),
        cmocka_unit_test_setup(one_contact_on_several_lines_is_one_record, empty),
        cmocka_unit_test_setup(a_shared_phone_may_what_all_may, empty),
        cmocka_unit_test_setup(who_is_missing_is_gone_and_may_come_back, empty),
        cmocka_unit_test_setup(a_new_number_takes_the_place_of_the_old_one, empty),
        cmocka_unit_test_setup(a_bounce_outlives_imports_until_a_later_proof, empty),
        cmocka_unit_test_setup(sources_stand_side_by_side, empty),
        cmocka_unit_test_setup(conflicts_are_counted, empty),
        cmocka_unit_test_setup(guards_refuse_whole, empty),
        cmocka_unit_test_setup(accepting_the_shrink_lifts_the_guards, empty),
        cmocka_unit_test_setup(another_source_keeps_an_account_alive, empty),
        cmocka_unit_test(sources_have_names),
        cmocka_unit_test_setup(a_cut_import_ends_where_it_would_have, empty),
        cmocka_unit_test_setup(thousands_take_seconds, empty),
    };

    return cmocka_run_group_tests_name("contact", tests, begin, end);
}
