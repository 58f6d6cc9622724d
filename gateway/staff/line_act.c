/* POST /api/incidents/{slug}/restoration…: what staff do to sites, batches and cohorts. */
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/line.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/incident/incident.h"
#include "rules/base/doc.h"

#include <string.h>

enum { METHOD_MAX = 100 /* code points */, HOURS_MAX = 2000, COHORT_MAX = 2000 };

static struct str member(struct call *c, const struct staff_session *s)
{
    return str_of(arena_printf(c->arena, "%s %s", id_print(ID_STAFF, s->staff).at, str_copy(c->arena, s->name)));
}

/* Words that are optional here, or wanted. False where it was answered. */
static bool read_text(struct call *c, const struct doc *body, const char *field, size_t most, bool wanted,
                      struct str *out)
{
    const struct doc *d = doc_get(body, field);
    struct str s = str_trim(doc_text(d));

    if (d != NULL && doc_kind(d) != DOC_TEXT && doc_kind(d) != DOC_NULL)
        tell_fault(c, field, "wrong-type", "text is wanted");
    else if (wanted && s.len == 0)
        tell_fault(c, field, "missing", "it is required");
    else if (text_code_points(s) > most || (s.len > 0 && memchr(s.at, '\0', s.len) != NULL))
        tell_fault(c, field, "too-long", "it is too long, or holds U+0000");
    else {
        *out = (struct str){str_copy(c->arena, s), s.len};
        return true;
    }
    return false;
}

/* Who sends a site on its way back says why. */
static bool needs_reason(enum line_act_kind kind)
{
    return kind >= LINE_SEND_BACK && kind <= LINE_TAKE_AGAIN;
}

static bool read_act(struct call *c, struct line_act *out)
{
    struct doc *body = tell_body(c);
    bool good = body != NULL;

    if (good && !line_act_parse(doc_get_text(body, "act"), &out->kind)) {
        tell_fault(c, "act", "unknown", "book, release, step, sign, send-back, mark, clear or take-again");
        good = false;
    }
    good = good && read_text(c, body, "step", CHECKLIST_KEY_MAX, out->kind == LINE_STEP, &out->step) &&
           read_text(c, body, out->kind == LINE_STEP ? "evidence" : "reason",
                     out->kind == LINE_STEP ? CHECKLIST_EVIDENCE_MAX : LINE_WORDS_MAX, needs_reason(out->kind),
                     &out->words);
    doc_close(body);
    return good;
}

static void answer_site(struct call *c, const struct line_site *s)
{
    struct doc *d;
    enum err e = line_site_doc(c, s, &d);

    if (e == ERR_OK)
        tell_doc(c, 200, d);
    else
        tell_error(c, e);
}

void staff_line_act(struct call *c)
{
    struct line_act what = {0};
    struct staff_session session;
    struct line_site s;
    struct ulid site;
    const char *why = NULL;
    enum err e;

    if (!gate_pass(c, work_redis(), ACT_STATE, &session) || !line_site_of(c, &site) || !read_act(c, &what))
        return;
    if (what.kind >= LINE_MARK && !gate_allows(session.role, ACT_DECIDE)) {
        tell_error(c, ERR_DENIED);
        return;
    }
    what.by = member(c, &session);
    what.who = session.staff;
    what.now_ms = clock_now_ms();
    e = line_do(work_redis(), c->app->keys, c->arena, c->params[0], site, &what, &s, &why);
    if (e == ERR_OK)
        answer_site(c, &s);
    else if (e == ERR_CONFLICT && why != NULL)
        tell_problem(c, 409, "not-now", why);
    else if (e == ERR_INPUT && why != NULL)
        tell_fault(c, what.kind == LINE_STEP ? "step" : "act", "unfit", why);
    else
        tell_error(c, e);
}

/* ---- batches ---- */

static bool read_batch(struct call *c, struct line_batch *out)
{
    struct doc *body = tell_body(c);
    bool good = body != NULL && read_text(c, body, "batch", RESTORATION_BATCH_MAX, true, &out->name) &&
                read_text(c, body, "method", METHOD_MAX, false, &out->method);

    if (good && !restoration_batch_valid(out->name)) {
        tell_fault(c, "batch", "malformed", "a word of letters, digits, '.', '_' and '-', at most 40, is wanted");
        good = false;
    }
    out->ours = doc_get_bool(body, "our_validation", true);
    out->hours = doc_get_int(body, "expected_hours", 0);
    if (good && (out->hours < 0 || out->hours > HOURS_MAX)) {
        tell_fault(c, "expected_hours", "range", "0 to 2000");
        good = false;
    }
    doc_close(body);
    return good;
}

