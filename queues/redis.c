#include "queues/redis.h"

#include "queues/clock.h"
#include "rules/base/arena.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    BACKOFF_FIRST_MS = 50,
    BACKOFF_LAST_MS = 1000,
    SEND_PIECE = 256 * 1024, /* then a look at what came back: two full socket buffers would wait for each other */
    RECEIVE_PIECE = 64 * 1024,
    OUT_KEEP = 1024 * 1024, /* a larger buffer is given back after its exchange */
    SHA_CHARS = 40,
    WHY_BYTES = 256,
    LOOK_MS = 100, /* how soon a wait notices that it is to end earlier */
};

static _Atomic int64_t hurry_ms = INT64_MAX; /* R7, steady */

struct queued {
    size_t at;     /* where it begins in out */
    size_t sha_at; /* of a script: where its 40 digits stand, else 0 */
    enum script script;
};

struct redis {
    struct redis_target target;
    int timeout_ms;
    redisContext *link; /* NULL: not connected */
    bool held;          /* R6 */
    redisReader *reader;
    int64_t retry_ms; /* steady; no connecting before */
    int backoff_ms;
    struct buf out;
    struct queued *queue;
    size_t queued, room;
    char sha[SCRIPTS][SHA_CHARS + 1];
    char why[WHY_BYTES];
};

/* Where the answers of one exchange go; hiredis' reader fills it through the functions below, so
 * that a reply is copied once, from the socket's buffer into the arena. */
struct answers {
    struct arena *a;
    struct redis_value *at;
    size_t n, got;
    size_t bytes, values;
};

/* --- replies: called by hiredis' reader ---------------------------------------------- */

static struct redis_value *place(const redisReadTask *t, enum redis_kind kind)
{
    struct answers *ans = t->privdata;
    struct redis_value *list = t->parent == NULL ? NULL : t->parent->obj;
    struct redis_value *v = list == NULL ? &ans->at[ans->got] : &list->items[t->idx];

    v->kind = kind;
    return v;
}

static void *on_text(const redisReadTask *t, char *at, size_t len)
{
    struct answers *ans = t->privdata;
    struct redis_value *v = place(t, t->type == REDIS_REPLY_ERROR    ? REDIS_ERROR
                                     : t->type == REDIS_REPLY_STATUS ? REDIS_STATUS
                                                                     : REDIS_TEXT);

    v->text = (struct str){arena_copy(ans->a, at, len), len};
    return v;
}

/* NULL makes the reader fail: the exchange ends there. */
static void *on_list(const redisReadTask *t, int count)
{
    struct answers *ans = t->privdata;
    size_t n = (size_t)count;

    if (n > REDIS_VALUES_MAX - ans->values)
        return NULL;
    ans->values += n;

    struct redis_value *v = place(t, REDIS_LIST);

    v->items = n == 0 ? NULL : arena_array(ans->a, struct redis_value, n);
    v->count = n;
    return v;
}

static void *on_integer(const redisReadTask *t, long long n)
{
    struct redis_value *v = place(t, REDIS_INT);

    v->integer = n;
    return v;
}

static void *on_nil(const redisReadTask *t)
{
    return place(t, REDIS_NIL);
}

static void on_forget(void *value)
{
    (void)value; /* the arena's */
}

static redisReplyObjectFunctions into_arena = {
    .createString = on_text,
    .createArray = on_list,
    .createInteger = on_integer,
    .createNil = on_nil,
    .freeObject = on_forget,
};

/* --- the connection ------------------------------------------------------------------ */

static bool fail(struct redis *r, const char *what, const char *detail)
{
    (void)snprintf(r->why, sizeof r->why, "%s%s%s", what, *detail == '\0' ? "" : ": ", detail);
    return false;
}

static void hang_up(struct redis *r)
{
    if (r->link == NULL)
        return;
    redisReaderFree(r->reader);
    redisFree(r->link);
    r->reader = NULL;
    r->link = NULL;
}

