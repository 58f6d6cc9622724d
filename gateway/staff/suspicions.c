/* GET /api/suspicions, POST /api/suspicions/{sus}: what the door suspects, and what staff make of it. */
#include "gateway/app.h"
#include "gateway/conf.h"
#include "gateway/http/call.h"
#include "gateway/incident/declare.h"
#include "gateway/jobs.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/incident/incident.h"
#include "queues/incident/suspicion.h"
#include "rules/base/doc.h"

static struct doc *common_doc(struct str json)
{
    struct doc *d;

    return json.len > 0 && doc_parse(&d, json, NULL, 0) == ERR_OK ? d : doc_array();
}

/* "stf_… NAME": the name. */
static struct str name_in(struct str by)
{
    (void)str_cut(&by, ' ');
    return by.len > 0 ? by : (struct str){NULL, 0};
}

static struct doc *tell_one(const struct suspicion *s)
{
    struct doc *d = doc_object();

    tell_id(d, "suspicion", ID_SUSPICION, s->id);
    doc_set_text(d, "state", s->state);
    doc_set(d, "first_at", tell_stamp(s->first_ms));
    doc_set(d, "last_at", tell_stamp(s->last_ms));
    doc_set(d, "raised_at", tell_stamp(s->raised_ms));
    doc_set_int(d, "accounts", s->accounts);
    doc_set_int(d, "minutes", s->minutes);
    doc_set(d, "usual", doc_new_real((double)s->usual_milli / 1000));
    doc_set(d, "common", common_doc(s->common));
    doc_set_text_or_null(d, "incident", s->incident.len > 0 ? s->incident : (struct str){NULL, 0});
    doc_set_text_or_null(d, "why", s->why.len > 0 ? s->why : (struct str){NULL, 0});
    doc_set_text_or_null(d, "by", name_in(s->by));
    doc_set(d, "settled_at", tell_stamp(s->settled_ms));
    return d;
}

void staff_suspicions(struct call *c)
{
    struct staff_session session;
    struct suspicion *all;
    struct doc *items;
    int64_t limit;
    size_t n;

    if (!gate_pass(c, work_redis(), ACT_READ, &session) || !tell_limit(c, &limit))
        return;
    all = arena_array(c->arena, struct suspicion, (size_t)limit);

    enum err e = suspicion_list(work_redis(), c->app->keys, c->arena, (size_t)limit, all, &n);

    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }
    items = doc_array();
    for (size_t i = 0; i < n; i++)
        doc_push(items, tell_one(&all[i]));
    tell_list(c, items, NULL);
}

/* ---- settling ---- */

static void settled(struct call *c, enum err e, const struct suspicion *s)
{
    struct suspicion now;

    if (e == ERR_OK)
        e = suspicion_read(work_redis(), c->app->keys, c->arena, s->id, &now);
    if (e == ERR_OK)
        tell_doc(c, 200, tell_one(&now));
    else if (e == ERR_CONFLICT)
        tell_problem(c, 409, "settled", "somebody has settled this suspicion already");
    else
        tell_error(c, e);
}

static void dismiss(struct call *c, const struct suspicion *s, struct str by, const struct doc *body)
{
    struct str why = doc_get_text(body, "dismiss");

    if (str_trim(why).len == 0 || text_code_points(why) > SUSPICION_WHY_MAX) {
        tell_fault(c, "dismiss", "malformed", "say why, in at most 500 characters");
        return;
    }
    settled(c, suspicion_dismiss(work_redis(), c->app->keys, c->arena, s->id, by, why, clock_now_ms()), s);
}

/* Declares the incident and gives it its first reports, in one change. */
static void declare(struct call *c, const struct suspicion *s, struct str by, struct str slug, const struct doc *body)
{
    struct app *app = c->app;
    struct change *with = change_begin(c->arena);
    struct declare_with w = {.redis = work_redis(),
                             .keys = app->keys,
                             .arena = c->arena,
                             .active = app->active,
                             .rules = app->conf->rules,
                             .share = app->share};
    struct incident_declaration d = {.slug = slug,
                                     .title = doc_get_text(body, "title"),
                                     .pack = doc_get_text(body, "pack"),
                                     .by = by,
                                     .at_ms = clock_now_ms(),
                                     .heard_ms = s->first_ms,
                                     .with = with};
    struct buf faults = {0};
    struct incident i;
    bool before;
    enum err e;

    change_suspicion_confirmed(with, app->keys, s, slug, by, d.at_ms);
    e = declare_run(&w, &d, false, &faults, &i, &before);
    if (e == ERR_OK && before) /* by somebody else, meanwhile: it was not done with that */
        e = suspicion_join(work_redis(), app->keys, c->arena, s, slug, by, d.at_ms);
    if (e == ERR_ABSENT || e == ERR_CONF)
        tell_fault(c, "pack", e == ERR_ABSENT ? "unknown" : "refused", buf_view(&faults).at);
    else if (e == ERR_INPUT)
        tell_fault(c, "title", "malformed", "a title of at most 200 characters, on one line, and the name of a pack");
    else
        settled(c, e, s);
    buf_free(&faults);
    if (e == ERR_OK)
        jobs_wake(app->jobs);
}

static void confirm(struct call *c, const struct suspicion *s, struct str by, const struct doc *body)
{
    struct str slug = doc_get_text(body, "confirm");
    enum err e;

    if (!incident_slug_valid(slug)) {
        tell_fault(c, "confirm", "malformed", "the name of a declared incident");
        return;
    }
    if (doc_get(body, "pack") != NULL) {
        declare(c, s, by, slug, body);
        return;
    }
    e = suspicion_join(work_redis(), c->app->keys, c->arena, s, slug, by, clock_now_ms());
    if (e == ERR_ABSENT) {
        tell_fault(c, "confirm", "unknown", "no incident of that name is declared");
        return;
    }
    if (e == ERR_OK)
        jobs_wake(c->app->jobs);
    settled(c, e, s);
}

void staff_suspicion(struct call *c)
{
    struct staff_session session;
    struct suspicion s;
    struct ulid id;
    struct doc *body;

    if (!gate_pass(c, work_redis(), ACT_SUSPICION, &session))
        return;

    enum err e = id_parse(ID_SUSPICION, c->params[0], &id) ? ERR_OK : ERR_ABSENT;

    if (e == ERR_OK)
        e = suspicion_read(work_redis(), c->app->keys, c->arena, id, &s);
    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }
    body = tell_body(c);
    if (body == NULL)
        return;

    struct str by = str_of(arena_printf(c->arena, "%s %.*s", id_print(ID_STAFF, session.staff).at,
                                        (int)session.name.len, session.name.at));

    if (doc_get(body, "dismiss") != NULL)
        dismiss(c, &s, by, body);
    else
        confirm(c, &s, by, body);
    doc_close(body);
}
