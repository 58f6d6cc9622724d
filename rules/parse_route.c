/* route when CONDITION, … to QUEUE priority N      route otherwise to QUEUE
 * expect FACT, … queue QUEUE priority N      expect clock …: parse_clock.c      expect match …: parse_match.c */
#include "rules/parser.h"

#include "rules/base/arena.h"

#include <inttypes.h>
#include <string.h>

static void unknown_fact(struct parser *p)
{
    const char *names[FACTS];

    for (int i = 0; i < FACTS; i++)
        names[i] = fact_table[i].name;
    parser_fault(p, "unknown fact \"%.*s\"%s", SHOWN(p->now.text), faults_hint(p->now.text, names, FACTS).at);
}

static bool unknown_word(struct parser *p, enum fact which)
{
    const struct fact_kind_of *k = &fact_table[which];

    parser_fault(p, "%s is never \"%.*s\"%s", k->name, SHOWN(p->now.text),
                 faults_hint(p->now.text, k->words, (size_t)k->max + 1).at);
    return false;
}

/* What may stand behind a fact that is meant as "yes". */
static bool fact_is_over(const struct parser *p)
{
    return parser_ended(p) || p->now.kind == TOKEN_MARK || parser_is(p, "and") || parser_is(p, "to") ||
           parser_is(p, "queue");
}

static bool read_word(struct parser *p, struct condition *c)
{
    const struct fact_kind_of *k = &fact_table[c->fact];

    bool yes_no = k->kind == FACT_YES_NO || k->kind == FACT_OF_INCIDENTS;

    if (yes_no && fact_is_over(p)) {
        c->low = 1;
    } else {
        if (fact_is_over(p)) {
            parser_fault(p, "%s needs a word: such as %s", k->name, k->words[0]);
            return false;
        }
        c->low = fact_word(c->fact, p->now.text);
        if (c->low < 0)
            return unknown_word(p, c->fact);
        parser_next(p);
    }
    c->high = c->low;
    c->incidents = p->file->incidents;
    c->text = arena_printf(p->rules->arena, "%s %s", k->name, k->words[c->low]);
    return true;
}

static bool read_number(struct parser *p, struct condition *c)
{
    static const char *const marks[] = {"<=", "<", ">=", ">", "="};
    const struct fact_kind_of *k = &fact_table[c->fact];
    const char *mark = "=";
    int64_t n;

    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (parser_take_mark(p, marks[i])) {
            mark = marks[i];
            break;
        }
    if (parser_ended(p) || p->now.kind != TOKEN_WORD || !str_number(p->now.text, &n)) {
        parser_fault(p, "%s needs a whole number, such as %s >= 3", k->name, k->name);
        return false;
    }
    c->low = *mark == '<' ? 0 : n + (*mark == '>' && mark[1] == '\0');
    c->high = *mark == '>' ? k->max : n - (*mark == '<' && mark[1] == '\0');
    c->text =
        arena_printf(p->rules->arena, "%s %s%s%" PRId64, k->name, *mark == '=' ? "" : mark, *mark == '=' ? "" : " ", n);
    if (c->low > k->max || c->high < 0) {
        parser_fault(p, "%s can never hold: %s is 0 to %" PRId64, c->text, k->name, k->max);
        return false;
    }
    parser_next(p);
    return true;
}

static bool read_text(struct parser *p, struct condition *c)
{
    const struct fact_kind_of *k = &fact_table[c->fact];

    if (fact_is_over(p)) {
        parser_fault(p, "%s needs a word%s", k->name, k->kind == FACT_LANGUAGE_TAG ? " such as zh-TW" : "");
        return false;
    }
    if (p->now.text.len == 0 || p->now.text.len > FACT_TEXT_MAX) {
        parser_fault(p, "%s has 1 to %d bytes", k->name, FACT_TEXT_MAX);
        return false;
    }
    c->word = (struct str){str_copy(p->rules->arena, p->now.text), p->now.text.len};
    c->text = arena_printf(p->rules->arena, p->now.kind == TOKEN_STRING ? "%s \"%s\"" : "%s %s", k->name, c->word.at);
    parser_next(p);
    return true;
}

/* heat >= 3 in 6h */
static bool read_within(struct parser *p, struct condition *c)
{
    const struct fact_kind_of *k = &fact_table[c->fact];
    struct str duration;

    (void)parser_take_mark(p, ">=");
    if (parser_ended(p) || p->now.kind != TOKEN_WORD || !str_number(p->now.text, &c->low)) {
        parser_fault(p, "%s needs a number of channels and a time, such as %s >= 3 in 6h", k->name, k->name);
        return false;
    }
    if (c->low < 2 || c->low > k->max) {
        parser_fault(p, "%s is asked for 2 to %" PRId64 " channels", k->name, k->max);
        return false;
    }
    parser_next(p);
    if (!parser_take(p, "in"))
        return parser_expected(p, "in and a time such as 6h");
    duration = p->now.text;
    if (!parser_duration(p, &c->within_ms))
        return false;
    c->text = arena_printf(p->rules->arena, "%s >= %" PRId64 " in %.*s", k->name, c->low, SHOWN(duration));
    return true;
}

static bool read_condition(struct parser *p, struct condition *c)
{
    if (parser_ended(p) || p->now.kind != TOKEN_WORD)
        return parser_expected(p, "a fact such as channel or impact");
    *c = (struct condition){.fact = fact_named(p->now.text)};
    if (c->fact == FACTS) {
        unknown_fact(p);
        return false;
    }
    parser_next(p);
    switch (fact_table[c->fact].kind) {
    case FACT_NUMBER:
        return read_number(p, c);
    case FACT_TEXT:
    case FACT_LANGUAGE_TAG:
        return read_text(p, c);
    case FACT_WITHIN:
        return read_within(p, c);
    case FACT_WORD:
    case FACT_YES_NO:
    case FACT_OF_INCIDENTS:
        break;
    }
    return read_word(p, c);
}

