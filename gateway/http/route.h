/* route.h - finds the row of a table of routes (server.h) that a request means. Pure.
 *
 * U1  rows are tried in the order of the table, so a literal segment that should
 *     win over a {…} stands before it;
 * U2  a {…} matches exactly one segment that is not empty. */
#ifndef GATEWAY_HTTP_ROUTE_H
#define GATEWAY_HTTP_ROUTE_H

#include "gateway/http/call.h"
#include "gateway/http/server.h"

/* path as head_target() gives it. params: filled for the row that is returned; NULL where there is none. */
const struct route *route_find(const struct route *routes, size_t n, struct str method, struct str path,
                               struct str params[CALL_PARAMS_MAX]);
/* The methods that path knows, "GET, HEAD, POST"; empty where no row has that path (404). In a. */
struct str route_allow(const struct route *routes, size_t n, struct str path, struct arena *a);

#endif
