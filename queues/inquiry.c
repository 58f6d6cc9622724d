#include "queues/inquiry.h"

#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <string.h>

struct inquiry *inquiry_begin(const struct keyring *k, const struct rules *rules, struct arena *a,
                              const struct item *about, const char *region, bool proven, struct ulid own)
{
    struct inquiry *q = arena_new(a, struct inquiry);

    *q = (struct inquiry){.keys = k, .rules = rules, .arena = a, .own = own, .about = *about};
    q->proven = proven || q->about.proven >= 1;
    evidence_hold(&q->held, k, a, &q->about, region);
    if (q->held.text[EVIDENCE_PHONE].len > 0)
        q->about.phone = q->held.text[EVIDENCE_PHONE];
    for (size_t n = EVIDENCE_CLAIMED; n-- > 0;)
        if (q->held.key[evidence_claimed[n]].len > 0) {
            q->knowable = true;
            q->strongest = evidence_claimed[n];
        }
    q->side = match_side(a, rules_match(rules, MATCH_CUSTOMER));
    match_add_item(q->side, &q->about, q->proven);
    q->blocks = evidence_blocks(q->side, MATCH_ASK, a, q->block);
    return q;
}

/* ---- look ---- */

/* The same kinds in the same order as inquiry_hear_look() reads them. */
size_t inquiry_queue_look(struct inquiry *q, struct redis *r, struct str claim)
{
    size_t asked = 0;

    for (int kind = 0; kind < EVIDENCE_KINDS; kind++) {
        bool claims = q->knowable && kind == (int)q->strongest;

        if (q->held.key[kind].len == 0)
            continue;
        evidence_queue_look(r, q->arena, q->held.key[kind], q->own, claims ? claim : STR(""));
        asked++;
    }
    for (size_t i = 0; i < q->blocks; i++)
        block_queue_read(r, q->arena, block_index(q->keys, &q->block[i]));
    return asked + q->blocks;
}

/* Is the claim of its strongest evidence its own? */
static bool claims_strongest(const struct inquiry *q)
{
    for (size_t i = 0; i < q->owners; i++)
        if (q->owner[i].kind == q->strongest && !q->owner[i].record && ulid_equal(q->owner[i].account, q->own))
            return true;
    return false;
}

void inquiry_hear_look(struct inquiry *q, const struct redis_value *v)
{
    size_t room = 1, at = 0, n = q->blocks;

    for (int kind = 0; kind < EVIDENCE_KINDS; kind++)
        n += q->held.key[kind].len > 0;
    for (size_t i = 0; i < n; i++)
        room += v[i].count / 2;
    q->owner = arena_array(q->arena, struct evidence, room);
    candidates_begin(&q->candidates, q->keys, q->arena, &q->held, q->own, room);
    for (int kind = 0; kind < EVIDENCE_KINDS; kind++)
        if (q->held.key[kind].len > 0)
            q->owners +=
                evidence_load((enum evidence_kind)kind, &v[at++], q->arena, q->owner + q->owners, room - q->owners);
    candidates_add_evidence(&q->candidates, q->owner, q->owners);
    q->sharers = v + at;
    for (size_t i = 0; i < q->blocks; i++)
        candidates_add_block(&q->candidates, q->block[i].kind, &q->sharers[i]);
    q->claimed = claims_strongest(q);
}

/* ---- read ---- */

size_t inquiry_queue_read(struct inquiry *q, struct redis *r)
{
    return candidates_queue_read(&q->candidates, r);
}

enum err inquiry_hear_read(struct inquiry *q, struct redis *r, const struct redis_value *v)
{
    return candidates_hear(&q->candidates, r, v, &q->known, &q->known_count);
}

bool inquiry_goes_along(const struct inquiry *q, enum evidence_kind kind)
{
    if (!q->claimed || kind == q->strongest || q->held.key[kind].len == 0)
        return false;
    for (size_t i = 0; i < q->owners; i++)
        if (q->owner[i].kind == kind)
            return false;
    return true;
}

