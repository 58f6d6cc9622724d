#include "queues/filing_steps.h"

#include "queues/evidence.h"
#include "queues/filing_parts.h"
#include "queues/inquiry.h"
#include "queues/keys.h"
#include "rules/base/arena.h"

#include <stdlib.h>
#include <string.h>

enum {
    REPEAT_MS = 10 * 60 * 1000, /* the same words of the same mailbox within this time are one work */
    FOLLOWED = 2,               /* commands of FOLLOW that are not of ATTACH */
};

#define KEY_LIFE_MS (INT64_C(30) * 86400000) /* a key is remembered for 30 days */

/* JSON of its claim, as of the ticket that it opens in that account. */
static struct str claim_of(struct filing *f, enum evidence_kind kind, struct ulid ticket)
{
    return evidence_claim(f->arena, ticket, f->item.ulid, kind == EVIDENCE_EMAIL && f->inquiry->proven);
}

static struct ulid ticket_in(const struct filing *f, struct ulid account)
{
    return ulid_in(f->item.ulid, partition_of(account));
}

struct str inquiry_site(const struct filing *f)
{
    return f->inquiry == NULL ? (struct str){NULL, 0} : f->inquiry->held.key[EVIDENCE_SITE];
}

/* ---- resolve: what leads where ---- */

static void ask_keep(struct filing *f, struct redis *r, struct str key, struct str value, int64_t life_ms)
{
    redis_add_script(r, SCRIPT_KEEP, 1, 3, (struct str[]){key, value, str_int(f->arena, life_ms)});
    f->asked++;
}

bool asks_key(const struct filing *f)
{
    return f->item.key.len > 0 && !f->ignore_key;
}

/* Do its words tell that it is the same again? A key or a name of its own says it better. */
static bool asks_repeat(const struct filing *f)
{
    return !asks_key(f) && !asks_external(f) && f->item.email.len > 0;
}

void ask_key(struct filing *f, struct redis *r)
{
    ask_keep(f, r, key_at(f->arena, "k", str_copy(f->arena, f->item.key)), key_value(f), KEY_LIFE_MS);
}

/* The same for everyone, known or not. */
void ask_resolve(struct filing *f, struct redis *r)
{
    struct item about = about_of(f);
    struct inquiry *q = inquiry_begin(f->keys, f->rules, f->arena, &about, f->region, false, f->item.ulid);

    f->inquiry = q;
    f->asked = inquiry_queue_look(
        q, r, q->knowable && !may_be_bystander(f) ? claim_of(f, q->strongest, ticket_in(f, q->own)) : STR(""));
    if (asks_key(f))
        ask_key(f, r);
    else if (asks_repeat(f))
        ask_keep(f, r, key_at(f->arena, "e", repeat_index(f).at), repeat_value(f), REPEAT_MS);
    redis_add(r, 2, (struct str[]){STR("GET"), f->target});
    f->asked++;
}

enum err hear_first(struct filing *f, struct str held, bool whatever_body)
{
    struct str item = str_cut(&held, ' '), body = str_cut(&held, ' ');
    int64_t reference;

    if (!ulid_parse(item, &f->original) || !str_number(held, &reference))
        return ERR_CORRUPT;
    if (ulid_equal(f->original, f->item.ulid))
        return ERR_OK;
    if (!whatever_body && !str_equal(body, f->item.body)) {
        f->outcome = FILING_KEY_REUSED;
        return ERR_OK;
    }
    f->reference = (uint64_t)reference;
    if (f->item.op == ITEM_MESSAGE)
        f->outcome = FILING_FOLDED;
    else
        f->step = ALIAS;
    return ERR_OK;
}

/* "<received ms> <item> <reference>" of the first item with these words. */
static enum err hear_repeat(struct filing *f, struct str held)
{
    struct str at = str_cut(&held, ' '), item = str_cut(&held, ' ');
    int64_t received, reference;
    struct ulid first;

