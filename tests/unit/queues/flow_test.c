/* flow: a one-time code as it is typed, kept, guessed at and used up; against a real redis-server. */
#include "queues/flow.h"
#include "queues/keys.h"
#include "queues/ticket.h"
#include "tests/unit/queues/scratch_lab.h"

#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW  INT64_C(1795500000000)
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

/* ---- as it is typed ---- */

static const struct {
    const char *label, *typed, *code; /* NULL: refused */
} typings[] = {
    {"plain", "48291376", "48291376"},
    {"as the mail shows it", "4829 1376", "48291376"},
    {"with dashes and dots", "48-29.13-76", "48291376"},
    {"leading zeros", "00000000", "00000000"},
    {"pasted with a line end", "\r\n 48291376\t\n", "48291376"},
    {"with a no-break space",
     "4829\xC2\xA0"
     "1376",
     "48291376"},
    {"with an ideographic space",
     "4829\xE3\x80\x80"
     "1376",
     "48291376"},
    {"with a hyphen",
     "4829\xE2\x80\x90"
     "1376",
     "48291376"},
    {"with a dash",
     "4829\xE2\x80\x94"
     "1376",
     "48291376"},
    {"with a bar",
     "4829\xE2\x80\x95"
     "1376",
     "48291376"},
    {"between direction marks",
     "\xE2\x80\x8E"
     "48291376\xE2\x80\x8F",
     "48291376"},
    {"in Arabic-Indic digits", "\xD9\xA4\xD9\xA8\xD9\xA2\xD9\xA9\xD9\xA1\xD9\xA3\xD9\xA7\xD9\xA6", "48291376"},
    {"in extended Arabic-Indic digits", "\xDB\xB4\xDB\xB8\xDB\xB2\xDB\xB9\xDB\xB1\xDB\xB3\xDB\xB7\xDB\xB6", "48291376"},
    {"in full-width digits",
     "\xEF\xBC\x94\xEF\xBC\x98\xEF\xBC\x92\xEF\xBC\x99\xEF\xBC\x91\xEF\xBC\x93\xEF\xBC\x97\xEF\xBC\x96", "48291376"},
    {"in mixed digits",
     "4829\xD9\xA1\xDB\xB3\xEF\xBC\x97"
     "6",
     "48291376"},
    {"nothing", "", NULL},
    {"only blanks", "  -- ", NULL},
    {"seven digits", "4829137", NULL},
    {"nine digits", "482913760", NULL},
    {"eight digits and another script's ninth", "48291376\xD9\xA0", NULL},
    {"a letter", "4829137O", NULL},
    {"a plus", "+48291376", NULL},
    {"a minus sign U+2212",
     "4829\xE2\x88\x92"
     "1376",
     NULL},
    {"Devanagari digits are not ours",
     "\xE0\xA5\xA6\xE0\xA5\xA6\xE0\xA5\xA6\xE0\xA5\xA6\xE0\xA5\xA6\xE0\xA5\xA6"
     "00",
     NULL},
    {"half a digit", "4829137\xD9", NULL},
    {"half a full-width digit", "4829137\xEF\xBC", NULL},
    {"not UTF-8",
     "\xFF"
     "48291376",
     NULL},
};

static void a_code_is_read_as_people_type_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof typings / sizeof typings[0]; i++) {
        size_t len = strlen(typings[i].typed);
        char *exact = malloc(len + 1), code[9]; /* of its own size: no byte behind it may be read */
        bool taken;

        memcpy(exact, typings[i].typed, len + 1);
        exact = realloc(exact, len > 0 ? len : 1);
        taken = code_parse((struct str){exact, len}, code);
        if (taken != (typings[i].code != NULL) || (taken && strcmp(code, typings[i].code) != 0))
            fail_msg("%s", typings[i].label);
        free(exact);
    }
}

/* ---- as it is kept ---- */

