#include "gateway/conf.h"

#include "gateway/value.h"
#include "rules/authres.h"
#include "rules/base/near.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DAY_MS = 86400000, THREADS_MAX = 64, ROWS_MAX = 32 };

/* Where a setting stands; file is NULL where it was left out. */
struct place {
    const char *file;
    int line;
};

/* One reading: what is under way, and what must be looked at together at the end. */
struct reading {
    struct conf *conf;
    const char *folder;
    struct buf *faults;
    size_t fault_count;
    struct place here;
    struct place set[ROWS_MAX], listen_set[CONF_LISTENERS];
    char redis_auth[4096], mail_auth[4096];
    char why[200];
};

/* ---- faults ---- */

static void fault(struct reading *r, struct place at, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void fault(struct reading *r, struct place at, const char *format, ...)
{
    char reason[512];
    va_list args;

    if (r->fault_count++ >= CONF_FAULTS_MAX)
        return;
    va_start(args, format);
    (void)vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    buf_printf(r->faults, "%s:%d: %s\n", at.file, at.line, reason);
}

/* ---- the table of settings ---- */

/* A row says where a setting goes and how it is read. read answers as V1 of value.h. */
struct row {
    const char *name;
    const char *(*read)(struct reading *r, const struct row *row, struct str value);
    size_t at, bytes;    /* the field of struct conf */
    int64_t least, most; /* for numbers, ms or bytes */
};

static void *field(struct reading *r, const struct row *row)
{
    return (char *)r->conf + row->at;
}

static const char *read_text(struct reading *r, const struct row *row, struct str value)
{
    return value_text(value, field(r, row), row->bytes);
}

static const char *read_path(struct reading *r, const struct row *row, struct str value)
{
    return value_path(value, r->folder, field(r, row), row->bytes);
}

static const char *read_switch(struct reading *r, const struct row *row, struct str value)
{
    return value_switch(value, field(r, row));
}

static const char *read_origin(struct reading *r, const struct row *row, struct str value)
{
    return value_origin(value, field(r, row), row->bytes);
}

static const char *read_telephone(struct reading *r, const struct row *row, struct str value)
{
    return value_telephone(value, field(r, row), row->bytes);
}

static const char *read_duration(struct reading *r, const struct row *row, struct str value)
{
    int64_t ms;
    const char *wrong = value_duration(value, &ms);

    if (wrong != NULL)
        return wrong;
    if (ms < row->least)
        return row->least == DAY_MS ? "is shorter than a day" : "is shorter than a second";
    *(int64_t *)field(r, row) = ms;
    return NULL;
}

static const char *read_reserve(struct reading *r, const struct row *row, struct str value)
{
    if (!str_is(value, "auto"))
        return value_size(value, field(r, row));
    *(int64_t *)field(r, row) = -1;
    return NULL;
}

/* "mx.example.com" or "mx.example.com 1". */
static const char *read_authserv(struct reading *r, const struct row *row, struct str value)
{
    struct str rest = value, name = str_cut(&rest, ' ');
    int64_t below = 0;

    rest = str_trim(rest);
    if (rest.len > 0 && (!str_number(rest, &below) || below > AUTHRES_BELOW_MAX))
        return "wants one word, and behind it at most a number from 0 to 9";
    r->conf->authserv_below = (int)below;
    return value_word(name, field(r, row), row->bytes);
}

static const char *read_threads(struct reading *r, const struct row *row, struct str value)
{
    int64_t n = 0;

    if (!str_is(value, "auto") && (!str_number(value, &n) || n < row->least || n > row->most))
        return "wants auto, or a number from 1 to 64";
    *(int *)field(r, row) = (int)n;
    return NULL;
}

static const char *read_log(struct reading *r, const struct row *row, struct str value)
{
    char name[16];

    (void)row;
    return value_word(value, name, sizeof name) == NULL && log_level_parse(name, &r->conf->log)
               ? NULL
               : "wants fatal, error, warn, info or trace";
}

/* The next word; the rest begins at a word again. */
static struct str cut_word(struct str *s)
{
    size_t n = 0;

    while (n < s->len && s->at[n] != ' ' && s->at[n] != '\t')
        n++;

    struct str word = {s->at, n};

    *s = str_trim((struct str){s->at + n, s->len - n});
    return word;
}

static const char *const listen_names[CONF_LISTENERS] = {
    [CONF_PUBLIC] = "public", [CONF_STAFF] = "staff", [CONF_ADMIN] = "admin", [CONF_LMTP] = "lmtp"};

static const char *read_listen(struct reading *r, const struct row *row, struct str value)
{
    struct str name = cut_word(&value), address = cut_word(&value);
    struct conf_address found;
    int which = 0;

    (void)row;
    while (which < CONF_LISTENERS && !str_is(name, listen_names[which]))
        which++;
    if (which == CONF_LISTENERS)
        return "wants public, staff, admin or lmtp, then an address";

    const char *wrong = value_address(address, found.host, &found.port);

    if (wrong != NULL)
        return wrong;
    if (str_is(value, "h2"))
        return "offers no h2 yet: leave it out, every listener speaks HTTP/1.1";
    if (value.len != 0)
        return "wants nothing behind the address";
    if (r->listen_set[which].file != NULL && r->listen_set[which].file == r->here.file &&
        strcmp(r->here.file, "-o") != 0)
        return "names this listener a second time";
    r->conf->listen[which] = found;
    r->listen_set[which] = r->here;
    return NULL;
}

static const char *read_tls(struct reading *r, const struct row *row, struct str value)
{
    struct str cert = cut_word(&value), key = cut_word(&value);

    (void)row;
    if (key.len == 0 || value.len != 0)
        return "wants two files: the certificate chain and its key";

    const char *wrong = value_path(cert, r->folder, r->conf->tls_cert, sizeof r->conf->tls_cert);

    return wrong != NULL ? wrong : value_path(key, r->folder, r->conf->tls_key, sizeof r->conf->tls_key);
}

static const char *read_redis(struct reading *r, const struct row *row, struct str value)
{
    struct redis_target target = {.path = ""};

    (void)row;
    if (str_starts(value, "sentinel:") || str_starts(value, "cluster:"))
        return "speaks to one server only, embedded, unix: or tcp:; sentinel: and cluster: are not built";
    r->conf->redis_embedded = str_is(value, "embedded");
    if (!r->conf->redis_embedded && !redis_target_parse(value, &target, r->why, sizeof r->why))
        return r->why;
    r->conf->redis = target;
    return NULL;
}

static const char *read_redis_auth(struct reading *r, const struct row *row, struct str value)
{
    (void)row;
    return value_path(value, r->folder, r->redis_auth, sizeof r->redis_auth);
}

static const char *read_mail_auth(struct reading *r, const struct row *row, struct str value)
{
    (void)row;
    return value_path(value, r->folder, r->mail_auth, sizeof r->mail_auth);
}

static const char *read_mail(struct reading *r, const struct row *row, struct str value)
{
    struct str first = cut_word(&value), second = cut_word(&value);
    struct conf_relay relay[2] = {{""}, {""}};

    (void)row;
    if (value.len != 0)
        return "wants one relay, or two";

    const char *wrong = value_relay(first, relay[0].url, sizeof relay[0].url);

    if (wrong == NULL && second.len != 0)
        wrong = value_relay(second, relay[1].url, sizeof relay[1].url);
    memcpy(r->conf->relay, relay, sizeof relay);
    return wrong;
}

static const char *read_mail_from(struct reading *r, const struct row *row, struct str value)
{
    struct conf *c = r->conf;

    (void)row;

    const char *wrong = value_mailbox(value, c->mail_from_name, sizeof c->mail_from_name, c->mail_from_address,
                                      sizeof c->mail_from_address);

    if (wrong == NULL && c->mail_from_address[1] == '@' && strchr("rRbB", c->mail_from_address[0]) != NULL)
        return "may not be r@ or b@: answers and bounces come back to r+… and b+…";
    return wrong;
}

static const char *read_clamd(struct reading *r, const struct row *row, struct str value)
{
    if (!str_starts(value, "unix:/"))
        return "wants unix: and the path of a socket, such as unix:/run/clamav/clamd.ctl";
    return value_text((struct str){value.at + 5, value.len - 5}, field(r, row), row->bytes);
}

static const char *read_proxy(struct reading *r, const struct row *row, struct str value)
{
    const char *wrong = value_text(value, field(r, row), row->bytes);

    if (str_is(value, "none"))
        *(char *)field(r, row) = '\0';
    else
        while (wrong == NULL && value.len > 0)
            if (!value_is_address(cut_word(&value), true))
                wrong = "wants none, or numeric addresses such as 10.0.0.5 or 10.0.0.0/24";
    return wrong;
}

#define FIELD(name) .at = offsetof(struct conf, name), .bytes = sizeof(((struct conf *)NULL)->name)

/* In the order of contract and README. */
static const struct row rows[] = {
    {.name = "data", .read = read_path, FIELD(data)},
    {.name = "listen", .read = read_listen},
    {.name = "tls", .read = read_tls},
    {.name = "keys", .read = read_path, FIELD(keys)},
    {.name = "redis", .read = read_redis},
    {.name = "redis-auth", .read = read_redis_auth},
    {.name = "mail", .read = read_mail},
    {.name = "mail-auth", .read = read_mail_auth},
    {.name = "mail-from", .read = read_mail_from},
    {.name = "authserv-id", .read = read_authserv, FIELD(authserv_id)},
    {.name = "brand", .read = read_text, FIELD(brand)},
    {.name = "help-phone", .read = read_telephone, FIELD(help_phone)},
    {.name = "clamd", .read = read_clamd, FIELD(clamd)},
    {.name = "retention", .read = read_duration, FIELD(retention_ms), .least = DAY_MS},
    {.name = "origin", .read = read_origin, FIELD(origin)},
    {.name = "origin-staff", .read = read_origin, FIELD(origin_staff)},
    {.name = "rules", .read = read_path, FIELD(rules)},
    {.name = "reserve", .read = read_reserve, FIELD(reserve_bytes)},
    {.name = "journal-keep", .read = read_duration, FIELD(journal_keep_ms), .least = 1000},
    {.name = "proxy", .read = read_proxy, FIELD(proxy)},
    {.name = "threads", .read = read_threads, FIELD(threads), .least = 1, .most = THREADS_MAX},
    {.name = "limits", .read = read_switch, FIELD(limits)},
    {.name = "log", .read = read_log},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

/* Where the setting of that name stands. */
static struct place place_of(const struct reading *r, const char *name)
{
    size_t i = 0;

    while (strcmp(rows[i].name, name) != 0)
        i++;
    return r->set[i];
}

/* ---- lines ---- */

static void unknown(struct reading *r, struct str name)
{
    const char *names[ROWS];

    for (size_t i = 0; i < ROWS; i++)
        names[i] = rows[i].name;

    const char *near = near_word(name, names, ROWS);

    if (near != NULL)
        fault(r, r->here, "no setting is called %.*s; did you mean %s?", (int)name.len, name.at, near);
    else
        fault(r, r->here, "no setting is called %.*s", (int)(name.len < 64 ? name.len : 64), name.at);
}

static void setting(struct reading *r, struct str name, struct str value)
{
    size_t i = 0;

    while (i < ROWS && !str_is(name, rows[i].name))
        i++;
    if (i == ROWS) {
        unknown(r, name);
        return;
    }

    bool again = r->set[i].file != NULL && strcmp(r->here.file, "-o") != 0 && rows[i].read != read_listen;
    const char *wrong = value.len == 0 ? "has no value" : NULL;

    if (again) {
        fault(r, r->here, "%s is set a second time; it was set in line %d", rows[i].name, r->set[i].line);
        return;
    }
    r->set[i] = r->here;
    if (wrong == NULL)
        wrong = rows[i].read(r, &rows[i], value);
    if (wrong != NULL)
        fault(r, r->here, "%s %s", rows[i].name, wrong);
}

static struct str without_comment(struct str line)
{
    for (size_t i = 0; i < line.len; i++)
        if (line.at[i] == '#' && (i == 0 || line.at[i - 1] == ' ' || line.at[i - 1] == '\t'))
            return (struct str){line.at, i};
    return line;
}

static void lines(struct reading *r, const char *file, struct str text)
{
    if (str_starts(text, "\xEF\xBB\xBF"))
        text = (struct str){text.at + 3, text.len - 3};
    for (int line = 1; text.at != NULL && text.len > 0; line++) {
        struct str value = str_trim(without_comment(str_cut(&text, '\n')));

        r->here = (struct place){file, line};
        if (memchr(value.len == 0 ? "" : value.at, '\0', value.len) != NULL || !text_utf8_valid(value))
            fault(r, r->here, "this line is not text in UTF-8");
        else if (value.len > 0) {
            struct str name = cut_word(&value);

            setting(r, name, value);
        }
    }
}

/* ---- what must fit together ---- */

static void default_origin(struct conf *c, enum conf_listen which, char *out, size_t bytes)
{
    const struct conf_address *a = &c->listen[which];
    bool v6 = strchr(a->host, ':') != NULL;
    bool local = value_is_loopback(a->host) || strcmp(a->host, "0.0.0.0") == 0 || strcmp(a->host, "::") == 0;
    char port[13] = "";

    if (out[0] != '\0')
        return;
    if (a->port != 443)
        (void)snprintf(port, sizeof port, ":%d", a->port);
    (void)snprintf(out, bytes, "https://%s%s%s%s", !local && v6 ? "[" : "", local ? "localhost" : a->host,
                   !local && v6 ? "]" : "", port);
}

static void judge_listeners(struct reading *r)
{
    const struct conf_address *a = r->conf->listen;

    for (int i = 0; i < CONF_LISTENERS; i++)
        for (int j = 0; j < i; j++)
            if (a[i].port != 0 && a[i].port == a[j].port && strcmp(a[i].host, a[j].host) == 0)
                fault(r, r->listen_set[i].file != NULL ? r->listen_set[i] : r->listen_set[j],
                      "listen gives %s and %s the same address", listen_names[j], listen_names[i]);
    for (int i = 0; i < CONF_LISTENERS && !r->conf->limits; i++)
        if (!value_is_loopback(a[i].host))
            fault(r, place_of(r, "limits"), "limits may be off only where every listener is on loopback; %s is on %s",
                  listen_names[i], a[i].host);
}

/* A file of secrets that is named beside a setting which has no use for it is a mistake worth telling. */
static void judge_secrets(struct reading *r)
{
    struct conf *c = r->conf;
    const char *wrong = NULL;

    if (r->redis_auth[0] != '\0') {
        if (c->redis_embedded)
            wrong = "is for a given server: the embedded one has a user of its own";
        else
            wrong = value_secret(r->redis_auth, c->redis.user, sizeof c->redis.user, c->redis.password,
                                 sizeof c->redis.password);
    }
    if (wrong != NULL)
        fault(r, place_of(r, "redis-auth"), "redis-auth %s", wrong);
    wrong = NULL;
    if (r->mail_auth[0] != '\0') {
        if (c->relay[0].url[0] == '\0')
            wrong = "is for a relay, and mail names none";
        else
            wrong = value_secret(r->mail_auth, c->mail_user, sizeof c->mail_user, c->mail_password,
                                 sizeof c->mail_password);
    }
    if (wrong != NULL)
        fault(r, place_of(r, "mail-auth"), "mail-auth %s", wrong);
}

static void defaults(struct reading *r)
{
    *r->conf = (struct conf){
        .listen = {[CONF_PUBLIC] = {"127.0.0.1", 8443},
                   [CONF_STAFF] = {"127.0.0.1", 8444},
                   [CONF_ADMIN] = {"127.0.0.1", 8445},
                   [CONF_LMTP] = {"127.0.0.1", 8424}},
        .redis_embedded = true,
        .mail_from_name = "Support",
        .mail_from_address = "support@localhost",
        .brand = "Customer",
        .retention_ms = INT64_C(365) * DAY_MS,
        .journal_keep_ms = INT64_C(15) * 60000,
        .reserve_bytes = -1,
        .limits = true,
        .log = LOG_INFO,
    };
    (void)value_path(STR("var"), r->folder, r->conf->data, sizeof r->conf->data);
}

static enum err finish(struct reading *r)
{
    struct conf *c = r->conf;

    if (place_of(r, "keys").file == NULL && value_path(STR("keys"), c->data, c->keys, sizeof c->keys) != NULL)
        fault(r, place_of(r, "data"), "data is too long");
    default_origin(c, CONF_PUBLIC, c->origin, sizeof c->origin);
    default_origin(c, CONF_STAFF, c->origin_staff, sizeof c->origin_staff);
    judge_listeners(r);
    judge_secrets(r);
    if (r->fault_count > CONF_FAULTS_MAX)
        buf_printf(r->faults, "%s:%d: and %zu faults more\n", r->here.file, r->here.line,
                   r->fault_count - CONF_FAULTS_MAX);
    return r->fault_count == 0 ? ERR_OK : ERR_CONF;
}

enum err conf_parse(struct conf *out, const char *name, const char *folder, struct str text,
                    const struct conf_override *o, size_t n, struct buf *faults)
{
    struct reading r = {.conf = out, .folder = folder, .faults = faults};

    static_assert((int)ROWS <= (int)ROWS_MAX, "every row has a place");
    defaults(&r);
    (void)snprintf(out->file, sizeof out->file, "%s", name);
    lines(&r, name, text);
    for (size_t i = 0; i < n; i++) {
        r.here = (struct place){"-o", (int)i + 1};
        setting(&r, str_of(o[i].name), str_trim(str_of(o[i].value)));
    }
    return finish(&r);
}

/* ---- files ---- */

static int slurp(const char *file, struct buf *text)
{
    char part[16384];
    ssize_t n;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return errno;
    while ((n = read(fd, part, sizeof part)) > 0 && text->len <= CONF_BYTES_MAX)
        buf_add(text, part, (size_t)n);

    int failed = n < 0 ? errno : text->len > CONF_BYTES_MAX ? EFBIG : 0;

    (void)close(fd);
    return failed;
}

enum err conf_read(struct conf *out, const char *file, const struct conf_override *o, size_t n, struct buf *faults)
{
    struct buf text = {0};
    char folder[4096] = "";
    const char *slash = strrchr(file, '/');
    int failed = *file == '\0' ? 0 : slurp(file, &text);

    if (slash != NULL)
        (void)snprintf(folder, sizeof folder, "%.*s", slash == file ? 1 : (int)(slash - file), file);
    if (failed != 0)
        buf_printf(faults, "%s: %s\n", file, strerror(failed));

    enum err e = failed == ENOENT ? ERR_ABSENT
                 : failed != 0    ? ERR_CONF
                                  : conf_parse(out, file, folder, buf_view(&text), o, n, faults);

    buf_free(&text);
    return e;
}

const char *conf_default_file(void)
{
    static const char *const places[] = {"postern.conf", "/etc/postern/postern.conf"};

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (access(places[i], F_OK) == 0)
            return places[i];
    return "";
}

const char *conf_listen_name(enum conf_listen which)
{
    assert(which < CONF_LISTENERS);
    return listen_names[which];
}
