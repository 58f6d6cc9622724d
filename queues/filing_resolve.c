#include "queues/filing_steps.h"

#include "queues/candidates.h"
#include "queues/evidence.h"
#include "queues/filing_parts.h"
#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <stdlib.h>
#include <string.h>

enum {
    REPEAT_MS = 10 * 60 * 1000, /* the same words of the same mailbox within this time are one work */
};

#define KEY_LIFE_MS (INT64_C(30) * 86400000) /* a key is remembered for 30 days */

/* The question whose an item is, from its first exchange to its answer. */
struct inquiry {
    struct item about;   /* the item as it speaks of its customer */
    bool mailbox_proven; /* of about */
    struct evidence_held held;
    bool knowable;                /* there is something that it can be known by, */
    enum evidence_kind strongest; /* above all this, */
    bool claimed;                 /* and nobody was known by it before */
    struct match_side *side;
    size_t blocks, owners;
    struct match_block block[MATCH_BLOCKS_MAX];
    struct evidence *owner;
    struct candidates candidates;
    size_t reads;                 /* commands of theirs */
    bool follows[EVIDENCE_KINDS]; /* weaker kinds that are claimed along with the strongest */
    bool repeats;                 /* the same words came before, and lead to f->target */
};

/* ---- what it says ---- */

static void begin_inquiry(struct filing *f)
{
    struct inquiry *q = arena_new(f->arena, struct inquiry);

    f->inquiry = q;
    q->about = about_of(f);
    q->mailbox_proven = q->about.proven >= 1;
    evidence_hold(&q->held, f->keys, f->arena, &q->about, f->region);
    if (q->held.text[EVIDENCE_PHONE].len > 0)
        q->about.phone = q->held.text[EVIDENCE_PHONE];
    for (size_t i = EVIDENCE_CLAIMED; i-- > 0;)
        if (q->held.key[evidence_claimed[i]].len > 0) {
            q->knowable = true;
            q->strongest = evidence_claimed[i];
        }
    q->side = match_side(f->arena, rules_match(f->rules, MATCH_CUSTOMER));
    match_add_item(q->side, &q->about, q->mailbox_proven);
    q->blocks = evidence_blocks(q->side, MATCH_ASK, f->arena, q->block);
}

/* JSON of its claim, as of the ticket that it opens in that account. */
static struct str claim_of(struct filing *f, enum evidence_kind kind, struct ulid ticket)
{
    return evidence_claim(f->arena, ticket, f->item.ulid, kind == EVIDENCE_EMAIL && f->inquiry->mailbox_proven);
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

/* The same kinds in the same order as hear_resolve() reads them; the same for everyone, known or not. */
void ask_resolve(struct filing *f, struct redis *r)
{
    struct inquiry *q;

    begin_inquiry(f);
    q = f->inquiry;
    for (int kind = 0; kind < EVIDENCE_KINDS; kind++) {
        bool claims = q->knowable && kind == (int)q->strongest;

        if (q->held.key[kind].len == 0)
            continue;
        evidence_queue_look(r, f->arena, q->held.key[kind], f->item.ulid,
                            claims ? claim_of(f, q->strongest, ticket_in(f, f->item.ulid)) : STR(""));
        f->asked++;
    }
    for (size_t i = 0; i < q->blocks; i++)
        block_queue_read(r, f->arena, block_index(f->keys, &q->block[i]));
    f->asked += q->blocks;
    if (asks_key(f))
        ask_key(f, r);
    else if (asks_repeat(f))
        ask_keep(f, r, key_at(f->arena, "e", repeat_index(f).at), repeat_value(f), REPEAT_MS);
    redis_add(r, 2, (struct str[]){STR("GET"), f->target});
    f->asked++;
}

/* "<item> <body> <reference>" of the first item with this key. */
enum err hear_key(struct filing *f, struct str held)
{
    struct str item = str_cut(&held, ' '), body = str_cut(&held, ' ');
    int64_t reference;

