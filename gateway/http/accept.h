/* accept.h - what a client says it can take. Pure, total, linear in its input. */
#ifndef GATEWAY_HTTP_ACCEPT_H
#define GATEWAY_HTTP_ACCEPT_H

#include "rules/base/text.h"

enum { QUALITY_MAX = 1000 };

/* RFC 9110 12.5.1: the quality 0..1000 of a media type ("text/html") by an Accept header; the most specific range
 * speaks. 1000 for everything where the header is absent (at NULL). */
int accept_type(struct str header, const char *type);
/* RFC 9110 12.5.3: the quality of a content coding ("br") by Accept-Encoding; 0 where it is not named and no "*" is. */
int accept_coding(struct str header, const char *coding);

#endif
