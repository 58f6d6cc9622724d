#include "queues/contact_parts.h"

#include "rules/base/arena.h"
#include "rules/csv.h"

#include <stdlib.h>
#include <string.h>

/* A good line with the ids of what it speaks of. */
struct line {
    struct ulid account, contact, site;
    bool has_site;
    struct contact_row row;
};

struct lines {
    struct line **at;
    size_t n, room;
};

struct reading {
    struct arena *a;
    const struct keyring *k;
    const struct contact_import_options *o;
    struct lines lines;
};

/* ---- lines ---- */

static struct line *line_add(struct lines *l, struct arena *a)
{
    if (l->n == l->room) {
        struct line **old = l->at;

        l->room = l->room == 0 ? 1024 : l->room * 2;
        l->at = arena_array(a, struct line *, l->room);
        if (l->n > 0)
            memcpy(l->at, old, l->n * sizeof *old);
    }
    l->at[l->n] = arena_new(a, struct line);
    return l->at[l->n++];
}

static void bad_add(struct contact_import_report *report, struct arena *a, size_t line, const char *reason)
{
    if ((report->bad_count & (report->bad_count - 1)) == 0) { /* full at every power of two */
        struct contact_bad *old = report->bad;

        report->bad = arena_array(a, struct contact_bad, report->bad_count == 0 ? 1 : report->bad_count * 2);
        if (old != NULL)
            memcpy(report->bad, old, report->bad_count * sizeof *old);
    }
    report->bad[report->bad_count++] = (struct contact_bad){line, reason};
}

static void identify(struct reading *in, struct line *l)
{
    struct contact_row *r = &l->row;
    struct str what = !r->has_email                   ? str_of(r->phone)
                      : r->email.canonical.at != NULL ? r->email.canonical
                                                      : r->email.spelled;
    struct str site = r->site_id_index.len > 0    ? r->site_id_index
                      : r->site_id.len > 0        ? r->site_id
                      : r->site_url_index.len > 0 ? r->site_url_index
                                                  : r->site_url;

    l->account = contact_account(in->k, r->account);
    l->contact = record_id(in->k, in->a, in->o->source, l->account, what);
    l->has_site = site.len > 0;
    if (l->has_site)
        l->site = record_id(in->k, in->a, in->o->source, l->account,
                            str_of(arena_printf(in->a, "site|%.*s", (int)site.len, site.at)));
}

static const char *read_lines(struct reading *in, struct arena *bad, struct str csv,
                              struct contact_import_report *report)
{
    struct csv_row *row = arena_new(in->a, struct csv_row);
    struct contact_header header;
    struct contact_row r;
    struct csv c;

    csv_open(&c, csv);
    if (!csv_next(&c, in->a, row))
        return "the file is empty";

    const char *reason = contact_header_parse(row, &header);

    if (reason != NULL)
        return reason;
    for (; csv_next(&c, in->a, row); report->rows++) {
        reason = contact_row_parse(in->a, &header, row, in->o->region_hint, &r);
        if (reason != NULL) {
            bad_add(report, bad, row->line, reason);
            continue;
        }

        struct line *l = line_add(&in->lines, in->a);

        l->row = r;
        identify(in, l);
    }
    return NULL;
}

/* ---- order ---- */

static int by_line(const struct line *x, const struct line *y)
{
    return x->row.line < y->row.line ? -1 : 1;
}

static int by_contact(const void *x, const void *y)
{
    const struct line *a = *(struct line *const *)x, *b = *(struct line *const *)y;
    int order = memcmp(a->account.bytes, b->account.bytes, 16);

    if (order == 0)
        order = memcmp(a->contact.bytes, b->contact.bytes, 16);
    return order != 0 ? order : by_line(a, b);
}

static int by_site(const void *x, const void *y)
{
    const struct line *a = *(struct line *const *)x, *b = *(struct line *const *)y;
    int order = memcmp(a->account.bytes, b->account.bytes, 16);

    if (order == 0 && a->has_site != b->has_site)
        order = a->has_site ? -1 : 1;
    if (order == 0)
        order = memcmp(a->site.bytes, b->site.bytes, 16);
    return order != 0 ? order : by_line(a, b);
}

