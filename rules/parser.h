/* parser.h - what the statements of the language share: one token of look-ahead,
 * names, durations, and going on after a fault. Inside of rules/ only. */
#ifndef RULES_PARSER_H
#define RULES_PARSER_H

#include "rules/holiday_file.h"
#include "rules/lexer.h"
#include "rules/tree.h"

struct parser {
    struct lexer lexer;
    struct token now;
    int last_line; /* of the token before it */
    struct rules *rules;
    struct tree_file *file;
    struct faults *faults; /* of that file */
    const struct rules_sources *from;
};

/* A word that may stand inside { }, and what reads it and what follows it. */
struct parser_property {
    const char *word;
    /* Stands on the word and must move on; false: a fault was added. */
    bool (*read)(struct parser *p, void *into, size_t which);
    bool again;   /* may stand there more than once */
    bool goes_on; /* "-…" may follow in the same word: mon-fri */
};

void parser_next(struct parser *p);
/* The statement is over: what is now begins the next one. */
bool parser_ended(const struct parser *p);
bool parser_is(const struct parser *p, const char *word);
bool parser_is_mark(const struct parser *p, const char *mark);
/* The same, and moves on where it is so. */
bool parser_take(struct parser *p, const char *word);
bool parser_take_mark(struct parser *p, const char *mark);

/* A fault on the line of the token that is now; of the one before, where the statement is over. */
void parser_fault(struct parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "expected WHAT, not what is there". Always false. */
bool parser_expected(struct parser *p, const char *what);
/* Nothing more stands in the statement; else a fault. */
bool parser_end(struct parser *p);
void parser_skip_statement(struct parser *p);
/* The file is the pack of an incident. */
bool parser_in_pack(const struct parser *p);

/* [a-z][a-z0-9-]{0,31}; what: "the name of a queue". Borrows the text. */
bool parser_name(struct parser *p, const char *what, struct str *out);
/* "90s", "30m", "1h", "1h30m", to ms. */
bool parser_duration(struct parser *p, int64_t *out_ms);
/* 0..RULES_PRIORITY_MAX */
bool parser_priority(struct parser *p, int *out);

/* One of a few words, and moves on; kind: "clock"; known: all of them, for a person. */
bool parser_one_of(struct parser *p, const char *const *words, size_t n, const char *kind, const char *known,
                   size_t *out);

/* { property … }. After a fault goes on at the next property. what and name are for
 * messages: queue "restore". At most 64 properties. */
void parser_block(struct parser *p, const char *what, struct str name, const struct parser_property *table, size_t n,
                  void *into);

/* first-reply, update or restore; moves on. */
bool parser_clock(struct parser *p, enum sla_clock *out);
/* agent, lead or manager; moves on. */
bool parser_role(struct parser *p, enum sla_role *out);
/* On the name of a holiday file: reads it and moves on. The days live in the arena of the rules. */
bool parser_holiday_file(struct parser *p, struct holiday_file *out);

/* Text of a value in messages: at most 64 bytes of s, for "%.*s". */
#define SHOWN(s) (int)((s).len < 64 ? (s).len : 64), (s).at == NULL ? "" : (s).at

/* Statements; p stands behind their first word, which was on `line`. */
void parse_class(struct parser *p, int line);
void parse_calendar(struct parser *p, int line);
void parse_queue(struct parser *p, int line);
void parse_route(struct parser *p, int line);
void parse_expect(struct parser *p, int line);
void parse_match(struct parser *p, int line);
void parse_pack(struct parser *p, int line);
void parse_expect_clock(struct parser *p, int line); /* stands behind "expect clock" */
void parse_expect_match(struct parser *p, int line); /* stands behind "expect match" */
/* Reads match_rules_shipped for the statements that the file does not have. */
void parse_match_shipped(struct rules *r, struct faults *f);

#endif
