/* Which work a report joins, on a real redis-server: by whoever it is of, however it came, at any moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "queues/keys.h"
#include "rules/base/arena.h"
#include "tests/unit/queues/filing_lab.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { ROUNDS = 200, CHANNELS = 5 };

#define HOURS(n) (INT64_C(3600000) * (n))

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

/* One contact on record, with a mailbox and a number. */
static struct ulid customer(void)
{
    struct ulid account = lab_customer(&lab), contact = ulid_fresh();

    lab_evidence(&lab, INDEX_EMAIL, "mei@example.org", account, contact, false);
    lab_evidence(&lab, INDEX_PHONE, "+886223456789", account, contact, false);
    return account;
}

/* The same person in each of the five channels; the post names the mailbox as a claim. */
static struct item of_channel(int n)
{
    static const char *const channels[CHANNELS] = {"web", "mail", "phone", "social", "desk"};
    struct item i = lab_report(&lab, channels[n], arena_printf(lab.arena, "it is down, by %s", channels[n]));

    if (n == 2)
        i.phone = STR("+886 2 2345 6789");
    else
        i.email = STR("mei@example.org");
    if (n == 3) {
        i.source = STR("mastodon");
        i.handle = STR("@mei@social.example");
    }
    if (n > 0)
        i.external = lab_external(&lab, arena_printf(lab.arena, "%s-1", channels[n]));
    return i;
}

/* ---- one person ---- */

static const struct {
    const char *label;
    const char *email, *phone, *handle; /* of the second report; the first is by mail of mei@example.org, handle @m */
    int64_t after_ms;
    const char *state; /* of the first's ticket in between */
    bool joins;
} seconds[] = {
    {"the same mailbox", "mei@example.org", "", "", HOURS(1), "open", true},
    {"the same mailbox, spelled otherwise", "Mei@Example.ORG", "", "", HOURS(1), "open", true},
    {"the number on record of the same contact", "", "+886 2 2345 6789", "", HOURS(1), "open", true},
    {"the author of the post that named the mailbox", "", "", "@m", HOURS(1), "open", true},
    {"another contact of the same customer", "kai@example.org", "", "", HOURS(1), "open", false},
    {"while we wait for them", "mei@example.org", "", "", HOURS(1), "waiting-customer", true},
    {"71 hours later", "mei@example.org", "", "", HOURS(71), "open", true},
    {"73 hours later", "mei@example.org", "", "", HOURS(73), "open", false},
    {"after it was solved", "mei@example.org", "", "", HOURS(1), "solved", false},
    {"after it was closed", "mei@example.org", "", "", HOURS(1), "closed", false},
    {"one that waited in the journal while the other was filed", "mei@example.org", "", "", -HOURS(2), "open", true},
};

static void a_person_is_recognised(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof seconds / sizeof seconds[0]; n++) {
        filing_lab_empty(&lab);

        struct ulid account = customer();

        lab_evidence(&lab, INDEX_EMAIL, "kai@example.org", account, ulid_fresh(), false);
        lab_evidence(&lab, INDEX_SITE, "acme.example.net", account, ulid_fresh(), false);

        struct item one = of_channel(3), two = lab_report(&lab, "phone", "and again");

        one.handle = STR("@m");
        two.email = str_of(seconds[n].email);
        two.phone = str_of(seconds[n].phone);
        two.handle = str_of(seconds[n].handle);
        two.source = STR("mastodon");
        two.received_ms += seconds[n].after_ms;
        two.site = STR("acme.example.net");

        struct filing *f = lab_file(&lab, &one);

        lab_set(&lab, f->ticket, "state", seconds[n].state);

        struct filing *g = lab_file(&lab, &two);

        if (ulid_equal(f->ticket, g->ticket) != seconds[n].joins)
            fail_msg("%s: %s", seconds[n].label, seconds[n].joins ? "opened another ticket" : "joined");
        assert_false(ulid_equal(f->participant, g->participant));
    }
}

