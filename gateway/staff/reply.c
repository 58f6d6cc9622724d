/* POST /api/tickets/{tkt}/reply: words to one person, by mail and on their page.
 *
 * B1  written against what its author saw: where a newer message stands, nothing is sent;
 * B2  with an Idempotency-Key, however often it is sent, one message and one mail come of it. */
#include "gateway/app.h"
#include "gateway/conf.h"
#include "gateway/http/call.h"
#include "gateway/mail/letters.h"
#include "gateway/mail/postmark.h"
#include "gateway/staff/act.h"
#include "gateway/staff/chain.h"
#include "gateway/staff/once.h"
#include "gateway/staff/reader.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "queues/keys.h"
#include "queues/number.h"
#include "queues/outbox.h"
#include "rules/address.h"
#include "rules/base/doc.h"

struct reply {
    bool read;
    struct str text;
    struct ulid seen, to; /* to: zero where it was left out */
    bool to_contact;      /* to is one on record */
    uint64_t number;      /* the reference of who becomes a participant by it; taken once */
    struct once once;
    bool mailed, before;
    struct str delivery;
    const struct message *all; /* on the ticket, for this try */
    size_t all_count;
};

static bool is_zero(struct ulid u)
{
    return ulid_equal(u, (struct ulid){0});
}

/* ---- what was asked ---- */

static bool read_ids(struct call *c, const struct doc *body, struct reply *out)
{
    const struct doc *to = doc_get(body, "to");

    if (!id_parse(ID_MESSAGE, doc_get_text(body, "seen"), &out->seen)) {
        tell_fault(c, "seen", "malformed", "the id of the newest message that was shown");
        return false;
    }
    if (doc_kind(to) == DOC_NONE || doc_kind(to) == DOC_NULL || id_parse(ID_PARTICIPANT, doc_text(to), &out->to))
        return true;
    out->to_contact = id_parse(ID_CONTACT, doc_text(to), &out->to);
    if (!out->to_contact)
        tell_fault(c, "to", "malformed", "the id of a participant, or of a contact on record");
    return out->to_contact;
}

static bool read_reply(struct call *c, struct reply *out)
{
    struct doc *body;
    bool good;

    if (out->read)
        return true;
    body = tell_body(c);
    good =
        body != NULL && tell_words(c, body, "text", &out->text) && read_ids(c, body, out) && once_read(c, &out->once);
    doc_close(body);
    out->read = good;
    return good;
}

/* What was seen is no part of what the key stands for, so that words which came too late can be sent again once the
 * newer ones were read. */
static enum err fix_ids(struct act *act, struct reply *p)
{
    struct arena *a = act->call->arena;

    return once_fix(act, "reply",
                    str_of(arena_printf(a, "%s|%s", id_print(p->to_contact ? ID_CONTACT : ID_PARTICIPANT, p->to).at,
                                        str_copy(a, p->text))),
                    &p->once);
}

/* ---- to whom ---- */

/* B1. Newest is what stands last, or what came last: they differ where Redis was away for a while. */
static bool is_stale(const struct act *act, const struct message *all, size_t n, struct ulid seen)
{
    struct ulid last;

    if (n > 0 && ulid_equal(all[n - 1].id, seen))
        return false;
    return !id_parse(ID_MESSAGE, act->ticket.last, &last) || !ulid_equal(last, seen);
}

/* Who wrote what was seen, or to whom it was said; where that was a note, whoever wrote last. */
static struct ulid who_wrote(const struct message *all, size_t n, struct ulid seen)
{
    const struct message *m = act_message(all, n, seen);

    for (size_t i = n; i > 0 && (m == NULL || is_zero(m->participant)); i--)
        if (all[i - 1].who == MESSAGE_YOU)
            m = &all[i - 1];
    if (m != NULL)
        return m->participant;
    return (struct ulid){0};
}

static enum err find_reader(struct act *act, struct reply *p, const struct message *all, size_t n, struct reader *out)
{
    if (!p->to_contact)
        return reader_of_participant(act, is_zero(p->to) ? who_wrote(all, n, p->seen) : p->to, out);
    if (p->number == 0)
        p->number = number_take(act->call->app->numbers);
    return reader_of_contact(act, p->to, p->once.message, p->number, out);
}

/* ---- the change ---- */

