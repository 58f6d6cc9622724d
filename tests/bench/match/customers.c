/* Claims about an invented world's customers, found and judged as in production. */
#include "rules/base/arena.h"
#include "rules/route.h"
#include "tests/bench/match/index.h"
#include "tests/bench/match/report.h"
#include "tests/bench/match/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bench {
    struct world *world;
    struct index *index;
    struct match_rule rule; /* a copy: the curve is drawn with `link` at `review` */
    int link;
    struct arena *turn;
    size_t kept, asked, decisions, candidates;
    double claimant_us, decisions_us, candidate_us;
    size_t sides;
    struct curve links, reviews, sums; /* sums: the best sum, whatever keeps it from linking */
    size_t by_kind[CLAIM_KINDS][4];    /* linked right, wrong, in review, apart */
    size_t only[MATCH_BLOCK_KINDS], review_pairs, review_wrong;
    bool verbose;
};

static void say(struct match_side *s, enum match_kind kind, const char *text)
{
    if (*text != '\0')
        (void)match_add(s, kind, str_of(text), 0);
}

static void say_contact(struct match_side *s, const struct contact *k)
{
    say(s, MATCH_EMAIL, k->email);
    say(s, MATCH_PHONE, k->phone);
    say(s, MATCH_PERSON, k->who.name);
}

static void say_site(struct match_side *s, const struct customer *c, size_t i)
{
    say(s, MATCH_SITE, c->site[i]);
    for (size_t k = 0; i == 0 && k < c->invoices; k++)
        say(s, MATCH_INVOICE, c->invoice[k]);
}

/* Records of a customer: 0 its name, then its contacts, then its sites (with the first one stand its invoices). */
static size_t records_of(const struct customer *c)
{
    return 1 + c->contacts + c->sites;
}

static void say_record(struct match_side *s, const struct customer *c, size_t ref)
{
    if (ref == 0)
        say(s, MATCH_ORGANISATION, c->name);
    else if (ref <= c->contacts)
        say_contact(s, &c->contact[ref - 1]);
    else
        say_site(s, c, ref - 1 - c->contacts);
}

static void keep_all(struct bench *b)
{
    struct match_block list[MATCH_BLOCKS_MAX];

    for (uint32_t i = 0; i < b->world->n; i++) {
        const struct customer *c = &b->world->customer[i];

        for (uint32_t ref = 0; ref < records_of(c); ref++) {
            struct match_side *s = match_side(b->turn, &b->rule);

            say_record(s, c, ref);
            for (size_t n = match_blocks(s, MATCH_KEEP, b->turn, list); n > 0; n--, b->kept++)
                index_add(b->index, &list[n - 1], i, ref);
        }
        arena_reset(b->turn);
    }
}

/* What is judged is the name and the records that led there, as in production. */
static const struct match_side *record_of(struct bench *b, const struct found *f)
{
    const struct customer *c = &b->world->customer[f->id];
    struct match_side *s = match_side(b->turn, &b->rule);
    double before = report_cpu_us();

    say_record(s, c, 0);
    for (size_t i = 0; i < f->refs; i++)
        say_record(s, c, f->ref[i]);
    b->candidate_us += report_cpu_us() - before;
    b->sides++;
    return s;
}

static struct match_side *claimant_of(struct bench *b, const struct claim *q)
{
    struct match_side *s = match_side(b->turn, &b->rule);

    say(s, MATCH_EMAIL, q->email);
    say(s, MATCH_PHONE, q->phone);
    say(s, MATCH_SITE, q->site);
    say(s, MATCH_INVOICE, q->invoice);
    say(s, MATCH_ORGANISATION, q->organisation);
    say(s, MATCH_PERSON, q->name);
    return s;
}

/* Which kinds of blocks led to the right customer, whatever the caps. */
static void count_blocks(struct bench *b, const struct match_block *list, size_t n, int truth)
{
    int kinds = 0, last = 0;

    for (int kind = 0; kind < MATCH_BLOCK_KINDS; kind++) {
        bool here = false;

        for (size_t i = 0; i < n; i++) {
            const struct owners *o = (int)list[i].kind == kind ? index_find(b->index, &list[i]) : NULL;

            if (o == NULL || (o->n > MATCH_BLOCK_OWNERS_MAX && kind >= (int)MATCH_BLOCK_EXACT))
                continue;
            for (uint32_t k = 0; k < o->n && k < MATCH_BLOCK_OWNERS_MAX; k++)
                here = here || (int)o->list[k].id == truth;
        }
        kinds += here;
        last = here ? kind : last;
    }
    if (kinds == 1)
        b->only[last]++;
}

