/* contact_row.h - what one line of a contacts file says, checked and in normal form.
 *
 * W1  a line is bad, and is left out with its number and a reason, where it has another
 *     number of columns than the header, no account, neither a usable e-mail address nor
 *     a usable phone number, or a last_proven that is no date;
 * W2  any other value that cannot be used is left empty: a role that is unknown is
 *     "other", a word of authorised_for that is unknown grants nothing;
 * W3  columns stand in any order, unknown ones are ignored, missing ones are empty. */
#ifndef RULES_CONTACT_ROW_H
#define RULES_CONTACT_ROW_H

#include "rules/address.h"
#include "rules/base/text.h"
#include "rules/phone.h"

#include <stdint.h>

struct arena;
struct csv_row;

#define CONTACT_COLUMN_LIST(X)          \
    X(ACCOUNT, "account")               \
    X(ACCOUNT_NAME, "account_name")     \
    X(CONTACT_NAME, "contact_name")     \
    X(EMAIL, "email")                   \
    X(PHONE, "phone")                   \
    X(ROLE, "role")                     \
    X(SITE_ID, "site_id")               \
    X(SITE_URL, "site_url")             \
    X(INVOICE, "invoice")               \
    X(TIER, "tier")                     \
    X(REGION, "region")                 \
    X(LANGUAGE, "language")             \
    X(TIMEZONE, "timezone")             \
    X(LAST_PROVEN, "last_proven")       \
    X(AUTHORISED_FOR, "authorised_for") \
    X(PRODUCTS, "products")

enum contact_column {
#define X(name, text) COLUMN_##name,
    CONTACT_COLUMN_LIST(X)
#undef X
        CONTACT_COLUMNS
};

#define CONTACT_ROLE_LIST(X)  \
    X(OTHER, "other")         \
    X(ADMIN, "admin")         \
    X(TECHNICAL, "technical") \
    X(BILLING, "billing")     \
    X(EXECUTIVE, "executive")

enum contact_role {
#define X(name, text) CONTACT_##name,
    CONTACT_ROLE_LIST(X)
#undef X
        CONTACT_ROLES
};

/* Bits: which acts the holder may answer for. */
enum { CONTACT_FOR_SITE = 1, CONTACT_FOR_BILLING = 2, CONTACT_FOR_SECURITY = 4, CONTACT_FOR_ALL = 7 };

enum {
    CONTACT_TEXT_CHARS_MAX = 200, /* what is longer is cut, as for the form's claims */
    CONTACT_WORD_CHARS_MAX = 40,  /* tier, region, language, timezone: longer is not one */
    ACCOUNT_BYTES_MAX = 200,      /* longer is not a customer id: a cut one might be another's */
};

/* Of a day that is not known. */
#define CONTACT_NO_DAY INT64_MIN

struct contact_row {
    size_t line;
    struct str account; /* as written, never empty */
    struct str account_name, contact_name, products;
    bool has_email;
    struct email email;      /* where has_email */
    char phone[PHONE_BYTES]; /* E.164 or "" */
    enum contact_role role;
    unsigned authorised_for; /* bits */
    struct str site_id, site_url;
    struct str site_id_index, site_url_index; /* their normal forms, or at == NULL */
    struct str invoice_index;
    struct str tier, region;       /* ASCII lower case */
    struct str language, timezone; /* as written, in the alphabet of BCP 47 or of tzdata */
    int64_t last_proven_days;      /* since 1970, or CONTACT_NO_DAY */
};

struct contact_header {
    size_t count;
    int at[CONTACT_COLUMNS]; /* where the column stands, or -1 */
};

/* NULL, or why the file is none of contacts. */
const char *contact_header_parse(const struct csv_row *row, struct contact_header *out);

/* NULL with *out filled, texts in a or in the row; or the reason by W1, made of fixed text only.
 * region_hint: country of phone numbers without a country code ("TW"), or NULL; a region column
 * that is an ISO 3166 alpha-2 code goes before it. */
const char *contact_row_parse(struct arena *a, const struct contact_header *h, const struct csv_row *row,
                              const char *region_hint, struct contact_row *out);

const char *contact_role_text(enum contact_role r);
enum contact_role contact_role_parse(struct str s);
/* "all", "site", "billing", "security", with spaces or any of , ; | + / between them. */
unsigned contact_authorised_parse(struct str s);

#endif
