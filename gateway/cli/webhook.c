/* webhook.c - `postern webhook add|rotate|disable|remove|list`: who may post to the channels. */
#include "queues/webhook.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/store.h"
#include "queues/clock.h"
#include "queues/redis.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"

#define BY      "postern"
#define HOUR_MS INT64_C(3600000)

enum { ARENA_BYTES = 64 * 1024 };

static enum cli_exit failed(struct cli *c, const struct store *s, enum err e, const char *name)
{
    if (e == ERR_ABSENT)
        cli_say(c, "no sender is called %s", name);
    else if (e == ERR_CONFLICT)
        cli_say(c, "there is a sender called %s already: postern webhook rotate %s", name, name);
    else if (e == ERR_LIMIT)
        cli_say(c, "there are %d senders of that kind already: postern webhook remove NAME", WEBHOOKS_OF_KIND_MAX);
    else
        cli_say(c, "%s (%s)", err_text(e), redis_why(s->redis));
    return e == ERR_ABSENT || e == ERR_CONFLICT || e == ERR_LIMIT ? CLI_DATA : cli_exit_of(e);
}

/* W4: a gateway on this data that is not running now starts with what it finds there. */
static void keep_copy(const struct cli *c, const struct store *s, struct arena *a)
{
    struct webhooks *all = secret_memory(sizeof *all);
    enum err e = webhooks_read(s->redis, s->keys, a, all);

    if (e == ERR_OK)
        e = webhooks_save(all, s->keys, s->conf.data);
    if (e != ERR_OK)
        cli_say(c, "done; the copy in %s was not written (%s): a gateway there knows once it has asked Redis",
                s->conf.data, err_text(e));
    secret_memory_free(all);
}

static void print_secret(struct cli *c, struct arena *a, const char *name, struct str secret, int64_t until_ms)
{
    struct doc *d;

    if (!c->json) {
        (void)fprintf(c->out, "%s\n", secret.at);
        return;
    }
    d = doc_object();
    doc_set_text(d, "name", str_of(name));
    doc_set_text(d, "secret", secret);
    if (until_ms > 0)
        doc_set_text(d, "old_until", str_of(stamp_print(until_ms).at));
    (void)fprintf(c->out, "%s\n", doc_print(d, a).at);
    doc_close(d);
}

/* ---- add, rotate ---- */

static enum cli_exit add_run(struct cli *c)
{
    static struct store s;
    const char *name = c->words[1];
    enum webhook_kind kind;
    struct str secret;

    if (!webhook_kind_parse(str_of(c->words[0]), &kind))
        return cli_usage(c, "a sender posts to social, phone, desk or restoration");
    if (!webhook_name_valid(str_of(name)))
        return cli_usage(c, "a name has %d to %d of a-z, 0-9 and -", WEBHOOK_NAME_MIN, WEBHOOK_NAME_MAX);

    enum cli_exit x = store_open(c, &s, true);

    if (x != CLI_OK)
        return x;

    struct arena *a = arena_open(ARENA_BYTES);
    enum err e = webhook_add(s.redis, s.keys, a, kind, str_of(name), clock_now_ms(), BY, &secret);

    if (e == ERR_OK) {
        print_secret(c, a, name, secret, 0);
        keep_copy(c, &s, a);
    } else {
        x = failed(c, &s, e, name);
    }
    arena_close(a);
    store_close(&s);
    return x;
}

static enum cli_exit two_live(struct cli *c, const char *name, int64_t until_ms)
{
    cli_say(c, "two secrets of %s live, the older one until %s: wait, or end both now with --keep 0", name,
            stamp_print(until_ms).at);
    return CLI_AGAIN;
}

static enum cli_exit rotate_run(struct cli *c)
{
    static struct store s;
    const char *name = c->words[0];
    int64_t keep, until_ms = 0, now_ms = clock_now_ms();
    struct str secret;

    if (!cli_number(c, "keep", 0, WEBHOOK_KEEP_HOURS_MAX, WEBHOOK_KEEP_HOURS, &keep))
        return CLI_USAGE;

    enum cli_exit x = store_open(c, &s, false);

    if (x != CLI_OK)
        return x;

    struct arena *a = arena_open(ARENA_BYTES);
    enum err e = webhook_rotate(s.redis, s.keys, a, str_of(name), keep * HOUR_MS, now_ms, BY, &secret, &until_ms);

    if (e == ERR_OK) {
        print_secret(c, a, name, secret, until_ms);
        keep_copy(c, &s, a);
        if (until_ms > now_ms)
            cli_say(c, "the secret before it lives on until %s", stamp_print(until_ms).at);
        else
            cli_say(c, "no other secret of %s lives", name);
    } else {
        x = e == ERR_LIMIT ? two_live(c, name, until_ms) : failed(c, &s, e, name);
    }
    arena_close(a);
    store_close(&s);
    return x;
}

/* ---- disable, remove ---- */

typedef enum err change_one(struct redis *r, const struct keyring *k, struct arena *a, struct str name, int64_t now_ms,
                            const char *by);

static enum cli_exit change_run_one(struct cli *c, change_one *change)
{
    static struct store s;
    enum cli_exit x = store_open(c, &s, false);

    if (x != CLI_OK)
        return x;

    struct arena *a = arena_open(ARENA_BYTES);
    enum err e = change(s.redis, s.keys, a, str_of(c->words[0]), clock_now_ms(), BY);

