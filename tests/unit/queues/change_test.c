/* change: a decision is applied whole, once, and only where it still holds. */
#include "queues/change.h"
#include "queues/keys.h"
#include "queues/ticket.h"
#include "rules/base/doc.h"
#include "tests/unit/queues/scratch_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ONCE STR("{p1}:i:once")
#define HASH STR("{p1}:t:x")
#define NONE STR("")

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

static int empty(void **state)
{
    (void)state;
    lab_empty(&s);
    return 0;
}

static struct change *counting(void)
{
    struct change *c = change_begin(s.arena);

    change_add(c, 4, (struct str[]){STR("HINCRBY"), HASH, STR("times"), STR("1")});
    change_hset(c, HASH, "said", STR("two\r\nlines and \"more\""));
    return c;
}

static const struct {
    const char *label;
    bool once, exists; /* with a once key; that is already there */
    const char *versioned, *stored;
    enum err e;
    bool before;
    const char *times, *version;
} cases[] = {
    {"plain", false, false, "", NULL, ERR_OK, false, "1", "(nil)"},
    {"once, for the first time", true, false, "", NULL, ERR_OK, false, "1", "(nil)"},
    {"once, again", true, true, "", NULL, ERR_OK, true, "(nil)", "(nil)"},
    {"against the version read", false, false, "3", "3", ERR_OK, false, "1", "4"},
    {"against an older one", false, false, "2", "3", ERR_CONFLICT, false, "(nil)", "3"},
    {"against one that went", false, false, "3", NULL, ERR_CONFLICT, false, "(nil)", "(nil)"},
    {"wanted absent, and it is", false, false, "0", NULL, ERR_OK, false, "1", "1"},
    {"wanted absent, and it is not", false, false, "0", "1", ERR_CONFLICT, false, "(nil)", "1"},
    {"it happened, and the version moved since", true, true, "3", "4", ERR_OK, true, "(nil)", "4"},
};

static void applies_what_still_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct change *c;
        bool before = false;

        lab_empty(&s);
        c = counting();
        if (cases[i].once)
            change_add(c, 3, (struct str[]){STR("SET"), ONCE, STR("1")});
        if (cases[i].exists)
            (void)lab_say(&s, "SET {p1}:i:once 1");
        if (cases[i].stored != NULL)
            (void)lab_say(&s, "HSET {p1}:t:x v %s", cases[i].stored);

        enum err e = change_run(s.redis, s.arena, c, cases[i].once ? ONCE : NONE,
                                cases[i].versioned[0] != '\0' ? HASH : NONE, str_of(cases[i].versioned), &before);

        if (e != cases[i].e || before != cases[i].before ||
            strcmp(lab_say(&s, "HGET {p1}:t:x times"), cases[i].times) != 0 ||
            strcmp(lab_say(&s, "HGET {p1}:t:x v"), cases[i].version) != 0)
            fail_msg("%s: %s, times %s, v %s", cases[i].label, err_name(e), lab_say(&s, "HGET {p1}:t:x times"),
                     lab_say(&s, "HGET {p1}:t:x v"));
    }
}

/* Of two who read the same version one is told to look again, and its change leaves no trace. */
static void the_slower_of_two_leaves_no_trace(void **state)
{
    struct change *quick = change_begin(s.arena), *slow = change_begin(s.arena);

    (void)state;
    change_hset(quick, HASH, "owner", STR("quick"));
    change_hset(slow, HASH, "owner", STR("slow"));
    change_zadd(slow, STR("{p1}:q:triage"), 7, STR("slow"));
    assert_int_equal(change_run(s.redis, s.arena, quick, NONE, HASH, STR("0"), NULL), ERR_OK);
    assert_int_equal(change_run(s.redis, s.arena, slow, NONE, HASH, STR("0"), NULL), ERR_CONFLICT);
    assert_string_equal(lab_say(&s, "HGET {p1}:t:x owner"), "quick");
    assert_string_equal(lab_say(&s, "EXISTS {p1}:q:triage"), "0");
}

static const struct {
    const char *label, *stored, *wanted;
    enum err e;
} conditions[] = {
    {"a field that is what it was", "x", "x", ERR_OK}, {"a field that is something else", "y", "x", ERR_CONFLICT},
    {"a field that went", NULL, "x", ERR_CONFLICT},    {"a field that is still not there", NULL, "", ERR_OK},
    {"a field that came", "x", "", ERR_CONFLICT},
};

