#include "rules/base/err.h"

#include <assert.h>
#include <stddef.h>

static const struct {
    const char *name;
    const char *text;
    int http;
} table[] = {
#define X(name, text, http) [ERR_##name] = {#name, text, http},
    ERR_LIST(X)
#undef X
};

const char *err_text(enum err e)
{
    assert((size_t)e < ERR_KINDS);
    return table[e].text;
}

int err_http(enum err e)
{
    assert((size_t)e < ERR_KINDS);
    return table[e].http;
}

const char *err_name(enum err e)
{
    assert((size_t)e < ERR_KINDS);
    return table[e].name;
}
