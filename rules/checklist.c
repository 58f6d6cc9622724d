#include "rules/checklist.h"

#include "rules/base/arena.h"
#include "rules/base/doc.h"

static const char *const evidences[] = {
#define X(name, word) [CHECKLIST_##name] = word,
    CHECKLIST_EVIDENCE_LIST(X)
#undef X
};

void checklist_shipped(struct checklist *out)
{
    static const struct checklist_step steps[] = {
        {STR("address"), STR("The site opens under its own address"), CHECKLIST_LINK, false},
        {STR("ids"), STR("The site has the ids that it had, or the new ones are written down"), CHECKLIST_NOTE, false},
        {STR("point"), STR("The restore point is consistent over all products"), CHECKLIST_NOTE, false},
        {STR("users"), STR("The number of users is that of the backup"), CHECKLIST_NUMBER, false},
        {STR("admins"), STR("The contacts on record can administer the site"), CHECKLIST_TICK, false},
        {STR("products"), STR("Each product of the contract is there and answers"), CHECKLIST_NOTE, false},
        {STR("attachments"), STR("Attachments open, new and old ones"), CHECKLIST_TICK, false},
        {STR("apps"), STR("Apps of third parties work, or are named to the customer"), CHECKLIST_NOTE, true},
    };

    *out = (struct checklist){.version = 1, .n = sizeof steps / sizeof steps[0]};
    for (size_t i = 0; i < out->n; i++)
        out->step[i] = steps[i];
}

static bool key_valid(struct str s)
{
    if (s.len == 0 || s.len > CHECKLIST_KEY_MAX || s.at[0] == '-')
        return false;
    for (size_t i = 0; i < s.len; i++)
        if ((s.at[i] < 'a' || s.at[i] > 'z') && (s.at[i] < '0' || s.at[i] > '9') && s.at[i] != '-')
            return false;
    return true;
}

static bool is_line(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] < 0x20 || s.at[i] == 0x7F)
            return false;
    return true;
}

static struct str keep(struct arena *a, struct str s)
{
    return (struct str){str_copy(a, s), s.len};
}

static const char *read_step(const struct doc *d, struct arena *a, const struct checklist *l,
                             struct checklist_step *out)
{
    struct str kind = doc_get_text(d, "evidence");

    *out = (struct checklist_step){.key = keep(a, doc_get_text(d, "key")),
                                   .title = keep(a, str_trim(doc_get_text(d, "title"))),
                                   .evidence = CHECKLIST_EVIDENCES,
                                   .optional = doc_get_bool(d, "optional", false)};
    for (int i = 0; i < CHECKLIST_EVIDENCES; i++)
        if (str_is(kind, evidences[i]))
            out->evidence = (enum checklist_evidence)i;
    if (!key_valid(out->key))
        return "a step's key is a word of a-z, 0-9 and -, at most 32";
    if (checklist_find(l, out->key) != NULL)
        return "a key stands there twice";
    if (out->title.len == 0 || text_code_points(out->title) > CHECKLIST_TITLE_MAX || !is_line(out->title))
        return "a step's title is one line of at most 200 characters";
    if (out->evidence == CHECKLIST_EVIDENCES)
        return "a step's evidence is tick, note, number or link";
    return NULL;
}

enum err checklist_read(const struct doc *d, struct arena *a, struct checklist *out, const char **why)
{
    const struct doc *steps = doc_get(d, "steps");
    struct checklist l = {.version = out->version};
    const char *fault = NULL;

    if (doc_kind(steps) != DOC_ARRAY || doc_size(steps) == 0 || doc_size(steps) > CHECKLIST_STEPS_MAX)
        fault = "1 to 40 steps are wanted";
    for (size_t i = 0; fault == NULL && i < doc_size(steps); i++, l.n++)
        fault = read_step(doc_at(steps, i), a, &l, &l.step[i]);
    if (fault != NULL) {
        *why = fault;
        return ERR_INPUT;
    }
    *out = l;
    return ERR_OK;
}

struct doc *checklist_doc(const struct checklist *l)
{
    struct doc *d = doc_object(), *steps = doc_array();

    doc_set_int(d, "version", l->version);
    for (size_t i = 0; i < l->n; i++) {
        struct doc *s = doc_object();

        doc_set_text(s, "key", l->step[i].key);
        doc_set_text(s, "title", l->step[i].title);
        doc_set_text(s, "evidence", str_of(evidences[l->step[i].evidence]));
        doc_set_bool(s, "optional", l->step[i].optional);
        doc_push(steps, s);
    }
    doc_set(d, "steps", steps);
    return d;
}

const char *checklist_evidence_name(enum checklist_evidence kind)
{
    return evidences[kind];
}

const struct checklist_step *checklist_find(const struct checklist *l, struct str key)
{
    for (size_t i = 0; i < l->n; i++)
        if (str_equal(l->step[i].key, key))
            return &l->step[i];
    return NULL;
}

bool checklist_evidence_fits(const struct checklist_step *s, struct str evidence)
{
    int64_t n;

    if (text_code_points(evidence) > CHECKLIST_EVIDENCE_MAX)
        return false;
    switch (s->evidence) {
    case CHECKLIST_TICK:
        return true;
    case CHECKLIST_NOTE:
        return evidence.len > 0;
    case CHECKLIST_NUMBER:
        return str_number(evidence, &n);
    case CHECKLIST_LINK:
        return str_starts(evidence, "https://") && evidence.len > sizeof "https://" - 1 && is_line(evidence);
    case CHECKLIST_EVIDENCES:
        break;
    }
    return false;
}

const struct checklist_step *checklist_missing(const struct checklist *l, const struct str done[], size_t n)
{
    for (size_t i = 0; i < l->n; i++) {
        bool is_done = l->step[i].optional;

        for (size_t k = 0; !is_done && k < n; k++)
            is_done = str_equal(l->step[i].key, done[k]);
        if (!is_done)
            return &l->step[i];
    }
    return NULL;
}

enum checklist_signature checklist_sign(struct ulid first, struct ulid second, struct ulid who)
{
    static const struct ulid nobody;

    if (ulid_equal(first, nobody))
        return CHECKLIST_FIRST;
    if (!ulid_equal(second, nobody))
        return CHECKLIST_SIGNED;
    return ulid_equal(first, who) ? CHECKLIST_SAME_PERSON : CHECKLIST_SECOND;
}
