/* grammar: what README.md says can be written can be read. Files are made by the grammar as it stands there. */
#include "gateway/zoneinfo.h"
#include "rules/base/arena.h"
#include "rules/facts.h"
#include "rules/pack.h"
#include "rules/route.h"
#include "tests/unit/dice.h"
#include "tests/unit/whole_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FILES = 400, DEPTH_MAX = 24 };

/* What the tokens of the grammar may be. */
static const struct {
    const char *name, *values[4];
} tokens[] = {
    {"NAME", {"alpha", "b2", "c-d"}},
    {"WORD", {"gold", "zh-TW", "EMEA"}},
    {"TEXT", {"\"very gold\"", "\"a\""}},
    {"DOMAIN", {"\"partner.example\"", "\"p.example.org\""}},
    {"ADDRESS", {"\"a@partner.example\"", "\"b@agency.example\""}},
    {"FILE", {"\"tw.ics\"", "\"own/office-1.ics\""}},
    {"NUMBER", {"0", "3", "10000"}},
    {"COUNT", {"1", "70"}},
    {"PERCENT", {"0", "50", "100"}},
    {"CHANNELS", {"2", "5"}},
    {"POINTS", {"-200", "0", "76"}},
    {"DURATION", {"90s", "30m", "1h30m"}},
    {"DAY", {"mon", "sun"}},
    {"DAYS", {"mon-fri", "sat-mon"}},
    {"HOURS", {"09:00-12:00", "13:00-24:00"}},
    {"DATE", {"2026-12-25", "2028-02-29"}},
    {"ZONE", {"UTC", "Asia/Taipei"}},
    {"MOMENT", {"2026-12-24T11:00:00Z", "2026-12-24T19:00:00+08:00"}},
};

/* What a generated pack lies over. */
static const char below[] = "class alpha { domain \"p.example\" }\nqueue alpha { }\nroute otherwise to alpha\n";

/* Of a fault that a file has by its grammar; all others are about what it means. */
static const char *const misread[] = {
    "expected ",      "unexpected ",  "a statement cannot", "unknown fact", " is never \"", "no clock is", "no role is",
    " is not ",       " are not ",    " needs a number ",   " needs a w",   "\" has no \"", "not closed",  "no path of",
    " are no points", " is no score", "no thing that",      "no sign-off",  " out of range"};

static struct str grammar;
static struct dice chance = {1};

static unsigned pick(unsigned n)
{
    return (unsigned)dice_below(&chance, n);
}

/* ---- the grammar: words of it, in quotes or plain, and marks ---- */

static void skip_blank(struct str *s)
{
    for (;;) {
        while (s->len > 0 && (*s->at == ' ' || *s->at == '\n'))
            s->at++, s->len--;
        if (!str_starts(*s, "(*"))
            return;

        const char *end = strstr(s->at, "*)");

        assert_non_null(end);
        s->len -= (size_t)(end + 2 - s->at);
        s->at = end + 2;
    }
}

static struct str next(struct str *s)
{
    struct str word;
    size_t n = 1;

    skip_blank(s);
    assert_true(s->len > 0);
    if (*s->at == '"') {
        while (s->at[n] != '"')
            n++;
        n++;
    } else if (strchr("={}[]()|;", *s->at) == NULL) {
        while (strchr(" \n={}[]()|;", s->at[n]) == NULL)
            n++;
    }
    word = (struct str){s->at, n};
    s->at += n, s->len -= n;
    return word;
}

static struct str rule(struct str name)
{
    struct str s = grammar;

    for (;;) {
        struct str word = next(&s);

        if (str_equal(word, name)) {
            assert_true(str_is(next(&s), "="));
            return s;
        }
        while (!str_is(next(&s), ";"))
            continue;
    }
}

/* ---- a file by it ---- */

static void alternatives(struct str *s, struct buf *out, bool write, int depth);

static void name(struct str word, struct buf *out, int depth)
{
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        unsigned n = 0;

        if (!str_is(word, tokens[i].name))
            continue;
        while (n < 4 && tokens[i].values[n] != NULL)
            n++;
        buf_printf(out, " %s", tokens[i].values[pick(n)]);
        return;
    }

    struct str s = rule(word);

    assert_true(depth < DEPTH_MAX);
    if (str_is(word, "statement") || str_is(word, "part") || str_is(word, "pack"))
        buf_text(out, "\n#\n");
    alternatives(&s, out, true, depth + 1);
}

static void element(struct str *s, struct buf *out, bool write, int depth)
{
    struct str word = next(s), inside = *s;

    if (str_is(word, "{") || str_is(word, "[") || str_is(word, "(")) {
        unsigned times = !write ? 0 : *word.at == '{' ? pick(4) : *word.at == '[' ? pick(2) : 1;

        alternatives(s, out, false, depth);
        while (times-- > 0) {
            struct str again = inside;

            alternatives(&again, out, true, depth);
        }
        (void)next(s); /* the closing one */
    } else if (write && *word.at == '"') {
        buf_printf(out, " %.*s", (int)word.len - 2, word.at + 1);
    } else if (write) {
        name(word, out, depth);
    }
}

static struct str peek(struct str s)
{
    return next(&s);
}

