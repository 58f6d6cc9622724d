#include "gateway/staff/console.h"

#include "gateway/http/asset.h"
#include "gateway/http/call.h"
#include "gateway/share.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 1024 * 1024 };

static const struct {
    const char *ending, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},   {".svg", "image/svg+xml"},
    {".json", "application/json"},
};

struct str console_policy(void)
{
    return STR("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
               "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'");
}

static const char *type_of(const char *name)
{
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot != NULL && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(dot, types[i].ending) == 0)
            return types[i].type;
    return NULL;
}

/* Names do not change with their content, so a browser asks each time and is told 304. */
static void add(struct assets *all, const char *folder, const char *name)
{
    const struct call_header headers[] = {{STR("cache-control"), STR("no-cache")}};
    const char *type = type_of(name);
    struct buf text = {0};
    char path[300];

    (void)snprintf(path, sizeof path, "/%s", strcmp(name, "index.html") == 0 ? "" : name);
    if (type != NULL && share_read(folder, name, FILE_MAX, &text) == ERR_OK)
        assets_add(all, path, type, buf_view(&text), headers, 1);
    buf_free(&text);
}

struct assets *console_assets(const char *share)
{
    struct assets *all = assets_open();
    char folder[4200];
    struct dirent *file;

    (void)snprintf(folder, sizeof folder, "%s/staff", share);

    DIR *dir = opendir(folder);

    while (dir != NULL && (file = readdir(dir)) != NULL)
        add(all, folder, file->d_name);
    if (dir != NULL)
        (void)closedir(dir);
    return all;
}