/* CONDITION { ("," | "and") CONDITION } */
static bool read_conditions(struct parser *p, struct condition *list, size_t *n)
{
    *n = 0;
    do {
        if (*n == RULES_CONDITIONS_MAX) {
            parser_fault(p, "more than %d conditions", RULES_CONDITIONS_MAX);
            return false;
        }
        if (!read_condition(p, &list[*n]))
            return false;
        ++*n;
    } while (parser_take_mark(p, ",") || parser_take(p, "and"));
    return true;
}

static void say_route(struct rules *r, struct tree_route *t)
{
    struct buf b = {0};

    buf_text(&b, t->n == 0 ? "route otherwise" : "route when ");
    for (size_t i = 0; i < t->n; i++)
        buf_printf(&b, "%s%s", i == 0 ? "" : ", ", t->when[i].text);
    buf_printf(&b, " to %.*s priority %d", SHOWN(t->to.name), t->priority);
    t->text = str_copy(r->arena, buf_view(&b));
    buf_free(&b);
}

static bool read_route(struct parser *p, struct tree_route *t)
{
    if (parser_in_pack(p) && parser_is(p, "otherwise")) {
        parser_fault(p, "a pack takes what is of its incident and leaves the rest: write route when affected, or when "
                        "incident");
        return false;
    }
    if (!parser_take(p, "otherwise")) {
        if (!parser_take(p, "when"))
            return parser_expected(p, "when or otherwise");

        struct condition list[RULES_CONDITIONS_MAX];

        if (!read_conditions(p, list, &t->n))
            return false;
        t->when = memcpy(arena_array(p->rules->arena, struct condition, t->n), list, t->n * sizeof list[0]);

        size_t bad = condition_clash(t->when, t->n);

        if (bad < t->n) {
            faults_add(p->faults, t->line, "can never hold: %s contradicts what stands before it", t->when[bad].text);
            return false;
        }
    }
    if (!parser_take(p, "to"))
        return parser_expected(p, t->n == 0 ? "to and a queue" : "a comma and a condition, or to and a queue");
    t->to.line = p->now.line;
    if (!parser_name(p, "the name of a queue", &t->to.name))
        return false;
    if (parser_take(p, "priority") && !parser_priority(p, &t->priority))
        return false;
    return parser_end(p);
}

void parse_route(struct parser *p, int line)
{
    struct rules *r = p->rules;
    struct tree_route t = {.file = p->file, .line = line};

    if (p->file->routes.to - p->file->routes.from == RULES_ROUTES_MAX)
        faults_add(p->faults, line, "more than %d routes", RULES_ROUTES_MAX);
    else if (read_route(p, &t)) {
        say_route(r, &t);
        r->route[r->routes++] = t;
        p->file->routes.to = r->routes;
    }
    parser_skip_statement(p);
}

/* An example states values: what is not stated has its default. */
static bool state_facts(struct parser *p, struct facts *f, const struct condition *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct condition *c = &list[i];

        for (size_t j = 0; j < i; j++)
            if (list[j].fact == c->fact) {
                parser_fault(p, "%s is stated twice", fact_table[c->fact].name);
                return false;
            }
        if (c->word.len > 0) {
            facts_set_text(f, c->fact, c->word);
        } else if (fact_table[c->fact].kind == FACT_OF_INCIDENTS) {
            facts_set_incidents(f, c->fact, c->low == 1 ? c->incidents : 0);
        } else if (c->within_ms > 0) {
            for (int64_t k = 1; k < c->low; k++)
                f->heat_ms[k] = c->within_ms;
        } else if (c->low == c->high) {
            facts_set_number(f, c->fact, c->low);
        } else {
            parser_fault(p, "an example states one value, such as %s %" PRId64, fact_table[c->fact].name, c->low);
            return false;
        }
    }
    return true;
}

static bool read_expect(struct parser *p, struct tree_example *e)
{
    struct condition list[RULES_CONDITIONS_MAX];
    size_t n = 0;

    if (!parser_is(p, "queue") && (!read_conditions(p, list, &n) || !state_facts(p, &e->facts, list, n)))
        return false;
    if (!parser_take(p, "queue"))
        return parser_expected(p, "queue and its name");
    e->to.line = p->now.line;
    if (!parser_name(p, "the name of a queue", &e->to.name))
        return false;
    if (parser_take(p, "priority") && !parser_priority(p, &e->priority))
        return false;
    return parser_end(p);
}

void parse_expect(struct parser *p, int line)
{
    struct rules *r = p->rules;
    struct tree_example e = {.file = p->file, .line = line, .facts = facts_default(), .priority = -1};

    if (parser_take(p, "clock")) {
        parse_expect_clock(p, line);
        return;
    }
    if (parser_is(p, "match") && parser_in_pack(p)) {
        parser_fault(p, "a pack has no match: write its examples in the rules that it lies over");
        parser_skip_statement(p);
        return;
    }
    if (parser_take(p, "match")) {
        parse_expect_match(p, line);
        return;
    }
    if (p->file->examples.to - p->file->examples.from == RULES_EXAMPLES_MAX)
        faults_add(p->faults, line, "more than %d examples", RULES_EXAMPLES_MAX);
    else if (read_expect(p, &e)) {
        r->example[r->examples++] = e;
        p->file->examples.to = r->examples;
    }
    parser_skip_statement(p);
}
