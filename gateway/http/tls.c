#include "gateway/http/tls.h"

#include "queues/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ssl-config.mozilla.org, intermediate, OpenSSL 3: what TLS 1.2 may use. */
static const char ciphers_1_2[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

/* ---- tickets (Y2) ---- */

enum { TICKET_NAME = 16, TICKET_KEY = 32, TICKET_MS = TLS_TICKET_HOURS * 3600 * 1000 };

struct ticket_key {
    unsigned char name[TICKET_NAME], cipher[TICKET_KEY], mac[TICKET_KEY];
    int64_t made_ms; /* clock_steady_ms(); 0: none */
};

static struct {
    pthread_mutex_t lock;
    struct ticket_key now, before;
} tickets = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* With the lock held. */
static bool turn_ticket_keys(void)
{
    int64_t now_ms = clock_steady_ms();
    struct ticket_key fresh = {.made_ms = now_ms};

    if (tickets.now.made_ms != 0 && now_ms - tickets.now.made_ms < TICKET_MS)
        return true;
    if (RAND_bytes(fresh.name, sizeof fresh.name) != 1 || RAND_priv_bytes(fresh.cipher, sizeof fresh.cipher) != 1 ||
        RAND_priv_bytes(fresh.mac, sizeof fresh.mac) != 1)
        return false;
    tickets.before = now_ms - tickets.now.made_ms < 2 * (int64_t)TICKET_MS ? tickets.now : (struct ticket_key){0};
    tickets.now = fresh;
    return true;
}

/* The key for sealing (name NULL) or the one that a ticket names. */
static bool ticket_key(struct ticket_key *out, const unsigned char *name)
{
    bool found = true;

    pthread_mutex_lock(&tickets.lock);
    if (!turn_ticket_keys())
        found = false;
    else if (name == NULL || CRYPTO_memcmp(name, tickets.now.name, TICKET_NAME) == 0)
        *out = tickets.now;
    else if (tickets.before.made_ms != 0 && CRYPTO_memcmp(name, tickets.before.name, TICKET_NAME) == 0)
        *out = tickets.before;
    else
        found = false;
    pthread_mutex_unlock(&tickets.lock);
    return found;
}

static bool set_mac(EVP_MAC_CTX *mac, struct ticket_key *k)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, k->mac, sizeof k->mac),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
        OSSL_PARAM_construct_end(),
    };

    return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 1 use, 0 ticket unknown, -1 failed. A ticket that was used is renewed by
 * TLS 1.3 anyway. */
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                     int seal)
{
    struct ticket_key k;
    int ok;

    (void)ssl;
    if (!ticket_key(&k, seal ? NULL : name))
        return seal ? -1 : 0;
    if (seal) {
        memcpy(name, k.name, TICKET_NAME);
        ok = RAND_bytes(iv, EVP_MAX_IV_LENGTH) == 1 &&
             EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, k.cipher, iv) == 1;
    } else {
        ok = EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, k.cipher, iv) == 1;
    }
    ok = ok && set_mac(mac, &k);
    OPENSSL_cleanse(&k, sizeof k);
    return ok ? 1 : -1;
}

/* ---- contexts ---- */

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                   unsigned in_len, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";

    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto((unsigned char **)out, out_len, ours, sizeof ours - 1, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301 3.2 */
    return SSL_TLSEXT_ERR_OK;
}

static const char *openssl_reason(void)
{
    unsigned long e = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(e);

    return reason != NULL ? reason : ERR_SYSTEM_ERROR(e) ? strerror(ERR_GET_REASON(e)) : "not usable";
}

static enum err load(SSL_CTX *ctx, const char *cert_file, const char *key_file, char *why, size_t why_bytes)
{
    const char *what = NULL, *file = cert_file;

    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1)
        what = "certificate";
    else if (file = key_file, SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1)
        what = "key";
    else if (SSL_CTX_check_private_key(ctx) != 1)
        what = "key of that certificate";
    if (what == NULL)
        return ERR_OK;
    snprintf(why, why_bytes, "%s is no usable %s: %s", file, what, openssl_reason());
    ERR_clear_error();
    return ERR_CONF;
}

