/* powercut_journal.c - journal and blobs alone, for the proof of the power cut.
 *
 *   powercut_journal write FOLDER LEDGER   appends until it is killed; a line in LEDGER for each answer
 *   powercut_journal audit FOLDER LEDGER   "acked=N lost=N altered=N doubled=N"; exit 1 where one is not 0
 *
 * LEDGER must lie outside of the watched folders. */
#include "queues/blob.h"
#include "queues/clock.h"
#include "queues/journal.h"
#include "queues/log.h"
#include "queues/seal.h"
#include "rules/base/arena.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WRITERS = 8, BLOB_EACH = 16, TEXT = 600 };

static struct journal *journal;
static struct blobs *blobs;
static int ledger;

struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool told;
    enum err e;
};

static void told(void *arg, enum err e, uint64_t seq)
{
    struct waiting *w = arg;

    (void)seq;
    (void)pthread_mutex_lock(&w->lock);
    w->told = true;
    w->e = e;
    (void)pthread_cond_signal(&w->cond);
    (void)pthread_mutex_unlock(&w->lock);
}

static struct str text_of(struct ulid u, char out[TEXT])
{
    size_t n = 20 + u.bytes[15] * 2u;

    for (size_t i = 0; i < n; i++)
        out[i] = (char)('a' + (u.bytes[i % 16] + i) % 26);
    return (struct str){out, n};
}

static enum err append(struct ulid u)
{
    char text[TEXT];
    struct waiting w = {.lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};
    struct journal_row row = {
        .ulid = u, .op = "request", .work = "", .received_ms = clock_now_ms(), .payload = text_of(u, text)};

    journal_append(journal, &row, told, &w);
    (void)pthread_mutex_lock(&w.lock);
    while (!w.told)
        (void)pthread_cond_wait(&w.cond, &w.lock);
    (void)pthread_mutex_unlock(&w.lock);
    return w.e;
}

static void *write_on(void *arg)
{
    (void)arg;
    for (unsigned i = 0;; i++) {
        char line[ULID_CHARS + 4], text[TEXT];
        struct ulid u = ulid_fresh();
        bool blob = i % BLOB_EACH == 0;

        if ((blob ? blob_write(blobs, u, text_of(u, text)) : append(u)) != ERR_OK)
            continue;
        line[0] = blob ? 'b' : 'j';
        ulid_print(u, line + 1);
        line[ULID_CHARS + 1] = '\n';
        if (write(ledger, line, ULID_CHARS + 2) != ULID_CHARS + 2)
            _exit(1);
    }
    return NULL;
}

static int run_writers(void)
{
    pthread_t threads[WRITERS];

    for (int i = 0; i < WRITERS; i++)
        if (pthread_create(&threads[i], NULL, write_on, NULL) != 0)
            return 1;
    (void)pause();
    return 0;
}

struct stored {
    struct ulid ulid;
    bool right;
};

static int by_ulid(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct ulid));
}

static struct stored *read_journal(size_t *n)
{
    struct arena *a = arena_open(1 << 20);
    struct journal_row rows[500];
    struct stored *all = NULL;
    size_t got = 0;
    uint64_t after = 0;

    *n = 0;
    while (journal_read(journal, a, after, 500, rows, &got) == ERR_OK && got > 0) {
        all = realloc(all, (*n + got) * sizeof *all);
        for (size_t i = 0; i < got; i++) {
            char text[TEXT];

            all[(*n)++] = (struct stored){rows[i].ulid, str_equal(rows[i].payload, text_of(rows[i].ulid, text))};
            after = rows[i].seq;
        }
        arena_reset(a);
    }
    arena_close(a);
    if (*n > 0)
        qsort(all, *n, sizeof *all, by_ulid);
    return all;
}

static int audit(const char *path)
{
    size_t n, acked = 0, lost = 0, altered = 0, doubled = 0;
    struct stored *all = read_journal(&n);
    struct arena *a = arena_open(1 << 16);
    FILE *f = fopen(path, "r");
    char line[64], text[TEXT];

    for (size_t i = 1; i < n; i++)
        doubled += by_ulid(&all[i - 1], &all[i]) == 0;
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        struct ulid u;
        struct str content;

        if (!ulid_parse((struct str){line + 1, ULID_CHARS}, &u))
            continue;
        acked++;
        if (line[0] == 'j') {
            struct stored *s = n == 0 ? NULL : bsearch(&u, all, n, sizeof *all, by_ulid);

            lost += s == NULL;
            altered += s != NULL && !s->right;
        } else if (blob_read(blobs, a, u, &content) != ERR_OK) {
            lost++;
        } else {
            altered += !str_equal(content, text_of(u, text));
        }
        arena_reset(a);
    }
    (void)printf("acked=%zu lost=%zu altered=%zu doubled=%zu stored=%zu\n", acked, lost, altered, doubled, n);
    if (f != NULL)
        (void)fclose(f);
    arena_close(a);
    free(all);
    return lost + altered + doubled > 0;
}

int main(int argc, char **argv)
{
    char folder[4096], why[KEYRING_WHY_BYTES];
    struct keyring *keys;
    struct journal_options o = {.folder = folder, .keep_ms = 3600000, .rotate_ms = 300, .rotate_bytes = 1 << 20};

    if (argc != 4)
        return 64;
    log_set_level(LOG_WARN);
    (void)snprintf(folder, sizeof folder, "%s/keys", argv[2]);
    if (keyring_open(&keys, folder, true, why) != ERR_OK)
        return fprintf(stderr, "%s\n", why), 1;
    o.keys = keys;
    (void)snprintf(folder, sizeof folder, "%s/blobs", argv[2]);
    if (blobs_open(&blobs, folder, keys, why, sizeof why) != ERR_OK)
        return fprintf(stderr, "%s\n", why), 1;
    (void)snprintf(folder, sizeof folder, "%s/journal", argv[2]);
    if (journal_open(&journal, &o, why, sizeof why) != ERR_OK)
        return fprintf(stderr, "%s\n", why), 1;
    ledger = open(argv[3], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

    int code = strcmp(argv[1], "write") == 0 ? run_writers() : audit(argv[3]);

    journal_close(journal);
    blobs_close(blobs);
    keyring_close(keys);
    return code;
}
