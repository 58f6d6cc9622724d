#include "gateway/staff/proofs.h"
#include "gateway/staff/tell.h"
#include "gateway/staff/view.h"
#include "rules/base/doc.h"

static const struct ulid no_id;

struct str proofs_state(const struct approval *p, int64_t now_ms)
{
    if (ulid_equal(p->what.second, no_id))
        return STR("asked");
    if (p->what.refused)
        return STR("refused");
    return now_ms < p->what.decided_ms + PROOF_WAIT_MS ? STR("waits") : STR("counts");
}

struct doc *proofs_counts_from(const struct approval *p)
{
    bool agreed = !ulid_equal(p->what.second, no_id) && !p->what.refused;

    return tell_stamp(agreed ? p->what.decided_ms + PROOF_WAIT_MS : 0);
}

static struct doc *record_doc(const struct proof_record *r, struct str by_name)
{
    struct doc *d = doc_object();
    bool on_record = r->shown.source.len > 0;

    tell_id(d, "participant", ID_PARTICIPANT, r->participant);
    doc_set_text(d, "kind", str_of(proof_kind_name(r->shown.kind)));
    tell_id(d, "contact", ID_CONTACT, r->shown.contact);
    doc_set_text_or_null(d, "source", on_record ? r->shown.source : (struct str){NULL, 0});
    doc_set_bool(d, "stale", r->shown.stale);
    doc_set(d, "authorised_for", view_authorised(r->shown.authorised));
    doc_set_text(d, "by", r->by);
    doc_set_text_or_null(d, "by_name", by_name);
    doc_set_text_or_null(d, "note", r->note.len > 0 ? r->note : (struct str){NULL, 0});
    doc_set(d, "at", tell_stamp(r->at_ms));
    return d;
}

static struct doc *approval_doc(const struct approval *p, int64_t now_ms)
{
    struct doc *d = doc_object();

    tell_id(d, "id", ID_APPROVAL, p->id);
    tell_id(d, "participant", ID_PARTICIPANT, p->participant);
    doc_set_text(d, "reason", p->reason);
    doc_set(d, "authorised_for", view_authorised(p->what.authorised));
    tell_id(d, "by", ID_STAFF, p->what.by);
    doc_set_text(d, "by_name", p->by_name);
    doc_set(d, "at", tell_stamp(p->at_ms));
    doc_set_text(d, "state", proofs_state(p, now_ms));
    tell_id(d, "second", ID_STAFF, p->what.second);
    doc_set_text_or_null(d, "second_name", p->second_name.len > 0 ? p->second_name : (struct str){NULL, 0});
    doc_set(d, "decided_at", tell_stamp(p->what.decided_ms));
    doc_set(d, "counts_from", proofs_counts_from(p));
    return d;
}

void proofs_tell(struct doc *out, const struct proofs *p, const struct str *names, int64_t now_ms)
{
    struct doc *records = doc_array(), *approvals = doc_array();

    for (size_t i = 0; i < p->n; i++)
        doc_push(records, record_doc(&p->record[i], names[i]));
    for (size_t i = 0; i < p->approvals; i++)
        doc_push(approvals, approval_doc(&p->approval[i], now_ms));
    doc_set(out, "proofs", records);
    doc_set(out, "approvals", approvals);
    doc_set(out, "frozen_until", tell_stamp(p->frozen_until_ms > now_ms ? p->frozen_until_ms : 0));
}
