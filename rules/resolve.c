#include "rules/resolve.h"

#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/confidence.h"

#include <string.h>

static const char *const kind_words[] = {
    [EVIDENCE_EMAIL] = "e-mail address",
    [EVIDENCE_SITE] = "site",
    [EVIDENCE_INVOICE] = "invoice or customer number",
    [EVIDENCE_PHONE] = "phone number",
};

/* How far one kind alone is believed, of 100. */
static const int weights[] = {
    [EVIDENCE_EMAIL] = 90, [EVIDENCE_SITE] = 70, [EVIDENCE_INVOICE] = 60, [EVIDENCE_PHONE] = 55};

static unsigned authorised_parse(const struct doc *list)
{
    unsigned bits = 0;

    for (size_t i = 0; i < doc_size(list); i++) {
        struct str s = doc_text(doc_at(list, i));

        bits |= str_is(s, "all")        ? AUTHORISED_ALL
                : str_is(s, "site")     ? AUTHORISED_SITE
                : str_is(s, "billing")  ? AUTHORISED_BILLING
                : str_is(s, "security") ? AUTHORISED_SECURITY
                                        : 0;
    }
    return bits;
}

static struct str keep(struct arena *a, const struct doc *d, const char *name)
{
    struct str s = doc_get_text(d, name);

    return (struct str){str_copy(a, s), s.len};
}

bool evidence_parse(enum evidence_kind kind, struct str field, struct str json, struct arena *a, struct evidence *out)
{
    struct evidence e = {.kind = kind};
    struct str source = field, account = str_cut(&source, ':');
    struct doc *d;

    if (!ulid_parse(account, &e.account) || source.at == NULL || doc_parse(&d, json, NULL, 0) != ERR_OK)
        return false;
    e.source = (struct str){str_copy(a, source), source.len};
    e.record = !str_is(source, "-");
    e.contact = keep(a, d, "con");
    e.role = keep(a, d, "role");
    e.tier = keep(a, d, "tier");
    e.region = keep(a, d, "region");
    e.language = keep(a, d, "language");
    e.authorised = authorised_parse(doc_get(d, "auth"));
    e.as_of_days = doc_get_int(d, "proven", doc_get_int(d, "as_of", 0));
    e.confidence_permille = (int)doc_get_int(d, "conf", 0);
    e.gone = doc_get_bool(d, "gone", false);
    e.shared = doc_get_bool(d, "shared", false);
    e.bounced = doc_get_bool(d, "bounced", false);
    doc_close(d);
    *out = e;
    return true;
}

/* The accounts that one kind of evidence names, each once. */
struct owners {
    size_t n;
    struct ulid account[16];
};

static bool names(const struct owners *o, struct ulid account)
{
    for (size_t i = 0; i < o->n; i++)
        if (ulid_equal(o->account[i], account))
            return true;
    return false;
}

static struct owners owners_of(const struct evidence *e, size_t n, enum evidence_kind kind, bool record,
                               struct ulid own)
{
    struct owners o = {0};

    for (size_t i = 0; i < n; i++)
        if (e[i].kind == kind && e[i].record == record && !ulid_equal(e[i].account, own) && !names(&o, e[i].account) &&
            o.n < sizeof o.account / sizeof o.account[0])
            o.account[o.n++] = e[i].account;
    return o;
}

static struct owners both(const struct owners *a, const struct owners *b)
{
    struct owners o = {0};

    for (size_t i = 0; i < a->n; i++)
        if (names(b, a->account[i]))
            o.account[o.n++] = a->account[i];
    return o;
}

static void say(struct doc *reasons, struct arena *a, const char *format, const char *word)
{
    doc_push(reasons, doc_new_text(str_of(arena_printf(a, format, word))));
}

/* On record: each kind narrows what the kinds before it left, the strongest first. True where one account is left. */
static bool resolve_record(const struct evidence *e, size_t n, struct ulid own, struct arena *a, struct doc *reasons,
                           struct resolution *out)
{
    struct owners left = {0};

