#include "gateway/mail/talk.h"

#include "gateway/mail/message.h"

#include <arpa/inet.h>
#include <assert.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 4, STACK_BYTES = 256 * 1024 };

/* How far the conversation came. */
enum stage { AT_CONNECT, AT_HELLO, AT_AUTH, AT_MAIL, AT_RCPT, AT_DATA };

static const char *const stage_names[] = {"connect", "hello", "sign-in", "mail", "rcpt", "data"};

struct talk {
    struct talk_conf conf;
    CURL *easy;
    pthread_t thread;

    pthread_mutex_t lock; /* over this group */
    pthread_cond_t changed;
    enum { IDLE, ASKED, UNDER_WAY, ENDED, CLOSING } state;
    int sockets[CONNECTIONS_MAX]; /* -1 free */
    struct talk_report report;

    atomic_bool cancelled;

    /* The worker's while UNDER_WAY. */
    struct talk_relay relay;
    struct talk_letter letter;
    size_t sent; /* bytes of the letter given to libcurl */
    enum stage stage;
    bool offers_utf8;
    bool quits; /* what comes now answers QUIT, not the letter */
    int reply;
    char enhanced[12]; /* RFC 3463, "" none */
};

static bool set(const char *s)
{
    return s != NULL && *s != '\0';
}

/* ---- sockets are known, so that no relay can hold us up ---- */

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct talk *t = arg;
    int fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);

    (void)purpose;
    pthread_mutex_lock(&t->lock);
    for (int i = 0; fd >= 0 && i < CONNECTIONS_MAX; i++)
        if (t->sockets[i] == -1) {
            t->sockets[i] = fd;
            break;
        }
    pthread_mutex_unlock(&t->lock);
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int on_socket_end(void *arg, curl_socket_t fd)
{
    struct talk *t = arg;

    (void)pthread_setname_np(pthread_self(), "mail-talk");
    pthread_mutex_lock(&t->lock);
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        if (t->sockets[i] == fd)
            t->sockets[i] = -1;
    pthread_mutex_unlock(&t->lock);
    return close(fd);
}

/* Local port -1: all. */
static void shut_sockets(struct talk *t, int how, long port)
{
    pthread_mutex_lock(&t->lock);
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        struct sockaddr_storage a;
        socklen_t len = sizeof a;

        if (t->sockets[i] == -1 || getsockname(t->sockets[i], (struct sockaddr *)&a, &len) != 0)
            continue;
        /* The port stands at the same place for IPv4 and IPv6. */
        if (port == -1 || ntohs(((struct sockaddr_in *)&a)->sin_port) == port)
            (void)shutdown(t->sockets[i], how);
    }
    pthread_mutex_unlock(&t->lock);
}

/* ---- what the relay and we say, as libcurl reports it ---- */

static bool begins(const char *at, size_t len, const char *word)
{
    size_t n = strlen(word);

    return len >= n && memcmp(at, word, n) == 0;
}

/* QUIT is out by now, and libcurl waits for its answer: an end of file in place of one
 * lets it go on at once. An answer that is here already is still read, and is not the
 * letter's. */
static void expect_nothing_more(struct talk *t)
{
    long port = 0;

    t->quits = true;
    curl_easy_getinfo(t->easy, CURLINFO_LOCAL_PORT, &port);
    shut_sockets(t, SHUT_RD, port);
}

/* Sign-in lines may be any base64 text, so each command counts only where it can come. */
static int on_talk(CURL *easy, curl_infotype type, char *at, size_t len, void *arg)
{
    struct talk *t = arg;

    (void)easy;
    if (type != CURLINFO_HEADER_OUT)
        return 0;
    if (t->stage <= AT_AUTH && (begins(at, len, "EHLO ") || begins(at, len, "HELO "))) {
        t->stage = AT_HELLO;
        t->offers_utf8 = false;
    } else if (t->stage == AT_HELLO && begins(at, len, "AUTH ")) {
        t->stage = AT_AUTH;
    } else if (t->stage <= AT_AUTH && begins(at, len, "MAIL FROM:")) {
        t->stage = AT_MAIL;
    } else if (t->stage == AT_MAIL && begins(at, len, "RCPT TO:")) {
        t->stage = AT_RCPT;
    } else if (t->stage == AT_RCPT && begins(at, len, "DATA")) {
        t->stage = AT_DATA;
    } else if (begins(at, len, "QUIT\r\n")) {
        expect_nothing_more(t);
    }
    return 0;
}

