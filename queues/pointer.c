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

    struct str item = str_cut(&s, ' '), account = str_cut(&s, ' '), ticket = str_cut(&s, ' ');

    if (!ulid_parse(item, &p.item) || !ulid_parse(account, &p.account) || !ulid_parse(ticket, &p.ticket) ||
        !ulid_parse(s, &p.participant))
        return false;
    *out = p;
    return true;
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