/* R7. When an exchange with this deadline ends at the latest, as things stand. */
static int64_t end_of_wait(const struct redis *r, int64_t deadline_ms)
{
    int64_t hurry = atomic_load(&hurry_ms), least = deadline_ms - r->timeout_ms + REDIS_HURRY_MS;

    hurry = hurry < least ? least : hurry;
    return hurry < deadline_ms ? hurry : deadline_ms;
}

/* Waits for events or the deadline. */
static bool wait_for(struct redis *r, short events, short *got, int64_t deadline_ms)
{
    for (;;) {
        struct pollfd p = {.fd = r->link->fd, .events = events};
        int64_t left = end_of_wait(r, deadline_ms) - clock_steady_ms();
        int n = left <= 0 ? 0 : poll(&p, 1, (int)(left < LOOK_MS ? left : LOOK_MS));

        if (n == 0 && left > LOOK_MS)
            continue;
        if (n == 0) {
            char text[48];

            (void)snprintf(text, sizeof text, "within %d ms", r->timeout_ms);
            return fail(r, "Redis did not answer", text);
        }
        if (n > 0) {
            *got = p.revents;
            return true;
        }
        if (errno != EINTR)
            return fail(r, "cannot wait for Redis", strerror(errno));
    }
}

static bool send_piece(struct redis *r, struct str out, size_t *sent)
{
    size_t n = out.len - *sent < SEND_PIECE ? out.len - *sent : SEND_PIECE;
    ssize_t done = send(r->link->fd, out.at + *sent, n, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (done > 0)
        *sent += (size_t)done;
    else if (errno != EAGAIN && errno != EINTR)
        return fail(r, "the connection to Redis broke", strerror(errno));
    return true;
}

static bool parse_answers(struct redis *r, struct answers *ans)
{
    while (ans->got < ans->n) {
        void *v = NULL;

        if (redisReaderGetReply(r->reader, &v) != REDIS_OK)
            return fail(r, "an answer of Redis cannot be read", r->reader->errstr);
        if (v == NULL)
            return true;
        ans->got++;
    }
    return true;
}

static bool receive_piece(struct redis *r, struct answers *ans)
{
    char piece[RECEIVE_PIECE];
    ssize_t n = recv(r->link->fd, piece, sizeof piece, MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n <= 0)
        return fail(r, "the connection to Redis broke", n == 0 ? "closed by the server" : strerror(errno));
    ans->bytes += (size_t)n;
    if (ans->bytes > REDIS_ANSWER_BYTES_MAX || redisReaderFeed(r->reader, piece, (size_t)n) != REDIS_OK)
        return fail(r, "an answer of Redis is too large", "");
    return parse_answers(r, ans);
}

/* Sends all of out while it reads what comes back. False: the connection is of no more use. */
static bool exchange(struct redis *r, struct str out, struct answers *ans, int64_t deadline_ms)
{
    size_t sent = 0;

    (void)redisReaderSetPrivdata(r->reader, ans);
    while (ans->got < ans->n) {
        short got = 0;

        if (sent < out.len && !send_piece(r, out, &sent))
            return false;
        if (!wait_for(r, (short)(POLLIN | (sent < out.len ? POLLOUT : 0)), &got, deadline_ms))
            return false;
        if ((got & ~POLLOUT) != 0 && !receive_piece(r, ans))
            return false;
    }
    if (sent != out.len || r->reader->pos != r->reader->len)
        return fail(r, "Redis answered what was not asked", "");
    return true;
}

static bool dial(struct redis *r, int64_t deadline_ms)
{
    const struct redis_target *t = &r->target;
    redisContext *c = t->path[0] != '\0' ? redisConnectUnixNonBlock(t->path) : redisConnectNonBlock(t->host, t->port);
    int error = 0;
    short got = 0;

    if (c == NULL)
        abort(); /* no memory, as in arena.h */
    if (c->err != 0) {
        (void)fail(r, "cannot connect to Redis", c->errstr);
        redisFree(c);
        return false;
    }
    r->link = c;
    r->reader = redisReaderCreateWithFunctions(&into_arena);
    if (r->reader == NULL)
        abort();
    (void)fcntl(c->fd, F_SETFD, FD_CLOEXEC);
    if (!wait_for(r, POLLOUT, &got, deadline_ms))
        return false;
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof error}) != 0)
        error = errno;
    return error == 0 || fail(r, "cannot connect to Redis", strerror(error));
}

