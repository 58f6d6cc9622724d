#include "rules/joining.h"

#include <assert.h>

static const char *const words[] = {
#define X(name, word) [JOINING_##name] = word,
    JOINING_HINT_LIST(X)
#undef X
};

const char *joining_hint_word(enum joining_hint h)
{
    assert((unsigned)h < JOINING_HINTS);
    return words[h];
}

enum joining_hint joining_hint_parse(struct str word)
{
    for (int i = 0; i < JOINING_HINTS; i++)
        if (str_is(word, words[i]))
            return (enum joining_hint)i;
    return JOINING_NOTHING;
}

struct joining_claim joining_read(const struct joining_signs *s)
{
    struct joining_claim c = {.by_address = s->address};

    if (s->address || s->id) {
        c.answers = s->senders == 1;
        c.hint = c.answers ? JOINING_NOTHING : JOINING_SENDERS;
    } else if (s->forged) {
        c.hint = JOINING_FORGED;
    } else if (s->subject) {
        c.hint = JOINING_SUBJECT;
    }
    return c;
}

int joining_judge(const struct joining_person *people, size_t n)
{
    int first = JOINING_NOBODY;

    for (size_t i = 0; i < n; i++) {
        if (people[i].wrote && people[i].addressee)
            return (int)i;
        if (people[i].wrote && first == JOINING_NOBODY)
            first = (int)i;
    }
    return first;
}
