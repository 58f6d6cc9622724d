/* mail_demo.c - the mail sender beside a source that lives in this process.
 *
 *     mail_demo [relay=URL]... [ca=FILE] [user=NAME password=WORD] [folder=DIR] [limits=on]
 *
 * Reads one JSON object a line: {"id":"eml_…","kind":"code","to":…,"name":…,"subject":…,"text":…,"html":…,
 * "language":…,"lives_ms":…} queues a mail, {"shut":true} lets none out until {"shut":false},
 * {"state":true} asks for the state. Writes one a line: {"event":"given|sent|failed|later|state",…}.
 * End of input closes the sender. */
#include "gateway/mail/sender.h"
#include "queues/clock.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAILS_MAX = 4096 };

struct entry {
    struct doc *mail; /* NULL: done */
    int64_t due_ms, made_ms;
    int tries;
    bool held, under_way;
};

static struct {
    pthread_mutex_t lock;
    struct entry mails[MAILS_MAX];
    size_t n;
    bool shut;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void say(struct doc *event)
{
    struct arena *a = arena_open(1024);

    (void)printf("%s\n", doc_print(event, a).at);
    (void)fflush(stdout);
    arena_close(a);
    doc_close(event);
}

static struct doc *event_of(const char *name, const char *id)
{
    struct doc *d = doc_object();

    doc_set_text(d, "event", str_of(name));
    doc_set_text(d, "id", str_of(id));
    doc_set_int(d, "now", clock_now_ms());
    return d;
}

static bool is_code(const struct entry *e)
{
    return str_is(doc_get_text(e->mail, "kind"), "code");
}

static struct str text_of(const struct entry *e, struct arena *a, const char *name)
{
    struct str s = doc_get_text(e->mail, name);

    return (struct str){str_copy(a, s), s.len};
}

static void render(const struct entry *e, struct arena *a, struct mail *m)
{
    struct str id = doc_get_text(e->mail, "id");
    int64_t lives_ms = doc_get_int(e->mail, "lives_ms", 0);

    *m = (struct mail){
        .kind = is_code(e) ? MAIL_CODE : MAIL_OTHER,
        .author = MAIL_GENERATED,
        .from = {STR("Postern"), STR("support@localhost")},
        .to = {text_of(e, a, "name"), text_of(e, a, "to")},
        .return_path = text_of(e, a, "return_path"),
        .subject = text_of(e, a, "subject"),
        .text = text_of(e, a, "text"),
        .html = text_of(e, a, "html"),
        .language = text_of(e, a, "language"),
        .message_id = str_of(arena_printf(a, "<%.*s@localhost>", (int)id.len, id.at)),
        .made_ms = e->made_ms,
        .expires_ms = lives_ms == 0 ? 0 : e->made_ms + lives_ms,
        .tries = e->tries,
        .held = e->held,
    };
    (void)snprintf(m->id.at, sizeof m->id.at, "%.*s", (int)id.len, id.at);
}

static enum err next(void *arg, bool codes_only, int64_t now_ms, struct arena *a, struct mail *out, int64_t *wait_ms)
{
    enum err e = ERR_ABSENT;

