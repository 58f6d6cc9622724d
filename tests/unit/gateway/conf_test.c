/* conf: what postern.conf may say, and what is said about what it may not. */
#include "gateway/conf.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct conf conf; /* 30 KiB */

static enum err parse(const char *text, const struct conf_override *o, size_t n, struct buf *faults)
{
    return conf_parse(&conf, "p.conf", "/etc/postern", str_of(text), o, n, faults);
}

static void must_parse(const char *text)
{
    struct buf faults = {0};
    enum err e = parse(text, NULL, 0, &faults);

    if (e != ERR_OK)
        fail_msg("%s\n%s", text, buf_view(&faults).at);
    assert_int_equal(faults.len, 0);
    buf_free(&faults);
}

/* ---- faults ---- */

static const struct {
    const char *label, *text, *says; /* says: the whole of what is told */
} bad[] = {
    {"unknown name", "colour red", "p.conf:1: no setting is called colour\n"},
    {"mistyped name", "\nretenton 30d", "p.conf:2: no setting is called retenton; did you mean retention?\n"},
    {"set twice", "brand A\n\nbrand B", "p.conf:3: brand is set a second time; it was set in line 1\n"},
    {"no value", "data", "p.conf:1: data has no value\n"},
    {"only a comment for a value", "data # here", "p.conf:1: data has no value\n"},
    {"NUL", NULL, "p.conf:1: this line is not text in UTF-8\n"},
    {"Latin-1", "brand Caf\xE9", "p.conf:1: this line is not text in UTF-8\n"},
    {"control character", "brand a\x01z", "p.conf:1: brand holds a control character\n"},
    {"listener nobody knows", "listen web 127.0.0.1:1",
     "p.conf:1: listen wants public, staff, admin or lmtp, then an address\n"},
    {"listener without address", "listen public",
     "p.conf:1: listen wants a numeric address and a port, such as 127.0.0.1:8443 or [::1]:8443\n"},
    {"listener by name", "listen public localhost:8443",
     "p.conf:1: listen wants a numeric address and a port, such as 127.0.0.1:8443 or [::1]:8443\n"},
    {"port too large", "listen public 127.0.0.1:65536",
     "p.conf:1: listen wants a numeric address and a port, such as 127.0.0.1:8443 or [::1]:8443\n"},
    {"IPv6 without brackets", "listen public ::1:8443",
     "p.conf:1: listen wants a numeric address and a port, such as 127.0.0.1:8443 or [::1]:8443\n"},
    {"bracket left open", "listen public [::1:8443",
     "p.conf:1: listen wants a numeric address and a port, such as 127.0.0.1:8443 or [::1]:8443\n"},
    {"h2", "listen staff 127.0.0.1:8444 h2",
     "p.conf:1: listen offers no h2 yet: leave it out, every listener speaks HTTP/1.1\n"},
    {"something behind the address", "listen staff 127.0.0.1:8444 quick",
     "p.conf:1: listen wants nothing behind the address\n"},
    {"listener twice", "listen staff 127.0.0.1:1\nlisten staff 127.0.0.1:2",
     "p.conf:2: listen names this listener a second time\n"},
    {"two listeners at one address", "listen admin 127.0.0.1:8443",
     "p.conf:1: listen gives public and admin the same address\n"},
    {"one TLS file", "tls cert.pem", "p.conf:1: tls wants two files: the certificate chain and its key\n"},
    {"three TLS files", "tls a b c", "p.conf:1: tls wants two files: the certificate chain and its key\n"},
    {"sentinel", "redis sentinel:main@10.0.0.1:26379",
     "p.conf:1: redis speaks to one server only, embedded, unix: or tcp:; sentinel: and cluster: are not built\n"},
    {"cluster", "redis cluster:10.0.0.1:6379",
     "p.conf:1: redis speaks to one server only, embedded, unix: or tcp:; sentinel: and cluster: are not built\n"},
    {"redis-auth beside the embedded server", "redis-auth /etc/hostname",
     "p.conf:1: redis-auth is for a given server: the embedded one has a user of its own\n"},
    {"redis-auth that is not there", "redis tcp:127.0.0.1:6379\nredis-auth /nowhere/at/all",
     "p.conf:2: redis-auth names a file that does not exist\n"},
    {"mail-auth without a relay", "mail-auth x", "p.conf:1: mail-auth is for a relay, and mail names none\n"},
    {"mail-auth that everybody may read", "mail smtp://localhost:25\nmail-auth /etc/passwd",
     "p.conf:2: mail-auth names a file that everybody may read: chmod 600 it\n"},
    {"mail-auth that is a folder", "mail smtp://localhost:25\nmail-auth /",
     "p.conf:2: mail-auth names something that is no plain file\n"},
    {"relay without a scheme", "mail localhost:25", "p.conf:1: mail wants smtp://host:port or smtps://host:port\n"},
    {"relay with a user", "mail smtp://me:pw@localhost",
     "p.conf:1: mail names no user: user and password belong in the file of mail-auth\n"},
    {"relay with a path", "mail smtp://localhost:25/x", "p.conf:1: mail wants smtp://host:port or smtps://host:port\n"},
    {"relay on port 0", "mail smtp://localhost:0", "p.conf:1: mail wants smtp://host:port or smtps://host:port\n"},
    {"three relays", "mail smtp://a smtp://b smtp://c", "p.conf:1: mail wants one relay, or two\n"},
    {"broken second relay", "mail smtp://a http://b", "p.conf:1: mail wants smtp://host:port or smtps://host:port\n"},
    {"sender without a domain", "mail-from Support <support>",
     "p.conf:1: mail-from wants an address, such as Support <support@example.com>\n"},
    {"sender where answers come back to", "mail-from R@example.com",
     "p.conf:1: mail-from may not be r@ or b@: answers and bounces come back to r+… and b+…\n"},
    {"sender with a line's end in it", "mail-from a\rb <s@example.com>",
     "p.conf:1: mail-from holds a control character\n"},
    {"sender with a stray quotation mark", "mail-from Sup\"port <s@example.com>",
     "p.conf:1: mail-from has a quotation mark within the name\n"},
    {"authserv-id of two words", "authserv-id a b",
     "p.conf:1: authserv-id wants one word, and behind it at most a number from 0 to 9\n"},
    {"brand too long", NULL, "p.conf:1: brand is too long\n"},
    {"letters in a telephone number", "help-phone call me",
     "p.conf:1: help-phone wants a telephone number, such as +886 2 1234 5678\n"},
    {"clamd by TCP", "clamd tcp:127.0.0.1:3310",
     "p.conf:1: clamd wants unix: and the path of a socket, such as unix:/run/clamav/clamd.ctl\n"},
    {"retention without a unit", "retention 365",
     "p.conf:1: retention wants a number with a unit (s, m, h, d), such as 30d\n"},
    {"retention in months", "retention 12M",
     "p.conf:1: retention wants a number with a unit (s, m, h, d), such as 30d\n"},
    {"retention of minutes", "retention 12m", "p.conf:1: retention is shorter than a day\n"},
    {"retention beyond all centuries", "retention 99999999d",
     "p.conf:1: retention wants a number with a unit (s, m, h, d), such as 30d\n"},
    {"journal-keep of nothing", "journal-keep 0s", "p.conf:1: journal-keep is shorter than a second\n"},
    {"journal-keep with a sign", "journal-keep -5m",
     "p.conf:1: journal-keep wants a number with a unit (s, m, h, d), such as 30d\n"},
    {"origin in clear", "origin http://localhost", "p.conf:1: origin wants https://host or https://host:port\n"},
    {"origin with a path", "origin https://example.com/help",
     "p.conf:1: origin is an origin: it ends behind the host and the port\n"},
    {"origin with a user", "origin https://me@example.com",
     "p.conf:1: origin wants https://host or https://host:port, names outside ASCII as xn--…\n"},
    {"origin outside ASCII", "origin https://köln.example",
     "p.conf:1: origin wants https://host or https://host:port, names outside ASCII as xn--…\n"},
    {"reserve in decimal", "reserve 1.5G", "p.conf:1: reserve wants a number with a unit (K, M, G, T), such as 500M\n"},
    {"reserve in per cent", "reserve 5%", "p.conf:1: reserve wants a number with a unit (K, M, G, T), such as 500M\n"},
    {"proxy by name", "proxy lb.example.com",
     "p.conf:1: proxy wants none, or numeric addresses such as 10.0.0.5 or 10.0.0.0/24\n"},
    {"proxy with too many bits", "proxy 10.0.0.0/33",
     "p.conf:1: proxy wants none, or numeric addresses such as 10.0.0.5 or 10.0.0.0/24\n"},
    {"no threads", "threads 0", "p.conf:1: threads wants auto, or a number from 1 to 64\n"},
    {"too many threads", "threads 65", "p.conf:1: threads wants auto, or a number from 1 to 64\n"},
    {"limits half on", "limits maybe", "p.conf:1: limits wants on or off\n"},
    {"limits off towards the world", "limits off\nlisten public 0.0.0.0:8443",
     "p.conf:1: limits may be off only where every listener is on loopback; public is on 0.0.0.0\n"},
    {"limits off, mail from the world", "listen lmtp [::]:24\nlimits off",
     "p.conf:2: limits may be off only where every listener is on loopback; lmtp is on ::\n"},
    {"log level nobody knows", "log loud", "p.conf:1: log wants fatal, error, warn, info or trace\n"},
    {"several at once", "colour red\nretention 1\nlog loud\n",
     "p.conf:1: no setting is called colour\n"
     "p.conf:2: retention wants a number with a unit (s, m, h, d), such as 30d\n"
     "p.conf:3: log wants fatal, error, warn, info or trace\n"},
};

