#include "rules/restoration_report.h"

#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"

#include <string.h>

struct reader {
    struct arena *a;
    struct restoration_fault *faults;
    size_t n;
};

static void add_fault(struct reader *r, const char *field, const char *code, const char *detail)
{
    if (r->n < RESTORATION_FAULTS_MAX)
        r->faults[r->n++] = (struct restoration_fault){field, code, detail};
}

static bool is_word(struct str s, size_t most, bool upper)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (upper && c >= 'A' && c <= 'Z');

        if (!letter && (i == 0 || (c != '-' && (!upper || (c != '.' && c != '_')))))
            return false;
    }
    return s.len > 0 && s.len <= most;
}

bool restoration_batch_valid(struct str s)
{
    return is_word(s, RESTORATION_BATCH_MAX, true);
}

/* A member that is text, trimmed; empty where there is none, or a fault was added. */
static struct str text_of(struct reader *r, const struct doc *d, const char *field, bool wanted)
{
    const struct doc *m = doc_get(d, field);
    struct str s = str_trim(doc_text(m));

    if (m != NULL && doc_kind(m) != DOC_TEXT)
        add_fault(r, field, "wrong-type", "text is wanted");
    else if (s.len == 0 && wanted)
        add_fault(r, field, "missing", "it is required");
    return (struct str){str_copy(r->a, s), s.len};
}

static bool is_line(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] < 0x20 || s.at[i] == 0x7F)
            return false;
    return true;
}

static void read_site(struct reader *r, const struct doc *d, struct restoration_report *out)
{
    out->site = text_of(r, d, "site", true);
    if (!is_line(out->site))
        add_fault(r, "site", "character", "control characters are not allowed here");
    else if (text_code_points(out->site) > RESTORATION_SITE_MAX)
        add_fault(r, "site", "too-long", "at most 300 characters");
}

static void read_words(struct reader *r, const struct doc *d, struct restoration_report *out)
{
    struct str state;

    out->incident = text_of(r, d, "incident", true);
    if (out->incident.len > 0 && !is_word(out->incident, RESTORATION_SLUG_MAX, false))
        add_fault(r, "incident", "malformed", "a slug of a-z, 0-9 and -, at most 40, is wanted");
    out->batch = text_of(r, d, "batch", false);
    if (out->batch.len > 0 && !restoration_batch_valid(out->batch))
        add_fault(r, "batch", "malformed", "a word of letters, digits, '.', '_' and '-', at most 40, is wanted");
    state = text_of(r, d, "state", true);
    if (state.len > 0 && !restoration_told_parse(state, &out->event))
        add_fault(r, "state", "unknown",
                  "waiting, restoring, automatic-check, our-validation, customer-validation or failed");
}

static void read_moment(struct reader *r, const struct doc *d, int64_t now_ms, struct restoration_report *out)
{
    struct str s = text_of(r, d, "at", true);

    if (s.len == 0)
        return;
    if (!stamp_parse(s, &out->at_ms))
        add_fault(r, "at", "malformed", "a moment such as 2026-11-24T09:12:03Z is wanted");
    else if (out->at_ms > now_ms + RESTORATION_AHEAD_MS)
        add_fault(r, "at", "range", "it is in the future");
}

struct flat {
    size_t names;
    bool good;
};

static bool look(void *arg, const char *name, const struct doc *value)
{
    struct flat *f = arg;
    enum doc_kind kind = doc_kind(value);

    (void)name;
    f->names++;
    f->good = f->good && kind != DOC_ARRAY && kind != DOC_OBJECT && (kind != DOC_TEXT || is_line(doc_text(value)));
    return f->good;
}

static void read_evidence(struct reader *r, const struct doc *d, struct restoration_report *out)
{
    const struct doc *e = doc_get(d, "evidence");
    struct flat f = {.good = true};

    if (e == NULL || doc_kind(e) == DOC_NULL)
        return;
    if (doc_kind(e) != DOC_OBJECT) {
        add_fault(r, "evidence", "wrong-type", "an object is wanted");
        return;
    }
    doc_each(e, look, &f);
    if (!f.good)
        add_fault(r, "evidence", "wrong-type", "its members are lines of text, numbers, true or false");
    else if (f.names > RESTORATION_EVIDENCE_NAMES_MAX)
        add_fault(r, "evidence", "too-long", "at most 32 members");
    else if ((out->evidence = doc_print(e, r->a)).len > RESTORATION_EVIDENCE_MAX)
        add_fault(r, "evidence", "too-long", "at most 4096 bytes");
}

/* Q1 */
static bool look_name(void *arg, const char *name, const struct doc *value)
{
    static const char *const names[] = {"incident", "site", "batch", "state", "at", "evidence"};
    struct reader *r = arg;

    (void)value;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    add_fault(r, "body", "unknown", "its members are incident, site, batch, state, at and evidence");
    return false;
}

size_t restoration_report_read(const struct doc *d, int64_t now_ms, struct arena *a, struct restoration_report *out,
                               struct restoration_fault faults[RESTORATION_FAULTS_MAX])
{
    struct reader r = {.a = a, .faults = faults};
    struct restoration_report got = {0};

    if (doc_kind(d) != DOC_OBJECT) {
        add_fault(&r, "body", "wrong-type", "an object is wanted");
        return r.n;
    }
    doc_each(d, look_name, &r);
    read_words(&r, d, &got);
    read_site(&r, d, &got);
    read_moment(&r, d, now_ms, &got);
    read_evidence(&r, d, &got);
    if (r.n == 0)
        *out = got;
    return r.n;
}
