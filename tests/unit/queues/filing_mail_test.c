/* Filing what comes by mail against a real redis-server: what answers one of ours joins it where its sender takes part,
 * robots move nothing, what came back marks whom it was for; each once, whatever exchange broke before. */
#include "queues/contact.h"
#include "queues/filing.h"
#include "queues/keys.h"
#include "queues/outbox.h"
#include "rules/joining.h"
#include "rules/route.h"
#include "tests/unit/queues/scratch_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW   INT64_C(1795500000000)
#define ANA   "ana@a.example"
#define BEN   "ben@a.example"
#define OTHER "eve@evil.test"

static const char rules_text[] = "queue triage { title \"Triage\" first-reply 1h calendar always }\n"
                                 "route otherwise to triage priority 50\n";

static struct lab s;
static struct rules *rules;
static uint64_t next_reference = 1000;

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
    lab_open(&s);
    if (rules_load(&rules, "test.rules", str_of(rules_text), no_zone, NULL, &faults) != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
    return 0;
}

static int end(void **state)
{
    (void)state;
    rules_close(rules);
    lab_close(&s);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    lab_empty(&s);
    return 0;
}

/* ---- items ---- */

static struct item mail(const char *from, const char *text)
{
    return (struct item){.op = ITEM_REQUEST,
                         .ulid = ulid_fresh(),
                         .received_ms = NOW,
                         .channel = STR("mail"),
                         .reference = next_reference++,
                         .text = str_of(text),
                         .email = str_of(from),
                         .subject = STR("a subject"),
                         .message_id = STR("<1@a.example>"),
                         .impact = STR("down"),
                         .language = STR("en"),
                         .raw = str_of(text),
                         .raw_type = STR("message/rfc822")};
}

static struct str ulid_text(struct ulid u)
{
    char text[ULID_CHARS + 1];

    ulid_print(u, text);
    return str_of(arena_strdup(s.arena, text));
}

static struct str reference_text(uint64_t reference)
{
    return str_of(arena_strdup(s.arena, reference_print(reference).at));
}

/* What thread_read() makes of a mail with a good mark for the writer of `first`. */
static struct item answer(const char *from, const struct item *first, const char *text)
{
    struct item i = mail(from, text);

    i.answers = ulid_text(first->ulid);
    i.thread = reference_text(first->reference);
    i.received_ms = NOW + 60000;
    return i;
}

static struct item bounce(struct ulid of, const char *hint, const char *status)
{
    struct item i = mail("", status);

    i.op = ITEM_BOUNCE;
    i.automatic = true;
    i.answers = ulid_text(of);
    i.hint = str_of(hint);
    return i;
}

/* ---- filing ---- */

static struct filing *make(const struct item *i)
{
    struct filing *f = arena_new(s.arena, struct filing);

    f->keys = s.keys;
    f->rules = rules;
    f->arena = s.arena;
    f->item = *i;
    f->now_ms = NOW;
    filing_begin(f);
    return f;
}

/* cut_at: the answers of this exchange are lost, after Redis did it; -1 none. */
static enum err run(struct filing *f, int cut_at)
{
    struct redis_value *v;
    size_t n;
    enum err e = ERR_OK;

    for (int round = 0; e == ERR_OK && filing_ask(f, s.redis); round++) {
        assert_int_equal(redis_flush(s.redis, s.arena, &v, &n), ERR_OK);
        assert_int_equal(n, filing_asked(f));
        if (round == cut_at)
            return ERR_STORE;
        e = filing_hear(f, s.redis, v);
    }
    return e;
}

static struct filing *file(const struct item *i)
{
    struct filing *f = make(i);

    assert_int_equal(run(f, -1), ERR_OK);
    assert_int_equal(f->outcome, FILING_FILED);
    return f;
}

static struct ticket ticket_of(const struct filing *f)
{
    struct ticket t;

    assert_int_equal(ticket_read(s.redis, s.keys, s.arena, f->ticket, &t), ERR_OK);
    return t;
}

