/* Any bytes as names, handles and evidence of two people: no fault, normal forms are stable, a decision keeps its
 * bounds, and who says the same is the same. */
#include "rules/match_rule.h"

#include "rules/base/arena.h"
#include "rules/names.h"
#include "rules/route.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] = "queue q { }\nroute otherwise to q\n"
                           "match m { link 75 review 40 ahead 9 mailbox same 99 email strong same 90 close 40\n"
                           " phone same 70 close 20 handle same 70 site strong same 80 close 30 differs never\n"
                           " invoice same 60 close 9 domain same 40 close 9 organisation strong same 40 close 30\n"
                           " person same 30 close 20 field a as name same 9 close 5 field b as words same 9 close 5\n"
                           " field c as code same 9 close 5 field d as date same 9 close 5 }\n";

static const struct match_rule *rule(void)
{
    static struct rules *r;
    struct buf faults = {0};

    if (r == NULL) {
        enum err e = rules_load(&r, "f", str_of(text), NULL, NULL, &faults);

        assert(e == ERR_OK);
    }
    return rules_match(r, "m");
}

static void check_names(struct arena *a, struct str typed)
{
    struct name x, again;
    struct str handle, same;

    if (name_person(a, typed, &x)) {
        assert(x.words >= 1 && x.words <= NAME_WORDS_MAX && text_utf8_valid(x.text));
        assert(x.joined.n >= 1 && x.joined.n <= WORD_CHARS_MAX && x.scripts != 0);
        for (size_t i = 1; i < x.words; i++)
            assert(word_order(&x.word[i - 1], &x.word[i]) <= 0);
    }
    if (name_organisation(a, typed, &x)) {
        assert(text_utf8_valid(x.text) && x.words <= NAME_WORDS_MAX);
        assert(name_organisation(a, typed, &again) && str_equal(x.text, again.text) && x.legal == again.legal);
    }
    if (handle_parse(a, STR("x"), typed, &handle)) {
        struct str rest = handle;

        (void)str_cut(&rest, ':');
        assert(text_utf8_valid(handle));
        if (rest.at[0] != '@' && !str_starts(rest, "http"))
            assert(handle_parse(a, STR("x"), rest, &same) && str_equal(handle, same));
    }
}

/* Lines: a byte that names kind and flags, then the value. */
static struct match_side *side(struct arena *a, struct str lines)
{
    struct match_side *s = match_side(a, rule());

    while (lines.len > 0) {
        struct str line = str_cut(&lines, '\n');

        if (line.len > 1)
            (void)match_add(s, (enum match_kind)((unsigned char)line.at[0] % (MATCH_FIELD + 4)),
                            (struct str){line.at + 1, line.len - 1}, (unsigned char)line.at[0] >> 6);
    }
    return s;
}

static bool among(const struct match_block *list, size_t n, const struct match_block *b)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].kind == b->kind && str_equal(list[i].text, b->text))
            return true;
    return false;
}

/* Who says what is on record looks wherever that is kept. */
static void check_blocks(struct arena *a, const struct match_side *s)
{
    struct match_block kept[MATCH_BLOCKS_MAX], asked[MATCH_BLOCKS_MAX];
    size_t k = match_blocks(s, MATCH_KEEP, a, kept), n = match_blocks(s, MATCH_ASK, a, asked);

    assert(k <= MATCH_BLOCKS_MAX && n <= MATCH_BLOCKS_MAX);
    for (size_t i = 0; i < k; i++) {
        assert(kept[i].text.len > 0 && kept[i].text.len <= MATCH_BLOCK_BYTES_MAX && text_utf8_valid(kept[i].text));
        assert(n == MATCH_BLOCKS_MAX || among(asked, n, &kept[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_open(64 * 1024);
    struct str all = {(const char *)data, size}, behind = all, first = str_cut(&behind, '\0');
    struct match_side *claimant = side(a, first), *candidate = side(a, behind);
    struct match_candidate c[2] = {{.side = candidate}, {.side = claimant}};
    struct match_result r;
    struct str reasons;

    check_names(a, all);
    check_blocks(a, claimant);
    check_blocks(a, candidate);
    match_judge(rule(), claimant, candidate, &r);
    assert(r.parts <= MATCH_KINDS && r.score >= 0 && r.score <= MATCH_SCORE_MAX);
    assert(r.band != MATCH_LINK || r.bar == MATCH_FREE);
    reasons = match_reasons(&r, a);
    assert(reasons.len > 2 && text_utf8_valid(reasons));
    match_judge(rule(), claimant, claimant, &r);
    for (size_t i = 0; i < r.parts; i++)
        assert(r.part[i].outcome >= MATCH_SHORT || r.part[i].kind == MATCH_PHONE);
    c[1].account.bytes[0] = 1;
    assert(match_choose(rule(), claimant, c, 2) < 2);
    arena_close(a);
    return 0;
}
