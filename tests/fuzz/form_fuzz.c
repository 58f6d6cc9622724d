/* A content type in the first line and any bytes behind it as a form: no fault, nothing read beyond the body, nothing
 * taken twice. */
#include "gateway/http/form.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_again(struct arena *a, const struct form_field *fields, size_t n)
{
    struct form_field again[FORM_FIELDS_MAX];
    struct buf b = {0};
    size_t m;

    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < fields[i].name.len; k++)
            buf_printf(&b, "%%%02X", (unsigned char)fields[i].name.at[k]);
        buf_char(&b, '=');
        for (size_t k = 0; k < fields[i].value.len; k++)
            buf_printf(&b, "%%%02x", (unsigned char)fields[i].value.at[k]);
        buf_char(&b, '&');
    }
    assert(form_urlencoded(a, buf_view(&b), again, &m) == ERR_OK && m == n);
    for (size_t i = 0; i < n; i++)
        assert(str_equal(fields[i].name, again[i].name) && str_equal(fields[i].value, again[i].value));
    buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_open(4096);
    struct str rest = {(const char *)data, size}, type = str_cut(&rest, '\n');
    struct call_header header = {STR("content-type"), type};
    struct call c = {.arena = a, .headers = &header, .header_count = 1};
    struct form_field *fields;
    size_t n, total = 0;

    /* Of its own size, so that one byte too many is seen. */
    char *body = malloc(rest.len > 0 ? rest.len : 1);

    if (rest.len > 0)
        memcpy(body, rest.at, rest.len);
    c.body = (struct str){body, rest.len};
    if (form_parse(&c, &fields, &n) == ERR_OK) {
        assert(n <= FORM_FIELDS_MAX);
        for (size_t i = 0; i < n; i++)
            total += fields[i].name.len + fields[i].value.len;
        assert(total <= rest.len);
        read_again(a, fields, n);
    }
    free(body);
    arena_close(a);
    return 0;
}
