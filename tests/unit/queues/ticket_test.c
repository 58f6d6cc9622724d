/* ticket: what is written of a ticket is what is read of it, and what was not written so is not read at all. */
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

#define NOW INT64_C(1795500000000)

static struct lab s;
static struct ulid id;

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
    id = ulid_in(ulid_fresh(), 11);
    return 0;
}

static struct str bound(void)
{
    return str_of(arena_strdup(s.arena, id_print(ID_TICKET, id).at));
}

static const char *room(const char *name)
{
    return key_in(s.arena, 11, name, bound().at).at;
}

static void run(const struct change *c)
{
    assert_int_equal(change_run(s.redis, s.arena, c, STR(""), STR(""), STR(""), NULL), ERR_OK);
}

static struct ulid account(void)
{
    struct ulid u = {{1, 2, 3}};

    return u;
}

static void write_ticket(void)
{
    struct change *c = change_begin(s.arena);
    struct str key = ticket_key(s.arena, id);

    change_hset(c, key, "v", STR("3"));
    change_hset(c, key, "acc", str_of(arena_strdup(s.arena, id_print(ID_ACCOUNT, account()).at)));
    change_hset_int(c, key, "ref", 42);
    change_hset(c, key, "state", STR("open"));
    change_hset(c, key, "queue", STR("triage"));
    change_hset_int(c, key, "due", NOW);
    change_hset_int(c, key, "priority", 70);
    change_hset(c, key, "subject", seal(s.keys, s.arena, STR("\xE5\xBF\x98\xE3\x82\x8C"), bound()));
    change_hset(c, key, "claims", seal(s.keys, s.arena, STR("{\"site\":\"acme\"}"), bound()));
    run(c);
}

static struct ticket read_ticket(void)
{
    struct ticket t;

    assert_int_equal(ticket_read(s.redis, s.keys, s.arena, id, &t), ERR_OK);
    return t;
}

static void a_ticket_is_read_as_it_was_written(void **state)
{
    struct ticket t;
    struct redis_value v;

    (void)state;
    write_ticket();
    t = read_ticket();
    assert_true(str_is(t.version, "3") && ulid_equal(t.account, account()) && t.reference == 42 && t.partition == 11);
    assert_true(str_is(t.state, "open") && str_is(t.queue, "triage") && t.due_ms == NOW && t.priority == 70);
    assert_true(str_is(t.subject, "\xE5\xBF\x98\xE3\x82\x8C"));
    assert_null(t.claims);
    assert_int_equal(redis_do(s.redis, s.arena, &v, 2, (struct str[]){STR("HGETALL"), ticket_key(s.arena, id)}),
                     ERR_OK);
    assert_int_equal(ticket_load(s.keys, s.arena, id, &v, true, &t), ERR_OK);
    assert_true(str_is(doc_get_text(t.claims, "site"), "acme"));
    doc_close(t.claims);
    assert_int_equal(ticket_read(s.redis, s.keys, s.arena, ulid_fresh(), &t), ERR_ABSENT);
}

static const struct message messages[] = {
    {.at_ms = NOW + 2, .who = MESSAGE_SUPPORT, .channel = {"web", 3}, .text = {"we look", 7}, .author = {"Ada", 3}},
    {.at_ms = NOW + 1, .who = MESSAGE_YOU, .channel = {"mail", 4}, .text = {"a\nb\t\"c\" \\ \x01", 11}},
    {.at_ms = NOW + 3, .who = MESSAGE_NOTE, .text = {"", 0}, .author = {"Bob", 3}},
    {.at_ms = NOW, .who = MESSAGE_SYSTEM, .text = {"\xF0\x9F\x9A\xAA", 4}},
};
enum { MESSAGES = sizeof messages / sizeof messages[0] };

static void messages_come_by_time_with_all_that_was_said(void **state)
{
    struct change *c = change_begin(s.arena);
    struct message m[MESSAGES], *read;
    size_t n;

    (void)state;
    for (size_t i = 0; i < MESSAGES; i++) {
        m[i] = messages[i];
        m[i].id = ulid_fresh();
        m[i].item = i == 1 ? ulid_fresh() : (struct ulid){{0}};
        m[i].participant = i < 2 ? ulid_fresh() : (struct ulid){{0}};
        m[i].mail = i == 0 ? ulid_fresh() : (struct ulid){{0}};
        change_message(c, s.keys, id, &m[i]);
    }
    run(c);
    run(c); /* again: nothing is doubled */
    assert_int_equal(messages_read(s.redis, s.keys, s.arena, id, &read, &n), ERR_OK);
    assert_int_equal(n, MESSAGES);
    for (size_t i = 0; i < n; i++) {
        const struct message *wanted = NULL;

        assert_int_equal(read[i].at_ms, NOW + (int64_t)i);
        for (size_t k = 0; k < MESSAGES; k++)
            if (m[k].at_ms == read[i].at_ms)
                wanted = &m[k];
        assert_true(ulid_equal(read[i].id, wanted->id) && read[i].who == wanted->who);
        assert_true(str_equal(read[i].text, wanted->text) && str_equal(read[i].channel, wanted->channel) &&
                    str_equal(read[i].author, wanted->author));
        assert_true(ulid_equal(read[i].item, wanted->item) && ulid_equal(read[i].mail, wanted->mail) &&
                    ulid_equal(read[i].participant, wanted->participant));
    }
    assert_int_equal(messages_read(s.redis, s.keys, s.arena, ulid_fresh(), &read, &n), ERR_OK);
    assert_int_equal(n, 0);
}

