#include "queues/candidates.h"

#include "queues/contact_parts.h"
#include "queues/keys.h"
#include "queues/ticket.h"
#include "rules/address.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Something that led to an account: ref is of n:{…} (evidence.h). */
struct candidate_lead {
    struct ulid account;
    bool record;
    int weight;
    unsigned same; /* bits of enum evidence_kind: it has this very evidence */
    struct str ref;
};

/* An account, as it is on record or as strangers speak of it; the records that led there. */
struct candidate {
    struct ulid account;
    bool record;
    int weight;
    unsigned same;
    size_t refs;
    struct str ref[CANDIDATE_REFS];
};

void candidates_begin(struct candidates *c, const struct keyring *k, struct arena *a, const struct evidence_held *h,
                      struct ulid own, size_t room)
{
    *c = (struct candidates){.keys = k, .arena = a, .held = h, .own = own, .room = room};
    c->lead = arena_array(a, struct candidate_lead, room + 1);
}

static void add_lead(struct candidates *c, const struct candidate_lead *l)
{
    if (!ulid_equal(l->account, c->own) && c->leads < c->room)
        c->lead[c->leads++] = *l;
}

static struct str words_ref(struct arena *a, struct ulid ticket, struct ulid participant)
{
    struct id_text tkt = id_print(ID_TICKET, ticket), par = id_print(ID_PARTICIPANT, participant);

    return str_of(arena_printf(a, "%s %s", tkt.at, par.at));
}

static void find_shared(struct candidates *c, const struct evidence *e, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (e[i].kind == e[k].kind && e[i].record && e[k].record && !ulid_equal(e[i].account, e[k].account))
                c->shared[e[i].kind] = true;
}

void candidates_add_evidence(struct candidates *c, const struct evidence *e, size_t n)
{
    static const enum match_block_kind kinds[EVIDENCE_KINDS] = {
        [EVIDENCE_EMAIL] = MATCH_BLOCK_EMAIL,     [EVIDENCE_SITE] = MATCH_BLOCK_SITE,
        [EVIDENCE_INVOICE] = MATCH_BLOCK_INVOICE, [EVIDENCE_PHONE] = MATCH_BLOCK_PHONE,
        [EVIDENCE_HANDLE] = MATCH_BLOCK_HANDLE,
    };
    static const struct ulid none = {{0}};

    find_shared(c, e, n);
    for (size_t i = 0; i < n; i++) {
        int weight = match_block_weight(kinds[e[i].kind]);
        struct str ref = e[i].contact.len > 0 ? e[i].contact : e[i].site;

        if (!e[i].record)
            ref = ulid_equal(e[i].ticket, none) ? (struct str){NULL, 0}
                                                : words_ref(c->arena, e[i].ticket, e[i].participant);
        add_lead(
            c,
            &(struct candidate_lead){
                .account = e[i].account, .record = e[i].record, .weight = weight, .same = 1u << e[i].kind, .ref = ref});
    }
}

void candidates_add_block(struct candidates *c, enum match_block_kind kind, const struct redis_value *v)
{
    for (size_t i = 0; i + 1 < v->count; i += 2) {
        struct str source = v->items[i].text, account = str_cut(&source, ':');
        struct ulid id;

        if (source.len > 0 && ulid_parse(account, &id))
            add_lead(c, &(struct candidate_lead){.account = id,
                                                 .record = !str_is(source, "-"),
                                                 .weight = match_block_weight(kind),
                                                 .ref = v->items[i + 1].text});
    }
}

/* ---- the likeliest ---- */

static int by_account(const void *x, const void *y)
{
    const struct candidate_lead *a = x, *b = y;
    int order = memcmp(a->account.bytes, b->account.bytes, sizeof a->account.bytes);

    if (order != 0)
        return order;
    if (a->record != b->record)
        return a->record ? -1 : 1;
    return (a->weight < b->weight) - (a->weight > b->weight); /* what says most is read first */
}

