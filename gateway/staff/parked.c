/* GET /api/parked, POST /api/parked/{itm}/retry: items of this gateway that failed for a reason of their own. */
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/filer.h"
#include "queues/journal.h"
#include "queues/log.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/item.h"

#include <inttypes.h>

/* Its channel where that can be told; at NULL otherwise. */
static struct str channel_of(struct call *c, const struct journal_row *row)
{
    struct item i;

    if (row->op == NULL || row->payload.len == 0 || item_parse(str_of(row->op), row->payload, c->arena, &i) != ERR_OK)
        return (struct str){NULL, 0};
    return i.channel;
}

static struct doc *tell_row(struct call *c, const struct journal_row *row)
{
    struct doc *d = doc_object();
    char why[FILER_WHY_BYTES];

    filer_parked_why(c->app->filer, row->seq, why);
    tell_id(d, "id", ID_ITEM, row->ulid);
    doc_set(d, "at", tell_stamp(row->received_ms));
    doc_set_text_or_null(d, "channel", channel_of(c, row));
    doc_set_text(d, "why", why[0] != '\0' ? str_of(why) : STR("its row in the journal cannot be opened"));
    return d;
}

void staff_parked(struct call *c)
{
    struct staff_session s;
    struct str cursor = call_query(c, "cursor");
    struct journal_row *rows;
    int64_t limit, after = 0;
    size_t n = 0;

    if (!gate_pass(c, work_redis(), ACT_READ, &s) || !tell_limit(c, &limit))
        return;
    if (cursor.at != NULL && !str_number(cursor, &after)) {
        tell_fault(c, "cursor", "malformed", "the `next` of the page before");
        return;
    }
    rows = arena_array(c->arena, struct journal_row, (size_t)limit + 1);

    enum err e = journal_parked(c->app->journal, c->arena, (uint64_t)after, (size_t)limit + 1, rows, &n);

    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }

    struct doc *items = doc_array();
    bool more = n > (size_t)limit;

    for (size_t i = 0; i < (more ? (size_t)limit : n); i++)
        doc_push(items, tell_row(c, &rows[i]));
    tell_list(c, items, more ? arena_printf(c->arena, "%" PRIu64, rows[limit - 1].seq) : NULL);
}

void staff_parked_retry(struct call *c)
{
    struct staff_session s;
    struct journal_row row;
    struct ulid item;

    if (!gate_pass(c, work_redis(), ACT_RETRY, &s))
        return;
    if (!id_parse(ID_ITEM, c->params[0], &item)) {
        tell_error(c, ERR_ABSENT);
        return;
    }

    enum err e = journal_find(c->app->journal, c->arena, item, &row);

    /* Of one that cannot be opened nothing but its place is known: there is nothing to be tried again. */
    if (e != ERR_OK) {
        tell_error(c, e == ERR_CORRUPT ? ERR_CONFLICT : e);
        return;
    }
    if (!filer_unpark(c->app->filer, row.seq)) {
        tell_error(c, ERR_CONFLICT);
        return;
    }
    log_info("item_retried", "item=%s by=%s", id_print(ID_ITEM, item).at, id_print(ID_STAFF, s.staff).at);
    call_answer_empty(c, 202);
}
