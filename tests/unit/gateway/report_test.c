/* report: what channels tell becomes an item, or faults beside the fields (E1 to E3). */
#include "gateway/channels/report.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1795564800000) /* 2026-11-25T00:00:00Z */

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

static void put(struct buf *b, const char *name, struct str s)
{
    if (s.len > 0)
        buf_printf(b, "%s%s=%.*s", b->len > 0 ? " " : "", name, (int)s.len, s.at);
}

static void put_item(struct buf *b, const struct report *r)
{
    const struct item *i = &r->item;

    put(b, "id", r->id);
    put(b, "source", i->source);
    put(b, "handle", i->handle);
    put(b, "url", i->url);
    put(b, "name", i->name);
    put(b, "email", i->email);
    put(b, "phone", i->phone);
    put(b, "organisation", i->organisation);
    put(b, "site", i->site);
    put(b, "invoice", i->invoice);
    put(b, "thread", i->thread);
    put(b, "hint", i->hint);
    put(b, "for", i->behalf_name);
    put(b, "for", i->behalf_organisation);
    put(b, "for", i->behalf_email);
    put(b, "for", i->behalf_site);
    put(b, "subject", i->subject);
    put(b, "text", i->text);
    put(b, "language", r->language);
    put(b, "back", i->call_back_to);
    if (i->call_back_ms != 0)
        buf_printf(b, " at=%lld", (long long)i->call_back_ms);
    if (i->followers != 0)
        buf_printf(b, " followers=%lld", (long long)i->followers);
    buf_text(b, i->executive ? " executive" : "");
}

enum what { SOCIAL = WEBHOOK_SOCIAL, PHONE = WEBHOOK_PHONE, DESK = WEBHOOK_DESK, LOGGED };

/* "field:code field:code" of all faults, or the item as "name=value …". */
static const char *judged(struct arena *a, enum what what, const char *json)
{
    struct report_fault faults[REPORT_FAULTS_MAX];
    struct report r;
    struct buf b = {0};
    struct doc *d;
    size_t n;
    const char *said;

    assert_int_equal(doc_parse(&d, str_of(json), NULL, 0), ERR_OK);
    n = what == LOGGED ? report_read_logged(d, NOW, a, &r, faults)
                       : report_read((enum webhook_kind)what, d, a, &r, faults);
    doc_close(d);
    for (size_t i = 0; i < n; i++) {
        assert_true(strlen(faults[i].detail) > 0);
        buf_printf(&b, "%s%s:%s", i > 0 ? " " : "", faults[i].field, faults[i].code);
    }
    if (n == 0) {
        put_item(&b, &r);
        assert_int_equal(r.item.op, ITEM_REQUEST);
        assert_int_equal(r.item.proven, 0);
        assert_true(str_is(r.item.impact, "down"));
    }
    said = str_copy(a, buf_view(&b));
    buf_free(&b);
    return said;
}

#define POST  "\"platform\":\"Mastodon\",\"post_id\":\"1\",\"text\":\"Down.\""
#define BY    "\"author\":{\"handle\":\"@a@b\"}"
#define CALL  "\"call_id\":\"c\",\"from\":\"+886212345678\",\"transcript\":\"Down.\""
#define DESKT "\"desk\":\"zendesk\",\"ticket_id\":\"7\",\"text\":\"Down.\""
#define SAID  "id=1 source=mastodon handle=@a@b"

