/* Words that go from one ticket to another, on a real redis-server: whole, once, whoever else is at work or killed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "queues/keys.h"
#include "queues/move.h"
#include "rules/base/arena.h"
#include "tests/unit/queues/filing_lab.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { WRITERS = 4, WORDS = 6, RACES = 30, LATER = 40 };

static struct filing_lab lab;

static int begin(void **state)
{
    (void)state;
    filing_lab_open(&lab);
    filing_lab_wire(&lab);
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

static struct mover with(struct redis *r, struct arena *a)
{
    return (struct mover){.redis = r, .keys = lab.keys, .rules = lab.rules, .arena = a, .now_ms = LAB_NOW};
}

static void finish_all(void)
{
    struct mover m = with(lab.redis, lab.arena);

    for (unsigned p = 0; p < PARTITIONS; p++)
        assert_int_equal(move_finish(&m, p, INT64_MAX), ERR_OK);
}

static size_t messages_of(struct ulid ticket, struct message **out)
{
    size_t n;

    assert_int_equal(messages_read(lab.redis, lab.keys, lab.arena, ticket, out, &n), ERR_OK);
    return n;
}

/* One ticket on which several people of one mailbox wrote, in turns; two of them twice. */
struct meeting {
    struct item first[WRITERS];
    struct ulid ticket, account;
    struct ulid words[WRITERS * WORDS]; /* of writer i: i, i + WRITERS, … */
};

static void meet(struct meeting *m)
{
    for (int i = 0; i < WRITERS; i++) {
        m->first[i] = lab_report(&lab, "web", arena_printf(lab.arena, "writer %d", i));
        m->first[i].email = STR("desk@example.org");

        struct filing *f = lab_file(&lab, &m->first[i]);

        m->words[i] = m->first[i].ulid;
        m->ticket = f->ticket;
        m->account = f->account;
    }
    for (int i = WRITERS; i < WRITERS * WORDS; i++) {
        struct item words = lab_words(&lab, m->first[i % WRITERS].reference, "web", "more");

        words.received_ms += i;
        m->words[i] = words.ulid;
        (void)lab_file(&lab, &words);
    }
}

/* All words of writers 0 and 1, and the first ones of writer 2. */
static struct move half_of(const struct meeting *m)
{
    struct move w = {.from = m->ticket, .account = m->account, .by = STR("system"), .at_ms = LAB_NOW};

    for (int i = 0; i < WRITERS * WORDS; i++)
        if (i % WRITERS < 2 || i == 2)
            w.messages[w.message_count++] = m->words[i];
    return w;
}

/* What each person finds by their reference, and that it is all of it and once. */
static void judge(const struct meeting *m, const struct move *w, size_t extra)
{
    struct message *messages;
    size_t here = messages_of(m->ticket, &messages), there = messages_of(w->to, &messages), shown = 0;

    assert_int_equal(there, w->message_count);
    assert_int_equal(here + there, WRITERS * WORDS + extra);
    for (int i = 0; i < WRITERS; i++) {
        struct pointer p = lab_pointer(&lab, m->first[i].reference);

        assert_true(ulid_equal(p.ticket, i < 2 ? w->to : m->ticket));
        assert_int_equal(p.more_count, i == 2);
        for (size_t k = 0; k <= p.more_count; k++) {
            size_t n = messages_of(k == 0 ? p.ticket : p.more[k - 1], &messages);

            for (size_t j = 0; j < n; j++)
                shown += ulid_equal(messages[j].participant, m->first[i].ulid);
        }
    }
    assert_int_equal(shown, WRITERS * WORDS + extra);
}

