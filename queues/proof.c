#include "queues/proof.h"

#include "queues/appeal.h"
#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/resolve.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { AGAIN_MAX = 20, PEOPLE_MAX = 1000, TURN_MAX = 200, WORK_MAX = 10000 };

static const struct ulid no_id;

static struct str id_of(struct arena *a, enum id_kind kind, struct ulid u)
{
    return str_of(arena_strdup(a, id_print(kind, u).at));
}

static struct str file_key(struct arena *a, struct ulid ticket)
{
    return key_in(a, ulid_partition(ticket), "pf", id_print(ID_TICKET, ticket).at);
}

static struct str account_key(struct arena *a, struct ulid account)
{
    return key_in(a, partition_of(account), "a", id_print(ID_ACCOUNT, account).at);
}

static struct str due_key(struct arena *a, unsigned partition)
{
    return key_in(a, partition, "pd", "");
}

/* ---- names ---- */

static struct str record_name(struct arena *a, const struct proof_record *r)
{
    const char *which = "-";

    if (r->shown.kind == PROOF_SEEN)
        which = id_of(a, ID_EVENT, r->act).at;
    else if (!ulid_equal(r->shown.contact, no_id))
        which = id_of(a, ID_CONTACT, r->shown.contact).at;
    return str_of(arena_printf(a, "%s %s %s", id_of(a, ID_PARTICIPANT, r->participant).at,
                               proof_kind_name(r->shown.kind), which));
}

static struct str approval_name(struct arena *a, const struct approval *p)
{
    return str_of(arena_printf(a, "%s approval %s", id_of(a, ID_PARTICIPANT, p->participant).at,
                               id_of(a, ID_APPROVAL, p->id).at));
}

/* ---- reading ---- */

static struct str keep(struct arena *a, const struct doc *d, const char *name)
{
    struct str s = doc_get_text(d, name);

    return (struct str){str_copy(a, s), s.len};
}

static bool load_record(struct arena *a, struct ulid participant, enum proof_kind kind, struct str which,
                        const struct doc *d, struct proof_record *out)
{
    *out = (struct proof_record){.participant = participant,
                                 .shown = {.kind = kind,
                                           .source = keep(a, d, "source"),
                                           .stale = doc_get_bool(d, "stale", true),
                                           .authorised = (unsigned)doc_get_int(d, "authorised", 0) & AUTHORISED_ALL,
                                           .mailbox = keep(a, d, "mailbox")},
                                 .by = keep(a, d, "by"),
                                 .note = keep(a, d, "note"),
                                 .at_ms = doc_get_int(d, "at", 0)};
    if (kind == PROOF_SEEN)
        return id_parse(ID_EVENT, which, &out->act);
    return str_is(which, "-") || id_parse(ID_CONTACT, which, &out->shown.contact);
}

static bool load_approval(struct arena *a, struct ulid participant, struct str which, const struct doc *d,
                          struct approval *out)
{
    *out = (struct approval){.participant = participant,
                             .what = {.second_leads = doc_get_bool(d, "leads", false),
                                      .refused = doc_get_bool(d, "refused", false),
                                      .decided_ms = doc_get_int(d, "decided", 0),
                                      .authorised = (unsigned)doc_get_int(d, "authorised", 0) & AUTHORISED_ALL},
                             .by_name = keep(a, d, "by_name"),
                             .second_name = keep(a, d, "second_name"),
                             .reason = keep(a, d, "reason"),
                             .at_ms = doc_get_int(d, "at", 0)};
    out->what.reasoned = out->reason.len > 0;
    (void)id_parse(ID_STAFF, doc_get_text(d, "second"), &out->what.second);
    return id_parse(ID_APPROVAL, which, &out->id) && id_parse(ID_STAFF, doc_get_text(d, "by"), &out->what.by);
}

static bool load_field(struct proofs *p, struct arena *a, struct str name, const struct doc *d)
{
    struct str rest = name, person = str_cut(&rest, ' '), word = str_cut(&rest, ' ');
    struct ulid participant;
    enum proof_kind kind;

    if (!id_parse(ID_PARTICIPANT, person, &participant))
        return false;
    if (str_is(word, "approval"))
        return load_approval(a, participant, rest, d, &p->approval[p->approvals++]);
    return proof_kind_parse(word, &kind) && load_record(a, participant, kind, rest, d, &p->record[p->n++]);
}

