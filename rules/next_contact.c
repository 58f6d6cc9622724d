#include "rules/next_contact.h"

#include "rules/base/arena.h"
#include "rules/confidence.h"

#include <string.h>

static double role_worth(enum contact_role role)
{
    switch (role) {
    case CONTACT_ADMIN:
        return 1;
    case CONTACT_TECHNICAL:
        return 0.9;
    case CONTACT_BILLING:
        return 0.7;
    case CONTACT_EXECUTIVE:
        return 0.6;
    default:
        return 0.5;
    }
}

/* A mailbox with all that is said of it. */
struct mailbox {
    size_t best; /* record with the highest confidence */
    double confidence, worth;
    bool usable;
};

static bool same(const struct candidate *a, const struct candidate *b)
{
    return str_equal(a->mailbox, b->mailbox);
}

/* B2: is i the first record of its mailbox? */
static bool is_first(const struct candidate *c, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (same(&c[k], &c[i]))
            return false;
    return true;
}

static bool better_record(const struct candidate *a, const struct candidate *b)
{
    if (a->confidence != b->confidence)
        return a->confidence > b->confidence;
    return memcmp(a->id.bytes, b->id.bytes, sizeof a->id.bytes) < 0;
}

/* A bounce is the mailbox's, so one record that knows of it is enough; a record that is gone just does not speak. */
static struct mailbox gather(const struct candidate *c, size_t n, size_t i, unsigned wanted)
{
    struct mailbox m = {.best = n};

    for (size_t k = i; k < n; k++) {
        if (!same(&c[k], &c[i]))
            continue;
        if (c[k].bounced)
            return (struct mailbox){0};
        if (c[k].gone)
            continue;
        m.confidence = confidence_join(m.confidence, c[k].confidence);
        if (m.best == n || better_record(&c[k], &c[m.best]))
            m.best = k;
    }
    m.usable = m.best < n;
    if (m.usable)
        m.worth = m.confidence * role_worth(c[m.best].role) *
                  (wanted == 0 || (c[m.best].authorised_for & wanted) != 0 ? 1 : 0.5);
    return m;
}

static const char *word_of(unsigned wanted)
{
    return wanted == CONTACT_FOR_BILLING ? "billing" : wanted == CONTACT_FOR_SECURITY ? "security" : "site";
}

static struct str reason_of(const struct candidate *c, size_t n, const struct mailbox *m, unsigned wanted,
                            struct arena *a)
{
    const struct candidate *best = &c[m->best];
    const char *join = ", by ";
    struct buf b = {0};
    struct str s;

    buf_text(&b, contact_role_text(best->role));
    if (wanted != 0)
        buf_printf(&b, ", %sauthorised for %s", (best->authorised_for & wanted) != 0 ? "" : "not ", word_of(wanted));
    buf_printf(&b, ", confidence %.2f", m->confidence);
    for (size_t i = 0; i < n; i++)
        if (same(&c[i], best) && !c[i].gone) {
            buf_text(&b, join);
            buf_str(&b, c[i].source);
            join = " and ";
        }
    s = (struct str){str_copy(a, buf_view(&b)), b.len};
    buf_free(&b);
    return s;
}

bool next_contact(const struct candidate *c, size_t n, struct str not_mailbox, unsigned wanted, struct arena *a,
                  struct next_contact *out)
{
    struct mailbox best = {0};

    for (size_t i = 0; i < n; i++) {
        if (c[i].mailbox.len == 0 || str_equal(c[i].mailbox, not_mailbox) || !is_first(c, i))
            continue;

        struct mailbox m = gather(c, n, i, wanted);
        bool first = !best.usable || m.worth > best.worth ||
                     (m.worth == best.worth && memcmp(c[m.best].id.bytes, c[best.best].id.bytes, 16) < 0);

        if (m.usable && first)
            best = m;
    }
    if (!best.usable)
        return false;
    *out = (struct next_contact){best.best, best.confidence, reason_of(c, n, &best, wanted, a)};
    return true;
}