/* What joins is told by its channel, is heard, and lets the clocks go on. */
static void what_joins_is_heard_again(void **state)
{
    struct happening *history;
    struct participant *people;
    struct ticket t;
    size_t n;

    (void)state;
    customer();

    struct item one = of_channel(1), two = of_channel(2);

    two.received_ms += HOURS(2);

    struct filing *f = lab_file(&lab, &one), *g = lab_file(&lab, &two);

    t = lab_ticket(&lab, f->ticket);
    assert_true(ulid_equal(f->ticket, g->ticket));
    assert_true(str_is(t.channels, "mail phone"));
    assert_int_equal(t.heard_ms, two.received_ms);
    assert_int_equal(t.due_ms, LAB_NOW + HOURS(1) / 2); /* the clock of the first runs on */
    assert_int_equal(history_read(lab.redis, lab.arena, t.id, &history, &n), ERR_OK);
    assert_int_equal(n, 2);
    assert_true(str_is(history[1].kind, "joined") && str_is(history[1].detail, "phone"));
    assert_int_equal(participants_read(lab.redis, lab.keys, lab.arena, &t, &people, &n), ERR_OK);
    assert_int_equal(n, 2);
    assert_int_not_equal(people[0].reference, people[1].reference);
    assert_true(ulid_equal(lab_pointer(&lab, two.reference).participant, two.ulid));
}

/* A switchboard's number names nobody: whoever calls from it opens work of their own. */
static void a_number_that_several_share_names_nobody(void **state)
{
    struct ulid account = lab_customer(&lab);

    (void)state;
    lab_evidence(&lab, INDEX_PHONE, "+886223456789", account, ulid_fresh(), true);

    struct item one = of_channel(2), two = of_channel(2);

    two.external = lab_external(&lab, "another call");

    struct filing *f = lab_file(&lab, &one), *g = lab_file(&lab, &two);

    assert_true(ulid_equal(f->account, account) && ulid_equal(g->account, account));
    assert_false(ulid_equal(f->ticket, g->ticket));
}

/* Somebody who is put aside as spam used the mailbox of a customer: their own report must not be put aside, too. */
static void nobody_joins_spam(void **state)
{
    (void)state;
    customer();

    struct item one = of_channel(0), two = of_channel(1);
    struct filing *f = lab_file(&lab, &one);

    lab_set(&lab, f->ticket, "spam", "1");
    assert_false(ulid_equal(f->ticket, lab_file(&lab, &two)->ticket));
}

static void words_go_on_where_they_were_heard_last(void **state)
{
    (void)state;
    customer();

    struct item one = of_channel(0), late = of_channel(1);
    struct item words = lab_words(&lab, one.reference, "mail", "any news?");

    words.received_ms += HOURS(60);
    late.received_ms += HOURS(100);

    struct filing *f = lab_file(&lab, &one);

    (void)lab_file(&lab, &words);
    assert_true(ulid_equal(f->ticket, lab_file(&lab, &late)->ticket));
}

/* ---- the same thing of its channel ---- */

static const struct {
    const char *label, *channel, *name, *email, *text;
    bool same;
} again[] = {
    {"a call under another webhook-id", "phone", "call-7", "", "hello", true},
    {"another call", "phone", "call-8", "", "hello", false},
    {"a post that was edited", "social", "post-7", "", "hello, again", true},
    {"a mail that came by two ways", "mail", "<7@example.org>", "mei@example.org", "hello", true},
    {"a mail of somebody else with the same Message-ID", "mail", "<7@example.org>", "eve@example.org", "hello", false},
    {"other words with the same Message-ID", "mail", "<7@example.org>", "mei@example.org", "other words", false},
};

static const char *first_name(const char *channel)
{
    return strcmp(channel, "mail") == 0 ? "<7@example.org>" : strcmp(channel, "phone") == 0 ? "call-7" : "post-7";
}

static void what_a_channel_calls_by_one_name_is_filed_once(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof again / sizeof again[0]; n++) {
        filing_lab_empty(&lab);

        struct item one = lab_report(&lab, again[n].channel, "hello"),
                    two = lab_report(&lab, again[n].channel, again[n].text);

        one.email = str_of(strcmp(again[n].channel, "mail") == 0 ? "mei@example.org" : "");
        two.email = str_of(again[n].email);
        one.external = lab_external(&lab, first_name(again[n].channel));
        two.external = lab_external(&lab, again[n].name);
        two.received_ms += HOURS(200);

        struct filing *f = lab_file(&lab, &one), *g = lab_file(&lab, &two);

        if ((g->outcome == FILING_FOLDED) != again[n].same)
            fail_msg("%s", again[n].label);
        if (!again[n].same)
            continue;
        assert_true(ulid_equal(g->original, one.ulid));
        assert_true(ulid_equal(lab_pointer(&lab, two.reference).ticket, f->ticket));
        assert_int_equal(lab_file(&lab, &two)->outcome, FILING_FOLDED);
        assert_int_equal(lab_file(&lab, &one)->outcome, FILING_FILED);
        assert_int_equal(lab_count(&lab, "*:t:*"), 1);
    }
}