static int by_name(const void *x, const void *y)
{
    const struct redis_value *a = x, *b = y;

    return strcmp(a->text.at, b->text.at);
}

static enum err load_all(struct proofs *p, const struct keyring *k, struct arena *a, const struct redis_value *v)
{
    p->record = arena_array(a, struct proof_record, v->count / 2 + 1);
    p->approval = arena_array(a, struct approval, v->count / 2 + 1);
    if (v->count > 0)
        qsort(v->items, v->count / 2, 2 * sizeof *v->items, by_name);
    for (size_t i = 0; i + 1 < v->count; i += 2) {
        struct str plain, name = v->items[i].text;
        struct doc *d;

        if (unseal(k, a, v->items[i + 1].text, name, &plain) != ERR_OK || doc_parse(&d, plain, NULL, 0) != ERR_OK)
            return ERR_CORRUPT;

        bool good = load_field(p, a, name, d);

        doc_close(d);
        if (!good)
            return ERR_CORRUPT;
    }
    return ERR_OK;
}

enum err proofs_read(struct redis *r, const struct keyring *k, struct arena *a, struct ulid ticket, struct ulid account,
                     struct proofs *out)
{
    struct redis_value *v;
    size_t n;

    redis_add(r, 2, (struct str[]){STR("HGETALL"), file_key(a, ticket)});
    redis_add(r, 3, (struct str[]){STR("HGET"), account_key(a, account), STR("frozen")});

    enum err e = redis_flush(r, a, &v, &n);

    for (size_t i = 0; e == ERR_OK && i < n; i++)
        e = redis_value_err(r, &v[i]);
    if (e != ERR_OK)
        return e;
    *out = (struct proofs){0};
    out->frozen = v[1].kind == REDIS_TEXT ? v[1].text : STR("");
    if (!str_number(out->frozen, &out->frozen_until_ms))
        out->frozen_until_ms = 0;
    return load_all(out, k, a, &v[0]);
}

static bool same_field(const struct proof_record *x, const struct proof_record *y)
{
    return ulid_equal(x->participant, y->participant) && x->shown.kind == y->shown.kind &&
           ulid_equal(x->shown.contact, y->shown.contact) && ulid_equal(x->act, y->act);
}

void proofs_add(struct proofs *p, struct arena *a, const struct proof_record *record)
{
    struct proof_record *all = arena_array(a, struct proof_record, p->n + 1);
    size_t n = 0;

    for (size_t i = 0; i < p->n; i++)
        if (!same_field(&p->record[i], record))
            all[n++] = p->record[i];
    all[n++] = *record;
    p->record = all;
    p->n = n;
}

size_t proofs_of(const struct proofs *p, struct ulid participant)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n; i++)
        n += ulid_equal(p->record[i].participant, participant);
    return n;
}

void proofs_put_approval(struct proofs *p, const struct approval *approval)
{
    for (size_t i = 0; i < p->approvals; i++)
        if (ulid_equal(p->approval[i].id, approval->id))
            p->approval[i] = *approval;
}

const struct approval *proofs_approval(const struct proofs *p, struct ulid id)
{
    for (size_t i = 0; i < p->approvals; i++)
        if (ulid_equal(p->approval[i].id, id))
            return &p->approval[i];
    return NULL;
}

/* ---- judging ---- */

/* F3: what must have been shown for the level that is there, and is not written down. Returns how many. */
static size_t implied(const struct proofs *p, const struct participant *who, struct proof_record out[2])
{
    bool mailbox = false, record = false;
    size_t n = 0;

    for (size_t i = 0; i < p->n; i++) {
        enum proof_kind kind = p->record[i].shown.kind;

        if (!ulid_equal(p->record[i].participant, who->id))
            continue;
        mailbox = mailbox || kind == PROOF_MAILBOX || kind == PROOF_RECORD;
        record = record || kind == PROOF_RECORD || kind == PROOF_VOUCH || kind == PROOF_CALL_BACK;
    }
    if (who->level >= 1 && !mailbox)
        out[n++] = (struct proof_record){.participant = who->id,
                                         .shown = {.kind = PROOF_MAILBOX, .mailbox = str_of(who->email_index.at)}};
    if ((who->level == 2 || who->level == 3) && !record)
        out[n++] = (struct proof_record){.participant = who->id,
                                         .shown = {.kind = PROOF_RECORD,
                                                   .stale = who->stale,
                                                   .authorised = who->authorised,
                                                   .mailbox = str_of(who->email_index.at)}};
    for (size_t i = 0; i < n; i++)
        out[i].by = STR("system");
    return n;
}

