#include "rules/facts.h"

#include "rules/base/doc.h"
#include "rules/base/stamp.h"
#include "rules/faults.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static const char *const channels[] = {"web", "mail", "phone", "social", "desk"};
static const char *const impacts[] = {"down", "degraded", "question"};
static const char *const yes_no[] = {"no", "yes"};

const struct fact_kind_of fact_table[FACTS] = {
    [FACT_CHANNEL] = {"channel", FACT_WORD, CHANNEL_DESK, channels},
    [FACT_LEVEL] = {"level", FACT_NUMBER, FACT_LEVEL_MAX, NULL},
    [FACT_AFFECTED] = {"affected", FACT_OF_INCIDENTS, 1, yes_no},
    [FACT_INCIDENT] = {"incident", FACT_OF_INCIDENTS, 1, yes_no},
    [FACT_EXECUTIVE] = {"executive", FACT_YES_NO, 1, yes_no},
    [FACT_KNOWN] = {"known", FACT_YES_NO, 1, yes_no},
    [FACT_IMPACT] = {"impact", FACT_WORD, IMPACT_QUESTION, impacts},
    [FACT_FOLLOWERS] = {"followers", FACT_NUMBER, INT64_MAX, NULL},
    [FACT_LANGUAGE] = {"language", FACT_LANGUAGE_TAG, 0, NULL},
    [FACT_TIER] = {"tier", FACT_TEXT, 0, NULL},
    [FACT_REGION] = {"region", FACT_TEXT, 0, NULL},
    [FACT_CLASS] = {"class", FACT_TEXT, 0, NULL},
    [FACT_HEAT] = {"heat", FACT_WITHIN, FACT_CHANNELS, NULL},
};

struct facts facts_default(void)
{
    struct facts f = {.channel = CHANNEL_WEB, .impact = IMPACT_DOWN};

    for (int n = 1; n < FACT_CHANNELS; n++)
        f.heat_ms[n] = FACT_NEVER;
    return f;
}

/* The moments at which each channel was last heard, the latest first; at_ms is the latest of all. */
static void hear(struct facts_heard *last, size_t *n, struct facts_heard now)
{
    size_t i = 0;

    while (i < *n && last[i].channel != now.channel)
        i++;
    if (i == *n)
        ++*n;
    for (; i > 0; i--)
        last[i] = last[i - 1];
    last[0] = now;
}

void facts_set_heat(struct facts *f, const struct facts_heard *heard, size_t n)
{
    struct facts_heard last[FACT_CHANNELS];
    size_t count = 0;

    for (int k = 1; k < FACT_CHANNELS; k++)
        f->heat_ms[k] = FACT_NEVER;
    for (size_t i = 0; i < n; i++) {
        hear(last, &count, heard[i]);
        for (size_t k = 1; k < count; k++) {
            int64_t ms = heard[i].at_ms - last[k].at_ms;

            if (ms < f->heat_ms[k])
                f->heat_ms[k] = ms;
        }
    }
}

bool facts_hot(const struct facts *f, int64_t n, int64_t within_ms)
{
    assert(n >= 1 && n <= FACT_CHANNELS);
    return f->heat_ms[n - 1] <= within_ms;
}

int64_t facts_number(const struct facts *f, enum fact which)
{
    switch (which) {
    case FACT_CHANNEL:
        return f->channel;
    case FACT_LEVEL:
        return f->level;
    case FACT_AFFECTED:
    case FACT_INCIDENT:
        return facts_incidents(f, which) != 0;
    case FACT_EXECUTIVE:
        return f->executive;
    case FACT_KNOWN:
        return f->known;
    case FACT_IMPACT:
        return f->impact;
    case FACT_FOLLOWERS:
        return f->followers;
    case FACT_LANGUAGE:
    case FACT_TIER:
    case FACT_REGION:
    case FACT_CLASS:
    case FACT_HEAT:
    case FACTS:
        break;
    }
    assert(!"a fact that is a number");
    return 0;
}

uint32_t facts_incidents(const struct facts *f, enum fact which)
{
    assert(which == FACT_AFFECTED || which == FACT_INCIDENT);
    return which == FACT_AFFECTED ? f->affected : f->incident;
}

