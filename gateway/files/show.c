#include "gateway/files/show.h"

#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/pages.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <inttypes.h>

/* What a requester is told of a state: what was found is for staff. */
static const char *const words[] = {
    [FILE_STATE_WAITING] = "checking", [FILE_STATE_CLEAN] = "ready",      [FILE_STATE_UNSCANNED] = "ready",
    [FILE_STATE_HELD] = "held",        [FILE_STATE_INFECTED] = "refused", [FILE_STATE_KEPT] = "kept"};

static struct doc *basics(const struct file *f, const char *state)
{
    struct doc *d = doc_object();

    doc_set_text(d, "file", str_of(id_print(ID_FILE, f->id).at));
    doc_set_text(d, "name", f->name);
    doc_set_int(d, "size", f->bytes);
    doc_set_text(d, "type", f->type);
    doc_set_text(d, "state", str_of(state));
    return d;
}

struct doc *show_json(const struct file_list *files)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < files->count; i++)
        doc_push(list, basics(&files->at[i], words[files->at[i].state]));
    return list;
}

/* What a person reads: "3.4 MB" in the language's words. */
static const char *size_text(struct call *c, const char *lang, int64_t bytes)
{
    const struct pages *p = c->app->pages;
    bool large = bytes >= 1000 * 1000;
    int64_t tenths = large ? bytes / 100000 : (bytes + 999) / 1000;
    const char *number = large ? arena_printf(c->arena, "%" PRId64 ".%" PRId64, tenths / 10, tenths % 10)
                               : arena_printf(c->arena, "%" PRId64, tenths);

    return pages_fill(c->arena, pages_text(p, lang, large ? "size.mb" : "size.kb"), "n", str_of(number));
}

static struct doc *named(struct call *c, const char *lang, const struct file *f)
{
    struct doc *d = doc_object();

    doc_set_text(d, "name", f->name);
    doc_set_text(d, "size_text", str_of(size_text(c, lang, f->bytes)));
    return d;
}

static struct str state_text(struct call *c, const char *lang, const char *word)
{
    return str_of(pages_text(c->app->pages, lang, arena_printf(c->arena, "file.%s", word)));
}

void show_page(struct call *c, const char *lang, uint64_t reference, const struct file_list *files, struct doc *page)
{
    static const char *const told[] = {"ready", "held", "refused"};
    struct doc *list = doc_array();

    for (size_t i = 0; i < files->count; i++) {
        const struct file *f = &files->at[i];
        struct doc *d = named(c, lang, f);

        doc_set_text(d, "state_text", state_text(c, lang, words[f->state]));
        if (file_state_released(f->state))
            doc_set_text(d, "href",
                         str_of(arena_printf(c->arena, "/requests/%s/files/%s", reference_print(reference).at,
                                             id_print(ID_FILE, f->id).at)));
        doc_push(list, d);
    }
    doc_set(page, "files", list);
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        doc_set_text(page, arena_printf(c->arena, "file_%s", told[i]), state_text(c, lang, told[i]));
}

struct doc *show_attached(struct call *c, const char *lang, const struct file_list *files, struct str ids)
{
    struct doc *list = doc_array();
    struct ulid id;

    while (file_next(&ids, &id)) {
        const struct file *f = file_find(files, id);

        if (f != NULL)
            doc_push(list, named(c, lang, f));
    }
    return list;
}

struct doc *show_staff(const struct file_list *files, struct str ids)
{
    struct doc *list = doc_array();
    struct ulid id;

    while (file_next(&ids, &id)) {
        const struct file *f = file_find(files, id);
        struct doc *d;

        if (f == NULL)
            continue;
        d = basics(f, file_state_name(f->state));
        doc_set_text_or_null(d, "why", f->why.len > 0 ? f->why : (struct str){NULL, 0});
        doc_set_bool(d, "proven", f->proven);
        doc_push(list, d);
    }
    return list;
}
