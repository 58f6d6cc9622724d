#include "gateway/rulesfile.h"

#include "gateway/share.h"
#include "gateway/zoneinfo.h"
#include "rules/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOLDER_BYTES = 4200 };

/* A file beside the rules, as it was when it was asked for first. */
struct beside {
    struct beside *next;
    char *name;
    struct buf bytes;
};

struct rulesfile {
    char *name;                /* in messages */
    char folder[FOLDER_BYTES]; /* of the files beside it */
    struct buf text;
    struct beside *beside;
};

static void folder_of(const char *file, const char *share, char *out)
{
    const char *slash = strrchr(file, '/');

    if (file[0] == '\0')
        (void)snprintf(out, FOLDER_BYTES, "%s/rules", share);
    else if (slash == NULL)
        (void)snprintf(out, FOLDER_BYTES, ".");
    else
        (void)snprintf(out, FOLDER_BYTES, "%.*s", (int)(slash - file), file);
}

enum err rulesfile_open(struct rulesfile **out, const char *file, const char *share, struct buf *faults)
{
    bool shipped = file[0] == '\0';
    const char *name = shipped ? "rules/default.rules" : file;
    struct rulesfile *f = calloc(1, sizeof *f);

    if (f == NULL)
        abort();

    enum err e = share_read(shipped ? share : NULL, name, RULES_BYTES_MAX, &f->text);

    f->name = strdup(shipped ? "default.rules" : file);
    if (f->name == NULL)
        abort();
    folder_of(file, share, f->folder);
    if (e != ERR_OK) {
        buf_printf(faults, "%s:1: the rules cannot be read: %s\n", name, err_text(e));
        rulesfile_close(f);
        return e;
    }
    *out = f;
    return ERR_OK;
}

void rulesfile_close(struct rulesfile *f)
{
    if (f == NULL)
        return;
    while (f->beside != NULL) {
        struct beside *b = f->beside;

        f->beside = b->next;
        buf_free(&b->bytes);
        free(b->name);
        free(b);
    }
    buf_free(&f->text);
    free(f->name);
    free(f);
}

static void keep(struct rulesfile *f, const char *name, struct buf *bytes)
{
    struct beside *b = calloc(1, sizeof *b);

    if (b == NULL || (b->name = strdup(name)) == NULL)
        abort();
    b->bytes = *bytes;
    b->next = f->beside;
    f->beside = b;
}

/* A rules_beside; arg: the house. What is not there, or cannot be read, is asked for again the next time. */
static enum err beside(void *arg, const char *name, size_t bytes_max, struct buf *bytes)
{
    struct rulesfile *f = arg;
    struct buf read = {0};

    for (struct beside *b = f->beside; b != NULL; b = b->next)
        if (strcmp(b->name, name) == 0) {
            if (b->bytes.len > bytes_max)
                return ERR_LARGE;
            buf_str(bytes, buf_view(&b->bytes));
            return ERR_OK;
        }

    enum err e = share_read(f->folder, name, bytes_max, &read);

    if (e != ERR_OK) {
        buf_free(&read);
        return e;
    }
    buf_str(bytes, buf_view(&read));
    keep(f, name, &read);
    return ERR_OK;
}

enum err rulesfile_compose(void *arg, const struct active_pack *packs, size_t n, struct rules **out, struct buf *faults)
{
    struct rulesfile *f = arg;
    struct rules_overlay over[RULES_OVERLAYS_MAX];
    char file[RULES_OVERLAYS_MAX][64];
    const struct rules_sources from = {.zones = zoneinfo_bytes, .zones_arg = NULL, .beside = beside, .beside_arg = f};

    if (n > RULES_OVERLAYS_MAX)
        return ERR_LIMIT;
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(file[i], sizeof file[i], "packs/%s.rules", packs[i].pack.at);
        over[i] = (struct rules_overlay){packs[i].slug.at, file[i], packs[i].text};
    }
    return rules_load_over(out, f->name, buf_view(&f->text), over, n, &from, faults);
}

enum err rulesfile_pack(const char *file, const char *share, const char *name, struct buf *text)
{
    char folder[FOLDER_BYTES], path[64];

    (void)snprintf(path, sizeof path, "packs/%s.rules", name);
    folder_of(file, share, folder);

    enum err e = share_read(folder, path, RULES_BYTES_MAX, text);

    if (e != ERR_ABSENT || file[0] == '\0')
        return e;
    folder_of("", share, folder);
    text->len = 0;
    return share_read(folder, path, RULES_BYTES_MAX, text);
}

enum err rulesfile_load(struct rules **out, const char *file, const char *share, struct buf *faults)
{
    struct rulesfile *f;
    enum err e = rulesfile_open(&f, file, share, faults);

    if (e != ERR_OK)
        return e;
    e = rulesfile_compose(f, NULL, 0, out, faults);
    rulesfile_close(f);
    return e;
}

void rulesfile_open_text(struct rulesfile **out, struct str text, const char *file, const char *share)
{
    struct rulesfile *f = calloc(1, sizeof *f);

    if (f == NULL || (f->name = strdup("candidate")) == NULL)
        abort();
    buf_str(&f->text, text);
    folder_of(file, share, f->folder);
    *out = f;
}
