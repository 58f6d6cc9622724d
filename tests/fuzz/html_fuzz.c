/* Any bytes, cleaned as the mail reader cleans them, as HTML: text in bounds. */
#include "gateway/intake/html.h"
#include "rules/base/arena.h"
#include "rules/charset.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_open(4096);
    bool cut = false;
    struct str html = charset_clean(a, (struct str){(const char *)data, size}), text = html_text(a, html, &cut);

    assert(text_utf8_valid(text));
    assert(text.len == 0 || (text.at[0] != '\n' && text.at[text.len - 1] != '\n'));
    arena_close(a);
    return 0;
}
