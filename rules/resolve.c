#include "rules/resolve.h"

#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/confidence.h"
#include "rules/route.h"

#include <string.h>

const enum evidence_kind evidence_claimed[EVIDENCE_CLAIMED] = {EVIDENCE_EMAIL, EVIDENCE_PHONE, EVIDENCE_HANDLE};

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
    e.site = keep(a, d, "site");
    (void)id_parse(ID_TICKET, doc_get_text(d, "tkt"), &e.ticket);
    (void)id_parse(ID_PARTICIPANT, doc_get_text(d, "par"), &e.participant);
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

/* ---- weighing ---- */

/* The candidates of one sort, judged by one statement. */
struct weighed {
    const struct match_rule *rule;
    size_t n;
    int best; /* which of them links; MATCH_NOBODY */
    struct match_candidate at[MATCH_CANDIDATES_MAX];
    const struct resolve_candidate *from[MATCH_CANDIDATES_MAX];
};

static struct match_side *side_of(const struct resolve_candidate *c, const struct match_rule *m, struct arena *a)
{
    struct match_side *s = match_side(a, m);

    for (size_t i = 0; i < c->values; i++) {
        const struct resolve_value *v = &c->value[i];

        if (v->kind == MATCH_HANDLE && v->platform.len > 0)
            (void)match_add_handle(s, v->platform, v->text, v->flags);
        else
            (void)match_add(s, v->kind, v->text, v->flags);
    }
    return s;
}

static void weigh(const struct resolve_question *q, bool record, struct arena *a, struct weighed *w)
{
    struct match_side *claimant;

    *w =
        (struct weighed){.rule = rules_match(q->rules, record ? MATCH_CUSTOMER : MATCH_STRANGER), .best = MATCH_NOBODY};
    for (size_t i = 0; i < q->candidates && w->n < MATCH_CANDIDATES_MAX; i++) {
        const struct resolve_candidate *c = &q->candidate[i];

        if (c->record != record || c->values == 0 || ulid_equal(c->account, q->own))
            continue;
        w->from[w->n] = c;
        w->at[w->n++] = (struct match_candidate){.account = c->account, .side = side_of(c, w->rule, a)};
    }
    if (w->n == 0)
        return;
    claimant = match_side(a, w->rule);
    match_add_item(claimant, q->item, q->proven);
    w->best = match_choose(w->rule, claimant, w->at, w->n);
}

/* ---- claims ---- */

static bool holds(const struct resolve_question *q, enum evidence_kind kind, bool record, const struct evidence **claim)
{
    bool any = false;

    for (size_t i = 0; i < q->n; i++) {
        if (q->e[i].kind != kind || q->e[i].record != record)
            continue;
        any = true;
        if (claim != NULL)
            *claim = &q->e[i];
    }
    return any;
}

/* The claim of the strongest evidence that anybody claims, the item itself perhaps: NULL where nobody does. */
static const struct evidence *strongest_claim(const struct resolve_question *q, enum evidence_kind *kind)
{
    const struct evidence *claim = NULL;

    for (size_t i = 0; i < EVIDENCE_CLAIMED; i++)
        if (holds(q, *kind = evidence_claimed[i], false, &claim))
            return claim;
    return NULL;
}

/* ---- the outcome ---- */

static void take_facts(const struct resolve_question *q, struct resolution *out)
{
    for (size_t i = 0; i < q->candidates; i++) {
        const struct resolve_candidate *c = &q->candidate[i];

        if (!c->known || !ulid_equal(c->account, out->account))
            continue;
        out->known = true;
        out->tier = c->tier;
        out->region = c->region;
        out->language = c->language;
        return;
    }
}

static struct str rule_name(const struct resolve_question *q, const struct match_rule *m, struct arena *a)
{
    return str_of(arena_printf(a, "%s:%d", rules_file(q->rules), match_rule_line(m)));
}

static void take_match(const struct resolve_question *q, const struct weighed *w, struct arena *a,
                       struct resolution *out)
{
    const struct match_result *r = &w->at[w->best].result;

