/* overlay: packs of declared incidents over the rules. */
#include "gateway/zoneinfo.h"
#include "rules/base/arena.h"
#include "rules/explain.h"
#include "rules/pack.h"
#include "rules/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char base[] = "queue restore { title \"Restore\" first-reply 1h calendar always }\n"
                           "queue rest { }\n"
                           "route when affected to restore priority 80\n"
                           "route when incident to rest priority 70\n"
                           "route otherwise to rest priority 50\n"
                           "expect affected queue restore\n"
                           "expect channel phone queue rest\n";

#define PACK "pack lost { title \"Lost\" severity high \"All is lost\" role commander \"Decides\" }\n"

static const char lost[] = PACK "queue restore { first-reply 30m calendar always }\n"
                                "route when affected to restore priority 95\n"
                                "route when channel phone, incident to rest priority 94\n"
                                "expect affected queue restore priority 95\n"
                                "expect incident, channel phone queue rest priority 94\n"
                                "expect incident queue rest priority 70\n"
                                "expect impact question queue rest priority 50\n";

/* Takes what others may want, too. */
static const char crowd[] = PACK "queue press { title \"Press\" }\n"
                                 "route when channel phone to press priority 60\n"
                                 "route when affected to press priority 61\n"
                                 "expect channel phone queue press\n";

static struct rules *load(const struct rules_overlay *overlays, size_t n)
{
    const struct rules_sources from = {.zones = zoneinfo_bytes};
    struct rules *r = NULL;
    struct buf faults = {0};

    if (rules_load_over(&r, "base", str_of(base), overlays, n, &from, &faults) != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
    buf_free(&faults);
    return r;
}

static void the_newest_on_top_and_the_rules_below(void **state)
{
    enum { A = 1, B = 2 };
    static const struct {
        const char *label;
        struct facts facts;
        const char *queue, *file;
        int line, priority;
    } cases[] = {
        {"of neither", {.channel = CHANNEL_WEB}, "rest", "base", 5, 50},
        {"of the older one", {.affected = B}, "old.restore", "lost", 3, 95},
        {"of the newer one", {.affected = A}, "new.press", "crowd", 4, 61},
        {"of both: the newer one", {.affected = A | B}, "new.press", "crowd", 4, 61},
        {"the newer one takes every call", {.affected = B, .channel = CHANNEL_PHONE}, "new.press", "crowd", 3, 60},
        {"of one that is not declared here", {.affected = 4}, "restore", "base", 3, 80},
        {"belongs to it and is not listed", {.incident = B}, "rest", "base", 4, 70},
    };
    const struct rules_overlay overlays[] = {{"new", "crowd", str_of(crowd)}, {"old", "lost", str_of(lost)}};
    struct rules *r = load(overlays, 2);
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct decision d;

        rules_route(r, &cases[i].facts, a, &d);
        if (strcmp(d.queue->name, cases[i].queue) != 0 || strcmp(d.file, cases[i].file) != 0 ||
            d.line != cases[i].line || d.priority != cases[i].priority)
            fail_msg("%s: %s by %s:%d, priority %d", cases[i].label, d.queue->name, d.file, d.line, d.priority);
    }
    arena_close(a);
    rules_close(r);
}

static void each_incident_has_a_bit(void **state)
{
    const struct rules_overlay overlays[] = {{"new", "lost", str_of(lost)}, {"old", "lost", str_of(lost)}};
    struct rules *two = load(overlays, 2), *none = load(NULL, 0), *one = load(&overlays[1], 1);

    (void)state;
    assert_int_equal(rules_overlay_count(two), 2);
    assert_string_equal(rules_overlay_slug(two, 1), "old");
    assert_int_equal(rules_overlay_bit(two, STR("new")), 1);
    assert_int_equal(rules_overlay_bit(two, STR("old")), 2);
    assert_int_equal(rules_overlay_bit(two, STR("ol")), 0);
    assert_int_equal(rules_overlay_bit(none, STR("old")), 0);
    assert_int_equal(rules_overlay_bit(one, STR("old")), 1);
    assert_string_not_equal(rules_version(two), rules_version(one));
    assert_string_not_equal(rules_version(one), rules_version(none));
    rules_close(two);
    rules_close(none);
    rules_close(one);
}

