#include "rules/match.h"

#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/match_compare.h"

#include <assert.h>

const char *match_band_name(enum match_band band)
{
    static const char *const names[] = {[MATCH_APART] = "apart", [MATCH_REVIEW] = "review", [MATCH_LINK] = "link"};

    return names[band];
}

/* ---- one decision ---- */

/* A proven mailbox exists: one that is nearly the same is somebody else's. */
static struct match_part part_of(const struct match_rule *m, enum match_kind kind, const struct value *claimed,
                                 struct compared c)
{
    size_t row = kind == MATCH_EMAIL && (claimed->flags & MATCH_PROVEN) != 0 && m->row[MATCH_ROW_MAILBOX].line > 0
                     ? MATCH_ROW_MAILBOX
                     : (size_t)kind;
    const struct match_row *r = &m->row[row];

    if (row == MATCH_ROW_MAILBOX && c.outcome == MATCH_CLOSE)
        c = (struct compared){MATCH_DIFFERS, 100};

    int points = c.outcome == MATCH_ABSENT ? 0 : r->points[c.outcome] * c.degree / 100;

    return (struct match_part){
        .kind = kind, .index = row, .row = r->name, .outcome = c.outcome, .degree = c.degree, .points = points};
}

/* H2 */
static bool says_more(const struct match_part *a, const struct match_part *b)
{
    if (b->outcome == MATCH_ABSENT || a->outcome == MATCH_ABSENT)
        return a->outcome != MATCH_ABSENT;
    return a->points != b->points ? a->points > b->points : a->outcome > b->outcome;
}

static struct match_part best_part(const struct match_rule *m, enum match_kind kind, const struct match_side *claimant,
                                   const struct match_side *candidate, struct near_work *work)
{
    struct match_part best = {.kind = kind, .outcome = MATCH_ABSENT};

    if (m->row[kind].line == 0 && !(kind == MATCH_EMAIL && m->row[MATCH_ROW_MAILBOX].line > 0))
        return best;
    for (size_t i = 0; i < claimant->n[kind] && i < MATCH_CLAIMED_MAX; i++)
        for (size_t k = 0; k < candidate->n[kind]; k++) {
            const struct value *a = &claimant->value[kind][i], *b = &candidate->value[kind][k];
            struct match_part p = part_of(m, kind, a, match_compare(kind, m->row[kind].form, a, b, work));

            if (says_more(&p, &best))
                best = p;
        }
    if (best.outcome == MATCH_ABSENT && claimant->n[kind] > 0 && m->row[kind].points[MATCH_UNKNOWN] != 0)
        best = part_of(m, kind, &claimant->value[kind][0], (struct compared){MATCH_UNKNOWN, 100});
    return best;
}

/* An address and its domain are one piece of evidence: the domain is asked where the address says less. */
static void join_domain(struct match_part *email, struct match_part *domain)
{
    if (email->outcome < MATCH_CLOSE || domain->outcome == MATCH_ABSENT)
        return;
    if (domain->outcome < MATCH_CLOSE || email->outcome > MATCH_CLOSE || domain->points <= email->points)
        domain->outcome = MATCH_ABSENT;
    else
        email->outcome = MATCH_ABSENT;
}

/* From the parts to the sum, and to what keeps it from linking. */
static void sum_up(const struct match_rule *m, struct match_result *r)
{
    r->points = 0;
    r->bar = MATCH_UNSURE;
    r->barred_by = NULL;
    for (size_t i = 0; i < r->parts; i++) {
        r->points += r->part[i].points;
        if (match_row_identifies(m, r->part[i].index, r->part[i].outcome))
            r->bar = MATCH_FREE;
    }
    for (size_t i = 0; i < r->parts && r->bar != MATCH_NEVER; i++)
        if (r->part[i].outcome == MATCH_DIFFERS && m->row[r->part[i].index].never) {
            r->bar = MATCH_NEVER;
            r->barred_by = r->part[i].row;
        }
    r->score = r->points < 0 ? 0 : r->points > MATCH_SCORE_MAX ? MATCH_SCORE_MAX : r->points;
    r->band = match_band_of(m, r->points);
    if (r->bar != MATCH_FREE && r->band == MATCH_LINK)
        r->band = MATCH_REVIEW;
}

