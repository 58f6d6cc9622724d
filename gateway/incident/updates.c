/* The staff side of told.h: /api/incidents/{slug}/updates. */
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/incident/board.h"
#include "gateway/incident/show.h"
#include "gateway/incident/told.h"
#include "gateway/pages.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/incident/incident.h"
#include "rules/base/doc.h"

#include <string.h>

struct desk_call {
    struct call *call;
    struct staff_session who;
    struct update_languages languages;
    struct update_desk desk;
    struct incident incident;
};

/* Passes the gate and finds the incident; false where it was answered. */
static bool begin(struct desk_call *d, struct call *c, enum staff_act act)
{
    struct str slug = c->params[0];

    d->call = c;
    if (!gate_pass(c, work_redis(), act, &d->who))
        return false;
    board_languages(c->app->pages, &d->languages);
    d->desk = (struct update_desk){.redis = work_redis(),
                                   .keys = c->app->keys,
                                   .arena = c->arena,
                                   .languages = &d->languages,
                                   .slug = slug,
                                   .by = str_of(arena_printf(c->arena, "%s %s", id_print(ID_STAFF, d->who.staff).at,
                                                             str_copy(c->arena, d->who.name))),
                                   .now_ms = clock_now_ms()};

    enum err e = incident_read(work_redis(), c->app->keys, c->arena, slug, &d->incident);

    if (e != ERR_OK)
        tell_error(c, e);
    return e == ERR_OK;
}

/* ---- answers ---- */

static struct doc *faults_doc(const struct update_fault *faults, size_t n)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < n; i++) {
        struct doc *d = doc_object();

        doc_set_text(d, "field", str_of(faults[i].field));
        doc_set_text(d, "code", str_of(faults[i].code));
        doc_set_text(d, "detail", str_of(faults[i].detail));
        doc_push(list, d);
    }
    return list;
}

static void answer_faults(struct call *c, const struct update_fault *faults, size_t n)
{
    call_set_header(c, "cache-control", STR("no-store"));
    call_problem(c, 422, "invalid-fields", "the update cannot be told like this", faults_doc(faults, n), 0);
}

/* The name behind "stf_… NAME", null for none. */
static void set_name(struct doc *d, const char *member, struct str by)
{
    (void)str_cut(&by, ' ');
    doc_set_text_or_null(d, member, by.len > 0 ? by : (struct str){NULL, 0});
}

static struct doc *languages_doc(const struct update *u, const struct update_languages *l)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < l->n; i++)
        if (update_speaks(u, i))
            doc_push(list, doc_new_text(str_of(l->code[i])));
    return list;
}

static bool wrote(const struct update_record *r, struct ulid staff)
{
    for (size_t i = 0; i < r->writers; i++) {
        struct str rest = r->writer[i];

        if (str_is(str_cut(&rest, ' '), id_print(ID_STAFF, staff).at))
            return true;
    }
    return false;
}

/* before: what stands now, NULL nothing: what a draft lacks is said against it. */
static struct doc *record_doc(const struct desk_call *k, const struct update_record *r,
                              const struct update_record *before)
{
    struct doc *d = doc_object(), *writers = doc_array();
    struct update_fault faults[UPDATE_FAULTS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < r->writers; i++) {
        struct str name = r->writer[i];

        (void)str_cut(&name, ' ');
        doc_push(writers, doc_new_text(name));
    }
    if (r->state == UPDATE_DRAFT)
        n = update_judge(&r->update, before == NULL ? NULL : &before->update, &k->languages, k->desk.now_ms, faults);
    tell_id(d, "id", ID_UPDATE, r->id);
    doc_set_int(d, "number", r->number);
    doc_set_int(d, "revision", r->revision);
    doc_set_text(d, "state", str_of(update_state_name(r->state)));
    doc_set(d, "writers", writers);
    doc_set_bool(d, "mine", wrote(r, k->who.staff));
    doc_set(d, "begun_at", tell_stamp(r->begun_ms));
    doc_set(d, "written_at", tell_stamp(r->written_ms));
    doc_set(d, "approved_at", tell_stamp(r->approved_ms));
    set_name(d, "approved_by", r->approved_by);
    doc_set(d, "withdrawn_at", tell_stamp(r->withdrawn_ms));
    set_name(d, "withdrawn_by", r->withdrawn_by);
    doc_set_text_or_null(d, "why", r->withdrawn_ms > 0 ? r->why : (struct str){NULL, 0});
    doc_set(d, "languages", languages_doc(&r->update, &k->languages));
    doc_set(d, "update", update_doc(&r->update, &k->languages));
    doc_set(d, "lacks", faults_doc(faults, n));
    return d;
}

static void answer_record(struct desk_call *k, int status, const struct update_record *r)
{
    struct updates all;
    enum err e = updates_read(&k->desk, &all);

    if (e == ERR_OK)
        tell_doc(k->call, status, record_doc(k, r, updates_standing(&all)));
    else
        tell_error(k->call, e);
}

