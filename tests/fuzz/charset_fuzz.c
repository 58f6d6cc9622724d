/* Any bytes under any label (all before the first LF): text that may be stored. */
#include "rules/base/arena.h"
#include "rules/charset.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_open(4096);
    struct str bytes = {(const char *)data, size}, label = str_cut(&bytes, '\n');
    const char *used = NULL;
    struct str text = charset_text(a, bytes, label, &used);

    assert(used != NULL && *used != '\0');
    assert(text_utf8_valid(text) && (text.len == 0 || memchr(text.at, '\0', text.len) == NULL));
    arena_close(a);
    return 0;
}