static void harden(SSL_CTX *ctx)
{
    static const unsigned char session_scope[] = "postern";

    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(ctx, session_scope, sizeof session_scope - 1);
    SSL_CTX_set_num_tickets(ctx, 1);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
}

enum err tls_open(struct ssl_ctx_st **out, const char *cert_file, const char *key_file, char *why, size_t why_bytes)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    if (ctx == NULL || SSL_CTX_set_cipher_list(ctx, ciphers_1_2) != 1 ||
        SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") != 1)
        abort();
    harden(ctx);

    enum err e = load(ctx, cert_file, key_file, why, why_bytes);

    if (e == ERR_OK)
        *out = ctx;
    else
        SSL_CTX_free(ctx);
    return e;
}

struct ssl_ctx_st *tls_hold(struct ssl_ctx_st *tls)
{
    SSL_CTX_up_ref(tls);
    return tls;
}

void tls_close(struct ssl_ctx_st *tls)
{
    SSL_CTX_free(tls);
}

/* ---- self-made certificates ---- */

static bool add_extension(X509 *cert, int nid, const char *value)
{
    X509V3_CTX ctx;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);

    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool ok = ext != NULL && X509_add_ext(cert, ext, -1) == 1;

    X509_EXTENSION_free(ext);
    return ok;
}

static bool set_serial(X509 *cert)
{
    unsigned char bytes[16];
    BIGNUM *n = NULL;
    bool ok = RAND_bytes(bytes, sizeof bytes) == 1;

    bytes[0] &= 0x7F; /* positive, RFC 5280 4.1.2.2 */
    ok = ok && (n = BN_bin2bn(bytes, sizeof bytes, NULL)) != NULL &&
         BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL;
    BN_free(n);
    return ok;
}

static X509 *make_certificate(EVP_PKEY *key)
{
    X509 *cert = X509_new();

    if (cert == NULL)
        return NULL;

    X509_NAME *name = X509_get_subject_name(cert);
    bool ok =
        X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
        /* An hour back: the clocks of others. */
        X509_gmtime_adj(X509_getm_notBefore(cert), -3600) != NULL &&
        X509_time_adj_ex(X509_getm_notAfter(cert), TLS_SELF_SIGNED_DAYS, 0, NULL) != NULL &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0) == 1 &&
        X509_set_issuer_name(cert, name) == 1 && X509_set_pubkey(cert, key) == 1 &&
        add_extension(cert, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1") &&
        add_extension(cert, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(cert, NID_key_usage, "critical,digitalSignature") &&
        add_extension(cert, NID_ext_key_usage, "serverAuth") && X509_sign(cert, key, EVP_sha256()) > 0;

    if (ok)
        return cert;
    X509_free(cert);
    return NULL;
}

/* Writes beside the file and renames. */
static bool write_pem(const char *file, int mode, EVP_PKEY *key, X509 *cert, char *why, size_t why_bytes)
{
    char fresh[4096];
    int n = snprintf(fresh, sizeof fresh, "%s.new", file);
    int fd = -1;
    FILE *f = NULL;
    bool ok = n > 0 && (size_t)n < sizeof fresh && (unlink(fresh) == 0 || errno == ENOENT) &&
              (fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)) >= 0 && (f = fdopen(fd, "w")) != NULL;

    if (ok)
        ok = key != NULL ? PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1 : PEM_write_X509(f, cert) == 1;
    if (f != NULL) {
        ok = fflush(f) == 0 && fsync(fd) == 0 && ok;
        ok = fclose(f) == 0 && ok;
    } else if (fd >= 0) {
        close(fd);
    }
    ok = ok && rename(fresh, file) == 0;
    if (!ok)
        snprintf(why, why_bytes, "cannot write %s: %s", file, strerror(errno));
    return ok;
}

enum err tls_make_self_signed(const char *cert_file, const char *key_file, char *why, size_t why_bytes)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = key != NULL ? make_certificate(key) : NULL;

    if (cert == NULL)
        abort();

    bool ok =
        write_pem(key_file, 0600, key, NULL, why, why_bytes) && write_pem(cert_file, 0644, NULL, cert, why, why_bytes);

    X509_free(cert);
    EVP_PKEY_free(key);
    return ok ? ERR_OK : ERR_IO;
}
