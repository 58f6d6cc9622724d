/* Any bytes as a file, its name and its line in the journal: judged without a fault, and taken only where all of it holds. */
#include "rules/attachment.h"
#include "rules/base/arena.h"
#include "rules/file_kind.h"
#include "rules/file_name.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says under which name. */
static void judge(struct arena *a, struct str all)
{
    static const char *const names[] = {"a.png", "a.jpg", "a.gif", "a.webp", "a.pdf", "a.txt"};
    struct str bytes = {all.at + 1, all.len - 1};
    const char *name = names[(uint8_t)all.at[0] % 6];
    enum file_kind kind = FILE_NONE;
    uint32_t w, h;

    if (file_judge(str_of(name), bytes, 1 << 20, &kind) == FILE_FAULT_GOOD) {
        assert(kind == file_kind_of_name(str_of(name)) && kind == file_kind_of_bytes(bytes));
        if (file_pixels(kind, bytes, &w, &h))
            assert(w > 0 && h > 0 && (uint64_t)w * h <= FILE_PIXELS_MAX);
    }

    struct str clean = file_name_clean(a, bytes), again = file_name_clean(a, clean);

    assert(clean.len > 0 && clean.len <= FILE_NAME_MAX && text_utf8_valid(clean) && str_equal(clean, again));
    assert(memchr(clean.at, '/', clean.len) == NULL && memchr(clean.at, '\n', clean.len) == NULL);
    (void)file_name_disposition(a, clean);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_open(4096);
    struct attachment all[ATTACHMENTS_MAX], back[ATTACHMENTS_MAX];
    size_t n, m;

    if (size > 0)
        judge(a, (struct str){(const char *)data, size});
    if (attachments_parse((struct str){(const char *)data, size}, a, all, &n) == ERR_OK) {
        assert(n <= ATTACHMENTS_MAX);
        assert(attachments_parse(attachments_print(all, n, a), a, back, &m) == ERR_OK && m == n);
    }
    arena_close(a);
    return 0;
}
