/* match_rule.h - a `match` statement as it stands in memory. Inside of rules/ only: others use match.h. */
#ifndef RULES_MATCH_RULE_H
#define RULES_MATCH_RULE_H

#include "rules/match.h"

enum {
    MATCH_ROW_MAILBOX = MATCH_KINDS, /* a row for each kind, and one more for confirmed mailboxes */
    MATCH_ROWS,
    MATCH_POINTS_MAX = 200,
};

/* How the values of a field are compared that a statement names itself. */
enum match_form {
    MATCH_FORM_NAME,  /* words in any order, initials, look-alikes fold */
    MATCH_FORM_WORDS, /* the share of words that both have */
    MATCH_FORM_CODE,  /* letters and digits as they stand */
    MATCH_FORM_DATE,  /* eight digits: year, month, day */
    MATCH_FORMS
};

struct match_row {
    const char *name, *words; /* as in the statement; for reasons */
    int line;                 /* 0: not stated, counts nothing */
    enum match_form form;     /* of a field */
    bool strong;              /* H4: the same with another candidate keeps this one from linking */
    bool never;               /* H4: where it differs, nothing links */
    int points[MATCH_OUTCOMES];
};

struct match_rule {
    const char *name, *file, *version;
    int line;
    int link, review, ahead; /* points; link is 0 until it is read */
    size_t fields;
    struct match_row row[MATCH_ROWS];
};

/* An example beside a statement: what its rows come to, and the band that follows. */
struct match_example_part {
    int line;
    struct str row;
    enum match_outcome outcome;
};

struct match_example {
    int line;
    struct str rule;
    size_t parts;
    const struct match_example_part *part;
    enum match_band band;
};

/* "same", "role", "shared", "short", "close", "differs", "unknown"; NULL for MATCH_ABSENT. */
const char *match_outcome_word(enum match_outcome outcome);
/* The row of that name, MATCH_ROWS where there is none. */
size_t match_row_named(const struct match_rule *m, struct str name);
/* Outcomes that a row may come to. */
bool match_row_has(size_t row, enum match_outcome outcome);
/* Names and words; all other rows are identifiers. */
bool match_row_is_name(const struct match_rule *m, size_t row);
/* H5: an identifier of one customer alone is the same; not a name, nor nearly. */
bool match_row_identifies(const struct match_rule *m, size_t row, enum match_outcome outcome);
/* A rule without points. */
void match_rule_begin(struct match_rule *m, const char *name, int line);
/* The statements that stand in where a file has none of their name: those of default.rules. */
extern const char match_rules_shipped[];
enum match_band match_band_of(const struct match_rule *m, int points);

#endif