static void keep_reply(struct talk *t, const char *line, size_t len)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%.*s", (int)(len < sizeof text ? len : sizeof text - 1), line);
    t->reply = (int)strtol(text, NULL, 10);
    t->enhanced[0] = '\0';

    size_t n = strlen(text) > 4 ? strspn(text + 4, "0123456789.") : 0;

    if (n >= 5 && n < sizeof t->enhanced && text[4] == text[0])
        (void)snprintf(t->enhanced, sizeof t->enhanced, "%.*s", (int)n, text + 4);
}

static size_t on_reply_line(char *at, size_t size, size_t n, void *arg)
{
    struct talk *t = arg;
    size_t len = size * n;

    if (t->quits)
        return len;
    if (len >= 4)
        keep_reply(t, at, len);
    if (t->stage == AT_HELLO && len >= 12 && str_equal_nocase((struct str){at + 4, 8}, STR("SMTPUTF8")))
        t->offers_utf8 = true;
    if (t->stage == AT_MAIL && t->letter.smtputf8 && !t->offers_utf8)
        return 0; /* K2: ends with CURLE_WRITE_ERROR */
    return len;
}

static size_t on_want(char *at, size_t size, size_t n, void *arg)
{
    struct talk *t = arg;
    size_t left = t->letter.bytes.len - t->sent;
    size_t take = size * n < left ? size * n : left;

    memcpy(at, t->letter.bytes.at + t->sent, take);
    t->sent += take;
    return take;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct talk *t = arg;

    (void)a, (void)b, (void)c, (void)d;
    return atomic_load(&t->cancelled);
}

/* ---- one try ---- */

static void set_relay(struct talk *t, bool fresh)
{
    CURL *e = t->easy;

    curl_easy_setopt(e, CURLOPT_URL, t->relay.url);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_USE_SSL, (long)(t->relay.tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (t->conf.ca_file != NULL)
        curl_easy_setopt(e, CURLOPT_CAINFO, t->conf.ca_file);
    if (set(t->conf.user)) {
        curl_easy_setopt(e, CURLOPT_USERNAME, t->conf.user);
        curl_easy_setopt(e, CURLOPT_PASSWORD, t->conf.password);
    }
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)TALK_CONNECT_MS);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)TALK_WHOLE_MS);
    curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L);
    curl_easy_setopt(e, CURLOPT_MAXCONNECTS, (long)CONNECTIONS_MAX - 1); /* one may be in the making */
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L); /* do not wait for the resolver */
}

static void set_letter(struct talk *t, const char *from, struct curl_slist *to)
{
    CURL *e = t->easy;

    curl_easy_setopt(e, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(e, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(e, CURLOPT_UPLOAD, 1L);
    /* No size is told: libcurl 7.88 counts its own dot-stuffing against it and would take
     * a message for finished too early. */
    curl_easy_setopt(e, CURLOPT_READFUNCTION, on_want);
    curl_easy_setopt(e, CURLOPT_READDATA, t);
}

static void set_ears(struct talk *t)
{
    CURL *e = t->easy;

    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_reply_line);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(e, CURLOPT_DEBUGFUNCTION, on_talk);
    curl_easy_setopt(e, CURLOPT_DEBUGDATA, t);
    curl_easy_setopt(e, CURLOPT_VERBOSE, 1L); /* else on_talk is never called */
    curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(e, CURLOPT_XFERINFODATA, t);
    curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
    curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, on_socket_end);
    curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, t);
}

static CURLcode try_once(struct talk *t, bool fresh)
{
    char from[MESSAGE_ADDRESS_BYTES_MAX + 1], to[MESSAGE_ADDRESS_BYTES_MAX + 1];

    (void)snprintf(from, sizeof from, "%.*s", (int)t->letter.from.len, t->letter.from.at);
    (void)snprintf(to, sizeof to, "%.*s", (int)t->letter.to.len, t->letter.to.at);

    struct curl_slist *rcpt = curl_slist_append(NULL, to);

    if (rcpt == NULL)
        abort();
    t->sent = 0;
    t->stage = AT_CONNECT;
    t->offers_utf8 = t->quits = false;
    t->reply = 0;
    t->enhanced[0] = '\0';
    curl_easy_reset(t->easy);
    set_relay(t, fresh);
    set_letter(t, from, rcpt);
    set_ears(t);

    CURLcode rc = curl_easy_perform(t->easy);

    curl_slist_free_all(rcpt);
    return rc;
}

static enum talk_end judge(const struct talk *t, CURLcode rc)
{
    /* 421: it is going away; 530: it wants us to sign in first. Both are about us. */
    bool answered_no = t->reply >= 400 && t->reply != 421 && t->reply != 530;