static size_t messages_of(struct ulid ticket, struct message **all)
{
    struct message *m;
    size_t n;

    assert_int_equal(messages_read(s.redis, s.keys, s.arena, ticket, &m, &n), ERR_OK);
    if (all != NULL)
        *all = m;
    return n;
}

static size_t people_of(const struct filing *f, struct participant **all)
{
    struct ticket t = ticket_of(f);
    size_t n;

    assert_int_equal(participants_read(s.redis, s.keys, s.arena, &t, all, &n), ERR_OK);
    return n;
}

static size_t count(const char *pattern)
{
    struct redis_value v;

    assert_int_equal(redis_do(s.redis, s.arena, &v, 2, (struct str[]){STR("KEYS"), str_of(pattern)}), ERR_OK);
    return v.count;
}

static void set_state(struct ulid ticket, const char *name)
{
    (void)lab_say(&s, "HSET %s state %s", ticket_key(s.arena, ticket).at, name);
}

static int64_t mails_waiting(void)
{
    int64_t codes, others;

    assert_int_equal(outbox_waiting(s.redis, s.arena, &codes, &others), ERR_OK);
    return codes + others;
}

/* ---- a first mail ---- */

static void who_writes_by_mail_gets_the_reference_and_no_code(void **state)
{
    struct item i = mail(ANA, "nothing works");
    struct filing *f = file(&i);
    struct outbox_mail m[2];
    struct message *said;
    int64_t wait;
    size_t n;

    (void)state;
    assert_true(f->mailed);
    assert_int_equal(outbox_due(s.redis, s.keys, s.arena, UINT64_MAX, NOW, 2, m, &n, &wait), ERR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(m[0].kind, OUTBOX_ACK);
    assert_true(str_is(m[0].to, ANA) && m[0].reference == i.reference && str_is(m[0].in_reply_to, "<1@a.example>"));
    assert_int_equal(messages_of(f->ticket, &said), 1);
    assert_true(str_is(said[0].message_id, "<1@a.example>") && str_is(said[0].subject, "a subject"));
    assert_int_equal(ticket_of(f).level, 0);
}

static void a_robot_gets_nothing(void **state)
{
    struct item i = mail(ANA, "I am away");
    struct message *said;
    struct filing *f;

    (void)state;
    i.automatic = true;
    f = file(&i);
    assert_int_equal(mails_waiting(), 0);
    assert_int_equal(messages_of(f->ticket, &said), 1);
    assert_true(said[0].automatic);
}

static void what_our_server_vouches_for_is_level_one(void **state)
{
    struct item i = mail(ANA, "nothing works");

    (void)state;
    i.proven = 4; /* whatever stands there */
    assert_int_equal(ticket_of(file(&i)).level, 1);
}

/* ---- answers ---- */

static void whom_we_wrote_to_joins(void **state)
{
    struct item i = mail(ANA, "nothing works"), reply = answer("Ana@A.example", &i, "still nothing");
    struct filing *f = file(&i), *g = file(&reply);
    struct message *said;
    struct participant *people;
    struct pointer p;

    (void)state;
    assert_true(ulid_equal(f->ticket, g->ticket));
    assert_int_equal(messages_of(f->ticket, &said), 2);
    assert_true(ulid_equal(said[1].participant, i.ulid) && str_is(said[1].channel, "mail"));
    assert_int_equal(people_of(f, &people), 1);
    assert_int_equal(pointer_read(s.redis, s.arena, reply.reference, &p), ERR_OK);
    assert_true(p.alias && ulid_equal(p.ticket, f->ticket));
    assert_int_equal(mails_waiting(), 1); /* the acknowledgement of the first */
}

/* Two people of one customer write of one thing; the second one answers what was sent to the first. */
static void a_colleague_who_takes_part_joins_as_themselves(void **state)
{
    struct item i = mail(ANA, "nothing works"), reply = answer(BEN, &i, "I see it, too");
    struct filing *f = file(&i);
    struct participant ben = {.id = ulid_fresh(),
                              .channel = STR("mail"),
                              .email = STR(BEN),
                              .email_index = blind_index(s.keys, INDEX_EMAIL, STR(BEN)),
                              .reference = next_reference++,
                              .item = ulid_fresh()};
    struct change *c = change_begin(s.arena);
    struct message *said;

    (void)state;
    change_participant(c, s.keys, f->ticket, &ben);
    change_level(c, f->ticket, ben.id, 0, false, 0);
    assert_int_equal(change_run(s.redis, s.arena, c, STR(""), STR(""), STR(""), NULL), ERR_OK);
    (void)redis_do(
        s.redis, s.arena, NULL, 3,
        (struct str[]){STR("SET"), pointer_key(s.arena, ben.reference),
                       str_of(arena_printf(s.arena, "%s %s %s %s", ulid_text(ben.item).at, ulid_text(f->account).at,
                                           ulid_text(f->ticket).at, ulid_text(ben.id).at))});
    assert_true(ulid_equal(file(&reply)->ticket, f->ticket));
    assert_int_equal(messages_of(f->ticket, &said), 2);
    assert_true(ulid_equal(said[1].participant, ben.id));
}

static struct str field(struct ulid ticket, const char *room, const struct item *i)
{
    struct redis_value v;
    const char *name = arena_printf(s.arena, "%s:%s", room, id_print(ID_ITEM, i->ulid).at);

    assert_int_equal(
        redis_do(s.redis, s.arena, &v, 3, (struct str[]){STR("HGET"), ticket_key(s.arena, ticket), str_of(name)}),
        ERR_OK);
    return v.kind == REDIS_TEXT ? v.text : STR("");
}

static void a_stranger_stays_apart_and_staff_are_told(void **state)
{
    struct item i = mail(ANA, "nothing works"), reply = answer(OTHER, &i, "pay me instead");
    struct filing *f = file(&i), *g = file(&reply);
    struct participant *people;

    (void)state;
    assert_false(ulid_equal(f->ticket, g->ticket));
    assert_false(ulid_equal(f->account, g->account));
    assert_int_equal(messages_of(f->ticket, NULL), 1);
    assert_int_equal(people_of(f, &people), 1);
    assert_string_equal(field(g->ticket, "sg", &reply).at,
                        arena_printf(s.arena, "%s other-sender", reference_text(i.reference).at));
    assert_string_equal(field(f->ticket, "sr", &reply).at,
                        arena_printf(s.arena, "%s other-sender", reference_text(reply.reference).at));
}

static void what_only_speaks_of_it_is_a_suggestion(void **state)
{
    static const char *const hints[] = {"subject", "forged", "senders"};

    (void)state;
    for (size_t n = 0; n < sizeof hints / sizeof hints[0]; n++) {
        struct item i = mail(ANA, hints[n]), other = mail(OTHER, hints[n]);
        struct filing *f = file(&i), *g;

        other.thread = reference_text(i.reference);
        other.hint = str_of(hints[n]);
        g = file(&other);
        assert_false(ulid_equal(f->ticket, g->ticket));
        assert_string_equal(field(g->ticket, "sg", &other).at,
                            arena_printf(s.arena, "%s %s", reference_text(i.reference).at, hints[n]));
    }
}

static const struct {
    const char *label;
    bool lost, other; /* the reference leads nowhere; to somebody else */
} unknowns[] = {{"nothing is there any more", true, false}, {"somebody else is there", false, true}};

static void an_answer_to_what_is_not_there_is_opened(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof unknowns / sizeof unknowns[0]; n++) {
        struct item i = mail(ANA, unknowns[n].label), reply = answer(ANA, &i, "hello?");
        struct filing *g;

        if (!unknowns[n].lost)
            (void)file(&i);
        if (unknowns[n].other)
            reply.answers = ulid_text(ulid_fresh());
        g = file(&reply);
        assert_string_equal(field(g->ticket, "sg", &reply).at,
                            arena_printf(s.arena, "%s unknown", reference_text(i.reference).at));
    }
}

