/* Filing against a real redis-server: once, in any order, with every exchange failing once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "queues/file.h"
#include "queues/filing.h"
#include "queues/flow.h"
#include "queues/keys.h"
#include "queues/placing.h"
#include "rules/base/arena.h"
#include "rules/route.h"
#include "tests/unit/queues/scratch_redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NOW INT64_C(1795500000000)

static const char rules_text[] = "queue triage { title \"Triage\" first-reply 1h calendar always }\n"
                                 "queue outage { title \"Outage\" first-reply 30m calendar always }\n"
                                 "queue loud { title \"Loud\" first-reply 15m calendar always }\n"
                                 "class partner { domain \"partner.example\" }\n"
                                 "route when executive to loud priority 90\n"
                                 "route when channel social, followers >= 10000 to loud priority 70\n"
                                 "route when class partner to loud priority 40\n"
                                 "route when heat >= 3 in 1h to loud priority 80\n"
                                 "route when known yes to outage priority 60\n"
                                 "route otherwise to triage priority 50\n";

static struct scratch_redis server;
static struct keyring *keys;
static struct rules *rules;
static struct redis *link_;
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
    char folder[128], why[KEYRING_WHY_BYTES];
    struct buf faults = {0};

    (void)state;
    a = arena_open(65536);
    scratch_open(&server);
    scratch_start(&server, NULL);
    (void)snprintf(folder, sizeof folder, "%s/keys", server.folder);
    assert_int_equal(keyring_open(&keys, folder, true, why), ERR_OK);
    link_ = redis_open(&server.target, 10000);
    if (rules_load(&rules, "test.rules", str_of(rules_text), no_zone, NULL, &faults) != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
    return 0;
}

static int end(void **state)
{
    (void)state;
    rules_close(rules);
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

static struct item request(uint64_t reference, const char *email, const char *text)
{
    return (struct item){.op = ITEM_REQUEST,
                         .ulid = ulid_fresh(),
                         .received_ms = NOW,
                         .channel = STR("web"),
                         .reference = reference,
                         .text = str_of(text),
                         .email = str_of(email),
                         .impact = STR("down"),
                         .language = STR("en"),
                         .raw = str_of(text),
                         .raw_type = STR("text/plain")};
}

static struct filing *make(const struct item *i)
{
    struct filing *f = arena_new(a, struct filing);

    f->keys = keys;
    f->rules = rules;
    f->arena = a;
    f->item = *i;
    f->now_ms = NOW;
    filing_begin(f);
    return f;
}

/* Runs f to its end. cut_at: this exchange's answers are thrown away, as if the connection had broken after
 * Redis did it; -1 none. */
static enum err run(struct filing *f, int cut_at)
{
    struct redis_value *v;
    size_t n;
    enum err e = ERR_OK;

    for (int round = 0; e == ERR_OK && filing_ask(f, link_); round++) {
        assert_int_equal(redis_flush(link_, a, &v, &n), ERR_OK);
        assert_int_equal(n, filing_asked(f));
        if (round == cut_at)
            return ERR_STORE;
        e = filing_hear(f, link_, v);
    }
    return e;
}

static struct filing *file(const struct item *i)
{
    struct filing *f = make(i);

    assert_int_equal(run(f, -1), ERR_OK);
    return f;
}

static int64_t count(const char *pattern)
{
    struct redis_value v;

    assert_int_equal(redis_do(link_, a, &v, 2, (struct str[]){STR("KEYS"), str_of(pattern)}), ERR_OK);
    return (int64_t)v.count;
}

static int64_t mails_waiting(void)
{
    int64_t codes, others;

    assert_int_equal(outbox_waiting(link_, a, &codes, &others), ERR_OK);
    return codes + others;
}

