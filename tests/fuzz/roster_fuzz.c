/* Any bytes as a roster: taken whole or told why, and whatever was taken can be judged for a month. */
#include "rules/roster.h"

#include "gateway/zoneinfo.h"
#include "rules/base/arena.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DAY_MS INT64_C(86400000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int64_t from = 20000 * DAY_MS, to = from + 3 * DAY_MS;
    struct arena *a = arena_open(65536);
    struct roster *r = NULL;
    struct buf faults = {0};
    enum err e = roster_parse(&r, a, (struct str){(const char *)data, size}, zoneinfo_bytes, NULL, &faults);

    assert((e == ERR_OK) == (faults.len == 0) && (e == ERR_OK) == (r != NULL));
    if (r != NULL) {
        struct roster_watch *w, next;
        struct roster_finding *f;
        size_t n = roster_watches(r, from, to, a, &w), found = roster_check(r, NULL, 0, from, to, NULL, 0, a, &f);

        for (size_t i = 0; i < n; i++)
            assert(w[i].from_ms < to && w[i].to_ms > from && (i == 0 || w[i - 1].from_ms <= w[i].from_ms));
        for (size_t i = 0; i < found; i++)
            assert(f[i].from_ms < f[i].to_ms);
        if (n > 0)
            (void)roster_successor(r, &w[0], a, &next);
    }
    buf_free(&faults);
    arena_close(a);
    return 0;
}
