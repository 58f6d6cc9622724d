/* Two gateways and two vacation robots, wired together for a week: every mail that one sends is brought to another, read
 * and filed there, and whatever follows is brought on, until nobody answers any more. At most one automatic answer of
 * ours goes to one mailbox in a day, three in the week, and never one to a robot that says what it is. */
#include "gateway/app.h"
#include "gateway/conf.h"
#include "gateway/intake/mail.h"
#include "gateway/intake/mime.h"
#include "gateway/mail/letters.h"
#include "gateway/mail/message.h"
#include "gateway/pages.h"
#include "queues/filing.h"
#include "queues/outbox.h"
#include "rules/route.h"
#include "tests/unit/queues/scratch_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HOUR  (INT64_C(3600) * 1000)
#define BEGIN INT64_C(1795500000000)

enum { HOURS = 7 * 24, QUEUE_MAX = 4096, SENT_MAX = 4096, STEPS_MAX = 200 };

static const char rules_text[] = "queue triage { title \"Triage\" first-reply 1h calendar always }\n"
                                 "route otherwise to triage priority 50\n";

/* ---- the post ---- */

struct parcel {
    const char *sender, *to, *raw; /* sender "": the null path */
};

static struct arena *a;
static struct parcel queue[QUEUE_MAX];
static size_t first, last;

static void post(const char *sender, const char *to, const char *raw)
{
    assert_true(last < QUEUE_MAX);
    queue[last++] = (struct parcel){arena_strdup(a, sender), arena_strdup(a, to), arena_strdup(a, raw)};
}

/* ---- a gateway ---- */

struct gateway {
    const char *address, *domain;
    struct lab lab;
    struct conf conf;
    struct app app;
    struct letters *letters;
    struct mail_source source;
    struct mail_house house;
    uint64_t next_reference;
};

static struct gateway gateways[2] = {{.address = "support@one.example", .domain = "one.example"},
                                     {.address = "support@two.example", .domain = "two.example"}};
static struct rules *rules;
static struct pages *pages;

static enum err no_zone(void *arg, const char *name, struct buf *bytes)
{
    (void)arg;
    (void)name;
    (void)bytes;
    return ERR_ABSENT;
}

static void open_gateway(struct gateway *g)
{
    lab_open(&g->lab);
    (void)snprintf(g->conf.mail_from_address, sizeof g->conf.mail_from_address, "%s", g->address);
    g->app = (struct app){.conf = &g->conf, .keys = g->lab.keys, .pages = pages, .origin = "https://help.example"};
    g->house = (struct mail_house){
        .keys = g->lab.keys, .address = g->address, .authserv_id = "", .language = "en", .unreadable = ""};
    g->letters = letters_open(&g->app, &g->lab.server.target, "me");
    g->source = letters_source(g->letters);
    g->next_reference = 1;
}

static int begin(void **state)
{
    static const struct pages_about about = {"Example", ""};
    struct buf faults = {0};

    (void)state;
    mime_open();
    a = arena_open(1 << 20);
    if (rules_load(&rules, "test.rules", str_of(rules_text), no_zone, NULL, &faults) != ERR_OK ||
        pages_open(&pages, "build/share", &about, &faults) != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
    for (int i = 0; i < 2; i++)
        open_gateway(&gateways[i]);
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        letters_close(gateways[i].letters);
        lab_close(&gateways[i].lab);
    }
    rules_close(rules);
    pages_close(pages);
    arena_close(a);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        lab_empty(&gateways[i].lab);
    first = last = 0;
    arena_reset(a);
    return 0;
}

