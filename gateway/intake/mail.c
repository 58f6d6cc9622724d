#include "gateway/intake/mail.h"

#include "gateway/intake/mime.h"
#include "gateway/intake/thread.h"
#include "gateway/lmtp/mailbox.h"
#include "queues/seal.h"
#include "rules/address.h"
#include "rules/base/arena.h"
#include "rules/quote.h"
#include "rules/tongue.h"

#include <string.h>

enum {
    SUBJECT_MAX = 400,          /* code points that are kept */
    HEAD_BYTES_MAX = 64 * 1024, /* of a mail that is not read, where its header is looked for */
};

/* ---- of a mail that must not be read ---- */

/* The value of a header line, as it stands, its folded lines left out; at NULL where there is none, or it is no text. */
static struct str head_value(struct str raw, const char *name)
{
    struct str rest = {raw.at, raw.len < HEAD_BYTES_MAX ? raw.len : HEAD_BYTES_MAX};

    while (rest.at != NULL) {
        struct str line = str_trim(str_cut(&rest, '\n')), value = line, word = str_cut(&value, ':');

        if (line.len == 0)
            break;
        if (value.at != NULL && str_equal_nocase(str_trim(word), str_of(name)))
            return text_utf8_valid(value) && memchr(value.at, '\0', value.len) == NULL ? str_trim(value)
                                                                                       : (struct str){NULL, 0};
    }
    return (struct str){NULL, 0};
}

/* "Name <address>" or a bare address. */
static struct str address_in(struct str value)
{
    struct str inside = value;

    (void)str_cut(&inside, '<');
    return str_trim(inside.at == NULL ? value : str_cut(&inside, '>'));
}

static void tell_head(struct str raw, struct arena *a, struct item *out)
{
    struct str address = address_in(head_value(raw, "from"));
    struct email e;

    if (email_parse(a, address, &e))
        out->email = address;
    out->subject = text_first(head_value(raw, "subject"), SUBJECT_MAX);
}

/* ---- of one that was read ---- */

static void tell_author(const struct mime_mail *m, struct item *out)
{
    const struct mime_addresses *who = m->from.count == 1 ? &m->from : &m->sender;

    if (who->count != 1) /* RFC 5322 3.6.2: several authors name one sender */
        return;
    out->email = who->at[0].address;
    out->name = text_first(who->at[0].name, ITEM_CLAIM_MAX);
}

/* A mail that passes another one on, as a part or in its text, speaks for whoever wrote that. */
static void tell_behalf(const struct mail_house *h, const struct mime_mail *m, struct arena *a, struct item *out)
{
    const struct mime_mail *inside = m->inside;
    struct quote_forward f;
    struct str name, address;

    if (inside != NULL && inside->from.count == 1) {
        name = inside->from.at[0].name;
        address = inside->from.at[0].address;
    } else if (quote_forwarded(a, m->subject, m->text, &f)) {
        name = f.name;
        address = f.address;
    } else {
        return;
    }
    if (str_equal_nocase(address, out->email) || str_equal_nocase(address, str_of(h->address)))
        return;
    out->behalf_email = address;
    out->behalf_name = text_first(name, ITEM_CLAIM_MAX);
}

/* The language is that of their own words: what they quote may be in ours. */
static void tell_words(const struct mail_house *h, const struct mime_mail *m, struct arena *a, struct item *out)
{
    struct str text = m == NULL ? (struct str){NULL, 0} : str_trim(m->text);
    bool whole = m != NULL && m->cut == 0;

    if (text.len == 0 && whole)
        text = str_trim(out->subject);
    if (text.len == 0)
        text = str_of(h->unreadable);

    const char *tongue = tongue_of(quote_own(a, text));

    out->text = text_first(text, ITEM_PROBLEM_MAX);
    out->language = str_of(tongue != NULL && text.at != h->unreadable ? tongue : h->language);
}

/* Q4. A mail without a Message-ID is known by its bytes. */
static struct str external_of(const struct mail_house *h, const struct mime_mail *m, struct str raw, struct arena *a)
{
    bool named = m != NULL && m->message_id.len > 0;
    struct buf b = {0};

    buf_text(&b, named ? "mail\n" : "bytes\n");
    buf_str(&b, named ? m->message_id : raw);

    struct blind index = blind_index(h->keys, INDEX_EXTERNAL, buf_view(&b));

    buf_free(&b);
    return str_of(arena_strdup(a, index.at));
}

static bool for_executives(const struct mail_house *h, struct str recipients)
{
    struct str extension;

    while (recipients.at != NULL)
        if (mailbox_is(str_cut(&recipients, '\n'), str_of(h->address), &extension) &&
            mailbox_has(extension, "executive"))
            return true;
    return false;
}

void mail_to_item(const struct mail_house *h, const struct item *envelope, struct str raw, const struct mime_mail *m,
                  struct arena *a, struct item *out)
{
    struct item i = {.op = ITEM_REQUEST,
                     .ulid = envelope->ulid,
                     .received_ms = envelope->received_ms,
                     .reference = envelope->reference,
                     .channel = STR("mail"),
                     .impact = STR("down"),
                     .sender = envelope->sender,
                     .recipients = envelope->recipients,
                     .raw_type = envelope->raw_type,
                     .raw = envelope->raw,
                     .raw_blob = envelope->raw_blob};

    if (m == NULL) {
        tell_head(raw, a, &i);
    } else {
        i.subject = text_first(m->subject, SUBJECT_MAX);
        tell_author(m, &i);
        tell_behalf(h, m, a, &i);
    }
    tell_words(h, m, a, &i);
    i.external = external_of(h, m, raw, a);
    i.executive = for_executives(h, i.recipients);
    thread_read(h, i.sender, i.recipients, m, a, &i);
    *out = i;
}
