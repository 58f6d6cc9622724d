#include "rules/match_compare.h"

#include <string.h>

static const struct compared absent = {MATCH_ABSENT, 100}, differs = {MATCH_DIFFERS, 100}, same = {MATCH_SAME, 100};

static struct compared close(int degree)
{
    return (struct compared){MATCH_CLOSE, degree};
}

/* Equal, and what that is worth. */
static struct compared equal(const struct value *b)
{
    if ((b->flags & MATCH_SHARED) != 0)
        return (struct compared){MATCH_SAME_SHARED, 100};
    if ((b->flags & VALUE_ROLE) != 0)
        return (struct compared){MATCH_SAME_ROLE, 100};
    if ((b->flags & VALUE_SHORT) != 0)
        return (struct compared){MATCH_SHORT, 100};
    return same;
}

/* H5: one letter of one character set for another is no typing fault, and A-labels hide letters. */
static bool plain(struct word w)
{
    static const uint32_t a_label[] = {'x', 'n', '-', '-'};

    for (size_t i = 0; i < w.n; i++)
        if (w.at[i] >= 0x80 || (i + 4 <= w.n && memcmp(w.at + i, a_label, sizeof a_label) == 0))
            return false;
    return true;
}

/* Faults between two identifiers, where there can be a typing fault at all. */
static unsigned faults(struct word a, struct word b, unsigned most, struct near_work *work)
{
    unsigned n = word_faults(a, b, most, work);

    return n == 0 || n > most || (plain(a) && plain(b)) ? n : most + 1;
}

static bool too_long(const struct value *a, const struct value *b)
{
    return ((a->flags | b->flags) & VALUE_LONG) != 0;
}

static unsigned most_for(size_t n)
{
    return n >= 8 ? 2 : n >= 4 ? 1 : 0;
}

/* One letter away at a provider where everybody is somebody else's neighbour is often somebody else; one letter away in
 * a company's domain is a fault. A figure is never a fault at a provider: anna88 and anna89 are two people. */
static struct compared compare_email(const struct value *a, const struct value *b, struct near_work *work)
{
    if (str_equal(a->text, b->text))
        return equal(b);
    if (too_long(a, b) || (b->flags & VALUE_ROLE) != 0)
        return differs;

    unsigned local = faults(a->word, b->word, most_for(b->word.n), work);
    unsigned domain = faults(a->rest, b->rest, most_for(b->rest.n), work);
    bool at_provider = (b->flags & VALUE_FREE) != 0;

    if (local > most_for(b->word.n) || domain > most_for(b->rest.n))
        return differs;
    if (domain > 0 && (a->flags & b->flags & VALUE_FREE) != 0)
        return differs; /* both providers exist */
    if (local == 0)
        return close(b->word.n >= 4 ? 100 : 70);
    if (at_provider && word_differs_in_digit(a->word, b->word))
        return differs;
    if (domain > 0)
        return local + domain == 2 ? close(70) : differs;
    return at_provider ? close(local == 1 ? 60 : 30) : close(local == 1 ? 90 : 60);
}

static bool ends_with(struct word whole, struct word end)
{
    return end.n <= whole.n && memcmp(whole.at + whole.n - end.n, end.at, end.n * sizeof *end.at) == 0;
}

static struct word last(struct word w, size_t n)
{
    return n < w.n ? word_of(w.at + w.n - n, n) : w;
}

enum { SUBSCRIBER_DIGITS = 8 }; /* what identifies a line within its country, at least */

static struct compared compare_phone(const struct value *a, const struct value *b, struct near_work *work)
{
    bool national = ((a->flags | b->flags) & VALUE_NATIONAL) != 0;
    bool shared = (b->flags & MATCH_SHARED) != 0;

    if (str_equal(a->text, b->text))
        return national ? close(shared ? 40 : 100) : equal(b);
    if (shared)
        return differs;
    if (national)
        return ends_with(a->word, b->word) || ends_with(b->word, a->word) ? close(100) : differs;
    if (word_equal(last(a->word, SUBSCRIBER_DIGITS), last(b->word, SUBSCRIBER_DIGITS)))
        return close(80); /* another country code */
    return word_faults(a->word, b->word, 1, work) == 1 ? close(90) : differs;
}

/* "mastodon:…" and "x:…" are never the same, and say nothing about one another. */
static struct compared compare_handle(const struct value *a, const struct value *b)
{
    struct str x = a->text, y = b->text;

    if (!str_equal(str_cut(&x, ':'), str_cut(&y, ':')))
        return absent;
    return str_equal(x, y) ? equal(b) : differs;
}

