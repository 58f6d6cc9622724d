#include "rules/check.h"

#include "rules/base/arena.h"
#include "rules/base/stamp.h"
#include "rules/parser.h"

static const struct calendar always = {.name = "always", .always = true};

static const struct calendar *calendar_in(const struct rules *r, struct tree_range range, struct str name)
{
    for (size_t i = range.from; i < range.to; i++)
        if (str_is(name, r->calendar[i].c.name))
            return &r->calendar[i].c;
    return NULL;
}

/* As a file names it: its own, else one of the rules it lies over. */
static const struct calendar *calendar_of(const struct rules *r, const struct tree_file *file, struct str name)
{
    const struct calendar *own = calendar_in(r, file->calendars, name);

    if (str_is(name, always.name))
        return &always;
    return own != NULL ? own : calendar_in(r, tree_base(r)->calendars, name);
}

static void unknown_calendar(const struct rules *r, const struct tree_file *file, struct reference_to ref)
{
    const char *names[2 * RULES_CALENDARS_MAX + 1] = {always.name};
    size_t n = 1;

    for (size_t i = 0; i < r->calendars; i++)
        if (r->calendar[i].file == file || r->calendar[i].file == tree_base(r))
            names[n++] = r->calendar[i].c.name;
    faults_add(file->faults, ref.line, "no calendar is called \"%.*s\"%s", SHOWN(ref.name),
               faults_hint(ref.name, names, n).at);
}

static void unknown_queue(const struct rules *r, const struct tree_file *file, struct reference_to ref)
{
    const char *names[2 * RULES_QUEUES_MAX];
    size_t n = 0;

    for (size_t i = 0; i < r->queues; i++)
        if (r->queue[i].file == file || r->queue[i].file == tree_base(r))
            names[n++] = r->queue[i].word;
    faults_add(file->faults, ref.line, "no queue is called \"%.*s\"%s", SHOWN(ref.name),
               faults_hint(ref.name, names, n).at);
}

static const struct rules_queue *look_up(const struct rules *r, const struct tree_file *file, struct reference_to ref)
{
    const struct rules_queue *q = tree_queue_of(r, file, ref.name);

    if (q == NULL)
        unknown_queue(r, file, ref);
    return q;
}

void check_names(struct rules *r)
{
    for (size_t i = 0; i < r->queues; i++) {
        struct tree_queue *t = &r->queue[i];

        if (t->calendar.name.len == 0) {
            t->q.policy.calendar = &always;
            continue;
        }
        t->q.policy.calendar = calendar_of(r, t->file, t->calendar.name);
        if (t->q.policy.calendar == NULL)
            unknown_calendar(r, t->file, t->calendar);
    }
    for (size_t i = 0; i < r->routes; i++)
        r->route[i].queue = look_up(r, r->route[i].file, r->route[i].to);
    for (size_t i = 0; i < r->examples; i++)
        r->example[i].queue = look_up(r, r->example[i].file, r->example[i].to);
    for (size_t i = 0; i < r->clock_examples; i++)
        r->clock_example[i].queue = look_up(r, r->clock_example[i].file, r->clock_example[i].of);
}

static void check_class(const struct rules *r, const struct tree_file *file, int line, struct str name)
{
    const char *names[RULES_CLASSES_MAX];

    for (size_t i = 0; i < r->classes; i++) {
        names[i] = r->senders[i].name;
        if (str_equal_nocase(name, str_of(names[i])))
            return;
    }
    faults_add(file->faults, line, "no class is called \"%.*s\"%s", SHOWN(name),
               faults_hint(name, names, r->classes).at);
}

void check_classes(const struct rules *r)
{
    for (size_t i = 0; i < r->routes; i++)
        for (size_t k = 0; k < r->route[i].n; k++)
            if (r->route[i].when[k].fact == FACT_CLASS)
                check_class(r, r->route[i].file, r->route[i].line, r->route[i].when[k].word);
    for (size_t i = 0; i < r->examples; i++)
        if (r->example[i].facts.sender_class.len > 0)
            check_class(r, r->example[i].file, r->example[i].line, r->example[i].facts.sender_class);
}

/* "line 12", "default.rules:12": as it is said in another file. */
static const char *say_line(const struct tree_file *here, const struct decision *d, struct arena *a)
{
    if (d->file == here->name)
        return arena_printf(a, "line %d", d->line);
    return arena_printf(a, "%s:%d", d->file, d->line);
}

void check_examples(const struct rules *r)
{
    struct arena *a = arena_open(64 * 1024);

    for (size_t i = 0; i < r->examples; i++) {
        const struct tree_example *e = &r->example[i];
        struct decision d;

        arena_reset(a);
        tree_route_of(r, e->file, &e->facts, a, &d);
        if (e->queue != d.queue)
            faults_add(e->file->faults, e->line, "this example goes to %s by %s, not to %.*s", d.queue->name,
                       say_line(e->file, &d, a), SHOWN(e->to.name));
        else if (e->priority >= 0 && e->priority != d.priority)
            faults_add(e->file->faults, e->line, "this example has priority %d by %s, not %d", d.priority,
                       say_line(e->file, &d, a), e->priority);
    }
    arena_close(a);
}

void check_clock_examples(const struct rules *r)
{
    struct arena *a = arena_open(4096);

    for (size_t i = 0; i < r->clock_examples; i++) {
        const struct tree_clock_example *e = &r->clock_example[i];
        const struct sla_event opened = {SLA_OPENED, e->opened_ms};
        struct sla_verdict v;

        arena_reset(a);
        if (sla_judge(&v, e->clock, &e->queue->policy, &opened, 1, e->opened_ms, a) != ERR_OK || v.state == SLA_NONE)
            faults_add(e->file->faults, e->line, "queue \"%s\" does not promise %s", e->queue->name,
                       sla_clock_name(e->clock));
        else if (v.due_ms != e->due_ms)
            faults_add(e->file->faults, e->line, "this clock is due at %s",
                       v.due_ms > SLA_MS_MAX ? "no time" : stamp_print(v.due_ms).at);
    }
    arena_close(a);
}

void check_packs(const struct rules *r)
{
    for (size_t i = 0; i < r->overlays; i++)
        if (r->file[i].pack == NULL && r->file[i].faults->n == 0)
            faults_add(r->file[i].faults, 1, "no pack stands in this file: write pack, its name and { }");
}
