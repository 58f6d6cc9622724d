#include "rules/sla.h"

#include "rules/base/arena.h"

#include <assert.h>
#include <string.h>

/* A clock in the middle of its history. */
struct run {
    const struct sla_policy *policy;
    enum sla_clock clock;
    struct arena *a;
    bool paused, solved;
    int64_t met_ms;
    int64_t left_ms;
    int64_t due_ms; /* SLA_NEVER until left_ms is used up */
    struct span *counted;
    size_t spans, room;
};

static void restart(struct run *r)
{
    r->left_ms = r->policy->promise_ms[r->clock];
    r->due_ms = SLA_NEVER;
    r->met_ms = SLA_NEVER;
    r->spans = 0;
}

static void count(struct run *r, struct span s)
{
    if (r->spans > 0 && r->counted[r->spans - 1].to_ms == s.from_ms) {
        r->counted[r->spans - 1].to_ms = s.to_ms;
        return;
    }
    if (r->spans == r->room) {
        size_t room = r->room == 0 ? 8 : r->room * 2;
        struct span *more = arena_array(r->a, struct span, room);

        if (r->spans > 0)
            memcpy(more, r->counted, r->spans * sizeof *more);
        r->counted = more;
        r->room = room;
    }
    r->counted[r->spans++] = s;
}

/* Counts the working time in [from_ms, to_ms) until the promise is used up. C3 bounds the loop. */
static void pass(struct run *r, int64_t from_ms, int64_t to_ms)
{
    const int64_t longest_ms = (int64_t)CALENDAR_DAYS_MAX * 86400000;
    struct span s;

    if (to_ms > from_ms + longest_ms)
        to_ms = from_ms + longest_ms;
    while (r->left_ms > 0 && calendar_next(r->policy->calendar, from_ms, to_ms, &s)) {
        if (s.to_ms > to_ms)
            s.to_ms = to_ms;
        if (s.to_ms - s.from_ms >= r->left_ms) {
            s.to_ms = s.from_ms + r->left_ms;
            r->due_ms = s.to_ms;
        }
        r->left_ms -= s.to_ms - s.from_ms;
        count(r, s);
        from_ms = s.to_ms;
    }
}

static bool runs(const struct run *r)
{
    return r->met_ms == SLA_NEVER && !r->solved && !(r->paused && r->policy->pauses[r->clock]);
}

static void happen(struct run *r, enum sla_event_kind kind, int64_t at_ms)
{
    switch (kind) {
    case SLA_PAUSED:
        r->paused = true;
        break;
    case SLA_RESUMED:
        r->paused = false;
        break;
    case SLA_REPLIED:
        if (r->clock == SLA_FIRST_REPLY && r->met_ms == SLA_NEVER)
            r->met_ms = at_ms;
        if (r->clock == SLA_UPDATE)
            restart(r);
        break;
    case SLA_SOLVED:
        r->solved = true;
        if (r->clock == SLA_RESTORE)
            r->met_ms = at_ms;
        break;
    case SLA_REOPENED:
        r->solved = false;
        r->paused = false;
        if (r->clock == SLA_RESTORE)
            r->met_ms = SLA_NEVER;
        break;
    case SLA_OPENED:
    case SLA_EVENTS:
        break;
    }
}

static enum sla_state state_of(const struct run *r, int64_t now_ms)
{
    int64_t asked_ms = r->met_ms != SLA_NEVER ? r->met_ms : now_ms;

    if (r->due_ms < asked_ms)
        return SLA_BREACHED;
    if (r->met_ms != SLA_NEVER)
        return SLA_MET;
    return runs(r) ? SLA_RUNNING : SLA_STANDS;
}

static int64_t inside(int64_t at_ms)
{
    return at_ms < SLA_MS_MIN ? SLA_MS_MIN : at_ms > SLA_MS_MAX ? SLA_MS_MAX : at_ms;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Goes through the history and then on into the future. Returns the working time left at now_ms. */
static int64_t replay(struct run *r, const struct sla_event *events, size_t n, int64_t now_ms)
{
    int64_t at_ms = inside(events[0].at_ms);

    for (size_t i = 1; i < n; i++) {
        int64_t next_ms = later(inside(events[i].at_ms), at_ms);

        if (runs(r))
            pass(r, at_ms, next_ms);
        at_ms = next_ms;
        happen(r, events[i].kind, at_ms);
    }

    if (!runs(r))
        return r->left_ms;
    now_ms = later(inside(now_ms), at_ms);
    pass(r, at_ms, now_ms);

    int64_t left_ms = r->left_ms;

    pass(r, now_ms, SLA_NEVER);
    return left_ms;
}

enum err sla_judge(struct sla_verdict *out, enum sla_clock clock, const struct sla_policy *p,
                   const struct sla_event *events, size_t n, int64_t now_ms, struct arena *a)
{
    struct run r = {.policy = p, .clock = clock, .a = a};

    assert((unsigned)clock < SLA_CLOCKS);
    if (n == 0 || events[0].kind != SLA_OPENED)
        return ERR_INPUT;
    restart(&r);
    if (r.left_ms == 0) {
        *out = (struct sla_verdict){.state = SLA_NONE, .due_ms = SLA_NEVER, .met_ms = SLA_NEVER};
        return ERR_OK;
    }

    int64_t left_ms = replay(&r, events, n, now_ms);

    *out = (struct sla_verdict){
        .state = state_of(&r, now_ms),
        .promise_ms = p->promise_ms[clock],
        .due_ms = r.due_ms,
        .met_ms = r.met_ms,
        .left_ms = left_ms,
        .spans = r.spans,
        .counted = r.counted,
    };
    return ERR_OK;
}

int64_t sla_step_ms(const struct sla_verdict *v, const struct sla_step *s)
{
    int64_t ahead_ms = v->promise_ms - s->before_ms;

    for (size_t i = 0; i < v->spans; i++) {
        int64_t ms = v->counted[i].to_ms - v->counted[i].from_ms;

        if (ms >= ahead_ms)
            return v->counted[i].from_ms + ahead_ms;
        ahead_ms -= ms;
    }
    return SLA_NEVER;
}

const char *sla_role_name(enum sla_role r)
{
    static const char *const names[] = {
#define X(name, word) [SLA_##name] = word,
        SLA_ROLE_LIST(X)
#undef X
    };

    assert((unsigned)r < SLA_ROLES);
    return names[r];
}

const char *sla_clock_name(enum sla_clock c)
{
    static const char *const names[] = {
#define X(name, word) [SLA_##name] = word,
        SLA_CLOCK_LIST(X)
#undef X
    };

    assert((unsigned)c < SLA_CLOCKS);
    return names[c];
}

const char *sla_event_name(enum sla_event_kind k)
{
    static const char *const names[] = {
#define X(name, word) [SLA_##name] = word,
        SLA_EVENT_LIST(X)
#undef X
    };

    assert((unsigned)k < SLA_EVENTS);
    return names[k];
}

const char *sla_state_name(enum sla_state s)
{
    static const char *const names[] = {[SLA_NONE] = "none",
                                        [SLA_RUNNING] = "running",
                                        [SLA_STANDS] = "paused",
                                        [SLA_MET] = "met",
                                        [SLA_BREACHED] = "breached"};

    assert((unsigned)s <= SLA_BREACHED);
    return names[s];
}
