/* verify: asking for a code and passing it, with every exchange with Redis failing once, before and after its effect.
 *
 * Whatever breaks: there is an answer; no level without a passed code; a passed code is a level; nobody gets more than
 * one mail too many; and who tries again gets there. */
#include "gateway/app.h"
#include "gateway/conf.h"
#include "gateway/http/call.h"
#include "gateway/incident/board.h"
#include "gateway/intake/accept.h"
#include "gateway/mail/sender.h"
#include "gateway/pages.h"
#include "gateway/verify/confirm.h"
#include "gateway/verify/verify.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/filing.h"
#include "queues/flow.h"
#include "queues/keys.h"
#include "queues/outbox.h"
#include "queues/ruleset.h"
#include "rules/base/doc.h"
#include "rules/route.h"
#include "tests/flow/frail_wire.h"
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

#define MAILBOX "mei@example.org"
#define OTHER   "mei@example.net"
#define REF     UINT64_C(4711)
#define UNKNOWN UINT64_C(4712)

static const char rules_text[] = "queue triage { title \"Triage\" first-reply 1h calendar always }\n"
                                 "route otherwise to triage priority 50\n";

static struct lab s; /* its connection is a good one, for looking */
static struct frail_wire *wire;
static struct redis_target target; /* over the wire */
static struct conf conf = {.limits = false};
static struct app app = {.conf = &conf, .origin = "https://help.example.com"};
static struct rules *rules;
static char mail_folder[128];

static enum err no_zone(void *arg, const char *name, struct buf *bytes)
{
    (void)arg;
    (void)name;
    (void)bytes;
    return ERR_ABSENT;
}

/* A sender with nothing to send: mails are looked at where they wait. */
static enum err no_mail(void *arg, bool codes_only, int64_t now_ms, struct arena *a, struct mail *out, int64_t *wait_ms)
{
    (void)arg;
    (void)codes_only;
    (void)now_ms;
    (void)a;
    (void)out;
    *wait_ms = 1000;
    return ERR_ABSENT;
}

