/*
 * The one streaming path of all capture files; see block.h.
 *
 * Reads are a whole block long and land on a page boundary, so the offsets in
 * the file stay on block boundaries and the kernel copies whole pages.
 */
#include "capture/byte_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/page_prefault.h"
#include "capture/shared_blocks.h"

#define PAGE ((size_t)4096)

/* Room for what is left over before a block; larger leftovers make it grow. */
#define HEADROOM ((size_t)256 << 10)

/* As read(2), but waits where it would be told to come again. A signal ends the wait:
 * -EINTR. */
static ssize_t read_some(int fd, void *to, size_t count)
{
	for (;;) {
		const ssize_t got = read(fd, to, count);
		if (got >= 0)
			return got;
		if (errno != EAGAIN)
			return -errno;
		struct pollfd waiting = {.fd = fd, .events = POLLIN};
		if (poll(&waiting, 1, -1) < 0)
			return -errno;
	}
}

static int read_failed(int errnum, struct error *error)
{
	return error_set(error, errnum, "read error: %s", strerror(errnum));
}

/* Bytes read from the file itself; 0 at its end. */
static ssize_t read_file(struct byte_stream *stream, void *to, size_t count, struct error *error)
{
	const uint64_t left = stream->most - stream->file_done;
	const ssize_t got = read_some(stream->fd, to, count < left ? count : (size_t)left);

	if (got < 0)
		return read_failed((int)-got, error);
	stream->file_done += (uint64_t)got;
	return got;
}

/* Refills the decompressor's input. As read_file; the end of the file is an error
 * where the compressed data does not end. */
static ssize_t read_packed(struct byte_stream *stream, struct error *error)
{
	const ssize_t got = read_file(stream, stream->packed, stream->packed_capacity, error);

	if (got == 0 && !stream->compression->ops->at_end(stream->decompressor))
		return error_set(error, EBADMSG, "the %s data is cut short",
				 stream->compression->name);
	stream->packed_start = 0;
	stream->packed_end = got > 0 ? (size_t)got : 0;
	return got;
}

/* One step of the decompressor; a negative errno when it can go no further. */
static int decompress_step(struct byte_stream *stream, struct decompress_step *step)
{
	const size_t in_before = stream->packed_end - stream->packed_start;
	const size_t out_before = step->out_left;

	step->in = stream->packed + stream->packed_start;
	step->in_left = in_before;
	const int result =
		stream->compression->ops->step(stream->decompressor, step, &stream->failure);
	stream->packed_start = stream->packed_end - step->in_left;
	stream->pending = step->out_left == 0;
	if (result < 0)
		return result;
	if (step->in_left > 0 && step->in_left == in_before && step->out_left == out_before)
		return error_set(&stream->failure, EBADMSG,
				 "the %s data is damaged (decompression makes no progress)",
				 stream->compression->name);
	return 0;
}

/* As read_file, through the decompressor. What was decompressed before damage is
 * given out first. */
static ssize_t read_decompressed(struct byte_stream *stream, uint8_t *to, size_t count,
				 struct error *error)
{
	struct decompress_step step = {.out = to, .out_left = count};

	while (stream->failed == 0 && step.out_left > 0) {
		if (stream->packed_start == stream->packed_end &&
		    (!stream->pending || stream->compression->ops->at_end(stream->decompressor))) {
			if (step.out_left < count)
				break;
			const ssize_t got = read_packed(stream, error);
			if (got <= 0)
				return got;
		}
		stream->failed = decompress_step(stream, &step);
	}
	if (step.out_left < count)
		return (ssize_t)(count - step.out_left);
	return error_set(error, -stream->failed, "%s", stream->failure.text);
}

/* Puts what is left at the front, so that the bytes read behind it start a page,
 * into a larger buffer if count bytes do not fit. */
