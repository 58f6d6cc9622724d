/* Accounts that stand for one another, on a real redis-server: linked and taken apart again, with reports coming in all
 * the while and everything failing once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "queues/keys.h"
#include "queues/merge.h"
#include "rules/base/arena.h"
#include "tests/unit/dice.h"
#include "tests/unit/queues/filing_lab.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ACCOUNTS = 6, WALKS = 12, STEPS = 40, DUELS = 60 };

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

static struct mover with(struct redis *r, struct arena *a, int64_t now_ms)
{
    return (struct mover){.redis = r, .keys = lab.keys, .rules = lab.rules, .arena = a, .now_ms = now_ms};
}

static enum err link_by(struct redis *r, struct arena *a, struct ulid from, struct ulid into, struct edge *out)
{
    struct mover m = with(r, a, LAB_NOW);

    *out = (struct edge){.from = from,
                         .into = into,
                         .why = STR("the same company"),
                         .by = STR("stf_01J9Z3NDEKTSV4RRFFQ69G5FAV"),
                         .by_name = STR("aya")};
    return merge_link(&m, out);
}

static enum err link_accounts(struct ulid from, struct ulid into, struct edge *out)
{
    return link_by(lab.redis, lab.arena, from, into, out);
}

static void finish_all(int64_t now_ms)
{
    struct mover m = with(lab.redis, lab.arena, now_ms);

    for (unsigned p = 0; p < PARTITIONS; p++) {
        assert_int_equal(move_finish(&m, p, now_ms), ERR_OK);
        assert_int_equal(merge_finish(&m, p, now_ms), ERR_OK);
    }
}

static struct family family_of(struct ulid account)
{
    struct family f;

    assert_int_equal(merge_family(lab.redis, lab.keys, lab.arena, account, &f), ERR_OK);
    return f;
}

/* ---- who stands for whom ---- */

static const struct {
    const char *label;
    const char *links; /* "ab": a stands for b … */
    const char *last;  /* this one's outcome is told */
    enum err e;
    const char *family; /* of `a`, the root first */
} links[] = {
    {"one for another", "", "ab", ERR_OK, "ba"},
    {"a chain goes by its root", "ab", "bc", ERR_OK, "cba"},
    {"who stands for another already: with its root", "ab", "ac", ERR_OK, "cba"},
    {"into one that stands for another", "bc", "ab", ERR_OK, "cba"},
    {"itself", "", "aa", ERR_CONFLICT, "a"},
    {"back again", "ab", "ba", ERR_CONFLICT, "ba"},
    {"the same again", "ab", "ab", ERR_CONFLICT, "ba"},
    {"somebody nobody knows", "", "az", ERR_ABSENT, "a"},
    {"nobody for somebody", "", "za", ERR_ABSENT, "a"},
};

static void an_account_stands_for_another(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof links / sizeof links[0]; n++) {
        struct ulid named[26];
        struct edge e;
        char told[ACCOUNTS + 1] = "";

        filing_lab_empty(&lab);
        for (int i = 0; i < 26; i++)
            named[i] = i < ACCOUNTS ? lab_customer(&lab) : ulid_fresh();
        for (const char *l = links[n].links; *l != '\0'; l += 2)
            assert_int_equal(link_accounts(named[l[0] - 'a'], named[l[1] - 'a'], &e), ERR_OK);

        enum err got = link_accounts(named[links[n].last[0] - 'a'], named[links[n].last[1] - 'a'], &e);
        struct family f = family_of(named[0]);

        for (size_t i = 0; i < f.n; i++)
            for (int k = 0; k < ACCOUNTS; k++)
                if (ulid_equal(f.accounts[i], named[k]))
                    told[i] = (char)('a' + k);
        if (got != links[n].e || strcmp(told, links[n].family) != 0)
            fail_msg("%s: %s, %s", links[n].label, err_name(got), told);
        assert_int_equal(lab_count(&lab, "*:mv"), 0);
    }
}

static void a_chain_is_bounded(void **state)
{
    struct ulid last = lab_customer(&lab);
    struct edge e;
    enum err got = ERR_OK;
    int depth = 0;

    (void)state;
    while (got == ERR_OK) {
        struct ulid next = lab_customer(&lab);

        got = link_accounts(last, next, &e);
        depth += got == ERR_OK;
        last = next;
    }
    assert_int_equal(got, ERR_LIMIT);
    assert_int_equal(depth, MERGE_DEPTH_MAX);
    assert_int_equal(lab_count(&lab, "*:mv"), 0);
}

