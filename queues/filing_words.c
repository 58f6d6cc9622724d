#include "queues/filing_parts.h"
#include "queues/word.h"
#include "rules/address.h"
#include "rules/base/arena.h"

/* What is an id by its nature is found however it is typed. */
static void add_ids(struct words *w, struct arena *a, const struct item *i)
{
    struct str handle = str_trim(i->handle), sites[] = {i->site, i->behalf_site}, invoice;
    struct site site;

    for (size_t n = 0; n < sizeof sites / sizeof *sites; n++)
        if (site_parse(a, sites[n], &site))
            words_add_whole(w, a, site.canonical);
    if (invoice_parse(a, i->invoice, &invoice))
        words_add_whole(w, a, invoice);
    words_add_whole(w, a, handle);
    if (handle.len > 0 && handle.at[0] == '@')
        words_add_whole(w, a, (struct str){handle.at + 1, handle.len - 1});
}

void change_item_words(struct change *c, struct filing *f, struct str subject)
{
    const struct item *i = &f->item;
    const struct str texts[] = {i->name,    i->organisation, i->behalf_name, i->behalf_organisation,
                                i->invoice, i->site,         i->behalf_site, subject};
    struct words w = {0};

    add_ids(&w, f->arena, i);
    for (size_t n = 0; n < sizeof texts / sizeof *texts; n++)
        words_add(&w, f->arena, texts[n]);
    change_words(c, f->keys, ulid_partition(f->ticket),
                 str_of(arena_strdup(f->arena, id_print(ID_TICKET, f->ticket).at)), i->received_ms, &w);
}
