#include "rules/language.h"

#include "rules/parser.h"

static const struct {
    const char *word;
    void (*read)(struct parser *p, int line);
} statements[] = {
    {"class", parse_class}, {"calendar", parse_calendar}, {"queue", parse_queue},
    {"route", parse_route}, {"match", parse_match},       {"expect", parse_expect},
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

static void statement(struct parser *p)
{
    int line = p->now.line;

    for (size_t i = 0; i < STATEMENTS; i++)
        if (p->now.kind == TOKEN_WORD && str_is(p->now.text, statements[i].word)) {
            parser_next(p);
            statements[i].read(p, line);
            return;
        }
    unknown_statement(p);
}

void language_parse(struct rules *r, struct str text, const struct rules_sources *from, struct faults *faults)
{
    struct parser p = {.lexer = lexer_begin(text, faults), .rules = r, .faults = faults, .from = from};

    parser_next(&p);
    while (p.now.kind != TOKEN_END)
        statement(&p);
}
