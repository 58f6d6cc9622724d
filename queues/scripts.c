#include "queues/scripts.h"

#include <assert.h>

static const struct {
    const char *name, *text;
} table[] = {
#define SCRIPT(name, text) {#name, text},
#include "build/gen/scripts.inc"
#undef SCRIPT
};

const char *script_text(enum script s)
{
    assert(s < SCRIPTS);
    return table[s].text;
}

const char *script_name(enum script s)
{
    assert(s < SCRIPTS);
    return table[s].name;
}
