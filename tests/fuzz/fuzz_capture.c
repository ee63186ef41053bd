/*
 * Fuzz target: any bytes as a capture file, read to the end.
 *
 * The first byte chooses how the rest is read: the batch's size, and whether it
 * comes as a file or through a pipe. What must hold: every byte of every frame can
 * be read, records count up by one, lengths and times are in range, and the end
 * stays the end. A source that can sift leaves out no record without counting it. What is trimmed
 * (capture/shared_file.h) has the same records, which decode alike, and the same end.
 *
 * To compile by hand:
 *	clang -D_GNU_SOURCE -DHAVE_ZLIB -DHAVE_ZSTD -Iinclude -Isrc -g -O1 \
 *		-fsanitize=fuzzer,address,undefined tests/fuzz/fuzz_capture.c \
 *		src/capture/{block,shared_blocks,decompress,shared_file,file_source,gzip,zstd}.c \
 *		src/capture/{pcap*,trim}.c src/packet/?*.c src/base/{error,pages}.c -lz -lzstd \
 *		-pthread -o fuzz_capture
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/shared_file.h"
#include "capture/source.h"
#include "packet/packet.h"

#define PIPE_ROOM 32768 /* a pipe holds as much without a reader */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* A libFuzzer target reports by dying. */
static void must(int holds)
{
	if (!holds)
		abort();
}

static void write_all(int fd, const uint8_t *bytes, size_t length)
{
	while (length > 0) {
		const ssize_t written = write(fd, bytes, length);
		must(written > 0);
		bytes += written;
		length -= (size_t)written;
	}
}

static int input(const uint8_t *bytes, size_t length, int as_pipe)
{
	int ends[2];

	if (as_pipe && length <= PIPE_ROOM) {
		must(pipe2(ends, O_CLOEXEC) == 0);
		write_all(ends[1], bytes, length);
		close(ends[1]);
		return ends[0];
	}
	const int fd = memfd_create("capture", MFD_CLOEXEC);
	must(fd >= 0);
	write_all(fd, bytes, length);
	must(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static unsigned check_frame(const struct source *source, const struct tcpm_frame *frame,
			    uint64_t number)
{
	const char *name = source_interface_name(source, frame->interface);
	unsigned sum = 0;

	must(frame->number == number);
	must(frame->captured <= frame->wire_length && frame->captured <= 16u << 20);
	must(frame->time_ns == TCPM_NO_TIME ||
	     (frame->time_ns >= 0 && frame->time_ns <= (int64_t)1 << 62));
	for (uint32_t i = 0; i < frame->captured; i++)
		sum += frame->bytes[i];
	while (name && *name)
		sum += (unsigned char)*name++;
	return sum;
}

/* What was sifted adds up to what is there. */
static void check_sifted(const uint8_t *bytes, size_t length, size_t max, uint64_t records)
{
	static struct tcpm_frame frames[128];
	static struct partition_gap gaps[128];
	const struct partition sift = {.count = 2, .index = max & 1};
	struct source_partition sifted;
	struct source *source;
	struct error error;
	uint64_t number = 0;
	int count;

	must(file_source_open_fd(input(bytes, length, 0), "fuzz", &source, &error) == 0);
	while (source->partitions && (count = source_next_partition(source, &sift, frames, gaps,
								    max, &sifted, &error)) > 0) {
		const uint64_t end = number + (uint64_t)count;

		must((size_t)count <= max && sifted.kept <= (size_t)count && sifted.kept > 0);
		for (size_t i = 0; i < sifted.kept; i++) {
			number += gaps[i].skipped + 1u;
			check_frame(source, &frames[i], number);
		}
		must(number == end);
	}
	must(!source->partitions || number == records);
	source_close(source);
}

static void check_alike(const struct tcpm_frame *whole, const struct tcpm_frame *trimmed)
{
	struct packet of_whole, of_trimmed;
	enum tcpm_decode result = packet_decode(whole, &of_whole);

	must(trimmed->number == whole->number && trimmed->time_ns == whole->time_ns);
	must(trimmed->wire_length == whole->wire_length && trimmed->captured <= whole->captured);
	must(packet_decode(trimmed, &of_trimmed) == result);
	if (result == TCPM_DECODE_TCP)
		must(of_whole.seq == of_trimmed.seq && of_whole.ack == of_trimmed.ack &&
		     of_whole.length == of_trimmed.length && of_whole.tsecr == of_trimmed.tsecr &&
		     of_whole.sack_count == of_trimmed.sack_count &&
		     of_whole.source_port == of_trimmed.source_port);
}

/* The file, read as it is, and trimmed. */
static void check_trimmed(const uint8_t *bytes, size_t length)
{
	struct tcpm_frame whole, trimmed;
	const int fd = input(bytes, length, 0);
	struct error error, other_error;
	struct source *source, *other;
	struct shared_file *share;
	char path[40];
	int count;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	must(file_source_open(path, &source, &error) == 0);
	must(shared_file_open(path, UINT64_MAX, 1, &share, &error) == 0);
	if (shared_file_trim(share)) {
		must(shared_file_source(share, 0, &other, &error) == 0);
		/* One at a time: blocks end elsewhere. */
		do {
			count = source_next(source, &whole, 1, &error);
			must(source_next(other, &trimmed, 1, &other_error) == count);
			if (count > 0)
				check_alike(&whole, &trimmed);
		} while (count > 0);
		must(count == 0 || strcmp(error.text, other_error.text) == 0);
		source_close(other);
	}
	shared_file_close(share);
	source_close(source);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct tcpm_frame frames[128];
	struct source_progress progress;
	struct source *source;
	struct error error;
	uint64_t records = 0;
	unsigned sum = 0;
	int count;

	if (length == 0)
		return 0;
	const size_t max = (bytes[0] & 0x7fu) + 1u;
	const int fd = input(bytes + 1, length - 1, bytes[0] & 0x80);
	if (file_source_open_fd(fd, "fuzz", &source, &error) < 0) {
		must(error.text[0] != '\0');
		close(fd);
		return 0;
	}
	while ((count = source_next(source, frames, max, &error)) > 0) {
		must((size_t)count <= max);
		for (int i = 0; i < count; i++)
			sum += check_frame(source, &frames[i], ++records);
	}
	must(source_next(source, frames, max, &error) == count);
	must(count == 0 || error.text[0] != '\0');
	source_progress(source, &progress);
	must(progress.records == records && progress.bytes_done <= length - 1);
	source_close(source);
	__asm__ volatile("" : : "r"(sum)); /* so that no read is left out */
	check_sifted(bytes + 1, length - 1, max, records);
	check_trimmed(bytes + 1, length - 1);
	return 0;
}