/* --- commands ------------------------------------------------------------------------ */

static void print_length(struct buf *b, char kind, size_t n)
{
    char digits[32], *p = digits + sizeof digits;

    *--p = '\n';
    *--p = '\r';
    do
        *--p = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    *--p = kind;
    buf_add(b, p, (size_t)(digits + sizeof digits - p));
}

static void print_word(struct buf *b, struct str s)
{
    print_length(b, '$', s.len);
    buf_str(b, s);
    buf_add(b, "\r\n", 2);
}

/* RESP 2: hiredis' own formatter wants two parallel arrays and makes a copy of each command. */
static void print_command(struct buf *b, size_t n, const struct str argv[])
{
    print_length(b, '*', n);
    for (size_t i = 0; i < n; i++)
        print_word(b, argv[i]);
}

static void print_scripts(struct buf *b)
{
    for (int s = 0; s < SCRIPTS; s++)
        print_command(b, 3, (struct str[]){STR("SCRIPT"), STR("LOAD"), str_of(script_text((enum script)s))});
}

/* Answers of SCRIPT LOAD for all scripts. */
static bool take_shas(struct redis *r, const struct redis_value *v)
{
    for (int s = 0; s < SCRIPTS; s++) {
        if (v[s].kind != REDIS_TEXT || v[s].text.len != SHA_CHARS)
            return fail(r, "Redis does not take our scripts", v[s].kind == REDIS_ERROR ? v[s].text.at : "no answer");
        memcpy(r->sha[s], v[s].text.at, SHA_CHARS);
    }
    return true;
}

/* R3: name and password, then all scripts, in one go. */
static bool greet(struct redis *r, int64_t deadline_ms)
{
    const struct redis_target *t = &r->target;
    struct str login[] = {STR("AUTH"), str_of(t->user), str_of(t->password)};
    size_t first = t->password[0] == '\0' ? 0 : 1;
    struct arena *a = arena_open(4096);
    struct answers ans = {.a = a, .n = first + SCRIPTS};
    struct buf out = {0};

    ans.at = arena_array(a, struct redis_value, ans.n);
    if (first == 1 && t->user[0] == '\0')
        print_command(&out, 2, (struct str[]){login[0], login[2]});
    else if (first == 1)
        print_command(&out, 3, login);
    print_scripts(&out);

    bool ok = exchange(r, buf_view(&out), &ans, deadline_ms);

    if (ok && first == 1 && ans.at[0].kind == REDIS_ERROR)
        ok = fail(r, "Redis does not take our user and password", ans.at[0].text.at);
    ok = ok && take_shas(r, ans.at + first);
    explicit_bzero(out.at, out.len);
    buf_free(&out);
    arena_close(a);
    return ok;
}

/* A connection that is readable while nothing was asked has been closed by the other side, most
 * often by a restart: seen here, nothing was sent yet and nobody needs to know. */
static bool stale(const struct redis *r)
{
    struct pollfd p = {.fd = r->link->fd, .events = POLLIN};

    return poll(&p, 1, 0) != 0;
}

