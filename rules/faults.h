/* faults.h - what is wrong with a file: all of it, in the order of its lines.
 *
 * At most FAULTS_MAX are kept; then one line says that there are more. */
#ifndef RULES_FAULTS_H
#define RULES_FAULTS_H

#include "rules/base/near.h"

struct arena;

enum { FAULTS_MAX = 100 };

struct faults {
    struct arena *a; /* for the texts; set it to begin */
    size_t n;        /* counts those that were not kept, too */
    struct {
        int line;
        const char *text;
    } list[FAULTS_MAX];
};

void faults_add(struct faults *f, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* `; did you mean "restore"?`, or nothing where no word of the list is near. */
struct faults_hint {
    char at[NEAR_CHARS_MAX + 24];
};
struct faults_hint faults_hint(struct str word, const char *const *list, size_t n);

/* One "file:line: reason" a line. */
void faults_print(const struct faults *f, const char *file, struct buf *out);

#endif
