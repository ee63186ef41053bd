/*
 * The service's log, in a real file, a real pipe and a real socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "system/log.h"
#include "system/message.h"

static char folder[] = "/tmp/test_log.XXXXXX";
static char path[64];
static char content[1 << 20];
static int real_stderr;

/* The whole file, "" if there is none. */
static const char *read_file(const char *name)
{
	const int fd = open(name, O_RDONLY);
	const ssize_t got = fd < 0 ? 0 : read(fd, content, sizeof(content) - 1);

	content[got > 0 ? got : 0] = '\0';
	if (fd >= 0)
		close(fd);
	return content;
}

static unsigned count_of(const char *text, const char *part)
{
	unsigned count = 0;

	for (const char *at = text; (at = strstr(at, part)); at++)
		count++;
	return count;
}

static void open_log(const char *file, enum log_level level)
{
	const struct log_settings settings = {.level = level, .file = file};
	struct error error;

	if (log_open(&settings, &error) != 0)
		fail_msg("%s", error.text);
}

/* What is on standard error from now on goes to fd. */
static void redirect(int fd)
{
	dup2(fd, STDERR_FILENO);
}

static int begin(void **state)
{
	(void)state;
	real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/log", folder);
	return 0;
}

static int clear(void **state)
{
	char name[80];

	(void)state;
	log_close();
	redirect(real_stderr);
	unlink(path);
	for (int i = 1; i <= LOG_ROTATE_KEPT + 1; i++) {
		snprintf(name, sizeof(name), "%s.%d", path, i);
		unlink(name);
	}
	return 0;
}

static int end(void **state)
{
	(void)state;
	rmdir(folder);
	return 0;
}

static void format_and_levels(void **state)
{
	int year, month, day, hour, minute, second, used = 0;
	struct stat status;

	(void)state;
	open_log(path, LOG_LEVEL_INFO);
	log_line(LOG_LEVEL_DEBUG, "unseen");
	log_line(LOG_LEVEL_WARNING, "eth%d: gone", 0);
	read_file(path);
	assert_int_equal(sscanf(content, "%4d-%2d-%2d %2d:%2d:%2d UTC | WARNING | eth0: gone\n%n",
				&year, &month, &day, &hour, &minute, &second, &used),
			 6);
	assert_int_equal(used, strlen(content));
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0137, 0);
	open_log(path, LOG_LEVEL_ERROR);
	log_line(LOG_LEVEL_WARNING, "unseen");
	log_line(LOG_LEVEL_ERROR, "one");
	log_line(LOG_LEVEL_CRITICAL, "two");
	open_log(path, LOG_LEVEL_TRACE);
	log_line(LOG_LEVEL_TRACE, "three");
	log_line(LOG_LEVEL_DEBUG, "four");
	log_line(LOG_LEVEL_INFO, "five");
	read_file(path);
	for (unsigned i = 0; i < 5; i++)
		assert_non_null(
			strstr(content, (const char *[]){"| ERROR | one\n", "| CRITICAL | two\n",
							 "| TRACE | three\n", "| DEBUG | four\n",
							 "| INFO | five\n"}[i]));
	assert_null(strstr(content, "unseen"));
	assert_string_equal(log_level_name(LOG_LEVEL_CRITICAL), "critical");
	assert_string_equal(log_level_name(6), "?");
}

