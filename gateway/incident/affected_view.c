#include "gateway/incident/affected_view.h"

#include "rules/base/doc.h"
#include "rules/base/stamp.h"

struct doc *affected_counts_doc(const struct affected_counts *c)
{
    struct doc *d = doc_object();

    doc_set_int(d, "sites", (int64_t)c->sites);
    doc_set_int(d, "own", (int64_t)c->own);
    doc_set_int(d, "accounts", (int64_t)c->accounts);
    doc_set_int(d, "unknown", (int64_t)c->unknown);
    doc_set_int(d, "with_products", (int64_t)c->with_products);
    doc_set_int(d, "listed", (int64_t)c->listed);
    doc_set_int(d, "added", (int64_t)c->added);
    doc_set_int(d, "gone", (int64_t)c->gone);
    doc_set_int(d, "changed", (int64_t)c->changed);
    doc_set_int(d, "accounts_touched", (int64_t)c->touched);
    doc_set_int(d, "repeated", (int64_t)c->repeated);
    return d;
}

static struct doc *faults_doc(const struct affected_report *r)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < r->fault_count; i++) {
        struct doc *d = doc_object();

        doc_set_int(d, "line", (int64_t)r->faults[i].line);
        doc_set_text(d, "reason", str_of(r->faults[i].reason));
        doc_push(list, d);
    }
    return list;
}

struct doc *affected_report_doc(const struct affected_report *r)
{
    static const struct ulid none;
    struct doc *d = doc_object();

    doc_set_int(d, "version", r->version);
    doc_set_bool(d, "same", r->same);
    doc_set(d, "counts", affected_counts_doc(&r->counts));
    doc_set_int(d, "accounts_on_record", (int64_t)r->accounts_on_record);
    doc_set(d, "confirm", r->confirm_wanted ? doc_new_int((int64_t)r->counts.sites) : doc_new_null());
    doc_set_int(d, "bad", (int64_t)r->bad);
    doc_set(d, "faults", faults_doc(r));
    doc_set(d, "job", ulid_equal(r->job, none) ? doc_new_null() : doc_new_text(str_of(id_print(ID_JOB, r->job).at)));
    return d;
}

struct doc *affected_version_doc(const struct affected_version *v)
{
    struct doc *d = doc_object();
    struct str by = v->by;

    doc_set_int(d, "version", v->version);
    doc_set_text(d, "at", str_of(stamp_print(v->at_ms).at));
    if (str_starts(by, "stf_")) /* "stf_… NAME": the name alone */
        (void)str_cut(&by, ' ');
    doc_set_text(d, "by", by);
    doc_set(d, "back_to", v->back > 0 ? doc_new_int(v->back) : doc_new_null());
    doc_set(d, "counts", affected_counts_doc(&v->counts));
    return d;
}
