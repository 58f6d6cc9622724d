/* filing_line.c - what a restoration system tells of a site (incident/line.h). It leads to no ticket. */
#include "queues/filing_steps.h"
#include "queues/incident/line.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

bool is_of_line(const struct filing *f)
{
    return f->item.op == ITEM_RESTORATION;
}

/* It was read before it was written down: what cannot be read now is of a newer program. */
static bool read_report(struct filing *f, struct restoration_report *out)
{
    struct restoration_fault faults[RESTORATION_FAULTS_MAX];
    struct doc *d;
    size_t n;

    if (doc_parse(&d, f->item.raw, NULL, 0) != ERR_OK)
        return false;
    n = restoration_report_read(d, f->item.received_ms, f->arena, out, faults);
    doc_close(d);
    return n == 0;
}

void begin_line(struct filing *f)
{
    struct line_flow *l = arena_new(f->arena, struct line_flow);

    f->account = f->ticket = f->participant = (struct ulid){0};
    f->step = LINE;
    f->line = l;
    *l = (struct line_flow){.keys = f->keys, .arena = f->arena, .by = f->item.source, .now_ms = f->item.received_ms};
    l->id = line_event_id(f->keys, f->item.key.len > 0 ? f->item.key : ulid_text(f->arena, f->item.ulid));
    if (read_report(f, &l->report))
        line_begin(l);
    else
        f->line = NULL;
}

void ask_line(struct filing *f, struct redis *r)
{
    if (f->line == NULL) { /* heard as unreadable, so that it is parked like any other row */
        redis_add(r, 1, (struct str[]){STR("PING")});
        f->asked = 1;
        return;
    }
    (void)line_ask(f->line, r);
    f->asked = f->line->asked;
}

enum err hear_line(struct filing *f, struct redis *r, const struct redis_value *v)
{
    enum err e = f->line == NULL ? ERR_CORRUPT : line_hear(f->line, r, v);

    if (e == ERR_OK && f->line->outcome != LINE_UNDER_WAY) {
        f->before = f->line->outcome == LINE_REPEATED;
        f->outcome = FILING_FILED;
    }
    return e;
}
