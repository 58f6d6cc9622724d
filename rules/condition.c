#include "rules/condition.h"

static bool is_text(enum fact which)
{
    return fact_table[which].kind == FACT_TEXT || fact_table[which].kind == FACT_LANGUAGE_TAG;
}

static bool is_within(enum fact which)
{
    return fact_table[which].kind == FACT_WITHIN;
}

/* A language also means its varieties. */
static bool word_matches(enum fact which, struct str wanted, struct str value)
{
    struct str head = {value.at, wanted.len};

    if (str_equal_nocase(wanted, value))
        return true;
    return fact_table[which].kind == FACT_LANGUAGE_TAG && value.len > wanted.len && value.at[wanted.len] == '-' &&
           str_equal_nocase(wanted, head);
}

bool condition_holds(const struct condition *c, const struct facts *f)
{
    if (is_text(c->fact))
        return word_matches(c->fact, c->word, facts_text(f, c->fact));
    if (is_within(c->fact))
        return facts_hot(f, c->low, c->within_ms);

    int64_t value = fact_table[c->fact].kind == FACT_OF_INCIDENTS ? (facts_incidents(f, c->fact) & c->incidents) != 0
                                                                  : facts_number(f, c->fact);

    return c->low <= value && value <= c->high;
}

/* More channels in less time are hotter. */
static bool hotter(const struct condition *a, const struct condition *b)
{
    return a->low >= b->low && a->within_ms <= b->within_ms;
}

void condition_range(enum fact which, const struct condition *list, size_t n, int64_t *low, int64_t *high)
{
    *low = 0;
    *high = fact_table[which].max;
    for (size_t i = 0; i < n; i++) {
        if (list[i].fact != which)
            continue;
        *low = list[i].low > *low ? list[i].low : *low;
        *high = list[i].high < *high ? list[i].high : *high;
    }
}

bool condition_follows(const struct condition *c, const struct condition *given, size_t n)
{
    int64_t low, high;

    if (!is_text(c->fact) && !is_within(c->fact)) {
        condition_range(c->fact, given, n, &low, &high);
        return c->low <= low && high <= c->high;
    }
    for (size_t i = 0; i < n; i++)
        if (given[i].fact == c->fact &&
            (is_within(c->fact) ? hotter(&given[i], c) : word_matches(c->fact, c->word, given[i].word)))
            return true;
    return false;
}

static bool clashes(const struct condition *c, const struct condition *before, size_t n)
{
    int64_t low, high;

    if (is_within(c->fact))
        return false;
    if (!is_text(c->fact)) {
        condition_range(c->fact, before, n, &low, &high);
        return c->low > high || c->high < low;
    }
    for (size_t i = 0; i < n; i++)
        if (before[i].fact == c->fact && !word_matches(c->fact, c->word, before[i].word) &&
            !word_matches(c->fact, before[i].word, c->word))
            return true;
    return false;
}

size_t condition_clash(const struct condition *list, size_t n)
{
    size_t i = 0;

    while (i < n && !clashes(&list[i], list, i))
        i++;
    return i;
}
