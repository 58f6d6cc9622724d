#include "gateway/door_headers.h"

#include "gateway/staff/console.h"

#include <string.h>

static size_t fill(struct call_header out[DOOR_HEADERS_MAX], struct str policy, struct str referrer)
{
    const struct call_header all[] = {
        {STR("content-security-policy"), policy},
        {STR("strict-transport-security"), STR("max-age=31536000; includeSubDomains")},
        {STR("x-content-type-options"), STR("nosniff")},
        {STR("referrer-policy"), referrer},
        {STR("cross-origin-opener-policy"), STR("same-origin")},
        {STR("cross-origin-resource-policy"), STR("same-origin")},
        {STR("cache-control"), STR("no-store")}, /* what may be kept says so itself */
    };

    _Static_assert(sizeof all / sizeof all[0] <= DOOR_HEADERS_MAX, "room for all");
    memcpy(out, all, sizeof all);
    return sizeof all / sizeof all[0];
}

size_t door_headers(struct str policy, struct call_header out[DOOR_HEADERS_MAX])
{
    return fill(out, policy, STR("no-referrer"));
}

size_t door_headers_console(struct call_header out[DOOR_HEADERS_MAX])
{
    return fill(out, console_policy(), STR("same-origin"));
}
