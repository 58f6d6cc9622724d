#include "rules/match_rule.h"

#include "rules/tree.h"

#include <string.h>

static const struct {
    const char *name, *words;
    unsigned outcomes; /* bits: beside same and differs */
} rows[] = {
#define BIT(outcome) (1u << MATCH_##outcome)
    [MATCH_EMAIL] = {"email", "e-mail address", BIT(CLOSE) | BIT(SAME_ROLE) | BIT(SAME_SHARED)},
    [MATCH_PHONE] = {"phone", "phone number", BIT(CLOSE) | BIT(SAME_SHARED)},
    [MATCH_HANDLE] = {"handle", "social handle", BIT(SAME_SHARED)},
    [MATCH_SITE] = {"site", "site", BIT(CLOSE) | BIT(SAME_SHARED) | BIT(SHORT)},
    [MATCH_INVOICE] = {"invoice", "invoice or customer number", BIT(CLOSE) | BIT(SAME_SHARED) | BIT(SHORT)},
    [MATCH_DOMAIN] = {"domain", "company's mail domain", BIT(CLOSE) | BIT(SAME_SHARED)},
    [MATCH_ORGANISATION] = {"organisation", "organisation's name", BIT(CLOSE)},
    [MATCH_PERSON] = {"person", "person's name", BIT(CLOSE)},
    [MATCH_ROW_MAILBOX] = {"mailbox", "confirmed mailbox", BIT(SAME_ROLE) | BIT(SAME_SHARED)},
#undef BIT
};

static const char *const outcome_words[MATCH_OUTCOMES] = {
    [MATCH_UNKNOWN] = "unknown",    [MATCH_DIFFERS] = "differs", [MATCH_CLOSE] = "close", [MATCH_SHORT] = "short",
    [MATCH_SAME_SHARED] = "shared", [MATCH_SAME_ROLE] = "role",  [MATCH_SAME] = "same",
};

const char *match_outcome_word(enum match_outcome outcome)
{
    return outcome_words[outcome];
}

size_t match_row_named(const struct match_rule *m, struct str name)
{
    for (size_t i = 0; i < MATCH_ROWS; i++)
        if (m->row[i].name != NULL && str_is(name, m->row[i].name))
            return i;
    return MATCH_ROWS;
}

bool match_row_has(size_t row, enum match_outcome outcome)
{
    bool field = row >= MATCH_FIELD && row < MATCH_KINDS;
    unsigned outcomes = field ? 1u << MATCH_CLOSE : rows[row].outcomes;

    return outcome == MATCH_SAME || outcome == MATCH_DIFFERS || outcome == MATCH_UNKNOWN ||
           (outcomes >> outcome & 1) != 0;
}

bool match_row_is_name(const struct match_rule *m, size_t row)
{
    if (row >= MATCH_FIELD && row < MATCH_KINDS)
        return m->row[row].form == MATCH_FORM_NAME || m->row[row].form == MATCH_FORM_WORDS;
    return row == MATCH_ORGANISATION || row == MATCH_PERSON;
}

bool match_row_identifies(const struct match_rule *m, size_t row, enum match_outcome outcome)
{
    return !match_row_is_name(m, row) && outcome >= MATCH_SHORT && outcome != MATCH_SAME_SHARED;
}

void match_rule_begin(struct match_rule *m, const char *name, int line)
{
    *m = (struct match_rule){.name = name, .line = line};
    for (size_t i = 0; i < MATCH_ROWS; i++)
        if (i < MATCH_FIELD || i == MATCH_ROW_MAILBOX) {
            m->row[i].name = rows[i].name;
            m->row[i].words = rows[i].words;
        }
}

bool match_field(const struct match_rule *m, struct str name, enum match_kind *out)
{
    for (size_t i = 0; i < m->fields; i++)
        if (str_is(name, m->row[MATCH_FIELD + i].name)) {
            *out = (enum match_kind)(MATCH_FIELD + i);
            return true;
        }
    return false;
}

int match_rule_line(const struct match_rule *m)
{
    return m->line;
}

enum match_band match_band_of(const struct match_rule *m, int points)
{
    return points >= m->link ? MATCH_LINK : points >= m->review ? MATCH_REVIEW : MATCH_APART;
}