static void an_edge_says_who_and_why_and_is_sealed(void **state)
{
    struct ulid a = lab_customer(&lab), b = lab_customer(&lab);
    struct edge e;
    struct redis_value v;

    (void)state;
    assert_int_equal(link_accounts(a, b, &e), ERR_OK);

    struct family f = family_of(a);

    assert_int_equal(f.edge_count, 1);
    assert_true(ulid_equal(f.edges[0].id, e.id));
    assert_true(str_is(f.edges[0].why, "the same company") && str_is(f.edges[0].by_name, "aya"));
    assert_int_equal(f.edges[0].at_ms, LAB_NOW);

    struct str key = key_in(lab.arena, partition_of(b), "al", id_print(ID_ACCOUNT, b).at);

    assert_int_equal(redis_do(lab.redis, lab.arena, &v, 2, (struct str[]){STR("DUMP"), key}), ERR_OK);
    assert_null(memmem(v.text.at, v.text.len, "company", 7));
}

struct dueller {
    pthread_t thread;
    pthread_barrier_t *start;
    struct arena *arena;
    struct redis *redis;
    struct ulid from, into;
    enum err e;
};

static void *duel(void *arg)
{
    struct dueller *d = arg;
    struct edge e;

    (void)pthread_barrier_wait(d->start);
    d->e = link_by(d->redis, d->arena, d->from, d->into, &e);
    return NULL;
}

/* G2: three customers, each linked to the next one, all at once: at most two edges, never a ring. */
static void nobody_makes_a_ring(void **state)
{
    struct dueller d[3] = {0};
    pthread_barrier_t start;
    int linked = 0;

    (void)state;
    for (int k = 0; k < 3; k++) {
        d[k].arena = arena_open(65536);
        d[k].redis = redis_open(&lab.server.target, 10000);
        d[k].start = &start;
    }
    for (int round = 0; round < DUELS; round++) {
        int n = 2 + round % 2;
        struct ulid who[3];

        filing_lab_empty(&lab);
        for (int k = 0; k < n; k++)
            who[k] = lab_customer(&lab);
        assert_int_equal(pthread_barrier_init(&start, NULL, (unsigned)n), 0);
        for (int k = 0; k < n; k++) {
            d[k].from = who[k];
            d[k].into = who[(k + 1) % n];
            assert_int_equal(pthread_create(&d[k].thread, NULL, duel, &d[k]), 0);
        }
        for (int k = 0; k < n; k++)
            assert_int_equal(pthread_join(d[k].thread, NULL), 0);
        assert_int_equal(pthread_barrier_destroy(&start), 0);

        size_t edges = 0;

        for (int k = 0; k < n; k++) {
            struct family f = family_of(who[k]); /* ends, so there is no ring */

            edges = f.edge_count > edges ? f.edge_count : edges;
            assert_true(d[k].e == ERR_OK || d[k].e == ERR_BUSY || d[k].e == ERR_CONFLICT);
            linked += d[k].e == ERR_OK;
        }
        assert_in_range(edges, 0, (unsigned)n - 1);
        assert_int_equal(lab_count(&lab, "*:mv"), 0);
    }
    assert_true(linked >= DUELS); /* as a rule somebody gets through */
    for (int k = 0; k < 3; k++) {
        redis_close(d[k].redis);
        arena_close(d[k].arena);
    }
}

/* ---- words ---- */

/* One person who is on record twice, with a mailbox here and a number there, and is known by the name they post under. */
struct twice {
    struct ulid here, there; /* accounts */
    struct item call, mail;
};

static struct twice on_record_twice(void)
{
    struct twice t = {.here = lab_customer(&lab), .there = lab_customer(&lab)};