static void each_fault_is_told_with_its_line(void **state)
{
    char long_brand[256];

    (void)state;
    (void)snprintf(long_brand, sizeof long_brand, "brand %0200d", 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct buf faults = {0};
        struct str text = str_of(bad[i].text);

        if (strcmp(bad[i].label, "NUL") == 0)
            text = STR("brand a\0b");
        else if (strcmp(bad[i].label, "brand too long") == 0)
            text = str_of(long_brand);

        enum err e = conf_parse(&conf, "p.conf", "/etc/postern", text, NULL, 0, &faults);
        const char *said = buf_view(&faults).at;

        if (e != ERR_CONF || (bad[i].says != NULL && strcmp(said, bad[i].says) != 0))
            fail_msg("%s: %s\n%s", bad[i].label, err_name(e), said);
        buf_free(&faults);
    }
}

static void unknown_names_are_met_with_a_guess(void **state)
{
    struct buf faults = {0};

    (void)state;
    assert_int_equal(parse("barnd X\norigin-staf https://x\nquite-another-thing 1", NULL, 0, &faults), ERR_CONF);
    assert_string_equal(buf_view(&faults).at, "p.conf:1: no setting is called barnd; did you mean brand?\n"
                                              "p.conf:2: no setting is called origin-staf; did you mean origin-staff?\n"
                                              "p.conf:3: no setting is called quite-another-thing\n");
    buf_free(&faults);
}