void inquiry_add_rival(struct inquiry *q, enum evidence_kind kind, struct ulid account)
{
    struct resolve_value *value = arena_new(q->arena, struct resolve_value);

    *value =
        (struct resolve_value){.kind = kind == EVIDENCE_PHONE ? MATCH_PHONE : MATCH_HANDLE, .text = q->held.text[kind]};
    if (q->known_count < MATCH_CANDIDATES_MAX)
        q->known[q->known_count++] = (struct resolve_candidate){.account = account, .value = value, .values = 1};
}

void inquiry_decide(const struct inquiry *q, struct resolution *out)
{
    resolve(&(struct resolve_question){.rules = q->rules,
                                       .item = &q->about,
                                       .proven = q->proven,
                                       .own = q->own,
                                       .e = q->owner,
                                       .n = q->owners,
                                       .candidate = q->known,
                                       .candidates = q->known_count},
            q->arena, out);
}

/* ---- what follows ---- */

/* What was seen of a block; NULL where it was not asked for. */
static const struct redis_value *seen(const struct inquiry *q, const struct match_block *b)
{
    for (size_t i = 0; i < q->blocks; i++)
        if (q->block[i].kind == b->kind && str_equal(q->block[i].text, b->text))
            return &q->sharers[i];
    return NULL;
}

size_t inquiry_queue_share(const struct inquiry *q, struct redis *r, struct ulid account, struct ulid ticket,
                           struct ulid participant)
{
    struct match_block block[MATCH_BLOCKS_MAX];
    struct str made_of = str_of(
        arena_printf(q->arena, "%s %s", id_print(ID_TICKET, ticket).at, id_print(ID_PARTICIPANT, participant).at));
    size_t n = evidence_blocks(q->side, MATCH_KEEP, q->arena, block), asked = 0;

    for (size_t i = 0; i < n; i++)
        asked += block_queue_share(r, q->arena, block_index(q->keys, &block[i]), account, STR("-"), made_of,
                                   seen(q, &block[i]));
    return asked;
}

void rejected_queue_read(struct redis *r, struct arena *a, struct ulid account)
{
    redis_add(
        r, 2,
        (struct str[]){STR("SMEMBERS"), key_in(a, partition_of(account), "no", id_print(ID_ACCOUNT, account).at)});
}

void rejected_drop(struct resolution *w, const struct redis_value *v)
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

/* The id of a pair, whichever of the two is asked. */
static struct ulid pair_id(const struct keyring *k, unsigned partition, struct ulid a, struct ulid b)
{
    bool ordered = memcmp(a.bytes, b.bytes, sizeof a.bytes) < 0;
    uint8_t pair[2 * sizeof a.bytes];
    struct ulid id;

    memcpy(pair, ordered ? a.bytes : b.bytes, sizeof a.bytes);
    memcpy(pair + sizeof a.bytes, ordered ? b.bytes : a.bytes, sizeof a.bytes);
    blind_bytes(k, INDEX_BLOCK, (struct str){(const char *)pair, sizeof pair}, id.bytes);
    id.bytes[0] &= 0x7f; /* a time as far as ULIDs are concerned */
    return ulid_in(id, partition);
}

static struct str suspect_print(struct arena *a, struct ulid account, const struct suspect *s, int64_t at_ms)
{
    struct doc *d = doc_object(), *reasons;

    doc_set_text(d, "a", str_of(id_print(ID_ACCOUNT, account).at));
    doc_set_text(d, "b", str_of(id_print(ID_ACCOUNT, s->account).at));
    doc_set_int(d, "score", s->score);
    if (doc_parse(&reasons, s->reasons, NULL, 0) == ERR_OK)
        doc_set(d, "reasons", reasons);
    doc_set_text(d, "rule", s->rule);
    doc_set_int(d, "at", at_ms);

    struct str text = doc_print(d, a);

    doc_close(d);
    return text;
}

void change_suspects(struct change *c, const struct keyring *k, unsigned partition, struct ulid account,
                     const struct resolution *w, int64_t at_ms)
{
    for (size_t i = 0; i < w->suspects; i++) {
        struct id_text id = id_print(ID_DUPLICATE, pair_id(k, partition, account, w->suspect[i].account));

        change_add(c, 4,
                   (struct str[]){STR("HSETNEW"), key_in(c->arena, partition, "du", ""),
                                  str_of(arena_strdup(c->arena, id.at)),
                                  suspect_print(c->arena, account, &w->suspect[i], at_ms)});
    }
}
