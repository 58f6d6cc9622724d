#include "queues/evidence.h"

#include "queues/keys.h"
#include "rules/address.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/item.h"
#include "rules/names.h"
#include "rules/phone.h"

#include <string.h>

static const enum index_kind kinds[EVIDENCE_KINDS] = {
    [EVIDENCE_EMAIL] = INDEX_EMAIL, [EVIDENCE_SITE] = INDEX_SITE,     [EVIDENCE_INVOICE] = INDEX_INVOICE,
    [EVIDENCE_PHONE] = INDEX_PHONE, [EVIDENCE_HANDLE] = INDEX_HANDLE,
};

void evidence_hold(struct evidence_held *h, const struct keyring *k, struct arena *a, const struct item *i,
                   const char *region)
{
    char phone[PHONE_BYTES];
    struct email email;
    struct site site;

    *h = (struct evidence_held){0};
    if (email_parse(a, i->email, &email) && email.canonical.at != NULL)
        h->text[EVIDENCE_EMAIL] = email.canonical;
    if (site_parse(a, i->site, &site))
        h->text[EVIDENCE_SITE] = site.canonical;
    (void)invoice_parse(a, i->invoice, &h->text[EVIDENCE_INVOICE]);
    if (phone_e164(i->phone, region, phone))
        h->text[EVIDENCE_PHONE] = str_of(arena_strdup(a, phone));
    if (i->handle.len > 0)
        (void)handle_parse(a, i->source, i->handle, &h->text[EVIDENCE_HANDLE]);
    for (int kind = 0; kind < EVIDENCE_KINDS; kind++)
        if (h->text[kind].len > 0)
            h->key[kind] = key_at(a, "b", blind_index(k, kinds[kind], h->text[kind]).at);
}

static struct str ulid_text(struct arena *a, struct ulid u)
{
    char s[ULID_CHARS + 1];

    ulid_print(u, s);
    return str_of(arena_strdup(a, s));
}

void evidence_queue_look(struct redis *r, struct arena *a, struct str key, struct ulid own, struct str claim)
{
    redis_add_script(r, SCRIPT_CLAIM, 1, 4,
                     (struct str[]){key, ulid_text(a, own), claim, str_int(a, EVIDENCE_OWNERS_MAX)});
}

size_t evidence_load(enum evidence_kind kind, const struct redis_value *v, struct arena *a, struct evidence *out,
                     size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i + 1 < v->count && n < max; i += 2)
        n += evidence_parse(kind, v->items[i].text, v->items[i + 1].text, a, &out[n]);
    return n;
}

struct str evidence_claim(struct arena *a, struct ulid ticket, struct ulid participant, bool proven)
{
    struct id_text tkt = id_print(ID_TICKET, ticket), par = id_print(ID_PARTICIPANT, participant);

    return str_of(arena_printf(a, "{\"claim\":true,\"tkt\":\"%s\",\"par\":\"%s\"%s}", tkt.at, par.at,
                               proven ? ",\"proven\":true" : ""));
}

void evidence_queue_follow(struct redis *r, struct arena *a, struct str key, struct ulid account, struct str claim,
                           struct ulid own, unsigned why)
{
    static const char *const words[] = {"", "record", "proven", "record proven"};

    redis_add_script(r, SCRIPT_FOLLOW, 1, 6,
                     (struct str[]){key, ulid_text(a, account), claim, ulid_text(a, own),
                                    str_int(a, EVIDENCE_OWNERS_MAX), str_of(words[why])});
}

bool evidence_followed(const struct redis_value *v, struct ulid *account, bool *left)
{
    *left = v->count == 2 && str_is(v->items[1].text, "1");
    return v->count == 2 && ulid_parse(v->items[0].text, account);
}

size_t evidence_blocks(const struct match_side *s, enum match_purpose purpose, struct arena *a,
                       struct match_block out[MATCH_BLOCKS_MAX])
{
    size_t n = match_blocks(s, purpose, a, out), kept = 0;

    for (size_t i = 0; i < n; i++)
        if (out[i].kind >= MATCH_BLOCK_EXACT || out[i].kind == MATCH_BLOCK_DOMAIN)
            out[kept++] = out[i];
    return kept;
}

struct blind block_index(const struct keyring *k, const struct match_block *b)
{
    struct buf text = {0};

    buf_printf(&text, "%s:", match_block_word(b->kind));
    buf_str(&text, b->text);

    struct blind index = blind_index(k, INDEX_BLOCK, buf_view(&text));

    buf_free(&text);
    return index;
}

/* Half of what a list may hold: more than come in between are cut by the next that sees it long. */
static bool is_short(const struct redis_value *seen)
{
    return seen != NULL && seen->kind == REDIS_LIST && seen->count / 2 < MATCH_BLOCK_OWNERS_MAX / 2;
}

static bool says_nothing(const struct redis_value *seen)
{
    return seen != NULL && seen->count >= 2 && str_is(seen->items[0].text, "*");
}

size_t block_queue_share(struct redis *r, struct arena *a, struct blind index, struct ulid account, struct str source,
                         struct str made_of, const struct redis_value *seen)
{
    struct str key = key_at(a, "n", index.at);
    struct str who = str_of(arena_printf(a, "%s:%.*s", ulid_text(a, account).at, (int)source.len, source.at));

    if (says_nothing(seen))
        return 0;
    if (is_short(seen))
        redis_add(r, 4, (struct str[]){STR("HSET"), key, who, made_of});
    else
        redis_add_script(r, SCRIPT_SHARE, 1, 4, (struct str[]){key, who, made_of, str_int(a, MATCH_BLOCK_OWNERS_MAX)});
    return 1;
}

void block_queue_read(struct redis *r, struct arena *a, struct blind index)
{
    redis_add(r, 2, (struct str[]){STR("HGETALL"), key_at(a, "n", index.at)});
}