/* F1: also where whoever wrote takes part by the time it is filed again. */
static void an_answer_is_filed_once_whatever_broke(void **state)
{
    (void)state;
    for (int joins = 0; joins < 2; joins++)
        for (int cut = 0; cut < 16; cut++) {
            lab_empty(&s);

            struct item i = mail(ANA, "nothing works"), reply = answer(joins ? ANA : OTHER, &i, "still nothing");
            struct filing *f = file(&i);
            enum err e = run(make(&reply), cut);
            size_t words = joins ? 2 : 1;

            assert_true(e == ERR_STORE || e == ERR_OK);
            if (cut > 2) { /* the verdict was kept */
                struct participant p = {.id = i.ulid,
                                        .email = str_of(joins ? OTHER : ANA),
                                        .email_index = blind_index(s.keys, INDEX_EMAIL, str_of(joins ? BEN : OTHER)),
                                        .reference = i.reference,
                                        .item = i.ulid};
                struct change *c = change_begin(s.arena);

                change_participant(c, s.keys, f->ticket, &p);
                assert_int_equal(change_run(s.redis, s.arena, c, STR(""), STR(""), STR(""), NULL), ERR_OK);
            }
            for (int again = 0; again < 2; again++)
                (void)file(&reply);
            assert_int_equal(messages_of(f->ticket, NULL), words);
            assert_int_equal(count("*:t:*"), joins ? 1 : 2);
            assert_int_equal(count("*:m:*"), joins ? 1 : 2);
            assert_int_equal(field(f->ticket, "sr", &reply).len > 0, !joins); /* and was told, wherever it broke */
        }
}

