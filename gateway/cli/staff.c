/* staff.c - `postern staff add|passwd|disable|list|import`: who may sign in at the console. */
#include "queues/staff.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/secret.h"
#include "gateway/cli/store.h"
#include "queues/clock.h"
#include "queues/redis.h"
#include "queues/seal.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"

#define BY "postern"

enum { ARENA_BYTES = 64 * 1024 };

static enum cli_exit failed(struct cli *c, const struct store *s, enum err e, const char *name)
{
    if (e == ERR_ABSENT)
        cli_say(c, "nobody is called %s", name);
    else if (e == ERR_CONFLICT)
        cli_say(c, "there is somebody called %s already: postern staff passwd %s", name, name);
    else
        cli_say(c, "%s (%s)", err_text(e), redis_why(s->redis));
    return e == ERR_ABSENT || e == ERR_CONFLICT ? CLI_DATA : cli_exit_of(e);
}

/* A password that was read and is good enough, as its hash. */
static enum cli_exit read_hash(struct cli *c, const char *name, char hash[128])
{
    struct buf typed = {0};
    enum cli_exit x = secret_read(c, "Password", &typed);
    const char *fault = x == CLI_OK ? staff_password_fault(str_of(name), buf_view(&typed)) : NULL;

    if (fault != NULL) {
        cli_say(c, "%s", fault);
        x = CLI_DATA;
    } else if (x == CLI_OK && password_hash(hash, buf_view(&typed)) != ERR_OK) {
        cli_say(c, "no memory to hash a password: 64 MiB are needed");
        x = CLI_AGAIN;
    }
    secret_forget(&typed);
    return x;
}

/* ---- add, passwd, disable ---- */

static enum cli_exit add_run(struct cli *c)
{
    static struct store s;
    const char *name = c->words[0], *word = cli_option(c, "role"), *fault = staff_name_fault(str_of(name));
    enum staff_role role;
    struct staff made;
    char hash[128];

    if (word == NULL || !staff_role_parse(str_of(word), &role))
        return cli_usage(c, "--role must be agent, lead, manager or auditor");
    if (fault != NULL)
        return cli_usage(c, "%s", fault);

    enum cli_exit x = read_hash(c, name, hash);

    if (x == CLI_OK)
        x = store_open(c, &s, true);
    if (x != CLI_OK)
        return x;

    struct arena *a = arena_open(ARENA_BYTES);
    enum err e = staff_add(s.redis, s.keys, a, str_of(name), role, hash, clock_now_ms(), BY, &made);

    if (e == ERR_OK)
        (void)fprintf(c->out, "%s %s %s\n", id_print(ID_STAFF, made.id).at, staff_role_name(role), name);
    else
        x = failed(c, &s, e, name);
    arena_close(a);
    store_close(&s);
    return x;
}

/* hash NULL: disable. */
static enum cli_exit change_member(struct cli *c, const char *hash)
{
    static struct store s;
    enum cli_exit x = store_open(c, &s, false);

    if (x != CLI_OK)
        return x;

    struct arena *a = arena_open(ARENA_BYTES);
    struct str name = str_of(c->words[0]);
    enum err e = hash == NULL ? staff_disable(s.redis, s.keys, a, name, clock_now_ms(), BY)
                              : staff_set_password(s.redis, s.keys, a, name, hash, clock_now_ms(), BY);

    if (e != ERR_OK)
        x = failed(c, &s, e, name.at);
    arena_close(a);
    store_close(&s);
    return x;
}

static enum cli_exit passwd_run(struct cli *c)
{
    char hash[128];
    enum cli_exit x = read_hash(c, c->words[0], hash);

    return x == CLI_OK ? change_member(c, hash) : x;
}

static enum cli_exit disable_run(struct cli *c)
{
    return change_member(c, NULL);
}

/* ---- list ---- */

static void print_json(const struct cli *c, struct arena *a, const struct staff *all, size_t n)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < n; i++) {
        struct doc *d = doc_object();

        doc_set_text(d, "id", str_of(id_print(ID_STAFF, all[i].id).at));
        doc_set_text(d, "name", all[i].name);
        doc_set_text(d, "role", str_of(staff_role_name(all[i].role)));
        doc_set_bool(d, "disabled", all[i].disabled);
        doc_set_text(d, "created_at", str_of(stamp_print(all[i].created_ms).at));
        doc_push(list, d);
    }
    (void)fprintf(c->out, "%s\n", doc_print(list, a).at);
    doc_close(list);
}

static enum cli_exit list_run(struct cli *c)
{
    static struct store s;
    struct staff *all;
    size_t n;
    enum cli_exit x = store_open(c, &s, false);

    if (x != CLI_OK)
        return x;

    struct arena *a = arena_open(ARENA_BYTES);
    enum err e = staff_list(s.redis, s.keys, a, &all, &n);

    if (e != ERR_OK)
        x = failed(c, &s, e, "");
    else if (c->json)
        print_json(c, a, all, n);
    else
        for (size_t i = 0; i < n; i++)
            (void)fprintf(c->out, "%s %-8s %s%s\n", id_print(ID_STAFF, all[i].id).at, staff_role_name(all[i].role),
                          all[i].name.at, all[i].disabled ? " (disabled)" : "");
    arena_close(a);
    store_close(&s);
    return x;
}

const struct command command_staff_add = {
    .name = "staff add",
    .words = "NAME",
    .does = "let somebody sign in at the console",
    .examples = "  postern staff add mei --role agent          asks for the password\n"
                "  postern staff add mei --role agent <file    its first line is the password\n",
    .more = "A password has at least 15 characters. agent: claims, replies, notes; lead: also releases what others\n"
            "hold; manager: the same; auditor: reads everything and changes nothing.\n",
    .least = 1,
    .most = 1,
    .options = {{"role", "ROLE", "agent, lead, manager or auditor"}},
    .run = add_run,
};

const struct command command_staff_passwd = {
    .name = "staff passwd",
    .words = "NAME",
    .does = "another password; ends the sessions of the old one",
    .examples = "  postern staff passwd mei\n",
    .more = "Somebody who was disabled can sign in again.\n",
    .least = 1,
    .most = 1,
    .run = passwd_run,
};

const struct command command_staff_disable = {
    .name = "staff disable",
    .words = "NAME",
    .does = "let somebody in no more; ends all sessions at once",
    .examples = "  postern staff disable mei\n",
    .least = 1,
    .most = 1,
    .run = disable_run,
};

const struct command command_staff_list = {
    .name = "staff list",
    .words = "",
    .does = "everybody who can sign in, or could",
    .examples = "  postern staff list\n  postern staff list --json\n",
    .run = list_run,
};
