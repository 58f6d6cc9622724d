/* Any bytes as a holiday file: refused with a line of it and a reason, or days within bounds and yearly rules that can be asked. */
#include "rules/holiday_file.h"

#include "rules/base/arena.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct holiday_yearly *h)
{
    static const int64_t first_days[] = {-719528, -1, 0, 20783, 2932896};

    assert(h->days >= 1 && h->days <= HOLIDAY_DAYS_MAX && h->every >= 1 && h->excepts <= HOLIDAY_FILE_EXCEPT_MAX);
    for (size_t i = 0; i < sizeof first_days / sizeof first_days[0]; i++)
        for (int64_t day = first_days[i]; day < first_days[i] + 3; day++)
            (void)holiday_holds(h, day);
    for (int year = h->first_year; year < h->first_year + 8; year++) {
        int64_t day;

        if (holiday_falls(h, year, &day) && h->excepts == 0 && (year - h->first_year) % h->every == 0)
            assert(holiday_holds(h, day) == (day <= h->last_day) || h->days > 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_open(4096);
    struct holiday_file f;
    struct holiday_fault fault = {0};

    if (holiday_file_parse(&f, a, (struct str){(const char *)data, size}, &fault) == ERR_OK) {
        assert(f.days + f.yearly > 0 && f.days <= HOLIDAY_FILE_DAYS_MAX && f.yearly <= HOLIDAY_FILE_YEARLY_MAX);
        for (size_t i = 0; i < f.yearly; i++)
            ask(&f.rule[i]);
    } else {
        assert(fault.line >= 1 && (size_t)fault.line <= size + 2 && fault.why != NULL);
    }
    arena_close(a);
    return 0;
}
