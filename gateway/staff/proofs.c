/* POST /api/tickets/{tkt}/proofs, /approvals, /approvals/{apv}, /numbers: what staff found out about somebody, and two of
 * them who answer for it (rules/proof.h). */
#include "gateway/staff/proofs.h"
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/act.h"
#include "gateway/staff/hints.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/staff/view.h"
#include "queues/appeal.h"
#include "queues/clock.h"
#include "queues/contact.h"
#include "rules/base/doc.h"
#include "rules/confidence.h"
#include "rules/resolve.h"

static const struct ulid no_id;

/* ---- reading what was sent ---- */

static bool read_id(struct call *c, const struct doc *body, const char *field, enum id_kind kind, struct ulid *out)
{
    if (id_parse(kind, doc_get_text(body, field), out))
        return true;
    tell_fault(c, field, "malformed", "an id of that kind is wanted");
    return false;
}

/* A note or a reason; false where it was answered. */
static bool read_words(struct call *c, const struct doc *body, const char *field, bool wanted, struct str *out)
{
    if (doc_get(body, field) == NULL && !wanted)
        return true;
    if (!tell_words(c, body, field, out))
        return false;
    if (text_code_points(*out) <= PROOF_NOTE_MAX)
        return true;
    tell_fault(c, field, "too-long", "at most 1000 characters");
    return false;
}

static bool read_authorised(struct call *c, const struct doc *body, unsigned *out)
{
    const struct doc *list = doc_get(body, "authorised_for");
    bool good = doc_kind(list) == DOC_ARRAY && doc_size(list) > 0;

    *out = 0;
    for (size_t i = 0; good && i < doc_size(list); i++) {
        struct str s = doc_text(doc_at(list, i));
        unsigned bits = str_is(s, "all")        ? AUTHORISED_ALL
                        : str_is(s, "site")     ? AUTHORISED_SITE
                        : str_is(s, "billing")  ? AUTHORISED_BILLING
                        : str_is(s, "security") ? AUTHORISED_SECURITY
                                                : 0;

        good = bits != 0;
        *out |= bits;
    }
    if (!good)
        tell_fault(c, "authorised_for", "unknown", "a list of site, billing, security or all");
    return good;
}

/* ---- the bench that every act here sits on ---- */

struct found_out {
    bool read;
    struct proof_record record;
    struct approval approval;
    bool approve;
    /* as read for this try */
    struct proofs proofs;
    struct participant *people;
    size_t people_count;
    struct proof_standing standing;
};

static const struct participant *person(const struct found_out *f, struct ulid id)
{
    for (size_t i = 0; i < f->people_count; i++)
        if (ulid_equal(f->people[i].id, id))
            return &f->people[i];
    return NULL;
}

static enum err read_bench(struct act *act, struct found_out *f)
{
    const struct keyring *k = act->call->app->keys;
    struct arena *a = act->call->arena;
    enum err e = participants_read(act->redis, k, a, &act->ticket, &f->people, &f->people_count);

    return e == ERR_OK ? proofs_read(act->redis, k, a, act->ticket.id, act->ticket.account, &f->proofs) : e;
}

static enum err no_such_person(struct act *act)
{
    tell_fault(act->call, "participant", "unknown", "nobody of this ticket");
    return ERR_INPUT;
}

/* What follows for the person, with what was put into the change before. */
static void settle(struct act *act, struct change *c, struct found_out *f, const struct participant *who,
                   const char *kind, struct str detail)
{
    const struct keyring *k = act->call->app->keys;

    proofs_judge(&f->proofs, who, act->call->arena, act->now_ms, &f->standing);
    (void)change_standing(c, k, &act->ticket, &f->proofs, who, &f->standing, act_staff_id(act), act->now_ms);
    change_frozen_holds(c, act->ticket.account, &f->proofs);
    act_happened(act, c, kind, detail, "");
}

static struct doc *standing_doc(const struct found_out *f, struct ulid participant)
{
    struct doc *d = doc_object();

    tell_id(d, "participant", ID_PARTICIPANT, participant);
    doc_set_int(d, "level", f->standing.level);
    doc_set_bool(d, "stale", f->standing.stale);
    doc_set(d, "authorised_for", view_authorised(f->standing.authorised));
    doc_set_text(d, "why", str_of(f->standing.why));
    doc_set(d, "waits_until", tell_stamp(f->standing.waits_until_ms));
    return d;
}

