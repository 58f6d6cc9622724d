/* Where a public reference leads. Declared in filing.h, beside what writes it. */
#include "queues/filing.h"
#include "queues/keys.h"
#include "rules/base/arena.h"

#include <inttypes.h>
#include <stdlib.h>

enum { ALIASES_MAX = 4 };

struct str pointer_key(struct arena *a, uint64_t reference)
{
    return key_at(a, "r", str_int(a, (int64_t)reference).at);
}

bool pointer_parse(struct str s, struct pointer *out)
{
    struct pointer p = {0};
    int64_t to;

    if (s.len > 0 && s.at[0] == '=') {
        s.at++;
        s.len--;
        if (!str_number(s, &to))
            return false;
        p.alias = true;
        p.to = (uint64_t)to;
        *out = p;
        return true;
    }

    struct str item = str_cut(&s, ' '), account = str_cut(&s, ' '), ticket = str_cut(&s, ' '),
               participant = str_cut(&s, ' ');

    if (!ulid_parse(item, &p.item) || !ulid_parse(account, &p.account) || !ulid_parse(ticket, &p.ticket) ||
        !ulid_parse(participant, &p.participant))
        return false;
    while (s.at != NULL && p.more_count < POINTER_MORE_MAX)
        if (!ulid_parse(str_cut(&s, ' '), &p.more[p.more_count++]))
            return false;
    *out = p;
    return true;
}

static struct str word_of(struct arena *a, struct ulid u)
{
    char s[ULID_CHARS + 1];

    if (ulid_equal(u, (struct ulid){0}))
        return STR("");
    ulid_print(u, s);
    return str_of(arena_strdup(a, s));
}

void pointer_queue_lead(struct redis *r, struct arena *a, struct str key, const struct point *p)
{
    redis_add_script(r, SCRIPT_POINT, 1, 6,
                     (struct str[]){key, word_of(a, p->participant), word_of(a, p->item), word_of(a, p->account),
                                    word_of(a, p->ticket), word_of(a, p->leaves)});
}

enum err pointer_read(struct redis *r, struct arena *a, uint64_t reference, struct pointer *out)
{
    for (int hop = 0; hop < ALIASES_MAX; hop++) {
        struct redis_value v;
        struct pointer p;
        enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("GET"), pointer_key(a, reference)});

        if (e != ERR_OK)
            return e;
        if (v.kind != REDIS_TEXT)
            return ERR_ABSENT;
        if (!pointer_parse(v.text, &p))
            return ERR_CORRUPT;
        if (!p.alias) {
            *out = p;
            out->alias = hop > 0;
            return ERR_OK;
        }
        reference = p.to;
    }
    return ERR_CORRUPT;
}

bool pointer_is_of(const struct pointer *p, struct ulid item)
{
    return p->alias || ulid_equal(p->participant, item);
}
