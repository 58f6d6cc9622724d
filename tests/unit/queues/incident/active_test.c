/* active: what is declared is in force for whoever asks, and what does not load harms nobody; on a real
 * redis-server. */
#include "queues/incident/active.h"
#include "queues/incident/freeze.h"
#include "queues/incident/incident.h"
#include "queues/ruleset.h"
#include "rules/route.h"
#include "tests/unit/queues/scratch_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1790000000000)

static struct lab s;
static struct ruleset *rules;
static struct active *active;
static const char *base; /* the rules of the house */
static int made;         /* how often rules were */

static enum err no_zone(void *arg, const char *name, struct buf *bytes)
{
    (void)arg;
    (void)name;
    (void)bytes;
    return ERR_ABSENT;
}

/* A pack here is one line of routes; it stands before those of the house. */
static enum err compose(void *arg, const struct active_pack *packs, size_t n, struct rules **out, struct buf *faults)
{
    struct buf text = {0};

    (void)arg;
    made++;
    buf_text(&text,
             "queue triage { first-reply 1h calendar always }\nqueue restore { first-reply 1h calendar always }\n");
    for (size_t i = 0; i < n; i++)
        buf_str(&text, packs[i].text);
    buf_text(&text, base);

    enum err e = rules_load(out, "test.rules", buf_view(&text), no_zone, NULL, faults);

    buf_free(&text);
    return e;
}

#define HOUSE   "route otherwise to triage priority 10\n"
#define PACK    "route when impact down to restore priority 80\n"
#define ANOTHER "route when impact degraded to restore priority 70\n"
#define BROKEN  "route when impact down to nowhere priority 80\n"

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