static int begin(void **state)
{
    static const struct pages_about about = {"Example", ""};
    static const struct mail_source source = {.next = no_mail};
    static struct mail_sender_conf sender = {.folder = mail_folder};
    struct buf faults = {0};

    (void)state;
    lab_open(&s);
    wire = wire_open(s.server.folder, &s.server.target, &target);
    (void)snprintf(mail_folder, sizeof mail_folder, "%s/mail", s.server.folder);
    app.keys = s.keys;
    app.accept = accept_open(&app);
    app.workers = workers_open(1, &target);
    if (mail_sender_open(&app.sender, &sender, &source) != ERR_OK ||
        pages_open(&app.pages, "build/share", &about, &faults) != ERR_OK ||
        rules_load(&rules, "test.rules", str_of(rules_text), no_zone, NULL, &faults) != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
    app.rules = ruleset_open(rules);
    app.board = board_open(&app, &target);
    return 0;
}

static int end(void **state)
{
    (void)state;
    workers_close(app.workers);
    board_stop(app.board);
    board_close(app.board);
    mail_sender_close(app.sender);
    ruleset_close(app.rules);
    pages_close(app.pages);
    accept_close(app.accept);
    wire_close(wire);
    lab_close(&s);
    return 0;
}

/* ---- a request that is filed, and its code ---- */

static struct item item;
static struct ulid ticket;

static void file_request(void)
{
    struct filing f = {.keys = s.keys, .rules = rules, .arena = s.arena, .now_ms = clock_now_ms()};
    struct redis_value *v;
    size_t n;

    wire_arm(wire, WIRE_WHOLE, 0);
    lab_empty(&s);
    item = (struct item){.op = ITEM_REQUEST,
                         .ulid = ulid_fresh(),
                         .received_ms = f.now_ms,
                         .channel = STR("web"),
                         .reference = REF,
                         .text = STR("cannot sign in"),
                         .email = STR(MAILBOX),
                         .impact = STR("down"),
                         .language = STR("en")};
    f.item = item;
    filing_begin(&f);
    while (filing_ask(&f, s.redis)) {
        assert_int_equal(redis_flush(s.redis, s.arena, &v, &n), ERR_OK);
        assert_int_equal(filing_hear(&f, s.redis, v), ERR_OK);
    }
    assert_int_equal(f.outcome, FILING_FILED);
    ticket = f.ticket;
}

static struct flow flow_of(struct ulid id)
{
    struct flow f;

    assert_int_equal(flow_read(s.redis, s.keys, s.arena, id, ulid_partition(ticket), &f), ERR_OK);
    return f;
}

static struct flow flow(void)
{
    return flow_of(item.ulid);
}

static const char *flow_key_text(void)
{
    return flow_key(s.arena, item.ulid, ulid_partition(ticket)).at;
}

/* The mailer lets out what waits; how many of these are real mails to `to`, ever made. */
static int mails_to(const char *to)
{
    struct outbox_mail m[32];
    size_t n;
    int64_t wait;
    int real = 0;

    assert_int_equal(outbox_due(s.redis, s.keys, s.arena, UINT64_MAX, clock_now_ms() + 1, 32, m, &n, &wait), ERR_OK);
    for (size_t i = 0; i < n; i++) {
        real += !m[i].silent && str_is(m[i].to, to);
        if (!m[i].silent)
            (void)outbox_release(s.redis, s.arena, &m[i]);
    }
    return real;
}

static struct participant me(void)
{
    struct participant *all;
    struct ticket t;
    size_t n;

    assert_int_equal(ticket_read(s.redis, s.keys, s.arena, ticket, &t), ERR_OK);
    assert_int_equal(participants_read(s.redis, s.keys, s.arena, &t, &all, &n), ERR_OK);
    assert_int_equal(n, 1);
    return all[0];
}

static int times_confirmed(void)
{
    struct happening *h;
    size_t n;
    int times = 0;

    assert_int_equal(history_read(s.redis, s.arena, ticket, &h, &n), ERR_OK);
    for (size_t i = 0; i < n; i++)
        times += str_is(h[i].kind, "confirmed");
    return times;
}

/* A level and a passed code are one thing, told once. */
static void level_is_earned(const struct flow *f)
{
    bool passed = str_is(f->state, "passed");

    assert_int_equal(me().level > 0, passed);
    assert_int_equal(times_confirmed(), passed);
    assert_string_equal(lab_say(&s, "ZCARD {p%u}:q:triage", ulid_partition(ticket)), "1");
}

/* ---- passing a code ---- */

static enum err pass(struct redis *r, enum token_kind kind, struct ulid id, const char *code, struct verdict *out)
{
    struct arena *a = arena_open(65536);
    enum err e = confirm_code(&app, r, a, REF, kind, id, code, out);

    arena_close(a);
    return e;
}

static const char *wrong_for(const char *code)
{
    char *w = arena_strdup(s.arena, code);

    w[0] = w[0] == '9' ? '0' : (char)(w[0] + 1);
    return w;
}

static const enum wire_break breaks[] = {WIRE_BEFORE, WIRE_AFTER};
static const char *const break_names[] = {"whole", "before", "after"};

static void a_right_code_survives_every_break(void **state)
{
    (void)state;
    for (size_t b = 0; b < 2; b++)
        for (int n = 1, broke = 1; broke; n++) {
            struct redis *r = redis_open(&target, 5000);
            struct verdict v;
            struct flow f;

            file_request();
            assert_int_equal(mails_to(MAILBOX), 1);
            f = flow();
            wire_arm(wire, breaks[b], n);

            enum err e = pass(r, TOKEN_ITEM, item.ulid, f.code.at, &v);

            broke = wire_broke(wire);
            wire_arm(wire, WIRE_WHOLE, 0);
            if (broke ? e == ERR_INPUT : e != ERR_OK)
                fail_msg("%s %d: %s", break_names[breaks[b]], n, err_name(e));

            struct flow after = flow();

            level_is_earned(&after);
            if (e == ERR_OK)
                assert_true(v.level > 0 && str_is(after.state, "passed"));
            sleep_ms(60); /* longer than the first back-off */
            e = pass(r, TOKEN_ITEM, item.ulid, f.code.at, &v);
            if ((e != ERR_OK && e != ERR_GONE) || v.level < 1) /* gone, and told what was reached */
                fail_msg("%s %d, again: %s, level %d", break_names[breaks[b]], n, err_name(e), v.level);
            after = flow();
            level_is_earned(&after);
            assert_int_equal(me().level, 1);
            redis_close(r);
            assert_true(n < 30);
        }
}

static void a_wrong_code_is_counted_at_most_as_often_as_it_was_sent(void **state)
{
    (void)state;
    for (size_t b = 0; b < 2; b++)
        for (int n = 1, broke = 1; broke; n++) {
            struct redis *r = redis_open(&target, 5000);
            struct verdict v;
            struct flow f;

            file_request();
            (void)mails_to(MAILBOX);
            f = flow();
            wire_arm(wire, breaks[b], n);

            enum err e = pass(r, TOKEN_ITEM, item.ulid, wrong_for(f.code.at), &v);

            broke = wire_broke(wire);
            wire_arm(wire, WIRE_WHOLE, 0);
            assert_true(e == ERR_INPUT || (broke && e == ERR_STORE));
            sleep_ms(60);
            assert_int_equal(pass(r, TOKEN_ITEM, item.ulid, wrong_for(f.code.at), &v), ERR_INPUT);
            f = flow();
            assert_in_range(f.tries, 1, 2);
            assert_int_equal(v.tries_left, FLOW_TRIES - f.tries);
            level_is_earned(&f);
            assert_int_equal(pass(r, TOKEN_ITEM, item.ulid, f.code.at, &v), ERR_OK);
            redis_close(r);
            assert_true(n < 30);
        }
}

/* C1: the ticket never holds still, so nothing can be judged; that is no yes. */
static void a_ticket_that_never_holds_still_is_no_yes(void **state)
{
    struct redis *r = redis_open(&s.server.target, 5000);
    struct verdict v;
    struct flow f;

    (void)state;
    file_request();
    (void)mails_to(MAILBOX);
    f = flow();
    (void)lab_say(&s, "HDEL %s v", ticket_key(s.arena, ticket).at); /* as if it were another one at each look */
    assert_int_equal(pass(r, TOKEN_ITEM, item.ulid, f.code.at, &v), ERR_BUSY);
    assert_int_equal(v.level, 0);
    f = flow();
    assert_int_equal(f.tries, 0);
    level_is_earned(&f);
    redis_close(r);
}

struct guesser {
    pthread_t thread;
    const char *code;
    int right, wrong, gone, other;
};

static void *guess(void *arg)
{
    struct guesser *g = arg;
    struct redis *r = redis_open(&s.server.target, 10000);
    struct verdict v;

    for (int i = 0; i < 25; i++) {
        enum err e = pass(r, TOKEN_ITEM, item.ulid, g->code, &v);

        g->right += e == ERR_OK;
        g->wrong += e == ERR_INPUT;
        g->gone += e == ERR_GONE;
        g->other += e != ERR_OK && e != ERR_INPUT && e != ERR_GONE;
    }
    redis_close(r);
    return NULL;
}

static void of_200_at_once_one_is_right_or_five_are_wrong(void **state)
{
    (void)state;
    for (int right = 0; right < 2; right++) {
        struct guesser g[8], all = {.right = 0};
        struct flow f;

        file_request();
        (void)mails_to(MAILBOX);
        f = flow();
        for (int i = 0; i < 8; i++) {
            g[i] = (struct guesser){.code = right ? f.code.at : wrong_for(f.code.at)};
            assert_int_equal(pthread_create(&g[i].thread, NULL, guess, &g[i]), 0);
        }
        for (int i = 0; i < 8; i++) {
            assert_int_equal(pthread_join(g[i].thread, NULL), 0);
            all.right += g[i].right;
            all.wrong += g[i].wrong;
            all.gone += g[i].gone;
            all.other += g[i].other;
        }
        assert_int_equal(all.right, right ? 1 : 0);
        assert_int_equal(all.wrong, right ? 0 : FLOW_TRIES);
        assert_int_equal(all.other, 0);
        f = flow();
        level_is_earned(&f);
    }
}

/* ---- asking for a code ---- */

struct asked {
    struct call call;
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool over;
    void (*handler)(struct call *c);
};

static void on_worker(struct redis *r, void *arg)
{
    struct asked *q = arg;

    (void)r;
    q->handler(&q->call);
    (void)pthread_mutex_lock(&q->lock);
    q->over = true;
    (void)pthread_cond_signal(&q->done);
    (void)pthread_mutex_unlock(&q->lock);
}

enum { HEADERS = 3 };

/* Runs a handler as its worker does; `more` is one more header, or both NULL. Answers the status. */
static int handle(void (*handler)(struct call *c), const char *reference, const char *bearer, const char *body,
                  struct call_header more, struct call **out)
{
    struct asked *q = arena_new(s.arena, struct asked);

    *q = (struct asked){.lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER, .handler = handler};
    q->call = (struct call){.arena = s.arena, .app = &app, .method = STR("POST"), .body = str_of(body)};
    q->call.params[0] = str_of(reference);
    q->call.headers = arena_array(s.arena, struct call_header, HEADERS);
    q->call.headers[q->call.header_count++] = (struct call_header){STR("content-type"), STR("application/json")};
    if (bearer != NULL)
        q->call.headers[q->call.header_count++] =
            (struct call_header){STR("authorization"), str_of(arena_printf(s.arena, "Bearer %s", bearer))};
    if (more.name.at != NULL)
        q->call.headers[q->call.header_count++] = more;
    assert_int_equal(work_submit(app.workers, on_worker, q), ERR_OK);
    (void)pthread_mutex_lock(&q->lock);
    while (!q->over)
        (void)pthread_cond_wait(&q->done, &q->lock);
    (void)pthread_mutex_unlock(&q->lock);
    if (out != NULL)
        *out = &q->call;
    return q->call.status;
}

static const struct call_header no_more = {{NULL, 0}, {NULL, 0}};

static int ask(bool with_token, const char *body, struct call **out)
{
    const char *token = with_token ? token_make(s.keys, s.arena, TOKEN_ITEM, item.ulid, REF).at : NULL;

    return handle(verify_ask, reference_print(REF).at, token, body, no_more, out);
}

static void a_minute_later(void)
{
    (void)lab_say(&s, "HSET %s mailed 1", flow_key_text());
}

static void half_an_hour_later(void)
{
    (void)lab_say(&s, "HSET %s mailed 1 ends 1", flow_key_text());
}

static void at_once(void)
{
}

static const struct {
    const char *label;
    void (*when)(void);
    bool with_token;
    const char *body, *to;
    int least, most; /* mails to that mailbox after a break and another try */
    int generation;
} asks[] = {
    {"the living code again", a_minute_later, true, "{}", MAILBOX, 2, 2, 1},
    {"too soon for it", at_once, true, "{}", MAILBOX, 1, 1, 1},
    {"a new code", half_an_hour_later, true, "{}", MAILBOX, 2, 2, 2},
    {"a corrected address", at_once, true, "{\"email\":\"" OTHER "\"}", OTHER, 1, 1, 2},
    {"the same address again, typed", a_minute_later, true, "{\"email\":\"MEI@example.org\"}", MAILBOX, 2, 2, 1},
    {"from elsewhere", at_once, false, "{\"email\":\"MEI@Example.ORG\"}", MAILBOX, 2, 3, 1},
    {"from elsewhere, by somebody else", at_once, false, "{\"email\":\"" OTHER "\"}", OTHER, 0, 0, 1},
};

static void an_asker_gets_a_code_whatever_breaks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++)
        for (size_t b = 0; b < 2; b++)
            for (int n = 1, broke = 1; broke; n++) {
                struct flow f;
                int status, mails;

                file_request();
                asks[i].when();
                (void)ask(false, "{\"email\":\"x@y.example\"}", NULL); /* the connection is there */
                wire_arm(wire, breaks[b], n);
                status = ask(asks[i].with_token, asks[i].body, NULL);
                broke = wire_broke(wire);
                wire_arm(wire, WIRE_WHOLE, 0);
                if (status != 202 && !(broke && status == 503))
                    fail_msg("%s, %s %d: %d", asks[i].label, break_names[breaks[b]], n, status);
                sleep_ms(broke ? 60 : 0);
                status = ask(asks[i].with_token, asks[i].body, NULL);
                mails = mails_to(asks[i].to);
                f = flow();
                if (status != 202 || mails < asks[i].least || mails > asks[i].most ||
                    f.generation != asks[i].generation)
                    fail_msg("%s, %s %d, again: %d, %d mails, generation %d", asks[i].label, break_names[breaks[b]], n,
                             status, mails, f.generation);
                level_is_earned(&f);
                assert_true(n < 30);
            }
}

