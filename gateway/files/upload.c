/* Files on their way in: announced and sent in parts, or whole in one post. */
#include "gateway/app.h"
#include "gateway/files/files.h"
#include "gateway/files/refuse.h"
#include "gateway/files/visit.h"
#include "gateway/files/whole.h"
#include "gateway/http/call.h"
#include "gateway/intake/fields.h"
#include "gateway/say.h"
#include "queues/clock.h"
#include "rules/base/doc.h"
#include "rules/file_kind.h"
#include "rules/file_name.h"

static const struct str no_text = {NULL, 0};

/* ---- announce ---- */

static const char *limit_code(enum upload_limit which)
{
    static const char *const codes[] = {[UPLOAD_FITS] = "file-later",
                                        [UPLOAD_COUNT] = "file-count",
                                        [UPLOAD_REQUEST] = "file-room",
                                        [UPLOAD_CUSTOMER] = "file-customer",
                                        [UPLOAD_DAY] = "file-day"};

    return codes[which];
}

/* A file of that name and size, with the room it needs. False where it was refused. */
static bool make_upload(struct visit *v, struct redis *r, struct str type, int64_t bytes)
{
    struct call *c = v->call;
    const struct look *l = &v->look;
    enum upload_limit which = UPLOAD_FITS;
    enum err e;

    v->upload = (struct upload){.id = ulid_fresh(),
                                .participant = l->me.id,
                                .account = l->ticket.account,
                                .partition = l->ticket.partition,
                                .reference = l->me.reference,
                                .name = file_name_clean(c->arena, v->typed),
                                .type = type,
                                .bytes = bytes};
    if (file_kind_of_name(v->upload.name) == FILE_NONE) {
        visit_refuse(v, "file-kind");
        return false;
    }
    if (bytes > FILE_BYTES_MAX || bytes <= 0) {
        visit_refuse(v, bytes <= 0 ? "file-empty" : "file-large");
        return false;
    }
    e = whole_has_room(c->app) ? upload_take_room(r, c->arena, &v->upload, clock_now_ms(), &which) : ERR_FULL;
    if (e == ERR_LIMIT)
        visit_refuse(v, limit_code(which));
    else if (e != ERR_OK)
        visit_failed(v, e, "room");
    return e == ERR_OK;
}

static void announce(struct visit *v, struct redis *r)
{
    struct call *c = v->call;
    struct doc *d;
    int64_t bytes;
    enum err e;

    if (!visit_may_send(v))
        return;
    if (doc_parse(&d, c->body, NULL, 0) != ERR_OK) {
        say_problem(c, 400, "unreadable", no_text, 0);
        return;
    }

    struct str name = doc_get_text(d, "name"), type = doc_get_text(d, "type");

    v->typed = (struct str){str_copy(c->arena, name), name.len};
    type = (struct str){str_copy(c->arena, text_first(type, 100)), text_first(type, 100).len};
    bytes = doc_get_int(d, "size", -1);
    doc_close(d);
    if (v->typed.len == 0 || bytes < 0) {
        visit_refuse(v, "file-name");
        return;
    }
    if (!make_upload(v, r, type, bytes))
        return;
    e = upload_begin(r, c->app->keys, c->arena, &v->upload);
    if (e != ERR_OK)
        visit_failed(v, e, "upload");
    else
        visit_answer(v, 201, "coming", true);
}

/* ---- whole, in one post ---- */

static const struct form_field *find_file(const struct form_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fields[i].file_name.at != NULL)
            return &fields[i];
    return NULL;
}