static int by_weight(const void *x, const void *y)
{
    const struct candidate *a = x, *b = y;

    if (a->weight != b->weight)
        return a->weight > b->weight ? -1 : 1;
    return memcmp(a->account.bytes, b->account.bytes, sizeof a->account.bytes);
}

static void add_ref(struct candidate *c, struct str ref)
{
    for (size_t i = 0; i < c->refs; i++)
        if (str_equal(c->ref[i], ref))
            return;
    if (ref.len > 0 && c->refs < CANDIDATE_REFS)
        c->ref[c->refs++] = ref;
}

static void fold(struct candidates *c)
{
    if (c->leads > 1)
        qsort(c->lead, c->leads, sizeof *c->lead, by_account);
    c->at = arena_array(c->arena, struct candidate, c->leads + 1);
    for (size_t i = 0; i < c->leads; i++) {
        const struct candidate_lead *l = &c->lead[i];
        struct candidate *last = c->n > 0 ? &c->at[c->n - 1] : NULL;

        if (last == NULL || !ulid_equal(last->account, l->account) || last->record != l->record)
            *(last = &c->at[c->n++]) = (struct candidate){.account = l->account, .record = l->record};
        last->weight += l->weight;
        last->same |= l->same;
        add_ref(last, l->ref);
    }
    if (c->n > 1)
        qsort(c->at, c->n, sizeof *c->at, by_weight);
    if (c->n > MATCH_CANDIDATES_MAX)
        c->n = MATCH_CANDIDATES_MAX;
    if (c->n == 0) /* D2 */
        c->at[c->n++] = (struct candidate){.account = c->own};
}

/* ---- reading ---- */

static struct str room_key(const struct candidates *c, struct ulid account, const char *room)
{
    return key_in(c->arena, partition_of(account), room, id_print(ID_ACCOUNT, account).at);
}

static void ask_words(struct candidates *c, struct redis *r, struct str ref)
{
    struct str par = ref, tkt = str_cut(&par, ' ');
    const char *home = arena_printf(c->arena, "hm:%.*s", (int)par.len, par.at == NULL ? "" : par.at);
    struct ulid ticket;

    if (!id_parse(ID_TICKET, tkt, &ticket))
        ticket = (struct ulid){0}; /* asked all the same: each reference has its answers */
    redis_add(r, 5,
              (struct str[]){STR("HMGET"), ticket_key(c->arena, ticket), STR("acc"), str_of(home), STR("claims")});
    redis_add(r, 3,
              (struct str[]){STR("HGET"), key_in(c->arena, ulid_partition(ticket), "p", id_print(ID_TICKET, ticket).at),
                             par});
}

size_t candidates_queue_read(struct candidates *c, struct redis *r)
{
    size_t asked = 0;

    fold(c);
    for (size_t i = 0; i < c->n; i++) {
        const struct candidate *at = &c->at[i];

        redis_add(r, 7,
                  (struct str[]){STR("HMGET"), room_key(c, at->account, "a"), STR("name"), STR("imported"), STR("tier"),
                                 STR("region"), STR("language")});
        asked++;
        for (size_t k = 0; k < at->refs; k++)
            if (!at->record) {
                ask_words(c, r, at->ref[k]);
                asked += 2;
            } else if (!str_is(at->ref[k], "acc")) {
                const char *room = str_starts(at->ref[k], "con_") ? "c" : "s";

                redis_add(r, 3, (struct str[]){STR("HGET"), room_key(c, at->account, room), at->ref[k]});
                asked++;
            }
    }
    assert(asked <= CANDIDATES_ASK_MAX);
    return asked;
}

/* ---- what is known ---- */

enum { VALUES_MAX = 64 };

/* One candidate under construction. */
struct known {
    struct candidates *c;
    const struct redis_value *v; /* the next answer */
    struct resolve_candidate *out;
    struct resolve_value *at;
    size_t n;
};

/* Its normal form, of the kinds that several accounts may have on record. */
static struct str canonical_form(struct arena *a, enum match_kind kind, struct str text)
{
    struct email email;
    struct site site;
    struct str form = text;

