/* GET and POST /api/roster, POST and DELETE /api/roster/away: who is on duty, and who is not. */
#include "gateway/roster/roster.h"
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "gateway/zoneinfo.h"
#include "queues/clock.h"
#include "queues/log.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"

enum { NEXT_MAX = 12 };

#define DAY_MS INT64_C(86400000)

enum err roster_duty(struct app *app, struct redis *r, struct arena *a, struct duty *out)
{
    return duty_read(r, app->keys, a, zoneinfo_bytes, NULL, out);
}

void roster_turn(struct app *app, struct redis *r, struct arena *a)
{
    struct duty d;
    size_t n = 0;
    enum err e = roster_duty(app, r, a, &d);

    if (e == ERR_OK)
        e = handovers_turn(r, app->keys, a, &d, clock_now_ms(), &n);
    if (e != ERR_OK)
        log_warn("handovers_not_looked_at", "why=%s", e == ERR_STORE ? redis_why(r) : err_name(e));
}

static bool serves(const struct roster_watch *w, const struct duty *d, int64_t at_ms, struct str name, struct arena *a)
{
    struct roster_duty_holder *on;
    size_t n = roster_on_duty(w, d->absences, d->away_count, at_ms, a, &on);

    for (size_t i = 0; i < n; i++)
        if (str_equal_nocase(on[i].name, name))
            return true;
    return false;
}

static bool on_duty_at(const struct duty *d, int64_t at_ms, struct str name, struct arena *a)
{
    struct roster_watch *w;
    size_t n = roster_watches(d->roster, at_ms, at_ms + 1, a, &w);

    for (size_t i = 0; i < n; i++)
        if (serves(&w[i], d, at_ms, name, a))
            return true;
    return false;
}

/* The people of the watch that h ends, as it ended. */
static size_t leavers(const struct duty *d, const struct handover *h, struct arena *a, struct roster_duty_holder **out)
{
    struct roster_watch *w;
    size_t n = roster_watches(d->roster, h->due_ms - 1, h->due_ms, a, &w);

    for (size_t i = 0; i < n; i++)
        if (ulid_equal(handover_id(&w[i]), h->id))
            return roster_on_duty(&w[i], d->absences, d->away_count, h->due_ms - 1, a, out);
    return 0;
}

size_t roster_gone(const struct duty *d, const struct handover *h, int64_t now_ms, struct arena *a, struct str **out)
{
    struct roster_duty_holder *on;
    size_t n = d->roster == NULL ? 0 : leavers(d, h, a, &on), count = 0;

    *out = arena_array(a, struct str, n + 1);
    for (size_t i = 0; i < n; i++)
        if (!on_duty_at(d, now_ms, on[i].name, a))
            (*out)[count++] = on[i].name;
    return count;
}

/* ---- what is told ---- */

static struct doc *words_doc(struct str words)
{
    struct doc *list = doc_array();

    while (words.len > 0)
        doc_push(list, doc_new_text(str_cut(&words, ' ')));
    return list;
}

static struct doc *people_doc(const struct roster_watch *w, const struct duty *d, int64_t at_ms, struct arena *a)
{
    struct roster_duty_holder *on;
    size_t n = roster_on_duty(w, d->absences, d->away_count, at_ms, a, &on);
    struct doc *list = doc_array();

    for (size_t i = 0; i < n; i++) {
        struct doc *p = doc_object();

        doc_set_text(p, "name", on[i].name);
        doc_set_text(p, "duty", str_of(roster_duty_name(on[i].duty)));
        doc_set_bool(p, "leads", on[i].leads);
        doc_set_text_or_null(p, "stands_in_for",
                             on[i].stands_in_for.len > 0 ? on[i].stands_in_for : (struct str){NULL, 0});
        doc_set(p, "skills", words_doc(on[i].person->skills));
        doc_set(p, "languages", words_doc(on[i].person->languages));
        doc_push(list, p);
    }
    return list;
}

static struct doc *watch_doc(const struct roster_watch *w, const struct duty *d, int64_t at_ms, struct arena *a)
{
    struct doc *o = doc_object();

    doc_set_text(o, "region", w->shift->region);
    doc_set_text(o, "shift", w->shift->name);
    doc_set_text(o, "timezone", w->shift->zone_name);
    doc_set(o, "from", tell_stamp(w->from_ms));
    doc_set(o, "to", tell_stamp(w->to_ms));
    doc_set(o, "people", people_doc(w, d, at_ms, a));
    return o;
}

static struct doc *watches_doc(const struct duty *d, int64_t now_ms, bool next, struct arena *a)
{
    struct doc *list = doc_array();
    struct roster_watch *w;
    size_t n =
        d->roster == NULL ? 0 : roster_watches(d->roster, now_ms, next ? now_ms + 2 * DAY_MS : now_ms + 1, a, &w);

