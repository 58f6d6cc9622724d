#include "gateway/files/keep.h"

#include "gateway/app.h"
#include "gateway/files/whole.h"
#include "gateway/intake/mime.h"
#include "queues/blob.h"
#include "queues/seal.h"
#include "rules/base/arena.h"
#include "rules/file_kind.h"
#include "rules/file_name.h"
#include "rules/item.h"

#include <stdio.h>

enum { TYPE_MAX = 100 };

/* E1 */
static struct ulid id_of(const struct keep *k, size_t place)
{
    char text[ID_CHARS_MAX + 32];
    uint8_t random[16];

    (void)snprintf(text, sizeof text, "%s|%zu", id_print(ID_ITEM, k->item).at, place);
    blind_bytes(k->keys, INDEX_FILE, str_of(text), random);
    return ulid_make(ulid_time_ms(k->item), random);
}

/* A picture that was pasted into a mail often has no name; its content says which ending it would have. */
static struct str name_of(struct arena *a, struct str name, struct str bytes)
{
    static const char *const named[] = {
        [FILE_NONE] = "file",      [FILE_PNG] = "file.png", [FILE_JPEG] = "file.jpg", [FILE_GIF] = "file.gif",
        [FILE_WEBP] = "file.webp", [FILE_PDF] = "file.pdf", [FILE_TEXT] = "file.txt"};

    return name.len > 0 ? file_name_clean(a, name) : str_of(named[file_kind_of_bytes(bytes)]);
}

/* What was told of its type, where it is one. */
static struct str type_of(struct arena *a, struct str told)
{
    bool good = told.len > 0 && told.len <= TYPE_MAX;

    for (size_t i = 0; good && i < told.len; i++)
        good = told.at[i] > ' ' && told.at[i] < 0x7f;
    return good ? (struct str){str_copy(a, told), told.len} : str_of(file_kind_type(FILE_NONE));
}

/* On disk, or why not. */
static const char *store(const struct keep *k, const struct attachment *f, struct str bytes)
{
    enum err e = k->full ? ERR_FULL : blob_write(k->blobs, f->id, bytes);

    return e == ERR_OK || e == ERR_CONFLICT ? NULL : "not-stored";
}

void keep_add(struct keep *k, struct str name, struct str type, struct str bytes)
{
    enum file_kind kind = FILE_NONE;
    struct attachment *f;
    const char *why;

    if (k->n == ATTACHMENTS_MAX - 1) { /* the last place is for the word on all others */
        k->left_out++;
        return;
    }
    f = &k->all[k->n];
    *f = (struct attachment){.id = id_of(k, k->n),
                             .name = name_of(k->arena, name, bytes),
                             .bytes = (int64_t)bytes.len,
                             .state = FILE_STATE_WAITING,
                             .proven = k->proven};
    k->n++;

    enum file_fault fault = file_judge(f->name, bytes, FILE_BYTES_MAX, &kind);

    why = fault == FILE_FAULT_GOOD ? store(k, f, bytes) : file_fault_code(fault);
    f->type = why == NULL ? str_of(file_kind_type(kind)) : type_of(k->arena, type);
    if (why != NULL) {
        f->state = FILE_STATE_KEPT;
        f->why = str_of(why);
    }
}

struct str keep_print(struct keep *k)
{
    if (k->left_out > 0)
        k->all[k->n] = (struct attachment){.id = id_of(k, k->n),
                                           .name = str_of(arena_printf(k->arena, "%zu more", k->left_out)),
                                           .type = str_of(file_kind_type(FILE_NONE)),
                                           .state = FILE_STATE_KEPT,
                                           .why = str_of(file_fault_code(FILE_FAULT_MANY)),
                                           .proven = k->proven};
    return attachments_print(k->all, k->n + (k->left_out > 0), k->arena);
}

void keep_mail(struct app *app, const struct mime_mail *m, struct arena *a, struct item *i)
{
    struct keep *k = arena_new(a, struct keep);

    *k = (struct keep){.blobs = app->blobs,
                       .keys = app->keys,
                       .arena = a,
                       .item = i->ulid,
                       .proven = i->proven >= 1,
                       .full = !whole_has_room(app)};
    for (size_t p = 0; p < m->part_count; p++) {
        struct arena *turn = arena_open(64 * 1024); /* decoded one at a time */

        keep_add(k, m->parts[p].name, m->parts[p].type, mime_part_bytes(turn, &m->parts[p]));
        arena_close(turn);
    }
    i->files = keep_print(k);
}
