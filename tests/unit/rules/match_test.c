/* match: what each comparison comes to, what never links, how it is told, and who is found under which keys. */
#include "rules/match_rule.h"

#include "gateway/zoneinfo.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/item.h"
#include "rules/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Powers of two apart, so that a sum says what it is made of. */
static const char weights[] = "queue q { }\nroute otherwise to q\n"
                              "match m {\n"
                              "  link 60  review 20  ahead 12\n"
                              "  mailbox strong same 100 role 50 shared 30 differs -2\n"
                              "  email strong same 90 role 45 shared 35 close 40 differs -1\n"
                              "  phone same 60 shared 15 close 20 differs -4\n"
                              "  handle same 60 shared 10 differs -1\n"
                              "  site strong same 78 shared 25 short 30 close 30 differs -16\n"
                              "  invoice strong same 55 short 25 close 10 differs -8 unknown -1\n"
                              "  domain strong same 33 shared 11 close 24 differs -7\n"
                              "  organisation strong same 40 close 30 differs -9\n"
                              "  person same 28 close 20 differs -3\n"
                              "  field born as date same 50 close 20 differs -10\n"
                              "  field street as words same 50 close 30 differs -10\n"
                              "  field number as code same 50 close 20 differs -10\n"
                              "  field alias as name same 50 close 20 differs -10\n"
                              "}\n"
                              "match hard { link 60 review 20 email same 90 site same 60 differs never }\n";

static struct rules *rules;
static struct arena *a;