/* Two incidents of one pack have a queue each; the rules' own keeps its name. */
static void queues_are_named_for_their_incident(void **state)
{
    const struct rules_overlay overlays[] = {{"new", "lost", str_of(lost)}, {"old", "lost", str_of(lost)}};
    struct rules *r = load(overlays, 2);
    const struct rules_queue *own = rules_queue(r, STR("restore")), *old = rules_queue(r, STR("old.restore"));

    (void)state;
    assert_int_equal(rules_queue_count(r), 4);
    assert_string_equal(rules_queue_at(r, 0)->name, "new.restore");
    assert_string_equal(old->incident, "old");
    assert_string_equal(old->title, "restore");
    assert_int_equal(old->policy.promise_ms[SLA_FIRST_REPLY], 1800 * 1000);
    assert_string_equal(own->incident, "");
    assert_string_equal(own->title, "Restore");
    assert_null(rules_queue(r, STR("old.rest")));
    rules_close(r);
}

static void what_a_step_asked_is_said_as_it_saw_it(void **state)
{
    const struct rules_overlay overlays[] = {{"new", "lost", str_of(lost)}, {"old", "lost", str_of(lost)}};
    const struct facts f = {.affected = 2};
    struct rules *r = load(overlays, 2);
    struct arena *a = arena_open(4096);
    struct buf out = {0};
    struct decision d;

    (void)state;
    rules_route(r, &f, a, &d);
    assert_int_equal(d.steps, 3);
    for (size_t i = 0; i < d.steps; i++) {
        explain_step(&d, i, &f, &out);
        buf_char(&out, '\n');
    }
    assert_string_equal(buf_view(&out).at,
                        "lost:3: passed: route when affected yes to restore priority 95  (affected is no)\n"
                        "lost:4: passed: route when channel phone, incident yes to rest priority 94  (channel is web)\n"
                        "lost:3: decided: route when affected yes to restore priority 95\n");
    buf_free(&out);
    arena_close(a);
    rules_close(r);
}