/* A key that was used for something else withdraws its item: the name must be free for whoever is filed. */
static void an_item_that_is_refused_takes_no_name(void **state)
{
    struct item one = lab_report(&lab, "phone", "one"), two = lab_report(&lab, "phone", "two");

    (void)state;
    one.key = two.key = str_of(arena_strdup(lab.arena, blind_index(lab.keys, INDEX_KEY, STR("key")).at));
    one.body = STR("one");
    two.body = STR("two");
    two.external = lab_external(&lab, "call-2");
    assert_int_equal(lab_file(&lab, &one)->outcome, FILING_FILED);
    assert_int_equal(lab_file(&lab, &two)->outcome, FILING_KEY_REUSED);
    two.ulid = ulid_fresh();
    two.key = STR("");
    assert_int_equal(lab_file(&lab, &two)->outcome, FILING_FILED);
}

/* ---- bystanders ---- */

static struct item gossip(const char *handle, const char *organisation, const char *site)
{
    struct item i = lab_report(&lab, "social", "everything is down");

    i.source = STR("mastodon");
    i.handle = str_of(handle);
    i.organisation = str_of(organisation);
    i.site = str_of(site);
    return i;
}

static const struct {
    const char *label, *organisation, *site; /* of a second post; the first is about Acme */
    int64_t after_ms;
    bool gathers;
} rumours[] = {
    {"about the same", "Acme", "", HOURS(1), true},
    {"about the same, in other letters", " ACME", "", HOURS(1), true},
    {"about another", "Umbrella", "", HOURS(1), false},
    {"about nothing", "", "", HOURS(1), false},
    {"the same, a week later", "Acme", "", HOURS(200), false},
};

static void what_bystanders_say_of_the_same_is_gathered(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof rumours / sizeof rumours[0]; n++) {
        filing_lab_empty(&lab);

        struct item one = gossip("@a@x.example", "Acme", ""),
                    two = gossip("@b@x.example", rumours[n].organisation, rumours[n].site);

        two.received_ms += rumours[n].after_ms;

        struct filing *f = lab_file(&lab, &one), *g = lab_file(&lab, &two);

        if (ulid_equal(f->ticket, g->ticket) != rumours[n].gathers)
            fail_msg("%s", rumours[n].label);
        assert_true(ticket_is_cluster(&(struct ticket){.fields = lab_ticket(&lab, g->ticket).fields}));
        assert_false(ulid_equal(f->participant, g->participant));
        assert_int_equal(lab_count(&lab, "b:*"), 0); /* nothing leads to it */
        assert_true(lab_file(&lab, &one)->before);
    }
}

/* The rules want what many hear elsewhere; that it was said quietly before must not hide it. */
static void who_is_heard_further_takes_the_ticket_along(void **state)
{
    struct item quiet = gossip("@a@x.example", "Acme", ""), loud = gossip("@b@x.example", "Acme", ""),
                after = gossip("@c@x.example", "Acme", "");
    struct filing *f = lab_file(&lab, &quiet);

    (void)state;
    assert_true(str_is(lab_ticket(&lab, f->ticket).queue, "triage"));
    loud.followers = 10000;
    (void)lab_file(&lab, &loud);
    (void)lab_file(&lab, &after);

    struct ticket t = lab_ticket(&lab, f->ticket);

    assert_true(str_is(t.queue, "outage"));
    assert_int_equal(t.priority, 70);
    assert_int_equal(lab_count(&lab, "*:q:triage"), 0);
    assert_int_equal(lab_count(&lab, "*:q:outage"), 1);
}

static void of_one_day_where_nothing_is_named(void **state)
{
    struct item one = gossip("@a@x.example", "", ""), two = gossip("@b@x.example", "", ""),
                late = gossip("@b@x.example", "", "");

    (void)state;
    late.received_ms += HOURS(24);

    struct filing *f = lab_file(&lab, &one), *g = lab_file(&lab, &two), *h = lab_file(&lab, &late);

    assert_true(ulid_equal(f->ticket, g->ticket));
    assert_false(ulid_equal(g->account, h->account));
}

/* Who says who they are is a person, and so is whoever is known by their name already. */
static void who_says_who_they_are_is_no_bystander(void **state)
{
    struct item one = gossip("@a@x.example", "", ""), two = gossip("@a@x.example", "", "");
    struct filing *f, *g;

    (void)state;
    one.email = STR("a@acme.example");
    f = lab_file(&lab, &one);
    g = lab_file(&lab, &two);
    assert_int_equal(f->cluster.len, 0);
    assert_int_equal(g->cluster.len, 0);
    assert_true(ulid_equal(f->account, g->account));
}