/* ---- what was found out ---- */

static bool is_stale(const struct contact *x, int64_t now_ms)
{
    int64_t proven = x->proven_days != CONTACT_NO_DAY ? x->proven_days : x->as_of_days;

    return x->gone_days != CONTACT_NO_DAY || confidence_stale(x->confidence, now_ms / INT64_C(86400000) - proven);
}

/* The record must be of this customer and have a number: nobody is called at one that a caller gave. */
static enum err find_number(struct act *act, struct found_out *f)
{
    struct proof *p = &f->record.shown;
    struct contact *all;
    size_t n;
    enum err e = hints_contacts(act->redis, act->call->app->keys, act->call->arena, act->ticket.account, &all, &n);

    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        if (!ulid_equal(all[i].id, p->contact) || all[i].phone.len == 0)
            continue;
        p->source = all[i].source;
        p->stale = is_stale(&all[i], act->now_ms);
        p->authorised = all[i].authorised_for;
        return ERR_OK;
    }
    if (e != ERR_OK)
        return e;
    tell_fault(act->call, "contact", "unknown", "no contact on record with a telephone number");
    return ERR_INPUT;
}

static bool read_proof(struct call *c, struct found_out *f)
{
    struct doc *body;
    bool good;

    if (f->read)
        return true;
    body = tell_body(c);
    good = body != NULL && read_id(c, body, "participant", ID_PARTICIPANT, &f->record.participant);
    if (good && (!proof_kind_parse(doc_get_text(body, "kind"), &f->record.shown.kind) ||
                 (f->record.shown.kind != PROOF_CALL_BACK && f->record.shown.kind != PROOF_SEEN))) {
        tell_fault(c, "kind", "unknown", "call-back or seen");
        good = false;
    }
    if (good && f->record.shown.kind == PROOF_CALL_BACK)
        good = read_id(c, body, "contact", ID_CONTACT, &f->record.shown.contact);
    good = good && read_words(c, body, "note", f->record.shown.kind == PROOF_SEEN, &f->record.note);
    doc_close(body);
    f->read = good;
    return good;
}

/* Sent twice it is there once: the same words by the same member about the same person are the same observation. */
static bool is_there(const struct found_out *f)
{
    for (size_t i = 0; i < f->proofs.n; i++) {
        const struct proof_record *x = &f->proofs.record[i];

        if (x->shown.kind == f->record.shown.kind && ulid_equal(x->participant, f->record.participant) &&
            ulid_equal(x->shown.contact, f->record.shown.contact) && str_equal(x->by, f->record.by) &&
            str_equal(x->note, f->record.note))
            return true;
    }
    return false;
}

static enum err prove(struct act *act, struct change *c)
{
    struct found_out *f = act->more;
    const struct participant *who;
    enum err e;

    if (!read_proof(act->call, f))
        return ERR_INPUT;
    e = read_bench(act, f);
    if (e != ERR_OK)
        return e;
    who = person(f, f->record.participant);
    if (who == NULL)
        return no_such_person(act);
    if (f->record.shown.kind == PROOF_CALL_BACK && (e = find_number(act, f)) != ERR_OK)
        return e;
    f->record.by = act_staff_id(act);
    f->record.at_ms = act->now_ms;
    f->record.act = f->record.shown.kind == PROOF_SEEN ? ulid_in(ulid_fresh(), act->ticket.partition) : no_id;
    proofs_judge(&f->proofs, who, act->call->arena, act->now_ms, &f->standing);
    if (is_there(f))
        return ERR_OK;
    if (proofs_of(&f->proofs, who->id) >= PROOFS_BY_HAND_MAX) {
        tell_problem(act->call, 409, "too-many", "enough was shown of this person");
        return ERR_CONFLICT;
    }
    change_proof(c, act->call->app->keys, act->ticket.id, &f->record);
    proofs_add(&f->proofs, act->call->arena, &f->record);
    settle(act, c, f, who, "shown", str_of(proof_kind_name(f->record.shown.kind)));
    return ERR_OK;
}