    if (!ulid_parse(item, &f->original) || !str_number(held, &reference))
        return ERR_CORRUPT;
    if (ulid_equal(f->original, f->item.ulid))
        return ERR_OK;
    if (!str_equal(body, f->item.body)) {
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
    f->inquiry->repeats = true;
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

/* Whether its own claim is the one of its strongest evidence. */
static bool claims_strongest(const struct filing *f, const struct inquiry *q)
{
    for (size_t i = 0; i < q->owners; i++)
        if (q->owner[i].kind == q->strongest && !q->owner[i].record && ulid_equal(q->owner[i].account, f->item.ulid))
            return true;
    return false;
}

static void hear_owners(struct filing *f, const struct redis_value *v, size_t n)
{
    struct inquiry *q = f->inquiry;
    size_t room = 1, at = 0;

    for (size_t i = 0; i < n; i++)
        room += v[i].count / 2;
    q->owner = arena_array(f->arena, struct evidence, room);
    candidates_begin(&q->candidates, f->keys, f->arena, &q->held, f->item.ulid, room);
    for (int kind = 0; kind < EVIDENCE_KINDS; kind++)
        if (q->held.key[kind].len > 0)
            q->owners +=
                evidence_load((enum evidence_kind)kind, &v[at++], f->arena, q->owner + q->owners, room - q->owners);
    candidates_add_evidence(&q->candidates, q->owner, q->owners);
    for (size_t i = 0; i < q->blocks; i++)
        candidates_add_block(&q->candidates, q->block[i].kind, &v[at++]);
    q->claimed = claims_strongest(f, q);
}

enum err hear_resolve(struct filing *f, struct redis *r, const struct redis_value *v)
{
    size_t owners = f->asked - 1 - (asks_key(f) || asks_repeat(f) ? 1 : 0);
    enum err bad = all_good(f, r, v);

    if (bad != ERR_OK)
        return bad;
    hear_owners(f, v, owners);
    f->participant = f->item.ulid;
    f->step = WEIGH;
    if (asks_repeat(f))
        bad = hear_repeat(f, v[owners].text);
    if (bad != ERR_OK || hear_own(f, &v[f->asked - 1]))
        return bad;
    return asks_key(f) ? hear_key(f, v[owners].text) : ERR_OK;
}

/* ---- weigh: whose is it? ---- */

/* Nobody has this weaker evidence yet: whoever comes by it alone from now on finds the same account. */
static bool goes_along(const struct inquiry *q, enum evidence_kind kind)
{
    if (!q->claimed || kind == q->strongest || q->held.key[kind].len == 0)
        return false;
    for (size_t i = 0; i < q->owners; i++)
        if (q->owner[i].kind == kind)
            return false;
    return true;
}

void ask_weigh(struct filing *f, struct redis *r)
{
    struct inquiry *q = f->inquiry;

    q->reads = f->asked = candidates_queue_read(&q->candidates, r);
    for (size_t i = 0; i < EVIDENCE_CLAIMED; i++) {
        enum evidence_kind kind = evidence_claimed[i];

        q->follows[kind] = goes_along(q, kind);
        if (!q->follows[kind])
            continue;
        evidence_queue_follow(r, f->arena, q->held.key[kind], f->item.ulid,
                              claim_of(f, kind, ticket_in(f, f->item.ulid)), f->item.ulid, 0);
        f->asked++;
    }
}

/* Somebody else claimed it in this very moment: what it says of them is this value alone. */
static void add_rival(struct filing *f, enum evidence_kind kind, struct ulid account, struct resolve_candidate *out)
{
    struct resolve_value *value = arena_new(f->arena, struct resolve_value);

    *value =
        (struct resolve_value){.kind = kind == EVIDENCE_PHONE ? MATCH_PHONE : MATCH_HANDLE,
                               .platform = f->inquiry->about.source,
                               .text = kind == EVIDENCE_PHONE ? f->inquiry->about.phone : f->inquiry->about.handle};
    *out = (struct resolve_candidate){.account = account, .value = value, .values = 1};
}

static enum err hear_follows(struct filing *f, struct redis *r, const struct redis_value *v,
                             struct resolve_candidate *all, size_t *n)
{
    struct inquiry *q = f->inquiry;

    for (size_t i = 0; i < EVIDENCE_CLAIMED; i++) {
        enum evidence_kind kind = evidence_claimed[i];
        struct ulid to;
        bool left;

        if (!q->follows[kind])
            continue;

        enum err bad = redis_value_err(r, v);

        if (bad != ERR_OK)
            return bad;
        if (evidence_followed(v++, &to, &left) && !ulid_equal(to, f->item.ulid) && *n < MATCH_CANDIDATES_MAX)
            add_rival(f, kind, to, &all[(*n)++]);
    }
    return ERR_OK;
}

/* The account is known. */
static enum err found(struct filing *f)
{
    struct inquiry *q = f->inquiry;

    f->account = f->home = f->whose.account;
    f->ticket = ticket_in(f, f->home);
    person_make(f, q->owner, q->owners);
    if (q->repeats)
        f->step = FIND;
    else
        start_attach(f);
    return ERR_OK;
}

enum err hear_weigh(struct filing *f, struct redis *r, const struct redis_value *v)
{
    struct inquiry *q = f->inquiry;
    struct resolve_candidate *known, all[MATCH_CANDIDATES_MAX];
    size_t n;
    enum err bad = candidates_hear(&q->candidates, r, v, &known, &n);

    if (bad != ERR_OK)
        return bad;
    memcpy(all, known, n * sizeof *all);
    bad = hear_follows(f, r, v + q->reads, all, &n);
    if (bad != ERR_OK)
        return bad;
    resolve(&(struct resolve_question){.rules = f->rules,
                                       .item = &q->about,
                                       .proven = q->mailbox_proven,
                                       .own = f->item.ulid,
                                       .e = q->owner,
                                       .n = q->owners,
                                       .candidate = all,
                                       .candidates = n},
            f->arena, &f->whose);
    if (!q->knowable)
        return found(f);
    f->step = FOLLOW;
    return ERR_OK;
}

/* ---- follow: its claims lead where it went ---- */

static unsigned why_it_follows(const struct filing *f, enum evidence_kind kind)
{
    return (f->whose.linked ? FOLLOW_RECORD : 0u) |
           (kind == EVIDENCE_EMAIL && f->inquiry->mailbox_proven ? FOLLOW_PROVEN : 0u);
}

void ask_follow(struct filing *f, struct redis *r)
{
    struct inquiry *q = f->inquiry;
    struct str rejected =
        key_in(f->arena, partition_of(f->whose.account), "no", id_print(ID_ACCOUNT, f->whose.account).at);

    evidence_queue_follow(r, f->arena, q->held.key[q->strongest], f->whose.account,
                          claim_of(f, q->strongest, ticket_in(f, f->whose.account)), f->item.ulid,
                          why_it_follows(f, q->strongest));
    redis_add(r, 2, (struct str[]){STR("SMEMBERS"), rejected});
    f->asked = 2;
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

static void drop_rejected(struct resolution *w, const struct redis_value *v)
{
    size_t kept = 0;

    for (size_t i = 0; i < w->suspects; i++) {
        bool rejected = false;

        for (size_t k = 0; k < v->count && !rejected; k++)
            rejected = str_is(v->items[k].text, id_print(ID_ACCOUNT, w->suspect[i].account).at);
        if (!rejected)
            w->suspect[kept++] = w->suspect[i];
    }
    w->suspects = kept;
}

enum err hear_follow(struct filing *f, struct redis *r, const struct redis_value *v)
{
    enum err bad = all_good(f, r, v);
    struct ulid own = f->item.ulid, to;
    bool left;

    if (bad != ERR_OK)
        return bad;

    bool leads = evidence_followed(&v[0], &to, &left);

    drop_rejected(&f->whose, &v[1]);
    if (f->whose.linked && left)
        suspect_own(f);
    else if (!f->whose.linked && leads && !ulid_equal(to, f->whose.account) && ulid_equal(to, own))
        stay(f);
    else if (f->whose.fresh && leads && !ulid_equal(to, own))
        go_along(f, to);
    return found(f);
}

/* ---- beside the change that files it ---- */

void ask_evidence(struct filing *f, struct redis *r)
{
    struct inquiry *q = f->inquiry;
    struct match_block block[MATCH_BLOCKS_MAX];
    struct str made_of;
    size_t n;

    if (q == NULL)
        return;
    for (size_t i = 0; i < EVIDENCE_CLAIMED; i++) {
        enum evidence_kind kind = evidence_claimed[i];

        if (kind == q->strongest || q->held.key[kind].len == 0)
            continue;
        evidence_queue_follow(r, f->arena, q->held.key[kind], f->home, claim_of(f, kind, f->ticket), f->item.ulid,
                              why_it_follows(f, kind));
        f->asked++;
    }
    made_of = str_of(arena_printf(f->arena, "%s %s", id_print(ID_TICKET, f->ticket).at,
                                  id_print(ID_PARTICIPANT, f->participant).at));
    n = evidence_blocks(q->side, MATCH_KEEP, f->arena, block);
    for (size_t i = 0; i < n; i++)
        block_queue_share(r, f->arena, block_index(f->keys, &block[i]), f->home, STR("-"), made_of);
    f->asked += n;
}

/* The id of a pair, whichever of the two is asked. */
static struct ulid pair_id(struct filing *f, struct ulid a, struct ulid b)
{
    bool ordered = memcmp(a.bytes, b.bytes, sizeof a.bytes) < 0;
    uint8_t pair[2 * sizeof a.bytes];
    struct ulid id;

    memcpy(pair, ordered ? a.bytes : b.bytes, sizeof a.bytes);
    memcpy(pair + sizeof a.bytes, ordered ? b.bytes : a.bytes, sizeof a.bytes);
    blind_bytes(f->keys, INDEX_BLOCK, (struct str){(const char *)pair, sizeof pair}, id.bytes);
    id.bytes[0] &= 0x7f; /* a time as far as ULIDs are concerned */
    return ulid_in(id, ulid_partition(f->ticket));
}

void change_suspects(struct change *c, struct filing *f)
{
    struct arena *a = f->arena;

    for (size_t i = 0; i < f->whose.suspects; i++) {
        const struct suspect *s = &f->whose.suspect[i];
        struct doc *d = doc_object(), *reasons;

        doc_set_text(d, "a", str_of(arena_strdup(a, id_print(ID_ACCOUNT, f->home).at)));
        doc_set_text(d, "b", str_of(arena_strdup(a, id_print(ID_ACCOUNT, s->account).at)));
        doc_set_int(d, "score", s->score);
        if (doc_parse(&reasons, s->reasons, NULL, 0) == ERR_OK)
            doc_set(d, "reasons", reasons);
        doc_set_text(d, "rule", s->rule);
        doc_set_int(d, "at", f->item.received_ms);
        change_add(c, 4,
                   (struct str[]){STR("HSETNEW"), key_in(a, ulid_partition(f->ticket), "du", ""),
                                  str_of(arena_strdup(a, id_print(ID_DUPLICATE, pair_id(f, f->home, s->account)).at)),
                                  doc_print(d, a)});
        doc_close(d);
    }
}
