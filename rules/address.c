#include "rules/address.h"

#include "rules/base/arena.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/uidna.h>

enum { DOMAIN_BYTES_MAX = 253, DOMAIN_TYPED_BYTES_MAX = 1024 };

static const char dots[] = "•••";

static bool ascii_only(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] >= 0x80)
            return false;
    return true;
}

static bool letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Position of the last c, or s.len. */
static size_t last_of(struct str s, char c)
{
    size_t i = s.len;

    while (i > 0 && s.at[i - 1] != c)
        i--;
    return i == 0 ? s.len : i - 1;
}

/* One per process: opening loads tables, using it is thread-safe. */
static UIDNA *idna;

static void idna_open(void)
{
    UErrorCode status = U_ZERO_ERROR;

    idna = uidna_openUTS46(UIDNA_USE_STD3_RULES | UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_CHECK_CONTEXTO |
                               UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE,
                           &status);
    if (U_FAILURE(status))
        abort(); /* ICU without its data: nothing can be compared */
}

static const UIDNA *idna_get(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, idna_open);
    return idna;
}

/* D3 for one code point outside ASCII: UTS 46 maps it neither to ASCII nor away. */
static bool maps_to_itself_in_kind(const char *at, int32_t len)
{
    UIDNAInfo info = UIDNA_INFO_INITIALIZER;
    UErrorCode status = U_ZERO_ERROR;
    char mapped[128];
    int32_t n = uidna_labelToUnicodeUTF8(idna_get(), at, len, mapped, sizeof mapped, &info, &status);

    if (U_FAILURE(status) || n <= 0 || (info.errors & (UIDNA_ERROR_DISALLOWED | UIDNA_ERROR_LABEL_HAS_DOT)) != 0)
        return false;
    for (int32_t i = 0; i < n; i++)
        if ((unsigned char)mapped[i] < 0x80)
            return false;
    return true;
}

static bool no_look_alike(struct str domain)
{
    for (struct str c; domain.len > 0;) {
        c = text_first(domain, 1);
        if ((unsigned char)c.at[0] >= 0x80 && !maps_to_itself_in_kind(c.at, (int32_t)c.len))
            return false;
        domain.at += c.len, domain.len -= c.len;
    }
    return true;
}

/* At least two labels, the last one with a letter: neither "localhost" nor 192.0.2.1. */
static bool looks_public(struct str domain)
{
    size_t dot = last_of(domain, '.');

    for (size_t i = dot + 1; i < domain.len; i++)
        if (domain.at[i] < '0' || domain.at[i] > '9')
            return true;
    return false;
}

bool domain_parse(struct arena *a, struct str typed, struct str *out)
{
    UIDNAInfo info = UIDNA_INFO_INITIALIZER;
    UErrorCode status = U_ZERO_ERROR;
    char name[DOMAIN_BYTES_MAX + 2];

    if (typed.len > 0 && typed.at[typed.len - 1] == '.')
        typed.len--;
    if (typed.len == 0 || typed.len > DOMAIN_TYPED_BYTES_MAX || !text_utf8_valid(typed) || !no_look_alike(typed))
        return false;

    int32_t n = uidna_nameToASCII_UTF8(idna_get(), typed.at, (int32_t)typed.len, name, sizeof name, &info, &status);

    /* Real hosts have "--" in the third place; what begins with xn-- is decoded and checked. */
    if (U_FAILURE(status) || n <= 0 || n > DOMAIN_BYTES_MAX || (info.errors & ~(uint32_t)UIDNA_ERROR_HYPHEN_3_4) != 0)
        return false;

    struct str domain = str_of(str_lower(a, (struct str){name, (size_t)n}));

    if (!looks_public(domain))
        return false;
    *out = domain;
    return true;
}

/* The one code point that c holds, in valid UTF-8. */
static UChar32 code_point(struct str c)
{
    static const uint8_t lead_mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    UChar32 value = (unsigned char)c.at[0] & lead_mask[c.len];

    for (size_t i = 1; i < c.len; i++)
        value = value << 6 | ((unsigned char)c.at[i] & 0x3F);
    return value;
}

/* RFC 5322 atext, or a printable code point outside ASCII that is no space. */
static bool in_atom(UChar32 c)
{
    if (c < 0x80)
        return letter_or_digit((char)c) || (c != 0 && strchr("!#$%&'*+-/=?^_`{|}~", (int)c) != NULL);
    return u_isprint(c) && !u_isUWhiteSpace(c);
}