static void print_claim(const struct bench *b, const struct claim *q, const char *what, int got,
                        const struct match_result *r)
{
    struct arena *a = arena_open(4096);

    (void)printf("%s: %s by %s: <%s> %s | %s | %s | %s | %s\n", what, claim_kind_name(q->kind), q->channel, q->email,
                 q->phone, q->name, q->organisation, q->site, q->invoice);
    for (int i = 0; i < 2; i++) {
        const struct customer *c = (i == 0 ? q->truth : got) < 0 ? NULL : &b->world->customer[i == 0 ? q->truth : got];

        if (c != NULL)
            (void)printf("  %s %s, %s, %s, %s <%s> %s\n", i == 0 ? "is" : "got", c->name, c->domain, c->site[0],
                         c->contact[0].who.name, c->contact[0].email, c->contact[0].phone);
    }
    if (r != NULL)
        (void)printf("  %s\n", match_reasons(r, a).at);
    arena_close(a);
}

static void score(struct bench *b, const struct claim *q, const struct found *owner, struct match_candidate *c,
                  size_t n)
{
    int linked = NOBODY, best = NOBODY, right = NOBODY, most = NOBODY;

    for (size_t i = 0; i < n; i++) {
        const struct match_result *r = &c[i].result;

        if ((int)owner[i].id == q->truth)
            right = (int)i;
        if (r->bar == MATCH_FREE && r->points >= b->rule.review && (best < 0 || r->points > c[best].result.points))
            best = (int)i;
        if (most < 0 || r->points > c[most].result.points)
            most = (int)i;
        if (r->points >= b->rule.review) {
            b->review_pairs++;
            b->review_wrong += (int)owner[i].id != q->truth;
        }
    }
    if (best >= 0 && c[best].result.points >= b->link)
        linked = best;
    if (best >= 0)
        curve_add(&b->links, c[best].result.points, best == right);
    if (most >= 0)
        curve_add(&b->sums, c[most].result.points, most == right);
    if (q->truth != NOBODY) {
        b->sums.all++;
        b->links.all++;
        b->reviews.all++;
    }

    bool found = right >= 0 && c[right].result.points >= b->rule.review;
    int how = linked >= 0 ? (linked == right ? 0 : 1) : found ? 2 : 3;

    if (right >= 0 && how != 1)
        curve_add(&b->reviews, c[right].result.points, true);
    b->by_kind[q->kind][how]++;
    if (b->verbose && (how == 1 || (how == 3 && q->truth != NOBODY)))
        print_claim(b, q,
                    how == 1    ? "WRONG"
                    : right < 0 ? "NOT MET"
                                : "APART",
                    how == 1 ? (int)owner[linked].id : NOBODY,
                    how == 1     ? &c[linked].result
                    : right >= 0 ? &c[right].result
                                 : NULL);
}

static void judge_claim(struct bench *b, const struct claim *q)
{
    struct match_block list[MATCH_BLOCKS_MAX];
    struct match_candidate c[MATCH_CANDIDATES_MAX] = {0};
    struct found owner[MATCH_CANDIDATES_MAX];
    double t0 = report_cpu_us();
    struct match_side *claimant = claimant_of(b, q);
    size_t n = match_blocks(claimant, MATCH_ASK, b->turn, list);
    double t1 = report_cpu_us();
    size_t found = index_candidates(b->index, list, n, owner);

    for (size_t i = 0; i < found; i++) {
        c[i].side = record_of(b, &owner[i]);
        memcpy(c[i].account.bytes, &owner[i].id, sizeof owner[i].id);
    }

    double t2 = report_cpu_us();

    (void)match_choose(&b->rule, claimant, c, found);
    b->decisions_us += report_cpu_us() - t2;
    b->claimant_us += t1 - t0;
    b->decisions += found;
    b->candidates += found;
    b->asked += n;
    if (q->truth != NOBODY)
        count_blocks(b, list, n, q->truth);
    score(b, q, owner, c, found);
    arena_reset(b->turn);
}

