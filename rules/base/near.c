#include "rules/base/near.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Row i, column j holds the edits from the first i bytes of a to the first j of b. */
static size_t edits(struct str a, struct str b)
{
    size_t d[NEAR_CHARS_MAX + 1][NEAR_CHARS_MAX + 1];

    for (size_t j = 0; j <= b.len; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        d[i][0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t change = d[i - 1][j - 1] + (a.at[i - 1] != b.at[j - 1]);

            d[i][j] = least(change, least(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[a.len][b.len];
}

const char *near_word(struct str word, const char *const *list, size_t n)
{
    const char *best = NULL;
    size_t fewest = NEAR_CHARS_MAX;

    if (word.len > NEAR_CHARS_MAX)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        struct str known = str_of(list[i]);

        if (known.len > NEAR_CHARS_MAX)
            continue;

        size_t far = edits(word, known);

        if (far * 3 <= known.len && far < fewest) {
            best = list[i];
            fewest = far;
        }
    }
    return best;
}
