#include "gateway/intake/thread.h"

#include "gateway/intake/mail.h"
#include "gateway/intake/mime.h"
#include "gateway/mail/message.h"
#include "gateway/mail/postmark.h"
#include "rules/address.h"
#include "rules/authres.h"
#include "rules/base/arena.h"
#include "rules/bounce.h"
#include "rules/joining.h"
#include "rules/robot.h"

enum { RESULTS_MAX = 20, SUBJECT_WORDS_MAX = 200 };

/* All marks of a mail, the first of each kind. */
struct marks {
    bool reply, id, bounce, forged, subject;
    struct postmark reply_mark, id_mark, bounce_mark;
    uint64_t named; /* by the subject */
};

struct reading {
    const struct mail_house *house;
    const struct mime_mail *mail;
    struct str domain; /* ours */
    struct str sender, recipients;
    struct arena *arena;
    struct marks marks;
};

/* ---- marks ---- */

static void note(bool *seen, struct postmark *first, const struct postmark *mark)
{
    if (!*seen)
        *first = *mark;
    *seen = true;
}

static void look_at_address(struct reading *r, struct str address)
{
    struct marks *m = &r->marks;
    struct postmark mark;

    switch (postmark_of_address(r->house->keys, address, r->domain, &mark)) {
    case POSTMARK_REPLY:
        note(&m->reply, &m->reply_mark, &mark);
        break;
    case POSTMARK_BOUNCE:
        note(&m->bounce, &m->bounce_mark, &mark);
        break;
    case POSTMARK_FORGED:
        m->forged = true;
        break;
    default:
        break;
    }
}

static void look_at_addresses(struct reading *r, const struct mime_addresses *list)
{
    for (size_t i = 0; i < list->count; i++)
        look_at_address(r, list->at[i].address);
}

static void look_at_ids(struct reading *r, const struct mime_ids *list)
{
    struct marks *m = &r->marks;
    struct postmark mark;

    for (size_t i = list->count; i > 0; i--)
        switch (postmark_of_id(r->house->keys, list->at[i - 1], r->domain, &mark)) {
        case POSTMARK_MESSAGE_ID:
            note(&m->id, &m->id_mark, &mark);
            break;
        case POSTMARK_FORGED:
            m->forged = true;
            break;
        default:
            break;
        }
}

/* A whole word of the subject, with or without brackets, that is a public reference. */
static bool names_reference(struct str subject, uint64_t *out)
{
    for (int i = 0; subject.at != NULL && i < SUBJECT_WORDS_MAX; i++) {
        struct str word = str_cut(&subject, ' ');

        while (word.len > 0 && (word.at[0] == '[' || word.at[0] == '(' || word.at[0] == '#'))
            word.at++, word.len--;
        while (word.len > 0 &&
               (word.at[word.len - 1] == ']' || word.at[word.len - 1] == ')' || word.at[word.len - 1] == ':' ||
                word.at[word.len - 1] == '.' || word.at[word.len - 1] == ',' || word.at[word.len - 1] == '?'))
            word.len--;
        if (word.len >= 9 && word.len <= REFERENCE_CHARS && reference_parse(word, out))
            return true;
    }
    return false;
}

/* H1 */
static void look(struct reading *r)
{
    struct str rest = r->recipients;

    while (rest.len > 0)
        look_at_address(r, str_cut(&rest, '\n'));
    if (r->mail == NULL)
        return;
    look_at_addresses(r, &r->mail->to);
    look_at_addresses(r, &r->mail->cc);
    look_at_ids(r, &r->mail->in_reply_to);
    look_at_ids(r, &r->mail->references);
    r->marks.subject = names_reference(r->mail->subject, &r->marks.named);
}

/* ---- what follows ---- */

static struct str ulid_text(struct arena *a, struct ulid u)
{
    char s[ULID_CHARS + 1];

    ulid_print(u, s);
    return str_of(arena_strdup(a, s));
}

static struct str reference_text(struct arena *a, uint64_t reference)
{
    return str_of(arena_strdup(a, reference_print(reference).at));
}

static void say_thread(const struct reading *r, struct item *out)
{
    const struct marks *m = &r->marks;
    struct joining_signs signs = {.address = m->reply,
                                  .id = m->id,
                                  .forged = m->forged,
                                  .subject = m->subject,
                                  .senders = r->mail == NULL ? 0 : r->mail->from.count};
    struct joining_claim claim = joining_read(&signs);
    const struct postmark *mark = claim.by_address ? &m->reply_mark : &m->id_mark;

    out->hint = str_of(joining_hint_word(claim.hint));
    if (claim.answers)
        out->answers = ulid_text(r->arena, mark->participant);
    if (m->reply || m->id)
        out->thread = reference_text(r->arena, mark->reference);
    else if (m->subject)
        out->thread = reference_text(r->arena, m->named);
}

