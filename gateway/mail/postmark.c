#include "gateway/mail/postmark.h"

#include "rules/base/arena.h"

#include <string.h>

enum {
    MAC_BYTES = 10,
    REFERENCE_BYTES = 5,
    FIELDS_MAX = 4,
    SAID_BYTES_MAX = 1 + 16 + 16 + REFERENCE_BYTES,
};

/* ---- letters ---- */

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

static int digit(char c)
{
    char low = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    const char *hit = low == '\0' ? NULL : strchr(alphabet, low);

    return hit == NULL ? -1 : (int)(hit - alphabet);
}

/* n is a multiple of 5, so that no bits are left over. */
static void add_letters(struct buf *b, const uint8_t *bytes, size_t n)
{
    unsigned held = 0, bits = 0;

    for (size_t i = 0; i < n; i++) {
        held = held << 8 | bytes[i];
        for (bits += 8; bits >= 5; held &= (1u << bits) - 1) {
            bits -= 5;
            buf_char(b, alphabet[held >> bits & 31]);
        }
    }
}

static bool read_letters(struct str s, uint8_t *out, size_t n)
{
    unsigned held = 0, bits = 0;
    size_t at = 0;

    if (s.len * 5 != n * 8)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        int d = digit(s.at[i]);

        if (d < 0)
            return false;
        held = held << 5 | (unsigned)d;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            out[at++] = (uint8_t)(held >> bits);
            held &= (1u << bits) - 1;
        }
    }
    return true;
}

static void add_ulid(struct buf *b, struct ulid u)
{
    char s[ULID_CHARS + 1];

    ulid_print(u, s);
    for (size_t i = 0; i < ULID_CHARS; i++)
        buf_char(b, alphabet[digit(s[i])]);
}

static bool read_ulid(struct str s, struct ulid *out)
{
    char upper[ULID_CHARS];

    if (s.len != ULID_CHARS)
        return false;
    for (size_t i = 0; i < ULID_CHARS; i++)
        upper[i] = (char)(s.at[i] >= 'a' && s.at[i] <= 'z' ? s.at[i] - 'a' + 'A' : s.at[i]);
    return ulid_parse((struct str){upper, ULID_CHARS}, out);
}

static void reference_bytes(uint64_t reference, uint8_t out[REFERENCE_BYTES])
{
    for (int i = 0; i < REFERENCE_BYTES; i++)
        out[i] = (uint8_t)(reference >> (8 * (REFERENCE_BYTES - 1 - i)));
}

static bool read_reference(struct str s, uint64_t *out)
{
    uint8_t bytes[REFERENCE_BYTES];

    if (!read_letters(s, bytes, sizeof bytes))
        return false;
    *out = 0;
    for (int i = 0; i < REFERENCE_BYTES; i++)
        *out = *out << 8 | bytes[i];
    return true;
}

/* ---- MACs ---- */

/* What a mark of that kind says, always as long, so that no two kinds or places can be taken for each other. mac: 16
 * bytes for blind_equal(), of which the last are always 0. */
static void mark_mac(const struct keyring *k, enum postmark_kind kind, const struct postmark *p, uint8_t mac[16])
{
    uint8_t said[SAID_BYTES_MAX], *at = said;

    *at++ = (uint8_t)kind;
    memcpy(at, p->mail.bytes, 16);
    memcpy(at + 16, p->participant.bytes, 16);
    reference_bytes(p->reference, at + 32);
    blind_bytes(k, INDEX_REPLY, (struct str){(const char *)said, sizeof said}, mac);
    memset(mac + MAC_BYTES, 0, 16 - MAC_BYTES);
}

static void add_mac(struct buf *b, const struct keyring *k, enum postmark_kind kind, const struct postmark *p)
{
    uint8_t mac[16];

    mark_mac(k, kind, p, mac);
    buf_char(b, '.');
    add_letters(b, mac, MAC_BYTES);
}

static bool mac_fits(const struct keyring *k, enum postmark_kind kind, const struct postmark *p, struct str letters)
{
    uint8_t told[16] = {0}, mac[16];

    if (!read_letters(letters, told, MAC_BYTES))
        return false;
    mark_mac(k, kind, p, mac);
    return blind_equal(told, mac);
}

/* ---- making ---- */

static void add_reference(struct buf *b, uint64_t reference)
{
    uint8_t bytes[REFERENCE_BYTES];

    reference_bytes(reference, bytes);
    add_letters(b, bytes, sizeof bytes);
}

static struct str at_domain(struct buf *b, struct arena *a, struct str domain, const char *end)
{
    struct str s;

