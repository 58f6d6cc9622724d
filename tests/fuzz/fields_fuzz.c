/* A content type in the first line and any bytes behind it as a request: an item that the journal can hold and read
 * back, or faults, and never both. */
#include "gateway/http/call.h"
#include "gateway/intake/fields.h"
#include "gateway/intake/post.h"
#include "queues/journal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(struct str a, struct str b)
{
    assert(str_equal(a, b));
}

static void journaled(struct arena *a, struct call *c, struct item *i)
{
    struct item again;
    struct str payload;

    i->channel = STR("web");
    i->language = STR("en");
    i->raw_type = post_raw_type(c);
    i->raw = c->body;
    payload = item_print(i, a);
    assert(i->raw.len > POST_INLINE_MAX || payload.len <= JOURNAL_PAYLOAD_MAX);
    assert(item_parse(STR("request"), payload, a, &again) == ERR_OK);
    same(i->text, again.text);
    same(i->email, again.email);
    same(i->phone, again.phone);
    same(i->name, again.name);
    same(i->organisation, again.organisation);
    same(i->site, again.site);
    same(i->invoice, again.invoice);
    same(i->raw_type, again.raw_type);
    same(i->raw, again.raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_open(4096);
    struct str rest = {(const char *)data, size}, type = str_cut(&rest, '\n');
    struct call_header header = {STR("content-type"), type};
    struct call c = {.arena = a, .headers = &header, .header_count = 1};
    struct field_fault faults[FIELD_FAULTS_MAX], fault[1];
    struct fields f;
    struct str words;
    char *body = malloc(rest.len > 0 ? rest.len : 1); /* of its own size, so that one byte too many is seen */

    if (rest.len > 0)
        memcpy(body, rest.at, rest.len);
    c.body = (struct str){body, rest.len};
    if (fields_read(&c, &f) == ERR_OK) {
        struct item i = {.op = ITEM_REQUEST};
        size_t n = fields_request(&f, a, &i, faults);

        assert(n <= FIELD_FAULTS_MAX);
        assert(text_utf8_valid(i.name) && text_code_points(i.name) <= ITEM_CLAIM_MAX);
        if (n == 0) {
            assert(i.text.len > 0 && (i.email.len > 0 || i.phone.len > 0));
            assert(text_utf8_valid(i.text) && text_code_points(i.text) <= ITEM_PROBLEM_MAX);
            assert(memchr(i.text.at, '\0', i.text.len) == NULL && memchr(i.text.at, '\r', i.text.len) == NULL);
            journaled(a, &c, &i);
        }
        assert(fields_words(&f, FIELD_text, a, &words, fault) <= 1);
    }
    free(body);
    arena_close(a);
    return 0;
}
