/* queue NAME { title "…"  first-reply 1h  update 4h  restore 12h  calendar NAME
 *              pause update, restore when waiting-customer  escalate first-reply 15m before breach to lead } */
#include "rules/parser.h"

#include "rules/base/arena.h"
#include "rules/ticket_state.h"

#include <string.h>

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

/* For how long a customer that waits may hear nothing of us, over all of its work. */
static bool read_silence(struct parser *p, void *into, size_t which)
{
    struct tree_queue *t = into;

    (void)which;
    parser_next(p);
    return parser_duration(p, &t->q.silence_ms);
}

static bool read_calendar(struct parser *p, void *into, size_t which)
{
    struct tree_queue *t = into;

    (void)which;
    parser_next(p);
    t->calendar.line = p->now.line;
    return parser_name(p, "the name of a calendar, or always", &t->calendar.name);
}

bool parser_clock(struct parser *p, enum sla_clock *out)
{
    const char *words[SLA_CLOCKS];
    size_t at;

    for (int c = 0; c < SLA_CLOCKS; c++)
        words[c] = sla_clock_name((enum sla_clock)c);

    bool taken = parser_one_of(p, words, SLA_CLOCKS, "clock", "first-reply, update or restore", &at);

    if (taken)
        *out = (enum sla_clock)at;
    return taken;
}

/* Before "when": which clocks; none named is all of them. */
static bool read_paused(struct parser *p, bool pauses[SLA_CLOCKS])
{
    bool all = parser_is(p, "when");

    for (int c = 0; c < SLA_CLOCKS; c++)
        pauses[c] = all;
    if (all)
        return true;
    do {
        enum sla_clock c = SLA_CLOCKS;

        if (!parser_clock(p, &c))
            return false;
        pauses[c] = true;
    } while (parser_take_mark(p, ","));
    return true;
}

static bool read_pause(struct parser *p, void *into, size_t which)
{
    struct tree_queue *t = into;

    (void)which;
    parser_next(p);
    if (!read_paused(p, t->q.policy.pauses))
        return false;
    if (!parser_take(p, "when"))
        return parser_expected(p, "when");
    if (!parser_take(p, ticket_state_name(TICKET_WAITING_CUSTOMER)))
        return parser_expected(p, "waiting-customer");
    return true;
}

bool parser_role(struct parser *p, enum sla_role *out)
{
    const char *words[SLA_ROLES];
    size_t at;

    for (int r = 0; r < SLA_ROLES; r++)
        words[r] = sla_role_name((enum sla_role)r);

    bool taken = parser_one_of(p, words, SLA_ROLES, "role", "agent, lead or manager", &at);

    if (taken)
        *out = (enum sla_role)at;
    return taken;
}

/* CLOCK ( DURATION before | at ) breach to ROLE */
static bool read_step(struct parser *p, struct sla_step *s)
{
    if (!parser_clock(p, &s->clock))
        return false;
    if (!parser_take(p, "at")) {
        if (!parser_duration(p, &s->before_ms))
            return false;
        if (!parser_take(p, "before"))
            return parser_expected(p, "before");
    }
    if (!parser_take(p, "breach"))
        return parser_expected(p, "breach");
    if (!parser_take(p, "to"))
        return parser_expected(p, "to and a role");
    return parser_role(p, &s->to);
}

static bool comes_before(const struct sla_step *a, const struct sla_step *b)
{
    return a->clock != b->clock ? a->clock < b->clock : a->before_ms > b->before_ms;
}

/* Keeps the steps in the order in which they come. */
static void add_step(struct parser *p, struct sla_policy *policy, struct sla_step s)
{
    struct sla_step *all = arena_array(p->rules->arena, struct sla_step, policy->step_count + 1);
    size_t at = policy->step_count;

    while (at > 0 && comes_before(&s, &policy->steps[at - 1]))
        at--;
    if (at > 0)
        memcpy(all, policy->steps, at * sizeof *all);
    all[at] = s;
    if (at < policy->step_count)
        memcpy(all + at + 1, policy->steps + at, (policy->step_count - at) * sizeof *all);
    policy->steps = all;
    policy->step_count++;
}

