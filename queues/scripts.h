/* scripts.h - the Lua scripts of queues/script/, built into the program.
 *
 * `build/gen/scripts.inc` holds one line SCRIPT(NAME, "text") for each file; the
 * enum name is the file's name in upper case. */
#ifndef QUEUES_SCRIPTS_H
#define QUEUES_SCRIPTS_H

enum script {
#define SCRIPT(name, text) SCRIPT_##name,
#include "build/gen/scripts.inc"
#undef SCRIPT
    SCRIPTS
};

const char *script_text(enum script s);

#endif