/* The corrected mailbox is this person's from now on: mails, codes and the account all follow it. */
static void a_corrected_address_is_corrected_whole(void **state)
{
    struct blind index;

    (void)state;
    for (size_t b = 0; b < 2; b++)
        for (int n = 1, broke = 1; broke; n++) {
            struct verdict v;
            struct redis *r = redis_open(&s.server.target, 5000);

            file_request();
            (void)ask(false, "{\"email\":\"x@y.example\"}", NULL);
            wire_arm(wire, breaks[b], n);
            (void)ask(true, "{\"email\":\"" OTHER "\"}", NULL);
            broke = wire_broke(wire);
            wire_arm(wire, WIRE_WHOLE, 0);
            sleep_ms(broke ? 60 : 0);
            assert_int_equal(ask(true, "{\"email\":\"" OTHER "\"}", NULL), 202);
            assert_int_equal(mails_to(OTHER), 1);
            index = blind_index(s.keys, INDEX_EMAIL, STR(OTHER));
            assert_true(str_is(me().email, OTHER));
            assert_string_equal(me().email_index.at, index.at);
            if (strcmp(lab_say(&s, "EXISTS %s", key_at(s.arena, "b", index.at).at), "1") != 0)
                fail_msg("%s %d: the mailbox leads nowhere", break_names[breaks[b]], n);
            assert_int_equal(pass(r, TOKEN_ITEM, item.ulid, flow().code.at, &v), ERR_OK);
            redis_close(r);
        }
}

