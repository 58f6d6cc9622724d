/* Any bytes as a Cookie header and as a query: what is found is part of what was sent. */
#include "gateway/http/call.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_open(4096);
    char *exact = malloc(size > 0 ? size : 1);

    if (size > 0)
        memcpy(exact, data, size);

    struct call_header header = {STR("cookie"), {exact, size}};
    struct call c = {.arena = a, .headers = &header, .header_count = 1, .query = {exact, size}};
    struct str cookie = call_cookie(&c, "c"), query = call_query(&c, "q");

    if (cookie.at != NULL)
        assert(cookie.at >= exact && cookie.at + cookie.len <= exact + size &&
               (cookie.len == 0 || memchr(cookie.at, ';', cookie.len) == NULL));
    assert(query.len <= size);
    free(exact);
    arena_close(a);
    return 0;
}