/* Wherever the condition stands, nothing is done where it does not hold. */
static void a_condition_is_asked_before_anything_is_done(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++)
        for (int first = 0; first < 2; first++) {
            struct change *c;

            lab_empty(&s);
            c = change_begin(s.arena);
            if (conditions[i].stored != NULL)
                (void)lab_say(&s, "HSET {p1}:o:x f %s", conditions[i].stored);
            if (first)
                change_holds(c, STR("{p1}:o:x"), "f", str_of(conditions[i].wanted));
            change_hset(c, HASH, "owner", STR("me"));
            if (!first)
                change_holds(c, STR("{p1}:o:x"), "f", str_of(conditions[i].wanted));

            bool done = conditions[i].e == ERR_OK;

            if (change_run(s.redis, s.arena, c, NONE, NONE, NONE, NULL) != conditions[i].e ||
                strcmp(lab_say(&s, "HGET {p1}:t:x owner"), done ? "me" : "(nil)") != 0)
                fail_msg("%s", conditions[i].label);
        }
}

/* PRUNE: what is old goes, where there is much and it is long ago that it was done. */
static void what_is_old_is_dropped(void **state)
{
    static const struct {
        const char *label;
        int fields;
        const char *pruned, *left;
    } rows[] = {
        {"a few are left alone", 60, NULL, "60"},
        {"many are looked at", 80, NULL, "41"},
        {"but not again within the hour", 80, "5000000", "81"},
        {"an hour later", 80, "1000", "41"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct change *c;

        lab_empty(&s);
        c = change_begin(s.arena);
        for (int n = 0; n < rows[i].fields; n++) {
            struct str value = str_of(arena_printf(s.arena, "tkt %d", n % 2 == 0 ? 100 : 300));

            assert_int_equal(
                redis_do(s.redis, s.arena, NULL, 4,
                         (struct str[]){STR("HSET"), STR("{p1}:o:x"), str_of(arena_printf(s.arena, "p:%d", n)), value}),
                ERR_OK);
        }
        if (rows[i].pruned != NULL)
            (void)lab_say(&s, "HSET {p1}:o:x pruned %s", rows[i].pruned);
        change_add(c, 4, (struct str[]){STR("PRUNE"), STR("{p1}:o:x"), STR("200"), STR("6000000")});
        assert_int_equal(change_run(s.redis, s.arena, c, NONE, NONE, NONE, NULL), ERR_OK);
        if (strcmp(lab_say(&s, "HLEN {p1}:o:x"), rows[i].left) != 0)
            fail_msg("%s: %s left", rows[i].label, lab_say(&s, "HLEN {p1}:o:x"));
    }
}

static void each_part_does_what_it_is_called(void **state)
{
    struct change *c = change_begin(s.arena);

    (void)state;
    (void)lab_say(&s, "SET {p1}:old 1");
    change_hset_int(c, HASH, "n", INT64_C(-9007199254740993));
    change_zadd(c, STR("{p1}:z"), 253370764800000, STR("a"));
    change_zadd(c, STR("{p1}:z"), 2, STR("b"));
    change_zrem(c, STR("{p1}:z"), STR("b"));
    change_add(c, 2, (struct str[]){STR("DEL"), STR("{p1}:old")});
    change_xadd(c, STR("{p1}:ev"), STR("{}"));
    assert_int_equal(change_run(s.redis, s.arena, c, NONE, NONE, NONE, NULL), ERR_OK);
    assert_string_equal(lab_say(&s, "HGET {p1}:t:x n"), "-9007199254740993");
    assert_string_equal(lab_say(&s, "ZSCORE {p1}:z a"), "253370764800000");
    assert_string_equal(lab_say(&s, "ZCARD {p1}:z"), "1");
    assert_string_equal(lab_say(&s, "EXISTS {p1}:old"), "0");
    assert_string_equal(lab_say(&s, "XLEN {p1}:ev"), "1");
}

static const struct {
    const char *label, *state, *generation, *sent, *ends_after, *sent_after;
} firsts[] = {
    {"a living code's first mail", "living", "2", "0", "500", "77"},
    {"a second mail of it", "living", "2", "40", "900", "40"},
    {"a code that was passed", "passed", "2", "0", "900", "0"},
    {"a code that is dead", "dead", "2", "0", "900", "0"},
    {"a mail of an older code", "living", "3", "0", "900", "0"},
};

static void first_fixes_the_end_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        struct change *c = change_begin(s.arena);

        (void)lab_say(&s, "DEL {p1}:f:x");
        (void)lab_say(&s, "HSET {p1}:f:x state %s generation %s sent %s ends 900", firsts[i].state,
                      firsts[i].generation, firsts[i].sent);
        change_add(c, 5, (struct str[]){STR("FIRST"), STR("{p1}:f:x"), STR("2"), STR("77"), STR("500")});
        assert_int_equal(change_run(s.redis, s.arena, c, NONE, NONE, NONE, NULL), ERR_OK);
        if (strcmp(lab_say(&s, "HGET {p1}:f:x ends"), firsts[i].ends_after) != 0 ||
            strcmp(lab_say(&s, "HGET {p1}:f:x sent"), firsts[i].sent_after) != 0)
            fail_msg("%s", firsts[i].label);
    }
}

