/* GET /api/tickets/{tkt}: everything that is known of a ticket, and why it stands where it stands. */
#include "gateway/app.h"
#include "gateway/files/show.h"
#include "gateway/http/call.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/hints.h"
#include "gateway/staff/mask.h"
#include "gateway/staff/proofs.h"
#include "gateway/staff/row.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/staff/view.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/outbox.h"
#include "queues/staff.h"
#include "rules/address.h"
#include "rules/base/doc.h"
#include "rules/proof.h"

/* Everything that one answer shows. */
struct whole {
    struct app *app;
    struct arena *a;
    struct row row;
    struct message *messages;
    size_t message_count;
    struct str *deliveries; /* of messages; at NULL: no mail */
    struct file_list files; /* of messages */
    struct happening *history;
    size_t history_count;
    struct str *authors; /* of history, where staff did it */
    struct doc *suggestions, *next_contact;
    struct proofs proofs;
    struct str *provers; /* of proofs, where staff wrote them down */
};

static bool is_zero(struct ulid u)
{
    return ulid_equal(u, (struct ulid){0});
}

/* ---- reading ---- */

static enum err read_deliveries(struct whole *w, struct redis *r)
{
    w->deliveries = arena_array(w->a, struct str, w->message_count + 1);
    for (size_t i = 0; i < w->message_count; i++) {
        enum err e =
            is_zero(w->messages[i].mail) ? ERR_OK : outbox_state(r, w->a, w->messages[i].mail, &w->deliveries[i]);

        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

static enum err read_authors(struct whole *w, struct redis *r)
{
    struct str *ids = arena_array(w->a, struct str, w->history_count + 1);

    w->authors = arena_array(w->a, struct str, w->history_count + 1);
    for (size_t i = 0; i < w->history_count; i++)
        ids[i] = w->history[i].by;
    return staff_names(r, w->a, ids, w->history_count, w->authors);
}

static enum err read_proofs(struct whole *w, struct redis *r)
{
    const struct ticket *t = &w->row.ticket;
    enum err e = proofs_read(r, w->app->keys, w->a, t->id, t->account, &w->proofs);
    struct str *ids;

    if (e != ERR_OK)
        return e;
    ids = arena_array(w->a, struct str, w->proofs.n + 1);
    w->provers = arena_array(w->a, struct str, w->proofs.n + 1);
    for (size_t i = 0; i < w->proofs.n; i++)
        ids[i] = w->proofs.record[i].by;
    return staff_names(r, w->a, ids, w->proofs.n, w->provers);
}

static enum err read_hints(struct whole *w, struct redis *r)
{
    enum err e = hints_read(r, w->a, &w->row.ticket, &w->suggestions);

    if (e == ERR_OK)
        e = hints_next_of_ticket(r, w->app->keys, w->a, &w->row.ticket, w->row.people, w->row.people_count,
                                 &w->next_contact);
    if (e != ERR_OK)
        doc_close(w->suggestions);
    return e;
}

static enum err read_whole(struct whole *w, struct redis *r, struct ulid id)
{
    const struct keyring *k = w->app->keys;
    struct redis_value v;
    enum err e = row_read(w->app, r, w->a, id, &w->row);

    if (e != ERR_OK)
        return e;
    v = *w->row.ticket.fields;
    e = ticket_load(k, w->a, id, &v, true, &w->row.ticket);
    if (e == ERR_OK)
        e = messages_read(r, k, w->a, id, &w->messages, &w->message_count);
    if (e == ERR_OK)
        e = history_read(r, w->a, id, &w->history, &w->history_count);
    if (e == ERR_OK)
        e = read_deliveries(w, r);
    if (e == ERR_OK)
        e = files_read(r, k, w->a, w->messages, w->message_count, &w->files);
    if (e == ERR_OK)
        e = read_authors(w, r);
    if (e == ERR_OK)
        e = read_proofs(w, r);
    if (e == ERR_OK)
        e = read_hints(w, r);
    if (e != ERR_OK)
        doc_close(w->row.ticket.claims);
    return e;
}

/* ---- people and words ---- */

/* An address is masked, whoever wrote it there. */
static struct str speaks_for(struct arena *a, const struct participant *p)
{
    struct email e;

    if (p->speaks_for.len == 0)
        return (struct str){NULL, 0};
    return email_parse(a, p->speaks_for, &e) ? email_mask(a, e.spelled) : p->speaks_for;
}

/* What their level allows: told here, so that no console has rules of its own. */
static struct doc *may_doc(const struct participant *p)
{
    struct proof_standing s = {.level = p->level, .stale = p->stale, .authorised = p->authorised};
    struct doc *list = doc_array();

    for (int act = 0; act < PROOF_ACTS; act++)
        if (proof_allows(&s, (enum proof_act)act))
            doc_push(list, doc_new_text(str_of(proof_act_name((enum proof_act)act))));
    return list;
}

static struct doc *people_doc(const struct whole *w)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < w->row.people_count; i++) {
        const struct participant *p = &w->row.people[i];
        struct doc *d = doc_object();

        tell_id(d, "id", ID_PARTICIPANT, p->id);
        doc_set_text(d, "identity", mask_identity(w->app, w->a, p));
        doc_set_text_or_null(d, "name", p->name.len > 0 ? p->name : (struct str){NULL, 0});
        doc_set_text(d, "channel", p->channel);
        doc_set_int(d, "level", p->level);
        doc_set_bool(d, "stale", p->stale);
        doc_set(d, "authorised_for", view_authorised(p->authorised));
        doc_set(d, "may", may_doc(p));
        doc_set_text(d, "reference", str_of(reference_print(p->reference).at));
        doc_set_text(d, "language", p->language);
        doc_set_bool(d, "mail", p->email.len > 0);
        doc_set_text_or_null(d, "speaks_for", speaks_for(w->a, p));
        doc_push(list, d);
    }
    return list;
}