static void answer_refused(struct desk_call *k, enum err e)
{
    if (e == ERR_CONFLICT)
        tell_problem(k->call, 409, "stale", "it was written anew in the meantime: read it again");
    else if (e == ERR_GONE)
        tell_problem(k->call, 409, "no-draft", "it is no draft any more");
    else if (e == ERR_DENIED)
        tell_problem(k->call, 403, "own-words", "who wrote in it cannot approve it");
    else if (e == ERR_LIMIT)
        tell_problem(k->call, 409, "too-many", "no more fit here");
    else
        tell_error(k->call, e);
}

/* ---- list ---- */

static struct doc *clock_doc(const struct desk_call *k, const struct updates *all)
{
    const struct update_record *u = updates_standing(all);
    int64_t promised = u == NULL ? 0 : update_promised_ms(&u->update);
    int64_t every = board_every_ms(k->call->app, k->incident.slug);
    bool declared = incident_is_declared(&k->incident);

    int64_t due =
        update_due_ms(u == NULL ? NULL : &u->update, u == NULL ? 0 : u->approved_ms, k->incident.declared_ms, every);
    struct doc *d = doc_object();

    doc_set(d, "told_at", tell_stamp(all->told_ms));
    doc_set(d, "promised_at", tell_stamp(declared ? promised : 0));
    doc_set(d, "due_at", tell_stamp(declared ? due : 0));
    doc_set_bool(d, "late", declared && due > 0 && due < k->desk.now_ms);
    return d;
}

/* The page behind the update of that id; all where it is not among them. */
static size_t first_of(const struct updates *all, struct ulid after)
{
    const struct update_record *r = updates_find(all, after);

    return r == NULL ? 0 : (size_t)(r - all->list) + 1;
}

static void answer_list(struct desk_call *k, const struct updates *all, size_t at, size_t limit)
{
    struct doc *d = doc_object(), *items = doc_array();
    const struct update_record *standing = updates_standing(all);
    size_t end = all->n - at > limit ? at + limit : all->n;

    for (size_t i = at; i < end; i++)
        doc_push(items, record_doc(k, &all->list[i], standing));
    doc_set(d, "items", items);
    if (end < all->n)
        tell_id(d, "next", ID_UPDATE, all->list[end - 1].id);
    else
        doc_set_null(d, "next");
    if (standing != NULL)
        tell_id(d, "standing", ID_UPDATE, standing->id);
    else
        doc_set_null(d, "standing");
    doc_set(d, "clock", clock_doc(k, all));
    tell_doc(k->call, 200, d);
}

void told_updates(struct call *c)
{
    struct desk_call k;
    struct updates all;
    struct str cursor = call_query(c, "cursor");
    struct ulid after = {0};
    int64_t limit;

    if (!begin(&k, c, ACT_READ))
        return;
    if (cursor.at != NULL && !id_parse(ID_UPDATE, cursor, &after)) {
        tell_fault(c, "cursor", "malformed", "the `next` of the page before");
        return;
    }
    if (!tell_limit(c, &limit))
        return;

    enum err e = updates_read(&k.desk, &all);

    if (e == ERR_OK)
        answer_list(&k, &all, cursor.at == NULL ? 0 : first_of(&all, after), (size_t)limit);
    else
        tell_error(c, e);
}

/* ---- writing ---- */

/* The member `update` of the body; false where it was answered. */
static bool read_update(struct desk_call *k, const struct doc *body, struct update *out)
{
    struct update_fault faults[UPDATE_FAULTS_MAX];
    size_t n = update_read(out, doc_get(body, "update"), &k->languages, k->call->arena, faults);

    if (n > 0)
        answer_faults(k->call, faults, n);
    return n == 0;
}

void told_begin(struct call *c)
{
    struct desk_call k;
    struct update_record r;
    struct update u;
    struct doc *body;

    if (!begin(&k, c, ACT_DRAFT) || (body = tell_body(c)) == NULL)
        return;

    bool good = read_update(&k, body, &u);

    doc_close(body);
    if (!good)
        return;

    enum err e = update_begin(&k.desk, &u, &r);

    if (e == ERR_OK)
        answer_record(&k, 201, &r);
    else
        answer_refused(&k, e);
}

/* The update of the path and the revision that was read; false where it was answered. */
static bool read_target(struct desk_call *k, const struct doc *body, struct ulid *id, int64_t *revision)
{
    *revision = doc_get_int(body, "revision", 0);
    if (!id_parse(ID_UPDATE, k->call->params[1], id))
        tell_error(k->call, ERR_ABSENT);
    else if (*revision < 1)
        tell_fault(k->call, "revision", "missing", "the revision that was read");
    else
        return true;
    return false;
}

void told_write(struct call *c)
{
    struct desk_call k;
    struct update_record r;
    struct update u;
    struct ulid id;
    int64_t revision;
    struct doc *body;

    if (!begin(&k, c, ACT_DRAFT) || (body = tell_body(c)) == NULL)
        return;

    bool good = read_target(&k, body, &id, &revision) && read_update(&k, body, &u);

    doc_close(body);
    if (!good)
        return;

    enum err e = update_write(&k.desk, id, revision, &u, &r);

    if (e == ERR_OK)
        answer_record(&k, 200, &r);
    else
        answer_refused(&k, e);
}

