/* script_bench - what one script alone costs: a floor for everything that files through it.
 *
 *   script_bench --socket PATH --script FILE.lua --argv FILE [--user FILE] [--connections 1,16,64]
 *                [--seconds 5] [--json]
 *
 * Each connection is a thread that sends one call and waits for its answer, as fast as it can. Redis' CPU
 * time is its own count (INFO cpu) over the calls of the run. The argv file has one argument a line, in order:
 *
 *   key {p{p}}:t:{ulid}
 *   arg {ms}
 *
 * {ulid} is new for each call and the same within it, {seq} the call's number, {p} that number mod 64,
 * {ms} the time, {bytes:N} N letters. --user: a file "NAME PASSWORD". */
#include "queues/clock.h"
#include "queues/redis.h"
#include "queues/seal.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 512, RUNS_MAX = 16, CONNECTIONS_MAX = 1024, BYTES_MAX = 65536, TIMEOUT_MS = 10000, USAGE = 64 };

struct argument {
    bool key;
    struct str text;
};

struct plan {
    struct redis_target target;
    struct str script;
    struct argument arguments[ARGUMENTS_MAX];
    size_t n, keys;
    int connections[RUNS_MAX];
    size_t runs;
    int64_t seconds;
    bool json;
    char sha[41];
};

struct worker {
    const struct plan *plan;
    pthread_t thread;
    uint32_t *us; /* one for each call */
    size_t calls, room;
};

struct result {
    int connections;
    double per_second, redis_cpu_us;
    uint32_t p50_us, p99_us;
    size_t calls;
};

static _Atomic uint64_t sequence;
static _Atomic bool over;

static _Noreturn void die(int status, const char *what, const char *detail)
{
    (void)fprintf(stderr, "script_bench: %s%s%s\n", what, *detail == '\0' ? "" : ": ", detail);
    exit(status);
}

static int64_t now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* --- the plan ------------------------------------------------------------------------------ */

static struct str read_file(const char *path)
{
    struct buf b = {0};
    char piece[4096];
    size_t n;
    FILE *f = fopen(path, "r");

    if (f == NULL)
        die(66, "cannot read", path);
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        buf_add(&b, piece, n);
    (void)fclose(f);
    return buf_view(&b);
}

static void read_arguments(struct plan *p, const char *path)
{
    struct str rest = read_file(path);

    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n'), text = line, word = str_cut(&text, ' ');

        if (str_trim(line).len == 0)
            continue;
        if (p->n == ARGUMENTS_MAX || !(str_is(word, "key") || str_is(word, "arg")))
            die(65, "not a list of at most 512 lines `key TEXT` or `arg TEXT`", path);
        if (str_is(word, "key") && p->keys != p->n)
            die(65, "keys stand before all other arguments", path);
        p->keys += str_is(word, "key");
        p->arguments[p->n++] = (struct argument){str_is(word, "key"), text};
    }
}

static void read_connections(struct plan *p, const char *list)
{
    struct str rest = str_of(list);

    for (p->runs = 0; rest.len > 0 && p->runs < RUNS_MAX; p->runs++) {
        int64_t n = 0;

        if (!str_number(str_cut(&rest, ','), &n) || n < 1 || n > CONNECTIONS_MAX)
            die(USAGE, "--connections takes numbers from 1 to 1024", list);
        p->connections[p->runs] = (int)n;
    }
}

static void read_user(struct plan *p, const char *path)
{
    struct str rest = str_trim(read_file(path)), user = str_cut(&rest, ' ');

    (void)snprintf(p->target.user, sizeof p->target.user, "%.*s", (int)user.len, user.at);
    (void)snprintf(p->target.password, sizeof p->target.password, "%.*s", (int)rest.len, rest.at);
}

