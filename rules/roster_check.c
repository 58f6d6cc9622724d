/* roster_check.c - what is wrong with a roster: stretches of time that nobody has, or that somebody has twice. */
#include "rules/roster.h"

#include "rules/base/arena.h"

#include <stdlib.h>
#include <string.h>

enum { LANGUAGES_MAX = 32 };

static const char *const kinds[ROSTER_FINDINGS] = {
#define X(name, word) [ROSTER_FINDING_##name] = word,
    ROSTER_FINDING_LIST(X)
#undef X
};

const char *roster_finding_name(enum roster_finding_kind k)
{
    return kinds[k];
}

struct judge {
    const struct roster *roster;
    const struct roster_absence *away;
    size_t away_count;
    int64_t from_ms, to_ms;
    struct arena *a, *scratch;
    struct roster_watch *watch;
    size_t watches;
    struct str language[LANGUAGES_MAX];
    size_t languages;
    struct roster_finding *found;
    size_t n;
};

static struct str label(struct judge *j, const struct roster_shift *s)
{
    return str_of(arena_printf(j->a, "%s/%s", s->region.at, s->name.at));
}

/* Adjoining stretches of the same are one. */
static void add(struct judge *j, struct roster_finding f)
{
    for (size_t i = 0; i < j->n; i++) {
        struct roster_finding *g = &j->found[i];

        if (g->kind == f.kind && g->to_ms == f.from_ms && str_equal(g->who, f.who) && str_equal(g->also, f.also)) {
            g->to_ms = f.to_ms;
            return;
        }
    }
    if (j->n < ROSTER_FINDINGS_MAX)
        j->found[j->n++] = f;
}

static bool has_word(struct str words, struct str word)
{
    while (words.len > 0)
        if (str_equal_nocase(str_cut(&words, ' '), word))
            return true;
    return false;
}

static void learn_languages(struct judge *j)
{
    for (size_t s = 0; s < j->roster->n; s++)
        for (size_t p = 0; p < j->roster->shift[s].n; p++) {
            struct str left = j->roster->shift[s].people[p].languages;

            while (left.len > 0) {
                struct str word = str_cut(&left, ' ');
                bool known = j->languages == LANGUAGES_MAX;

                for (size_t i = 0; i < j->languages; i++)
                    known = known || str_equal_nocase(j->language[i], word);
                if (!known)
                    j->language[j->languages++] = (struct str){str_copy(j->a, word), word.len};
            }
        }
}

/* ---- moments at which anything changes ---- */

static int by_value(const void *x, const void *y)
{
    const int64_t *a = x, *b = y;

    return (*a > *b) - (*a < *b);
}

static void add_moment(const struct judge *j, int64_t *list, size_t *n, int64_t at_ms)
{
    if (at_ms > j->from_ms && at_ms < j->to_ms)
        list[(*n)++] = at_ms;
}

static size_t moments(struct judge *j, int64_t **out)
{
    size_t n = 0, kept = 0;
    int64_t *list = arena_array(j->a, int64_t, 2 * (j->watches + j->away_count) + 2);

    list[n++] = j->from_ms;
    list[n++] = j->to_ms;
    for (size_t i = 0; i < j->watches; i++) {
        add_moment(j, list, &n, j->watch[i].from_ms);
        add_moment(j, list, &n, j->watch[i].to_ms);
    }
    for (size_t i = 0; i < j->away_count; i++) {
        add_moment(j, list, &n, j->away[i].from_ms);
        add_moment(j, list, &n, j->away[i].to_ms);
    }
    qsort(list, n, sizeof *list, by_value);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || list[kept - 1] != list[i])
            list[kept++] = list[i];
    *out = list;
    return kept;
}

/* ---- one stretch in which nothing changes ---- */

struct stretch {
    int64_t from_ms, to_ms;
    size_t people;
    bool led;
    bool spoken[LANGUAGES_MAX];
};

static void judge_watch(struct judge *j, struct stretch *s, const struct roster_watch *w)
{
    struct roster_duty_holder *on;
    size_t n = roster_on_duty(w, j->away, j->away_count, s->from_ms, j->scratch, &on), behind = 0;

    s->people += n;
    for (size_t i = 0; i < n; i++) {
        s->led = s->led || on[i].leads;
        behind += on[i].duty != ROSTER_MEMBER;
        for (size_t l = 0; l < j->languages; l++)
            s->spoken[l] = s->spoken[l] || has_word(on[i].person->languages, j->language[l]);
    }
    if (behind == 1)
        add(j, (struct roster_finding){ROSTER_FINDING_NO_DEPUTY, s->from_ms, s->to_ms, label(j, w->shift), STR("")});
}

