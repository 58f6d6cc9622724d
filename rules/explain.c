#include "rules/explain.h"

#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"

#include <assert.h>
#include <inttypes.h>

static const char *const not_facts[] = {"now", "history", NULL};

static bool event_named(struct str name, enum sla_event_kind *out)
{
    for (int i = 0; i < SLA_EVENTS; i++)
        if (str_is(name, sla_event_name((enum sla_event_kind)i))) {
            *out = (enum sla_event_kind)i;
            return true;
        }
    return false;
}

static bool parse_event(struct sla_event *out, const struct doc *d)
{
    return event_named(doc_get_text(d, "event"), &out->kind) && stamp_parse(doc_get_text(d, "at"), &out->at_ms);
}

static enum err bad(struct buf *why, const char *text)
{
    buf_printf(why, "%s\n", text);
    return ERR_INPUT;
}

static enum err parse_history(struct explain_case *c, const struct doc *list, struct arena *a, struct buf *why)
{
    size_t n = doc_kind(list) == DOC_ARRAY ? doc_size(list) : 0;
    struct sla_event *events = arena_array(a, struct sla_event, n > 0 && n <= EXPLAIN_EVENTS_MAX ? n : 1);

    events[0] = (struct sla_event){SLA_OPENED, c->now_ms};
    c->history = events;
    c->events = 1;
    if (list == NULL)
        return ERR_OK;
    if (n == 0 || n > EXPLAIN_EVENTS_MAX)
        return bad(why, "history must be a list of 1 to 4096 events");
    for (size_t i = 0; i < n; i++) {
        if (!parse_event(&events[i], doc_at(list, i)))
            return bad(why,
                       "an event needs \"event\" (opened, paused, resumed, replied, solved or reopened) and \"at\" "
                       "(2026-11-24T09:00:00Z)");
        if (i > 0 && events[i].at_ms < events[i - 1].at_ms)
            return bad(why, "history must be in order of time");
    }
    c->events = n;
    return events[0].kind == SLA_OPENED ? ERR_OK : bad(why, "history must begin with opened");
}

enum err explain_parse(struct explain_case *out, const struct doc *object, int64_t now_ms, struct arena *a,
                       struct buf *why)
{
    struct explain_case c = {.now_ms = now_ms};
    const struct doc *now = doc_get(object, "now");
    enum err e = facts_parse(&c.facts, object, not_facts, why);

    if (now != NULL && !stamp_parse(doc_text(now), &c.now_ms))
        e = bad(why, "now must be a time such as 2026-11-24T09:00:00Z");

    enum err history = parse_history(&c, doc_get(object, "history"), a, why);

    if (e != ERR_OK || history != ERR_OK)
        return e != ERR_OK ? e : history;
    *out = c;
    return ERR_OK;
}

void explain_step(const struct decision *d, size_t i, const struct facts *f, struct buf *out)
{
    assert(i < d->steps);

    const struct decision_step *s = &d->step[i];

    buf_printf(out, "%s:%d: %s: %s", s->file, s->line, s->unless == NULL ? "decided" : "passed", s->route);
    if (s->unless == NULL)
        return;

    struct facts seen = facts_seen(f, s->incidents);

    buf_printf(out, "  (%s is ", fact_table[s->fact].name);
    facts_print_value(&seen, s->fact, out);
    buf_char(out, ')');
}

static void print_facts(const struct facts *f, struct buf *out)
{
    buf_text(out, "facts\n");
    for (int i = 0; i < FACTS; i++) {
        buf_printf(out, "  %-10s ", fact_table[i].name);
        facts_print_value(f, (enum fact)i, out);
        buf_char(out, '\n');
    }
}

/* Moments that stamp_print() cannot show can come from an example, never from a ticket. */
static void print_moment(int64_t at_ms, struct buf *out)
{
    bool shown = at_ms >= SLA_MS_MIN && at_ms <= SLA_MS_MAX;

    buf_text(out, at_ms == SLA_NEVER ? "never" : shown ? stamp_print(at_ms).at : "out of range");
}

