#include "gateway/intake/post.h"

#include "gateway/app.h"
#include "gateway/conf.h"
#include "gateway/http/call.h"
#include "gateway/intake/flood.h"
#include "gateway/pages.h"
#include "gateway/say.h"
#include "gateway/work.h"
#include "queues/blob.h"
#include "queues/clock.h"
#include "queues/loop.h"
#include "queues/seal.h"
#include "rules/base/doc.h"

static const struct str no_text = {NULL, 0};

/* What must be equal for a key to mean the same post. Of a form that is its fields but the key: a script sends the key
 * as a header, and the plain post behind it as a field. */
static struct blind body_index(struct call *c, const struct fields *f)
{
    struct buf b = {0};
    struct blind index;

    if (str_is(call_content_type(c), "application/json"))
        return blind_index(c->app->keys, INDEX_BODY, c->body);
    for (int i = 0; i < FIELDS; i++)
        if (i != FIELD_key && f->value[i].len > 0) {
            buf_printf(&b, "%s %zu ", field_name((enum field)i), f->value[i].len);
            buf_str(&b, f->value[i]);
        }
    index = blind_index(c->app->keys, INDEX_BODY, buf_view(&b));
    buf_free(&b);
    return index;
}

/* The Idempotency-Key: header, or hidden field. False where it is unusable. */
static bool key_take(struct call *c, const struct fields *f, struct item *i, const char *scope)
{
    struct keyring *keys = c->app->keys;
    struct str key = str_trim(call_header(c, "idempotency-key"));

    if (key.len >= 2 && key.at[0] == '"' && key.at[key.len - 1] == '"') /* a structured field's string */
        key = (struct str){key.at + 1, key.len - 2};
    if (key.at == NULL)
        key = f->value[FIELD_key];
    if (key.len == 0)
        return true;
    if (key.len < POST_KEY_MIN || key.len > POST_KEY_MAX)
        return false;

    struct str scoped = str_of(arena_printf(c->arena, "%s|%s", scope, str_copy(c->arena, key)));

    i->key = str_of(arena_strdup(c->arena, blind_index(keys, INDEX_KEY, scoped).at));
    i->body = str_of(arena_strdup(c->arena, body_index(c, f).at));
    return true;
}

bool post_key(struct call *c, struct post *p, const char *scope)
{
    struct field_fault fault = {"key", "malformed", "problem.400.text"};

    if (key_take(c, &p->fields, &p->item, scope))
        return true;
    say_faults(c, p->lang, &fault, 1);
    return false;
}

int post_wait_s(struct call *c)
{
    int64_t wait = c->app->conf->limits ? flood_wait_ms(c->app->flood, c->peer, clock_steady_ms()) : 0;

    return (int)((wait + 999) / 1000);
}

static bool read_fields(struct call *c, struct fields *f)
{
    static const struct field_fault no_object = {"", "wrong-type", "problem.400.text"};
    enum err e = c->body.len > POST_BODY_MAX ? ERR_LARGE : fields_read(c, f);

    if (e == ERR_OK)
        return true;
    if (e == ERR_INPUT) {
        say_faults(c, say_language(c, no_text), &no_object, 1);
        return false;
    }
    say_problem(c, e == ERR_LARGE ? 413 : 400, e == ERR_LARGE ? "too-large" : "unreadable", no_text, 0);
    return false;
}

struct str post_raw_type(struct call *c)
{
    struct str type = call_header(c, "content-type");

    return type.len <= POST_TYPE_MAX && text_utf8_valid(type) ? type : call_content_type(c);
}

struct post *post_read(struct call *c, enum item_op op)
{
    struct post *p = arena_new(c->arena, struct post);

    c->state = p;
    if (!read_fields(c, &p->fields))
        return NULL;
    p->page = call_wants_html(c);
    p->lang = say_language(c, p->fields.value[FIELD_language]);
    p->item = (struct item){
        .op = op, .channel = STR("web"), .language = str_of(p->lang), .raw_type = post_raw_type(c), .raw = c->body};
    return p;
}

static void set_value(struct doc *d, const char *name, struct str value)
{
    if (value.len > 0 && text_utf8_valid(value))
        doc_set_text(d, name, value);
}