static void an_answer_on_closed_work_opens_linked_work_for_the_same_person(void **state)
{
    struct item i = mail(ANA, "nothing works"), reply = answer(ANA, &i, "again");
    struct filing *f = file(&i), *g;
    struct participant *people;

    (void)state;
    set_state(f->ticket, "closed");
    g = file(&reply);
    assert_false(ulid_equal(f->ticket, g->ticket));
    assert_int_equal(people_of(g, &people), 1);
    assert_true(ulid_equal(people[0].id, i.ulid) && people[0].reference == i.reference);
    assert_int_equal(mails_waiting(), 1);
}

/* ---- robots ---- */

static void a_robot_moves_nothing(void **state)
{
    static const char *const states[] = {"open", "waiting-customer", "waiting-us", "solved", "closed"};

    (void)state;
    for (size_t n = 0; n < sizeof states / sizeof states[0]; n++) {
        lab_empty(&s);

        struct item i = mail(ANA, "nothing works"), away = answer(ANA, &i, "I am away");
        struct filing *f = file(&i), *g;
        bool open = n < 3;

        set_state(f->ticket, states[n]);
        if (!open)
            (void)lab_say(&s, "ZREM %s %s", key_in(s.arena, ulid_partition(f->ticket), "q", "triage").at,
                          id_print(ID_TICKET, f->ticket).at);
        away.automatic = true;
        g = file(&away);
        assert_true(ulid_equal(f->ticket, g->ticket));
        assert_string_equal(ticket_of(f).state.at, states[n]);
        assert_int_equal(ticket_of(f).heard_ms, NOW);
        assert_int_equal(messages_of(f->ticket, NULL), 2);
        assert_int_equal(count("*:t:*"), 1);
        assert_string_equal(lab_say(&s, "ZCARD %s", key_in(s.arena, ulid_partition(f->ticket), "q", "triage").at),
                            open ? "1" : "0");
    }
}

/* ---- what came back ---- */

static struct ulid send_reply(const struct filing *f, const char *to)
{
    struct change *c = change_begin(s.arena);
    struct outbox_mail m = {.id = ulid_in(ulid_fresh(), ulid_partition(f->ticket)),
                            .kind = OUTBOX_REPLY,
                            .to = str_of(to),
                            .reference = f->item.reference,
                            .ticket = f->ticket,
                            .participant = f->participant,
                            .message = ulid_fresh(),
                            .asked_ms = NOW,
                            .text = STR("try again")};

