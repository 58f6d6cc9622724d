/* form.h - the parsers behind form_parse() and call_query(): hostile input in, bounded
 * work out. Pure but for the arena.
 *
 * W1  values are bytes as they were sent, NUL and CRLF included: what a field may hold
 *     is its handler's rule;
 * W2  a body that is cut short or not in form is refused whole, never half taken. */
#ifndef GATEWAY_HTTP_FORM_H
#define GATEWAY_HTTP_FORM_H

#include "gateway/http/call.h"

/* '+' and %XX (WHATWG URL 5.1: a '%' without two digits stands for itself). In a. */
struct str form_decode(struct arena *a, struct str s);

/* fields: room for FORM_FIELDS_MAX. ERR_LARGE for more fields. */
enum err form_urlencoded(struct arena *a, struct str body, struct form_field *fields, size_t *n);
/* RFC 7578 over RFC 2046 5.1. ERR_SYNTAX for a body without its closing delimiter, a part without a name, or
 * more than 8 lines or 4 KiB of headers in a part. */
enum err form_multipart(struct arena *a, struct str boundary, struct str body, struct form_field *fields, size_t *n);
/* The boundary parameter of a content-type value; at NULL where there is none, or none that RFC 2046 allows. */
struct str form_boundary(struct arena *a, struct str content_type);

#endif
