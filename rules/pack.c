#include "rules/pack.h"

#include "rules/tree.h"

static const char *const role_words[PACK_ROLES] = {
#define X(name, word) [PACK_##name] = word,
    PACK_ROLE_LIST(X)
#undef X
};

const struct pack *rules_pack(const struct rules *r, struct str slug)
{
    for (size_t i = 0; i < r->overlays; i++)
        if (str_is(slug, r->file[i].slug))
            return r->file[i].pack;
    return NULL;
}

const struct pack_severity *pack_severity(const struct pack *p, struct str name)
{
    for (size_t i = 0; i < p->severities; i++)
        if (str_is(name, p->severity[i].name))
            return &p->severity[i];
    return NULL;
}

const struct pack_checklist *pack_checklist(const struct pack *p, struct str name)
{
    for (size_t i = 0; i < p->checklists; i++)
        if (str_is(name, p->checklist[i].name))
            return &p->checklist[i];
    return NULL;
}

const char *pack_role_word(enum pack_role_name role)
{
    return role_words[role];
}

enum pack_role_name pack_role_named(struct str word)
{
    int i = 0;

    while (i < PACK_ROLES && !str_is(word, role_words[i]))
        i++;
    return (enum pack_role_name)i;
}
