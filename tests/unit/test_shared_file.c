/*
 * Sources that read one file side by side against one that reads it alone: the same frames, and
 * the same end, whatever the records' sizes, however fast each is, and if some stop early.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/shared_blocks.h"
#include "capture/shared_file.h"
#include "capture/source.h"
#include "capture_builder.h"
#include "packet/header_span.h"

#define PATH     "/tmp/test_shared_file"
#define MOST     5 /* sources */
#define MAX_CALL 300

/* ---- a disk that goes bad ---- */

/* Bytes of any file from here on cannot be read by pread(2). */
static off_t bad_from = INT64_MAX;

/* In the place of the C library's. */
ssize_t pread(int fd, void *to, size_t count, off_t offset)
{
	if (offset >= bad_from) {
		errno = EIO;
		return -1;
	}
	if ((off_t)count > bad_from - offset)
		count = (size_t)(bad_from - offset);
	return syscall(SYS_pread64, fd, to, count, offset);
}

/* ---- what a source said ---- */

struct heard {
	uint64_t records;
	uint64_t digest;  /* of all frames */
	uint64_t trimmed; /* the same, of what would be left of them */
	uint64_t bytes;   /* captured of all */
	int end;          /* as source_next; 1: it was left */
	struct error error;
};

static uint64_t mix(uint64_t digest, uint64_t value)
{
	return (digest ^ value) * UINT64_C(0x9e3779b97f4a7c15) + (digest >> 29);
}

/* All bytes, but those that a trimmed frame has not: of some, what a wrong buffer held would not
 * be seen. */
static uint64_t digest_of(uint64_t digest, const struct tcpm_frame *frame, bool trimmed)
{
	const bool cut = trimmed && frame->captured > HEADER_SPAN_ENOUGH &&
			 header_span_ethernet(frame->bytes, frame->captured);
	const uint32_t captured = cut ? HEADER_SPAN_ENOUGH : frame->captured;

	digest = mix(digest, frame->number);
	digest = mix(digest, (uint64_t)frame->time_ns);
	digest = mix(digest, captured);
	digest = mix(digest, frame->wire_length);
	for (uint32_t i = 0; i < captured; i++)
		digest = mix(digest, frame->bytes[i]);
	return digest;
}

static uint64_t random_below(uint64_t *state, uint64_t limit)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state >> 11) % limit;
}

/* slow: it waits now and then. max: it stops after that many records. */
static void hear(struct source *source, uint64_t seed, bool slow, uint64_t max, struct heard *heard)
{
	const struct timespec some = {.tv_nsec = 300000};
	struct tcpm_frame frames[MAX_CALL];
	int count;

	*heard = (struct heard){.end = 1};
	while (heard->records < max) {
		count = source_next(source, frames, 1 + random_below(&seed, MAX_CALL),
				    &heard->error);
		if (count <= 0) {
			heard->end = count;
			break;
		}
		if (slow && random_below(&seed, 4) == 0)
			nanosleep(&some, NULL);
		for (int i = 0; i < count; i++) {
			heard->digest = digest_of(heard->digest, &frames[i], false);
			heard->trimmed = digest_of(heard->trimmed, &frames[i], true);
			heard->bytes += frames[i].captured;
		}
		heard->records += (uint64_t)count;
	}
	source_close(source);
}

/* ---- sources, each in its thread ---- */

struct listener {
	struct shared_file *share;
	unsigned number;
	bool slow;
	uint64_t max;
	int opened;
	struct heard heard;
};

static void *listen_to_all(void *argument)
{
	struct listener *listener = argument;
	struct source *source;

	listener->opened = shared_file_source(listener->share, listener->number, &source,
					      &listener->heard.error);
	if (listener->opened == 0)
		hear(source, 77 + listener->number, listener->slow, listener->max,
		     &listener->heard);
	return NULL;
}

