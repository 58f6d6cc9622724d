#include "gateway/rulesfile.h"

#include "gateway/share.h"
#include "gateway/zoneinfo.h"
#include "rules/route.h"

#include <stdio.h>
#include <string.h>

enum { FOLDER_BYTES = 4200 };

/* arg: the folder of the rules file. */
static enum err beside(void *arg, const char *name, size_t bytes_max, struct buf *bytes)
{
    return share_read(arg, name, bytes_max, bytes);
}

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

enum err rulesfile_load(struct rules **out, const char *file, const char *share, struct buf *faults)
{
    bool shipped = file[0] == '\0';
    const char *folder = shipped ? share : NULL, *name = shipped ? "rules/default.rules" : file;
    char around[FOLDER_BYTES];
    const struct rules_sources from = {
        .zones = zoneinfo_bytes, .zones_arg = NULL, .beside = beside, .beside_arg = around};
    struct buf text = {0};

    folder_of(file, share, around);

    enum err e = share_read(folder, name, RULES_BYTES_MAX, &text);

    if (e != ERR_OK)
        buf_printf(faults, "%s:1: the rules cannot be read: %s\n", name, err_text(e));
    else
        e = rules_load_from(out, shipped ? "default.rules" : file, buf_view(&text), &from, faults);
    buf_free(&text);
    return e;
}

enum err rulesfile_load_text(struct rules **out, struct str text, const char *file, const char *share,
                             struct buf *faults)
{
    char around[FOLDER_BYTES];
    const struct rules_sources from = {
        .zones = zoneinfo_bytes, .zones_arg = NULL, .beside = beside, .beside_arg = around};

    folder_of(file, share, around);
    return rules_load_from(out, "candidate", text, &from, faults);
}
