/* filing_heard.c - a request that says "down" counts for whoever watches the door (incident/heard.h, D1, D2). */
#include "queues/filing_steps.h"
#include "queues/incident/heard.h"

static bool says_down(const struct filing *f)
{
    return f->item.op == ITEM_REQUEST && str_is(f->item.impact, "down") && !f->item.automatic && !f->silent &&
           f->incident.len == 0;
}

void ask_heard(struct filing *f, struct redis *r)
{
    struct heard h = {.account = f->home,
                      .ticket = f->ticket,
                      .bystander = f->cluster.len > 0,
                      .at_ms = f->item.received_ms,
                      .channel = f->item.channel,
                      .tier = f->whose.tier,
                      .region = f->whose.region,
                      .language = f->item.language};

    if (!says_down(f))
        return;
    heard_queue(r, f->keys, f->arena, &h, f->item.site, f->item.text);
    f->asked += HEARD_COMMANDS;
}
