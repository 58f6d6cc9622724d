/* GET /api/hooks: who is told of events, and how that goes. */
#include "gateway/app.h"
#include "gateway/hooks/address.h"
#include "gateway/http/call.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/hook.h"
#include "queues/hook_receiver.h"
#include "rules/base/doc.h"

static struct doc *kinds_doc(unsigned kinds)
{
    struct doc *list = doc_array();

    for (int i = 0; i < HOOK_KINDS; i++)
        if (kinds >> i & 1 && i != HOOK_TEST)
            doc_push(list, doc_new_text(str_of(hook_kind_name((enum hook_kind)i))));
    return list;
}

static const char *state_name(const struct hook_receiver *h, const struct hook_state *s)
{
    if (h->off)
        return "off";
    return s->in_a_row > 0 ? "failing" : s->ok_ms > 0 ? "well" : "untried";
}

/* Of its address only the host: chat rooms put secrets into the path. */
static struct doc *tell_one(const struct hook_receiver *h, const struct hook_state *s)
{
    struct doc *d = doc_object();
    char host[256] = "", why[8];
    bool plain;

    (void)hook_address_parse(str_of(h->url), host, &plain, why, sizeof why);
    tell_id(d, "hook", ID_HOOK, h->id);
    doc_set_text(d, "name", str_of(h->name));
    doc_set_text(d, "host", str_of(host));
    doc_set(d, "kinds", kinds_doc(h->kinds));
    doc_set_text(d, "state", str_of(state_name(h, s)));
    doc_set_int(d, "waiting", s->waiting);
    doc_set_int(d, "told", s->told);
    doc_set_int(d, "failed", s->failed);
    doc_set_int(d, "given_up", s->given_up);
    doc_set_int(d, "dropped", s->dropped);
    doc_set(d, "told_at", tell_stamp(s->ok_ms));
    doc_set(d, "failed_at", tell_stamp(s->fail_ms));
    doc_set_text_or_null(d, "why", s->in_a_row > 0 ? s->why : (struct str){NULL, 0});
    return d;
}

void staff_hooks(struct call *c)
{
    struct staff_session session;
    struct hook_state states[HOOK_RECEIVERS_MAX];
    struct hook_receivers *all;
    struct doc *items;

    if (!gate_pass(c, work_redis(), ACT_READ, &session))
        return;
    all = secret_memory(sizeof *all);
    items = doc_array();

    enum err e = hook_receivers_read(work_redis(), c->app->keys, c->arena, all);

    if (e == ERR_OK)
        e = hook_states(work_redis(), c->arena, all, states);
    for (size_t i = 0; e == ERR_OK && i < all->n; i++)
        doc_push(items, tell_one(&all->at[i], &states[i]));
    secret_memory_free(all);
    if (e == ERR_OK) {
        tell_list(c, items, NULL);
        return;
    }
    doc_close(items);
    tell_error(c, e);
}
