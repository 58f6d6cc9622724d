/* whole_file.h - a file of the project, as it stands; the caller frees it. */
#ifndef TESTS_UNIT_WHOLE_FILE_H
#define TESTS_UNIT_WHOLE_FILE_H

#include "rules/base/text.h"

#include <stdio.h>
#include <stdlib.h>

/* From the top of the project. Ends the program where it cannot be read. */
static inline struct buf whole_file(const char *path)
{
    struct buf b = {0};
    FILE *f = fopen(path, "re");
    char part[4096];
    size_t n;

    if (f == NULL) {
        perror(path);
        abort();
    }
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        buf_add(&b, part, n);
    (void)fclose(f);
    return b;
}

#endif
