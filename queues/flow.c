#include "queues/flow.h"

#include "queues/keys.h"
#include "rules/base/arena.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct str flow_key(struct arena *a, struct ulid id, unsigned partition)
{
    return key_in(a, partition, "f", id_print(ID_FLOW, id).at);
}

struct blind flow_mac(const struct keyring *k, struct ulid flow, int generation, struct blind index, const char code[9])
{
    struct buf b = {0};

    /* Fixed widths, so that no two tuples give the same bytes. */
    buf_printf(&b, "contact|%s|%08d|%s|%s", id_print(ID_FLOW, flow).at, generation, index.at, code);

    struct blind mac = blind_index(k, INDEX_CODE, buf_view(&b));

    buf_free(&b);
    return mac;
}

void change_flow(struct change *c, const struct keyring *k, const struct flow_ask *ask)
{
    struct arena *a = c->arena;
    struct str key = flow_key(a, ask->flow, ask->partition);
    struct str bound = str_of(arena_strdup(a, id_print(ID_FLOW, ask->flow).at));
    char code[9];

    code_make(code);

    struct str digits = {arena_strdup(a, code), 8};
    struct blind mac = flow_mac(k, ask->flow, ask->generation, ask->index, code);

    if (ask->silent) /* nobody knows this code, so nobody may hit it either */
        mac = flow_mac(k, ulid_fresh(), ask->generation, ask->index, code);

    static const struct ulid nobody;
    bool appeal = ask->life_ms > 0; /* known to nobody but its reader from the start, and held back by no limit */
    int64_t ends = ask->now_ms + (appeal ? ask->life_ms : FLOW_LIFE_MS);
    struct outbox_mail mail = {
        .id = appeal ? ask->mail : ulid_in(ulid_fresh(), ask->partition),
        .kind = ask->kind,
        .silent = ask->silent,
        .to = ask->email,
        .language = ask->language,
        .reference = ask->reference,
        .ticket = ask->ticket,
        .participant = appeal ? nobody : ask->participant, /* it is about them, and not to them */
        .text = ask->about,
        .asked_ms = ask->now_ms,
        .ends_ms = ends,
        .code = digits,
        .flow = key,
        .generation = ask->generation,
    };

    change_add(c, 32, (struct str[]){STR("HSET"),       key,
                                     STR("state"),      STR("living"),
                                     STR("mac"),        str_of(arena_strdup(a, mac.at)),
                                     STR("code"),       seal(k, a, digits, bound),
                                     STR("generation"), str_int(a, ask->generation),
                                     STR("tries"),      STR("0"),
                                     STR("total"),      str_int(a, ask->total),
                                     STR("asked"),      str_int(a, ask->now_ms),
                                     STR("ends"),       str_int(a, ends),
                                     STR("mails"),      str_int(a, ask->mails + 1),
                                     STR("mailed"),     str_int(a, ask->now_ms),
                                     STR("sent"),       STR("0"),
                                     STR("open"),       appeal ? STR("1") : STR("0"),
                                     STR("email"),      seal(k, a, ask->email, bound),
                                     STR("index"),      str_of(arena_strdup(a, ask->index.at)),
                                     STR("reference"),  str_int(a, (int64_t)ask->reference)});
    change_hset(c, key, "ticket", str_of(arena_strdup(a, id_print(ID_TICKET, ask->ticket).at)));
    change_hset(c, key, "participant", str_of(arena_strdup(a, id_print(ID_PARTICIPANT, ask->participant).at)));
    /* A flow outlives its codes by a day, to answer "gone" rather than nothing. */
    change_add(c, 3, (struct str[]){STR("PEXPIRE"), key, STR("86400000")});
    change_mail(c, k, &mail);
}

enum err flow_judge(struct redis *r, const struct keyring *k, struct arena *a, const struct flow *f, const char code[9],
                    int64_t now_ms, struct str ticket_key, struct str version, const struct change *c, int *left)
{
    struct blind mac = flow_mac(k, f->id, f->generation, f->index, code);
    struct str *argv = arena_array(a, struct str, c->n + 7);
    struct redis_value v;

    argv[0] = f->key;
    argv[1] = ticket_key;
    argv[2] = str_of(mac.at);
    argv[3] = str_int(a, FLOW_TRIES);
    argv[4] = str_int(a, FLOW_TRIES_ALL);
    argv[5] = str_int(a, now_ms);
    argv[6] = version;
    memcpy(argv + 7, c->words, c->n * sizeof *argv);

    enum err e = redis_run(r, a, &v, SCRIPT_JUDGE, 2, c->n + 7, argv);

    if (e != ERR_OK)
        return e;
    if (v.count == 0)
        return ERR_CORRUPT;
    if (str_is(v.items[0].text, "again"))
        return ERR_CONFLICT;
    if (str_is(v.items[0].text, "gone"))
        return ERR_GONE;
    if (!str_is(v.items[0].text, "wrong"))
        return ERR_OK;
    *left = (int)v.items[1].integer;
    return ERR_INPUT;
}

