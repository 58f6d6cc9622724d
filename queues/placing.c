#include "queues/placing.h"

#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/base/stamp.h"
#include "rules/facts.h"
#include "rules/route.h"

#include <inttypes.h>
#include <string.h>

static bool sla_kind(struct str word, enum sla_event_kind *out)
{
    for (int k = 0; k < SLA_EVENTS; k++)
        if (str_is(word, sla_event_name((enum sla_event_kind)k))) {
            *out = (enum sla_event_kind)k;
            return true;
        }
    return false;
}

struct sla_event *placing_events(const struct happening *history, size_t n, struct arena *a, size_t *count)
{
    struct sla_event *events = arena_array(a, struct sla_event, n + 1);

    *count = 0;
    for (size_t i = 0; i < n; i++)
        if (sla_kind(history[i].clock, &events[*count].kind))
            events[(*count)++].at_ms = history[i].at_ms;
    return events;
}

/* All clocks of a queue, by one history. */
struct judged {
    const struct sla_policy *policy;
    struct sla_verdict clock[SLA_CLOCKS];
    int64_t taken_ms[SLA_STEPS_MAX]; /* when that step came, where it was taken; else 0 */
};

static bool is_met(const struct sla_verdict *v)
{
    return v->state == SLA_NONE || v->met_ms != SLA_NEVER;
}

static bool runs(const struct sla_verdict *v)
{
    return !is_met(v) && v->state != SLA_STANDS && v->due_ms != SLA_NEVER;
}

struct str placing_step_text(struct arena *a, const struct sla_step *s)
{
    struct buf b = {0};
    const char *text;

    buf_printf(&b, "%s %s ", sla_clock_name(s->clock), sla_role_name(s->to));
    if (s->before_ms > 0)
        stamp_duration(s->before_ms, &b);
    buf_text(&b, s->before_ms > 0 ? " before" : "at breach");
    text = str_copy(a, buf_view(&b));
    buf_free(&b);
    return str_of(text);
}

static void forget(struct judged *j, enum sla_clock clock)
{
    for (size_t i = 0; i < j->policy->step_count; i++)
        if (j->policy->steps[i].clock == clock)
            j->taken_ms[i] = 0;
}

/* P2 */
static void find_taken(struct judged *j, const struct happening *history, size_t n, struct arena *a)
{
    const struct sla_policy *p = j->policy;
    struct str text[SLA_STEPS_MAX];

    for (size_t k = 0; k < p->step_count; k++)
        text[k] = placing_step_text(a, &p->steps[k]);
    for (size_t i = 0; i < n; i++) {
        if (str_is(history[i].clock, sla_event_name(SLA_REPLIED)))
            forget(j, SLA_UPDATE);
        for (size_t k = 0; str_is(history[i].kind, PLACING_ESCALATED) && k < p->step_count; k++)
            if (str_equal(history[i].detail, text[k]))
                j->taken_ms[k] = history[i].at_ms;
    }
}

static void judge(struct judged *j, const struct rules_queue *queue, const struct happening *history, size_t n,
                  int64_t now_ms, struct arena *a)
{
    size_t count;
    struct sla_event *events = placing_events(history, n, a, &count);

    *j = (struct judged){.policy = &queue->policy};
    for (int c = 0; c < SLA_CLOCKS; c++)
        if (sla_judge(&j->clock[c], (enum sla_clock)c, &queue->policy, events, count, now_ms, a) != ERR_OK)
            j->clock[c] = (struct sla_verdict){.state = SLA_NONE, .due_ms = SLA_NEVER, .met_ms = SLA_NEVER};
    if (queue->policy.step_count > 0)
        find_taken(j, history, n, a);
}

static void earliest_clock(const struct judged *j, struct placing *out)
{
    out->clock = STR("");
    out->due_ms = 0;
    for (int c = 0; c < SLA_CLOCKS; c++)
        if (runs(&j->clock[c]) && (out->due_ms == 0 || j->clock[c].due_ms < out->due_ms)) {
            out->due_ms = j->clock[c].due_ms;
            out->clock = str_of(sla_clock_name((enum sla_clock)c));
        }
}