static const struct {
    const char *label;
    enum what what;
    const char *json, *judged;
} table[] = {
    {"no object", SOCIAL, "[]", ":wrong-type"},
    {"nothing", SOCIAL, "{}", "platform:missing post_id:missing author.handle:missing text:missing"},
    {"a post", SOCIAL, "{" POST "," BY "}", SAID " text=Down."},
    {"all of a post", SOCIAL,
     "{" POST ",\"url\":\"https://m.example/1\",\"author\":{\"handle\":\"@a@b\",\"name\":\"Aya\",\"followers\":12000},"
     "\"posted_at\":\"2026-11-24T08:00:00+08:00\",\"language\":\"ja\",\"claims\":{\"email\":\"a@x.example\","
     "\"site\":\"x.example\",\"organisation\":\"X\",\"invoice\":\"42\",\"phone\":\"1\",\"reference\":\"r7k4 2m9q w\"}}",
     SAID " url=https://m.example/1 name=Aya email=a@x.example phone=1 organisation=X site=x.example invoice=42 "
          "thread=R7K4-2M9Q-W hint=claimed text=Down. language=ja followers=12000"},
    {"nulls are as if absent", SOCIAL,
     "{" POST ",\"url\":null,\"author\":{\"handle\":\"@a@b\",\"name\":null,\"followers\":null},\"posted_at\":null,"
     "\"claims\":null,\"language\":null}",
     SAID " text=Down."},
    {"a reference that is none is left out", SOCIAL, "{" POST "," BY ",\"claims\":{\"reference\":\"R7K4-2M9Q-C\"}}",
     SAID " text=Down."},
    {"what is not known", SOCIAL, "{" POST "," BY ",\"more\":[{}],\"claims\":{\"more\":{}}}", SAID " text=Down."},
    {"no author", SOCIAL, "{" POST "}", "author.handle:missing"},
    {"an author of the wrong type", SOCIAL, "{" POST ",\"author\":\"@a@b\"}",
     "author:wrong-type author.handle:missing"},
    {"a number for a handle", SOCIAL, "{" POST ",\"author\":{\"handle\":7}}", "author.handle:wrong-type"},
    {"a blank handle", SOCIAL, "{" POST ",\"author\":{\"handle\":\" \"}}", "author.handle:missing"},
    {"two lines of handle", SOCIAL, "{" POST ",\"author\":{\"handle\":\"@a\\n@b\"}}", "author.handle:character"},
    {"followers as text", SOCIAL, "{" POST ",\"author\":{\"handle\":\"@a@b\",\"followers\":\"12\"}}",
     "author.followers:wrong-type"},
    {"fewer than none", SOCIAL, "{" POST ",\"author\":{\"handle\":\"@a@b\",\"followers\":-1}}",
     "author.followers:range"},
    {"half of one", SOCIAL, "{" POST ",\"author\":{\"handle\":\"@a@b\",\"followers\":1.5}}",
     "author.followers:wrong-type"},
    {"a day that is none", SOCIAL, "{" POST "," BY ",\"posted_at\":\"2026-02-30T00:00:00Z\"}", "posted_at:malformed"},
    {"a day without a time", SOCIAL, "{" POST "," BY ",\"posted_at\":\"2026-02-20\"}", "posted_at:malformed"},
    {"words with U+0000", SOCIAL, "{\"platform\":\"m\",\"post_id\":\"1\",\"text\":\"a\\u0000b\"," BY "}",
     "text:character"},
    {"lines end in LF", SOCIAL, "{\"platform\":\"m\",\"post_id\":\"1\",\"text\":\"a\\r\\nb\"," BY "}",
     "id=1 source=m handle=@a@b text=a\nb"},
    {"claims of the wrong type", SOCIAL, "{" POST "," BY ",\"claims\":[]}", "claims:wrong-type"},
    {"a claim of the wrong type", SOCIAL, "{" POST "," BY ",\"claims\":{\"email\":[]}}", "claims.email:wrong-type"},
    {"a claim with U+0000 is left out", SOCIAL, "{" POST "," BY ",\"claims\":{\"name\":\"a\\u0000\"}}",
     SAID " text=Down."},
    {"no mailbox: it stays a claim", SOCIAL, "{" POST "," BY ",\"claims\":{\"email\":\"nobody\"}}",
     SAID " email=nobody text=Down."},
    {"for somebody else", SOCIAL,
     "{" POST "," BY ",\"claims\":{\"on_behalf_of\":{\"name\":\"N\",\"organisation\":\"O\",\"email\":\"e@o.example\","
     "\"site\":\"o.example\"}}}",
     SAID " for=N for=O for=e@o.example for=o.example text=Down."},
    {"for somebody, as text", SOCIAL, "{" POST "," BY ",\"claims\":{\"on_behalf_of\":\"N\"}}",
     "claims.on_behalf_of:wrong-type"},

    {"a call", PHONE, "{" CALL "}", "id=c phone=+886212345678 text=Down."},
    {"nothing of a call", PHONE, "{}", "call_id:missing from:missing transcript:missing"},
    {"anonymous", PHONE, "{\"call_id\":\"c\",\"from\":\"Anonymous\",\"transcript\":\"x\"}", "id=c text=x"},
    {"anonymous, and a number to reach them", PHONE,
     "{\"call_id\":\"c\",\"from\":\"anonymous\",\"transcript\":\"x\",\"claims\":{\"phone\":\"+49 30 1\"}}",
     "id=c phone=+49 30 1 text=x"},
    {"what the line knows stands", PHONE, "{" CALL ",\"claims\":{\"phone\":\"+49 30 1\",\"name\":\"Aya\"}}",
     "id=c name=Aya phone=+886212345678 text=Down."},
    {"seconds as text", PHONE, "{" CALL ",\"seconds\":\"192\"}", "seconds:wrong-type"},
    {"to as a number", PHONE, "{" CALL ",\"to\":886}", "to:wrong-type"},
    {"a promise is staff's to make", PHONE, "{" CALL ",\"call_back_at\":\"2026-12-01T00:00:00Z\"}",
     "id=c phone=+886212345678 text=Down."},

    {"a ticket", DESK, "{" DESKT "}", "id=7 source=zendesk text=Down."},
    {"nothing of a ticket", DESK, "{}", "desk:missing ticket_id:missing text:missing"},
    {"all of a ticket", DESK,
     "{" DESKT ",\"url\":\"https://d.example/7\",\"requester\":{\"email\":\"a@x.example\",\"name\":\"Aya\"},"
     "\"subject\":\"Gone\",\"created_at\":\"2026-11-24T08:00:00Z\",\"executive\":true}",
     "id=7 source=zendesk url=https://d.example/7 name=Aya email=a@x.example subject=Gone text=Down. executive"},
    {"who asked stands, claims fill in", DESK,
     "{" DESKT ",\"requester\":{\"name\":\"Aya\"},\"claims\":{\"name\":\"Bo\",\"email\":\"b@x.example\"}}",
     "id=7 source=zendesk name=Aya email=b@x.example text=Down."},
    {"executive as text", DESK, "{" DESKT ",\"executive\":\"yes\"}", "executive:wrong-type"},
    {"requester as text", DESK, "{" DESKT ",\"requester\":\"a@x.example\"}", "requester:wrong-type"},

    {"a call that staff log", LOGGED, "{\"from\":\"+49 30 1\",\"transcript\":\"x\"}", "phone=+49 30 1 text=x"},
    {"with an id", LOGGED, "{" CALL "}", "id=c phone=+886212345678 text=Down."},
    {"a promise", LOGGED, "{" CALL ",\"call_back_at\":\"2026-11-25T01:00:00Z\"}",
     "id=c phone=+886212345678 text=Down. back=+886212345678 at=1795568400000"},
    {"a promise to call another number", LOGGED,
     "{" CALL ",\"call_back_at\":\"2026-11-25T01:00:00Z\",\"call_back_to\":\"+49 30 1\"}",
     "id=c phone=+886212345678 text=Down. back=+49 30 1 at=1795568400000"},
    {"a number and no promise", LOGGED, "{" CALL ",\"call_back_to\":\"+49 30 1\"}",
     "id=c phone=+886212345678 text=Down."},
    {"a promise of yesterday", LOGGED, "{" CALL ",\"call_back_at\":\"2026-11-24T01:00:00Z\"}", "call_back_at:range"},
    {"a promise to nobody", LOGGED,
     "{\"from\":\"anonymous\",\"transcript\":\"x\",\"call_back_at\":\"2026-11-25T01:00:00Z\"}", "call_back_to:missing"},
    {"a promise that is no moment", LOGGED, "{" CALL ",\"call_back_at\":\"soon\"}", "call_back_at:malformed"},
};

