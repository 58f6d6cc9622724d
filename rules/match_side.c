#include "rules/match_side.h"

#include "rules/address.h"
#include "rules/base/arena.h"
#include "rules/item.h"
#include "rules/names_fold.h"
#include "rules/phone.h"

#include <string.h>
#include <unicode/uchar.h>

enum {
    SHORT_CHARS = 6,    /* ids of fewer characters may be met by chance, */
    SHORT_DIGITS = 8,   /* and numbers of fewer digits, */
    PREFIX_LETTERS = 2, /* whatever few letters stand before them: S-104233 */
    NATIONAL_DIGITS_MIN = 7,
    NATIONAL_DIGITS_MAX = 15,
};

struct match_side *match_side(struct arena *a, const struct match_rule *m)
{
    struct match_side *s = arena_new(a, struct match_side);

    s->arena = a;
    s->rule = m;
    return s;
}

/* H2: the same again is one value; flags of both hold. */
static bool put(struct match_side *s, enum match_kind kind, const struct value *v)
{
    size_t n = s->n[kind];

    for (size_t i = 0; i < n; i++)
        if (str_equal(s->value[kind][i].text, v->text)) {
            s->value[kind][i].flags |= v->flags;
            return true;
        }
    if (n == MATCH_VALUES_MAX)
        return false;
    if ((n & (n - 1)) == 0) {
        struct value *wider = arena_array(s->arena, struct value, n == 0 ? 1 : 2 * n);

        if (n > 0)
            memcpy(wider, s->value[kind], n * sizeof *wider);
        s->value[kind] = wider;
    }
    s->value[kind][s->n[kind]++] = *v;
    return true;
}

static bool add_domain(struct match_side *s, struct str domain, unsigned flags)
{
    flags |= domain.len > WORD_CHARS_MAX ? VALUE_LONG : 0;
    return put(s, MATCH_DOMAIN,
               &(struct value){.text = domain, .flags = flags, .word = word_of_bytes(s->arena, domain)});
}

static bool add_email(struct match_side *s, struct str typed, unsigned flags)
{
    struct email e;

    if (!email_parse(s->arena, typed, &e))
        return false;

    bool company = !e.free_mail && add_domain(s, e.domain, 0);

    if (!e.ascii) /* D3: never matched, but its domain may be */
        return company;

    struct str local = {e.canonical.at, e.canonical.len - e.domain.len - 1};

    return put(s, MATCH_EMAIL,
               &(struct value){
                   .text = e.canonical,
                   .flags = flags | (e.role ? VALUE_ROLE : 0) | (e.free_mail ? VALUE_FREE : 0) |
                            (e.domain.len > WORD_CHARS_MAX ? VALUE_LONG : 0),
                   .word = word_of_bytes(s->arena, local),
                   .rest = word_of_bytes(s->arena, e.domain),
               });
}

/* The digits of any script, without zeros in front; false where letters stand between, or too few are there. */
static bool national_digits(struct arena *a, struct str typed, struct str *out)
{
    char *digits = arena_take(a, NATIONAL_DIGITS_MAX + 1);
    size_t n = 0;

    if (typed.len > PHONE_TYPED_BYTES_MAX || !text_utf8_valid(typed))
        return false;
    for (struct str c; typed.len > 0; typed.at += c.len, typed.len -= c.len) {
        c = text_first(typed, 1);

        UChar32 point = (UChar32)word_point(c);
        int32_t digit = u_charDigitValue(point);

        if (digit < 0 ? u_isalpha(point) : n == NATIONAL_DIGITS_MAX)
            return false;
        if (digit > 0 || (digit == 0 && n > 0))
            digits[n++] = (char)('0' + digit);
    }
    *out = (struct str){digits, n};
    return n >= NATIONAL_DIGITS_MIN;
}

