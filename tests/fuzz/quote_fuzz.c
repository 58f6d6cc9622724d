/* Any bytes, cleaned as the mail reader cleans them, as a reply: runs that cover it, of whole lines, and some of it is own. */
#include "rules/base/arena.h"
#include "rules/charset.h"
#include "rules/quote.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_open(4096);
    struct str text = text_lf(a, charset_clean(a, (struct str){(const char *)data, size}));
    struct quote_run *runs;
    size_t n = quote_split(a, text, &runs), at = 0, own = 0;

    for (size_t i = 0; i < n; i++) {
        assert(runs[i].from == at && runs[i].len > 0);
        assert(i == 0 || runs[i].kind != runs[i - 1].kind);
        at += runs[i].len;
        assert(at == text.len || text.at[at - 1] == '\n');
        own += runs[i].kind == QUOTE_OWN ? 1 : 0;
    }
    assert(at == text.len && (n == 0 || own > 0));
    assert(text_utf8_valid(quote_own(a, text)));
    arena_close(a);
    return 0;
}
