#include "gateway/value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRET_BYTES_MAX = 4096 };

static bool among(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool has_control(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] < ' ' || s.at[i] == 0x7F)
            return true;
    return false;
}

static const char *keep(struct str s, char *out, size_t bytes)
{
    if (s.len >= bytes)
        return "is too long";
    if (s.len > 0)
        memcpy(out, s.at, s.len);
    out[s.len] = '\0';
    return NULL;
}

const char *value_text(struct str s, char *out, size_t bytes)
{
    if (!text_utf8_valid(s))
        return "is not UTF-8";
    if (has_control(s))
        return "holds a control character";
    return keep(s, out, bytes);
}

const char *value_word(struct str s, char *out, size_t bytes)
{
    if (s.len > 0 && memchr(s.at, ' ', s.len) != NULL)
        return "wants one word";
    return value_text(s, out, bytes);
}

const char *value_path(struct str s, const char *folder, char *out, size_t bytes)
{
    char path[4096];
    const char *wrong = value_text(s, path, sizeof path);
    bool here = *folder == '\0' || strcmp(folder, ".") == 0;

    if (wrong != NULL)
        return wrong;

    const char *start = path;

    while (start[0] == '.' && start[1] == '/')
        for (start += 2; *start == '/';)
            start++;
    if (*start == '\0')
        start = ".";
    if (strlen(start) + strlen(folder) + 2 > bytes)
        return "is too long";
    (void)snprintf(out, bytes, "%s%s%s", *start == '/' || here ? "" : folder, *start == '/' || here ? "" : "/", start);
    return NULL;
}

const char *value_switch(struct str s, bool *out)
{
    if (!str_is(s, "on") && !str_is(s, "off"))
        return "wants on or off";
    *out = str_is(s, "on");
    return NULL;
}

/* A whole number and one letter of units, whose factors stand in the same order. */
static bool number_with_unit(struct str s, const char *units, const int64_t *factors, int64_t most, int64_t *out)
{
    int64_t n;
    const char *unit = s.len == 0 || s.at[s.len - 1] == '\0' ? NULL : strchr(units, s.at[s.len - 1]);

    if (unit == NULL || !str_number((struct str){s.at, s.len - 1}, &n) || n > most / factors[unit - units])
        return false;
    *out = n * factors[unit - units];
    return true;
}

const char *value_duration(struct str s, int64_t *ms)
{
    static const int64_t factors[] = {1000, 60000, 3600000, 86400000};

    return number_with_unit(s, "smhd", factors, INT64_C(86400000) * 36500, ms)
               ? NULL
               : "wants a number with a unit (s, m, h, d), such as 30d";
}

const char *value_size(struct str s, int64_t *bytes)
{
    static const int64_t factors[] = {1 << 10, 1 << 20, 1 << 30, INT64_C(1) << 40};

    if (str_is(s, "0")) {
        *bytes = 0;
        return NULL;
    }
    return number_with_unit(s, "KMGT", factors, INT64_C(1) << 50, bytes)
               ? NULL
               : "wants a number with a unit (K, M, G, T), such as 500M";
}

/* inet_pton() of a string with a length: AF_INET or AF_INET6 where it is a numeric address, else 0. */
static int family_of(struct str s)
{
    char host[64];
    unsigned char bits[16];

    if (s.len >= sizeof host || (s.len > 0 && memchr(s.at, '\0', s.len) != NULL) || keep(s, host, sizeof host) != NULL)
        return 0;
    return inet_pton(AF_INET, host, bits) == 1 ? AF_INET : inet_pton(AF_INET6, host, bits) == 1 ? AF_INET6 : 0;
}

bool value_is_address(struct str s, bool cidr)
{
    int64_t bits = 0;
    struct str host = cidr ? str_cut(&s, '/') : s;
    int family = family_of(host);

    if (!cidr || s.at == NULL)
        return family != 0;
    return family != 0 && str_number(s, &bits) && bits <= (family == AF_INET ? 32 : 128);
}

