/* Any bytes as a moment or a date: what is read is printed, and reads again as the same moment. */
#include "rules/base/stamp.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = {(const char *)data, size};
    int64_t ms, again, days;
    int y, m, d;

    if (stamp_parse(s, &ms)) {
        assert(stamp_parse(str_of(stamp_print_ms(ms).at), &again) && again == ms);
        assert(stamp_parse(str_of(stamp_print(ms).at), &again) && again <= ms && ms - again < 1000);
    }
    if (stamp_parse_date(s, &days)) {
        stamp_civil(days, &y, &m, &d);
        assert(y >= 0 && y <= 9999 && stamp_days(y, m, d) == days);
    }
    return 0;
}
