/* team.c - `postern staff import`: a whole team at once, each with a first password that is shown once. */
#include "gateway/cli/cli.h"
#include "gateway/cli/store.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/redis.h"
#include "queues/seal.h"
#include "queues/staff.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/csv.h"

#define BY "postern"

enum { TEAM_BYTES_MAX = 1024 * 1024, ROSTER_MAX = 5000, PASSWORD_BYTES = 15, HASHING = 2 };

struct person {
    size_t line;
    struct str name, password;
    enum staff_role role;
    const char *fault; /* or NULL */
    bool there;        /* is on the staff already */
    char hash[128];
    enum err hashed;
};

struct roster {
    struct cli *cli;
    struct arena *arena;
    struct person *people;
    size_t n, bad;
};

/* ---- the file ---- */

static bool named_before(const struct roster *r, struct str name)
{
    for (size_t i = 0; i < r->n; i++)
        if (str_equal_nocase(r->people[i].name, name))
            return true;
    return false;
}

static void add_person(struct roster *r, const struct csv_row *row, size_t name_at, size_t role_at)
{
    struct person *p = &r->people[r->n];
    bool whole = row->fault == NULL && row->count > name_at && row->count > role_at;

    *p = (struct person){.line = row->line, .fault = row->fault};
    if (!whole)
        p->fault = row->fault != NULL ? row->fault : "a name and a role are wanted";
    else {
        p->name = (struct str){str_copy(r->arena, row->field[name_at]), row->field[name_at].len};
        p->fault = staff_name_fault(p->name);
        if (p->fault == NULL && !staff_role_parse(row->field[role_at], &p->role))
            p->fault = "a role is agent, lead, manager or auditor";
        if (p->fault == NULL && named_before(r, p->name))
            p->fault = "this name stands in the file twice";
    }
    r->bad += p->fault != NULL;
    r->n++;
}

static enum cli_exit read_roster(struct roster *r, struct str text)
{
    size_t name_at = SIZE_MAX, role_at = SIZE_MAX;
    struct csv_row *row = arena_new(r->arena, struct csv_row);
    struct csv csv;

    csv_open(&csv, text);
    if (csv_next(&csv, r->arena, row) && row->fault == NULL)
        for (size_t i = 0; i < row->count; i++) {
            name_at = str_is(row->field[i], "name") ? i : name_at;
            role_at = str_is(row->field[i], "role") ? i : role_at;
        }
    if (name_at == SIZE_MAX || role_at == SIZE_MAX) {
        cli_say(r->cli, "the first line must name the columns: name,role");
        return CLI_DATA;
    }
    r->people = arena_array(r->arena, struct person, ROSTER_MAX + 1);
    while (r->n <= ROSTER_MAX && csv_next(&csv, r->arena, row))
        add_person(r, row, name_at, role_at);
    for (size_t i = 0; i < r->n; i++)
        if (r->people[i].fault != NULL)
            (void)fprintf(r->cli->err, "line %zu: %s\n", r->people[i].line, r->people[i].fault);
    if (r->bad == 0 && r->n <= ROSTER_MAX)
        return CLI_OK;
    cli_say(r->cli, "refused, nobody was added: %zu bad lines, at most %d people", r->bad, ROSTER_MAX);
    return CLI_DATA;
}

/* ---- people ---- */

static void hash_one(struct redis *redis, void *arg)
{
    struct person *p = arg;

    (void)redis;
    p->hashed = password_hash(p->hash, p->password);
}

static enum err find_known(struct roster *r, const struct store *s)
{
    for (size_t i = 0; i < r->n; i++) {
        struct staff found;
        enum err e = staff_read(s->redis, s->keys, r->arena, r->people[i].name, &found);

        if (e != ERR_OK && e != ERR_ABSENT)
            return e;
        r->people[i].there = e == ERR_OK;
    }
    return ERR_OK;
}

