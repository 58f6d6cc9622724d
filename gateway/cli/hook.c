/* hook.c - `postern hook add|list|remove|test`: who is told of events. */
#include "queues/hook.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/store.h"
#include "gateway/hooks/address.h"
#include "queues/clock.h"
#include "queues/hook_receiver.h"
#include "queues/redis.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"

#include <string.h>
#include <unistd.h>

#define BY "postern"

enum { ARENA_BYTES = 64 * 1024, TEST_WAIT_MS = 15 * 1000, TEST_LOOK_US = 50 * 1000 };

static enum cli_exit failed(struct cli *c, const struct store *s, enum err e, const char *name)
{
    if (e == ERR_ABSENT)
        cli_say(c, "no receiver is called %s", name);
    else if (e == ERR_CONFLICT)
        cli_say(c, "there is a receiver called %s already: postern hook remove %s", name, name);
    else if (e == ERR_LIMIT)
        cli_say(c, "there are %d receivers already: postern hook remove NAME", HOOK_RECEIVERS_MAX);
    else
        cli_say(c, "%s (%s)", err_text(e), redis_why(s->redis));
    return e == ERR_ABSENT || e == ERR_CONFLICT || e == ERR_LIMIT ? CLI_DATA : cli_exit_of(e);
}

/* ---- add ---- */

/* "a,b": false, and said so, where a kind is unknown. */
static bool read_kinds(const struct cli *c, const char *text, unsigned *kinds)
{
    struct str rest = str_of(text);

    *kinds = text == NULL ? HOOK_KINDS_ALL : 1U << HOOK_TEST;
    while (rest.at != NULL) {
        struct str word = str_cut(&rest, ',');
        enum hook_kind kind;

        if (!hook_kind_parse(word, &kind)) {
            (void)cli_usage(c, "no event is called %.*s", (int)word.len, word.at);
            return false;
        }
        *kinds |= 1U << kind;
    }
    return true;
}

static void print_secret(struct cli *c, struct arena *a, const char *name, struct str secret)
{
    struct doc *d;

    if (!c->json) {
        (void)fprintf(c->out, "%s\n", secret.at);
        return;
    }
    d = doc_object();
    doc_set_text(d, "name", str_of(name));
    doc_set_text(d, "secret", secret);
    (void)fprintf(c->out, "%s\n", doc_print(d, a).at);
    doc_close(d);
}

static enum cli_exit add_run(struct cli *c)
{
    static struct store s;
    struct hook_receiver want = {.private_address = cli_option(c, "private") != NULL};
    char host[256], why[96];
    bool plain;
    struct str secret;

    if (!hook_name_valid(str_of(c->words[0])))
        return cli_usage(c, "a name has %d to %d of a-z, 0-9 and -", HOOK_NAME_MIN, HOOK_NAME_MAX);
    if (strlen(c->words[1]) > HOOK_URL_MAX)
        return cli_usage(c, "an address has at most %d bytes", HOOK_URL_MAX);
    if (!hook_address_parse(str_of(c->words[1]), host, &plain, why, sizeof why))
        return cli_usage(c, "%s", why);
    if (!read_kinds(c, cli_option(c, "only"), &want.kinds))
        return CLI_USAGE;
    (void)snprintf(want.name, sizeof want.name, "%s", c->words[0]);
    (void)snprintf(want.url, sizeof want.url, "%s", c->words[1]);

    enum cli_exit x = store_open(c, &s, true);

    if (x != CLI_OK)
        return x;

    struct arena *a = arena_open(ARENA_BYTES);
    enum err e = hook_receiver_add(s.redis, s.keys, a, &want, clock_now_ms(), BY, &secret);

    if (e == ERR_OK)
        print_secret(c, a, want.name, secret);
    else
        x = failed(c, &s, e, want.name);
    arena_close(a);
    store_close(&s);
    return x;
}

/* ---- remove ---- */

static enum cli_exit remove_run(struct cli *c)
{
    static struct store s;
    enum cli_exit x = store_open(c, &s, false);

    if (x != CLI_OK)
        return x;

    struct arena *a = arena_open(ARENA_BYTES);
    enum err e = hook_receiver_remove(s.redis, s.keys, a, str_of(c->words[0]), clock_now_ms(), BY);

    if (e != ERR_OK)
        x = failed(c, &s, e, c->words[0]);
    arena_close(a);
    store_close(&s);
    return x;
}

/* ---- list ---- */

static struct doc *one_doc(const struct hook_receiver *h, const struct hook_state *s)
{
    struct doc *d = doc_object();

    doc_set_text(d, "id", str_of(id_print(ID_HOOK, h->id).at));
    doc_set_text(d, "name", str_of(h->name));
    doc_set_text(d, "url", str_of(h->url));
    doc_set_bool(d, "private", h->private_address);
    doc_set_bool(d, "off", h->off);
    doc_set_text(d, "created_at", str_of(stamp_print(h->created_ms).at));
    doc_set_int(d, "waiting", s->waiting);
    doc_set_int(d, "told", s->told);
    doc_set_int(d, "failed", s->failed);
    doc_set_text_or_null(d, "why", s->in_a_row > 0 ? s->why : (struct str){NULL, 0});
    return d;
}

