/* Any bytes as Authentication-Results: what does not name our server and our sender in so many words proves nothing. */
#include "rules/authres.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool holds(struct str s, const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; i + n <= s.len; i++)
        if (str_equal_nocase((struct str){s.at + i, n}, str_of(word)))
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct authres_field f = {{(const char *)data, size}, 0};

    if (authres_proves(&f, 1, STR("mx.example"), 0, STR("a.example")))
        assert(holds(f.value, "mx.example") && holds(f.value, "dmarc") && holds(f.value, "pass") &&
               holds(f.value, "header.from") && holds(f.value, "a.example"));
    assert(!authres_proves(&f, 1, STR(""), 0, STR("a.example")));
    assert(!authres_proves(&f, 1, STR("mx.example"), 0, STR("")));
    f.received_above = 1;
    assert(!authres_proves(&f, 1, STR("mx.example"), 0, STR("a.example")));
    return 0;
}