void staff_prove(struct call *c)
{
    struct found_out f = {0};
    struct act act = {.more = &f};

    if (act_run(&act, c, ACT_PROVE, prove))
        tell_doc(c, 201, standing_doc(&f, f.record.participant));
}

/* ---- two people answer for somebody ---- */

static bool read_approval(struct call *c, struct found_out *f)
{
    struct doc *body;
    bool good;

    if (f->read)
        return true;
    body = tell_body(c);
    good = body != NULL && read_id(c, body, "participant", ID_PARTICIPANT, &f->approval.participant) &&
           read_words(c, body, "reason", true, &f->approval.reason) &&
           read_authorised(c, body, &f->approval.what.authorised);
    doc_close(body);
    f->read = good;
    return good;
}

static bool is_open(const struct approval *a)
{
    return ulid_equal(a->what.second, no_id);
}

/* One that waits for its second: the same again is the same, another one has to wait. */
static const struct approval *open_one(const struct found_out *f, struct ulid participant)
{
    for (size_t i = 0; i < f->proofs.approvals; i++)
        if (is_open(&f->proofs.approval[i]) && ulid_equal(f->proofs.approval[i].participant, participant))
            return &f->proofs.approval[i];
    return NULL;
}

static size_t approvals_of(const struct proofs *p, struct ulid participant)
{
    size_t n = 0;

    for (size_t i = 0; i < p->approvals; i++)
        n += ulid_equal(p->approval[i].participant, participant);
    return n;
}

static enum err refuse(struct act *act, int status, const char *code, const char *title)
{
    tell_problem(act->call, status, code, title);
    return status == 403 ? ERR_DENIED : ERR_CONFLICT;
}

static enum err propose(struct act *act, struct change *c)
{
    struct found_out *f = act->more;
    const struct participant *who;
    const struct approval *open;
    enum err e;

    if (!read_approval(act->call, f))
        return ERR_INPUT;
    e = read_bench(act, f);
    if (e != ERR_OK)
        return e;
    who = person(f, f->approval.participant);
    if (who == NULL)
        return no_such_person(act);
    open = open_one(f, who->id);
    if (open != NULL && ulid_equal(open->what.by, act->who.staff) && str_equal(open->reason, f->approval.reason)) {
        f->approval.id = open->id;
        return ERR_OK;
    }
    if (open != NULL)
        return refuse(act, 409, "asked-before", "somebody has asked for it already: it waits for a second person");
    if (approvals_of(&f->proofs, who->id) >= APPROVALS_MAX)
        return refuse(act, 409, "too-many", "this was asked often enough for this person");
    f->approval.id = ulid_in(ulid_fresh(), act->ticket.partition);
    f->approval.what.by = act->who.staff;
    f->approval.by_name = act->who.name;
    f->approval.at_ms = act->now_ms;
    change_approval(c, act->call->app->keys, act->ticket.id, &f->approval);
    act_happened(act, c, "approval", STR("asked"), "");
    return ERR_OK;
}

static void answer_approval(struct call *c, int status, const struct approval *a)
{
    struct doc *d = doc_object();

    tell_id(d, "approval", ID_APPROVAL, a->id);
    tell_id(d, "participant", ID_PARTICIPANT, a->participant);
    doc_set_text(d, "state", proofs_state(a, clock_now_ms()));
    doc_set(d, "counts_from", proofs_counts_from(a));
    tell_doc(c, status, d);
}

void staff_propose(struct call *c)
{
    struct found_out f = {0};
    struct act act = {.more = &f};

    if (act_run(&act, c, ACT_PROVE, propose))
        answer_approval(c, 201, &f.approval);
}

static bool read_verdict(struct call *c, struct found_out *f)
{
    struct doc *body;
    bool good;

    if (f->read)
        return true;
    body = tell_body(c);
    good = body != NULL && doc_kind(doc_get(body, "approve")) == DOC_BOOL;
    if (body != NULL && !good)
        tell_fault(c, "approve", "type", "true or false");
    f->approve = doc_get_bool(body, "approve", false);
    doc_close(body);
    f->read = good;
    return good;
}

static enum err decide_open(struct act *act, struct change *c, struct found_out *f, const struct participant *who)
{
    struct approval *a = &f->approval;

