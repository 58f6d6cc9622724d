/* file_name.h - a name from outside, as it may be shown, kept and given to a browser.
 *
 * N1  a clean name is UTF-8 of 1 to FILE_NAME_MAX bytes, without a path, without control, line and direction
 *     characters, without what a file system refuses or takes for a device; cleaning it again changes nothing;
 * N2  what is read is what is there: characters that turn text around or have no width are dropped before the
 *     extension is looked at, so that "photo-U+202E-gpj.exe" is seen as what it is;
 * N3  a header that carries it is ASCII, whatever the name holds (RFC 6266, RFC 8187). */
#ifndef RULES_FILE_NAME_H
#define RULES_FILE_NAME_H

#include "rules/base/text.h"

struct arena;

enum { FILE_NAME_MAX = 150 };

/* N1. raw: any bytes. NUL-terminated in a; never empty ("file" where nothing is left). */
struct str file_name_clean(struct arena *a, struct str raw);
/* attachment; filename="…"; filename*=UTF-8''… of a clean name. */
struct str file_name_disposition(struct arena *a, struct str name);

#endif