    while (partition_of(t.there) == partition_of(t.here))
        t.there = lab_customer(&lab);
    lab_evidence(&lab, INDEX_EMAIL, "mei@example.org", t.here, ulid_fresh(), false);
    lab_evidence(&lab, INDEX_PHONE, "+886223456789", t.there, ulid_fresh(), false);
    t.call = lab_report(&lab, "social", "posted, with a number");
    t.call.phone = STR("+886223456789");
    t.mail = lab_report(&lab, "social", "posted, with a mailbox");
    t.mail.email = STR("mei@example.org");
    t.call.source = t.mail.source = STR("mastodon");
    t.call.handle = t.mail.handle = STR("@mei@social.example");
    return t;
}

static size_t messages_of(struct ulid ticket, struct message **out)
{
    size_t n;

    assert_int_equal(messages_read(lab.redis, lab.keys, lab.arena, ticket, out, &n), ERR_OK);
    return n;
}

static void apart_they_have_a_ticket_each(void **state)
{
    struct twice t = on_record_twice();

    (void)state;
    assert_true(ulid_equal(lab_file(&lab, &t.call)->account, t.there));
    assert_true(ulid_equal(lab_file(&lab, &t.mail)->account, t.here));
    assert_int_equal(lab_count(&lab, "*:t:*"), 2);
}

/* G3, in both directions and whoever comes first. */
static void as_one_customer_they_have_one(void **state)
{
    (void)state;
    for (int order = 0; order < 4; order++) {
        struct twice t;
        struct edge e;

        filing_lab_empty(&lab);
        t = on_record_twice();
        assert_int_equal(link_accounts((order & 1) != 0 ? t.here : t.there, (order & 1) != 0 ? t.there : t.here, &e),
                         ERR_OK);

        struct filing *f = lab_file(&lab, (order & 2) != 0 ? &t.call : &t.mail);
        struct filing *g = lab_file(&lab, (order & 2) != 0 ? &t.mail : &t.call);

        assert_true(ulid_equal(f->ticket, g->ticket));
        assert_true(ulid_equal(f->account, g->account) && !ulid_equal(f->home, g->home));
        assert_int_equal(lab_count(&lab, "*:t:*"), 1);
        assert_int_equal(lab_count(&lab, "*:gu:*"), 1);
    }
}

static const char *const later_channels[] = {"web", "mail", "phone", "social"};

/* Merge, then words on all channels, then un-merge; each exchange of it breaks once. at_once: who was not answered asks
 * again before the sweep has looked (G7). */
