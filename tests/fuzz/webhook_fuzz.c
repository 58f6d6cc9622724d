/* Three lines as the headers of a webhook and what stands behind them as its body: nobody is believed who does not hold
 * the key, whoever holds it is, and a body becomes an item that the journal can hold and read back, or faults, and never
 * both. A record of a sender, read and printed, is the same again. */
#include "gateway/channels/report.h"
#include "gateway/channels/signature.h"
#include "gateway/http/call.h"
#include "queues/journal.h"
#include "rules/base/doc.h"
#include "rules/restoration_report.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1795564800000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[HMAC_BYTES] = {1, 2, 3};

/* The same headers, signed by us where they can be. */
static void believed(struct call *c, const struct signature *s)
{
    const struct str parts[] = {s->id, STR("."), s->timestamp, STR("."), c->body};
    struct signature again;
    uint8_t mac[HMAC_BYTES];

    hmac_sha256(key, parts, 5, mac);
    c->headers[2].value = str_of(arena_printf(c->arena, "v1,%s", base64(c->arena, mac, sizeof mac).at));
    assert(signature_read(c, NOW, &again) && again.n == 1);
    assert(signature_fits(&again, c->body, key));
    again.mac[0][0] ^= 1;
    assert(!signature_fits(&again, c->body, key));
}

static void headers(struct call *c)
{
    struct signature s;

    if (!signature_read(c, NOW, &s))
        return;
    assert(s.id.len > 0 && s.id.len <= SIGNATURE_ID_MAX && memchr(s.id.at, '.', s.id.len) == NULL);
    assert(s.n <= SIGNATURES_MAX);
    believed(c, &s);
}

static void judged(struct arena *a, const struct report *r)
{
    const struct item *i = &r->item;
    struct item again;
    struct str payload;

    assert(i->text.len > 0 && text_utf8_valid(i->text) && text_code_points(i->text) <= ITEM_PROBLEM_MAX);
    assert(memchr(i->text.at, '\0', i->text.len) == NULL && memchr(i->text.at, '\r', i->text.len) == NULL);
    assert(i->followers >= 0 && i->proven == 0);
    payload = item_print(i, a);
    assert(payload.len <= JOURNAL_PAYLOAD_MAX);
    assert(item_parse(STR("request"), payload, a, &again) == ERR_OK);
    assert(str_equal(i->text, again.text) && str_equal(i->handle, again.handle) && str_equal(i->url, again.url));
    assert(str_equal(i->source, again.source) && str_equal(i->thread, again.thread));
    assert(str_equal(i->behalf_email, again.behalf_email) && str_equal(i->name, again.name));
    assert(i->followers == again.followers && i->executive == again.executive);
    assert(i->call_back_ms == again.call_back_ms && str_equal(i->call_back_to, again.call_back_to));
}

static void restored(struct arena *a, const struct doc *d)
{
    struct restoration_fault faults[RESTORATION_FAULTS_MAX];
    struct restoration_report r;
    size_t n = restoration_report_read(d, NOW, a, &r, faults);

    assert(n <= RESTORATION_FAULTS_MAX);
    if (n > 0)
        return;
    assert(r.incident.len > 0 && r.incident.len <= RESTORATION_SLUG_MAX && r.site.len > 0);
    assert(r.batch.len == 0 || restoration_batch_valid(r.batch));
    assert(r.at_ms <= NOW + RESTORATION_AHEAD_MS && r.evidence.len <= RESTORATION_EVIDENCE_MAX);
    assert(text_utf8_valid(r.site) && text_code_points(r.site) <= RESTORATION_SITE_MAX);
}

static void body(struct arena *a, struct str text)
{
    struct report_fault faults[REPORT_FAULTS_MAX];
    struct report r;
    struct doc *d;

    if (doc_parse(&d, text, NULL, 0) != ERR_OK)
        return;
    for (int kind = 0; kind < WEBHOOK_KINDS; kind++) {
        if (kind == WEBHOOK_RESTORATION)
            continue; /* restored() */

        size_t n = report_read((enum webhook_kind)kind, d, a, &r, faults);

        assert(n <= REPORT_FAULTS_MAX);
        if (n == 0) {
            judged(a, &r);
            assert(r.id.len > 0 && r.item.call_back_ms == 0);
            assert(report_external(&r, a).len > r.id.len);
        }
    }
    restored(a, d);
    if (report_read_logged(d, NOW, a, &r, faults) == 0) {
        judged(a, &r);
        assert(r.item.call_back_ms == 0 || (r.item.call_back_ms > NOW && r.item.call_back_to.len > 0));
    }
    doc_close(d);
}

static void record(struct str text)
{
    char again[WEBHOOK_RECORD_MAX];
    struct webhook w;

    if (webhook_parse(STR("bot"), text, &w))
        assert(str_equal((struct str){again, webhook_print(&w, again)}, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_open(4096);
    struct str rest = {(const char *)data, size};
    struct call_header h[] = {{STR("webhook-id"), str_cut(&rest, '\n')},
                              {STR("webhook-timestamp"), str_cut(&rest, '\n')},
                              {STR("webhook-signature"), str_cut(&rest, '\n')}};
    struct call c = {.arena = a, .headers = h, .header_count = 3};
    char *bytes = malloc(rest.len > 0 ? rest.len : 1); /* of its own size, so that one byte too many is seen */

    if (rest.len > 0)
        memcpy(bytes, rest.at, rest.len);
    c.body = (struct str){bytes, rest.len};
    headers(&c);
    body(a, c.body);
    record(c.body);
    free(bytes);
    arena_close(a);
    return 0;
}
