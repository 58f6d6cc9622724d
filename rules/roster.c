#include "rules/roster.h"

#include "rules/base/arena.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

static const char *const duties[ROSTER_DUTIES] = {
#define X(name, word) [ROSTER_##name] = word,
    ROSTER_DUTY_LIST(X)
#undef X
};

const char *roster_duty_name(enum roster_duty d)
{
    return duties[d];
}

/* ---- watches ---- */

static int64_t floor_day(int64_t ms)
{
    return ms >= 0 ? ms / DAY_MS : -((DAY_MS - 1 - ms) / DAY_MS);
}

/* 1970-01-01 was a Thursday. */
static unsigned weekday_bit(int64_t day)
{
    return 1u << (((day + 3) % 7 + 7) % 7);
}

static struct roster_watch watch_on(const struct roster_shift *s, int64_t day)
{
    return (struct roster_watch){.shift = s,
                                 .day = day,
                                 .from_ms = zone_to_utc(s->zone, day * 86400 + s->from_s) * 1000,
                                 .to_ms = zone_to_utc(s->zone, day * 86400 + s->to_s) * 1000};
}

static int by_beginning(const void *x, const void *y)
{
    const struct roster_watch *a = x, *b = y;
    int order;

    if (a->from_ms != b->from_ms)
        return a->from_ms < b->from_ms ? -1 : 1;
    order = strcmp(a->shift->region.at, b->shift->region.at);
    return order != 0 ? order : strcmp(a->shift->name.at, b->shift->name.at);
}

size_t roster_watches(const struct roster *r, int64_t from_ms, int64_t to_ms, struct arena *a,
                      struct roster_watch **out)
{
    /* A local day begins up to 14 h before and 12 h after that of UTC, and a watch reaches into the next one. */
    int64_t first = floor_day(from_ms) - 2, last = floor_day(to_ms) + 1;
    size_t n = 0;

    if (last - first > ROSTER_WINDOW_DAYS_MAX + 3)
        last = first + ROSTER_WINDOW_DAYS_MAX + 3;
    *out = arena_array(a, struct roster_watch, r->n * (size_t)(last - first + 1) + 1);
    for (size_t i = 0; i < r->n; i++)
        for (int64_t day = first; day <= last; day++) {
            struct roster_watch w;

            if ((r->shift[i].days & weekday_bit(day)) == 0)
                continue;
            w = watch_on(&r->shift[i], day);
            if (w.from_ms < to_ms && w.to_ms > from_ms && w.from_ms < w.to_ms)
                (*out)[n++] = w;
        }
    if (n > 1)
        qsort(*out, n, sizeof **out, by_beginning);
    return n;
}

/* ---- people ---- */

static bool is_in(const struct roster_person *p, const struct roster_watch *w)
{
    return p->first_day <= w->day && w->day <= p->last_day;
}

/* Who has the place of p at that moment: p, a stand-in, who may be away in turn, or nobody. */
static struct str holder_of(struct str name, const struct roster_absence *away, size_t n, int64_t at_ms)
{
    for (size_t turn = 0; turn <= n; turn++) {
        const struct roster_absence *found = NULL;

        for (size_t i = 0; i < n; i++)
            if (str_equal_nocase(away[i].person, name) && away[i].from_ms <= at_ms && at_ms < away[i].to_ms)
                found = &away[i];
        if (found == NULL)
            return name;
        name = found->stand_in;
        if (name.len == 0)
            break;
    }
    return STR("");
}

static int by_duty(const void *x, const void *y)
{
    const struct roster_duty_holder *a = x, *b = y;

    if (a->duty != b->duty)
        return a->duty < b->duty ? -1 : 1;
    return (a->person->line > b->person->line) - (a->person->line < b->person->line);
}

size_t roster_on_duty(const struct roster_watch *w, const struct roster_absence *away, size_t n, int64_t at_ms,
                      struct arena *a, struct roster_duty_holder **out)
{
    const struct roster_shift *s = w->shift;
    size_t count = 0;

    *out = arena_array(a, struct roster_duty_holder, s->n + 1);
    for (size_t i = 0; i < s->n; i++) {
        const struct roster_person *p = &s->people[i];
        struct str who;

        if (!is_in(p, w) || (who = holder_of(p->name, away, n, at_ms)).len == 0)
            continue;
        (*out)[count++] = (struct roster_duty_holder){
            .name = who,
            .stands_in_for = str_equal_nocase(who, p->name) ? STR("") : p->name,
            .duty = p->duty,
            .person = p,
        };
    }
    if (count > 1)
        qsort(*out, count, sizeof **out, by_duty);
    if (count > 0)
        (*out)[0].leads = (*out)[0].duty != ROSTER_MEMBER;
    return count;
}

struct str roster_leader(const struct roster_watch *w, const struct roster_absence *away, size_t n, int64_t at_ms)
{
    for (int duty = ROSTER_LEAD; duty <= ROSTER_DEPUTY; duty++)
        for (size_t i = 0; i < w->shift->n; i++) {
            const struct roster_person *p = &w->shift->people[i];
            struct str who;

            if (p->duty != (enum roster_duty)duty || !is_in(p, w))
                continue;
            who = holder_of(p->name, away, n, at_ms);
            if (who.len > 0)
                return who;
        }
    return STR("");
}

/* ---- who comes after ---- */

static bool is_same(const struct roster_watch *a, const struct roster_watch *b)
{
    return a->shift == b->shift && a->day == b->day;
}

static bool is_better(const struct roster_watch *w, const struct roster_watch *x, const struct roster_watch *best)
{
    bool own = str_equal(x->shift->region, w->shift->region), held = str_equal(best->shift->region, w->shift->region);

    return own != held ? own : x->from_ms > best->from_ms;
}

bool roster_successor(const struct roster *r, const struct roster_watch *w, struct arena *a, struct roster_watch *out)
{
    struct roster_watch *all;
    size_t n = roster_watches(r, w->to_ms, w->to_ms + 14 * DAY_MS, a, &all);
    const struct roster_watch *best = NULL;

    for (size_t i = 0; i < n; i++) {
        if (is_same(&all[i], w))
            continue;
        if (all[i].from_ms > w->to_ms) {
            best = best != NULL ? best : &all[i];
            break;
        }
        if (best == NULL || is_better(w, &all[i], best))
            best = &all[i];
    }
    if (best != NULL)
        *out = *best;
    return best != NULL;
}
