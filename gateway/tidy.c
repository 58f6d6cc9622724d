#include "gateway/tidy.h"

#include "gateway/app.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/journal.h"
#include "queues/log.h"
#include "queues/orphans.h"

static void tell(const struct orphans *o)
{
    if (o->too_many)
        log_error("orphans_too_many", "blobs=%zu old=%zu what=%s", o->blobs, o->old,
                  "nothing was set aside: has Redis lost what names them?");
    else if (o->set_aside + o->put_back + o->cleared + o->parts > 0)
        log_info("orphans_swept", "blobs=%zu set_aside=%zu put_back=%zu cleared=%zu parts=%zu", o->blobs, o->set_aside,
                 o->put_back, o->cleared, o->parts);
}

static void sweep(struct redis *r, void *arg)
{
    const struct tidy *t = arg;
    struct app *app = t->app;
    struct orphans o;
    enum err e =
        orphans_turn(r, app->keys, app->blobs, app->parts, str_of(t->holder), clock_now_ms(), &app->stopping, &o);

    if (e == ERR_OK)
        tell(&o);
    else if (e != ERR_ABSENT && e != ERR_BUSY)
        log_warn("orphans_not_swept", "why=%s", redis_why(r));
}

void tidy_orphans(struct tidy *t, struct redis *r, struct arena *a)
{
    struct journal_state j;

    journal_state(t->app->journal, &j);
    if (j.parked > 0 && orphans_hold(r, a) != ERR_OK)
        return;
    if (j.unfiled > 0) /* something is about to be named: another minute will do */
        return;
    if (t->orphans_ms != 0 && clock_steady_ms() - t->orphans_ms < ORPHANS_EVERY_MS)
        return;
    t->orphans_ms = clock_steady_ms();
    (void)work_submit(t->app->workers, sweep, t);
}
