#include "queues/filing_steps.h"

#include "queues/filing_parts.h"
#include "queues/keys.h"
#include "rules/base/arena.h"

#include <stdlib.h>

enum {
    REPEAT_MS = 10 * 60 * 1000, /* the same words of the same mailbox within this time are one work */
};

#define KEY_LIFE_MS (INT64_C(30) * 86400000) /* a key is remembered for 30 days */

static void ask_claim(struct filing *f, struct redis *r, struct str key)
{
    redis_add_script(r, SCRIPT_CLAIM, 1, 3,
                     (struct str[]){key, ulid_text(f->arena, f->item.ulid), STR("{\"claim\":true}")});
    f->asked++;
}

static void ask_owners(struct filing *f, struct redis *r, struct str key)
{
    redis_add(r, 2, (struct str[]){STR("HGETALL"), key});
    f->asked++;
}

static void ask_keep(struct filing *f, struct redis *r, struct str key, struct str value, int64_t life_ms)
{
    redis_add_script(r, SCRIPT_KEEP, 1, 3, (struct str[]){key, value, str_int(f->arena, life_ms)});
    f->asked++;
}

bool asks_key(const struct filing *f)
{
    return f->item.key.len > 0 && !f->ignore_key;
}

void ask_key(struct filing *f, struct redis *r)
{
    ask_keep(f, r, key_at(f->arena, "k", str_copy(f->arena, f->item.key)), key_value(f), KEY_LIFE_MS);
}

/* The same kinds in the same order as hear_resolve() reads them. A claim of the strongest evidence makes the
 * account, so it is asked for whether or not anybody is known: the same work for everyone. */
void ask_resolve(struct filing *f, struct redis *r)
{
    evidence_keys_make(f);
    for (int kind = 0; kind < EVIDENCE_KINDS; kind++) {
        if (f->evidence[kind].len == 0)
            continue;
        if (kind == EVIDENCE_EMAIL || (kind == EVIDENCE_PHONE && f->evidence[EVIDENCE_EMAIL].len == 0))
            ask_claim(f, r, f->evidence[kind]);
        else
            ask_owners(f, r, f->evidence[kind]);
    }
    if (asks_key(f))
        ask_key(f, r);
    else if (f->item.email.len > 0 && !asks_external(f)) /* which says it better than the words do */
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
    f->step = FIND;
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
    struct evidence e[EVIDENCE_MAX];
    size_t n = 0, at = 0;

    for (int kind = 0; kind < EVIDENCE_KINDS; kind++) {
        if (f->evidence[kind].len == 0)
            continue;

        enum err bad = redis_value_err(r, &v[at]);

        if (bad != ERR_OK)
            return bad;
        n += evidence_load((enum evidence_kind)kind, &v[at++], f->arena, e + n, EVIDENCE_MAX - n);
    }
    resolve(e, n, f->item.ulid, f->arena, &f->whose);
    f->account = f->home = f->whose.account;
    f->participant = f->item.ulid;
    person_make(f, e, n);
    start_attach(f);

    enum err bad = redis_value_err(r, &v[f->asked - 1]);

    if (bad == ERR_OK && hear_own(f, &v[f->asked - 1]))
        return ERR_OK;
    if (bad == ERR_OK && at < f->asked - 1)
        bad = redis_value_err(r, &v[at]);
    if (bad != ERR_OK || at == f->asked - 1)
        return bad;
    return asks_key(f) ? hear_key(f, v[at].text) : hear_repeat(f, v[at].text);
}
