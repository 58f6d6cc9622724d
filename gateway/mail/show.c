#include "gateway/mail/show.h"

#include "gateway/mail/decode.h"
#include "rules/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Moves behind one line; the line is without its end. */
static bool next_line(struct str *rest, struct str *line)
{
    if (rest->len == 0)
        return false;
    *line = str_cut(rest, '\n');
    if (line->len > 0 && line->at[line->len - 1] == '\r')
        line->len--;
    return true;
}

/* The header lines (each with its folds) of *rest, which is left at the body. */
static struct str cut_head(struct str *rest)
{
    const char *begin = rest->at;
    struct str line;

    while (next_line(rest, &line))
        if (line.len == 0)
            return (struct str){begin, (size_t)(line.at - begin)};
    return (struct str){begin, 0};
}

/* The value with its folds; empty where there is no such header. */
static struct str header(struct str head, const char *name)
{
    size_t n = strlen(name);
    struct str line;

    while (next_line(&head, &line)) {
        if (line.len <= n || line.at[n] != ':' || !str_equal_nocase((struct str){line.at, n}, str_of(name)))
            continue;

        const char *begin = line.at + n + 1, *end = line.at + line.len;

        while (head.len > 0 && (head.at[0] == ' ' || head.at[0] == '\t') && next_line(&head, &line))
            end = line.at + line.len;
        return str_trim((struct str){begin, (size_t)(end - begin)});
    }
    return (struct str){NULL, 0};
}

/* The first part of a multipart body, its own headers with it. */
static struct str first_part(struct str content_type, struct str body)
{
    static const char key[] = "boundary=\"";
    char mark[80];
    const char *at = content_type.len > 0 ? memmem(content_type.at, content_type.len, key, sizeof key - 1) : NULL;

    if (at == NULL)
        return (struct str){NULL, 0};

    struct str rest = {at + sizeof key - 1, (size_t)(content_type.at + content_type.len - at) - (sizeof key - 1)};
    struct str boundary = str_cut(&rest, '"'), line;

    (void)snprintf(mark, sizeof mark, "--%.*s", (int)(boundary.len < 70 ? boundary.len : 70), boundary.at);
    while (next_line(&body, &line) && !str_is(line, mark))
        ;

    const char *begin = body.at;

    while (begin != NULL && next_line(&body, &line))
        if (str_starts(line, mark)) /* the line end before it is the boundary's (RFC 2046 §5.1.1) */
            return (struct str){begin, line.at - begin < 2 ? 0 : (size_t)(line.at - begin) - 2};
    return (struct str){NULL, 0};
}

static void text_part(struct buf *out, struct str head, struct str body)
{
    struct str type = header(head, "Content-Type");

    if (str_starts(type, "multipart/")) {
        body = first_part(type, body);
        head = cut_head(&body);
    }
    decode_body(out, body, header(head, "Content-Transfer-Encoding"));
}

/* ---- to the terminal ---- */

static size_t code_point_bytes(struct str s)
{
    return text_first(s, 1).len;
}

/* Two columns for what East Asian fonts draw wide (the scripts from U+1100 to U+115F and from
 * U+2E80 on, which all take three or four bytes); near enough for wrapping. */
static size_t columns(struct str c)
{
    unsigned char first = (unsigned char)c.at[0];

    if (c.len == 3 && (first > 0xE2 || (first == 0xE2 && (unsigned char)c.at[1] >= 0xBA)))
        return 2;
    return c.len == 4 ? 2 : 1;
}

static bool unprintable(struct str c)
{
    unsigned char first = (unsigned char)c.at[0];

    return first < 0x20 || first == 0x7F || (first == 0xC2 && c.len > 1 && (unsigned char)c.at[1] < 0xA0);
}

static void print_clean(struct str s, FILE *out)
{
    while (s.len > 0) {
        size_t n = code_point_bytes(s);

        if (unprintable((struct str){s.at, n}))
            (void)fputs("\xEF\xBF\xBD", out); /* U+FFFD */
        else
            (void)fwrite(s.at, 1, n, out);
        s.at += n;
        s.len -= n;
    }
}

/* The head of a line that fits; cut behind a space where there is one. */
static struct str row_of(struct str line)
{
    size_t width = 0, after_space = 0, n = 0;

    while (n < line.len) {
        struct str rest = {line.at + n, line.len - n};
        size_t bytes = code_point_bytes(rest);

        width += columns((struct str){rest.at, bytes});
        if (width > SHOW_COLUMNS)
            return (struct str){line.at, after_space > 0 ? after_space : n};
        n += bytes;
        if (rest.at[0] == ' ')
            after_space = n;
    }
    return line;
}

static void print_text(struct str text, FILE *out)
{
    while (text.len > 0) {
        struct str line = str_cut(&text, '\n');

        do {
            struct str row = row_of(line);

            line.at += row.len;
            line.len -= row.len;
            while (row.len > 0 && row.at[row.len - 1] == ' ')
                row.len--;
            print_clean(row, out);
            (void)fputc('\n', out);
        } while (line.len > 0);
    }
}

static void print_mail(const char *name, struct str mail, FILE *out)
{
    static const char *const shown[] = {"Date", "From", "To", "Reply-To", "Subject", "Message-ID", "In-Reply-To"};
    struct str body = mail, head = cut_head(&body);
    struct buf b = {0};

    (void)fprintf(out, "---- %s\n", name);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        struct str value = header(head, shown[i]);

        if (value.len == 0)
            continue;
        b.len = 0;
        decode_header(&b, value);
        (void)fprintf(out, "%s: ", shown[i]);
        print_clean(buf_view(&b), out);
        (void)fputc('\n', out);
    }
    (void)fputc('\n', out);
    b.len = 0;
    text_part(&b, head, body);
    print_text(buf_view(&b), out);
    (void)fputc('\n', out);
    buf_free(&b);
}

/* ---- from the folder ---- */

static int is_mail(const struct dirent *d)
{
    size_t n = strlen(d->d_name);

    return d->d_name[0] != '.' && n > 4 && strcmp(d->d_name + n - 4, ".eml") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum err read_file(struct buf *out, const char *folder, const char *name)
{
    struct buf path = {0};
    char piece[8192];
    size_t n;

    buf_printf(&path, "%s/%s", folder, name);

    FILE *f = fopen(path.at, "re");

    buf_free(&path);
    if (f == NULL)
        return ERR_IO;
    while ((n = fread(piece, 1, sizeof piece, f)) > 0 && out->len < SHOW_FILE_BYTES_MAX)
        buf_add(out, piece, n);

    enum err e = ferror(f) ? ERR_IO : ERR_OK;

    (void)fclose(f);
    return e;
}

enum err mail_show(const char *folder, int last, FILE *out)
{
    struct dirent **names;
    int n = scandir(folder, &names, is_mail, by_name);
    enum err e = ERR_OK;

    if (n < 0)
        return errno == ENOENT ? ERR_ABSENT : ERR_IO;
    for (int i = 0; i < n; i++) {
        struct buf mail = {0};

        if (e == ERR_OK && (last <= 0 || i >= n - last)) {
            e = read_file(&mail, folder, names[i]->d_name);
            if (e == ERR_OK)
                print_mail(names[i]->d_name, buf_view(&mail), out);
        }
        buf_free(&mail);
        free(names[i]);
    }
    free(names);
    if (e == ERR_OK && (fflush(out) != 0 || ferror(out)))
        e = ERR_IO;
    return e;
}
