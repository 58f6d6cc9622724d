#include "gateway/incident/declare.h"

#include "gateway/incident/replace.h"
#include "gateway/rulesfile.h"
#include "queues/incident/active.h"
#include "rules/base/arena.h"
#include "rules/pack.h"
#include "rules/route.h"

static enum err read_pack(const struct declare_with *w, struct incident_declaration *d, struct buf *faults)
{
    struct buf text = {0};
    const char *name = str_copy(w->arena, d->pack);
    enum err e = incident_word_valid(d->pack) ? rulesfile_pack(w->rules, w->share, name, &text) : ERR_ABSENT;

    if (e == ERR_OK)
        d->rules = (struct str){str_copy(w->arena, buf_view(&text)), text.len};
    else
        buf_printf(faults, "packs/%s.rules:1: the pack cannot be read: %s\n", name, err_text(e));
    buf_free(&text);
    return e;
}

/* What the pack says of the declaration: how bad it is unless that was said, and what is not frozen. */
static enum err take_pack(const struct declare_with *w, struct incident_declaration *d, const struct pack *p,
                          struct buf *faults)
{
    struct change *with = change_begin(w->arena);
    const char *thawed = p->freezes_imports ? p->freezes_rules ? "" : "rules"
                         : p->freezes_rules ? "imports"
                                            : "imports rules";

    if (d->severity.len == 0)
        d->severity = str_of(arena_strdup(w->arena, p->severity[p->severities - 1].name));
    if (pack_severity(p, d->severity) == NULL) {
        buf_printf(faults, "the pack %s has no severity called %.*s; it has", p->name, (int)d->severity.len,
                   d->severity.at);
        for (size_t i = 0; i < p->severities; i++)
            buf_printf(faults, " %s", p->severity[i].name);
        buf_char(faults, '\n');
        return ERR_INPUT;
    }
    if (d->with != NULL && d->with->n > 0)
        *with = *d->with; /* what the caller wants to happen with it */
    change_hset(with, incident_key(w->arena, d->slug), "thawed", str_of(thawed));
    change_replace(with, w->keys, d->by, d->at_ms);
    d->with = with;
    return ERR_OK;
}

/* One that is declared already lies over the rules: it cannot be tried a second time. */
static enum err try_pack(const struct declare_with *w, struct incident_declaration *d, struct buf *faults)
{
    struct active_pack pack = {
        {str_copy(w->arena, d->slug), d->slug.len}, {str_copy(w->arena, d->pack), d->pack.len}, d->rules};
    struct incident given;
    struct rules *rules;
    enum err e = incident_read(w->redis, w->keys, w->arena, d->slug, &given);

    if (e != ERR_ABSENT)
        return e;
    e = active_try(w->active, &pack, &rules, faults);
    if (e != ERR_OK)
        return e;
    e = take_pack(w, d, rules_pack(rules, d->slug), faults);
    rules_close(rules);
    return e;
}

enum err declare_run(const struct declare_with *w, struct incident_declaration *d, bool dry_run, struct buf *faults,
                     struct incident *out, bool *before)
{
    enum err e = incident_declaration_fits(d) ? read_pack(w, d, faults) : ERR_INPUT;

    if (e == ERR_OK)
        e = active_renew(w->active, w->redis, w->keys, w->arena);
    if (e == ERR_OK)
        e = try_pack(w, d, faults);
    if (e != ERR_OK || dry_run)
        return e;
    return incident_declare(w->redis, w->keys, w->arena, d, out, before);
}