static bool local_part_valid(struct str local)
{
    bool dot = true; /* none at the start */

    if (local.len == 0 || local.len > EMAIL_LOCAL_BYTES_MAX)
        return false;
    while (local.len > 0) {
        struct str first = text_first(local, 1);
        UChar32 c = code_point(first);

        if (c == '.' ? dot : !in_atom(c))
            return false;
        dot = c == '.';
        local.at += first.len, local.len -= first.len;
    }
    return !dot;
}

static int compare_names(const void *key, const void *entry)
{
    return strcmp(key, *(const char *const *)entry);
}

#define LISTED(list, name) (bsearch(name, list, sizeof(list) / sizeof *(list), sizeof *(list), compare_names) != NULL)

/* Sorted. Providers with one name under many country codes stand in `brands`. */
static const char *const free_mail[] = {
    "126.com",       "139.com",        "163.com",        "aol.com",        "arcor.de",       "att.net",
    "bigpond.com",   "bluewin.ch",     "bol.com.br",     "btinternet.com", "comcast.net",    "daum.net",
    "docomo.ne.jp",  "ezweb.ne.jp",    "fastmail.com",   "fastmail.fm",    "foxmail.com",    "free.fr",
    "freenet.de",    "gmail.com",      "googlemail.com", "hanmail.net",    "hey.com",        "hushmail.com",
    "i.softbank.jp", "icloud.com",     "inbox.ru",       "laposte.net",    "libero.it",      "list.ru",
    "mac.com",       "mail.com",       "mail.ru",        "mailbox.org",    "me.com",         "msa.hinet.net",
    "msn.com",       "nate.com",       "naver.com",      "nifty.com",      "orange.fr",      "pchome.com.tw",
    "pm.me",         "posteo.de",      "proton.me",      "protonmail.ch",  "protonmail.com", "qq.com",
    "rambler.ru",    "rediffmail.com", "rocketmail.com", "seed.net.tw",    "seznam.cz",      "sfr.fr",
    "sina.com",      "sohu.com",       "t-online.de",    "terra.com.br",   "tuta.com",       "tutanota.com",
    "uol.com.br",    "verizon.net",    "vip.qq.com",     "virgilio.it",    "wanadoo.fr",     "web.de",
    "wp.pl",         "yeah.net",       "ymail.com",      "zoho.com",
};

static const char *const brands[] = {"gmx", "hotmail", "live", "outlook", "yahoo", "yandex"};

/* What may follow a brand: "de", "com", "co.jp", "com.tw". */
static bool country_suffix(struct str rest)
{
    struct str first = str_cut(&rest, '.');

    if (rest.at == NULL)
        return first.len == 2 || str_is(first, "com") || str_is(first, "net");
    return (str_is(first, "co") || str_is(first, "com")) && rest.len == 2;
}

static bool is_free_mail(struct arena *a, struct str domain)
{
    struct str rest = domain;
    struct str first = str_cut(&rest, '.');

    return LISTED(free_mail, str_copy(a, domain)) || (LISTED(brands, str_copy(a, first)) && country_suffix(rest));
}

/* Sorted. */
static const char *const roles[] = {
    "abuse",    "accounting", "accounts",  "admin",      "administrator", "billing",    "buchhaltung", "contact",
    "facturas", "finance",    "hello",     "help",       "helpdesk",      "hostmaster", "hr",          "info",
    "invoice",  "invoices",   "it",        "kontakt",    "legal",         "mail",       "marketing",   "no-reply",
    "noc",      "noreply",    "office",    "operations", "ops",           "postmaster", "press",       "purchasing",
    "rechnung", "root",       "sales",     "security",   "service",       "soporte",    "support",     "sysadmin",
    "team",     "tech",       "webmaster",
};

static bool is_role(struct arena *a, struct str canonical_local)
{
    struct str name = str_cut(&canonical_local, '+');

    return LISTED(roles, str_copy(a, name));
}

