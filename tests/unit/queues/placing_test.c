/* placing: the rules say the queue, the history says the clock. */
#include "queues/placing.h"
#include "rules/base/arena.h"
#include "rules/base/stamp.h"
#include "rules/route.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR INT64_C(3600000)
#define T    INT64_C(1795500000000) /* opened */

static const char rules_text[] =
    "queue triage { title \"Triage\" first-reply 2h update 4h calendar always pause when waiting-customer }\n"
    "queue gold { title \"Gold\" first-reply 30m calendar always }\n"
    "route when level >= 2 to gold priority 90\n"
    "route when heat >= 3 in 1h to triage priority 80\n"
    "route when impact question to triage priority 10\n"
    "route otherwise to triage priority 50\n";

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

static bool sla_word(struct str s)
{
    for (int k = 0; k < SLA_EVENTS; k++)
        if (str_is(s, sla_event_name((enum sla_event_kind)k)))
            return true;
    return false;
}

/* "opened", "replied+3", "paused+1": words of clocks with hours behind T. */
static size_t history_of(const char *words, struct happening *out)
{
    struct str rest = str_of(words);
    size_t n = 0;

    while (rest.len > 0) {
        struct str word = str_cut(&rest, ' '), name = str_cut(&word, '+');

        out[n++] = (struct happening){.at_ms = T + (word.at == NULL ? 0 : atoi(word.at)) * HOUR,
                                      .kind = STR("x"),
                                      .clock = (struct str){str_copy(a, name), name.len}};
    }
    return n;
}

static const struct {
    const char *label, *history, *clock;
    int64_t due_ms; /* behind T, hours */
} clocks[] = {
    {"nothing happened yet", "", "", 0},
    {"opened", "opened", "first-reply", 2},
    {"words without meaning to clocks", "opened noted+1", "first-reply", 2},
    {"paused", "opened paused+1", "", 0},
    {"paused and resumed", "opened paused+1 resumed+3", "first-reply", 4},
    {"solved", "opened replied+1 solved+2", "", 0},
};

static void the_clock_that_ends_first_runs(void **state)
{
    struct happening h[8];

    (void)state;
    for (size_t i = 0; i < sizeof clocks / sizeof clocks[0]; i++) {
        size_t n = history_of(clocks[i].history, h);
        struct placing p;

        place_clock(rules, STR("triage"), h, n, T + HOUR, a, &p);
        if (!str_is(p.clock, clocks[i].clock) || p.due_ms != (clocks[i].due_ms == 0 ? 0 : T + clocks[i].due_ms * HOUR))
            fail_msg("%s: %.*s %" PRId64, clocks[i].label, (int)p.clock.len, p.clock.at, (p.due_ms - T) / HOUR);
        assert_true(str_is(p.queue, "triage"));
    }
}

/* "opened", "call-back+3 by+5", "called+4": what happened at T and so many hours, and what was promised. */
static size_t promises_of(const char *words, struct happening *out)
{
    struct str rest = str_of(words);
    size_t n = 0;

    while (rest.len > 0) {
        struct str word = str_cut(&rest, ' '), name = str_cut(&word, '+');
        int hours = word.at == NULL ? 0 : atoi(word.at);

        if (str_is(name, "by")) {
            out[n - 1].detail = str_of(arena_strdup(a, stamp_print(T + hours * HOUR).at));
            continue;
        }
        out[n++] = (struct happening){.at_ms = T + hours * HOUR,
                                      .kind = (struct str){str_copy(a, name), name.len},
                                      .clock = sla_word(name) ? name : STR("")};
    }
    return n;
}

static const struct {
    const char *label, *history, *clock;
    int64_t due_ms; /* behind T, hours */
} promised[] = {
    {"sooner than any clock", "opened call-back by+1", "call-back", 1},
    {"later than one", "opened call-back by+3", "first-reply", 2},
    {"once that is met", "opened call-back by+3 replied+1", "call-back", 3},
    {"called: the clocks again", "opened call-back by+1 called+1", "first-reply", 2},
    {"promised again", "opened call-back by+1 called+1 call-back+1 by+2", "first-reply", 2},
    {"promised for another time", "opened call-back by+1 replied+1 call-back+1 by+4", "call-back", 4},
    {"while the customer is waited for", "opened call-back by+3 replied+1 paused+1", "call-back", 3},
    {"while it is solved", "opened call-back by+3 replied+1 solved+2", "call-back", 3},
};