    out->account = w->at[w->best].account;
    out->score = r->score;
    out->rule = rule_name(q, w->rule, a);
    out->reasons = match_reasons(r, a);
}

/* What a claim alone says, and what the statement makes of all that is known of its account. */
static void take_claim(const struct resolve_question *q, const struct weighed *w, enum evidence_kind kind,
                       const struct evidence *claim, struct arena *a, struct resolution *out)
{
    static const char *const said[EVIDENCE_KINDS] = {
        [EVIDENCE_EMAIL] = "[\"the e-mail address wrote before\"",
        [EVIDENCE_PHONE] = "[\"the phone number wrote or called before\"",
        [EVIDENCE_HANDLE] = "[\"the author posted before\"",
    };
    const struct match_result *r = NULL;

    for (size_t i = 0; i < w->n; i++)
        if (ulid_equal(w->at[i].account, claim->account) && (r == NULL || w->at[i].result.score > r->score))
            r = &w->at[i].result;
    out->account = claim->account;
    out->reasons = str_of(
        arena_printf(a, "%s%s%s", said[kind], r == NULL ? "" : ",", r == NULL ? "]" : match_reasons(r, a).at + 1));
    if (r == NULL)
        return;
    out->score = r->score;
    out->rule = rule_name(q, w->rule, a);
}

static void suspect(const struct resolve_question *q, const struct weighed *w, size_t i, struct arena *a,
                    struct resolution *out)
{
    const struct match_result *r = &w->at[i].result;
    size_t at = 0;

    if (r->band == MATCH_APART || ulid_equal(w->at[i].account, out->account))
        return;
    for (; at < out->suspects; at++)
        if (ulid_equal(out->suspect[at].account, w->at[i].account))
            break;
    if (at < out->suspects && out->suspect[at].score >= r->score)
        return;
    if (at == RESOLVE_SUSPECTS_MAX && out->suspect[at - 1].score >= r->score)
        return;
    if (at == out->suspects && at < RESOLVE_SUSPECTS_MAX)
        out->suspects++;
    else if (at == RESOLVE_SUSPECTS_MAX)
        at--;
    for (; at > 0 && out->suspect[at - 1].score < r->score; at--)
        out->suspect[at] = out->suspect[at - 1];
    out->suspect[at] = (struct suspect){w->at[i].account, r->score, rule_name(q, w->rule, a), match_reasons(r, a)};
}

/* V5. Of an item that went to a customer on record by itself, other records that fit are only like it. */
static void suspects_of(const struct resolve_question *q, const struct weighed *records,
                        const struct weighed *strangers, struct arena *a, struct resolution *out)
{
    for (size_t i = 0; i < records->n && !out->linked; i++)
        suspect(q, records, i, a, out);
    for (size_t i = 0; i < strangers->n; i++)
        suspect(q, strangers, i, a, out);
}

static void stand_alone(const struct resolve_question *q, struct resolution *out)
{
    out->account = q->own;
    out->fresh = true;
    out->reasons = STR("[\"nobody we know: an account of its own\"]");
}

void resolve(const struct resolve_question *q, struct arena *a, struct resolution *out)
{
    struct weighed *records = arena_new(a, struct weighed), *strangers = arena_new(a, struct weighed);
    enum evidence_kind kind;
    const struct evidence *claim = strongest_claim(q, &kind);

    *out = (struct resolution){0};
    weigh(q, true, a, records);
    weigh(q, false, a, strangers);
    if (records->best != MATCH_NOBODY) {
        out->linked = true;
        take_match(q, records, a, out);
    } else if (claim != NULL && !ulid_equal(claim->account, q->own)) {
        take_claim(q, strangers, kind, claim, a, out);
    } else if (strangers->best != MATCH_NOBODY) {
        take_match(q, strangers, a, out);
    } else {
        stand_alone(q, out);
    }
    take_facts(q, out);
    suspects_of(q, records, strangers, a, out);
    if (out->fresh && out->suspects > 0)
        out->reasons =
            str_of(arena_printf(a, "[\"an account of its own until somebody decides: it may be another's\",%s",
                                out->suspect[0].reasons.at + 1));
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