/* ---- from another device ---- */

static const char *token_in(struct call *c, struct ulid *id)
{
    struct doc *d;
    const char *token;

    assert_int_equal(doc_parse(&d, c->answer, NULL, 0), ERR_OK);
    token = str_copy(s.arena, doc_get_text(d, "token"));
    doc_close(d);
    assert_int_equal(token_check(s.keys, str_of(token), REF, id), TOKEN_FLOW);
    return token;
}

static void a_code_from_elsewhere_opens_the_request(void **state)
{
    struct call *c;
    struct ulid id;
    const char *token, *code;
    struct redis *r = redis_open(&s.server.target, 5000);
    struct verdict v;

    (void)state;
    file_request();
    assert_int_equal(ask(false, "{\"email\":\"" MAILBOX "\"}", &c), 202);
    token = token_in(c, &id);
    (void)mails_to(MAILBOX);
    assert_int_equal(handle(verify_look, reference_print(REF).at, token, "", no_more, NULL), 401); /* not yet */
    code = flow_of(id).code.at;
    assert_int_equal(pass(r, TOKEN_FLOW, id, wrong_for(code), &v), ERR_INPUT);
    assert_int_equal(pass(r, TOKEN_FLOW, id, code, &v), ERR_OK);
    assert_int_equal(v.level, 1);
    assert_int_equal(handle(verify_look, reference_print(REF).at, token, "", no_more, NULL), 200);
    assert_int_equal(me().level, 1);
    redis_close(r);
}

