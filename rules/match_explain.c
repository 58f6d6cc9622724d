#include "rules/match_explain.h"

#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/faults.h"
#include "rules/match_rule.h"

bool match_explains(const struct doc *object)
{
    return doc_get(object, "claim") != NULL || doc_get(object, "record") != NULL;
}

/* One side of an example while it is read. */
struct reading {
    struct match_side *side;
    const struct match_rule *rule;
    const struct doc *object;
    const char *name; /* "claim", "record" */
    struct buf *why;
    bool good;
};

static bool listed(const struct doc *list, struct str value)
{
    for (size_t i = 0; i < doc_size(list); i++)
        if (str_equal(doc_text(doc_at(list, i)), value))
            return true;
    return false;
}

static void read_value(struct reading *x, enum match_kind kind, const char *row, const struct doc *value)
{
    struct str text = doc_text(value);
    unsigned flags = kind == MATCH_EMAIL && doc_get_bool(x->object, "proven", false) ? MATCH_PROVEN : 0;

    flags |= listed(doc_get(x->object, "shared"), text) ? MATCH_SHARED : 0;
    if (text.at == NULL)
        buf_printf(x->why, "%s: %s must be a text or a list of texts\n", x->name, row);
    else if (!match_add(x->side, kind, text, flags))
        buf_printf(x->why, "%s: \"%.*s\" cannot be compared as %s\n", x->name, (int)(text.len < 64 ? text.len : 64),
                   text.at, row);
    else
        return;
    x->good = false;
}

static void unknown_row(struct reading *x, const char *name)
{
    const char *names[MATCH_ROWS];
    size_t n = 0;

    for (size_t i = 0; i < MATCH_ROW_MAILBOX; i++)
        if (x->rule->row[i].name != NULL)
            names[n++] = x->rule->row[i].name;
    buf_printf(x->why, "%s: unknown row \"%.64s\"%s\n", x->name, name, faults_hint(str_of(name), names, n).at);
    x->good = false;
}

static bool read_row(void *arg, const char *name, const struct doc *value)
{
    struct reading *x = arg;
    size_t row = match_row_named(x->rule, str_of(name));

    if (str_is(str_of(name), "proven") || str_is(str_of(name), "shared"))
        return true;
    if (row >= MATCH_ROW_MAILBOX) {
        unknown_row(x, name);
        return true;
    }
    if (doc_kind(value) != DOC_ARRAY)
        read_value(x, (enum match_kind)row, name, value);
    for (size_t i = 0; doc_kind(value) == DOC_ARRAY && i < doc_size(value); i++)
        read_value(x, (enum match_kind)row, name, doc_at(value, i));
    return true;
}

static struct match_side *read_side(const struct match_rule *m, const struct doc *object, const char *name,
                                    struct arena *a, struct buf *why, bool *good)
{
    struct reading x = {match_side(a, m), m, doc_get(object, name), name, why, true};

    if (doc_kind(x.object) != DOC_OBJECT) {
        buf_printf(why, "%s must be a JSON object\n", name);
        x.good = false;
    } else {
        doc_each(x.object, read_row, &x);
    }
    *good = *good && x.good;
    return x.side;
}

enum err match_explain_parse(struct match_example_case *out, const struct rules *r, const struct doc *object,
                             struct arena *a, struct buf *why)
{
    struct str name = doc_get_text(object, "match");
    struct match_example_case c = {.rule = rules_match(r, name.at == NULL ? MATCH_CUSTOMER : str_copy(a, name))};
    bool good = true;

    if (c.rule == NULL) {
        buf_printf(why, "no match is called \"%.*s\"\n", (int)(name.len < 64 ? name.len : 64), name.at);
        return ERR_INPUT;
    }
    c.claim = read_side(c.rule, object, "claim", a, why, &good);
    c.record = read_side(c.rule, object, "record", a, why, &good);
    if (!good)
        return ERR_INPUT;
    *out = c;
    return ERR_OK;
}

/* Where they would meet: the kinds of the blocks that both have. */
static void print_blocks(const struct match_example_case *c, struct arena *a, struct buf *out)
{
    struct match_block asked[MATCH_BLOCKS_MAX], kept[MATCH_BLOCKS_MAX];
    size_t n = match_blocks(c->claim, MATCH_ASK, a, asked), k = match_blocks(c->record, MATCH_KEEP, a, kept);
    bool met[MATCH_BLOCK_KINDS] = {false}, any = false;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < k; j++)
            if (asked[i].kind == kept[j].kind && str_equal(asked[i].text, kept[j].text))
                met[asked[i].kind] = any = true;
    buf_text(out, "found by");
    for (int kind = 0; kind < MATCH_BLOCK_KINDS; kind++)
        if (met[kind])
            buf_printf(out, " %s", match_block_word((enum match_block_kind)kind));
    buf_printf(out, "%s; asked in %zu places, kept in %zu\n", any ? "" : " nothing", n, k);
}

void match_explain_print(const struct match_example_case *c, struct arena *a, struct buf *out)
{
    struct match_result result;
    struct doc *reasons = NULL;

    match_judge(c->rule, c->claim, c->record, &result);
    buf_printf(out, "match %s\n", c->rule->name);
    if (doc_parse(&reasons, match_reasons(&result, a), NULL, 0) == ERR_OK)
        for (size_t i = 0; i < doc_size(reasons); i++) {
            struct str line = doc_text(doc_at(reasons, i));

            buf_printf(out, "  %.*s\n", (int)line.len, line.at);
        }
    doc_close(reasons);
    print_blocks(c, a, out);
}