static bool connected(struct redis *r, int64_t deadline_ms)
{
    if (r->link != NULL && !stale(r))
        return true;
    if (r->held && r->link != NULL)
        (void)fail(r, "the connection to Redis broke", "closed by the server");
    hang_up(r);
    if (r->held || clock_steady_ms() < r->retry_ms)
        return false; /* why is still that of the try before */
    if (dial(r, deadline_ms) && greet(r, deadline_ms)) {
        r->backoff_ms = 0;
        return true;
    }
    hang_up(r);
    r->backoff_ms = r->backoff_ms == 0                    ? BACKOFF_FIRST_MS
                    : r->backoff_ms * 2 < BACKOFF_LAST_MS ? r->backoff_ms * 2
                                                          : BACKOFF_LAST_MS;
    r->retry_ms = clock_steady_ms() + r->backoff_ms;
    return false;
}

static struct queued *enqueue(struct redis *r)
{
    assert(r->out.len < REDIS_QUEUE_BYTES_MAX);
    if (r->queued == r->room) {
        r->room = r->room == 0 ? 16 : 2 * r->room;
        r->queue = realloc(r->queue, r->room * sizeof *r->queue);
        if (r->queue == NULL)
            abort();
    }
    r->queue[r->queued] = (struct queued){.at = r->out.len};
    return &r->queue[r->queued++];
}

static void empty_queue(struct redis *r)
{
    r->queued = 0;
    r->out.len = 0;
    if (r->out.room > OUT_KEEP)
        buf_free(&r->out);
}

static bool lost_script(const struct redis *r, const struct answers *ans, size_t i)
{
    return r->queue[i].sha_at != 0 && ans->at[i].kind == REDIS_ERROR && str_starts(ans->at[i].text, "NOSCRIPT");
}

/* Somebody emptied the script cache: load all again and send once more what was refused, nothing
 * else. Their order among each other stays. */
static bool send_lost(struct redis *r, struct answers *ans, size_t lost, int64_t deadline_ms)
{
    struct answers again = {.a = ans->a, .n = SCRIPTS + lost};
    struct buf out = {0};
    size_t k = SCRIPTS;

    again.at = arena_array(ans->a, struct redis_value, again.n);
    print_scripts(&out);
    for (size_t i = 0; i < r->queued; i++) {
        size_t end = i + 1 < r->queued ? r->queue[i + 1].at : r->out.len;

        if (lost_script(r, ans, i))
            buf_add(&out, r->out.at + r->queue[i].at, end - r->queue[i].at);
    }

    bool ok = exchange(r, buf_view(&out), &again, deadline_ms);

    for (size_t i = 0; ok && i < r->queued; i++)
        if (lost_script(r, ans, i))
            ans->at[i] = again.at[k++];
    buf_free(&out);
    return ok;
}

static bool talk(struct redis *r, struct answers *ans, int64_t deadline_ms)
{
    size_t lost = 0;

    for (size_t i = 0; i < r->queued; i++)
        if (r->queue[i].sha_at != 0)
            memcpy(r->out.at + r->queue[i].sha_at, r->sha[r->queue[i].script], SHA_CHARS);
    if (!exchange(r, buf_view(&r->out), ans, deadline_ms))
        return false;
    for (size_t i = 0; i < r->queued; i++)
        lost += lost_script(r, ans, i);
    return lost == 0 || send_lost(r, ans, lost, deadline_ms);
}

/* --- the interface ------------------------------------------------------------------- */

struct redis *redis_open(const struct redis_target *t, int timeout_ms)
{
    struct redis *r = calloc(1, sizeof *r);

    if (r == NULL)
        abort();
    r->target = *t;
    redis_set_timeout(r, timeout_ms);
    (void)fail(r, "not connected yet", "");
    return r;
}

void redis_close(struct redis *r)
{
    if (r == NULL)
        return;
    hang_up(r);
    buf_free(&r->out);
    free(r->queue);
    explicit_bzero(&r->target, sizeof r->target);
    free(r);
}

void redis_hold(struct redis *r)
{
    r->held = true;
}

void redis_let_go(struct redis *r)
{
    r->held = false;
}

void redis_hurry(int64_t from_ms)
{
    atomic_store(&hurry_ms, from_ms);
}

void redis_set_timeout(struct redis *r, int timeout_ms)
{
    assert(timeout_ms > 0);
    r->timeout_ms = timeout_ms;
}

