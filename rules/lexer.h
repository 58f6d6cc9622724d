/* lexer.h - the words of a rules file.
 *
 * X1  a statement begins at the start of a line; a line that begins with white
 *     space continues the one before. So a mistake in one statement never eats
 *     the next;
 * X2  a token borrows the text; a string has no escapes and no line end in it. */
#ifndef RULES_LEXER_H
#define RULES_LEXER_H

#include "rules/faults.h"

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_STRING, TOKEN_MARK };

struct token {
    enum token_kind kind;
    struct str text; /* of a string: what is between the quotes; of a mark: { } , = < <= > >= */
    int line;
    bool begins; /* stands at the start of its line */
};

struct lexer {
    struct str left;
    const char *line_at;
    int line;
    struct faults *faults;
};

struct lexer lexer_begin(struct str text, struct faults *faults);
/* What is no token is a fault and is skipped. */
struct token lexer_next(struct lexer *x);

#endif
