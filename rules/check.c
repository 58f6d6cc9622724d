#include "rules/check.h"

#include "rules/base/arena.h"
#include "rules/base/stamp.h"
#include "rules/parser.h"

static const struct calendar always = {.name = "always", .always = true};

static const struct calendar *calendar_named(const struct rules *r, struct str name)
{
    if (str_is(name, always.name))
        return &always;
    for (size_t i = 0; i < r->calendars; i++)
        if (str_is(name, r->calendar[i].c.name))
            return &r->calendar[i].c;
    return NULL;
}

static void unknown_calendar(const struct rules *r, struct reference_to ref, struct faults *f)
{
    const char *names[RULES_CALENDARS_MAX + 1] = {always.name};

    for (size_t i = 0; i < r->calendars; i++)
        names[i + 1] = r->calendar[i].c.name;
    faults_add(f, ref.line, "no calendar is called \"%.*s\"%s", SHOWN(ref.name),
               faults_hint(ref.name, names, r->calendars + 1).at);
}

static void unknown_queue(const struct rules *r, struct reference_to ref, struct faults *f)
{
    const char *names[RULES_QUEUES_MAX];

    for (size_t i = 0; i < r->queues; i++)
        names[i] = r->queue[i].q.name;
    faults_add(f, ref.line, "no queue is called \"%.*s\"%s", SHOWN(ref.name),
               faults_hint(ref.name, names, r->queues).at);
}

static const struct rules_queue *look_up(const struct rules *r, struct reference_to ref, struct faults *f)
{
    const struct rules_queue *q = rules_queue(r, ref.name);

    if (q == NULL)
        unknown_queue(r, ref, f);
    return q;
}

void check_names(struct rules *r, struct faults *f)
{
    for (size_t i = 0; i < r->queues; i++) {
        struct tree_queue *t = &r->queue[i];

        if (t->calendar.name.len == 0) {
            t->q.policy.calendar = &always;
            continue;
        }
        t->q.policy.calendar = calendar_named(r, t->calendar.name);
        if (t->q.policy.calendar == NULL)
            unknown_calendar(r, t->calendar, f);
    }
    for (size_t i = 0; i < r->routes; i++)
        r->route[i].queue = look_up(r, r->route[i].to, f);
    for (size_t i = 0; i < r->examples; i++)
        (void)look_up(r, r->example[i].queue, f);
    for (size_t i = 0; i < r->clock_examples; i++)
        (void)look_up(r, r->clock_example[i].queue, f);
}

static void check_class(const struct rules *r, int line, struct str name, struct faults *f)
{
    const char *names[RULES_CLASSES_MAX];

    for (size_t i = 0; i < r->classes; i++) {
        names[i] = r->senders[i].name;
        if (str_equal_nocase(name, str_of(names[i])))
            return;
    }
    faults_add(f, line, "no class is called \"%.*s\"%s", SHOWN(name), faults_hint(name, names, r->classes).at);
}

void check_classes(const struct rules *r, struct faults *f)
{
    for (size_t i = 0; i < r->routes; i++)
        for (size_t k = 0; k < r->route[i].n; k++)
            if (r->route[i].when[k].fact == FACT_CLASS)
                check_class(r, r->route[i].line, r->route[i].when[k].word, f);
    for (size_t i = 0; i < r->examples; i++)
        if (r->example[i].facts.sender_class.len > 0)
            check_class(r, r->example[i].line, r->example[i].facts.sender_class, f);
}

void check_examples(const struct rules *r, struct faults *f)
{
    struct arena *a = arena_open(64 * 1024);

    for (size_t i = 0; i < r->examples; i++) {
        const struct tree_example *e = &r->example[i];
        struct decision d;

        arena_reset(a);
        rules_route(r, &e->facts, a, &d);
        if (!str_is(e->queue.name, d.queue->name))
            faults_add(f, e->line, "this example goes to %s by line %d, not to %.*s", d.queue->name, d.line,
                       SHOWN(e->queue.name));
        else if (e->priority >= 0 && e->priority != d.priority)
            faults_add(f, e->line, "this example has priority %d by line %d, not %d", d.priority, d.line, e->priority);
    }
    arena_close(a);
}

void check_clock_examples(const struct rules *r, struct faults *f)
{
    struct arena *a = arena_open(4096);

    for (size_t i = 0; i < r->clock_examples; i++) {
        const struct tree_clock_example *e = &r->clock_example[i];
        const struct rules_queue *q = rules_queue(r, e->queue.name);
        const struct sla_event opened = {SLA_OPENED, e->opened_ms};
        struct sla_verdict v;

        arena_reset(a);
        if (sla_judge(&v, e->clock, &q->policy, &opened, 1, e->opened_ms, a) != ERR_OK || v.state == SLA_NONE)
            faults_add(f, e->line, "queue \"%s\" does not promise %s", q->name, sla_clock_name(e->clock));
        else if (v.due_ms != e->due_ms)
            faults_add(f, e->line, "this clock is due at %s",
                       v.due_ms > SLA_MS_MAX ? "no time" : stamp_print(v.due_ms).at);
    }
    arena_close(a);
}