static void add_mail(struct act *act, struct change *c, const struct reply *p, const struct participant *to)
{
    struct app *app = act->call->app;
    struct chain chain = chain_to(app->keys, act->call->arena, postmark_domain(str_of(app->conf->mail_from_address)),
                                  p->all, p->all_count, to);
    struct outbox_mail m = {.id = p->once.mail,
                            .kind = OUTBOX_REPLY,
                            .to = to->email,
                            .language = to->language,
                            .reference = to->reference,
                            .ticket = act->ticket.id,
                            .participant = to->id,
                            .asked_ms = act->now_ms,
                            .text = p->text,
                            .author = act->who.name,
                            .message = p->once.message,
                            .in_reply_to = chain.in_reply_to,
                            .references = chain.references,
                            .subject = chain.subject};

    change_mail(c, app->keys, &m);
}

static void add_words(struct act *act, struct change *c, struct reply *p, const struct participant *to)
{
    struct arena *a = act->call->arena;
    const struct ticket *t = &act->ticket;
    struct str key = ticket_key(a, t->id);
    struct email email;
    struct message m = {.id = p->once.message,
                        .at_ms = act->now_ms,
                        .who = MESSAGE_SUPPORT,
                        .participant = to->id,
                        .text = p->text,
                        .author = act->who.name};

    p->mailed = to->email.len > 0 && email_parse(a, to->email, &email);
    m.channel = p->mailed ? STR("mail") : STR("web");
    if (p->mailed) {
        m.mail = p->once.mail;
        add_mail(act, c, p, to);
    }
    change_message(c, act->call->app->keys, t->id, &m);
    change_hset(c, key, "last", str_of(arena_strdup(a, id_print(ID_MESSAGE, m.id).at)));
    change_hset_int(c, key, "replied", act->now_ms);
    change_hset_int(c, key_in(a, t->partition, "a", arena_strdup(a, id_print(ID_ACCOUNT, t->account).at)), "last_told",
                    act->now_ms);
}

/* Sent before, by the same key: how is its mail? */
static enum err look_back(struct act *act, struct reply *p, const struct message *m)
{
    p->before = true;
    p->mailed = !is_zero(m->mail);
    return p->mailed ? outbox_state(act->redis, act->call->arena, m->mail, &p->delivery) : ERR_OK;
}

static enum err write_reply(struct act *act, struct change *c, struct reply *p, const struct message *all, size_t n)
{
    struct reader to;
    struct ticket_step step;
    enum ticket_state from;
    enum err e;

    if (act->spam) {
        tell_problem(act->call, 409, "spam", "no mail goes out of what was put aside as spam");
        return ERR_CONFLICT;
    }
    if (is_stale(act, all, n, p->seen)) {
        tell_problem_with(act->call, 409, "stale", "something newer came in", "newest", act->ticket.last);
        return ERR_CONFLICT;
    }
    if (!ticket_state_parse(act->ticket.state, &from))
        return ERR_CORRUPT;
    if (ticket_step(&step, from, TICKET_STAFF_REPLY) != ERR_OK) {
        tell_problem_with(act->call, 409, "no-such-step", "a closed ticket takes no reply", "state", act->ticket.state);
        return ERR_CONFLICT;
    }
    e = find_reader(act, p, all, n, &to);
    if (e != ERR_OK)
        return e;
    change_reader(act, c, &to);
    add_words(act, c, p, &to.who);
    act->state = str_of(ticket_state_name(step.next));
    act_happened(act, c, "replied", STR(""), act_clock(step.clock));
    p->delivery = p->mailed ? STR("queued") : (struct str){NULL, 0};
    return ERR_OK;
}

static enum err reply(struct act *act, struct change *c)
{
    struct reply *p = act->more;
    struct message *all;
    size_t n;

    if (!read_reply(act->call, p))
        return ERR_INPUT;

    enum err e = fix_ids(act, p);

    if (e == ERR_OK)
        e = messages_read(act->redis, act->call->app->keys, act->call->arena, act->ticket.id, &all, &n);
    if (e != ERR_OK)
        return e;

    p->all = all;
    p->all_count = n;

    const struct message *mine = act_message(all, n, p->once.message);

    return mine != NULL ? look_back(act, p, mine) : write_reply(act, c, p, all, n);
}

void staff_reply(struct call *c)
{
    struct reply p = {0};
    struct act act = {.more = &p};
    struct doc *d;

    if (!act_run(&act, c, ACT_REPLY, reply))
        return;
    if (p.before)
        call_set_header(c, "idempotent-replayed", STR("true"));
    else if (p.mailed)
        letters_wake(c->app, UINT64_MAX);
    d = doc_object();
    tell_id(d, "message", ID_MESSAGE, p.once.message);
    if (p.delivery.len > 0)
        doc_set_text(d, "delivery", p.delivery);
    tell_doc(c, 201, d);
}
