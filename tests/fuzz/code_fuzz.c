/* Any bytes as a code: eight digits or nothing, and digits alone are read as they are. */
#include "queues/flow.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *exact = malloc(size > 0 ? size : 1), code[9], again[9];

    if (size > 0)
        memcpy(exact, data, size);
    if (code_parse((struct str){exact, size}, code)) {
        assert(strspn(code, "0123456789") == 8 && code[8] == '\0');
        assert(code_parse((struct str){code, 8}, again) && strcmp(code, again) == 0);
    }
    free(exact);
    return 0;
}