static int load(void **state)
{
    struct buf faults = {0};

    (void)state;
    if (rules_load(&rules, "f", str_of(weights), zoneinfo_bytes, NULL, &faults) != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
    buf_free(&faults);
    a = arena_open(64 * 1024);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    rules_close(rules);
    arena_close(a);
    return 0;
}

/* "email=anna@acme.example|shared phone=+886…|proven email=…"; what cannot be compared is left out. */
static struct match_side *side(const struct match_rule *m, const char *spec)
{
    static const char *const kinds[] = {[MATCH_EMAIL] = "email",
                                        [MATCH_PHONE] = "phone",
                                        [MATCH_HANDLE] = "handle",
                                        [MATCH_SITE] = "site",
                                        [MATCH_INVOICE] = "invoice",
                                        [MATCH_DOMAIN] = "domain",
                                        [MATCH_ORGANISATION] = "organisation",
                                        [MATCH_PERSON] = "person"};
    struct match_side *s = match_side(a, m);

    for (struct str rest = str_of(spec); rest.len > 0;) {
        struct str value = str_cut(&rest, '|'), name = str_cut(&value, '=');
        unsigned flags = 0;
        enum match_kind kind = MATCH_KINDS;

        if (str_starts(name, "shared "))
            name.at += 7, name.len -= 7, flags = MATCH_SHARED;
        if (str_starts(name, "proven "))
            name.at += 7, name.len -= 7, flags = MATCH_PROVEN;
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
            if (str_is(name, kinds[k]))
                kind = (enum match_kind)k;
        if (kind == MATCH_KINDS && !match_field(m, name, &kind))
            fail_msg("%s: no kind", spec);
        (void)match_add(s, kind, value, flags);
    }
    return s;
}

static struct match_result judge(const char *claim, const char *record)
{
    const struct match_rule *m = rules_match(rules, "m");
    struct match_result r;

    match_judge(m, side(m, claim), side(m, record), &r);
    return r;
}

/* "email close 60, domain differs". */
static const char *told(const struct match_result *r)
{
    struct buf b = {0};

    for (size_t i = 0; i < r->parts; i++) {
        buf_printf(&b, "%s%s %s", i == 0 ? "" : ", ", r->part[i].row, match_outcome_word(r->part[i].outcome));
        if (r->part[i].outcome == MATCH_CLOSE)
            buf_printf(&b, " %d", r->part[i].degree);
    }

    const char *text = str_copy(a, buf_view(&b));

    buf_free(&b);
    return text;
}

static void each_kind_is_compared_in_its_way(void **state)
{
    static const struct {
        const char *label, *claim, *record, *told;
    } cases[] = {
        {"nothing on one side", "", "email=anna@acme.example", ""},
        {"nothing in common", "phone=+886212345678", "email=anna@acme.example", ""},

        {"the same address", "email=Anna@ACME.example", "email=anna@acme.example", "email same"},
        {"a confirmed one", "proven email=anna@acme.example", "email=anna@acme.example", "mailbox same"},
        {"a desk's", "email=info@acme.example", "email=info@acme.example", "email role"},
        {"a desk's, confirmed", "proven email=info@acme.example", "email=info@acme.example", "mailbox role"},
        {"several customers'", "email=anna@acme.example", "shared email=anna@acme.example", "email shared"},
        {"one of two", "email=anna@acme.example", "email=bob@acme.example|email=anna@acme.example", "email same"},
        {"a fault in the domain", "email=anna@acmee.example", "email=anna@acme.example", "email close 100"},
        {"a fault in the local part", "email=ana.schmidt@acme.example", "email=anna.schmidt@acme.example",
         "email close 90"},
        {"a fault in both", "email=ana.schmidt@acmee.example", "email=anna.schmidt@acme.example", "email close 70"},
        {"two faults in both", "email=ana.schmdt@acmme.example", "email=anna.schmidt@acme.example",
         "email differs, domain close 100"},
        {"another company", "email=anna@initech.example", "email=anna@globex.example", "email differs, domain differs"},
        {"a colleague", "email=bob@acme.example", "email=anna@acme.example", "email differs, domain same"},
        {"a domain of several customers", "email=bob@acme.example",
         "email=anna@acme.example|shared domain=acme.example", "email differs, domain shared"},
        {"somebody else in a house with a fault", "email=bob@globx.example", "email=anna@globex.example",
         "email differs, domain close 100"},
        {"a neighbour at a provider", "email=ana.schmidt@gmail.com", "email=anna.schmidt@gmail.com", "email close 60"},
        {"another number at a provider", "email=anna88@gmail.com", "email=anna89@gmail.com", "email differs"},
        {"one more figure at a provider", "email=anna881@gmail.com", "email=anna88@gmail.com", "email differs"},
        {"another provider", "email=anna.schmidt@gmx.at", "email=anna.schmidt@gmx.de", "email differs"},
        {"two providers a letter apart", "email=anna.schmidt@mail.com", "email=anna.schmidt@gmail.com",
         "email differs"},
        {"a look-alike a letter apart", "handle=x:acmе", "handle=x:acme", "handle differs"},
        {"a domain whose letters hide", "email=anna.schmidt@bücher.example", "email=anna.schmidt@bécher.example",
         "email differs, domain differs"},
        {"a provider misspelt", "email=anna.schmidt@gmial.com", "email=anna.schmidt@gmail.com", "email close 100"},
        {"a provider is no company", "email=bob.jones@gmail.com", "email=anna.schmidt@gmail.com", "email differs"},
        {"a confirmed neighbour exists", "proven email=ana.schmidt@acme.example", "email=anna.schmidt@acme.example",
         "mailbox differs, domain same"},
        {"a desk is no typing fault", "email=infos@acme.example", "email=info@acme.example",
         "email differs, domain same"},
        {"a local part outside ASCII has a domain only", "email=änna@acme.example", "email=anna@acme.example",
         "domain same"},

        {"the same number", "phone=+886 2 1234 5678", "phone=+886212345678", "phone same"},
        {"a switchboard", "phone=+886212345678", "shared phone=+886212345678", "phone shared"},
        {"without its country", "phone=02 1234 5678", "phone=+886212345678", "phone close 100"},
        {"without its country, of a switchboard", "phone=02 1234 5678", "shared phone=+886212345678", "phone differs"},
        {"another without country", "phone=02 1234 5679", "phone=+886212345678", "phone differs"},
        {"a digit wrong", "phone=+886212345578", "phone=+886212345678", "phone close 90"},
        {"two swapped", "phone=+886212346578", "phone=+886212345678", "phone close 90"},
        {"another country", "phone=+81212345678", "phone=+886212345678", "phone close 80"},
        {"another number", "phone=+886287654321", "phone=+886212345678", "phone differs"},
        {"Arabic digits", "phone=+٨٨٦٢١٢٣٤٥٦٧٨", "phone=+886212345678", "phone same"},
        {"no number", "phone=call me", "phone=+886212345678", ""},

        {"the same handle", "handle=mastodon:@Anna@Example.social", "handle=mastodon:anna@example.social",
         "handle same"},
        {"another handle", "handle=x:acme_support1", "handle=x:acme_support", "handle differs"},
        {"another platform says nothing", "handle=x:acme", "handle=mastodon:acme", ""},

        {"the same site", "site=https://www.acme.example.net/login?x", "site=acme.example.net", "site same"},
        {"a fault in its name", "site=globx.example.net", "site=globex.example.net", "site close 80"},
        {"a fault behind it", "site=globex.exmple.net", "site=globex.example.net", "site close 100"},
        {"a figure in its name", "site=globex2.example.net", "site=globex1.example.net", "site close 30"},
        {"a short name with a fault is another", "site=bmw.example.net", "site=ibm.example.net", "site differs"},
        {"another site of the same vendor", "site=initech.example.net", "site=globex.example.net", "site differs"},
        {"an id", "site=acme 1234", "site=ACME-1234", "site same"},
        {"a short id", "site=4711", "site=4711", "site short"},
        {"a number", "site=1234567", "site=1234567", "site short"},
        {"a number behind two letters", "site=S-104233", "site=S-104233", "site short"},
        {"a long number", "site=12345678", "site=12345678", "site same"},
        {"the next id", "site=ACME-1235", "site=ACME-1234", "site close 40"},
        {"a letter wrong in an id", "site=ACNE-1234", "site=ACME-1234", "site close 100"},
        {"an id that is the name of a host", "site=globex", "site=globex.example.net", "site close 70"},
        {"an id says nothing about a host", "site=TPE-1234", "site=globex.example.net", ""},

        {"the same invoice", "invoice=INV 2026/0042", "invoice=#inv-2026-0042", "invoice same"},
        {"the next invoice", "invoice=INV-2026-0043", "invoice=INV-2026-0042", "invoice close 40"},
        {"a short number", "invoice=42017", "invoice=42017", "invoice short"},

        {"the same company", "organisation=ACME Limited", "organisation=Acme Ltd.", "organisation same"},
        {"its sister", "organisation=Acme GmbH", "organisation=Acme AG", "organisation close 80"},
        {"a fault", "organisation=Muster Uhrwerek", "organisation=Muster Uhrwerke GmbH", "organisation close 90"},
        {"written short", "organisation=Globex", "organisation=Globex Logistics International",
         "organisation close 80"},
        {"a common word more", "organisation=Globex", "organisation=Globex Systems", "organisation close 86"},
        {"a common word is not enough", "organisation=Initech Systems", "organisation=Globex Systems",
         "organisation differs"},
        {"another line of business", "organisation=Acme Logistics", "organisation=Acme Bakery", "organisation differs"},
        {"Chinese", "organisation=和風茶行", "organisation=和風茶行有限公司", "organisation same"},
        {"another Chinese one", "organisation=和風酒行", "organisation=和風茶行有限公司", "organisation differs"},
        {"another script says nothing", "organisation=Wafu Tea", "organisation=和風茶行有限公司", ""},

        {"the same person", "person=SCHMIDT, Anna", "person=Anna Schmidt", "person same"},
        {"a fault in a name", "person=Anna Schmitt", "person=Anna Schmidt", "person close 92"},
        {"two faults", "person=Ana Schmitt", "person=Anna Schmidt", "person close 85"},
        {"an initial", "person=A. Schmidt", "person=Anna Schmidt", "person close 80"},
        {"a middle name more", "person=Anna Schmidt", "person=Anna Maria Schmidt", "person close 90"},
        {"one name only", "person=Schmidt", "person=Anna Schmidt", "person close 40"},
        {"a relative", "person=Bernd Schmidt", "person=Anna Schmidt", "person differs"},
        {"a namesake by first name", "person=Anna Weber", "person=Anna Schmidt", "person differs"},
        {"initials only", "person=A. S.", "person=Anna Schmidt", "person differs"},
        {"written together", "person=Annamaria Schmidt", "person=Anna Maria Schmidt", "person close 95"},
        {"Chinese", "person=王 小明", "person=王小明", "person same"},
        {"a Chinese relative", "person=王小華", "person=王小明", "person differs"},
        {"another script says nothing", "person=Wang Xiaoming", "person=王小明", ""},
        {"both scripts on record", "person=林美玲", "person=林美玲 Mei-Ling Lin", "person close 100"},

        {"a date", "born=1965-06-15", "born=19650615", "born same"},
        {"a digit of a date", "born=19650616", "born=19650615", "born close 100"},
        {"day and month swapped", "born=19651206", "born=19650612", "born close 100"},
        {"another date", "born=19701231", "born=19650615", "born differs"},
        {"no date", "born=1965", "born=19650615", ""},
        {"the same street", "street=12 Main Street", "street=main street 12", "street same"},
        {"most of a street", "street=12 Main Street Apt 4", "street=12 main street", "street close 75"},
        {"another street", "street=7 Church Lane", "street=12 Main Street", "street differs"},
        {"a code", "number=ab-12 34", "number=AB1234", "number same"},
        {"a code with a fault", "number=AB1235", "number=AB1234", "number close 100"},
        {"a short code has no faults", "number=12", "number=13", "number differs"},
        {"a name of one's own", "alias=Anna Schmitt", "alias=Schmidt Anna", "alias close 92"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct match_result r = judge(cases[i].claim, cases[i].record);

        if (strcmp(told(&r), cases[i].told) != 0)
            fail_msg("%s: %s", cases[i].label, told(&r));
        arena_reset(a);
    }
}

static void points_add_up_to_a_band(void **state)
{
    static const struct {
        const char *label, *claim, *record;
        int points, score;
        enum match_band band;
    } cases[] = {
        {"nothing", "", "", 0, 0, MATCH_APART},
        {"below nothing", "phone=+886287654321", "phone=+886212345678", -4, 0, MATCH_APART},
        {"below review", "person=Schmidt|phone=+886212345678", "person=Anna Schmidt|shared phone=+886212345678", 23, 23,
         MATCH_REVIEW},
        {"just below review", "person=Anna M Schmitt", "person=Anna Schmidt", 16, 16, MATCH_APART},
        {"in review", "organisation=Acme", "organisation=Acme", 40, 40, MATCH_REVIEW},
        {"at link", "phone=+886212345678", "phone=+886212345678", 60, 60, MATCH_LINK},
        {"below link for one thing that differs", "phone=+886212345678|person=Bob Jones",
         "phone=+886212345678|person=Anna Schmidt", 57, 57, MATCH_REVIEW},
        {"close counts by its degree", "email=anna.schmidt@gmial.com|person=Anna Schmitt",
         "email=anna.schmidt@gmail.com|person=Anna Schmidt", 58, 58, MATCH_REVIEW},
        {"more than all", "email=anna@acme.example|phone=+886212345678", "email=anna@acme.example|phone=+886212345678",
         150, 100, MATCH_LINK},
        {"what is said and cannot be confirmed", "handle=x:acme|person=王小明|born=1965", "handle=x:acme", 60, 60,
         MATCH_LINK},
        {"where it counts", "handle=x:acme|invoice=INV-2026-0042", "handle=x:acme|invoice=", 59, 59, MATCH_REVIEW},
        {"an address and its domain count once", "email=info@acme.example", "email=info@acme.example", 45, 45,
         MATCH_REVIEW},
        {"the domain, where the address is nearly the same and says less", "email=bnna.schmidr@acme.example",
         "email=anna.schmidt@acme.example", 33, 33, MATCH_REVIEW},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct match_result r = judge(cases[i].claim, cases[i].record);

        if (r.points != cases[i].points || r.score != cases[i].score || r.band != cases[i].band)
            fail_msg("%s: %d points, score %d, %s", cases[i].label, r.points, r.score, match_band_name(r.band));
        arena_reset(a);
    }
}

static void names_and_near_misses_never_link(void **state)
{
    static const struct {
        const char *label, *claim, *record;
        enum match_bar bar;
    } cases[] = {
        {"two names", "organisation=Globex|person=Anna Schmidt", "organisation=Globex|person=Anna Schmidt",
         MATCH_UNSURE},
        {"what a near twin says", "email=anna@globexx.example|site=globexx.example.net|organisation=Globex",
         "email=anna@globex.example|site=globex.example.net|organisation=Globex", MATCH_UNSURE},
        {"what several customers have", "phone=+886212345678|organisation=Globex|person=Anna Schmidt",
         "shared phone=+886212345678|organisation=Globex|person=Anna Schmidt", MATCH_UNSURE},
        {"fields that are names", "alias=Anna Schmidt|street=12 Main Street",
         "alias=Anna Schmidt|street=12 Main Street", MATCH_UNSURE},
        {"a desk's address is an identifier", "email=info@globex.example|organisation=Globex",
         "email=info@globex.example|organisation=Globex", MATCH_FREE},
        {"and a company's domain", "email=bob@globex.example|organisation=Globex",
         "email=anna@globex.example|organisation=Globex", MATCH_FREE},
        {"and a short id", "site=4711|organisation=Globex", "site=4711|organisation=Globex", MATCH_FREE},
        {"and a field that is a code", "number=AB12|alias=Anna Schmidt", "number=AB12|alias=Anna Schmidt", MATCH_FREE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct match_result r = judge(cases[i].claim, cases[i].record);

        if (r.points < 60 || r.bar != cases[i].bar || r.band != (r.bar == MATCH_FREE ? MATCH_LINK : MATCH_REVIEW))
            fail_msg("%s: %d points, bar %d, %s", cases[i].label, r.points, r.bar, match_band_name(r.band));
        assert_int_equal(strstr(match_reasons(&r, a).at, "\"no identifier is the same: not linked\"") != NULL,
                         r.bar == MATCH_UNSURE);
        arena_reset(a);
    }
}

static void what_differs_never_links(void **state)
{
    const struct match_rule *m = rules_match(rules, "hard");
    struct match_result r;

    (void)state;
    match_judge(m, side(m, "email=anna@acme.example|site=initech.example.net"),
                side(m, "email=anna@acme.example|site=globex.example.net"), &r);
    assert_int_equal(r.points, 90);
    assert_int_equal(r.band, MATCH_REVIEW);
    assert_int_equal(r.bar, MATCH_NEVER);
    assert_string_equal(r.barred_by, "site");
    match_judge(m, side(m, "email=anna@acme.example"), side(m, "email=anna@acme.example|site=globex.example.net"), &r);
    assert_int_equal(r.band, MATCH_LINK);
    arena_reset(a);
}

static void one_of_several_is_chosen(void **state)
{
    enum { NONE = MATCH_NOBODY };
    static const struct {
        const char *label, *claim, *record[3]; /* of accounts 1, 2, 3; "=1 …": of account 1 as well */
        int best;
        enum match_bar bar[3];
    } cases[] = {
        {"nobody", "email=anna@acme.example", {NULL}, NONE, {MATCH_FREE}},
        {"the only one", "email=anna@acme.example", {"email=anna@acme.example"}, 0, {MATCH_FREE}},
        {"the better one",
         "email=anna@acme.example|organisation=Acme",
         {"organisation=Acme Ltd", "email=anna@acme.example|organisation=Acme"},
         1,
         {MATCH_UNSURE, MATCH_FREE}},
        {"an address of one, the site of another",
         "email=anna@acme.example|site=globex.example.net",
         {"email=anna@acme.example|organisation=Acme", "site=globex.example.net"},
         NONE,
         {MATCH_ELSEWHERE, MATCH_ELSEWHERE}},
        {"the same, and all else agrees",
         "email=anna@acme.example|site=globex.example.net|organisation=Acme|person=Anna Schmidt",
         {"email=anna@acme.example|organisation=Acme|person=Anna Schmidt", "site=globex.example.net"},
         NONE,
         {MATCH_ELSEWHERE, MATCH_ELSEWHERE}},
        {"both hold both",
         "email=anna@acme.example|site=globex.example.net",
         {"shared email=anna@acme.example|site=globex.example.net", "shared email=anna@acme.example"},
         0,
         {MATCH_FREE, MATCH_UNSURE}},
        {"a desk's address is not strong",
         "email=info@acme.example|site=globex.example.net",
         {"email=info@acme.example", "site=globex.example.net"},
         1,
         {MATCH_FREE, MATCH_FREE}},
        {"the number of one, the name of another",
         "phone=+886212345678|person=Anna Schmidt|organisation=Globex",
         {"phone=+886212345678|person=Anna Schmidt|organisation=Acme", "organisation=Globex Ltd"},
         NONE,
         {MATCH_ELSEWHERE, MATCH_UNSURE}},
        {"the number of one, the name of another, in a script of its own",
         "phone=+886212345678|organisation=Globex",
         {"phone=+886212345678|organisation=和風茶行", "organisation=Globex Ltd"},
         NONE,
         {MATCH_ELSEWHERE, MATCH_UNSURE}},
        {"the number of one, whose name is nearly that of another",
         "phone=+886212345678|organisation=Globex",
         {"phone=+886212345678|organisation=Globex Logistics", "organisation=Globex Ltd"},
         0,
         {MATCH_FREE, MATCH_UNSURE}},
        {"the number of one, a short id of another",
         "phone=+886212345678|person=Anna Schmidt|site=4711",
         {"phone=+886212345678|person=Anna Schmidt|site=globex.example.net", "site=4711"},
         NONE,
         {MATCH_ELSEWHERE, MATCH_FREE}},
        {"the site of one, the mail domain of another",
         "site=globex.example.net|email=bob@agency.example|person=Bob",
         {"site=globex.example.net|email=anna@globex.example", "email=jo@agency.example"},
         NONE,
         {MATCH_ELSEWHERE, MATCH_FREE}},
        {"who is on record with one, in the mail domain of another",
         "site=globex.example.net|email=bob@agency.example",
         {"site=globex.example.net|email=bob@agency.example", "email=jo@agency.example"},
         0,
         {MATCH_FREE, MATCH_FREE}},
        {"a phone number is not strong, but a rival",
         "email=anna@acme.example|phone=+886212345678",
         {"email=anna@acme.example", "phone=+886212345678|organisation=Globex|email=x@globex.example"},
         0,
         {MATCH_FREE, MATCH_FREE}},
        {"two fit as well",
         "phone=+886212345678|handle=x:acme",
         {"phone=+886212345678", "handle=x:acme"},
         NONE,
         {MATCH_RIVAL, MATCH_RIVAL}},
        {"one fits nearly as well",
         "phone=+886212345678|handle=x:acme|person=Anna Schmidt",
         {"phone=+886212345678|person=Anna Schmidt", "handle=x:acme|person=Anna Schmitt"},
         NONE,
         {MATCH_RIVAL, MATCH_RIVAL}},
        {"what two have identifies neither",
         "phone=+886212345678|person=Anna Schmidt",
         {"phone=+886212345678|person=Anna Schmidt", "phone=+886212345678"},
         NONE,
         {MATCH_UNSURE, MATCH_UNSURE}},
        {"unless something else does",
         "email=anna@globex.example|site=globex.example.net",
         {"email=anna@globex.example|site=globex.example.net", "email=anna@globex.example"},
         0,
         {MATCH_FREE, MATCH_UNSURE}},
        {"two records of one account",
         "phone=+886212345678",
         {"phone=+886212345678", "=1 phone=+886212345678"},
         0,
         {MATCH_FREE, MATCH_FREE}},
    };
    const struct match_rule *m = rules_match(rules, "m");

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct match_candidate c[3] = {0};
        size_t n = 0;

        for (; n < 3 && cases[i].record[n] != NULL; n++) {
            bool first = cases[i].record[n][0] == '=';

            c[n].side = side(m, cases[i].record[n] + (first ? 3 : 0));
            c[n].account.bytes[15] = (uint8_t)(first ? 1 : n + 1);
        }

        int best = match_choose(m, side(m, cases[i].claim), c, n);

        if (best != cases[i].best)
            fail_msg("%s: %d", cases[i].label, best);
        for (size_t k = 0; k < n; k++) {
            if (c[k].result.bar != cases[i].bar[k])
                fail_msg("%s: candidate %zu: bar %d", cases[i].label, k, c[k].result.bar);
            if (c[k].result.bar > MATCH_UNSURE)
                assert_int_equal(c[k].result.band, MATCH_REVIEW);
        }
        arena_reset(a);
    }
}

static void every_part_is_told(void **state)
{
    struct match_result r = judge("email=anna.schmidt@gmial.com|site=initech.example.net|phone=+886212345678",
                                  "email=anna.schmidt@gmail.com|site=globex.example.net|shared phone=+886212345678");
    struct buf want = {0};

    (void)state;
    buf_printf(&want,
               "[\"the e-mail address is nearly the same (100 %%): +40\","
               "\"the phone number is the same, but shared by several customers: +15\","
               "\"the site differs: -16\","
               "\"score 39, review from 20, link from 60: review (f:3, version %s)\"]",
               rules_version(rules));
    assert_string_equal(match_reasons(&r, a).at, buf_view(&want).at);
    r.bar = MATCH_ELSEWHERE;
    r.barred_by = "site";
    assert_non_null(strstr(match_reasons(&r, a).at, "\"the site is another customer's: not linked\""));
    r.bar = MATCH_RIVAL;
    assert_non_null(strstr(match_reasons(&r, a).at, "\"another customer fits nearly as well: not linked\""));
    r = judge("", "");
    assert_non_null(strstr(match_reasons(&r, a).at, "\"nothing that both have can be compared: +0\""));
    buf_free(&want);
    arena_reset(a);
}

static void an_item_is_a_claimant(void **state)
{
    const struct match_rule *m = rules_match(rules, "m");
    struct item i = {.email = STR("anna@acme.example"),
                     .phone = STR("+886 2 1234 5678"),
                     .name = STR("Anna Schmidt"),
                     .organisation = STR("Acme"),
                     .site = STR("acme.example.net"),
                     .invoice = STR("INV-2026-0042"),
                     .source = STR("mastodon"),
                     .handle = STR("@anna@example.social"),
                     .behalf_email = STR("bob@globex.example")};
    struct match_side *record = side(m, "email=anna@acme.example|phone=+886212345678|person=Anna Schmidt"
                                        "|organisation=Acme|site=acme.example.net|invoice=inv20260042"
                                        "|handle=mastodon:anna@example.social"),
                      *behalf = side(m, "email=bob@globex.example");

    (void)state;
    for (int proven = 0; proven < 3; proven++) {
        struct match_side *s = match_side(a, m);
        struct match_result r;

        i.proven = proven == 2;
        match_add_item(s, &i, proven == 1);
        match_judge(m, s, record, &r);
        assert_string_equal(told(&r), proven > 0 ? "mailbox same, phone same, handle same, site same, invoice same, "
                                                   "organisation same, person same"
                                                 : "email same, phone same, handle same, site same, invoice same, "
                                                   "organisation same, person same");
        match_judge(m, s, behalf, &r);
        assert_string_equal(told(&r), proven > 0 ? "mailbox differs, invoice unknown, domain differs"
                                                 : "email differs, invoice unknown, domain differs");
    }
    arena_reset(a);
}

/* ---- blocks ---- */

static const char *blocks_told(const char *spec, enum match_purpose purpose)
{
    const struct match_rule *m = rules_match(rules, "m");
    struct match_block list[MATCH_BLOCKS_MAX];
    size_t n = match_blocks(side(m, spec), purpose, a, list);
    struct buf b = {0};

    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s%s %.*s", i == 0 ? "" : ", ", match_block_word(list[i].kind), (int)list[i].text.len,
                   list[i].text.at);

    const char *text = str_copy(a, buf_view(&b));

    buf_free(&b);
    return text;
}

static void records_are_kept_under_few_keys(void **state)
{
    static const struct {
        const char *label, *record, *blocks;
    } cases[] = {
        {"nothing", "", ""},
        {"an address at a company", "email=anna@acme.co.uk",
         "email anna@acme.co.uk, domain acme.co.uk, brand acme, half 4<ac, half 4>me"},
        {"an address at a provider", "email=anna.schmidt@gmail.com",
         "email anna.schmidt@gmail.com, local anna.schmidt, localhalf 12<anna.s@gmail.com, "
         "localhalf 12>chmidt@gmail.com"},
        {"a desk at a provider", "email=info@gmail.com", "email info@gmail.com"},
        {"a phone number", "phone=+886212345678",
         "phone +886212345678, tail 2345678, tail +88621234...., tail +88621...5678"},
        {"a phone number without country", "phone=02 1234 5678", "tail 2345678"},
        {"a site", "site=https://app.globex.example.net/",
         "site app.globex.example.net, brand globex, half 6<glo, half 6>bex"},
        {"an id", "site=GLX-17", "site GLX17, brand glx17, half 5<gl, half 5>x17"},
        {"an invoice", "invoice=INV-2026-0042", "invoice INV20260042"},
        {"an organisation", "organisation=Acme Systems Ltd",
         "brand acmesystems, brand acme, half 11<acmes, half 11>ystems, half 4<ac, half 4>me"},
        {"a Chinese organisation", "organisation=和風茶行有限公司", "brand 和風茶行, half 4<和風, half 4>茶行"},
        {"name, domain and site are one brand", "organisation=Globex|email=anna@globex.example|site=globex.example.net",
         "email anna@globex.example, site globex.example.net, domain globex.example, brand globex, half 6<glo, "
         "half 6>bex"},
        {"a person", "person=Anna Schmidt", "person an scmdt, initial an s, initial scmdt a"},
        {"one word is no key", "person=Anna", ""},
        {"a Chinese person", "person=王 小明", "person 王小明"},
        {"a handle", "handle=x:acme", "handle x:acme"},
        {"fields", "born=19650615|number=AB 12|street=Main Street", "field born:19650615, field number:ab12"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *text = blocks_told(cases[i].record, MATCH_KEEP);

        if (strcmp(text, cases[i].blocks) != 0)
            fail_msg("%s: %s", cases[i].label, text);
        arena_reset(a);
    }
}

/* In a block of a kind before `end`. */
static bool meet_before(enum match_block_kind end, const char *claim, const char *record)
{
    const struct match_rule *m = rules_match(rules, "m");
    struct match_block asked[MATCH_BLOCKS_MAX], kept[MATCH_BLOCKS_MAX];
    size_t n = match_blocks(side(m, claim), MATCH_ASK, a, asked),
           k = match_blocks(side(m, record), MATCH_KEEP, a, kept);

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < k; j++)
            if (asked[i].kind < end && asked[i].kind == kept[j].kind && str_equal(asked[i].text, kept[j].text))
                return true;
    return false;
}

static bool meet(const char *claim, const char *record)
{
    return meet_before(MATCH_BLOCK_KINDS, claim, record);
}

/* Each letter left out, doubled, changed. The only swap that is not met is that of the two in the middle. */
static void one_typing_fault_is_met_wherever_it_is(void **state)
{
    static const struct {
        const char *before, *word, *behind;
        bool swaps;
    } cases[] = {
        {"email=", "anna.schmidt", "@gmail.com", false},
        {"email=bob@", "globexsystems", ".example", false},
        {"site=", "globexparis", ".example.net", false},
        {"organisation=", "globex", "", false},
        {"site=", "globextpe", "", false},
        {"phone=+8862", "12345678", "", true},
    };
    char record[100], claim[100], word[40];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t n = strlen(cases[i].word);
        bool digits = cases[i].word[0] == '1';

        (void)snprintf(record, sizeof record, "%s%s%s", cases[i].before, cases[i].word, cases[i].behind);
        for (int fault = 0; fault < 4; fault++)
            for (size_t at = 0; at < n; at++) {
                char *w = strcpy(word, cases[i].word);
                char swapped = w[at];

                /* Another length is no number of that country, two dots no address. */
                if ((digits && (fault == 1 || fault == 2)) || (w[at] == '.' && fault == 2))
                    continue;
                if (fault == 0)
                    w[at] = w[at] == '7' ? '9' : digits ? '7' : w[at] == 'q' ? 'p' : 'q';
                else if (fault == 1)
                    memmove(w + at, w + at + 1, n - at);
                else if (fault == 2)
                    memmove(w + at + 1, w + at, n - at + 1);
                else if (at + 1 == n || at + 1 == n / 2 || (digits && (at == 0 || at == 3)))
                    continue;
                else
                    w[at] = w[at + 1], w[at + 1] = swapped;
                (void)snprintf(claim, sizeof claim, "%s%s%s", cases[i].before, w, cases[i].behind);
                if (!meet(claim, record))
                    fail_msg("%s and %s do not meet", claim, record);
                arena_reset(a);
            }
        assert_false(meet("email=zoe@initech.example", record));
    }
}

