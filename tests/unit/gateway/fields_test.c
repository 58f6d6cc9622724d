/* fields: what was typed becomes an item, or faults beside the fields; every rule of the form's table, by each of the
 * three ways in which a form comes. */
#include "gateway/http/call.h"
#include "gateway/intake/fields.h"
#include "gateway/intake/post.h"
#include "queues/journal.h"
#include "rules/base/doc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(literal)               \
    {                                \
        literal, sizeof(literal) - 1 \
    }
#define JSON              "application/json"
#define URL               "application/x-www-form-urlencoded"
#define MULTI             "multipart/form-data; boundary=B"
#define PART(name, value) "--B\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FILE_PART(name, value) \
    "--B\r\nContent-Disposition: form-data; name=\"" name "\"; filename=\"f\"\r\n\r\n" value "\r\n"
#define OK_REACH "\"email\":\"a@example.org\""

static int open_arena(void **state)
{
    *state = arena_open(65536);
    return 0;
}

static int close_arena(void **state)
{
    arena_close(*state);
    return 0;
}

static struct call *call_with(struct arena *a, const char *type, struct str body)
{
    struct call *c = arena_new(a, struct call);

    c->arena = a;
    c->headers = arena_new(a, struct call_header);
    c->headers[0] = (struct call_header){STR("content-type"), str_of(type)};
    c->header_count = 1;
    c->body = body;
    return c;
}

/* "field:code field:code" of all faults, or the item as "text|email|phone|name|organisation|site|invoice|impact". */
static const char *judged(struct arena *a, const char *type, struct str body, struct item *out)
{
    struct field_fault faults[FIELD_FAULTS_MAX];
    struct buf b = {0};
    struct fields f;
    struct item i = {0};
    enum err e = fields_read(call_with(a, type, body), &f);
    size_t n;

    if (e != ERR_OK)
        return err_name(e);
    n = fields_request(&f, a, &i, faults);
    assert_true(n <= FIELD_FAULTS_MAX);
    for (size_t k = 0; k < n; k++)
        buf_printf(&b, "%s%s:%s", k > 0 ? " " : "", faults[k].field, faults[k].code);
    if (n == 0) {
        const struct str all[] = {i.text, i.email, i.phone, i.name, i.organisation, i.site, i.invoice, i.impact};

        for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
            if (k > 0)
                buf_char(&b, '|');
            buf_str(&b, all[k]);
        }
        if (out != NULL)
            *out = i;
    }

    const char *said = arena_strdup(a, buf_view(&b).at);

    buf_free(&b);
    return said;
}