void proofs_judge(const struct proofs *p, const struct participant *who, struct arena *a, int64_t now_ms,
                  struct proof_standing *out)
{
    struct proof_record before[2];
    struct proof *shown = arena_array(a, struct proof, p->n + 2);
    struct proof_approval *approvals = arena_array(a, struct proof_approval, p->approvals + 1);
    struct proof_case c = {
        .proof = shown, .approval = approvals, .now_ms = now_ms, .frozen_until_ms = p->frozen_until_ms};
    size_t n = implied(p, who, before);

    for (size_t i = 0; i < n; i++)
        shown[c.n++] = before[i].shown;
    for (size_t i = 0; i < p->n && c.n < PROOF_MAX; i++)
        if (ulid_equal(p->record[i].participant, who->id))
            shown[c.n++] = p->record[i].shown;
    for (size_t i = 0; i < p->approvals; i++)
        if (ulid_equal(p->approval[i].participant, who->id))
            approvals[c.approvals++] = p->approval[i].what;
    proof_judge(&c, out);
}

/* ---- parts of changes ---- */

static void put(struct change *c, const struct keyring *k, struct ulid ticket, struct str name, struct buf *d)
{
    change_hset(c, file_key(c->arena, ticket), name.at, seal(k, c->arena, doc_flat_print(d, c->arena), name));
    buf_free(d);
}

static void some(struct buf *d, const char *name, struct str s)
{
    if (s.len > 0)
        doc_flat_text(d, name, s);
}

void change_proof(struct change *c, const struct keyring *k, struct ulid ticket, const struct proof_record *r)
{
    struct buf d = {0};

    doc_flat_bool(&d, "stale", r->shown.stale);
    doc_flat_int(&d, "authorised", r->shown.authorised);
    doc_flat_int(&d, "at", r->at_ms);
    some(&d, "source", r->shown.source);
    some(&d, "mailbox", r->shown.mailbox);
    some(&d, "by", r->by);
    some(&d, "note", r->note);
    put(c, k, ticket, record_name(c->arena, r), &d);
}

void change_approval(struct change *c, const struct keyring *k, struct ulid ticket, const struct approval *approval)
{
    struct buf d = {0};

    doc_flat_text(&d, "by", id_of(c->arena, ID_STAFF, approval->what.by));
    doc_flat_text(&d, "by_name", approval->by_name);
    doc_flat_text(&d, "reason", approval->reason);
    doc_flat_int(&d, "authorised", approval->what.authorised);
    doc_flat_int(&d, "at", approval->at_ms);
    if (!ulid_equal(approval->what.second, no_id)) {
        doc_flat_text(&d, "second", id_of(c->arena, ID_STAFF, approval->what.second));
        doc_flat_text(&d, "second_name", approval->second_name);
        doc_flat_bool(&d, "leads", approval->what.second_leads);
        doc_flat_bool(&d, "refused", approval->what.refused);
        doc_flat_int(&d, "decided", approval->what.decided_ms);
    }
    put(c, k, ticket, approval_name(c->arena, approval), &d);
}

void change_proofs_of(struct change *c, const struct keyring *k, struct ulid ticket, const struct proofs *p,
                      struct ulid participant)
{
    for (size_t i = 0; i < p->n; i++)
        if (ulid_equal(p->record[i].participant, participant))
            change_proof(c, k, ticket, &p->record[i]);
    for (size_t i = 0; i < p->approvals; i++)
        if (ulid_equal(p->approval[i].participant, participant))
            change_approval(c, k, ticket, &p->approval[i]);
}

void change_frozen_holds(struct change *c, struct ulid account, const struct proofs *p)
{
    change_holds(c, account_key(c->arena, account), "frozen", p->frozen);
}