/* Passwords of 120 random bits; hashing takes a quarter of a second each, so two threads do it. */
static enum err make_passwords(struct roster *r, size_t from, size_t to)
{
    struct workers *w = workers_open(HASHING, NULL);
    enum err e = ERR_OK;

    for (size_t i = from; i < to; i++)
        if (!r->people[i].there) {
            r->people[i].password = random_token(r->arena, PASSWORD_BYTES);
            e = work_submit(w, hash_one, &r->people[i]);
            if (e != ERR_OK)
                break;
        }
    workers_close(w);
    return e;
}

static void print_person(const struct cli *c, const struct person *p, const char *state)
{
    if (!c->json) {
        (void)fprintf(c->out, "%s,%s,%s,%s\n", p->name.at, staff_role_name(p->role),
                      p->password.len > 0 ? p->password.at : "", state);
        return;
    }

    struct arena *a = arena_open(4096);
    struct doc *d = doc_object();

    doc_set_text(d, "name", p->name);
    doc_set_text(d, "role", str_of(staff_role_name(p->role)));
    doc_set_text_or_null(d, "password", p->password.len > 0 ? p->password : (struct str){NULL, 0});
    doc_set_text(d, "state", str_of(state));
    (void)fprintf(c->out, "%s\n", doc_print(d, a).at);
    doc_close(d);
    arena_close(a);
}

static enum err add_people(struct roster *r, const struct store *s, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        struct person *p = &r->people[i];
        struct staff made;

        if (p->there) {
            print_person(r->cli, p, "there already");
            continue;
        }

        enum err e = p->hashed != ERR_OK
                         ? p->hashed
                         : staff_add(s->redis, s->keys, r->arena, p->name, p->role, p->hash, clock_now_ms(), BY, &made);

        if (e != ERR_OK)
            return e;
        print_person(r->cli, p, "added");
        (void)fflush(r->cli->out);
    }
    return ERR_OK;
}

enum { TURN = 16 }; /* so that a run which is cut off has shown what it did */

static enum err import(struct roster *r, const struct store *s)
{
    enum err e = find_known(r, s);

    if (e == ERR_OK && !r->cli->json)
        (void)fprintf(r->cli->out, "name,role,password,state\n");
    for (size_t at = 0; e == ERR_OK && at < r->n; at += TURN) {
        size_t to = at + TURN < r->n ? at + TURN : r->n;

        if (r->cli->dry_run) {
            for (size_t i = at; i < to; i++)
                print_person(r->cli, &r->people[i], r->people[i].there ? "there already" : "would be added");
            continue;
        }
        e = make_passwords(r, at, to);
        if (e == ERR_OK)
            e = add_people(r, s, at, to);
    }
    return e;
}

static enum cli_exit roster_run(struct cli *c)
{
    static struct store s;
    struct roster r = {.cli = c, .arena = arena_open(256 * 1024)};
    struct buf text = {0};
    enum cli_exit x = cli_read_file(c, c->words[0], TEAM_BYTES_MAX, &text);

    if (x == CLI_OK)
        x = read_roster(&r, buf_view(&text));
    if (x == CLI_OK)
        x = store_open(c, &s, true);
    if (x == CLI_OK) {
        enum err e = import(&r, &s);

        if (e != ERR_OK) {
            cli_say(c, "%s (%s); run it again: who was added stays", err_text(e), redis_why(s.redis));
            x = cli_exit_of(e);
        }
        store_close(&s);
    }
    buf_free(&text);
    arena_close(r.arena);
    return x;
}

const struct command command_staff_import = {
    .name = "staff import",
    .words = "FILE",
    .does = "let a whole team in, from a CSV file with name,role",
    .examples = "  postern staff import team.csv >first-passwords.csv\n"
                "  postern staff import --dry-run team.csv\n",
    .more = "Prints name, role and first password of everybody who was added, once: nobody can read them again.\n"
            "Who is there already stays as they are. A file with a bad line is refused whole.\n",
    .least = 1,
    .most = 1,
    .dry_run = true,
    .run = roster_run,
};
