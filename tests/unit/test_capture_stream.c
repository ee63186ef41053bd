/*
 * What lies below the formats: blocks, pipes, compressed data, batches, and the
 * opening of files. The same capture must come out of each.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#ifdef HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#include "capture/byte_stream.h"
#include "capture_collect.h"

/* `count` packets of sizes that do not fit blocks evenly. */
static void put_packets(struct builder *file, unsigned count)
{
	pcap_header(file);
	for (unsigned i = 1; i <= count; i++)
		pcap_record(file, i, i * 37 % 1500);
}

static void assert_packets(const struct collected *all, size_t count)
{
	assert_clean(all, count);
	for (size_t i = 0; i < count && i < COLLECT_MAX; i++) {
		assert_int_equal(all->frames[i].frame.captured, (i + 1) * 37 % 1500);
		assert_true(all->frames[i].counts_up);
		if (all->frames[i].frame.captured > 0)
			assert_int_equal(all->frames[i].first, (i + 1) & 0xff);
	}
}

/* Writes bytes into a pipe in pieces, from a thread of its own. */
struct feeder {
	const uint8_t *bytes;
	size_t size;
	size_t piece;
	int fd;
	pthread_t thread;
};

static void *feed(void *argument)
{
	struct feeder *feeder = argument;

	for (size_t done = 0; done < feeder->size;) {
		const size_t left = feeder->size - done;
		const ssize_t written = write(feeder->fd, feeder->bytes + done,
					      left < feeder->piece ? left : feeder->piece);
		if (written < 0)
			break;
		done += (size_t)written;
	}
	close(feeder->fd);
	return NULL;
}

static struct collected *collect_pipe(const struct builder *file, size_t piece, int flags)
{
	struct feeder feeder = {
		.bytes = file->bytes,
		.size = file->size,
		.piece = piece,
	};
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	feeder.fd = ends[1];
	if (flags)
		assert_int_equal(fcntl(ends[0], F_SETFL, flags), 0);
	assert_int_equal(pthread_create(&feeder.thread, NULL, feed, &feeder), 0);
	struct collected *all = collect_fd(ends[0], 64);
	pthread_join(feeder.thread, NULL);
	return all;
}

static void pipes(void **state)
{
	(void)state;
	static const size_t pieces[] = {1, 3, 17, 4096, 1 << 20};
	struct builder file = {0};

	put_packets(&file, 150);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct collected *all = collect_pipe(&file, pieces[i], 0);
		assert_packets(all, 150);
		assert_int_equal(all->progress.bytes_done, file.size);
		assert_int_equal(all->progress.bytes_all, 0);
		free(all);
	}
	/* A pipe that says "come again" is waited for. */
	struct collected *all = collect_pipe(&file, 100, O_NONBLOCK);
	assert_packets(all, 150);
	free(all);
	builder_done(&file);
}

static void on_signal(int number)
{
	(void)number;
}

static void *send_signals(void *argument)
{
	const pthread_t *reader = argument;
	const struct timespec pause = {.tv_nsec = 20000000};

	for (int i = 0; i < 3; i++) {
		nanosleep(&pause, NULL);
		pthread_kill(*reader, SIGUSR1);
	}
	return NULL;
}

/* A signal ends the wait on a silent pipe, after what it held was handed out. */
static void interrupted_pipe(void **state)
{
	(void)state;
	const struct sigaction handler = {.sa_handler = on_signal};
	struct sigaction before;
	pthread_t reader = pthread_self();

	assert_int_equal(sigaction(SIGUSR1, &handler, &before), 0);
	for (int flags = 0; flags <= O_NONBLOCK; flags += O_NONBLOCK) {
		struct builder file = {0};
		struct source *source = NULL;
		struct tcpm_frame frames[8];
		struct error error;
		pthread_t sender;
		int ends[2];

		put_packets(&file, 2);
		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		assert_int_equal(fcntl(ends[0], F_SETFL, flags), 0);
		assert_int_equal(write(ends[1], file.bytes, file.size), file.size);
		assert_int_equal(file_source_open_fd(ends[0], "test", &source, &error), 0);
		assert_int_equal(source_next(source, frames, 8, &error), 2);
		assert_int_equal(pthread_create(&sender, NULL, send_signals, &reader), 0);
		assert_int_equal(source_next(source, frames, 8, &error), -EINTR);
		assert_int_equal(source_next(source, frames, 8, &error), -EINTR);
		pthread_join(sender, NULL);
		close(ends[1]);
		source_close(source);
		builder_done(&file);
	}
	sigaction(SIGUSR1, &before, NULL);
}