/* The moment is part of the name: who is done with one takes no other away. */
static void judge_later(struct change *c, const struct ticket *t, int64_t at_ms)
{
    change_zadd(c, due_key(c->arena, t->partition), at_ms,
                str_of(arena_printf(c->arena, "%s %" PRId64, id_of(c->arena, ID_TICKET, t->id).at, at_ms)));
}

static void write_implied(struct change *c, const struct keyring *k, const struct ticket *t, const struct proofs *p,
                          const struct participant *who)
{
    struct proof_record before[2];
    size_t n = implied(p, who, before);

    for (size_t i = 0; i < n; i++)
        change_proof(c, k, t->id, &before[i]);
}

bool change_standing(struct change *c, const struct keyring *k, const struct ticket *t, const struct proofs *p,
                     const struct participant *who, const struct proof_standing *s, struct str by, int64_t now_ms)
{
    struct arena *a = c->arena;
    struct happening h = {.id = ulid_in(ulid_fresh(), t->partition), .at_ms = now_ms, .kind = STR("level"), .by = by};

    if (s->waits_until_ms > now_ms)
        judge_later(c, t, s->waits_until_ms);
    if (s->level == who->level && s->stale == who->stale && s->authorised == who->authorised)
        return false;
    write_implied(c, k, t, p, who);
    h.detail = str_of(arena_printf(a, "%d: %s", s->level, s->why));
    if (s->level >= 3 && s->level > who->level)
        change_appeal(c, APPEAL_VETO, t->id, who->id, now_ms);
    change_level(c, t->id, who->id, s->level, s->stale, s->authorised);
    change_hset_int(c, ticket_key(a, t->id), "updated", now_ms);
    change_happening(c, t->id, &h);
    change_live(c, "level", t->id, t->reference, t->queue, t->state, t->owner_name);
    change_audit(c, k, t->partition, now_ms, by, "level.changed", id_of(a, ID_TICKET, t->id).at,
                 str_of(arena_printf(a, "%s %d to %d", id_of(a, ID_PARTICIPANT, who->id).at, who->level, s->level)));
    return true;
}

/* ---- judging again ---- */

static enum err judge_person(struct redis *r, const struct keyring *k, struct arena *a, const struct ticket *t,
                             const struct proofs *p, const struct participant *who, int64_t now_ms)
{
    struct change *c = change_begin(a);
    struct proof_standing s;

    proofs_judge(p, who, a, now_ms, &s);
    if (!change_standing(c, k, t, p, who, &s, STR("system"), now_ms))
        return ERR_OK;
    change_frozen_holds(c, t->account, p);

    enum err e = change_run(r, a, c, STR(""), ticket_key(a, t->id), t->version, NULL);

    return e == ERR_OK ? ERR_BUSY : e; /* there may be more: read it again */
}

/* ERR_BUSY: something was changed; ERR_CONFLICT: somebody was faster. */
static enum err judge_first(struct redis *r, const struct keyring *k, struct arena *a, struct ulid ticket,
                            int64_t now_ms)
{
    struct participant *people;
    struct proofs p;
    struct ticket t;
    size_t n = 0;
    enum err e = ticket_read(r, k, a, ticket, &t);

    if (e == ERR_ABSENT)
        return ERR_OK;
    if (e == ERR_OK)
        e = participants_read(r, k, a, &t, &people, &n);
    if (e == ERR_OK)
        e = proofs_read(r, k, a, ticket, t.account, &p);
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        e = judge_person(r, k, a, &t, &p, &people[i], now_ms);
    return e;
}

enum err ticket_judge_again(struct redis *r, const struct keyring *k, struct arena *a, struct ulid ticket,
                            int64_t now_ms)
{
    enum err e = ERR_BUSY;

    for (int lost = 0, done = 0; lost < AGAIN_MAX && done < PEOPLE_MAX && (e == ERR_BUSY || e == ERR_CONFLICT);) {
        e = judge_first(r, k, a, ticket, now_ms);
        lost += e == ERR_CONFLICT;
        done += e == ERR_BUSY;
    }
    return e == ERR_CONFLICT ? ERR_BUSY : e;
}