static void read_plan(struct plan *p, char **argv)
{
    read_connections(p, "1,16,64");
    p->seconds = 5;
    for (argv++; *argv != NULL; argv++) {
        const char *name = *argv;

        if (strcmp(name, "--json") == 0) {
            p->json = true;
            continue;
        }
        if (*++argv == NULL)
            die(USAGE, "a value is missing behind", name);
        if (strcmp(name, "--socket") == 0)
            (void)snprintf(p->target.path, sizeof p->target.path, "%s", *argv);
        else if (strcmp(name, "--script") == 0)
            p->script = read_file(*argv);
        else if (strcmp(name, "--argv") == 0)
            read_arguments(p, *argv);
        else if (strcmp(name, "--user") == 0)
            read_user(p, *argv);
        else if (strcmp(name, "--connections") == 0)
            read_connections(p, *argv);
        else if (strcmp(name, "--seconds") != 0 || !str_number(str_of(*argv), &p->seconds) || p->seconds < 1)
            die(USAGE, "not understood", name);
    }
    if (p->target.path[0] == '\0' || p->script.len == 0)
        die(USAGE, "needs --socket PATH and --script FILE", "");
}

/* --- calls ----------------------------------------------------------------------------------- */

/* The word at the beginning of s, which stands behind a '{': appends what it means and answers how
 * much of s that was; 0: none of ours, the brace is meant. */
static size_t expand_word(struct buf *b, struct str s, uint64_t seq, const char *ulid)
{
    struct str word = s;
    int64_t n = 0;

    word = str_cut(&word, '}');
    if (word.len == s.len)
        return 0;
    if (str_is(word, "ulid"))
        buf_text(b, ulid);
    else if (str_is(word, "seq"))
        buf_printf(b, "%llu", (unsigned long long)seq);
    else if (str_is(word, "p"))
        buf_printf(b, "%u", (unsigned)(seq % 64));
    else if (str_is(word, "ms"))
        buf_printf(b, "%lld", (long long)clock_now_ms());
    else if (str_starts(word, "bytes:") && str_number((struct str){word.at + 6, word.len - 6}, &n) && n <= BYTES_MAX)
        for (int64_t i = 0; i < n; i++)
            buf_char(b, (char)('a' + ((uint64_t)i * 7 + seq) % 26));
    else
        return 0;
    return word.len + 1;
}

static struct str expand(struct arena *a, struct str text, uint64_t seq, const char *ulid)
{
    struct buf b = {0};
    struct str out;

    for (size_t i = 0; i < text.len; i++) {
        size_t used =
            text.at[i] == '{' ? expand_word(&b, (struct str){text.at + i + 1, text.len - i - 1}, seq, ulid) : 0;

        if (used == 0)
            buf_char(&b, text.at[i]);
        i += used;
    }
    out = (struct str){arena_copy(a, b.at, b.len), b.len};
    buf_free(&b);
    return out;
}

static void add_call(struct redis *r, struct arena *a, const struct plan *p)
{
    struct str argv[3 + ARGUMENTS_MAX] = {STR("EVALSHA"), str_of(p->sha), str_of(arena_printf(a, "%zu", p->keys))};
    uint64_t seq = atomic_fetch_add(&sequence, 1);
    char ulid[ULID_CHARS + 1];

    ulid_print(ulid_fresh(), ulid);
    for (size_t i = 0; i < p->n; i++)
        argv[3 + i] = expand(a, p->arguments[i].text, seq, ulid);
    redis_add(r, 3 + p->n, argv);
}

static void note(struct worker *w, int64_t us)
{
    if (w->calls == w->room) {
        w->room = w->room == 0 ? 4096 : 2 * w->room;
        w->us = realloc(w->us, w->room * sizeof *w->us);
        if (w->us == NULL)
            abort();
    }
    w->us[w->calls++] = (uint32_t)us;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct redis *r = redis_open(&w->plan->target, TIMEOUT_MS);
    struct arena *a = arena_open(65536);

    while (!atomic_load(&over)) {
        struct redis_value *v = NULL;
        size_t n = 0;
        int64_t began_us;

        arena_reset(a);
        add_call(r, a, w->plan);
        began_us = now_us(); /* what the arguments cost to make is not the script's */
        if (redis_flush(r, a, &v, &n) != ERR_OK || redis_value_err(r, v) != ERR_OK)
            die(69, "a call failed", redis_why(r));
        note(w, now_us() - began_us);
    }
    redis_close(r);
    arena_close(a);
    return NULL;
}

/* --- one run ----------------------------------------------------------------------------------- */