static bool home_again(enum wire_break how, int n, bool unlinking, bool at_once)
{
    struct twice t;
    struct edge e;
    struct message *messages;
    struct arena *scratch = arena_open(65536);

    filing_lab_empty(&lab);
    t = on_record_twice();

    struct filing *f = lab_file(&lab, &t.call);

    wire_arm(lab.wire, unlinking ? WIRE_WHOLE : how, n);

    enum err linked = link_by(lab.frail, scratch, t.here, t.there, &e);
    bool broke = wire_broke(lab.wire);

    wire_arm(lab.wire, WIRE_WHOLE, 0);
    if (linked != ERR_OK) {
        assert_int_equal(linked, ERR_STORE);
        if (!at_once)
            finish_all(LAB_NOW + 1);
        linked = link_accounts(t.here, t.there, &e);
        assert_true(linked == ERR_OK || linked == ERR_CONFLICT); /* the sweep made it, or nothing of it was there */
    }

    struct family family = family_of(t.here);

    assert_int_equal(family.edge_count, 1);
    assert_true(ulid_equal(lab_file(&lab, &t.mail)->ticket, f->ticket));
    for (size_t i = 0; i < sizeof later_channels / sizeof later_channels[0]; i++) {
        struct item words = lab_words(&lab, t.mail.reference, later_channels[i], later_channels[i]);
        struct item theirs = lab_words(&lab, t.call.reference, later_channels[i], later_channels[i]);

        (void)lab_file(&lab, &words);
        (void)lab_file(&lab, &theirs);
    }
    assert_int_equal(messages_of(f->ticket, &messages), 10);
    wire_arm(lab.wire, unlinking ? how : WIRE_WHOLE, n);

    struct mover m = with(lab.frail, scratch, LAB_NOW);
    enum err cut = merge_unlink(&m, t.there, family.edges[0].id, STR("system"), NULL);

    broke = broke || wire_broke(lab.wire);
    wire_arm(lab.wire, WIRE_WHOLE, 0);
    if (!at_once)
        finish_all(LAB_NOW + 1);
    if (cut != ERR_OK) { /* whoever was not answered asks again */
        assert_int_equal(cut, ERR_STORE);
        m = with(lab.redis, lab.arena, LAB_NOW);
        cut = merge_unlink(&m, t.there, family.edges[0].id, STR("system"), NULL);
        assert_true(cut == ERR_OK || cut == ERR_ABSENT);
    }
    finish_all(LAB_NOW + MERGE_GRACE_MS + 1);
    assert_int_equal(family_of(t.here).edge_count, 0);

    struct pointer here = lab_pointer(&lab, t.mail.reference), there = lab_pointer(&lab, t.call.reference);

    assert_true(ulid_equal(lab_ticket(&lab, here.ticket).account, t.here));
    assert_true(ulid_equal(here.account, t.here) && here.more_count == 0);
    assert_true(ulid_equal(there.ticket, f->ticket) && there.more_count == 0);
    assert_int_equal(messages_of(here.ticket, &messages), 5);
    for (int i = 0; i < 5; i++)
        assert_true(ulid_equal(messages[i].home, t.here) && ulid_equal(messages[i].participant, t.mail.ulid));
    assert_int_equal(messages_of(there.ticket, &messages), 5);
    for (int i = 0; i < 5; i++)
        assert_true(ulid_equal(messages[i].participant, t.call.ulid));
    assert_int_equal(lab_count(&lab, "*:t:*"), 2);
    assert_int_equal(lab_count(&lab, "*:mv"), 0);
    assert_int_equal(lab_count(&lab, "*:gu:*"), 0);
    assert_int_equal(redis_field(lab_ticket(&lab, here.ticket).fields, "moving").len, 0);
    assert_int_equal(redis_field(lab_ticket(&lab, there.ticket).fields, "moving").len, 0);

    /* F1, and their next words find their own. */
    assert_true(lab_file(&lab, &t.mail)->before);
    assert_int_equal(messages_of(here.ticket, &messages), 5);

    struct item next = t.mail;

    next.ulid = ulid_fresh();
    next.reference = ++lab.next_reference;
    assert_true(ulid_equal(lab_file(&lab, &next)->ticket, here.ticket));
    arena_close(scratch);
    return broke;
}

static void un_merged_every_word_is_home(void **state)
{
    (void)state;
    (void)home_again(WIRE_WHOLE, 0, true, false);
}

static void a_kill_while_linking_loses_nothing(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++)
        for (int n = 1; home_again(way % 2 == 0 ? WIRE_BEFORE : WIRE_AFTER, n, false, way >= 2); n++) {
            assert_true(n < 60);
            sleep_ms(20);
        }
}

static void a_kill_while_un_merging_loses_nothing(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++)
        for (int n = 1; home_again(way % 2 == 0 ? WIRE_BEFORE : WIRE_AFTER, n, true, way >= 2); n++) {
            assert_true(n < 150);
            sleep_ms(20);
        }
}

/* G6: it was decided before the edge was taken away, and written after all was sent home. */
static void a_report_that_was_under_way_goes_home_later(void **state)
{
    struct twice t = on_record_twice();
    struct edge e;
    struct redis_value *v;
    size_t n;

    (void)state;
    assert_int_equal(link_accounts(t.here, t.there, &e), ERR_OK);

    struct filing *f = lab_file(&lab, &t.call), *late = arena_new(lab.arena, struct filing);

    late->keys = lab.keys;
    late->rules = lab.rules;
    late->arena = lab.arena;
    late->item = t.mail;
    late->now_ms = LAB_NOW;
    filing_begin(late);
    for (bool cut = false; filing_ask(late, lab.redis);) {
        assert_int_equal(redis_flush(lab.redis, lab.arena, &v, &n), ERR_OK);
        assert_int_equal(filing_hear(late, lab.redis, v), ERR_OK);
        if (late->at.version.len > 0 && !cut) { /* it has read the ticket that it is about to join */
            struct mover m = with(lab.redis, lab.arena, LAB_NOW);

            assert_int_equal(merge_unlink(&m, t.here, e.id, STR("system"), NULL), ERR_OK);
            finish_all(LAB_NOW + 1);
            cut = true;
        }
    }
    assert_true(ulid_equal(late->ticket, f->ticket));
    finish_all(LAB_NOW + 60000);
    assert_true(ulid_equal(lab_pointer(&lab, t.mail.reference).account, t.here));
    assert_int_equal(lab_count(&lab, "*:t:*"), 2);
}