static struct compared compare_hosts(const struct value *a, const struct value *b, struct near_work *work)
{
    if (too_long(a, b))
        return differs;

    unsigned first = faults(a->word, b->word, most_for(b->word.n), work);
    unsigned rest = faults(a->rest, b->rest, most_for(b->rest.n), work);

    if (first > most_for(b->word.n) || rest > most_for(b->rest.n) || first + rest > 2)
        return differs;
    if (first == 0)
        return close(b->word.n >= 4 ? 100 : 60);
    return word_differs_in_digit(a->word, b->word) ? close(30) : close(first == 1 ? 80 : 50);
}

static struct compared compare_ids(const struct value *a, const struct value *b, struct near_work *work)
{
    if (b->word.n < 6 || faults(a->word, b->word, 1, work) > 1)
        return differs;
    return close(word_differs_in_digit(a->word, b->word) ? 40 : 100);
}

/* A host and an id have nothing to disagree about; "acme" may be meant for acme.example.net. */
static struct compared compare_site(const struct value *a, const struct value *b, struct near_work *work)
{
    bool hosts = (a->flags & b->flags & VALUE_HOST) != 0;

    if (str_equal(a->text, b->text))
        return equal(b);
    if (((a->flags ^ b->flags) & VALUE_HOST) != 0)
        return b->word.n >= 4 && word_equal(a->word, b->word) ? close(70) : absent;
    return hosts ? compare_hosts(a, b, work) : compare_ids(a, b, work);
}

static struct compared compare_invoice(const struct value *a, const struct value *b, struct near_work *work)
{
    return str_equal(a->text, b->text) ? equal(b) : compare_ids(a, b, work);
}

static struct compared compare_domain(const struct value *a, const struct value *b, struct near_work *work)
{
    unsigned n;

    if (str_equal(a->text, b->text))
        return equal(b);
    if (too_long(a, b) || b->word.n < 6)
        return differs;
    n = faults(a->word, b->word, most_for(b->word.n), work);
    return n > most_for(b->word.n) ? differs : close(n == 1 ? 100 : 60);
}

static struct compared compare_code(const struct value *a, const struct value *b, struct near_work *work)
{
    unsigned most = b->word.n >= 4 ? 1 : 0;

    if (str_equal(a->text, b->text))
        return same;
    return word_faults(a->word, b->word, most, work) <= most ? close(100) : differs;
}

/* A digit wrong, two swapped, or day and month the wrong way round. */
static struct compared compare_date(const struct value *a, const struct value *b, struct near_work *work)
{
    const uint32_t *x = a->word.at, *y = b->word.at;

    if (str_equal(a->text, b->text))
        return same;
    if (word_faults(a->word, b->word, 1, work) <= 1)
        return close(100);
    if (memcmp(x, y, 4 * sizeof *x) == 0 && memcmp(x + 4, y + 6, 2 * sizeof *x) == 0 &&
        memcmp(x + 6, y + 4, 2 * sizeof *x) == 0)
        return close(100);
    return word_faults(a->word, b->word, 2, work) <= 2 ? close(60) : differs;
}

static struct compared compare_field(enum match_form form, const struct value *a, const struct value *b,
                                     struct near_work *work)
{
    switch (form) {
    case MATCH_FORM_NAME:
        return match_compare_person(a->name, b->name, work);
    case MATCH_FORM_WORDS:
        return match_compare_words(a->name, b->name, work);
    case MATCH_FORM_DATE:
        return compare_date(a, b, work);
    case MATCH_FORM_CODE:
    case MATCH_FORMS:
        break;
    }
    return compare_code(a, b, work);
}

struct compared match_compare(enum match_kind kind, enum match_form form, const struct value *a, const struct value *b,
                              struct near_work *work)
{
    switch (kind) {
    case MATCH_EMAIL:
        return compare_email(a, b, work);
    case MATCH_PHONE:
        return compare_phone(a, b, work);
    case MATCH_HANDLE:
        return compare_handle(a, b);
    case MATCH_SITE:
        return compare_site(a, b, work);
    case MATCH_INVOICE:
        return compare_invoice(a, b, work);
    case MATCH_DOMAIN:
        return compare_domain(a, b, work);
    case MATCH_ORGANISATION:
        return match_compare_organisation(a->name, b->name, work);
    case MATCH_PERSON:
        return match_compare_person(a->name, b->name, work);
    case MATCH_FIELD:
    case MATCH_KINDS:
        break;
    }
    return compare_field(form, a, b, work);
}