bool value_is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

/* Splits "host:port" or "[v6]:port"; port is empty with at NULL where there is none. */
static bool split_port(struct str s, struct str *host, struct str *port, bool *bracketed)
{
    *bracketed = s.len > 0 && s.at[0] == '[';
    if (*bracketed) {
        s.at++;
        s.len--;
        *host = str_cut(&s, ']');
        if (s.at == NULL || (s.len > 0 && s.at[0] != ':'))
            return false;
        *port = s.len == 0 ? (struct str){NULL, 0} : (struct str){s.at + 1, s.len - 1};
        return true;
    }
    *host = str_cut(&s, ':');
    *port = s;
    return true;
}

static bool is_port(struct str s, int *out)
{
    int64_t n;

    if (!str_number(s, &n) || n > 65535)
        return false;
    *out = (int)n;
    return true;
}

const char *value_address(struct str s, char host[64], int *port)
{
    static const char *const wrong = "wants a numeric address and a port, such as 127.0.0.1:8443 or [::1]:8443";
    struct str name, number;
    bool bracketed;
    int found;

    if (!split_port(s, &name, &number, &bracketed) || family_of(name) != (bracketed ? AF_INET6 : AF_INET) ||
        !is_port(number, &found))
        return wrong;
    *port = found;
    return keep(name, host, 64);
}

/* Letters, digits, dots and hyphens, beginning and ending with a letter or digit; or an IPv6 address in brackets. */
static bool is_host(struct str s, bool bracketed)
{
    if (bracketed)
        return family_of(s) == AF_INET6;
    if (s.len == 0 || s.len > 253 || among(s.at[0], ".-") || among(s.at[s.len - 1], ".-"))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!is_letter(s.at[i]) && !is_digit(s.at[i]) && !among(s.at[i], ".-"))
            return false;
    return true;
}

/* What follows the scheme: a host, and a port or -1. */
static bool authority(struct str s, struct str *host, int *port, bool *bracketed)
{
    struct str number;

    *port = -1;
    return split_port(s, host, &number, bracketed) && is_host(*host, *bracketed) &&
           (number.at == NULL || is_port(number, port));
}

static const char *print_url(const char *scheme, struct str host, bool bracketed, int port, char *out, size_t bytes)
{
    char number[12] = "";

    if (port >= 0)
        (void)snprintf(number, sizeof number, ":%d", port);

    int n = snprintf(out, bytes, "%s://%s%.*s%s%s", scheme, bracketed ? "[" : "", (int)host.len, host.at,
                     bracketed ? "]" : "", number);

    return n < 0 || (size_t)n >= bytes ? "is too long" : NULL;
}

