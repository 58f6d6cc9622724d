/* escalation: steps of clocks are taken at their moment, once, whoever takes them; on a real redis-server. */
#include "queues/escalation.h"
#include "queues/keys.h"
#include "queues/placing.h"
#include "queues/ticket.h"
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

#define MINUTE INT64_C(60000)
#define T      LAB_NOW /* opened */

static const char rules_text[] = "queue triage {\n"
                                 "    first-reply 60m update 120m restore 600m calendar always\n"
                                 "    pause update when waiting-customer\n"
                                 "    escalate first-reply 15m before breach to lead\n"
                                 "    escalate first-reply at breach to manager\n"
                                 "    escalate update 30m before breach to lead\n"
                                 "    escalate restore at breach to lead\n"
                                 "}\n"
                                 "route otherwise to triage\n";

static struct filing_lab lab;
static struct ulid ticket;

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
    filing_lab_open(&lab);
    filing_lab_wire(&lab);
    rules_close(lab.rules);
    if (rules_load(&lab.rules, "test.rules", str_of(rules_text), no_zone, NULL, &faults) != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
    return 0;
}

static int end(void **state)
{
    (void)state;
    filing_lab_close(&lab);
    return 0;
}

static void one_request(void)
{
    struct item i;

    filing_lab_empty(&lab);
    i = lab_report(&lab, "web", "our site is gone");
    i.email = STR("aya@example.org");
    i.received_ms = T;
    ticket = lab_file(&lab, &i)->ticket;
}

static struct escalation turn(struct redis *r, int64_t now_ms, enum err want)
{
    struct escalation done;

    assert_int_equal(escalation_turn(r, lab.keys, lab.rules, lab.arena, now_ms, &done), want);
    return done;
}

/* An act on the ticket, as a console does it. */
static void act(const char *clock, const char *state, int64_t at_ms)
{
    struct ticket t = lab_ticket(&lab, ticket);
    struct happening *history, *all,
        h = {.id = ulid_in(ulid_fresh(), t.partition), .at_ms = at_ms, .kind = STR("x"), .clock = str_of(clock)};
    struct change *c = change_begin(lab.arena);
    struct placing where;
    size_t n;

    assert_int_equal(history_read(lab.redis, lab.arena, ticket, &history, &n), ERR_OK);
    all = arena_array(lab.arena, struct happening, n + 1);
    memcpy(all, history, n * sizeof *all);
    all[n] = h;
    place_clock(lab.rules, t.queue, all, n + 1, at_ms, lab.arena, &where);
    change_hset(c, ticket_key(lab.arena, ticket), "state", str_of(state));
    change_happening(c, ticket, &h);
    change_placed(c, ticket, t.queue, &where, strcmp(state, "solved") != 0, false);
    assert_int_equal(change_run(lab.redis, lab.arena, c, STR(""), ticket_key(lab.arena, ticket), t.version, NULL),
                     ERR_OK);
}

static struct str field(const char *name)
{
    struct ticket t = lab_ticket(&lab, ticket);

    return redis_field(t.fields, name);
}

/* "<details of steps, in order>" of the history. */
static const char *taken(void)
{
    struct happening *h;
    struct buf b = {0};
    size_t n;
    const char *text;

    assert_int_equal(history_read(lab.redis, lab.arena, ticket, &h, &n), ERR_OK);
    for (size_t i = 0; i < n; i++)
        if (str_is(h[i].kind, PLACING_ESCALATED)) {
            assert_true(str_is(h[i].rules, rules_version(lab.rules)));
            buf_printf(&b, "%s%.*s %d", b.len == 0 ? "" : ", ", (int)h[i].detail.len, h[i].detail.at,
                       (int)((h[i].at_ms - T) / MINUTE));
        }
    text = str_copy(lab.arena, buf_view(&b));
    buf_free(&b);
    return text;
}

static int64_t index_of(void)
{
    struct redis_value v;
    const char *name = arena_strdup(lab.arena, id_print(ID_TICKET, ticket).at);

    assert_int_equal(
        redis_do(lab.redis, lab.arena, &v, 3,
                 (struct str[]){STR("ZSCORE"), key_in(lab.arena, ulid_partition(ticket), "st", ""), str_of(name)}),
        ERR_OK);
    return v.kind == REDIS_NIL ? -1 : (strtoll(v.text.at, NULL, 10) - T) / MINUTE;
}

