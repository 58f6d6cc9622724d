/* GET /api/files/{fil}: a file that came with a message, where the scanner let it go. */
#include "gateway/app.h"
#include "gateway/files/fetch.h"
#include "gateway/http/call.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/change.h"
#include "queues/clock.h"
#include "queues/ticket.h"

static enum err note_reader(struct call *c, struct redis *r, const struct staff_session *s, const struct file *f)
{
    struct change *change = change_begin(c->arena);

    change_audit(change, c->app->keys, ulid_partition(f->ticket), clock_now_ms(),
                 str_of(arena_strdup(c->arena, id_print(ID_STAFF, s->staff).at)), "file.read",
                 arena_strdup(c->arena, id_print(ID_FILE, f->id).at), STR(""));
    return change_run(r, c->arena, change, STR(""), STR(""), STR(""), NULL);
}

void staff_file(struct call *c)
{
    struct staff_session s;
    struct ulid id;
    struct file f;
    enum err e;

    if (!gate_pass(c, work_redis(), ACT_READ, &s))
        return;
    e = id_parse(ID_FILE, c->params[0], &id) ? file_read(work_redis(), c->app->keys, c->arena, id, &f) : ERR_ABSENT;
    if (e == ERR_OK && !file_state_released(f.state)) {
        tell_problem_with(c, 409, "not-released", "This file was not released.", "state",
                          str_of(file_state_name(f.state)));
        return;
    }
    if (e == ERR_OK)
        e = note_reader(c, work_redis(), &s, &f);
    if (e == ERR_OK)
        e = fetch_answer(c, &f);
    if (e != ERR_OK)
        tell_error(c, e);
}
