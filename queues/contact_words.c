#include "queues/contact_parts.h"
#include "queues/keys.h"
#include "queues/word.h"
#include "rules/base/arena.h"

/* Words on their way into the index: as many as one command takes. */
struct gathering {
    struct import *in;
    const struct settled *s;
    struct words words;
};

enum { ENOUGH = WORDS_MAX / 2 /* so that one more text fits in whole, mostly */ };

static void put(struct gathering *g)
{
    struct arena *a = g->in->turn;
    struct change *c = change_begin(a);

    change_words(c, g->in->k, partition_of(g->s->acc->id), str_of(g->s->account), g->in->o->now_ms, &g->words);
    if (c->n > 0)
        change_queue(g->in->r, c, STR(""), STR(""), STR(""));
    g->words.n = 0;
}

static void add(struct gathering *g, struct str text, bool whole)
{
    if (whole)
        words_add_whole(&g->words, g->in->turn, text);
    else
        words_add(&g->words, g->in->turn, text);
    if (g->words.n > ENOUGH)
        put(g);
}

static void add_site(struct gathering *g, const struct contact_site *site)
{
    const struct str typed[] = {site->site_id, site->url};

    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        struct site form;

        add(g, typed[i], false);
        if (site_parse(g->in->turn, typed[i], &form))
            add(g, form.canonical, true);
    }
}

void write_words(struct import *in, const struct settled *s)
{
    struct gathering g = {.in = in, .s = s};

    add(&g, s->acc->told[TOLD_NAME], false);
    for (size_t i = 0; i < s->contact_count; i++) {
        add(&g, s->contacts[i].name, false);
        for (size_t n = 0; n < s->contacts[i].invoice_count; n++)
            add(&g, s->contacts[i].invoices[n], true);
    }
    for (size_t i = 0; i < s->site_count; i++)
        add_site(&g, &s->sites[i]);
    put(&g);
}
