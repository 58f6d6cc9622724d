#include "tests/bench/match/mistype.h"

#include <string.h>

static _Bool typed(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* A key beside it, on the keyboards of most. */
static char beside(struct dice *d, char c)
{
    static const char rows[] = "qwertyuiop asdfghjkl zxcvbnm QWERTYUIOP ASDFGHJKL ZXCVBNM";
    const char *at = c != ' ' && c != '\0' ? strchr(rows, c) : NULL;

    if (c >= '0' && c <= '9')
        return (char)('0' + (c - '0' + 1 + dice_below(d, 9)) % 10);
    if (at == NULL)
        return c;
    if (at > rows && at[-1] != ' ' && (at[1] == ' ' || at[1] == '\0' || dice_below(d, 2) == 0))
        return at[-1];
    return at[1];
}

static void put_in(char *s, size_t room, size_t at, char c)
{
    size_t n = strlen(s);

    if (n + 2 > room)
        return;
    memmove(s + at + 1, s + at, n - at + 1);
    s[at] = c;
}

_Bool mistype(struct dice *d, char *s, size_t room, size_t from, size_t to)
{
    size_t at[256], n = 0;

    for (size_t i = from; i < to && s[i] != '\0' && n < 256; i++)
        if (typed(s[i]))
            at[n++] = i;
    if (n < 3)
        return 0;

    size_t i = at[dice_below(d, (int64_t)n)];
    char c = s[i];

    switch (dice_below(d, 20)) {
    case 0 ... 7:
        s[i] = beside(d, c);
        break;
    case 8 ... 12:
        memmove(s + i, s + i + 1, strlen(s + i));
        break;
    case 13 ... 14:
        put_in(s, room, i, c);
        break;
    case 15 ... 16:
        put_in(s, room, i, beside(d, c));
        break;
    default:
        if (i + 1 < to && typed(s[i + 1])) {
            s[i] = s[i + 1];
            s[i + 1] = c;
        } else {
            s[i] = beside(d, c);
        }
    }
    return 1;
}