/* ---- a walk beside a model ---- */

/* What the model knows of a report: where its evidence led, and that it was made. */
struct told {
    struct item item;
    int home;
    size_t words; /* of it and after it */
};

struct walk {
    struct dice dice;
    struct ulid accounts[ACCOUNTS];
    int stands_for[ACCOUNTS]; /* -1: a root */
    struct ulid edge[ACCOUNTS];
    struct told told[STEPS];
    size_t n;
    int64_t now_ms;
};

static int root_of(const struct walk *w, int account)
{
    while (w->stands_for[account] >= 0)
        account = w->stands_for[account];
    return account;
}

/* Each account has a mailbox on record; all of them post under one name, so that they meet once they are one customer. */
static void report(struct walk *w)
{
    int home = (int)dice_below(&w->dice, ACCOUNTS);
    struct told *t = &w->told[w->n++];

    *t = (struct told){lab_report(&lab, "social", "words"), home, 1};
    t->item.email = str_of(arena_printf(lab.arena, "mei%d@example.org", home));
    t->item.source = STR("mastodon");
    t->item.handle = STR("@mei@social.example");
    t->item.received_ms = w->now_ms;
    assert_true(ulid_equal(lab_file(&lab, &t->item)->home, w->accounts[home]));
}

static void write_on(struct walk *w)
{
    struct told *t = &w->told[dice_below(&w->dice, (int64_t)w->n)];
    struct item words = lab_words(&lab, t->item.reference, "web", "more");

    words.received_ms = w->now_ms;
    assert_int_equal(lab_file(&lab, &words)->outcome, FILING_FILED);
    t->words++;
}

static void hinder(struct walk *w)
{
    if (dice_below(&w->dice, 2) == 0)
        wire_arm(lab.wire, dice_below(&w->dice, 2) == 0 ? WIRE_BEFORE : WIRE_AFTER, 1 + (int)dice_below(&w->dice, 25));
}

static void link_some(struct walk *w)
{
    int from = (int)dice_below(&w->dice, ACCOUNTS), into = (int)dice_below(&w->dice, ACCOUNTS);
    struct edge e;

    hinder(w);

    enum err got = link_by(lab.frail, lab.arena, w->accounts[from], w->accounts[into], &e);

    wire_arm(lab.wire, WIRE_WHOLE, 0);
    from = root_of(w, from);
    into = root_of(w, into);
    if (from == into) {
        assert_true(got == ERR_CONFLICT || got == ERR_STORE);
        return;
    }
    if (got == ERR_STORE) { /* done or not: the sweep decides, and it stays so */
        finish_all(w->now_ms + 1);

        struct family f = family_of(w->accounts[from]);

        if (!ulid_equal(f.accounts[0], w->accounts[into]))
            return;
        for (size_t i = 0; i < f.edge_count; i++)
            if (ulid_equal(f.edges[i].from, w->accounts[from]))
                e = f.edges[i];
    } else
        assert_int_equal(got, ERR_OK);
    w->stands_for[from] = into;
    w->edge[from] = e.id;
}

static void unlink_some(struct walk *w)
{
    int from = (int)dice_below(&w->dice, ACCOUNTS);

    if (w->stands_for[from] < 0)
        return;
    hinder(w);

    struct mover m = with(lab.frail, lab.arena, w->now_ms);
    enum err got = merge_unlink(&m, w->accounts[root_of(w, from)], w->edge[from], STR("system"), NULL);

    wire_arm(lab.wire, WIRE_WHOLE, 0);
    if (got == ERR_STORE) {
        m = with(lab.redis, lab.arena, w->now_ms);
        finish_all(w->now_ms + 1);
        got = merge_unlink(&m, w->accounts[from], w->edge[from], STR("system"), NULL);
        assert_true(got == ERR_OK || got == ERR_ABSENT);
    } else
        assert_int_equal(got, ERR_OK);
    w->stands_for[from] = -1;
}

