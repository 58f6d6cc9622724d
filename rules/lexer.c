#include "rules/lexer.h"

#include <string.h>

struct lexer lexer_begin(struct str text, struct faults *faults)
{
    if (str_starts(text, "\xEF\xBB\xBF")) {
        text.at += 3;
        text.len -= 3;
    }
    return (struct lexer){.left = text, .line_at = text.at, .line = 1, .faults = faults};
}

static void skip(struct lexer *x, size_t n)
{
    x->left.at += n;
    x->left.len -= n;
}

static void skip_line(struct lexer *x)
{
    const char *end = memchr(x->left.at, '\n', x->left.len);

    skip(x, end == NULL ? x->left.len : (size_t)(end - x->left.at));
}

static void skip_blank(struct lexer *x)
{
    while (x->left.len > 0) {
        char c = x->left.at[0];

        if (c == '#') {
            skip_line(x);
        } else if (c == '\n') {
            skip(x, 1);
            x->line++;
            x->line_at = x->left.at;
        } else if (c == ' ' || c == '\t' || c == '\r') {
            skip(x, 1);
        } else {
            return;
        }
    }
}

static bool in_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == ':' || c == '/' || c == '+' || c == '.';
}

static size_t word_bytes(struct str s)
{
    size_t n = 0;

    while (n < s.len && in_word(s.at[n]))
        n++;
    return n;
}

static struct token token(struct lexer *x, enum token_kind kind, size_t bytes)
{
    struct token t = {kind, {x->left.at, bytes}, x->line, x->left.at == x->line_at};

    skip(x, bytes);
    return t;
}

/* x stands on the quote. */
static struct token string(struct lexer *x)
{
    struct str s = x->left;
    size_t n = 1;

    while (n < s.len && s.at[n] != '"' && s.at[n] != '\n')
        n++;

    bool closed = n < s.len && s.at[n] == '"';
    struct token t = token(x, TOKEN_STRING, n + closed);

    t.text = (struct str){t.text.at + 1, n - 1};
    if (!closed)
        faults_add(x->faults, t.line, "a text is not closed: put \" at its end, on the same line");
    else if (!text_utf8_valid(t.text))
        faults_add(x->faults, t.line, "a text is not valid UTF-8");
    return t;
}

static size_t mark_bytes(struct str s)
{
    if (strchr("{},=<>", s.at[0]) == NULL || s.at[0] == '\0')
        return 0;
    return s.len > 1 && (s.at[0] == '<' || s.at[0] == '>') && s.at[1] == '=' ? 2 : 1;
}

static void stray(struct lexer *x)
{
    unsigned char c = (unsigned char)x->left.at[0];
    size_t n = 1;

    if (c > ' ' && c < 0x7F)
        faults_add(x->faults, x->line, "unexpected character %c", c);
    else
        faults_add(x->faults, x->line, "unexpected byte 0x%02X: outside of texts only ASCII is used", c);
    /* One fault for a run of them. */
    while (n < x->left.len && ((unsigned char)x->left.at[n] >= 0x80 || x->left.at[n] == (char)c))
        n++;
    skip(x, n);
}

struct token lexer_next(struct lexer *x)
{
    for (;;) {
        skip_blank(x);
        if (x->left.len == 0)
            return (struct token){.kind = TOKEN_END, .line = x->line, .begins = true};

        size_t n = word_bytes(x->left);

        if (n > 0)
            return token(x, TOKEN_WORD, n);
        if (x->left.at[0] == '"')
            return string(x);
        n = mark_bytes(x->left);
        if (n > 0)
            return token(x, TOKEN_MARK, n);
        stray(x);
    }
}
