/* tls.h - the one door to OpenSSL: server contexts and self-made certificates.
 *
 * Y1  TLS 1.2 and 1.3, forward secrecy and AEAD only (Mozilla's intermediate
 *     profile), no renegotiation, no compression; ALPN answers http/1.1 or refuses;
 * Y2  resumption by tickets alone: nothing of a session stays in memory. Their keys
 *     are the process's own, change every TLS_TICKET_HOURS and are taken for one
 *     period more;
 * Y3  idle connections give their buffers back. */
#ifndef GATEWAY_HTTP_TLS_H
#define GATEWAY_HTTP_TLS_H

#include "rules/base/err.h"

#include <stddef.h>

enum { TLS_TICKET_HOURS = 6, TLS_SELF_SIGNED_DAYS = 365 };

struct ssl_ctx_st;

/* PEM files, the chain after the certificate. ERR_CONF with why: one sentence naming the file. */
enum err tls_open(struct ssl_ctx_st **out, const char *cert_file, const char *key_file, char *why, size_t why_bytes);
/* One more reference. */
struct ssl_ctx_st *tls_hold(struct ssl_ctx_st *tls);
/* Drops one reference. NULL is allowed. */
void tls_close(struct ssl_ctx_st *tls);

/* Writes a new P-256 key (mode 0600) and a certificate signed by it, for localhost, 127.0.0.1 and ::1, good for
 * TLS_SELF_SIGNED_DAYS; replaces the files atomically, the key first. ERR_IO with why. */
enum err tls_make_self_signed(const char *cert_file, const char *key_file, char *why, size_t why_bytes);

#endif