static int make_room(struct byte_stream *stream, size_t count, struct error *error)
{
	const size_t left = byte_stream_left(stream);
	const size_t start = (PAGE - left % PAGE) % PAGE;
	uint8_t *buffer = stream->buffer;

	if (start + count > stream->capacity) {
		const size_t capacity = (count + BLOCK_SIZE + 2 * PAGE - 1) / PAGE * PAGE;
		buffer = aligned_alloc(PAGE, capacity);
		if (!buffer)
			return error_set(error, ENOMEM, "not enough memory for %zu bytes", count);
		stream->capacity = capacity;
	}
	if (left > 0 && buffer + start != stream->at)
		memmove(buffer + start, stream->at, left);
	if (buffer != stream->buffer) {
		free(stream->buffer);
		stream->buffer = buffer;
	}
	stream->at = buffer + start;
	stream->end = buffer + start + left;
	return 0;
}

/* As read(2), of the file or through the decompressor. */
static ssize_t read_next(struct byte_stream *stream, void *to, size_t count, struct error *error)
{
	return stream->decompressor ? read_decompressed(stream, to, count, error)
				    : read_file(stream, to, count, error);
}

/* A shared block behind what is left, in the stream's own buffer. */
static int append_block(struct byte_stream *stream, const struct shared_block *block,
			struct error *error)
{
	const int result = make_room(stream, byte_stream_left(stream) + block->length, error);

	if (result < 0)
		return result;
	memcpy(stream->buffer + (size_t)(stream->end - stream->buffer), block->bytes,
	       block->length);
	stream->end += block->length;
	return 0;
}

/* As byte_stream_need, of bytes that others read, too. What is left of the block before stands
 * before the next one, too, if it is not too much. */
static int need_shared(struct byte_stream *stream, size_t count, struct error *error)
{
	while (byte_stream_left(stream) < count) {
		const size_t left = byte_stream_left(stream);
		struct shared_block block;
		int result = shared_blocks_get(stream->share, stream->reader, stream->next_block,
					       &block, error);

		if (result <= 0)
			return result;
		if (left <= SHARED_BLOCKS_BEFORE) {
			stream->at = block.bytes - left;
			stream->end = block.bytes + block.length;
		} else {
			result = append_block(stream, &block, error);
			if (result < 0)
				return result;
		}
		stream->next_block++;
		stream->end_offset = block.end_offset;
	}
	return 1;
}

int byte_stream_need(struct byte_stream *stream, size_t count, struct error *error)
{
	if (byte_stream_left(stream) >= count)
		return 1;
	if (count > BLOCK_MAX_NEED)
		return error_set(error, EMSGSIZE, "%zu bytes are too large for one read", count);
	if (stream->share)
		return need_shared(stream, count, error);

	const size_t behind = stream->capacity - (size_t)(stream->end - stream->buffer);
	if (behind < BLOCK_SIZE || behind < count - byte_stream_left(stream)) {
		const int result = make_room(stream, count, error);
		if (result < 0)
			return result;
	}
	while (byte_stream_left(stream) < count) {
		const size_t used = (size_t)(stream->end - stream->buffer);
		const size_t room =
			stream->capacity - used < BLOCK_SIZE ? stream->capacity - used : BLOCK_SIZE;
		uint8_t *to = stream->buffer + used;
		const ssize_t got = read_next(stream, to, room, error);
		if (got <= 0)
			return (int)got;
		stream->end += got;
		stream->end_offset += (uint64_t)got;
	}
	return 1;
}

void byte_stream_release(struct byte_stream *stream)
{
	free(stream->buffer);
	stream->buffer = NULL;
	stream->at = stream->end = NULL;
	stream->capacity = 0;
}

ssize_t byte_stream_take(struct byte_stream *stream, void *to, size_t count, struct error *error)
{
	const size_t left = byte_stream_left(stream);
	ssize_t got;

	if (left > 0) {
		got = (ssize_t)(left < count ? left : count);
		memcpy(to, stream->at, (size_t)got);
		stream->at += got;
		return got;
	}
	/* From here on nothing goes through it. */
	byte_stream_release(stream);
	got = read_next(stream, to, count, error);
	if (got > 0)
		stream->end_offset += (uint64_t)got;
	return got;
}

