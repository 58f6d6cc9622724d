#include "rules/language.h"

#include "rules/parser.h"

static const struct {
    const char *word;
    void (*read)(struct parser *p, int line);
    bool in_pack, in_rules;
} statements[] = {
    {"class", parse_class, .in_rules = true},
    {"calendar", parse_calendar, .in_pack = true, .in_rules = true},
    {"queue", parse_queue, .in_pack = true, .in_rules = true},
    {"route", parse_route, .in_pack = true, .in_rules = true},
    {"match", parse_match, .in_rules = true},
    {"expect", parse_expect, .in_pack = true, .in_rules = true},
    {"pack", parse_pack, .in_pack = true},
};

enum { STATEMENTS = sizeof statements / sizeof statements[0] };

static void unknown_statement(struct parser *p)
{
    const char *words[STATEMENTS];

    for (size_t i = 0; i < STATEMENTS; i++)
        words[i] = statements[i].word;
    faults_add(p->faults, p->now.line, "a statement cannot begin with \"%.*s\"%s", SHOWN(p->now.text),
               faults_hint(p->now.text, words, STATEMENTS).at);
    parser_next(p);
    parser_skip_statement(p);
}

/* What is true of the whole vendor stands in the rules; what is of one incident, in its pack. */
static void misplaced_statement(struct parser *p, int line, const char *word)
{
    if (parser_in_pack(p))
        faults_add(p->faults, line, "a pack has no %s: write it in the rules that it lies over", word);
    else
        faults_add(p->faults, line, "a %s stands in a file of its own: incident declare lays it over these rules",
                   word);
    parser_skip_statement(p);
}

static void statement(struct parser *p)
{
    int line = p->now.line;

    for (size_t i = 0; i < STATEMENTS; i++)
        if (p->now.kind == TOKEN_WORD && str_is(p->now.text, statements[i].word)) {
            parser_next(p);
            if (parser_in_pack(p) ? statements[i].in_pack : statements[i].in_rules)
                statements[i].read(p, line);
            else
                misplaced_statement(p, line, statements[i].word);
            return;
        }
    unknown_statement(p);
}

static struct tree_range begins(size_t at)
{
    return (struct tree_range){at, at};
}

void language_parse(struct rules *r, struct tree_file *file, struct str text, const struct rules_sources *from)
{
    struct parser p = {
        .lexer = lexer_begin(text, file->faults), .rules = r, .file = file, .faults = file->faults, .from = from};

    file->queues = begins(r->queues);
    file->calendars = begins(r->calendars);
    file->routes = begins(r->routes);
    file->examples = begins(r->examples);
    file->clock_examples = begins(r->clock_examples);
    parser_next(&p);
    while (p.now.kind != TOKEN_END)
        statement(&p);
}
