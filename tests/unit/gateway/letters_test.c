/* letters: which code goes out when, whoever asked how often; against a real redis-server. */
#include "gateway/app.h"
#include "gateway/conf.h"
#include "gateway/mail/letters.h"
#include "gateway/mail/message.h"
#include "gateway/mail/postmark.h"
#include "gateway/pages.h"
#include "queues/flow.h"
#include "queues/outbox.h"
#include "tests/unit/queues/scratch_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW    INT64_C(1795500000000)
#define MINUTE 60000
#define HOUR   (60 * MINUTE)

static struct lab s;
static struct conf conf = {.limits = true, .mail_from_address = "support@example.com"};
static struct app app = {.conf = &conf, .origin = "https://help.example.com"};

/* Asks as if there were news everywhere. */
static enum err next(struct mail_source *source, int64_t now_ms, struct arena *a, struct mail *out, int64_t *wait_ms)
{
    app.mail_partitions = UINT64_MAX;
    return source->next(source->arg, false, now_ms, a, out, wait_ms);
}
static struct letters *letters;
static struct mail_source source;

static int begin(void **state)
{
    static const struct pages_about about = {"Example", ""};
    struct buf faults = {0};

    (void)state;
    lab_open(&s);
    app.keys = s.keys;
    if (pages_open(&app.pages, "build/share", &about, &faults) != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
    return 0;
}

static int end(void **state)
{
    (void)state;
    pages_close(app.pages);
    lab_close(&s);
    return 0;
}

static int fresh(void **state)
{
    (void)state;
    lab_empty(&s);
    conf.limits = true;
    letters = letters_open(&app, &s.server.target, "me");
    source = letters_source(letters);
    return 0;
}

static int over(void **state)
{
    (void)state;
    letters_close(letters);
    return 0;
}

static struct ulid ask(const char *to, int64_t now_ms, bool silent, int generation, struct ulid flow)
{
    struct change *c = change_begin(s.arena);
    struct flow_ask q = {.flow = flow,
                         .partition = 3,
                         .email = str_of(to),
                         .index = blind_index(s.keys, INDEX_EMAIL, str_of(to)),
                         .reference = 42,
                         .language = STR("en"),
                         .now_ms = now_ms,
                         .generation = generation,
                         .silent = silent};

    change_flow(c, s.keys, &q);
    assert_int_equal(change_run(s.redis, s.arena, c, STR(""), STR(""), STR(""), NULL), ERR_OK);
    return flow;
}

/* How many go out at that time; each is taken by its relay. */
static int sent_at(int64_t now_ms, struct mail *last)
{
    struct mail m;
    int64_t wait;
    int n = 0;

    while (next(&source, now_ms, s.arena, &m, &wait) == ERR_OK) {
        source.sent(source.arg, m.id.at, now_ms);
        if (last != NULL)
            *last = m;
        n++;
    }
    return n;
}

static bool is_open(struct ulid flow)
{
    return strcmp(lab_say(&s, "HGET %s open", flow_key(s.arena, flow, 3).at), "1") == 0;
}

static void a_code_is_mailed_to_whom_it_is_for(void **state)
{
    struct ulid flow = ask("Mei@example.org", NOW, false, 1, ulid_fresh());
    struct flow f;
    struct mail m;

    (void)state;
    assert_int_equal(flow_read(s.redis, s.keys, s.arena, flow, 3, &f), ERR_OK);
    assert_int_equal(sent_at(NOW, &m), 1);
    assert_true(str_is(m.to.address, "Mei@example.org") && m.kind == MAIL_CODE && m.author == MAIL_GENERATED);
    assert_non_null(strstr(m.text.at, arena_printf(s.arena, "%.4s %.4s", f.code.at, f.code.at + 4)));
    assert_non_null(strstr(m.html.at, "https://help.example.com/requests/"));
    assert_null(strstr(m.html.at, f.code.at)); /* in two halves, as it is read aloud */
    assert_true(is_open(flow));
    assert_int_equal(flow_read(s.redis, s.keys, s.arena, flow, 3, &f), ERR_OK);
    assert_int_equal(f.sent_ms, NOW);
}

/* W3. What is over the limit waits, and is counted again: it does not come all at once later. */
static void one_mailbox_gets_three_at_once_then_one_in_ten_minutes(void **state)
{
    struct ulid flow[8];
    int open = 0;

    (void)state;
    for (int i = 0; i < 8; i++)
        flow[i] = ask("victim@example.org", NOW, false, 1, ulid_fresh());
    assert_int_equal(sent_at(NOW, NULL), 3);
    for (int i = 0; i < 8; i++)
        open += is_open(flow[i]);
    assert_int_equal(open, 3); /* and no more codes than that can be guessed */
    assert_int_equal(sent_at(NOW + 9 * MINUTE, NULL), 0);
    assert_int_equal(sent_at(NOW + 10 * MINUTE, NULL), 1);
    assert_int_equal(sent_at(NOW + 10 * MINUTE + 1, NULL), 0);
    assert_int_equal(sent_at(NOW + 20 * MINUTE, NULL), 1);
    assert_int_equal(sent_at(NOW + 40 * MINUTE, NULL), 0); /* the rest has ended */
    open = 0;
    for (int i = 0; i < 8; i++)
        open += is_open(flow[i]);
    assert_int_equal(open, 5);
}

static const struct {
    const char *label, *to;
    bool same;
} spellings[] = {
    {"in capitals", "VICTIM@EXAMPLE.ORG", true},
    {"with a tag", "victim+shop@example.org", true},
    {"another mailbox", "victim2@example.org", false},
    {"with a dot, where dots count", "vic.tim@example.org", false},
};

static void a_mailbox_is_counted_however_it_is_spelled(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        lab_empty(&s);
        for (int k = 0; k < 3; k++)
            (void)ask("victim@example.org", NOW, false, 1, ulid_fresh());
        (void)ask(spellings[i].to, NOW, false, 1, ulid_fresh());
        if (sent_at(NOW, NULL) != (spellings[i].same ? 3 : 4))
            fail_msg("%s", spellings[i].label);
    }
    lab_empty(&s);
    for (int k = 0; k < 3; k++)
        (void)ask("some.body@gmail.com", NOW, false, 1, ulid_fresh());
    (void)ask("somebody@gmail.com", NOW, false, 1, ulid_fresh());
    assert_int_equal(sent_at(NOW, NULL), 3);
}