static void a_claimant_looks_in_a_bounded_number_of_places(void **state)
{
    const struct match_rule *m = rules_match(rules, "m");
    struct match_block list[MATCH_BLOCKS_MAX];
    struct match_side *s = side(m, "email=anna.schmidt@acme-systems.example|phone=+886212345678|site=acme1.example.net"
                                   "|organisation=Acme Systems Ltd|person=Anna Maria Schmidt|invoice=INV-2026-0042");
    char value[100];
    size_t n = match_blocks(s, MATCH_ASK, a, list);

    (void)state;
    assert_in_range(n, 20, 36);
    for (size_t i = 1; i < n; i++)
        assert_true(list[i - 1].kind <= list[i].kind);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(value, sizeof value, "person%c%c.name%d@company%d.example", 'a' + i % 26, 'a' + i / 26, i, i);
        (void)match_add(s, MATCH_EMAIL, str_of(value), 0);
        (void)snprintf(value, sizeof value, "+8862123456%02d", i);
        (void)match_add(s, MATCH_PHONE, str_of(value), 0);
    }
    assert_int_equal(match_blocks(s, MATCH_ASK, a, list), MATCH_BLOCKS_MAX);
    assert_int_equal(list[0].kind, MATCH_BLOCK_EMAIL);
    arena_reset(a);
}