static void judge_stretch(struct judge *j, int64_t from_ms, int64_t to_ms)
{
    struct stretch s = {.from_ms = from_ms, .to_ms = to_ms};

    for (size_t i = 0; i < j->watches; i++)
        if (j->watch[i].from_ms <= from_ms && j->watch[i].to_ms >= to_ms)
            judge_watch(j, &s, &j->watch[i]);
    if (s.people == 0)
        add(j, (struct roster_finding){ROSTER_FINDING_GAP, from_ms, to_ms, STR(""), STR("")});
    else if (!s.led)
        add(j, (struct roster_finding){ROSTER_FINDING_NO_LEAD, from_ms, to_ms, STR(""), STR("")});
    for (size_t l = 0; s.people > 0 && l < j->languages; l++)
        if (!s.spoken[l])
            add(j, (struct roster_finding){ROSTER_FINDING_LANGUAGE, from_ms, to_ms, j->language[l], STR("")});
    arena_reset(j->scratch);
}

/* ---- people who are asked for too much ---- */

static void judge_pair(struct judge *j, const struct roster_watch *a, const struct roster_watch *b, struct str who)
{
    if (b->from_ms < a->to_ms) {
        int64_t to_ms = a->to_ms < b->to_ms ? a->to_ms : b->to_ms;
        struct str one = label(j, a->shift), other = label(j, b->shift);

        add(j, (struct roster_finding){ROSTER_FINDING_DOUBLE, b->from_ms, to_ms, who,
                                       str_of(arena_printf(j->a, "%s and %s", one.at, other.at))});
    } else if (b->from_ms > a->to_ms && b->from_ms - a->to_ms < ROSTER_REST_MS) { /* what adjoins is one long one */
        add(j, (struct roster_finding){ROSTER_FINDING_TIRED, a->to_ms, b->from_ms, who, label(j, b->shift)});
    }
}

static bool serves(const struct judge *j, const struct roster_watch *w, struct str who)
{
    struct roster_duty_holder *on;
    size_t n = roster_on_duty(w, j->away, j->away_count, w->from_ms, j->scratch, &on);

    for (size_t i = 0; i < n; i++)
        if (str_equal_nocase(on[i].name, who))
            return true;
    return false;
}

/* Each person's watches in order, a pair at a time. */
static void judge_person(struct judge *j, struct str who)
{
    const struct roster_watch *before = NULL;

    for (size_t i = 0; i < j->watches; i++) {
        if (!serves(j, &j->watch[i], who))
            continue;
        if (before != NULL)
            judge_pair(j, before, &j->watch[i], who);
        if (before == NULL || j->watch[i].to_ms > before->to_ms)
            before = &j->watch[i];
        arena_reset(j->scratch);
    }
}

static bool named(const struct str *list, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_equal_nocase(list[i], name))
            return true;
    return false;
}

static void add_name(struct str *list, size_t *n, size_t max, struct str name)
{
    if (name.len > 0 && *n < max && !named(list, *n, name))
        list[(*n)++] = name;
}

static void judge_people(struct judge *j, const struct str *known, size_t known_count)
{
    size_t max = j->away_count, n = 0;
    struct str *names;

    for (size_t s = 0; s < j->roster->n; s++)
        max += j->roster->shift[s].n;
    names = arena_array(j->a, struct str, max + 1);
    for (size_t s = 0; s < j->roster->n; s++)
        for (size_t p = 0; p < j->roster->shift[s].n; p++)
            add_name(names, &n, max, j->roster->shift[s].people[p].name);
    for (size_t i = 0; i < j->away_count; i++)
        add_name(names, &n, max, j->away[i].stand_in);
    for (size_t i = 0; i < n; i++) {
        if (known != NULL && !named(known, known_count, names[i]))
            add(j, (struct roster_finding){ROSTER_FINDING_UNKNOWN, j->from_ms, j->to_ms, names[i], STR("")});
        judge_person(j, names[i]);
    }
}

static int by_moment(const void *x, const void *y)
{
    const struct roster_finding *a = x, *b = y;

    if (a->from_ms != b->from_ms)
        return a->from_ms < b->from_ms ? -1 : 1;
    return (a->kind > b->kind) - (a->kind < b->kind);
}

size_t roster_check(const struct roster *r, const struct roster_absence *away, size_t n, int64_t from_ms, int64_t to_ms,
                    const struct str *known, size_t known_count, struct arena *a, struct roster_finding **out)
{
    struct judge j = {.roster = r,
                      .away = away,
                      .away_count = n,
                      .from_ms = from_ms,
                      .to_ms = to_ms,
                      .a = a,
                      .scratch = arena_open(16 * 1024),
                      .found = arena_array(a, struct roster_finding, ROSTER_FINDINGS_MAX)};
    int64_t *at;
    size_t count;

    j.watches = roster_watches(r, from_ms, to_ms, a, &j.watch);
    learn_languages(&j);
    count = moments(&j, &at);
    for (size_t i = 0; i + 1 < count; i++)
        judge_stretch(&j, at[i], at[i + 1]);
    judge_people(&j, known, known_count);
    if (j.n > 1)
        qsort(j.found, j.n, sizeof *j.found, by_moment);
    arena_close(j.scratch);
    *out = j.found;
    return j.n;
}
