#include "rules/check.h"

#include "rules/parser.h"

static const struct match_rule *rule_of(const struct rules *r, const struct match_example *e)
{
    const struct match_rule *m = r->match;

    for (size_t i = 0; i < r->matches; i++)
        if (str_is(e->rule, m[i].name))
            return &m[i];
    return NULL;
}

static void unknown_rule(const struct rules *r, const struct match_example *e, struct faults *f)
{
    const char *names[RULES_MATCHES_MAX];

    for (size_t i = 0; i < r->matches; i++)
        names[i] = r->match[i].name;
    faults_add(f, e->line, "no match is called \"%.*s\"%s", SHOWN(e->rule), faults_hint(e->rule, names, r->matches).at);
}

static void unknown_row(const struct match_rule *m, const struct match_example_part *part, struct faults *f)
{
    const char *names[MATCH_ROWS];
    size_t n = 0;

    for (size_t i = 0; i < MATCH_ROWS; i++)
        if (m->row[i].name != NULL)
            names[n++] = m->row[i].name;
    faults_add(f, part->line, "match \"%s\" has no row \"%.*s\"%s", m->name, SHOWN(part->row),
               faults_hint(part->row, names, n).at);
}

static void check_part(const struct match_rule *m, const struct match_example_part *part, struct faults *f)
{
    size_t row = match_row_named(m, part->row);

    if (row == MATCH_ROWS)
        unknown_row(m, part, f);
    else if (!match_row_has(row, part->outcome))
        faults_add(f, part->line, "%s has no \"%s\"", m->row[row].name, match_outcome_word(part->outcome));
}

void check_match_names(const struct rules *r, struct faults *f)
{
    for (size_t i = 0; i < r->match_examples; i++) {
        const struct match_example *e = &r->match_example[i];
        const struct match_rule *m = rule_of(r, e);

        if (m == NULL) {
            unknown_rule(r, e, f);
            continue;
        }
        for (size_t k = 0; k < e->parts; k++)
            check_part(m, &e->part[k], f);
    }
}

void check_match_examples(const struct rules *r, struct faults *f)
{
    for (size_t i = 0; i < r->match_examples; i++) {
        const struct match_example *e = &r->match_example[i];
        const struct match_rule *m = rule_of(r, e);
        bool may_link = false, never = false;
        int points = 0;

        for (size_t k = 0; k < e->parts; k++) {
            size_t at = match_row_named(m, e->part[k].row);

            points += m->row[at].points[e->part[k].outcome];
            may_link = may_link || match_row_identifies(m, at, e->part[k].outcome);
            never = never || (m->row[at].never && e->part[k].outcome == MATCH_DIFFERS);
        }

        enum match_band band = match_band_of(m, points);

        if ((never || !may_link) && band == MATCH_LINK)
            band = MATCH_REVIEW;
        if (band != e->band)
            faults_add(f, e->line, "this example comes to %d points by line %d, which is %s, not %s", points, m->line,
                       match_band_name(band), match_band_name(e->band));
    }
}