/* ---- where a reference leads ---- */

static const struct {
    const char *label, *held, *ticket, *leaves, *then; /* P: the participant, T1 … tickets */
} leads[] = {
    {"nowhere yet", "", "T1", "", "T1"},
    {"there already", "T1", "T1", "", "T1"},
    {"a further ticket, while words stay in the first", "T1", "T2", "", "T1 T2"},
    {"all of them to another ticket", "T1", "T2", "T1", "T2"},
    {"to one of its further ones", "T1 T2 T3", "T2", "T1", "T2 T3"},
    {"out of a further one", "T1 T2", "T3", "T2", "T1 T3"},
    {"back into the first", "T1 T2", "T1", "T2", "T1"},
    {"the same once more", "T2", "T2", "T1", "T2"},
};

static struct ulid numbered(char c)
{
    struct ulid u = {0};

    u.bytes[15] = (uint8_t)c;
    return u;
}

static void a_reference_leads_to_all_words_of_its_person(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof leads / sizeof leads[0]; n++) {
        struct str key, held = str_of(leads[n].held);
        struct point p = {.item = numbered('I'), .account = numbered('A'), .participant = numbered('P')};
        struct redis_value *v;
        struct pointer now;
        char told[64] = "";
        size_t count;

        filing_lab_empty(&lab);
        key = pointer_key(lab.arena, 7);
        p.ticket = numbered(leads[n].ticket[1]);
        if (leads[n].leaves[0] != '\0')
            p.leaves = numbered(leads[n].leaves[1]);
        while (held.len > 0) {
            struct point q = p;

            q.ticket = numbered(str_cut(&held, ' ').at[1]);
            q.leaves = (struct ulid){0};
            pointer_queue_lead(lab.redis, lab.arena, key, &q);
        }
        pointer_queue_lead(lab.redis, lab.arena, key, &p);
        p.participant = numbered('X'); /* somebody else's: stays */
        pointer_queue_lead(lab.redis, lab.arena, key, &p);
        assert_int_equal(redis_flush(lab.redis, lab.arena, &v, &count), ERR_OK);
        assert_int_equal(pointer_read(lab.redis, lab.arena, 7, &now), ERR_OK);
        (void)snprintf(told, sizeof told, "T%c", now.ticket.bytes[15]);
        for (size_t i = 0; i < now.more_count; i++)
            (void)snprintf(told + strlen(told), sizeof told - strlen(told), " T%c", now.more[i].bytes[15]);
        if (strcmp(told, leads[n].then) != 0 || !ulid_equal(now.participant, numbered('P')))
            fail_msg("%s: %s", leads[n].label, told);
    }
}

/* ---- at one moment ---- */

struct worker {
    pthread_t thread;
    pthread_barrier_t *start;
    struct arena *arena;
    struct redis *redis;
    struct item items[CHANNELS];
    struct filing *filed[CHANNELS];
    size_t n;
    enum err e;
};

static void *work(void *arg)
{
    struct worker *w = arg;

    (void)pthread_barrier_wait(w->start);
    for (size_t i = 0; i < w->n; i++)
        if (w->e == ERR_OK)
            w->e = lab_try(&lab, w->arena, w->redis, &w->items[i], &w->filed[i]);
    return NULL;
}

static void five_at_once(struct worker w[2], int round)
{
    pthread_barrier_t start;
    struct ulid account;

    filing_lab_empty(&lab);
    account = customer();
    w[0].n = w[1].n = 0;
    for (int c = 0; c < CHANNELS; c++) {
        struct worker *to = &w[(c + round) % 2];

        to->items[to->n++] = of_channel((c * (round % 4 + 1)) % CHANNELS);
    }
    assert_int_equal(pthread_barrier_init(&start, NULL, 2), 0);
    for (int k = 0; k < 2; k++) {
        w[k].start = &start;
        w[k].e = ERR_OK;
        assert_int_equal(pthread_create(&w[k].thread, NULL, work, &w[k]), 0);
    }
    for (int k = 0; k < 2; k++)
        assert_int_equal(pthread_join(w[k].thread, NULL), 0);
    assert_int_equal(pthread_barrier_destroy(&start), 0);
    for (int k = 0; k < 2; k++) {
        assert_int_equal(w[k].e, ERR_OK);
        for (size_t i = 0; i < w[k].n; i++)
            assert_true(ulid_equal(w[k].filed[i]->account, account));
        arena_reset(w[k].arena);
    }
}