size_t byte_stream_at(const struct byte_stream *stream, uint64_t offset, void *to, size_t count,
		      int *result, struct error *error)
{
	const uint64_t left = offset < stream->most ? stream->most - offset : 0;
	size_t done = 0;

	if (count > left)
		count = (size_t)left;
	*result = 0;
	while (done < count) {
		const ssize_t got = pread(stream->fd, (uint8_t *)to + done, count - done,
					  (off_t)(offset + done));
		if (got < 0)
			*result = read_failed(errno, error);
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return done;
}

int byte_stream_skip(struct byte_stream *stream, uint64_t count, struct error *error)
{
	while (count > byte_stream_left(stream)) {
		count -= byte_stream_left(stream);
		stream->at = stream->end;
		const int result = byte_stream_need(stream, 1, error);
		if (result <= 0)
			return result;
	}
	stream->at += count;
	return 1;
}

/* The first block was read as it is: makes it the decompressor's input. */
static int start_decompressor(struct byte_stream *stream, struct error *error)
{
	stream->packed = stream->buffer;
	stream->packed_capacity = BLOCK_SIZE;
	stream->packed_start = (size_t)(stream->at - stream->buffer);
	stream->packed_end = (size_t)(stream->end - stream->buffer);
	stream->buffer = aligned_alloc(PAGE, stream->capacity);
	stream->at = stream->end = stream->buffer;
	stream->end_offset = 0;
	stream->decompressor = stream->compression->ops->create();
	if (!stream->buffer || !stream->decompressor)
		return error_set(error, ENOMEM, "not enough memory to decompress it");
	return 0;
}

static int refuse(const struct compression *compression, struct error *error)
{
	const char *name = compression->name;

	return error_set(error, ENOTSUP,
			 "it is compressed with %s, which this %s does not support: decompress it "
			 "first, as with %s -dc FILE | tcpmetro -r -",
			 name, compression->supported ? "build" : "program", name);
}

/* What the file system says about the file, and what to tell it. */
static void look_at_file(struct byte_stream *stream)
{
	struct stat status;

	if (fstat(stream->fd, &status) < 0)
		return;
	if (S_ISFIFO(status.st_mode))
		(void)fcntl(stream->fd, F_SETPIPE_SZ, (int)BLOCK_SIZE);
	if (!S_ISREG(status.st_mode))
		return;
	const off_t start = lseek(stream->fd, 0, SEEK_CUR);
	if (start >= 0 && status.st_size > start)
		stream->file_size = (uint64_t)(status.st_size - start);
	(void)posix_fadvise(stream->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
}

int byte_stream_init(struct byte_stream *stream, int fd, uint64_t most, struct error *error)
{
	*stream = (struct byte_stream){.fd = fd, .most = most, .capacity = HEADROOM + BLOCK_SIZE};
	look_at_file(stream);
	stream->buffer = aligned_alloc(PAGE, stream->capacity);
	if (!stream->buffer)
		return error_set(error, ENOMEM, "not enough memory to read it");
	if (stream->file_size > stream->capacity)
		pages_fill(stream->buffer, stream->capacity);
	stream->at = stream->end = stream->buffer;

	int result = byte_stream_need(stream, COMPRESSION_MAGIC_SIZE, error);
	if (result < 0)
		goto fail;
	stream->compression = compression_of(stream->at, byte_stream_left(stream));
	if (stream->compression) {
		result = stream->compression->ops ? start_decompressor(stream, error)
						  : refuse(stream->compression, error);
		if (result < 0)
			goto fail;
	}
	return 0;
fail:
	byte_stream_done(stream);
	return result;
}

void byte_stream_init_shared(struct byte_stream *stream, struct shared_blocks *share,
			     unsigned reader)
{
	const struct byte_stream *origin = shared_blocks_stream(share);

	*stream = (struct byte_stream){
		.fd = -1,
		.file_size = origin->file_size,
		.compression = origin->compression,
		.share = share,
		.reader = reader,
	};
}

void byte_stream_done(struct byte_stream *stream)
{
	if (stream->share)
		shared_blocks_leave(stream->share, stream->reader);
	if (stream->decompressor)
		stream->compression->ops->destroy(stream->decompressor);
	free(stream->packed);
	free(stream->buffer);
	*stream = (struct byte_stream){.fd = -1};
}

uint64_t byte_stream_file_done(const struct byte_stream *stream)
{
	if (stream->share)
		return shared_blocks_file_done(stream->share);
	const size_t unused = stream->decompressor ? stream->packed_end - stream->packed_start
						   : byte_stream_left(stream);
	return stream->file_done - unused;
}
