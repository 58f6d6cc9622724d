/* GET /requests/{ref}: the requester's own view, as JSON and as a page. */
#include "gateway/app.h"
#include "gateway/files/refuse.h"
#include "gateway/files/show.h"
#include "gateway/http/call.h"
#include "gateway/incident/board.h"
#include "gateway/incident/show.h"
#include "gateway/intake/fields.h"
#include "gateway/pages.h"
#include "gateway/say.h"
#include "gateway/verify/acceptance.h"
#include "gateway/verify/appeal.h"
#include "gateway/verify/look.h"
#include "gateway/verify/verify.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/redis.h"
#include "rules/address.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"

#include <string.h>

enum { FRESH_MS = 15 * 60 * 1000, STORE_RETRY_S = 5 };

static const struct str no_text = {NULL, 0};

/* ---- what both forms say ---- */

static struct str state_of(const struct look *l)
{
    return l->written ? STR("written") : l->ticket.state;
}

static bool confirmed(const struct look *l)
{
    return !l->written && l->me.level > 0;
}

/* ---- JSON ---- */

static struct doc *stamp_doc(int64_t ms)
{
    return ms <= 0 ? doc_new_null() : doc_new_text(str_of(stamp_print(ms).at));
}

static struct doc *timeline_json(const struct look *l)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < l->message_count; i++) {
        const struct message *m = &l->messages[i];
        struct doc *d = doc_object();

        doc_set_text(d, "id", str_of(id_print(ID_MESSAGE, m->id).at));
        doc_set(d, "at", stamp_doc(m->at_ms));
        doc_set_text(d, "who", str_of(message_who_name(m->who)));
        doc_set_text(d, "channel", m->channel);
        doc_set_text(d, "text", m->text);
        doc_push(list, d);
    }
    return list;
}

static struct doc *verification_json(struct call *c, const struct look *l)
{
    struct doc *v = doc_object();

    if (l->written) {
        doc_set_text(v, "state", STR("pending"));
    } else if (confirmed(l)) {
        doc_set_text(v, "state", STR("confirmed"));
    } else if (!l->has_flow) {
        doc_set_text(v, "state", STR("none"));
    } else {
        bool living = str_is(l->flow.state, "living") && l->flow.ends_ms > clock_now_ms();

        doc_set_text(v, "state",
                     !living               ? STR("code-gone")
                     : l->flow.sent_ms > 0 ? STR("code-sent")
                                           : STR("code-queued"));
        doc_set_text(v, "to", email_mask(c->arena, l->flow.email));
        doc_set(v, "expires_at", stamp_doc(living && l->flow.sent_ms > 0 ? l->flow.ends_ms : 0));
    }
    return v;
}

/* What was read beside the request itself. */
struct beside {
    struct file_list files;
    struct line_site *sites;
    size_t site_count;
};

/* That the ticket belongs to; NULL none. Told to whoever is on record only: that a claimed site is on a list is not to be
 * found out by claiming it. */
static const struct board_incident *incident_of(const struct look *l, const struct board_view *v)
{
    return l->written || l->me.level < 2 || l->me.stale ? NULL
                                                        : board_find(v, redis_field(l->ticket.fields, "incident"));
}

static struct doc *incident_json(struct call *c, const struct look *l)
{
    const struct board_view *v = board_take(c->app->board);
    const struct board_incident *i = incident_of(l, v);
    struct doc *d = i == NULL ? doc_new_null() : show_reference(i);

    board_release(c->app->board, v);
    return d;
}

static void answer_json(struct call *c, const struct look *l, const struct beside *b, const char *lang)
{
    struct doc *d = doc_object();

    doc_set_text(d, "reference", str_of(reference_print(l->reference).at));
    doc_set_text(d, "state", state_of(l));
    doc_set_int(d, "level", l->written ? 0 : l->me.level);
    doc_set_text(d, "language", l->written ? str_of(lang) : l->me.language);
    doc_set(d, "incident", incident_json(c, l));
    doc_set(d, "next_reply_by", stamp_doc(l->next_reply_ms));
    doc_set(d, "timeline", timeline_json(l));
    doc_set(d, "files", show_json(&b->files));
    doc_set(d, "restoration", acceptance_json(b->sites, b->site_count));
    doc_set(d, "verification", verification_json(c, l));
    call_set_header(c, "cache-control", STR("no-store"));
    call_answer_doc(c, 200, d);
    doc_close(d);
}

/* ---- page ---- */

static const char *text_of(const struct call *c, const char *lang, const char *family, const char *name)
{
    return pages_text(c->app->pages, lang, arena_printf(c->arena, "%s.%s", family, name));
}

static struct doc *timeline_page(struct call *c, const char *lang, const struct look *l, const struct file_list *files)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < l->message_count; i++) {
        const struct message *m = &l->messages[i];
        struct doc *d = doc_object();