    (void)arg;
    pthread_mutex_lock(&queue.lock);
    for (size_t i = 0; !queue.shut && i < queue.n && e == ERR_ABSENT; i++) {
        struct entry *m = &queue.mails[i];

        if (m->mail == NULL || m->under_way || (codes_only && !is_code(m)))
            continue;
        if (m->due_ms > now_ms) {
            *wait_ms = m->due_ms - now_ms < *wait_ms ? m->due_ms - now_ms : *wait_ms;
            continue;
        }
        m->under_way = true;
        render(m, a, out);
        e = ERR_OK;
    }
    pthread_mutex_unlock(&queue.lock);
    if (e == ERR_OK)
        say(event_of("given", out->id.at));
    return e;
}

/* Changes the entry of id: done, or due again. */
static void settle(const char *id, bool done, int64_t due_ms, int tried)
{
    pthread_mutex_lock(&queue.lock);
    for (size_t i = 0; i < queue.n; i++) {
        struct entry *m = &queue.mails[i];

        if (m->mail == NULL || !str_is(doc_get_text(m->mail, "id"), id))
            continue;
        m->under_way = false;
        m->due_ms = due_ms;
        m->tries += tried;
        m->held = tried == 0;
        if (done) {
            doc_close(m->mail);
            m->mail = NULL;
        }
    }
    pthread_mutex_unlock(&queue.lock);
}

static void sent(void *arg, const char *id, int64_t at_ms)
{
    struct doc *d = event_of("sent", id);

    (void)arg;
    doc_set_int(d, "at", at_ms);
    settle(id, true, 0, 1);
    say(d);
}

static void failed(void *arg, const char *id, bool final, const char *why, int64_t retry_at_ms)
{
    struct doc *d = event_of("failed", id);

    (void)arg;
    doc_set_bool(d, "final", final);
    doc_set_text(d, "why", str_of(why));
    doc_set_int(d, "retry_at", retry_at_ms);
    settle(id, final, retry_at_ms, 1);
    say(d);
}

static void later(void *arg, const char *id, int64_t at_ms)
{
    struct doc *d = event_of("later", id);

    (void)arg;
    doc_set_int(d, "at", at_ms);
    settle(id, false, at_ms, 0);
    say(d);
}

static int64_t queued(void *arg)
{
    int64_t n = 0;

    (void)arg;
    pthread_mutex_lock(&queue.lock);
    for (size_t i = 0; i < queue.n; i++)
        n += queue.mails[i].mail != NULL && !queue.mails[i].under_way;
    pthread_mutex_unlock(&queue.lock);
    return n;
}

static void say_state(struct mail_sender *s)
{
    struct mail_sender_state st;
    struct doc *d = event_of("state", "");

    mail_sender_state(s, &st);
    doc_set_bool(d, "well", st.well);
    doc_set_text(d, "why", str_of(st.why));
    doc_set_int(d, "queued", st.queued);
    doc_set_int(d, "under_way", st.under_way);
    doc_set_int(d, "sent", (int64_t)st.sent);
    doc_set_text(d, "last_error", str_of(st.last_error));
    say(d);
}

static void read_line(struct mail_sender *s, const char *line)
{
    struct doc *d;

    if (doc_parse(&d, str_of(line), NULL, 0) != ERR_OK || queue.n == MAILS_MAX)
        abort();
    if (doc_get_bool(d, "state", false)) {
        say_state(s);
        doc_close(d);
        return;
    }
    pthread_mutex_lock(&queue.lock);
    if (doc_get(d, "shut") != NULL) {
        queue.shut = doc_get_bool(d, "shut", false);
        doc_close(d);
    } else {
        queue.mails[queue.n++] = (struct entry){.mail = d, .made_ms = clock_now_ms()};
    }
    pthread_mutex_unlock(&queue.lock);
    mail_sender_wake(s);
}

static void set_option(struct mail_sender_conf *c, char *word)
{
    static const char *const names[] = {"relay=", "ca=", "user=", "password=", "folder="};
    const char **const slots[] = {&c->smtp.relay[c->smtp.relay[0] == NULL ? 0 : 1], &c->smtp.ca_file, &c->smtp.user,
                                  &c->smtp.password, &c->folder};

    if (strcmp(word, "limits=on") == 0)
        c->limits = true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncmp(word, names[i], strlen(names[i])) == 0)
            *slots[i] = word + strlen(names[i]);
}

int main(int argc, char **argv)
{
    struct mail_sender_conf c = {.smtp.hello = "gateway.test"};
    struct mail_source source = {NULL, next, sent, failed, later, queued};
    struct mail_sender *s;
    char *line = NULL;
    size_t room = 0;

    for (int i = 1; i < argc; i++)
        set_option(&c, argv[i]);
    (void)signal(SIGPIPE, SIG_IGN);
    if (mail_sender_open(&s, &c, &source) != ERR_OK)
        return 78;
    while (getline(&line, &room, stdin) > 0)
        read_line(s, line);
    mail_sender_close(s);
    for (size_t i = 0; i < queue.n; i++)
        doc_close(queue.mails[i].mail);
    free(line);
    return 0;
}
