/* door_headers.h - what every answer of a listener says to browsers, whatever it answers. */
#ifndef GATEWAY_DOOR_HEADERS_H
#define GATEWAY_DOOR_HEADERS_H

#include "gateway/http/call.h"

enum { DOOR_HEADERS_MAX = 8 };

/* Of the public listener; policy: its Content-Security-Policy. How many. */
size_t door_headers(struct str policy, struct call_header out[DOOR_HEADERS_MAX]);
/* Of the console's. */
size_t door_headers_console(struct call_header out[DOOR_HEADERS_MAX]);

#endif
