#include "gateway/files/whole.h"

#include "gateway/app.h"
#include "gateway/conf.h"
#include "gateway/http/call.h"
#include "queues/log.h"
#include "rules/attachment.h"
#include "rules/base/arena.h"
#include "rules/file_kind.h"

#include <inttypes.h>
#include <sys/statvfs.h>

bool whole_has_room(const struct app *app)
{
    struct statvfs v;

    return statvfs(app->conf->data, &v) != 0 ||
           (int64_t)v.f_bavail * (int64_t)v.f_frsize >= 2 * app->reserve_bytes + FILE_BYTES_MAX;
}

static void refuse(struct visit *v, struct redis *r, enum file_fault fault)
{
    struct call *c = v->call;
    const char *code = file_fault_code(fault);
    enum err e =
        v->simple ? upload_give_back(r, c->arena, &v->upload) : upload_refuse(r, c->arena, &v->upload, str_of(code));

    if (e == ERR_OK)
        upload_drop_parts(c->app->keys, c->app->parts, &v->upload);
    visit_refuse(v, code);
}

static struct str index_of(struct visit *v, enum index_kind kind, const char *text)
{
    struct call *c = v->call;

    return str_of(arena_strdup(c->arena, blind_index(c->app->keys, kind, str_of(text)).at));
}

/* R2. A file that comes in parts is known by its id; one that comes in a post by who sends which bytes under which name. */
static void set_key(struct visit *v, struct str bytes)
{
    struct arena *a = v->call->arena;
    const char *id = arena_strdup(a, id_print(ID_FILE, v->upload.id).at);

    if (v->simple)
        id = arena_printf(a, "%s|%" PRIu64 "|%s", blind_index(v->call->app->keys, INDEX_FILE, bytes).at, v->reference,
                          str_copy(a, v->upload.name));
    v->item.key = index_of(v, INDEX_KEY, arena_printf(a, "file|%s", id));
    v->item.body = index_of(v, INDEX_BODY, id);
}

static void make_item(struct visit *v, struct str bytes, enum file_kind kind)
{
    struct arena *a = v->call->arena;
    struct attachment f = {.id = v->upload.id,
                           .name = v->upload.name,
                           .type = str_of(file_kind_type(kind)),
                           .bytes = (int64_t)bytes.len,
                           .state = FILE_STATE_WAITING,
                           .proven = true};
    struct str files = attachments_print(&f, 1, a);

    v->item = (struct item){.op = ITEM_MESSAGE,
                            .channel = STR("web"),
                            .reference = v->reference,
                            .language = str_of(v->lang),
                            .files = files,
                            .raw_type = STR("application/json"),
                            .raw = files};
    if (v->kind == TOKEN_ITEM) {
        char holder[ULID_CHARS + 1];

        ulid_print(v->holder, holder);
        v->item.holder = str_of(arena_strdup(a, holder));
    }
    set_key(v, bytes);
}

void whole_take(struct visit *v, struct redis *r, struct str bytes)
{
    struct app *app = v->call->app;
    enum file_kind kind = FILE_NONE;
    enum file_fault fault = file_judge(v->upload.name, bytes, FILE_BYTES_MAX, &kind);
    enum err e;

    if (fault != FILE_FAULT_GOOD) {
        log_info("file_refused", "file=%s code=%s", id_print(ID_FILE, v->upload.id).at, file_fault_code(fault));
        refuse(v, r, fault);
        return;
    }
    e = blob_write(app->blobs, v->upload.id, bytes);
    if (e != ERR_OK && e != ERR_CONFLICT) { /* there already: an earlier try came as far as here */
        visit_failed(v, e, "blob");
        return;
    }
    v->upload.type = str_of(file_kind_type(kind));
    make_item(v, bytes, kind);
    v->accept = true;
}
