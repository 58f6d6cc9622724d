#include "queues/incident/affected.h"

#include "queues/contact.h"
#include "queues/incident/affected_parts.h"
#include "rules/base/arena.h"

#include <stdlib.h>
#include <string.h>

enum { AGAIN_MAX = 20 };

/* ---- lists ---- */

static int by_index(const void *x, const void *y)
{
    const struct affected_site *a = x, *b = y;

    return strcmp(a->name[0].at, b->name[0].at);
}

void affected_sort(struct affected_site *s, size_t n)
{
    if (n > 1)
        qsort(s, n, sizeof *s, by_index);
}

const struct affected_site *affected_find(const struct affected_list *l, const char *index)
{
    size_t low = 0, high = l->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(l->site[middle].name[0].at, index);

        if (order == 0)
            return &l->site[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool is_same(const struct affected_site *a, const struct affected_site *b)
{
    return a->own == b->own && ulid_equal(a->account, b->account);
}

size_t affected_diff(const struct affected_list *from, const struct affected_list *to, struct arena *a,
                     struct affected_difference **out)
{
    struct affected_difference *all = arena_array(a, struct affected_difference, from->n + to->n + 1);
    size_t n = 0;

    for (size_t i = 0, k = 0; i < from->n || k < to->n;) {
        int order = i == from->n ? 1 : k == to->n ? -1 : by_index(&from->site[i], &to->site[k]);

        if (order < 0)
            all[n++] = (struct affected_difference){AFFECTED_GONE, &from->site[i]};
        else if (order > 0)
            all[n++] = (struct affected_difference){AFFECTED_ADDED, &to->site[k]};
        else if (!is_same(&from->site[i], &to->site[k]))
            all[n++] = (struct affected_difference){AFFECTED_CHANGED, &to->site[k]};
        i += order <= 0;
        k += order >= 0;
    }
    *out = all;
    return n;
}

static int by_account(const void *x, const void *y)
{
    return memcmp(x, y, sizeof(struct ulid));
}

/* How many different ones; sorts them. */
static size_t count_different(struct ulid *all, size_t count)
{
    size_t n = 0;

    if (count > 1)
        qsort(all, count, sizeof *all, by_account);
    for (size_t i = 0; i < count; i++)
        n += i == 0 || !ulid_equal(all[i - 1], all[i]);
    return n;
}

static size_t count_accounts(const struct affected_list *l, struct arena *a)
{
    struct ulid *all = arena_array(a, struct ulid, l->n + 1);

    for (size_t i = 0; i < l->n; i++)
        all[i] = l->site[i].account;
    return count_different(all, l->n);
}

static size_t count_touched(const struct affected_difference *steps, size_t n, struct arena *a)
{
    struct ulid *all = arena_array(a, struct ulid, n + 1);

    for (size_t i = 0; i < n; i++)
        all[i] = steps[i].site->account;
    return count_different(all, n);
}

/* ---- one import ---- */

/* Does the file speak of the part that this site is in? L2. */
static bool speaks_for(const struct affected_work *w, const struct site_list *file, const struct affected_site *s)
{
    return file->has_own || s->own == w->o->own;
}

/* The list as the file makes it: its own sites, and those of a part that it does not speak for. */
static void unite(struct affected_work *w, const struct site_list *file, struct affected_site *sites)
{
    struct affected_list mine = {.site = sites, .n = file->n};
    struct affected_site *all = arena_array(w->a, struct affected_site, file->n + w->old.n + 1);
    size_t n = file->n;

    affected_sort(sites, file->n);
    if (n > 0)
        memcpy(all, sites, n * sizeof *all);
    for (size_t i = 0; i < w->old.n; i++)
        if (!speaks_for(w, file, &w->old.site[i]) && affected_find(&mine, w->old.site[i].name[0].at) == NULL)
            all[n++] = w->old.site[i];
    affected_sort(all, n);
    w->list.site = all;
    w->list.n = n;
}

static void count(struct affected_work *w)
{
    struct affected_counts *c = &w->report->counts;
    struct affected_difference *steps;
    size_t n = affected_diff(&w->old, &w->list, w->a, &steps), repeated = c->repeated;

    *c = (struct affected_counts){.sites = w->list.n,
                                  .repeated = repeated,
                                  .accounts = count_accounts(&w->list, w->a),
                                  .touched = count_touched(steps, n, w->a)};
    for (size_t i = 0; i < w->list.n; i++) {
        c->own += w->list.site[i].own;
        c->unknown += !w->list.site[i].known;
        c->with_products += w->list.site[i].products.len > 0;
    }
    for (size_t i = 0; i < n; i++) {
        c->added += steps[i].step == AFFECTED_ADDED;
        c->gone += steps[i].step == AFFECTED_GONE;
        c->changed += steps[i].step == AFFECTED_CHANGED;
    }
    c->listed = c->sites - c->added - c->changed;
}

/* L4. */
static void weigh(struct affected_work *w)
{
    struct affected_report *report = w->report;
    const struct affected_counts *c = &report->counts;
    size_t moved = c->added + c->gone + c->changed;
    bool many = moved > AFFECTED_FREE_SITES;
    bool share = c->touched > AFFECTED_FREE_ACCOUNTS && c->touched * AFFECTED_FREE_SHARE > report->accounts_on_record;

    report->confirm_wanted = moved > 0 && (many || share);
}

static enum err read_before(struct affected_work *w)
{
    enum err e = incident_read(w->r, w->k, w->a, w->o->slug, &w->incident);

    if (e == ERR_OK && !incident_is_declared(&w->incident))
        e = ERR_CONFLICT;
    if (e == ERR_OK)
        e = affected_read(w->r, w->k, w->a, w->o->slug, 0, &w->old);
    if (e == ERR_OK)
        e = contact_accounts(w->r, w->a, &w->report->accounts_on_record);
    w->report->version = e == ERR_OK ? w->incident.list : 0;
    return e;
}

/* What was judged comes into force, unless it is. */
static enum err decide(struct affected_work *w, int64_t back)
{
    struct affected_report *report = w->report;

    count(w);
    weigh(w);
    report->same = w->old.data.len > 0 && str_equal(w->old.data, w->list.data);
    if (report->same || w->o->dry_run)
        return ERR_OK;
    if (report->confirm_wanted && w->o->confirm != (int64_t)report->counts.sites)
        return ERR_DENIED;

    enum err e = back > 0 ? ERR_OK : affected_stage(w);

    return e == ERR_OK ? affected_put_in_force(w, back) : e;
}

static enum err import_once(struct affected_work *w, const struct site_list *file)
{
    struct affected_site *sites;
    enum err e = read_before(w);

    if (e == ERR_OK)
        e = affected_judge(w, file, &sites);
    if (e != ERR_OK)
        return e == ERR_CONFLICT ? ERR_GONE : e; /* closed: not to be tried again */
    unite(w, file, sites);
    w->report->counts.repeated = file->repeated;
    e = affected_keys(w);
    if (e != ERR_OK)
        return e;
    affected_name(w);
    return decide(w, 0);
}

static enum err back_once(struct affected_work *w, int64_t version)
{
    enum err e = read_before(w);

    if (e == ERR_CONFLICT)
        return ERR_GONE;
    if (e == ERR_OK)
        e = version < 1 ? ERR_ABSENT : affected_read(w->r, w->k, w->a, w->o->slug, version, &w->list);
    return e == ERR_OK ? decide(w, version) : e;
}

static int by_line(const void *x, const void *y)
{
    const struct site_list_fault *a = x, *b = y;

    return (a->line > b->line) - (a->line < b->line);
}

static struct affected_work work_of(struct redis *r, const struct keyring *k, struct arena *a,
                                    const struct affected_import *o, struct affected_report *out)
{
    return (struct affected_work){.r = r, .k = k, .a = a, .o = o, .report = out};
}

static enum err ended(enum err e, int tries)
{
    return e == ERR_GONE ? ERR_CONFLICT : e == ERR_CONFLICT && tries == AGAIN_MAX ? ERR_BUSY : e;
}

enum err affected_import(struct redis *r, const struct keyring *k, struct arena *a, const struct affected_import *o,
                         struct str text, struct affected_report *out)
{
    struct site_list file;
    enum err e = ERR_INPUT;
    int tries = 0;

    *out = (struct affected_report){0};
    if (!incident_slug_valid(o->slug))
        return ERR_ABSENT;
    if (!site_list_parse(text, a, &file)) {
        out->faults = file.faults;
        out->fault_count = file.fault_count;
        out->bad = file.bad;
        return ERR_INPUT;
    }
    do { /* somebody changed the incident meanwhile: judge again */
        struct affected_work w = work_of(r, k, a, o, out);

        *out = (struct affected_report){0};
        e = import_once(&w, &file);
    } while (e == ERR_CONFLICT && ++tries < AGAIN_MAX);
    if (out->fault_count > 1)
        qsort(out->faults, out->fault_count, sizeof *out->faults, by_line);
    return ended(e, tries);
}

enum err affected_back(struct redis *r, const struct keyring *k, struct arena *a, const struct affected_import *o,
                       int64_t version, struct affected_report *out)
{
    enum err e;
    int tries = 0;

    *out = (struct affected_report){0};
    if (!incident_slug_valid(o->slug))
        return ERR_ABSENT;
    do {
        struct affected_work w = work_of(r, k, a, o, out);

        *out = (struct affected_report){0};
        e = back_once(&w, version);
    } while (e == ERR_CONFLICT && ++tries < AGAIN_MAX);
    return ended(e, tries);
}
