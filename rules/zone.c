#include "rules/zone.h"

#include "rules/base/arena.h"
#include "rules/base/stamp.h"
#include "rules/zone_rule.h"

#include <string.h>

enum {
    HEADER_BYTES = 44,
    TYPES_MAX = 256, /* the index is one byte */
    CHARS_MAX = 2048,
    OFFSET_MIN_S = -89999, /* RFC 9636, 3.2: between -25 and +26 hours */
    OFFSET_MAX_S = 93599,
};

struct zone {
    size_t jumps;
    int64_t *at_s;     /* ascending */
    int32_t *offset_s; /* from at_s[i] on */
    int32_t first_s;   /* before at_s[0] */
    bool has_rule;     /* after the last jump */
    struct zone_rule rule;
};

struct counts {
    uint32_t utc, std, leap, time, type, chars;
};

bool zone_name_usable(struct str name)
{
    bool begins = true; /* of a part */

    if (name.len == 0 || name.len > ZONE_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool inside = (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-';

        if (c == '/' ? begins : !letter && (!inside || begins))
            return false;
        begins = c == '/';
    }
    return !begins;
}

static uint32_t be32(const char *p)
{
    const unsigned char *b = (const unsigned char *)p;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int64_t be64(const char *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

static void skip(struct str *s, size_t n)
{
    s->at += n;
    s->len -= n;
}

/* Reads a header and moves behind it; the bytes that follow are not yet known to be there. */
static const char *header(struct str *s, struct counts *n)
{
    if (s->len < HEADER_BYTES || memcmp(s->at, "TZif", 4) != 0)
        return "not time zone data (TZif)";
    if (s->at[4] < '2')
        return "time zone data of version 1, which ends in 2037";
    *n = (struct counts){be32(s->at + 20), be32(s->at + 24), be32(s->at + 28),
                         be32(s->at + 32), be32(s->at + 36), be32(s->at + 40)};
    if (n->leap != 0)
        return "time zone data that counts leap seconds";
    if (n->time > ZONE_JUMPS_MAX || n->type == 0 || n->type > TYPES_MAX || n->chars > CHARS_MAX || n->std > n->type ||
        n->utc > n->type)
        return "time zone data with impossible counts";
    skip(s, HEADER_BYTES);
    return NULL;
}

static size_t block_bytes(const struct counts *n, size_t time_bytes)
{
    return n->time * (time_bytes + 1) + n->type * 6u + n->chars + n->std + n->utc;
}

static bool offset_of(const char *types, size_t i, int32_t *out)
{
    *out = (int32_t)be32(types + i * 6);
    return *out >= OFFSET_MIN_S && *out <= OFFSET_MAX_S;
}

static const char *jumps(struct zone *z, struct arena *a, const char *p, const struct counts *n)
{
    const char *index = p + n->time * 8, *types = index + n->time;

    z->jumps = n->time;
    z->at_s = arena_array(a, int64_t, n->time);
    z->offset_s = arena_array(a, int32_t, n->time);
    if (!offset_of(types, 0, &z->first_s))
        return "time zone data with an impossible offset";
    for (size_t i = 0; i < n->time; i++) {
        unsigned type = (unsigned char)index[i];

        z->at_s[i] = be64(p + i * 8);
        if (i > 0 && z->at_s[i] <= z->at_s[i - 1])
            return "time zone data out of order";
        if (type >= n->type || !offset_of(types, type, &z->offset_s[i]))
            return "time zone data with an impossible offset";
    }
    return NULL;
}

static const char *footer(struct zone *z, struct str s)
{
    if (s.len < 2 || s.at[0] != '\n' || s.at[s.len - 1] != '\n')
        return "time zone data without its footer";

    struct str tz = {s.at + 1, s.len - 2};

    z->has_rule = tz.len > 0;
    if (z->has_rule && !zone_rule_parse(&z->rule, tz))
        return "time zone data with a footer that cannot be read";
    return NULL;
}

static const char *parse(struct zone *z, struct arena *a, struct str s)
{
    struct counts n;
    const char *why = s.len > ZONE_BYTES_MAX ? "time zone data too large" : header(&s, &n);

    if (why != NULL)
        return why;
    if (s.len < block_bytes(&n, 4))
        return "time zone data cut short";
    skip(&s, block_bytes(&n, 4)); /* version 1's block: 32 bits, not for us */
    if ((why = header(&s, &n)) != NULL)
        return why;
    if (s.len < block_bytes(&n, 8))
        return "time zone data cut short";
    if ((why = jumps(z, a, s.at, &n)) != NULL)
        return why;
    skip(&s, block_bytes(&n, 8));
    return footer(z, s);
}

enum err zone_parse(struct zone **out, struct arena *a, struct str bytes, const char **why)
{
    struct zone *z = arena_new(a, struct zone);
    const char *fault = parse(z, a, bytes);

    if (fault != NULL) {
        *why = fault;
        return ERR_SYNTAX;
    }
    *out = z;
    return ERR_OK;
}

/* Jumps at or before utc_s. */
static size_t jumps_until(const struct zone *z, int64_t utc_s)
{
    size_t low = 0, high = z->jumps;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (z->at_s[mid] <= utc_s)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct zone_stretch zone_at(const struct zone *z, int64_t utc_s)
{
    if (z == NULL)
        return (struct zone_stretch){0, INT64_MAX};

    size_t i = jumps_until(z, utc_s);

    if (i == z->jumps && z->has_rule)
        return zone_rule_at(&z->rule, utc_s);
    return (struct zone_stretch){i == 0 ? z->first_s : z->offset_s[i - 1], i < z->jumps ? z->at_s[i] : INT64_MAX};
}

int64_t zone_to_utc(const struct zone *z, int64_t local_s)
{
    /* No offset is larger than OFFSET_MAX_S, so nothing before t can be meant. */
    for (int64_t t = local_s - OFFSET_MAX_S - 1;;) {
        struct zone_stretch now = zone_at(z, t);
        int64_t utc_s = local_s - now.offset_s;

        if (utc_s < t)
            return t; /* the clock jumped over it */
        if (utc_s < now.until_s)
            return utc_s;
        t = now.until_s;
    }
}