static const struct {
    const char *label, *type;
    struct str body;
    const char *said;
} cases[] = {
    /* the least that is taken, by each way */
    {"JSON: words and an address", JSON, BYTES("{\"problem\":\"p\"," OK_REACH "}"), "p|a@example.org||||||down"},
    {"form: words and an address", URL, BYTES("problem=p&email=a%40example.org"), "p|a@example.org||||||down"},
    {"parts: words and an address", MULTI, BYTES(PART("problem", "p") PART("email", "a@example.org") "--B--"),
     "p|a@example.org||||||down"},
    {"JSON with a charset", JSON "; charset=utf-8", BYTES("{\"problem\":\"p\"," OK_REACH "}"),
     "p|a@example.org||||||down"},
    {"only a phone", URL, BYTES("problem=p&phone=%2B886+2+1234"), "p||+886 2 1234|||||down"},
    {"a phone in other digits", URL, BYTES("problem=p&phone=%D9%A0%D9%A1%D9%A2"),
     "p||\xD9\xA0\xD9\xA1\xD9\xA2|||||down"},
    {"both ways to answer", URL, BYTES("problem=p&email=a@example.org&phone=123"), "p|a@example.org|123|||||down"},
    {"every field", JSON,
     BYTES("{\"problem\":\"p\"," OK_REACH ",\"phone\":\"123\",\"name\":\"N\",\"organisation\":\"O\",\"site\":\"S\","
           "\"invoice\":\"I\",\"impact\":\"question\",\"language\":\"de\",\"more\":[1]}"),
     "p|a@example.org|123|N|O|S|I|question"},
    {"null is as if it had not come", JSON, BYTES("{\"problem\":\"p\"," OK_REACH ",\"phone\":null,\"name\":null}"),
     "p|a@example.org||||||down"},
    {"the first of two counts", URL, BYTES("problem=p&problem=q&email=a@example.org&email="),
     "p|a@example.org||||||down"},
    {"a file is no field", MULTI,
     BYTES(FILE_PART("problem", "file") PART("problem", "p") PART("email", "a@example.org") "--B--"),
     "p|a@example.org||||||down"},

    /* bodies that cannot be read */
    {"broken JSON", JSON, BYTES("{\"problem\":"), "SYNTAX"},
    {"JSON that is no object", JSON, BYTES("[\"problem\"]"), "INPUT"},
    {"JSON with a name twice", JSON, BYTES("{\"problem\":\"p\",\"problem\":\"q\"}"), "SYNTAX"},
    {"JSON that is not UTF-8", JSON, BYTES("{\"problem\":\"\xFF\"}"), "SYNTAX"},
    {"parts that are cut", MULTI, BYTES(PART("problem", "p")), "SYNTAX"},
    {"another type", "text/plain", BYTES("problem=p"), "SYNTAX"},

    /* problem */
    {"no words", JSON, BYTES("{" OK_REACH "}"), "problem:missing"},
    {"empty words", URL, BYTES("problem=&email=a@example.org"), "problem:missing"},
    {"only blanks", URL, BYTES("problem=+%0D%0A%09&email=a@example.org"), "problem:missing"},
    {"words of a wrong type", JSON, BYTES("{\"problem\":7," OK_REACH "}"), "problem:wrong-type"},
    {"words in a list", JSON, BYTES("{\"problem\":[\"p\"]," OK_REACH "}"), "problem:wrong-type"},
    {"U+0000 in JSON", JSON, BYTES("{\"problem\":\"a\\u0000b\"," OK_REACH "}"), "problem:character"},
    {"U+0000 in a form", URL, BYTES("problem=a%00b&email=a@example.org"), "problem:character"},
    {"U+0000 in a part", MULTI, BYTES(PART("problem", "a\0b") PART("email", "a@example.org") "--B--"),
     "problem:character"},
    {"not UTF-8", URL, BYTES("problem=%FF&email=a@example.org"), "problem:character"},
    {"half a surrogate pair", URL, BYTES("problem=%ED%A0%80&email=a@example.org"), "problem:character"},
    {"CRLF becomes LF", URL, BYTES("problem=a%0D%0Ab%0Dc%0A&email=a@example.org"), "a\nb\nc\n|a@example.org||||||down"},
    {"blanks around words stay", URL, BYTES("problem=++p+&email=a@example.org"), "  p |a@example.org||||||down"},

    /* a way to answer */
    {"neither", JSON, BYTES("{\"problem\":\"p\"}"), "email:missing"},
    {"neither, both blank", URL, BYTES("problem=p&email=+&phone=++"), "email:missing"},
    {"nothing at all", URL, BYTES(""), "problem:missing email:missing"},
    {"an address without @", URL, BYTES("problem=p&email=example.org"), "email:malformed"},
    {"an address with a line behind it", URL, BYTES("problem=p&email=a%40example.org%0D%0ABcc%3Ab%40example.org"),
     "email:malformed"},
    {"an address with U+0000", JSON, BYTES("{\"problem\":\"p\",\"email\":\"a@example.org\\u0000\"}"),
     "email:malformed"},
    {"an address that is not UTF-8", URL, BYTES("problem=p&email=%FF@example.org"), "email:malformed"},
    {"an address of a wrong type", JSON, BYTES("{\"problem\":\"p\",\"email\":1}"), "email:malformed"},
    {"a bad address beside a good phone", URL, BYTES("problem=p&email=x&phone=123"), "email:malformed"},
    {"an address with blanks around", URL, BYTES("problem=p&email=+a%40example.org+"), "p|a@example.org||||||down"},
    {"a phone of two digits", URL, BYTES("problem=p&phone=12"), "phone:malformed"},
    {"a phone in words", URL, BYTES("problem=p&phone=call+me"), "phone:malformed"},
    {"a phone of a wrong type", JSON, BYTES("{\"problem\":\"p\",\"phone\":123456}"), "phone:malformed"},
    {"all wrong at once", JSON, BYTES("{\"problem\":{},\"email\":[],\"phone\":true}"),
     "problem:wrong-type email:malformed phone:malformed"},

    /* F2: claims */
    {"a claim that is not UTF-8 is left out", URL, BYTES("problem=p&email=a@example.org&name=%C3&site=S"),
     "p|a@example.org||||S||down"},
    {"a claim with U+0000 is left out", URL, BYTES("problem=p&email=a@example.org&organisation=a%00b"),
     "p|a@example.org||||||down"},
    {"a claim of a wrong type is left out", JSON,
     BYTES("{\"problem\":\"p\"," OK_REACH ",\"name\":1,\"site\":{},\"invoice\":[],\"organisation\":false}"),
     "p|a@example.org||||||down"},

    /* impact */
    {"degraded", URL, BYTES("problem=p&phone=123&impact=degraded"), "p||123|||||degraded"},
    {"an impact nobody knows", URL, BYTES("problem=p&phone=123&impact=Degraded"), "p||123|||||down"},
    {"an impact of a wrong type", JSON, BYTES("{\"problem\":\"p\"," OK_REACH ",\"impact\":2}"),
     "p|a@example.org||||||down"},
};

static void judges_what_was_typed(void **state)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *said = judged(*state, cases[i].type, cases[i].body, NULL);

        if (strcmp(said, cases[i].said) != 0)
            fail_msg("%s: %s", cases[i].label, said);
    }
}

/* before, n times unit, after. */
static struct str repeated(struct arena *a, const char *before, const char *unit, size_t n, const char *after)
{
    struct buf b = {0};
    struct str s;

    buf_text(&b, before);
    for (size_t i = 0; i < n; i++)
        buf_text(&b, unit);
    buf_text(&b, after);
    s = (struct str){str_copy(a, buf_view(&b)), b.len};
    buf_free(&b);
    return s;
}

