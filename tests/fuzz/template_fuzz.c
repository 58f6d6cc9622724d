/* Any bytes as two templates and a JSON value: compiles or is refused, renders without a fault.
 * The three parts are cut at bytes 0x1e. */
#include "gateway/template.h"

#include "rules/base/doc.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void render(const struct templates *set, struct str json)
{
    struct doc *data = NULL;
    struct buf out = {0};

    if (doc_parse(&data, json, NULL, 0) != ERR_OK)
        return;
    (void)template_render(templates_find(set, "p"), NULL, data, &out);
    buf_free(&out);
    doc_close(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
    struct str rest = {(const char *)at, len};
    struct str p = str_cut(&rest, 0x1e), q = str_cut(&rest, 0x1e);
    struct templates *set = templates_open();
    struct buf faults = {0};

    if (templates_add(set, "p", "p", p, TEMPLATE_HTML, &faults) == ERR_OK &&
        templates_add(set, "q", "q", q, TEMPLATE_PLAIN, &faults) == ERR_OK && templates_link(set, &faults) == ERR_OK)
        render(set, rest);
    buf_free(&faults);
    templates_close(set);
    return 0;
}
