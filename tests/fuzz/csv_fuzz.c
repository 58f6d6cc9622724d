/* Any bytes as CSV: no fault, rows within bounds, lines in order, and an end. */
#include "rules/csv.h"

#include "rules/base/arena.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_open(4096);
    struct csv c;
    struct csv_row row;
    size_t line = 0;

    csv_open(&c, (struct str){(const char *)data, size});
    while (csv_next(&c, a, &row)) {
        assert(row.line > line);
        line = row.line;
        assert((row.fault != NULL) == (row.count == 0) && row.count <= CSV_COLUMNS_MAX);
        for (size_t i = 0; i < row.count; i++)
            assert(row.field[i].len <= CSV_FIELD_BYTES_MAX && text_utf8_valid(row.field[i]));
    }
    arena_close(a);
    return 0;
}