        doc_set_text(d, "who", str_of(message_who_name(m->who)));
        doc_set_text(d, "who_text", str_of(text_of(c, lang, "who", message_who_name(m->who))));
        doc_set_text(d, "channel_text", str_of(text_of(c, lang, "channel", str_copy(c->arena, m->channel))));
        doc_set(d, "at", pages_moment(c->app->pages, lang, m->at_ms));
        doc_set_text(d, "text", m->text);
        doc_set(d, "attached", show_attached(c, lang, files, m->files));
        doc_push(list, d);
    }
    return list;
}

static void add_step(struct call *c, const char *lang, struct doc *list, const char *name, const char *how,
                     int64_t at_ms)
{
    struct doc *d = doc_object();

    doc_set_text(d, "text", str_of(text_of(c, lang, "step", name)));
    doc_set_bool(d, how, true);
    if (at_ms > 0)
        doc_set(d, "at", pages_moment(c->app->pages, lang, at_ms));
    doc_push(list, d);
}

/* "now" is the last that is true: nobody is told that somebody works on it before somebody does. */
static struct doc *steps_page(struct call *c, const char *lang, const struct look *l)
{
    bool over = str_is(l->ticket.state, "solved") || str_is(l->ticket.state, "closed");
    const struct {
        const char *name;
        bool shown, is_true;
        int64_t at_ms;
    } steps[] = {
        {"received", true, true, l->me.since_ms},
        {"confirmed", l->has_flow, confirmed(l), 0},
        {"working", true, over || l->ticket.owner.len > 0 || l->ticket.replied_ms > 0, 0},
        {"solved", true, over, over ? l->ticket.updated_ms : 0},
    };
    size_t n = sizeof steps / sizeof steps[0], now = 0;
    struct doc *list = doc_array();

    for (size_t i = 0; i < n; i++)
        if (steps[i].shown && steps[i].is_true)
            now = i;
    for (size_t i = 0; i < n; i++)
        if (steps[i].shown)
            add_step(c, lang, list, steps[i].name,
                     !steps[i].is_true ? "ahead"
                     : i < now         ? "done"
                                       : "now",
                     steps[i].at_ms);
    return list;
}

static void add_confirm(struct call *c, const struct look *l, struct doc *d)
{
    struct doc *confirm = doc_object();
    int64_t wait = l->flow.mailed_ms + FLOW_GAP_MS - clock_now_ms();

    doc_set_text(confirm, "to", email_mask(c->arena, l->flow.email));
    doc_set_bool(confirm, "sent", l->flow.sent_ms > 0);
    doc_set_int(confirm, "wait", wait > 0 ? (wait + 999) / 1000 : 0);
    doc_set(d, "confirm", confirm);
}

static void add_next_reply(struct call *c, const char *lang, const struct look *l, struct doc *d)
{
    if (l->next_reply_ms == 0)
        return;

    struct doc *next = pages_moment(c->app->pages, lang, l->next_reply_ms);

    doc_set_bool(next, "overdue", l->next_reply_ms < clock_now_ms());
    doc_set(d, "next_reply", next);
}

static void add_notice(struct call *c, const char *lang, const struct look *l, struct doc *d)
{
    static const char *const did[] = {"code",  "message",  "confirmed", "file",
                                      "vouch", "accepted", "refused",   "elsewhere"};
    struct str asked = call_query(c, "did");

    for (size_t i = 0; i < sizeof did / sizeof did[0]; i++) {
        if (!str_is(asked, did[i]) || (i == 2 && !confirmed(l)))
            continue;

        struct doc *notice = doc_object();

        doc_set_text(notice, "title", str_of(text_of(c, lang, "notice", arena_printf(c->arena, "%s.title", did[i]))));
        doc_set_text(notice, "text", str_of(text_of(c, lang, "notice", arena_printf(c->arena, "%s.text", did[i]))));
        doc_set_bool(notice, "good", true);
        doc_set(d, "notice", notice);
    }
}

/* A fault of the form that sent the browser back here: which one, said in its words. */
static void add_fault(struct call *c, const char *lang, struct doc *d)
{
    static const struct {
        const char *wrong;
        struct field_fault fault;
    } faults[] = {{"missing", {"text", "missing", "error.text.missing"}},
                  {"too-long", {"text", "too-long", "error.text.long"}},
                  {"character", {"text", "character", "error.text.character"}},
                  {"malformed-code", {"code", "malformed-code", "error.code.malformed"}},
                  {"code-gone", {"code", "code-gone", "error.code.gone"}},
                  {"answer", {"answer", "missing", "error.answer.missing"}},
                  {"email", {"email", "malformed", "error.email.form"}}};
    struct str wrong = call_query(c, "wrong"), left = call_query(c, "left");
    struct field_fault file;

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        if (str_is(wrong, faults[i].wrong))
            say_page_faults(c, lang, &faults[i].fault, 1, d);
    if (files_fault(wrong, &file))
        say_page_faults(c, lang, &file, 1, d);
    if (str_is(wrong, "wrong-code") && left.len == 1 && left.at[0] >= '0' && left.at[0] <= '9') {
        struct str text = str_of(pages_fill(c->arena, pages_text(c->app->pages, lang, "error.code.wrong"), "n", left));
        struct doc *errors = doc_array(), *e = doc_object();

        doc_set_text(e, "field", STR("code"));
        doc_set_text(e, "text", text);
        doc_push(errors, e);
        doc_set_bool(d, "failed", true);
        doc_set(d, "errors", errors);
        doc_set_text(d, "code_error", text);
    }
}