static void a_request_is_an_account_a_ticket_and_a_mail(void **state)
{
    struct item i = request(1, "mei@example.org", "cannot sign in");
    struct filing *f = file(&i);
    struct participant *people;
    struct message *messages;
    struct ticket t;
    struct pointer p;
    struct flow flow;
    size_t n;

    (void)state;
    assert_int_equal(f->outcome, FILING_FILED);
    assert_true(f->mailed);
    assert_int_equal(ticket_read(link_, keys, a, f->ticket, &t), ERR_OK);
    assert_true(str_is(t.state, "open") && str_is(t.queue, "triage") && str_is(t.clock, "first-reply"));
    assert_int_equal(t.due_ms, NOW + 3600000);
    assert_true(str_is(t.subject, "cannot sign in"));
    assert_int_equal(messages_read(link_, keys, a, t.id, &messages, &n), ERR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(participants_read(link_, keys, a, &t, &people, &n), ERR_OK);
    assert_int_equal(n, 1);
    assert_true(str_is(people[0].email, "mei@example.org"));
    assert_int_equal(people[0].level, 0);
    assert_int_equal(pointer_read(link_, a, 1, &p), ERR_OK);
    assert_true(ulid_equal(p.ticket, f->ticket) && ulid_equal(p.item, i.ulid));
    assert_int_equal(flow_read(link_, keys, a, i.ulid, t.partition, &flow), ERR_OK);
    assert_int_equal(flow.code.len, 8);
    assert_int_equal(mails_waiting(), 1);
}

static void nobody_is_mailed_because_of_what_others_report(void **state)
{
    static const char *const channels[] = {"phone", "social", "desk"};

    (void)state;
    for (uint64_t k = 0; k < sizeof channels / sizeof channels[0]; k++) {
        struct item i = request(10 + k, "named@example.org", channels[k]);
        struct participant *people;
        struct ticket t;
        struct flow flow;
        size_t n;

        i.channel = str_of(channels[k]);
        i.handle = STR("@aya@social.example");
        i.subject = STR("Gone");
        i.behalf_name = STR("Bo");
        i.behalf_site = STR("shop.example");

        struct filing *f = file(&i);

        assert_int_equal(f->outcome, FILING_FILED);
        assert_false(f->mailed);
        assert_int_equal(ticket_read(link_, keys, a, f->ticket, &t), ERR_OK);
        assert_true(str_is(t.subject, "Gone"));
        assert_int_equal(t.level, 0);
        assert_int_equal(flow_read(link_, keys, a, i.ulid, t.partition, &flow), ERR_ABSENT);
        assert_int_equal(participants_read(link_, keys, a, &t, &people, &n), ERR_OK);
        assert_true(str_is(people[n - 1].handle, "@aya@social.example"));
        assert_true(str_is(people[n - 1].speaks_for, "Bo, shop.example"));
    }
    assert_int_equal(mails_waiting(), 0);
}

/* And the ticket knows it when it is routed again. */
static void what_the_channel_knows_reaches_the_rules(void **state)
{
    static const struct {
        const char *label, *channel, *email;
        int64_t followers;
        bool executive;
        int priority;
    } cases[] = {
        {"a post", "social", "a@example.org", 9999, false, 50},
        {"a loud one", "social", "a@example.org", 10000, false, 70},
        {"loud elsewhere", "desk", "a@example.org", 10000, false, 50},
        {"to the chief", "desk", "a@example.org", 0, true, 90},
        {"of a partner", "desk", "a@partner.example", 0, false, 40},
        {"of a part of a partner", "desk", "a@eu.partner.example", 0, false, 50},
    };

    (void)state;
    for (uint64_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct item i = request(20 + k, cases[k].email, cases[k].label);
        struct happening *history;
        struct placing again;
        struct facts facts;
        struct ticket t;
        size_t n;

        (void)scratch_say(link_, a, "FLUSHALL");
        i.channel = str_of(cases[k].channel);
        i.followers = cases[k].followers;
        i.executive = cases[k].executive;

        struct filing *f = file(&i);

        assert_int_equal(ticket_read(link_, keys, a, f->ticket, &t), ERR_OK);
        if (t.priority != cases[k].priority)
            fail_msg("%s: %d", cases[k].label, t.priority);
        facts = ticket_facts(rules, &t, 0);
        assert_int_equal(history_read(link_, a, t.id, &history, &n), ERR_OK);
        place(rules, &facts, history, n, NOW, a, &again);
        assert_int_equal(again.priority, t.priority);
    }
}

/* An escalation that joins a quiet ticket is not lost in its queue; what adds nothing leaves it where people put it. */
static void what_makes_more_of_work_moves_it(void **state)
{
    static const struct {
        const char *label;
        bool executive;
        int64_t followers;
        const char *queue;
        int priority;
    } cases[] = {
        {"the same again", false, 12, "kept", 7},
        {"fewer followers", false, 3, "kept", 7},
        {"a crowd", false, 10000, "loud", 70},
        {"the chief", true, 0, "loud", 90},
    };

    (void)state;
    for (uint64_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct item first, second;
        struct ticket t;

        (void)scratch_say(link_, a, "FLUSHALL");
        first = request(40 + 2 * k, "a@example.org", "first");
        second = request(41 + 2 * k, "a@example.org", "second");
        first.channel = second.channel = STR("social");
        first.followers = 12;
        second.followers = cases[k].followers;
        second.executive = cases[k].executive;

        struct filing *f = file(&first);
        struct str key = ticket_key(a, f->ticket);

        assert_int_equal(
            redis_do(link_, a, NULL, 6,
                     (struct str[]){STR("HSET"), key, STR("queue"), STR("kept"), STR("priority"), STR("7")}),
            ERR_OK);
        assert_true(ulid_equal(file(&second)->ticket, f->ticket));
        assert_int_equal(ticket_read(link_, keys, a, f->ticket, &t), ERR_OK);
        if (!str_is(t.queue, cases[k].queue) || t.priority != cases[k].priority)
            fail_msg("%s: %s %d", cases[k].label, t.queue.at, t.priority);
        assert_int_equal(count(arena_printf(a, "{p%u}:q:kept", t.partition)), str_is(t.queue, "kept"));
        assert_int_equal(count(arena_printf(a, "{p%u}:q:loud", t.partition)), str_is(t.queue, "loud"));
    }
}

/* Whoever tries three doors is moved as the third is tried, and not again where people put it then. */
static void doors_that_are_tried_move_work(void **state)
{
    static const struct {
        const char *label;
        struct {
            const char *channel;
            int minutes;
        } heard[3];
        const char *queue;
        bool machine; /* wrote the third */
    } cases[] = {
        {"one door", {{"web", 0}, {"web", 10}, {"web", 20}}, "kept", false},
        {"two", {{"web", 0}, {"desk", 10}, {"web", 20}}, "kept", false},
        {"three", {{"web", 0}, {"desk", 10}, {"mail", 20}}, "loud", false},
        {"three, slowly", {{"web", 0}, {"desk", 30}, {"mail", 61}}, "kept", false},
        {"two, and out of office", {{"web", 0}, {"desk", 10}, {"mail", 20}}, "kept", true},
    };

    (void)state;
    for (uint64_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct ticket t;

        (void)scratch_say(link_, a, "FLUSHALL");
        for (uint64_t m = 0; m < 4; m++) {
            struct item i = request(60 + 4 * k + m, "a@example.org", arena_printf(a, "word %d", (int)m));
            int said = m < 3 ? (int)m : 2; /* the fourth is like the third, a minute later */

            i.channel = str_of(cases[k].heard[said].channel);
            i.automatic = said == 2 && cases[k].machine;
            i.received_ms += (cases[k].heard[said].minutes + (m == 3)) * INT64_C(60000);

            struct filing *f = file(&i);
            struct str key = ticket_key(a, f->ticket);

            assert_int_equal(ticket_read(link_, keys, a, f->ticket, &t), ERR_OK);
            if (m == 2 && !str_is(t.queue, cases[k].queue))
                fail_msg("%s: %s", cases[k].label, t.queue.at);
            if (m == 3 && !str_is(t.queue, "kept"))
                fail_msg("%s, put back: %s", cases[k].label, t.queue.at);
            if (m != 1) /* people put it there */
                assert_int_equal(
                    redis_do(link_, a, NULL, 4, (struct str[]){STR("HSET"), key, STR("queue"), STR("kept")}), ERR_OK);
        }
    }
}

#define BACK   (NOW + 2 * INT64_C(3600000))
#define SOONER (NOW + INT64_C(1800000))

static struct item logged_call(uint64_t reference, const char *text)
{
    struct item i = request(reference, "", text);

    i.channel = STR("phone");
    i.phone = STR("+886212345678");
    i.logged_by = STR("stf_01J9Z3NDEKTSV4RRFFQ69G5FAV");
    i.logged_name = STR("mei");
    return i;
}

/* A promise is part of what was written down: on work that is opened, and on work that is joined; once. */
static void a_promise_to_call_back_is_kept_with_the_work(void **state)
{
    struct item first = logged_call(30, "first"), second = logged_call(31, "second");
    struct happening *history;
    struct message *messages;
    struct ticket t;
    struct str to;
    size_t n;

    (void)state;
    first.call_back_ms = BACK;
    first.call_back_to = STR("+4930123456");
    second.call_back_ms = SOONER;
    second.call_back_to = STR("+4930654321");

    struct filing *f = file(&first);

    assert_int_equal(ticket_read(link_, keys, a, f->ticket, &t), ERR_OK);
    assert_true(str_is(t.clock, "first-reply")); /* an hour, the promise is for two */
    assert_int_equal(history_read(link_, a, t.id, &history, &n), ERR_OK);
    assert_int_equal(n, 2);
    assert_int_equal(placing_call_back_ms(history, n), BACK);
    assert_int_equal(messages_read(link_, keys, a, t.id, &messages, &n), ERR_OK);
    assert_true(str_is(messages[0].author, "mei") && messages[0].who == MESSAGE_YOU);

    struct filing *g = file(&second);

    assert_true(ulid_equal(g->ticket, f->ticket));
    (void)file(&second); /* and again */
    assert_int_equal(ticket_read(link_, keys, a, f->ticket, &t), ERR_OK);
    assert_int_equal(history_read(link_, a, t.id, &history, &n), ERR_OK);
    assert_int_equal(n, 4);
    assert_int_equal(placing_call_back_ms(history, n), SOONER);
    assert_true(str_is(t.clock, "call-back") && t.due_ms == SOONER);
    assert_int_equal(unseal(keys, a, redis_field(t.fields, "call_back_to"),
                            str_of(arena_strdup(a, id_print(ID_TICKET, t.id).at)), &to),
                     ERR_OK);
    assert_true(str_is(to, "+4930654321"));
}

/* F1, whatever exchange broke before. */
static void an_item_is_filed_once_however_often_it_is_tried(void **state)
{
    (void)state;
    for (int cut = 0; cut < 4; cut++) {
        struct item i = request(100 + (uint64_t)cut, "again@example.org", "again");

        (void)scratch_say(link_, a, "FLUSHALL");

        struct filing *first = make(&i);
        enum err e = run(first, cut);

        assert_true(e == ERR_STORE || e == ERR_OK);

        struct filing *second = file(&i), *third = file(&i);

        assert_int_equal(second->outcome, FILING_FILED);
        assert_true(third->before);
        assert_true(ulid_equal(second->ticket, third->ticket));
        assert_int_equal(count("*:t:*"), 1);
        assert_int_equal(count("*:a:*"), 1);
        assert_int_equal(count("*:d:*"), 1);
        assert_int_equal(mails_waiting(), 1);
    }
}

static void one_mailbox_is_one_account_and_one_open_ticket(void **state)
{
    struct item one = request(2, "x@example.org", "first"), two = request(3, "X@Example.org", "second");
    struct filing *f = file(&one), *g = file(&two);

    (void)state;
    assert_true(ulid_equal(f->account, g->account));
    assert_true(ulid_equal(f->ticket, g->ticket));
    assert_int_equal(count("*:a:*"), 1);
}

static struct str account_field(struct ulid account, const char *name)
{
    struct redis_value v;
    struct str key = key_in(a, partition_of(account), "a", id_print(ID_ACCOUNT, account).at);

    assert_int_equal(redis_do(link_, a, &v, 3, (struct str[]){STR("HGET"), key, str_of(name)}), ERR_OK);
    return v.text;
}

static void later_claims_do_not_rename_an_account(void **state)
{
    struct item one = request(30, "n@example.org", "first"), two = request(31, "n@example.org", "second");

    (void)state;
    one.language = STR("de");
    two.language = STR("ja");
    two.received_ms = NOW + 60000;

    struct filing *f = file(&one);
    struct str name = account_field(f->account, "name");

    (void)file(&two);
    assert_true(str_is(account_field(f->account, "language"), "de"));
    assert_true(str_equal(account_field(f->account, "name"), name));
    assert_true(str_equal(account_field(f->account, "created_ms"), str_int(a, NOW)));
    assert_true(str_equal(account_field(f->account, "last_heard"), str_int(a, NOW + 60000)));
}

/* What a record of contacts left out is claimed, what it holds stays. */
static void an_account_on_record_gets_only_what_it_lacks(void **state)
{
    struct item one = request(32, "m@example.org", "first");
    struct str key = key_in(a, partition_of(one.ulid), "a", id_print(ID_ACCOUNT, one.ulid).at);
    struct filing *f;

    (void)state;
    assert_int_equal(redis_do(link_, a, NULL, 4, (struct str[]){STR("HSET"), key, STR("language"), STR("es")}), ERR_OK);
    f = file(&one);
    assert_true(ulid_equal(f->account, one.ulid));
    assert_true(str_is(account_field(f->account, "language"), "es"));
    assert_true(str_equal(account_field(f->account, "created_ms"), str_int(a, NOW)));
}

static void the_same_words_again_join_the_same_work(void **state)
{
    struct item one = request(4, "r@example.org", "same"), two = request(5, "r@example.org", "same"),
                late = request(6, "r@example.org", "same");
    struct filing *f = file(&one), *g = file(&two);

    (void)state;
    late.received_ms += INT64_C(73) * 3600 * 1000;
    assert_true(ulid_equal(f->ticket, g->ticket));
    assert_false(ulid_equal(f->participant, g->participant)); /* a reference of its own */
    assert_true(g->mailed);
    assert_false(ulid_equal(f->ticket, file(&late)->ticket));
    assert_true(ulid_equal(file(&two)->ticket, f->ticket)); /* and again: F1 */
    assert_int_equal(count("*:t:*"), 2);
}

static void with_key(struct item *i, const char *key, const char *body)
{
    i->key = str_of(arena_strdup(a, blind_index(keys, INDEX_KEY, str_of(key)).at));
    i->body = str_of(arena_strdup(a, blind_index(keys, INDEX_BODY, str_of(body)).at));
}

static void the_same_key_is_the_same_request(void **state)
{
    struct item one = request(7, "k@example.org", "keyed"), two = request(8, "k@example.org", "keyed"),
                other = request(9, "another@example.org", "other");
    struct pointer p;

    (void)state;
    with_key(&one, "key", "body");
    with_key(&two, "key", "body");
    with_key(&other, "key", "another body");
    file(&one);

    struct filing *folded = file(&two), *reused = file(&other);

    assert_int_equal(folded->outcome, FILING_FOLDED);
    assert_int_equal(folded->reference, 7);
    assert_true(ulid_equal(folded->original, one.ulid));
    assert_int_equal(pointer_read(link_, a, 8, &p), ERR_OK); /* an alias */
    assert_true(ulid_equal(p.item, one.ulid));
    assert_int_equal(reused->outcome, FILING_KEY_REUSED);
    assert_int_equal(count("*:t:*"), 1);
    filing_keep(reused); /* it was promised already */
    assert_int_equal(run(reused, -1), ERR_OK);
    assert_int_equal(reused->outcome, FILING_FILED);
    assert_int_equal(count("*:t:*"), 2);
}

static struct item message(uint64_t reference, const char *text)
{
    struct item i = request(reference, "", text);

    i.op = ITEM_MESSAGE;
    i.received_ms = NOW + 60000;
    return i;
}

static void more_words_find_their_ticket(void **state)
{
    struct item early = message(10, "too early"), one = request(10, "m@example.org", "first"),
                more = message(10, "more");
    struct message *messages;
    size_t n;

    (void)state;
    assert_int_equal(file(&early)->outcome, FILING_EARLY);

    struct filing *f = file(&one), *g = file(&more);

    assert_int_equal(g->outcome, FILING_FILED);
    assert_true(ulid_equal(f->ticket, g->ticket));
    file(&more);
    assert_int_equal(file(&early)->outcome, FILING_FILED);
    assert_int_equal(messages_read(link_, keys, a, f->ticket, &messages, &n), ERR_OK);
    assert_int_equal(n, 3);
    assert_true(str_is(messages[0].text, "first"));
}

static void set_state(struct ulid ticket, const char *name)
{
    struct str key = ticket_key(a, ticket);

    assert_int_equal(redis_do(link_, a, NULL, 4, (struct str[]){STR("HSET"), key, STR("state"), str_of(name)}), ERR_OK);
}

static void words_on_solved_work_reopen_it(void **state)
{
    struct item one = request(11, "s@example.org", "first"), more = message(11, "not solved");
    struct filing *f = file(&one);
    struct ticket t;

    (void)state;
    set_state(f->ticket, "solved");
    file(&more);
    assert_int_equal(ticket_read(link_, keys, a, f->ticket, &t), ERR_OK);
    assert_true(str_is(t.state, "open"));
}

static void words_on_closed_work_open_linked_work(void **state)
{
    struct item one = request(12, "c@example.org", "first"), more = message(12, "it is back");
    struct filing *f = file(&one);
    struct participant *people;
    struct pointer p;
    struct ticket t;
    size_t n;

    (void)state;
    set_state(f->ticket, "closed");

    struct filing *g = file(&more);

    assert_false(ulid_equal(f->ticket, g->ticket));
    assert_true(ulid_equal(f->account, g->account));
    assert_int_equal(ticket_read(link_, keys, a, g->ticket, &t), ERR_OK);
    assert_true(str_is(redis_field(t.fields, "linked"), id_print(ID_TICKET, f->ticket).at));
    assert_int_equal(participants_read(link_, keys, a, &t, &people, &n), ERR_OK);
    assert_true(n == 1 && str_is(people[0].email, "c@example.org"));
    assert_int_equal(pointer_read(link_, a, 12, &p), ERR_OK);
    assert_true(ulid_equal(p.ticket, g->ticket));
    assert_int_equal(mails_waiting(), 1); /* no second code */
}

/* n files, "0.log" and so on. */
static struct str files(size_t n)
{
    struct attachment all[ATTACHMENTS_MAX];

    for (size_t i = 0; i < n; i++)
        all[i] = (struct attachment){.id = ulid_fresh(),
                                     .name = str_of(arena_printf(a, "%zu.log", i)),
                                     .type = STR("text/plain"),
                                     .bytes = 5,
                                     .state = FILE_STATE_WAITING};
    return attachments_print(all, n, a);
}

/* Wherever an exchange breaks, and when it is filed again later: each file once, and what was found of it stays. */
static void files_come_along_with_their_words(void **state)
{
    (void)state;
    for (int cut = 0; cut < 8; cut++) {
        uint64_t reference = 700 + (uint64_t)cut;
        struct item one = request(reference, "files@example.org", arena_printf(a, "words %d", cut));
        struct file_list list;
        struct message *m;
        struct ulid due[64];
        size_t n;

        one.files = files(ATTACHMENTS_MAX);
        (void)run(make(&one), cut);

        struct filing *f = file(&one);

        assert_int_equal(messages_read(link_, keys, a, f->ticket, &m, &n), ERR_OK);
        assert_int_equal(files_read(link_, keys, a, &m[n - 1], 1, &list), ERR_OK);
        assert_int_equal(list.count, ATTACHMENTS_MAX);
        assert_true(ulid_equal(list.at[0].item, one.ulid) && list.at[0].state == FILE_STATE_WAITING);
        for (size_t i = 0; i < list.count; i++)
            assert_int_equal(file_judged(link_, a, &list.at[i], FILE_STATE_INFECTED, STR("x"), 0), ERR_OK);
        file(&one);
        assert_int_equal(files_read(link_, keys, a, &m[n - 1], 1, &list), ERR_OK);
        assert_true(list.count == ATTACHMENTS_MAX && list.at[0].state == FILE_STATE_INFECTED);
        assert_int_equal(files_due(link_, a, NOW * 2, 64, due, &n), ERR_OK);
        for (size_t i = 0; i < n; i++) /* it may be looked at once more: nobody forgets it then */
            assert_int_equal(file_unqueue(link_, a, due[i]), ERR_OK);
    }
}

static void a_file_without_words_gives_its_name_to_new_work(void **state)
{
    struct item one = request(720, "c@example.org", "first"), more = message(720, "");
    struct filing *f = file(&one), *g;
    struct ticket t;

    (void)state;
    set_state(f->ticket, "closed");
    more.files = files(2);
    g = file(&more);
    assert_false(ulid_equal(f->ticket, g->ticket));
    assert_int_equal(ticket_read(link_, keys, a, g->ticket, &t), ERR_OK);
    assert_true(str_is(t.subject, "0.log"));
}

static struct str ulid_text(struct ulid u)
{
    char text[ULID_CHARS + 1];

    ulid_print(u, text);
    return str_of(arena_strdup(a, text));
}

/* It takes a lost counter to happen; then nobody may read or write on another's work. */
static void a_reference_given_twice_leads_to_the_first(void **state)
{
    struct item one = request(14, "first@example.org", "first"), two = request(14, "second@example.org", "second"),
                mine = message(14, "of the first"), theirs = message(14, "of the second");
    struct pointer p;

    (void)state;
    file(&one);
    assert_int_equal(file(&two)->outcome, FILING_FILED);
    assert_int_equal(pointer_read(link_, a, 14, &p), ERR_OK);
    assert_true(pointer_is_of(&p, one.ulid));
    assert_false(pointer_is_of(&p, two.ulid));
    mine.holder = ulid_text(one.ulid);
    theirs.holder = ulid_text(two.ulid);
    assert_int_equal(file(&mine)->outcome, FILING_FILED);
    assert_int_equal(file(&theirs)->outcome, FILING_EARLY);
}

/* A phone number that cannot be read is no evidence; the work is opened all the same. */
static void somebody_whom_nothing_names_is_filed(void **state)
{
    struct item i = request(15, "", "No address, and a number we cannot read");
    struct filing *f;
    struct ticket t;

    (void)state;
    i.phone = STR("extension 12");
    f = file(&i);
    assert_int_equal(f->outcome, FILING_FILED);
    assert_int_equal(ticket_read(link_, keys, a, f->ticket, &t), ERR_OK);
    assert_int_equal(mails_waiting(), 0);
}

/* F1: an import came in between, and the mailbox is now known as a customer's, in another partition. */
static void what_was_filed_stays_where_it_was(void **state)
{
    struct item i = request(21, "moved@example.org", "who am I"), again = request(22, "moved@example.org", "who am I");
    struct filing *first = file(&i), *joined = file(&again);
    struct str index = str_of(blind_index(keys, INDEX_EMAIL, STR("moved@example.org")).at);
    struct ulid customer = ulid_fresh();
    char account[ULID_CHARS + 1];

    (void)state;
    while (partition_of(customer) == partition_of(first->account))
        customer = ulid_fresh();
    ulid_print(customer, account);
    assert_int_equal(redis_do(link_, a, NULL, 4,
                              (struct str[]){STR("HSET"), key_at(a, "b", index.at),
                                             str_of(arena_printf(a, "%s:crm", account)), STR("{\"conf\":900}")}),
                     ERR_OK);
    assert_true(file(&i)->before);
    assert_true(file(&again)->before);
    assert_true(ulid_equal(file(&i)->account, first->account));
    assert_true(ulid_equal(joined->ticket, first->ticket));
    assert_int_equal(count("*:t:*"), 1);
    assert_int_equal(count("*:m:*"), 1);
}

/* F1: it was filed while the work was open; that the work was closed since must not turn it into new work, nor move
 * the reference to a ticket that is not there. */
static void words_that_are_filed_again_change_nothing_on_closed_work(void **state)
{
    struct item one = request(14, "f@example.org", "first"), more = message(14, "more"),
                back = message(14, "it is back");
    struct filing *f = file(&one), *g = file(&more);
    struct pointer p;
    struct ticket t;

    (void)state;
    set_state(f->ticket, "closed");
    assert_true(file(&more)->before);
    assert_true(file(&one)->before);
    assert_int_equal(pointer_read(link_, a, 14, &p), ERR_OK);
    assert_true(ulid_equal(p.ticket, g->ticket));

    struct filing *linked = file(&back);

    set_state(linked->ticket, "closed");
    assert_true(file(&back)->before);
    assert_true(file(&more)->before);
    assert_int_equal(pointer_read(link_, a, 14, &p), ERR_OK);
    assert_true(ulid_equal(p.ticket, linked->ticket));
    assert_int_equal(ticket_read(link_, keys, a, p.ticket, &t), ERR_OK);
    assert_int_equal(count("*:t:*"), 2);
}

/* Words that opened linked work, and then the connection broke before the reference was moved. */
static void a_reference_that_stayed_behind_is_moved(void **state)
{
    struct item one = request(15, "l@example.org", "first"), back = message(15, "it is back");
    struct filing *f = file(&one);
    struct redis_value v;
    struct pointer p;

    (void)state;
    set_state(f->ticket, "closed");
    assert_int_equal(redis_do(link_, a, &v, 2, (struct str[]){STR("GET"), pointer_key(a, 15)}), ERR_OK);

    struct filing *linked = file(&back);

    assert_int_equal(redis_do(link_, a, NULL, 3, (struct str[]){STR("SET"), pointer_key(a, 15), v.text}), ERR_OK);
    assert_true(file(&back)->before);
    assert_int_equal(pointer_read(link_, a, 15, &p), ERR_OK);
    assert_true(ulid_equal(p.ticket, linked->ticket));
    assert_int_equal(count("*:t:*"), 2);
}

static void words_that_waited_do_not_look_new(void **state)
{
    struct item one = request(16, "w@example.org", "first"), early = message(16, "early"), late = message(16, "late");
    struct filing *f = file(&one);
    struct ticket t;

    (void)state;
    late.received_ms += 60000;
    file(&late);
    file(&early);
    assert_int_equal(ticket_read(link_, keys, a, f->ticket, &t), ERR_OK);
    assert_string_equal(t.last.at, id_print(ID_MESSAGE, late.ulid).at);
    assert_int_equal(t.heard_ms, late.received_ms);
    assert_int_equal(t.updated_ms, late.received_ms);
}

/* Y3, and what K1 promises of Redis. */
static void nothing_personal_is_in_redis_in_clear(void **state)
{
    struct item i = request(13, "canary@secret.example.org", "CANARYWORDS of the customer");
    struct redis_value keys_found, v;

    (void)state;
    i.name = STR("CANARYNAME");
    i.organisation = STR("CANARYORG");
    i.phone = STR("+886212345678");
    file(&i);
    assert_int_equal(redis_do(link_, a, &keys_found, 2, (struct str[]){STR("KEYS"), STR("*")}), ERR_OK);
    assert_true(keys_found.count > 10);
    for (size_t k = 0; k < keys_found.count; k++) {
        assert_int_equal(redis_do(link_, a, &v, 2, (struct str[]){STR("DUMP"), keys_found.items[k].text}), ERR_OK);
        static const char *const canaries[] = {"canary", "CANARY", "secret.example", "212345678"};

        for (size_t c = 0; c < sizeof canaries / sizeof canaries[0]; c++) {
            assert_null(memmem(v.text.at, v.text.len, canaries[c], strlen(canaries[c])));
            assert_null(strstr(keys_found.items[k].text.at, canaries[c]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(doors_that_are_tried_move_work, empty),
        cmocka_unit_test_setup(a_request_is_an_account_a_ticket_and_a_mail, empty),
        cmocka_unit_test_setup(nobody_is_mailed_because_of_what_others_report, empty),
        cmocka_unit_test_setup(what_the_channel_knows_reaches_the_rules, empty),
        cmocka_unit_test_setup(what_makes_more_of_work_moves_it, empty),
        cmocka_unit_test_setup(a_promise_to_call_back_is_kept_with_the_work, empty),
        cmocka_unit_test_setup(an_item_is_filed_once_however_often_it_is_tried, empty),
        cmocka_unit_test_setup(one_mailbox_is_one_account_and_one_open_ticket, empty),
        cmocka_unit_test_setup(later_claims_do_not_rename_an_account, empty),
        cmocka_unit_test_setup(an_account_on_record_gets_only_what_it_lacks, empty),
        cmocka_unit_test_setup(the_same_words_again_join_the_same_work, empty),
        cmocka_unit_test_setup(the_same_key_is_the_same_request, empty),
        cmocka_unit_test_setup(more_words_find_their_ticket, empty),
        cmocka_unit_test_setup(words_on_solved_work_reopen_it, empty),
        cmocka_unit_test_setup(words_on_closed_work_open_linked_work, empty),
        cmocka_unit_test_setup(files_come_along_with_their_words, empty),
        cmocka_unit_test_setup(a_file_without_words_gives_its_name_to_new_work, empty),
        cmocka_unit_test_setup(a_reference_given_twice_leads_to_the_first, empty),
        cmocka_unit_test_setup(somebody_whom_nothing_names_is_filed, empty),
        cmocka_unit_test_setup(what_was_filed_stays_where_it_was, empty),
        cmocka_unit_test_setup(words_that_are_filed_again_change_nothing_on_closed_work, empty),
        cmocka_unit_test_setup(a_reference_that_stayed_behind_is_moved, empty),
        cmocka_unit_test_setup(words_that_waited_do_not_look_new, empty),
        cmocka_unit_test_setup(nothing_personal_is_in_redis_in_clear, empty),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
