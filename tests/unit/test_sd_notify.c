/*
 * What the service manager hears, on a socket of its kind.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "system/sd_notify.h"

static char path[64];
static int manager = -1;

static int listen_at(void **state)
{
	struct sockaddr_un place = {.sun_family = AF_UNIX};

	(void)state;
	snprintf(path, sizeof(path), "/tmp/test_notify.%d", (int)getpid());
	snprintf(place.sun_path, sizeof(place.sun_path), "%s", path);
	manager = socket(AF_UNIX, SOCK_DGRAM, 0);
	setenv("NOTIFY_SOCKET", path, 1);
	return bind(manager, (struct sockaddr *)&place, sizeof(place));
}

static int leave(void **state)
{
	(void)state;
	close(manager);
	unlink(path);
	unsetenv("NOTIFY_SOCKET");
	return 0;
}

/* The next word, "" if there is none. */
static const char *heard(void)
{
	static char text[2048];
	const ssize_t got = recv(manager, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[got > 0 ? got : 0] = '\0';
	return text;
}

static void words(void **state)
{
	char long_status[4000];

	(void)state;
	sd_notify_ready("2 interfaces");
	assert_string_equal(heard(), "READY=1\nSTATUS=2 interfaces");
	sd_notify_status("busy 100%s");
	assert_string_equal(heard(), "STATUS=busy 100%s");
	sd_notify_stopping();
	assert_string_equal(heard(), "STOPPING=1");
	sd_notify_alive();
	assert_string_equal(heard(), "WATCHDOG=1");
	/* No order can be slipped in. */
	sd_notify_status("a\nMAINPID=1");
	assert_string_equal(heard(), "STATUS=a?MAINPID=1");
	memset(long_status, 'x', sizeof(long_status) - 1);
	long_status[sizeof(long_status) - 1] = '\0';
	sd_notify_status(long_status);
	assert_in_range(strlen(heard()), 100, 1000);
}

static void reload(void **state)
{
	struct timespec before, after;
	int64_t told;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &before);
	sd_notify_reloading();
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_int_equal(sscanf(heard(), "RELOADING=1\nMONOTONIC_USEC=%" SCNd64, &told), 1);
	assert_true(told >= before.tv_sec * 1000000 + before.tv_nsec / 1000);
	assert_true(told <= after.tv_sec * 1000000 + after.tv_nsec / 1000);
}

static void watchdog(void **state)
{
	char pid[16];

	(void)state;
	assert_int_equal(sd_notify_watchdog_ns(), 0);
	setenv("WATCHDOG_USEC", "30000000", 1);
	assert_int_equal(sd_notify_watchdog_ns(), INT64_C(30000000000));
	/* It is meant for another process. */
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(sd_notify_watchdog_ns(), 0);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(sd_notify_watchdog_ns(), INT64_C(30000000000));
	setenv("WATCHDOG_USEC", "18446744073709551614", 1);
	assert_int_equal(sd_notify_watchdog_ns(), 0);
	setenv("WATCHDOG_USEC", "soon", 1);
	assert_int_equal(sd_notify_watchdog_ns(), 0);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

static void no_listener(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	sd_notify_ready("up");
	sd_notify_alive();
	assert_string_equal(heard(), "");
	setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
	sd_notify_reloading();
	sd_notify_stopping();
	setenv("NOTIFY_SOCKET", path, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(reload),
		cmocka_unit_test(watchdog),
		cmocka_unit_test(no_listener),
	};

	return cmocka_run_group_tests(tests, listen_at, leave);
}