static int fresh(void **state)
{
    struct buf faults = {0};
    struct rules *r;

    (void)state;
    lab_empty(&s);
    base = HOUSE;
    if (compose(NULL, NULL, 0, &r, &faults) != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
    rules = ruleset_open(r);
    active = active_open(rules, compose, NULL);
    made = 0;
    return 0;
}

static int over(void **state)
{
    (void)state;
    active_close(active);
    ruleset_close(rules);
    return 0;
}

static void declare(const char *slug, const char *text)
{
    static int64_t at_ms = NOW;
    struct incident_declaration d = {.slug = str_of(slug),
                                     .title = STR("t"),
                                     .pack = STR("p"),
                                     .rules = str_of(text),
                                     .by = STR("postern"),
                                     .at_ms = ++at_ms};
    struct incident i;

    assert_int_equal(incident_declare(s.redis, s.keys, s.arena, &d, &i, NULL), ERR_OK);
}

static void close_it(const char *slug)
{
    struct incident i;

    assert_int_equal(incident_close(s.redis, s.keys, s.arena, str_of(slug), STR("postern"), NOW, NULL, &i, NULL),
                     ERR_OK);
}

static bool stale(void)
{
    struct redis_value *v;
    size_t n;
    bool is;

    active_ask(s.redis, s.arena);
    assert_int_equal(redis_flush(s.redis, s.arena, &v, &n), ERR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(active_hear(active, s.redis, &v[0], &is), ERR_OK);
    return is;
}

static void renew(void)
{
    assert_int_equal(active_renew(active, s.redis, s.keys, s.arena), ERR_OK);
    assert_false(stale());
}

/* Where something that is down goes, and something that is degraded. */
static void assert_routes(const char *down, const char *degraded)
{
    const struct rules *r = ruleset_take(rules);
    struct facts f = facts_default();
    struct decision d;

    f.impact = IMPACT_DOWN;
    rules_route(r, &f, s.arena, &d);
    assert_string_equal(d.queue->name, down);
    f.impact = IMPACT_DEGRADED;
    rules_route(r, &f, s.arena, &d);
    assert_string_equal(d.queue->name, degraded);
    ruleset_release(rules, r);
}

static void assert_state(int64_t version, size_t packs, size_t left_out)
{
    struct active_state now;

    active_state(active, &now);
    assert_int_equal(now.version, version);
    assert_int_equal(now.packs, packs);
    assert_int_equal(now.left_out, left_out);
}

static void makes_nothing_where_nothing_is_declared(void **state)
{
    (void)state;
    assert_true(stale());
    renew();
    assert_int_equal(made, 0);
    assert_state(0, 0, 0);
}

static void follows_declaring_and_closing(void **state)
{
    (void)state;
    renew();
    declare("a", PACK);
    assert_routes("triage", "triage");
    assert_true(stale());
    renew();
    assert_routes("restore", "triage");
    declare("b", ANOTHER);
    renew();
    assert_routes("restore", "restore");
    assert_state(2, 2, 0);
    close_it("a");
    assert_true(stale());
    renew();
    assert_routes("triage", "restore");
    close_it("b");
    renew();
    assert_routes("triage", "triage");
    assert_state(4, 0, 0);
}

static void makes_nothing_where_only_the_version_moved(void **state)
{
    struct change *c = change_begin(s.arena);

    (void)state;
    declare("a", PACK);
    renew();
    assert_int_equal(made, 1);
    change_incidents_moved(c);
    assert_int_equal(change_run(s.redis, s.arena, c, STR(""), STR(""), STR(""), NULL), ERR_OK);
    assert_true(stale());
    renew();
    assert_int_equal(made, 1);
}

static void leaves_out_a_pack_that_does_not_load_alone(void **state)
{
    (void)state;
    declare("a", PACK);
    declare("bad", BROKEN);
    declare("b", ANOTHER);
    renew();
    assert_routes("restore", "restore");
    assert_state(3, 2, 1);
    close_it("bad");
    renew();
    assert_state(4, 2, 0);
}

static void keeps_what_is_in_force_where_nothing_loads(void **state)
{
    (void)state;
    declare("a", PACK);
    renew();
    base = "route otherwise to nowhere priority 1\n";
    close_it("a");
    declare("b", ANOTHER);
    renew();
    assert_routes("restore", "triage");
    base = HOUSE;
}

static void reloads_the_rules_of_the_house_under_them(void **state)
{
    struct buf faults = {0};

    (void)state;
    declare("a", PACK);
    renew();
    base = "route otherwise to restore priority 10\n";
    assert_int_equal(active_reload(active, NULL, &faults), ERR_OK);
    assert_routes("restore", "restore");
    assert_false(stale());
    base = "route when impact degraded to nowhere\nroute otherwise to triage priority 10\n";
    assert_int_equal(active_reload(active, NULL, &faults), ERR_CONF);
    assert_true(faults.len > 0);
    assert_routes("restore", "restore");
    buf_free(&faults);
}

static void tries_what_was_left_out_again_after_a_reload(void **state)
{
    struct buf faults = {0};

    (void)state;
    declare("bad", "route when impact down to later priority 80\n");
    renew();
    assert_state(1, 0, 1);
    base = "queue later { first-reply 1h calendar always }\n" HOUSE;
    assert_int_equal(active_reload(active, NULL, &faults), ERR_OK);
    assert_true(stale());
    renew();
    assert_routes("later", "triage");
    assert_state(1, 1, 0);
}

static void tries_a_pack_and_puts_it_in_force_nowhere(void **state)
{
    struct active_pack pack = {STR("b"), STR("p"), STR(ANOTHER)}, bad = {STR("c"), STR("p"), STR(BROKEN)};
    struct buf faults = {0};
    struct rules *r;

    (void)state;
    declare("a", PACK);
    renew();
    assert_int_equal(active_try(active, &pack, &r, &faults), ERR_OK);
    rules_close(r);
    assert_int_equal(active_try(active, &bad, &r, &faults), ERR_CONF);
    assert_non_null(strstr(buf_view(&faults).at, "nowhere"));
    buf_free(&faults);
    assert_routes("restore", "triage");
}

static void freeze(const char *slug, enum freeze what, bool frozen, enum err want)
{
    assert_int_equal(freeze_set(s.redis, s.keys, s.arena, str_of(slug), what, frozen, STR("postern"), NOW), want);
}

static void assert_frozen_by(const char *slug)
{
    struct active_state now;

    renew();
    active_state(active, &now);
    assert_string_equal(now.frozen, slug);
}

static void knows_who_freezes_the_rules(void **state)
{
    struct incident *declared;
    struct str version;
    size_t n;

    (void)state;
    declare("a", PACK);
    declare("b", ANOTHER);
    assert_frozen_by("b");
    freeze("b", FREEZE_RULES, false, ERR_OK);
    freeze("b", FREEZE_RULES, false, ERR_OK);
    assert_frozen_by("a");
    freeze("a", FREEZE_RULES, false, ERR_OK);
    assert_frozen_by("");
    freeze("b", FREEZE_RULES, true, ERR_OK);
    freeze("b", FREEZE_IMPORTS, false, ERR_OK);
    assert_frozen_by("b");
    assert_int_equal(incidents_declared(s.redis, s.keys, s.arena, &declared, &n, &version), ERR_OK);
    assert_string_equal(freeze_by(declared, n, FREEZE_IMPORTS)->slug.at, "a");
    close_it("b");
    assert_frozen_by("");
    freeze("b", FREEZE_RULES, true, ERR_GONE);
    freeze("c", FREEZE_RULES, true, ERR_ABSENT);
    assert_string_equal(lab_say(&s, "HLEN {p0}:ih:b"), "5");
}

static void follows_a_redis_that_went_back(void **state)
{
    (void)state;
    declare("a", PACK);
    renew();
    lab_empty(&s);
    assert_true(stale());
    renew();
    assert_routes("triage", "triage");
    assert_state(0, 0, 0);
}

static void does_nothing_without_redis(void **state)
{
    struct redis_value *v;
    size_t n;

    (void)state;
    declare("a", PACK);
    renew();
    scratch_kill(&s.server);
    active_ask(s.redis, s.arena);
    assert_int_equal(redis_flush(s.redis, s.arena, &v, &n), ERR_STORE);
    assert_int_equal(active_renew(active, s.redis, s.keys, s.arena), ERR_STORE);
    assert_routes("restore", "triage");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(makes_nothing_where_nothing_is_declared, fresh, over),
        cmocka_unit_test_setup_teardown(follows_declaring_and_closing, fresh, over),
        cmocka_unit_test_setup_teardown(makes_nothing_where_only_the_version_moved, fresh, over),
        cmocka_unit_test_setup_teardown(leaves_out_a_pack_that_does_not_load_alone, fresh, over),
        cmocka_unit_test_setup_teardown(keeps_what_is_in_force_where_nothing_loads, fresh, over),
        cmocka_unit_test_setup_teardown(reloads_the_rules_of_the_house_under_them, fresh, over),
        cmocka_unit_test_setup_teardown(tries_what_was_left_out_again_after_a_reload, fresh, over),
        cmocka_unit_test_setup_teardown(tries_a_pack_and_puts_it_in_force_nowhere, fresh, over),
        cmocka_unit_test_setup_teardown(knows_who_freezes_the_rules, fresh, over),
        cmocka_unit_test_setup_teardown(follows_a_redis_that_went_back, fresh, over),
        cmocka_unit_test_setup_teardown(does_nothing_without_redis, fresh, over),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