    change_mail(c, s.keys, &m);
    assert_int_equal(change_run(s.redis, s.arena, c, STR(""), STR(""), STR(""), NULL), ERR_OK);
    assert_int_equal(outbox_sent(s.redis, s.keys, s.arena, m.id, NOW), ERR_OK);
    return m.id;
}

static const char *state_of(struct ulid id)
{
    struct str state;

    assert_int_equal(outbox_state(s.redis, s.arena, id, &state), ERR_OK);
    return state.at;
}

static void import(void)
{
    struct contact_import_options o = {.source = STR("crm"), .now_ms = NOW, .as_of_days = CONTACT_NO_DAY};
    struct contact_import_report report;

    assert_int_equal(contact_import(s.redis, s.keys, s.arena, &o,
                                    STR("account,account_name,contact_name,email,role,authorised_for,site_id\n"
                                        "C-1,Example,Ana,ana@a.example,admin,all,S-100\n"
                                        "C-1,Example,Ben,ben@a.example,technical,site,S-100\n"),
                                    &report),
                     ERR_OK);
}

static int64_t bounced_day(const char *email)
{
    struct contact *all;
    size_t n;

    assert_int_equal(contact_list(s.redis, s.keys, s.arena, contact_account(s.keys, STR("C-1")), NOW, &all, &n),
                     ERR_OK);
    for (size_t i = 0; i < n; i++)
        if (str_is(all[i].email, email))
            return all[i].bounced_days;
    fail_msg("%s is not on record", email);
    return 0;
}

static const struct {
    const char *label, *hint, *status;
    bool returned, dead;
} reports[] = {
    {"no such mailbox", "dead", "5.1.1", true, true},
    {"full", "returned", "5.2.2", true, false},
    {"delayed", "", "4.4.1", false, false},
};

static void what_came_back_is_told_and_marks_the_dead(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof reports / sizeof reports[0]; n++) {
        lab_empty(&s);
        import();

        struct item i = mail(ANA, "nothing works");
        struct filing *f = file(&i);
        struct ulid sent = send_reply(f, ANA);
        struct item report = bounce(sent, reports[n].hint, reports[n].status);
        struct happening *h;
        size_t count_h;

        (void)file(&report);
        if (strcmp(state_of(sent), reports[n].returned ? "bounced" : "sent") != 0)
            fail_msg("%s: %s", reports[n].label, state_of(sent));
        assert_int_equal(bounced_day(ANA) != CONTACT_NO_DAY, reports[n].dead);
        assert_true(bounced_day(BEN) == CONTACT_NO_DAY);
        assert_int_equal(history_read(s.redis, s.arena, f->ticket, &h, &count_h), ERR_OK);
        assert_int_equal(count_h, reports[n].returned ? 2 : 1);
        if (reports[n].returned)
            assert_true(str_is(h[1].kind, "bounced") && str_is(h[1].detail, reports[n].status));
        assert_int_equal(messages_of(f->ticket, NULL), 1);
        assert_string_equal(ticket_of(f).state.at, "open");
    }
}

static void a_mailbox_that_bounced_is_no_level_two(void **state)
{
    struct item i = mail(ANA, "nothing works");
    struct redis_value v;
    struct evidence e[4];
    struct standing standing;
    size_t n = 0;

    (void)state;
    import();

    struct filing *f = file(&i);
    struct item report = bounce(send_reply(f, ANA), "dead", "5.1.1");

    for (int bounced = 0; bounced < 2; bounced++) {
        n = 0;
        assert_int_equal(redis_do(s.redis, s.arena, &v, 2,
                                  (struct str[]){STR("HGETALL"),
                                                 key_at(s.arena, "b", blind_index(s.keys, INDEX_EMAIL, STR(ANA)).at)}),
                         ERR_OK);
        for (size_t k = 0; k + 1 < v.count && n < 4; k += 2)
            n += evidence_parse(EVIDENCE_EMAIL, v.items[k].text, v.items[k + 1].text, s.arena, &e[n]);
        standing = mailbox_standing(e, n, contact_account(s.keys, STR("C-1")), NOW / 86400000);
        assert_int_equal(standing.level, bounced ? 1 : 2);
        (void)file(&report);
    }
}