static void each_file_has_its_own_faults(void **state)
{
    static const struct {
        const char *label, *base, *pack, *faults;
    } cases[] = {
        {"in the rules", "queue q { }\nroute otherwise to p\n", PACK, "base:2: no queue is called \"p\"\n"},
        {"in both", "queue q { }\nroute otherwise to p\n", PACK "route when affected to qq\n",
         "base:2: no queue is called \"p\"\nf:2: no queue is called \"qq\"\n"},
        {"no pack", base, "queue q { }\n", "f:1: no pack stands in this file: write pack, its name and { }\n"},
        {"two packs", base, PACK PACK, "f:2: a file is one pack, and \"lost\" stands in it already\n"},
        {"a pack among the rules", "queue q { }\n" PACK "route otherwise to q\n", PACK,
         "base:2: a pack stands in a file of its own: incident declare lays it over these rules\n"},
        {"takes all that is left", base, PACK "route otherwise to rest\n",
         "f:2: a pack takes what is of its incident and leaves the rest: write route when affected, or when "
         "incident\n"},
        {"takes every ticket", base, PACK "route when level >= 0 to rest\n",
         "f:2: the routes of this pack take every ticket there is: ask for affected, or for incident\n"},
        {"takes every ticket by and by", base, PACK "route when known to rest\nroute when known no to restore\n",
         "f:3: the routes of this pack take every ticket there is: ask for affected, or for incident\n"},
        {"never reached in it", base, PACK "route when affected to rest\nroute when affected, known to rest\n",
         "f:3: is never reached: line 2 takes every ticket that fits here\n"},
        {"a class of its own", base, PACK "class partner { domain \"p.example\" }\n",
         "f:2: a pack has no class: write it in the rules that it lies over\n"},
        {"weights of its own", base,
         PACK "match customer { link 75 review 36 }\nexpect match customer email same link\n",
         "f:2: a pack has no match: write it in the rules that it lies over\n"
         "f:3: a pack has no match: write its examples in the rules that it lies over\n"},
        {"a class of nobody", base, PACK "route when affected, class partner to rest\n",
         "f:2: no class is called \"partner\"\n"},
        {"an example that the rules below decide", base,
         PACK "queue mine { }\nroute when affected to mine\nexpect channel phone queue mine\n",
         "f:4: this example goes to rest by base:5, not to mine\n"},
        {"an example of its own line", base,
         PACK "queue mine { }\nroute when affected to mine\nexpect affected queue restore\n",
         "f:4: this example goes to x.mine by line 3, not to restore\n"},
        {"a clock of its own queue", base,
         PACK "queue restore { first-reply 30m calendar always }\n"
              "expect clock restore first-reply opened 2026-12-25T03:00:00Z due 2026-12-25T04:00:00Z\n",
         "f:3: this clock is due at 2026-12-25T03:30:00Z\n"},
        {"a calendar of neither", base, PACK "queue mine { first-reply 30m calendar offices }\n",
         "f:2: no calendar is called \"offices\"\n"},
    };
    const struct rules_sources from = {.zones = zoneinfo_bytes};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct rules_overlay over = {"x", "f", str_of(cases[i].pack)};
        struct buf faults = {0};
        struct rules *r = NULL;

        assert_int_equal(rules_load_over(&r, "base", str_of(cases[i].base), &over, 1, &from, &faults), ERR_CONF);
        if (!str_is(buf_view(&faults), cases[i].faults))
            fail_msg("%s: %s", cases[i].label, buf_view(&faults).at);
        buf_free(&faults);
    }
}

static void what_a_pack_takes_whole_is_said(void **state)
{
    static const char below[] = "queue q { }\n"
                                "route when affected, channel phone to q\n"
                                "route when affected to q\n"
                                "route when impact down, tier gold to q\n"
                                "route when impact question to q\n"
                                "route otherwise to q\n";
    static const char pack[] = PACK "route when affected to q\n"
                                    "route when impact down, known to q\n"
                                    "route when impact down, known no to q\n";
    const struct rules_overlay over[] = {{"x", "f", str_of(pack)}, {"y", "g", STR(PACK)}};
    const struct rules_sources from = {.zones = zoneinfo_bytes};
    struct buf faults = {0}, said = {0};
    struct rules *r = NULL;

    (void)state;
    assert_int_equal(rules_load_over(&r, "base", str_of(below), over, 2, &from, &faults), ERR_OK);
    rules_shadow(r, STR("y"), &said);
    rules_shadow(r, STR("z"), &said);
    assert_int_equal(said.len, 0);
    rules_shadow(r, STR("x"), &said);
    assert_string_equal(
        buf_view(&said).at,
        "base:2: is not reached meanwhile: f:2 takes every ticket that fits here\n"
        "base:3: is not reached meanwhile: f:2 takes every ticket that fits here\n"
        "base:4: is not reached meanwhile: f, lines 2, 3 and 4 together take every ticket that fits here\n");
    buf_free(&said);
    buf_free(&faults);
    rules_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_on_top_and_the_rules_below),
        cmocka_unit_test(each_incident_has_a_bit),
        cmocka_unit_test(queues_are_named_for_their_incident),
        cmocka_unit_test(what_a_step_asked_is_said_as_it_saw_it),
        cmocka_unit_test(each_file_has_its_own_faults),
        cmocka_unit_test(what_a_pack_takes_whole_is_said),
    };

    return cmocka_run_group_tests_name("overlay", tests, NULL, NULL);
}