static void take_in(struct gateway *g, const struct parcel *p, int64_t now_ms)
{
    struct filing *f = arena_new(a, struct filing);
    struct mime_mail *m = arena_new(a, struct mime_mail);
    struct redis_value *v;
    const struct item envelope = {.op = ITEM_MAIL,
                                  .ulid = ulid_fresh(),
                                  .received_ms = now_ms,
                                  .reference = g->next_reference++,
                                  .sender = str_of(p->sender),
                                  .recipients = str_of(arena_printf(a, "%s\n", p->to)),
                                  .raw = str_of(p->raw),
                                  .raw_type = STR("message/rfc822")};
    size_t n;

    mime_read(a, envelope.raw, NULL, m);
    mail_to_item(&g->house, &envelope, envelope.raw, m, a, &f->item);
    f->keys = g->lab.keys;
    f->rules = rules;
    f->arena = a;
    f->now_ms = now_ms;
    filing_begin(f);
    while (filing_ask(f, g->lab.redis)) {
        assert_int_equal(redis_flush(g->lab.redis, a, &v, &n), ERR_OK);
        assert_int_equal(filing_hear(f, g->lab.redis, v), ERR_OK);
    }
    assert_int_equal(f->outcome, FILING_FILED);
}

/* ---- what they sent by themselves ---- */

struct sent {
    const struct gateway *by;
    const char *to;
    int64_t at_ms;
};

static struct sent sent[SENT_MAX];
static size_t sent_count;

/* All that is due leaves. */
static void send_all(struct gateway *g, int64_t now_ms)
{
    struct wire_message bytes;
    struct mail m;
    const char *why;
    int64_t wait;

    for (g->app.mail_partitions = UINT64_MAX; g->source.next(g->source.arg, false, now_ms, a, &m, &wait) == ERR_OK;
         g->app.mail_partitions = UINT64_MAX) {
        struct str path = mail_return_path(&m);

        assert_int_equal(message_build(&bytes, &m, a, &why), ERR_OK);
        g->source.sent(g->source.arg, m.id.at, now_ms);
        post(str_copy(a, path), m.to.address.at, bytes.bytes.at);
        assert_true(sent_count < SENT_MAX);
        sent[sent_count++] = (struct sent){g, m.to.address.at, now_ms};
    }
}

/* ---- robots ---- */

enum manners {
    POLITE, /* RFC 3834: never to robots, to the return path, says what it is */
    BLIND,  /* answers robots, too; says what it is */
    RUDE,   /* answers everything, to wherever it can, as if a person had written */
};

struct robot_box {
    const char *address;
    enum manners manners;
    int written;
};

static void answer(struct robot_box *r, const struct parcel *p)
{
    struct mime_mail *m = arena_new(a, struct mime_mail);
    const char *to;

    mime_read(a, str_of(p->raw), NULL, m);
    if (r->manners == POLITE && (p->sender[0] == '\0' || m->auto_submitted.len > 0))
        return;
    if (r->manners == POLITE)
        to = p->sender;
    else if (m->reply_to.count > 0 && r->written % 2 == 0)
        to = str_copy(a, m->reply_to.at[0].address);
    else
        to = m->from.count > 0 ? str_copy(a, m->from.at[0].address) : p->sender;
    r->written++;
    post(r->manners == RUDE ? r->address : "", to,
         arena_printf(a,
                      "From: %s\r\nTo: %s\r\n%sSubject: I am away (%d)\r\nMessage-ID: <%d.%s>\r\n\r\n"
                      "I am away until Monday. Number %d.\r\n",
                      r->address, to, r->manners == RUDE ? "" : "Auto-Submitted: auto-replied\r\n", r->written,
                      r->written, r->address, r->written));
}

/* ---- the week ---- */

/* What a bad relay does to what says that a robot wrote it. */
static void strip(struct parcel *p)
{
    static const char *const signs[] = {"\r\nAuto-Submitted:", "\r\nX-Auto-Response-Suppress:"};
    char *raw = arena_strdup(a, p->raw);

    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        for (char *at; (at = strstr(raw, signs[i])) != NULL;)
            memcpy(at + 2, "X-Was-", 6);
    p->raw = raw;
    if (p->sender[0] == '\0')
        p->sender = "relay@bad.example";
}

static void deliver(struct robot_box *robots, const struct parcel *p, int64_t now_ms)
{
    const char *at = strrchr(p->to, '@');

    for (int i = 0; i < 2; i++)
        if (strcmp(p->to, robots[i].address) == 0)
            answer(&robots[i], p);
    for (int i = 0; at != NULL && i < 2; i++)
        if (strcmp(at + 1, gateways[i].domain) == 0) {
            take_in(&gateways[i], p, now_ms);
            send_all(&gateways[i], now_ms);
        }
}