    for (size_t i = 0; i < n && doc_size(list) < NEXT_MAX; i++)
        if (next == (w[i].from_ms > now_ms))
            doc_push(list, watch_doc(&w[i], d, next ? w[i].from_ms : now_ms, a));
    return list;
}

static struct doc *finding_doc(const struct roster_finding *f)
{
    struct doc *d = doc_object();

    doc_set_text(d, "kind", str_of(roster_finding_name(f->kind)));
    doc_set(d, "from", tell_stamp(f->from_ms));
    doc_set(d, "to", tell_stamp(f->to_ms));
    doc_set_text_or_null(d, "who", f->who.len > 0 ? f->who : (struct str){NULL, 0});
    doc_set_text_or_null(d, "also", f->also.len > 0 ? f->also : (struct str){NULL, 0});
    return d;
}

/* Of the two weeks to come. */
static enum err findings_doc(struct call *c, const struct roster *roster, const struct duty *d, struct doc **out)
{
    struct staff *staff;
    struct roster_finding *found;
    size_t n, count, known = 0;
    int64_t now_ms = clock_now_ms();
    enum err e = staff_list(work_redis(), c->app->keys, c->arena, &staff, &n);

    if (e != ERR_OK)
        return e;

    struct str *names = arena_array(c->arena, struct str, n + 1);

    for (size_t i = 0; i < n; i++)
        if (!staff[i].disabled)
            names[known++] = staff[i].name;
    *out = doc_array();
    count = roster_check(roster, d->absences, d->away_count, now_ms, now_ms + ROSTER_LOOK_MS, names, known, c->arena,
                         &found);
    for (size_t i = 0; i < count; i++)
        doc_push(*out, finding_doc(&found[i]));
    return ERR_OK;
}

static struct doc *away_doc(const struct duty *d)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < d->away_count; i++) {
        const struct duty_away *w = &d->away[i];
        struct doc *o = doc_object();

        tell_id(o, "away", ID_ABSENCE, w->id);
        doc_set_text(o, "person", w->is.person);
        doc_set_text_or_null(o, "stand_in", w->is.stand_in.len > 0 ? w->is.stand_in : (struct str){NULL, 0});
        doc_set(o, "from", tell_stamp(w->is.from_ms));
        doc_set(o, "to", tell_stamp(w->is.to_ms));
        doc_set_text(o, "why", w->why);
        doc_set_text(o, "by", w->by);
        doc_push(list, o);
    }
    return list;
}

static struct doc *answers_doc(const struct duty *d, const struct handover *all, size_t n, struct arena *a)
{
    struct duty_answers *who;
    size_t count = duty_answers(d, all, n, clock_now_ms(), a, &who);
    struct doc *list = doc_array();

    for (size_t i = 0; i < count; i++) {
        struct doc *o = doc_object();

        doc_set_text(o, "name", who[i].name);
        doc_set_text(o, "watch", who[i].watch);
        doc_set_bool(o, "over", who[i].over);
        doc_push(list, o);
    }
    return list;
}

void staff_roster(struct call *c)
{
    int64_t now_ms = clock_now_ms();
    struct staff_session s;
    struct doc *d, *findings = NULL;
    struct handover *all;
    struct duty duty;
    size_t n;

    if (!gate_pass(c, work_redis(), ACT_READ, &s))
        return;

    enum err e = roster_duty(c->app, work_redis(), c->arena, &duty);

    if (e == ERR_OK)
        e = handovers_read(work_redis(), c->app->keys, c->arena, &all, &n);
    if (e == ERR_OK && duty.roster != NULL)
        e = findings_doc(c, duty.roster, &duty, &findings);
    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }
    d = doc_object();
    doc_set_int(d, "version", duty.version);
    doc_set(d, "at", tell_stamp(duty.at_ms));
    doc_set_text_or_null(d, "by", duty.by.len > 0 ? duty.by : (struct str){NULL, 0});
    doc_set_text(d, "csv", duty.csv);
    doc_set(d, "answers", answers_doc(&duty, all, n, c->arena));
    doc_set(d, "now", watches_doc(&duty, now_ms, false, c->arena));
    doc_set(d, "next", watches_doc(&duty, now_ms, true, c->arena));
    doc_set(d, "away", away_doc(&duty));
    doc_set(d, "findings", findings != NULL ? findings : doc_array());
    tell_doc(c, 200, d);
}

/* ---- another roster ---- */

