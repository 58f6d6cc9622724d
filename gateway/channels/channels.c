#include "gateway/channels/channels.h"

#include "gateway/app.h"
#include "gateway/channels/restoration.h"
#include "gateway/channels/senders.h"
#include "gateway/conf.h"
#include "gateway/http/call.h"
#include "gateway/intake/post.h"
#include "gateway/say.h"
#include "queues/clock.h"
#include "rules/base/doc.h"

enum { FLIGHT_RETRY_S = 1 };

/* One report on its way; its call's state. */
struct hook {
    enum webhook_kind kind;
    struct signature signature;
    int64_t now_ms; /* when it came: waiting makes no signature too old */
    struct ulid sender;
    struct report report;
};

static void say(struct call *c, int status, const char *code, const char *title, int retry_s)
{
    call_problem(c, status, code, title, NULL, retry_s);
}

/* C1 */
static void refuse(struct call *c)
{
    say(c, 401, "not-signed", "This is not signed by a sender we know", 0);
}

void channels_faults(struct call *c, const struct report_fault *faults, size_t n)
{
    struct doc *errors = doc_array();

    for (size_t i = 0; i < n; i++) {
        struct doc *e = doc_object();

        doc_set_text(e, "field", str_of(faults[i].field));
        doc_set_text(e, "code", str_of(faults[i].code));
        doc_set_text(e, "detail", str_of(faults[i].detail));
        doc_push(errors, e);
    }
    call_problem(c, 422, "invalid-fields", err_text(ERR_INPUT), errors, 0);
}

void channels_complete(struct call *c, struct report *r)
{
    struct item *i = &r->item;

    i->language = str_of(say_language(c, r->language));
    i->raw_type = post_raw_type(c);
    i->raw = c->body;
    if (r->id.len > 0)
        i->external =
            str_of(arena_strdup(c->arena, blind_index(c->app->keys, INDEX_EXTERNAL, report_external(r, c->arena)).at));
}

/* ---- the answer ---- */

static void say_failed(struct call *c, const struct accept_result *r)
{
    if (r->outcome == ACCEPT_KEY_REUSED)
        say(c, 422, "key-reused", "This webhook-id came with another body", 0);
    else if (r->outcome == ACCEPT_IN_FLIGHT)
        say(c, 409, "in-flight", "This webhook-id is on its way at this moment", FLIGHT_RETRY_S);
    else
        say(c, 503, "not-written", "It could not be written down", POST_BUSY_RETRY_S);
}

static void on_accepted(struct call *c, const struct item *i, const struct accept_result *r)
{
    struct doc *d;

    if (!post_accepted(r)) {
        say_failed(c, r);
        return;
    }
    if (r->replayed)
        call_set_header(c, "idempotent-replayed", STR("true"));
    d = doc_object();
    doc_set_text(d, "item", str_of(id_print(ID_ITEM, r->item).at));
    if (i->op == ITEM_REQUEST)
        doc_set_text(d, "reference", str_of(reference_print(r->reference).at));
    call_answer_doc(c, 202, d);
    doc_close(d);
}

/* ---- what a sender we know said ---- */

/* A key belongs to its sender: two bots that name their messages alike do not meet. */
static void set_key(struct call *c, struct hook *h)
{
    struct keyring *keys = c->app->keys;
    struct str scoped = str_of(arena_printf(c->arena, "webhook|%s|%s", id_print(ID_WEBHOOK, h->sender).at,
                                            str_copy(c->arena, h->signature.id)));

    h->report.item.key = str_of(arena_strdup(c->arena, blind_index(keys, INDEX_KEY, scoped).at));
    h->report.item.body = str_of(arena_strdup(c->arena, blind_index(keys, INDEX_BODY, c->body).at));
}

static bool read_report(struct call *c, struct hook *h)
{
    struct report_fault faults[REPORT_FAULTS_MAX];
    struct doc *d;
    size_t n;

    if (doc_parse(&d, c->body, NULL, 0) != ERR_OK) {
        say(c, 400, "unreadable", "The body is not JSON as we read it", 0);
        return false;
    }
    n = report_read(h->kind, d, c->arena, &h->report, faults);
    doc_close(d);
    if (n > 0)
        channels_faults(c, faults, n);
    return n == 0;
}

/* True where accept_item() has it, and answers. */
static bool take(struct call *c)
{
    struct hook *h = c->state;
    struct app *app = c->app;
    int64_t wait = app->conf->limits ? senders_wait_ms(app->senders, h->sender, clock_steady_ms()) : 0;

    if (wait > 0) {
        say(c, 429, "too-many", err_text(ERR_LIMIT), (int)((wait + 999) / 1000));
        return false;
    }
    if (h->kind == WEBHOOK_RESTORATION) {
        if (!restoration_take(c, h->sender, h->now_ms, &h->report.item))
            return false;
    } else {
        if (!read_report(c, h))
            return false;
        channels_complete(c, &h->report);
    }
    set_key(c, h);
    accept_item(app->accept, c, &h->report.item, false, on_accepted);
    return true;
}

/* ---- who is it? ---- */

static bool find_sender(struct call *c)
{
    struct hook *h = c->state;

    return senders_find(c->app->senders, h->kind, &h->signature, c->body, h->now_ms, &h->sender);
}

static void on_read_again(struct call *c)
{
    if (find_sender(c)) {
        if (take(c))
            return;
    } else {
        refuse(c);
    }
    call_finish(c);
}

static bool is_json(struct call *c)
{
    return call_header_times(c, "content-type") == 1 && str_is(call_content_type(c), "application/json");
}

static void receive(struct call *c, enum webhook_kind kind)
{
    struct hook *h = arena_new(c->arena, struct hook);

    c->state = h;
    h->kind = kind;
    h->now_ms = clock_now_ms();
    if (!is_json(c))
        say(c, 415, "unsupported-media-type", "Send application/json", 0);
    else if (!signature_read(c, h->now_ms, &h->signature))
        refuse(c);
    else if (find_sender(c))
        (void)take(c);
    else if (!senders_again(c->app->senders, c->app->workers, c, on_read_again))
        refuse(c);
}

void channels_social(struct call *c)
{
    receive(c, WEBHOOK_SOCIAL);
}

void channels_phone(struct call *c)
{
    receive(c, WEBHOOK_PHONE);
}

void channels_desk(struct call *c)
{
    receive(c, WEBHOOK_DESK);
}

void channels_restoration(struct call *c)
{
    receive(c, WEBHOOK_RESTORATION);
}
