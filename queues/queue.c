#include "queues/queue.h"

#include "queues/keys.h"
#include "queues/redis.h"
#include "rules/base/arena.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct str number(struct arena *a, int64_t n)
{
    return str_of(arena_printf(a, "%" PRId64, n));
}

static int by_text(const void *x, const void *y)
{
    return strcmp(((const struct str *)x)->at, ((const struct str *)y)->at);
}

enum err queue_names(struct redis *r, struct arena *a, struct str **out, size_t *n)
{
    struct redis_value *v;
    size_t count, all = 0;

    for (unsigned p = 0; p < PARTITIONS; p++)
        redis_add(r, 2, (struct str[]){STR("SMEMBERS"), key_in(a, p, "qn", "")});

    enum err e = redis_flush(r, a, &v, &count);

    if (e != ERR_OK)
        return e;
    for (size_t p = 0; p < count; p++)
        all += v[p].count;

    struct str *names = arena_array(a, struct str, all + 1);

    all = 0;
    for (size_t p = 0; p < count; p++)
        for (size_t i = 0; i < v[p].count; i++)
            names[all++] = v[p].items[i].text;
    qsort(names, all, sizeof *names, by_text);
    *n = 0;
    for (size_t i = 0; i < all; i++)
        if (*n == 0 || !str_equal(names[*n - 1], names[i]))
            names[(*n)++] = names[i];
    *out = names;
    return ERR_OK;
}

enum { ASKED = 4 }; /* of each queue in each partition */

static void ask_counts(struct redis *r, struct arena *a, const char *queue, unsigned p, struct str now, struct str soon)
{
    struct str open = key_in(a, p, "q", queue), behind = str_of(arena_printf(a, "(%s", now.at));

    redis_add(r, 2, (struct str[]){STR("ZCARD"), open});
    redis_add(r, 2, (struct str[]){STR("ZCARD"), key_in(a, p, "u", queue)});
    redis_add(r, 4, (struct str[]){STR("ZCOUNT"), open, behind, soon});
    redis_add(r, 4, (struct str[]){STR("ZCOUNT"), open, STR("-inf"), now});
}

enum err queue_counts(struct redis *r, struct arena *a, struct queue_count *counts, size_t n, int64_t now_ms,
                      int64_t soon_ms)
{
    struct str now = number(a, now_ms), soon = number(a, now_ms + soon_ms);
    struct redis_value *v;
    size_t replies;

    if (n == 0)
        return ERR_OK;
    for (size_t i = 0; i < n; i++) {
        const char *queue = str_copy(a, counts[i].name);

        for (unsigned p = 0; p < PARTITIONS; p++)
            ask_counts(r, a, queue, p, now, soon);
    }

    enum err e = redis_flush(r, a, &v, &replies);

    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        counts[i].open = counts[i].unclaimed = counts[i].due_soon = counts[i].breached = 0;
        for (size_t p = 0; p < PARTITIONS; p++) {
            const struct redis_value *of = &v[(i * PARTITIONS + p) * ASKED];

            counts[i].open += of[0].integer;
            counts[i].unclaimed += of[1].integer;
            counts[i].due_soon += of[2].integer;
            counts[i].breached += of[3].integer;
        }
    }
    return e;
}

static int by_place(const void *x, const void *y)
{
    const struct queue_place *a = x, *b = y;

    if (a->due_ms != b->due_ms)
        return a->due_ms < b->due_ms ? -1 : 1;
    return memcmp(a->ticket.bytes, b->ticket.bytes, sizeof a->ticket.bytes);
}

enum err queue_page_of(struct redis *r, struct arena *a, const char *room, const char *suffix, enum id_kind kind,
                       const struct queue_place *after, size_t max, struct queue_place *out, size_t *n)
{
    struct str many = number(a, (int64_t)max), last = number(a, (int64_t)max - 1);
    struct redis_value *v;
    size_t count, found = 0;

    for (unsigned p = 0; p < PARTITIONS; p++) {
        struct str key = key_in(a, p, room, suffix);

        if (after == NULL)
            redis_add(r, 5, (struct str[]){STR("ZRANGE"), key, STR("0"), last, STR("WITHSCORES")});
        else
            redis_add_script(r, SCRIPT_PAGE, 1, 4,
                             (struct str[]){key, number(a, after->due_ms),
                                            str_of(arena_strdup(a, id_print(kind, after->ticket).at)), many});
    }

    enum err e = redis_flush(r, a, &v, &count);
    struct queue_place *all = arena_array(a, struct queue_place, PARTITIONS * max + 1);

    for (size_t p = 0; e == ERR_OK && p < count; p++) {
        e = redis_value_err(r, &v[p]);
        for (size_t i = 0; i + 1 < v[p].count; i += 2) {
            all[found].due_ms = strtoll(v[p].items[i + 1].text.at, NULL, 10);
            found += id_parse(kind, v[p].items[i].text, &all[found].ticket);
        }
    }
    if (e != ERR_OK)
        return e;
    if (found > 1)
        qsort(all, found, sizeof *all, by_place);
    *n = found < max ? found : max;
    if (*n > 0)
        memcpy(out, all, *n * sizeof *out);
    return ERR_OK;
}

/* The score of u: see RANK of words.part. */
struct ranked {
    double rank;
    struct ulid ticket;
};

static int by_rank(const void *x, const void *y)
{
    const struct ranked *a = x, *b = y;

    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return memcmp(a->ticket.bytes, b->ticket.bytes, sizeof a->ticket.bytes);
}

enum err queue_best(struct redis *r, struct arena *a, const struct str *queues, size_t n, size_t depth,
                    struct ulid *out, size_t *count)
{
    struct str first = number(a, (int64_t)depth * QUEUE_BEST_EACH),
               last = number(a, (int64_t)(depth + 1) * QUEUE_BEST_EACH - 1);
    struct ranked *all = arena_array(a, struct ranked, QUEUE_BEST_MAX);
    struct redis_value *v;
    size_t replies, found = 0;

    *count = 0;
    for (size_t q = 0; q < n && q < QUEUE_BEST_QUEUES_MAX; q++)
        for (unsigned p = 0; p < PARTITIONS; p++)
            redis_add(r, 5,
                      (struct str[]){STR("ZRANGE"), key_in(a, p, "u", str_copy(a, queues[q])), first, last,
                                     STR("WITHSCORES")});

    enum err e = redis_flush(r, a, &v, &replies);

    for (size_t k = 0; e == ERR_OK && k < replies; k++) {
        e = redis_value_err(r, &v[k]);
        for (size_t i = 0; e == ERR_OK && i + 1 < v[k].count; i += 2) {
            all[found].rank = strtod(v[k].items[i + 1].text.at, NULL);
            found += id_parse(ID_TICKET, v[k].items[i].text, &all[found].ticket);
        }
    }
    if (e != ERR_OK)
        return e;
    qsort(all, found, sizeof *all, by_rank);
    for (size_t i = 0; i < found; i++)
        out[i] = all[i].ticket;
    *count = found;
    return ERR_OK;
}

enum err queue_page(struct redis *r, struct arena *a, struct str queue, const struct queue_place *after, size_t max,
                    struct queue_place *out, size_t *n)
{
    return queue_page_of(r, a, "q", str_copy(a, queue), ID_TICKET, after, max, out, n);
}
