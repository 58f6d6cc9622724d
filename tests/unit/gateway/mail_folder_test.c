/* Mails as files, and how an operator reads them. */
#include "gateway/mail/folder.h"
#include "gateway/mail/message.h"
#include "gateway/mail/show.h"
#include "rules/base/arena.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const int64_t T0 = 1795511523123;
static char root[64], folder[80];

static int setup(void **state)
{
    (void)state;
    strcpy(root, "/tmp/postern-mail-XXXXXX");
    if (mkdtemp(root) == NULL)
        return -1;
    (void)snprintf(folder, sizeof folder, "%s/mail", root);
    return 0;
}

static int teardown(void **state)
{
    DIR *d = opendir(folder);

    (void)state;
    for (struct dirent *e = d == NULL ? NULL : readdir(d); e != NULL; e = readdir(d))
        (void)unlinkat(dirfd(d), e->d_name, 0);
    if (d != NULL)
        (void)closedir(d);
    (void)rmdir(folder);
    return rmdir(root);
}

static void put(const char *id, int64_t made_ms, const char *message)
{
    char why[96] = "";

    if (folder_put(folder, id, made_ms, str_of(message), why, sizeof why) != ERR_OK)
        fail_msg("%s", why);
}

static int files(void)
{
    DIR *d = opendir(folder);
    int n = 0;

    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    (void)closedir(d);
    return n;
}

static char *shown(int last)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    assert_int_equal(mail_show(folder, last, f), ERR_OK);
    (void)fclose(f);
    return text;
}

static void test_private_and_replaced(void **state)
{
    struct stat st;
    char path[160];

    (void)state;
    put("eml_1", T0, "first");
    put("eml_1", T0, "again");
    assert_int_equal(files(), 1);
    assert_int_equal(stat(folder, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    (void)snprintf(path, sizeof path, "%s/20261124T091203123Z-eml_1.eml", folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 5);
}

static void test_faults_are_said(void **state)
{
    char why[96] = "";

    (void)state;
    assert_int_equal(folder_put("/nonexistent/x", "eml_1", T0, STR("x"), why, sizeof why), ERR_IO);
    assert_string_equal(why, "mail folder: mkdir: No such file or directory");
    assert_int_equal(mail_show(folder, 0, stdout), ERR_ABSENT);
    (void)close(creat(folder, 0600));
    assert_int_equal(folder_put(folder, "eml_1", T0, STR("x"), why, sizeof why), ERR_IO);
    assert_string_equal(why, "mail folder: open: Not a directory");
    assert_int_equal(unlink(folder), 0);
}

static void test_newest_last(void **state)
{
    (void)state;
    put("eml_2", T0 + 1, "Subject: second\r\n\r\n");
    put("eml_3", T0 + 1000, "Subject: third\r\n\r\n");
    put("eml_1", T0, "Subject: first\r\n\r\n");

    char *all = shown(0), *two = shown(2);

    assert_string_equal(all, "---- 20261124T091203123Z-eml_1.eml\nSubject: first\n\n\n"
                             "---- 20261124T091203124Z-eml_2.eml\nSubject: second\n\n\n"
                             "---- 20261124T091204123Z-eml_3.eml\nSubject: third\n\n\n");
    assert_string_equal(two, strstr(all, "---- 20261124T091203124Z"));
    free(all);
    free(two);
}

static void test_a_real_mail(void **state)
{
    struct arena *a = arena_open(4096);
    struct mail m = {.id = {"eml_1"},
                     .author = MAIL_GENERATED,
                     .from = {STR("Postern 支援"), STR("support@localhost")},
                     .to = {STR("林小美"), STR("may@example.org")},
                     .subject = STR("您的驗證碼：無法登入時仍可聯絡我們，請勿將此驗證碼告訴任何人，謝謝您的配合"),
                     .text = STR("您的驗證碼：\n\n4829 1376\n\n.\nFrom us = you \n"),
                     .html = STR("<p>4829 1376</p>"),
                     .message_id = STR("<1@localhost>"),
                     .made_ms = T0};
    struct wire_message message;
    const char *why;

    (void)state;
    assert_int_equal(message_build(&message, &m, a, &why), ERR_OK);
    put("eml_1", T0, message.bytes.at);

    char *text = shown(1);

    assert_string_equal(text, "---- 20261124T091203123Z-eml_1.eml\n"
                              "Date: Tue, 24 Nov 2026 09:12:03 +0000\n"
                              "From: Postern 支援 <support@localhost>\n"
                              "To: 林小美 <may@example.org>\n"
                              "Subject: 您的驗證碼：無法登入時仍可聯絡我們，請勿將此驗證碼告訴任何人，謝謝您的配合\n"
                              "Message-ID: <1@localhost>\n\n"
                              "您的驗證碼：\n\n4829 1376\n\n.\nFrom us = you\n\n");
    free(text);
    arena_close(a);
}

static void test_wrapped_and_harmless(void **state)
{
    (void)state;
    put("eml_1", T0,
        "Subject: a\x1b[2Jb\r\n\r\n"
        "\x1b]0;x\x07 tail \xC2\x9B\r\n"
        "aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd eeeeeeeee fffffffff ggggggggg hhhhhhhhh iiiiiiiii\r\n"
        "台台台台台台台台台台台台台台台台台台台台台台台台台台台台台台台台台台台台台台台台台\r\n");

    char *text = shown(0);

    assert_null(strpbrk(text, "\x1b\x07\r"));
    assert_non_null(strstr(text, "Subject: a\xEF\xBF\xBD[2Jb\n"));
    assert_non_null(strstr(text, "]0;x\xEF\xBF\xBD tail \xEF\xBF\xBD\n"));
    assert_non_null(strstr(text, " ggggggggg\nhhhhhhhhh iiiiiiiii\n"));
    assert_non_null(strstr(text, "台\n台台\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_private_and_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(test_faults_are_said, setup, teardown),
        cmocka_unit_test_setup_teardown(test_newest_last, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_real_mail, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrapped_and_harmless, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