static void ten_a_day(void **state)
{
    int sent = 0;

    (void)state;
    for (int m = 0; m < 23 * 60; m += 15) {
        (void)ask("victim@example.org", NOW + m * MINUTE, false, 1, ulid_fresh());
        sent += sent_at(NOW + m * MINUTE, NULL);
    }
    /* Ten at once, and what drips out meanwhile: one in 144 minutes. */
    assert_int_equal(sent, 10 + 23 * 60 / 144);
}

static void ask_to_vouch(const char *to)
{
    struct change *c = change_begin(s.arena);
    struct flow_ask q = {.flow = ulid_fresh(),
                         .partition = 3,
                         .email = str_of(to),
                         .index = blind_index(s.keys, INDEX_EMAIL, str_of(to)),
                         .reference = 42,
                         .language = STR("en"),
                         .now_ms = NOW,
                         .generation = 1,
                         .kind = OUTBOX_VOUCH,
                         .mail = ulid_in(ulid_fresh(), 3),
                         .about = STR("stranger@example.net"),
                         .life_ms = 3 * 24 * HOUR};

    change_flow(c, s.keys, &q);
    assert_int_equal(change_run(s.redis, s.arena, c, STR(""), STR(""), STR(""), NULL), ERR_OK);
}

/* Strangers need no more for it than mailboxes of their own, and the name of a customer. */
static void who_is_on_record_is_not_flooded_with_strangers(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        ask_to_vouch("contact@example.org");
    assert_int_equal(sent_at(NOW, NULL), 3);
    (void)ask("contact@example.org", NOW, false, 1, ulid_fresh());
    assert_int_equal(sent_at(NOW, NULL), 1); /* their own code is not kept back by it */
    assert_int_equal(sent_at(NOW + 8 * HOUR, NULL), 1);
    assert_int_equal(sent_at(NOW + 8 * HOUR + 1, NULL), 0);
}

static void without_limits_all_go_and_are_open(void **state)
{
    (void)state;
    conf.limits = false;

    struct ulid flow = ulid_fresh();

    for (int i = 0; i < 7; i++)
        flow = ask("load@example.org", NOW, false, 1, ulid_fresh());
    assert_int_equal(sent_at(NOW, NULL), 7);
    assert_true(is_open(flow));
}

