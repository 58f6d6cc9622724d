/* asset: static answers: the best coding, entity tags, one set after another. */
#include "gateway/http/asset.h"

#include <brotli/decode.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

static struct arena *arena;
static struct assets *set;
static struct buf page;

static struct call *ask(const char *accept, const char *if_none_match)
{
    struct call *c = arena_new(arena, struct call);

    c->arena = arena;
    c->headers = arena_array(arena, struct call_header, 2);
    if (accept != NULL)
        c->headers[c->header_count++] = (struct call_header){STR("accept-encoding"), str_of(accept)};
    if (if_none_match != NULL)
        c->headers[c->header_count++] = (struct call_header){STR("if-none-match"), str_of(if_none_match)};
    asset_answer(assets_find(set, STR("/en/")), c);
    return c;
}

static void over(struct call *c)
{
    for (struct call_kept *k = c->kept; k != NULL; k = k->next)
        k->release(k->arg);
}

static const char *answer_header(const struct call *c, const char *name)
{
    for (size_t i = 0; i < c->answer_header_count; i++)
        if (str_is(c->answer_headers[i].name, name))
            return str_copy(arena, c->answer_headers[i].value);
    return "";
}

static bool is_page(struct str answer, const char *coding)
{
    static unsigned char plain[64 * 1024];
    size_t len = sizeof plain;

    if (strcmp(coding, "br") == 0) {
        if (BrotliDecoderDecompress(answer.len, (const uint8_t *)answer.at, &len, plain) !=
            BROTLI_DECODER_RESULT_SUCCESS)
            return false;
    } else if (strcmp(coding, "gzip") == 0) {
        z_stream z = {
            .next_in = (Bytef *)answer.at, .avail_in = (uInt)answer.len, .next_out = plain, .avail_out = sizeof plain};

        if (inflateInit2(&z, 15 + 16) != Z_OK || inflate(&z, Z_FINISH) != Z_STREAM_END)
            return false;
        len = z.total_out;
        inflateEnd(&z);
    } else {
        return str_equal(answer, buf_view(&page));
    }
    return str_equal((struct str){(const char *)plain, len}, buf_view(&page));
}

static const struct {
    const char *label, *accept, *coding;
} cases[] = {
    {"browser", "gzip, deflate, br", "br"},
    {"gzip only", "gzip", "gzip"},
    {"gzip preferred", "gzip, br;q=0.9", "gzip"},
    {"neither", "deflate", ""},
    {"nothing said", NULL, ""},
    {"both refused", "br;q=0, gzip;q=0", ""},
};

static void serves_the_best_coding(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct call *c = ask(cases[i].accept, NULL);

        if (c->status != 200 || strcmp(answer_header(c, "content-encoding"), cases[i].coding) != 0 ||
            !is_page(c->answer, cases[i].coding))
            fail_msg("%s: %s", cases[i].label, answer_header(c, "content-encoding"));
        assert_string_equal(answer_header(c, "vary"), "accept-encoding");
        assert_string_equal(answer_header(c, "content-type"), "text/html; charset=utf-8");
        assert_string_equal(answer_header(c, "content-language"), "en");
        over(c);
    }
}

static void knows_what_the_client_has(void **state)
{
    struct call *first = ask("br", NULL), *plain = ask(NULL, NULL);
    const char *tag = answer_header(first, "etag");
    const struct {
        const char *label, *sent;
        int status;
    } sent[] = {
        {"the tag", tag, 304},
        {"weak", arena_printf(arena, "W/%s", tag), 304},
        {"in a list", arena_printf(arena, "\"a\" , %s", tag), 304},
        {"any", "*", 304},
        {"another", "\"a\"", 200},
        {"that of another coding", answer_header(plain, "etag"), 200},
        {"without quotes", arena_printf(arena, "%.*s", (int)strlen(tag) - 2, tag + 1), 200},
    };

    (void)state;
    for (size_t i = 0; i < sizeof sent / sizeof sent[0]; i++) {
        struct call *c = ask("br", sent[i].sent);

        if (c->status != sent[i].status)
            fail_msg("%s: %d", sent[i].label, c->status);
        assert_string_equal(answer_header(c, "etag"), tag);
        assert_true(c->status == 200 || c->answer.len == 0);
        over(c);
    }
    over(first);
    over(plain);
}

static void stores_no_coding_that_is_larger(void **state)
{
    struct call *c = arena_new(arena, struct call);
    struct call_header h = {STR("accept-encoding"), STR("br, gzip")};

    (void)state;
    assets_add(set, "/small", "text/plain", STR("a"), NULL, 0);
    *c = (struct call){.arena = arena, .headers = &h, .header_count = 1};
    asset_answer(assets_find(set, STR("/small")), c);
    assert_string_equal(answer_header(c, "content-encoding"), "");
    assert_true(str_is(c->answer, "a"));
    over(c);
    assert_null(assets_find(set, STR("/smal")));
}

static void stays_until_the_last_answer_is_sent(void **state)
{
    struct assets *mine = set;
    struct call *c = ask(NULL, NULL);

    (void)state;
    set = assets_open(); /* for the teardown */
    assets_close(mine);
    assert_true(is_page(c->answer, "")); /* a sanitizer would object */
    over(c);
}

static int open_set(void **state)
{
    const struct call_header h = {STR("content-language"), STR("en")};

    (void)state;
    arena = arena_open(4096);
    set = assets_open();
    for (int i = 0; i < 100; i++)
        buf_printf(&page, "<p>line %d</p>\n", i);
    assets_add(set, "/en/", "text/html; charset=utf-8", buf_view(&page), &h, 1);
    return 0;
}

static int close_set(void **state)
{
    (void)state;
    assets_close(set);
    arena_close(arena);
    buf_free(&page);
    return 0;
}

int main(void)
{
#define WITH_A_SET(test) cmocka_unit_test_setup_teardown(test, open_set, close_set)
    const struct CMUnitTest tests[] = {
        WITH_A_SET(serves_the_best_coding),
        WITH_A_SET(knows_what_the_client_has),
        WITH_A_SET(stores_no_coding_that_is_larger),
        WITH_A_SET(stays_until_the_last_answer_is_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