static void a_mac_is_of_its_own_flow_generation_and_mailbox(void **state)
{
    struct ulid one = ulid_fresh(), two = ulid_fresh();
    struct blind a = blind_index(s.keys, INDEX_EMAIL, STR("a@example.org")),
                 b = blind_index(s.keys, INDEX_EMAIL, STR("b@example.org"));
    struct blind macs[] = {flow_mac(s.keys, one, 1, a, "48291376"), flow_mac(s.keys, two, 1, a, "48291376"),
                           flow_mac(s.keys, one, 2, a, "48291376"), flow_mac(s.keys, one, 1, b, "48291376"),
                           flow_mac(s.keys, one, 1, a, "48291377")};

    (void)state;
    for (size_t i = 0; i < sizeof macs / sizeof macs[0]; i++)
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(macs[i].at, macs[k].at);
    assert_string_equal(flow_mac(s.keys, one, 1, a, "48291376").at, macs[0].at);
}

static struct flow_ask ask(struct ulid flow)
{
    return (struct flow_ask){.flow = flow,
                             .partition = 3,
                             .email = STR("a@example.org"),
                             .index = blind_index(s.keys, INDEX_EMAIL, STR("a@example.org")),
                             .ticket = ulid_in(flow, 3),
                             .participant = flow,
                             .reference = 42,
                             .language = STR("en"),
                             .now_ms = NOW,
                             .generation = 1};
}

static struct flow read_flow(struct ulid id)
{
    struct flow f;

    assert_int_equal(flow_read(s.redis, s.keys, s.arena, id, 3, &f), ERR_OK);
    return f;
}

/* Its mails that wait, oldest first. */
static size_t mails(struct outbox_mail out[8])
{
    size_t n;
    int64_t wait;

    assert_int_equal(outbox_due(s.redis, s.keys, s.arena, UINT64_MAX, NOW * 2, 8, out, &n, &wait), ERR_OK);
    return n;
}

static struct flow make(const struct flow_ask *q)
{
    struct change *c = change_begin(s.arena);

    change_flow(c, s.keys, q);
    assert_int_equal(change_run(s.redis, s.arena, c, NONE, NONE, NONE, NULL), ERR_OK);
    return read_flow(q->flow);
}

static void release(void)
{
    struct outbox_mail m[8];
    size_t n = mails(m);

    for (size_t i = 0; i < n; i++) {
        enum err e = outbox_release(s.redis, s.arena, &m[i]);

        assert_true(e == ERR_OK || e == ERR_GONE); /* of an older code */
    }
}

/* A flow whose mail has gone out. */
static struct flow opened(void)
{
    struct flow_ask q = ask(ulid_fresh());
    struct flow f = make(&q);

    release();
    return f;
}

static void a_code_and_its_mail_are_made_together(void **state)
{
    struct flow_ask q = ask(ulid_fresh());
    struct flow f = make(&q);
    struct outbox_mail m[8];
    struct redis_value v;

    (void)state;
    assert_true(str_is(f.state, "living") && f.generation == 1 && f.tries == 0 && f.total == 0 && f.mails == 1);
    assert_int_equal(f.ends_ms, NOW + FLOW_LIFE_MS);
    assert_int_equal(f.sent_ms, 0);
    assert_true(str_is(f.email, "a@example.org") && f.reference == 42 && ulid_equal(f.ticket, q.ticket));
    assert_int_equal(mails(m), 1);
    assert_true(str_equal(m[0].code, f.code) && str_equal(m[0].flow, f.key) && str_is(m[0].to, "a@example.org"));
    /* Neither code nor address is there in clear. */
    for (int i = 0; i < 2; i++) {
        struct str key = i == 0 ? f.key : key_in(s.arena, 3, "d", id_print(ID_MAIL, m[0].id).at);

        assert_int_equal(redis_do(s.redis, s.arena, &v, 2, (struct str[]){STR("DUMP"), key}), ERR_OK);
        assert_null(memmem(v.text.at, v.text.len, f.code.at, 8));
        assert_null(memmem(v.text.at, v.text.len, "example", 7));
    }
}

/* ---- its life ---- */

