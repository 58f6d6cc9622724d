/* Five hundred mails that want to get into somebody else's ticket, read and filed for real: none joins it. The ones that
 * are true do, before, in between and after. */
#include "gateway/intake/mail.h"
#include "gateway/intake/mime.h"
#include "gateway/mail/postmark.h"
#include "queues/filing.h"
#include "rules/route.h"
#include "tests/unit/dice.h"
#include "tests/unit/queues/scratch_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW    INT64_C(1795500000000)
#define DOMAIN STR("help.example.org")
#define ANA    "ana@a.example"
#define BEN    "ben@b.example"
#define EVE    "eve@evil.test"

enum { FORGED = 500, ROUND = 25 };

static const char rules_text[] = "queue triage { title \"Triage\" first-reply 1h calendar always }\n"
                                 "route otherwise to triage priority 50\n";

static struct lab s;
static struct rules *rules;
static struct mail_house house = {
    .address = "support@help.example.org", .authserv_id = "", .language = "en", .unreadable = ""};
static uint64_t next_reference = 1;

static enum err no_zone(void *arg, const char *name, struct buf *bytes)
{
    (void)arg;
    (void)name;
    (void)bytes;
    return ERR_ABSENT;
}

static int begin(void **state)
{
    struct buf faults = {0};

    (void)state;
    mime_open();
    lab_open(&s);
    house.keys = s.keys;
    return rules_load(&rules, "test.rules", str_of(rules_text), no_zone, NULL, &faults) != ERR_OK;
}

static int end(void **state)
{
    (void)state;
    rules_close(rules);
    lab_close(&s);
    return 0;
}

/* ---- a mail, from its bytes to its ticket ---- */

struct letter {
    const char *sender, *to, *raw;
};

static struct filing *file(const struct letter *l)
{
    struct filing *f = arena_new(s.arena, struct filing);
    struct mime_mail *m = arena_new(s.arena, struct mime_mail);
    struct redis_value *v;
    const struct item envelope = {.op = ITEM_MAIL,
                                  .ulid = ulid_fresh(),
                                  .received_ms = NOW,
                                  .reference = next_reference++,
                                  .sender = str_of(l->sender),
                                  .recipients = str_of(arena_printf(s.arena, "%s\n", l->to)),
                                  .raw = str_of(l->raw),
                                  .raw_type = STR("message/rfc822")};
    size_t n;

    mime_read(s.arena, envelope.raw, NULL, m);
    mail_to_item(&house, &envelope, envelope.raw, m, s.arena, &f->item);
    f->keys = s.keys;
    f->rules = rules;
    f->arena = s.arena;
    f->now_ms = NOW;
    filing_begin(f);
    while (filing_ask(f, s.redis)) {
        assert_int_equal(redis_flush(s.redis, s.arena, &v, &n), ERR_OK);
        assert_int_equal(filing_hear(f, s.redis, v), ERR_OK);
    }
    assert_int_equal(f->outcome, FILING_FILED);
    return f;
}

static const char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *text(const char *format, ...)
{
    char out[4096];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(out, sizeof out, format, args);
    va_end(args);
    return arena_strdup(s.arena, out);
}

static size_t words_on(struct ulid ticket)
{
    struct message *all;
    size_t n;

    assert_int_equal(messages_read(s.redis, s.keys, s.arena, ticket, &all, &n), ERR_OK);
    return n;
}

/* ---- forging ---- */

/* What a forger may know: both marks of the victim's mail (a colleague leaked it), and honest ones of their own. */
struct known {
    const char *reply_to, *message_id, *reference; /* ana's */
    const char *own_reply_to, *own_id;             /* of eve's ticket */
};

static const char *upset(struct dice *d, const char *mark, size_t from, size_t to)
{
    char *p = arena_strdup(s.arena, mark);
    size_t at = from + (size_t)dice_below(d, (int64_t)(to - from));
    char was = p[at];

    while (p[at] == was || p[at] == '.')
        p[at] = "0123456789abcdefghjkmnpqrstvwxyz"[dice_below(d, 32)];
    return p;
}

