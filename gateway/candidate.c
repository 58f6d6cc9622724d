#include "gateway/candidate.h"

#include "gateway/rulesfile.h"
#include "queues/ruleset.h"
#include "rules/route.h"

static enum err lay_packs(struct candidate *c, struct redis *r, const struct keyring *k, struct arena *a,
                          struct buf *faults)
{
    struct active_state now;
    enum err e = active_renew(c->active, r, k, a);

    if (e != ERR_OK)
        return e;
    active_state(c->active, &now);
    if (now.left_out == 0)
        return ERR_OK;
    buf_printf(faults, "%s:1: packs of %zu declared incidents do not load over these rules\n", rules_file(c->rules),
               now.left_out);
    return ERR_CONF;
}

enum err candidate_open(struct candidate *out, struct redis *r, const struct keyring *k, struct arena *a,
                        struct rulesfile *house, const struct active_pack *pack, struct buf *faults)
{
    struct candidate c = {.file = house};
    struct rules *alone;
    enum err e = rulesfile_compose(house, NULL, 0, &alone, faults);

    if (e != ERR_OK) {
        rulesfile_close(house);
        return e;
    }
    c.set = ruleset_open(alone);
    c.active = active_open(c.set, rulesfile_compose, house);
    c.rules = ruleset_take(c.set);
    e = lay_packs(&c, r, k, a, faults);
    ruleset_release(c.set, c.rules);
    c.rules = ruleset_take(c.set);
    if (e == ERR_OK && pack != NULL)
        e = active_try(c.active, pack, &c.own, faults);
    if (e != ERR_OK) {
        candidate_close(&c);
        return e;
    }
    *out = c;
    return ERR_OK;
}

void candidate_close(struct candidate *c)
{
    ruleset_release(c->set, c->rules);
    rules_close(c->own);
    active_close(c->active);
    ruleset_close(c->set);
    rulesfile_close(c->file);
}