static void faults_without_end_are_cut(void **state)
{
    struct buf text = {0}, faults = {0};
    size_t newlines = 0;

    (void)state;
    for (int i = 0; i < 1000; i++)
        buf_text(&text, "x\n");
    assert_int_equal(conf_parse(&conf, "p.conf", "", buf_view(&text), NULL, 0, &faults), ERR_CONF);
    for (size_t i = 0; i < faults.len; i++)
        newlines += faults.at[i] == '\n';
    assert_int_equal(newlines, CONF_FAULTS_MAX + 1);
    assert_non_null(strstr(faults.at, "and 900 faults more"));
    buf_free(&text);
    buf_free(&faults);
}

/* ---- what is taken ---- */

static void an_empty_file_gives_the_defaults(void **state)
{
    (void)state;
    must_parse("# nothing\n\n   \t\n");
    assert_string_equal(conf.data, "/etc/postern/var");
    assert_string_equal(conf.keys, "/etc/postern/var/keys");
    assert_string_equal(conf.listen[CONF_PUBLIC].host, "127.0.0.1");
    assert_int_equal(conf.listen[CONF_PUBLIC].port, 8443);
    assert_int_equal(conf.listen[CONF_STAFF].port, 8444);
    assert_int_equal(conf.listen[CONF_ADMIN].port, 8445);
    assert_int_equal(conf.listen[CONF_LMTP].port, 8424);
    assert_string_equal(conf.origin, "https://localhost:8443");
    assert_string_equal(conf.origin_staff, "https://localhost:8444");
    assert_string_equal(conf.mail_from_name, "Support");
    assert_string_equal(conf.mail_from_address, "support@localhost");
    assert_string_equal(conf.relay[0].url, "");
    assert_string_equal(conf.tls_cert, "");
    assert_string_equal(conf.rules, "");
    assert_string_equal(conf.proxy, "");
    assert_true(conf.redis_embedded && conf.limits);
    assert_int_equal(conf.reserve_bytes, -1);
    assert_int_equal(conf.threads, 0);
    assert_int_equal(conf.retention_ms, INT64_C(365) * 86400000);
    assert_int_equal(conf.journal_keep_ms, 15 * 60000);
    assert_int_equal(conf.log, LOG_INFO);
}