static bool matches(const char *claim, const char *record)
{
    struct match_result r = judge(claim, record);

    for (size_t i = 0; i < r.parts; i++)
        if (r.part[i].outcome >= MATCH_CLOSE)
            return true;
    return meet_before(MATCH_BLOCK_EXACT, claim, record);
}

/* Each code point that some folding turns into ASCII, in place of that ASCII text: neither the same nor close, and under
 * no common identifier. The plain text itself matches, where it can stand there. */
static void look_alikes_never_match(void **state)
{
    static const struct {
        const char *kind, *before, *behind;
    } forms[] = {
        {"email", "anna", "schmidt@gmail.com"},
        {"email", "anna.schmidt@glo", "bex.example"},
        {"email", "anna.schmidt@globex.exam", "ple"},
        {"handle", "x:globex", "support"},
        {"site", "glo", "bexparis.example.net"},
        {"site", "globexparis.exam", "ple.net"},
        {"site", "GLOBEX", "1234"},
    };
    const char *folder = getenv("CORPORA");
    char path[4096], line[256];
    int points = 0, plain = 0;
    FILE *f;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/strings/unicode-ascii-collisions.tsv",
                   folder == NULL ? "../shared/corpora" : folder);
    f = fopen(path, "r");
    if (f == NULL) {
        print_message("skipped: no corpora\n");
        skip();
    }
    while (fgets(line, sizeof line, f) != NULL) {
        struct str rest = str_of(line), code = str_cut(&rest, '\t'), character = str_cut(&rest, '\t');
        const char *like = str_copy(a, character);

        for (rest = str_trim(rest); rest.len > 0;) {
            struct str way = str_cut(&rest, ';');

            (void)str_cut(&way, '=');
            for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
                const char *form = "%s=%s%s%s";
                const char *claim = arena_printf(a, form, forms[i].kind, forms[i].before, like, forms[i].behind);
                const char *record =
                    arena_printf(a, form, forms[i].kind, forms[i].before, str_copy(a, way), forms[i].behind);

                if (strchr(way.at, '|') != NULL)
                    continue;
                plain += matches(record, record);
                if (matches(claim, record) || matches(record, claim))
                    fail_msg("%.*s: %s and %s", (int)code.len, code.at, claim, record);
            }
        }
        points++;
        arena_reset(a);
    }
    (void)fclose(f);
    print_message("%d of 1727 look-alike code points: no match\n", points);
    assert_int_equal(points, 1727);
    assert_true(plain > 5 * 1727);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_is_compared_in_its_way),
        cmocka_unit_test(points_add_up_to_a_band),
        cmocka_unit_test(names_and_near_misses_never_link),
        cmocka_unit_test(what_differs_never_links),
        cmocka_unit_test(one_of_several_is_chosen),
        cmocka_unit_test(every_part_is_told),
        cmocka_unit_test(an_item_is_a_claimant),
        cmocka_unit_test(records_are_kept_under_few_keys),
        cmocka_unit_test(one_typing_fault_is_met_wherever_it_is),
        cmocka_unit_test(a_claimant_looks_in_a_bounded_number_of_places),
        cmocka_unit_test(look_alikes_never_match),
    };

    return cmocka_run_group_tests_name("match", tests, load, unload);
}