static void take_mail(int64_t at_ms)
{
    struct outbox_mail m[8];

    assert_true(mails(m) >= 1);
    assert_int_equal(outbox_sent(s.redis, s.keys, s.arena, m[0].id, at_ms), ERR_OK);
}

static const struct {
    const char *label;
    int64_t taken_ms, ends_ms; /* after it was asked for */
} lives[] = {
    {"taken at once", 0, FLOW_SENT_LIFE_MS},
    {"taken after five minutes", 5 * 60000, 15 * 60000},
    {"taken so late that half an hour is over first", 25 * 60000, FLOW_LIFE_MS},
};

static void a_code_lives_ten_minutes_after_it_was_sent(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lives / sizeof lives[0]; i++) {
        struct flow f;

        lab_empty(&s);
        f = opened();
        take_mail(NOW + lives[i].taken_ms);
        f = read_flow(f.id);
        if (f.ends_ms != NOW + lives[i].ends_ms || f.sent_ms != NOW + lives[i].taken_ms)
            fail_msg("%s: ends %" PRId64, lives[i].label, f.ends_ms - NOW);
    }
}

static void repeat(const struct flow *f, int64_t now_ms)
{
    struct change *c = change_begin(s.arena);

    change_flow_repeat(c, s.keys, f, 3, STR("en"), now_ms, false);
    assert_int_equal(change_run(s.redis, s.arena, c, NONE, f->key, f->version, NULL), ERR_OK);
}

/* F4, so that a repeat can be told from a renewal: tries and end are those of before. */
static void a_repeat_keeps_code_tries_and_life(void **state)
{
    struct flow f = opened(), again;
    struct outbox_mail m[8];

    (void)state;
    take_mail(NOW + 1000);
    (void)lab_say(&s, "HSET %s tries 3 total 3", f.key.at);
    f = read_flow(f.id);
    repeat(&f, NOW + FLOW_GAP_MS);
    again = read_flow(f.id);
    assert_int_equal(mails(m), 1);
    assert_true(str_equal(m[0].code, f.code));
    assert_int_equal(again.tries, 3);
    assert_int_equal(again.mails, 2);
    assert_int_equal(again.mailed_ms, NOW + FLOW_GAP_MS);
    take_mail(NOW + FLOW_GAP_MS + 1000); /* a second acceptance */
    again = read_flow(f.id);
    assert_int_equal(again.ends_ms, NOW + 1000 + FLOW_SENT_LIFE_MS);
    assert_int_equal(again.sent_ms, NOW + 1000);
}

/* Of two who repeat at once one does: the other one's version is old. */
static void a_repeat_is_done_by_one(void **state)
{
    struct flow f = opened();
    struct change *c = change_begin(s.arena);
    struct outbox_mail m[8];

    (void)state;
    repeat(&f, NOW + FLOW_GAP_MS);
    change_flow_repeat(c, s.keys, &f, 3, STR("en"), NOW + FLOW_GAP_MS, false);
    assert_int_equal(change_run(s.redis, s.arena, c, NONE, f.key, f.version, NULL), ERR_CONFLICT);
    assert_int_equal(mails(m), 2);
}

static void a_late_mail_of_an_older_code_does_not_end_the_new_one(void **state)
{
    struct flow_ask q = ask(ulid_fresh());
    struct outbox_mail m[8];
    struct flow f;

    (void)state;
    (void)make(&q);
    assert_int_equal(mails(m), 1);
    q.generation = 2;
    q.now_ms = NOW + 20 * 60000;
    (void)make(&q);
    assert_int_equal(outbox_release(s.redis, s.arena, &m[0]), ERR_GONE); /* and nobody wants that mail */
    assert_int_equal(outbox_sent(s.redis, s.keys, s.arena, m[0].id, NOW + 21 * 60000), ERR_OK);
    f = read_flow(q.flow);
    assert_int_equal(f.sent_ms, 0);
    assert_int_equal(f.ends_ms, q.now_ms + FLOW_LIFE_MS);
}

/* ---- guesses ---- */