/* What a pipe holds is handed out without waiting for more. */
static void pipe_at_once(void **state)
{
	(void)state;
	struct builder file = {0};
	struct source *source = NULL;
	struct tcpm_frame frames[8];
	struct error error;
	int ends[2];

	put_packets(&file, 2);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], file.bytes, file.size), file.size);
	assert_int_equal(file_source_open_fd(ends[0], "test", &source, &error), 0);
	assert_int_equal(source_next(source, frames, 8, &error), 2);
	close(ends[1]);
	assert_int_equal(source_next(source, frames, 8, &error), 0);
	source_close(source);
	builder_done(&file);
}

/* Several blocks, in batches of many sizes: records that lie across a block's end,
 * and frames that stay readable until the next call. */
static void blocks_and_batches(void **state)
{
	(void)state;
	static const size_t batches[] = {1, 7, 64, 1000, 100000};
	struct builder file = {0};

	put_packets(&file, 5000); /* about 3.7 MB */
	for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
		struct collected *all = collect_fd(file_of(file.bytes, file.size), batches[i]);
		assert_packets(all, 5000);
		free(all);
	}
	builder_done(&file);
}

/* Record headers that fall on each place around a block's end. */
static void each_place_at_block_end(void **state)
{
	(void)state;
	for (size_t shift = 0; shift < 100; shift++) {
		struct builder file = {0};
		pcap_header_of(&file, PCAP_MICRO, 2, 4, 2 << 20, 1);
		pcap_record(&file, 1, BLOCK_SIZE - 24 - 16 - 60 + shift);
		pcap_record(&file, 2, 60);
		pcap_record(&file, 3, 61);
		struct collected *all = collect(&file);
		assert_clean(all, 3);
		for (unsigned i = 0; i < 3; i++) {
			assert_int_equal(all->frames[i].first, i + 1);
			assert_true(all->frames[i].counts_up);
			assert_int_equal(all->frames[i].frame.time_ns,
					 (1001 + i) * 1000000000l + (i + 1) * 1000l);
		}
		free(all);
		builder_done(&file);
	}
}

/* Progress tells what was handed out, not what lies in the buffer. */
static void progress(void **state)
{
	(void)state;
	struct builder file = {0};
	struct source *source = NULL;
	struct source_progress progress;
	struct tcpm_frame frame;
	struct error error;

	put_packets(&file, 3);
	assert_int_equal(
		file_source_open_fd(file_of(file.bytes, file.size), "test", &source, &error), 0);
	source_progress(source, &progress);
	assert_int_equal(progress.bytes_done, 24);
	assert_int_equal(progress.bytes_all, file.size);
	assert_int_equal(progress.records, 0);
	assert_int_equal(source_next(source, &frame, 1, &error), 1);
	source_progress(source, &progress);
	assert_int_equal(progress.bytes_done, 24 + 16 + 37);
	assert_int_equal(progress.records, 1);
	source_close(source);
	builder_done(&file);
}

/* Records larger than a block, up to the largest. */
static void large_records(void **state)
{
	(void)state;
	struct builder file = {0};

	pcap_header_of(&file, PCAP_MICRO, 2, 4, 16 << 20, 1);
	pcap_record(&file, 1, 100);
	pcap_record(&file, 2, 3 << 20);
	pcap_record(&file, 3, 101);
	pcap_record(&file, 4, 16 << 20);
	pcap_record(&file, 5, 16 << 20);
	pcap_record(&file, 6, 102);
	struct collected *all = collect(&file);
	assert_clean(all, 6);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(all->frames[i].first, i + 1);
		assert_true(all->frames[i].counts_up);
	}
	free(all);
	all = collect_pipe(&file, 5000, 0);
	assert_clean(all, 6);
	assert_true(all->frames[4].counts_up);
	free(all);
	builder_done(&file);
}

