#include "queues/contact_parts.h"
#include "queues/evidence.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/confidence.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { SCRATCH_BYTES = 256 * 1024 };

/* One record says: this leads to me. */
struct lead {
    struct blind index;
    bool block;                      /* of n:{…}: it may lead to others, too */
    const struct contact *contact;   /* or */
    const struct contact_site *site; /* or neither: the account's name */
    int64_t gone_days;
};

struct leads {
    struct lead *at;
    size_t n, room;
    struct arena *scratch; /* of one record */
};

static void add_lead(struct leads *l, const struct keyring *k, enum index_kind kind, struct str value,
                     const struct contact *c, const struct contact_site *s)
{
    if (value.len == 0)
        return;
    assert(l->n < l->room);
    l->at[l->n++] = (struct lead){.index = blind_index(k, kind, value),
                                  .contact = c,
                                  .site = s,
                                  .gone_days = c != NULL ? c->gone_days : s->gone_days};
}

/* Under which blocks it is found that is not quite the same (match.h). */
static void add_blocks(struct leads *l, const struct keyring *k, const struct match_side *side, const struct contact *c,
                       const struct contact_site *s)
{
    struct match_block block[MATCH_BLOCKS_MAX];
    size_t n = evidence_blocks(side, MATCH_KEEP, l->scratch, block);

    assert(l->n + n <= l->room);
    for (size_t i = 0; i < n; i++)
        l->at[l->n++] = (struct lead){.index = block_index(k, &block[i]),
                                      .block = true,
                                      .contact = c,
                                      .site = s,
                                      .gone_days = c != NULL   ? c->gone_days
                                                   : s != NULL ? s->gone_days
                                                               : CONTACT_NO_DAY};
}

static size_t leads_room(const struct evidence_source *s)
{
    size_t room = MATCH_BLOCKS_MAX + (2 + MATCH_BLOCKS_MAX) * s->site_count;

    for (size_t i = 0; i < s->contact_count; i++)
        room += 2 + MATCH_BLOCKS_MAX + s->contacts[i].invoice_count;
    return room;
}

static void collect_blocks(struct leads *l, const struct keyring *k, const struct evidence_source *s)
{
    struct match_side *side;

    for (size_t i = 0; i < s->contact_count; i++) {
        arena_reset(l->scratch);
        side = match_side(l->scratch, NULL);
        (void)match_add(side, MATCH_EMAIL, s->contacts[i].email, 0);
        (void)match_add(side, MATCH_PHONE, s->contacts[i].phone, 0);
        (void)match_add(side, MATCH_PERSON, s->contacts[i].name, 0);
        add_blocks(l, k, side, &s->contacts[i], NULL);
    }
    for (size_t i = 0; i < s->site_count; i++) {
        arena_reset(l->scratch);
        side = match_side(l->scratch, NULL);
        (void)match_add(side, MATCH_SITE, s->sites[i].site_id, 0);
        (void)match_add(side, MATCH_SITE, s->sites[i].url, 0);
        add_blocks(l, k, side, NULL, &s->sites[i]);
    }
    arena_reset(l->scratch);
    side = match_side(l->scratch, NULL);
    (void)match_add(side, MATCH_ORGANISATION, s->name, 0);
    add_blocks(l, k, side, NULL, NULL);
}

static void collect(struct leads *l, const struct keyring *k, struct arena *a, const struct evidence_source *s)
{
    for (size_t i = 0; i < s->contact_count; i++) {
        const struct contact *c = &s->contacts[i];

        add_lead(l, k, INDEX_EMAIL, canonical_of(a, c->email), c, NULL);
        add_lead(l, k, INDEX_PHONE, c->phone, c, NULL);
        for (size_t n = 0; n < c->invoice_count; n++)
            add_lead(l, k, INDEX_INVOICE, c->invoices[n], c, NULL);
    }
    for (size_t i = 0; i < s->site_count; i++) {
        const struct contact_site *site = &s->sites[i];
        struct site form;

        if (site_parse(a, site->site_id, &form))
            add_lead(l, k, INDEX_SITE, form.canonical, NULL, site);
        if (site_parse(a, site->url, &form) && form.form == SITE_HOST)
            add_lead(l, k, INDEX_SITE, form.canonical, NULL, site);
    }
}

static const struct ulid *lead_id(const struct lead *l)
{
    static const struct ulid none = {{0}};

    return l->contact != NULL ? &l->contact->id : l->site != NULL ? &l->site->id : &none;
}

/* By index; the present before the gone, then by id, so that the outcome depends on nothing else. */
static int by_index(const void *x, const void *y)
{
    const struct lead *a = x, *b = y;
    int order = strcmp(a->index.at, b->index.at);

    if (order != 0)
        return order;
    if ((a->gone_days == CONTACT_NO_DAY) != (b->gone_days == CONTACT_NO_DAY))
        return a->gone_days == CONTACT_NO_DAY ? -1 : 1;
    return memcmp(lead_id(a)->bytes, lead_id(b)->bytes, 16);
}

/* What all leads of one index say together; a gone one has no say beside a present one. */
struct joint {
    const struct lead *first;
    bool gone, shared; /* shared: by several contacts */
    enum contact_role role;
    unsigned authorised_for;
    int64_t as_of_days, proven_days, gone_days;
};

