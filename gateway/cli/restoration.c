/* restoration.c - `postern incident restoration`: what is told of sites, from a file instead of a restoration system. */
#include "gateway/cli/cli.h"
#include "gateway/cli/store.h"
#include "queues/clock.h"
#include "queues/incident/line.h"
#include "queues/redis.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/csv.h"

enum { FILE_BYTES_MAX = 16 * 1024 * 1024, BAD_SHOWN = 20 };

/* The columns, by the names of their header; the first WANTED have to be there. */
static const char *const columns[] = {"site", "state", "at", "batch", "restore_point"};
enum { SITE, STATE, AT, BATCH, POINT, COLUMNS, WANTED = BATCH };

struct file {
    struct arena *arena;
    struct str slug;
    int64_t now_ms;
    size_t at[COLUMNS]; /* CSV_COLUMNS_MAX: not there */
    size_t lines, bad;
    size_t outcome[LINE_PARKED + 1];
};

static bool read_header(struct file *f, const struct csv_row *row)
{
    for (size_t k = 0; k < COLUMNS; k++) {
        f->at[k] = CSV_COLUMNS_MAX;
        for (size_t i = 0; i < row->count; i++)
            if (str_is(row->field[i], columns[k]))
                f->at[k] = i;
        if (k < WANTED && f->at[k] == CSV_COLUMNS_MAX)
            return false;
    }
    return true;
}

static struct str cell(const struct file *f, const struct csv_row *row, size_t column)
{
    return f->at[column] < row->count ? row->field[f->at[column]] : STR("");
}

/* A line is read as the same thing that comes signed. NULL, or what is wrong with it. */
static const char *read_line(struct file *f, const struct csv_row *row, struct restoration_report *out)
{
    struct restoration_fault faults[RESTORATION_FAULTS_MAX];
    struct doc *d = doc_object();
    size_t n;

    if (row->fault != NULL) {
        doc_close(d);
        return row->fault;
    }
    doc_set_text(d, "incident", f->slug);
    for (size_t k = 0; k < POINT; k++)
        if (cell(f, row, k).len > 0)
            doc_set_text(d, columns[k], cell(f, row, k));
    if (cell(f, row, POINT).len > 0) {
        struct doc *evidence = doc_object();

        doc_set_text(evidence, columns[POINT], cell(f, row, POINT));
        doc_set(d, "evidence", evidence);
    }
    n = restoration_report_read(d, f->now_ms, f->arena, out, faults);
    doc_close(d);
    return n == 0 ? NULL : arena_printf(f->arena, "%s: %s", faults[0].field, faults[0].detail);
}

/* A file that is taken twice is there once: a line is known by what it says. */
static struct ulid id_of(const struct file *f, const struct keyring *k, const struct restoration_report *r)
{
    return line_event_id(k, str_of(arena_printf(f->arena, "csv|%s|%s|%s|%s|%lld", str_copy(f->arena, r->incident),
                                                str_copy(f->arena, r->site), str_copy(f->arena, r->batch),
                                                restoration_event_name(r->event), (long long)r->at_ms)));
}

/* s NULL: only reads. */
static enum err go_over(struct cli *c, struct file *f, struct store *s, struct str text)
{
    struct csv_row row;
    struct csv csv;
    enum err e = ERR_OK;

    csv_open(&csv, text);
    if (!csv_next(&csv, f->arena, &row) || row.fault != NULL || !read_header(f, &row)) {
        cli_say(c, "the first line names the columns: site, state, at, and perhaps batch and restore_point");
        return ERR_INPUT;
    }
    while (e == ERR_OK && csv_next(&csv, f->arena, &row)) {
        struct line_flow flow = {.arena = f->arena, .by = STR("import"), .now_ms = f->now_ms, .dry_run = c->dry_run};
        const char *why = read_line(f, &row, &flow.report);

        if (s == NULL) {
            f->lines++;
            if (why != NULL && f->bad++ < BAD_SHOWN)
                (void)fprintf(c->out, "line %zu: %s\n", row.line, why);
            continue;
        }
        flow.keys = s->keys;
        flow.id = id_of(f, s->keys, &flow.report);
        e = line_run(&flow, s->redis);
        f->outcome[flow.outcome]++;
    }
    return e;
}

static void print_counts(const struct cli *c, const struct file *f)
{
    const char *before = c->json ? "{" : c->dry_run ? "would be: " : "";

    for (int i = LINE_APPLIED; i <= LINE_PARKED; i++, before = c->json ? "," : ", ")
        (void)fprintf(c->out, "%s%s%s%s%zu", before, c->json ? "\"" : "", line_outcome_name((enum line_outcome)i),
                      c->json ? "\":" : " ", f->outcome[i]);
    (void)fprintf(c->out, "%s\n", c->json ? "}" : "");
}

static enum cli_exit take(struct cli *c, struct file *f, struct str text)
{
    static struct store s;
    enum cli_exit x;
    enum err e;

    if (go_over(c, f, NULL, text) != ERR_OK)
        return CLI_DATA;
    if (f->bad > 0) {
        cli_say(c, "%zu of %zu lines cannot be read; nothing was written", f->bad, f->lines);
        return CLI_DATA;
    }
    x = store_open(c, &s, true);
    if (x != CLI_OK)
        return x;
    e = go_over(c, f, &s, text);
    if (e == ERR_OK)
        print_counts(c, f);
    else
        cli_say(c, "%s (%s); run it again, it goes on where it stopped", err_text(e), redis_why(s.redis));
    store_close(&s);
    return cli_exit_of(e);
}

static enum cli_exit incident_restoration_run(struct cli *c)
{
    struct file f = {.arena = arena_open(1024 * 1024), .slug = str_of(c->words[0]), .now_ms = clock_now_ms()};
    struct buf text = {0};
    enum cli_exit x = cli_read_file(c, c->words[1], FILE_BYTES_MAX, &text);

    if (x == CLI_OK)
        x = take(c, &f, buf_view(&text));
    buf_free(&text);
    arena_close(f.arena);
    return x;
}

const struct command command_incident_restoration = {
    .name = "incident restoration",
    .words = "SLUG FILE",
    .does = "take from a file what restoration systems tell of sites",
    .examples = "  postern incident restoration site-loss states.csv\n"
                "  postern incident restoration site-loss --dry-run - <states.csv\n",
    .more =
        "A CSV file with the columns site, state, at, and perhaps batch and restore_point. A line is known by what it\n"
        "says, so a file that is taken twice is there once. A file with a line that cannot be read is refused whole.\n",
    .least = 2,
    .most = 2,
    .dry_run = true,
    .run = incident_restoration_run,
};