static bool is_ours(const struct reading *r, struct str address)
{
    struct postmark mark;

    return str_equal_nocase(address, str_of(r->house->address)) ||
           postmark_of_address(r->house->keys, address, r->domain, &mark) != POSTMARK_NONE;
}

static bool came_round(const struct reading *r)
{
    struct postmark mark;

    if (postmark_of_id(r->house->keys, r->mail->message_id, r->domain, &mark) == POSTMARK_MESSAGE_ID)
        return true;
    for (size_t i = 0; i < r->mail->from.count; i++)
        if (is_ours(r, r->mail->from.at[i].address))
            return true;
    return false;
}

static enum robot judge_robot(const struct reading *r)
{
    struct robot_signs s = {.return_path = r->sender};
    const struct mime_mail *m = r->mail;

    if (m != NULL) {
        s.from = m->from.count > 0 ? m->from.at[0].address : STR("");
        s.auto_submitted = m->auto_submitted;
        s.precedence = m->precedence;
        s.suppress = m->suppress;
        s.list = m->list;
        s.report = m->report.kind != MIME_REPORT_NONE;
        s.own = came_round(r);
        s.received = m->received_count;
    }
    return robot_judge(&s);
}

static bool is_proven(const struct reading *r)
{
    struct authres_field fields[RESULTS_MAX];
    const struct mime_mail *m = r->mail;
    struct email from;
    size_t n = 0;

    if (m == NULL || m->from.count != 1 || !email_parse(r->arena, m->from.at[0].address, &from))
        return false;
    for (; n < m->result_count && n < RESULTS_MAX; n++)
        fields[n] = (struct authres_field){m->results[n].value, m->results[n].received_above};
    return authres_proves(fields, n, str_of(r->house->authserv_id), (size_t)r->house->authserv_below, from.domain);
}

/* ---- what came back ---- */

/* Which mail of ours the report is about: by the address it came to, else by the Message-ID it tells. */
static bool find_returned(const struct reading *r, struct ulid *mail)
{
    struct postmark mark;

    if (r->marks.bounce) {
        *mail = r->marks.bounce_mark.mail;
        return true;
    }
    if (postmark_of_id(r->house->keys, r->mail->report.message_id, r->domain, &mark) != POSTMARK_MESSAGE_ID)
        return false;
    *mail = mark.mail;
    return true;
}

/* The worst of what it says of its recipients: each mail of ours has one, however many it was passed on to. */
static void say_bounce(const struct reading *r, struct item *out)
{
    const struct mime_report *report = &r->mail->report;
    enum bounce worst = BOUNCE_NOTHING;

    for (size_t i = 0; i < report->recipient_count; i++) {
        const struct mime_recipient *p = &report->recipients[i];
        enum bounce b = bounce_judge(p->action, p->status, p->why);

        if (i == 0 || b > worst)
            out->text = p->status;
        worst = b > worst ? b : worst;
    }
    out->hint = str_of(bounce_word(worst));
}

/* H2 */
static bool read_bounce(const struct reading *r, struct item *out)
{
    struct ulid mail;
    bool named;

    if (r->mail == NULL || r->mail->report.kind != MIME_REPORT_DELIVERY)
        return false;
    named = find_returned(r, &mail);
    if (!named && r->sender.len > 0)
        return false;
    out->op = ITEM_BOUNCE;
    out->automatic = true;
    out->text = STR("");
    if (named) {
        out->answers = ulid_text(r->arena, mail);
        say_bounce(r, out);
    }
    return true;
}

static struct str usable_id(const struct reading *r)
{
    struct str id = r->mail->message_id;

    if (id.len > 0 && id.at[0] != '<')
        id = str_of(arena_printf(r->arena, "<%s>", str_copy(r->arena, id)));
    return message_id_valid(id) ? id : STR("");
}

void thread_read(const struct mail_house *h, struct str sender, struct str recipients, const struct mime_mail *m,
                 struct arena *a, struct item *out)
{
    struct reading r = {.house = h,
                        .mail = m,
                        .domain = postmark_domain(str_of(h->address)),
                        .sender = sender,
                        .recipients = recipients,
                        .arena = a};

    out->op = ITEM_REQUEST;
    out->answers = out->thread = out->hint = out->message_id = STR("");
    look(&r);
    if (m != NULL)
        out->message_id = usable_id(&r);
    if (read_bounce(&r, out))
        return;
    out->automatic = judge_robot(&r) != ROBOT_NONE;
    out->proven = is_proven(&r) ? 1 : 0;
    say_thread(&r, out);
}