static void join(struct joint *j, const struct lead *l)
{
    const struct contact *c = l->contact;
    int64_t as_of = c != NULL ? c->as_of_days : l->site != NULL ? l->site->as_of_days : INT64_MIN;

    if (as_of > j->as_of_days)
        j->as_of_days = as_of;
    if (l->gone_days > j->gone_days)
        j->gone_days = l->gone_days;
    if (c == NULL)
        return;
    j->shared = j->shared || c != j->first->contact;
    j->authorised_for &= c->authorised_for;
    if (c->role != j->role)
        j->role = CONTACT_OTHER;
    if (c->proven_days > j->proven_days)
        j->proven_days = c->proven_days;
}

static struct joint join_all(const struct lead *l, size_t n)
{
    const struct contact *c = l->contact;
    struct joint j = {.first = l,
                      .gone = l->gone_days != CONTACT_NO_DAY,
                      .role = c != NULL ? c->role : CONTACT_OTHER,
                      .authorised_for = c != NULL ? CONTACT_FOR_ALL : 0,
                      .as_of_days = INT64_MIN,
                      .proven_days = CONTACT_NO_DAY,
                      .gone_days = CONTACT_NO_DAY};

    for (size_t i = 0; i < n; i++)
        if (j.gone || l[i].gone_days == CONTACT_NO_DAY)
            join(&j, &l[i]);
    return j;
}

static void print_words(struct buf *b, unsigned bits)
{
    static const struct {
        unsigned bit;
        const char *word;
    } rows[] = {{CONTACT_FOR_SITE, "site"}, {CONTACT_FOR_BILLING, "billing"}, {CONTACT_FOR_SECURITY, "security"}};
    const char *comma = "";

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if ((bits & rows[i].bit) != 0) {
            buf_printf(b, "%s\"%s\"", comma, rows[i].word);
            comma = ",";
        }
}

/* The part that is the same for all evidence of an account: words from outside, so by doc.h. */
static struct str facts_print(struct arena *a, const struct evidence_source *s)
{
    struct doc *d = doc_object();

    doc_set_text(d, "tier", s->tier);
    doc_set_text(d, "region", s->region);
    doc_set_text(d, "language", s->language);

    struct str text = doc_print(d, a);

    doc_close(d);
    return text;
}

static struct str joint_print(struct arena *a, const struct evidence_source *s, const struct joint *j, struct str facts)
{
    struct buf b = {0};
    int64_t since = j->proven_days != CONTACT_NO_DAY ? j->proven_days : j->as_of_days;
    double conf = confidence_now(confidence_weight(s->source), s->today_days - since, j->gone, false);

    if (j->first->contact != NULL)
        buf_printf(&b, "{\"con\":\"%s\",", id_print(ID_CONTACT, j->first->contact->id).at);
    else
        buf_printf(&b, "{\"site\":\"%s\",", id_print(ID_SITE, j->first->site->id).at);
    buf_printf(&b, "\"role\":\"%s\",\"auth\":[", contact_role_text(j->role));
    print_words(&b, j->authorised_for);
    buf_printf(&b, "],%s\"as_of\":%lld,\"proven\":", j->shared ? "\"shared\":true," : "", (long long)j->as_of_days);
    if (j->proven_days == CONTACT_NO_DAY)
        buf_text(&b, "null");
    else
        buf_printf(&b, "%lld", (long long)j->proven_days);
    buf_printf(&b, ",\"conf\":%d,\"gone\":%s,\"bounced\":false,", (int)(conf * 1000 + 0.5), j->gone ? "true" : "false");
    buf_add(&b, facts.at + 1, facts.len - 1);

    struct str text = {str_copy(a, buf_view(&b)), b.len};

    buf_free(&b);
    return text;
}

/* What a block keeps: of which record it was made (evidence.h). */
static struct str made_of(struct arena *a, const struct lead *l)
{
    if (l->contact != NULL)
        return str_of(arena_strdup(a, id_print(ID_CONTACT, l->contact->id).at));
    return str_of(l->site == NULL ? "acc" : arena_strdup(a, id_print(ID_SITE, l->site->id).at));
}

static bool matched_no_more(const struct joint *j, int64_t today_days)
{
    return j->gone && today_days - j->gone_days > CONTACT_GONE_MATCHED_DAYS;
}

size_t evidence_of(const struct keyring *k, struct arena *a, const struct evidence_source *s,
                   struct evidence_entry **out)
{
    struct leads l = {.room = leads_room(s), .scratch = arena_open(SCRATCH_BYTES)};
    struct str facts = facts_print(a, s);
    size_t n = 0;

    l.at = arena_array(a, struct lead, l.room + 1);
    collect(&l, k, a, s);
    collect_blocks(&l, k, s);
    arena_close(l.scratch);
    if (l.n > 1)
        qsort(l.at, l.n, sizeof *l.at, by_index);
    *out = arena_array(a, struct evidence_entry, l.n + 1);
    for (size_t i = 0, end; i < l.n; i = end) {
        for (end = i + 1; end < l.n && strcmp(l.at[end].index.at, l.at[i].index.at) == 0;)
            end++;

        struct joint j = join_all(&l.at[i], end - i);
        struct str value = matched_no_more(&j, s->today_days) ? STR("")
                           : l.at[i].block                    ? made_of(a, &l.at[i])
                                                              : joint_print(a, s, &j, facts);

        (*out)[n++] = (struct evidence_entry){
            .index = l.at[i].index, .block = l.at[i].block, .value = value, .proven_days = j.proven_days};
    }
    return n;
}
