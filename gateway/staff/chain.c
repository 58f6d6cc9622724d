#include "gateway/staff/chain.h"

#include "gateway/mail/postmark.h"
#include "rules/base/arena.h"

/* "Re: AW: x" is x; longer words with a colon are part of the subject. */
static struct str without_answer(struct str s)
{
    static const char *const words[] = {
        "re:", "aw:", "sv:", "antw:", "vs:", "ref:", "rif:", "\xe5\x9b\x9e\xe8\xa6\x86:", "\xe5\x9b\x9e\xe5\xa4\x8d:"};
    bool again = true;

    while (again) {
        again = false;
        s = str_trim(s);
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            struct str word = str_of(words[i]);

            if (s.len >= word.len && str_equal_nocase((struct str){s.at, word.len}, word)) {
                s = (struct str){s.at + word.len, s.len - word.len};
                again = true;
            }
        }
    }
    return s;
}

/* Control characters, C0 and C1, become spaces: message_build() refuses a header with any. */
struct str chain_subject(struct arena *a, struct str subject)
{
    struct str s = text_first(without_answer(subject), CHAIN_SUBJECT_MAX);
    char *p = str_copy(a, s);

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)p[i];

        if (c < 0x20 || c == 0x7F)
            p[i] = ' ';
        else if (c == 0xC2 && i + 1 < s.len && (unsigned char)p[i + 1] < 0xA0)
            p[i] = p[i + 1] = ' ';
    }
    return str_trim((struct str){p, s.len});
}

static bool is_zero(struct ulid u)
{
    return ulid_equal(u, (struct ulid){0});
}

/* The Message-ID of a mail of theirs or to them; empty where the message is none. */
static struct str id_of(const struct keyring *k, struct arena *a, struct str domain, const struct message *m,
                        const struct participant *to)
{
    if (!ulid_equal(m->participant, to->id))
        return STR("");
    if (m->who == MESSAGE_YOU)
        return m->message_id;
    if (m->who != MESSAGE_SUPPORT || is_zero(m->mail))
        return STR("");
    return postmark_message_id(k, a, m->mail, to->reference, to->id, domain);
}

struct chain chain_to(const struct keyring *k, struct arena *a, struct str domain, const struct message *all, size_t n,
                      const struct participant *to)
{
    struct str ids[CHAIN_MAX];
    struct chain c = {.subject = STR("")};
    struct buf b = {0};
    size_t count = 0;

    for (size_t i = n; i > 0 && count < CHAIN_MAX; i--) {
        const struct message *m = &all[i - 1];
        struct str id = id_of(k, a, domain, m, to);

        if (id.len == 0)
            continue;
        ids[count++] = id;
        if (m->who == MESSAGE_YOU && c.in_reply_to.len == 0) {
            c.in_reply_to = id;
            c.subject = chain_subject(a, m->subject);
        }
    }
    while (count > 0) {
        buf_str(&b, ids[--count]);
        if (count > 0)
            buf_char(&b, ' ');
    }
    c.references = (struct str){str_copy(a, buf_view(&b)), b.len};
    buf_free(&b);
    return c;
}