static void test_table(void **state)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *said = judged(*state, table[i].what, table[i].json);

        if (strcmp(said, table[i].judged) != 0)
            fail_msg("%s: %s", table[i].label, said);
    }
}

static char *many(struct arena *a, const char *what, int n)
{
    struct buf b = {0};
    char *all;

    for (int i = 0; i < n; i++)
        buf_text(&b, what);
    all = str_copy(a, buf_view(&b));
    buf_free(&b);
    return all;
}

static const struct {
    const char *label, *before, *unit;
    int n;
    const char *after, *code; /* "": none */
} lengths[] = {
    {"20000 characters of words", "{\"platform\":\"m\",\"post_id\":\"1\"," BY ",\"text\":\"", "失", 20000, "\"}", ""},
    {"one more", "{\"platform\":\"m\",\"post_id\":\"1\"," BY ",\"text\":\"", "失", 20001, "\"}", "text:too-long"},
    {"an id of 512", "{\"platform\":\"m\",\"text\":\"x\"," BY ",\"post_id\":\"", "1", 512, "\"}", ""},
    {"513", "{\"platform\":\"m\",\"text\":\"x\"," BY ",\"post_id\":\"", "1", 513, "\"}", "post_id:too-long"},
    {"a platform of 65", "{\"post_id\":\"1\",\"text\":\"x\"," BY ",\"platform\":\"", "m", 65, "\"}",
     "platform:too-long"},
    {"a handle of 201", "{" POST ",\"author\":{\"handle\":\"", "a", 201, "\"}}", "author.handle:too-long"},
    {"an address of 2049", "{" POST "," BY ",\"url\":\"", "u", 2049, "\"}", "url:too-long"},
    {"a claim that is cut", "{" POST "," BY ",\"claims\":{\"site\":\"", "é", 5000, "\"}}", ""},
};