const char *value_origin(struct str s, char *out, size_t bytes)
{
    struct str host;
    int port;
    bool bracketed;

    if (!str_starts(s, "https://"))
        return "wants https://host or https://host:port";
    s = (struct str){s.at + 8, s.len - 8};
    if (s.len > 0 && s.at[s.len - 1] == '/')
        s.len--;
    if (s.len > 0 && memchr(s.at, '/', s.len) != NULL)
        return "is an origin: it ends behind the host and the port";
    if (!authority(s, &host, &port, &bracketed))
        return "wants https://host or https://host:port, names outside ASCII as xn--…";

    const char *wrong = print_url("https", host, bracketed, port == 443 ? -1 : port, out, bytes);

    for (char *p = out; wrong == NULL && *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return wrong;
}

const char *value_relay(struct str s, char *out, size_t bytes)
{
    bool tls = str_starts(s, "smtps://"), bracketed;
    struct str host;
    int port;

    if (!tls && !str_starts(s, "smtp://"))
        return "wants smtp://host:port or smtps://host:port";
    s = (struct str){s.at + 7 + tls, s.len - 7 - tls};
    if (s.len > 0 && memchr(s.at, '@', s.len) != NULL)
        return "names no user: user and password belong in the file of mail-auth";
    if (!authority(s, &host, &port, &bracketed) || port == 0)
        return "wants smtp://host:port or smtps://host:port";
    return print_url(tls ? "smtps" : "smtp", host, bracketed, port, out, bytes);
}

static bool is_mail_address(struct str s)
{
    const char *at = s.len == 0 ? NULL : memrchr(s.at, '@', s.len);

    if (at == NULL || at == s.at || !is_host((struct str){at + 1, s.len - (size_t)(at + 1 - s.at)}, false))
        return false;
    for (const char *p = s.at; p < at; p++)
        if (!is_letter(*p) && !is_digit(*p) && !among(*p, "!#$%&'*+-/=?^_`{|}~."))
            return false;
    return true;
}

static struct str unquoted(struct str s)
{
    return s.len >= 2 && s.at[0] == '"' && s.at[s.len - 1] == '"' ? (struct str){s.at + 1, s.len - 2} : s;
}

const char *value_mailbox(struct str s, char *name, size_t name_bytes, char *address, size_t address_bytes)
{
    struct str mailbox = s, shown = {NULL, 0};

    if (s.len > 0 && s.at[s.len - 1] == '>') {
        struct str rest = {s.at, s.len - 1};

        shown = unquoted(str_trim(str_cut(&rest, '<')));
        mailbox = rest;
    }
    if (!is_mail_address(mailbox))
        return "wants an address, such as Support <support@example.com>";
    if (memchr(shown.len == 0 ? "" : shown.at, '"', shown.len) != NULL)
        return "has a quotation mark within the name";

    const char *wrong = value_text(shown, name, name_bytes);

    return wrong != NULL ? wrong : keep(mailbox, address, address_bytes);
}

const char *value_telephone(struct str s, char *out, size_t bytes)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++) {
        if (!is_digit(s.at[i]) && !among(s.at[i], "+()-./ "))
            return "wants a telephone number, such as +886 2 1234 5678";
        n += is_digit(s.at[i]);
    }
    return n < 3 ? "wants a telephone number, such as +886 2 1234 5678" : keep(s, out, bytes);
}

/* The whole file; the result is the reason, or NULL. */
static const char *slurp_secret(const char *path, char *out, size_t bytes, size_t *len)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    const char *wrong = NULL;
    ssize_t n = 0;

    if (fd < 0)
        return errno == ENOENT ? "names a file that does not exist" : "names a file that cannot be opened";
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        wrong = "names something that is no plain file";
    else if ((st.st_mode & S_IRWXO) != 0)
        wrong = "names a file that everybody may read: chmod 600 it";
    else if (st.st_size > (off_t)bytes)
        wrong = "names a file that is too large";
    else if ((n = read(fd, out, bytes)) < 0)
        wrong = "names a file that cannot be read";
    (void)close(fd);
    *len = n > 0 ? (size_t)n : 0;
    return wrong;
}

static struct str next_word(struct str *s)
{
    size_t n = 0;

    *s = str_trim(*s);
    while (n < s->len && !among(s->at[n], " \t\r\n"))
        n++;

    struct str word = {s->at, n};

    s->at += n;
    s->len -= n;
    return word;
}

const char *value_secret(const char *path, char *user, size_t user_bytes, char *password, size_t password_bytes)
{
    char text[SECRET_BYTES_MAX];
    size_t len;
    const char *wrong = slurp_secret(path, text, sizeof text, &len);

    if (wrong == NULL) {
        struct str rest = {text, len};
        struct str first = next_word(&rest), second = next_word(&rest);

        if (second.len == 0 || str_trim(rest).len != 0 || first.len >= user_bytes || second.len >= password_bytes)
            wrong = "names a file that does not hold a user and a password, two words";
        else if ((wrong = value_text(first, user, user_bytes)) == NULL)
            wrong = value_text(second, password, password_bytes);
    }
    explicit_bzero(text, sizeof text);
    return wrong;
}
