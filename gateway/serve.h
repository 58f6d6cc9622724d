/* serve.h - the whole gateway, opened in one order and closed in the reverse. */
#ifndef GATEWAY_SERVE_H
#define GATEWAY_SERVE_H

#include "rules/base/err.h"

#include <stddef.h>

struct conf;
struct serve;

enum { SERVE_WHY_BYTES = 512 };

/* Everything but Redis is there when it returns ERR_OK: the journal, the listeners, data/ports.json.
 * why: one sentence that says what to do. */
enum err serve_open(struct serve **out, const struct conf *conf, char why[SERVE_WHY_BYTES]);
/* New rules, TLS files and log level; what is faulty stays as it was. faults of rules go to the log. */
void serve_reload(struct serve *s, const struct conf *conf);
/* Drains: at most 5 s. */
void serve_close(struct serve *s);

#endif