/* A storm that feeds itself is cut here and begins anew in the next hour: one of ours never feeds it. */
static int settle(struct robot_box *robots, bool strips, int64_t now_ms)
{
    int steps = 0;

    while (first < last && steps < STEPS_MAX) {
        struct parcel p = queue[first++];

        if (strips)
            strip(&p);
        deliver(robots, &p, now_ms);
        steps++;
    }
    first = last = 0;
    return steps;
}

static void hold_to_the_limits(const char *label)
{
    for (size_t i = 0; i < sent_count; i++) {
        int day = 0, week = 0;

        for (size_t k = 0; k < sent_count; k++) {
            if (sent[k].by != sent[i].by || strcmp(sent[k].to, sent[i].to) != 0)
                continue;
            day += sent[k].at_ms >= sent[i].at_ms && sent[k].at_ms < sent[i].at_ms + 24 * HOUR;
            week += sent[k].at_ms >= sent[i].at_ms && sent[k].at_ms < sent[i].at_ms + 168 * HOUR;
        }
        if (day > 1 || week > 3)
            fail_msg("%s: %d in a day, %d in a week to %s", label, day, week, sent[i].to);
    }
}

/* Who writes first, each hour: a robot that was woken by somebody, or one of us in the other's name. */
static const struct {
    const char *label;
    enum manners manners[2];
    const char *from, *to; /* of what begins it; a robot's address is "a@robots.example", "b@robots.example" */
    int sent_min, sent_max;
    bool strips;
} weeks[] = {
    {"polite robots", {POLITE, POLITE}, "a@robots.example", "support@one.example", 3, 3, false},
    {"one that answers robots", {BLIND, POLITE}, "a@robots.example", "support@one.example", 3, 3, false},
    {"two that answer everything", {RUDE, RUDE}, "a@robots.example", "support@one.example", 3, 6, false},
    {"the robots write to each other's gateways",
     {RUDE, BLIND},
     "b@robots.example",
     "support@two.example",
     3,
     6,
     false},
    {"one gateway's name on a mail to the other",
     {RUDE, RUDE},
     "support@two.example",
     "support@one.example",
     1,
     3,
     false},
    {"the same over a relay that hides robots",
     {RUDE, RUDE},
     "support@two.example",
     "support@one.example",
     4,
     12,
     true},
    {"a gateway's own name", {RUDE, RUDE}, "support@one.example", "support@one.example", 0, 0, false},
};

static void a_week_of_robots_gets_one_answer_a_day(void **state)
{
    for (size_t w = 0; w < sizeof weeks / sizeof weeks[0]; w++) {
        struct robot_box robots[2] = {{"a@robots.example", weeks[w].manners[0], 0},
                                      {"b@robots.example", weeks[w].manners[1], 0}};
        int steps = 0;

        (void)empty(state);
        sent_count = 0;
        for (int h = 0; h < HOURS; h++) {
            int64_t now = BEGIN + (int64_t)(w * 1000 + (size_t)h) * HOUR;

            post(weeks[w].from, weeks[w].to,
                 arena_printf(a,
                              "From: %s\r\nTo: %s\r\nSubject: hello %d\r\nMessage-ID: <%d@x.test>\r\n\r\nhello %d\r\n",
                              weeks[w].from, weeks[w].to, h, h, h));
            steps += settle(robots, weeks[w].strips, now);
        }
        hold_to_the_limits(weeks[w].label);
        print_message("%s: %d mails brought, %zu automatic answers\n", weeks[w].label, steps, sent_count);
        if ((int)sent_count < weeks[w].sent_min || (int)sent_count > weeks[w].sent_max)
            fail_msg("%s: %zu answers", weeks[w].label, sent_count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(a_week_of_robots_gets_one_answer_a_day, empty)};

    return cmocka_run_group_tests_name("mail_loops", tests, begin, end);
}
