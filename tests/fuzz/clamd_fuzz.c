/* Any bytes as a scanner's answer: clean is one word and no other. */
#include "gateway/files/clamd.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct clamd_answer got;

    clamd_judge((struct str){(const char *)data, size}, &got);
    if (got.verdict == CLAMD_CLEAN)
        assert(size >= 10 && memcmp(data, "stream: OK", 10) == 0);
    else
        assert(got.why[0] != '\0');
    for (const char *p = got.why; *p != '\0'; p++)
        assert(*p > 0x20 && *p < 0x7f);
    return 0;
}