static const struct {
    const char *label, *unit;
    size_t n;
    bool taken;
} lengths[] = {
    {"20,000 letters", "x", 20000, true},
    {"20,001 letters", "x", 20001, false},
    {"20,000 of four bytes each", "%F0%9F%98%80", 20000, true},
    {"20,001 of two bytes each", "%C3%A9", 20001, false},
    {"10,000 letters and line ends that shrink", "x%0D%0A", 10000, true},
    {"10,001 letters and line ends", "x%0D%0A", 10001, false},
};

static void counts_words_in_code_points_after_line_ends(void **state)
{
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct str body = repeated(*state, "phone=123&problem=", lengths[i].unit, lengths[i].n, "");
        bool taken = strcmp(judged(*state, URL, body, NULL), "problem:too-long") != 0;

        if (taken != lengths[i].taken)
            fail_msg("%s", lengths[i].label);
    }
}

static void cuts_claims_at_200_code_points(void **state)
{
    struct str body = repeated(*state, "problem=p&phone=123&name=", "%E6%9C%AC", 201, "&site=+");
    struct item i = {0};

    (void)judged(*state, URL, body, &i);
    assert_int_equal(text_code_points(i.name), ITEM_CLAIM_MAX);
    assert_int_equal(i.name.len, ITEM_CLAIM_MAX * 3);
    assert_int_equal(i.site.len, 0);
}

static void messages_have_the_same_rules_as_problems(void **state)
{
    static const struct {
        const char *label, *body, *code;
    } table[] = {
        {"none", "problem=p", "missing"}, {"U+0000", "text=a%00", "character"}, {"words", "text=a%0D%0Ab", NULL}};

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct field_fault fault[1] = {{NULL, NULL, NULL}};
        struct fields f;
        struct str words = {NULL, 0};

        assert_int_equal(fields_read(call_with(*state, URL, str_of(table[i].body)), &f), ERR_OK);

        size_t n = fields_words(&f, FIELD_text, *state, &words, fault);

        if (n != (table[i].code != NULL) || (n == 1 && strcmp(fault[0].code, table[i].code) != 0) ||
            (n == 0 && !str_is(words, "a\nb")))
            fail_msg("%s", table[i].label);
        if (n == 1)
            assert_string_equal(fault[0].field, "text");
    }
}

/* What a post may hold at most is what a row of the journal may hold, whatever the bytes are. */
static void the_largest_post_fits_into_the_journal(void **state)
{
    struct arena *a = *state;
    const char *claim = repeated(a, "", "\x01", ITEM_CLAIM_MAX, "").at;
    char index[33];

    memset(index, 'f', 32);
    index[32] = '\0';

    struct item i = {.op = ITEM_REQUEST,
                     .channel = STR("web"),
                     .reference = (UINT64_C(1) << 40) - 1,
                     .key = str_of(index),
                     .body = str_of(index),
                     .text = repeated(a, "", "\x01", ITEM_PROBLEM_MAX, ""), /* six bytes each in JSON */
                     .email = repeated(a, "", "e", 254, ""),
                     .phone = repeated(a, "", "\x01", 100, ""),
                     .name = str_of(claim),
                     .organisation = str_of(claim),
                     .site = str_of(claim),
                     .invoice = str_of(claim),
                     .impact = STR("degraded"),
                     .language = STR("zh-TW"),
                     .raw_type = repeated(a, "", "\x01", POST_TYPE_MAX, ""),
                     .raw_blob = STR("01J9Z3NDEKTSV4RRFFQ69G5FAV"),
                     .holder = STR("01J9Z3NDEKTSV4RRFFQ69G5FAV"),
                     .raw = repeated(a, "", "r", POST_INLINE_MAX, "")};

    assert_true(item_print(&i, a).len <= JOURNAL_PAYLOAD_MAX);
}

/* The media type goes into the journal, too: it is bounded, and text. */
static void keeps_no_media_type_that_is_not_text(void **state)
{
    static const struct {
        const char *label, *type, *kept;
    } table[] = {{"plain", JSON, JSON},
                 {"with a boundary", MULTI, MULTI},
                 {"a parameter that is not UTF-8", JSON "; x=\xFF", JSON},
                 {"in capitals, not UTF-8", "Application/JSON; x=\xC3", JSON},
                 {"none", NULL, ""}};
    struct str huge = repeated(*state, JSON "; x=", "x", 8000, "");

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct str kept = post_raw_type(call_with(*state, table[i].type, STR("")));

        if (!str_is(kept, table[i].kept))
            fail_msg("%s: %.*s", table[i].label, (int)kept.len, kept.at);
    }
    assert_true(str_is(post_raw_type(call_with(*state, huge.at, STR(""))), JSON));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(judges_what_was_typed, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(counts_words_in_code_points_after_line_ends, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(cuts_claims_at_200_code_points, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(messages_have_the_same_rules_as_problems, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(the_largest_post_fits_into_the_journal, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(keeps_no_media_type_that_is_not_text, open_arena, close_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