static const struct participant *person(const struct whole *w, struct ulid id)
{
    for (size_t i = 0; i < w->row.people_count; i++)
        if (ulid_equal(w->row.people[i].id, id))
            return &w->row.people[i];
    return NULL;
}

static struct doc *messages_doc(const struct whole *w)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < w->message_count; i++) {
        const struct message *m = &w->messages[i];
        const struct participant *p = person(w, m->participant);
        bool theirs = m->who == MESSAGE_YOU && p != NULL;
        struct doc *d = view_message(w->a, m, theirs ? mask_identity(w->app, w->a, p) : STR(""));

        doc_set(d, "files", show_staff(&w->files, m->files));
        if (w->deliveries[i].len > 0)
            doc_set_text(d, "delivery", w->deliveries[i]);
        if (m->automatic)
            doc_set_bool(d, "automatic", true);
        doc_push(list, d);
    }
    return list;
}

/* ---- what was said and what was shown ---- */

static bool mask_claim(const struct whole *w, const char *name, struct str value, struct doc *out)
{
    if (str_is(str_of(name), "email") || str_is(str_of(name), "behalf_email"))
        value = mask_email(w->a, value);
    else if (str_is(str_of(name), "phone"))
        value = mask_phone(w->app, w->a, value);
    doc_set_text(out, name, value);
    return true;
}

struct masking {
    const struct whole *w;
    struct doc *out;
};

static bool on_claim(void *arg, const char *name, const struct doc *value)
{
    struct masking *m = arg;

    return doc_kind(value) != DOC_TEXT || mask_claim(m->w, name, doc_text(value), m->out);
}

static struct doc *claims_doc(const struct whole *w)
{
    struct masking m = {w, doc_object()};

    doc_each(w->row.ticket.claims, on_claim, &m);
    return m.out;
}

static struct doc *evidence_doc(const struct whole *w)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < w->row.people_count; i++) {
        const struct participant *p = &w->row.people[i];
        struct doc *d;

        if (p->level == 0)
            continue;
        d = doc_object();
        tell_id(d, "participant", ID_PARTICIPANT, p->id);
        doc_set_text(d, "what", p->level >= 2 ? STR("mailbox-on-record") : STR("mailbox-reached"));
        doc_set_int(d, "level", p->level);
        doc_set_bool(d, "stale", p->stale);
        doc_set(d, "authorised_for", view_authorised(p->authorised));
        doc_push(list, d);
    }
    return list;
}

static struct doc *match_doc(const struct ticket *t)
{
    struct doc *d = doc_object(), *reasons;

    doc_set_int(d, "score", t->score);
    doc_set(d, "reasons", doc_parse(&reasons, t->reasons, NULL, 0) == ERR_OK ? reasons : doc_array());
    return d;
}

static struct doc *history_doc(const struct whole *w)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < w->history_count; i++) {
        const struct happening *h = &w->history[i];
        struct doc *d = doc_object();

        tell_id(d, "id", ID_EVENT, h->id);
        doc_set(d, "at", tell_stamp(h->at_ms));
        doc_set_text(d, "kind", h->kind);
        doc_set_text(d, "by", h->by);
        doc_set_text_or_null(d, "by_name", w->authors[i]);
        doc_set_text(d, "detail", h->detail);
        doc_set_text(d, "clock", h->clock);
        doc_set_text_or_null(d, "rules", h->rules.len > 0 ? h->rules : (struct str){NULL, 0});
        doc_push(list, d);
    }
    return list;
}

/* ---- the answer ---- */

static struct doc *whole_doc(const struct whole *w)
{
    const struct ticket *t = &w->row.ticket;
    struct doc *d = row_doc(&w->row);
    struct str linked = redis_field(t->fields, "linked");

    doc_set(d, "participants", people_doc(w));
    doc_set(d, "messages", messages_doc(w));
    doc_set_text_or_null(d, "newest", t->last);
    doc_set_text_or_null(d, "linked", linked);
    doc_set(d, "claims", claims_doc(w));
    doc_set(d, "evidence", evidence_doc(w));
    proofs_tell(d, &w->proofs, w->provers, clock_now_ms());
    doc_set(d, "match", match_doc(t));
    view_decision(d, w->app, w->a, t, w->history, w->history_count);
    view_call_back(d, w->app, w->a, t, w->history, w->history_count);
    doc_set(d, "history", history_doc(w));
    doc_set(d, "suggestions", w->suggestions);
    doc_set(d, "next_contact", w->next_contact);
    return d;
}

void staff_ticket(struct call *c)
{
    struct whole w = {.app = c->app, .a = c->arena};
    struct staff_session s;
    struct ulid id;
    enum err e;

    if (!gate_pass(c, work_redis(), ACT_READ, &s))
        return;
    e = id_parse(ID_TICKET, c->params[0], &id) ? read_whole(&w, work_redis(), id) : ERR_ABSENT;
    if (e != ERR_OK) {
        tell_error(c, e);
        return;
    }
    tell_doc(c, 200, whole_doc(&w));
    doc_close(w.row.ticket.claims);
}