static void add_filed(struct call *c, const char *lang, const struct look *l, const struct beside *b, struct doc *d)
{
    bool closed = str_is(l->ticket.state, "closed") || str_is(l->ticket.state, "solved");

    doc_set_bool(d, "known", true);
    doc_set_bool(d, "fresh",
                 !confirmed(l) && l->message_count <= 1 && l->ticket.replied_ms == 0 &&
                     clock_now_ms() - l->me.since_ms < FRESH_MS);
    if (!confirmed(l) && l->has_flow)
        add_confirm(c, l, d);
    if (!l->has_flow && l->me.phone.len > 0) {
        struct doc *by_phone = doc_object();

        doc_set_text(by_phone, "to", l->me.phone);
        doc_set(d, "by_phone", by_phone);
    }
    if (confirmed(l))
        doc_set_text(d, "level_text", str_of(text_of(c, lang, "level", arena_printf(c->arena, "%d", l->me.level))));
    doc_set_bool(d, "may_vouch", appeal_fits(l));
    doc_set(d, "steps", steps_page(c, lang, l));
    add_next_reply(c, lang, l, d);
    doc_set_bool(d, "waiting_you", str_is(l->ticket.state, "waiting-customer"));
    doc_set_bool(d, "closed", closed);
    doc_set(d, "timeline", timeline_page(c, lang, l, &b->files));
    show_page(c, lang, l->reference, &b->files, d);
    acceptance_page(c, lang, b->sites, b->site_count, d);
    doc_set_bool(d, "may_attach", confirmed(l));
}

/* Of their own incident all that was told, of the others in short. */
static void add_told(struct call *c, const char *lang, const struct look *l, struct doc *d)
{
    const struct board_view *v = board_take(c->app->board);
    const struct board_incident *own = incident_of(l, v);
    struct update_languages languages;

    board_languages(c->app->pages, &languages);
    show_brief(c->app->pages, &languages, lang, v, own, d);
    if (own != NULL && own->shown)
        doc_set(d, "incident", show_full(c->app->pages, &languages, lang, v, own));
    board_release(c->app->board, v);
}

static void answer_page(struct call *c, const struct look *l, const struct beside *b, const char *lang)
{
    struct doc *d = doc_object();
    struct reference ref = reference_print(l->reference);

    doc_set_text(d, "reference", str_of(ref.at));
    doc_set_text(d, "url", str_of(arena_printf(c->arena, "/requests/%s", ref.at)));
    doc_set_bool(d, "may_write", true);
    if (l->written) {
        doc_set_bool(d, "written", true);
        doc_set_bool(d, "fresh", true);
    } else {
        add_filed(c, lang, l, b, d);
    }
    add_told(c, lang, l, d);
    add_notice(c, lang, l, d);
    add_fault(c, lang, d);
    say_page(c, 200, lang, "request", d);
}

void verify_unknown(struct call *c, const char *lang)
{
    uint64_t number;

    if (!call_wants_html(c)) {
        say_problem(c, 401, "token-needed", no_text, 0);
        return;
    }

    struct doc *d = doc_object();
    struct str typed = text_utf8_valid(c->params[0]) ? text_first(c->params[0], 40) : STR("");
    struct str shown =
        reference_parse(typed, &number) ? str_of(arena_strdup(c->arena, reference_print(number).at)) : typed;

    doc_set_text(d, "reference", shown);
    doc_set_text(d, "url", str_of(arena_printf(c->arena, "/requests/%s", str_copy(c->arena, shown))));
    add_fault(c, lang, d);
    say_page(c, 401, lang, "code", d);
}

void verify_look(struct call *c)
{
    uint64_t reference = token_reference(c->app->keys, c->params[0]);
    struct ulid id;
    struct look l;
    const char *lang = say_language(c, no_text);
    enum token_kind kind = token_of_call(c->app->keys, c, reference, &id);
    enum err e = look_read(c->app, work_redis(), c->arena, reference, kind, id, &l);
    struct beside b = {0};

    if (e == ERR_OK)
        e = files_read(work_redis(), c->app->keys, c->arena, l.messages, l.message_count, &b.files);
    if (e == ERR_OK)
        e = acceptance_sites(c->app, work_redis(), c->arena, &l, &b.sites, &b.site_count);

    if (e == ERR_UNKNOWN_CALLER) {
        verify_unknown(c, lang);
    } else if (e != ERR_OK) {
        say_problem(c, 503, "not-available", no_text, STORE_RETRY_S);
    } else if (call_wants_html(c)) {
        answer_page(c, &l, &b, l.written ? lang : say_language(c, l.me.language));
    } else {
        answer_json(c, &l, &b, lang);
    }
}
