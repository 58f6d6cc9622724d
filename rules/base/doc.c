#include "rules/base/doc.h"

#include "rules/base/arena.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* struct doc is never defined: it is jansson's json_t under a name of ours. */
static json_t *in(const struct doc *d)
{
    return (json_t *)(uintptr_t)d;
}

static struct doc *made(json_t *j)
{
    if (j == NULL)
        abort(); /* no memory, or text of ours that is not UTF-8 */
    return (struct doc *)(void *)j;
}

static const struct doc *lent(json_t *j)
{
    return (const struct doc *)(void *)j;
}

/* jansson itself stops at 2,048 levels; ours is refused before it recurses. */
static bool too_deep(struct str s)
{
    int depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];

        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > DOC_DEPTH_MAX)
                return true;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

enum err doc_parse(struct doc **out, struct str s, char *why, size_t why_bytes)
{
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY;
    json_error_t e;

    if (too_deep(s)) {
        if (why != NULL)
            (void)snprintf(why, why_bytes, "nested deeper than %d levels", DOC_DEPTH_MAX);
        return ERR_SYNTAX;
    }

    json_t *j = json_loadb(s.len == 0 ? "" : s.at, s.len, flags, &e);

    if (j == NULL) {
        if (why != NULL)
            (void)snprintf(why, why_bytes, "line %d: %s", e.line, e.text);
        return ERR_SYNTAX;
    }
    *out = made(j);
    return ERR_OK;
}

void doc_close(struct doc *d)
{
    json_decref(in(d));
}

enum doc_kind doc_kind(const struct doc *d)
{
    if (d == NULL)
        return DOC_NONE;
    switch (json_typeof(in(d))) {
    case JSON_OBJECT:
        return DOC_OBJECT;
    case JSON_ARRAY:
        return DOC_ARRAY;
    case JSON_STRING:
        return DOC_TEXT;
    case JSON_INTEGER:
        return DOC_INT;
    case JSON_REAL:
        return DOC_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return DOC_BOOL;
    case JSON_NULL:
        return DOC_NULL;
    }
    return DOC_NONE;
}

const struct doc *doc_get(const struct doc *object, const char *name)
{
    return lent(json_object_get(in(object), name));
}

struct str doc_text(const struct doc *d)
{
    return (struct str){json_string_value(in(d)), json_string_length(in(d))};
}

struct str doc_get_text(const struct doc *object, const char *name)
{
    return doc_text(doc_get(object, name));
}

bool doc_int(const struct doc *d, int64_t *out)
{
    if (!json_is_integer(in(d)))
        return false;
    *out = json_integer_value(in(d));
    return true;
}

int64_t doc_get_int(const struct doc *object, const char *name, int64_t fallback)
{
    (void)doc_int(doc_get(object, name), &fallback);
    return fallback;
}

bool doc_true(const struct doc *d)
{
    return json_is_true(in(d));
}

bool doc_get_bool(const struct doc *object, const char *name, bool fallback)
{
    const struct doc *d = doc_get(object, name);

    return doc_kind(d) == DOC_BOOL ? doc_true(d) : fallback;
}

size_t doc_size(const struct doc *d)
{
    return json_is_array(in(d)) ? json_array_size(in(d)) : json_object_size(in(d));
}

const struct doc *doc_at(const struct doc *array, size_t i)
{
    return lent(json_array_get(in(array), i));
}

void doc_each(const struct doc *object, bool (*visit)(void *arg, const char *name, const struct doc *value), void *arg)
{
    const char *name;
    json_t *value;

    json_object_foreach(in(object), name, value) {
        if (!visit(arg, name, lent(value)))
            return;
    }
}

struct doc *doc_object(void)
{
    return made(json_object());
}

struct doc *doc_array(void)
{
    return made(json_array());
}

struct doc *doc_new_text(struct str s)
{
    return made(json_stringn(s.len == 0 ? "" : s.at, s.len));
}

struct doc *doc_new_int(int64_t n)
{
    return made(json_integer(n));
}

struct doc *doc_new_real(double x)
{
    return made(json_real(x));
}

struct doc *doc_new_bool(bool b)
{
    return made(json_boolean(b));
}

struct doc *doc_new_null(void)
{
    return made(json_null());
}

struct doc *doc_copy(const struct doc *d)
{
    return made(json_incref(in(d)));
}

void doc_set(struct doc *object, const char *name, struct doc *value)
{
    if (json_object_set_new(in(object), name, in(value)) != 0)
        abort();
}

void doc_set_text(struct doc *object, const char *name, struct str s)
{
    doc_set(object, name, doc_new_text(s));
}

void doc_set_int(struct doc *object, const char *name, int64_t n)
{
    doc_set(object, name, doc_new_int(n));
}

void doc_set_bool(struct doc *object, const char *name, bool b)
{
    doc_set(object, name, doc_new_bool(b));
}

void doc_set_null(struct doc *object, const char *name)
{
    doc_set(object, name, doc_new_null());
}

void doc_set_text_or_null(struct doc *object, const char *name, struct str s)
{
    doc_set(object, name, s.at == NULL ? doc_new_null() : doc_new_text(s));
}

void doc_push(struct doc *array, struct doc *value)
{
    if (json_array_append_new(in(array), in(value)) != 0)
        abort();
}

struct str doc_print(const struct doc *d, struct arena *a)
{
    char *s = json_dumps(in(d), JSON_COMPACT | JSON_ENCODE_ANY);

    if (s == NULL)
        abort();

    char *copy = arena_strdup(a, s);

    free(s);
    return str_of(copy);
}

/* ---- flat objects ---- */

static void flat_name(struct buf *b, const char *name)
{
    buf_text(b, b->len == 0 ? "{\"" : ",\"");
    buf_text(b, name);
    buf_text(b, "\":");
}

/* RFC 8259 section 7: the quote, the backslash and what is below U+0020. */
static void flat_escape(struct buf *b, unsigned char c)
{
    static const char hex[] = "0123456789ABCDEF";
    static const char letters[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    char out[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    size_t len = sizeof out;

    if (c >= 0x20) {
        out[1] = (char)c;
        len = 2;
    } else if (c < sizeof letters && letters[c] != 0) {
        out[1] = letters[c];
        len = 2;
    }
    buf_add(b, out, len);
}

void doc_flat_text(struct buf *b, const char *name, struct str s)
{
    size_t plain = 0;

    if (!text_utf8_valid(s))
        abort(); /* as doc_new_text() */
    flat_name(b, name);
    buf_char(b, '"');
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add(b, s.at + plain, i - plain);
        flat_escape(b, c);
        plain = i + 1;
    }
    if (s.len > plain)
        buf_add(b, s.at + plain, s.len - plain);
    buf_char(b, '"');
}

void doc_flat_int(struct buf *b, const char *name, int64_t n)
{
    char digits[24];

    flat_name(b, name);
    buf_add(b, digits, (size_t)snprintf(digits, sizeof digits, "%lld", (long long)n));
}

void doc_flat_bool(struct buf *b, const char *name, bool value)
{
    flat_name(b, name);
    buf_text(b, value ? "true" : "false");
}

void doc_flat_null(struct buf *b, const char *name)
{
    flat_name(b, name);
    buf_text(b, "null");
}

struct str doc_flat_print(const struct buf *b, struct arena *a)
{
    struct str body = b->len == 0 ? STR("{") : (struct str){b->at, b->len};
    char *p = arena_take(a, body.len + 2);

    memcpy(p, body.at, body.len);
    p[body.len] = '}';
    return (struct str){p, body.len + 1};
}
