#include "rules/item.h"

#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <string.h>

static const char *const op_names[] = {[ITEM_REQUEST] = "request", [ITEM_MESSAGE] = "message"};

/* The text fields, each a name in the journal and a place in the struct. */
static const struct {
    const char *name;
    size_t offset;
} fields[] = {
#define FIELD(name)                        \
    {                                      \
#name, offsetof(struct item, name) \
    }
    FIELD(channel), FIELD(key),    FIELD(holder),   FIELD(body),         FIELD(text),
    FIELD(email),   FIELD(phone),  FIELD(name),     FIELD(organisation), FIELD(site),
    FIELD(invoice), FIELD(impact), FIELD(language), FIELD(raw_type),     FIELD(raw_blob),
#undef FIELD
};

enum { FIELDS = sizeof fields / sizeof fields[0] };

const char *item_op_name(enum item_op op)
{
    return op_names[op];
}

/* The fields as one line of JSON, then the raw original. */
struct str item_print(const struct item *i, struct arena *a)
{
    struct doc *d = doc_object();

    doc_set_int(d, "reference", (int64_t)i->reference);
    for (size_t f = 0; f < FIELDS; f++) {
        const struct str *s = (const void *)((const char *)i + fields[f].offset);

        if (s->len > 0)
            doc_set_text(d, fields[f].name, *s);
    }

    struct str line = doc_print(d, a);
    char *all = arena_take(a, line.len + 1 + i->raw.len);

    doc_close(d);
    memcpy(all, line.at, line.len);
    all[line.len] = '\n';
    if (i->raw.len > 0)
        memcpy(all + line.len + 1, i->raw.at, i->raw.len);
    return (struct str){all, line.len + 1 + i->raw.len};
}

static struct str own(struct arena *a, struct str s)
{
    return (struct str){str_copy(a, s), s.len};
}

enum err item_parse(struct str op, struct str payload, struct arena *a, struct item *out)
{
    struct item i = {0};
    struct doc *d;
    struct str rest = payload, line = str_cut(&rest, '\n');

    if (str_is(op, op_names[ITEM_MESSAGE]))
        i.op = ITEM_MESSAGE;
    else if (!str_is(op, op_names[ITEM_REQUEST]))
        return ERR_CORRUPT;
    if (rest.at == NULL || doc_parse(&d, line, NULL, 0) != ERR_OK)
        return ERR_CORRUPT;
    for (size_t f = 0; f < FIELDS; f++)
        *(struct str *)(void *)((char *)&i + fields[f].offset) = own(a, doc_get_text(d, fields[f].name));

    int64_t reference = doc_get_int(d, "reference", -1);

    doc_close(d);
    if (reference < 0 || reference >= INT64_C(1) << 40)
        return ERR_CORRUPT;
    i.reference = (uint64_t)reference;
    i.raw = rest;
    *out = i;
    return ERR_OK;
}
