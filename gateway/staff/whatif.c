/* POST /api/rules/what-if: other rules over all open tickets, and nothing is written. */
#include "queues/whatif.h"
#include "gateway/app.h"
#include "gateway/conf.h"
#include "gateway/http/call.h"
#include "gateway/rulesfile.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/clock.h"
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

static struct rules *load(struct call *c)
{
    struct doc *body = tell_body(c);
    struct str text = doc_get_text(body, "rules");
    struct rules *rules = NULL;
    struct buf faults = {0};

    if (body == NULL)
        return NULL;
    if (text.len == 0)
        tell_fault(c, "rules", "missing", "the text of a rules file is wanted");
    else if (rulesfile_load_text(&rules, text, c->app->conf->rules, c->app->share, &faults) != ERR_OK)
        refuse(c, buf_view(&faults));
    buf_free(&faults);
    doc_close(body);
    return rules;
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
    struct rules *candidate;
    int64_t limit;

    if (!gate_pass(c, work_redis(), ACT_RULES, &s) || !tell_limit(c, &limit))
        return;
    candidate = load(c);
    if (candidate == NULL)
        return;
    if (atomic_flag_test_and_set(&under_way)) {
        tell_error(c, ERR_BUSY);
    } else {
        answer(c, candidate, (size_t)limit);
        atomic_flag_clear(&under_way);
    }
    rules_close(candidate);
}
