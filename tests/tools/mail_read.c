/* mail_read - what the gateway reads in mails, for tests that compare it with other readers.
 *
 *   mail_read FILE...         one JSON object a line, for each mail
 *   mail_read --words FILE... the same for replies as plain text: which words are the writer's own
 *   mail_read --cost FILE...  processor time to read the mails, against that to read their bytes
 *   mail_read --growth FILE...  processor time of splitting n, 2n and 4n bytes of each hard kind of text, and of each
 *                               file once, twice and four times */
#include "gateway/intake/html.h"
#include "gateway/intake/mime.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/charset.h"
#include "rules/quote.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
    perror(what);
    exit(66);
}

static struct str read_file(struct arena *a, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) != 0)
        die(path);

    char *at = arena_take(a, (size_t)st.st_size + 1);
    size_t len = 0;

    for (ssize_t n; len < (size_t)st.st_size; len += (size_t)n)
        if ((n = read(fd, at + len, (size_t)st.st_size - len)) <= 0)
            die(path);
    close(fd);
    return (struct str){at, len};
}

/* ---- a mail as JSON ---- */

static void set_addresses(struct doc *d, const char *name, const struct mime_addresses *all)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < all->count; i++) {
        struct doc *one = doc_object();

        doc_set_text(one, "name", all->at[i].name);
        doc_set_text(one, "address", all->at[i].address);
        doc_push(list, one);
    }
    doc_set(d, name, list);
}

static void set_ids(struct doc *d, const char *name, const struct mime_ids *ids)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < ids->count; i++)
        doc_push(list, doc_new_text(ids->at[i]));
    doc_set(d, name, list);
}

static struct doc *report_doc(const struct mime_report *r)
{
    static const char *const kinds[] = {"none", "delivery", "disposition", "feedback"};
    struct doc *d = doc_object(), *list = doc_array();

    doc_set_text(d, "kind", str_of(kinds[r->kind]));
    doc_set_text(d, "about", r->about);
    doc_set_text(d, "message_id", r->message_id);
    for (size_t i = 0; i < r->recipient_count; i++) {
        struct doc *one = doc_object();

        doc_set_text(one, "address", r->recipients[i].address);
        doc_set_text(one, "action", r->recipients[i].action);
        doc_set_text(one, "status", r->recipients[i].status);
        doc_set_text(one, "why", r->recipients[i].why);
        doc_push(list, one);
    }
    doc_set(d, "recipients", list);
    return d;
}

static struct doc *parts_doc(struct arena *a, const struct mime_mail *m)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < m->part_count; i++) {
        struct doc *one = doc_object();

        doc_set_text(one, "name", m->parts[i].name);
        doc_set_text(one, "type", m->parts[i].type);
        doc_set_int(one, "bytes", (int64_t)mime_part_bytes(a, &m->parts[i]).len);
        doc_set_bool(one, "in_text", m->parts[i].in_text);
        doc_push(list, one);
    }
    return list;
}

static struct doc *mail_doc(struct arena *a, const struct mime_mail *m)
{
    struct doc *d = doc_object();

    set_addresses(d, "from", &m->from);
    set_addresses(d, "to", &m->to);
    set_addresses(d, "cc", &m->cc);
    set_addresses(d, "reply_to", &m->reply_to);
    doc_set_text(d, "subject", m->subject);
    if (m->dated)
        doc_set_int(d, "date_ms", m->date_ms);
    doc_set_text(d, "message_id", m->message_id);
    set_ids(d, "in_reply_to", &m->in_reply_to);
    set_ids(d, "references", &m->references);
    doc_set_text(d, "auto_submitted", m->auto_submitted);
    doc_set_text(d, "precedence", m->precedence);
    doc_set_bool(d, "list", m->list);
    doc_set_int(d, "results", (int64_t)m->result_count);
    doc_set_text(d, "text", m->text);
    doc_set_text(d, "html", m->html);
    doc_set_text(d, "charset", m->text_charset);
    doc_set_text(d, "own", quote_own(a, m->text));
    doc_set(d, "parts", parts_doc(a, m));
    doc_set(d, "report", report_doc(&m->report));
    if (m->inside != NULL)
        doc_set(d, "inside", mail_doc(a, m->inside));
    doc_set_int(d, "cut", m->cut);
    return d;
}

static void print_mail(struct arena *a, const char *path)
{
    struct mime_mail m;
    struct doc *d;

    mime_read(a, read_file(a, path), NULL, &m);
    d = mail_doc(a, &m);
    doc_set_text(d, "file", str_of(path));
    puts(doc_print(d, a).at);
    doc_close(d);
}

