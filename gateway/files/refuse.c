#include "gateway/files/refuse.h"

#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/intake/fields.h"
#include "gateway/pages.h"

#include <assert.h>

enum { DAY_RETRY_S = 3600 };

static const struct {
    const char *code;
    int status;
    const char *key; /* of the catalogue */
    int retry_s;
} list[] = {
    {"level-needed", 403, "error.file.level", 0},
    {"file-missing", 422, "error.file.missing", 0},
    {"unsupported-type", 415, "error.file.parts", 0},
    {"file-name", 422, "error.file.name", 0},
    {"file-empty", 422, "error.file.empty", 0},
    {"file-large", 413, "error.file.large", 0},
    {"file-large-post", 413, "error.file.post", 0},
    {"file-kind", 422, "error.file.kind", 0},
    {"file-content", 422, "error.file.content", 0},
    {"file-differs", 422, "error.file.differs", 0},
    {"file-pixels", 422, "error.file.pixels", 0},
    {"file-utf8", 422, "error.file.utf8", 0},
    {"file-double", 422, "error.file.content", 0},
    {"file-count", 422, "error.file.count", 0},
    {"file-room", 422, "error.file.room", 0},
    {"file-customer", 422, "error.file.customer", 0},
    {"file-day", 503, "error.file.later", DAY_RETRY_S},
    {"file-later", 503, "error.file.later", 5},
    {"part-number", 422, "error.file.parts", 0},
    {"part-size", 422, "error.file.parts", 0},
    {"part-over", 422, "error.file.parts", 0},
    {"part-differs", 409, "error.file.parts", 0},
    {"parts-broken", 422, "error.file.parts", 0},
    {"upload-gone", 410, "error.file.gone", 0},
    {"no-file", 404, "error.file.none", 0},
    {"not-released", 409, "error.file.wait", 5},
    {"file-refused", 410, "error.file.refused", 0},
    {"file-kept", 410, "error.file.kept", 0},
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
