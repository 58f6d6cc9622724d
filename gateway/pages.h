/* pages.h - everything a customer reads: pages, mails and single words, in their language.
 *
 * V1  opened once from the built `share` folder, then only read: by any thread, without a lock;
 * V2  a language is one of the codes of share/pages/languages.json ("en", "zh-TW", …) as
 *     pages_language(), pages_match() and pages_negotiate() return it; these pointers live as
 *     long as struct pages;
 * V3  brand and phone stand around the data of every page and mail as {{brand}}, {{phone}} and
 *     {{phone_tel}}; what else a template takes is listed in www/README.md. */
#ifndef GATEWAY_PAGES_H
#define GATEWAY_PAGES_H

#include "rules/base/err.h"
#include "rules/base/text.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct assets;
struct doc;
struct pages;

struct pages_about {
    const char *brand;      /* as in postern.conf */
    const char *help_phone; /* "" none: pages then do not speak of it */
};

/* share: the built folder with pages/, mail/ and catalog/. ERR_IO or ERR_SYNTAX with one
 * "file: reason" or "file:line: reason" a line in faults. */
enum err pages_open(struct pages **out, const char *share, const struct pages_about *about, struct buf *faults);
/* NULL is allowed. */
void pages_close(struct pages *p);

/* name: "form", "request", "code", "problem", "mail/code.txt", "mail/code.html", "mail/reply.txt",
 * "mail/reply.html", "mail/ack.txt", "mail/ack.html", "appeal", "incident", "incidents", and "mail/vouch.*", "mail/veto.*" alike; another one is an assert. The text is in a. ERR_LARGE where data makes it larger
 * than TEMPLATE_OUT_BYTES_MAX. */
enum err pages_render(struct str *out, const struct pages *p, const char *lang, const char *name,
                      const struct doc *data, struct arena *a);
/* The word for a key of www/catalog.json, in English where lang lacks it; the key itself where nobody
 * knows it. Borrowed from p. */
const char *pages_text(const struct pages *p, const char *lang, const char *key);
/* text with every {name} replaced by value, in a. */
const char *pages_fill(struct arena *a, const char *text, const char *name, struct str value);
/* {"iso":"2026-11-24T09:12:03Z","text":"24 Nov 2026, 09:12 UTC"} as templates want a moment; yours. */
struct doc *pages_moment(const struct pages *p, const char *lang, int64_t time_ms);

/* The i-th language, NULL behind the last one; the first is English. */
const char *pages_language_at(const struct pages *p, size_t i);
/* Exactly one of our codes, in any case ("ZH-tw"); else NULL. For paths. */
const char *pages_language(const struct pages *p, struct str tag);
/* The language that serves a BCP 47 tag ("de-AT" gives "de"), else NULL. Only the primary subtag
 * counts: we have one language of each, and who reads any Chinese reads ours sooner than English. */
const char *pages_match(const struct pages *p, struct str tag);
/* RFC 9110 12.5.4 and RFC 4647 3.4: the best match of an Accept-Language header (may be empty);
 * English where nothing matches. */
const char *pages_negotiate(const struct pages *p, struct str accept_language);

/* Value of the content-security-policy header, the same for every page. */
struct str pages_policy(const struct pages *p);

struct pages_site {
    const char *origin;  /* "https://help.example.org", for security.txt */
    const char *contact; /* e-mail address to report holes to; "" leaves security.txt out */
    int64_t now_ms;      /* security.txt expires 180 days later */
};

/* Adds a page that anybody may keep for max_age_s, with its headers. data is taken. */
void pages_asset(const struct pages *p, const char *lang, const char *name, struct doc *data, const char *path,
                 int max_age_s, struct assets *assets);
/* The blank form of one language. d: what it says of incidents (www/README.md), taken. */
void pages_form(const struct pages *p, const char *lang, struct doc *d, struct assets *assets);
/* Adds what needs no data: robots.txt, favicon.ico and /.well-known/security.txt. */
void pages_assets(const struct pages_site *site, struct assets *assets);
/* The path in assets of the blank form: "/zh-TW/". `/` answers with it too, and adds
 * Vary: Accept-Language. */
const char *pages_form_path(const struct pages *p, const char *lang);

#endif