static bool read_escalate(struct parser *p, void *into, size_t which)
{
    struct tree_queue *t = into;
    struct sla_step s = {.line = p->now.line};

    (void)which;
    parser_next(p);
    if (!read_step(p, &s))
        return false;
    if (t->q.policy.step_count < SLA_STEPS_MAX)
        add_step(p, &t->q.policy, s);
    else
        faults_add(p->faults, s.line, "queue \"%s\" has more than %d steps", t->word, SLA_STEPS_MAX);
    return true;
}

static const struct parser_property properties[] = {
#define X(name, word) [SLA_##name] = {word, read_promise, .again = false},
    SLA_CLOCK_LIST(X)
#undef X
        {"title", read_title, .again = false},
    {"silence", read_silence, .again = false},
    {"calendar", read_calendar, .again = false},
    {"pause", read_pause, .again = false},
    {"escalate", read_escalate, .again = true},
};

static bool same_step(const struct sla_step *a, const struct sla_step *b)
{
    return a->clock == b->clock && a->before_ms == b->before_ms && a->to == b->to;
}

static void check_steps(struct parser *p, const struct tree_queue *t)
{
    const struct sla_policy *policy = &t->q.policy;

    for (size_t i = 0; i < policy->step_count; i++) {
        const struct sla_step *s = &policy->steps[i];
        const char *clock = sla_clock_name(s->clock);

        if (policy->promise_ms[s->clock] == 0)
            faults_add(p->faults, s->line, "queue \"%s\" escalates %s, which it does not promise", t->word, clock);
        else if (s->before_ms >= policy->promise_ms[s->clock])
            faults_add(p->faults, s->line, "escalates %s before its time begins: write less than the promise", clock);
        for (size_t k = 0; k < i; k++)
            if (same_step(s, &policy->steps[k]))
                faults_add(p->faults, s->line, "escalates %s to %s at the same moment as line %d", clock,
                           sla_role_name(s->to), policy->steps[k].line);
    }
}

static void check_pauses(struct parser *p, const struct tree_queue *t)
{
    const struct sla_policy *policy = &t->q.policy;
    bool all = true;

    for (int c = 0; c < SLA_CLOCKS; c++)
        all = all && policy->pauses[c];
    for (int c = 0; !all && c < SLA_CLOCKS; c++)
        if (policy->pauses[c] && policy->promise_ms[c] == 0)
            faults_add(p->faults, t->q.line, "queue \"%s\" pauses %s, which it does not promise", t->word,
                       sla_clock_name((enum sla_clock)c));
}

static void complete(struct parser *p, struct tree_queue *t)
{
    bool promises = t->q.silence_ms > 0;

    for (int c = 0; c < SLA_CLOCKS; c++)
        promises = promises || t->q.policy.promise_ms[c] > 0;
    if (promises && t->calendar.name.len == 0)
        faults_add(p->faults, t->q.line, "queue \"%s\" promises a time but has no calendar: write calendar always",
                   t->word);
    check_pauses(p, t);
    check_steps(p, t);
}

static void check_name(struct parser *p, struct str name, int line)
{
    const struct tree_queue *all = p->rules->queue;

    for (size_t i = p->file->queues.from; i < p->file->queues.to; i++)
        if (str_is(name, all[i].word))
            faults_add(p->faults, line, "queue \"%s\" is defined twice, first on line %d", all[i].word, all[i].q.line);
}

void parse_queue(struct parser *p, int line)
{
    struct rules *r = p->rules;
    struct str name;

    if (!parser_name(p, "the name of a queue", &name)) {
        parser_skip_statement(p);
        return;
    }
    if (p->file->queues.to - p->file->queues.from == RULES_QUEUES_MAX) {
        faults_add(p->faults, line, "more than %d queues", RULES_QUEUES_MAX);
        parser_skip_statement(p);
        return;
    }

    check_name(p, name, line);

    struct tree_queue *t = &r->queue[r->queues++];
    size_t before = p->faults->n;

    *t = (struct tree_queue){.word = str_copy(r->arena, name), .file = p->file, .q = {.line = line}};
    t->q.incident = p->file->slug;
    t->q.name = *t->q.incident == '\0' ? t->word : arena_printf(r->arena, "%s.%s", t->q.incident, t->word);
    t->q.title = t->word;
    p->file->queues.to = r->queues;
    parser_block(p, "queue", name, properties, sizeof properties / sizeof properties[0], t);
    if (p->faults->n == before)
        complete(p, t);
}