/* ---- folding lines into records ---- */

/* Sums of digests do not depend on the order of lines, and equal lines do not cancel out. */
static void said_add(const struct keyring *k, const struct contact_row *r, uint64_t said[2])
{
    struct str fields[] = {r->account_name,
                           r->contact_name,
                           r->products,
                           r->email.spelled,
                           r->site_id,
                           r->site_url,
                           r->invoice_index,
                           r->tier,
                           r->region,
                           r->language,
                           r->timezone,
                           str_of(r->phone),
                           str_of(contact_role_text(r->role))};
    struct buf b = {0};
    uint8_t digest[16];

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        buf_str(&b, fields[i]);
        buf_char(&b, '\0');
    }
    buf_printf(&b, "%u %lld", r->authorised_for, (long long)r->last_proven_days);
    blind_bytes(k, INDEX_CONTACT, buf_view(&b), digest);
    buf_free(&b);
    for (int i = 0; i < 2; i++) {
        uint64_t half;

        memcpy(&half, digest + 8 * i, 8);
        said[i] += half;
    }
}

static void first_said(struct str *held, struct str said)
{
    if (held->len == 0)
        *held = said;
}

static void invoice_add(struct arena *a, struct contact *c, struct str invoice)
{
    if (invoice.len == 0 || c->invoice_count == CONTACT_INVOICES_MAX)
        return;
    for (size_t i = 0; i < c->invoice_count; i++)
        if (str_equal(c->invoices[i], invoice))
            return;
    if ((c->invoice_count & (c->invoice_count - 1)) == 0) {
        struct str *old = c->invoices;

        c->invoices = arena_array(a, struct str, c->invoice_count == 0 ? 1 : c->invoice_count * 2);
        if (old != NULL)
            memcpy(c->invoices, old, c->invoice_count * sizeof *old);
    }
    c->invoices[c->invoice_count++] = invoice;
}

static int64_t as_of(const struct contact_import_options *o, int64_t proven_days)
{
    if (o->as_of_days != CONTACT_NO_DAY)
        return o->as_of_days;
    return proven_days != CONTACT_NO_DAY ? proven_days : o->now_ms / DAY_MS;
}

static void contact_fold(struct reading *in, struct contact *c, const struct line *l)
{
    const struct contact_row *r = &l->row;

    c->id = l->contact;
    if (r->has_email)
        first_said(&c->email, r->email.spelled);
    first_said(&c->phone, str_of(r->phone));
    first_said(&c->name, r->contact_name);
    first_said(&c->products, r->products);
    c->source = in->o->source;
    if (c->role == CONTACT_OTHER)
        c->role = r->role;
    c->authorised_for |= r->authorised_for;
    if (r->last_proven_days > c->proven_days)
        c->proven_days = r->last_proven_days;
    c->as_of_days = as_of(in->o, c->proven_days);
    invoice_add(in->a, c, r->invoice_index);
    said_add(in->k, r, c->said);
}

static void site_fold(struct reading *in, struct contact_site *s, const struct line *l)
{
    s->id = l->site;
    first_said(&s->site_id, l->row.site_id);
    first_said(&s->url, l->row.site_url);
    first_said(&s->products, l->row.products);
    s->source = in->o->source;
    s->as_of_days = as_of(in->o, CONTACT_NO_DAY);
    s->gone_days = CONTACT_NO_DAY;
}

static void account_fold(struct snapshot_account *acc, const struct line *l)
{
    const struct contact_row *r = &l->row;

    acc->id = l->account;
    acc->vendor = r->account;
    first_said(&acc->told[TOLD_NAME], r->account_name);
    first_said(&acc->told[TOLD_TIER], r->tier);
    first_said(&acc->told[TOLD_REGION], r->region);
    first_said(&acc->told[TOLD_LANGUAGE], r->language);
    first_said(&acc->told[TOLD_TIMEZONE], r->timezone);
}