static void five_channels_at_one_moment_are_one_ticket(void **state)
{
    struct worker w[2] = {0};

    (void)state;
    for (int k = 0; k < 2; k++) {
        w[k].arena = arena_open(65536);
        w[k].redis = redis_open(&lab.server.target, 10000);
    }
    for (int round = 0; round < ROUNDS; round++) {
        struct redis_value v;

        five_at_once(w, round);
        assert_int_equal(lab_count(&lab, "*:t:*"), 1);
        assert_int_equal(redis_do(lab.redis, lab.arena, &v, 2, (struct str[]){STR("KEYS"), STR("*:m:*")}), ERR_OK);
        assert_int_equal(v.count, 1);
        assert_int_equal(redis_do(lab.redis, lab.arena, &v, 2, (struct str[]){STR("HLEN"), v.items[0].text}), ERR_OK);
        assert_int_equal(v.integer, CHANNELS);
    }
    for (int k = 0; k < 2; k++) {
        redis_close(w[k].redis);
        arena_close(w[k].arena);
    }
}

/* ---- with every exchange failing once ---- */

static void file_frailly(const struct item *i)
{
    struct filing *f;

    for (int tries = 0; lab_try(&lab, lab.arena, lab.frail, i, &f) != ERR_OK; tries++) {
        assert_true(tries < 100);
        sleep_ms(20); /* a lost connection is made anew after a while */
    }
}

static bool breaks_once(enum wire_break how, int n)
{
    filing_lab_empty(&lab);

    struct ulid account = customer();
    struct item items[CHANNELS + 1];
    struct message *messages;
    size_t count;

    for (int c = 0; c < CHANNELS; c++)
        items[c] = of_channel(c);
    items[CHANNELS] = of_channel(2); /* the same call by another way */
    wire_arm(lab.wire, how, n);
    for (int c = 0; c <= CHANNELS; c++)
        file_frailly(&items[c]);

    bool broke = wire_broke(lab.wire);

    wire_arm(lab.wire, WIRE_WHOLE, 0);
    for (int c = 0; c <= CHANNELS; c++)
        file_frailly(&items[c]); /* F1 */

    struct pointer p = lab_pointer(&lab, items[0].reference);

    assert_true(ulid_equal(lab_ticket(&lab, p.ticket).account, account));
    for (int c = 0; c <= CHANNELS; c++)
        assert_true(ulid_equal(lab_pointer(&lab, items[c].reference).ticket, p.ticket));
    assert_int_equal(lab_count(&lab, "*:t:*"), 1);
    assert_int_equal(messages_read(lab.redis, lab.keys, lab.arena, p.ticket, &messages, &count), ERR_OK);
    assert_int_equal(count, CHANNELS);
    assert_int_equal(lab_count(&lab, "i:*"), CHANNELS);
    return broke;
}

static void a_kill_between_any_two_exchanges_changes_nothing(void **state)
{
    (void)state;
    for (int how = WIRE_BEFORE; how <= WIRE_AFTER; how++)
        for (int n = 1; breaks_once((enum wire_break)how, n); n++)
            assert_true(n < 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_person_is_recognised, empty),
        cmocka_unit_test_setup(what_joins_is_heard_again, empty),
        cmocka_unit_test_setup(a_number_that_several_share_names_nobody, empty),
        cmocka_unit_test_setup(nobody_joins_spam, empty),
        cmocka_unit_test_setup(words_go_on_where_they_were_heard_last, empty),
        cmocka_unit_test_setup(what_a_channel_calls_by_one_name_is_filed_once, empty),
        cmocka_unit_test_setup(an_item_that_is_refused_takes_no_name, empty),
        cmocka_unit_test_setup(what_bystanders_say_of_the_same_is_gathered, empty),
        cmocka_unit_test_setup(who_is_heard_further_takes_the_ticket_along, empty),
        cmocka_unit_test_setup(of_one_day_where_nothing_is_named, empty),
        cmocka_unit_test_setup(who_says_who_they_are_is_no_bystander, empty),
        cmocka_unit_test_setup(a_reference_leads_to_all_words_of_its_person, empty),
        cmocka_unit_test_setup(five_channels_at_one_moment_are_one_ticket, empty),
        cmocka_unit_test_setup(a_kill_between_any_two_exchanges_changes_nothing, empty),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