/* One mark with a piece of another. Both are laid out alike. */
static const char *cross(struct dice *d, const char *one, const char *two, size_t end)
{
    char *p = arena_strdup(s.arena, one);
    size_t at = 3 + (size_t)dice_below(d, (int64_t)end - 3);

    memcpy(p + at, two + at, end - at);
    return p;
}

#define ONE_OF(list) list[dice_below(d, sizeof list / sizeof list[0])]

/* Somebody who looks like her. */
static const char *look_alike(struct dice *d)
{
    static const char *const from[] = {
        "Ana <" EVE ">",
        "\"" ANA "\" <" EVE ">",
        "=?utf-8?q?Ana_=3C" ANA "=3E?= <" EVE ">",
        "Ana <ana@a.example.evil.test>",
        "Ana <ana@a-example.test>",
        "Ana <ana+"
        "x@a.example>",
        "Ana <an.a@a.example>",
        "Ana <\xd0\xb0na@a.example>", /* a Cyrillic a */
        "Ana <ana@\xd0\xb0.example>", /* the same in the domain */
        "Ana <ana@xn--80a.example>",
        "Ana <ana@a.examp1e>",
        "Ana <aana@a.example>",
        "Ana <ana@b.example>",
        "Ana <ana\xe2\x80\x8b@a.example>", /* a space of no width */
        "Ana <\xef\xbd\x81na@a.example>",  /* a wide a */
        "Ana <ana@a.example>, Eve <" EVE ">",
        "Eve <" EVE ">, Ana <ana@a.example>",
        "Ana <ana@a.example>\r\nFrom: Eve <" EVE ">",
        "Eve <" EVE ">\r\nSender: Ana <" ANA ">",
        "Eve <" EVE ">\r\nReply-To: Ana <" ANA ">",
        "Eve <" EVE ">\r\nX-From: " ANA,
        "Eve <" EVE "> (Ana <" ANA ">)",
        "undisclosed: " EVE ", " ANA ";",
        "<@a.example:" EVE ">",
        "\"ana@a.example,\" <" EVE ">",
    };

    return ONE_OF(from);
}

static struct letter forge(struct dice *d, int i, const struct known *k)
{
    static const char *const subjects[] = {"Subject: Re: your request\r\n", "Subject: [%s] Re: x\r\n",
                                           "Subject: Re: %s\r\n", "Subject: =?utf-8?q?%s?=\r\n"};
    const char *to = "support@help.example.org", *ids = "", *from = "Ana <" ANA ">";
    size_t local = strlen(k->reply_to) - strlen("@help.example.org"), id_local = strlen(k->message_id) - 18;
    const char *sender = dice_below(d, 2) == 0 ? ANA : EVE;
    const char *subject = text(ONE_OF(subjects), k->reference);