void staff_line_batch(struct call *c)
{
    struct line_batch b = {.method = STR("")};
    struct staff_session session;
    enum err e;

    if (!gate_pass(c, work_redis(), ACT_DECIDE, &session) || !read_batch(c, &b))
        return;
    e = line_known(work_redis(), c->arena, c->params[0]);
    if (e == ERR_OK)
        e = line_set_batch(work_redis(), c->app->keys, c->arena, c->params[0], &b, member(c, &session), clock_now_ms());
    if (e == ERR_OK)
        call_answer_empty(c, 204);
    else
        tell_error(c, e);
}

/* ---- a cohort ---- */

struct cohort {
    struct str batch, method, point, reason;
    enum line_act_kind kind;
    bool dry_run;
    size_t fits, done, failed;
};

static bool read_cohort(struct call *c, struct cohort *q)
{
    struct doc *body = tell_body(c);
    bool good = body != NULL && read_text(c, body, "batch", RESTORATION_BATCH_MAX, false, &q->batch) &&
                read_text(c, body, "method", METHOD_MAX, false, &q->method) &&
                read_text(c, body, "restore_point", RESTORATION_SITE_MAX, false, &q->point) &&
                read_text(c, body, "reason", LINE_WORDS_MAX, true, &q->reason);

    q->dry_run = doc_get_bool(body, "dry_run", false);
    if (good && (!line_act_parse(doc_get_text(body, "act"), &q->kind) || q->kind < LINE_MARK)) {
        tell_fault(c, "act", "unknown", "mark, clear or take-again");
        good = false;
    }
    doc_close(body);
    if (good && q->batch.len + q->method.len + q->point.len == 0) {
        tell_fault(c, "batch", "missing", "name a batch, a method or a restore point");
        good = false;
    }
    return good;
}

static bool in_cohort(const struct cohort *q, const struct line_site *s, const struct line_batch *all, size_t n)
{
    struct str method = STR("");

    for (size_t i = 0; i < n; i++)
        if (str_equal(all[i].name, s->batch))
            method = all[i].method;
    return (q->batch.len == 0 || str_equal(q->batch, s->batch)) &&
           (q->method.len == 0 || str_equal(q->method, method)) && (q->point.len == 0 || str_equal(q->point, s->point));
}

/* Each by itself: one that somebody else moved meanwhile fails alone. */
static enum err do_cohort(struct call *c, const struct staff_session *session, struct cohort *q)
{
    enum restoration_state from = q->kind == LINE_MARK ? RESTORATION_HANDED_BACK : RESTORATION_AUDIT;
    struct line_act what = {.kind = q->kind, .by = member(c, session), .who = session->staff, .words = q->reason};
    struct line_place *place = arena_array(c->arena, struct line_place, COHORT_MAX);
    struct line_batch *all;
    size_t batches, n;
    enum err e = line_board(work_redis(), c->arena, c->params[0], &all, &batches, NULL);

    if (e == ERR_OK)
        e = line_page(work_redis(), c->arena, c->params[0], from, q->batch, NULL, COHORT_MAX, place, &n);
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        const char *why = NULL;
        struct line_site s;

        e = line_read(work_redis(), c->app->keys, c->arena, c->params[0], place[i].site, &s);
        if (e != ERR_OK || !in_cohort(q, &s, all, batches))
            continue;
        q->fits++;
        if (q->dry_run)
            continue;
        what.now_ms = clock_now_ms();
        e = line_do(work_redis(), c->app->keys, c->arena, c->params[0], place[i].site, &what, &s, &why);
        q->done += e == ERR_OK;
        q->failed += e == ERR_CONFLICT;
        e = e == ERR_CONFLICT ? ERR_OK : e;
    }
    return e;
}

void staff_line_audit(struct call *c)
{
    struct staff_session session;
    struct cohort q = {0};
    struct doc *d;
    enum err e;

    if (!gate_pass(c, work_redis(), ACT_DECIDE, &session))
        return;
    if (!incident_slug_valid(c->params[0])) {
        tell_error(c, ERR_ABSENT);
        return;
    }
    if (!read_cohort(c, &q))
        return;
    e = do_cohort(c, &session, &q);
    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }
    d = doc_object();
    doc_set_int(d, "sites", (int64_t)q.fits);
    doc_set_int(d, "done", (int64_t)q.done);
    doc_set_int(d, "failed", (int64_t)q.failed);
    tell_doc(c, 200, d);
}

void staff_line_unpark(struct call *c)
{
    struct staff_session session;
    enum line_outcome outcome;
    struct ulid id;
    struct doc *d;
    enum err e;

    if (!gate_pass(c, work_redis(), ACT_RETRY, &session))
        return;
    if (!id_parse(ID_EVENT, c->params[0], &id)) {
        tell_error(c, ERR_ABSENT);
        return;
    }
    e = line_unpark(work_redis(), c->app->keys, c->arena, id, clock_now_ms(), &outcome);
    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }
    d = doc_object();
    doc_set_text(d, "outcome", str_of(line_outcome_name(outcome)));
    tell_doc(c, 200, d);
}
