#include "rules/parser.h"

#include "rules/base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    MESSAGE_BYTES = 256,
    DURATION_HOURS_MAX = 8784, /* a leap year */
    PROPERTIES_MAX = 64,       /* bits of `seen` */
};

void parser_next(struct parser *p)
{
    p->last_line = p->now.line;
    p->now = lexer_next(&p->lexer);
}

bool parser_ended(const struct parser *p)
{
    return p->now.begins;
}

bool parser_is(const struct parser *p, const char *word)
{
    return !p->now.begins && p->now.kind == TOKEN_WORD && str_is(p->now.text, word);
}

/* A closing brace may stand at the start of its line. */
bool parser_is_mark(const struct parser *p, const char *mark)
{
    return p->now.kind == TOKEN_MARK && str_is(p->now.text, mark) && (!p->now.begins || *mark == '}');
}

bool parser_take(struct parser *p, const char *word)
{
    bool here = parser_is(p, word);

    if (here)
        parser_next(p);
    return here;
}

bool parser_take_mark(struct parser *p, const char *mark)
{
    bool here = parser_is_mark(p, mark);

    if (here)
        parser_next(p);
    return here;
}

void parser_fault(struct parser *p, const char *format, ...)
{
    char text[MESSAGE_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    faults_add(p->faults, parser_ended(p) ? p->last_line : p->now.line, "%s", text);
}

bool parser_expected(struct parser *p, const char *what)
{
    if (parser_ended(p))
        parser_fault(p, "expected %s, but the statement ends", what);
    else
        parser_fault(p, "expected %s, not \"%.*s\"", what, SHOWN(p->now.text));
    return false;
}

bool parser_end(struct parser *p)
{
    if (parser_ended(p))
        return true;
    parser_fault(p, "unexpected \"%.*s\"; a line that begins with a space continues the one before",
                 SHOWN(p->now.text));
    return false;
}

void parser_skip_statement(struct parser *p)
{
    while (p->now.kind != TOKEN_END && (!p->now.begins || parser_is_mark(p, "}")))
        parser_next(p);
}

bool parser_in_pack(const struct parser *p)
{
    return *p->file->slug != '\0';
}

static bool is_name(struct str s)
{
    if (s.len == 0 || s.len > RULES_NAME_MAX || s.at[0] < 'a' || s.at[0] > 'z')
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return true;
}

bool parser_name(struct parser *p, const char *what, struct str *out)
{
    if (parser_ended(p) || p->now.kind != TOKEN_WORD)
        return parser_expected(p, what);
    if (!is_name(p->now.text)) {
        parser_fault(p, "\"%.*s\" is not a name: use a-z, 0-9 and -, a letter first, at most %d", SHOWN(p->now.text),
                     RULES_NAME_MAX);
        parser_next(p);
        return false;
    }
    *out = p->now.text;
    parser_next(p);
    return true;
}

/* One number and its unit; units must come from large to small. */
static bool duration_part(struct str *s, int64_t *unit_ms, int64_t *total_ms)
{
    int64_t n, unit;
    size_t digits = 0;

    while (digits < s->len && s->at[digits] >= '0' && s->at[digits] <= '9')
        digits++;
    if (digits == s->len || digits > 6 || !str_number((struct str){s->at, digits}, &n))
        return false;
    unit = s->at[digits] == 'h' ? 3600000 : s->at[digits] == 'm' ? 60000 : s->at[digits] == 's' ? 1000 : 0;
    if (unit == 0 || unit >= *unit_ms)
        return false;
    *unit_ms = unit;
    *total_ms += n * unit;
    s->at += digits + 1;
    s->len -= digits + 1;
    return true;
}

bool parser_duration(struct parser *p, int64_t *out_ms)
{
    struct str s = p->now.text;
    int64_t unit_ms = INT64_MAX, total_ms = 0;

    if (parser_ended(p) || p->now.kind != TOKEN_WORD)
        return parser_expected(p, "a duration such as 30m or 1h30m");
    while (s.len > 0 && duration_part(&s, &unit_ms, &total_ms))
        continue;
    if (s.len > 0) {
        bool days = p->now.text.at[p->now.text.len - 1] == 'd';

        parser_fault(p, "\"%.*s\" is not a duration: %s", SHOWN(p->now.text),
                     days ? "a day of work has no fixed length, write hours" : "write 90s, 30m, 1h or 1h30m");
        return false;
    }
    if (total_ms == 0 || total_ms > DURATION_HOURS_MAX * (int64_t)3600000) {
        parser_fault(p, "\"%.*s\" is out of range: 1s to %dh", SHOWN(p->now.text), DURATION_HOURS_MAX);
        return false;
    }
    parser_next(p);
    *out_ms = total_ms;
    return true;
}

bool parser_priority(struct parser *p, int *out)
{
    int64_t n;

    if (parser_ended(p))
        return parser_expected(p, "a priority from 0 to 100");
    if (!str_number(p->now.text, &n) || n > RULES_PRIORITY_MAX) {
        parser_fault(p, "\"%.*s\" is not a priority: write 0 to %d", SHOWN(p->now.text), RULES_PRIORITY_MAX);
        return false;
    }
    parser_next(p);
    *out = (int)n;
    return true;
}

bool parser_one_of(struct parser *p, const char *const *words, size_t n, const char *kind, const char *known,
                   size_t *out)
{
    for (*out = 0; *out < n; ++*out)
        if (parser_take(p, words[*out]))
            return true;
    if (parser_ended(p) || p->now.kind != TOKEN_WORD) {
        struct buf what = {0};

        buf_printf(&what, "a %s: %s", kind, known);
        (void)parser_expected(p, buf_view(&what).at);
        buf_free(&what);
    } else {
        parser_fault(p, "no %s is called \"%.*s\": it is %s%s", kind, SHOWN(p->now.text), known,
                     faults_hint(p->now.text, words, n).at);
    }
    return false;
}

/* "mon-fri" goes on after "mon". */
static bool goes_on(const struct parser *p, const char *word)
{
    struct str s = p->now.text;
    size_t n = strlen(word);

    return !p->now.begins && p->now.kind == TOKEN_WORD && s.len > n && s.at[n] == '-' && str_starts(s, word);
}

static size_t find(const struct parser *p, const struct parser_property *table, size_t n)
{
    size_t i = 0;

    while (i < n && !parser_is(p, table[i].word) && !(table[i].goes_on && goes_on(p, table[i].word)))
        i++;
    return i;
}

static void skip_to_property(struct parser *p, const struct parser_property *table, size_t n)
{
    while (!parser_ended(p) && !parser_is_mark(p, "}") && find(p, table, n) == n)
        parser_next(p);
}

static void unknown_property(struct parser *p, const char *what, struct str name, const struct parser_property *table,
                             size_t n)
{
    const char *words[PROPERTIES_MAX];

    for (size_t i = 0; i < n; i++)
        words[i] = table[i].word;
    parser_fault(p, "%s \"%.*s\" has no \"%.*s\"%s", what, SHOWN(name), SHOWN(p->now.text),
                 faults_hint(p->now.text, words, n).at);
    parser_next(p);
    skip_to_property(p, table, n);
}

void parser_block(struct parser *p, const char *what, struct str name, const struct parser_property *table, size_t n,
                  void *into)
{
    uint64_t seen = 0;

    assert(n <= PROPERTIES_MAX);
    if (!parser_take_mark(p, "{")) {
        (void)parser_expected(p, "{");
        parser_skip_statement(p);
        return;
    }
    while (!parser_take_mark(p, "}")) {
        size_t i = find(p, table, n);

        if (parser_ended(p)) {
            faults_add(p->faults, p->now.line, "%s \"%.*s\" is not closed: put } before this line", what, SHOWN(name));
            return;
        }
        if (i == n) {
            unknown_property(p, what, name, table, n);
            continue;
        }
        if (!table[i].again && (seen >> i & 1) != 0)
            parser_fault(p, "%s \"%.*s\" has \"%s\" twice", what, SHOWN(name), table[i].word);
        seen |= (uint64_t)1 << i;
        if (!table[i].read(p, into, i))
            skip_to_property(p, table, n);
    }
}
