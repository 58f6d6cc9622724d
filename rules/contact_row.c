#include "rules/contact_row.h"

#include "rules/base/arena.h"
#include "rules/base/stamp.h"
#include "rules/csv.h"

#include <assert.h>
#include <string.h>

static const char *const column_names[] = {
#define X(name, text) [COLUMN_##name] = text,
    CONTACT_COLUMN_LIST(X)
#undef X
};

static const char *const role_names[] = {
#define X(name, text) [CONTACT_##name] = text,
    CONTACT_ROLE_LIST(X)
#undef X
};

const char *contact_role_text(enum contact_role r)
{
    assert(r < CONTACT_ROLES);
    return role_names[r];
}

enum contact_role contact_role_parse(struct str s)
{
    for (int r = 0; r < CONTACT_ROLES; r++)
        if (str_equal_nocase(s, str_of(role_names[r])))
            return (enum contact_role)r;
    return CONTACT_OTHER;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

unsigned contact_authorised_parse(struct str s)
{
    static const struct {
        const char *word;
        unsigned bits;
    } words[] = {{"all", CONTACT_FOR_ALL},
                 {"site", CONTACT_FOR_SITE},
                 {"billing", CONTACT_FOR_BILLING},
                 {"security", CONTACT_FOR_SECURITY}};
    unsigned bits = 0;

    for (size_t i = 0, start; i < s.len; i++) {
        start = i;
        while (i < s.len && strchr(" ,;|+/", s.at[i]) == NULL)
            i++;
        for (size_t w = 0; w < sizeof words / sizeof *words; w++)
            if (str_equal_nocase((struct str){s.at + start, i - start}, str_of(words[w].word)))
                bits |= words[w].bits;
    }
    return bits;
}

const char *contact_header_parse(const struct csv_row *row, struct contact_header *out)
{
    struct contact_header h = {.count = row->count};

    if (row->fault != NULL)
        return row->fault;
    for (int c = 0; c < CONTACT_COLUMNS; c++) {
        h.at[c] = -1;
        for (size_t i = 0; i < row->count; i++) {
            if (!str_equal_nocase(row->field[i], str_of(column_names[c])))
                continue;
            if (h.at[c] >= 0)
                return "a column appears twice";
            h.at[c] = (int)i;
        }
    }
    if (h.at[COLUMN_ACCOUNT] < 0)
        return "no column \"account\"";
    if (h.at[COLUMN_EMAIL] < 0 && h.at[COLUMN_PHONE] < 0)
        return "neither a column \"email\" nor \"phone\"";
    *out = h;
    return NULL;
}

static struct str value(const struct contact_header *h, const struct csv_row *row, enum contact_column c)
{
    return h->at[c] < 0 ? (struct str){"", 0} : row->field[h->at[c]];
}

static struct str text(const struct contact_header *h, const struct csv_row *row, enum contact_column c)
{
    return text_first(value(h, row, c), CONTACT_TEXT_CHARS_MAX);
}

/* Lower case; empty where it is too long for the name of a tier or a region, which stand
 * unsealed in indexes, so that a misplaced sentence must not get there. */
static struct str word(struct arena *a, struct str s)
{
    if (text_code_points(s) > CONTACT_WORD_CHARS_MAX || memchr(s.at, '@', s.len) != NULL)
        return (struct str){"", 0};
    return (struct str){str_lower(a, s), s.len};
}

/* s where it consists of letters, digits and the given others; else empty. */
static struct str name_of(struct str s, const char *others)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_letter(s.at[i]) && !(s.at[i] >= '0' && s.at[i] <= '9') && strchr(others, s.at[i]) == NULL)
            return (struct str){"", 0};
    return s.len > CONTACT_WORD_CHARS_MAX ? (struct str){"", 0} : s;
}

static void read_sites(struct arena *a, struct contact_row *r)
{
    struct site s;

    if (site_parse(a, r->site_id, &s))
        r->site_id_index = s.canonical;
    if (site_parse(a, r->site_url, &s) && s.form == SITE_HOST)
        r->site_url_index = s.canonical;
}

static void read_phone(struct str typed, const char *region_hint, struct contact_row *r)
{
    char country[3] = {0};

    if (r->region.len == 2 && is_letter(r->region.at[0]) && is_letter(r->region.at[1]))
        for (int i = 0; i < 2; i++)
            country[i] = (char)(r->region.at[i] & ~0x20);
    if (country[0] != '\0' && phone_e164(typed, country, r->phone))
        return;
    if (!phone_e164(typed, region_hint, r->phone))
        r->phone[0] = '\0';
}

const char *contact_row_parse(struct arena *a, const struct contact_header *h, const struct csv_row *row,
                              const char *region_hint, struct contact_row *out)
{
    struct contact_row r = {.line = row->line, .last_proven_days = CONTACT_NO_DAY};
    struct str proven;

    if (row->fault != NULL)
        return row->fault;
    if (row->count != h->count)
        return "another number of columns than the header";
    r.account = value(h, row, COLUMN_ACCOUNT);
    if (r.account.len == 0)
        return "no account";
    if (r.account.len > ACCOUNT_BYTES_MAX)
        return "the account is too long";
    r.region = word(a, value(h, row, COLUMN_REGION));
    r.has_email = email_parse(a, value(h, row, COLUMN_EMAIL), &r.email);
    read_phone(value(h, row, COLUMN_PHONE), region_hint, &r);
    if (!r.has_email && r.phone[0] == '\0')
        return "neither a usable e-mail address nor a usable phone number";
    proven = value(h, row, COLUMN_LAST_PROVEN);
    if (proven.len > 0 && !stamp_parse_date(proven, &r.last_proven_days))
        return "last_proven is not a date (YYYY-MM-DD)";

    r.account_name = text(h, row, COLUMN_ACCOUNT_NAME);
    r.contact_name = text(h, row, COLUMN_CONTACT_NAME);
    r.products = text(h, row, COLUMN_PRODUCTS);
    r.role = contact_role_parse(value(h, row, COLUMN_ROLE));
    r.authorised_for = contact_authorised_parse(value(h, row, COLUMN_AUTHORISED_FOR));
    r.site_id = text(h, row, COLUMN_SITE_ID);
    r.site_url = text(h, row, COLUMN_SITE_URL);
    read_sites(a, &r);
    (void)invoice_parse(a, value(h, row, COLUMN_INVOICE), &r.invoice_index);
    r.tier = word(a, value(h, row, COLUMN_TIER));
    r.language = name_of(value(h, row, COLUMN_LANGUAGE), "-");
    r.timezone = name_of(value(h, row, COLUMN_TIMEZONE), "_+-/");
    *out = r;
    return NULL;
}