static bool splits(enum wire_break how, int n)
{
    struct arena *scratch = arena_open(65536);
    struct meeting m;
    struct mover frail;
    struct move w;

    filing_lab_empty(&lab);
    meet(&m);
    w = half_of(&m);
    frail = with(lab.frail, scratch);
    wire_arm(lab.wire, how, n);

    enum err e = move_words(&frail, &w);
    bool broke = wire_broke(lab.wire);

    wire_arm(lab.wire, WIRE_WHOLE, 0);
    finish_all();
    if (e != ERR_OK) { /* whoever was not answered asks again; perhaps it was never written down */
        struct ticket t;

        assert_int_equal(e, ERR_STORE);
        frail = with(lab.redis, lab.arena);
        if (ticket_read(lab.redis, lab.keys, lab.arena, w.to, &t) == ERR_ABSENT)
            assert_int_equal(move_words(&frail, &w), ERR_OK);
    }
    judge(&m, &w, 0);

    struct ticket made = lab_ticket(&lab, w.to), left = lab_ticket(&lab, m.ticket);

    assert_true(str_is(made.state, "open") && str_is(left.state, "open"));
    assert_int_equal(made.reference, m.first[0].reference);
    assert_int_equal(made.opened_ms, LAB_NOW);
    assert_int_equal(lab_count(&lab, "*:mv"), 0);
    for (size_t i = 0; i < made.fields->count; i += 2)
        assert_false(str_starts(made.fields->items[i].text, "got:"));
    assert_int_equal(redis_field(left.fields, "moving").len, 0);
    for (int i = 0; i < WRITERS; i++) /* F1 of filing.h: wherever it lies by now */
        assert_true(lab_file(&lab, &m.first[i])->before);
    judge(&m, &w, 0);
    arena_close(scratch);
    return broke;
}

static void what_is_split_off_is_all_there(void **state)
{
    (void)state;
    (void)splits(WIRE_WHOLE, 0);
}

static void a_kill_between_any_two_exchanges_loses_nothing(void **state)
{
    (void)state;
    for (int how = WIRE_BEFORE; how <= WIRE_AFTER; how++)
        for (int n = 1; splits((enum wire_break)how, n); n++) {
            assert_true(n < 150);
            sleep_ms(20);
        }
}

static void moved_back_all_is_as_it_was(void **state)
{
    struct meeting m;
    struct message *messages;

    (void)state;
    meet(&m);

    struct mover by = with(lab.redis, lab.arena);
    struct move w = half_of(&m);

    assert_int_equal(move_words(&by, &w), ERR_OK);

    struct move back = w;

    back.id = (struct ulid){0};
    back.from = w.to;
    back.to = m.ticket;
    assert_int_equal(move_words(&by, &back), ERR_OK);
    assert_int_equal(messages_of(m.ticket, &messages), WRITERS * WORDS);
    assert_int_equal(messages_of(w.to, &messages), 0);
    assert_true(str_is(lab_ticket(&lab, w.to).state, "closed")); /* O6 */
    for (int i = 0; i < WRITERS; i++) {
        struct pointer p = lab_pointer(&lab, m.first[i].reference);

        assert_true(ulid_equal(p.ticket, m.ticket) && p.more_count == 0);
    }

    struct move again = w; /* and once more: it is open again */

    again.id = (struct ulid){0};
    assert_int_equal(move_words(&by, &again), ERR_OK);
    assert_true(str_is(lab_ticket(&lab, w.to).state, "open"));
    judge(&m, &w, 0);
}

static void who_is_split_off_keeps_the_mailbox_that_was_reached(void **state)
{
    static const struct {
        const char *before;
        bool take;
        int level;
        unsigned authorised;
    } rows[] = {{"2,0,7", false, 2, 7}, {"4,0,7", false, 2, 7}, {"1,0,0", false, 1, 0}, {"4,0,7", true, 1, 0}};

    (void)state;
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        struct meeting m;
        struct participant *people;
        struct ticket made;
        size_t n;

        filing_lab_empty(&lab);
        meet(&m);
        lab_set(&lab, m.ticket, arena_printf(lab.arena, "lv:%s", id_print(ID_PARTICIPANT, m.words[0]).at),
                rows[k].before);

        struct mover by = with(lab.redis, lab.arena);
        struct move w = half_of(&m);

        w.take = rows[k].take;
        assert_int_equal(move_words(&by, &w), ERR_OK);
        made = lab_ticket(&lab, w.to);
        assert_int_equal(participants_read(lab.redis, lab.keys, lab.arena, &made, &people, &n), ERR_OK);
        assert_int_equal(n, 3);
        for (size_t i = 0; i < n; i++) {
            bool shown = ulid_equal(people[i].id, m.words[0]);

            assert_int_equal(people[i].level, shown ? rows[k].level : 0);
            assert_int_equal(people[i].authorised, shown ? rows[k].authorised : 0);
        }
    }
}