    if (kind == MATCH_EMAIL)
        return email_parse(a, text, &email) ? email.canonical : (struct str){NULL, 0};
    if (kind == MATCH_SITE)
        return site_parse(a, text, &site) ? site.canonical : (struct str){NULL, 0};
    if (kind == MATCH_INVOICE && !invoice_parse(a, text, &form))
        return (struct str){NULL, 0};
    return form;
}

static unsigned flags_of(const struct candidates *c, enum match_kind kind, struct str text)
{
    static const struct {
        enum match_kind kind;
        enum evidence_kind evidence;
    } kinds[] = {{MATCH_EMAIL, EVIDENCE_EMAIL},
                 {MATCH_PHONE, EVIDENCE_PHONE},
                 {MATCH_SITE, EVIDENCE_SITE},
                 {MATCH_INVOICE, EVIDENCE_INVOICE}};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kind == kinds[i].kind && c->shared[kinds[i].evidence] &&
            str_equal(canonical_form(c->arena, kind, text), c->held->text[kinds[i].evidence]))
            return MATCH_SHARED;
    return 0;
}

static void add_value(struct known *k, enum match_kind kind, struct str text)
{
    if (text.len == 0 || k->n == VALUES_MAX)
        return;
    text = (struct str){str_copy(k->c->arena, text), text.len};
    k->at[k->n++] =
        (struct resolve_value){.kind = kind, .text = text, .flags = k->out->record ? flags_of(k->c, kind, text) : 0};
}

/* Evidence is found by its index, whether or not this host can read the record that it stands in. */
static void add_same(struct known *k, unsigned same)
{
    static const enum match_kind kinds[EVIDENCE_KINDS] = {
        [EVIDENCE_EMAIL] = MATCH_EMAIL, [EVIDENCE_SITE] = MATCH_SITE,     [EVIDENCE_INVOICE] = MATCH_INVOICE,
        [EVIDENCE_PHONE] = MATCH_PHONE, [EVIDENCE_HANDLE] = MATCH_HANDLE,
    };

    for (int kind = 0; kind < EVIDENCE_KINDS; kind++)
        if ((same >> kind & 1) != 0)
            add_value(k, kinds[kind], k->c->held->text[kind]);
}

/* A sealed JSON record; NULL where it is not there or cannot be read. Yours. */
static struct doc *open_sealed(const struct known *k, struct str sealed, struct str bound)
{
    struct str text;
    struct doc *d;

    if (sealed.len == 0 || unseal(k->c->keys, k->c->arena, sealed, bound, &text) != ERR_OK ||
        doc_parse(&d, text, NULL, 0) != ERR_OK)
        return NULL;
    return d;
}

static void add_contact(struct known *k, struct str id)
{
    struct doc *d = open_sealed(k, k->v++->text, id);
    const struct doc *invoices = doc_get(d, "invoices");

    add_value(k, MATCH_EMAIL, doc_get_text(d, "email"));
    add_value(k, MATCH_PHONE, doc_get_text(d, "phone"));
    add_value(k, MATCH_PERSON, doc_get_text(d, "contact_name"));
    /* The one that was named, wherever it stands; people hold old ones for years. */
    for (size_t i = 0; i < doc_size(invoices); i++)
        if (str_equal(doc_text(doc_at(invoices, i)), k->c->held->text[EVIDENCE_INVOICE]))
            add_value(k, MATCH_INVOICE, doc_text(doc_at(invoices, i)));
    for (size_t i = 0; i < doc_size(invoices) && i < MATCH_VALUES_MAX; i++)
        add_value(k, MATCH_INVOICE, doc_text(doc_at(invoices, i)));
    doc_close(d);
}

static void add_site(struct known *k, struct str id)
{
    struct doc *d = open_sealed(k, k->v++->text, id);

    add_value(k, MATCH_SITE, doc_get_text(d, "id"));
    add_value(k, MATCH_SITE, doc_get_text(d, "url"));
    doc_close(d);
}

