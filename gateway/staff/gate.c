#include "gateway/staff/gate.h"

#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/tell.h"
#include "queues/clock.h"

/* Z1 */
static const bool table[STAFF_ROLES][ACTS] = {
    [STAFF_AGENT] = {[ACT_READ] = true,
                     [ACT_CLAIM] = true,
                     [ACT_RELEASE] = true,
                     [ACT_REPLY] = true,
                     [ACT_NOTE] = true,
                     [ACT_DRAFT] = true,
                     [ACT_STATE] = true,
                     [ACT_CALL] = true,
                     [ACT_RETRY] = true,
                     [ACT_MOVE] = true,
                     [ACT_PROVE] = true},
    [STAFF_LEAD] = {[ACT_READ] = true,
                    [ACT_CLAIM] = true,
                    [ACT_RELEASE] = true,
                    [ACT_RELEASE_OTHERS] = true,
                    [ACT_REPLY] = true,
                    [ACT_NOTE] = true,
                    [ACT_DRAFT] = true,
                    [ACT_PUBLISH] = true,
                    [ACT_STATE] = true,
                    [ACT_CALL] = true,
                    [ACT_RETRY] = true,
                    [ACT_MOVE] = true,
                    [ACT_DECIDE] = true,
                    [ACT_AWAY] = true,
                    [ACT_PROVE] = true,
                    [ACT_APPROVE] = true,
                    [ACT_STOP_JOB] = true,
                    [ACT_BULK] = true},
    [STAFF_MANAGER] = {[ACT_READ] = true,      [ACT_CLAIM] = true,    [ACT_RELEASE] = true, [ACT_RELEASE_OTHERS] = true,
                       [ACT_REPLY] = true,     [ACT_NOTE] = true,     [ACT_DRAFT] = true,   [ACT_PUBLISH] = true,
                       [ACT_STATE] = true,     [ACT_CALL] = true,     [ACT_RETRY] = true,   [ACT_MOVE] = true,
                       [ACT_DECIDE] = true,    [ACT_MERGE] = true,    [ACT_AWAY] = true,    [ACT_ROSTER] = true,
                       [ACT_DECLARE] = true,   [ACT_PROVE] = true,    [ACT_APPROVE] = true, [ACT_RULES] = true,
                       [ACT_THAW] = true,      [ACT_STOP_JOB] = true, [ACT_BULK] = true,    [ACT_REROUTE] = true,
                       [ACT_SUSPICION] = true, [ACT_AFFECTED] = true},
    [STAFF_AUDITOR] = {[ACT_READ] = true},
};

bool gate_allows(enum staff_role role, enum staff_act act)
{
    return (unsigned)role < STAFF_ROLES && (unsigned)act < ACTS && table[role][act];
}

static bool is_safe(const struct call *c)
{
    return str_is(c->method, "GET") || str_is(c->method, "HEAD");
}

bool gate_origin_fits(const struct call *c)
{
    size_t sites = call_header_times(c, "sec-fetch-site"), origins = call_header_times(c, "origin");

    if (is_safe(c))
        return true;
    if (sites > 1 || origins > 1)
        return false;
    if (sites == 1)
        return str_is(call_header(c, "sec-fetch-site"), "same-origin");
    return origins == 1 && str_is(call_header(c, "origin"), c->app->origin_staff);
}

enum err gate_judge(const struct call *c, const struct staff_session *session, enum staff_act act)
{
    if (!gate_origin_fits(c))
        return ERR_DENIED;
    if (session == NULL)
        return ERR_UNKNOWN_CALLER;
    return gate_allows(session->role, act) ? ERR_OK : ERR_DENIED;
}

bool gate_pass(struct call *c, struct redis *r, enum staff_act act, struct staff_session *out)
{
    struct str token = call_cookie(c, STAFF_COOKIE);
    enum err e = gate_origin_fits(c) ? ERR_OK : ERR_DENIED;
    bool found = false;

    if (e == ERR_OK && token.len > 0) {
        e = staff_session_read(r, c->app->keys, c->arena, token, clock_now_ms(), out);
        found = e == ERR_OK;
    }
    if (e == ERR_OK || e == ERR_UNKNOWN_CALLER)
        e = gate_judge(c, found ? out : NULL, act);
    if (e == ERR_OK)
        return true;
    tell_error(c, e);
    return false;
}
