#include "rules/proof.h"

#include "rules/resolve.h"

static const char *const kind_names[PROOF_KINDS] = {[PROOF_MAILBOX] = "mailbox",
                                                    [PROOF_RECORD] = "record",
                                                    [PROOF_VOUCH] = "vouch",
                                                    [PROOF_CALL_BACK] = "call-back",
                                                    [PROOF_SEEN] = "seen"};

const char *proof_kind_name(enum proof_kind kind)
{
    return kind_names[kind];
}

bool proof_kind_parse(struct str s, enum proof_kind *out)
{
    for (int k = 0; k < PROOF_KINDS; k++)
        if (str_is(s, kind_names[k])) {
            *out = (enum proof_kind)k;
            return true;
        }
    return false;
}

/* Does it say anything of the customer, or of the mailbox only? */
static bool on_record(const struct proof *p)
{
    return p->kind == PROOF_RECORD || p->kind == PROOF_VOUCH || p->kind == PROOF_CALL_BACK;
}

static bool by_voice(const struct proof *p)
{
    return p->kind == PROOF_CALL_BACK;
}

bool proof_independent(const struct proof *a, const struct proof *b)
{
    if (!on_record(a) || !on_record(b) || a->source.len == 0 || b->source.len == 0)
        return false;
    if (by_voice(a) != by_voice(b))
        return true;
    return !ulid_equal(a->contact, b->contact) && !str_equal(a->source, b->source) &&
           (by_voice(a) || !str_equal(a->mailbox, b->mailbox));
}

static bool has_two_independent(const struct proof_case *c)
{
    for (size_t i = 0; i < c->n; i++)
        for (size_t k = i + 1; k < c->n; k++)
            if (proof_independent(&c->proof[i], &c->proof[k]) && !(c->proof[i].stale && c->proof[k].stale))
                return true;
    return false;
}

static bool lent_by_others(const struct proof_case *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->proof[i].kind == PROOF_VOUCH || c->proof[i].kind == PROOF_CALL_BACK)
            return true;
    return false;
}

/* 0 to 2, and what goes with it. */
static void judge_single(const struct proof_case *c, struct proof_standing *out)
{
    bool reached = false, recorded = false, fresh = false, named = false;
    unsigned own = 0, lent = AUTHORISED_ALL;

    for (size_t i = 0; i < c->n; i++) {
        const struct proof *p = &c->proof[i];

        reached = reached || p->kind == PROOF_MAILBOX || p->kind == PROOF_RECORD;
        if (!on_record(p))
            continue;
        recorded = true;
        fresh = fresh || !p->stale;
        if (p->kind != PROOF_RECORD) {
            lent &= p->authorised;
        } else if (p->source.len > 0 || p->authorised != 0) {
            named = true;
            own |= p->authorised;
        }
    }
    out->level = reached ? 1 : 0;
    out->why = reached ? "the mailbox was reached" : "nothing was shown yet";
    if (!recorded || !reached) /* whoever is vouched for must be reachable himself */
        return;
    out->level = 2;
    out->stale = !fresh;
    out->authorised = named ? own & lent : lent_by_others(c) ? lent : 0;
    out->why = fresh ? "somebody on record, or vouched for" : "on record, but the record is stale: one more evidence";
}

static bool counts(const struct proof_approval *a)
{
    static const struct ulid nobody;

    return a->reasoned && !a->refused && a->second_leads && !ulid_equal(a->second, nobody) &&
           !ulid_equal(a->by, nobody) && !ulid_equal(a->by, a->second);
}

/* One's own mailbox is one, whoever has it on record. */
static size_t ways_shown(const struct proof_case *c)
{
    size_t more = 0, own = 0;

    for (size_t i = 0; i < c->n; i++)
        if (c->proof[i].kind == PROOF_MAILBOX || c->proof[i].kind == PROOF_RECORD)
            own = 1;
        else
            more++;
    return own + more;
}

static void judge_approvals(const struct proof_case *c, struct proof_standing *out)
{
    if (out->level < 1 || ways_shown(c) < 2)
        return;
    for (size_t i = 0; i < c->approvals; i++) {
        const struct proof_approval *a = &c->approval[i];
        int64_t from_ms = a->decided_ms + PROOF_WAIT_MS;

        if (!counts(a))
            continue;
        if (c->now_ms >= from_ms) {
            out->level = 4;
            out->authorised |= a->authorised;
            out->stale = false;
            out->waits_until_ms = 0;
            out->why = "approved by two people, and nobody objected";
            return;
        }
        if (out->waits_until_ms == 0 || from_ms < out->waits_until_ms)
            out->waits_until_ms = from_ms;
    }
}

void proof_judge(const struct proof_case *c, struct proof_standing *out)
{
    *out = (struct proof_standing){0};
    judge_single(c, out);
    if (out->level == 2 && has_two_independent(c)) {
        out->level = 3;
        out->stale = false;
        out->why = "two independent evidences";
    }
    judge_approvals(c, out);
    if (c->now_ms >= c->frozen_until_ms || out->level < 2)
        return;
    out->level = 1;
    out->authorised = 0;
    out->stale = false;
    out->frozen = true;
    out->why = "somebody on record objected: nothing above level 1 for now";
}

bool proof_allows(const struct proof_standing *s, enum proof_act act)
{
    switch (act) {
    case PROOF_READ_OWN:
        return true;
    case PROOF_TALK:
        return s->level >= 1;
    case PROOF_DISCLOSE:
        return s->level >= 2 && !s->stale;
    case PROOF_ACCEPT:
        return s->level >= 2 && !s->stale && (s->authorised & AUTHORISED_SITE) != 0;
    case PROOF_CHANGE:
        return s->level >= 3;
    case PROOF_ACTS:
        break;
    }
    return false;
}

const char *proof_act_name(enum proof_act act)
{
    static const char *const names[PROOF_ACTS] = {[PROOF_READ_OWN] = "read-own",
                                                  [PROOF_TALK] = "talk",
                                                  [PROOF_DISCLOSE] = "disclose",
                                                  [PROOF_ACCEPT] = "accept",
                                                  [PROOF_CHANGE] = "change"};

    return names[act];
}