static void a_report_is_filed_once_whatever_broke(void **state)
{
    (void)state;
    for (int cut = 0; cut < 4; cut++) {
        lab_empty(&s);
        import();

        struct item i = mail(ANA, "nothing works");
        struct filing *f = file(&i);
        struct ulid sent = send_reply(f, ANA);
        struct item report = bounce(sent, "dead", "5.1.1");
        struct happening *h;
        size_t n;

        (void)run(make(&report), cut);
        for (int again = 0; again < 2; again++)
            (void)file(&report);
        assert_string_equal(state_of(sent), "bounced");
        assert_int_equal(bounced_day(ANA), NOW / 86400000);
        assert_int_equal(history_read(s.redis, s.arena, f->ticket, &h, &n), ERR_OK);
        assert_int_equal(n, 2);
        assert_string_equal(lab_say(&s, "XLEN %s", key_in(s.arena, ulid_partition(f->ticket), "au", "").at), "2");
    }
}

static void a_report_of_nothing_of_ours_opens_nothing(void **state)
{
    struct item none = bounce(ulid_fresh(), "dead", "5.1.1"), nobody = none;

    (void)state;
    nobody.ulid = ulid_fresh();
    nobody.answers = STR("");
    (void)file(&none);
    (void)file(&nobody);
    assert_int_equal(count("*:t:*"), 0);
    assert_int_equal(count("*:a:*"), 0);
    assert_int_equal(count("i:*"), 2); /* the originals are there */
}

static void a_status_from_outside_is_shown_only_where_it_is_one(void **state)
{
    static const char *const others[] = {"5.1.<b>", "5.1.1 ", "5.1.1111111111111", "n\no"};

    (void)state;
    for (size_t k = 0; k < sizeof others / sizeof others[0]; k++) {
        struct item i = mail(arena_printf(s.arena, "ana%zu@a.example", k), others[k]);
        struct filing *f = file(&i);
        struct item report = bounce(send_reply(f, ANA), "dead", others[k]);
        struct happening *h;
        size_t n;

        (void)file(&report);
        assert_int_equal(history_read(s.redis, s.arena, f->ticket, &h, &n), ERR_OK);
        assert_int_equal(n, 2);
        if (h[1].detail.len != 0)
            fail_msg("%s: %s", others[k], h[1].detail.at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(who_writes_by_mail_gets_the_reference_and_no_code, empty),
        cmocka_unit_test_setup(a_robot_gets_nothing, empty),
        cmocka_unit_test_setup(what_our_server_vouches_for_is_level_one, empty),
        cmocka_unit_test_setup(whom_we_wrote_to_joins, empty),
        cmocka_unit_test_setup(a_colleague_who_takes_part_joins_as_themselves, empty),
        cmocka_unit_test_setup(a_stranger_stays_apart_and_staff_are_told, empty),
        cmocka_unit_test_setup(what_only_speaks_of_it_is_a_suggestion, empty),
        cmocka_unit_test_setup(an_answer_to_what_is_not_there_is_opened, empty),
        cmocka_unit_test_setup(an_answer_is_filed_once_whatever_broke, empty),
        cmocka_unit_test_setup(an_answer_on_closed_work_opens_linked_work_for_the_same_person, empty),
        cmocka_unit_test_setup(a_robot_moves_nothing, empty),
        cmocka_unit_test_setup(what_came_back_is_told_and_marks_the_dead, empty),
        cmocka_unit_test_setup(a_mailbox_that_bounced_is_no_level_two, empty),
        cmocka_unit_test_setup(a_report_is_filed_once_whatever_broke, empty),
        cmocka_unit_test_setup(a_report_of_nothing_of_ours_opens_nothing, empty),
        cmocka_unit_test_setup(a_status_from_outside_is_shown_only_where_it_is_one, empty),
    };

    return cmocka_run_group_tests_name("filing_mail", tests, begin, end);
}