/* Files of HTML go through the same reader of HTML as mails. */
static void print_words(struct arena *a, const char *path)
{
    struct str text = text_lf(a, charset_text(a, read_file(a, path), (struct str){NULL, 0}, NULL));
    struct doc *d = doc_object();

    if (strlen(path) > 5 && strcmp(path + strlen(path) - 5, ".html") == 0)
        text = html_text(a, text, NULL);
    doc_set_text(d, "file", str_of(path));
    doc_set_text(d, "own", quote_own(a, text));
    puts(doc_print(d, a).at);
    doc_close(d);
}

/* ---- what it costs ---- */

enum { ROUNDS = 200 };

static double cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static volatile unsigned sum_of_all;

/* Opens each file, reads it, and adds up its bytes; or reads the mail in it, too. */
static double pass(struct arena *a, char **paths, bool mails)
{
    double from = cpu_s();

    for (int round = 0; round < ROUNDS; round++)
        for (char **path = paths; *path != NULL; path++) {
            struct str raw = read_file(a, *path);
            struct mime_mail m;

            if (mails) {
                mime_read(a, raw, NULL, &m);
                sum_of_all += (unsigned)m.text.len;
            } else {
                for (size_t i = 0; i < raw.len; i++)
                    sum_of_all += (unsigned char)raw.at[i];
            }
            arena_reset(a);
        }
    return cpu_s() - from;
}

static void print_cost(struct arena *a, char **paths)
{
    (void)pass(a, paths, true); /* caches of files, of charsets */

    double bytes = pass(a, paths, false), mails = pass(a, paths, true);

    printf("{\"bytes_ms\":%.3f,\"mails_ms\":%.3f,\"ratio\":%.2f}\n", bytes * 1e3 / ROUNDS, mails * 1e3 / ROUNDS,
           mails / bytes);
}

/* Of the best of some tries: the others had company. */
static double split_s(struct arena *a, struct str unit, size_t bytes)
{
    enum { TRIES = 5 };
    struct buf b = {0};
    struct quote_run *runs;
    double best = 1e9;

    while (b.len < bytes)
        buf_str(&b, unit);
    for (int i = 0; i < TRIES; i++) {
        double from = cpu_s();

        (void)quote_split(a, buf_view(&b), &runs);
        best = cpu_s() - from < best ? cpu_s() - from : best;
        arena_reset(a);
    }
    buf_free(&b);
    return best;
}

static void print_growth_of(struct arena *a, struct str kind, struct str unit, size_t bytes)
{
    double one = split_s(a, unit, bytes), two = split_s(a, unit, 2 * bytes), four = split_s(a, unit, 4 * bytes);
    struct doc *d = doc_object();

    doc_set_text(d, "kind", kind);
    doc_set(d, "ms", doc_new_real(one * 1e3));
    doc_set(d, "two", doc_new_real(two / one));
    doc_set(d, "four", doc_new_real(four / one));
    puts(doc_print(d, a).at);
    doc_close(d);
}

static void print_growth(struct arena *a, char **paths)
{
    static const char *const units[] = {
        ">",
        "> ",
        "On ",
        "On x\n",
        "wrote:\n",
        "On Mon 10:11 wrote:\n\n",
        "From: a\n",
        "From: a@b.c\nSent: today\n",
        "-- \n",
        "__________\n",
        "\n",
        " \n",
        "a b c d e f g h\n",
        "x@y.org ",
        ":",
        "Sent from my iPhone\n",
        "> a\nb\n",
        "\xE5\x86\x99",
        "Regards,\n",
        "Ann Example\n",
        "----- ",
    };
    enum { BYTES = MIME_TEXT_BYTES_MAX / 4 };

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        print_growth_of(a, str_of(units[i]), str_of(units[i]), BYTES);
    for (; *paths != NULL; paths++) {
        struct arena *files = arena_open(1024 * 1024);
        struct str file = read_file(files, *paths);

        print_growth_of(a, str_of(*paths), file, file.len);
        arena_close(files);
    }
}

int main(int argc, char **argv)
{
    struct arena *a = arena_open(1024 * 1024);
    int first = argc > 1 && strncmp(argv[1], "--", 2) == 0 ? 2 : 1;

    mime_open();
    if (first == 2 && strcmp(argv[1], "--cost") == 0)
        print_cost(a, argv + 2);
    else if (first == 2 && strcmp(argv[1], "--growth") == 0)
        print_growth(a, argv + 2);
    else
        for (int i = first; i < argc; i++) {
            if (first == 2)
                print_words(a, argv[i]);
            else
                print_mail(a, argv[i]);
            arena_reset(a);
        }
    arena_close(a);
    return 0;
}