static void take_post(struct visit *v, struct redis *r)
{
    struct call *c = v->call;
    const struct form_field *file;
    struct form_field *fields;
    size_t n;

    if (form_parse(c, &fields, &n) != ERR_OK) {
        say_problem(c, 400, "unreadable", no_text, 0);
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (str_is(fields[i].name, "language"))
            v->lang = say_language(c, fields[i].value);
    if (!visit_may_send(v))
        return;
    file = find_file(fields, n);
    if (file == NULL || (file->file_name.len == 0 && file->value.len == 0)) {
        visit_refuse(v, "file-missing");
        return;
    }
    if (file->value.len > FILE_SIMPLE_BYTES_MAX) {
        visit_refuse(v, "file-large-post");
        return;
    }
    v->simple = true;
    v->typed = file->file_name;
    if (make_upload(v, r, STR(""), (int64_t)file->value.len))
        whole_take(v, r, file->value);
}

void files_post(struct call *c)
{
    struct str type = call_content_type(c);

    if (str_is(type, "application/json"))
        visit_begin(c, announce, false);
    else if (str_is(type, "multipart/form-data"))
        visit_begin(c, take_post, true);
    else
        files_refuse(c, say_language(c, no_text), "unsupported-type", NULL);
}

/* ---- parts ---- */

/* What is known of it without another part. False where parts are still wanted. */
static bool is_over(struct visit *v)
{
    struct field_fault known; /* a code of a newer program is none */

    switch (v->upload.state) {
    case UPLOAD_COMING:
        return false;
    case UPLOAD_DONE:
        visit_answer(v, 200, "checking", false);
        break;
    case UPLOAD_REFUSED:
        visit_refuse(v, files_fault(v->upload.why, &known) ? known.code : "no-file");
        break;
    }
    return true;
}

static void refuse_part(struct visit *v, struct redis *r, enum err e)
{
    switch (e) {
    case ERR_CONFLICT:
        visit_refuse(v, "part-differs");
        break;
    case ERR_LARGE:
        visit_refuse(v, "part-over");
        break;
    case ERR_GONE: /* meanwhile it was finished, refused or cancelled */
        if (visit_find(v, r) && !is_over(v))
            visit_refuse(v, "no-file");
        break;
    default:
        visit_failed(v, e, "part");
        break;
    }
}

static bool is_there(const struct upload *u, int number)
{
    for (size_t i = 0; i < u->part_count; i++)
        if (u->parts[i].number == number)
            return true;
    return false;
}

/* Judged before a byte is written. */
static bool part_fits(struct visit *v, int64_t number)
{
    const struct upload *u = &v->upload;
    size_t n = v->call->body.len;

    if (n == 0 || n > FILE_PART_BYTES_MAX)
        visit_refuse(v, "part-size");
    else if (!is_there(u, (int)number) && u->got + (int64_t)n > u->bytes)
        visit_refuse(v, "part-over");
    else if (!whole_has_room(v->call->app))
        visit_failed(v, ERR_FULL, "room");
    else
        return true;
    return false;
}

static void finish(struct visit *v, struct redis *r)
{
    struct app *app = v->call->app;
    struct str whole;
    enum err e;

    if (!upload_sound(&v->upload)) {
        if (upload_refuse(r, v->call->arena, &v->upload, STR("parts-broken")) == ERR_OK)
            upload_drop_parts(app->keys, app->parts, &v->upload);
        visit_refuse(v, "parts-broken");
        return;
    }
    e = upload_join(app->keys, v->call->arena, app->parts, &v->upload, &whole);
    if (e == ERR_OK)
        whole_take(v, r, whole);
    else
        visit_failed(v, e, "join");
}

static void take_part(struct visit *v, struct redis *r)
{
    struct call *c = v->call;
    int64_t number;
    enum err e;

    if (!visit_may_send(v) || !visit_find(v, r) || is_over(v))
        return;
    if (!str_number(c->params[2], &number) || number > FILE_PART_NUMBER_MAX) {
        visit_refuse(v, "part-number");
        return;
    }
    if (!part_fits(v, number))
        return;
    e = upload_put(r, c->app->keys, c->arena, c->app->parts, &v->upload, (int)number, c->body);
    if (e != ERR_OK) {
        refuse_part(v, r, e);
        return;
    }
    if (!visit_find(v, r) || is_over(v))
        return;
    if (upload_complete(&v->upload))
        finish(v, r);
    else
        visit_answer(v, 200, "coming", true);
}

void files_part(struct call *c)
{
    visit_begin(c, take_part, false);
}

/* ---- cancel ---- */

static void cancel(struct visit *v, struct redis *r)
{
    struct app *app = v->call->app;
    enum err e;

    if (!visit_find(v, r))
        return;
    if (v->upload.state == UPLOAD_DONE) {
        visit_refuse(v, "upload-gone");
        return;
    }
    e = upload_forget(r, v->call->arena, &v->upload);
    if (e != ERR_OK) {
        visit_failed(v, e, "cancel");
        return;
    }
    upload_drop_parts(app->keys, app->parts, &v->upload);
    call_answer_empty(v->call, 204);
}

void files_cancel(struct call *c)
{
    visit_begin(c, cancel, false);
}