    if (rc == CURLE_OK)
        return TALK_TAKEN;
    if (rc == CURLE_WRITE_ERROR && t->stage == AT_MAIL && t->letter.smtputf8 && !t->offers_utf8)
        return TALK_NO_UTF8;
    if (answered_no && t->stage == AT_MAIL && t->reply == 552)
        return TALK_REFUSED; /* RFC 1870 §6.1: larger than the relay takes */
    if (answered_no && t->stage >= AT_RCPT)
        return t->reply >= 500 ? TALK_REFUSED : TALK_DEFERRED;
    return TALK_FAILED;
}

static void say_why(const struct talk *t, CURLcode rc, struct talk_report *r)
{
    const char *at = stage_names[t->stage];

    if (r->end == TALK_TAKEN)
        (void)snprintf(r->why, sizeof r->why, "%d", t->reply);
    else if (r->end == TALK_NO_UTF8)
        (void)snprintf(r->why, sizeof r->why, "address needs SMTPUTF8, which no relay offers");
    else if (t->reply >= 400)
        (void)snprintf(r->why, sizeof r->why, "%d%s%s at %s", t->reply, t->enhanced[0] != '\0' ? " " : "", t->enhanced,
                       at);
    else
        (void)snprintf(r->why, sizeof r->why, "%s at %s", curl_easy_strerror(rc), at);
}

/* A kept connection may have been closed by the relay at the very moment we used it:
 * that says nothing about the relay. */
static bool was_stale(const struct talk *t, CURLcode rc)
{
    long connects = 0;

    curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connects);
    return connects == 0 && t->stage < AT_DATA && judge(t, rc) == TALK_FAILED && !atomic_load(&t->cancelled);
}

static void talk_through(struct talk *t, struct talk_report *r)
{
    bool fresh = t->letter.smtputf8; /* a kept connection's offers are not told again */
    CURLcode rc = try_once(t, fresh);

    if (!fresh && was_stale(t, rc))
        rc = try_once(t, true);
    r->end = judge(t, rc);
    r->reply = t->reply;
    say_why(t, rc, r);
}

static void *run(void *arg)
{
    struct talk *t = arg;

    pthread_mutex_lock(&t->lock);
    while (t->state != CLOSING) {
        struct talk_report r = {0};
        uint64_t one = 1;

        if (t->state != ASKED) {
            pthread_cond_wait(&t->changed, &t->lock);
            continue;
        }
        t->state = UNDER_WAY;
        pthread_mutex_unlock(&t->lock);
        talk_through(t, &r);
        pthread_mutex_lock(&t->lock);
        t->report = r;
        t->state = ENDED;
        (void)!write(t->conf.ended_fd, &one, sizeof one);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

/* ---- the outside ---- */

struct talk *talk_open(const struct talk_conf *c)
{
    struct talk *t = calloc(1, sizeof *t);
    pthread_attr_t attr;

    if (t == NULL)
        abort();
    t->conf = *c;
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        t->sockets[i] = -1;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) /* counted: each open has its close */
        abort();
    t->easy = curl_easy_init();
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->changed, NULL);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    if (t->easy == NULL || pthread_create(&t->thread, &attr, run, t) != 0)
        abort();
    pthread_attr_destroy(&attr);
    return t;
}

void talk_close(struct talk *t)
{
    if (t == NULL)
        return;
    pthread_mutex_lock(&t->lock);
    assert(t->state == IDLE);
    t->state = CLOSING;
    pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    shut_sockets(t, SHUT_RD, -1); /* QUIT is still said, and its answer not waited for */
    curl_easy_cleanup(t->easy);
    curl_global_cleanup();
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

void talk_start(struct talk *t, const struct talk_relay *relay, const struct talk_letter *l)
{
    pthread_mutex_lock(&t->lock);
    assert(t->state == IDLE);
    t->relay = *relay;
    t->letter = *l;
    atomic_store(&t->cancelled, false);
    t->state = ASKED;
    pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

bool talk_ended(struct talk *t, struct talk_report *out)
{
    pthread_mutex_lock(&t->lock);

    bool ended = t->state == ENDED;

    if (ended) {
        *out = t->report;
        t->state = IDLE;
    }
    pthread_mutex_unlock(&t->lock);
    return ended;
}

void talk_cancel(struct talk *t)
{
    atomic_store(&t->cancelled, true);
    shut_sockets(t, SHUT_RDWR, -1);
}
