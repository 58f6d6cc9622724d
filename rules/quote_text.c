#include "rules/quote_parts.h"

#include <unicode/uchar.h>

#include <string.h>

bool quote_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The letter at i of valid UTF-8, and where the next one stands. */
static UChar32 letter(const char *s, size_t *i)
{
    unsigned char head = (unsigned char)s[(*i)++];
    int tails = head < 0xC0 ? 0 : head < 0xE0 ? 1 : head < 0xF0 ? 2 : 3;
    UChar32 c = tails == 0 ? head : head & (0x3F >> tails);

    while (tails-- > 0)
        c = c << 6 | ((unsigned char)s[(*i)++] & 0x3F);
    return c;
}

size_t quote_begins(struct str s, const char *word)
{
    size_t i = 0, k = 0;

    while (word[k] != '\0') {
        if (i >= s.len)
            return 0;

        UChar32 a = letter(s.at, &i), b = letter(word, &k);

        if (a != b && u_tolower(a) != b)
            return 0;
    }
    return i;
}

bool quote_is(struct str s, const char *word)
{
    return s.len > 0 && quote_begins(s, word) == s.len;
}

bool quote_ends(struct str s, const char *word)
{
    size_t n = strlen(word);

    return s.len >= n && strncasecmp(s.at + s.len - n, word, n) == 0;
}

bool quote_holds(struct str s, const char *word)
{
    for (size_t n = strlen(word), i = 0; i + n <= s.len; i++)
        if (strncasecmp(s.at + i, word, n) == 0)
            return true;
    return false;
}

struct str quote_skip(struct str s, size_t n)
{
    return (struct str){s.at + n, s.len - n};
}

/* Bytes of the mark at the end of s that turns the direction of writing or is a blank beyond ASCII; 0 for none. */
static size_t trailing_mark(struct str s)
{
    if (s.len >= 3 && (unsigned char)s.at[s.len - 3] == 0xE2)
        return memcmp(s.at + s.len - 3, "\xE2\x80\x8E", 2) == 0 || memcmp(s.at + s.len - 3, "\xE2\x81\xA6", 2) == 0 ? 3
                                                                                                                    : 0;
    return s.len >= 2 && memcmp(s.at + s.len - 2, "\xC2\xA0", 2) == 0 ? 2 : 0;
}

static size_t leading_mark(struct str s)
{
    if (s.len >= 3 && (memcmp(s.at, "\xE2\x80\x8E", 2) == 0 || memcmp(s.at, "\xE2\x81\xA6", 2) == 0))
        return 3;
    return s.len >= 2 && memcmp(s.at, "\xC2\xA0", 2) == 0 ? 2 : 0;
}

struct str quote_trim(struct str s)
{
    for (size_t n = 1; n > 0;) {
        s = str_trim(s);
        n = trailing_mark(s);
        s.len -= n;
        if (n == 0 && (n = leading_mark(s)) > 0)
            s = quote_skip(s, n);
    }
    return s;
}

struct str quote_plain(struct str s)
{
    while (s.len > 0 && (s.at[0] == '*' || s.at[0] == '_'))
        s = quote_trim(quote_skip(s, 1));
    while (s.len > 0 && (s.at[s.len - 1] == '*' || s.at[s.len - 1] == '_'))
        s = quote_trim((struct str){s.at, s.len - 1});
    return s;
}

bool quote_has_address(struct str s)
{
    for (size_t i = 1; i + 1 < s.len; i++)
        if (s.at[i] == '@' && s.at[i - 1] > ' ' && s.at[i + 1] > ' ')
            return true;
    return false;
}

bool quote_is_rule(struct str s)
{
    size_t signs = 0;

    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == ' ')
            continue;
        if (strchr("-_=*", s.at[i]) == NULL || s.at[i] != s.at[0])
            return false;
        signs++;
    }
    return signs >= 5;
}