    buf_char(b, '@');
    buf_str(b, domain);
    buf_text(b, end);
    s = (struct str){str_copy(a, buf_view(b)), b->len};
    buf_free(b);
    return s;
}

struct str postmark_reply_address(const struct keyring *k, struct arena *a, uint64_t reference, struct ulid participant,
                                  struct str domain)
{
    struct postmark p = {.reference = reference, .participant = participant};
    struct buf b = {0};

    buf_text(&b, "r+");
    add_reference(&b, reference);
    buf_char(&b, '.');
    add_ulid(&b, participant);
    add_mac(&b, k, POSTMARK_REPLY, &p);
    return at_domain(&b, a, domain, "");
}

struct str postmark_bounce_address(const struct keyring *k, struct arena *a, struct ulid mail, struct str domain)
{
    struct postmark p = {.mail = mail};
    struct buf b = {0};

    buf_text(&b, "b+");
    add_ulid(&b, mail);
    add_mac(&b, k, POSTMARK_BOUNCE, &p);
    return at_domain(&b, a, domain, "");
}

struct str postmark_message_id(const struct keyring *k, struct arena *a, struct ulid mail, uint64_t reference,
                               struct ulid participant, struct str domain)
{
    struct postmark p = {reference, participant, mail};
    struct buf b = {0};

    buf_text(&b, "<m.");
    add_ulid(&b, mail);
    buf_char(&b, '.');
    add_ulid(&b, participant);
    buf_char(&b, '.');
    add_reference(&b, reference);
    add_mac(&b, k, POSTMARK_MESSAGE_ID, &p);
    return at_domain(&b, a, domain, ">");
}

/* ---- reading ---- */

struct str postmark_domain(struct str address)
{
    for (size_t i = address.len; i > 0; i--)
        if (address.at[i - 1] == '@')
            return (struct str){address.at + i, address.len - i};
    return STR("");
}

/* What stands before the @ where the domain is ours. */
static bool left_of(struct str address, struct str domain, struct str *local)
{
    struct str right = postmark_domain(address);

    if (right.len == 0 || right.len + 1 == address.len || !str_equal_nocase(right, domain))
        return false;
    *local = (struct str){address.at, address.len - right.len - 1};
    return true;
}

/* Cuts off "x+" or "x.", in any case. */
static bool begins(struct str *s, char letter, char separator)
{
    if (s->len < 2 || (s->at[0] | 0x20) != letter || s->at[1] != separator)
        return false;
    s->at += 2;
    s->len -= 2;
    return true;
}

/* Exactly n fields. */
static bool fields(struct str s, struct str *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = str_cut(&s, '.');
    return s.at == NULL;
}

static enum postmark_kind judge(const struct keyring *k, enum postmark_kind kind, bool formed, const struct postmark *p,
                                struct str mac, struct postmark *out)
{
    if (!formed || !mac_fits(k, kind, p, mac))
        return POSTMARK_FORGED;
    *out = *p;
    return kind;
}

enum postmark_kind postmark_of_address(const struct keyring *k, struct str address, struct str domain,
                                       struct postmark *out)
{
    struct postmark p = {0};
    struct str local, f[FIELDS_MAX];
    bool formed;

    if (!left_of(address, domain, &local))
        return POSTMARK_NONE;
    if (begins(&local, 'r', '+')) {
        formed = fields(local, f, 3) && read_reference(f[0], &p.reference) && read_ulid(f[1], &p.participant);
        return judge(k, POSTMARK_REPLY, formed, &p, f[2], out);
    }
    if (begins(&local, 'b', '+')) {
        formed = fields(local, f, 2) && read_ulid(f[0], &p.mail);
        return judge(k, POSTMARK_BOUNCE, formed, &p, f[1], out);
    }
    return POSTMARK_NONE;
}

enum postmark_kind postmark_of_id(const struct keyring *k, struct str id, struct str domain, struct postmark *out)
{
    struct postmark p = {0};
    struct str local, f[FIELDS_MAX];
    bool formed;

    if (id.len >= 2 && id.at[0] == '<' && id.at[id.len - 1] == '>')
        id = (struct str){id.at + 1, id.len - 2};
    if (!left_of(id, domain, &local) || !begins(&local, 'm', '.'))
        return POSTMARK_NONE;
    formed = fields(local, f, 4) && read_ulid(f[0], &p.mail) && read_ulid(f[1], &p.participant) &&
             read_reference(f[2], &p.reference);
    return judge(k, POSTMARK_MESSAGE_ID, formed, &p, f[3], out);
}
