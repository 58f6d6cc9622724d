/* load.c - sends one POST over and over through TLS connections that stay open.
 *
 *     load [-c CONNECTIONS] [-s SECONDS] [-w WARM_UP_SECONDS] [-p PATH] [-t TYPE]
 *          [-k] [-H 'name: value']... [-b FILE] [-x] PORT
 *
 * to 127.0.0.1. -b: the body (else 182 bytes of JSON), where {n} stands for a name that
 * no other request has; -k: a fresh Idempotency-Key with each; -x: without TLS; -n: opens the connections, waits the seconds, sends
 * nothing. One line of JSON on stdout: requests, per_s, p50_us, p99_us, max_us,
 * errors, status (counts by hundreds), accepted (202 among them). One request is under way on a connection
 * at any time. */
#include "rules/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, ANSWER_BYTES_MAX = 64 * 1024, SAMPLES_MAX = 20 * 1000 * 1000 };

struct line {
    int fd;
    SSL *ssl; /* NULL: plain */
    int64_t sent_us;
    size_t out, in; /* bytes of the request written, of the answer read */
    struct buf request;
    char answer[ANSWER_BYTES_MAX];
};

static struct {
    int connections, port;
    double seconds, warm_s;
    const char *path, *type;
    struct buf body, headers;
    bool keys, plain, silent;
} set = {.connections = 16, .seconds = 5, .warm_s = 1, .path = "/echo", .type = "application/json"};

static uint32_t *samples;
static size_t count;
static uint64_t errors, statuses[6], accepted, serial;
static int64_t count_from_us;
static SSL_CTX *tls;
static int poller;
static char run_name[17];

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

_Noreturn static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(69);
}

/* ---- one connection ---- */

static void make_request(struct line *l)
{
    struct str body = buf_view(&set.body);
    char name[48];
    size_t len = (size_t)snprintf(name, sizeof name, "%s-%012llu", run_name, (unsigned long long)++serial), places = 0;

    for (const char *n = body.at; (n = strstr(n, "{n}")) != NULL; n += 3)
        places++;
    l->request.len = 0;
    buf_printf(&l->request, "POST %s HTTP/1.1\r\nHost: localhost:%d\r\nContent-Type: %s\r\nContent-Length: %zu\r\n",
               set.path, set.port, set.type, body.len + places * len - places * 3);
    buf_str(&l->request, buf_view(&set.headers));
    if (set.keys)
        buf_printf(&l->request, "Idempotency-Key: %s\r\n", name);
    buf_text(&l->request, "\r\n");
    for (const char *n; (n = strstr(body.at, "{n}")) != NULL; body = str_of(n + 3)) {
        buf_add(&l->request, body.at, (size_t)(n - body.at));
        buf_text(&l->request, name);
    }
    buf_str(&l->request, body);
}

static void dial(struct line *l)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)set.port)};
    struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = l};
    int on = 1;

    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->fd < 0 || connect(l->fd, (struct sockaddr *)&sa, sizeof sa) != 0)
        die("connect");
    (void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!set.plain) {
        l->ssl = SSL_new(tls);
        SSL_set_fd(l->ssl, l->fd);
        if (SSL_connect(l->ssl) != 1)
            die("TLS handshake");
    }
    if (fcntl(l->fd, F_SETFL, O_NONBLOCK) != 0 || epoll_ctl(poller, EPOLL_CTL_ADD, l->fd, &ev) != 0)
        die("epoll");
}

static void begin(struct line *l)
{
    make_request(l);
    l->out = l->in = 0;
    l->sent_us = now_us();
}

static void redial(struct line *l)
{
    errors++;
    if (l->ssl != NULL)
        SSL_free(l->ssl);
    l->ssl = NULL;
    close(l->fd);
    dial(l);
    begin(l);
}

/* > 0 bytes moved, 0 not now, -1 over. */
static int move(struct line *l, bool out, char *at, size_t len)
{
    ssize_t n;

    if (l->ssl != NULL) {
        n = out ? SSL_write(l->ssl, at, (int)len) : SSL_read(l->ssl, at, (int)len);
        if (n > 0)
            return (int)n;

        int e = SSL_get_error(l->ssl, (int)n);

        return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? 0 : -1;
    }
    n = out ? send(l->fd, at, len, 0) : recv(l->fd, at, len, 0);
    return n > 0 ? (int)n : n < 0 && errno == EAGAIN ? 0 : -1;
}

/* Bytes of the whole answer once its head is there, else 0. */
static size_t answer_bytes(struct line *l)
{
    l->answer[l->in] = '\0';

    const char *end = strstr(l->answer, "\r\n\r\n"), *length = strcasestr(l->answer, "\r\ncontent-length:");
    size_t head = end == NULL ? 0 : (size_t)(end - l->answer) + 4;

    return end == NULL ? 0 : length == NULL || length > end ? head : head + strtoul(length + 17, NULL, 10);
}