    switch (i % 10) {
    case 0: /* a good mark, another sender */
        to = k->reply_to;
        from = look_alike(d);
        break;
    case 1: /* a good Message-ID, another sender */
        ids = text("In-Reply-To: %s\r\nReferences: <x@y> %s\r\n", k->message_id, k->message_id);
        from = look_alike(d);
        break;
    case 2: /* her address, one letter of the mark is not */
        to = upset(d, k->reply_to, 2, local);
        break;
    case 3: /* her address, one letter of the Message-ID is not */
        ids = text("References: %s\r\n", upset(d, k->message_id, 3, id_local));
        break;
    case 4: /* her address, cut short, or grown */
        to = dice_below(d, 2) == 0
                 ? text("%.*s@help.example.org", (int)(2 + dice_below(d, (int64_t)local - 2)), k->reply_to)
                 : text("%.*s%d@help.example.org", (int)local, k->reply_to, (int)dice_below(d, 1000));
        break;
    case 5: /* pieces of two marks */
        to = cross(d, k->reply_to, k->own_reply_to, local - 1);
        ids = text("In-Reply-To: %s\r\n", cross(d, k->message_id, k->own_id, id_local - 1));
        break;
    case 6: /* another domain's */
        to = text("%.*s@%s", (int)local, k->reply_to,
                  dice_below(d, 2) == 0 ? "help.example.org.evil.test" : "help-example.org");
        ids = text("References: <%.*s@evil.test>\r\n", (int)id_local - 1, k->message_id + 1);
        break;
    case 7: /* only words: subject, body, other headers */
        ids = text("X-Reply-To: %s\r\nThread-Index: %s\r\nX-References: %s\r\n", k->reply_to, k->reference,
                   k->message_id);
        break;
    case 8: /* honest marks of eve's own ticket, her name */
        to = k->own_reply_to;
        ids = text("In-Reply-To: %s\r\n", k->own_id);
        from = look_alike(d);
        break;
    default: /* the marks in the wrong place: each as the other, and as a name */
        to = text("%.*s@help.example.org", (int)id_local - 3, k->message_id + 3);
        ids = text("References: <%s>\r\nTo: \"%s\" <support@help.example.org>\r\n", k->reply_to, k->reply_to);
        break;
    }
    return (struct letter){
        sender, to,
        text("From: %s\r\n%sMessage-ID: <%d@x.test>\r\n%s\r\nforged %d %s\r\n", from, ids, i, subject, i, k->reply_to)};
}

/* ---- the test ---- */

static struct letter honest(const char *reply_to, int n)
{
    return (struct letter){ANA, reply_to, text("From: Ana <Ana@A.example>\r\nSubject: Re: x\r\n\r\ntrue %d\r\n", n)};
}

static void none_of_500_forged_replies_joins(void **state)
{
    struct letter first = {ANA, "support@help.example.org", "From: " ANA "\r\nSubject: x\r\n\r\nnothing works\r\n"};
    struct letter eves = {EVE, "support@help.example.org", "From: " EVE "\r\nSubject: y\r\n\r\nnor here\r\n"};
    struct filing *f = file(&first), *g = file(&eves);
    struct ulid mail = ulid_fresh(), ticket = f->ticket, ana = f->participant;
    uint64_t ref = f->item.reference;
    struct known k = {
        .reply_to = postmark_reply_address(s.keys, s.arena, ref, ana, DOMAIN).at,
        .message_id = postmark_message_id(s.keys, s.arena, mail, ref, ana, DOMAIN).at,
        .reference = text("%s", reference_print(ref).at),
        .own_reply_to = postmark_reply_address(s.keys, s.arena, g->item.reference, g->participant, DOMAIN).at,
        .own_id = postmark_message_id(s.keys, s.arena, mail, g->item.reference, g->participant, DOMAIN).at,
    };
    struct dice d = {7};
    size_t words = 1, told = 0;

    (void)state;
    for (int i = 0; i < FORGED; i++) {
        struct letter l = forge(&d, i, &k);

        if (i % ROUND == 0) {
            l = honest(k.reply_to, i);
            assert_true(ulid_equal(file(&l)->ticket, ticket));
            assert_int_equal(words_on(ticket), ++words);
            l = forge(&d, i, &k);
        }
        f = file(&l);
        /* By a mark of hers, as her, or by whoever looks like her. What only claims her address goes the way of any
         * report that does: a participant of its own, who sees nothing of hers. */
        if (f->item.op == ITEM_MESSAGE && ulid_equal(f->participant, ana))
            fail_msg("%d joined as her:\n%s\n%s", i, l.to, l.raw);
        if (ulid_equal(f->ticket, ticket) && (i % 10 < 2 || i % 10 == 8 || f->item.op == ITEM_MESSAGE))
            fail_msg("%d joined hers:\n%s\n%s", i, l.to, l.raw);
        words = words_on(ticket);
        told += i % 10 < 2 && (str_is(f->item.hint, "other-sender") || str_is(f->item.hint, "senders"));
    }
    assert_int_equal(told, FORGED / 5); /* good marks were read as such, and staff are told */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(none_of_500_forged_replies_joins)};

    return cmocka_run_group_tests_name("forged_replies", tests, begin, end);
}
