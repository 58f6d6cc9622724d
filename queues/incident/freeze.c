#include "queues/incident/freeze.h"

#include "rules/base/arena.h"

enum { AGAIN_MAX = 20 };

static const char *const names[FREEZES] = {[FREEZE_IMPORTS] = "imports", [FREEZE_RULES] = "rules"};

const char *freeze_name(enum freeze what)
{
    return names[what];
}

bool freeze_parse(struct str s, enum freeze *out)
{
    for (int f = 0; f < FREEZES; f++)
        if (str_is(s, names[f])) {
            *out = (enum freeze)f;
            return true;
        }
    return false;
}

bool freeze_holds(const struct incident *i, enum freeze what)
{
    struct str words = redis_field(i->fields, "thawed");

    if (!incident_is_declared(i))
        return false;
    while (words.len > 0)
        if (str_is(str_cut(&words, ' '), names[what]))
            return false;
    return true;
}

const struct incident *freeze_by(const struct incident *declared, size_t n, enum freeze what)
{
    for (size_t i = 0; i < n; i++)
        if (freeze_holds(&declared[i], what))
            return &declared[i];
    return NULL;
}

static struct str thawed_words(struct arena *a, const struct incident *i, enum freeze what, bool frozen)
{
    struct buf b = {0};
    struct str words;

    for (int f = 0; f < FREEZES; f++)
        if (f == (int)what ? !frozen : !freeze_holds(i, (enum freeze)f))
            buf_printf(&b, "%s%s", b.len > 0 ? " " : "", names[f]);
    words = (struct str){str_copy(a, buf_view(&b)), b.len};
    buf_free(&b);
    return words;
}

enum err freeze_set(struct redis *r, const struct keyring *k, struct arena *a, struct str slug, enum freeze what,
                    bool frozen, struct str by, int64_t at_ms)
{
    enum err e = ERR_CONFLICT;

    for (int n = 0; e == ERR_CONFLICT && n < AGAIN_MAX; n++) {
        struct change *c = change_begin(a);
        struct incident i;

        e = incident_read(r, k, a, slug, &i);
        if (e == ERR_OK && !incident_is_declared(&i))
            return ERR_GONE;
        if (e != ERR_OK || freeze_holds(&i, what) == frozen)
            return e;
        change_hset(c, incident_key(a, slug), "thawed", thawed_words(a, &i, what, frozen));
        change_incidents_moved(c); /* gateways know it by then */
        change_incident_happened(c, k, slug, at_ms, by, frozen ? "frozen" : "thawed", str_of(names[what]));
        e = change_run(r, a, c, STR(""), incident_key(a, slug), i.version, NULL);
    }
    return e;
}
