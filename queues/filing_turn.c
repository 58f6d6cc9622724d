/* Who waits for whom, of filings that share exchanges. */
#include "queues/filing_steps.h"

static bool changes_ticket(const struct filing *f)
{
    return f->step == READ || f->step == JOIN;
}

static bool opens_work(const struct filing *f)
{
    return f->step == FOLLOW || f->step == ATTACH || f->step == CLAIM || f->step == OPEN;
}

static bool same_person(const struct filing *a, const struct filing *b)
{
    for (size_t i = 0; i < a->person.n; i++)
        for (size_t k = 0; k < b->person.n; k++)
            if (str_equal(a->person.is[i], b->person.is[k]))
                return true;
    return false;
}

bool filing_waits_for(const struct filing *f, const struct filing *first)
{
    if (changes_ticket(f) && changes_ticket(first))
        return ulid_equal(f->ticket, first->ticket);
    return opens_work(f) && opens_work(first) && ulid_equal(f->home, first->home) && same_person(f, first);
}