static void tell_faults(struct call *c, struct str faults)
{
    struct doc *errors = doc_array();

    while (faults.len > 0) {
        struct doc *d = doc_object();

        doc_set_text(d, "field", STR("csv"));
        doc_set_text(d, "code", STR("unusable"));
        doc_set_text(d, "detail", str_cut(&faults, '\n'));
        doc_push(errors, d);
    }
    call_problem(c, 422, "unusable-roster", "the roster was not taken: see its lines", errors, 0);
}

static void answer_written(struct call *c, const struct duty *d, const struct roster *roster, int64_t version)
{
    struct doc *o, *findings;
    enum err e = findings_doc(c, roster, d, &findings);

    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }
    o = doc_object();
    doc_set_int(o, "version", version);
    doc_set(o, "findings", findings);
    tell_doc(c, 200, o);
}

static void write_roster(struct call *c, const struct staff_session *s, const struct doc *body)
{
    struct str csv = doc_get_text(body, "csv"), by = str_of(arena_strdup(c->arena, s->name.at));
    struct roster *roster;
    struct buf faults = {0};
    struct duty d;
    int64_t version;
    enum err e;

    if (roster_parse(&roster, c->arena, csv, zoneinfo_bytes, NULL, &faults) != ERR_OK) {
        tell_faults(c, buf_view(&faults));
        buf_free(&faults);
        return;
    }
    buf_free(&faults);
    e = roster_duty(c->app, work_redis(), c->arena, &d);
    version = d.version;
    if (e == ERR_OK && !doc_get_bool(body, "dry_run", false))
        e = duty_write(work_redis(), c->app->keys, c->arena, csv, doc_get_int(body, "version", -1), by, clock_now_ms(),
                       &version);
    if (e == ERR_CONFLICT)
        tell_problem(c, 409, "stale", "somebody else replaced it in the meantime");
    else if (e != ERR_OK)
        tell_error(c, e);
    else
        answer_written(c, &d, roster, version);
}

void staff_roster_write(struct call *c)
{
    struct staff_session s;
    struct doc *body;

    if (!gate_pass(c, work_redis(), ACT_ROSTER, &s) || (body = tell_body(c)) == NULL)
        return;
    write_roster(c, &s, body);
    doc_close(body);
}

/* ---- who is away ---- */

static bool read_away(struct call *c, const struct doc *body, struct duty_away *out)
{
    struct str person = str_trim(doc_get_text(body, "person")), stand_in = str_trim(doc_get_text(body, "stand_in"));
    struct str why = str_trim(doc_get_text(body, "why"));

    if (staff_name_fault(person) != NULL)
        tell_fault(c, "person", "missing", "the name of who is away");
    else if (stand_in.len > 0 && staff_name_fault(stand_in) != NULL)
        tell_fault(c, "stand_in", "unusable", "the name of who stands in, or nothing");
    else if (!stamp_parse(doc_get_text(body, "from"), &out->is.from_ms))
        tell_fault(c, "from", "malformed", "RFC 3339, such as 2026-12-24T08:00:00Z");
    else if (!stamp_parse(doc_get_text(body, "to"), &out->is.to_ms) || out->is.to_ms <= out->is.from_ms)
        tell_fault(c, "to", "malformed", "RFC 3339, after `from`");
    else if (text_code_points(why) > DUTY_WHY_MAX)
        tell_fault(c, "why", "too-long", "at most 500 characters");
    else {
        out->is.person = (struct str){str_copy(c->arena, person), person.len};
        out->is.stand_in = (struct str){str_copy(c->arena, stand_in), stand_in.len};
        out->why = (struct str){str_copy(c->arena, why), why.len};
        return true;
    }
    return false;
}

void staff_away(struct call *c)
{
    struct duty_away w = {.at_ms = clock_now_ms()};
    struct staff_session s;
    struct doc *body, *d;
    enum err e;
    bool good;

    if (!gate_pass(c, work_redis(), ACT_AWAY, &s) || (body = tell_body(c)) == NULL)
        return;
    good = read_away(c, body, &w);
    doc_close(body);
    if (!good)
        return;
    w.by = s.name;
    e = duty_away_add(work_redis(), c->app->keys, c->arena, &w);
    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }
    d = doc_object();
    tell_id(d, "away", ID_ABSENCE, w.id);
    tell_doc(c, 201, d);
}

void staff_back(struct call *c)
{
    struct staff_session s;
    struct ulid id;
    enum err e = ERR_ABSENT;

    if (!gate_pass(c, work_redis(), ACT_AWAY, &s))
        return;
    if (id_parse(ID_ABSENCE, c->params[0], &id))
        e = duty_away_end(work_redis(), c->app->keys, c->arena, id, s.name, clock_now_ms());
    if (e != ERR_OK)
        tell_error(c, e);
    else
        call_answer_empty(c, 204);
}
