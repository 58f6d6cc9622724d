#include "rules/attachment.h"

#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <assert.h>

static const char *const state_names[] = {
#define X(name, word) [FILE_STATE_##name] = word,
    FILE_STATE_LIST(X)
#undef X
};

const char *file_state_name(enum file_state s)
{
    return state_names[s];
}

bool file_state_parse(struct str s, enum file_state *out)
{
    for (int i = 0; i < FILE_STATES; i++)
        if (str_is(s, state_names[i])) {
            *out = (enum file_state)i;
            return true;
        }
    return false;
}

bool file_state_released(enum file_state s)
{
    return s == FILE_STATE_CLEAN || s == FILE_STATE_UNSCANNED;
}

struct str attachments_print(const struct attachment *all, size_t n, struct arena *a)
{
    struct doc *list = doc_array();

    assert(n <= ATTACHMENTS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct doc *d = doc_object();

        doc_set_text(d, "file", str_of(id_print(ID_FILE, all[i].id).at));
        doc_set_text(d, "name", all[i].name);
        doc_set_text(d, "type", all[i].type);
        doc_set_int(d, "bytes", all[i].bytes);
        doc_set_text(d, "state", str_of(file_state_name(all[i].state)));
        if (all[i].why.len > 0)
            doc_set_text(d, "why", all[i].why);
        if (all[i].proven)
            doc_set_bool(d, "proven", true);
        doc_push(list, d);
    }

    struct str line = n == 0 ? STR("") : doc_print(list, a);

    doc_close(list);
    return line;
}

static struct str own(struct arena *a, const struct doc *d, const char *name)
{
    struct str s = doc_get_text(d, name);

    return (struct str){str_copy(a, s), s.len};
}

static bool parse_one(const struct doc *d, struct arena *a, struct attachment *out)
{
    if (!id_parse(ID_FILE, doc_get_text(d, "file"), &out->id) ||
        !file_state_parse(doc_get_text(d, "state"), &out->state))
        return false;
    out->name = own(a, d, "name");
    out->type = own(a, d, "type");
    out->why = own(a, d, "why");
    out->bytes = doc_get_int(d, "bytes", -1);
    out->proven = doc_get_bool(d, "proven", false);
    return out->name.len > 0 && out->type.len > 0 && out->bytes >= 0;
}

enum err attachments_parse(struct str s, struct arena *a, struct attachment *out, size_t *n)
{
    struct doc *list;
    size_t count;
    bool good;

    *n = 0;
    if (s.len == 0)
        return ERR_OK;
    if (doc_parse(&list, s, NULL, 0) != ERR_OK)
        return ERR_CORRUPT;
    count = doc_size(list);
    good = doc_kind(list) == DOC_ARRAY && count <= ATTACHMENTS_MAX;
    for (size_t i = 0; good && i < count; i++) {
        out[i] = (struct attachment){0};
        good = parse_one(doc_at(list, i), a, &out[i]);
    }
    doc_close(list);
    if (!good)
        return ERR_CORRUPT;
    *n = count;
    return ERR_OK;
}

struct str attachments_ids(const struct attachment *all, size_t n, struct arena *a)
{
    struct buf b = {0};

    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s%s", i == 0 ? "" : " ", id_print(ID_FILE, all[i].id).at);

    struct str ids = {str_copy(a, buf_view(&b)), b.len};

    buf_free(&b);
    return ids;
}
