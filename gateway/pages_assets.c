/* The part of pages.h that needs no data: rendered once, held in memory by the edge. */
#include "gateway/http/asset.h"
#include "gateway/pages.h"

#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"

#include <assert.h>

static const char robots[] = "User-agent: *\nDisallow: /requests\nAllow: /\n";

static const char icon[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 16\">"
                           "<path fill=\"#0b4f9e\" d=\"M1 1h14v14H1z\"/>"
                           "<path fill=\"#fff\" d=\"M4 15V8a4 4 0 0 1 8 0v7H9v-3H7v3z\"/></svg>";

/* A form that somebody kept speaks of an incident a minute after all others do. */
enum { FORM_AGE_S = 60 };

static const int64_t EXPIRES_MS = INT64_C(180) * 24 * 3600 * 1000; /* RFC 9116 2.5.5: under a year */

void pages_asset(const struct pages *p, const char *lang, const char *name, struct doc *data, const char *path,
                 int max_age_s, struct assets *assets)
{
    struct arena *a = arena_open(64 * 1024);
    const struct call_header headers[] = {
        {STR("content-language"), str_of(lang)},
        {STR("content-security-policy"), pages_policy(p)},
        {STR("cache-control"), str_of(arena_printf(a, "public, max-age=%d", max_age_s))},
    };
    struct str page;
    enum err e = pages_render(&page, p, lang, name, data, a);

    assert(e == ERR_OK); /* what is bounded by its limits is far from any bound of a page */
    (void)e;
    assets_add(assets, path, "text/html; charset=utf-8", page, headers, sizeof headers / sizeof headers[0]);
    doc_close(data);
    arena_close(a);
}

void pages_form(const struct pages *p, const char *lang, struct doc *d, struct assets *assets)
{
    doc_set_bool(d, "down", true); /* the first choice is what an untouched form says */
    pages_asset(p, lang, "form", d, pages_form_path(p, lang), FORM_AGE_S, assets);
}

static void add_security(const struct pages_site *site, const struct call_header *kept, struct assets *assets)
{
    struct buf b = {0};

    buf_printf(&b,
               "Contact: mailto:%s\n"
               "Expires: %s\n"
               "Canonical: %s/.well-known/security.txt\n"
               "Preferred-Languages: en\n",
               site->contact, stamp_print(site->now_ms + EXPIRES_MS).at, site->origin);
    assets_add(assets, "/.well-known/security.txt", "text/plain; charset=utf-8", buf_view(&b), kept, 1);
    buf_free(&b);
}

void pages_assets(const struct pages_site *site, struct assets *assets)
{
    const struct call_header day = {STR("cache-control"), STR("public, max-age=86400")};
    assets_add(assets, "/robots.txt", "text/plain; charset=utf-8", str_of(robots), &day, 1);
    assets_add(assets, "/favicon.ico", "image/svg+xml", str_of(icon), &day, 1);
    if (site->contact[0] != '\0')
        add_security(site, &day, assets);
}