static void a_promise_to_call_back_is_a_clock(void **state)
{
    struct happening h[8];

    (void)state;
    for (size_t i = 0; i < sizeof promised / sizeof promised[0]; i++) {
        size_t n = promises_of(promised[i].history, h);
        struct facts f = facts_default();
        struct placing p;

        place_clock(rules, STR("triage"), h, n, T + HOUR, a, &p);
        if (!str_is(p.clock, promised[i].clock) || p.due_ms != T + promised[i].due_ms * HOUR)
            fail_msg("%s: %.*s %" PRId64, promised[i].label, (int)p.clock.len, p.clock.at, (p.due_ms - T) / HOUR);
        place(rules, &f, h, n, T + HOUR, a, &p);
        assert_true(str_is(p.clock, promised[i].clock) && p.due_ms == T + promised[i].due_ms * HOUR);
    }
    /* In a queue that is no more it is due all the same. */
    struct placing p;

    place_clock(rules, STR("gone"), h, promises_of("opened call-back by+3", h), T, a, &p);
    assert_true(str_is(p.clock, "call-back") && p.due_ms == T + 3 * HOUR);
}

static const struct {
    const char *label, *history; /* kind:channel+minutes */
    int priority;
} heats[] = {
    {"opened", "opened:web", 50},
    {"three doors within the hour", "opened:web joined:phone+20 heard:mail+60", 80},
    {"told late", "opened:web heard:mail+60 joined:phone+20", 80},
    {"in more than an hour", "opened:web joined:phone+20 heard:mail+61", 50},
    {"told late, too", "opened:web heard:mail+61 joined:phone+20", 50},
    {"staff do not heat", "opened:web called:phone+20 replied:mail+30", 50},
    {"twice the same", "opened:web joined:phone+20 joined:phone+30", 50},
    {"it does not cool", "opened:web joined:phone+20 heard:mail+60 heard:mail+6000", 80},
};

static void heat_comes_from_the_history(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof heats / sizeof heats[0]; i++) {
        struct str rest = str_of(heats[i].history);
        struct happening h[8];
        struct facts f = facts_default();
        struct placing p;
        size_t n = 0;

        for (; rest.len > 0; n++) {
            struct str minutes = str_cut(&rest, ' '), channel = str_cut(&minutes, '+'), kind = str_cut(&channel, ':');

            h[n] = (struct happening){.at_ms = T + (minutes.at == NULL ? 0 : atoi(minutes.at)) * INT64_C(60000),
                                      .kind = kind,
                                      .detail = channel,
                                      .clock = n == 0 ? STR("opened") : STR("")};
        }
        place(rules, &f, h, n, T + HOUR, a, &p);
        if (p.priority != heats[i].priority)
            fail_msg("%s: %d", heats[i].label, p.priority);
    }
}

/* A breach is not forgotten: what should have ended stays the clock until it is met. */
static void a_breached_clock_stays(void **state)
{
    struct happening h[8];
    struct placing p;

    (void)state;
    place_clock(rules, STR("triage"), h, history_of("opened", h), T + 50 * HOUR, a, &p);
    assert_true(str_is(p.clock, "first-reply") && p.due_ms == T + 2 * HOUR);
}

static void a_queue_that_is_no_more_has_no_clock(void **state)
{
    struct happening h[8];
    struct placing p;

    (void)state;
    place_clock(rules, STR("gone"), h, history_of("opened", h), T, a, &p);
    assert_true(str_is(p.queue, "gone") && p.clock.len == 0 && p.due_ms == 0);
}

static struct ticket stored(const char *impact)
{
    static const struct redis_value nothing = {.kind = REDIS_LIST};

    return (struct ticket){
        .channels = STR("web mail"), .impact = str_of(impact), .language = STR("en"), .fields = &nothing};
}

static const struct {
    const char *label, *impact;
    int level;
    const char *queue, *rule;
    int priority;
} routes[] = {
    {"a stranger", "down", 0, "triage", "test.rules:6", 50},
    {"a question", "question", 0, "triage", "test.rules:5", 10},
    {"on record", "question", 2, "gold", "test.rules:3", 90},
    {"an impact nobody knows", "?", 0, "triage", "test.rules:6", 50},
};

static void incidents_of_a_ticket_are_those_in_force(void **state)
{
    static const char pack[] = "pack lost { title \"Lost\" severity high \"All\" role commander \"Decides\" }\n"
                               "queue restore { }\n"
                               "route when affected to restore priority 99\n"
                               "route when incident to restore priority 98\n";
    static const struct {
        const char *label, *incident, *affected;
        uint32_t is_incident, is_affected;
    } cases[] = {
        {"of none", "", "", 0, 0},
        {"belongs to the newer one", "new", "", 1, 0},
        {"belongs to one that is closed", "gone", "", 0, 0},
        {"is on the list of the older one", "", "old", 0, 2},
        {"on both, and on one that is closed", "old", "new gone old", 2, 3},
    };
    const struct rules_overlay overlays[] = {{"new", "lost", str_of(pack)}, {"old", "lost", str_of(pack)}};
    const struct rules_sources from = {.zones = no_zone};
    struct buf faults = {0};
    struct rules *over;

    (void)state;
    if (rules_load_over(&over, "test.rules", str_of(rules_text), overlays, 2, &from, &faults) != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct redis_value field[4] = {{.text = STR("incident")},
                                       {.text = str_of(cases[i].incident)},
                                       {.text = STR("affected")},
                                       {.text = str_of(cases[i].affected)}};
        struct redis_value fields = {.kind = REDIS_LIST, .count = 4, .items = field};
        struct ticket t = stored("down");

        t.fields = &fields;

        struct facts f = ticket_facts(over, &t, 0);

        if (f.incident != cases[i].is_incident || f.affected != cases[i].is_affected)
            fail_msg("%s: %x %x", cases[i].label, f.incident, f.affected);
        f = ticket_facts(rules, &t, 0);
        assert_int_equal(f.incident | f.affected, 0);
    }
    rules_close(over);
}

