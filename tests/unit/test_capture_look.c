/*
 * Which paths name a file of a known size, and whether it is compressed: found without
 * waiting, and without disturbing the process at a pipe's other end.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/source.h"
#include "capture_builder.h"

/* A directory of the tests' own, in which they run. */
static char directory[] = "/tmp/test_look_XXXXXX";

static int enter_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int leave_directory(void **state)
{
	static const char *const left[] = {"file", "large", "link", "-", "pipe"};

	(void)state;
	/* By a test that failed. */
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		unlink(left[i]);
	return chdir("/") == 0 ? rmdir(directory) : -1;
}

static void write_file(const char *name, const void *bytes, size_t size)
{
	const int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

/* The lowest descriptor that is free. */
static int free_descriptor(void)
{
	const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static void assert_looks(const char *path, uint64_t size, bool compressed)
{
	const int before = free_descriptor();
	struct file_look look;

	assert_true(file_source_look(path, &look));
	assert_int_equal(look.bytes, size);
	assert_int_equal(look.compressed, compressed);
	assert_int_equal(free_descriptor(), before);
}

static void assert_plain(const char *path, uint64_t size)
{
	assert_looks(path, size, false);
}

static void assert_no_file(const char *path)
{
	const int before = free_descriptor();
	struct file_look look;

	assert_false(file_source_look(path, &look));
	assert_int_equal(free_descriptor(), before);
}

/* A file of these bytes, as long as it takes. */
static void assert_file(const void *bytes, size_t size, bool compressed)
{
	write_file("file", bytes, size);
	assert_looks("file", size, compressed);
	unlink("file");
}

static void plain_files(void **state)
{
	struct builder file = {0};

	(void)state;
	pcap_header(&file);
	for (unsigned i = 1; i < 10; i++)
		pcap_record(&file, i, 100 * i);
	assert_file(file.bytes, file.size, false);
	file.size = 0;
	ng_section(&file);
	ng_interface(&file);
	assert_file(file.bytes, file.size, false);
	assert_file("x", 1, false);
	assert_file("hello, world\n", 13, false);
	/* So large are also files whose size the system does not know, as those of /proc. */
	write_file("file", "", 0);
	assert_no_file("file");
	unlink("file");
	builder_done(&file);
}

/* More bytes than 32 bits can tell, none of which is read. */
static void large_file(void **state)
{
	const uint64_t size = (UINT64_C(5) << 30) + 1;
	bool made;

	(void)state;
	write_file("large", "", 0);
	made = truncate("large", (off_t)size) == 0;
	if (made)
		assert_plain("large", size);
	unlink("large");
	if (!made)
		skip();
}

static void links(void **state)
{
	(void)state;
	write_file("file", "hello", 5);
	assert_int_equal(symlink("file", "link"), 0);
	assert_plain("link", 5);
	unlink("file");
	assert_no_file("link");
	unlink("link");
}

/* What is compressed, whether or not this build reads it. */
static void compressed_files(void **state)
{
	struct builder file = {0};
	struct builder packed = {0};

	(void)state;
	pcap_header(&file);
	pcap_record(&file, 1, 1000);
	put_gzip_stored(&packed, file.bytes, file.size);
	assert_file(packed.bytes, packed.size, true);
	packed.size = 0;
	put_zstd_raw(&packed, file.bytes, file.size);
	assert_file(packed.bytes, packed.size, true);
	packed.size = 0;
	put_zstd_skippable(&packed, 3);
	assert_file(packed.bytes, packed.size, true);
	/* No more than the beginning: it is not the reader's part to tell whether that is all. */
	assert_file("\x1f\x8b\x08", 3, true);
	assert_file("\x28\xb5\x2f\xfd", 4, true);
	assert_file("\xfd"
		    "7zXZ\0",
		    6, true);
	builder_done(&packed);
	builder_done(&file);
}

/* "-" is standard input, even where that is a plain file or a file has this name. */
static void standard_input(void **state)
{
	const int kept = dup(STDIN_FILENO);
	int fd;

	(void)state;
	write_file("-", "hello", 5);
	fd = open("-", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_true(dup2(fd, STDIN_FILENO) >= 0);
	assert_no_file("-");
	assert_plain("./-", 5);
	assert_int_equal(lseek(STDIN_FILENO, 0, SEEK_CUR), 0);
	close(STDIN_FILENO);
	if (kept >= 0) {
		dup2(kept, STDIN_FILENO);
		close(kept);
	}
	close(fd);
	unlink("-");
}

static void no_files(void **state)
{
	(void)state;
	assert_no_file("/");
	assert_no_file(".");
	assert_no_file("/dev/null");
	assert_no_file("/dev/zero");
	assert_no_file("missing");
	assert_no_file("missing/file");
	assert_no_file("");
	write_file("file", "hello", 5);
	assert_no_file("file/below");
	unlink("file");
}

/* Who opens a pipe to write waits there until somebody reads. */
static atomic_bool about_to_wait;
static atomic_bool let_through;

static void *wait_for_reader(void *argument)
{
	int fd;

	atomic_store(&about_to_wait, true);
	fd = open(argument, O_WRONLY | O_CLOEXEC);
	atomic_store(&let_through, true);
	return (void *)(intptr_t)fd;
}

static void pause_ms(long ms)
{
	const struct timespec pause = {.tv_nsec = ms * 1000000};

	nanosleep(&pause, NULL);
}

/* Whether the kernel has reported an open() since the last call. */
static bool was_opened(int watch)
{
	char events[sizeof(struct inotify_event) + 256];

	return read(watch, events, sizeof(events)) > 0;
}

static void pipe_without_writer(void **state)
{
	const int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	int reader;

	(void)state;
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_true(watch >= 0);
	assert_true(inotify_add_watch(watch, "pipe", IN_OPEN) >= 0);
	alarm(20); /* rather than to wait for ever */
	assert_no_file("pipe");
	alarm(0);
	assert_false(was_opened(watch));
	/* So it would have been seen. */
	reader = open("pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(was_opened(watch));
	close(reader);
	close(watch);
	unlink("pipe");
}

static void pipe_with_a_writer_that_waits(void **state)
{
	pthread_t writer;
	void *result;
	int reader;

	(void)state;
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(pthread_create(&writer, NULL, wait_for_reader, (void *)"pipe"), 0);
	while (!atomic_load(&about_to_wait))
		pause_ms(1);
	pause_ms(50);
	alarm(20);
	for (int i = 0; i < 100; i++) {
		struct file_look look;

		assert_false(file_source_look("pipe", &look));
	}
	pause_ms(50);
	assert_false(atomic_load(&let_through));
	reader = open("pipe", O_RDONLY | O_CLOEXEC);
	assert_int_equal(pthread_join(writer, &result), 0);
	alarm(0);
	assert_true(atomic_load(&let_through));
	assert_true((intptr_t)result >= 0);
	close((int)(intptr_t)result);
	close(reader);
	unlink("pipe");
}

/* A file that is still being written: what is beyond the bound is not seen, as if it were not
 * there. */
static void ends_at_the_bound(void **state)
{
	struct builder file = {0};
	size_t whole;

	(void)state;
	pcap_header(&file);
	for (unsigned i = 1; i <= 3; i++)
		pcap_record(&file, i, 200000);
	whole = file.size;
	pcap_record(&file, 4, 100);
	write_file("file", file.bytes, file.size);
	for (size_t cut = 0; cut < 2; cut++) {
		struct tcpm_frame frames[8];
		struct source *source;
		struct error error;
		int records = 0;
		int count;

		assert_int_equal(file_source_open_upto("file", whole - cut, &source, &error), 0);
		while ((count = source_next(source, frames, 8, &error)) > 0)
			records += count;
		assert_int_equal(records, 3 - (int)cut);
		assert_int_equal(count, cut ? -EBADMSG : 0);
		source_close(source);
	}
	unlink("file");
	builder_done(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_at_the_bound),
		cmocka_unit_test(plain_files),
		cmocka_unit_test(large_file),
		cmocka_unit_test(links),
		cmocka_unit_test(compressed_files),
		cmocka_unit_test(standard_input),
		cmocka_unit_test(no_files),
		cmocka_unit_test(pipe_without_writer),
		cmocka_unit_test(pipe_with_a_writer_that_waits),
	};

	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
