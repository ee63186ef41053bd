/*
 * Workers of a capture file: what is opened, and that a pipe in its place keeps nobody.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/prefix_set.h"
#include "pipeline/workers.h"

static char folder[] = "/tmp/test_workers_file.XXXXXX";

/* Empty, of Ethernet. */
static const uint32_t capture[] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1};

static int open_fds(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Opens it as workers do, by this name. */
static int open_file(const char *path, struct error *error)
{
	char *words[] = {(char *)"tcpmetro", (char *)"-r", (char *)path, NULL};
	const struct prefix_set local = {0};
	struct interface_names interfaces;
	struct workers workers;
	struct options options;
	int result;

	if (options_parse(3, words, &options, error) != 0)
		fail_msg("%s", error->text);
	interface_names_init(&interfaces);
	result = workers_open(&workers, &options, &interfaces, &local, NULL, error);
	if (result == 0) {
		assert_int_equal(workers.count, 1);
		assert_false(workers.all[0].live);
	}
	workers_done(&workers);
	interface_names_done(&interfaces);
	options_done(&options);
	return result;
}

static const char *place(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void refused(const char *path, int errnum, const char *words)
{
	const int before = open_fds();
	struct error error = {""};

	assert_int_equal(open_file(path, &error), -errnum);
	if (!strstr(error.text, path) || !strstr(error.text, words))
		fail_msg("\"%s\" has not \"%s\"", error.text, words);
	assert_int_equal(open_fds(), before);
}

static void a_file(void **state)
{
	const char *path = place("capture");
	FILE *file = fopen(path, "w");
	const int before = open_fds() - 1;
	struct error error = {""};

	(void)state;
	assert_non_null(file);
	assert_int_equal(fwrite(capture, sizeof(capture), 1, file), 1);
	fclose(file);
	if (open_file(path, &error) != 0)
		fail_msg("%s", error.text);
	assert_int_equal(open_fds(), before);
	/* A link to it is as good. */
	assert_int_equal(symlink("capture", place("link")), 0);
	assert_int_equal(open_file(place("link"), &error), 0);
	unlink(place("link"));
	unlink(place("capture"));
}

/* Without a writer, and with one that stays silent: neither may take any time. */
static void a_pipe(void **state)
{
	const char *path = place("pipe");
	int both;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(20);
	refused(path, EINVAL, "is not a regular file");
	both = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_true(both >= 0);
	refused(path, EINVAL, "is not a regular file");
	alarm(0);
	close(both);
	unlink(path);
}

static void others(void **state)
{
	const char *path;

	(void)state;
	refused(folder, EINVAL, "is not a regular file");
	refused("/dev/null", EINVAL, "is not a regular file");
	refused(place("nothing"), ENOENT, "cannot read");
	/* What is read is the file of this name, never standard input. */
	refused("-", ENOENT, "cannot read");
	path = place("empty");
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	refused(path, ENODATA, "it is empty");
	unlink(path);
}

static int start(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file),
		cmocka_unit_test(a_pipe),
		cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
