/* expect clock QUEUE first-reply opened 2026-12-24T11:00:00Z due 2026-12-28T16:30:00Z */
#include "rules/parser.h"

#include "rules/base/stamp.h"

static bool read_moment(struct parser *p, int64_t *out_ms)
{
    if (parser_ended(p) || p->now.kind != TOKEN_WORD)
        return parser_expected(p, "a moment such as 2026-12-24T11:00:00Z");
    if (!stamp_parse(p->now.text, out_ms)) {
        parser_fault(p, "\"%.*s\" is not a moment: write 2026-12-24T11:00:00Z, or 2026-12-24T19:00:00+08:00",
                     SHOWN(p->now.text));
        return false;
    }
    parser_next(p);
    return true;
}

static bool read_example(struct parser *p, struct tree_clock_example *e)
{
    e->of.line = p->now.line;
    if (!parser_name(p, "the name of a queue", &e->of.name) || !parser_clock(p, &e->clock))
        return false;
    if (!parser_take(p, "opened"))
        return parser_expected(p, "opened and a moment");
    if (!read_moment(p, &e->opened_ms))
        return false;
    if (!parser_take(p, "due"))
        return parser_expected(p, "due and a moment");
    return read_moment(p, &e->due_ms) && parser_end(p);
}

void parse_expect_clock(struct parser *p, int line)
{
    struct rules *r = p->rules;
    struct tree_clock_example e = {.file = p->file, .line = line};

    if (p->file->clock_examples.to - p->file->clock_examples.from == RULES_EXAMPLES_MAX)
        faults_add(p->faults, line, "more than %d examples", RULES_EXAMPLES_MAX);
    else if (read_example(p, &e)) {
        r->clock_example[r->clock_examples++] = e;
        p->file->clock_examples.to = r->clock_examples;
    }
    parser_skip_statement(p);
}
