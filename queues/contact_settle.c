#include "queues/contact_parts.h"

#include "rules/base/arena.h"

#include <string.h>

/* Invoices of the file come first; people hold old ones for years. */
static void keep_invoices(struct arena *a, struct contact *c, const struct contact *old)
{
    struct str *all = arena_array(a, struct str, c->invoice_count + old->invoice_count + 1);
    size_t n = c->invoice_count;

    if (n > 0)
        memcpy(all, c->invoices, n * sizeof *all);
    for (size_t i = 0; i < old->invoice_count && n < CONTACT_INVOICES_MAX; i++) {
        bool again = false;

        for (size_t j = 0; j < n && !again; j++)
            again = str_equal(all[j], old->invoices[i]);
        if (!again)
            all[n++] = old->invoices[i];
    }
    c->invoices = all;
    c->invoice_count = n;
}

static bool says_new(const struct contact *old, const struct contact *c)
{
    return old->gone_days != CONTACT_NO_DAY || old->said[0] != c->said[0] || old->said[1] != c->said[1];
}

static void settle_contacts(struct import *in, struct settled *s)
{
    const struct snapshot_account *acc = s->acc;
    struct contact_import_report count = {0};
    size_t i = 0, j = 0;

    s->contacts = arena_array(in->turn, struct contact, s->old_count + acc->contact_count + 1);
    while (i < s->old_count || j < acc->contact_count) {
        struct contact *c = &s->contacts[s->contact_count++];
        int order = i == s->old_count         ? 1
                    : j == acc->contact_count ? -1
                                              : memcmp(s->old[i].id.bytes, acc->contacts[j].id.bytes, 16);

        if (order < 0) {
            *c = s->old[i++];
            count.gone += c->gone_days == CONTACT_NO_DAY;
            if (c->gone_days == CONTACT_NO_DAY)
                c->gone_days = in->today_days;
            continue;
        }
        *c = acc->contacts[j++];
        count.added += order > 0;
        if (order == 0) {
            count.changed += says_new(&s->old[i], c);
            keep_invoices(in->turn, c, &s->old[i++]);
        }
    }
    if (in->write)
        return;
    in->report->added += count.added;
    in->report->changed += count.changed;
    in->report->gone += count.gone;
}

static void settle_sites(struct import *in, struct settled *s)
{
    const struct snapshot_account *acc = s->acc;
    size_t i = 0, j = 0;

    s->sites = arena_array(in->turn, struct contact_site, s->old_site_count + acc->site_count + 1);
    while (i < s->old_site_count || j < acc->site_count) {
        struct contact_site *site = &s->sites[s->site_count++];
        int order = i == s->old_site_count ? 1
                    : j == acc->site_count ? -1
                                           : memcmp(s->old_sites[i].id.bytes, acc->sites[j].id.bytes, 16);

        if (order < 0) {
            *site = s->old_sites[i++];
            if (site->gone_days == CONTACT_NO_DAY)
                site->gone_days = in->today_days;
            continue;
        }
        *site = acc->sites[j++];
        i += order == 0;
    }
}

void settle(struct import *in, struct settled *s)
{
    settle_contacts(in, s);
    settle_sites(in, s);
}

size_t contacts_present(const struct contact *c, size_t n)
{
    size_t present = 0;

    for (size_t i = 0; i < n; i++)
        present += c[i].gone_days == CONTACT_NO_DAY;
    return present;
}

size_t sites_present(const struct contact_site *s, size_t n)
{
    size_t present = 0;

    for (size_t i = 0; i < n; i++)
        present += s[i].gone_days == CONTACT_NO_DAY;
    return present;
}
