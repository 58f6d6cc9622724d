#include "rules/faults.h"

#include "rules/base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 512 };

void faults_add(struct faults *f, int line, const char *format, ...)
{
    char text[TEXT_BYTES_MAX];
    va_list args;
    size_t i = f->n++;

    if (i >= FAULTS_MAX)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    /* Stages look at the file one after the other; the reader goes from top to bottom. */
    for (; i > 0 && f->list[i - 1].line > line; i--)
        f->list[i] = f->list[i - 1];
    f->list[i].line = line;
    f->list[i].text = arena_strdup(f->a, text);
}

struct faults_hint faults_hint(struct str word, const char *const *list, size_t n)
{
    const char *near = near_word(word, list, n);
    struct faults_hint h = {""};

    if (near != NULL)
        (void)snprintf(h.at, sizeof h.at, "; did you mean \"%s\"?", near);
    return h;
}

void faults_print(const struct faults *f, const char *file, struct buf *out)
{
    for (size_t i = 0; i < f->n && i < FAULTS_MAX; i++)
        buf_printf(out, "%s:%d: %s\n", file, f->list[i].line, f->list[i].text);
    if (f->n > FAULTS_MAX)
        buf_printf(out, "%s:%d: and %zu more\n", file, f->list[FAULTS_MAX - 1].line, f->n - FAULTS_MAX);
}
