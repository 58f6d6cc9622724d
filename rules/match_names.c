/* Names, word by word. */
#include "rules/match_compare.h"

#include "rules/names_fold.h"

static const struct compared absent = {MATCH_ABSENT, 100}, differs = {MATCH_DIFFERS, 100}, same = {MATCH_SAME, 100};

static struct compared close(int degree)
{
    return (struct compared){MATCH_CLOSE, degree};
}

/* In Han, kana and Hangul one sign is a syllable or a word: a name with another one is another name. */
static unsigned most_for(struct word w, unsigned script)
{
    if ((script & SCRIPT_EAST) != 0)
        return w.n >= 5 ? 1 : 0;
    return w.n >= 8 ? 2 : w.n >= 4 ? 1 : 0;
}

enum { WORD_SAME = 100, WORD_NEAR = 85, WORD_NEAR_TWICE = 70, WORD_INITIAL = 60 };

/* How far word i of a and word k of b are one: 0 or one of the above. */
static int words_alike(const struct name *a, size_t i, const struct name *b, size_t k, struct near_work *work)
{
    struct word x = a->word[i], y = b->word[k];
    unsigned most = most_for(x.n > y.n ? x : y, a->script[i] | b->script[k]);
    unsigned n = word_faults(x, y, most, work);

    if (n == 0)
        return WORD_SAME;
    if (n <= most)
        return n == 1 ? WORD_NEAR : WORD_NEAR_TWICE;
    if ((x.n == 1 || y.n == 1) && x.at[0] == y.at[0] && ((a->script[i] | b->script[k]) & SCRIPT_EAST) == 0)
        return WORD_INITIAL;
    return 0;
}

/* Words of a with their partners in b: equal ones first, then the near ones, each partner once. Words of a script
 * that the other name does not have are left out. */
struct pairs {
    size_t a, b, paired;                            /* words that count, and pairs among them */
    size_t whole;                                   /* pairs that are more than an initial */
    int alike;                                      /* sum over the pairs */
    int of_a[NAME_WORDS_MAX], of_b[NAME_WORDS_MAX]; /* how alike each word's pair is; -1: does not count */
};

static void pair_up(struct pairs *p, const struct name *a, const struct name *b, bool near, struct near_work *work)
{
    for (size_t i = 0; i < a->words; i++)
        for (size_t k = 0; k < b->words && p->of_a[i] == 0; k++) {
            if (p->of_b[k] != 0)
                continue;

            int alike = near ? words_alike(a, i, b, k, work) : word_equal(a->word[i], b->word[k]) ? WORD_SAME : 0;

            if (alike == 0)
                continue;
            p->of_a[i] = p->of_b[k] = alike;
            p->paired++;
            p->whole += alike > WORD_INITIAL;
            p->alike += alike;
        }
}

static struct pairs pairs_of(const struct name *a, const struct name *b, struct near_work *work)
{
    struct pairs p = {0};

    for (size_t i = 0; i < a->words; i++) {
        p.of_a[i] = (a->script[i] & b->scripts) != 0 ? 0 : -1;
        p.a += p.of_a[i] == 0;
    }
    for (size_t k = 0; k < b->words; k++) {
        p.of_b[k] = (b->script[k] & a->scripts) != 0 ? 0 : -1;
        p.b += p.of_b[k] == 0;
    }
    pair_up(&p, a, b, false, work);
    if (p.paired < p.a && p.paired < p.b)
        pair_up(&p, a, b, true, work);
    return p;
}

static bool all_equal(const struct pairs *p)
{
    return p->a == p->b && p->paired == p->a && p->alike == (int)p->a * WORD_SAME;
}

struct compared match_compare_person(const struct name *a, const struct name *b, struct near_work *work)
{
    if (str_equal(a->text, b->text))
        return same;
    if ((a->scripts & b->scripts) == 0)
        return absent;
    if (word_equal(a->joined, b->joined))
        return close(95); /* Anna Maria, Annamaria */
    if (work->names-- <= 0)
        return differs;

    struct pairs p = pairs_of(a, b, work);
    size_t fewer = p.a < p.b ? p.a : p.b, more = p.a < p.b ? p.b : p.a;

    if (all_equal(&p))
        return p.a == a->words && p.b == b->words ? same : close(100);
    /* Every word of the shorter name has its partner, and not initials only: else it is somebody else, or a relative. */
    if (p.paired < fewer || p.whole == 0)
        return differs;
    if (fewer == 1 && more > 1)
        return close(40);

    int degree = p.alike / (int)fewer;

    for (size_t i = fewer; i < more; i++)
        degree -= degree / 10;
    return close(degree);
}

/* Words that half the companies have weigh little: "Acme Systems" is not "Bolt Systems". */
static int weight(struct word w)
{
    static const char *const common[] = {
        "and",        "consulting",    "de",           "digital",    "fur", "group",    "gruppe",   "holding",
        "industries", "international", "it",           "media",      "of",  "partners", "services", "software",
        "solutions",  "systems",       "technologies", "technology", "und", "y"};

    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++) {
        size_t n = 0;

        while (n < w.n && common[i][n] != '\0' && w.at[n] == (unsigned char)common[i][n])
            n++;
        if (n == w.n && common[i][n] == '\0')
            return 3;
    }
    return 10;
}

struct shares {
    int of_a, of_b, both; /* weights; both: of pairs, as far as they are alike */
};

static struct shares shares_of(const struct name *a, const struct name *b, const struct pairs *p)
{
    struct shares s = {0};

    for (size_t i = 0; i < a->words; i++) {
        int w = p->of_a[i] < 0 ? 0 : weight(a->word[i]);

        s.of_a += 100 * w;
        s.both += p->of_a[i] > WORD_INITIAL ? w * p->of_a[i] : 0;
    }
    for (size_t k = 0; k < b->words; k++)
        s.of_b += p->of_b[k] < 0 ? 0 : 100 * weight(b->word[k]);
    return s;
}

struct compared match_compare_organisation(const struct name *a, const struct name *b, struct near_work *work)
{
    if ((a->scripts & b->scripts) == 0)
        return absent;
    if (word_equal(a->joined, b->joined)) /* Data Soft, DataSoft */
        return a->legal == b->legal || a->legal == 0 || b->legal == 0 ? same : close(80);
    if (work->names-- <= 0)
        return differs;
    if (((a->scripts | b->scripts) & SCRIPT_EAST) == 0 && a->joined.n >= 6 &&
        word_faults(a->joined, b->joined, a->joined.n >= 10 ? 2 : 1, work) <= (a->joined.n >= 10 ? 2u : 1u))
        return close(90);

    struct pairs p = pairs_of(a, b, work);
    struct shares s = shares_of(a, b, &p);
    int less = s.of_a < s.of_b ? s.of_a : s.of_b;
    int degree = s.of_a + s.of_b > 0 ? 2 * 100 * s.both / (s.of_a + s.of_b) : 0;

    if (degree >= 80)
        return close(degree);
    /* One is written short: all that it says is in the other. */
    return less >= 1000 && s.both >= less * 8 / 10 ? close(80) : differs;
}

struct compared match_compare_words(const struct name *a, const struct name *b, struct near_work *work)
{
    if (str_equal(a->text, b->text))
        return same;
    if ((a->scripts & b->scripts) == 0)
        return absent;
    if (work->names-- <= 0)
        return differs;

    struct pairs p = pairs_of(a, b, work);
    int degree = p.a + p.b > 0 ? 2 * p.alike / (int)(p.a + p.b) : 0;

    return degree >= 40 ? close(degree) : differs;
}