/* When it comes to step i, where it was not taken and its clock is not met; SLA_NEVER. */
static int64_t open_step_ms(const struct judged *j, size_t i)
{
    const struct sla_step *s = &j->policy->steps[i];

    return j->taken_ms[i] != 0 || is_met(&j->clock[s->clock]) ? SLA_NEVER : sla_step_ms(&j->clock[s->clock], s);
}

/* P3 */
static void whose(const struct judged *j, struct arena *a, struct placing *out)
{
    const struct sla_step *holder = NULL;
    int64_t since_ms = 0;

    out->escalated = STR("");
    out->step_ms = 0;
    for (size_t i = 0; i < j->policy->step_count; i++) {
        const struct sla_step *s = &j->policy->steps[i];
        int64_t at_ms = open_step_ms(j, i);

        if (at_ms != SLA_NEVER && (out->step_ms == 0 || at_ms < out->step_ms))
            out->step_ms = at_ms;
        if (j->taken_ms[i] == 0 || is_met(&j->clock[s->clock]) || (holder != NULL && s->to <= holder->to))
            continue;
        holder = s;
        since_ms = j->taken_ms[i];
    }
    if (holder != NULL)
        out->escalated = str_of(
            arena_printf(a, "%s %s %" PRId64, sla_role_name(holder->to), sla_clock_name(holder->clock), since_ms));
}

static void ask_clocks(const struct rules_queue *queue, const struct happening *history, size_t n, int64_t now_ms,
                       struct arena *a, struct placing *out)
{
    struct judged j;

    judge(&j, queue, history, n, now_ms, a);
    earliest_clock(&j, out);
    whose(&j, a, out);
}

size_t placing_steps(const struct rules *rules, struct str queue, const struct happening *history, size_t n,
                     int64_t now_ms, struct arena *a, struct placing_step out[SLA_STEPS_MAX])
{
    const struct rules_queue *q = rules_queue(rules, queue);
    struct judged j;
    size_t found = 0;

    if (q == NULL)
        return 0;
    judge(&j, q, history, n, now_ms, a);
    for (size_t i = 0; i < q->policy.step_count; i++) {
        const struct sla_step *s = &q->policy.steps[i];
        const struct sla_verdict *v = &j.clock[s->clock];
        struct placing_step step = {s->clock, open_step_ms(&j, i), runs(v) ? v->due_ms : 0, s};
        size_t at = found;

        if (step.at_ms > now_ms)
            continue;
        for (; at > 0 && out[at - 1].at_ms > step.at_ms; at--)
            out[at] = out[at - 1];
        out[at] = step;
        found++;
    }
    return found;
}

/* Somebody from outside was heard; its detail is the channel. */
static bool is_heard(const struct happening *h)
{
    return str_is(h->kind, "opened") || str_is(h->kind, "joined") || str_is(h->kind, "heard");
}

/* What waited in a journal may be told late. */
static void add_heard(struct facts_heard *list, size_t *n, struct facts_heard h)
{
    size_t i = (*n)++;

    for (; i > 0 && list[i - 1].at_ms > h.at_ms; i--)
        list[i] = list[i - 1];
    list[i] = h;
}

void placing_heat(struct facts *f, const struct happening *history, size_t n, struct arena *a)
{
    struct facts_heard *heard = arena_array(a, struct facts_heard, n + 1);
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t channel = fact_word(FACT_CHANNEL, history[i].detail);

        if (is_heard(&history[i]) && channel >= 0)
            add_heard(heard, &count, (struct facts_heard){(enum facts_channel)channel, history[i].at_ms});
    }
    facts_set_heat(f, heard, count);
}

int64_t placing_call_back_ms(const struct happening *history, size_t n)
{
    int64_t by_ms = 0;

    for (size_t i = 0; i < n; i++) {
        if (str_is(history[i].kind, PLACING_CALLED))
            by_ms = 0;
        else if (str_is(history[i].kind, PLACING_PROMISED) && !stamp_parse(history[i].detail, &by_ms))
            by_ms = history[i].at_ms;
    }
    return by_ms;
}