/* The claims of an item, about whom it speaks for where it does (filing_resolve.c); or what a participant is known by. */
static void add_claims(struct known *k, const struct doc *d)
{
    static const struct {
        const char *name;
        enum match_kind kind;
        bool behalf;
    } kinds[] = {{"email", MATCH_EMAIL, false},       {"phone", MATCH_PHONE, false},
                 {"handle", MATCH_HANDLE, false},     {"site", MATCH_SITE, false},
                 {"name", MATCH_PERSON, false},       {"organisation", MATCH_ORGANISATION, false},
                 {"behalf_email", MATCH_EMAIL, true}, {"behalf_site", MATCH_SITE, true},
                 {"behalf_name", MATCH_PERSON, true}, {"behalf_organisation", MATCH_ORGANISATION, true}};
    bool behalf = false;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        behalf = behalf || (kinds[i].behalf && doc_get(d, kinds[i].name) != NULL);
    add_value(k, MATCH_INVOICE, doc_get_text(d, "invoice"));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct str platform = doc_get_text(d, "source");
        size_t before = k->n;

        if (kinds[i].behalf == behalf)
            add_value(k, kinds[i].kind, doc_get_text(d, kinds[i].name));
        if (k->n > before)
            k->at[before].platform = (struct str){str_copy(k->c->arena, platform), platform.len};
    }
}

/* D3. What was read of the account that led here says nothing of another one. */
static void move_to(struct resolve_candidate *c, struct ulid account)
{
    if (ulid_equal(c->account, account))
        return;
    c->account = account;
    c->known = false;
    c->tier = c->region = c->language = (struct str){NULL, 0};
}

static void add_words(struct known *k, struct str ref)
{
    struct str par = ref, tkt = str_cut(&par, ' ');
    const struct redis_value *ticket = k->v++, *participant = k->v++;
    struct ulid account;
    struct doc *d;

    if (ticket->count != 3)
        return;
    if (id_parse(ID_ACCOUNT, ticket->items[1].text, &account) || id_parse(ID_ACCOUNT, ticket->items[0].text, &account))
        move_to(k->out, account);
    d = open_sealed(k, ticket->items[2].text, tkt);
    add_claims(k, d);
    doc_close(d);
    d = open_sealed(k, participant->text, par);
    add_claims(k, d);
    doc_close(d);
}

static void add_account(struct known *k, const struct candidate *from)
{
    const struct redis_value *v = k->v++;
    struct str acc = str_of(arena_strdup(k->c->arena, id_print(ID_ACCOUNT, from->account).at)), name;

    if (v->count != 5)
        return;
    k->out->known = v->items[1].kind == REDIS_TEXT;
    k->out->tier = v->items[2].text;
    k->out->region = v->items[3].text;
    k->out->language = v->items[4].text;
    if (k->out->record && unseal(k->c->keys, k->c->arena, v->items[0].text, acc, &name) == ERR_OK)
        add_value(k, MATCH_ORGANISATION, name);
}

enum err candidates_hear(struct candidates *c, struct redis *r, const struct redis_value *v,
                         struct resolve_candidate **out, size_t *n)
{
    struct known k = {.c = c, .v = v};

    *n = 0;
    *out = arena_array(c->arena, struct resolve_candidate, c->n + EVIDENCE_CLAIMED);
    for (size_t i = 0; i < c->n; i++) {
        const struct candidate *from = &c->at[i];
        enum err e = redis_value_err(r, k.v);

        if (e != ERR_OK)
            return e;
        k.out = &(*out)[(*n)++];
        k.at = arena_array(c->arena, struct resolve_value, VALUES_MAX);
        k.n = 0;
        *k.out = (struct resolve_candidate){.account = from->account, .record = from->record, .value = k.at};
        add_account(&k, from);
        add_same(&k, from->same);
        for (size_t ref = 0; ref < from->refs; ref++)
            if (!from->record)
                add_words(&k, from->ref[ref]);
            else if (str_starts(from->ref[ref], "con_"))
                add_contact(&k, from->ref[ref]);
            else if (!str_is(from->ref[ref], "acc"))
                add_site(&k, from->ref[ref]);
        k.out->values = k.n;
    }
    return ERR_OK;
}