static void fold_contacts(struct reading *in, struct snapshot *s)
{
    struct line **at = in->lines.at;
    struct contact *next = arena_array(in->a, struct contact, in->lines.n + 1);

    s->accounts = arena_array(in->a, struct snapshot_account, in->lines.n + 1);
    for (size_t i = 0; i < in->lines.n; i++) {
        bool same = i > 0 && ulid_equal(at[i]->account, at[i - 1]->account);
        struct snapshot_account *acc = &s->accounts[same ? s->account_count - 1 : s->account_count++];

        account_fold(acc, at[i]);
        if (!same)
            acc->contacts = next;
        if (!same || !ulid_equal(at[i]->contact, at[i - 1]->contact)) {
            *next = (struct contact){.proven_days = CONTACT_NO_DAY, .gone_days = CONTACT_NO_DAY};
            next++, acc->contact_count++, s->contact_count++;
        }
        contact_fold(in, next - 1, at[i]);
    }
}

/* Lines and accounts are in the same order of accounts. */
static void fold_sites(struct reading *in, struct snapshot *s)
{
    struct line **at = in->lines.at;
    struct contact_site *next = arena_array(in->a, struct contact_site, in->lines.n + 1);
    struct snapshot_account *acc = s->accounts;

    for (size_t i = 0; i < in->lines.n; i++) {
        bool same = i > 0 && ulid_equal(at[i]->account, at[i - 1]->account);

        if (i > 0 && !same)
            acc++;
        if (!same)
            acc->sites = next;
        if (!at[i]->has_site)
            continue;
        if (!same || !ulid_equal(at[i]->site, at[i - 1]->site))
            next++, acc->site_count++;
        site_fold(in, next - 1, at[i]);
    }
}

/* ---- one address in two accounts ---- */

struct holder {
    struct str canonical;
    bool *shared;
};

static int by_address(const void *x, const void *y)
{
    const struct holder *a = x, *b = y;
    size_t n = a->canonical.len < b->canonical.len ? a->canonical.len : b->canonical.len;
    int order = memcmp(a->canonical.at, b->canonical.at, n);

    return order != 0 ? order : (a->canonical.len > b->canonical.len) - (a->canonical.len < b->canonical.len);
}

static void find_shared(struct arena *a, struct snapshot *s)
{
    struct holder *all = arena_array(a, struct holder, s->contact_count + 1);
    size_t n = 0;

    for (size_t i = 0; i < s->account_count; i++) {
        struct snapshot_account *acc = &s->accounts[i];

        acc->shared = arena_array(a, bool, acc->contact_count);
        for (size_t c = 0; c < acc->contact_count; c++) {
            struct str canonical = canonical_of(a, acc->contacts[c].email);

            if (canonical.at != NULL)
                all[n++] = (struct holder){canonical, &acc->shared[c]};
        }
    }
    if (n > 1)
        qsort(all, n, sizeof *all, by_address);
    /* An address is once in an account, since it makes the contact's id: neighbours differ in account. */
    for (size_t i = 1; i < n; i++)
        if (str_equal(all[i].canonical, all[i - 1].canonical))
            *all[i].shared = *all[i - 1].shared = true;
}

const char *snapshot_read(struct snapshot *out, struct arena *a, const struct keyring *k,
                          const struct contact_import_options *o, struct str csv, struct contact_import_report *report,
                          struct arena *report_arena)
{
    struct reading in = {.a = a, .k = k, .o = o};
    const char *why = read_lines(&in, report_arena, csv, report);

    if (why != NULL)
        return why;
    *out = (struct snapshot){0};
    if (in.lines.n > 1)
        qsort(in.lines.at, in.lines.n, sizeof *in.lines.at, by_contact);
    fold_contacts(&in, out);
    if (in.lines.n > 1)
        qsort(in.lines.at, in.lines.n, sizeof *in.lines.at, by_site);
    fold_sites(&in, out);
    find_shared(a, out);
    return NULL;
}
