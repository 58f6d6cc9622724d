#include "queues/word.h"

#include "queues/keys.h"
#include "rules/base/arena.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct str word_key(const struct keyring *k, struct arena *a, unsigned partition, struct str word)
{
    return key_in(a, partition, "wd", blind_index(k, INDEX_WORD, word).at);
}

void change_words(struct change *c, const struct keyring *k, unsigned partition, struct str member, int64_t at_ms,
                  const struct words *w)
{
    struct str command[4 + WORDS_MAX] = {STR("LIST")};
    size_t n = 1;

    for (size_t i = 0; i < w->n; i++)
        command[n++] = word_key(k, c->arena, partition, w->at[i]);
    command[n++] = member;
    command[n++] = str_int(c->arena, at_ms);
    command[n++] = str_int(c->arena, WORD_KEPT);
    if (w->n > 0)
        change_add(c, n, command);
}

/* Of one partition: what its first list and all the others hold. */
static size_t common(const struct redis_value *lists, size_t words, struct word_hit *out, size_t room)
{
    size_t n = 0;

    for (size_t i = 0; i + 1 < lists[0].count && n < room; i += 2) {
        struct str member = lists[0].items[i].text;
        size_t in = 1;

        for (size_t w = 1; w < words && in == w; w++)
            for (size_t j = 0; j + 1 < lists[w].count && in == w; j += 2)
                in += str_equal(lists[w].items[j].text, member);
        if (in < words)
            continue;
        out[n].kind = str_starts(member, "acc_") ? ID_ACCOUNT : ID_TICKET;
        out[n].at_ms = strtoll(lists[0].items[i + 1].text.at, NULL, 10);
        n += id_parse(out[n].kind, member, &out[n].id);
    }
    return n;
}

static int newest_first(const void *x, const void *y)
{
    const struct word_hit *a = x, *b = y;

    if (a->at_ms != b->at_ms)
        return a->at_ms > b->at_ms ? -1 : 1;
    return -memcmp(a->id.bytes, b->id.bytes, sizeof a->id.bytes);
}

enum err words_find(struct redis *r, const struct keyring *k, struct arena *a, const struct words *w,
                    struct word_hit **out, size_t *n)
{
    struct redis_value *v;
    size_t count;

    *n = 0;
    if (w->n == 0)
        return ERR_OK;
    for (unsigned p = 0; p < PARTITIONS; p++)
        for (size_t i = 0; i < w->n; i++)
            redis_add(r, 6,
                      (struct str[]){STR("ZRANGE"), word_key(k, a, p, w->at[i]), STR("0"), STR("-1"), STR("REV"),
                                     STR("WITHSCORES")});

    enum err e = redis_flush(r, a, &v, &count);

    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = redis_value_err(r, &v[i]);
    if (e != ERR_OK)
        return e;
    *out = arena_array(a, struct word_hit, PARTITIONS * WORD_KEPT);
    for (unsigned p = 0; p < PARTITIONS; p++)
        *n += common(v + p * w->n, w->n, *out + *n, WORD_KEPT);
    if (*n > 1)
        qsort(*out, *n, sizeof **out, newest_first);
    if (*n > WORD_HITS_MAX)
        *n = WORD_HITS_MAX;
    return ERR_OK;
}
