#include "gateway/http/route.h"

#include <assert.h>

static bool matches(struct str pattern, struct str path, struct str params[CALL_PARAMS_MAX])
{
    size_t n = 0;

    while (pattern.at != NULL && path.at != NULL) {
        struct str want = str_cut(&pattern, '/'), have = str_cut(&path, '/');

        if (want.len > 0 && want.at[0] == '{') {
            assert(n < CALL_PARAMS_MAX);
            if (have.len == 0)
                return false;
            params[n++] = have;
        } else if (!str_equal(want, have)) {
            return false;
        }
    }
    return pattern.at == NULL && path.at == NULL;
}

const struct route *route_find(const struct route *routes, size_t n, struct str method, struct str path,
                               struct str params[CALL_PARAMS_MAX])
{
    for (size_t i = 0; i < n; i++)
        if (str_is(method, routes[i].method) && matches(str_of(routes[i].pattern), path, params))
            return &routes[i];
    return NULL;
}

static bool named_before(const struct route *routes, size_t i, struct str path)
{
    struct str params[CALL_PARAMS_MAX];

    for (size_t k = 0; k < i; k++)
        if (str_is(str_of(routes[k].method), routes[i].method) && matches(str_of(routes[k].pattern), path, params))
            return true;
    return false;
}

struct str route_allow(const struct route *routes, size_t n, struct str path, struct arena *a)
{
    struct str params[CALL_PARAMS_MAX];
    const char *allow = "";

    for (size_t i = 0; i < n; i++) {
        if (!matches(str_of(routes[i].pattern), path, params) || named_before(routes, i, path))
            continue;
        allow = arena_printf(a, "%s%s%s%s", allow, *allow == '\0' ? "" : ", ", routes[i].method,
                             str_is(STR("GET"), routes[i].method) ? ", HEAD" : "");
    }
    return str_of(allow);
}