static double cpu_seconds(struct redis *r, struct arena *a)
{
    struct redis_value v;
    double sum = 0;

    if (redis_do(r, a, &v, 2, (struct str[]){STR("INFO"), STR("cpu")}) != ERR_OK)
        die(69, "INFO cpu", redis_why(r));
    for (struct str rest = v.text; rest.len > 0;) {
        struct str value = str_cut(&rest, '\n'), name = str_cut(&value, ':');

        if (str_is(name, "used_cpu_sys") || str_is(name, "used_cpu_user"))
            sum += strtod(value.at, NULL);
    }
    return sum;
}

static int by_size(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

    return (a > b) - (a < b);
}

/* Joins the times of all workers, in order of size. */
static uint32_t *gather(struct worker *w, int n, size_t *calls)
{
    uint32_t *all;

    *calls = 0;
    for (int i = 0; i < n; i++)
        *calls += w[i].calls;
    all = calloc(*calls + 1, sizeof *all);
    if (all == NULL)
        abort();
    for (size_t i = 0, at = 0; i < (size_t)n; at += w[i].calls, i++)
        if (w[i].calls > 0)
            memcpy(all + at, w[i].us, w[i].calls * sizeof *all);
    qsort(all, *calls, sizeof *all, by_size);
    return all;
}

static struct result run(const struct plan *p, struct redis *r, struct arena *a, int connections)
{
    struct worker *w = calloc((size_t)connections, sizeof *w);
    struct result out = {.connections = connections};
    double cpu = cpu_seconds(r, a);
    int64_t began_us = now_us();
    uint32_t *all;

    if (w == NULL)
        abort();
    atomic_store(&over, false);
    for (int i = 0; i < connections; i++) {
        w[i].plan = p;
        if (pthread_create(&w[i].thread, NULL, work, &w[i]) != 0)
            die(75, "no more threads", "");
    }
    (void)sleep((unsigned)p->seconds);
    atomic_store(&over, true);
    for (int i = 0; i < connections; i++)
        (void)pthread_join(w[i].thread, NULL);
    all = gather(w, connections, &out.calls);
    out.per_second = (double)out.calls * 1e6 / (double)(now_us() - began_us);
    out.redis_cpu_us = out.calls == 0 ? 0 : (cpu_seconds(r, a) - cpu) * 1e6 / (double)out.calls;
    out.p50_us = all[out.calls / 2];
    out.p99_us = all[out.calls * 99 / 100];
    free(all);
    for (int i = 0; i < connections; i++)
        free(w[i].us);
    free(w);
    return out;
}

static void print_json(struct arena *a, const struct result *x, size_t n)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < n; i++) {
        struct doc *o = doc_object();

        doc_set_int(o, "connections", x[i].connections);
        doc_set_int(o, "calls", (int64_t)x[i].calls);
        doc_set(o, "per_second", doc_new_real(x[i].per_second));
        doc_set_int(o, "p50_us", x[i].p50_us);
        doc_set_int(o, "p99_us", x[i].p99_us);
        doc_set(o, "redis_cpu_us", doc_new_real(x[i].redis_cpu_us));
        doc_push(list, o);
    }

    struct str text = doc_print(list, a);

    (void)printf("%.*s\n", (int)text.len, text.at);
    doc_close(list);
}

static void print_table(const struct result *x, size_t n)
{
    (void)printf("connections  calls/s  p50 us  p99 us  redis cpu us/call\n");
    for (size_t i = 0; i < n; i++)
        (void)printf("%11d %8.0f %7u %7u %18.1f\n", x[i].connections, x[i].per_second, x[i].p50_us, x[i].p99_us,
                     x[i].redis_cpu_us);
}

int main(int argc, char **argv)
{
    static struct plan p;
    struct result results[RUNS_MAX];
    struct arena *a = arena_open(65536);
    struct redis_value v;
    struct redis *r;

    (void)argc;
    read_plan(&p, argv);
    r = redis_open(&p.target, TIMEOUT_MS);
    if (redis_do(r, a, &v, 3, (struct str[]){STR("SCRIPT"), STR("LOAD"), p.script}) != ERR_OK)
        die(69, "the script cannot be loaded", redis_why(r));
    (void)snprintf(p.sha, sizeof p.sha, "%.*s", (int)v.text.len, v.text.at);
    for (size_t i = 0; i < p.runs; i++)
        results[i] = run(&p, r, a, p.connections[i]);
    if (p.json)
        print_json(a, results, p.runs);
    else
        print_table(results, p.runs);
    redis_close(r);
    arena_close(a);
    return 0;
}
