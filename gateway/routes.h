/* routes.h - every address of the gateway, as one table for each listener. */
#ifndef GATEWAY_ROUTES_H
#define GATEWAY_ROUTES_H

#include "gateway/http/server.h"

extern const struct route routes_public[];
extern const size_t routes_public_count;
extern const struct route routes_staff[];
extern const size_t routes_staff_count;
extern const struct route routes_admin[];
extern const size_t routes_admin_count;

#endif