/* Each person's words are where their reference says, once, all of them, in an account of their own customer. */
static void judge(struct walk *w, bool apart)
{
    size_t all = 0;

    for (size_t i = 0; i < w->n; i++) {
        const struct told *t = &w->told[i];
        struct pointer p = lab_pointer(&lab, t->item.reference);
        struct ticket ticket = lab_ticket(&lab, p.ticket);
        struct message *messages;
        size_t n = messages_of(p.ticket, &messages), mine = 0;
        int lies = -1;

        for (size_t k = 0; k < n; k++)
            mine += ulid_equal(messages[k].participant, t->item.ulid);
        for (int k = 0; k < ACCOUNTS; k++)
            if (ulid_equal(ticket.account, w->accounts[k]))
                lies = k;
        all += t->words;
        assert_true(lies >= 0);
        if (mine != t->words || p.more_count != 0 || root_of(w, lies) != root_of(w, t->home) ||
            (apart && lies != t->home))
            fail_msg("report %zu: %zu of %zu words, home %d, lies %d", i, mine, t->words, t->home, lies);
    }

    struct redis_value keys, v;

    assert_int_equal(redis_do(lab.redis, lab.arena, &keys, 2, (struct str[]){STR("KEYS"), STR("*:m:*")}), ERR_OK);
    for (size_t i = 0; i < keys.count; i++) {
        assert_int_equal(redis_do(lab.redis, lab.arena, &v, 2, (struct str[]){STR("HLEN"), keys.items[i].text}),
                         ERR_OK);
        assert_true((size_t)v.integer <= all);
        all -= (size_t)v.integer;
    }
    assert_int_equal(all, 0);
}

static void walk(uint64_t seed)
{
    struct walk *w;

    filing_lab_empty(&lab);
    w = arena_new(lab.arena, struct walk);
    w->dice.state = seed;
    w->now_ms = LAB_NOW;
    for (int i = 0; i < ACCOUNTS; i++) {
        w->accounts[i] = lab_customer(&lab);
        w->stands_for[i] = -1;
        lab_evidence(&lab, INDEX_EMAIL, arena_printf(lab.arena, "mei%d@example.org", i), w->accounts[i], ulid_fresh(),
                     false);
    }
    report(w);
    for (int step = 1; step < STEPS; step++) {
        int64_t what = dice_below(&w->dice, 10);

        w->now_ms += 1000;
        if (what < 3)
            report(w);
        else if (what < 5)
            write_on(w);
        else if (what < 8)
            link_some(w);
        else
            unlink_some(w);
        judge(w, false);
    }
    for (int i = 0; i < ACCOUNTS; i++)
        if (w->stands_for[i] >= 0) {
            struct mover m = with(lab.redis, lab.arena, w->now_ms);

            assert_int_equal(merge_unlink(&m, w->accounts[i], w->edge[i], STR("system"), NULL), ERR_OK);
            w->stands_for[i] = -1;
        }
    judge(w, true);
    finish_all(w->now_ms + MERGE_GRACE_MS + 1);
    judge(w, true);
    assert_int_equal(lab_count(&lab, "*:mv"), 0);
    assert_int_equal(lab_count(&lab, "*:gu:*"), 0);
}

static void whoever_is_linked_and_unlinked_all_words_are_there_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= WALKS; seed++)
        walk(seed * UINT64_C(0x9E3779B97F4A7C15));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_account_stands_for_another, empty),
        cmocka_unit_test_setup(a_chain_is_bounded, empty),
        cmocka_unit_test_setup(an_edge_says_who_and_why_and_is_sealed, empty),
        cmocka_unit_test_setup(nobody_makes_a_ring, empty),
        cmocka_unit_test_setup(apart_they_have_a_ticket_each, empty),
        cmocka_unit_test_setup(as_one_customer_they_have_one, empty),
        cmocka_unit_test_setup(un_merged_every_word_is_home, empty),
        cmocka_unit_test_setup(a_kill_while_linking_loses_nothing, empty),
        cmocka_unit_test_setup(a_kill_while_un_merging_loses_nothing, empty),
        cmocka_unit_test_setup(a_report_that_was_under_way_goes_home_later, empty),
        cmocka_unit_test_setup(whoever_is_linked_and_unlinked_all_words_are_there_once, empty),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
