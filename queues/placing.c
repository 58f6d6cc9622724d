#include "queues/placing.h"

#include "rules/base/arena.h"
#include "rules/base/stamp.h"
#include "rules/facts.h"
#include "rules/route.h"

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

static void earliest_clock(const struct rules_queue *queue, const struct happening *history, size_t n, int64_t now_ms,
                           struct arena *a, struct placing *out)
{
    size_t count;
    struct sla_event *events = placing_events(history, n, a, &count);

    out->clock = STR("");
    out->due_ms = 0;
    for (int c = 0; c < SLA_CLOCKS; c++) {
        struct sla_verdict v;

        if (sla_judge(&v, (enum sla_clock)c, &queue->policy, events, count, now_ms, a) != ERR_OK)
            continue;
        if ((v.state != SLA_RUNNING && (v.state != SLA_BREACHED || v.met_ms != SLA_NEVER)) || v.due_ms == SLA_NEVER)
            continue;
        if (out->due_ms == 0 || v.due_ms < out->due_ms) {
            out->due_ms = v.due_ms;
            out->clock = str_of(sla_clock_name((enum sla_clock)c));
        }
    }
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
    out->priority = d.priority;
    earliest_clock(d.queue, history, n, now_ms, a, out);
    add_call_back(history, n, out);
}

void place_clock(const struct rules *rules, struct str queue, const struct happening *history, size_t n, int64_t now_ms,
                 struct arena *a, struct placing *out)
{
    const struct rules_queue *q = rules_queue(rules, queue);

    *out = (struct placing){.queue = queue, .clock = STR("")};
    /* A queue that the rules no longer name keeps its tickets, without a clock, until they are routed again. */
    if (q != NULL)
        earliest_clock(q, history, n, now_ms, a, out);
    add_call_back(history, n, out);
}

struct facts ticket_facts(const struct ticket *t, int level)
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
    return f;
}