    if (!str_number(at, &received) || !ulid_parse(item, &first) || !str_number(held, &reference))
        return ERR_CORRUPT;
    if (ulid_equal(first, f->item.ulid) || llabs(f->item.received_ms - received) > REPEAT_MS)
        return ERR_OK;
    f->target = pointer_key(f->arena, (uint64_t)reference);
    f->repeat = true;
    return ERR_OK;
}

/* F1: its own reference leads somewhere: it was filed, or nearly. */
static bool hear_own(struct filing *f, const struct redis_value *v)
{
    struct pointer p;

    if (v->kind != REDIS_TEXT || !pointer_parse(v->text, &p) || p.alias || !ulid_equal(p.participant, f->item.ulid))
        return false;
    f->pointed = p.ticket;
    f->account = p.account;
    f->step = BEFORE;
    return true;
}

enum err hear_resolve(struct filing *f, struct redis *r, const struct redis_value *v)
{
    size_t owners = f->asked - 1 - (asks_key(f) || asks_repeat(f) ? 1 : 0);
    enum err bad = all_good(f, r, v);

    if (bad != ERR_OK)
        return bad;
    inquiry_hear_look(f->inquiry, v);
    f->participant = f->item.ulid;
    f->step = WEIGH;
    if (asks_repeat(f))
        bad = hear_repeat(f, v[owners].text);
    if (bad != ERR_OK || hear_own(f, &v[f->asked - 1]))
        return bad;
    return asks_key(f) ? hear_first(f, v[owners].text, false) : ERR_OK;
}

/* ---- weigh: whose is it? ---- */

/* Whoever comes by weaker evidence alone from now on finds the same account. */
void ask_weigh(struct filing *f, struct redis *r)
{
    struct inquiry *q = f->inquiry;

    f->reads = f->asked = inquiry_queue_read(q, r);
    for (size_t i = 0; i < EVIDENCE_CLAIMED; i++) {
        enum evidence_kind kind = evidence_claimed[i];

        if (!inquiry_goes_along(q, kind))
            continue;
        evidence_queue_follow(r, f->arena, q->held.key[kind], q->own, claim_of(f, kind, ticket_in(f, q->own)), q->own,
                              0);
        f->asked++;
    }
}

static enum err hear_rivals(struct filing *f, struct redis *r, const struct redis_value *v)
{
    struct inquiry *q = f->inquiry;

    for (size_t i = 0; i < EVIDENCE_CLAIMED; i++) {
        enum evidence_kind kind = evidence_claimed[i];
        struct ulid to;
        bool left;

        if (!inquiry_goes_along(q, kind))
            continue;

        enum err bad = redis_value_err(r, v);

        if (bad != ERR_OK)
            return bad;
        if (evidence_followed(v++, &to, &left) && !ulid_equal(to, q->own))
            inquiry_add_rival(q, kind, to);
    }
    return ERR_OK;
}

/* Nothing led anywhere, not even to a suspicion. */
static bool is_bystander(const struct filing *f)
{
    return may_be_bystander(f) && f->whose.fresh && f->whose.suspects == 0;
}

/* The account is known. */
static void found(struct filing *f)
{
    struct inquiry *q = f->inquiry;

    f->account = f->home = f->whose.account;
    find_lists(f);
    if (is_bystander(f))
        gather(f);
    else
        person_make(f, q->owner, q->owners);
    f->ticket = ticket_in(f, f->home);
    if (f->repeat)
        f->step = FIND;
    else
        start_attach(f);
}

enum err hear_weigh(struct filing *f, struct redis *r, const struct redis_value *v)
{
    struct inquiry *q = f->inquiry;
    enum err bad = inquiry_hear_read(q, r, v);

    if (bad == ERR_OK)
        bad = hear_rivals(f, r, v + f->reads);
    if (bad != ERR_OK)
        return bad;
    inquiry_decide(q, &f->whose);
    found(f);
    if (q->knowable && f->cluster.len == 0)
        f->step = FOLLOW;
    return ERR_OK;
}

/* ---- follow: its claims lead where it went, and there it looks for its work in the same exchange ---- */