/* Whichever ends first is the clock of the ticket. */
static void add_call_back(const struct happening *history, size_t n, struct placing *out)
{
    int64_t by_ms = placing_call_back_ms(history, n);

    if (by_ms == 0 || (out->due_ms != 0 && out->due_ms <= by_ms))
        return;
    out->due_ms = by_ms;
    out->clock = STR(PLACING_PROMISED);
}

void place(const struct rules *rules, const struct facts *f, const struct happening *history, size_t n, int64_t now_ms,
           struct arena *a, struct placing *out)
{
    struct facts facts = *f;
    struct decision d;

    placing_heat(&facts, history, n, a);
    rules_route(rules, &facts, a, &d);
    out->queue = str_of(arena_strdup(a, d.queue->name));
    out->rule = str_of(arena_printf(a, "%s:%d", d.file, d.line));
    out->rules = str_of(arena_strdup(a, rules_version(rules)));
    out->priority = d.priority;
    ask_clocks(d.queue, history, n, now_ms, a, out);
    add_call_back(history, n, out);
}

void place_clock(const struct rules *rules, struct str queue, const struct happening *history, size_t n, int64_t now_ms,
                 struct arena *a, struct placing *out)
{
    const struct rules_queue *q = rules_queue(rules, queue);

    *out = (struct placing){.queue = queue, .clock = STR(""), .escalated = STR("")};
    out->rules = str_of(arena_strdup(a, rules_version(rules)));
    /* A queue that the rules no longer name keeps its tickets, without a clock, until they are routed again. */
    if (q != NULL)
        ask_clocks(q, history, n, now_ms, a, out);
    add_call_back(history, n, out);
}

void change_placed(struct change *c, struct ulid ticket, struct str from, const struct placing *p, bool open,
                   bool claimed)
{
    struct str key = ticket_key(c->arena, ticket),
               member = str_of(arena_strdup(c->arena, id_print(ID_TICKET, ticket).at));
    struct str steps = key_in(c->arena, ulid_partition(ticket), "st", "");

    change_hset(c, key, "clock", p->clock);
    change_hset_int(c, key, "due", p->due_ms);
    change_hset(c, key, "rules", p->rules);
    change_hset(c, key, "escalated", open ? p->escalated : STR(""));
    change_hset_int(c, key, "step", open ? p->step_ms : 0);
    if (open && p->step_ms > 0)
        change_zadd(c, steps, p->step_ms, member);
    else if (open)
        change_zrem(c, steps, member);
    change_queue_place(c, ticket, from, p->queue, p->due_ms, open, claimed);
}

void change_routed(struct change *c, struct ulid ticket, struct str from, const struct placing *p, bool open,
                   bool claimed)
{
    struct str key = ticket_key(c->arena, ticket);

    change_hset(c, key, "queue", p->queue);
    change_hset(c, key, "rule", p->rule);
    change_hset_int(c, key, "priority", p->priority);
    change_placed(c, ticket, from, p, open, claimed);
}

void placing_incidents(const struct rules *rules, struct facts *f, struct str incident, struct str affected)
{
    f->incident = incident.len > 0 ? rules_overlay_bit(rules, incident) : 0;
    f->affected = 0;
    while (affected.len > 0)
        f->affected |= rules_overlay_bit(rules, str_cut(&affected, ' '));
}

struct facts ticket_facts(const struct rules *rules, const struct ticket *t, int level)
{
    struct facts f = facts_default();
    struct str channels = t->channels;
    int64_t channel = fact_word(FACT_CHANNEL, str_cut(&channels, ' ')), impact = fact_word(FACT_IMPACT, t->impact);

    if (channel >= 0)
        facts_set_number(&f, FACT_CHANNEL, channel);
    if (impact >= 0)
        facts_set_number(&f, FACT_IMPACT, impact);
    f.level = level;
    (void)str_number(redis_field(t->fields, "followers"), &f.followers);
    f.executive = str_is(redis_field(t->fields, "executive"), "1");
    f.sender_class = redis_field(t->fields, "class");
    f.known = str_is(redis_field(t->fields, "known"), "1");
    f.language = t->language;
    f.tier = redis_field(t->fields, "tier");
    f.region = redis_field(t->fields, "region");
    placing_incidents(rules, &f, redis_field(t->fields, "incident"), redis_field(t->fields, "affected"));
    return f;
}