static void note(struct line *l)
{
    int64_t end_us = now_us();
    unsigned status = (unsigned)(l->answer[9] - '0');

    if (end_us < count_from_us)
        return;
    statuses[status < 6 ? status : 0]++;
    accepted += strncmp(l->answer + 9, "202", 3) == 0;
    if (count < SAMPLES_MAX)
        samples[count++] = (uint32_t)(end_us - l->sent_us);
}

/* Writes and reads until the kernel has no more. */
static void turn(struct line *l)
{
    int n;

    while (l->out < l->request.len) {
        n = move(l, true, l->request.at + l->out, l->request.len - l->out);
        if (n == 0)
            return;
        if (n < 0) {
            redial(l);
            return;
        }
        l->out += (size_t)n;
    }
    while ((n = move(l, false, l->answer + l->in, sizeof l->answer - 1 - l->in)) > 0) {
        size_t whole;

        l->in += (size_t)n;
        whole = answer_bytes(l);
        if (whole == 0 || l->in < whole)
            continue;
        note(l);
        begin(l);
        turn(l);
        return;
    }
    if (n < 0)
        redial(l);
}

/* ---- the whole ---- */

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static uint32_t percentile(double p)
{
    return count == 0 ? 0 : samples[(size_t)((double)(count - 1) * p)];
}

static void report(double seconds)
{
    qsort(samples, count, sizeof *samples, by_size);
    printf("{\"connections\":%d,\"requests\":%zu,\"per_s\":%.0f,\"p50_us\":%u,\"p99_us\":%u,\"max_us\":%u,"
           "\"errors\":%llu,\"accepted\":%llu,\"status\":{\"2xx\":%llu,\"3xx\":%llu,\"4xx\":%llu,\"5xx\":%llu}}\n",
           set.connections, count, (double)count / seconds, percentile(0.5), percentile(0.99), percentile(1),
           (unsigned long long)errors, (unsigned long long)accepted, (unsigned long long)statuses[2],
           (unsigned long long)statuses[3], (unsigned long long)statuses[4], (unsigned long long)statuses[5]);
}

static void read_body(const char *file)
{
    char bytes[65536];
    FILE *f = fopen(file, "rb");
    size_t n;

    if (f == NULL)
        die(file);
    while ((n = fread(bytes, 1, sizeof bytes, f)) > 0)
        buf_add(&set.body, bytes, n);
    fclose(f);
}

static void read_options(int argc, char **argv)
{
    for (int o; (o = getopt(argc, argv, "c:s:w:p:t:b:H:kxn")) != -1;) {
        switch (o) {
        case 'c':
            set.connections = atoi(optarg);
            break;
        case 's':
            set.seconds = atof(optarg);
            break;
        case 'w':
            set.warm_s = atof(optarg);
            break;
        case 'p':
            set.path = optarg;
            break;
        case 't':
            set.type = optarg;
            break;
        case 'b':
            read_body(optarg);
            break;
        case 'H':
            buf_printf(&set.headers, "%s\r\n", optarg);
            break;
        case 'k':
            set.keys = true;
            break;
        case 'x':
            set.plain = true;
            break;
        case 'n':
            set.silent = true;
            break;
        default:
            exit(64);
        }
    }
    if (optind + 1 != argc || set.connections < 1) {
        fprintf(stderr, "usage: load [-c N] [-s S] [-w S] [-p PATH] [-t TYPE] [-b FILE] [-H LINE]... [-knx] PORT\n");
        exit(64);
    }
    set.port = atoi(argv[optind]);
    if (set.body.len == 0)
        buf_printf(&set.body, "{\"problem\":\"%0134d\",\"email\":\"someone@example.org\"}", 0);
}

static void run(int64_t until_us)
{
    struct epoll_event events[EVENTS];

    while (now_us() < until_us) {
        int n = epoll_wait(poller, events, EVENTS, 100);

        for (int i = 0; i < n && !set.silent; i++)
            turn(events[i].data.ptr);
    }
}

int main(int argc, char **argv)
{
    uint64_t chance;

    read_options(argc, argv);
    (void)signal(SIGPIPE, SIG_IGN);
    if (getrandom(&chance, sizeof chance, 0) != (ssize_t)sizeof chance)
        die("getrandom");
    snprintf(run_name, sizeof run_name, "%016llx", (unsigned long long)chance);
    tls = SSL_CTX_new(TLS_client_method());
    poller = epoll_create1(EPOLL_CLOEXEC);
    samples = malloc(SAMPLES_MAX * sizeof *samples); /* touched as far as it is used */

    struct line *lines = calloc((size_t)set.connections, sizeof *lines);

    if (tls == NULL || poller < 0 || samples == NULL || lines == NULL)
        die("starting");
    count_from_us = INT64_MAX;
    for (int i = 0; i < set.connections; i++) {
        dial(&lines[i]);
        begin(&lines[i]);
    }
    count_from_us = now_us() + (int64_t)(set.warm_s * 1e6);
    run(count_from_us + (int64_t)(set.seconds * 1e6));
    report(set.seconds);
    return 0;
}
