#include "queues/log.h"

#include "rules/base/text.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {"fatal", "error", "warn", "info", "trace"};
static _Atomic int limit = LOG_INFO;

bool log_level_parse(const char *name, enum log_level *out)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0) {
            *out = (enum log_level)i;
            return true;
        }
    return false;
}

void log_set_level(enum log_level level)
{
    atomic_store(&limit, (int)level);
}

static bool plain(unsigned char c)
{
    return c > ' ' && c < 0x7F && c != '"' && c != '=' && c != '\\';
}

static void add_value(struct buf *b, const char *s)
{
    bool quote = *s == '\0';

    for (const char *p = s; *p != '\0'; p++)
        quote |= !plain((unsigned char)*p);
    if (!quote) {
        buf_text(b, s);
        return;
    }
    buf_char(b, '"');
    for (const char *p = s; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;

        if (c == '"' || c == '\\')
            buf_printf(b, "\\%c", c);
        else if (c < ' ' || c == 0x7F)
            buf_printf(b, "\\x%02x", c);
        else
            buf_char(b, (char)c);
    }
    buf_char(b, '"');
}

/* One conversion of the format, which starts behind its '%'. Only what log lines
 * need is known: s, c, d, i, u, x with the lengths none, l, ll, j and z. */
static const char *add_conversion(struct buf *b, const char *p, va_list *args)
{
    enum { INT, LONG, SIZE } length = INT;

    for (;; p++) {
        if (*p == 'l' || *p == 'j')
            length = LONG;
        else if (*p == 'z')
            length = SIZE;
        else
            break;
    }
    switch (*p) {
    case 's': {
        const char *s = va_arg(*args, const char *);

        add_value(b, s == NULL ? "" : s);
        break;
    }
    case 'd':
    case 'i':
        buf_printf(b, "%lld", length == INT ? va_arg(*args, int) : (long long)va_arg(*args, int64_t));
        break;
    case 'u':
        buf_printf(b, "%llu", length == INT ? va_arg(*args, unsigned) : (unsigned long long)va_arg(*args, uint64_t));
        break;
    case 'x':
        buf_printf(b, "%llx", length == INT ? va_arg(*args, unsigned) : (unsigned long long)va_arg(*args, uint64_t));
        break;
    case 'c':
        buf_char(b, (char)va_arg(*args, int));
        break;
    default:
        buf_char(b, '%');
        break;
    }
    return p + 1;
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    struct buf b = {0};
    va_list args;

    if ((int)level > atomic_load(&limit))
        return;
    buf_printf(&b, "%s %s", names[level], event);
    if (*format != '\0')
        buf_char(&b, ' ');
    va_start(args, format);
    for (const char *p = format; *p != '\0';) {
        if (*p == '%')
            p = add_conversion(&b, p + 1, &args);
        else
            buf_char(&b, *p++);
    }
    va_end(args);
    buf_char(&b, '\n');
    /* One write, so that lines of several threads do not mix. */
    ssize_t written = write(STDERR_FILENO, b.at, b.len);

    (void)written;
    buf_free(&b);
}