    if (e == ERR_OK)
        keep_copy(c, &s, a);
    else
        x = failed(c, &s, e, c->words[0]);
    arena_close(a);
    store_close(&s);
    return x;
}

static enum cli_exit disable_run(struct cli *c)
{
    return change_run_one(c, webhook_disable);
}

static enum cli_exit remove_run(struct cli *c)
{
    return change_run_one(c, webhook_remove);
}

/* ---- list ---- */

static struct doc *secrets_doc(const struct webhook *w, int64_t now_ms)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < w->secrets; i++) {
        struct doc *d;

        if (!webhook_secret_lives(&w->secret[i], now_ms))
            continue;
        d = doc_object();
        doc_set_text(d, "from", str_of(stamp_print(w->secret[i].from_ms).at));
        doc_set_text_or_null(d, "until",
                             w->secret[i].until_ms == 0 ? (struct str){NULL, 0}
                                                        : str_of(stamp_print(w->secret[i].until_ms).at));
        doc_push(list, d);
    }
    return list;
}

static void print_json(const struct cli *c, struct arena *a, const struct webhooks *all, int64_t now_ms)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < all->n; i++) {
        const struct webhook *w = &all->at[i];
        struct doc *d = doc_object();

        doc_set_text(d, "id", str_of(id_print(ID_WEBHOOK, w->id).at));
        doc_set_text(d, "name", str_of(w->name));
        doc_set_text(d, "kind", str_of(webhook_kind_name(w->kind)));
        doc_set_bool(d, "disabled", w->disabled);
        doc_set_text(d, "created_at", str_of(stamp_print(w->created_ms).at));
        doc_set(d, "secrets", secrets_doc(w, now_ms));
        doc_push(list, d);
    }
    (void)fprintf(c->out, "%s\n", doc_print(list, a).at);
    doc_close(list);
}

static void print_line(const struct cli *c, const struct webhook *w, int64_t now_ms)
{
    (void)fprintf(c->out, "%-6s %-*s", webhook_kind_name(w->kind), WEBHOOK_NAME_MAX, w->name);
    for (size_t i = 0; i < w->secrets; i++)
        if (webhook_secret_lives(&w->secret[i], now_ms)) {
            (void)fprintf(c->out, "  secret of %s", stamp_print(w->secret[i].from_ms).at);
            if (w->secret[i].until_ms > 0)
                (void)fprintf(c->out, " until %s", stamp_print(w->secret[i].until_ms).at);
        }
    (void)fprintf(c->out, "%s\n", w->disabled ? "  disabled" : "");
}

static enum cli_exit list_run(struct cli *c)
{
    static struct store s;
    int64_t now_ms = clock_now_ms();
    enum cli_exit x = store_open(c, &s, false);

    if (x != CLI_OK)
        return x;

    struct arena *a = arena_open(ARENA_BYTES);
    struct webhooks *all = secret_memory(sizeof *all);
    enum err e = webhooks_read(s.redis, s.keys, a, all);

    if (e != ERR_OK && e != ERR_ABSENT)
        x = failed(c, &s, e, "");
    else if (c->json)
        print_json(c, a, all, now_ms);
    else
        for (size_t i = 0; i < all->n; i++)
            print_line(c, &all->at[i], now_ms);
    secret_memory_free(all);
    arena_close(a);
    store_close(&s);
    return x;
}

const struct command command_webhook_add = {
    .name = "webhook add",
    .words = "KIND NAME",
    .does = "let a program post to a channel",
    .examples = "  postern webhook add social mastodon-bot      prints its secret, this once\n"
                "  postern webhook add desk zendesk --json\n",
    .more = "KIND is social, phone, desk or restoration: POST /channels/KIND, signed as Standard Webhooks 1.0.0 says.\n"
            "A running server knows a new sender at once.\n",
    .least = 2,
    .most = 2,
    .run = add_run,
};

const struct command command_webhook_rotate = {
    .name = "webhook rotate",
    .words = "NAME",
    .does = "a fresh secret; the one before it lives on for a day",
    .examples = "  postern webhook rotate mastodon-bot\n"
                "  postern webhook rotate mastodon-bot --keep 0     it was seen by others: end it now\n",
    .more = "At most two secrets live at once. A sender that was disabled is back with the fresh one.\n",
    .least = 1,
    .most = 1,
    .options = {{"keep", "HOURS", "how long the old secret lives on: 0 to 168, 24 where not given"}},
    .run = rotate_run,
};

const struct command command_webhook_disable = {
    .name = "webhook disable",
    .words = "NAME",
    .does = "believe a sender no more, and keep its name",
    .examples = "  postern webhook disable mastodon-bot\n",
    .more = "Its secrets are gone; rotate gives it a fresh one. A running server follows within a second.\n",
    .least = 1,
    .most = 1,
    .run = disable_run,
};

const struct command command_webhook_remove = {
    .name = "webhook remove",
    .words = "NAME",
    .does = "forget a sender, its name too",
    .examples = "  postern webhook remove mastodon-bot\n",
    .least = 1,
    .most = 1,
    .run = remove_run,
};

const struct command command_webhook_list = {
    .name = "webhook list",
    .words = "",
    .does = "who may post to the channels; never their secrets",
    .examples = "  postern webhook list\n  postern webhook list --json\n",
    .run = list_run,
};