void match_judge(const struct match_rule *m, const struct match_side *claimant, const struct match_side *candidate,
                 struct match_result *out)
{
    struct near_work work = {MATCH_NEAR_MAX, MATCH_NAMES_MAX};
    struct match_part part[MATCH_KINDS] = {0};
    size_t kinds = MATCH_FIELD + m->fields;

    assert(claimant->rule == m && candidate->rule == m);
    *out = (struct match_result){.rule = m};
    for (size_t k = 0; k < kinds; k++)
        part[k] = best_part(m, (enum match_kind)k, claimant, candidate, &work);
    join_domain(&part[MATCH_EMAIL], &part[MATCH_DOMAIN]);
    for (size_t k = 0; k < kinds; k++)
        if (part[k].outcome != MATCH_ABSENT)
            out->part[out->parts++] = part[k];
    sum_up(m, out);
}

/* ---- in words ---- */

static const char *const outcome_phrases[MATCH_OUTCOMES] = {
    [MATCH_UNKNOWN] = "is said, and none is on record to compare with",
    [MATCH_DIFFERS] = "differs",
    [MATCH_CLOSE] = "is nearly the same",
    [MATCH_SHORT] = "is the same, but short",
    [MATCH_SAME_SHARED] = "is the same, but shared by several customers",
    [MATCH_SAME_ROLE] = "is the same, but a desk's",
    [MATCH_SAME] = "is the same",
};

static void say_part(struct doc *list, struct arena *a, const struct match_rule *m, const struct match_part *p)
{
    const char *words = m->row[p->index].words;
    const char *text =
        p->outcome == MATCH_CLOSE
            ? arena_printf(a, "the %s %s (%d %%): %+d", words, outcome_phrases[p->outcome], p->degree, p->points)
            : arena_printf(a, "the %s %s: %+d", words, outcome_phrases[p->outcome], p->points);

    doc_push(list, doc_new_text(str_of(text)));
}

static void say_bar(struct doc *list, struct arena *a, const struct match_result *r)
{
    const char *words = r->barred_by == NULL ? "" : r->rule->row[match_row_named(r->rule, str_of(r->barred_by))].words;

    switch (r->bar) {
    case MATCH_FREE:
        return;
    case MATCH_UNSURE:
        if (r->points >= r->rule->link)
            doc_push(list, doc_new_text(STR("no identifier is the same: not linked")));
        return;
    case MATCH_NEVER:
        doc_push(list, doc_new_text(str_of(arena_printf(a, "another %s never links", words))));
        return;
    case MATCH_ELSEWHERE:
        doc_push(list, doc_new_text(str_of(arena_printf(a, "the %s is another customer's: not linked", words))));
        return;
    case MATCH_RIVAL:
        doc_push(list, doc_new_text(STR("another customer fits nearly as well: not linked")));
        return;
    }
}

struct str match_reasons(const struct match_result *r, struct arena *a)
{
    const struct match_rule *m = r->rule;
    struct doc *list = doc_array();

    for (size_t i = 0; i < r->parts; i++)
        say_part(list, a, m, &r->part[i]);
    if (r->parts == 0)
        doc_push(list, doc_new_text(STR("nothing that both have can be compared: +0")));
    say_bar(list, a, r);
    doc_push(list, doc_new_text(str_of(arena_printf(a, "score %d, review from %d, link from %d: %s (%s:%d, version %s)",
                                                    r->score, m->review, m->link, match_band_name(r->band), m->file,
                                                    m->line, m->version))));

    struct str text = doc_print(list, a);

    doc_close(list);
    return text;
}

/* ---- one claimant, several candidates ---- */

enum { NAME_FITS = 80 /* degree from which a name speaks for its owner */ };

static const struct match_part *part_at(const struct match_result *r, size_t row)
{
    for (size_t i = 0; i < r->parts; i++)
        if (r->part[i].index == row)
            return &r->part[i];
    return NULL;
}

/* The row leads to this candidate: an identifier that is the same, a name that fits. */
static bool leads(const struct match_part *p, bool name)
{
    if (p == NULL)
        return false;
    return name ? p->outcome > MATCH_CLOSE || (p->outcome == MATCH_CLOSE && p->degree >= NAME_FITS)
                : p->outcome == MATCH_SAME || p->outcome == MATCH_SHORT;
}

