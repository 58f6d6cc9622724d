/* Files that came with an item: named by its message, each with a record of its own. */
#include "queues/file.h"
#include "queues/filing_parts.h"
#include "queues/filing_steps.h"
#include "queues/log.h"
#include "rules/base/arena.h"

/* What cannot be read is a fault of ours; words are filed without it. */
static size_t files_of(struct filing *f, struct attachment all[ATTACHMENTS_MAX])
{
    size_t n;

    if (attachments_parse(f->item.files, f->arena, all, &n) == ERR_OK)
        return n;
    log_error("files_unreadable", "item=%s", id_print(ID_ITEM, f->item.ulid).at);
    return 0;
}

struct str files_ids(struct filing *f)
{
    struct attachment all[ATTACHMENTS_MAX];

    if (f->item.files.len == 0)
        return STR("");
    return attachments_ids(all, files_of(f, all), f->arena);
}

struct str files_title(struct filing *f)
{
    struct attachment all[ATTACHMENTS_MAX];

    return files_of(f, all) > 0 ? all[0].name : STR("");
}

void ask_files(struct filing *f, struct redis *r)
{
    struct attachment all[ATTACHMENTS_MAX];

    if (f->item.files.len == 0)
        return;
    f->asked +=
        files_queue_new(r, f->keys, f->arena, all, files_of(f, all), f->item.ulid, f->ticket, f->item.received_ms);
}
