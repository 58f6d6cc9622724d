/* match NAME { link 75  review 40  ahead 20  email strong same 90 role 50 close 42 differs -3
 *              site differs never  field street as words same 30 … }
 * expect match NAME email same, site differs  review */
#include "rules/parser.h"

#include "rules/base/arena.h"

#include <string.h>

static const char *const form_words[MATCH_FORMS] = {
    [MATCH_FORM_NAME] = "name", [MATCH_FORM_WORDS] = "words", [MATCH_FORM_CODE] = "code", [MATCH_FORM_DATE] = "date"};

/* "+5", "5", "-5" */
static bool read_points(struct parser *p, int *out)
{
    struct str s = p->now.text;
    int64_t n;

    if (parser_ended(p) || p->now.kind != TOKEN_WORD)
        return parser_expected(p, "points such as 40 or -15");

    bool minus = s.len > 0 && s.at[0] == '-';

    if (minus || (s.len > 0 && s.at[0] == '+'))
        s.at++, s.len--;
    if (!str_number(s, &n) || n > MATCH_POINTS_MAX) {
        parser_fault(p, "\"%.*s\" are no points: write -%d to %d", SHOWN(p->now.text), MATCH_POINTS_MAX,
                     MATCH_POINTS_MAX);
        return false;
    }
    parser_next(p);
    *out = minus ? -(int)n : (int)n;
    return true;
}

static enum match_outcome outcome_here(const struct parser *p)
{
    int o = MATCH_OUTCOMES - 1;

    while (o > MATCH_ABSENT && !parser_is(p, match_outcome_word((enum match_outcome)o)))
        o--;
    return (enum match_outcome)o;
}

static bool read_outcome(struct parser *p, struct match_rule *m, size_t row, enum match_outcome o, unsigned *seen)
{
    struct match_row *r = &m->row[row];

    if (!match_row_has(row, o)) {
        parser_fault(p, "%s has no \"%s\"", r->name, match_outcome_word(o));
        return false;
    }
    if ((*seen >> o & 1) != 0) {
        parser_fault(p, "%s has \"%s\" twice", r->name, match_outcome_word(o));
        return false;
    }
    *seen |= 1u << o;
    parser_next(p);
    if (o == MATCH_DIFFERS && parser_take(p, "never")) {
        r->never = true;
        return true;
    }
    return read_points(p, &r->points[o]);
}

/* What is the same in a weaker way counts like the same where the row does not say otherwise. */
static void complete_row(struct match_row *r, unsigned seen)
{
    for (int o = MATCH_SHORT; o < MATCH_SAME; o++)
        if ((seen >> o & 1) == 0)
            r->points[o] = r->points[MATCH_SAME];
}

static bool order_is_right(struct parser *p, const struct match_row *r)
{
    for (int o = MATCH_UNKNOWN; o < MATCH_SAME; o++)
        if (r->points[o] > r->points[MATCH_SAME]) {
            parser_fault(p, "%s: \"%s\" counts more than \"same\"", r->name, match_outcome_word((enum match_outcome)o));
            return false;
        }
    return true;
}

/* { "strong" | outcome POINTS }, up to the next property. */
static bool read_row(struct parser *p, struct match_rule *m, size_t row)
{
    struct match_row *r = &m->row[row];
    unsigned seen = 0;
    enum match_outcome o;

    for (;;) {
        if (parser_take(p, "strong")) {
            r->strong = true;
            continue;
        }
        o = outcome_here(p);
        if (o == MATCH_ABSENT)
            break;
        if (!read_outcome(p, m, row, o, &seen))
            return false;
    }
    if ((seen >> MATCH_SAME & 1) == 0)
        return parser_expected(p, "same and its points");
    complete_row(r, seen);
    return order_is_right(p, r);
}

static bool read_kind(struct parser *p, void *into, size_t which)
{
    struct match_rule *m = into;
    size_t row = which == MATCH_FIELD ? MATCH_ROW_MAILBOX : which;

    m->row[row].line = p->now.line;
    parser_next(p);
    return read_row(p, m, row);
}

static bool read_form(struct parser *p, enum match_form *out)
{
    for (int i = 0; i < MATCH_FORMS; i++)
        if (parser_take(p, form_words[i])) {
            *out = (enum match_form)i;
            return true;
        }
    return parser_expected(p, "name, words, code or date");
}

/* field NAME as FORM … */
static bool read_field(struct parser *p, void *into, size_t which)
{
    struct match_rule *m = into;
    struct match_row *r = &m->row[MATCH_FIELD + m->fields];
    struct str name;

    (void)which;
    if (m->fields == MATCH_FIELDS_MAX) {
        parser_fault(p, "more than %d fields", MATCH_FIELDS_MAX);
        return false;
    }
    r->line = p->now.line;
    parser_next(p);
    if (!parser_name(p, "the name of a field", &name))
        return false;
    if (match_row_named(m, name) < MATCH_ROWS) {
        parser_fault(p, "\"%.*s\" is there already", SHOWN(name));
        return false;
    }
    r->name = r->words = str_copy(p->rules->arena, name);
    m->fields++;
    if (!parser_take(p, "as"))
        return parser_expected(p, "as and name, words, code or date");
    return read_form(p, &r->form) && read_row(p, m, MATCH_FIELD + m->fields - 1);
}

static bool read_bound(struct parser *p, int *out)
{
    parser_next(p);
    if (!read_points(p, out))
        return false;
    if (*out < 0 || *out > MATCH_SCORE_MAX) {
        parser_fault(p, "%d is no score: write 0 to %d", *out, MATCH_SCORE_MAX);
        return false;
    }
    return true;
}

