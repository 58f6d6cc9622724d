#include "queues/scripts.h"

#include <assert.h>

static const char *const texts[] = {
#define SCRIPT(name, text) text,
#include "build/gen/scripts.inc"
#undef SCRIPT
};

const char *script_text(enum script s)
{
    assert(s < SCRIPTS);
    return texts[s];
}
