/* notify: what the service manager hears, on a real socket. */
#include "gateway/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static int manager;

/* A name of the abstract space that no other run has. */
static int listen_as_manager(void **state)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    char name[64];
    int n = snprintf(name, sizeof name, "@postern-notify-test-%d", (int)getpid());

    (void)state;
    memcpy(a.sun_path + 1, name + 1, (size_t)n - 1);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return manager < 0 || setenv("NOTIFY_SOCKET", name, 1) != 0 ||
           bind(manager, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n)) != 0;
}

static int stop_listening(void **state)
{
    (void)state;
    (void)unsetenv("NOTIFY_SOCKET");
    return close(manager);
}

static const char *heard(void)
{
    static char text[1024];
    ssize_t n = recv(manager, text, sizeof text - 1, 0);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void every_moment_of_a_service_is_told(void **state)
{
    (void)state;
    assert_true(notify_ready("public 8443, staff 8444"));
    assert_string_equal(heard(), "READY=1\nSTATUS=public 8443, staff 8444");
    assert_true(notify_ready(""));
    assert_string_equal(heard(), "READY=1");
    assert_true(notify_reloading());
    assert_int_equal(strncmp(heard(), "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
    assert_true(notify_stopping("draining"));
    assert_string_equal(heard(), "STOPPING=1\nSTATUS=draining");
    assert_string_equal(heard(), "");
}

static void a_status_without_end_is_cut(void **state)
{
    char status[2000];

    (void)state;
    memset(status, 'x', sizeof status);
    status[sizeof status - 1] = '\0';
    assert_true(notify_ready(status));
    assert_int_equal(strlen(heard()), strlen("READY=1\nSTATUS=") + 400);
}

static void without_a_manager_nothing_happens(void **state)
{
    static const char *const names[] = {"", "@", "relative", "/nowhere/notify.sock", "@nobody-listens-here"};
    char too_long[200];

    (void)state;
    (void)unsetenv("NOTIFY_SOCKET");
    assert_false(notify_ready("up"));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(setenv("NOTIFY_SOCKET", names[i], 1), 0);
        assert_false(notify_ready("up"));
    }
    memset(too_long, '/', sizeof too_long);
    too_long[sizeof too_long - 1] = '\0';
    assert_int_equal(setenv("NOTIFY_SOCKET", too_long, 1), 0);
    assert_false(notify_ready("up"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_moment_of_a_service_is_told, listen_as_manager, stop_listening),
        cmocka_unit_test_setup_teardown(a_status_without_end_is_cut, listen_as_manager, stop_listening),
        cmocka_unit_test_setup_teardown(without_a_manager_nothing_happens, listen_as_manager, stop_listening),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
