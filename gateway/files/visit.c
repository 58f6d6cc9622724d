#include "gateway/files/visit.h"

#include "gateway/app.h"
#include "gateway/files/files.h"
#include "gateway/files/refuse.h"
#include "gateway/http/call.h"
#include "gateway/intake/post.h"
#include "gateway/say.h"
#include "gateway/verify/verify.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/log.h"
#include "queues/loop.h"
#include "rules/base/doc.h"

#include <stdlib.h>
#include <string.h>

static const struct str no_text = {NULL, 0};

/* ---- answers ---- */

void visit_refuse(struct visit *v, const char *code)
{
    files_refuse(v->call, v->lang, code, v->back);
}

void visit_failed(struct visit *v, enum err e, const char *what)
{
    log_warn("file_not_taken", "what=%s err=%s", what, err_name(e));
    visit_refuse(v, "file-later");
}

bool visit_may_send(struct visit *v)
{
    if (v->look.written) {
        visit_refuse(v, "file-later");
        return false;
    }
    if (v->look.me.level < 1) {
        visit_refuse(v, "level-needed");
        return false;
    }
    return true;
}

bool visit_find(struct visit *v, struct redis *r)
{
    struct call *c = v->call;
    struct ulid id;
    enum err e =
        id_parse(ID_FILE, c->params[1], &id) ? upload_read(r, c->app->keys, c->arena, id, &v->upload) : ERR_ABSENT;

    if (e == ERR_OK && !ulid_equal(v->upload.participant, v->look.me.id))
        e = ERR_ABSENT; /* another person's is as one that does not exist */
    if (e == ERR_OK)
        return true;
    if (e == ERR_ABSENT)
        visit_refuse(v, "no-file");
    else
        visit_failed(v, e, "upload");
    return false;
}

void visit_answer(struct visit *v, int status, const char *state, bool parts)
{
    const struct upload *u = &v->upload;
    struct doc *d = doc_object();

    doc_set_text(d, "file", str_of(id_print(ID_FILE, u->id).at));
    doc_set_text(d, "name", u->name);
    doc_set_int(d, "size", u->bytes);
    doc_set_text(d, "type", u->type);
    doc_set_text(d, "state", str_of(state));
    if (u->why.len > 0)
        doc_set_text(d, "why", u->why);
    if (parts) {
        struct doc *list = doc_array();

        for (size_t i = 0; i < u->part_count; i++)
            doc_push(list, doc_new_int(u->parts[i].number));
        doc_set(d, "parts", list);
        doc_set_int(d, "part", FILES_PART_BYTES);
    }
    call_set_header(v->call, "cache-control", STR("no-store"));
    call_answer_doc(v->call, status, d);
    doc_close(d);
}

/* ---- what is left over ---- */

/* Of a file that is in the journal: its parts, and a record that still takes some. Best effort: what stays behind is
 * forgotten after its time. */
struct leftover {
    struct app *app;
    struct upload upload;
    bool unwanted; /* the same file was there already: its bytes go, too */
    struct upload_part parts[];
};

static void clear(struct redis *redis, void *arg)
{
    struct leftover *l = arg;
    struct arena *a = arena_open(4096);
    enum err e;

    l->upload.parts = l->parts;
    if (l->unwanted) {
        e = upload_give_back(redis, a, &l->upload);
        blob_remove(l->app->blobs, l->upload.id);
    } else if (l->upload.part_count == 0) {
        e = upload_keep_room(redis, a, &l->upload);
    } else {
        e = upload_done(redis, a, &l->upload);
        if (e == ERR_OK)
            upload_drop_parts(l->app->keys, l->app->parts, &l->upload);
    }
    if (e != ERR_OK)
        log_warn("upload_not_ended", "file=%s err=%s", id_print(ID_FILE, l->upload.id).at, err_name(e));
    arena_close(a);
    free(l);
}

static void clear_later(const struct visit *v, bool unwanted)
{
    const struct upload *u = &v->upload;
    struct leftover *l = malloc(sizeof *l + u->part_count * sizeof l->parts[0]);

    if (l == NULL)
        abort();
    *l = (struct leftover){.app = v->call->app, .upload = *u, .unwanted = unwanted};
    l->upload.name = l->upload.type = l->upload.why = no_text; /* of the call */
    if (u->part_count > 0)
        memcpy(l->parts, u->parts, u->part_count * sizeof l->parts[0]);
    if (work_submit(l->app->workers, clear, l) != ERR_OK)
        free(l);
}

/* ---- the way ---- */

static void on_accepted(struct call *c, const struct item *i, const struct accept_result *r)
{
    struct visit *v = c->state;

    (void)i;
    if (!post_accepted(r)) {
        visit_failed(v, r->error, "journal");
        return;
    }
    clear_later(v, v->simple && r->replayed);
    if (r->replayed)
        call_set_header(c, "idempotent-replayed", STR("true"));
    if (v->back != NULL)
        call_redirect(c, str_of(arena_printf(c->arena, "%s?did=file#files", v->back)));
    else
        visit_answer(v, 201, "checking", false);
}

static void accept_file(void *arg)
{
    struct visit *v = arg;

    accept_item(v->call->app->accept, v->call, &v->item, true, on_accepted);
}

static void look(struct redis *redis, void *arg)
{
    struct visit *v = arg;
    struct call *c = v->call;
    enum err e = look_read(c->app, redis, c->arena, v->reference, v->kind, v->holder, &v->look);

    if (e == ERR_OK)
        v->work(v, redis);
    else if (e == ERR_UNKNOWN_CALLER)
        verify_unknown(c, v->lang);
    else
        visit_refuse(v, "file-later");
    atomic_fetch_sub(&c->app->visits, 1);
    if (v->accept)
        loop_post(call_loop(c), accept_file, v);
    else
        call_finish(c);
}

void visit_begin(struct call *c, visit_work *work, bool page)
{
    struct visit *v = arena_new(c->arena, struct visit);
    bool safe = str_is(c->method, "GET") || str_is(c->method, "HEAD");
    int wait;

    c->state = v;
    v->call = c;
    v->work = work;
    v->lang = say_language(c, no_text);
    v->reference = token_reference(c->app->keys, c->params[0]);
    v->kind = token_of_call(c->app->keys, c, v->reference, &v->holder);
    if (page && call_wants_html(c))
        v->back = arena_printf(c->arena, "/requests/%s", reference_print(v->reference).at);
    if (v->kind == TOKEN_NONE) {
        verify_unknown(c, v->lang);
        return;
    }
    if (!safe && token_by_cookie(c) && say_cross_site(c))
        return;
    if (str_is(c->method, "POST") && (wait = post_wait_s(c)) > 0) {
        say_problem(c, 429, "too-many", no_text, wait);
        return;
    }
    call_hold(c);
    if (atomic_fetch_add(&c->app->visits, 1) < FILES_AT_ONCE && work_submit(c->app->workers, look, v) == ERR_OK)
        return;
    atomic_fetch_sub(&c->app->visits, 1);
    visit_refuse(v, "file-later");
    call_finish(c);
}