/* The candidate has nothing to do with what the row says. */
static bool denies(const struct match_part *p, bool name)
{
    return p == NULL || p->outcome < (name ? MATCH_CLOSE : MATCH_SHORT);
}

/* An address that is the same answers for its domain (join_domain). */
static bool address_is_same(const struct match_result *r)
{
    for (size_t i = 0; i < r->parts; i++)
        if (r->part[i].kind == MATCH_EMAIL)
            return r->part[i].outcome > MATCH_CLOSE;
    return false;
}

/* H4: a strong row that leads to `other`, and not to `mine`. NULL where there is none. */
static const char *contradiction(const struct match_result *mine, const struct match_result *other)
{
    const struct match_rule *m = mine->rule;

    for (size_t i = 0; i < other->parts; i++) {
        const struct match_part *p = &other->part[i];
        bool name = match_row_is_name(m, p->index);

        if (m->row[p->index].strong && leads(p, name) && denies(part_at(mine, p->index), name) &&
            !(p->kind == MATCH_DOMAIN && address_is_same(mine)))
            return p->row;
    }
    return NULL;
}

static void bar(struct match_candidate *c, enum match_bar why, const char *row)
{
    if (c->result.bar == MATCH_FREE) {
        c->result.bar = why;
        c->result.barred_by = row;
    }
    c->result.band = MATCH_REVIEW;
}

/* Looks at all the others: rivals of a candidate that would link. */
static void hold_against(const struct match_rule *m, struct match_candidate *c, size_t n, size_t i)
{
    struct match_result *mine = &c[i].result;

    for (size_t k = 0; k < n && mine->band == MATCH_LINK; k++) {
        if (ulid_equal(c[k].account, c[i].account))
            continue;

        const char *row = contradiction(mine, &c[k].result);

        if (row != NULL)
            bar(&c[i], MATCH_ELSEWHERE, row);
        else if (c[k].result.points >= m->review && c[k].result.points + m->ahead > mine->points)
            bar(&c[i], MATCH_RIVAL, NULL);
    }
}

static struct match_part *sole_part(struct match_result *r, enum match_kind kind)
{
    for (size_t i = 0; i < r->parts; i++)
        if (r->part[i].kind == kind)
            return r->part[i].outcome > MATCH_CLOSE && r->part[i].outcome != MATCH_SAME_SHARED ? &r->part[i] : NULL;
    return NULL;
}

/* Several accounts have it: it is shared, whether or not anybody said so. */
static bool several_have(struct match_candidate *c, size_t n, enum match_kind kind)
{
    const struct ulid *first = NULL;

    for (size_t i = 0; i < n; i++) {
        if (sole_part(&c[i].result, kind) == NULL)
            continue;
        if (first != NULL && !ulid_equal(*first, c[i].account))
            return true;
        first = &c[i].account;
    }
    return false;
}

static void share_out(const struct match_rule *m, struct match_candidate *c, size_t n)
{
    for (int kind = 0; kind < MATCH_FIELD; kind++) {
        if (match_row_is_name(m, (size_t)kind) || !several_have(c, n, (enum match_kind)kind))
            continue;
        for (size_t i = 0; i < n; i++) {
            struct match_part *p = sole_part(&c[i].result, (enum match_kind)kind);
            int points = p == NULL ? 0 : m->row[p->index].points[MATCH_SAME_SHARED];

            if (p == NULL)
                continue;
            p->outcome = MATCH_SAME_SHARED;
            p->points = points < p->points ? points : p->points;
            sum_up(m, &c[i].result);
        }
    }
}

int match_choose(const struct match_rule *m, const struct match_side *claimant, struct match_candidate *c, size_t n)
{
    int best = MATCH_NOBODY;

    for (size_t i = 0; i < n; i++)
        match_judge(m, claimant, c[i].side, &c[i].result);
    share_out(m, c, n);
    for (size_t i = 0; i < n; i++) {
        hold_against(m, c, n, i);
        if (c[i].result.band == MATCH_LINK && (best == MATCH_NOBODY || c[i].result.points > c[best].result.points))
            best = (int)i;
    }
    return best;
}