    for (int kind = 0; kind < EVIDENCE_KINDS; kind++) {
        struct owners here = owners_of(e, n, (enum evidence_kind)kind, true, own);

        if (here.n == 0)
            continue;
        say(reasons, a, here.n == 1 ? "the %s is on record" : "the %s is on record with several customers",
            kind_words[kind]);
        if (left.n == 0) {
            left = here;
            out->score = weights[kind];
            continue;
        }

        struct owners common = both(&left, &here);

        if (common.n == 0 && kind != EVIDENCE_PHONE) {
            say(reasons, a, "the %s belongs to another customer: not linked", kind_words[kind]);
            out->score = 0;
            return false;
        }
        if (common.n > 0) {
            left = common;
            out->score += (100 - out->score) * weights[kind] / 200;
        }
    }
    if (left.n > 1)
        say(reasons, a, "%s", "several customers fit: not linked");
    if (left.n != 1)
        return false;
    out->account = left.account[0];
    out->known = true;
    return true;
}

static bool resolve_claim(const struct evidence *e, size_t n, struct ulid own, struct arena *a, struct doc *reasons,
                          struct resolution *out)
{
    static const enum evidence_kind kinds[] = {EVIDENCE_EMAIL, EVIDENCE_PHONE};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct owners here = owners_of(e, n, kinds[i], false, own);

        if (here.n == 0)
            continue;
        say(reasons, a, "the %s wrote before", kind_words[kinds[i]]);
        out->account = here.account[0];
        out->score = weights[kinds[i]];
        return true;
    }
    return false;
}

static void take_facts(const struct evidence *e, size_t n, struct resolution *out)
{
    for (size_t i = 0; i < n; i++)
        if (e[i].record && ulid_equal(e[i].account, out->account)) {
            out->tier = e[i].tier;
            out->region = e[i].region;
            out->language = e[i].language;
            return;
        }
}

static bool has_mailbox(const struct evidence *e, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (e[i].kind == EVIDENCE_EMAIL)
            return true;
    return false;
}

/* The asker's mailbox claimed `own` when the evidence was read; where the work goes elsewhere, the
 * claim should follow it. */
static bool claimed(const struct evidence *e, size_t n, struct ulid account)
{
    for (size_t i = 0; i < n; i++)
        if (e[i].kind == EVIDENCE_EMAIL && !e[i].record && ulid_equal(e[i].account, account))
            return true;
    return false;
}

void resolve(const struct evidence *e, size_t n, struct ulid own, struct arena *a, struct resolution *out)
{
    struct doc *reasons = doc_array();

    *out = (struct resolution){0};
    if (resolve_record(e, n, own, a, reasons, out)) {
        take_facts(e, n, out);
        out->repoint = claimed(e, n, own);
    } else if (!resolve_claim(e, n, own, a, reasons, out)) {
        out->account = own;
        out->fresh = true;
        out->repoint = has_mailbox(e, n) && !claimed(e, n, own);
        if (doc_size(reasons) == 0)
            say(reasons, a, "%s", "nobody we know: an account of its own");
    }
    out->reasons = doc_print(reasons, a);
    doc_close(reasons);
}

struct standing mailbox_standing(const struct evidence *e, size_t n, struct ulid account, int64_t today_days)
{
    struct standing s = {.level = 1};
    int64_t youngest = INT64_MAX;
    double confidence = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t age = today_days - e[i].as_of_days;

        if (e[i].kind != EVIDENCE_EMAIL || !e[i].record || e[i].bounced)
            continue;
        s.level = 2;
        if (!ulid_equal(e[i].account, account))
            continue;
        s.authorised |= e[i].authorised;
        confidence = confidence_join(confidence, e[i].confidence_permille / 1000.0);
        if (!e[i].gone && age < youngest)
            youngest = age;
    }
    s.stale = s.level == 2 && confidence_stale(confidence, youngest);
    return s;
}
