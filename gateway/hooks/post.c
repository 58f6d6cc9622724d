#include "gateway/hooks/post.h"

#include "gateway/cli/cli.h"
#include "gateway/hooks/address.h"
#include "rules/base/arena.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { WAIT_MAX_S = 3600 };

/* ---- what libcurl asks ---- */

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct hook_post *p = arg;

    (void)purpose;
    if (!hook_address_may(&to->addr, p->plain, p->private_address)) {
        p->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static size_t on_answer(char *at, size_t size, size_t n, void *arg)
{
    struct hook_post *p = arg;

    (void)at;
    p->answered += size * n;
    return p->answered > HOOK_ANSWER_MAX ? 0 : size * n;
}

/* ---- P1 ---- */

void hook_sign(const uint8_t key[HMAC_BYTES], const char *id, int64_t seconds, struct str body,
               char out[HOOK_SIGNATURE_BYTES])
{
    struct arena *a = arena_open(256);
    uint8_t mac[HMAC_BYTES];
    struct str parts[] = {str_of(id), STR("."), str_int(a, seconds), STR("."), body};

    hmac_sha256(key, parts, sizeof parts / sizeof parts[0], mac);
    (void)snprintf(out, HOOK_SIGNATURE_BYTES, "%s", base64(a, mac, sizeof mac).at);
    arena_close(a);
}

static void add_header(struct hook_post *p, const char *name, const char *value)
{
    char line[256];

    (void)snprintf(line, sizeof line, "%s: %s", name, value);

    struct curl_slist *more = curl_slist_append(p->headers, line);

    if (more == NULL)
        abort();
    p->headers = more;
}

static void add_headers(struct hook_post *p, const struct hook_receiver *to, struct ulid event, struct str body,
                        int64_t seconds)
{
    struct id_text id = id_print(ID_EVENT, event);
    char signature[HOOK_SIGNATURE_BYTES], value[HOOK_SIGNATURE_BYTES + 8];

    hook_sign(to->key, id.at, seconds, body, signature);
    add_header(p, "content-type", "application/json");
    add_header(p, "webhook-id", id.at);
    (void)snprintf(value, sizeof value, "%" PRId64, seconds);
    add_header(p, "webhook-timestamp", value);
    (void)snprintf(value, sizeof value, "v1,%s", signature);
    add_header(p, "webhook-signature", value);
    add_header(p, "expect", ""); /* libcurl's own would cost a turn */
}

/* ---- one transfer ---- */

static void set_limits(struct hook_post *p, const char *ca_file)
{
    CURL *e = p->easy;

    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (ca_file != NULL)
        curl_easy_setopt(e, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)HOOK_CONNECT_MS);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)HOOK_POST_MS);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);   /* do not wait for the resolver */
    curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L); /* each try is judged by the address it connects to (D2) */
    curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, p);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, p);
}

bool hook_post_begin(struct hook_post *p, const struct hook_receiver *to, struct ulid event, struct str body,
                     int64_t now_ms, const char *ca_file)
{
    char host[256], why[HOOK_WHY_BYTES];
    bool plain;

    if (!hook_address_parse(str_of(to->url), host, &plain, why, sizeof why))
        return false;
    if (p->easy == NULL && (p->easy = curl_easy_init()) == NULL)
        abort();
    *p = (struct hook_post){.easy = p->easy, .plain = plain, .private_address = to->private_address};
    p->body = malloc(body.len + 1);
    if (p->body == NULL)
        abort();
    memcpy(p->body, body.at, body.len);
    curl_easy_reset(p->easy);
    set_limits(p, ca_file);
    add_headers(p, to, event, body, now_ms / 1000);
    curl_easy_setopt(p->easy, CURLOPT_URL, to->url);
    curl_easy_setopt(p->easy, CURLOPT_HTTPHEADER, p->headers);
    curl_easy_setopt(p->easy, CURLOPT_USERAGENT, "Postern/" POSTERN_VERSION);
    curl_easy_setopt(p->easy, CURLOPT_POSTFIELDS, p->body);
    curl_easy_setopt(p->easy, CURLOPT_POSTFIELDSIZE, (long)body.len);
    return true;
}

void hook_post_end(struct hook_post *p, CURLcode rc, struct hook_outcome *out)
{
    long status = 0;
    curl_off_t wait_s = 0;

    (void)curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(p->easy, CURLINFO_RETRY_AFTER, &wait_s);
    *out = (struct hook_outcome){.told = status >= 200 && status < 300, .gone = status == 410};
    out->wait_ms = (wait_s < 0 ? 0 : wait_s > WAIT_MAX_S ? WAIT_MAX_S : wait_s) * 1000;
    if (p->refused && status == 0)
        (void)snprintf(out->why, sizeof out->why, "its address is not public: add it with --private");
    else if (status != 0)
        (void)snprintf(out->why, sizeof out->why, "answered %ld", status);
    else
        (void)snprintf(out->why, sizeof out->why, "%s", curl_easy_strerror(rc));
    curl_slist_free_all(p->headers);
    free(p->body);
    p->headers = NULL;
    p->body = NULL;
}
