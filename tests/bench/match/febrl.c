/* The FEBRL sets of the corpora (Christen 2008): every record against all that share a block with it. */
#include "rules/base/arena.h"
#include "rules/csv.h"
#include "rules/route.h"
#include "tests/bench/match/index.h"
#include "tests/bench/match/report.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORDS_MAX = 8192 };

/* rec_id, given_name, surname, street_number, address_1, address_2, suburb, postcode, state, date_of_birth, soc_sec_id */
enum column { ID, GIVEN, FAMILY, NUMBER, ADDRESS_1, ADDRESS_2, SUBURB, POSTCODE, STATE, BORN, INSURANCE, COLUMNS };

struct record {
    long group; /* records of one person have one */
    struct match_side *side;
    size_t blocks;
    struct match_block block[MATCH_BLOCKS_MAX];
};

struct set {
    const struct match_rule *m;
    struct arena *a;
    struct index *index;
    size_t n, pairs, kept;
    double us;
    size_t linked[2], reviewed[2]; /* wrong, right */
    struct curve curve;
    struct record record[RECORDS_MAX];
};

static void add_field(struct set *s, struct match_side *side, const char *name, struct str value)
{
    enum match_kind kind;
    bool there = match_field(s->m, str_of(name), &kind);

    assert(there);
    (void)match_add(side, kind, value, 0);
}

static struct str both(struct arena *a, struct str x, struct str y)
{
    return str_of(arena_printf(a, "%.*s %.*s", (int)x.len, x.at, (int)y.len, y.at));
}

static void read_record(struct set *s, const struct csv_row *row)
{
    struct record *r = &s->record[s->n];
    const struct str *f = row->field;
    int group = 0;

    assert(row->count == COLUMNS && s->n < RECORDS_MAX);
    if (sscanf(str_copy(s->a, f[ID]), "rec-%d-", &group) != 1)
        return; /* the header */
    r->group = group;
    r->side = match_side(s->a, s->m);
    (void)match_add(r->side, MATCH_PERSON, both(s->a, f[GIVEN], f[FAMILY]), 0);
    add_field(s, r->side, "number", f[NUMBER]);
    add_field(s, r->side, "address", both(s->a, f[ADDRESS_1], f[ADDRESS_2]));
    add_field(s, r->side, "suburb", f[SUBURB]);
    add_field(s, r->side, "postcode", f[POSTCODE]);
    add_field(s, r->side, "state", f[STATE]);
    add_field(s, r->side, "born", f[BORN]);
    add_field(s, r->side, "insurance", f[INSURANCE]);
    r->blocks = match_blocks(r->side, MATCH_KEEP, s->a, r->block);
    for (size_t i = 0; i < r->blocks; i++)
        index_add(s->index, &r->block[i], (uint32_t)s->n, 0);
    s->kept += r->blocks;
    s->n++;
}

static bool load(struct set *s, const char *path)
{
    struct buf text = {0};
    struct csv_row row;
    struct csv csv;
    char part[4096];
    size_t n;
    FILE *f = fopen(path, "r");

    if (f == NULL)
        return false;
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        buf_add(&text, part, n);
    (void)fclose(f);
    csv_open(&csv, buf_view(&text));
    while (csv_next(&csv, s->a, &row))
        read_record(s, &row);
    buf_free(&text);
    return true;
}

static void judge_pair(struct set *s, const struct record *x, const struct record *y)
{
    struct match_result result;
    bool right = x->group == y->group;
    double before = report_cpu_us();

    match_judge(s->m, x->side, y->side, &result);
    s->us += report_cpu_us() - before;
    s->pairs++;
    s->linked[right] += result.band == MATCH_LINK;
    s->reviewed[right] += result.band == MATCH_REVIEW;
    curve_add(&s->curve, result.points, right);
    if (getenv("MATCH_VERBOSE") != NULL && right != (result.band == MATCH_LINK) && result.points >= 20)
        (void)printf("%s rec-%ld rec-%ld %s\n", right ? "MISSED" : "WRONG", x->group, y->group,
                     match_reasons(&result, s->a).at);
}

/* Each pair once. */
static void judge_all(struct set *s)
{
    uint32_t *last = calloc(s->n, sizeof *last); /* the record that a record was last compared with, plus one */

    for (uint32_t i = 0; i < s->n; i++) {
        const struct record *x = &s->record[i];

        for (size_t b = 0; b < x->blocks; b++) {
            const struct owners *o = index_find(s->index, &x->block[b]);

            for (uint32_t k = 0; o->n <= MATCH_BLOCK_OWNERS_MAX && k < o->n; k++)
                if (o->list[k].id < i && last[o->list[k].id] != i + 1) {
                    last[o->list[k].id] = i + 1;
                    judge_pair(s, x, &s->record[o->list[k].id]);
                }
        }
    }
    free(last);
}

static size_t true_pairs(const struct set *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < i; k++)
            n += s->record[i].group == s->record[k].group;
    return n;
}

static void bench_set(struct report *r, const struct match_rule *m, const char *corpora, const char *name)
{
    struct set *s = calloc(1, sizeof *s);
    char path[4096];

    s->m = m;
    s->a = arena_open(1024 * 1024);
    s->index = index_open();
    (void)snprintf(path, sizeof path, "%s/febrl/%s.csv", corpora, name);
    if (!load(s, path)) {
        report_skip(r, "febrl: no corpora");
    } else {
        judge_all(s);
        s->curve.all = true_pairs(s);

        size_t links = s->linked[0] + s->linked[1], found = s->linked[1] + s->reviewed[1];
        double precision = links > 0 ? (double)s->linked[1] / (double)links : 0;
        double recall = (double)found / (double)s->curve.all;

        curve_print(&s->curve, name, m->link, m->review);
        (void)printf("\n  %zu records, %.1f blocks each, %zu pairs compared of %zu, %.2f us a decision, %zu wrong in "
                     "review\n\n",
                     s->n, (double)s->kept / (double)s->n, s->pairs, s->n * (s->n - 1) / 2, s->us / (double)s->pairs,
                     s->reviewed[0]);
        report_check(r, precision >= 0.995, "febrl: %s: %zu of %zu links are right: precision %.5f (0.995)", name,
                     s->linked[1], links, precision);
        report_check(r, recall >= 0.95,
                     "febrl: %s: %zu of %zu found by link or review: recall %.4f (0.95); by link "
                     "alone %.4f",
                     name, found, s->curve.all, recall, (double)s->linked[1] / (double)s->curve.all);
    }
    index_close(s->index);
    arena_close(s->a);
    free(s);
}

void bench_febrl(struct report *r, const char *rules_file, const char *corpora)
{
    struct rules *rules = report_rules(rules_file);
    const struct match_rule *m = rules_match(rules, "person");

    bench_set(r, m, corpora, "dataset1");
    bench_set(r, m, corpora, "dataset2");
    rules_close(rules);
}