static void the_first_rule_that_speaks_is_named(void **state)
{
    struct happening h[8];
    size_t n = history_of("opened", h);

    (void)state;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        struct ticket t = stored(routes[i].impact);
        struct facts f = ticket_facts(rules, &t, routes[i].level);
        struct placing p;

        place(rules, &f, h, n, T, a, &p);
        if (!str_is(p.queue, routes[i].queue) || !str_is(p.rule, routes[i].rule) || p.priority != routes[i].priority)
            fail_msg("%s: %s by %s, %d", routes[i].label, p.queue.at, p.rule.at, p.priority);
        assert_int_equal(p.due_ms, T + (str_is(p.queue, "gold") ? HOUR / 2 : 2 * HOUR));
    }
}

/* The pack of an incident, and what it makes of a ticket that the rules of the house promise first-reply 2h. */
static const char pack_text[] = "pack gone { title \"Gone\" severity large \"Many\" role commander \"Decides\" }\n"
                                "queue restore { first-reply 30m update 2h calendar always\n"
                                "    escalate first-reply 10m before breach to lead }\n"
                                "route when impact down to restore priority 90\n";

static const struct {
    const char *label, *history;
    int64_t base_ms, over_ms; /* due behind T, minutes; 0: no clock */
    const char *base_clock, *over_clock;
} overlaid[] = {
    {"opened before it was declared", "opened", 120, 30, "first-reply", "first-reply"},
    {"answered meanwhile", "opened replied+1", 300, 180, "update", "update"},
    {"waited for the customer: the house pauses, the pack does not", "opened replied+1 paused+1 resumed+3", 420, 180,
     "update", "update"},
    {"solved", "opened replied+1 solved+2", 0, 0, "", ""},
};

/* Declared and closed again, however often: each set of rules finds its own times in the same history. */
static void an_incident_lays_its_clocks_over_and_gives_the_old_ones_back(void **state)
{
    const struct rules_overlay pack = {"lost", "packs/gone.rules", str_of(pack_text)};
    const struct rules_sources from = {.zones = no_zone};
    struct facts f = facts_default();
    struct buf faults = {0};
    struct rules *over;

    (void)state;
    if (rules_load_over(&over, "test.rules", str_of(rules_text), &pack, 1, &from, &faults) != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
    for (size_t i = 0; i < sizeof overlaid / sizeof overlaid[0]; i++)
        for (int turn = 0; turn < 4; turn++) {
            bool declared = turn % 2 == 1;
            int64_t due_ms = declared ? overlaid[i].over_ms : overlaid[i].base_ms;
            struct happening h[8];
            size_t n = history_of(overlaid[i].history, h);
            struct placing p;

            place(declared ? over : rules, &f, h, n, T + 5 * HOUR, a, &p);
            assert_true(str_is(p.queue, declared ? "lost.restore" : "triage"));
            assert_true(str_is(p.rules, rules_version(declared ? over : rules)));
            if (p.due_ms != (due_ms == 0 ? 0 : T + due_ms * 60000) ||
                !str_is(p.clock, declared ? overlaid[i].over_clock : overlaid[i].base_clock))
                fail_msg("%s, turn %d: %.*s %" PRId64, overlaid[i].label, turn, (int)p.clock.len, p.clock.at,
                         (p.due_ms - T) / 60000);
            assert_int_equal(p.step_ms, declared && i == 0 ? T + 20 * 60000 : 0);
        }
    assert_string_not_equal(rules_version(over), rules_version(rules));
    rules_close(over);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heat_comes_from_the_history),
        cmocka_unit_test(the_clock_that_ends_first_runs),
        cmocka_unit_test(a_promise_to_call_back_is_a_clock),
        cmocka_unit_test(a_breached_clock_stays),
        cmocka_unit_test(a_queue_that_is_no_more_has_no_clock),
        cmocka_unit_test(incidents_of_a_ticket_are_those_in_force),
        cmocka_unit_test(the_first_rule_that_speaks_is_named),
        cmocka_unit_test(an_incident_lays_its_clocks_over_and_gives_the_old_ones_back),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