static void listen_side_by_side(struct listener *listeners, unsigned count, bool trimmed)
{
	struct shared_file *share;
	struct error error;
	pthread_t threads[MOST];

	if (shared_file_open(PATH, UINT64_MAX, count, &share, &error) < 0)
		fail_msg("%s", error.text);
	if (trimmed)
		assert_true(shared_file_trim(share));
	for (unsigned i = 0; i < count; i++) {
		listeners[i].share = share;
		listeners[i].number = i;
		assert_int_equal(pthread_create(&threads[i], NULL, listen_to_all, &listeners[i]),
				 0);
	}
	for (unsigned i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	shared_file_close(share);
}

static void write_bytes(const uint8_t *bytes, size_t size)
{
	const int fd = open(PATH, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

static void hear_alone(struct heard *heard)
{
	struct source *source;
	struct error error;

	if (file_source_open(PATH, &source, &error) < 0)
		fail_msg("%s", error.text);
	hear(source, 1, false, UINT64_MAX, heard);
}

static void assert_same(const struct listener *listener, const struct heard *alone, bool trimmed)
{
	assert_int_equal(listener->opened, 0);
	if (listener->max < alone->records) {
		assert_int_equal(listener->heard.end, 1);
		return;
	}
	assert_int_equal(listener->heard.records, alone->records);
	if (trimmed) {
		assert_int_equal(listener->heard.trimmed, alone->trimmed);
		assert_true(listener->heard.bytes <= alone->bytes);
	} else {
		assert_int_equal(listener->heard.digest, alone->digest);
	}
	assert_int_equal(listener->heard.end, alone->end);
	if (alone->end < 0)
		assert_string_equal(listener->heard.error.text, alone->error.text);
}

/* All together, one slow, and one that stops early. */
static void compare_all(bool trimmed)
{
	struct heard alone;

	hear_alone(&alone);
	for (unsigned count = 1; count <= MOST; count += count > 1 ? 2 : 1) {
		for (unsigned odd = 0; odd < 3; odd++) {
			struct listener listeners[MOST] = {0};

			for (unsigned i = 0; i < count; i++)
				listeners[i].max = UINT64_MAX;
			if (odd == 1)
				listeners[count - 1].slow = true;
			if (odd == 2 && alone.records > 3)
				listeners[0].max = alone.records / 3;
			listen_side_by_side(listeners, count, trimmed);
			for (unsigned i = 0; i < count; i++)
				assert_same(&listeners[i], &alone, trimmed);
		}
	}
}

static void compare(void)
{
	compare_all(false);
}

/* ---- captures ---- */

/* Records up to that size, until there are `bytes` of them. */
static void make_capture(struct builder *builder, size_t largest, size_t bytes)
{
	uint64_t seed = largest;
	unsigned number = 0;

	*builder = (struct builder){0};
	pcap_header_of(builder, 0xa1b2c3d4, 2, 4, 1 << 20, 1);
	while (builder->size < bytes)
		pcap_record(builder, number++, random_below(&seed, largest));
}

static void compare_capture(size_t largest, size_t bytes)
{
	struct builder builder;

	make_capture(&builder, largest, bytes);
	write_bytes(builder.bytes, builder.size);
	compare();
	/* Cut short, if it has more than a header. */
	if (builder.size > 24)
		write_bytes(builder.bytes, builder.size - 1);
	compare();
	builder_done(&builder);
}

static void small_records(void **state)
{
	(void)state;
	compare_capture(200, 3 << 20);
}

/* What is left of them at a block's end may be more than stands before the next block. */
static void records_around_what_is_kept(void **state)
{
	(void)state;
	compare_capture(9000, 4 << 20);
}

/* Some are larger than a block. */
static void huge_records(void **state)
{
	(void)state;
	compare_capture(600000, 12 << 20);
}

static void small_files(void **state)
{
	(void)state;
	compare_capture(100, 0);
	compare_capture(100, 300);
}

static void compressed(void **state)
{
	struct builder builder;
	struct builder packed = {0};

	(void)state;
#ifndef HAVE_ZLIB
	skip();
#endif
	make_capture(&builder, 3000, 2 << 20);
	/* Several members, as several files one behind the other. */
	for (size_t at = 0; at < builder.size; at += 60000)
		put_gzip_stored(&packed, builder.bytes + at,
				builder.size - at < 60000 ? builder.size - at : 60000);
	write_bytes(packed.bytes, packed.size);
	compare();
	write_bytes(packed.bytes, packed.size / 2);
	compare();
	builder_done(&packed);
	builder_done(&builder);
}

static void pcapng(void **state)
{
	struct builder builder = {0};
	uint64_t seed = 3;

	(void)state;
	ng_section(&builder);
	ng_interface(&builder);
	for (unsigned i = 0; builder.size < 2 << 20; i++) {
		if (random_below(&seed, 200) == 0)
			ng_other(&builder, 0xbad, random_below(&seed, 3000) / 4 * 4);
		ng_enhanced(&builder, 0, i, i, random_below(&seed, 1500));
	}
	write_bytes(builder.bytes, builder.size);
	compare();
	builder_done(&builder);
}

static void no_capture(void **state)
{
	struct listener listeners[3] = {0};
	struct source *source;
	struct error error;

	(void)state;
	write_bytes((const uint8_t *)"hello, world, this is none", 26);
	assert_int_equal(file_source_open(PATH, &source, &error), -ENOTSUP);
	listen_side_by_side(listeners, 3, false);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(listeners[i].opened, -ENOTSUP);
		assert_string_equal(listeners[i].heard.error.text, error.text);
	}
}

static void no_file(void **state)
{
	struct shared_file *share = NULL;
	struct source *source;
	struct error error, alone;

	(void)state;
	unlink(PATH);
	assert_int_equal(shared_file_open(PATH, UINT64_MAX, 2, &share, &error), -ENOENT);
	assert_null(share);
	assert_int_equal(file_source_open(PATH, &source, &alone), -ENOENT);
	assert_string_equal(error.text, alone.text);
}

/* Which is that behind the first block: in it there may be many short ones. */
static void spacing(void **state)
{
	static const size_t sizes[] = {0, 84, 1500};
	struct shared_file *share;
	struct error error;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct builder builder = {0};

		pcap_header(&builder);
		while (builder.size < 260000)
			pcap_record(&builder, 1, 60);
		for (unsigned j = 0; j < 900; j++)
			pcap_record(&builder, 1, sizes[i]);
		write_bytes(builder.bytes, builder.size);
		assert_int_equal(shared_file_open(PATH, UINT64_MAX, 2, &share, &error), 0);
		assert_int_equal(shared_file_spacing(share), 16 + sizes[i]);
		shared_file_close(share);
		builder_done(&builder);
	}
	write_bytes((const uint8_t *)"hello, world, this is no capture", 32);
	assert_int_equal(shared_file_open(PATH, UINT64_MAX, 2, &share, &error), 0);
	assert_int_equal(shared_file_spacing(share), 0);
	shared_file_close(share);
}

/* ---- trimmed ---- */

/* TCP segments, and others, up to that size. */
static void make_tcp_capture(struct builder *builder, size_t largest, size_t bytes)
{
	uint64_t seed = largest;

	*builder = (struct builder){0};
	pcap_header_of(builder, PCAP_NANO, 2, 4, 1 << 20, 1);
	while (builder->size < bytes) {
		size_t size = 60 + random_below(&seed, largest);
		size_t at = builder->size + 16;

		pcap_record(builder, 1 + (unsigned)builder->size, size);
		memcpy(builder->bytes + at + 12, "\x08\x00\x45", 3);
		builder->bytes[at + 23] = random_below(&seed, 5) ? 6 : 17;
	}
}

static void compare_trimmed(size_t largest, size_t bytes)
{
	struct builder builder, more;

	make_tcp_capture(&builder, largest, bytes);
	write_bytes(builder.bytes, builder.size);
	compare_all(true);
	if (builder.size > 24)
		write_bytes(builder.bytes, builder.size - 1);
	compare_all(true);
	/* Damage, and records behind it. */
	make_tcp_capture(&more, largest, bytes / 2);
	pcap_record_header(&builder, 1, 2, UINT32_MAX, 60);
	put_bytes(&builder, more.bytes + 24, more.size - 24);
	builder_done(&more);
	write_bytes(builder.bytes, builder.size);
	compare_all(true);
	builder_done(&builder);
}

static void trimmed(void **state)
{
	(void)state;
	compare_trimmed(100, 0);
	compare_trimmed(1500, 3000);
	compare_trimmed(1500, 5 << 20);
	compare_trimmed(60000, 5 << 20);
	compare_trimmed(600000, 9 << 20);
}

/* A file that ends where a piece does, and one byte before and behind. */
static void trimmed_whole_pieces(void **state)
{
	struct builder builder;

	(void)state;
	make_tcp_capture(&builder, 1500, 3 << 20);
	for (int more = -1; more <= 1; more++) {
		write_bytes(builder.bytes, 2 * SHARED_BLOCKS_PIECE + (size_t)(more + 1) - 1);
		compare_all(true);
	}
	builder_done(&builder);
}

/* All before it is handed out; then all say where, and why. */
static void unreadable_from_the_middle(void **state)
{
	struct listener listeners[3];
	struct builder builder;
	char expected[200];

	(void)state;
	make_tcp_capture(&builder, 1500, 4 << 20);
	write_bytes(builder.bytes, builder.size);
	for (unsigned round = 0; round < 4; round++) {
		const size_t bad = SHARED_BLOCKS_PIECE * (round / 2 + 1) + (round % 2) * 300000;
		uint64_t records = 0;
		size_t at = 24;

		for (;;) {
			uint32_t captured;

			memcpy(&captured, builder.bytes + at + 8, sizeof(captured));
			if (at + 16 + captured > bad)
				break;
			at += 16 + captured;
			records++;
		}
		snprintf(expected, sizeof(expected),
			 "%s: record %" PRIu64 " at byte %zu: read error: %s; the %" PRIu64
			 " records before it were read",
			 PATH, records + 1, at, strerror(EIO), records);
		memset(listeners, 0, sizeof(listeners));
		for (unsigned i = 0; i < 3; i++)
			listeners[i].max = UINT64_MAX;
		bad_from = (off_t)bad;
		listen_side_by_side(listeners, 3, true);
		bad_from = INT64_MAX;
		for (unsigned i = 0; i < 3; i++) {
			assert_int_equal(listeners[i].heard.records, records);
			assert_int_equal(listeners[i].heard.end, -EIO);
			assert_string_equal(listeners[i].heard.error.text, expected);
		}
	}
	builder_done(&builder);
}

static void not_to_be_trimmed(void **state)
{
	static const struct {
		uint32_t magic;
		unsigned minor, linktype;
	} headers[] = {{PCAP_MICRO, 4, 113}, {PCAP_MICRO, 3, 1}, {PCAP_KUZNETZOV, 4, 1},
		       {0xd4c3b2a1, 4, 1},   {PCAP_MICRO, 9, 1}, {0x12345678, 4, 1}};
	struct shared_file *share;
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
		struct builder builder = {0};

		pcap_header_of(&builder, headers[i].magic, 2, headers[i].minor, 65535,
			       headers[i].linktype);
		write_bytes(builder.bytes, i == 0 ? 20 : builder.size);
		assert_int_equal(shared_file_open(PATH, UINT64_MAX, 2, &share, &error), 0);
		assert_false(shared_file_trim(share));
		shared_file_close(share);
		write_bytes(builder.bytes, builder.size);
		assert_int_equal(shared_file_open(PATH, UINT64_MAX, 2, &share, &error), 0);
		assert_false(shared_file_trim(share));
		shared_file_close(share);
		builder_done(&builder);
	}
}

static int remove_file(void **state)
{
	(void)state;
	unlink(PATH);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_records),
		cmocka_unit_test(records_around_what_is_kept),
		cmocka_unit_test(huge_records),
		cmocka_unit_test(small_files),
		cmocka_unit_test(compressed),
		cmocka_unit_test(pcapng),
		cmocka_unit_test(no_capture),
		cmocka_unit_test(no_file),
		cmocka_unit_test(spacing),
		cmocka_unit_test(trimmed),
		cmocka_unit_test(trimmed_whole_pieces),
		cmocka_unit_test(unreadable_from_the_middle),
		cmocka_unit_test(not_to_be_trimmed),
	};

	return cmocka_run_group_tests(tests, NULL, remove_file);
}
