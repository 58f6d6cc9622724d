#include "rules/item.h"

#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <string.h>

static const char *const op_names[] = {[ITEM_REQUEST] = "request",
                                       [ITEM_MESSAGE] = "message",
                                       [ITEM_BOUNCE] = "bounce",
                                       [ITEM_MAIL] = "mail",
                                       [ITEM_RESTORATION] = "restoration"};

enum { OPS = sizeof op_names / sizeof op_names[0] };

/* The fields, each a name in the journal and a place in the struct. */
#define TEXT_LIST(X)       \
    X(channel)             \
    X(key)                 \
    X(holder)              \
    X(body)                \
    X(text)                \
    X(email)               \
    X(phone)               \
    X(name)                \
    X(organisation)        \
    X(site)                \
    X(invoice)             \
    X(impact)              \
    X(language)            \
    X(raw_type)            \
    X(raw_blob)            \
    X(subject)             \
    X(source)              \
    X(external)            \
    X(handle)              \
    X(url)                 \
    X(behalf_name)         \
    X(behalf_organisation) \
    X(behalf_email)        \
    X(behalf_site)         \
    X(answers)             \
    X(thread)              \
    X(hint)                \
    X(message_id)          \
    X(sender)              \
    X(recipients)          \
    X(call_back_to)        \
    X(logged_by)           \
    X(logged_name)         \
    X(files)
#define NUMBER_LIST(X) X(followers) X(proven) X(call_back_ms)
#define FLAG_LIST(X)   X(executive) X(automatic)

static void set_text(struct doc *d, const char *name, struct str s)
{
    if (s.len > 0)
        doc_set_text(d, name, s);
}

struct str item_behalf(const struct item *i, struct arena *a)
{
    const struct str parts[] = {i->behalf_name, i->behalf_organisation, i->behalf_site};
    struct buf b = {0};

    for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++)
        if (parts[k].len > 0)
            buf_printf(&b, "%s%.*s", b.len > 0 ? ", " : "", (int)parts[k].len, parts[k].at);
    if (b.len == 0)
        buf_str(&b, i->behalf_email);

    struct str all = {str_copy(a, buf_view(&b)), b.len};

    buf_free(&b);
    return all;
}

struct item item_about(const struct item *i, bool behalf, bool outsider)
{
    struct item about = *i;

    if (!behalf && !outsider)
        return about;
    about.email = about.name = about.organisation = about.phone = about.handle = STR("");
    about.proven = 0;
    if (behalf) {
        about.name = i->behalf_name;
        about.organisation = i->behalf_organisation;
        about.email = i->behalf_email;
        about.site = i->behalf_site;
    }
    return about;
}

const char *item_op_name(enum item_op op)
{
    return op_names[op];
}

/* The fields as one line of JSON, then the raw original. */
struct str item_print(const struct item *i, struct arena *a)
{
    struct doc *d = doc_object();

    doc_set_int(d, "reference", (int64_t)i->reference);
#define X(field) set_text(d, #field, i->field);
    TEXT_LIST(X)
#undef X
#define X(field)       \
    if (i->field != 0) \
        doc_set_int(d, #field, i->field);
    NUMBER_LIST(X)
#undef X
#define X(field)  \
    if (i->field) \
        doc_set_bool(d, #field, true);
    FLAG_LIST(X)
#undef X

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
    int kind = 0;

    while (kind < OPS && !str_is(op, op_names[kind]))
        kind++;
    if (kind == OPS)
        return ERR_CORRUPT;
    i.op = (enum item_op)kind;
    if (rest.at == NULL || doc_parse(&d, line, NULL, 0) != ERR_OK)
        return ERR_CORRUPT;
#define X(field) i.field = own(a, doc_get_text(d, #field));
    TEXT_LIST(X)
#undef X
#define X(field) i.field = doc_get_int(d, #field, 0);
    NUMBER_LIST(X)
#undef X
#define X(field) i.field = doc_get_bool(d, #field, false);
    FLAG_LIST(X)
#undef X

    int64_t reference = doc_get_int(d, "reference", -1);

    doc_close(d);
    if (reference < 0 || reference >= INT64_C(1) << 40)
        return ERR_CORRUPT;
    i.reference = (uint64_t)reference;
    i.raw = rest;
    *out = i;
    return ERR_OK;
}
