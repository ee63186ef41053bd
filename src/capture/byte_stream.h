/*
 * A stream of bytes in large blocks: a plain file, a pipe and a decompressor look
 * alike behind it.
 *
 * The reader walks from `at` to `end` by itself, without a call. When the record
 * before it is not all there, it asks for what it needs: only then are the few
 * bytes left over moved to the front and a whole block read behind them. So a
 * record costs no system call, and nothing moves under the frames of a batch.
 */
#ifndef CAPTURE_BYTE_STREAM_H
#define CAPTURE_BYTE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "capture/decompress.h"

#define BLOCK_SIZE ((size_t)256 << 10)

/* The most that can be asked for at once: a record of 16 MiB and its header. */
#define BLOCK_MAX_NEED (((size_t)16 << 20) + 4096)

struct shared_blocks;

struct byte_stream {
	const uint8_t *at;  /* the next byte; the reader moves it, up to `end` */
	const uint8_t *end; /* behind the last byte that is there */

	/* The rest is the stream's own. */
	uint8_t *buffer;
	size_t capacity;
	uint64_t end_offset; /* of `end` in the stream */
	int fd;
	uint64_t file_size; /* 0: not known */
	uint64_t file_done; /* bytes read from fd, */
	uint64_t most;      /* and how many are read at most */
	const struct compression *compression;
	struct decompressor *decompressor;
	uint8_t *packed; /* input of the decompressor */
	size_t packed_capacity;
	size_t packed_start;
	size_t packed_end;
	bool pending; /* the decompressor may have more output without more input */
	int failed;   /* it met damage behind what it gave out; 0: no */
	struct error failure;
	/* Where its bytes come from instead, if others read them, too. */
	struct shared_blocks *share;
	unsigned reader;     /* its number there */
	uint64_t next_block; /* and that of the next block */
};

/*
 * Starts a stream on an open file, reading its first block to see whether it is
 * compressed. The stream does not own fd. Errors hold a clause that does not name
 * the file; nothing is left to free then. -ENOTSUP: a compression that is not
 * read. most: behind so many bytes the file is taken to end.
 */
int byte_stream_init(struct byte_stream *stream, int fd, uint64_t most, struct error *error);

/*
 * Starts a stream on bytes that others read, too: it is the reader of this number (see
 * shared_blocks.h), and leaves when it is done. share outlives it.
 */
void byte_stream_init_shared(struct byte_stream *stream, struct shared_blocks *share,
			     unsigned reader);

/* Frees what the stream holds; fd stays open. */
void byte_stream_done(struct byte_stream *stream);

/*
 * Makes at least count (at most BLOCK_MAX_NEED) bytes available at `at`, reading as
 * little as one block. What was available before may have moved. 1: they are there.
 * 0: the stream ends before; what there is, is there. A negative errno, with a
 * clause in *error: it cannot be read further; what there is, is there.
 */
int byte_stream_need(struct byte_stream *stream, size_t count, struct error *error);

/* Steps over count bytes, however many. Returns as byte_stream_need does. */
int byte_stream_skip(struct byte_stream *stream, uint64_t count, struct error *error);

/*
 * Moves the next bytes, at most count (at least 1), to a place of the caller's. Returns how many;
 * 0: the stream ends; a negative errno, with a clause in *error: it cannot be read further. A
 * stream that bytes are taken of is used in no other way any more.
 */
ssize_t byte_stream_take(struct byte_stream *stream, void *to, size_t count, struct error *error);

/* Bytes of a file that is not compressed, from an offset on, wherever the stream is. Returns how
 * many there are: fewer than count at the file's end, *result is 0 then, or where it cannot be read
 * further: *result is a negative errno, with a clause in *error. Any thread may. */
size_t byte_stream_at(const struct byte_stream *stream, uint64_t offset, void *to, size_t count,
		      int *result, struct error *error);

/* Frees the buffer, and forgets what is available: for one of which byte_stream_take or
 * byte_stream_at alone will be asked. */
void byte_stream_release(struct byte_stream *stream);

/* Bytes available. */
static inline size_t byte_stream_left(const struct byte_stream *stream)
{
	return (size_t)(stream->end - stream->at);
}

/* Where `at` is in the (decompressed) stream. */
static inline uint64_t byte_stream_offset(const struct byte_stream *stream)
{
	return stream->end_offset - byte_stream_left(stream);
}

/* How much of the file itself, compressed or not, was used up. */
uint64_t byte_stream_file_done(const struct byte_stream *stream);

#endif
