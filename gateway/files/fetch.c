/* GET /requests/{ref}/files/{fil}, and what it has in common with the console's. */
#include "gateway/files/fetch.h"

#include "gateway/app.h"
#include "gateway/files/files.h"
#include "gateway/files/visit.h"
#include "gateway/http/call.h"
#include "queues/blob.h"
#include "rules/base/arena.h"
#include "rules/file_name.h"

#include <assert.h>

enum err fetch_answer(struct call *c, const struct file *f)
{
    struct str bytes;
    enum err e;

    assert(file_state_released(f->state));
    e = blob_read(c->app->blobs, c->arena, f->id, &bytes);
    if (e != ERR_OK)
        return e;
    call_set_header(c, "cache-control", STR("no-store"));
    call_set_header(c, "content-disposition", file_name_disposition(c->arena, file_name_clean(c->arena, f->name)));
    call_set_header(c, "content-security-policy", STR("sandbox; default-src 'none'"));
    call_set_header(c, "x-content-type-options", STR("nosniff"));
    call_set_header(c, "content-type", STR("application/octet-stream"));
    call_answer_kept(c, 200, bytes);
    return ERR_OK;
}

/* R4: only files that a message of this person names, or one that was written to them. */
static bool is_mine(const struct look *l, struct ulid id)
{
    for (size_t i = 0; i < l->message_count; i++) {
        struct ulid one;

        for (struct str rest = l->messages[i].files; file_next(&rest, &one);)
            if (ulid_equal(one, id))
                return true;
    }
    return false;
}

static void give(struct visit *v, struct redis *r, struct ulid id)
{
    struct call *c = v->call;
    struct file f;
    enum err e = file_read(r, c->app->keys, c->arena, id, &f);

    if (e == ERR_OK && file_state_released(f.state))
        e = fetch_answer(c, &f);
    else if (e == ERR_OK && f.state == FILE_STATE_INFECTED)
        visit_refuse(v, "file-refused");
    else if (e == ERR_OK && f.state == FILE_STATE_KEPT)
        visit_refuse(v, "file-kept");
    else if (e == ERR_OK)
        visit_refuse(v, "not-released");
    if (e == ERR_ABSENT)
        visit_refuse(v, "no-file");
    else if (e != ERR_OK)
        visit_failed(v, e, "file");
}

static void get(struct visit *v, struct redis *r)
{
    struct call *c = v->call;
    struct ulid id;

    if (!id_parse(ID_FILE, c->params[1], &id)) {
        visit_refuse(v, "no-file");
    } else if (is_mine(&v->look, id)) {
        give(v, r, id);
    } else if (visit_find(v, r)) {
        static const char *const words[] = {
            [UPLOAD_COMING] = "coming", [UPLOAD_DONE] = "checking", [UPLOAD_REFUSED] = "refused"};

        visit_answer(v, 200, words[v->upload.state], v->upload.state == UPLOAD_COMING);
    }
}

void files_get(struct call *c)
{
    visit_begin(c, get, true); /* a link that somebody pressed: what is wrong is said on the page */
}
