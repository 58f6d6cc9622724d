#include "rules/authres.h"

enum kind { WORD, QUOTED, SIGN };

/* Words, quoted strings without their quotes, and the signs ; and =. Comments are dropped. */
struct token {
    enum kind kind;
    struct str text;
};

struct tokens {
    struct token at[AUTHRES_TOKENS_MAX];
    size_t n, next;
};

/* ---- tokens ---- */

/* Behind a comment that begins at i; 0 where it has no end. */
static size_t skip_comment(struct str s, size_t i)
{
    size_t depth = 0;

    for (; i < s.len; i++) {
        if (s.at[i] == '\\')
            i++;
        else if (s.at[i] == '(')
            depth++;
        else if (s.at[i] == ')' && --depth == 0)
            return i + 1;
    }
    return 0;
}

/* Behind the closing quote; 0 where there is none. A quoted pair is no name that we know: it stays as it is. */
static size_t skip_quoted(struct str s, size_t i)
{
    for (i++; i < s.len; i++) {
        if (s.at[i] == '\\')
            i++;
        else if (s.at[i] == '"')
            return i + 1;
    }
    return 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t skip_word(struct str s, size_t i)
{
    while (i < s.len && !is_space(s.at[i]) && s.at[i] != ';' && s.at[i] != '=' && s.at[i] != '(' && s.at[i] != ')' &&
           s.at[i] != '"')
        i++;
    return i;
}

/* The token that begins at i, where no space or comment does. Returns what stands behind it; 0: not well-formed. */
static size_t take(struct str s, size_t i, struct token *out)
{
    size_t end;

    if (s.at[i] == ';' || s.at[i] == '=') {
        *out = (struct token){SIGN, {s.at + i, 1}};
        return i + 1;
    }
    if (s.at[i] == '"') {
        end = skip_quoted(s, i);
        *out = (struct token){QUOTED, {s.at + i + 1, end == 0 ? 0 : end - i - 2}};
        return end;
    }
    end = skip_word(s, i);
    *out = (struct token){WORD, {s.at + i, end - i}};
    return end == i ? 0 : end; /* a lone closing bracket */
}

static bool read_tokens(struct str s, struct tokens *t)
{
    t->n = t->next = 0;
    for (size_t i = 0; i < s.len;) {
        if (is_space(s.at[i])) {
            i++;
            continue;
        }
        if (s.at[i] == '(')
            i = skip_comment(s, i);
        else if (t->n == AUTHRES_TOKENS_MAX)
            return false;
        else
            i = take(s, i, &t->at[t->n++]);
        if (i == 0)
            return false;
    }
    return true;
}

/* ---- what they say ---- */

static bool at_sign(const struct tokens *t, char sign)
{
    return t->next < t->n && t->at[t->next].kind == SIGN && t->at[t->next].text.at[0] == sign;
}

static bool take_sign(struct tokens *t, char sign)
{
    bool there = at_sign(t, sign);

    t->next += there;
    return there;
}

static bool take_word(struct tokens *t, struct str *out)
{
    if (t->next == t->n || t->at[t->next].kind != WORD)
        return false;
    *out = t->at[t->next++].text;
    return true;
}

static bool take_value(struct tokens *t, struct str *out)
{
    if (t->next == t->n || t->at[t->next].kind == SIGN)
        return false;
    *out = t->at[t->next++].text;
    return true;
}

/* "host" or "host 1", up to the first result. */
static bool is_by(struct tokens *t, struct str authserv_id)
{
    struct str id, version = STR("1");

    if (!take_word(t, &id) || !str_equal_nocase(id, authserv_id))
        return false;
    (void)take_word(t, &version);
    return str_is(version, "1");
}

/* One result, behind its semicolon: "dmarc=pass reason=x header.from=example.org". False where it is not well-formed.
 * *domain: of the only header.from, else empty. */
static bool take_result(struct tokens *t, struct str *method, struct str *result, struct str *domain)
{
    struct str name, value;
    size_t froms = 0;

    *domain = STR("");
    if (!take_word(t, method) || !take_sign(t, '=') || !take_word(t, result))
        return false;
    while (t->next < t->n && !at_sign(t, ';')) {
        if (!take_word(t, &name) || !take_sign(t, '=') || !take_value(t, &value))
            return false;
        if (str_equal_nocase(name, STR("header.from")))
            *domain = ++froms == 1 ? value : STR("");
    }
    return true;
}

static bool is_dmarc(struct str method)
{
    return str_equal_nocase(method, STR("dmarc")) || str_equal_nocase(method, STR("dmarc/1"));
}

/* X3, X4 of one field of ours. */
static bool proves(struct tokens *t, struct str from_domain)
{
    struct str method, result, domain;

    while (take_sign(t, ';')) {
        if (t->next == t->n)
            return false; /* a semicolon with nothing behind it */
        if (!take_result(t, &method, &result, &domain))
            return false;
        if (is_dmarc(method))
            return str_equal_nocase(result, STR("pass")) && domain.len > 0 && str_equal_nocase(domain, from_domain);
    }
    return false;
}

bool authres_proves(const struct authres_field *fields, size_t n, struct str authserv_id, size_t below,
                    struct str from_domain)
{
    struct tokens t;

    if (authserv_id.len == 0 || from_domain.len == 0)
        return false;
    for (size_t i = 0; i < n && fields[i].received_above <= below; i++)
        if (read_tokens(fields[i].value, &t) && is_by(&t, authserv_id))
            return proves(&t, from_domain);
    return false;
}
