/* render_page SHARE LANG NAME <data.json: prints one page as the gateway renders it. */
#include "gateway/pages.h"

#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <stdio.h>

static enum err print(const struct pages *p, char **argv, struct str json, struct buf *faults)
{
    struct arena *a = arena_open(64 * 1024);
    struct doc *data = NULL;
    struct str page;
    char why[200] = "";
    enum err e = doc_parse(&data, json, why, sizeof why);

    if (e == ERR_OK)
        e = pages_render(&page, p, argv[2], argv[3], data, a);
    if (e == ERR_OK)
        (void)fwrite(page.at, 1, page.len, stdout);
    else
        buf_printf(faults, "%s %s\n", err_text(e), why);
    doc_close(data);
    arena_close(a);
    return e;
}

int main(int argc, char **argv)
{
    const struct pages_about about = {"Example Cloud", "+886 2 1234 5678"};
    struct pages *p = NULL;
    struct buf faults = {0}, json = {0};
    char piece[4096];

    if (argc != 4)
        return fputs("render_page SHARE LANG NAME <data.json\n", stderr), 64;
    for (size_t n; (n = fread(piece, 1, sizeof piece, stdin)) > 0;)
        buf_add(&json, piece, n);

    enum err e = pages_open(&p, argv[1], &about, &faults);

    if (e == ERR_OK)
        e = print(p, argv, buf_view(&json), &faults);
    (void)fputs(buf_view(&faults).at, stderr);
    pages_close(p);
    buf_free(&faults);
    buf_free(&json);
    return e == ERR_OK ? 0 : 1;
}
