/* Any bytes as time zone data: refused, or a clock that answers for every moment and comes back from its own wall time. */
#include "rules/base/arena.h"
#include "rules/zone.h"

#include <assert.h>
#include <stddef.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t moments[] = {INT64_MIN / 2, -62167219200, -1, 0, 1793491200, 4102444800, 253402300799};
    struct arena *a = arena_open(4096);
    const char *why = NULL;
    struct zone *z;

    if (zone_parse(&z, a, (struct str){(const char *)data, size}, &why) == ERR_OK) {
        for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
            struct zone_stretch s = zone_at(z, moments[i]);
            int64_t first = zone_to_utc(z, moments[i] + s.offset_s);

            assert(s.until_s > moments[i]);
            assert(first <= moments[i]); /* of a wall time that comes twice the first is meant */
        }
    } else {
        assert(why != NULL);
    }
    arena_close(a);
    return 0;
}