    a->what.second = act->who.staff;
    a->what.second_leads = gate_allows(act->who.role, ACT_APPROVE);
    a->what.refused = !f->approve;
    a->what.decided_ms = act->now_ms;
    a->second_name = act->who.name;
    change_approval(c, act->call->app->keys, act->ticket.id, a);
    proofs_put_approval(&f->proofs, a);
    if (f->approve) /* everybody on record may object meanwhile */
        change_appeal(c, APPEAL_VETO, act->ticket.id, who->id, act->now_ms);
    settle(act, c, f, who, "approval", f->approve ? STR("approved") : STR("refused"));
    return ERR_OK;
}

static enum err decide(struct act *act, struct change *c)
{
    struct found_out *f = act->more;
    const struct participant *who;
    const struct approval *a;
    struct ulid id;
    enum err e;

    if (!read_verdict(act->call, f))
        return ERR_INPUT;
    e = id_parse(ID_APPROVAL, act->call->params[1], &id) ? read_bench(act, f) : ERR_ABSENT;
    if (e != ERR_OK)
        return e;
    a = proofs_approval(&f->proofs, id);
    who = a == NULL ? NULL : person(f, a->participant);
    if (who == NULL)
        return ERR_ABSENT;
    f->approval = *a;
    if (ulid_equal(a->what.by, act->who.staff))
        return refuse(act, 403, "same-person", "whoever asks for it cannot be the second person");
    if (is_open(a))
        return decide_open(act, c, f, who);
    if (ulid_equal(a->what.second, act->who.staff) && a->what.refused == !f->approve)
        return ERR_OK; /* sent again */
    return refuse(act, 409, "decided", "it is decided");
}

void staff_approve(struct call *c)
{
    struct found_out f = {0};
    struct act act = {.more = &f};

    if (act_run(&act, c, ACT_APPROVE, decide))
        answer_approval(c, 200, &f.approval);
}

/* ---- the numbers on record ---- */

static struct doc *number_doc(const struct contact *x, int64_t now_ms)
{
    struct doc *d = doc_object();

    tell_id(d, "contact", ID_CONTACT, x->id);
    doc_set_text_or_null(d, "name", x->name.len > 0 ? x->name : (struct str){NULL, 0});
    doc_set_text(d, "phone", x->phone);
    doc_set_text(d, "role", str_of(contact_role_text(x->role)));
    doc_set_text(d, "source", x->source);
    doc_set_bool(d, "stale", is_stale(x, now_ms));
    return d;
}

struct numbers {
    struct contact *all;
    size_t n;
};

/* Whoever sees whole numbers is written down. */
static enum err reveal(struct act *act, struct change *c)
{
    struct numbers *w = act->more;
    struct arena *a = act->call->arena;
    const struct keyring *k = act->call->app->keys;
    enum err e = hints_contacts(act->redis, k, a, act->ticket.account, &w->all, &w->n);

    if (e == ERR_OK)
        change_audit(c, k, act->ticket.partition, act->now_ms, act_staff_id(act), "contacts.revealed",
                     arena_strdup(a, id_print(ID_TICKET, act->ticket.id).at), STR("numbers"));
    return e;
}

void staff_numbers(struct call *c)
{
    struct numbers w = {0};
    struct act act = {.more = &w};
    struct doc *list;

    if (!act_run(&act, c, ACT_PROVE, reveal))
        return;
    list = doc_array();
    for (size_t i = 0; i < w.n; i++)
        if (w.all[i].phone.len > 0)
            doc_push(list, number_doc(&w.all[i], act.now_ms));
    tell_list(c, list, NULL);
}

/* ---- an objection is lifted ---- */

static enum err look(struct act *act, struct change *c)
{
    struct found_out *f = act->more;

    (void)c;
    return read_bench(act, f);
}

void staff_thaw(struct call *c)
{
    struct found_out f = {0};
    struct act act = {.more = &f};
    enum err e = ERR_OK;

    if (!act_run(&act, c, ACT_THAW, look))
        return;
    if (f.proofs.frozen_until_ms > act.now_ms)
        e = account_freeze(act.redis, c->app->keys, c->arena, act.ticket.account, 0, act_staff_id(&act), "",
                           act.now_ms);
    if (e != ERR_OK)
        tell_error(c, e);
    else
        tell_doc(c, 200, act_doc(&act));
}