/* Reading starts where the descriptor stands, and progress counts from there. */
static void from_the_middle(void **state)
{
	(void)state;
	struct builder file = {0};

	put_fill(&file, 0x77, 1000);
	put_packets(&file, 20);
	const int fd = file_of(file.bytes, file.size);
	lseek(fd, 1000, SEEK_SET);
	struct collected *all = collect_fd(fd, 64);
	assert_packets(all, 20);
	assert_int_equal(all->progress.bytes_done, file.size - 1000);
	assert_int_equal(all->progress.bytes_all, file.size - 1000);
	free(all);
	builder_done(&file);
}

static void not_captures(void **state)
{
	(void)state;
	struct builder file = {0};
	struct collected *all = collect_bytes(NULL, 0);

	assert_damage(all, 0, "test: it is empty: a capture has a header even without packets");
	free(all);
	all = collect_bytes((const uint8_t *)"abc", 3);
	assert_damage(all, 0, "test: it has only 3 bytes: too short for a capture");
	free(all);
	all = collect_bytes((const uint8_t *)"hello, world\n", 13);
	assert_damage(
		all, 0,
		"test: it is neither a pcap nor a pcapng capture (its first bytes are 68 65 "
		"6c 6c); editcap, which comes with Wireshark, converts other capture formats");
	assert_int_equal(all->opened, -ENOTSUP);
	free(all);
	all = collect_bytes((const uint8_t *)"\xfd"
					     "7zXZ\0\0",
			    7);
	assert_damage(all, 0,
		      "test: it is compressed with xz, which this program does not support: "
		      "decompress it first, as with xz -dc FILE | tcpmetro -r -");
	free(all);
	builder_done(&file);
}

static void opening(void **state)
{
	(void)state;
	struct source *source = NULL;
	struct error error;

	assert_int_equal(file_source_open("/nonexistent/x.pcap", &source, &error), -ENOENT);
	assert_string_equal(error.text,
			    "/nonexistent/x.pcap: cannot open it: No such file or directory");
	assert_int_equal(file_source_open("/", &source, &error), -EISDIR);
	assert_string_equal(error.text, "/: read error: Is a directory");
	assert_null(source);

	/* The end of a long name tells more than its beginning. */
	char name[1001];
	memset(name, 'n', 1000);
	memcpy(name + 995, ".pcap", 6);
	const int fd = file_of(NULL, 0);
	assert_int_equal(file_source_open_fd(fd, name, &source, &error), -ENODATA);
	close(fd);
	assert_memory_equal(error.text, "...nnn", 6);
	assert_non_null(strstr(error.text, "n.pcap: it is empty"));
}

static void by_path_and_standard_input(void **state)
{
	(void)state;
	struct builder file = {0};
	struct source *source = NULL;
	struct tcpm_frame frames[8];
	struct error error;
	char path[] = "/tmp/test_capture_XXXXXX";

	put_packets(&file, 3);
	const int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, file.bytes, file.size), file.size);
	assert_int_equal(file_source_open(path, &source, &error), 0);
	assert_int_equal(source_next(source, frames, 8, &error), 3);
	source_close(source);
	unlink(path);

	const int kept = dup(STDIN_FILENO);
	lseek(fd, 0, SEEK_SET);
	dup2(fd, STDIN_FILENO);
	assert_int_equal(file_source_open("-", &source, &error), 0);
	assert_int_equal(source_next(source, frames, 8, &error), 3);
	source_close(source);
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0); /* not closed with the source */
	close(STDIN_FILENO);
	assert_int_equal(file_source_open("-", &source, &error), -EBADF);
	assert_string_equal(error.text, "standard input: cannot open it: Bad file descriptor");
	if (kept >= 0) {
		dup2(kept, STDIN_FILENO);
		close(kept);
	}
	close(fd);
	builder_done(&file);
}

/* Without the library, the error says that the build lacks it. */
static bool build_reads(const char *name, const struct builder *packed)
{
	const struct compression *compression = compression_of(packed->bytes, packed->size);
	char sentence[200];

	assert_non_null(compression);
	assert_string_equal(compression->name, name);
	if (compression->ops)
		return true;
	struct collected *all = collect(packed);
	snprintf(sentence, sizeof(sentence),
		 "test: it is compressed with %s, which this build does not support: decompress it "
		 "first, as with %s -dc FILE | tcpmetro -r -",
		 name, name);
	assert_damage(all, 0, sentence);
	free(all);
	return false;
}