bool email_parse(struct arena *a, struct str typed, struct email *out)
{
    struct email e;

    typed = str_trim(typed);

    size_t at = last_of(typed, '@');

    if (at == typed.len)
        return false;

    struct str local = {typed.at, at}, domain = {typed.at + at + 1, typed.len - at - 1};

    if (!text_utf8_valid(local) || !local_part_valid(local) || !domain_parse(a, domain, &e.domain) ||
        local.len + 1 + e.domain.len > EMAIL_BYTES_MAX)
        return false;

    struct str lower = str_of(str_lower(a, local));

    e.spelled = str_of(arena_printf(a, "%.*s@%s", (int)local.len, local.at, e.domain.at));
    e.ascii = ascii_only(local);
    e.canonical = e.ascii ? str_of(arena_printf(a, "%s@%s", lower.at, e.domain.at)) : (struct str){NULL, 0};
    e.free_mail = is_free_mail(a, e.domain);
    e.role = e.ascii && is_role(a, lower);
    *out = e;
    return true;
}

struct str email_mask(struct arena *a, struct str spelled)
{
    size_t at = last_of(spelled, '@');

    if (at == spelled.len)
        return str_of(arena_strdup(a, dots));

    struct str local = text_first((struct str){spelled.at, at}, 1);
    struct str domain = {spelled.at + at + 1, spelled.len - at - 1};
    struct str first = text_first(domain, 1);
    size_t dot = last_of(domain, '.');

    return str_of(arena_printf(a, "%.*s%s@%.*s%s%.*s", (int)local.len, local.at, dots, (int)first.len, first.at, dots,
                               (int)(domain.len - dot), domain.at + dot));
}

/* Letters and digits in upper case without what stands between them; anything that is not
 * ASCII is no id (D3). */
static bool id_normal(struct arena *a, struct str typed, struct str *out)
{
    char *id = arena_take(a, EVIDENCE_ID_CHARS_MAX + 1);
    size_t n = 0;

    for (size_t i = 0; i < typed.len; i++) {
        char c = typed.at[i];

        if (letter_or_digit(c)) {
            if (n == EVIDENCE_ID_CHARS_MAX)
                return false;
            id[n++] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
        } else if (strchr(" -_./:#", c) == NULL || c == '\0') {
            return false;
        }
    }
    if (n < EVIDENCE_ID_CHARS_MIN)
        return false;
    *out = (struct str){id, n};
    return true;
}

/* Drops "scheme://" and says whether there was one. */
static bool drop_scheme(struct str *s)
{
    static const char *const schemes[] = {"https://", "http://"};

    for (size_t i = 0; i < 2; i++) {
        struct str head = {s->at, strlen(schemes[i])};

        if (s->len >= head.len && str_equal_nocase(head, str_of(schemes[i]))) {
            *s = (struct str){s->at + head.len, s->len - head.len};
            return true;
        }
    }
    return false;
}

/* The host of "user@host:port/path?query#fragment". */
static struct str host_of(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] == '/' || s.at[i] == '?' || s.at[i] == '#' || s.at[i] == '\\')
            s.len = i;

    size_t at = last_of(s, '@');

    if (at < s.len)
        s = (struct str){s.at + at + 1, s.len - at - 1};
    return str_cut(&s, ':');
}

/* All of them, so that a normal form is its own normal form. */
static struct str without_www(struct str host)
{
    while (str_starts(host, "www.")) {
        struct str rest = {host.at + 4, host.len - 4};

        if (last_of(rest, '.') == rest.len)
            break;
        host = rest;
    }
    return host;
}

static struct str without_punctuation(struct str s)
{
    while (s.len > 0 && strchr("<(\"'", s.at[0]) != NULL && s.at[0] != '\0')
        s.at++, s.len--;
    while (s.len > 0 && strchr(">)\"'.,;!", s.at[s.len - 1]) != NULL && s.at[s.len - 1] != '\0')
        s.len--;
    return s;
}

bool site_parse(struct arena *a, struct str typed, struct site *out)
{
    struct str rest = without_punctuation(str_trim(typed)), host;

    if (rest.len == 0 || rest.len > SITE_BYTES_MAX)
        return false;

    bool url = drop_scheme(&rest);

    /* "me@acme.example.net" is an address, and its domain not necessarily a site. */
    if (!url && last_of(rest, '@') < rest.len)
        return false;
    if (domain_parse(a, host_of(rest), &host)) {
        *out = (struct site){SITE_HOST, without_www(host)};
        return true;
    }

    struct str id;

    if (url || !id_normal(a, rest, &id))
        return false;
    *out = (struct site){SITE_ID, id};
    return true;
}

bool invoice_parse(struct arena *a, struct str typed, struct str *out)
{
    return id_normal(a, without_punctuation(str_trim(typed)), out);
}
