#include "gateway/routes.h"

#include "gateway/admin.h"
#include "gateway/intake/post.h"
#include "gateway/intake/web.h"
#include "gateway/verify/verify.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

enum {
    FORM = POST_BODY_MAX, /* what a form may hold */
    SMALL = 16 * 1024,    /* a code, an address, a name */
};

const struct route routes_public[] = {
    {"GET", "/", web_form, ROUTE_LOOP, 0},
    {"GET", "/requests", web_find, ROUTE_LOOP, 0},
    {"POST", "/requests", web_request, ROUTE_LOOP, FORM},
    {"GET", "/requests/{ref}", verify_look, ROUTE_WORK, 0},
    {"POST", "/requests/{ref}/code", verify_ask, ROUTE_WORK, SMALL},
    {"POST", "/requests/{ref}/verify", verify_pass, ROUTE_WORK, SMALL},
    {"POST", "/requests/{ref}/messages", web_message, ROUTE_LOOP, FORM},
    {"GET", "/livez", admin_live, ROUTE_LOOP, 0},
    {"GET", "/{lang}", web_form_language, ROUTE_LOOP, 0},
    {"GET", "/{lang}/", web_form_language, ROUTE_LOOP, 0},
};
const size_t routes_public_count = COUNT(routes_public);

const struct route routes_staff[] = {
    {"GET", "/livez", admin_live, ROUTE_LOOP, 0},
};
const size_t routes_staff_count = COUNT(routes_staff);

const struct route routes_admin[] = {
    {"GET", "/livez", admin_live, ROUTE_LOOP, 0},
    {"GET", "/readyz", admin_ready, ROUTE_LOOP, 0},
    {"GET", "/metrics", admin_metrics, ROUTE_LOOP, 0},
};
const size_t routes_admin_count = COUNT(routes_admin);