/* Everybody of the account, now; once more when the freeze ends, where it is not over. */
enum err account_judge_again(struct redis *r, const struct keyring *k, struct arena *a, struct ulid account,
                             int64_t now_ms)
{
    struct str acc = id_of(a, ID_ACCOUNT, account), key = account_key(a, account);
    struct redis_value frozen, work;
    struct change *c = change_begin(a);
    struct ulid ticket;
    int64_t until_ms;
    enum err e = redis_do(r, a, &frozen, 3, (struct str[]){STR("HGET"), key, STR("frozen")});

    if (e == ERR_OK)
        e = redis_do(r, a, &work, 4,
                     (struct str[]){STR("ZRANGE"), key_in(a, partition_of(account), "w", acc.at), STR("0"),
                                    str_int(a, WORK_MAX)});
    for (size_t i = 0; e == ERR_OK && i < work.count; i++)
        if (id_parse(ID_TICKET, work.items[i].text, &ticket))
            e = ticket_judge_again(r, k, a, ticket, now_ms);
    if (e != ERR_OK)
        return e;
    if (frozen.kind == REDIS_TEXT && str_number(frozen.text, &until_ms) && until_ms > now_ms)
        change_zadd(c, due_key(a, partition_of(account)), until_ms, acc);
    else
        change_zrem(c, due_key(a, partition_of(account)), acc);
    change_holds(c, key, "frozen", frozen.kind == REDIS_TEXT ? frozen.text : STR(""));
    e = change_run(r, a, c, STR(""), STR(""), STR(""), NULL);
    return e == ERR_CONFLICT ? ERR_OK : e; /* frozen anew: its entry is due and stays */
}

void change_freeze(struct change *c, const struct keyring *k, struct ulid account, int64_t until_ms, struct str by,
                   const char *why, int64_t now_ms)
{
    struct arena *a = c->arena;
    struct str acc = id_of(a, ID_ACCOUNT, account);

    change_hset_int(c, account_key(a, account), "frozen", until_ms);
    change_zadd(c, due_key(a, partition_of(account)), now_ms, acc);
    change_audit(c, k, partition_of(account), now_ms, by, until_ms > now_ms ? "account.frozen" : "account.thawed",
                 acc.at, str_of(why));
}

enum err account_freeze(struct redis *r, const struct keyring *k, struct arena *a, struct ulid account,
                        int64_t until_ms, struct str by, const char *why, int64_t now_ms)
{
    struct change *c = change_begin(a);

    change_freeze(c, k, account, until_ms, by, why, now_ms);

    enum err e = change_run(r, a, c, STR(""), STR(""), STR(""), NULL);

    if (e == ERR_OK)
        (void)account_judge_again(r, k, a, account, now_ms);
    return e;
}

static enum err judge_entry(struct redis *r, const struct keyring *k, struct arena *a, unsigned partition,
                            struct str entry, int64_t now_ms)
{
    struct str rest = entry, first = str_cut(&rest, ' ');
    struct ulid id;

    if (id_parse(ID_ACCOUNT, entry, &id))
        return account_judge_again(r, k, a, id, now_ms);

    enum err e = appeal_write(r, k, a, entry);

    if (e == ERR_INPUT)
        e = id_parse(ID_TICKET, first, &id) ? ticket_judge_again(r, k, a, id, now_ms) : ERR_OK;

    if (e != ERR_OK)
        return e;
    return redis_do(r, a, NULL, 3, (struct str[]){STR("ZREM"), due_key(a, partition), entry});
}

enum err proofs_turn(struct redis *r, const struct keyring *k, struct arena *a, unsigned partition, int64_t now_ms)
{
    struct redis_value v;
    enum err bad = ERR_OK;
    enum err e = redis_do(r, a, &v, 7,
                          (struct str[]){STR("ZRANGEBYSCORE"), due_key(a, partition), STR("-inf"), str_int(a, now_ms),
                                         STR("LIMIT"), STR("0"), str_int(a, TURN_MAX)});

    for (size_t i = 0; e == ERR_OK && i < v.count; i++) {
        enum err one = judge_entry(r, k, a, partition, v.items[i].text, now_ms);

        if (one == ERR_STORE)
            return one;
        if (one != ERR_OK) /* it is tried again, and keeps no other */
            bad = one;
    }
    return e == ERR_OK ? bad : e;
}
