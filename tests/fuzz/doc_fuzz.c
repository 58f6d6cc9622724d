/* Any bytes as JSON: what is read is printed, and reads again as the same. */
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct doc *first, *second;
    char why[80];

    if (doc_parse(&first, (struct str){(const char *)data, size}, why, sizeof why) != ERR_OK)
        return 0;

    struct arena *a = arena_open(4096);
    struct str once = doc_print(first, a);

    assert(text_utf8_valid(once));
    assert(doc_parse(&second, once, why, sizeof why) == ERR_OK);
    assert(str_equal(once, doc_print(second, a)));
    doc_close(second);
    doc_close(first);
    arena_close(a);
    return 0;
}
