/* POST /api/rules/what-if: other rules over all open tickets, and nothing is written. */
#include "queues/whatif.h"
#include "gateway/app.h"
#include "gateway/candidate.h"
#include "gateway/conf.h"
#include "gateway/http/call.h"
#include "gateway/rulesfile.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/incident/incident.h"
#include "queues/ruleset.h"
#include "rules/base/doc.h"
#include "rules/route.h"

#include <stdlib.h>
#include <string.h>

/* It takes seconds and a worker: one at a time. */
static atomic_flag under_way = ATOMIC_FLAG_INIT;

/* Every fault, a line each, as `postern check` has them. */
static void refuse(struct call *c, struct str faults)
{
    struct doc *errors = doc_array();

    while (faults.len > 0) {
        struct str line = str_cut(&faults, '\n');
        struct doc *e;

        if (line.len == 0)
            continue;
        e = doc_object();
        doc_set_text(e, "field", STR("rules"));
        doc_set_text(e, "code", STR("rules"));
        doc_set_text(e, "detail", line);
        doc_push(errors, e);
    }
    call_set_header(c, "cache-control", STR("no-store"));
    call_problem(c, 422, "rules-refused", "these rules cannot be loaded", errors, 0);
}

/* {"rules"}: another file of the house; {"pack","slug"}: another pack over what is in force. */
static bool load(struct call *c, const struct doc *body, struct candidate *out)
{
    const struct app *app = c->app;
    struct str text = doc_get_text(body, "rules"), pack = doc_get_text(body, "pack"), slug = doc_get_text(body, "slug");
    const struct active_pack over = {slug, slug, pack};
    struct rulesfile *house = NULL;
    struct buf faults = {0};
    enum err e = ERR_OK;

    if ((text.len == 0) == (pack.len == 0))
        tell_fault(c, "rules", "missing", "the text of a rules file is wanted, or of a pack");
    else if (pack.len > 0 && !incident_slug_valid(slug))
        tell_fault(c, "slug", "missing", "the slug of the incident that the pack would be of");
    else {
        if (text.len > 0)
            rulesfile_open_text(&house, text, app->conf->rules, app->share);
        else
            e = rulesfile_open(&house, app->conf->rules, app->share, &faults);
        if (e == ERR_OK)
            e = candidate_open(out, work_redis(), app->keys, c->arena, house, pack.len > 0 ? &over : NULL, &faults);
        if (faults.len > 0)
            refuse(c, buf_view(&faults));
        else if (e != ERR_OK)
            tell_error(c, e);
        buf_free(&faults);
        return e == ERR_OK;
    }
    return false;
}

static void answer(struct call *c, const struct rules *candidate, size_t examples)
{
    struct whatif *w = malloc(sizeof *w);
    const struct rules *now;
    struct doc *d;
    enum err e;

    if (w == NULL)
        abort();
    e = whatif_run(work_redis(), c->arena, candidate, clock_now_ms(), examples, &c->app->stopping, w);
    if (e == ERR_OK) {
        d = whatif_doc(w);
        now = ruleset_take(c->app->rules);
        doc_set_text(d, "rules", str_of(rules_version(candidate)));
        doc_set_text(d, "rules_now", str_of(rules_version(now)));
        ruleset_release(c->app->rules, now);
        tell_doc(c, 200, d);
    } else {
        tell_error(c, e);
    }
    free(w);
}

void staff_what_if(struct call *c)
{
    struct staff_session s;
    struct candidate candidate;
    struct doc *body;
    int64_t limit;

    if (!gate_pass(c, work_redis(), ACT_RULES, &s) || !tell_limit(c, &limit))
        return;
    body = tell_body(c);
    if (body == NULL)
        return;
    if (atomic_flag_test_and_set(&under_way)) {
        tell_error(c, ERR_BUSY);
    } else {
        if (load(c, body, &candidate)) {
            answer(c, candidate.own != NULL ? candidate.own : candidate.rules, (size_t)limit);
            candidate_close(&candidate);
        }
        atomic_flag_clear(&under_way);
    }
    doc_close(body);
}
