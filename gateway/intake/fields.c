#include "gateway/intake/fields.h"

#include "gateway/http/call.h"
#include "rules/address.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <string.h>

static const char *const names[] = {
#define X(name) [FIELD_##name] = #name,
    FIELD_LIST(X)
#undef X
};

enum { PHONE_DIGITS_MIN = 3, PHONE_CODE_POINTS_MAX = 100 };

const char *field_name(enum field f)
{
    return names[f];
}

static enum err read_json(struct call *c, struct fields *out)
{
    struct doc *d;

    if (doc_parse(&d, c->body, NULL, 0) != ERR_OK)
        return ERR_SYNTAX;

    bool object = doc_kind(d) == DOC_OBJECT;

    for (int f = 0; object && f < FIELDS; f++) {
        const struct doc *value = doc_get(d, names[f]);
        enum doc_kind kind = doc_kind(value);

        out->wrong_type[f] = kind != DOC_NONE && kind != DOC_NULL && kind != DOC_TEXT;
        if (kind == DOC_TEXT)
            out->value[f] = (struct str){str_copy(c->arena, doc_text(value)), doc_text(value).len};
    }
    doc_close(d);
    return object ? ERR_OK : ERR_INPUT;
}

static enum err read_form(struct call *c, struct fields *out)
{
    struct form_field *all;
    size_t n;
    enum err e = form_parse(c, &all, &n);

    for (size_t i = 0; e == ERR_OK && i < n; i++)
        for (int f = 0; f < FIELDS; f++)
            if (str_is(all[i].name, names[f]) && all[i].file_name.at == NULL && out->value[f].at == NULL)
                out->value[f] = (struct str){all[i].value.at == NULL ? "" : all[i].value.at, all[i].value.len};
    return e;
}

enum err fields_read(struct call *c, struct fields *out)
{
    struct str type = call_content_type(c);

    *out = (struct fields){0};
    return str_is(type, "application/json") ? read_json(c, out) : read_form(c, out);
}

static void add_fault(struct field_fault *faults, size_t *n, enum field f, const char *code, const char *key)
{
    faults[(*n)++] = (struct field_fault){names[f], code, key};
}

static bool storable(struct str s)
{
    return text_utf8_valid(s) && (s.len == 0 || memchr(s.at, '\0', s.len) == NULL);
}

size_t fields_words(const struct fields *f, enum field which, struct arena *a, struct str *out,
                    struct field_fault faults[1])
{
    static const char *const keys[2][3] = {{"error.problem.missing", "error.problem.long", "error.problem.character"},
                                           {"error.text.missing", "error.text.long", "error.text.character"}};
    const char *const *key = keys[which == FIELD_text];
    struct str s = f->value[which];
    size_t n = 0;

    if (f->wrong_type[which])
        add_fault(faults, &n, which, "wrong-type", key[0]);
    else if (!storable(s))
        add_fault(faults, &n, which, "character", key[2]);
    else if (str_trim(s).len == 0)
        add_fault(faults, &n, which, "missing", key[0]);
    else if (text_code_points(s = text_lf(a, s)) > ITEM_PROBLEM_MAX)
        add_fault(faults, &n, which, "too-long", key[1]);
    else
        *out = s;
    return n;
}

static struct str claim(const struct fields *f, enum field which, size_t code_points)
{
    struct str s = str_trim(f->value[which]);

    return storable(s) ? text_first(s, code_points) : STR("");
}

static size_t digits(struct str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++)
        n += s.at[i] >= '0' && s.at[i] <= '9';
    return n;
}

/* Numbers are typed in the digits of one's own script, so anything else than plain ASCII is let through. */
static bool may_be_phone(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] >= 0x80)
            return true;
    return digits(s) >= PHONE_DIGITS_MIN;
}

static void reach(const struct fields *f, struct arena *a, struct item *out, struct field_fault *faults, size_t *n)
{
    struct str typed = str_trim(f->value[FIELD_email]);
    struct email email;

    out->phone = claim(f, FIELD_phone, PHONE_CODE_POINTS_MAX);
    if (f->wrong_type[FIELD_email] || (typed.len > 0 && (!storable(typed) || !email_parse(a, typed, &email))))
        add_fault(faults, n, FIELD_email, "malformed", "error.email.form");
    else
        out->email = typed;
    if (f->wrong_type[FIELD_phone] || (out->phone.len > 0 && !may_be_phone(out->phone)))
        add_fault(faults, n, FIELD_phone, "malformed", "error.phone.form");
    if (typed.len == 0 && !f->wrong_type[FIELD_email] && out->phone.len == 0 && !f->wrong_type[FIELD_phone])
        add_fault(faults, n, FIELD_email, "missing", "error.reach.missing");
}

size_t fields_request(const struct fields *f, struct arena *a, struct item *out,
                      struct field_fault faults[FIELD_FAULTS_MAX])
{
    static const char *const impacts[] = {"down", "degraded", "question"};
    size_t n = fields_words(f, FIELD_problem, a, &out->text, faults);

    reach(f, a, out, faults, &n);
    out->name = claim(f, FIELD_name, ITEM_CLAIM_MAX);
    out->organisation = claim(f, FIELD_organisation, ITEM_CLAIM_MAX);
    out->site = claim(f, FIELD_site, ITEM_CLAIM_MAX);
    out->invoice = claim(f, FIELD_invoice, ITEM_CLAIM_MAX);
    out->impact = STR("down");
    for (size_t i = 0; i < sizeof impacts / sizeof impacts[0]; i++)
        if (str_is(f->value[FIELD_impact], impacts[i]))
            out->impact = str_of(impacts[i]);
    return n;
}
