/* GET /api/items/{itm}/raw: an original as it came. It is somebody else's bytes, so a browser may only keep it. */
#include "rules/item.h"
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/blob.h"
#include "queues/clock.h"
#include "queues/journal.h"
#include "queues/keys.h"
#include "queues/ticket.h"

/* What is behind the line of the media type, or the blob that this line names (filing_parts.h). */
static enum err open_kept(struct call *c, struct str *all)
{
    struct str type = str_cut(all, '\n');
    struct ulid blob;

    (void)str_cut(&type, '\t'); /* the media type is the sender's word, and not handed on */
    if (!str_is(str_cut(&type, ' '), "blob"))
        return ERR_OK;
    return ulid_parse(type, &blob) ? blob_read(c->app->blobs, c->arena, blob, all) : ERR_CORRUPT;
}

/* What is not filed yet, or parked, is in the journal of the gateway that took it. */
static enum err read_journaled(struct call *c, struct ulid item, struct str *out)
{
    struct journal_row row;
    struct ulid blob;
    struct item i;
    enum err e = journal_find(c->app->journal, c->arena, item, &row);

    if (e != ERR_OK || (e = item_parse(str_of(row.op), row.payload, c->arena, &i)) != ERR_OK)
        return e;
    if (i.raw_blob.len > 0)
        return ulid_parse(i.raw_blob, &blob) ? blob_read(c->app->blobs, c->arena, blob, out) : ERR_CORRUPT;
    *out = i.raw;
    return ERR_OK;
}

static enum err read_original(struct call *c, struct redis *r, struct ulid item, const char *name, struct str *out)
{
    struct redis_value v;
    enum err e = redis_do(r, c->arena, &v, 2, (struct str[]){STR("GET"), key_at(c->arena, "i", name)});

    if (e != ERR_OK)
        return e;
    if (v.kind != REDIS_TEXT)
        return read_journaled(c, item, out);
    e = unseal(c->app->keys, c->arena, v.text, str_of(name), out);
    return e == ERR_OK ? open_kept(c, out) : e;
}

/* Whoever looks at what was masked elsewhere is put down, before he sees it. */
static enum err note_reader(struct call *c, struct redis *r, const struct staff_session *s, struct ulid item,
                            const char *name)
{
    struct change *change = change_begin(c->arena);

    change_audit(change, c->app->keys, ulid_partition(item), clock_now_ms(),
                 str_of(arena_strdup(c->arena, id_print(ID_STAFF, s->staff).at)), "item.read", name, STR(""));
    return change_run(r, c->arena, change, STR(""), STR(""), STR(""), NULL);
}

void staff_item_raw(struct call *c)
{
    struct staff_session s;
    struct str all;
    struct ulid item;

    if (!gate_pass(c, work_redis(), ACT_READ, &s))
        return;
    if (!id_parse(ID_ITEM, c->params[0], &item)) {
        tell_error(c, ERR_ABSENT);
        return;
    }

    const char *name = arena_strdup(c->arena, id_print(ID_ITEM, item).at);
    enum err e = read_original(c, work_redis(), item, name, &all);

    if (e == ERR_OK)
        e = note_reader(c, work_redis(), &s, item, name);
    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }
    call_set_header(c, "cache-control", STR("no-store"));
    call_set_header(c, "content-disposition", str_of(arena_printf(c->arena, "attachment; filename=\"%s.txt\"", name)));
    call_set_header(c, "content-security-policy", STR("sandbox; default-src 'none'"));
    call_set_header(c, "x-content-type-options", STR("nosniff"));
    call_answer(c, 200, "application/octet-stream", all);
}
