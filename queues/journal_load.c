/* journal_load.c - what an earlier run left in the folder. */
#include "queues/journal_core.h"
#include "queues/log.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct found {
    uint64_t *first;
    size_t n, room;
};

static int by_first(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static void found_add(struct found *f, uint64_t first)
{
    if (f->n == f->room) {
        f->room = f->room == 0 ? 64 : f->room * 2;
        f->first = realloc(f->first, f->room * sizeof f->first[0]);
        if (f->first == NULL)
            abort();
    }
    f->first[f->n++] = first;
}

static enum err list_segments(struct journal *j, struct found *out, char why[SEGMENT_WHY_BYTES])
{
    DIR *d = opendir(j->folder);
    uint64_t first;

    if (d == NULL) {
        (void)snprintf(why, SEGMENT_WHY_BYTES, "cannot read: %s", strerror(errno));
        return ERR_IO;
    }
    for (struct dirent *entry; (entry = readdir(d)) != NULL;)
        if (segment_name_parse(entry->d_name, &first))
            found_add(out, first);
    (void)closedir(d);
    if (out->n > 0)
        qsort(out->first, out->n, sizeof out->first[0], by_first);
    return ERR_OK;
}

struct loading {
    struct journal *j;
    uint64_t next; /* behind all that was seen */
};

static void apply(void *arg, const struct run *run)
{
    struct loading *l = arg;

    rows_set_run(&l->j->rows, run);
    if (run->last >= l->next)
        l->next = run->last + 1;
}

/* Adds one segment's rows; *reader stays open where it is readable. */
static enum err load_one(struct loading *l, uint64_t first, struct segment_reader **reader, char why[SEGMENT_WHY_BYTES])
{
    struct journal *j = l->j;
    uint64_t last = first - 1;
    int64_t newest_ms = 0;
    enum err e = segment_open(reader, j->folder, first, why);

    if (e == ERR_OK && first < l->next)
        e = ERR_CORRUPT; /* overlaps the one before: not made by us */
    if (e == ERR_OK)
        e = segment_range(*reader, &last, &newest_ms);
    if (e == ERR_OK) {
        struct segment *s = rows_add_segment(&j->rows, first);

        segment_add(s, last + 1 - first, ROW_UNFILED);
        s->newest_ms = newest_ms;
        s->bytes = segment_bytes(j->folder, first);
        l->next = last + 1 > first ? last + 1 : first + 1; /* a name is never used twice */
        return ERR_OK;
    }
    segment_reader_close(*reader);
    *reader = NULL;
    if (e == ERR_ABSENT) { /* begun, never committed: nothing was answered from it */
        segment_unlink(j->folder, first);
        return ERR_OK;
    }
    if (e == ERR_CORRUPT) {
        log_error("journal_segment_bad", "first=%llu why=%s", (unsigned long long)first, why);
        segment_set_aside(j->folder, first);
        j->errors++;
        return ERR_OK;
    }
    return e;
}

enum err journal_load(struct journal *j, char why[SEGMENT_WHY_BYTES])
{
    struct loading l = {.j = j, .next = 1};
    struct segment_reader *newest = NULL;
    struct found found = {0};
    enum err e = list_segments(j, &found, why);

    for (size_t i = 0; e == ERR_OK && i < found.n; i++) {
        struct segment_reader *r = NULL;

        e = load_one(&l, found.first[i], &r, why);
        if (r != NULL) {
            segment_reader_close(newest);
            newest = r;
        }
    }
    if (e == ERR_OK && newest != NULL)
        e = segment_marks(newest, apply, &l);
    segment_reader_close(newest);
    free(found.first);
    j->next_seq = l.next;
    return e;
}
