/* head.h - the head of a request, read from the bytes as they came.
 *
 * D1  whatever two servers in a row could read differently is refused (RFC 9112
 *     2.2, 3.2, 5.1, 5.2, 6.1, 6.3): bare LF, folded lines, blanks around names,
 *     control characters, several Content-Length, Transfer-Encoding or Host lines,
 *     Content-Length beside Transfer-Encoding, a length that is not digits, a
 *     coding that is not "chunked", HTTP/1.1 without Host;
 * D2  at most CALL_HEADERS_MAX lines and HEAD_BYTES_MAX bytes (431). */
#ifndef GATEWAY_HTTP_HEAD_H
#define GATEWAY_HTTP_HEAD_H

#include "gateway/http/call.h"

enum { HEAD_BYTES_MAX = 16 * 1024 };

/* Why the edge itself answers; status 0: it does not. */
struct refusal {
    int status;
    const char *code; /* of the problem: "bad-request" */
};

struct head {
    struct str method, target;
    int minor;                   /* HTTP/1.minor */
    struct call_header *headers; /* names in lower case, values trimmed */
    size_t count;
};

/* raw begins with the request line and holds a whole head; what follows it is not looked at. Copies into a. */
struct refusal head_parse(struct head *out, struct arena *a, struct str raw);

/* Splits a request target (origin-form or absolute-form, RFC 9112 3.2) and decodes the path by segment:
 * 400 for a broken or encoded %00, %2F, a dot segment, a byte outside [!-~], or no path. query stays raw,
 * at NULL where there is none. Both lie in a or in target. */
struct refusal head_target(struct str target, struct arena *a, struct str *path, struct str *query);

#endif
