#include "gateway/files/refuse.h"

#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/intake/fields.h"
#include "gateway/pages.h"

#include <assert.h>

enum { DAY_RETRY_S = 3600 };

static const struct {
    const char *code, *key; /* key: of the catalogue */
    int status, retry_s;
} list[] = {
    {"level-needed", "error.file.level", 403, 0},
    {"file-missing", "error.file.missing", 422, 0},
    {"unsupported-type", "error.file.parts", 415, 0},
    {"file-name", "error.file.name", 422, 0},
    {"file-empty", "error.file.empty", 422, 0},
    {"file-large", "error.file.large", 413, 0},
    {"file-large-post", "error.file.post", 413, 0},
    {"file-kind", "error.file.kind", 422, 0},
    {"file-content", "error.file.content", 422, 0},
    {"file-differs", "error.file.differs", 422, 0},
    {"file-pixels", "error.file.pixels", 422, 0},
    {"file-utf8", "error.file.utf8", 422, 0},
    {"file-double", "error.file.content", 422, 0},
    {"file-count", "error.file.count", 422, 0},
    {"file-room", "error.file.room", 422, 0},
    {"file-customer", "error.file.customer", 422, 0},
    {"file-day", "error.file.later", 503, DAY_RETRY_S},
    {"file-later", "error.file.later", 503, 5},
    {"part-number", "error.file.parts", 422, 0},
    {"part-size", "error.file.parts", 422, 0},
    {"part-over", "error.file.parts", 422, 0},
    {"part-differs", "error.file.parts", 409, 0},
    {"parts-broken", "error.file.parts", 422, 0},
    {"upload-gone", "error.file.gone", 410, 0},
    {"no-file", "error.file.none", 404, 0},
    {"not-released", "error.file.wait", 409, 5},
    {"file-refused", "error.file.refused", 410, 0},
    {"file-kept", "error.file.kept", 410, 0},
};

static size_t find(struct str code)
{
    size_t i = 0;

    while (i < sizeof list / sizeof list[0] && !str_is(code, list[i].code))
        i++;
    return i;
}

void files_refuse(struct call *c, const char *lang, const char *code, const char *back)
{
    size_t i = find(str_of(code));

    assert(i < sizeof list / sizeof list[0]);
    if (back != NULL) {
        call_redirect(c, str_of(arena_printf(c->arena, "%s?wrong=%s#files", back, code)));
        return;
    }
    call_set_header(c, "content-language", str_of(lang));
    call_problem(c, list[i].status, code, pages_text(c->app->pages, lang, list[i].key), NULL, list[i].retry_s);
}

bool files_fault(struct str wrong, struct field_fault *out)
{
    size_t i = find(wrong);

    if (i == sizeof list / sizeof list[0])
        return false;
    *out = (struct field_fault){"file", list[i].code, list[i].key};
    return true;
}