static void nothing_goes_that_nobody_wants(void **state)
{
    struct ulid twice = ulid_fresh(), silent;

    (void)state;
    silent = ask("stranger@example.org", NOW, true, 1, ulid_fresh()); /* never */
    (void)ask("late@example.org", NOW - FLOW_LIFE_MS, false, 1, ulid_fresh());
    (void)ask("a@example.org", NOW, false, 1, twice); /* a newer code made this one void */
    (void)ask("a@example.org", NOW, false, 2, twice);
    assert_int_equal(sent_at(NOW, NULL), 1);
    assert_true(is_open(twice) && !is_open(silent));
}

/* A relay that does not take it costs no second place in the limit, and a mail under way is not given out twice. */
static void a_mail_is_tried_again_within_its_place(void **state)
{
    struct mail m;
    int64_t wait;

    (void)state;
    (void)ask("a@example.org", NOW, false, 1, ulid_fresh());
    assert_int_equal(next(&source, NOW, s.arena, &m, &wait), ERR_OK);
    assert_int_equal(next(&source, NOW, s.arena, &m, &wait), ERR_ABSENT);
    source.failed(source.arg, m.id.at, false, "busy", NOW + 1000);
    assert_int_equal(next(&source, NOW, s.arena, &m, &wait), ERR_ABSENT);
    assert_int_equal(next(&source, NOW + 1000, s.arena, &m, &wait), ERR_OK);
    assert_int_equal(m.tries, 1);
    assert_true(m.held);
    source.sent(source.arg, m.id.at, NOW + 1000);
    for (int i = 0; i < 3; i++)
        (void)ask("a@example.org", NOW, false, 1, ulid_fresh());
    assert_int_equal(sent_at(NOW + 1001, NULL), 2);
}

static struct ulid put(enum outbox_kind kind, const char *to, int64_t now_ms)
{
    struct change *c = change_begin(s.arena);
    struct outbox_mail m = {.id = ulid_in(ulid_fresh(), 3),
                            .kind = kind,
                            .to = str_of(to),
                            .language = STR("de"),
                            .reference = 77,
                            .ticket = ulid_in(ulid_fresh(), 3),
                            .participant = ulid_fresh(),
                            .message = ulid_fresh(),
                            .asked_ms = now_ms,
                            .text = STR("words of staff"),
                            .in_reply_to = STR("<2@example.org>"),
                            .references = STR("<1@example.org> <2@example.org>"),
                            .subject = kind == OUTBOX_REPLY ? STR("cannot sign in") : STR("")};

    change_mail(c, s.keys, &m);
    assert_int_equal(change_run(s.redis, s.arena, c, STR(""), STR(""), STR(""), NULL), ERR_OK);
    return m.id;
}

/* W5 */
static void a_reply_says_where_answers_and_bounces_go(void **state)
{
    struct ulid id = put(OUTBOX_REPLY, "mei@example.org", NOW);
    struct postmark p;
    struct wire_message message;
    const char *why;
    struct mail m;

    (void)state;
    assert_int_equal(sent_at(NOW, &m), 1);
    assert_int_equal(m.author, MAIL_BY_PERSON);
    assert_string_equal(m.subject.at, "Re: cannot sign in");
    assert_int_equal(postmark_of_address(s.keys, m.reply_to.address, STR("example.com"), &p), POSTMARK_REPLY);
    assert_int_equal(p.reference, 77);
    assert_int_equal(postmark_of_address(s.keys, mail_return_path(&m), STR("example.com"), &p), POSTMARK_BOUNCE);
    assert_true(ulid_equal(p.mail, id));
    assert_int_equal(postmark_of_id(s.keys, m.message_id, STR("example.com"), &p), POSTMARK_MESSAGE_ID);
    assert_true(ulid_equal(p.mail, id) && p.reference == 77);
    assert_int_equal(message_build(&message, &m, s.arena, &why), ERR_OK);
    assert_non_null(strstr(message.bytes.at, "\r\nIn-Reply-To: <2@example.org>\r\n"
                                             "References: <1@example.org>\r\n <2@example.org>\r\n"));
    assert_null(strstr(message.bytes.at, "Auto-Submitted"));
}