static struct participant person(const char *email)
{
    return (struct participant){.id = ulid_fresh(),
                                .channel = STR("web"),
                                .email = str_of(email),
                                .phone = STR("+886 2 1234"),
                                .name = STR("Mei"),
                                .email_index = blind_index(s.keys, INDEX_EMAIL, str_of(email)),
                                .reference = 42,
                                .item = ulid_fresh(),
                                .language = STR("ja"),
                                .since_ms = NOW};
}

/* T2 */
static void each_person_has_a_level_and_the_ticket_the_highest(void **state)
{
    struct participant who[] = {person("a@example.org"), person("b@example.org"), person("c@example.org")}, *read;
    struct change *c = change_begin(s.arena);
    struct ticket t;
    size_t n;

    (void)state;
    write_ticket();
    for (size_t i = 0; i < 3; i++)
        change_participant(c, s.keys, id, &who[i]);
    change_level(c, id, who[0].id, 2, true, 5);
    change_level(c, id, who[1].id, 1, false, 0);
    run(c);
    t = read_ticket();
    assert_int_equal(t.level, 2);
    assert_int_equal(participants_read(s.redis, s.keys, s.arena, &t, &read, &n), ERR_OK);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < 3; i++) { /* in order of their ids, which is that of their making */
        assert_true(ulid_equal(read[i].id, who[i].id) && ulid_equal(read[i].item, who[i].item));
        assert_true(str_equal(read[i].email, who[i].email) && str_is(read[i].name, "Mei"));
        assert_string_equal(read[i].email_index.at, who[i].email_index.at);
        assert_true(read[i].reference == 42 && read[i].since_ms == NOW && str_is(read[i].language, "ja"));
    }
    assert_true(read[0].level == 2 && read[0].stale && read[0].authorised == 5);
    assert_true(read[1].level == 1 && !read[1].stale && read[1].authorised == 0);
    assert_true(read[2].level == 0 && !read[2].stale);
}

static void history_comes_by_time(void **state)
{
    static const char *const kinds[] = {"heard", "opened", "confirmed"};
    static const int64_t after[] = {5, 0, 9};
    struct change *c = change_begin(s.arena);
    struct happening *h;
    size_t n;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct happening one = {.id = ulid_fresh(),
                                .at_ms = NOW + after[i],
                                .kind = str_of(kinds[i]),
                                .by = STR("system"),
                                .detail = i == 0 ? STR("web") : STR(""),
                                .clock = i == 1 ? STR("opened") : STR("")};

        change_happening(c, id, &one);
    }
    run(c);
    assert_int_equal(history_read(s.redis, s.arena, id, &h, &n), ERR_OK);
    assert_int_equal(n, 3);
    assert_true(str_is(h[0].kind, "opened") && str_is(h[0].clock, "opened") && h[0].detail.len == 0);
    assert_true(str_is(h[1].kind, "heard") && str_is(h[1].detail, "web") && h[1].at_ms == NOW + 5);
    assert_true(str_is(h[2].kind, "confirmed"));
}

/* ---- queues ---- */

static const struct {
    const char *label, *from, *to;
    int64_t due_ms;
    bool open, claimed;
    const char *triage, *restore, *unclaimed; /* scores; of priority 80 */
} places[] = {
    {"opened", "", "triage", 50000, true, false, "50000", "(nil)", "20000000000050"},
    {"opened without a clock: last", "", "triage", 0, true, false, "253370764800000", "(nil)", "20253370764800"},
    {"claimed", "triage", "triage", 50, true, true, "50", "(nil)", "(nil)"},
    {"routed elsewhere", "triage", "restore", 60, true, true, "(nil)", "60", "(nil)"},
    {"solved", "triage", "triage", 60, false, true, "(nil)", "(nil)", "(nil)"},
    {"solved and routed at once", "triage", "restore", 60, false, false, "(nil)", "(nil)", "(nil)"},
};