struct doc *post_form(const struct fields *f)
{
    static const enum field more[] = {FIELD_organisation, FIELD_site, FIELD_invoice};
    struct doc *d = doc_object();
    struct str impact = f->value[FIELD_impact];

    set_value(d, "problem", f->value[FIELD_problem]);
    set_value(d, "email", f->value[FIELD_email]);
    set_value(d, "phone_typed", f->value[FIELD_phone]);
    set_value(d, "name", f->value[FIELD_name]);
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        set_value(d, field_name(more[i]), f->value[more[i]]);
        if (f->value[more[i]].len > 0)
            doc_set_bool(d, "more", true);
    }
    doc_set_bool(d, str_is(impact, "degraded") ? "degraded" : str_is(impact, "question") ? "question" : "down", true);
    return d;
}

void post_not_sent(struct call *c, const struct post *p, int status, const char *key, int retry_s)
{
    struct pages *pages = c->app->pages;
    struct doc *d = post_form(&p->fields), *notice = doc_object();
    struct str wait = str_of(arena_printf(c->arena, "%d", retry_s));
    const char *title = pages_text(pages, p->lang, arena_printf(c->arena, "problem.%s.title", key));
    const char *text = pages_text(pages, p->lang, arena_printf(c->arena, "problem.%s.text", key));

    doc_set_text(notice, "title", str_of(title));
    doc_set_text(notice, "text", str_of(pages_fill(c->arena, text, "n", wait)));
    doc_set(d, "notice", notice);
    say_page(c, status, p->lang, "form", d);
    if (retry_s > 0)
        call_set_header(c, "retry-after", wait);
}

void post_failed(struct call *c, const struct post *p, const struct accept_result *r)
{
    bool reused = r->outcome == ACCEPT_KEY_REUSED, flight = r->outcome == ACCEPT_IN_FLIGHT;
    int status = reused ? 422 : flight ? 409 : err_http(r->error) >= 500 ? 503 : err_http(r->error);
    const char *code = reused ? "key-reused" : flight ? "in-flight" : "not-written";
    int retry = reused ? 0 : flight ? 1 : POST_BUSY_RETRY_S;

    if (p->page && p->item.op == ITEM_REQUEST)
        post_not_sent(c, p, status, reused ? "key-reused" : flight ? "409" : "503", retry);
    else
        say_problem(c, status, code, p->item.text, retry);
}

/* A blob on its way to the disk. */
struct keep {
    struct call *call;
    void (*then)(struct call *c);
    struct ulid name;
    enum err error;
};

static void on_kept(void *arg)
{
    struct keep *k = arg;
    struct post *p = k->call->state;
    struct accept_result failed = {.outcome = ACCEPT_FAILED, .error = k->error};

    if (k->error == ERR_OK) {
        char name[ULID_CHARS + 1];

        ulid_print(k->name, name);
        p->item.raw_blob = str_of(arena_strdup(k->call->arena, name));
        p->item.raw = STR("");
        k->then(k->call);
        return;
    }
    post_failed(k->call, p, &failed);
    call_finish(k->call);
}

static void write_blob(struct redis *redis, void *arg)
{
    struct keep *k = arg;
    const struct post *p = k->call->state;

    (void)redis;
    k->error = blob_write(k->call->app->blobs, k->name, p->item.raw);
    loop_post(call_loop(k->call), on_kept, k);
}

void post_keep_original(struct call *c, void (*then)(struct call *c))
{
    const struct post *p = c->state;
    struct keep *k;

    if (p->item.raw.len <= POST_INLINE_MAX) {
        then(c);
        return;
    }
    k = arena_new(c->arena, struct keep);
    *k = (struct keep){.call = c, .then = then, .name = ulid_fresh()};
    call_hold(c);

    enum err e = work_submit(c->app->workers, write_blob, k); /* from here on k is the worker's */

    if (e == ERR_OK)
        return;
    k->error = e;
    on_kept(k);
}

bool post_accepted(const struct accept_result *r)
{
    return r->outcome == ACCEPT_FILED || r->outcome == ACCEPT_WRITTEN;
}