static void an_acknowledgement_is_a_robots_and_says_so(void **state)
{
    struct wire_message message;
    const char *why;
    struct mail m;

    (void)state;
    (void)put(OUTBOX_ACK, "mei@example.org", NOW);
    assert_int_equal(sent_at(NOW, &m), 1);
    assert_int_equal(m.author, MAIL_REPLIED);
    assert_int_equal(mail_return_path(&m).len, 0);
    assert_non_null(strstr(m.text.at, reference_print(77).at));
    assert_non_null(strstr(m.subject.at, reference_print(77).at));
    assert_true(m.reply_to.address.len > 0);
    assert_int_equal(message_build(&message, &m, s.arena, &why), ERR_OK);
    assert_non_null(strstr(message.bytes.at, "\r\nAuto-Submitted: auto-replied\r\n"));
}

/* W4: through any window of a day one, through any window of a week three, however often somebody writes. */
static void one_acknowledgement_a_day_and_three_a_week(void **state)
{
    int64_t sent[64];
    int n = 0;

    (void)state;
    conf.limits = false;
    for (int h = 0; h < 24 * 21; h++) {
        (void)put(OUTBOX_ACK, h % 2 ? "mei@example.org" : "Mei+robot@example.org", NOW + h * HOUR);
        if (sent_at(NOW + h * HOUR, NULL) > 0)
            sent[n++] = NOW + h * HOUR;
    }
    assert_int_equal(n, 9);
    for (int i = 1; i < n; i++)
        assert_true(sent[i] - sent[i - 1] >= 24 * HOUR);
    for (int i = 3; i < n; i++)
        assert_true(sent[i] - sent[i - 3] >= 7 * 24 * HOUR);
    (void)put(OUTBOX_ACK, "other@example.org", NOW);
    assert_int_equal(sent_at(NOW + 24 * 21 * HOUR, NULL), 1);
}

/* A relay that was busy must not cost somebody the only one. */
static void an_acknowledgement_is_counted_once_however_often_it_is_tried(void **state)
{
    struct mail m;
    int64_t wait;

    (void)state;
    (void)put(OUTBOX_ACK, "mei@example.org", NOW);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(next(&source, NOW + i * 1000, s.arena, &m, &wait), ERR_OK);
        source.failed(source.arg, m.id.at, false, "busy", NOW + (i + 1) * 1000);
    }
    assert_int_equal(sent_at(NOW + 3000, NULL), 1);
}

static void we_never_acknowledge_ourselves(void **state)
{
    struct str reply = postmark_reply_address(s.keys, s.arena, 77, ulid_fresh(), STR("example.com"));
    struct str bounce = postmark_bounce_address(s.keys, s.arena, ulid_fresh(), STR("example.com"));

    (void)state;
    (void)put(OUTBOX_ACK, "Support@example.com", NOW);
    (void)put(OUTBOX_ACK, reply.at, NOW);
    (void)put(OUTBOX_ACK, bounce.at, NOW);
    assert_int_equal(sent_at(NOW, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_code_is_mailed_to_whom_it_is_for, fresh, over),
        cmocka_unit_test_setup_teardown(one_mailbox_gets_three_at_once_then_one_in_ten_minutes, fresh, over),
        cmocka_unit_test_setup_teardown(a_mailbox_is_counted_however_it_is_spelled, fresh, over),
        cmocka_unit_test_setup_teardown(ten_a_day, fresh, over),
        cmocka_unit_test_setup_teardown(who_is_on_record_is_not_flooded_with_strangers, fresh, over),
        cmocka_unit_test_setup_teardown(without_limits_all_go_and_are_open, fresh, over),
        cmocka_unit_test_setup_teardown(nothing_goes_that_nobody_wants, fresh, over),
        cmocka_unit_test_setup_teardown(a_mail_is_tried_again_within_its_place, fresh, over),
        cmocka_unit_test_setup_teardown(a_reply_says_where_answers_and_bounces_go, fresh, over),
        cmocka_unit_test_setup_teardown(an_acknowledgement_is_a_robots_and_says_so, fresh, over),
        cmocka_unit_test_setup_teardown(one_acknowledgement_a_day_and_three_a_week, fresh, over),
        cmocka_unit_test_setup_teardown(an_acknowledgement_is_counted_once_however_often_it_is_tried, fresh, over),
        cmocka_unit_test_setup_teardown(we_never_acknowledge_ourselves, fresh, over),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