static void gzip_members(void **state)
{
	(void)state;
	struct builder file = {0};
	struct builder packed = {0};

	put_packets(&file, 60);
	put_gzip_stored(&packed, file.bytes, 10);
	put_gzip_stored(&packed, NULL, 0);
	put_gzip_stored(&packed, file.bytes + 10, 5000);
	put_gzip_stored(&packed, file.bytes + 5010, file.size - 5010);
	if (build_reads("gzip", &packed)) {
		struct collected *all = collect(&packed);
		assert_packets(all, 60);
		assert_int_equal(all->progress.bytes_done, packed.size);
		assert_int_equal(all->progress.bytes_all, packed.size);
		free(all);
		all = collect_pipe(&packed, 1, 0);
		assert_packets(all, 60);
		free(all);
		const size_t end = packed.size;
		put_fill(&packed, 0, 1000);
		all = collect(&packed);
		assert_packets(all, 60);
		free(all);
		/* Other bytes after it are reported, after all valid frames. */
		packed.size = end;
		put_fill(&packed, 'x', 10);
		all = collect(&packed);
		assert_int_equal(all->count, 60);
		assert_int_equal(all->end, -EBADMSG);
		assert_non_null(
			strstr(all->error.text, "other bytes follow the end of the gzip data"));
		free(all);
	}
	builder_done(&packed);
	builder_done(&file);
}

static void zstd_frames(void **state)
{
	(void)state;
	struct builder file = {0};
	struct builder packed = {0};

	put_packets(&file, 60);
	put_zstd_skippable(&packed, 100);
	put_zstd_raw(&packed, file.bytes, 256);
	put_zstd_skippable(&packed, 0);
	put_zstd_raw(&packed, file.bytes + 256, file.size - 256);
	if (build_reads("zstd", &packed)) {
		struct collected *all = collect(&packed);
		assert_packets(all, 60);
		assert_int_equal(all->progress.bytes_done, packed.size);
		free(all);
		all = collect_pipe(&packed, 1, 0);
		assert_packets(all, 60);
		free(all);
		put_fill(&packed, 'x', 10);
		all = collect(&packed);
		assert_int_equal(all->count, 60);
		assert_non_null(strstr(all->error.text, "the zstd data is damaged ("));
		free(all);
	}
	builder_done(&packed);
	builder_done(&file);
}

/* Compressed data cut at every byte: the records that came out whole, then one error,
 * even where a record ends. */
static void assert_cuts(const struct builder *packed, size_t step, size_t count)
{
	size_t before = 0;

	for (size_t cut = 6; cut < packed->size; cut += step) {
		struct collected *all = collect_bytes(packed->bytes, cut);
		assert_true(all->opened < 0 || all->end < 0);
		assert_true(all->count >= before && all->count <= count);
		assert_non_null(strstr(all->error.text, " data is cut short; "));
		for (size_t i = 0; i < all->count && i < COLLECT_MAX; i++)
			assert_true(all->frames[i].counts_up);
		before = all->count;
		free(all);
	}
	assert_true(before > count / 2);
}