static void local_time(void **state)
{
	const struct log_settings settings = {
		.level = LOG_LEVEL_INFO, .file = path, .local_time = true};
	const time_t now = time(NULL) + 5 * 3600 + 45 * 60;
	char hour[16];
	struct tm parts;

	(void)state;
	setenv("TZ", "XYZ-5:45", 1);
	assert_int_equal(log_open(&settings, NULL), 0);
	log_line(LOG_LEVEL_INFO, "here");
	unsetenv("TZ");
	read_file(path);
	strftime(hour, sizeof(hour), "%F %H:", gmtime_r(&now, &parts));
	assert_non_null(strstr(content, " XYZ | INFO | here\n"));
	if (strncmp(content, hour, strlen(hour)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", content, hour);
}

static void control_characters(void **state)
{
	char line[3000];

	(void)state;
	open_log(path, LOG_LEVEL_INFO);
	log_message("a\nb\x1b[31m\x7f\xc2\x9b"
		    "c \xc3\xa4");
	read_file(path);
	assert_non_null(strstr(content, "| WARNING | a?b?[31m???c \xc3\xa4\n"));
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	log_line(LOG_LEVEL_INFO, "%s", line);
	read_file(path);
	assert_int_equal(count_of(content, "\n"), 2);
	assert_int_equal(content[strlen(content) - 1], '\n');
}

static void messages(void **state)
{
	(void)state;
	open_log(path, LOG_LEVEL_INFO);
	message_redirect(log_message);
	message_print("file \"%s\" is short", "a\nb");
	message_hold(true);
	message_print("held");
	assert_null(strstr(read_file(path), "held"));
	message_hold(false);
	message_redirect(NULL);
	read_file(path);
	assert_non_null(strstr(content, "| WARNING | file \"a?b\" is short\n"));
	assert_non_null(strstr(content, "| WARNING | held\n"));
}

static void reopened(void **state)
{
	char moved[80];

	(void)state;
	snprintf(moved, sizeof(moved), "%s.1", path);
	open_log(path, LOG_LEVEL_INFO);
	log_line(LOG_LEVEL_INFO, "first");
	assert_int_equal(rename(path, moved), 0);
	log_line(LOG_LEVEL_INFO, "second");
	log_reopen();
	log_line(LOG_LEVEL_INFO, "third");
	read_file(moved);
	assert_true(strstr(content, "first") && strstr(content, "second"));
	read_file(path);
	assert_true(strstr(content, "third") && !strstr(content, "second"));
	/* It cannot be: the open one stays in use, which is logged. */
	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	log_reopen();
	log_line(LOG_LEVEL_INFO, "fourth");
	assert_int_equal(rmdir(path), 0);
	read_file(moved);
	assert_true(strstr(content, "third") && strstr(content, "fourth"));
	assert_non_null(strstr(content, "cannot reopen the log"));
}

static void cannot_be_opened(void **state)
{
	const struct log_settings settings = {.file = "/nonexistent/log"};
	struct error error;

	(void)state;
	open_log(path, LOG_LEVEL_INFO);
	assert_int_equal(log_open(&settings, &error), -ENOENT);
	assert_non_null(strstr(error.text, "/nonexistent/log"));
	/* The previous setting stays in effect. */
	log_line(LOG_LEVEL_INFO, "still");
	assert_non_null(strstr(read_file(path), "still"));
}

/* Whoever may write into the folder must gain nothing by it. */
static void roots_files(void **state)
{
	struct log_settings settings = {.file = path};
	struct error error;
	struct stat status;
	char other[80];

	(void)state;
	if (geteuid() != 0)
		skip();
	snprintf(other, sizeof(other), "%s/other", folder);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(log_open(&settings, &error), -ELOOP);
	assert_non_null(strstr(error.text, "symbolic link"));
	assert_int_not_equal(stat(other, &status), 0);
	unlink(path);

	open_log(path, LOG_LEVEL_INFO);
	assert_int_equal(log_give(65534, 65534), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_uid, 65534);
	assert_int_equal(link(path, other), 0);
	assert_int_equal(log_give(0, 0), -EPERM);
	unlink(other);
}

/* Requested output is logged at any level. */
static void always(void **state)
{
	(void)state;
	open_log(path, LOG_LEVEL_CRITICAL);
	log_line(LOG_LEVEL_ERROR, "not this");
	log_always("but %s", "this");
	assert_int_equal(count_of(read_file(path), "not this"), 0);
	assert_int_equal(count_of(read_file(path), " | INFO | but this\n"), 1);
}

static void rotated(void **state)
{
	char name[80];

	(void)state;
	open_log(path, LOG_LEVEL_INFO);
	for (int i = 1; i <= LOG_ROTATE_KEPT + 2; i++) {
		log_line(LOG_LEVEL_INFO, "turn %d", i);
		/* A hole, which takes no room on the disk. */
		assert_int_equal(truncate(path, LOG_ROTATE_BYTES + 1), 0);
	}
	log_line(LOG_LEVEL_INFO, "turn %d", LOG_ROTATE_KEPT + 3);
	for (int i = 0; i <= LOG_ROTATE_KEPT; i++) {
		char expected[32];

		snprintf(name, sizeof(name), i ? "%s.%d" : "%s", path, i);
		snprintf(expected, sizeof(expected), "turn %d\n", LOG_ROTATE_KEPT + 3 - i);
		if (!strstr(read_file(name), expected))
			fail_msg("%s does not hold \"%s\"", name, expected);
	}
	snprintf(name, sizeof(name), "%s.%d", path, LOG_ROTATE_KEPT + 1);
	assert_int_equal(access(name, F_OK), -1);
}

static void rotation_refused(void **state)
{
	char blocked[80], inside[96];

	(void)state;
	/* A folder that is not empty cannot be replaced by a file, not even by root. */
	snprintf(blocked, sizeof(blocked), "%s.1", path);
	snprintf(inside, sizeof(inside), "%s/x", blocked);
	assert_int_equal(mkdir(blocked, 0700) | mkdir(inside, 0700), 0);
	for (int i = 2; i <= LOG_ROTATE_KEPT; i++) {
		/* Nor may the folder itself go on to the next number. */
		char next[80], deep[96];

		snprintf(next, sizeof(next), "%s.%d", path, i);
		snprintf(deep, sizeof(deep), "%s/x", next);
		assert_int_equal(mkdir(next, 0700) | mkdir(deep, 0700), 0);
	}
	open_log(path, LOG_LEVEL_INFO);
	assert_int_equal(truncate(path, LOG_ROTATE_BYTES + 1), 0);
	log_line(LOG_LEVEL_INFO, "one");
	log_line(LOG_LEVEL_INFO, "two");

	const int fd = open(path, O_RDONLY);
	char tail[1024] = "";

	assert_true(fd >= 0 && pread(fd, tail, sizeof(tail) - 1, LOG_ROTATE_BYTES + 1) > 0);
	close(fd);
	for (int i = 1; i <= LOG_ROTATE_KEPT; i++) {
		snprintf(blocked, sizeof(blocked), "%s.%d", path, i);
		snprintf(inside, sizeof(inside), "%s/x", blocked);
		rmdir(inside);
		rmdir(blocked);
	}
	assert_int_equal(count_of(tail, "it keeps growing"), 1);
	assert_true(strstr(tail, "one\n") && strstr(tail, "two\n"));
}

static void limited(void **state)
{
	(void)state;
	open_log(path, LOG_LEVEL_INFO);
	for (int i = 0; i < LOG_BURST + 50; i++)
		log_line(LOG_LEVEL_WARNING, "flood");
	/* Errors have a limit of their own. */
	log_line(LOG_LEVEL_ERROR, "an error");
	read_file(path);
	assert_in_range(count_of(content, "flood"), LOG_BURST, LOG_BURST + 1);
	assert_int_equal(count_of(content, "an error"), 1);
	for (int i = 0; i < LOG_BURST + 50; i++)
		log_line(LOG_LEVEL_CRITICAL, "disaster");
	assert_in_range(count_of(read_file(path), "disaster"), LOG_BURST - 1, LOG_BURST);
	assert_null(strstr(content, "suppressed"));
	/* Room for the line that tells, and for this one. */
	usleep(2 * 60 * 1000000 / LOG_PER_MINUTE + 100000);
	log_line(LOG_LEVEL_INFO, "again");
	log_line(LOG_LEVEL_INFO, "and again");
	read_file(path);
	assert_int_equal(count_of(content, "WARNING | 50 lines were suppressed") +
				 count_of(content, "WARNING | 49 lines were suppressed"),
			 1);
	assert_int_equal(count_of(content, "again"), 1);
	/* The end tells the rest. */
	log_close();
	read_file(path);
	assert_int_equal(count_of(content, "INFO | 1 lines were suppressed"), 1);
	assert_int_equal(count_of(content, "CRITICAL | 51 lines were suppressed") +
				 count_of(content, "CRITICAL | 50 lines were suppressed"),
			 1);
}

/* A reader that does not read: lines are lost, and reported once it does. */
static void full_pipe(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	open_log(NULL, LOG_LEVEL_INFO);
	redirect(ends[1]);
	for (int i = 0; i < LOG_BURST; i++)
		log_line(LOG_LEVEL_WARNING, "%01000d", i);
	/* The descriptor that others share is as it was. */
	assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);

	const ssize_t got = read(ends[0], content, sizeof(content) - 1);

	assert_true(got > 10000);
	content[got] = '\0';
	assert_int_equal(content[got - 1], '\n');

	const unsigned taken = count_of(content, "\n");
	char expected[64];

	log_line(LOG_LEVEL_ERROR, "after it");
	content[read(ends[0], content, sizeof(content) - 1)] = '\0';
	snprintf(expected, sizeof(expected), "| %u lines of the log were lost", LOG_BURST - taken);
	redirect(real_stderr);
	close(ends[0]);
	close(ends[1]);
	if (!strstr(content, expected))
		fail_msg("\"%s\" lacks \"%s\"", content, expected);
	assert_non_null(strstr(content, "ERROR | after it\n"));
}

static void no_reader(void **state)
{
	int ends[2];

	(void)state;
	open_log(NULL, LOG_LEVEL_INFO);
	assert_int_equal(pipe(ends), 0);
	redirect(ends[1]);
	close(ends[1]);
	close(ends[0]);
	/* SIGPIPE ends this program where it is raised. */
	log_line(LOG_LEVEL_INFO, "to a reader that went");
	close(STDERR_FILENO);
	log_line(LOG_LEVEL_INFO, "to nowhere");
	/* The log's file does not take the place of standard error. */
	open_log(path, LOG_LEVEL_INFO);
	assert_int_equal(fcntl(STDERR_FILENO, F_GETFD), -1);
	redirect(real_stderr);
	log_line(LOG_LEVEL_INFO, "to a file");
	assert_non_null(strstr(read_file(path), "| 2 lines of the log were lost"));
	assert_non_null(strstr(content, "to a file"));
}

/* A file that cannot grow, as on a full disk: a line is cut, the next one starts at its beginning.
 */
static void full_disk(void **state)
{
	struct rlimit before, small;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	open_log(path, LOG_LEVEL_INFO);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 100;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	log_line(LOG_LEVEL_INFO, "first, which is whole");
	log_line(LOG_LEVEL_INFO, "second, of which there is a part");
	log_line(LOG_LEVEL_INFO, "third");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	log_line(LOG_LEVEL_INFO, "fourth");
	read_file(path);
	assert_non_null(strstr(content, "first, which is whole\n"));
	assert_non_null(strstr(content, "| WARNING | 2 lines of the log were lost"));
	assert_non_null(strstr(content, "UTC | INFO | fourth\n"));
	assert_int_equal(count_of(content, "\n"), 4);
}

static void devices(void **state)
{
	const struct log_settings full = {.level = LOG_LEVEL_INFO, .file = "/dev/full"};
	const struct log_settings pipe_file = {.level = LOG_LEVEL_INFO, .file = path};

	(void)state;
	assert_int_equal(log_open(&full, NULL), 0);
	log_line(LOG_LEVEL_INFO, "lost");
	/* A named pipe that nobody reads keeps nobody waiting. */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(log_open(&pipe_file, NULL), -ENXIO);
	unlink(path);
	open_log(path, LOG_LEVEL_INFO);
	log_line(LOG_LEVEL_INFO, "not lost");
	assert_non_null(strstr(read_file(path), "| 1 lines of the log were lost here: No space"));
}

static void journal(void **state)
{
	char stream[64];
	struct stat status;
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(fstat(ends[1], &status), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
		 (unsigned long long)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	redirect(ends[1]);
	open_log(NULL, LOG_LEVEL_DEBUG);
	log_line(LOG_LEVEL_DEBUG, "a");
	log_line(LOG_LEVEL_INFO, "b");
	log_line(LOG_LEVEL_WARNING, "c");
	log_line(LOG_LEVEL_ERROR, "d");
	log_line(LOG_LEVEL_CRITICAL, "e");
	/* Set, but standard error is somewhere else. */
	setenv("JOURNAL_STREAM", "1:1", 1);
	log_line(LOG_LEVEL_INFO, "f");
	unsetenv("JOURNAL_STREAM");
	content[read(ends[0], content, sizeof(content) - 1)] = '\0';
	redirect(real_stderr);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(strncmp(content, "<7>a\n<6>b\n<4>c\n<3>d\n<2>e\n2", 26), 0);
	assert_non_null(strstr(content, "UTC | INFO | f\n"));
}

static void *chatter(void *user)
{
	for (int i = 0; i < 12; i++) {
		log_line(LOG_LEVEL_INFO, "thread %d line %d, to its end", *(int *)user, i);
		log_line(LOG_LEVEL_ERROR, "thread %d error %d, to its end", *(int *)user, i);
		if (i % 4 == 0)
			log_reopen();
	}
	return NULL;
}

static void many_threads(void **state)
{
	pthread_t threads[8];
	int numbers[8];

	(void)state;
	open_log(path, LOG_LEVEL_INFO);
	for (int i = 0; i < 8; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, chatter, &numbers[i]), 0);
	}
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	read_file(path);
	assert_int_equal(count_of(content, ", to its end\n2"), 8 * 12 * 2 - 1);
	assert_int_equal(count_of(content, "\n"), 8 * 12 * 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(format_and_levels, clear),
		cmocka_unit_test_teardown(local_time, clear),
		cmocka_unit_test_teardown(control_characters, clear),
		cmocka_unit_test_teardown(messages, clear),
		cmocka_unit_test_teardown(reopened, clear),
		cmocka_unit_test_teardown(cannot_be_opened, clear),
		cmocka_unit_test_teardown(roots_files, clear),
		cmocka_unit_test_teardown(always, clear),
		cmocka_unit_test_teardown(rotated, clear),
		cmocka_unit_test_teardown(rotation_refused, clear),
		cmocka_unit_test_teardown(limited, clear),
		cmocka_unit_test_teardown(full_pipe, clear),
		cmocka_unit_test_teardown(no_reader, clear),
		cmocka_unit_test_teardown(full_disk, clear),
		cmocka_unit_test_teardown(devices, clear),
		cmocka_unit_test_teardown(journal, clear),
		cmocka_unit_test_teardown(many_threads, clear),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
