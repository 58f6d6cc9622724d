#include "rules/facts.h"

#include "rules/base/doc.h"
#include "rules/faults.h"

#include <assert.h>
#include <inttypes.h>

static const char *const channels[] = {"web", "mail", "phone", "social", "desk"};
static const char *const impacts[] = {"down", "degraded", "question"};
static const char *const yes_no[] = {"no", "yes"};

const struct fact_kind_of fact_table[FACTS] = {
    [FACT_CHANNEL] = {"channel", FACT_WORD, CHANNEL_DESK, channels},
    [FACT_LEVEL] = {"level", FACT_NUMBER, FACT_LEVEL_MAX, NULL},
    [FACT_AFFECTED] = {"affected", FACT_YES_NO, 1, yes_no},
    [FACT_EXECUTIVE] = {"executive", FACT_YES_NO, 1, yes_no},
    [FACT_KNOWN] = {"known", FACT_YES_NO, 1, yes_no},
    [FACT_IMPACT] = {"impact", FACT_WORD, IMPACT_QUESTION, impacts},
    [FACT_FOLLOWERS] = {"followers", FACT_NUMBER, INT64_MAX, NULL},
    [FACT_LANGUAGE] = {"language", FACT_LANGUAGE_TAG, 0, NULL},
    [FACT_TIER] = {"tier", FACT_TEXT, 0, NULL},
    [FACT_REGION] = {"region", FACT_TEXT, 0, NULL},
    [FACT_CLASS] = {"class", FACT_TEXT, 0, NULL},
};

struct facts facts_default(void)
{
    return (struct facts){.channel = CHANNEL_WEB, .impact = IMPACT_DOWN};
}

int64_t facts_number(const struct facts *f, enum fact which)
{
    switch (which) {
    case FACT_CHANNEL:
        return f->channel;
    case FACT_LEVEL:
        return f->level;
    case FACT_AFFECTED:
        return f->affected;
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
    case FACTS:
        break;
    }
    assert(!"a fact that is a number");
    return 0;
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
        f->affected = n != 0;
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

void facts_print_value(const struct facts *f, enum fact which, struct buf *out)
{
    const struct fact_kind_of *k = &fact_table[which];

    switch (k->kind) {
    case FACT_WORD:
    case FACT_YES_NO:
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

static bool set(struct facts *f, enum fact which, const struct doc *value)
{
    const struct fact_kind_of *k = &fact_table[which];
    int64_t n = -1;

    switch (k->kind) {
    case FACT_YES_NO:
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