#ifdef HAVE_ZLIB
static void put_gzip(struct builder *packed, const struct builder *file)
{
	z_stream zlib = {0};

	assert_int_equal(deflateInit2(&zlib, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	const size_t bound = deflateBound(&zlib, file->size);
	uint8_t *out = malloc(bound);
	assert_non_null(out);
	zlib.next_in = file->bytes;
	zlib.avail_in = (uInt)file->size;
	zlib.next_out = out;
	zlib.avail_out = (uInt)bound;
	assert_int_equal(deflate(&zlib, Z_FINISH), Z_STREAM_END);
	put_bytes(packed, out, bound - zlib.avail_out);
	deflateEnd(&zlib);
	free(out);
}
#else
#define put_gzip NULL /* built without zlib */
#endif

#ifdef HAVE_ZSTD
static void put_zstd(struct builder *packed, const struct builder *file)
{
	const size_t bound = ZSTD_compressBound(file->size);
	uint8_t *out = malloc(bound);

	assert_non_null(out);
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	assert_non_null(zstd);
	/* As zstd(1) does; without it, damage may go unseen. */
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
	const size_t size = ZSTD_compress2(zstd, out, bound, file->bytes, file->size);
	ZSTD_freeCCtx(zstd);
	assert_false(ZSTD_isError(size));
	put_bytes(packed, out, size);
	free(out);
}
#else
#define put_zstd NULL /* built without libzstd */
#endif

typedef void put_packed(struct builder *packed, const struct builder *file);

static void check_compressed(put_packed *put)
{
	struct builder file = {0};
	struct builder packed = {0};

	put_packets(&file, 4000);
	put(&packed, &file);
	assert_true(packed.size < file.size / 2);
	struct collected *all = collect(&packed);
	assert_packets(all, 4000);
	assert_int_equal(all->progress.bytes_done, packed.size);
	free(all);

	/* A damaged byte in the middle: an error, after the records before it. */
	packed.bytes[packed.size / 2] ^= 0xff;
	all = collect(&packed);
	assert_true(all->count <= 4000 && all->end < 0);
	free(all);
	builder_done(&packed);
	builder_done(&file);

	put_packets(&file, 60);
	put(&packed, &file);
	assert_cuts(&packed, 1, 60);
	builder_done(&packed);
	builder_done(&file);
}

/* Output that ends exactly where the room for it ends. */
static void check_full_output(put_packed *put)
{
	for (int more = -1; more <= 1; more++) {
		struct builder file = {0};
		struct builder packed = {0};
		pcap_header_of(&file, PCAP_MICRO, 2, 4, 2 << 20, 1);
		pcap_record(&file, 1, (size_t)((long)BLOCK_SIZE - 40 + more));
		put(&packed, &file);
		struct collected *all = collect(&packed);
		assert_clean(all, 1);
		assert_true(all->frames[0].counts_up);
		free(all);
		builder_done(&packed);
		builder_done(&file);
	}
}

static void compressed(put_packed *put)
{
	if (!put)
		skip();
	check_compressed(put);
	check_full_output(put);
}

static void gzip(void **state)
{
	(void)state;
	compressed(put_gzip);
}

static void zstd(void **state)
{
	(void)state;
	compressed(put_zstd);
}

/* What is compressed twice, or is no capture, or is empty, when decompressed. */
static void not_captures_inside(void **state)
{
	(void)state;
	struct builder packed = {0};

	put_gzip_stored(&packed, (const uint8_t *)"hello", 5);
	if (build_reads("gzip", &packed)) {
		struct collected *all = collect(&packed);
		assert_damage(all, 0,
			      "test: it is neither a pcap nor a pcapng capture when decompressed "
			      "(its first bytes are 68 65 6c 6c); editcap, which comes with "
			      "Wireshark, converts other capture formats");
		free(all);
		packed.size = 0;
		put_gzip_stored(&packed, NULL, 0);
		all = collect(&packed);
		assert_damage(all, 0,
			      "test: the decompressed data is empty: a capture has a header even "
			      "without packets");
		free(all);
		/* Damage in the decompressed data says so. */
		struct builder file = {0};
		pcap_header(&file);
		pcap_record_header(&file, 0, 0, 999999, 999999);
		packed.size = 0;
		put_gzip_stored(&packed, file.bytes, file.size);
		all = collect(&packed);
		assert_damage(
			all, 0,
			"test: record 1 at byte 24 of the decompressed data: length 999999 is "
			"larger than any packet; the file is damaged there; no record before "
			"it was read");
		free(all);
		builder_done(&file);
	}
	builder_done(&packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipes),
		cmocka_unit_test(interrupted_pipe),
		cmocka_unit_test(pipe_at_once),
		cmocka_unit_test(blocks_and_batches),
		cmocka_unit_test(each_place_at_block_end),
		cmocka_unit_test(progress),
		cmocka_unit_test(large_records),
		cmocka_unit_test(from_the_middle),
		cmocka_unit_test(not_captures),
		cmocka_unit_test(opening),
		cmocka_unit_test(by_path_and_standard_input),
		cmocka_unit_test(gzip_members),
		cmocka_unit_test(zstd_frames),
		cmocka_unit_test(gzip),
		cmocka_unit_test(zstd),
		cmocka_unit_test(not_captures_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