static void a_ticket_stands_in_one_queue_or_in_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct change *c = change_begin(s.arena);
        const char *name = bound().at, *got[3];

        (void)lab_say(&s, "DEL {p11}:q:triage {p11}:q:restore {p11}:u:triage {p11}:u:restore");
        if (places[i].from[0] != '\0') {
            (void)lab_say(&s, "ZADD {p11}:q:triage 1 %s", name);
            (void)lab_say(&s, "ZADD {p11}:u:triage 1 %s", name);
        }
        change_hset_int(c, ticket_key(s.arena, id), "priority", 80);
        change_queue_place(c, id, str_of(places[i].from), str_of(places[i].to), places[i].due_ms, places[i].open,
                           places[i].claimed);
        run(c);
        got[0] = lab_say(&s, "ZSCORE {p11}:q:triage %s", name);
        got[1] = lab_say(&s, "ZSCORE {p11}:q:restore %s", name);
        got[2] = lab_say(&s, "ZSCORE {p11}:u:triage %s", name);
        if (strcmp(got[0], places[i].triage) != 0 || strcmp(got[1], places[i].restore) != 0 ||
            strcmp(got[2], places[i].unclaimed) != 0)
            fail_msg("%s: %s %s %s", places[i].label, got[0], got[1], got[2]);
    }
}

/* ---- records that are not ours ---- */

static void one_message(struct ulid name)
{
    struct change *c = change_begin(s.arena);
    struct message m = {.id = name, .at_ms = NOW, .text = STR("words")};

    change_message(c, s.keys, id, &m);
    run(c);
}

static enum err all_read(void)
{
    struct message *m;
    struct participant *p;
    struct happening *h;
    struct ticket t;
    size_t n;
    enum err e = ticket_read(s.redis, s.keys, s.arena, id, &t);

    if (e == ERR_OK)
        e = messages_read(s.redis, s.keys, s.arena, id, &m, &n);
    if (e == ERR_OK)
        e = participants_read(s.redis, s.keys, s.arena, &t, &p, &n);
    if (e == ERR_OK)
        e = history_read(s.redis, s.arena, id, &h, &n);
    return e;
}

static const struct {
    const char *label, *room, *field, *value;
} broken[] = {
    {"a subject in clear", "t", "subject", "words"},
    {"no subject", "t", "subject", NULL},
    {"an account of another kind", "t", "acc", "tkt_01J9Z3NDEKTSV4RRFFQ69G5FAV"},
    {"a message in clear", "m", "msg_01J9Z3NDEKTSV4RRFFQ69G5FAV", "{\"text\":\"x\"}"},
    {"a message named as something else", "m", "par_01J9Z3NDEKTSV4RRFFQ69G5FAV", "x"},
    {"an empty message", "m", "msg_01J9Z3NDEKTSV4RRFFQ69G5FAV", ""},
    {"a participant in clear", "p", "par_01J9Z3NDEKTSV4RRFFQ69G5FAV", "{}"},
    {"a happening that is no JSON", "h", "evt_01J9Z3NDEKTSV4RRFFQ69G5FAV", "{"},
    {"a happening without a name", "h", "x", "{}"},
};

static void what_is_broken_is_not_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct str key;

        lab_empty(&s);
        write_ticket();
        one_message(ulid_fresh());
        assert_int_equal(all_read(), ERR_OK);
        key = str_of(room(broken[i].room));
        if (broken[i].value == NULL)
            (void)lab_say(&s, "HDEL %s %s", key.at, broken[i].field);
        else
            assert_int_equal(
                redis_do(s.redis, s.arena, NULL, 4,
                         (struct str[]){STR("HSET"), key, str_of(broken[i].field), str_of(broken[i].value)}),
                ERR_OK);
        if (all_read() != ERR_CORRUPT)
            fail_msg("%s: %s", broken[i].label, err_name(all_read()));
    }
}

/* Somebody who can write to Redis cannot put one record in the place of another. */
static void a_record_under_another_name_is_not_read(void **state)
{
    struct ulid other = ulid_fresh(), another_ticket = ulid_in(ulid_fresh(), 11);
    struct redis_value v;
    struct ticket t;
    struct ulid name = ulid_fresh();

    (void)state;
    write_ticket();
    one_message(name);
    assert_int_equal(redis_do(s.redis, s.arena, &v, 3,
                              (struct str[]){STR("HGET"), str_of(room("m")),
                                             str_of(arena_strdup(s.arena, id_print(ID_MESSAGE, name).at))}),
                     ERR_OK);
    assert_int_equal(redis_do(s.redis, s.arena, NULL, 4,
                              (struct str[]){STR("HSET"), str_of(room("m")),
                                             str_of(arena_strdup(s.arena, id_print(ID_MESSAGE, other).at)), v.text}),
                     ERR_OK);
    assert_int_equal(all_read(), ERR_CORRUPT);
    (void)lab_say(&s, "COPY %s %s", room("t"), ticket_key(s.arena, another_ticket).at);
    assert_int_equal(ticket_read(s.redis, s.keys, s.arena, another_ticket, &t), ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_ticket_is_read_as_it_was_written, empty),
        cmocka_unit_test_setup(messages_come_by_time_with_all_that_was_said, empty),
        cmocka_unit_test_setup(each_person_has_a_level_and_the_ticket_the_highest, empty),
        cmocka_unit_test_setup(history_comes_by_time, empty),
        cmocka_unit_test_setup(a_ticket_stands_in_one_queue_or_in_none, empty),
        cmocka_unit_test_setup(what_is_broken_is_not_read, empty),
        cmocka_unit_test_setup(a_record_under_another_name_is_not_read, empty),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
