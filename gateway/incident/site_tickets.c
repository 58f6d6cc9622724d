#include "gateway/incident/site_tickets.h"

#include "gateway/app.h"
#include "queues/incident/site_ticket.h"
#include "queues/number.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/route.h"

/* Whoever makes them knows the pack of a fresh incident within this time, or it does not load. */
enum { RULES_FOLLOW_MS = 10 * 1000 };

static uint64_t take_number(void *arg)
{
    return number_take(arg);
}

static enum err make_piece(struct job_turn *t, const struct incident *i, size_t piece)
{
    const struct app *app = t->app;
    struct site_ticket_maker m = {.redis = t->redis,
                                  .keys = t->keys,
                                  .rules = t->rules,
                                  .arena = t->arena,
                                  .now_ms = t->now_ms,
                                  .incident = i,
                                  .number = take_number,
                                  .arg = app->numbers};
    struct affected_site sites[AFFECTED_PIECE];
    enum site_ticket_outcome outcome[AFFECTED_PIECE];
    struct str data = redis_field(i->fields, "list_data");
    size_t n;
    enum err e = affected_piece(t->redis, t->keys, t->arena, i->slug, data, piece, sites, &n);

    if (e == ERR_OK && n > 0)
        e = site_tickets_make(&m, sites, n, outcome);
    if (e != ERR_OK)
        return e;
    job_done(t, (int64_t)n);
    t->place = str_int(t->arena, (int64_t)piece + 1);
    t->ended = n < AFFECTED_PIECE;
    return ERR_OK;
}

enum err site_tickets_step(struct job_turn *t)
{
    int64_t piece = 0;
    struct incident i;
    enum err e = incident_read(t->redis, t->keys, t->arena, doc_get_text(t->args, "incident"), &i);

    if (e != ERR_OK || (t->place.len > 0 && !str_number(t->place, &piece)))
        return e == ERR_OK || e == ERR_ABSENT ? ERR_CORRUPT : e;
    if (!incident_is_declared(&i) || i.list != doc_get_int(t->args, "version", 0)) {
        t->ended = true;
        return ERR_OK;
    }
    if (rules_overlay_bit(t->rules, i.slug) == 0 && t->now_ms - i.declared_ms < RULES_FOLLOW_MS)
        return ERR_BUSY;
    return make_piece(t, &i, (size_t)piece);
}