static void print_all(const struct cli *c, struct arena *a, const struct hook_receivers *all,
                      const struct hook_state *states)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < all->n; i++) {
        const struct hook_state *s = &states[i];

        doc_push(list, one_doc(&all->at[i], s));
        if (!c->json)
            (void)fprintf(c->out, "%-*s %s  told %jd, waiting %jd%s%.*s%s\n", HOOK_NAME_MAX, all->at[i].name,
                          all->at[i].url, (intmax_t)s->told, (intmax_t)s->waiting, s->in_a_row > 0 ? ", failing: " : "",
                          s->in_a_row > 0 ? (int)s->why.len : 0, s->why.at, all->at[i].off ? ", off" : "");
    }
    if (c->json)
        (void)fprintf(c->out, "%s\n", doc_print(list, a).at);
    doc_close(list);
}

static enum cli_exit list_run(struct cli *c)
{
    static struct store s;
    struct hook_state states[HOOK_RECEIVERS_MAX];
    enum cli_exit x = store_open(c, &s, false);

    if (x != CLI_OK)
        return x;

    struct arena *a = arena_open(ARENA_BYTES);
    struct hook_receivers *all = secret_memory(sizeof *all);
    enum err e = hook_receivers_read(s.redis, s.keys, a, all);

    if (e == ERR_OK)
        e = hook_states(s.redis, a, all, states);
    if (e == ERR_OK)
        print_all(c, a, all, states);
    else
        x = failed(c, &s, e, "");
    secret_memory_free(all);
    arena_close(a);
    store_close(&s);
    return x;
}

/* ---- test ---- */

static enum cli_exit wait_for(struct cli *c, struct store *s, struct arena *a, const struct hook_receivers *all,
                              const struct hook_receiver *h, struct ulid event)
{
    int64_t until = clock_steady_ms() + TEST_WAIT_MS;
    struct hook_state states[HOOK_RECEIVERS_MAX];
    int tries = 0;
    enum err e = ERR_OK;

    while (e == ERR_OK && tries == 0 && clock_steady_ms() < until) {
        (void)usleep(TEST_LOOK_US);
        e = hook_tries(s->redis, a, h->id, event, &tries);
    }
    if (e == ERR_OK)
        e = hook_states(s->redis, a, all, states);
    if (e != ERR_OK)
        return failed(c, s, e, h->name);
    if (tries == 0) {
        cli_say(c, "it is queued, and no gateway took it up: is `postern serve` running?");
        return CLI_UNAVAILABLE;
    }

    const struct hook_state *state = &states[h - all->at];

    if (tries < 0 && state->in_a_row == 0) {
        (void)fprintf(c->out, "%s was told %s\n", h->name, id_print(ID_EVENT, event).at);
        return CLI_OK;
    }
    cli_say(c, "%s was not told: %.*s", h->name, (int)state->why.len, state->why.at);
    return CLI_UNAVAILABLE;
}

static enum cli_exit test_run(struct cli *c)
{
    static struct store s;
    enum cli_exit x = store_open(c, &s, false);

    if (x != CLI_OK)
        return x;

    struct arena *a = arena_open(ARENA_BYTES);
    struct hook_receivers *all = secret_memory(sizeof *all);
    const struct hook_receiver *h = NULL;
    struct ulid event;
    enum err e = hook_receivers_read(s.redis, s.keys, a, all);

    if (e == ERR_OK && (h = hook_receiver_find(all, str_of(c->words[0]))) == NULL)
        e = ERR_ABSENT;
    if (e == ERR_OK)
        e = hook_test(s.redis, s.keys, a, h, clock_now_ms(), &event);
    x = e == ERR_OK ? wait_for(c, &s, a, all, h, event) : failed(c, &s, e, c->words[0]);
    secret_memory_free(all);
    arena_close(a);
    store_close(&s);
    return x;
}

const struct command command_hook_add = {
    .name = "hook add",
    .words = "NAME URL",
    .does = "tell a program of incidents: a chat room, a pager",
    .examples = "  postern hook add pager https://pager.example/in          prints its secret, this once\n"
                "  postern hook add room https://chat.internal/x --private --only incident.declared,incident.closed\n",
    .more =
        "URL begins with https://, or http:// where it leads to this machine. It is sent signed events\n"
        "(Standard Webhooks 1.0.0), again and again for three days until it answers 2xx. Events: incident.declared\n"
        "incident.closed incident.suspected incident.severity restoration.accepted restoration.refused\n"
        "handover.unaccepted clock.escalated. A running server knows it at once.\n",
    .least = 2,
    .most = 2,
    .options = {{"private", NULL, "its name may lead to an address that is not public"},
                {"only", "EVENTS", "the events it is told of, with commas; all where not given"}},
    .run = add_run,
};

const struct command command_hook_list = {
    .name = "hook list",
    .words = "",
    .does = "who is told of events and how that goes; never their secrets",
    .examples = "  postern hook list\n  postern hook list --json\n",
    .run = list_run,
};

const struct command command_hook_remove = {
    .name = "hook remove",
    .words = "NAME",
    .does = "forget a receiver, and what waits for it",
    .examples = "  postern hook remove pager\n",
    .least = 1,
    .most = 1,
    .run = remove_run,
};

const struct command command_hook_test = {
    .name = "hook test",
    .words = "NAME",
    .does = "send one event through the running server, and say how it went",
    .examples = "  postern hook test pager\n",
    .least = 1,
    .most = 1,
    .run = test_run,
};