static void print_kinds(const struct bench *b)
{
    (void)printf("\n  who         linked   wrong  review   apart\n");
    for (int k = 0; k < CLAIM_KINDS; k++)
        (void)printf("  %-10s %7zu %7zu %7zu %7zu\n", claim_kind_name((enum claim_kind)k), b->by_kind[k][0],
                     b->by_kind[k][1], b->by_kind[k][2], b->by_kind[k][3]);
    (void)printf("\n  met only by:");
    for (int k = 0; k < MATCH_BLOCK_KINDS; k++)
        if (b->only[k] > 0)
            (void)printf(" %s %zu", match_block_word((enum match_block_kind)k), b->only[k]);
    (void)printf("\n");
}

static void print_costs(const struct bench *b, size_t claims)
{
    double n = (double)claims;

    (void)printf("\n  %.1f blocks kept a customer, %zu in all; %.1f asked and %.1f candidates a claim; %.2f pairs in "
                 "review a claim, %.0f %% of them wrong\n",
                 (double)b->kept / (double)b->world->n, index_blocks(b->index), (double)b->asked / n,
                 (double)b->candidates / n, (double)b->review_pairs / n,
                 b->review_pairs > 0 ? 100.0 * (double)b->review_wrong / (double)b->review_pairs : 0.0);
    (void)printf("  %.2f us a decision; %.1f us to read a claim and name its blocks, %.1f us to read a customer's "
                 "records\n",
                 b->decisions > 0 ? b->decisions_us / (double)b->decisions : 0.0, b->claimant_us / n,
                 b->sides > 0 ? b->candidate_us / (double)b->sides : 0.0);
}

static void check(struct report *r, struct bench *b)
{
    size_t right = curve_right(&b->links, b->link), wrong = curve_wrong(&b->links, b->link);
    size_t found = curve_right(&b->reviews, b->rule.review);
    size_t misled = curve_wrong(&b->sums, b->link), led = curve_right(&b->sums, b->link);
    double precision = (double)right / (double)(right + wrong), recall = (double)found / (double)b->links.all;
    double us = b->decisions_us / (double)b->decisions;

    report_check(r, right > 0 && precision >= 0.999, "customers: %zu of %zu links are right: precision %.5f (0.999)",
                 right, right + wrong, precision);
    report_check(r, recall >= 0.95,
                 "customers: %zu of %zu found by link or review: recall %.4f (0.95); by link alone %.4f", found,
                 b->links.all, recall, (double)right / (double)b->links.all);
    report_check(r, misled * 200 > led,
                 "customers: the world misleads: the best sum alone would link %zu wrongly of %zu", misled,
                 misled + led);
    report_check(r, us <= DECISION_US_MAX, "customers: %.2f us a decision (%d)", us, DECISION_US_MAX);
}

void bench_customers(struct report *r, const char *rules_file, uint64_t seed, size_t customers, size_t claims)
{
    struct rules *rules = report_rules(rules_file);
    struct bench *b = calloc(1, sizeof *b);

    b->rule = *rules_match(rules, MATCH_CUSTOMER);
    b->link = b->rule.link;
    b->rule.link = b->rule.review;
    b->world = world_make(seed, customers);
    b->index = index_open();
    b->turn = arena_open(256 * 1024);
    b->verbose = getenv("MATCH_VERBOSE") != NULL;
    keep_all(b);
    for (size_t i = 0; i < claims; i++) {
        struct claim q = world_claim(b->world);

        judge_claim(b, &q);
    }
    (void)printf("\n== %zu customers, %zu claims, seed %llu, %s\n", customers, claims, (unsigned long long)seed,
                 rules_file);
    print_kinds(b);
    curve_print(&b->links, "links, were `link` there", b->link, b->rule.review);
    curve_print(&b->sums, "the same, were the best sum all that counts", b->link, b->rule.review);
    print_costs(b, claims);
    (void)printf("\n");
    check(r, b);
    arena_close(b->turn);
    index_close(b->index);
    world_free(b->world);
    free(b);
    rules_close(rules);
}