/* ---- deciding ---- */

void told_approve(struct call *c)
{
    struct update_fault faults[UPDATE_FAULTS_MAX];
    struct desk_call k;
    struct update_record r;
    struct ulid id;
    int64_t revision;
    struct doc *body;
    size_t n;

    if (!begin(&k, c, ACT_PUBLISH) || (body = tell_body(c)) == NULL)
        return;

    bool good = read_target(&k, body, &id, &revision);

    doc_close(body);
    if (!good)
        return;

    enum err e = update_approve(&k.desk, id, revision, &r, faults, &n);

    if (e == ERR_OK)
        answer_record(&k, 200, &r);
    else if (e == ERR_INPUT)
        answer_faults(c, faults, n);
    else
        answer_refused(&k, e);
}

void told_withdraw(struct call *c)
{
    struct desk_call k;
    struct update_record r;
    struct ulid id;
    struct doc *body;

    if (!begin(&k, c, ACT_PUBLISH) || (body = tell_body(c)) == NULL)
        return;

    struct str why = str_trim(doc_get_text(body, "why"));

    why = (struct str){str_copy(c->arena, why), why.len};
    doc_close(body);
    if (!id_parse(ID_UPDATE, c->params[1], &id)) {
        tell_error(c, ERR_ABSENT);
        return;
    }
    if (why.len == 0 || text_code_points(why) > UPDATE_WHY_MAX || memchr(why.at, '\0', why.len) != NULL) {
        tell_fault(c, "why", "missing", "why it must not stand, in at most 500 characters: customers read it");
        return;
    }

    enum err e = update_withdraw(&k.desk, id, why, &r);

    if (e == ERR_OK)
        answer_record(&k, 200, &r);
    else
        answer_refused(&k, e);
}

/* ---- as customers would see it ---- */

static void preview(struct desk_call *k, const struct updates *all, const struct update_record *r, const char *lang)
{
    struct call *c = k->call;
    struct update_record *list = arena_array(c->arena, struct update_record, all->n + 1);
    struct board_incident i = {.slug = k->incident.slug,
                               .title = k->incident.title,
                               .declared = incident_is_declared(&k->incident),
                               .updates = list,
                               .standing = list,
                               .shown = true,
                               .promised_ms = update_promised_ms(&r->update)};
    const struct board_view v = {.incidents = &i, .n = 1, .known = true};
    struct str page;

    list[i.n++] = *r;
    if (list[0].approved_ms == 0)
        list[0].approved_ms = k->desk.now_ms;
    list[0].state = UPDATE_APPROVED;
    for (size_t n = 0; n < all->n; n++)
        if (all->list[n].approved_ms > 0 && &all->list[n] != r)
            list[i.n++] = all->list[n];

    struct doc *d = show_full(c->app->pages, &k->languages, lang, &v, &i);
    enum err e = pages_render(&page, c->app->pages, lang, "incident", d, c->arena);

    doc_close(d);
    if (e != ERR_OK) {
        tell_error(c, ERR_IO);
        return;
    }
    call_set_header(c, "content-security-policy", pages_policy(c->app->pages));
    call_set_header(c, "content-language", str_of(lang));
    call_answer(c, 200, "text/html; charset=utf-8", page);
}

void told_preview(struct call *c)
{
    struct str asked = call_query(c, "lang");
    const char *lang = asked.at == NULL ? pages_language_at(c->app->pages, 0) : pages_language(c->app->pages, asked);
    struct desk_call k;
    struct updates all;
    struct ulid id;

    if (!begin(&k, c, ACT_READ))
        return;
    if (lang == NULL) {
        tell_fault(c, "lang", "unknown", "a language of our pages");
        return;
    }

    enum err e = id_parse(ID_UPDATE, c->params[1], &id) ? updates_read(&k.desk, &all) : ERR_ABSENT;
    const struct update_record *r = e == ERR_OK ? updates_find(&all, id) : NULL;

    if (r != NULL)
        preview(&k, &all, r, lang);
    else
        tell_error(c, e == ERR_OK ? ERR_ABSENT : e);
}

/* ---- what is due, of all incidents ---- */

void told_due(struct call *c)
{
    struct staff_session who;
    const struct board_view *v;
    struct doc *items;
    int64_t now = clock_now_ms();

    if (!gate_pass(c, work_redis(), ACT_READ, &who))
        return;
    items = doc_array();
    v = board_take(c->app->board);
    for (size_t i = 0; i < v->n; i++) {
        const struct board_incident *one = &v->incidents[i];
        struct doc *d = doc_object();

        if (!one->declared) {
            doc_close(d);
            continue;
        }
        doc_set_text(d, "slug", one->slug);
        doc_set_text(d, "title", one->title);
        doc_set(d, "told_at", tell_stamp(one->standing == NULL ? 0 : one->standing->approved_ms));
        doc_set(d, "due_at", tell_stamp(one->due_ms));
        doc_set_bool(d, "late", one->due_ms > 0 && one->due_ms < now);
        doc_push(items, d);
    }
    board_release(c->app->board, v);
    tell_list(c, items, NULL);
}
