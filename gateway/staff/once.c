#include "gateway/staff/once.h"

#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/act.h"
#include "gateway/staff/tell.h"
#include "queues/keys.h"

enum { KEY_MIN = 16, KEY_MAX = 128 };

#define KEY_LIFE "2592000000" /* 30 days */

bool once_read(struct call *c, struct once *out)
{
    out->key = call_header(c, "idempotency-key");
    if (out->key.at == NULL || (out->key.len >= KEY_MIN && out->key.len <= KEY_MAX))
        return true;
    tell_fault(c, "idempotency-key", "length", "16 to 128 characters");
    return false;
}

/* O2 */
static struct str index_of(const struct act *act, const char *kind, struct str part, enum index_kind index)
{
    struct arena *a = act->call->arena;
    struct str what = str_of(arena_printf(a, "%s|%s|%s|%s", kind, id_print(ID_STAFF, act->who.staff).at,
                                          id_print(ID_TICKET, act->ticket.id).at, str_copy(a, part)));

    return str_of(arena_strdup(a, blind_index(act->call->app->keys, index, what).at));
}

/* O1 */
static enum err share(struct act *act, const char *kind, struct str words, struct once *o)
{
    struct arena *a = act->call->arena;
    struct str body = index_of(act, kind, words, INDEX_BODY);
    struct str mine = str_of(
        arena_printf(a, "%s %s %s", id_print(ID_MESSAGE, o->message).at, id_print(ID_MAIL, o->mail).at, body.at));
    struct str key = key_at(a, "k", index_of(act, kind, o->key, INDEX_KEY).at);
    struct redis_value v;
    enum err e = redis_run(act->redis, a, &v, SCRIPT_KEEP, 1, 3, (struct str[]){key, mine, STR(KEY_LIFE)});

    if (e != ERR_OK)
        return e;

    struct str held = v.text, message = str_cut(&held, ' '), mail = str_cut(&held, ' ');

    if (!id_parse(ID_MESSAGE, message, &o->message) || !id_parse(ID_MAIL, mail, &o->mail))
        return ERR_CORRUPT;
    if (str_equal(held, body))
        return ERR_OK;
    tell_problem(act->call, 422, "key-reused", "this key was used for other words");
    return ERR_INPUT;
}

enum err once_fix(struct act *act, const char *kind, struct str words, struct once *o)
{
    enum err e = ERR_OK;

    if (o->fixed)
        return ERR_OK;
    o->message = ulid_in(ulid_fresh(), act->ticket.partition);
    o->mail = ulid_in(ulid_fresh(), act->ticket.partition);
    if (o->key.at != NULL)
        e = share(act, kind, words, o);
    o->fixed = e == ERR_OK;
    return e;
}
