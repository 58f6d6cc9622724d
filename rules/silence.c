#include "rules/silence.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int by_time(const void *x, const void *y)
{
    const struct silence_event *a = x, *b = y;

    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    if ((a->kind == SILENCE_TOLD) != (b->kind == SILENCE_TOLD))
        return a->kind == SILENCE_TOLD ? 1 : -1;
    return a->kind == b->kind ? 0 : a->kind < b->kind ? -1 : 1;
}

static void wait_from(struct silence *s, int64_t at_ms)
{
    if (!s->waits)
        *s = (struct silence){true, at_ms, s->open};
}

static void set_open(struct silence *s, bool *open, bool now)
{
    if (*open == now)
        return;
    *open = now;
    s->open = now ? s->open + 1 : s->open - 1;
}

void silence_judge(struct silence_event *events, size_t n, bool *open, size_t works, struct silence *out)
{
    struct silence s = {0};
    bool unanswered = false;

    if (works > 0)
        memset(open, 0, works * sizeof *open);
    if (n > 1)
        qsort(events, n, sizeof *events, by_time);
    for (size_t i = 0; i < n; i++) {
        const struct silence_event *e = &events[i];

        assert(e->kind == SILENCE_TOLD || e->work < works);
        switch (e->kind) {
        case SILENCE_OPENED:
        case SILENCE_REOPENED:
            set_open(&s, &open[e->work], true);
            unanswered = true;
            wait_from(&s, e->at_ms);
            break;
        case SILENCE_HEARD:
            unanswered = true;
            wait_from(&s, e->at_ms);
            break;
        case SILENCE_TOLD: /* N2 */
            unanswered = false;
            s.waits = s.open > 0;
            s.since_ms = e->at_ms;
            break;
        case SILENCE_SETTLED: /* N3 */
            set_open(&s, &open[e->work], false);
            s.waits = s.open > 0 || unanswered;
            break;
        }
    }
    *out = s;
}
