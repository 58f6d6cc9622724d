/* journal_bench.c - the journal alone, the floor of the accept path: journal_bench [--json] [FOLDER].
 *
 * Appends of 1 KiB with 1, 16 and 64 in flight, each sent again as soon as it is answered; FOLDER (a fresh
 * one under /tmp where left out) should lie on the disk that is meant. Prints rows/s, p50 and p99 from append
 * to answer, and the processor time of all threads per row. */
#include "queues/clock.h"
#include "queues/journal.h"
#include "queues/log.h"
#include "queues/seal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { BYTES = 1024, SECONDS = 3, SAMPLES = 1000000 };

struct run {
    struct journal *j;
    pthread_mutex_t lock;
    pthread_cond_t end;
    int flying, failed;
    int64_t until_ns;
    uint32_t *took_us;
    size_t n;
};

struct flight {
    struct run *run;
    int64_t began_ns;
};

static int64_t now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t cpu_us(void)
{
    struct rusage u;

    (void)getrusage(RUSAGE_SELF, &u);
    return ((int64_t)u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static void answered(void *arg, enum err e, uint64_t seq);

static void take_off(struct flight *f)
{
    static char text[BYTES];
    struct journal_row row = {.ulid = ulid_fresh(),
                              .op = "request",
                              .work = "01J9Z3NDEKTSV4RRFFQ69G5FAV",
                              .received_ms = clock_now_ms(),
                              .payload = {text, BYTES}};

    f->began_ns = now_ns();
    journal_append(f->run->j, &row, answered, f);
}

static void answered(void *arg, enum err e, uint64_t seq)
{
    struct flight *f = arg;
    struct run *r = f->run;
    int64_t end_ns = now_ns();
    bool again = end_ns < r->until_ns;

    (void)seq;
    (void)pthread_mutex_lock(&r->lock);
    if (r->n < SAMPLES)
        r->took_us[r->n++] = (uint32_t)((end_ns - f->began_ns) / 1000);
    r->failed += e != ERR_OK;
    if (!again && --r->flying == 0)
        (void)pthread_cond_signal(&r->end);
    (void)pthread_mutex_unlock(&r->lock);
    if (again)
        take_off(f);
}

static int by_time(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void measure(struct journal *j, int flying, bool json)
{
    static struct flight flights[64];
    static uint32_t took_us[SAMPLES];
    struct run r = {.j = j, .flying = flying, .took_us = took_us};
    int64_t began_ns = now_ns(), cpu = cpu_us();
    struct journal_state before, after;

    (void)pthread_mutex_init(&r.lock, NULL);
    (void)pthread_cond_init(&r.end, NULL);
    journal_state(j, &before);
    r.until_ns = began_ns + (int64_t)SECONDS * 1000000000;
    for (int i = 0; i < flying; i++) {
        flights[i] = (struct flight){.run = &r};
        take_off(&flights[i]);
    }
    (void)pthread_mutex_lock(&r.lock);
    while (r.flying > 0)
        (void)pthread_cond_wait(&r.end, &r.lock);
    (void)pthread_mutex_unlock(&r.lock);
    journal_state(j, &after);
    qsort(took_us, r.n, sizeof took_us[0], by_time);

    double rows = (double)(after.rows - before.rows), seconds = (double)(now_ns() - began_ns) / 1e9;

    (void)printf(json ? "{\"bench\":\"journal\",\"connections\":%d,\"rows_per_s\":%.0f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"
                        "\"cpu_us_per_row\":%.1f,\"rows_per_commit\":%.1f,\"failed\":%d}\n"
                      : "journal c=%-3d %8.0f rows/s  p50 %7.3f ms  p99 %7.3f ms  cpu %5.1f us/row  "
                        "%5.1f rows/commit  failed %d\n",
                 flying, rows / seconds, took_us[r.n / 2] / 1e3, took_us[r.n * 99 / 100] / 1e3,
                 (double)(cpu_us() - cpu) / rows, rows / (double)(after.commits - before.commits), r.failed);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    static const int flying[] = {1, 16, 64};
    char made[] = "/tmp/journal-bench-XXXXXX", folder[4096], why[KEYRING_WHY_BYTES], command[4200];
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    const char *base = argc > 1 + json ? argv[1 + json] : mkdtemp(made);
    struct journal_options o = {.folder = folder, .keep_ms = 0, .rotate_ms = 600000, .rotate_bytes = 64 << 20};
    struct keyring *keys;
    struct journal *j;

    if (base == NULL)
        return 1;
    log_set_level(LOG_WARN);
    (void)snprintf(folder, sizeof folder, "%s/keys", base);
    if (keyring_open(&keys, folder, true, why) != ERR_OK)
        return fprintf(stderr, "%s\n", why), 1;
    o.keys = keys;
    (void)snprintf(folder, sizeof folder, "%s/journal", base);
    if (journal_open(&j, &o, why, sizeof why) != ERR_OK)
        return fprintf(stderr, "%s\n", why), 1;
    for (size_t i = 0; i < sizeof flying / sizeof flying[0]; i++)
        measure(j, flying[i], json);
    journal_close(j);
    keyring_close(keys);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", made);
    return base == made && system(command) != 0;
}
