/* GET /api/events: what happens, as it happens. The session is looked up by a worker; the stream opens on the loop. */
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/http/server.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/tail.h"
#include "gateway/work.h"
#include "queues/loop.h"

static void open_stream(void *arg)
{
    struct call *c = arg;

    stream_open(c, tail_since(c->app->tail, c->arena, call_header(c, "last-event-id")));
}

static void look_up(struct redis *redis, void *arg)
{
    struct call *c = arg;
    struct staff_session s;

    if (gate_pass(c, redis, ACT_READ, &s))
        loop_post(call_loop(c), open_stream, c);
    else
        call_finish(c);
}

void staff_events(struct call *c)
{
    call_hold(c);
    if (work_submit(c->app->workers, look_up, c) == ERR_OK)
        return;
    tell_error(c, ERR_BUSY);
    call_finish(c);
}