/* "@MINUTES" a turn of the thread; "CLOCK-WORD+MINUTES" an act. */
static const struct {
    const char *label, *story, *taken, *escalated;
    int next; /* minutes, of the next step; -1 none */
} stories[] = {
    {"nothing has come", "@44", "", "", 45},
    {"the first step", "@45", "first-reply lead 15m before 45", "lead", 60},
    {"late: dated when it came", "@50", "first-reply lead 15m before 45", "lead", 60},
    {"a step twice", "@45 @46 @47", "first-reply lead 15m before 45", "lead", 60},
    {"both at once", "@61", "first-reply lead 15m before 45, first-reply manager at breach 60", "manager", 90},
    {"one after the other", "@45 @60", "first-reply lead 15m before 45, first-reply manager at breach 60", "manager",
     90},
    {"met before", "replied+40 @50", "", "", 130},
    {"met after: nobody's again", "@45 replied+50", "first-reply lead 15m before 45", "", 140},
    {"met before the turn, after the moment", "replied+46 @47", "", "", 136},
    {"update comes round again", "replied+10 @100 replied+110 @200",
     "update lead 30m before 100, update lead 30m before 200", "lead", 600},
    {"while it stands nothing comes", "replied+10 paused+10 @300", "", "", 600},
    {"and runs on", "replied+10 paused+10 resumed+300 @390", "update lead 30m before 390", "lead", 600},
    {"solved", "@45 solved+50 @100", "first-reply lead 15m before 45", "", -1},
    {"breached and met: another clock goes on", "@61 replied+70 @160",
     "first-reply lead 15m before 45, first-reply manager at breach 60, update lead 30m before 160", "lead", 600},
};

static void tell(const char *story)
{
    struct str rest = str_of(story);

    while (rest.len > 0) {
        struct str word = str_cut(&rest, ' '), name = str_cut(&word, '+');

        if (name.at[0] == '@')
            (void)turn(lab.redis, T + atoi(name.at + 1) * MINUTE, ERR_OK);
        else
            act(str_copy(lab.arena, name), str_is(name, "solved") ? "solved" : "open", T + atoi(word.at) * MINUTE);
    }
}

static void each_step_is_taken_at_its_moment(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++) {
        struct str role;
        const char *got;

        one_request();
        tell(stories[i].story);
        got = taken();
        role = field("escalated");
        if (strcmp(got, stories[i].taken) != 0)
            fail_msg("%s: taken %s", stories[i].label, got);
        if (index_of() != stories[i].next)
            fail_msg("%s: the next step is %d", stories[i].label, (int)index_of());
        role = str_cut(&role, ' ');
        if (!str_is(role, stories[i].escalated))
            fail_msg("%s: it is for the %.*s", stories[i].label, (int)role.len, role.at);
    }
}

static int64_t happened(const char *room)
{
    struct redis_value v;

    assert_int_equal(redis_do(lab.redis, lab.arena, &v, 2,
                              (struct str[]){str_of(strcmp(room, "hk") == 0 ? "ZCARD" : "XLEN"),
                                             key_in(lab.arena, ulid_partition(ticket), room, "")}),
                     ERR_OK);
    return v.integer;
}

static void everybody_is_told_once(void **state)
{
    int64_t live, audit;

    (void)state;
    one_request();
    live = happened("ev");
    audit = happened("au");
    for (int i = 0; i < 3; i++)
        (void)turn(lab.redis, T + (45 + i) * MINUTE, ERR_OK);
    assert_int_equal(happened("hk"), 1);
    assert_int_equal(happened("ev"), live + 1);
    assert_int_equal(happened("au"), audit + 1);
    assert_true(str_starts(field("escalated"), "lead first-reply 1795502700000"));
    assert_true(str_is(field("rules"), rules_version(lab.rules)));
}

/* The way to Redis breaks at each moment: the next turn makes up for it, and nobody is told twice. */
static void a_turn_that_breaks_is_made_up_for(void **state)
{
    (void)state;
    for (int n = 1; n <= 4; n++)
        for (enum wire_break how = WIRE_BEFORE; how <= WIRE_AFTER; how++) {
            struct escalation done;

            one_request();
            wire_arm(lab.wire, how, n);
            (void)escalation_turn(lab.frail, lab.keys, lab.rules, lab.arena, T + 61 * MINUTE, &done);
            wire_arm(lab.wire, WIRE_WHOLE, 0);
            (void)turn(lab.redis, T + 61 * MINUTE, ERR_OK);
            assert_string_equal(taken(), "first-reply lead 15m before 45, first-reply manager at breach 60");
            assert_int_equal(happened("hk"), 2);
            assert_int_equal(index_of(), 90);
        }
}

/* What cannot be read is told once, not with every turn. */
static void a_ticket_that_is_gone_leaves_the_index(void **state)
{
    (void)state;
    one_request();
    assert_int_equal(redis_do(lab.redis, lab.arena, NULL, 2, (struct str[]){STR("DEL"), ticket_key(lab.arena, ticket)}),
                     ERR_OK);
    assert_int_equal(turn(lab.redis, T + 45 * MINUTE, ERR_OK).looked, 1);
    assert_int_equal(turn(lab.redis, T + 45 * MINUTE, ERR_OK).looked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_is_taken_at_its_moment),
        cmocka_unit_test(everybody_is_told_once),
        cmocka_unit_test(a_turn_that_breaks_is_made_up_for),
        cmocka_unit_test(a_ticket_that_is_gone_leaves_the_index),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