/* As confirm.c puts it; what being right changes is a count. Answers the script's word. */
static const char *judge_on(struct redis *r, struct arena *a, const struct flow *f, int generation, const char *code,
                            int64_t now_ms, const char *version, int64_t *left)
{
    struct blind mac = flow_mac(s.keys, f->id, generation, f->index, code);
    struct str ticket = ticket_key(a, f->ticket);
    struct redis_value v;

    assert_int_equal(redis_run(r, a, &v, SCRIPT_JUDGE, 2, 12,
                               (struct str[]){f->key, ticket, str_of(mac.at), STR("5"), STR("10"),
                                              str_of(arena_printf(a, "%" PRId64, now_ms)), str_of(version), STR("4"),
                                              STR("HINCRBY"), ticket, STR("passed"), STR("1")}),
                     ERR_OK);
    if (left != NULL)
        *left = v.count > 1 ? v.items[1].integer : -1;
    return v.items[0].text.at;
}

static const char *judge(const struct flow *f, const char *code, int64_t *left)
{
    return judge_on(s.redis, s.arena, f, f->generation, code, NOW + 1, "0", left);
}

static const char *other_than(const char *code)
{
    char *other = arena_strdup(s.arena, code);

    other[7] = other[7] == '9' ? '0' : (char)(other[7] + 1);
    return other;
}

static const char *passes(const struct flow *f)
{
    return lab_say(&s, "HGET %s passed", ticket_key(s.arena, f->ticket).at);
}

static void five_guesses_and_it_is_dead(void **state)
{
    struct flow f = opened();
    const char *wrong = other_than(f.code.at);
    int64_t left;

    (void)state;
    for (int i = FLOW_TRIES - 1; i >= 0; i--) {
        assert_string_equal(judge(&f, wrong, &left), "wrong");
        assert_int_equal(left, i);
    }
    assert_string_equal(judge(&f, f.code.at, NULL), "gone");
    assert_string_equal(passes(&f), "(nil)");
    assert_true(str_is(read_flow(f.id).state, "dead"));
    assert_int_equal(read_flow(f.id).code.len, 0);
}

/* A new code that is made beside a guess would carry over the count from before it. */
static void a_guess_makes_other_changes_look_again(void **state)
{
    struct flow f = opened();
    struct change *c = change_begin(s.arena);

    (void)state;
    assert_string_equal(judge(&f, other_than(f.code.at), NULL), "wrong");
    change_flow_repeat(c, s.keys, &f, 3, STR("en"), NOW + FLOW_GAP_MS, false);
    assert_int_equal(change_run(s.redis, s.arena, c, STR(""), f.key, f.version, NULL), ERR_CONFLICT);
    f = read_flow(f.id);
    assert_int_equal(change_run(s.redis, s.arena, c, STR(""), f.key, f.version, NULL), ERR_OK);
}

static void ten_guesses_over_all_generations(void **state)
{
    struct flow_ask q = ask(ulid_fresh());
    int judged = 0;
    int64_t left;

    (void)state;
    for (int generation = 1; generation <= 4; generation++) {
        struct flow f;

        q.generation = generation;
        f = make(&q);
        release();
        for (int i = 0; i < FLOW_TRIES; i++)
            if (strcmp(judge(&f, other_than(f.code.at), &left), "wrong") == 0) {
                judged++;
                assert_int_equal(left, (judged > 5 ? 10 : 5) - judged);
            }
        if (generation > 2)
            assert_string_equal(judge(&f, f.code.at, NULL), "gone");
        q.total = read_flow(q.flow).total;
    }
    assert_int_equal(judged, FLOW_TRIES_ALL);
}

static const struct {
    const char *label;
    int64_t after_ms;
    const char *said;
} clock_cases[] = {{"a second before its end", FLOW_LIFE_MS - 1000, "right"},
                   {"a millisecond before", FLOW_LIFE_MS - 1, "right"},
                   {"at its end", FLOW_LIFE_MS, "gone"},
                   {"behind it", FLOW_LIFE_MS + 1, "gone"}};

