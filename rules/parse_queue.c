/* queue NAME { title "…"  first-reply 1h  update 4h  restore 12h  calendar NAME  pause when waiting-customer } */
#include "rules/parser.h"

#include "rules/base/arena.h"
#include "rules/ticket_state.h"

static bool read_title(struct parser *p, void *into, size_t which)
{
    struct tree_queue *t = into;

    (void)which;
    parser_next(p);
    if (parser_ended(p) || p->now.kind != TOKEN_STRING)
        return parser_expected(p, "a title in quotes");
    if (p->now.text.len == 0 || p->now.text.len > RULES_TITLE_MAX) {
        parser_fault(p, "a title has 1 to %d bytes", RULES_TITLE_MAX);
        return false;
    }
    t->q.title = str_copy(p->rules->arena, p->now.text);
    parser_next(p);
    return true;
}

/* Row i of the table below is clock i. */
static bool read_promise(struct parser *p, void *into, size_t which)
{
    struct tree_queue *t = into;

    parser_next(p);
    return parser_duration(p, &t->q.policy.promise_ms[which]);
}

static bool read_calendar(struct parser *p, void *into, size_t which)
{
    struct tree_queue *t = into;

    (void)which;
    parser_next(p);
    t->calendar.line = p->now.line;
    return parser_name(p, "the name of a calendar, or always", &t->calendar.name);
}

static bool read_pause(struct parser *p, void *into, size_t which)
{
    struct tree_queue *t = into;

    (void)which;
    parser_next(p);
    if (!parser_take(p, "when"))
        return parser_expected(p, "when");
    if (!parser_take(p, ticket_state_name(TICKET_WAITING_CUSTOMER)))
        return parser_expected(p, "waiting-customer");
    t->q.policy.pause_waiting_customer = true;
    return true;
}

static const struct parser_property properties[] = {
#define X(name, word) [SLA_##name] = {word, read_promise, .again = false},
    SLA_CLOCK_LIST(X)
#undef X
        {"title", read_title, .again = false},
    {"calendar", read_calendar, .again = false},
    {"pause", read_pause, .again = false},
};

static void complete(struct parser *p, struct tree_queue *t)
{
    bool promises = false;

    for (int c = 0; c < SLA_CLOCKS; c++)
        promises = promises || t->q.policy.promise_ms[c] > 0;
    if (promises && t->calendar.name.len == 0)
        faults_add(p->faults, t->q.line, "queue \"%s\" promises a time but has no calendar: write calendar always",
                   t->q.name);
}

void parse_queue(struct parser *p, int line)
{
    struct rules *r = p->rules;
    struct str name;

    if (!parser_name(p, "the name of a queue", &name)) {
        parser_skip_statement(p);
        return;
    }
    if (r->queues == RULES_QUEUES_MAX) {
        faults_add(p->faults, line, "more than %d queues", RULES_QUEUES_MAX);
        parser_skip_statement(p);
        return;
    }

    const struct rules_queue *twin = rules_queue(r, name);

    if (twin != NULL)
        faults_add(p->faults, line, "queue \"%s\" is defined twice, first on line %d", twin->name, twin->line);

    struct tree_queue *t = &r->queue[r->queues++];
    size_t before = p->faults->n;

    *t = (struct tree_queue){.q = {.name = str_copy(r->arena, name), .line = line}};
    t->q.title = t->q.name;
    parser_block(p, "queue", name, properties, sizeof properties / sizeof properties[0], t);
    if (p->faults->n == before)
        complete(p, t);
}
