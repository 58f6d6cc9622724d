/* fetch.h - bytes of a file on their way out. They are somebody else's, so a browser may only keep them: a download
 * under a clean name, of no type, in a sandbox, and never shown (RFC 6266, CSP 3). */
#ifndef GATEWAY_FILES_FETCH_H
#define GATEWAY_FILES_FETCH_H

#include "queues/file.h"

struct call;

/* On a worker. ERR_OK: answered with its bytes; else nothing was answered. f is released (attachment.h, A3), or an
 * assert. */
enum err fetch_answer(struct call *c, const struct file *f);

#endif