/* Names of an answer's headers and members, and its size: all that a stranger sees of it but the token itself. */
static const char *looks(struct call *c)
{
    struct buf b = {0};
    const char *text;

    buf_printf(&b, "%d %zu", c->status, c->answer.len);
    for (size_t i = 0; i < c->answer_header_count; i++)
        buf_printf(&b, " %.*s:%zu", (int)c->answer_headers[i].name.len, c->answer_headers[i].name.at,
                   c->answer_headers[i].value.len);
    text = arena_strdup(s.arena, buf_view(&b).at);
    buf_free(&b);
    return text;
}

/* Flows and mails: what asking writes. */
static int records(void)
{
    struct redis_value flows, mails;

    assert_int_equal(redis_do(s.redis, s.arena, &flows, 2, (struct str[]){STR("KEYS"), STR("*:f:*")}), ERR_OK);
    assert_int_equal(redis_do(s.redis, s.arena, &mails, 2, (struct str[]){STR("KEYS"), STR("*:d:*")}), ERR_OK);
    return (int)(flows.count * 100 + mails.count);
}

/* Known reference and right address, known and wrong, unknown: the same answers, exchanges and records, at each step. */
static void a_stranger_cannot_tell_what_is_there(void **state)
{
    static const struct {
        const char *label, *email;
        uint64_t reference;
    } whom[] = {{"right", MAILBOX, REF}, {"wrong", OTHER, REF}, {"unknown", MAILBOX, UNKNOWN}};
    char seen[3][4][512]; /* an arena ends with its request */
    int exchanges[3][4], keys_made[3];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const char *ref, *token;
        char *body;
        struct call *c;
        struct doc *d;

        file_request();
        (void)ask(false, "{\"email\":\"x@y.example\"}", NULL);
        ref = arena_strdup(s.arena, reference_print(whom[i].reference).at);
        keys_made[i] = records();
        wire_arm(wire, WIRE_WHOLE, 0);
        body = arena_printf(s.arena, "{\"email\":\"%s\"}", whom[i].email);
        (void)handle(verify_ask, ref, NULL, body, no_more, &c);
        (void)snprintf(seen[i][0], sizeof seen[i][0], "%s", looks(c));
        exchanges[i][0] = wire_exchanges(wire);
        keys_made[i] = records() - keys_made[i];
        assert_int_equal(doc_parse(&d, c->answer, NULL, 0), ERR_OK);
        token = str_copy(s.arena, doc_get_text(d, "token"));
        doc_close(d);
        for (int step = 1; step < 4; step++) {
            wire_arm(wire, WIRE_WHOLE, 0);
            (void)handle(step == 3 ? verify_look : verify_pass, ref, token,
                         step == 1 ? "{\"code\":\"00000000\"}" : "{\"code\":\"x\"}", no_more, &c);
            (void)snprintf(seen[i][step], sizeof seen[i][step], "%s", looks(c));
            exchanges[i][step] = wire_exchanges(wire);
        }
        for (int step = 0; step < 4; step++) {
            if (strcmp(seen[i][step], seen[0][step]) != 0)
                fail_msg("%s, step %d: %s, not %s", whom[i].label, step, seen[i][step], seen[0][step]);
            if (exchanges[i][step] != exchanges[0][step])
                fail_msg("%s, step %d: %d exchanges, not %d", whom[i].label, step, exchanges[i][step],
                         exchanges[0][step]);
        }
        assert_int_equal(keys_made[i], keys_made[0]);
    }
}