void facts_set_incidents(struct facts *f, enum fact which, uint32_t bits)
{
    assert(which == FACT_AFFECTED || which == FACT_INCIDENT);
    *(which == FACT_AFFECTED ? &f->affected : &f->incident) = bits;
}

struct facts facts_seen(const struct facts *f, uint32_t incidents)
{
    struct facts seen = *f;

    seen.affected &= incidents;
    seen.incident &= incidents;
    return seen;
}

/* Where a fact that is text lies. */
static struct str *text_of(struct facts *f, enum fact which)
{
    switch (which) {
    case FACT_LANGUAGE:
        return &f->language;
    case FACT_TIER:
        return &f->tier;
    case FACT_REGION:
        return &f->region;
    case FACT_CLASS:
        return &f->sender_class;
    default:
        break;
    }
    assert(!"a fact that is text");
    return NULL;
}

struct str facts_text(const struct facts *f, enum fact which)
{
    struct facts copy = *f;

    return *text_of(&copy, which);
}

void facts_set_number(struct facts *f, enum fact which, int64_t n)
{
    switch (which) {
    case FACT_CHANNEL:
        f->channel = (enum facts_channel)n;
        return;
    case FACT_LEVEL:
        f->level = (int)n;
        return;
    case FACT_AFFECTED:
    case FACT_INCIDENT:
        facts_set_incidents(f, which, n != 0 ? FACT_ANY_INCIDENT : 0);
        return;
    case FACT_EXECUTIVE:
        f->executive = n != 0;
        return;
    case FACT_KNOWN:
        f->known = n != 0;
        return;
    case FACT_IMPACT:
        f->impact = (enum facts_impact)n;
        return;
    case FACT_FOLLOWERS:
        f->followers = n;
        return;
    case FACT_LANGUAGE:
    case FACT_TIER:
    case FACT_REGION:
    case FACT_CLASS:
    case FACT_HEAT:
    case FACTS:
        break;
    }
    assert(!"a fact that is a number");
}

void facts_set_text(struct facts *f, enum fact which, struct str s)
{
    *text_of(f, which) = s;
}

enum fact fact_named(struct str name)
{
    int i = 0;

    while (i < FACTS && !str_is(name, fact_table[i].name))
        i++;
    return (enum fact)i;
}

int64_t fact_word(enum fact which, struct str word)
{
    const struct fact_kind_of *k = &fact_table[which];

    if (k->words != NULL)
        for (int64_t i = 0; i <= k->max; i++)
            if (str_is(word, k->words[i]))
                return i;
    return -1;
}

/* "2 in 1h, 3 in 6h" */
static void print_heat(const struct facts *f, struct buf *out)
{
    if (f->heat_ms[1] == FACT_NEVER)
        buf_char(out, '1');
    for (int n = 2; n <= FACT_CHANNELS && f->heat_ms[n - 1] != FACT_NEVER; n++) {
        buf_printf(out, "%s%d in ", n == 2 ? "" : ", ", n);
        stamp_duration(f->heat_ms[n - 1], out);
    }
}

void facts_print_value(const struct facts *f, enum fact which, struct buf *out)
{
    const struct fact_kind_of *k = &fact_table[which];

    switch (k->kind) {
    case FACT_WORD:
    case FACT_YES_NO:
    case FACT_OF_INCIDENTS:
        buf_text(out, k->words[facts_number(f, which)]);
        break;
    case FACT_NUMBER:
        buf_printf(out, "%" PRId64, facts_number(f, which));
        break;
    case FACT_TEXT:
    case FACT_LANGUAGE_TAG:
        if (facts_text(f, which).len == 0)
            buf_text(out, "not known");
        else
            buf_str(out, facts_text(f, which));
        break;
    case FACT_WITHIN:
        print_heat(f, out);
        break;
    }
}

struct reading {
    struct facts facts;
    const char *const *others;
    struct buf *why;
    bool bad;
};

static bool is_other(const struct reading *r, struct str name)
{
    for (const char *const *o = r->others; o != NULL && *o != NULL; o++)
        if (str_is(name, *o))
            return true;
    return false;
}