static void a_code_ends_on_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof clock_cases / sizeof clock_cases[0]; i++) {
        struct flow f = opened();
        const char *said = judge_on(s.redis, s.arena, &f, 1, f.code.at, NOW + clock_cases[i].after_ms, "0", NULL);

        if (strcmp(said, clock_cases[i].said) != 0)
            fail_msg("%s: %s", clock_cases[i].label, said);
    }
}

static void right_once(void **state)
{
    struct flow f = opened();

    (void)state;
    assert_string_equal(judge(&f, f.code.at, NULL), "right");
    assert_string_equal(passes(&f), "1");
    assert_string_equal(judge(&f, f.code.at, NULL), "gone");
    assert_string_equal(passes(&f), "1");
    assert_string_equal(lab_say(&s, "HEXISTS %s mac", f.key.at), "0");
    assert_string_equal(lab_say(&s, "HGET %s v", ticket_key(s.arena, f.ticket).at), "1");
}

/* The ticket moved: the change was decided on what is not so any more, and nothing is counted. */
static void nothing_is_judged_against_a_ticket_that_moved(void **state)
{
    struct flow f = opened();

    (void)state;
    (void)lab_say(&s, "HSET %s v 7", ticket_key(s.arena, f.ticket).at);
    for (int i = 0; i < 20; i++)
        assert_string_equal(judge_on(s.redis, s.arena, &f, 1, f.code.at, NOW, "6", NULL), "again");
    assert_int_equal(read_flow(f.id).tries, 0);
    assert_string_equal(judge_on(s.redis, s.arena, &f, 1, f.code.at, NOW, "7", NULL), "right");
}

static void a_code_of_another_generation_is_wrong(void **state)
{
    struct flow_ask q = ask(ulid_fresh());
    struct flow one = make(&q), two;

    (void)state;
    q.generation = 2;
    two = make(&q);
    release();
    assert_string_equal(judge(&two, one.code.at, NULL), strcmp(one.code.at, two.code.at) == 0 ? "right" : "wrong");
    assert_string_equal(judge(&two, two.code.at, NULL), "right");
}

static void a_silent_flow_is_never_right(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        struct flow_ask q = ask(ulid_fresh());
        struct outbox_mail m[8];
        struct flow f;

        q.silent = true;
        f = make(&q);
        assert_int_equal(f.code.len, 8); /* the same work, and the same bytes */
        assert_true(mails(m) > 0 && m[0].silent);
        release(); /* even if somebody let the mail go */
        assert_string_equal(judge(&f, f.code.at, NULL), "wrong");
        lab_empty(&s);
    }
}

/* F6: who asks for many codes gets no more guesses than mails. */
static void no_guess_is_right_before_the_mail_may_go(void **state)
{
    struct flow_ask q = ask(ulid_fresh());
    struct flow f = make(&q);

    (void)state;
    assert_string_equal(judge(&f, f.code.at, NULL), "wrong");
    assert_int_equal(read_flow(f.id).tries, 1);
    release();
    assert_string_equal(judge(&f, f.code.at, NULL), "right");
    q.generation = 2;
    f = make(&q); /* a new code is closed again */
    assert_string_equal(judge_on(s.redis, s.arena, &f, 2, f.code.at, NOW, "1", NULL), "wrong");
}

/* ---- in parallel ---- */

enum { THREADS = 8, EACH = 25 };

struct crowd {
    pthread_t thread;
    const struct flow *flow;
    const char *code;
    int wrong, right, gone;
};

static void *guess(void *arg)
{
    struct crowd *c = arg;
    struct redis *r = redis_open(&s.server.target, 10000);
    struct arena *a = arena_open(65536);

    for (int i = 0; i < EACH; i++) {
        const char *said = judge_on(r, a, c->flow, 1, c->code, NOW, "0", NULL);

        c->wrong += strcmp(said, "wrong") == 0;
        c->right += strcmp(said, "right") == 0;
        c->gone += strcmp(said, "gone") == 0;
    }
    arena_close(a);
    redis_close(r);
    return NULL;
}

static struct crowd guess_together(const struct flow *f, const char *code)
{
    struct crowd c[THREADS], all = {.flow = f};