static bool ends(struct str word)
{
    return word.len == 1 && strchr("|;)]}", *word.at) != NULL;
}

static void sequence(struct str *s, struct buf *out, bool write, int depth)
{
    while (!ends(peek(*s)))
        element(s, out, write, depth);
}

/* Writes one of them; leaves s before what closes them. */
static void alternatives(struct str *s, struct buf *out, bool write, int depth)
{
    struct str count = *s;
    unsigned n = 1, chosen;

    sequence(&count, out, false, depth);
    for (; str_is(peek(count), "|"); n++) {
        (void)next(&count);
        sequence(&count, out, false, depth);
    }
    chosen = write ? pick(n) : n;
    for (unsigned i = 0; i < n; i++) {
        if (i > 0)
            (void)next(s);
        sequence(s, out, i == chosen, depth);
    }
}

static int setup(void **state)
{
    static struct buf readme;
    const char *begin, *end;

    (void)state;
    readme = whole_file("rules/README.md");
    begin = strstr(buf_view(&readme).at, "```ebnf\n");
    assert_non_null(begin);
    end = strstr(begin + 8, "```");
    assert_non_null(end);
    grammar = (struct str){begin + 8, (size_t)(end - begin - 8)};
    return 0;
}

static enum err beside(void *arg, const char *file, size_t bytes_max, struct buf *bytes)
{
    (void)arg;
    (void)file;
    (void)bytes_max;
    buf_text(bytes, "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261225\nEND:VEVENT\nEND:VCALENDAR\n");
    return ERR_OK;
}

/* The statement with a fault ends the text that is shown. */
static void no_fault_is_of_grammar(struct str text, struct str faults)
{
    while (faults.len > 0) {
        struct str fault = str_cut(&faults, '\n');
        char one[600];

        (void)snprintf(one, sizeof one, "%.*s", (int)fault.len, fault.at);
        if (strstr(one, "expected same and its points") != NULL)
            continue;
        for (size_t i = 0; i < sizeof misread / sizeof misread[0]; i++)
            if (strstr(one, misread[i]) != NULL)
                fail_msg("%s\n%.*s", one, (int)text.len, text.at);
    }
}

static void write_file(const char *whole, struct buf *out)
{
    name(str_of(whole), out, 0);
    for (char *p = out->at; p != NULL && (p = strstr(p, "#\n ")) != NULL;) /* a statement begins its line */
        memmove(p + 2, p + 3, strlen(p + 3) + 1);
    out->len = out->at == NULL ? 0 : strlen(out->at);
}

static void what_the_grammar_says_is_read(void **state)
{
    static const struct rules_sources from = {.zones = zoneinfo_bytes, .beside = beside};
    size_t written = 0;

    (void)state;
    for (int i = 0; i < FILES; i++) {
        struct buf text = {0}, faults = {0};
        struct rules *r = NULL;

        write_file("file", &text);
        written += text.len;
        if (rules_load_from(&r, "f", buf_view(&text), &from, &faults) != ERR_OK)
            no_fault_is_of_grammar(buf_view(&text), buf_view(&faults));
        rules_close(r);
        buf_free(&text);
        buf_free(&faults);
    }
    assert_true(written > FILES * (size_t)50);
}

static void what_it_says_of_packs_is_read(void **state)
{
    static const struct rules_sources from = {.zones = zoneinfo_bytes, .beside = beside};
    size_t written = 0;

    (void)state;
    for (int i = 0; i < FILES; i++) {
        struct buf text = {0}, faults = {0};
        struct rules *r = NULL;

        write_file("over", &text);

        const struct rules_overlay over = {"x", "f", buf_view(&text)};

        written += text.len;
        if (rules_load_over(&r, "below", str_of(below), &over, 1, &from, &faults) != ERR_OK)
            no_fault_is_of_grammar(buf_view(&text), buf_view(&faults));
        rules_close(r);
        buf_free(&text);
        buf_free(&faults);
    }
    assert_true(written > FILES * (size_t)50);
}

static void in_quotes(const char *word)
{
    char quoted[80];

    (void)snprintf(quoted, sizeof quoted, "\"%s\"", word);
    if (strstr(grammar.at, quoted) == NULL)
        fail_msg("the grammar does not say %s", quoted);
}

static void the_grammar_says_every_word(void **state)
{
    (void)state;
    for (int i = 0; i < FACTS; i++) {
        in_quotes(fact_table[i].name);
        for (int64_t k = 0; fact_table[i].words != NULL && k <= fact_table[i].max; k++)
            in_quotes(fact_table[i].words[k]);
    }
    for (int i = 0; i < SLA_CLOCKS; i++)
        in_quotes(sla_clock_name((enum sla_clock)i));
    for (int i = 0; i < SLA_ROLES; i++)
        in_quotes(sla_role_name((enum sla_role)i));
    for (int i = 0; i < PACK_ROLES; i++)
        in_quotes(pack_role_word((enum pack_role_name)i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_grammar_says_is_read),
        cmocka_unit_test(what_it_says_of_packs_is_read),
        cmocka_unit_test(the_grammar_says_every_word),
    };

    return cmocka_run_group_tests_name("grammar", tests, setup, NULL);
}