/* ---- two who carry it on, and one who writes ---- */

struct hand {
    pthread_t thread;
    pthread_barrier_t *start;
    struct arena *arena;
    struct redis *redis;
    unsigned partition;
    struct ulid id;
    const struct item *words; /* a writer */
    enum err e;
};

static void *carry(void *arg)
{
    struct hand *h = arg;
    struct mover m = with(h->redis, h->arena);

    (void)pthread_barrier_wait(h->start);
    if (h->words == NULL) {
        h->e = move_run(&m, h->partition, h->id);
        return NULL;
    }
    for (int i = 0; i < LATER && h->e == ERR_OK; i++) {
        struct filing *f;

        h->e = lab_try(&lab, h->arena, h->redis, &h->words[i], &f);
    }
    return NULL;
}

static void race(struct hand hands[3])
{
    pthread_barrier_t start;
    struct meeting m;
    struct item later[LATER];
    struct message *messages;

    filing_lab_empty(&lab);
    meet(&m);
    for (int i = 0; i < LATER; i++)
        later[i] = lab_words(&lab, m.first[0].reference, "web", "later");

    struct mover by = with(lab.redis, lab.arena);
    struct move w = {.from = m.ticket, .account = m.account, .by = STR("system"), .at_ms = LAB_NOW};

    w.person = m.first[0].ulid;
    assert_int_equal(move_plan(&by, &w), ERR_OK);
    assert_int_equal(pthread_barrier_init(&start, NULL, 3), 0);
    for (int k = 0; k < 3; k++) {
        hands[k].start = &start;
        hands[k].id = w.id;
        hands[k].partition = ulid_partition(m.ticket);
        hands[k].words = k == 2 ? later : NULL;
        hands[k].e = ERR_OK;
        assert_int_equal(pthread_create(&hands[k].thread, NULL, carry, &hands[k]), 0);
    }
    for (int k = 0; k < 3; k++) {
        assert_int_equal(pthread_join(hands[k].thread, NULL), 0);
        assert_int_equal(hands[k].e, ERR_OK);
        arena_reset(hands[k].arena);
    }
    assert_int_equal(pthread_barrier_destroy(&start), 0);

    size_t here = messages_of(m.ticket, &messages), there = messages_of(w.to, &messages);

    assert_int_equal(there, WORDS + LATER);
    assert_int_equal(here + there, WRITERS * WORDS + LATER);

    struct pointer p = lab_pointer(&lab, m.first[0].reference);

    assert_true(ulid_equal(p.ticket, w.to) && p.more_count == 0);
}

static void two_carry_it_on_while_its_person_writes(void **state)
{
    struct hand hands[3] = {0};

    (void)state;
    for (int k = 0; k < 3; k++) {
        hands[k].arena = arena_open(65536);
        hands[k].redis = redis_open(&lab.server.target, 10000);
    }
    for (int i = 0; i < RACES; i++)
        race(hands);
    for (int k = 0; k < 3; k++) {
        redis_close(hands[k].redis);
        arena_close(hands[k].arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_split_off_is_all_there, empty),
        cmocka_unit_test_setup(a_kill_between_any_two_exchanges_loses_nothing, empty),
        cmocka_unit_test_setup(moved_back_all_is_as_it_was, empty),
        cmocka_unit_test_setup(who_is_split_off_keeps_the_mailbox_that_was_reached, empty),
        cmocka_unit_test_setup(two_carry_it_on_while_its_person_writes, empty),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