    for (int i = 0; i < THREADS; i++) {
        c[i] = (struct crowd){.flow = f, .code = code};
        assert_int_equal(pthread_create(&c[i].thread, NULL, guess, &c[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(c[i].thread, NULL), 0);
        all.wrong += c[i].wrong;
        all.right += c[i].right;
        all.gone += c[i].gone;
    }
    return all;
}

static void of_200_wrong_at_once_five_are_judged(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        struct flow f = opened();
        struct crowd c = guess_together(&f, other_than(f.code.at));

        assert_int_equal(c.wrong, FLOW_TRIES);
        assert_int_equal(c.wrong + c.gone, THREADS * EACH);
        lab_empty(&s);
    }
}

static void of_200_right_at_once_one_is_right(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        struct flow f = opened();
        struct crowd c = guess_together(&f, f.code.at);

        assert_int_equal(c.right, 1);
        assert_int_equal(c.right + c.gone, THREADS * EACH);
        assert_string_equal(passes(&f), "1");
        lab_empty(&s);
    }
}

/* ---- records that are not ours ---- */

static void a_flow_that_was_tampered_with_is_not_read(void **state)
{
    static const struct {
        const char *label, *field, *value;
    } table[] = {{"no index", "index", "x"},
                 {"another kind of id", "ticket", "acc_01J9Z3NDEKTSV4RRFFQ69G5FAV"},
                 {"no participant", "participant", "-"},
                 {"an address in clear", "email", "a@example.org"},
                 {"a code in clear", "code", "12345678"}};
    struct flow f, out;

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lab_empty(&s);
        f = opened();
        (void)lab_say(&s, "HSET %s %s %s", f.key.at, table[i].field, table[i].value);
        if (flow_read(s.redis, s.keys, s.arena, f.id, 3, &out) != ERR_CORRUPT)
            fail_msg("%s", table[i].label);
    }
    lab_empty(&s);
    f = opened();

    /* A whole flow under another one's name: what is sealed is bound to its own. */
    struct ulid other = ulid_fresh();

    (void)lab_say(&s, "COPY %s %s", f.key.at, flow_key(s.arena, other, 3).at);
    assert_int_equal(flow_read(s.redis, s.keys, s.arena, other, 3, &out), ERR_CORRUPT);
    assert_int_equal(flow_read(s.redis, s.keys, s.arena, ulid_fresh(), 3, &out), ERR_ABSENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_is_read_as_people_type_it),
        cmocka_unit_test(a_mac_is_of_its_own_flow_generation_and_mailbox),
        cmocka_unit_test_setup(a_code_and_its_mail_are_made_together, empty),
        cmocka_unit_test_setup(a_code_lives_ten_minutes_after_it_was_sent, empty),
        cmocka_unit_test_setup(a_repeat_keeps_code_tries_and_life, empty),
        cmocka_unit_test_setup(a_repeat_is_done_by_one, empty),
        cmocka_unit_test_setup(a_late_mail_of_an_older_code_does_not_end_the_new_one, empty),
        cmocka_unit_test_setup(five_guesses_and_it_is_dead, empty),
        cmocka_unit_test_setup(a_guess_makes_other_changes_look_again, empty),
        cmocka_unit_test_setup(ten_guesses_over_all_generations, empty),
        cmocka_unit_test_setup(a_code_ends_on_time, empty),
        cmocka_unit_test_setup(right_once, empty),
        cmocka_unit_test_setup(nothing_is_judged_against_a_ticket_that_moved, empty),
        cmocka_unit_test_setup(a_code_of_another_generation_is_wrong, empty),
        cmocka_unit_test_setup(a_silent_flow_is_never_right, empty),
        cmocka_unit_test_setup(no_guess_is_right_before_the_mail_may_go, empty),
        cmocka_unit_test_setup(of_200_wrong_at_once_five_are_judged, empty),
        cmocka_unit_test_setup(of_200_right_at_once_one_is_right, empty),
        cmocka_unit_test_setup(a_flow_that_was_tampered_with_is_not_read, empty),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