static bool add_phone(struct match_side *s, struct str typed, unsigned flags)
{
    char e164[PHONE_BYTES];
    struct str text;

    if (phone_e164(typed, NULL, e164))
        text = str_of(arena_strdup(s->arena, e164));
    else if (national_digits(s->arena, typed, &text))
        flags |= VALUE_NATIONAL;
    else
        return false;
    return put(s, MATCH_PHONE, &(struct value){.text = text, .flags = flags, .word = word_of_bytes(s->arena, text)});
}

bool match_add_handle(struct match_side *s, struct str platform, struct str handle, unsigned flags)
{
    struct str text;

    return handle_parse(s->arena, platform, handle, &text) &&
           put(s, MATCH_HANDLE, &(struct value){.text = text, .flags = flags});
}

static bool add_handle(struct match_side *s, struct str typed, unsigned flags)
{
    struct str rest = typed, platform = str_cut(&rest, ':');

    return rest.at != NULL && match_add_handle(s, platform, rest, flags);
}

static unsigned short_flag(struct str id)
{
    size_t digits = 0;

    for (size_t i = 0; i < id.len; i++)
        digits += id.at[i] >= '0' && id.at[i] <= '9';
    return id.len < SHORT_CHARS || (digits < SHORT_DIGITS && id.len - digits <= PREFIX_LETTERS) ? VALUE_SHORT : 0;
}

static bool add_site(struct match_side *s, struct str typed, unsigned flags)
{
    struct site site;
    struct value v;

    if (!site_parse(s->arena, typed, &site))
        return false;
    v = (struct value){.text = site.canonical, .flags = flags};
    if (site.form == SITE_HOST) {
        struct str rest = site.canonical, first = str_cut(&rest, '.');

        v.flags |= VALUE_HOST | (rest.len > WORD_CHARS_MAX ? VALUE_LONG : 0);
        v.word = word_of_bytes(s->arena, first);
        v.rest = word_of_bytes(s->arena, rest);
    } else {
        v.flags |= short_flag(site.canonical);
        v.word = word_of_bytes(s->arena, str_of(str_lower(s->arena, site.canonical)));
    }
    return put(s, MATCH_SITE, &v);
}

static bool add_invoice(struct match_side *s, struct str typed, unsigned flags)
{
    struct str id;

    return invoice_parse(s->arena, typed, &id) &&
           put(s, MATCH_INVOICE,
               &(struct value){.text = id, .flags = flags | short_flag(id), .word = word_of_bytes(s->arena, id)});
}

static bool add_name(struct match_side *s, enum match_kind kind, struct str typed, unsigned flags)
{
    struct name *name = arena_new(s->arena, struct name);
    bool good =
        kind == MATCH_ORGANISATION ? name_organisation(s->arena, typed, name) : name_person(s->arena, typed, name);

    return good && put(s, kind, &(struct value){.text = name->text, .flags = flags, .name = name});
}

/* Letters and digits, folded like names; of a date the digits only. */
static bool add_code(struct match_side *s, enum match_kind kind, struct str typed, unsigned flags)
{
    bool date = s->rule->row[kind].form == MATCH_FORM_DATE;
    uint32_t folded[FOLDED_MAX];
    size_t n = names_fold(typed, folded), kept = 0;
    struct buf b = {0};

    for (size_t i = 0; i < n && kept < WORD_CHARS_MAX; i++)
        if (date ? folded[i] >= '0' && folded[i] <= '9' : names_in_word(folded[i]))
            folded[kept++] = folded[i];
    if (kept == 0 || (date && kept != 8))
        return false;

    uint32_t *at = arena_array(s->arena, uint32_t, kept);
    struct value v = {.flags = flags, .word = word_of(memcpy(at, folded, kept * sizeof *at), kept)};

    word_print(v.word, &b);
    v.text = (struct str){str_copy(s->arena, buf_view(&b)), b.len};
    buf_free(&b);
    return put(s, kind, &v);
}