static void print_span(struct span s, struct buf *out)
{
    buf_text(out, "    counted ");
    print_moment(s.from_ms, out);
    buf_text(out, " to ");
    print_moment(s.to_ms, out);
    buf_text(out, "  ");
    stamp_duration(s.to_ms - s.from_ms, out);
    buf_char(out, '\n');
}

static void print_verdict(const struct sla_verdict *v, struct buf *out)
{
    buf_printf(out, ": %s, due ", sla_state_name(v->state));
    print_moment(v->due_ms, out);
    if (v->met_ms != SLA_NEVER) {
        buf_text(out, ", done ");
        print_moment(v->met_ms, out);
    } else {
        buf_text(out, ", left ");
        stamp_duration(v->left_ms, out);
    }
    buf_char(out, '\n');
    for (size_t i = 0; i < v->spans && i < EXPLAIN_SPANS_SHOWN; i++)
        print_span(v->counted[i], out);
    if (v->spans > EXPLAIN_SPANS_SHOWN)
        buf_printf(out, "    and %zu more\n", v->spans - EXPLAIN_SPANS_SHOWN);
}

static void print_pauses(const struct sla_policy *p, struct buf *out)
{
    size_t paused = 0, said = 0;

    for (int k = 0; k < SLA_CLOCKS; k++)
        paused += p->pauses[k];
    if (paused == 0)
        return;
    buf_text(out, ", pause");
    for (int k = 0; paused < SLA_CLOCKS && k < SLA_CLOCKS; k++)
        if (p->pauses[k])
            buf_printf(out, "%s %s", said++ == 0 ? "" : ",", sla_clock_name((enum sla_clock)k));
    buf_text(out, " when waiting-customer");
}

static void print_steps(const struct sla_policy *p, enum sla_clock clock, const struct sla_verdict *v, struct buf *out)
{
    for (size_t i = 0; i < p->step_count; i++) {
        const struct sla_step *s = &p->steps[i];

        if (s->clock != clock)
            continue;
        buf_printf(out, "    for %s, ", sla_role_name(s->to));
        if (s->before_ms > 0)
            stamp_duration(s->before_ms, out);
        buf_printf(out, "%s breach: ", s->before_ms > 0 ? " before" : "at");
        print_moment(sla_step_ms(v, s), out);
        buf_char(out, '\n');
    }
}

static void print_clocks(const struct sla_policy *p, const struct explain_case *c, struct arena *a, struct buf *out)
{
    buf_printf(out, "clocks, calendar %s", p->calendar->name);
    if (!p->calendar->always)
        buf_printf(out, " (%s)", p->calendar->zone_name);
    print_pauses(p, out);
    buf_text(out, ", now ");
    print_moment(c->now_ms, out);
    buf_char(out, '\n');
    for (int k = 0; k < SLA_CLOCKS; k++) {
        struct sla_verdict v;
        enum err e = sla_judge(&v, (enum sla_clock)k, p, c->history, c->events, c->now_ms, a);

        assert(e == ERR_OK);
        if (v.state == SLA_NONE)
            continue;
        buf_printf(out, "  %s ", sla_clock_name((enum sla_clock)k));
        stamp_duration(v.promise_ms, out);
        print_verdict(&v, out);
        print_steps(p, (enum sla_clock)k, &v, out);
    }
}

void explain_print(const struct rules *r, const struct explain_case *c, struct arena *a, struct buf *out)
{
    struct decision d;

    rules_route(r, &c->facts, a, &d);
    print_facts(&c->facts, out);
    buf_printf(out, "routes of %s, version %s\n", rules_file(r), rules_version(r));
    for (size_t i = 0; i < d.steps; i++) {
        buf_text(out, "  ");
        explain_step(&d, i, &c->facts, out);
        buf_char(out, '\n');
    }
    buf_printf(out, "queue %s, \"%s\", priority %d\n", d.queue->name, d.queue->title, d.priority);
    print_clocks(&d.queue->policy, c, a, out);
}
