#include "queues/journal_rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void *grown(void *at, size_t bytes)
{
    void *p = realloc(at, bytes);

    if (p == NULL)
        abort();
    return p;
}

void rows_free(struct rows *r)
{
    while (r->n > 0)
        rows_drop_segment(r, r->at[r->n - 1]);
    free(r->at);
    *r = (struct rows){0};
}

struct segment *rows_add_segment(struct rows *r, uint64_t first)
{
    struct segment *s = calloc(1, sizeof *s);

    if (s == NULL)
        abort();
    if (r->n == r->room) {
        r->room = r->room == 0 ? 16 : r->room * 2;
        r->at = grown(r->at, r->room * sizeof r->at[0]);
    }
    assert(r->n == 0 || first >= r->at[r->n - 1]->first + r->at[r->n - 1]->n);
    s->first = first;
    r->at[r->n++] = s;
    return s;
}

void rows_drop_segment(struct rows *r, struct segment *s)
{
    size_t i = 0;

    while (i < r->n && r->at[i] != s)
        i++;
    assert(i < r->n);
    memmove(r->at + i, r->at + i + 1, (r->n - i - 1) * sizeof r->at[0]);
    r->n--;
    free(s->marks);
    free(s);
}

static void count(struct segment *s, enum row_state state, size_t by)
{
    if (state == ROW_UNFILED)
        s->unfiled += by;
    else if (state == ROW_PARKED)
        s->parked += by;
}

void segment_add(struct segment *s, size_t n, enum row_state state)
{
    if (s->n + n > s->room) {
        s->room = s->room * 2 > s->n + n ? s->room * 2 : s->n + n + 64;
        s->marks = grown(s->marks, s->room);
    }
    if (n > 0)
        memset(s->marks + s->n, (int)state, n);
    s->n += n;
    count(s, state, n);
}

struct segment *rows_segment(const struct rows *r, uint64_t seq)
{
    size_t low = 0, high = r->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (r->at[mid]->first <= seq)
            low = mid + 1;
        else
            high = mid;
    }
    return low > 0 && seq - r->at[low - 1]->first < r->at[low - 1]->n ? r->at[low - 1] : NULL;
}

bool rows_get(const struct rows *r, uint64_t seq, enum row_state *state, unsigned *failures)
{
    const struct segment *s = rows_segment(r, seq);

    if (s == NULL)
        return false;
    *state = s->marks[seq - s->first] & 3;
    *failures = s->marks[seq - s->first] >> 2;
    return true;
}

static void set_one(struct segment *s, uint64_t seq, enum row_state state, unsigned failures)
{
    uint8_t *mark = &s->marks[seq - s->first];

    count(s, *mark & 3, (size_t)-1);
    count(s, state, 1);
    if (failures > ROW_FAILURES_MAX)
        failures = ROW_FAILURES_MAX;
    *mark = (uint8_t)(failures << 2 | state);
}

void rows_set(struct rows *r, uint64_t seq, enum row_state state, unsigned failures)
{
    struct segment *s = rows_segment(r, seq);

    if (s != NULL)
        set_one(s, seq, state, failures);
}

void rows_set_run(struct rows *r, const struct run *run)
{
    for (size_t i = 0; i < r->n; i++) {
        struct segment *s = r->at[i];
        uint64_t end = s->first + s->n;
        uint64_t from = run->first > s->first ? run->first : s->first;

        for (uint64_t seq = from; seq < end && seq <= run->last; seq++)
            set_one(s, seq, run->state, run->failures);
    }
}

size_t rows_in(const struct rows *r, enum row_state state, uint64_t after, size_t max, uint64_t *seqs)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n && n < max; i++) {
        const struct segment *s = r->at[i];

        if ((state == ROW_UNFILED && s->unfiled == 0) || (state == ROW_PARKED && s->parked == 0) ||
            s->first + s->n <= after + 1)
            continue;
        for (size_t k = after >= s->first ? after + 1 - s->first : 0; k < s->n && n < max; k++)
            if ((s->marks[k] & 3) == state)
                seqs[n++] = s->first + k;
    }
    return n;
}

void runs_free(struct runs *u)
{
    free(u->at);
    *u = (struct runs){0};
}

void runs_add(struct runs *u, uint64_t seq, enum row_state state, unsigned failures)
{
    struct run *last = u->n > 0 ? &u->at[u->n - 1] : NULL;

    if (last != NULL && last->state == state && last->failures == failures &&
        (seq == last->last + 1 || seq == last->last)) {
        last->last = seq;
        return;
    }
    if (u->n == u->room) {
        u->room = u->room == 0 ? 64 : u->room * 2;
        u->at = grown(u->at, u->room * sizeof u->at[0]);
    }
    u->at[u->n++] = (struct run){seq, seq, state, failures};
}

void rows_runs(const struct rows *r, struct runs *out)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct segment *s = r->at[i];

        for (size_t k = 0; k < s->n; k++)
            if (s->marks[k] != ROW_UNFILED)
                runs_add(out, s->first + k, s->marks[k] & 3, s->marks[k] >> 2);
    }
}