void redis_add(struct redis *r, size_t n, const struct str argv[])
{
    assert(n > 0);
    (void)enqueue(r);
    print_command(&r->out, n, argv);
}

void redis_add_script(struct redis *r, enum script s, size_t keys, size_t n, const struct str argv[])
{
    static const char unknown[SHA_CHARS + 1] = "0000000000000000000000000000000000000000";
    struct queued *q = enqueue(r);
    char count[24];

    assert(keys <= n && s < SCRIPTS);
    q->script = s;
    print_length(&r->out, '*', 3 + n);
    print_word(&r->out, STR("EVALSHA"));
    print_word(&r->out, (struct str){unknown, SHA_CHARS});
    q->sha_at = r->out.len - 2 - SHA_CHARS; /* filled in by talk(): it is known once there is a connection */
    (void)snprintf(count, sizeof count, "%zu", keys);
    print_word(&r->out, str_of(count));
    for (size_t i = 0; i < n; i++)
        print_word(&r->out, argv[i]);
}

enum err redis_flush(struct redis *r, struct arena *a, struct redis_value **replies, size_t *n)
{
    int64_t deadline_ms = clock_steady_ms() + r->timeout_ms;
    struct answers ans = {.a = a, .n = r->queued};
    bool ok = connected(r, deadline_ms);

    if (ok) {
        ans.at = arena_array(a, struct redis_value, ans.n + 1);
        ok = talk(r, &ans, deadline_ms);
        if (!ok)
            hang_up(r);
    }
    empty_queue(r);
    if (!ok)
        return ERR_STORE;
    *replies = ans.at;
    *n = ans.n;
    return ERR_OK;
}

static enum err flush_one(struct redis *r, struct arena *a, struct redis_value *out)
{
    struct redis_value *v = NULL;
    size_t n = 0;
    enum err e = redis_flush(r, a, &v, &n);

    if (e == ERR_OK)
        e = redis_value_err(r, v);
    if (e == ERR_OK && out != NULL)
        *out = *v;
    return e;
}

enum err redis_do(struct redis *r, struct arena *a, struct redis_value *out, size_t n, const struct str argv[])
{
    assert(r->queued == 0);
    redis_add(r, n, argv);
    return flush_one(r, a, out);
}

enum err redis_run(struct redis *r, struct arena *a, struct redis_value *out, enum script s, size_t keys, size_t n,
                   const struct str argv[])
{
    assert(r->queued == 0);
    redis_add_script(r, s, keys, n, argv);
    return flush_one(r, a, out);
}

enum err redis_value_err(struct redis *r, const struct redis_value *v)
{
    static const char *const state[] = {"LOADING ",    "READONLY ",    "OOM ",      "MISCONF ", "NOREPLICAS ",
                                        "MASTERDOWN ", "CLUSTERDOWN ", "TRYAGAIN ", "BUSY ",    "NOAUTH ",
                                        "NOPERM ",     "NOSCRIPT ",    "MOVED ",    "ASK "};

    if (v->kind != REDIS_ERROR)
        return ERR_OK;

    /* "ERR unknown command 'x', with args beginning with: 'secret'" */
    const char *data = strstr(v->text.at, ", with args");

    (void)snprintf(r->why, sizeof r->why, "%.*s", data == NULL ? (int)sizeof r->why : (int)(data - v->text.at),
                   v->text.at);
    for (size_t i = 0; i < sizeof state / sizeof state[0]; i++)
        if (str_starts(v->text, state[i]))
            return ERR_STORE;
    return ERR_CORRUPT;
}

const char *redis_why(const struct redis *r)
{
    return r->why;
}

struct str redis_field(const struct redis_value *v, const char *name)
{
    for (size_t i = 0; v->kind == REDIS_LIST && i + 1 < v->count; i += 2)
        if (str_is(v->items[i].text, name))
            return v->items[i + 1].text;
    return (struct str){0};
}
