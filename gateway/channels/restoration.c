#include "gateway/channels/restoration.h"

#include "gateway/app.h"
#include "gateway/channels/channels.h"
#include "gateway/http/call.h"
#include "queues/seal.h"
#include "rules/base/doc.h"
#include "rules/restoration_report.h"

static void say_faults(struct call *c, const struct restoration_fault *faults, size_t n)
{
    struct report_fault told[RESTORATION_FAULTS_MAX];

    for (size_t i = 0; i < n; i++)
        told[i] = (struct report_fault){faults[i].field, faults[i].code, faults[i].detail};
    channels_faults(c, told, n);
}

/* X2: rows of one number, of 40 bits, are one work. That a request may have the same makes one of them wait. */
static uint64_t work_of(const struct call *c, const struct restoration_report *r)
{
    struct str name =
        str_of(arena_printf(c->arena, "line %s %s", str_copy(c->arena, r->incident), str_copy(c->arena, r->site)));
    uint8_t mark[16];
    uint64_t n = 0;

    blind_bytes(c->app->keys, INDEX_SITE, name, mark);
    for (int i = 0; i < 5; i++)
        n = n << 8 | mark[i];
    return n;
}

bool restoration_take(struct call *c, struct ulid sender, int64_t now_ms, struct item *out)
{
    struct restoration_fault faults[RESTORATION_FAULTS_MAX];
    struct restoration_report r;
    struct doc *d;
    size_t n;

    if (doc_parse(&d, c->body, NULL, 0) != ERR_OK) {
        call_problem(c, 400, "unreadable", "The body is not JSON as we read it", NULL, 0);
        return false;
    }
    n = restoration_report_read(d, now_ms, c->arena, &r, faults);
    doc_close(d);
    if (n > 0) {
        say_faults(c, faults, n);
        return false;
    }
    *out = (struct item){.op = ITEM_RESTORATION,
                         .channel = STR("restoration"),
                         .reference = work_of(c, &r),
                         .source = str_of(arena_strdup(c->arena, id_print(ID_WEBHOOK, sender).at)),
                         .raw_type = STR("application/json"),
                         .raw = c->body};
    return true;
}