static void every_setting_is_taken(void **state)
{
    (void)state;
    must_parse("\xEF\xBB\xBF" /* a byte order mark and CRLF do no harm */
               "data /srv/postern   # on its own disk\r\n"
               "keys secret/keys\n"
               "listen\tpublic\t[2001:db8::1]:443\n"
               "listen staff 10.0.0.7:0\n"
               "tls tls/chain.pem /tls/key.pem\n"
               "redis tcp:127.0.0.1:6390\n"
               "mail smtp://a.example smtps://[::1]:465\n"
               "mail-from \"Example, Support\" <help+de@example.com>\n"
               "authserv-id mx.example.com  1\n"
               "brand 例え C#1 Cloud\n"
               "help-phone +886 2 1234 5678 # day and night\n"
               "clamd unix:/run/clamd\n"
               "retention 24h\njournal-keep 30d\nreserve 2G\nthreads 4\nlimits on\nlog trace\n"
               "origin https://Support.Example.com:443/\n"
               "rules my.rules\nproxy 10.0.0.0/8 ::1\n");
    assert_string_equal(conf.data, "/srv/postern");
    assert_string_equal(conf.keys, "/etc/postern/secret/keys");
    assert_string_equal(conf.listen[CONF_PUBLIC].host, "2001:db8::1");
    assert_int_equal(conf.listen[CONF_PUBLIC].port, 443);
    assert_string_equal(conf.tls_cert, "/etc/postern/tls/chain.pem");
    assert_string_equal(conf.tls_key, "/tls/key.pem");
    assert_false(conf.redis_embedded);
    assert_string_equal(conf.redis.host, "127.0.0.1");
    assert_int_equal(conf.redis.port, 6390);
    assert_string_equal(conf.relay[0].url, "smtp://a.example");
    assert_string_equal(conf.relay[1].url, "smtps://[::1]:465");
    assert_string_equal(conf.mail_from_name, "Example, Support");
    assert_string_equal(conf.mail_from_address, "help+de@example.com");
    assert_string_equal(conf.authserv_id, "mx.example.com");
    assert_int_equal(conf.authserv_below, 1);
    assert_string_equal(conf.brand, "例え C#1 Cloud");
    assert_string_equal(conf.help_phone, "+886 2 1234 5678");
    assert_string_equal(conf.clamd, "/run/clamd");
    assert_int_equal(conf.retention_ms, 86400000);
    assert_int_equal(conf.journal_keep_ms, INT64_C(30) * 86400000);
    assert_int_equal(conf.reserve_bytes, INT64_C(2) << 30);
    assert_int_equal(conf.threads, 4);
    assert_int_equal(conf.log, LOG_TRACE);
    assert_string_equal(conf.origin, "https://support.example.com");
    assert_string_equal(conf.origin_staff, "https://10.0.0.7:0");
    assert_string_equal(conf.rules, "/etc/postern/my.rules");
    assert_string_equal(conf.proxy, "10.0.0.0/8 ::1");
}

