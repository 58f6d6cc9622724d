/* Any bytes as an id or a reference: at most one kind takes it, and it is printed as it came. */
#include "rules/base/id.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum id_kind kinds[] = {
#define X(name, prefix) ID_##name,
        ID_KIND_LIST(X)
#undef X
    };
    struct str s = {(const char *)data, size};
    uint64_t number, again;
    struct ulid u;
    int taken = 0;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (id_parse(kinds[i], s, &u)) {
            taken++;
            assert(str_is(s, id_print(kinds[i], u).at));
        }
    assert(taken <= 1);
    if (reference_parse(s, &number))
        assert(reference_parse(str_of(reference_print(number).at), &again) && again == number);
    return 0;
}