static void say_unknown(struct buf *why, const char *name)
{
    const char *names[FACTS];

    for (int i = 0; i < FACTS; i++)
        names[i] = fact_table[i].name;
    buf_printf(why, "unknown fact \"%.64s\"%s\n", name, faults_hint(str_of(name), names, FACTS).at);
}

/* Words of a fact as a sentence: "web, mail, phone, social or desk". */
static void print_words(const struct fact_kind_of *k, struct buf *out)
{
    for (int64_t i = 0; i <= k->max; i++) {
        buf_text(out, i == 0 ? "" : i == k->max ? " or " : ", ");
        buf_text(out, k->words[i]);
    }
}

static bool set_heat(struct facts *f, const struct doc *list)
{
    const int64_t most_s = INT64_MAX / 1000;
    struct facts hot = facts_default();
    size_t n = doc_size(list);

    if (doc_kind(list) != DOC_ARRAY || n > FACT_CHANNELS - 1)
        return false;
    for (size_t i = 0; i < n; i++) {
        int64_t s;

        if (!doc_int(doc_at(list, i), &s) || s < 0 || s > most_s || s * 1000 < hot.heat_ms[i])
            return false;
        hot.heat_ms[i + 1] = s * 1000;
    }
    memcpy(f->heat_ms, hot.heat_ms, sizeof f->heat_ms);
    return true;
}

static bool set(struct facts *f, enum fact which, const struct doc *value)
{
    const struct fact_kind_of *k = &fact_table[which];
    int64_t n = -1;

    switch (k->kind) {
    case FACT_YES_NO:
    case FACT_OF_INCIDENTS:
        if (doc_kind(value) == DOC_BOOL)
            n = doc_true(value);
        break;
    case FACT_WORD:
        n = fact_word(which, doc_text(value));
        break;
    case FACT_NUMBER:
        if (!doc_int(value, &n) || n > k->max)
            n = -1;
        break;
    case FACT_TEXT:
    case FACT_LANGUAGE_TAG:
        if (doc_kind(value) != DOC_TEXT || doc_text(value).len > FACT_TEXT_MAX)
            return false;
        facts_set_text(f, which, doc_text(value));
        return true;
    case FACT_WITHIN:
        return set_heat(f, value);
    }
    if (n >= 0)
        facts_set_number(f, which, n);
    return n >= 0;
}

static void say_wrong(struct buf *why, const struct fact_kind_of *k)
{
    buf_printf(why, "%s must be ", k->name);
    switch (k->kind) {
    case FACT_YES_NO:
    case FACT_OF_INCIDENTS:
        buf_text(why, "true or false");
        break;
    case FACT_WORD:
        print_words(k, why);
        break;
    case FACT_NUMBER:
        if (k->max == INT64_MAX)
            buf_text(why, "a whole number, 0 or more");
        else
            buf_printf(why, "a whole number from 0 to %" PRId64, k->max);
        break;
    case FACT_TEXT:
    case FACT_LANGUAGE_TAG:
        buf_printf(why, "text of at most %d bytes", FACT_TEXT_MAX);
        break;
    case FACT_WITHIN:
        buf_printf(why, "a list of at most %d whole numbers of seconds, none smaller than the one before",
                   FACT_CHANNELS - 1);
        break;
    }
    buf_char(why, '\n');
}

static bool on_member(void *arg, const char *name, const struct doc *value)
{
    struct reading *r = arg;
    enum fact which = fact_named(str_of(name));

    if (is_other(r, str_of(name)))
        return true;
    if (which == FACTS) {
        say_unknown(r->why, name);
        r->bad = true;
    } else if (!set(&r->facts, which, value)) {
        say_wrong(r->why, &fact_table[which]);
        r->bad = true;
    }
    return true;
}

enum err facts_parse(struct facts *out, const struct doc *object, const char *const *others, struct buf *why)
{
    struct reading r = {.facts = facts_default(), .others = others, .why = why};

    if (doc_kind(object) != DOC_OBJECT) {
        buf_text(why, "facts must be a JSON object\n");
        return ERR_INPUT;
    }
    doc_each(object, on_member, &r);
    if (r.bad)
        return ERR_INPUT;
    *out = r.facts;
    return ERR_OK;
}