/* ---- the audit chain ---- */

enum { ENTRIES = 5 };

static void write_chain(void)
{
    for (int i = 0; i < ENTRIES; i++) {
        struct change *c = change_begin(s.arena);

        change_audit(c, s.keys, 1, 1000 + i, STR("system"), "ticket.opened", "tkt_x", STR("detail"));
        assert_int_equal(change_run(s.redis, s.arena, c, NONE, NONE, NONE, NULL), ERR_OK);
    }
}

/* What the entries say of themselves, and then the chain: as a reader of it would check both. SHA-1 is Redis' own. */
static bool chain_holds(size_t *entries)
{
    static const char check[] = "local chain = '' "
                                "for _, e in ipairs(redis.call('XRANGE', KEYS[1], '-', '+')) do "
                                "  chain = redis.sha1hex(chain .. e[2][2]) "
                                "  if chain ~= e[2][4] then return 0 end "
                                "end "
                                "return chain == redis.call('GET', KEYS[2]) and 1 or 0";
    struct redis_value v, all;

    assert_int_equal(redis_do(s.redis, s.arena, &v, 5,
                              (struct str[]){STR("EVAL"), str_of(check), STR("2"), STR("{p1}:au"), STR("{p1}:ah")}),
                     ERR_OK);
    assert_int_equal(
        redis_do(s.redis, s.arena, &all, 4, (struct str[]){STR("XRANGE"), STR("{p1}:au"), STR("-"), STR("+")}), ERR_OK);
    *entries = all.count;
    return v.integer == 1;
}

static struct str entry_at(size_t i, struct str *id)
{
    struct redis_value all;

    assert_int_equal(
        redis_do(s.redis, s.arena, &all, 4, (struct str[]){STR("XRANGE"), STR("{p1}:au"), STR("-"), STR("+")}), ERR_OK);
    *id = all.items[i].items[0].text;
    return all.items[i].items[1].items[1].text;
}

static void the_chain_holds_until_an_entry_goes(void **state)
{
    struct str id;
    size_t n;

    (void)state;
    for (size_t gone = 0; gone <= ENTRIES; gone++) {
        lab_empty(&s);
        write_chain();
        assert_true(chain_holds(&n) && n == ENTRIES);
        if (gone == ENTRIES)
            continue;
        (void)entry_at(gone, &id);
        (void)lab_say(&s, "XDEL {p1}:au %s", id.at);
        assert_false(chain_holds(&n));
        assert_int_equal(n, ENTRIES - 1);
    }
}

/* Who rewrites an entry and the whole chain behind it still cannot sign it. */
static void an_entry_is_signed(void **state)
{
    struct str id, json;
    struct doc *d;
    static const char *const names[] = {"who", "action", "object", "detail"};

    (void)state;
    write_chain();
    json = entry_at(2, &id);
    assert_int_equal(doc_parse(&d, json, NULL, 0), ERR_OK);
    for (int round = 0; round < 2; round++) {
        struct doc *again = doc_object();

        doc_set_int(again, "at", doc_get_int(d, "at", 0));
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            doc_set_text(again, names[i], round == 1 && i == 0 ? STR("stf_other") : doc_get_text(d, names[i]));

        struct str mac = str_of(blind_index(s.keys, INDEX_AUDIT, doc_print(again, s.arena)).at);

        assert_int_equal(str_equal(mac, doc_get_text(d, "mac")), round == 0);
        doc_close(again);
    }
    doc_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(applies_what_still_holds, empty),
        cmocka_unit_test_setup(the_slower_of_two_leaves_no_trace, empty),
        cmocka_unit_test_setup(a_condition_is_asked_before_anything_is_done, empty),
        cmocka_unit_test_setup(what_is_old_is_dropped, empty),
        cmocka_unit_test_setup(each_part_does_what_it_is_called, empty),
        cmocka_unit_test_setup(first_fixes_the_end_once, empty),
        cmocka_unit_test_setup(the_chain_holds_until_an_entry_goes, empty),
        cmocka_unit_test_setup(an_entry_is_signed, empty),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