void change_flow_repeat(struct change *c, const struct keyring *k, const struct flow *f, unsigned partition,
                        struct str language, int64_t now_ms, bool silent)
{
    struct outbox_mail mail = {
        .id = ulid_in(ulid_fresh(), partition),
        .kind = OUTBOX_CODE,
        .silent = silent,
        .to = f->email,
        .language = language,
        .reference = f->reference,
        .ticket = f->ticket,
        .participant = f->participant,
        .asked_ms = f->asked_ms,
        .ends_ms = f->ends_ms,
        .code = f->code,
        .flow = f->key,
        .generation = f->generation,
    };

    change_hset_int(c, f->key, "mails", f->mails + 1);
    change_hset_int(c, f->key, "mailed", now_ms);
    change_mail(c, k, &mail);
}

static int64_t number(const struct redis_value *v, const char *name)
{
    struct str s = redis_field(v, name);

    return s.at == NULL ? 0 : strtoll(s.at, NULL, 10);
}

enum err flow_read(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, unsigned partition,
                   struct flow *out)
{
    struct flow f = {.id = id, .key = flow_key(a, id, partition)};
    struct str bound = str_of(arena_strdup(a, id_print(ID_FLOW, id).at)), index, code;
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), f.key});

    if (e != ERR_OK)
        return e;
    if (v.count == 0)
        return ERR_ABSENT;
    f.state = redis_field(&v, "state");
    f.version = redis_field(&v, "v");
    if (f.version.at == NULL)
        f.version = STR("0");
    f.generation = (int)number(&v, "generation");
    f.tries = (int)number(&v, "tries");
    f.total = (int)number(&v, "total");
    f.mails = (int)number(&v, "mails");
    f.asked_ms = number(&v, "asked");
    f.ends_ms = number(&v, "ends");
    f.mailed_ms = number(&v, "mailed");
    f.sent_ms = number(&v, "sent");
    f.reference = (uint64_t)number(&v, "reference");
    index = redis_field(&v, "index");
    code = redis_field(&v, "code");
    if (index.len != sizeof f.index.at - 1 || !id_parse(ID_TICKET, redis_field(&v, "ticket"), &f.ticket) ||
        !id_parse(ID_PARTICIPANT, redis_field(&v, "participant"), &f.participant) ||
        unseal(k, a, redis_field(&v, "email"), bound, &f.email) != ERR_OK ||
        (code.at != NULL && unseal(k, a, code, bound, &f.code) != ERR_OK))
        return ERR_CORRUPT;
    memcpy(f.index.at, index.at, index.len + 1);
    *out = f;
    return ERR_OK;
}

/* The value of a decimal digit at the start of s (UTF-8), and its length; -1 for no digit. */
static int digit_at(struct str s, size_t *len)
{
    const unsigned char *p = (const unsigned char *)s.at;

    *len = 1;
    if (p[0] >= '0' && p[0] <= '9')
        return p[0] - '0';
    *len = 2;
    if (s.len >= 2 && p[0] == 0xD9 && p[1] >= 0xA0 && p[1] <= 0xA9) /* U+0660 */
        return p[1] - 0xA0;
    if (s.len >= 2 && p[0] == 0xDB && p[1] >= 0xB0 && p[1] <= 0xB9) /* U+06F0 */
        return p[1] - 0xB0;
    *len = 3;
    if (s.len >= 3 && p[0] == 0xEF && p[1] == 0xBC && p[2] >= 0x90 && p[2] <= 0x99) /* U+FF10 */
        return p[2] - 0x90;
    return -1;
}

/* Bytes of what may stand between digits: ASCII blanks, dash, dot, U+00A0, U+3000, U+2010..2015, the direction
 * marks that phones paste along (U+200E, U+200F). 0 for anything else. */
static size_t between_at(struct str s)
{
    static const char *const marks[] = {" ",
                                        "-",
                                        ".",
                                        "\t",
                                        "\n",
                                        "\r",
                                        "\xC2\xA0",
                                        "\xE3\x80\x80",
                                        "\xE2\x80\x90",
                                        "\xE2\x80\x91",
                                        "\xE2\x80\x92",
                                        "\xE2\x80\x93",
                                        "\xE2\x80\x94",
                                        "\xE2\x80\x95",
                                        "\xE2\x80\x8E",
                                        "\xE2\x80\x8F"};

    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (str_starts(s, marks[i]))
            return strlen(marks[i]);
    return 0;
}

bool code_parse(struct str typed, char out[9])
{
    size_t n = 0;

    while (typed.len > 0) {
        size_t len = between_at(typed);

        if (len == 0) {
            int d = digit_at(typed, &len);

            if (d < 0 || n == 8)
                return false;
            out[n++] = (char)('0' + d);
        }
        typed.at += len;
        typed.len -= len;
    }
    out[n] = '\0';
    return n == 8;
}
