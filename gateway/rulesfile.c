#include "gateway/rulesfile.h"

#include "gateway/share.h"
#include "gateway/zoneinfo.h"
#include "rules/route.h"

#include <stdio.h>

enum err rulesfile_load(struct rules **out, const char *file, const char *share, struct buf *faults)
{
    bool shipped = file[0] == '\0';
    const char *folder = shipped ? share : NULL, *name = shipped ? "rules/default.rules" : file;
    struct buf text = {0};
    enum err e = share_read(folder, name, RULES_BYTES_MAX, &text);

    if (e != ERR_OK)
        buf_printf(faults, "%s:1: the rules cannot be read: %s\n", name, err_text(e));
    else
        e = rules_load(out, shipped ? "default.rules" : file, buf_view(&text), zoneinfo_bytes, NULL, faults);
    buf_free(&text);
    return e;
}