static void overrides_win_and_the_last_one_of_a_name(void **state)
{
    static const struct conf_override o[] = {
        {"listen", "staff 127.0.0.1:0"}, {"brand", "One"}, {"brand", "Two # not a comment"}, {"data", "./d"}};
    struct buf faults = {0};

    (void)state;
    assert_int_equal(parse("listen staff 127.0.0.1:9\nlisten admin 127.0.0.1:8\nbrand Zero\n", o, 4, &faults), ERR_OK);
    assert_int_equal(conf.listen[CONF_STAFF].port, 0);
    assert_int_equal(conf.listen[CONF_ADMIN].port, 8);
    assert_string_equal(conf.brand, "Two # not a comment");
    assert_string_equal(conf.data, "/etc/postern/d");
    assert_string_equal(conf.keys, "/etc/postern/d/keys");
    assert_string_equal(conf.origin_staff, "https://localhost:0");
    buf_free(&faults);
}

static void faults_of_overrides_say_which(void **state)
{
    static const struct conf_override o[] = {{"log", "info"}, {"colour", "red"}, {"limits", "off"}};
    struct buf faults = {0};

    (void)state;
    assert_int_equal(parse("listen public 192.0.2.1:443", o, 3, &faults), ERR_CONF);
    assert_string_equal(buf_view(&faults).at,
                        "-o:2: no setting is called colour\n"
                        "-o:3: limits may be off only where every listener is on loopback; public is on 192.0.2.1\n");
    buf_free(&faults);
}

/* ---- files ---- */

static char folder[] = "/tmp/conf_test.XXXXXX";

static void put(const char *name, const char *text, mode_t mode)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);

    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
}

static enum err read_file(const char *name, struct buf *faults)
{
    char path[128];

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return conf_read(&conf, path, NULL, 0, faults);
}

static void secrets_come_from_files_of_their_own(void **state)
{
    struct buf faults = {0};

    (void)state;
    put("good.conf", "redis tcp:127.0.0.1:1\nredis-auth r.auth\nmail smtp://localhost\nmail-auth m.auth\n", 0644);
    put("r.auth", "postern  s3cret\n", 0600);
    put("m.auth", "robot@example.com\nhunter2\n", 0640);
    assert_int_equal(read_file("good.conf", &faults), ERR_OK);
    assert_string_equal(conf.redis.user, "postern");
    assert_string_equal(conf.redis.password, "s3cret");
    assert_string_equal(conf.mail_user, "robot@example.com");
    assert_string_equal(conf.mail_password, "hunter2");

    put("m.auth", "one-word\n", 0640);
    assert_int_equal(read_file("good.conf", &faults), ERR_CONF);
    assert_non_null(
        strstr(buf_view(&faults).at,
               "good.conf:4: mail-auth names a file that does not hold a user and a password, two words\n"));
    buf_free(&faults);
}

static void a_file_that_cannot_be_read_is_told_by_name(void **state)
{
    struct buf faults = {0};

    (void)state;
    assert_int_equal(conf_read(&conf, "/nowhere/postern.conf", NULL, 0, &faults), ERR_ABSENT);
    assert_string_equal(buf_view(&faults).at, "/nowhere/postern.conf: No such file or directory\n");
    buf_free(&faults);
    assert_int_equal(conf_read(&conf, "/tmp", NULL, 0, &faults), ERR_CONF);
    assert_string_equal(buf_view(&faults).at, "/tmp: Is a directory\n");
    buf_free(&faults);
}

static void without_a_file_paths_start_here(void **state)
{
    struct buf faults = {0};

    (void)state;
    assert_int_equal(conf_read(&conf, "", NULL, 0, &faults), ERR_OK);
    assert_string_equal(conf.data, "var");
    assert_string_equal(conf.file, "");
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"good.conf", "r.auth", "m.auth"};
    char path[128];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_is_told_with_its_line),
        cmocka_unit_test(unknown_names_are_met_with_a_guess),
        cmocka_unit_test(faults_without_end_are_cut),
        cmocka_unit_test(an_empty_file_gives_the_defaults),
        cmocka_unit_test(every_setting_is_taken),
        cmocka_unit_test(overrides_win_and_the_last_one_of_a_name),
        cmocka_unit_test(faults_of_overrides_say_which),
        cmocka_unit_test(secrets_come_from_files_of_their_own),
        cmocka_unit_test(a_file_that_cannot_be_read_is_told_by_name),
        cmocka_unit_test(without_a_file_paths_start_here),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
