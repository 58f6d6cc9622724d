/* POST, GET, DELETE /api/session: signing in waits in a line of its own, because a password is slow on purpose. */
#include "gateway/app.h"
#include "gateway/conf.h"
#include "gateway/http/call.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/log.h"
#include "rules/base/doc.h"

/* Two minutes of hashing: who would wait longer is told to come back. */
enum { WAITING_MAX = 1000, RETRY_S = 10 };

struct credentials {
    struct call *call;
    struct str name, password;
};

static void answer(struct call *c, enum err e, struct str token, int64_t wait_ms)
{
    switch (e) {
    case ERR_OK:
        call_set_cookie(c, STAFF_COOKIE, token, "Strict", -1);
        call_set_header(c, "cache-control", STR("no-store"));
        call_answer_empty(c, 204);
        break;
    case ERR_UNKNOWN_CALLER:
        tell_problem(c, 401, "wrong-sign-in", "name and password do not fit");
        break;
    case ERR_LIMIT:
        call_problem(c, 429, "too-many", "too many tries with this name", NULL, (int)((wait_ms + 999) / 1000));
        break;
    default:
        tell_error(c, e);
        break;
    }
}

static void hash_and_answer(struct redis *redis, void *arg)
{
    struct credentials *p = arg;
    struct call *c = p->call;
    struct str token = {NULL, 0};
    int64_t wait_ms = 0;
    enum err e = ERR_BUSY;

    if (!atomic_load(&c->app->stopping))
        e = staff_session_make(redis, c->app->keys, c->arena, p->name, p->password, c->app->conf->limits,
                               clock_now_ms(), &token, &wait_ms);

    if (e == ERR_UNKNOWN_CALLER || e == ERR_LIMIT)
        log_info("sign_in_refused", "request=%s why=%s", c->request_id, err_name(e));
    answer(c, e, token, wait_ms);
    call_finish(c);
}

/* False where it was answered. */
static bool read_credentials(struct call *c, struct credentials *out)
{
    struct doc *d = tell_body(c);

    if (d == NULL)
        return false;

    struct str name = doc_get_text(d, "name"), password = doc_get_text(d, "password");
    bool good = name.at != NULL && password.at != NULL && password.len <= STAFF_PASSWORD_BYTES_MAX;

    *out = (struct credentials){c, {str_copy(c->arena, name), name.len}, {str_copy(c->arena, password), password.len}};
    doc_close(d);
    if (!good)
        tell_fault(c, name.at == NULL ? "name" : "password", "missing", "text of at most 1024 bytes");
    return good;
}

void staff_sign_in(struct call *c)
{
    struct credentials *p = arena_new(c->arena, struct credentials);

    if (!gate_origin_fits(c)) {
        tell_error(c, ERR_DENIED);
        return;
    }
    if (!read_credentials(c, p))
        return;
    if (work_waiting(c->app->hashing) >= WAITING_MAX) {
        call_problem(c, 503, "busy", err_text(ERR_BUSY), NULL, RETRY_S);
        return;
    }
    call_hold(c);
    if (work_submit(c->app->hashing, hash_and_answer, p) == ERR_OK)
        return;
    tell_error(c, ERR_BUSY);
    call_finish(c);
}

void staff_who(struct call *c)
{
    struct staff_session s;
    struct doc *d;

    if (!gate_pass(c, work_redis(), ACT_READ, &s))
        return;
    d = doc_object();
    tell_id(d, "staff", ID_STAFF, s.staff);
    doc_set_text(d, "name", s.name);
    doc_set_text(d, "role", str_of(staff_role_name(s.role)));
    doc_set(d, "ends_at", tell_stamp(s.made_ms + STAFF_SESSION_MS));
    tell_doc(c, 200, d);
}

void staff_sign_out(struct call *c)
{
    struct staff_session s;
    enum err e;

    if (!gate_pass(c, work_redis(), ACT_READ, &s))
        return;
    e = staff_session_end(work_redis(), c->app->keys, c->arena, call_cookie(c, STAFF_COOKIE), clock_now_ms());
    if (e != ERR_OK && e != ERR_UNKNOWN_CALLER) {
        tell_error(c, e);
        return;
    }
    call_set_cookie(c, STAFF_COOKIE, STR(""), "Strict", 0);
    call_set_header(c, "cache-control", STR("no-store"));
    call_answer_empty(c, 204);
}