static bool add_field(struct match_side *s, enum match_kind kind, struct str typed, unsigned flags)
{
    if (s->rule == NULL || (size_t)kind >= MATCH_FIELD + s->rule->fields)
        return false;
    switch (s->rule->row[kind].form) {
    case MATCH_FORM_NAME:
    case MATCH_FORM_WORDS:
        return add_name(s, kind, typed, flags);
    case MATCH_FORM_CODE:
    case MATCH_FORM_DATE:
    case MATCH_FORMS:
        break;
    }
    return add_code(s, kind, typed, flags);
}

bool match_add(struct match_side *s, enum match_kind kind, struct str typed, unsigned flags)
{
    struct str domain;

    typed = str_trim(typed);
    if (typed.len == 0)
        return false;
    switch (kind) {
    case MATCH_EMAIL:
        return add_email(s, typed, flags);
    case MATCH_PHONE:
        return add_phone(s, typed, flags);
    case MATCH_HANDLE:
        return add_handle(s, typed, flags);
    case MATCH_SITE:
        return add_site(s, typed, flags);
    case MATCH_INVOICE:
        return add_invoice(s, typed, flags);
    case MATCH_DOMAIN:
        return domain_parse(s->arena, typed, &domain) && add_domain(s, domain, flags);
    case MATCH_ORGANISATION:
    case MATCH_PERSON:
        return add_name(s, kind, typed, flags);
    case MATCH_FIELD:
    case MATCH_KINDS:
        break;
    }
    return add_field(s, kind, typed, flags);
}

void match_add_item(struct match_side *s, const struct item *i, bool proven)
{
    (void)match_add(s, MATCH_EMAIL, i->email, proven || i->proven >= 1 ? MATCH_PROVEN : 0);
    (void)match_add(s, MATCH_PHONE, i->phone, 0);
    (void)match_add(s, MATCH_SITE, i->site, 0);
    (void)match_add(s, MATCH_INVOICE, i->invoice, 0);
    (void)match_add(s, MATCH_ORGANISATION, i->organisation, 0);
    (void)match_add(s, MATCH_PERSON, i->name, 0);
    if (i->handle.len > 0)
        (void)match_add_handle(s, i->source, i->handle, 0);
}

/* ---- brands ---- */

/* What stands before a country in .co.uk and the like. */
static bool second_level(struct str label)
{
    static const char *const list[] = {"ac", "co", "com", "edu", "go", "gob", "gov", "ltd", "ne", "net", "or", "org"};

    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        if (str_is(label, list[i]))
            return true;
    return false;
}

/* Hosts that every company has. */
static bool generic(struct str label)
{
    static const char *const list[] = {"admin", "app",  "cloud",  "docs",   "help",    "jira",    "login", "m",
                                       "mail",  "my",   "portal", "secure", "service", "shop",    "sso",   "status",
                                       "team",  "wiki", "www",    "web",    "support", "intranet"};

    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        if (str_is(label, list[i]))
            return true;
    return false;
}

/* The labels of a domain, the last one first. */
static size_t labels_of(struct str domain, struct str *label, size_t room)
{
    size_t n = 0;

    while (domain.len > 0 && n < room) {
        size_t from = domain.len;

        while (from > 0 && domain.at[from - 1] != '.')
            from--;
        label[n++] = (struct str){domain.at + from, domain.len - from};
        domain.len = from > 0 ? from - 1 : 0;
    }
    return n;
}

struct str match_domain_brand(struct str domain)
{
    struct str label[4];
    size_t n = labels_of(domain, label, 4);

    if (n < 2)
        return domain;
    return n > 2 && label[0].len == 2 && second_level(label[1]) ? label[2] : label[1];
}

struct str match_host_brand(struct str host)
{
    struct str rest = host, first = str_cut(&rest, '.');

    if (memchr(rest.at, '.', rest.len) == NULL)
        return first;
    return generic(first) ? match_host_brand(rest) : first;
}