static void test_lengths(void **state)
{
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        const char *json = arena_printf(*state, "%s%s%s", lengths[i].before,
                                        many(*state, lengths[i].unit, lengths[i].n), lengths[i].after);
        const char *said = judged(*state, SOCIAL, json);

        if (lengths[i].n == 5000 && strlen(said) > 2 * ITEM_CLAIM_MAX + 100)
            fail_msg("%s: %zu bytes", lengths[i].label, strlen(said));
        if (lengths[i].code[0] == '\0' ? strstr(said, "text=") == NULL : strcmp(said, lengths[i].code) != 0)
            fail_msg("%s: %.100s", lengths[i].label, said);
    }
}

/* The same post is the same thing, whoever tells it; and nothing else is. */
static void test_external(void **state)
{
    static const struct {
        const char *label;
        enum what what;
        const char *json;
        bool same;
    } others[] = {
        {"another case of the platform, other words", SOCIAL,
         "{\"platform\":\"MASTODON\",\"post_id\":\"1\",\"text\":\"Up.\"," BY "}", true},
        {"another post", SOCIAL, "{\"platform\":\"mastodon\",\"post_id\":\"2\",\"text\":\"Down.\"," BY "}", false},
        {"another platform", SOCIAL, "{\"platform\":\"x\",\"post_id\":\"1\",\"text\":\"Down.\"," BY "}", false},
        {"a ticket of that name", DESK, "{\"desk\":\"mastodon\",\"ticket_id\":\"1\",\"text\":\"Down.\"}", false},
    };
    struct report_fault faults[REPORT_FAULTS_MAX];
    struct report r;
    struct doc *d;

    assert_int_equal(doc_parse(&d, str_of("{" POST "," BY "}"), NULL, 0), ERR_OK);
    assert_int_equal(report_read(WEBHOOK_SOCIAL, d, *state, &r, faults), 0);
    doc_close(d);

    struct str first = report_external(&r, *state);

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(doc_parse(&d, str_of(others[i].json), NULL, 0), ERR_OK);
        assert_int_equal(report_read((enum webhook_kind)others[i].what, d, *state, &r, faults), 0);
        doc_close(d);
        if (str_equal(first, report_external(&r, *state)) != others[i].same)
            fail_msg("%s", others[i].label);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_table, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_lengths, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_external, open_arena, close_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
