#include "queues/incident/common.h"

#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/suspicion.h"

#include <stdlib.h>
#include <string.h>

enum { WHATS = 5, TRAITS_MAX = WHATS + HEARD_WORDS_MAX, WORD = WHATS };

static const char *const whats[] = {"channel", "tier", "region", "language", "domain", "word"};

/* One thing that one report has. */
struct trait {
    int what;
    struct str value;
};

/* A thing, and how many have it. */
struct shared {
    struct trait trait;
    size_t n;
    double usual; /* share, -1 not known */
};

static int by_trait(const void *x, const void *y)
{
    const struct trait *a = x, *b = y;
    size_t least = a->value.len < b->value.len ? a->value.len : b->value.len;
    int c = a->what != b->what ? a->what - b->what : least == 0 ? 0 : memcmp(a->value.at, b->value.at, least);

    return c != 0 ? c : a->value.len < b->value.len ? -1 : a->value.len > b->value.len;
}

/* All of all of them, in order. */
static struct trait *traits_of(struct arena *a, const struct heard *h, size_t n, size_t *count)
{
    struct trait *all = arena_array(a, struct trait, n * TRAITS_MAX + 1);

    *count = 0;
    for (size_t i = 0; i < n; i++) {
        const struct str values[WHATS] = {h[i].channel, h[i].tier, h[i].region, h[i].language, h[i].domain};

        for (int w = 0; w < WHATS; w++)
            if (values[w].len > 0)
                all[(*count)++] = (struct trait){w, values[w]};
        for (size_t w = 0; w < h[i].words.n; w++)
            all[(*count)++] = (struct trait){WORD, h[i].words.at[w]};
    }
    if (*count > 1)
        qsort(all, *count, sizeof *all, by_trait);
    return all;
}

static size_t run_from(const struct trait *all, size_t count, size_t at)
{
    size_t n = 1;

    while (at + n < count && by_trait(&all[at], &all[at + n]) == 0)
        n++;
    return n;
}

static double usual_share(const struct trait *before, size_t count, size_t m, const struct trait *which)
{
    const struct trait *found;
    size_t at;

    if (m < COMMON_BEFORE_LEAST)
        return -1;
    found = bsearch(which, before, count, sizeof *before, by_trait);
    if (found == NULL)
        return 0;
    for (at = (size_t)(found - before); at > 0 && by_trait(&before[at - 1], which) == 0;)
        at--;
    return (double)run_from(before, count, at) / (double)m;
}

static int by_share(const void *x, const void *y)
{
    const struct shared *a = x, *b = y;

    return a->n != b->n ? (a->n < b->n ? 1 : -1) : by_trait(&a->trait, &b->trait);
}

static struct doc *one_doc(const struct shared *s, size_t n)
{
    struct doc *d = doc_object();

    doc_set_text(d, "what", str_of(whats[s->trait.what]));
    doc_set_text(d, "value", s->trait.value);
    doc_set_int(d, "reports", (int64_t)s->n);
    doc_set_int(d, "share", (int64_t)(100 * s->n / n));
    if (s->usual < 0)
        doc_set_null(d, "usual");
    else
        doc_set_int(d, "usual", (int64_t)(100 * s->usual));
    return d;
}

struct str common_print(struct arena *a, const struct heard *now, size_t n, const struct heard *before, size_t m)
{
    size_t count, before_count, found = 0, run;
    struct trait *all = traits_of(a, now, n, &count), *old = traits_of(a, before, m, &before_count);
    struct shared *shared = arena_array(a, struct shared, count + 1);
    struct doc *list = doc_array();

    for (size_t i = 0; i < count; i += run) {
        struct shared s = {.trait = all[i], .n = run = run_from(all, count, i)};

        s.usual = usual_share(old, before_count, m, &all[i]);
        if (suspicion_in_common(s.n, n, s.usual) && (s.trait.what != WORD || s.usual >= 0))
            shared[found++] = s;
    }
    if (found > 1)
        qsort(shared, found, sizeof *shared, by_share);
    for (size_t i = 0; i < found && i < COMMON_MAX; i++)
        doc_push(list, one_doc(&shared[i], n));

    struct str out = doc_print(list, a);

    doc_close(list);
    return out;
}