static unsigned why_it_follows(const struct filing *f, enum evidence_kind kind)
{
    return (f->whose.linked ? FOLLOW_RECORD : 0u) | (kind == EVIDENCE_EMAIL && f->inquiry->proven ? FOLLOW_PROVEN : 0u);
}

void ask_follow(struct filing *f, struct redis *r)
{
    struct inquiry *q = f->inquiry;

    evidence_queue_follow(r, f->arena, q->held.key[q->strongest], f->whose.account,
                          claim_of(f, q->strongest, ticket_in(f, f->whose.account)), f->item.ulid,
                          why_it_follows(f, q->strongest));
    rejected_queue_read(r, f->arena, f->whose.account);
    f->asked = FOLLOWED;
    if (!f->repeat)
        ask_attach(f, r);
}

static void add_suspect(struct resolution *w, struct suspect s)
{
    if (w->suspects == RESOLVE_SUSPECTS_MAX)
        w->suspects--;
    w->suspect[w->suspects++] = s;
}

/* Others found the account that it would have made by its claim, and are there now. */
static void suspect_own(struct filing *f)
{
    add_suspect(&f->whose, (struct suspect){.account = f->item.ulid,
                                            .score = f->whose.score,
                                            .rule = f->whose.rule,
                                            .reasons = f->whose.reasons});
}

/* It was to go to another stranger's account, and somebody has found its own by now. */
static void stay(struct filing *f)
{
    struct suspect other = {f->whose.account, f->whose.score, f->whose.rule, f->whose.reasons};

    f->whose.account = f->item.ulid;
    f->whose.fresh = true;
    f->whose.score = 0;
    add_suspect(&f->whose, other);
}

/* Somebody was faster. */
static void go_along(struct filing *f, struct ulid account)
{
    f->whose.account = account;
    f->whose.fresh = false;
    f->whose.reasons = STR("[\"the same came a moment before by another way\"]");
}

/* The account is what was thought: what was looked at there is true. */
static enum err stayed(struct filing *f, struct redis *r, const struct redis_value *v)
{
    enum err e = ERR_OK;

    f->step = f->repeat ? FIND : ATTACH;
    if (f->repeat)
        return ERR_OK;
    f->asked -= FOLLOWED;
    e = hear_attach(f, r, v + FOLLOWED);
    f->asked += FOLLOWED; /* filing_asked() counts them all */
    return e;
}

enum err hear_follow(struct filing *f, struct redis *r, const struct redis_value *v)
{
    enum err bad = all_good(f, r, v);
    struct ulid own = f->item.ulid, thought = f->whose.account, to;
    bool left;

    if (bad != ERR_OK)
        return bad;

    bool leads = evidence_followed(&v[0], &to, &left);

    rejected_drop(&f->whose, &v[1]);
    if (f->whose.linked && left)
        suspect_own(f);
    else if (!f->whose.linked && leads && !ulid_equal(to, f->whose.account) && ulid_equal(to, own))
        stay(f);
    else if (f->whose.fresh && leads && !ulid_equal(to, own))
        go_along(f, to);
    if (ulid_equal(f->whose.account, thought) && !is_bystander(f))
        return stayed(f, r, v);
    found(f);
    return ERR_OK;
}

/* ---- beside the change that files it ---- */

void ask_evidence(struct filing *f, struct redis *r)
{
    struct inquiry *q = f->inquiry;

    if (q == NULL || f->cluster.len > 0) /* a cluster is nobody, and nothing leads to it */
        return;
    for (size_t i = 0; i < EVIDENCE_CLAIMED; i++) {
        enum evidence_kind kind = evidence_claimed[i];

        if (kind == q->strongest || q->held.key[kind].len == 0)
            continue;
        evidence_queue_follow(r, f->arena, q->held.key[kind], f->home, claim_of(f, kind, f->ticket), f->item.ulid,
                              why_it_follows(f, kind));
        f->asked++;
    }
    f->asked += inquiry_queue_share(q, r, f->home, f->ticket, f->participant);
}