static bool read_link(struct parser *p, void *into, size_t which)
{
    (void)which;
    return read_bound(p, &((struct match_rule *)into)->link);
}

static bool read_review(struct parser *p, void *into, size_t which)
{
    (void)which;
    return read_bound(p, &((struct match_rule *)into)->review);
}

static bool read_ahead(struct parser *p, void *into, size_t which)
{
    (void)which;
    return read_bound(p, &((struct match_rule *)into)->ahead);
}

static const struct parser_property properties[] = {
    [MATCH_EMAIL] = {"email", read_kind, .again = false},
    [MATCH_PHONE] = {"phone", read_kind, .again = false},
    [MATCH_HANDLE] = {"handle", read_kind, .again = false},
    [MATCH_SITE] = {"site", read_kind, .again = false},
    [MATCH_INVOICE] = {"invoice", read_kind, .again = false},
    [MATCH_DOMAIN] = {"domain", read_kind, .again = false},
    [MATCH_ORGANISATION] = {"organisation", read_kind, .again = false},
    [MATCH_PERSON] = {"person", read_kind, .again = false},
    [MATCH_FIELD] = {"mailbox", read_kind, .again = false},
    {"field", read_field, .again = true},
    {"link", read_link, .again = false},
    {"review", read_review, .again = false},
    {"ahead", read_ahead, .again = false},
};

static struct match_rule *named(const struct rules *r, struct str name)
{
    for (size_t i = 0; i < r->matches; i++)
        if (str_is(name, r->match[i].name))
            return &r->match[i];
    return NULL;
}

static void complete(struct parser *p, const struct match_rule *m)
{
    if (m->link == 0 || m->review == 0)
        faults_add(p->faults, m->line, "match \"%s\" needs link and review, from 1 to %d", m->name, MATCH_SCORE_MAX);
    else if (m->review > m->link)
        faults_add(p->faults, m->line, "match \"%s\": review must not be above link", m->name);
}

void parse_match(struct parser *p, int line)
{
    struct rules *r = p->rules;
    struct str name;

    if (!parser_name(p, "the name of a match", &name)) {
        parser_skip_statement(p);
        return;
    }
    if (r->matches == RULES_MATCHES_MAX) {
        faults_add(p->faults, line, "more than %d matches", RULES_MATCHES_MAX);
        parser_skip_statement(p);
        return;
    }

    const struct match_rule *twin = named(r, name);

    if (twin != NULL)
        faults_add(p->faults, line, "match \"%s\" is defined twice, first on line %d", twin->name, twin->line);

    struct match_rule *m = &r->match[r->matches++];
    size_t before = p->faults->n;

    match_rule_begin(m, str_copy(r->arena, name), line);
    m->file = tree_base(r)->name;
    m->version = r->version;
    parser_block(p, "match", name, properties, sizeof properties / sizeof properties[0], m);
    if (p->faults->n == before)
        complete(p, m);
}

void parse_match_shipped(struct rules *r, struct faults *f)
{
    struct rules own = *r;
    struct parser p = {.lexer = lexer_begin(str_of(match_rules_shipped), f), .rules = &own, .faults = f};

    own.matches = 0;
    own.match = arena_array(r->arena, struct match_rule, RULES_MATCHES_MAX);
    for (parser_next(&p); p.now.kind != TOKEN_END;) {
        parser_next(&p);
        parse_match(&p, 0);
    }
    for (size_t i = 0; i < own.matches && r->matches < RULES_MATCHES_MAX; i++)
        if (named(r, str_of(own.match[i].name)) == NULL) {
            own.match[i].version = r->version;
            r->match[r->matches++] = own.match[i];
        }
}

const struct match_rule *rules_match(const struct rules *r, const char *name)
{
    return named(r, str_of(name));
}

/* ---- examples ---- */

static bool read_part(struct parser *p, struct match_example_part *part)
{
    part->line = p->now.line;
    if (!parser_name(p, "a row such as email", &part->row))
        return false;
    part->outcome = outcome_here(p);
    if (part->outcome == MATCH_ABSENT)
        return parser_expected(p, "same, role, shared, short, close, differs or unknown");
    parser_next(p);
    return true;
}

static bool read_band(struct parser *p, enum match_band *out)
{
    for (int b = MATCH_APART; b <= MATCH_LINK; b++)
        if (parser_take(p, match_band_name((enum match_band)b))) {
            *out = (enum match_band)b;
            return true;
        }
    return parser_expected(p, "a comma and a row, or link, review or apart");
}

static bool read_example(struct parser *p, struct match_example *e)
{
    struct match_example_part list[MATCH_ROWS];

    if (!parser_name(p, "the name of a match", &e->rule))
        return false;
    do {
        if (e->parts == MATCH_ROWS) {
            parser_fault(p, "more than %d rows", MATCH_ROWS);
            return false;
        }
        if (!read_part(p, &list[e->parts]))
            return false;
        e->parts++;
    } while (parser_take_mark(p, ",") || parser_take(p, "and"));
    e->part =
        memcpy(arena_array(p->rules->arena, struct match_example_part, e->parts), list, e->parts * sizeof list[0]);
    return read_band(p, &e->band) && parser_end(p);
}

void parse_expect_match(struct parser *p, int line)
{
    struct rules *r = p->rules;
    struct match_example e = {.line = line};

    if (r->match_examples == RULES_EXAMPLES_MAX)
        faults_add(p->faults, line, "more than %d examples", RULES_EXAMPLES_MAX);
    else if (read_example(p, &e))
        r->match_example[r->match_examples++] = e;
    parser_skip_statement(p);
}