/* ---- what other sites may not do ---- */

static const struct {
    const char *label, *site;
    int status;
} sites[] = {
    {"a program says nothing", NULL, 202},
    {"our own page", "same-origin", 202},
    {"typed by hand", "none", 202},
    /* The browser keeps our cookie back there (SameSite), and would take a new one in its place. */
    {"another site", "cross-site", 403},
};

static void no_other_site_can_ask(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sites / sizeof sites[0]; i++) {
        struct call_header site = {{NULL, 0}, {NULL, 0}};
        struct call *c;

        file_request();
        if (sites[i].site != NULL)
            site = (struct call_header){STR("sec-fetch-site"), str_of(sites[i].site)};

        if (handle(verify_ask, reference_print(REF).at, NULL, "{\"email\":\"" MAILBOX "\"}", site, &c) !=
            sites[i].status)
            fail_msg("%s: %d", sites[i].label, c->status);
        for (size_t h = 0; sites[i].status == 403 && h < c->answer_header_count; h++)
            assert_false(str_equal_nocase(c->answer_headers[h].name, STR("set-cookie")));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_code_survives_every_break),
        cmocka_unit_test(a_wrong_code_is_counted_at_most_as_often_as_it_was_sent),
        cmocka_unit_test(a_ticket_that_never_holds_still_is_no_yes),
        cmocka_unit_test(of_200_at_once_one_is_right_or_five_are_wrong),
        cmocka_unit_test(an_asker_gets_a_code_whatever_breaks),
        cmocka_unit_test(a_corrected_address_is_corrected_whole),
        cmocka_unit_test(a_code_from_elsewhere_opens_the_request),
        cmocka_unit_test(a_stranger_cannot_tell_what_is_there),
        cmocka_unit_test(no_other_site_can_ask),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
